//! Lists with unique items: of two entries with the same identity, the later one replaces the earlier one.

use super::won;
use crate::compose::LoadContext;
use crate::compose::canonical::parse_volume;
use crate::compose::value::print_scalar;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::rules::compose as rules;
use crate::yaml::{Mapping, Node, NodeValue};
use std::collections::BTreeMap;

/// What identifies a list entry.
#[derive(Debug, Clone, Copy)]
enum EntryIdentity {
    /// The name before `=`.
    Name,
    /// The path in the container.
    Target,
    /// The path of the device in the container.
    Device,
    /// The path in the container; a bare name is relative to this directory.
    FileTarget(&'static str),
    /// Address, host port, container port and protocol.
    Port,
    /// The path of the file.
    Path,
    /// The number or string.
    Scalar,
}

/// The lists of a service and what identifies their entries. Source: compose-go 2.9.1, package override.
const SERVICE: &[(&[&str], EntryIdentity)] = &[
    (&["annotations"], EntryIdentity::Name),
    (&["build", "args"], EntryIdentity::Name),
    (&["build", "additional_contexts"], EntryIdentity::Name),
    (&["build", "tags"], EntryIdentity::Name),
    (&["build", "labels"], EntryIdentity::Name),
    (&["cap_add"], EntryIdentity::Name),
    (&["cap_drop"], EntryIdentity::Name),
    (&["configs"], EntryIdentity::FileTarget("")),
    (&["deploy", "labels"], EntryIdentity::Name),
    (&["devices"], EntryIdentity::Device),
    (&["dns"], EntryIdentity::Name),
    (&["dns_opt"], EntryIdentity::Name),
    (&["dns_search"], EntryIdentity::Name),
    (&["environment"], EntryIdentity::Name),
    (&["env_file"], EntryIdentity::Path),
    (&["expose"], EntryIdentity::Scalar),
    (&["labels"], EntryIdentity::Name),
    (&["links"], EntryIdentity::Name),
    (&["ports"], EntryIdentity::Port),
    (&["profiles"], EntryIdentity::Name),
    (&["secrets"], EntryIdentity::FileTarget("/run/secrets")),
    (&["sysctls"], EntryIdentity::Name),
    (&["tmpfs"], EntryIdentity::Name),
    (&["volumes"], EntryIdentity::Target),
];

/// The lists of a network that a service joins.
const JOINED: [&str; 2] = ["aliases", "link_local_ips"];

/// Removes duplicates from lists with unique items; the later entry wins.
pub fn unicity(root: &mut Node, cx: &mut LoadContext<'_>) {
    let Some(root) = root.as_mapping_mut() else { return };
    if let Some(services) = root.get_mut("services").and_then(Node::as_mapping_mut) {
        for (name, service) in services.values_mut() {
            of_service(&name.text, service, cx);
        }
    }
    if let Some(networks) = root.get_mut("networks").and_then(Node::as_mapping_mut) {
        for (name, network) in networks.values_mut() {
            let path = || format!("networks.{}.labels", name.text);
            if let Some(labels) = descend(network, &["labels"]) {
                each_once(labels, EntryIdentity::Name, &path, None, cx);
            }
        }
    }
}

fn of_service(name: &str, service: &mut Node, cx: &mut LoadContext<'_>) {
    for (steps, identity) in SERVICE {
        if let Some(list) = descend(service, steps) {
            let path = || format!("services.{name}.{}", steps.join("."));
            each_once(list, *identity, &path, Some(name), cx);
        }
    }
    let Some(networks) = descend(service, &["networks"]).and_then(Node::as_mapping_mut) else { return };
    for (network, joined) in networks.values_mut() {
        for key in JOINED {
            if let Some(list) = descend(joined, &[key]) {
                let path = || format!("services.{name}.networks.{}.{key}", network.text);
                each_once(list, EntryIdentity::Name, &path, Some(name), cx);
            }
        }
    }
}

fn descend<'a>(node: &'a mut Node, steps: &[&str]) -> Option<&'a mut Node> {
    steps.iter().try_fold(node, |node, step| node.as_mapping_mut()?.get_mut(step))
}

