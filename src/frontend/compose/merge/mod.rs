//! Merges one tree onto another, with a rule for each key.
//!
//! In: the tree so far and the next file (or a service and the one that extends it), still with short
//! syntax. Out: one tree. Invariant: the origin of a winning value also records the values it overrode, so that
//! a diagnostic can show both.

mod sequences;
mod unicity;

pub(crate) use sequences::entry_parts;
pub use unicity::unicity;

use super::LoadContext;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::rules::compose as rules;
use crate::source::{Origin, Provenance};
use crate::yaml::{Mapping, MappingEntry, Node, NodeValue};
use std::sync::Arc;

/// How to merge two values of one key.
#[derive(Debug, Clone, Copy, PartialEq)]
enum MergeRule {
    /// Mappings by key, lists concatenated, anything else: the later value.
    Deep,
    /// The later value.
    Replace,
    /// As lists of `name=value`, concatenated.
    Sequence,
    /// As lists, without duplicates.
    Hosts,
    /// A string is the `context`.
    Build,
    /// A list of names is a mapping from names to defaults.
    Dependencies,
    /// A list of names is a mapping from names to null.
    Names,
    /// Options are only merged if the driver is the same.
    Logging,
    /// IP pools, matched by subnet.
    Pools,
}

/// The rule of a key path. Source: compose-go 2.9.1, package override.
fn rule(path: &[&str]) -> MergeRule {
    match path {
        ["networks" | "volumes", _, "labels"] => MergeRule::Sequence,
        ["networks", _, "ipam", "config"] => MergeRule::Pools,
        ["services", _, key] => match *key {
            "command" | "entrypoint" => MergeRule::Replace,
            "annotations" | "dns" | "dns_opt" | "dns_search" | "env_file" | "label_file" | "environment"
            | "labels" | "sysctls" | "tmpfs" => MergeRule::Sequence,
            "build" => MergeRule::Build,
            "depends_on" => MergeRule::Dependencies,
            "extra_hosts" => MergeRule::Hosts,
            "logging" => MergeRule::Logging,
            "models" | "networks" => MergeRule::Names,
            _ => MergeRule::Deep,
        },
        ["services", _, "build", "args" | "additional_contexts" | "labels"]
        | ["services", _, "deploy", "labels"] => MergeRule::Sequence,
        ["services", _, "build", "extra_hosts"] => MergeRule::Hosts,
        ["services", _, "healthcheck", "test"] | ["services", _, "ulimits", _] => MergeRule::Replace,
        _ => MergeRule::Deep,
    }
}

/// Merges `over` onto `base`; both stand at `path` (empty for the root of a file).
pub fn merge(base: Node, over: Node, path: &[&str], cx: &mut LoadContext<'_>) -> Node {
    let path = path.iter().map(|step| Arc::from(*step)).collect();
    MergePass { cx, path }.node(base, over)
}

struct MergePass<'a, 'b> {
    cx: &'a mut LoadContext<'b>,
    path: Vec<Arc<str>>,
}

impl MergePass<'_, '_> {
    fn node(&mut self, base: Node, over: Node) -> Node {
        let path: Vec<&str> = self.path.iter().map(|step| &**step).collect();
        match rule(&path) {
            MergeRule::Deep => self.deep(base, over),
            MergeRule::Replace => self.replace(&base, over),
            MergeRule::Sequence => sequences::append(base, over, self.cx),
            MergeRule::Hosts => sequences::append_new(base, over, self.cx),
            MergeRule::Build => {
                let (base, over) = (build_mapping(base), build_mapping(over));
                self.deep(base, over)
            }
            MergeRule::Dependencies => {
                let (base, over) = (self.dependencies(base), self.dependencies(over));
                self.deep(base, over)
            }
            MergeRule::Names => self.deep(names_mapping(base), names_mapping(over)),
            MergeRule::Logging => self.logging(base, over),
            MergeRule::Pools => self.pools(base, over),
        }
    }

    fn deep(&mut self, base: Node, over: Node) -> Node {
        let Node { value, origin, id, tag } = base;
        let value = match (value, over.value) {
            (value, NodeValue::Null) => value,
            (NodeValue::Mapping(base), NodeValue::Mapping(over)) => {
                NodeValue::Mapping(self.mappings(base, over))
            }
            (NodeValue::Sequence(mut base), NodeValue::Sequence(over)) => {
                base.extend(over);
                NodeValue::Sequence(base)
            }
            (value @ (NodeValue::Mapping(_) | NodeValue::Sequence(_)), other) => {
                self.refuse(&value, origin, &other, over.origin);
                value
            }
            (_, other) => {
                let origin = won(over.origin, origin, self.cx);
                return Node { value: other, origin, id, tag: over.tag };
            }
        };
        Node { value, origin, id, tag }
    }

    fn replace(&mut self, base: &Node, over: Node) -> Node {
        let origin = won(over.origin, base.origin, self.cx);
        Node { origin, ..over }
    }

