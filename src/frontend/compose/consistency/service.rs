//! Checks the keys of one service against each other, and the names it refers to.

use super::{ReferenceScope, ServiceReference, conflict, mapping, sequence, text};
use crate::compose::LoadContext;
use crate::diagnostic::rules::compose as rules;
use crate::diagnostic::{Diagnostic, DiagnosticRule};
use crate::source::Origin;
use crate::yaml::{Mapping, MappingKey, Node, NodeValue};
use std::collections::BTreeMap;

pub(super) fn check(key: &MappingKey, node: &Node, manifest: &ReferenceScope<'_>, cx: &mut LoadContext<'_>) {
    let mut service = ServiceCheck { name: &key.text, key, node, manifest, cx };
    service.image();
    service.build();
    service.networks();
    service.healthcheck();
    service.dependencies();
    service.resources();
    service.scale();
    service.limits();
    service.watch();
    service.mounts();
}

struct ServiceCheck<'a, 'b, 'c> {
    name: &'a str,
    key: &'a MappingKey,
    node: &'a Node,
    manifest: &'a ReferenceScope<'a>,
    cx: &'c mut LoadContext<'b>,
}

impl ServiceCheck<'_, '_, '_> {
    fn refuse(
        &mut self,
        rule: &'static DiagnosticRule,
        key: &str,
        origin: Origin,
        message: String,
        help: &str,
    ) {
        let fault = Diagnostic::new(rule, message).service(self.name);
        self.cx.report(fault.key(format!("services.{}.{key}", self.name)).at(origin).help(help));
    }

    fn conflict(&mut self, message: String, one: &Node, other: &Node, help: &str) {
        let path = format!("services.{}", self.name);
        self.cx.report(conflict(Some(self.name), &path, message, one, other).help(help));
    }

    fn refer(&mut self, room: &str, what: &str, key: &str, name: &str, origin: Origin) {
        let from = ServiceReference { service: self.name, key: key.to_owned(), name, origin };
        self.manifest.refer(room, what, &from, self.cx);
    }

    fn image(&mut self) {
        let known = ["image", "build", "provider"].iter().any(|key| self.node.get(key).is_some());
        if known || self.manifest.broken.contains(&format!("services.{}", self.name)) {
            return;
        }
        let message = format!("service `{}` has neither `image` nor `build`", self.name);
        let fault = Diagnostic::new(&rules::NO_IMAGE, message).service(self.name).at(self.key.origin);
        let fault = fault.key(format!("services.{}", self.name));
        self.cx.report(fault.help("add `image: name:tag`, or `build: .`"));
    }

    fn build(&mut self) {
        let Some(build) = self.node.get("build") else { return };
        if let (Some(inline), Some(file)) = (build.get("dockerfile_inline"), build.get("dockerfile")) {
            let message = format!("service `{}` sets both `dockerfile` and `dockerfile_inline`", self.name);
            self.conflict(message, inline, file, "keep one of them");
        }
        for entry in mapping(build, "additional_contexts") {
            let Some(other) = entry.value.as_str().and_then(|text| text.strip_prefix("service:")) else {
                continue;
            };
            self.buildable(other, &entry.key.text, entry.value.origin);
        }
        let platforms = sequence(build, "platforms");
        if let Some(platform) = self.node.get("platform").filter(|_| !platforms.is_empty())
            && !platforms.iter().any(|built| built.value == platform.value)
        {
            let message = format!("service `{}` is not built for the platform it runs on", self.name);
            let fault = Diagnostic::new(&rules::CONFLICTING_KEYS, message).service(self.name);
            let fault = fault
                .key(format!("services.{}.platform", self.name))
                .label(platform.origin, "runs on this platform");
            let fault = fault.label(
                build.get("platforms").map_or(Origin::NOWHERE, |node| node.origin),
                "built for these platforms",
            );
            self.cx.report(fault.help("add the platform to `build.platforms`"));
        }
        for (index, secret) in sequence(build, "secrets").iter().enumerate() {
            let source = text(secret, "source").unwrap_or("");
            let key = format!("build.secrets[{index}]");
            self.refer("secrets", "secret", &key, source, of(secret, "source"));
        }
    }

    /// A build on top of another service's image requires that service to have a `build`.
    fn buildable(&mut self, other: &str, context: &str, origin: Origin) {
        let key = format!("build.additional_contexts.{context}");
        match self.manifest.root.at(&["services", other]) {
            Some(service) if service.get("build").is_some() => {}
            Some(_) => {
                let message = format!("service `{}` builds on `{other}`, which has no `build`", self.name);
                self.refuse(
                    &rules::UNDEFINED_REFERENCE,
                    &key,
                    origin,
                    message,
                    "add `build` to that service, or use a path",
                );
            }
            None => self.refer("services", "service", &key, other, origin),
        }
    }

    fn networks(&mut self) {
        let networks = mapping(self.node, "networks");
        if let (Some(mode), Some(first)) = (self.node.get("network_mode"), networks.iter().next()) {
            let message = format!("service `{}` sets both `network_mode` and `networks`", self.name);
            let origin = if first.value.is_null() { first.key.origin } else { first.value.origin };
            let other = Node::new(NodeValue::Null, origin);
            self.conflict(message, mode, &other, "keep one of them");
        }
        for entry in networks {
            let key = format!("networks.{}", entry.key.text);
            // Docker Compose treats a name with `x-` as an extension and drops it.
            if entry.key.text.starts_with("x-") {
                let message = format!(
                    "service `{}` joins network `{}`, but Docker Compose treats that name as an extension",
                    self.name, entry.key.text
                );
                self.refuse(
                    &rules::INVALID_NAME,
                    &key,
                    entry.key.origin,
                    message,
                    "rename the network so that its name does not start with `x-`",
                );
                continue;
            }
            self.refer("networks", "network", &key, &entry.key.text, entry.key.origin);
        }
        let shared = self.node.get("network_mode");
        if let Some((mode, other)) =
            shared.and_then(|mode| Some((mode, mode.as_str()?.strip_prefix("service:")?)))
        {
            // The implied dependency reports the same, at the position of the mode.
            if mapping(self.node, "depends_on").get(other).is_none() {
                self.refer("services", "service", "network_mode", other, mode.origin);
            }
        }
    }

    fn healthcheck(&mut self) {
        let Some(check) = self.node.get("healthcheck") else { return };
        let Some(first) = sequence(check, "test").first() else { return };
        if !matches!(first.as_str(), Some("CMD" | "CMD-SHELL" | "NONE")) {
            let message = format!(
                "the health check of service `{}` does not start with CMD, CMD-SHELL or NONE",
                self.name
            );
            self.refuse(
                &rules::INVALID_VALUE,
                "healthcheck.test",
                first.origin,
                message,
                "put CMD in front of the program and its arguments, or write a single string for the shell",
            );
        }
    }

    fn dependencies(&mut self) {
        for entry in mapping(self.node, "depends_on") {
            let name = &entry.key.text;
            let inactive = self.manifest.inactive.contains(name);
            if inactive && entry.value.get("required").and_then(Node::as_bool) == Some(false) {
                continue;
            }
            let key = format!("depends_on.{name}");
            let written = self.cx.sources.place(entry.key.origin).is_some();
            let origin = if written { entry.key.origin } else { entry.value.origin };
            if inactive && self.manifest.root.at(&["services", name]).is_none() {
                let message =
                    format!("service `{}` depends on `{name}`, whose profiles are all inactive", self.name);
                self.refuse(
                    &rules::UNDEFINED_REFERENCE,
                    &key,
                    origin,
                    message,
                    "activate one of its profiles with `--profile`, or set `required: false`",
                );
                continue;
            }
            self.refer("services", "service", &key, name, origin);
        }
    }

    fn resources(&mut self) {
        for (index, mount) in sequence(self.node, "volumes").iter().enumerate() {
            if let (Some("volume"), Some(source)) = (text(mount, "type"), text(mount, "source")) {
                self.refer("volumes", "volume", &format!("volumes[{index}]"), source, of(mount, "source"));
            }
        }
        for (room, what) in [("configs", "config"), ("secrets", "secret")] {
            for (index, used) in sequence(self.node, room).iter().enumerate() {
                let source = text(used, "source").unwrap_or("");
                self.refer(room, what, &format!("{room}[{index}]"), source, of(used, "source"));
            }
        }
        for entry in mapping(self.node, "models") {
            self.refer(
                "models",
                "model",
                &format!("models.{}", entry.key.text),
                &entry.key.text,
                entry.key.origin,
            );
        }
    }

    fn scale(&mut self) {
        let scale = self.node.get("scale");
        let replicas = self.node.at(&["deploy", "replicas"]);
        if let (Some(scale), Some(replicas)) = (scale, replicas)
            && scale.value != replicas.value
        {
            let message =
                format!("service `{}` sets `scale` and `deploy.replicas` to different values", self.name);
            self.conflict(message, scale, replicas, "keep `deploy.replicas`");
        }
        for (key, node) in [("scale", scale), ("deploy.replicas", replicas)] {
            if let Some(node) = node.filter(|node| node.as_integer().is_some_and(|number| number < 0)) {
                let message = format!("`services.{}.{key}` is negative", self.name);
                self.refuse(&rules::INVALID_VALUE, key, node.origin, message, "use a number of at least 0");
            }
        }
        let count = scale.or(replicas).filter(|count| count.as_integer().is_some_and(|count| count > 1));
        if let (Some(count), Some(name)) = (count, self.node.get("container_name")) {
            let message =
                format!("service `{}` has a `container_name` but more than one container", self.name);
            let fault = Diagnostic::new(&rules::CONTAINER_NAME_TWICE, message).service(self.name);
            let fault = fault.key(format!("services.{}.container_name", self.name));
            let fault = fault.label(name.origin, "only one name").label(count.origin, "several containers");
            self.cx.report(fault.help("remove `container_name`"));
        }
    }

    /// A limit set on the service and the one in `deploy.resources` must agree, even if one of them is not set.
    fn limits(&mut self) {
        for (own, side, other) in [
            ("cpus", "limits", "cpus"),
            ("mem_limit", "limits", "memory"),
            ("mem_reservation", "reservations", "memory"),
            ("pids_limit", "limits", "pids"),
        ] {
            let Some(limit) = self.node.get(own) else { continue };
            let Some(resources) = self.node.at(&["deploy", "resources", side]) else { continue };
            let set = resources.get(other);
            if set.is_none_or(|set| set.value != limit.value) {
                let message = format!(
                    "service `{}` sets `{own}` and `deploy.resources.{side}.{other}` to different values",
                    self.name
                );
                self.conflict(message, limit, set.unwrap_or(resources), "keep the one in `deploy.resources`");
            }
        }
    }

    fn watch(&mut self) {
        let Some(develop) = self.node.get("develop") else { return };
        for (index, trigger) in sequence(develop, "watch").iter().enumerate() {
            let action = text(trigger, "action").unwrap_or("");
            if trigger.get("target").is_none() && action != "rebuild" && action != "restart" {
                let key = format!("develop.watch[{index}]");
                let message = format!("`services.{}.{key}` has no `target` for `{action}`", self.name);
                self.refuse(
                    &rules::MISSING_KEY,
                    &key,
                    of(trigger, "action"),
                    message,
                    "add `target`, the path in the container",
                );
            }
        }
    }

    fn mounts(&mut self) {
        let mut taken: BTreeMap<&str, Origin> = BTreeMap::new();
        let tmpfs = sequence(self.node, "tmpfs").iter().map(|item| {
            let target = item.as_str().unwrap_or("");
            ("tmpfs", target.split(':').next().unwrap_or(target), item.origin)
        });
        let volumes = sequence(self.node, "volumes").iter();
        let volumes = volumes.map(|item| ("volumes", text(item, "target").unwrap_or(""), of(item, "target")));
        for (key, target, origin) in tmpfs.chain(volumes) {
            let Some(before) = taken.insert(target, origin) else { continue };
            let message = format!("service `{}` has two mounts on `{target}`", self.name);
            let fault = Diagnostic::new(&rules::TARGET_TWICE, message).service(self.name);
            let fault = fault.key(format!("services.{}.{key}", self.name));
            let fault = fault.label(origin, "again here").label(before, "first here");
            self.cx.report(fault.help("give one of them another target, or remove it"));
        }
    }
}

