//! Checks that need only one resource, port, device request or watched path.

use super::{conflict, is_true, mapping, sequence};
use crate::compose::LoadContext;
use crate::compose::value::is_ip;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::rules::compose as rules;
use crate::source::Origin;
use crate::yaml::{MappingKey, Node};
use std::collections::BTreeSet;

pub(super) fn validate(root: &Node, cx: &mut LoadContext<'_>) {
    for entry in mapping(root, "volumes") {
        external_volume(&entry.key, &entry.value, cx);
    }
    for entry in mapping(root, "configs") {
        one_source("configs", &entry.key, &entry.value, &["file", "environment", "content"], cx);
    }
    for entry in mapping(root, "secrets") {
        one_source("secrets", &entry.key, &entry.value, &["file", "environment"], cx);
    }
    for entry in mapping(root, "services") {
        of_service(&entry.key.text, &entry.value, cx);
    }
}

/// An external volume takes only a name.
fn external_volume(key: &MappingKey, volume: &Node, cx: &mut LoadContext<'_>) {
    let external = volume.get("external");
    let Some(external) = external.filter(|node| is_true(Some(node))) else { return };
    for entry in volume.as_mapping().into_iter().flatten() {
        let name = &*entry.key.text;
        if name == "name" || name == "external" || name.starts_with("x-") {
            continue;
        }
        let path = format!("volumes.{}", key.text);
        let message = format!("`{path}` sets both `external` and `{name}`");
        let fault = conflict(None, &path, message, external, &entry.value);
        cx.report(fault.help(format!("remove `{name}`: an external volume is not configured here")));
    }
}

fn one_source(room: &str, key: &MappingKey, object: &Node, sources: &[&str], cx: &mut LoadContext<'_>) {
    let path = format!("{room}.{}", key.text);
    let given: Vec<&Node> = sources.iter().filter_map(|source| object.get(source)).collect();
    match given.as_slice() {
        [one, other, ..] => {
            let message = format!("`{path}` sets more than one of {}", listed(sources));
            let fault = conflict(None, &path, message, one, other).help("keep one of them");
            cx.report(fault);
        }
        [] if object.get("driver").is_none() && object.get("external").is_none() => {
            let fault = Diagnostic::new(&rules::MISSING_KEY, format!("`{path}` has no content"));
            let named = object.get("name");
            let help = match named {
                // Older integrations took a name alone to mean one that exists, and picked keys of it.
                Some(_) => {
                    let keys = object.get("x-aws-keys").map_or("", |_| "; `x-aws-keys` has no effect here");
                    format!(
                        "if it exists under this name, add `external: true`, else one of {}{keys}",
                        listed(sources)
                    )
                }
                None => format!("add one of {}, or `external: true`", listed(sources)),
            };
            cx.report(fault.key(path).at(named.map_or(key.origin, |name| name.origin)).help(help));
        }
        _ => {}
    }
}

fn listed(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

fn of_service(name: &str, service: &Node, cx: &mut LoadContext<'_>) {
    let mut refuse = |path: String, origin: Origin, message: String, help: &str| {
        let fault = Diagnostic::new(&rules::INVALID_VALUE, message).service(name);
        cx.report(fault.key(path).at(origin).help(help));
    };
    for (index, port) in sequence(service, "ports").iter().enumerate() {
        let Some(address) = port.get("host_ip") else { continue };
        if address.as_str().is_some_and(|text| !is_ip(text)) {
            let path = format!("services.{name}.ports[{index}].host_ip");
            let message = format!("`{path}` is not an IP address");
            refuse(path, address.origin, message, "write an IP address: host names are not resolved here");
        }
    }
    let triggers = service.get("develop").map_or(&[] as &[Node], |develop| sequence(develop, "watch"));
    for (index, trigger) in triggers.iter().enumerate() {
        if let Some(watched) = trigger.get("path").filter(|path| path.as_str() == Some("")) {
            let path = format!("services.{name}.develop.watch[{index}].path");
            let message = format!("`{path}` is empty");
            refuse(path, watched.origin, message, "name the file or directory to watch");
        }
    }
    let devices = service.at(&["deploy", "resources", "reservations"]);
    let devices = devices.map_or(&[] as &[Node], |reservations| sequence(reservations, "devices"));
    for (place, list) in
        [("deploy.resources.reservations.devices", devices), ("gpus", sequence(service, "gpus"))]
    {
        for (index, request) in list.iter().enumerate() {
            if let (Some(count), Some(ids)) = (request.get("count"), request.get("device_ids")) {
                let path = format!("services.{name}.{place}[{index}]");
                let message = format!("`{path}` sets both `count` and `device_ids`");
                let fault = conflict(Some(name), &path, message, count, ids);
                cx.report(fault.help("keep one of them"));
            }
        }
    }
}

/// A secret that is not external needs a file or a variable.
pub(super) fn secrets(root: &Node, broken: &BTreeSet<String>, cx: &mut LoadContext<'_>) {
    for entry in mapping(root, "secrets") {
        let secret = &entry.value;
        let path = format!("secrets.{}", entry.key.text);
        let sourced = ["file", "environment"].iter().any(|key| secret.get(key).is_some());
        if sourced || is_true(secret.get("external")) || broken.contains(&path) {
            continue;
        }
        let message = format!("`{path}` has neither `file` nor `environment`");
        let fault = Diagnostic::new(&rules::MISSING_KEY, message).key(path).at(entry.key.origin);
        let external = secret.get("external").map_or(Origin::NOWHERE, |external| external.origin);
        let fault = fault.label(external, "it is not external");
        cx.report(fault.help("add `file` or `environment`, or `external: true`"));
    }
}
