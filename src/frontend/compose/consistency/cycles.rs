//! Dependency cycles, each reported once with all its steps labeled.

use super::{Context, mapping};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::rules::compose as rules;
use crate::yaml::{Entry, Node};
use std::collections::BTreeMap;

/// The state of the search for a service.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Open,
    Done,
}

pub(super) fn check(root: &Node, cx: &mut Context<'_>) {
    let services = mapping(root, "services");
    let mut states: BTreeMap<&str, State> = BTreeMap::new();
    for entry in services {
        search(root, entry, &mut states, cx);
    }
}

/// Follows dependencies depth-first, without recursion: chains of services can be long.
fn search<'a>(root: &'a Node, start: &'a Entry, states: &mut BTreeMap<&'a str, State>, cx: &mut Context<'_>) {
    if states.contains_key(&*start.key.text) {
        return;
    }
    states.insert(&start.key.text, State::Open);
    let mut way: Vec<(&'a Entry, std::slice::Iter<'a, Entry>)> = vec![(start, dependencies(start))];
    while let Some((service, rest)) = way.last_mut() {
        let Some(dependency) = rest.next() else {
            states.insert(&service.key.text, State::Done);
            way.pop();
            continue;
        };
        let name = &*dependency.key.text;
        let Some(next) = mapping(root, "services").entry(name) else { continue };
        match states.get(name) {
            Some(State::Done) => {}
            Some(State::Open) => {
                let steps: Vec<&Entry> = way.iter().map(|(entry, _)| *entry).collect();
                report(&steps, name, cx);
            }
            None => {
                states.insert(&next.key.text, State::Open);
                way.push((next, dependencies(next)));
            }
        }
    }
}

fn dependencies(service: &Entry) -> std::slice::Iter<'_, Entry> {
    mapping(&service.value, "depends_on").iter()
}

/// The part of the path from `name` on, which leads back to it.
fn report(way: &[&Entry], name: &str, cx: &mut Context<'_>) {
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
