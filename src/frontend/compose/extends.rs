//! `extends`: merges a service onto another one, from the same file or a different one.
//!
//! In: one interpolated document. Out: the document with every `extends` resolved; the base's values
//! carry [`Provenance::Extends`]. Source: compose-go's `loader/extends.go`. A relative path in the base's file
//! starts in that file's directory, and is rewritten relative to the project directory.

use super::load::{LoadScope, ModelLoader};
use super::reset::ResetPaths;
use super::{LoadContext, merge, paths};
use crate::diagnostic::{Diagnostic, rules::file, rules::reuse as rule, suggest};
use crate::source::{Origin, Provenance};
use crate::world::{PathKind, normalise};
use crate::yaml::{Mapping, Node, NodeValue};
use camino::{Utf8Path, Utf8PathBuf};
use std::sync::Arc;

/// Maximum length of a chain of services.
const MAX_DEPTH: usize = 200;

/// Resolves every `extends` of a document.
pub(super) fn apply(
    root: &mut Node,
    path: &Utf8Path,
    resets: &ResetPaths,
    scope: &LoadScope,
    loader: &mut ModelLoader<'_, '_>,
) {
    let Some(root) = root.as_mapping_mut() else { return };
    let Some(section) = root.get_mut("services") else { return };
    let origin = section.origin;
    let NodeValue::Mapping(services) = &mut section.value else {
        let message = format!("`services` must be a mapping, not {}", section.value.kind());
        let help = "list the services under it, with their names as keys";
        loader
            .cx
            .report(Diagnostic::new(&file::NOT_A_MAPPING, message).at(origin).key("services").help(help));
        root.remove("services");
        return;
    };
    services.retain(|entry| well_formed(&entry.key.text, &entry.value, loader.cx));
    let names: Vec<Arc<str>> = services
        .iter()
        .filter(|entry| entry.value.get("extends").is_some())
        .map(|entry| entry.key.text.clone())
        .collect();
    if names.is_empty() {
        return;
    }
    let document = ExtendedDocument {
        path: path.to_owned(),
        services: std::mem::take(services),
        resets: resets.clone(),
    };
    let mut chain = ExtendsChain { scope, loader, documents: vec![Some(document)], open: Vec::new() };
    for name in names {
        let errors = chain.loader.cx.diagnostics.error_count();
        chain.resolve(0, &name);
        // Without its base, a service would be reported for keys that the base defines.
        chain.loader.incomplete |= chain.loader.cx.diagnostics.error_count() > errors;
    }
    if let Some(Some(document)) = chain.documents.into_iter().next() {
        *services = document.services;
    }
}

/// Reports a service that is neither a mapping nor null.
fn well_formed(name: &str, service: &Node, cx: &mut LoadContext<'_>) -> bool {
    if matches!(service.value, NodeValue::Mapping(_) | NodeValue::Null) {
        return true;
    }
    let message = format!("service `{name}` must be a mapping, not {}", service.value.kind());
    cx.report(
        Diagnostic::new(&file::NOT_A_MAPPING, message)
            .at(service.origin)
            .service(name)
            .key(format!("services.{name}"))
            .help("write its keys under it, such as `image`"),
    );
    false
}

/// A file whose services others extend.
struct ExtendedDocument {
    path: Utf8PathBuf,
    services: Mapping,
    resets: ResetPaths,
}

/// A service being resolved.
struct OpenService {
    document: usize,
    name: Arc<str>,
    origin: Origin,
}

struct ExtendsChain<'a, 'b, 'c> {
    scope: &'a LoadScope,
    loader: &'a mut ModelLoader<'b, 'c>,
    /// The document itself, then every extended file; `None` for a file that failed.
    documents: Vec<Option<ExtendedDocument>>,
    open: Vec<OpenService>,
}

/// The parsed value of an `extends`.
struct ExtendsRequest {
    service: Arc<str>,
    service_origin: Origin,
    file: Option<Node>,
    by: Origin,
}

