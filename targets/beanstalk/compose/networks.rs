//! The top-level `networks` and `volumes` that the services use.

use super::{COMPOSE_FILE, node, plain_secrets};
use crate::Compilation;
use crate::beanstalk::plan::file_system::SHARED;
use crate::beanstalk::plan::volumes::{KEEP, directory, prepare};
use crate::beanstalk::plan::{BeanstalkPlan, path};
use crate::beanstalk::rules;
use std::collections::BTreeSet;
use tranship_app::{Application, BehaviourEffect, ComposeNode, NamedVolume, VolumeLifetime};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::yaml::{Mapping, Node};

/// Networks that every Docker has.
const BUILT_IN: &[&str] = &["bridge", "host", "none"];

/// Drivers that put containers into the network of their machine (Docker documentation, "Network drivers"): a VPC delivers packets
/// to the addresses that it gave alone.
const LAN_DRIVERS: &[&str] = &["macvlan", "ipvlan"];

/// The networks that services join.
pub(super) fn networks(application: &Application, cx: &mut Compilation<'_>) -> Mapping {
    let services = application.services.keys().filter_map(|name| cx.compose.entry("services", name));
    let joined = services.filter_map(|service| service.get("networks"));
    let names: BTreeSet<&str> =
        joined.flat_map(|networks| networks.entries().map(|(name, _)| &**name)).collect();
    let mut written = Mapping::new();
    let section = cx.compose.section("networks");
    for (name, network) in section.into_iter().flat_map(ComposeNode::entries) {
        if names.contains(&**name) {
            written.insert(node::key(name), self::network(application, network, cx));
        } else {
            cx.ledger.ignored(&network, "no deployed service joins it", BehaviourEffect::Equivalent);
        }
    }
    written
}

/// A network: one that exists elsewhere is made on the instance.
fn network(application: &Application, given: ComposeNode<'_>, cx: &mut Compilation<'_>) -> Node {
    let is_built_in =
        given.get("name").and_then(ComposeNode::text).is_some_and(|name| BUILT_IN.contains(&name));
    let external = given.get("external").filter(|external| external.is_true() && !is_built_in);
    if let Some(external) = external {
        let reason = "the network of another project does not exist on the instance: containers outside of the manifest cannot be reached by name";
        let effect = BehaviourEffect::ChangesBehaviour;
        cx.ledger.approximated(&external, effect, "a network of this project", reason, COMPOSE_FILE);
    }
    plain_secrets::refuse(application, given, cx);
    if given.is_null() {
        return given.copy(cx.ledger, COMPOSE_FILE);
    }
    let mut written = Mapping::new();
    let of_a_lan =
        given.get("driver").and_then(ComposeNode::text).is_some_and(|driver| LAN_DRIVERS.contains(&driver));
    for (key, value) in given.entries() {
        let is_swarm = &**key == "driver" && value.text() == Some("overlay");
        if of_a_lan && matches!(&**key, "driver" | "driver_opts") {
            let reason = "the network of an instance in a VPC takes no addresses of containers";
            let effect = BehaviourEffect::ChangesBehaviour;
            cx.ledger.approximated(&value, effect, "a bridge network", reason, COMPOSE_FILE);
        } else if is_swarm {
            let reason = "an overlay network needs Docker Swarm, and all containers are on one instance";
            cx.ledger.approximated(&value, BehaviourEffect::Equivalent, "bridge", reason, COMPOSE_FILE);
        } else if !(key.starts_with("x-") || &**key == "external" && external.is_some()) {
            written.insert(node::key(key), value.copy(cx.ledger, COMPOSE_FILE));
        }
    }
    node::mapping(written)
}

/// The named volumes that services mount: Docker's own, on each instance.
/// With a file system, each is a directory of it: Docker fills an empty one with what the image has in its place.
pub(super) fn volumes(
    application: &Application,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Mapping {
    let mut written = Mapping::new();
    for volume in application.volumes.values().filter(|it| !it.users.is_empty() && it.folder.is_none()) {
        let Some(given) = cx.compose.entry("volumes", &volume.name) else { continue };
        if plan.file_system.is_some() {
            written.insert(node::key(&volume.name), shared(application, volume, plan, cx));
            continue;
        }
        claim(volume, cx);
        plain_secrets::refuse(application, given, cx);
        written.insert(node::key(&volume.name), self::volume(given, volume, cx));
    }
    written
}

/// A volume that is a directory of the file system.
fn shared(
    application: &Application,
    volume: &NamedVolume,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Node {
    let folder = directory(application, volume);
    cx.ledger.decided(&volume.node, format!("{folder}: {SHARED}"));
    let owner = volume.owner.as_ref();
    let owner = owner.map(|owner| *cx.ledger.exact(owner, format!("owner of {folder}")));
    if let Some(external) = &volume.external {
        let reason = "the volume is a directory of the file system";
        cx.ledger.ignored(external, reason, BehaviourEffect::Equivalent);
    }
    prepare(&folder, owner, path(cx, volume.node), plan);
    let options = [("type", node::text("none")), ("o", node::text("bind")), ("device", node::text(&folder))];
    node::record([("driver", node::text("local")), ("driver_opts", node::record(options))])
}

fn volume(given: ComposeNode<'_>, volume: &NamedVolume, cx: &mut Compilation<'_>) -> Node {
    let mut written = Mapping::new();
    for (key, value) in given.entries() {
        match &**key {
            // What is elsewhere stays there: the volume is a new one, which its claim says.
            "external" | "driver_opts" => {}
            "driver" if value.text() != Some("local") => {}
            "name" if volume.external.is_some() => {}
            key if key.starts_with("x-") => {}
            _ => {
                written.insert(node::key(key), value.copy(cx.ledger, COMPOSE_FILE));
            }
        }
    }
    node::mapping(written)
}

/// Says how long a volume lives.
fn claim(volume: &NamedVolume, cx: &mut Compilation<'_>) {
    let place = "docker-compose.yml: a volume of Docker";
    if let Some(owner) = &volume.owner {
        let reason = "Docker gives a new volume the owner of the folder in the image, as it does locally";
        cx.ledger.ignored(owner, reason, BehaviourEffect::Equivalent);
    }
    if let Some(external) = &volume.external {
        let reason =
            "the existing volume is not on the instance: a new one starts with the content of the image";
        cx.ledger.ignored(external, reason, BehaviourEffect::Equivalent);
    }
    match volume.scope {
        VolumeLifetime::Task(_) => cx.ledger.decided(&volume.node, place),
        VolumeLifetime::Persistent => {
            let reason = "each instance has its own, which is lost with the instance";
            let effect = BehaviourEffect::ChangesBehaviour;
            cx.ledger.approximated(&volume.node, effect, "a volume on each instance", reason, place);
            let message = format!(
                "each instance has its own volume `{}`, which is lost with the instance",
                volume.name
            );
            cx.diagnostics.push(
                Diagnostic::new(&rules::INSTANCE_VOLUME, message)
                    .at(volume.origin)
                    .key(path(cx, volume.node))
                    .help(KEEP),
            );
        }
    }
}