/// The origin of a key's value, or of the node that lacks the key.
fn of(node: &Node, key: &str) -> Origin {
    node.get(key).map_or(node.origin, |value| value.origin)
}

/// No two of the selected services may have the same container name.
pub fn container_names(root: &Node, cx: &mut LoadContext<'_>) {
    let mut taken: BTreeMap<&str, (&str, Origin)> = BTreeMap::new();
    for entry in mapping(root, "services") {
        let Some(node) = entry.value.get("container_name") else { continue };
        let name = node.as_str().unwrap_or("");
        let Some((other, before)) = taken.insert(name, (&entry.key.text, node.origin)) else { continue };
        let message = format!("services `{other}` and `{}` have the same container name", entry.key.text);
        let fault = Diagnostic::new(&rules::CONTAINER_NAME_TWICE, message).service(&*entry.key.text);
        let fault = fault.key(format!("services.{}.container_name", entry.key.text));
        let fault = fault.label(node.origin, "again here").label(before, "first here");
        cx.report(fault.help("remove `container_name` from one of them"));
    }
}

/// `scale` is the number of replicas if `deploy` sets none.
pub(super) fn scale_replicas(root: &mut Node) {
    let services = root.as_mapping_mut().and_then(|root| root.get_mut("services"));
    let Some(services) = services.and_then(Node::as_mapping_mut) else { return };
    for (_, service) in services.values_mut() {
        let Some(scale) = service.get("scale").cloned() else { continue };
        let deploy = service.as_mapping_mut().and_then(|service| service.get_mut("deploy"));
        let Some(deploy) = deploy.and_then(Node::as_mapping_mut) else { continue };
        if !deploy.contains_key("replicas") {
            let key = MappingKey { text: "replicas".into(), origin: scale.origin };
            let mut entries: Mapping = std::mem::take(deploy);
            entries.insert(key, scale);
            *deploy = entries;
        }
    }
}