fn each_once(
    list: &mut Node,
    identity: EntryIdentity,
    path: &dyn Fn() -> String,
    service: Option<&str>,
    cx: &mut LoadContext<'_>,
) {
    let NodeValue::Sequence(items) = &mut list.value else { return };
    let mut kept: Vec<Node> = Vec::with_capacity(items.len());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (index, mut item) in std::mem::take(items).into_iter().enumerate() {
        let known = match identity.of(&item, cx.options.no_interpolate) {
            Ok(Some(name)) => {
                let next = kept.len();
                *seen.entry(name).or_insert(next)
            }
            Ok(None) => kept.len(),
            Err(missing) => {
                let path = path();
                let message = format!("`{path}[{index}]` {missing}");
                let mut fault = Diagnostic::new(&rules::MISSING_KEY, message).at(item.origin);
                fault = fault
                    .key(format!("{path}[{index}]"))
                    .help("write both sides, or use the long form with all its keys");
                fault.service = service.map(str::to_owned);
                cx.report(fault);
                continue;
            }
        };
        match kept.get_mut(known) {
            Some(before) => {
                item.origin = won(item.origin, before.origin, cx);
                *before = item;
            }
            None => kept.push(item),
        }
    }
    list.value = NodeValue::Sequence(kept);
}

impl EntryIdentity {
    /// The text that identifies an entry; `None` if the schema will reject the entry.
    fn of(self, item: &Node, uninterpolated: bool) -> Result<Option<String>, &'static str> {
        Ok(match (self, &item.value) {
            (EntryIdentity::Name, NodeValue::String(text)) => {
                Some(text.split_once('=').map_or(&**text, |(name, _)| name).to_owned())
            }
            (EntryIdentity::Scalar, NodeValue::String(text)) => Some(format!("{text}")),
            (EntryIdentity::Scalar, NodeValue::Integer(number)) => Some(number.to_string()),
            (EntryIdentity::Scalar, NodeValue::Float(_)) => return Err("must be an integer or a string"),
            (EntryIdentity::Target, NodeValue::String(text)) => match parse_volume(text) {
                Ok(spec) => text.get(spec.target).map(str::to_owned),
                Err(fault) if uninterpolated => return Err(fault.describe()),
                Err(_) => None,
            },
            (EntryIdentity::Target, NodeValue::Mapping(mapping)) => {
                Some(text(mapping, "target").ok_or("has no `target`, the path in the container")?)
            }
            (EntryIdentity::Device, NodeValue::String(text)) => {
                Some(text.split(':').nth(1).unwrap_or(text).to_owned())
            }
            (EntryIdentity::Device, NodeValue::Mapping(mapping)) => {
                Some(text(mapping, "target").ok_or("has no `target`, the path in the container")?)
            }
            (EntryIdentity::FileTarget(below), NodeValue::String(text)) => Some(format!("{below}/{text}")),
            (EntryIdentity::FileTarget(below), NodeValue::Mapping(mapping)) => text(mapping, "target")
                .or_else(|| Some(format!("{below}/{}", text(mapping, "source").unwrap_or_default()))),
            (EntryIdentity::Port, NodeValue::Integer(number)) => Some(number.to_string()),
            (EntryIdentity::Port, NodeValue::String(text)) => Some(text.to_string()),
            (EntryIdentity::Port, NodeValue::Mapping(mapping)) => Some(port(mapping)?),
            (EntryIdentity::Path, NodeValue::String(text)) => Some(text.to_string()),
            (EntryIdentity::Path, NodeValue::Mapping(mapping)) => text(mapping, "path"),
            _ => None,
        })
    }
}

fn text(mapping: &Mapping, key: &str) -> Option<String> {
    mapping.get(key).and_then(Node::as_str).map(str::to_owned)
}

/// Numbers and strings are distinguished, as in Docker Compose.
fn port(mapping: &Mapping) -> Result<String, &'static str> {
    let shown = |key: &str, default: &str| match mapping.get(key).map(|node| &node.value) {
        None => default.to_owned(),
        Some(NodeValue::String(text)) => format!("{text:?}"),
        Some(other) => print_scalar(other),
    };
    let target = mapping.get("target").ok_or("has no `target`, the port in the container")?;
    let (host, protocol) = (shown("host_ip", "\"0.0.0.0\""), shown("protocol", "\"tcp\""));
    Ok(format!("{host} {} {} {protocol}", shown("published", "-"), print_scalar(&target.value)))
}