impl ExtendsChain<'_, '_, '_> {
    fn service(&mut self, document: usize, name: &str) -> Option<&mut Node> {
        self.documents.get_mut(document)?.as_mut()?.services.get_mut(name)
    }

    /// Merges the service onto its base and removes its `extends`.
    fn resolve(&mut self, document: usize, name: &Arc<str>) {
        let Some(service) = self.service(document, name).and_then(Node::as_mapping_mut) else { return };
        let Some(extends) = service.remove("extends") else { return };
        let Some(wanted) = self.wanted(name, extends.value.clone()) else { return };
        self.open.push(OpenService { document, name: name.clone(), origin: wanted.by });
        if !self.extend(document, name, &wanted)
            && let Some(service) = self.service(document, name).and_then(Node::as_mapping_mut)
        {
            // As in Docker Compose, an empty base leaves the `extends` key in place.
            service.insert(extends.key, extends.value);
        }
        self.open.pop();
    }

    /// Returns false if the base exists but is empty.
    fn extend(&mut self, document: usize, name: &Arc<str>, wanted: &ExtendsRequest) -> bool {
        let base_document = match &wanted.file {
            None => document,
            Some(path) => match self.document(path) {
                Some(found) => found,
                None => return true,
            },
        };
        if self.is_cycle(base_document, wanted) || !self.exists(base_document, name, wanted) {
            return true;
        }
        self.resolve(base_document, &wanted.service);
        let Some(nodes) = self.service(base_document, &wanted.service).map(|base| size(base)) else {
            return true;
        };
        if !self.loader.cx.budget.nodes(nodes) {
            self.too_large(&wanted.service, wanted.by);
            return true;
        }
        let Some(base) = self.service(base_document, &wanted.service).cloned() else { return true };
        if !well_formed(&wanted.service, &base, self.loader.cx) {
            return true;
        }
        if base.is_null() {
            return false;
        }
        let mut base = inherited(base, wanted.by, self.loader.cx);
        if let Some(Some(own)) = self.documents.get(document) {
            own.resets.apply_to_service(name, &mut base);
        }
        let Some(service) = self.service(document, name).map(std::mem::take) else { return true };
        let merged = merge::merge(base, service, &["services", name], self.loader.cx);
        if let Some(place) = self.service(document, name) {
            *place = merged;
        }
        true
    }

    fn too_large(&mut self, base: &str, by: Origin) {
        if self.loader.cx.budget.is_first_report() {
            let message =
                format!("`extends` copies too much: `{base}` and other services exceed the limit together");
            self.loader.cx.report(
                Diagnostic::new(&rule::EXTENDS_SIZE, message)
                    .at(by)
                    .help("move the shared part to a smaller service, or to an env file"),
            );
        }
    }

    fn wanted(&mut self, name: &str, extends: Node) -> Option<ExtendsRequest> {
        let by = extends.origin;
        let (service, file) = match extends.value {
            NodeValue::Mapping(mut mapping) => {
                let file = mapping.remove("file").map(|entry| entry.value).filter(|file| !file.is_null());
                (mapping.remove("service").map(|entry| entry.value), file)
            }
            _ => (Some(extends), None),
        };
        let file_fits = file.as_ref().is_none_or(|file| file.as_str().is_some());
        match service {
            Some(Node { value: NodeValue::String(text), origin, .. }) if file_fits => {
                Some(ExtendsRequest { service: text, service_origin: origin, file, by })
            }
            _ => {
                let message = format!("service `{name}`: `extends` does not name a service");
                self.loader.cx.report(
                    Diagnostic::new(&rule::EXTENDS_SYNTAX, message)
                        .at(by)
                        .service(name)
                        .key(format!("services.{name}.extends"))
                        .help("write `extends: { service: NAME }`, with `file: PATH` for another file"),
                );
                None
            }
        }
    }

    fn is_cycle(&mut self, document: usize, wanted: &ExtendsRequest) -> bool {
        let again =
            self.open.iter().position(|open| open.document == document && open.name == wanted.service);
        if again.is_none() && self.open.len() < MAX_DEPTH {
            return false;
        }
        if again.is_none() {
            let message = format!("the chain of `extends` is longer than {MAX_DEPTH} services");
            let diagnostic = Diagnostic::new(&rule::EXTENDS_DEPTH, message)
                .at(wanted.service_origin)
                .service(&*wanted.service)
                .help("extend the shared service directly");
            self.loader.cx.report(diagnostic);
            return true;
        }
        let message = format!("service `{}` extends itself through other services", wanted.service);
        let mut diagnostic = Diagnostic::new(&rule::EXTENDS_CYCLE, message)
            .label(wanted.service_origin, "leads back here")
            .service(&*wanted.service);
        for open in self.open.iter().skip(again.unwrap_or_default()) {
            if open.origin != wanted.service_origin {
                diagnostic = diagnostic.label(open.origin, format!("`{}` extends this", open.name));
            }
        }
        self.loader.cx.report(diagnostic.help("move the shared part to a service that extends nothing"));
        true
    }

    fn exists(&mut self, document: usize, name: &str, wanted: &ExtendsRequest) -> bool {
        let Some(Some(base)) = self.documents.get(document) else { return false };
        if base.services.contains_key(&wanted.service) {
            return true;
        }
        let known: Vec<Arc<str>> = base.services.iter().map(|entry| entry.key.text.clone()).collect();
        let shown = self.loader.cx.shown(&base.path);
        let message = format!("service `{name}` extends `{}`, which {shown} does not define", wanted.service);
        let suggestion = suggest::closest(&wanted.service, known.iter().map(|name| &**name));
        let help = match suggestion {
            Some(near) => format!("did you mean `{near}`?"),
            None => "correct the name or `file`".to_owned(),
        };
        self.loader.cx.report(
            Diagnostic::new(&rule::EXTENDS_UNKNOWN, message)
                .at(wanted.service_origin)
                .service(name)
                .key(format!("services.{name}.extends"))
                .help(help),
        );
        false
    }

    /// The document of a file, read only once.
    fn document(&mut self, path: &Node) -> Option<usize> {
        let named = path.as_str()?;
        if is_remote(named) {
            self.loader.cx.report(remote(named, path.origin));
            return None;
        }
        let absolute = normalise(&self.scope.directory.join(named));
        let known = |document: &Option<ExtendedDocument>| {
            document.as_ref().is_some_and(|document| document.path == absolute)
        };
        // If the document names itself as `file`, it is read again: changes made to it so far do not count.
        if let Some(at) = self.documents.iter().skip(1).position(known) {
            return Some(at + 1);
        }
        let document = self.read(absolute, path)?;
        self.documents.push(Some(document));
        Some(self.documents.len() - 1)
    }

    fn read(&mut self, absolute: Utf8PathBuf, path: &Node) -> Option<ExtendedDocument> {
        let (mut root, resets) = self.loader.extended_file(&absolute, path.origin, self.scope)?;
        let Some(NodeValue::Mapping(_)) = root.get("services").map(|services| &services.value) else {
            let shown = self.loader.cx.shown(&absolute);
            self.loader.cx.report(
                Diagnostic::new(&rule::EXTENDS_UNKNOWN, format!("{shown} has no services to extend"))
                    .at(path.origin)
                    .help("name a Compose file with a `services` section"),
            );
            return None;
        };
        let base = directory_of(path.as_str().unwrap_or_default(), &self.scope.directory, self.loader.cx);
        paths::resolve(&mut root, &base, self.loader.cx);
        let services = root.as_mapping_mut().and_then(|root| root.remove("services"))?.value.value;
        let NodeValue::Mapping(services) = services else { return None };
        Some(ExtendedDocument { path: absolute, services, resets })
    }
}

