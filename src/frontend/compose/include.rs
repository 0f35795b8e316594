//! `include`: other manifests, each resolved in its own directory and with its own variables.
//!
//! In: one document. Out: the document merged with the services, volumes, networks, secrets, configs and models
//! it includes. Source: compose-go's `loader/include.go`. Duplicate definitions must be identical.

use super::env::read_dotenv;
use super::extends::{directory_of, is_remote, relative, remote};
use super::load::{LoadScope, ModelLoader};
use crate::diagnostic::{Diagnostic, rules::reuse as rule};
use crate::source::{Origin, Provenance};
use crate::world::{PathKind, normalise};
use crate::yaml::{Mapping, MappingEntry, MappingKey, Node, NodeValue};
use camino::{Utf8Path, Utf8PathBuf};

/// The sections that an include brings in.
const ROOMS: [&str; 6] = ["services", "volumes", "networks", "secrets", "configs", "models"];

/// Maximum depth of includes.
const MAX_DEPTH: usize = 64;

/// Maximum number of files that one manifest includes.
const MAX_FILES: usize = 1000;

/// One entry of `include`.
struct IncludeEntry {
    paths: Vec<Node>,
    project_directory: Option<Node>,
    env_files: Vec<Node>,
    origin: Origin,
}

/// Merges the included manifests into the document.
pub(super) fn apply(document: &mut Node, scope: &LoadScope, loader: &mut ModelLoader<'_, '_>) {
    let Some(root) = document.as_mapping_mut() else { return };
    let Some(list) = root.remove("include") else { return };
    let origin = list.value.origin;
    let entries = match list.value.value {
        NodeValue::Null => return,
        NodeValue::Sequence(entries) => entries,
        other => {
            let message = format!("`include` must be a list, not {}", other.kind());
            let help = "write `include: [PATH]`";
            return loader.cx.report(
                Diagnostic::new(&rule::INCLUDE_SYNTAX, message).at(origin).key("include").help(help),
            );
        }
    };
    for entry in entries {
        if entry.is_null() {
            continue;
        }
        let by = entry.origin;
        let Some(wanted) = wanted(entry, loader) else { continue };
        let Some(imported) = include(wanted, scope, loader) else {
            loader.incomplete = true;
            continue;
        };
        import(imported, root, by, loader);
    }
}

fn wanted(entry: Node, loader: &mut ModelLoader<'_, '_>) -> Option<IncludeEntry> {
    let origin = entry.origin;
    let mut wanted =
        IncludeEntry { paths: Vec::new(), project_directory: None, env_files: Vec::new(), origin };
    match entry.value {
        NodeValue::String(_) => wanted.paths.push(entry),
        NodeValue::Mapping(mapping) => {
            for MappingEntry { key, value } in mapping {
                match &*key.text {
                    "path" => wanted.paths = texts(value, "path", loader)?,
                    "env_file" => wanted.env_files = texts(value, "env_file", loader)?,
                    "project_directory" => {
                        let value = whole_as_text(value);
                        let listed = matches!(value.value, NodeValue::Sequence(_));
                        let origin = value.origin;
                        wanted.project_directory = texts(value, "project_directory", loader)?.pop();
                        if listed {
                            bad_syntax(
                                "`include.project_directory` must be a string".to_owned(),
                                origin,
                                loader,
                            );
                            return None;
                        }
                    }
                    _ => {}
                }
            }
        }
        other => {
            let message = format!("an entry of `include` must be a path or a mapping, not {}", other.kind());
            bad_syntax(message, origin, loader);
            return None;
        }
    }
    Some(wanted)
}

/// An integer is read as its digits.
fn whole_as_text(node: Node) -> Node {
    match &node.value {
        NodeValue::Integer(number) => Node { value: NodeValue::String(number.to_string().into()), ..node },
        _ => node,
    }
}

/// A string, or a list of strings.
fn texts(node: Node, key: &str, loader: &mut ModelLoader<'_, '_>) -> Option<Vec<Node>> {
    let origin = node.origin;
    let items = match node.value {
        NodeValue::Null => Vec::new(),
        NodeValue::Sequence(items) => items,
        value => vec![Node { value, ..node }],
    };
    if items.iter().all(|item| item.as_str().is_some()) {
        return Some(items);
    }
    bad_syntax(format!("`include.{key}` must be a string"), origin, loader);
    None
}

fn bad_syntax(message: String, origin: Origin, loader: &mut ModelLoader<'_, '_>) {
    loader.cx.report(Diagnostic::new(&rule::INCLUDE_SYNTAX, message).at(origin).key("include").help(
        "write `include: [PATH]`, or `include: [{ path: PATH, project_directory: DIR, env_file: FILE }]`",
    ));
}

/// The model of one entry.
fn include(wanted: IncludeEntry, scope: &LoadScope, loader: &mut ModelLoader<'_, '_>) -> Option<Node> {
    let absolute = |path: &Node| normalise(&scope.directory.join(path.as_str().unwrap_or_default()));
    if let Some(path) = wanted.paths.iter().find(|path| path.as_str().is_some_and(is_remote)) {
        loader.cx.report(remote(path.as_str().unwrap_or_default(), path.origin));
        return None;
    }
    let first = wanted.paths.first().map(&absolute);
    bounds(first.as_deref(), &wanted, scope, loader)?;
    let (directory, base) = directories(&wanted, first.as_deref(), scope, loader);
    let environment = environment(&wanted, &directory, scope, loader)?;
    let mut files = Vec::with_capacity(wanted.paths.len());
    for path in &wanted.paths {
        loader.included += 1;
        files.push(loader.read(absolute(path), path.origin));
    }
    let scope = LoadScope {
        directory,
        base: Some(base),
        environment,
        deferred: scope.deferred.clone(),
        including: scope.including.clone(),
    };
    Some(loader.model(files, &scope))
}

