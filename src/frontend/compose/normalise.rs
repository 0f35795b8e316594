//! Normalization: adds what depends on the project, such as names, implicit networks and dependencies.
//!
//! In: the merged tree in long syntax. Out: the same tree with the implicit default network, the dependencies
//! implied by `links`, shared namespaces and `volumes_from`, resource names, `build` defaults, and
//! values for environment variables that are only named. Invariant: an added value carries the origin
//! of what it was inferred from.

use super::value::clean_path;
use super::{LoadContext, ProjectContext};
use crate::source::{Origin, Provenance};
use crate::yaml::{Mapping, MappingKey, Node, NodeValue, word};

/// Fills in values for items of `environment` lists that only name a variable.
pub fn environment(root: &mut Node, project: &ProjectContext, cx: &mut LoadContext<'_>) {
    let Some(services) = child(root, "services").and_then(Node::as_mapping_mut) else { return };
    for (_, service) in services.values_mut() {
        if let Some(node) = child(service, "environment")
            && let NodeValue::Sequence(items) = &mut node.value
        {
            items.iter_mut().for_each(|item| resolve_item(item, project, cx));
        }
    }
}

/// Normalizes the merged tree in place.
pub fn normalise(root: &mut Node, project: &ProjectContext, cx: &mut LoadContext<'_>) {
    default_network(root, cx);
    if let Some(services) = child(root, "services").and_then(Node::as_mapping_mut) {
        for (_, service) in services.values_mut() {
            of_service(service, project, cx);
        }
    }
    for room in ["networks", "volumes", "configs", "secrets"] {
        if let Some(resources) = child(root, room).and_then(Node::as_mapping_mut) {
            for (key, resource) in resources.values_mut() {
                name_resource(key, resource, project, cx);
            }
        }
    }
    let name = Node::string(project.name.clone(), project.name_origin);
    if let Some(root) = root.as_mapping_mut() {
        root.insert(MappingKey { text: "name".into(), origin: project.name_origin }, name);
    }
}

/// Services without `networks` join `default`, which exists only if one of them does.
fn default_network(root: &mut Node, cx: &mut LoadContext<'_>) {
    let mut joined = None;
    if let Some(services) = child(root, "services").and_then(Node::as_mapping_mut) {
        for (name, service) in services.values_mut() {
            if service.get("provider").is_some() || service.get("network_mode").is_some() {
                continue;
            }
            let networks = service.get("networks").and_then(Node::as_mapping);
            if networks.is_none_or(Mapping::is_empty) {
                let origin = cx.sources.record(Provenance::Default { of: name.origin });
                let mut networks = Mapping::new();
                put(&mut networks, "default", NodeValue::Null, origin);
                set(service, "networks", NodeValue::Mapping(networks), origin);
                joined.get_or_insert(name.origin);
            } else if networks.is_some_and(|networks| networks.contains_key("default")) {
                joined.get_or_insert(name.origin);
            }
        }
    }
    let Some(user) = joined else { return };
    let origin = cx.sources.record(Provenance::Default { of: user });
    let Some(root) = root.as_mapping_mut() else { return };
    if root.get("networks").is_none_or(Node::is_null) {
        put(root, "networks", NodeValue::Mapping(Mapping::new()), origin);
    }
    if let Some(networks) = root.get_mut("networks").and_then(Node::as_mapping_mut)
        && !networks.contains_key("default")
    {
        put(networks, "default", NodeValue::Null, origin);
    }
}

fn of_service(service: &mut Node, project: &ProjectContext, cx: &mut LoadContext<'_>) {
    if let Some(policy) = child(service, "pull_policy")
        && policy.as_str() == Some("if_not_present")
    {
        policy.value = NodeValue::String("missing".into());
    }
    if let Some(build) = child(service, "build") {
        of_build(build, project, cx);
    }
    if let Some(environment) = child(service, "environment") {
        resolve(environment, project, true, cx);
    }
    imply_dependencies(service, cx);
    if let Some(NodeValue::Sequence(mounts)) = child(service, "volumes").map(|node| &mut node.value) {
        for target in mounts.iter_mut().filter_map(|mount| child(mount, "target")) {
            if let NodeValue::String(text) = &target.value {
                target.value = NodeValue::String(clean_path(text).into());
            }
        }
    }
}

fn of_build(build: &mut Node, project: &ProjectContext, cx: &mut LoadContext<'_>) {
    let of = build.origin;
    let mut add = |build: &mut Node, key: &str, value: &str| {
        let origin = cx.sources.record(Provenance::Default { of });
        set(build, key, NodeValue::String(word(value)), origin);
    };
    if build.get("context").is_none_or(Node::is_null) {
        add(build, "context", ".");
    }
    let absent = |key: &str| build.get(key).is_none_or(Node::is_null);
    if absent("dockerfile") && absent("dockerfile_inline") {
        add(build, "dockerfile", "Dockerfile");
    }
    if let Some(args) = child(build, "args") {
        resolve(args, project, false, cx);
    }
}

/// A dependency that another key implies.
struct ImpliedDependency {
    /// The service that is depended on.
    on: String,
    /// Whether its restart restarts the dependent.
    restart: bool,
    /// What implies it.
    from: Origin,
    why: &'static str,
}