/// The directory of a file relative to `from`, where the file's own path starts.
pub(super) fn directory_of(path: &str, from: &Utf8Path, cx: &LoadContext<'_>) -> String {
    let absolute = normalise(&from.join(path));
    let directory = match cx.world.kind(&absolute) {
        Some(PathKind::Directory) => absolute,
        _ => absolute.parent().map(Utf8Path::to_owned).unwrap_or(absolute),
    };
    relative(&directory, from)
}

/// `path` relative to `base`, both absolute: Go's `filepath.Rel`.
pub(super) fn relative(path: &Utf8Path, base: &Utf8Path) -> String {
    let base = normalise(base);
    let shared = path.components().zip(base.components()).take_while(|(left, right)| left == right).count();
    let up = base.components().skip(shared).map(|_| "..");
    let down = path.components().skip(shared).map(|component| component.as_str());
    let steps: Vec<&str> = up.chain(down).collect();
    if steps.is_empty() { ".".to_owned() } else { steps.join("/") }
}

/// Whether the path names a Git repository or a registry.
pub(super) fn is_remote(path: &str) -> bool {
    ["oci://", "git://", "ssh://", "https://", "http://", "git@"]
        .iter()
        .any(|scheme| path.starts_with(scheme))
}

/// The error for a remote file.
pub(super) fn remote(path: &str, origin: Origin) -> Diagnostic {
    Diagnostic::new(&rule::REMOTE, format!("`{path}` is not a local file"))
        .at(origin)
        .help("download it first, and name the local copy")
}

/// The number of values in a node, including itself.
fn size(node: &Node) -> usize {
    match &node.value {
        NodeValue::Sequence(items) => 1 + items.iter().map(size).sum::<usize>(),
        NodeValue::Mapping(mapping) => 1 + mapping.iter().map(|entry| size(&entry.value)).sum::<usize>(),
        _ => 1,
    }
}

/// A base's values, marked with the `extends` they came from.
fn inherited(mut node: Node, by: Origin, cx: &mut LoadContext<'_>) -> Node {
    fn mark(node: &mut Node, by: Origin, cx: &mut LoadContext<'_>) {
        node.origin = cx.sources.record(Provenance::Extends { by, of: node.origin });
        match &mut node.value {
            NodeValue::Sequence(items) => items.iter_mut().for_each(|item| mark(item, by, cx)),
            NodeValue::Mapping(mapping) => mapping.values_mut().for_each(|(_, value)| mark(value, by, cx)),
            _ => {}
        }
    }
    mark(&mut node, by, cx);
    node
}