/// Rejects cycles and unbounded chains.
fn bounds(
    first: Option<&Utf8Path>,
    wanted: &IncludeEntry,
    scope: &LoadScope,
    loader: &mut ModelLoader<'_, '_>,
) -> Option<()> {
    let cycle = first.is_some_and(|first| scope.including.iter().any(|path| path == first));
    let diagnostic = if cycle {
        let chain: Vec<String> =
            scope.including.iter().map(|path| loader.cx.shown(path).into_string()).collect();
        Diagnostic::new(&rule::INCLUDE_CYCLE, "the file includes itself")
            .note(format!("included by {}", chain.join(", then ")))
            .help("move the shared part to a third file")
    } else if scope.including.len() > MAX_DEPTH || loader.included >= MAX_FILES {
        Diagnostic::new(&rule::INCLUDE_DEPTH, "too many nested includes")
            .help(format!("include at most {MAX_FILES} files, at most {MAX_DEPTH} levels deep"))
    } else {
        return Some(());
    };
    loader.cx.report(diagnostic.at(wanted.origin).key("include"));
    None
}

/// The included project's directory: absolute, and relative to the including one.
fn directories(
    wanted: &IncludeEntry,
    first: Option<&Utf8Path>,
    scope: &LoadScope,
    loader: &ModelLoader<'_, '_>,
) -> (Utf8PathBuf, String) {
    let given = wanted.project_directory.as_ref().and_then(Node::as_str).filter(|path| !path.is_empty());
    match given {
        Some(given) if given.starts_with('/') => (given.into(), given.to_owned()),
        Some(given) => {
            (normalise(&scope.directory.join(given)), directory_of(given, &scope.directory, loader.cx))
        }
        None => {
            let parent = first.and_then(Utf8Path::parent).unwrap_or(&scope.directory);
            (parent.to_owned(), relative(parent, &scope.directory))
        }
    }
}

/// The including project's variables, then those of the include's env files or its `.env`.
fn environment(
    wanted: &IncludeEntry,
    directory: &Utf8Path,
    scope: &LoadScope,
    loader: &mut ModelLoader<'_, '_>,
) -> Option<super::ProjectVariables> {
    let mut files: Vec<Utf8PathBuf> = wanted
        .env_files
        .iter()
        .map(|path| normalise(&scope.directory.join(path.as_str().unwrap_or_default())))
        .collect();
    let origin = wanted.env_files.first().map_or(wanted.origin, |file| file.origin);
    let default = directory.join(".env");
    if files.is_empty() && loader.cx.world.kind(&default) == Some(PathKind::File) {
        files.push(default);
    }
    let mut environment = scope.environment.clone();
    for (name, variable) in read_dotenv(&files, origin, &scope.environment, loader.cx)? {
        environment.set_default(name, variable);
    }
    Some(environment)
}

/// Adds the included definitions; existing ones must be identical.
fn import(imported: Node, root: &mut Mapping, by: Origin, loader: &mut ModelLoader<'_, '_>) {
    let NodeValue::Mapping(mut imported) = imported.value else { return };
    for room in ROOMS {
        let Some(MappingEntry { key, value }) = imported.remove(room) else { continue };
        let NodeValue::Mapping(resources) = value.value else { continue };
        if !root.contains_key(room) {
            let empty = Node::new(NodeValue::Mapping(Mapping::new()), value.origin);
            root.insert(MappingKey { text: key.text.clone(), origin: key.origin }, empty);
        }
        let Some(own) = root.get_mut(room).and_then(Node::as_mapping_mut) else { continue };
        for MappingEntry { key, mut value } in resources {
            match own.entry(&key.text) {
                Some(known) if same(&known.value, &value) => {}
                Some(known) => {
                    let origin = known.key.origin;
                    conflict(room, &key, origin, by, loader);
                }
                None => {
                    mark(&mut value, by, loader);
                    own.insert(key, value);
                }
            }
        }
    }
}

fn conflict(room: &str, key: &MappingKey, own: Origin, by: Origin, loader: &mut ModelLoader<'_, '_>) {
    let message = format!("`{room}.{}` is defined differently in an included file", key.text);
    let mut diagnostic = Diagnostic::new(&rule::INCLUDE_CONFLICT, message)
        .label(own, "defined here")
        .label(key.origin, "and here")
        .label(by, "included here")
        .key(format!("{room}.{}", key.text));
    if room == "services" {
        diagnostic = diagnostic.service(&*key.text);
    }
    loader.cx.report(diagnostic.help(
        "rename one of them; to change an included definition, list a second file under the include's `path`",
    ));
}

fn mark(node: &mut Node, by: Origin, loader: &mut ModelLoader<'_, '_>) {
    node.origin = loader.cx.sources.record(Provenance::Include { by, of: node.origin });
    match &mut node.value {
        NodeValue::Sequence(items) => items.iter_mut().for_each(|item| mark(item, by, loader)),
        NodeValue::Mapping(mapping) => mapping.values_mut().for_each(|(_, value)| mark(value, by, loader)),
        _ => {}
    }
}

/// Whether two values are equal, regardless of their origins.
fn same(left: &Node, right: &Node) -> bool {
    match (&left.value, &right.value) {
        (NodeValue::Sequence(left), NodeValue::Sequence(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (NodeValue::Mapping(left), NodeValue::Mapping(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|entry| right.get(&entry.key.text).is_some_and(|value| same(&entry.value, value)))
        }
        (left, right) => left == right,
    }
}