    fn mappings(&mut self, mut base: Mapping, over: Mapping) -> Mapping {
        for MappingEntry { key, value } in over {
            let Some(slot) = base.get_mut(&key.text) else {
                base.insert(key, value);
                continue;
            };
            let before = std::mem::take(slot);
            self.path.push(key.text);
            let merged = self.node(before, value);
            let name = self.path.pop();
            if let Some(slot) = name.and_then(|name| base.get_mut(&name)) {
                *slot = merged;
            }
        }
        base
    }

    fn logging(&mut self, base: Node, over: Node) -> Node {
        let both = (base.get("driver"), over.get("driver"));
        let other_driver = matches!(both, (Some(one), Some(other)) if one.value != other.value);
        if other_driver || over.as_mapping().is_none() {
            self.replace(&base, over)
        } else {
            self.deep(base, over)
        }
    }

    fn dependencies(&mut self, node: Node) -> Node {
        let from_list = matches!(node.value, NodeValue::Sequence(_));
        let mut node = names_mapping(node);
        if let (true, Some(mapping)) = (from_list, node.as_mapping_mut()) {
            for (_, value) in mapping.values_mut() {
                value.value = NodeValue::Mapping(Mapping::new());
                super::canonical::dependency_defaults(value, self.cx);
            }
        }
        node
    }

    /// Merges IP pools with the same subnet; a different subnet is a new pool. Each pool of the base is compared with
    /// every pool of the override: once it has taken over another subnet, it continues with that one.
    fn pools(&mut self, base: Node, over: Node) -> Node {
        let (NodeValue::Sequence(ours), NodeValue::Sequence(theirs)) = (&base.value, &over.value) else {
            return if over.is_null() { base } else { self.replace(&base, over) };
        };
        let mut merged: Vec<Node> = Vec::new();
        for own in ours {
            let mut own = own.clone();
            // The positions in the result that refer to this pool, and change with it.
            let mut places: Vec<usize> = Vec::new();
            for their in theirs {
                let known = merged.iter().any(|pool| subnet(pool) == subnet(their));
                if subnet(their) != subnet(&own) && !known {
                    merged.push(their.clone());
                    continue;
                }
                own = self.deep(own, their.clone());
                for place in &places {
                    merged.get_mut(*place).into_iter().for_each(|pool| *pool = own.clone());
                }
                let place = merged.iter().position(|pool| subnet(pool) == subnet(&own));
                match place.and_then(|place| merged.get_mut(place)) {
                    Some(pool) => *pool = own.clone(),
                    None => merged.push(own.clone()),
                }
                places.push(place.unwrap_or(merged.len() - 1));
            }
        }
        Node { value: NodeValue::Sequence(merged), ..base }
    }

    fn refuse(&mut self, base: &NodeValue, base_origin: Origin, over: &NodeValue, over_origin: Origin) {
        let path = self.path.join(".");
        let message = format!("`{path}` cannot be {}: it overrides {}", over.kind(), base.kind());
        let fault = Diagnostic::new(&rules::CANNOT_OVERRIDE, message)
            .key(path)
            .label(over_origin, format!("this is {}", over.kind()))
            .label(base_origin, format!("this is {}", base.kind()))
            .help("use the same form as the value it overrides, or put `!override` before it to replace that value");
        self.cx.report(fault);
    }
}

/// The origin of a value that overrode another.
pub(super) fn won(winner: Origin, loser: Origin, cx: &mut LoadContext<'_>) -> Origin {
    if loser == Origin::NOWHERE || winner == loser {
        return winner;
    }
    cx.sources.record(Provenance::Merged { winner, losers: vec![loser] })
}

fn subnet(pool: &Node) -> Option<&NodeValue> {
    pool.get("subnet").map(|subnet| &subnet.value)
}

fn build_mapping(mut node: Node) -> Node {
    super::canonical::wrap_text(&mut node, "context");
    node
}

fn names_mapping(mut node: Node) -> Node {
    super::canonical::names_to_mapping(&mut node);
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_the_rule_of_its_place() {
        for (path, wanted) in [
            (vec!["services", "a", "environment"], MergeRule::Sequence),
            (vec!["services", "a", "build"], MergeRule::Build),
            (vec!["services", "a", "build", "args"], MergeRule::Sequence),
            (vec!["services", "a", "build", "tags"], MergeRule::Deep),
            (vec!["services", "a", "command"], MergeRule::Replace),
            (vec!["services", "a", "ports"], MergeRule::Deep),
            (vec!["services", "a", "healthcheck", "test"], MergeRule::Replace),
            (vec!["networks", "a", "labels"], MergeRule::Sequence),
            (vec!["secrets", "a", "labels"], MergeRule::Deep),
            (vec![], MergeRule::Deep),
        ] {
            assert_eq!(rule(&path), wanted, "{path:?}");
        }
    }
}