/// `links`, shared namespaces and `volumes_from` imply a dependency.
fn imply_dependencies(service: &mut Node, cx: &mut LoadContext<'_>) {
    let mut implied = Vec::new();
    let mut imply = |on: &str, restart: bool, from: Origin, why| {
        implied.push(ImpliedDependency { on: on.to_owned(), restart, from, why });
    };
    for link in texts(service, "links") {
        let text = link.as_str().unwrap_or("");
        let mut parts = text.split(':');
        let (first, second, third) = (parts.next(), parts.next(), parts.next());
        let name = if second.is_some() && third.is_none() { first.unwrap_or(text) } else { text };
        imply(name, true, link.origin, "a link implies a dependency");
    }
    for key in ["network_mode", "ipc", "pid", "uts", "cgroup"] {
        if let Some(node) = service.get(key)
            && let Some(name) = node.as_str().and_then(|text| text.strip_prefix("service:"))
        {
            imply(name, true, node.origin, "a shared namespace implies a dependency");
        }
    }
    for source in texts(service, "volumes_from") {
        let text = source.as_str().unwrap_or("");
        if !text.starts_with("container:") {
            let name = text.split(':').next().unwrap_or("");
            imply(name, false, source.origin, "`volumes_from` implies a dependency");
        }
    }
    for ImpliedDependency { on, restart, from, why } in implied {
        let origin = cx.sources.record(Provenance::Inferred { from: vec![from], why });
        if service.get("depends_on").is_none_or(Node::is_null) {
            set(service, "depends_on", NodeValue::Mapping(Mapping::new()), origin);
        }
        let Some(dependencies) = child(service, "depends_on").and_then(Node::as_mapping_mut) else { return };
        if dependencies.contains_key(&on) {
            continue;
        }
        let mut dependency = Mapping::new();
        put(&mut dependency, "condition", NodeValue::String(word("service_started")), origin);
        put(&mut dependency, "restart", NodeValue::Bool(restart), origin);
        put(&mut dependency, "required", NodeValue::Bool(true), origin);
        put(dependencies, &on, NodeValue::Mapping(dependency), origin);
    }
}

fn texts<'a>(service: &'a Node, key: &str) -> impl Iterator<Item = &'a Node> {
    let items = service.get(key).and_then(Node::as_sequence).unwrap_or(&[]);
    items.iter().filter(|item| item.as_str().is_some())
}

/// Fills in values for variables that are only named. Those without a value are kept or removed.
fn resolve(node: &mut Node, project: &ProjectContext, keep: bool, cx: &mut LoadContext<'_>) {
    match &mut node.value {
        NodeValue::Sequence(items) => {
            items.iter_mut().for_each(|item| resolve_item(item, project, cx));
            if !keep {
                items.retain(|item| item.as_str().is_none_or(|text| text.contains('=')));
            }
        }
        NodeValue::Mapping(mapping) => {
            for (key, value) in mapping.values_mut() {
                if let (NodeValue::Null, Some(variable)) = (&value.value, project.environment.get(&key.text))
                {
                    value.origin = cx.sources.record(Provenance::Outside(variable.source.clone()));
                    value.value = NodeValue::String(variable.value.clone());
                }
            }
            if !keep {
                mapping.retain(|entry| !entry.value.is_null());
            }
        }
        _ => {}
    }
}

fn resolve_item(item: &mut Node, project: &ProjectContext, cx: &mut LoadContext<'_>) {
    let NodeValue::String(text) = &item.value else { return };
    if text.contains('=') {
        return;
    }
    if let Some(variable) = project.environment.get(text) {
        let outside = cx.sources.record(Provenance::Outside(variable.source.clone()));
        let from = vec![item.origin, outside];
        item.value = NodeValue::String(format!("{text}={}", variable.value).into());
        item.origin = cx.sources.record(Provenance::Inferred { from, why: "the value in the environment" });
    }
}

/// A resource without a name is named after its key, prefixed with the project's name unless it is external.
fn name_resource(key: &MappingKey, resource: &mut Node, project: &ProjectContext, cx: &mut LoadContext<'_>) {
    if resource.is_null() {
        resource.value = NodeValue::Mapping(Mapping::new());
    }
    if resource.get("name").is_some_and(|name| !name.is_null()) {
        return;
    }
    let external = resource.get("external").is_some_and(|external| match &external.value {
        NodeValue::Bool(truth) => *truth,
        NodeValue::String(text) => ["1", "t", "T", "TRUE", "true", "True"].contains(&&**text),
        _ => false,
    });
    let name = if external { key.text.to_string() } else { format!("{}_{}", project.name, key.text) };
    let origin = cx.sources.record(Provenance::Default { of: key.origin });
    set(resource, "name", NodeValue::String(name.into()), origin);
}

fn child<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    node.as_mapping_mut().and_then(|mapping| mapping.get_mut(key))
}

fn set(node: &mut Node, key: &str, value: NodeValue, origin: Origin) {
    if let Some(mapping) = node.as_mapping_mut() {
        put(mapping, key, value, origin);
    }
}

fn put(mapping: &mut Mapping, key: &str, value: NodeValue, origin: Origin) {
    mapping.insert(MappingKey { text: word(key), origin }, Node::new(value, origin));
}
