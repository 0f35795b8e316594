//! Dependency cycles, each reported once with all its steps labeled.

use super::{LoadContext, mapping};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::rules::compose as rules;
use crate::yaml::{MappingEntry, Node};
use std::collections::BTreeMap;

/// The state of the search for a service.
#[derive(Clone, Copy, PartialEq)]
enum VisitState {
    Open,
    Done,
}

pub(super) fn check(root: &Node, cx: &mut LoadContext<'_>) {
    let services = mapping(root, "services");
    let mut states: BTreeMap<&str, VisitState> = BTreeMap::new();
    for entry in services {
        search(root, entry, &mut states, cx);
    }
}

/// Follows dependencies depth-first, without recursion: chains of services can be long.
fn search<'a>(
    root: &'a Node,
    start: &'a MappingEntry,
    states: &mut BTreeMap<&'a str, VisitState>,
    cx: &mut LoadContext<'_>,
) {
    if states.contains_key(&*start.key.text) {
        return;
    }
    states.insert(&start.key.text, VisitState::Open);
    let mut way: Vec<(&'a MappingEntry, std::slice::Iter<'a, MappingEntry>)> =
        vec![(start, dependencies(start))];
    while let Some((service, rest)) = way.last_mut() {
        let Some(dependency) = rest.next() else {
            states.insert(&service.key.text, VisitState::Done);
            way.pop();
            continue;
        };
        let name = &*dependency.key.text;
        let Some(next) = mapping(root, "services").entry(name) else { continue };
        match states.get(name) {
            Some(VisitState::Done) => {}
            Some(VisitState::Open) => {
                let steps: Vec<&MappingEntry> = way.iter().map(|(entry, _)| *entry).collect();
                report(&steps, name, cx);
            }
            None => {
                states.insert(&next.key.text, VisitState::Open);
                way.push((next, dependencies(next)));
            }
        }
    }
}

fn dependencies(service: &MappingEntry) -> std::slice::Iter<'_, MappingEntry> {
    mapping(&service.value, "depends_on").iter()
}

/// The part of the path from `name` on, which leads back to it.
fn report(way: &[&MappingEntry], name: &str, cx: &mut LoadContext<'_>) {
    let begin = way.iter().position(|entry| &*entry.key.text == name).unwrap_or(0);
    let cycle = way.get(begin..).unwrap_or(way);
    let names: Vec<&str> = cycle.iter().map(|entry| &*entry.key.text).chain([name]).collect();
    let message = format!("circular dependency between services: {}", names.join(" -> "));
    let mut fault = Diagnostic::new(&rules::DEPENDENCY_CYCLE, message)
        .service(name)
        .key(format!("services.{name}.depends_on"));
    for (service, next) in cycle.iter().zip(names.iter().skip(1)) {
        let Some(dependency) = mapping(&service.value, "depends_on").entry(next) else { continue };
        let written = cx.sources.place(dependency.key.origin).is_some();
        let origin = if written { dependency.key.origin } else { dependency.value.origin };
        fault = fault.label(origin, format!("`{}` waits for `{next}`", service.key.text));
    }
    cx.report(fault.help("remove one of these dependencies"));
}
