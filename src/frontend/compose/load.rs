//! The pipeline from files to one resolved manifest.
//!
//! In: options and a world. Out: a sealed [`Manifest`]. The order of the stages is compose-go's
//! (`loader/loader.go`), as its results show. Invariant: a stage reports every error it finds and
//! continues with what is valid. Only a file that cannot be read at all ends the run early.

use super::discover::{DiscoveredFiles, discover};
use super::limits::LoadBudget;
use super::reset::{self, ResetPaths};
use super::{
    LoadContext, LoadOptions, Manifest, NodeTable, ProjectContext, ProjectVariables, canonical, consistency,
    defaults, env, extends, include, interpolate, merge, normalise, paths, profiles, project_name, schema,
    typed,
};
use crate::diagnostic::{Diagnostic, Diagnostics, rules::file as rule};
use crate::source::{FileId, Origin, Sources, Span, VariableSource};
use crate::world::World;
use crate::yaml::{self, Mapping, Node, NodeValue};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads and resolves the files that the options name. Returns `None` if an error was reported.
pub fn load(
    options: &LoadOptions,
    world: &dyn World,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Manifest> {
    let errors = diagnostics.error_count();
    load_as_far(options, world, sources, diagnostics).filter(|_| diagnostics.error_count() == errors)
}

/// The same, as far as it can be read: after an error the manifest serves to find further ones, and for nothing else.
pub fn load_as_far(
    options: &LoadOptions,
    world: &dyn World,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Manifest> {
    let mut cx = LoadContext {
        options,
        world,
        sources,
        diagnostics,
        variables: BTreeMap::new(),
        budget: LoadBudget::default(),
        read: BTreeMap::new(),
    };
    let manifest = load_in(&mut cx);
    diagnostics.place(sources);
    manifest
}

fn load_in(cx: &mut LoadContext<'_>) -> Option<Manifest> {
    let found = discover(cx)?;
    let files = read_all(&found, cx);
    let found_beside = found.override_file.as_ref();
    let override_file = files.iter().find(|file| Some(&file.path) == found_beside).map(|file| file.id);
    let mut project = project(found, &files, cx)?;
    if cx.options.no_interpolate {
        project.environment = project.environment.only("COMPOSE_PROJECT_NAME");
    }
    let deferred = deferred(&files, cx.options);
    let ids: Vec<FileId> = files.iter().map(|file| file.id).collect();
    let mut loader =
        ModelLoader { cx, incomplete: files.iter().any(|file| file.documents.is_none()), included: 0 };
    let base = if loader.cx.options.no_path_resolution { None } else { Some(project.directory.to_string()) };
    let scope = LoadScope {
        directory: project.directory.clone(),
        base,
        environment: project.environment.clone(),
        deferred,
        including: Vec::new(),
    };
    let mut root = loader.model(files, &scope);
    if loader.incomplete {
        return None;
    }
    let cx = loader.cx;
    if root.as_mapping().is_none_or(Mapping::is_empty) {
        if !cx.diagnostics.has_errors() {
            let start = ids.first().map_or(Origin::NOWHERE, |id| cx.sources.read_at(Span::new(*id, 0, 0)));
            let message = "the Compose file is empty";
            cx.report(Diagnostic::new(&rule::EMPTY, message).at(start).help("define at least one service"));
        }
        return None;
    }
    if !cx.options.no_normalize {
        normalise::normalise(&mut root, &project, cx);
    }
    let mut inactive = Vec::new();
    let profiles = profiles::named(&root);
    if !cx.options.no_interpolate {
        inactive = resolve(&mut root, &mut project, cx);
    }
    let nodes = NodeTable::seal(&mut root);
    Some(Manifest {
        name: project.name,
        name_origin: project.name_origin,
        directory: project.directory,
        files: ids,
        override_file,
        root,
        nodes,
        variables: std::mem::take(&mut cx.variables),
        inactive,
        profiles,
        environment: project.environment,
    })
}

/// From the merged model to the active one: types, profiles, references, env files, selection.
fn resolve(root: &mut Node, project: &mut ProjectContext, cx: &mut LoadContext<'_>) -> Vec<Arc<str>> {
    typed::bind(root, project, cx);
    let mut services = profiles::divide(root, &project.profiles);
    if !cx.options.no_consistency {
        consistency::check(root, &services.inactive(), cx);
    }
    env::resolve(root, project, cx);
    services.select(root, project, cx);
    if !cx.options.no_consistency && !cx.options.no_env_resolution {
        consistency::container_names(root, cx);
    }
    if !cx.options.all_resources {
        profiles::drop_unused(root, cx);
    }
    services.inactive()
}

/// A requested Compose file, and its content as far as it could be read.
pub(super) struct RequestedFile {
    path: Utf8PathBuf,
    id: FileId,
    documents: Option<Vec<Node>>,
}

/// Reads and parses every file, even if one of them is invalid.
fn read_all(found: &DiscoveredFiles, cx: &mut LoadContext<'_>) -> Vec<RequestedFile> {
    let paths = found.files.iter().cloned();
    let overlays = cx.options.overlays.iter().map(|path| found.directory.join(path));
    let all: Vec<Utf8PathBuf> = paths.chain(overlays).collect();
    all.into_iter().map(|path| read(path, Origin::NOWHERE, cx)).collect()
}

/// Reads and parses one file.
fn read(path: Utf8PathBuf, wanted: Origin, cx: &mut LoadContext<'_>) -> RequestedFile {
    let stdin = cx.options.stdin.clone().filter(|_| path == "-");
    let id = match stdin {
        Some(bytes) => cx.add_text(Utf8PathBuf::from("<stdin>"), bytes),
        None => cx.read_file(&path, wanted, "Compose file"),
    };
    match id {
        Some(id) => {
            let documents =
                cx.has_room(id, wanted).then(|| yaml::parse(id, cx.sources, cx.diagnostics)).flatten();
            RequestedFile { path, id, documents }
        }
        None => {
            let id = cx.sources.add_file(&path, String::new());
            RequestedFile { path, id, documents: None }
        }
    }
}

fn project(
    found: DiscoveredFiles,
    files: &[RequestedFile],
    cx: &mut LoadContext<'_>,
) -> Option<ProjectContext> {
    let documents = files.iter().filter_map(|file| file.documents.as_ref()).flatten();
    let (name, name_origin) = project_name::settle(&found, documents, cx)?;
    let DiscoveredFiles { directory, mut environment, profiles, .. } = found;
    let source = VariableSource::Computed("COMPOSE_PROJECT_NAME".into());
    environment.set("COMPOSE_PROJECT_NAME", super::SourcedValue { value: name.clone(), source });
    Some(ProjectContext { name, name_origin, directory, environment, profiles })
}

/// The variables that may be unset, according to any of the files.
fn deferred(files: &[RequestedFile], options: &LoadOptions) -> Arc<BTreeSet<String>> {
    let Some(find) = options.deferred else { return Arc::default() };
    let documents = files.iter().filter_map(|file| file.documents.as_ref()).flatten();
    Arc::new(documents.flat_map(find).collect())
}

/// What applies to the files of one project, or of one include.
#[derive(Clone)]
pub(super) struct LoadScope {
    /// The absolute directory where relative paths of `extends` and `include` start.
    pub(super) directory: Utf8PathBuf,
    /// The directory that paths are resolved against, absolute or relative to the including file's; unset to keep
    /// them.
    pub(super) base: Option<String>,
    /// The variables for interpolation.
    pub(super) environment: ProjectVariables,
    /// Variables that may be unset.
    pub(super) deferred: Arc<BTreeSet<String>>,
    /// The files that include this one, outermost first.
    pub(super) including: Vec<Utf8PathBuf>,
}

/// Loads models: the project's own, and those of its includes.
pub(super) struct ModelLoader<'a, 'b> {
    pub(super) cx: &'a mut LoadContext<'b>,
    /// Whether a file or a base could not be read. Anything missing is then not reported as an error of its own.
    pub(super) incomplete: bool,
    /// Number of files included so far.
    pub(super) included: usize,
}

impl ModelLoader<'_, '_> {
    /// Reads the files that an include names.
    pub(super) fn read(&mut self, path: Utf8PathBuf, wanted: Origin) -> RequestedFile {
        let file = read(path, wanted, self.cx);
        self.incomplete |= file.documents.is_none();
        file
    }

    /// Merges files, and adds defaults and resolves paths.
    pub(super) fn model(&mut self, files: Vec<RequestedFile>, scope: &LoadScope) -> Node {
        let mut root = Node::new(NodeValue::Mapping(Mapping::new()), Origin::NOWHERE);
        for file in files {
            let mut scope = scope.clone();
            scope.including.push(file.path.clone());
            for document in file.documents.unwrap_or_default() {
                root = self.document(root, document, &file.path, &scope);
            }
        }
        defaults::apply(&mut root, self.cx);
        consistency::validate(&root, self.cx);
        if let Some(base) = &scope.base {
            paths::resolve(&mut root, base, self.cx);
        }
        let project = ProjectContext { environment: scope.environment.clone(), ..ProjectContext::default() };
        normalise::environment(&mut root, &project, self.cx);
        env::contents(&mut root, &scope.environment, self.cx);
        root
    }

    /// Merges one document onto the previous ones.
    fn document(&mut self, root: Node, document: Node, path: &Utf8Path, scope: &LoadScope) -> Node {
        let Some((mut document, resets)) = self.prepare(document, scope) else { return root };
        extends::apply(&mut document, path, &resets, scope, self);
        let mut root = root;
        resets.apply(&mut root);
        include::apply(&mut document, scope, self);
        let mut root = merge::merge(root, document, &[], self.cx);
        merge::unicity(&mut root, self.cx);
        schema::check(&mut root, self.cx);
        drop_version(&mut root, self.cx);
        let mut root = canonical::transform(root, self.cx);
        merge::unicity(&mut root, self.cx);
        root
    }

    /// A document without `!reset`, and interpolated.
    fn prepare(&mut self, mut document: Node, scope: &LoadScope) -> Option<(Node, ResetPaths)> {
        let resets = reset::collect(&mut document);
        if !matches!(document.value, NodeValue::Mapping(_)) {
            let message = format!("a Compose file must be a mapping, not {}", document.value.kind());
            let help = "start with `services:`; delete a `---` that nothing follows";
            self.cx.report(Diagnostic::new(&rule::NOT_A_MAPPING, message).at(document.origin).help(help));
            self.incomplete = true;
            return None;
        }
        if !self.cx.options.no_interpolate {
            interpolate::interpolate(&mut document, &scope.environment, &scope.deferred, self.cx);
        }
        Some((document, resets))
    }

    /// A file that a service extends, merged and in long syntax, with its own `extends` still in it.
    pub(super) fn extended_file(
        &mut self,
        path: &Utf8Path,
        wanted: Origin,
        scope: &LoadScope,
    ) -> Option<(Node, ResetPaths)> {
        let file = self.read(path.to_owned(), wanted);
        let mut root = Node::new(NodeValue::Mapping(Mapping::new()), Origin::NOWHERE);
        let mut last = ResetPaths::default();
        for document in file.documents? {
            let (document, resets) = self.prepare(document, scope)?;
            resets.apply(&mut root);
            root = merge::merge(root, document, &[], self.cx);
            merge::unicity(&mut root, self.cx);
            if !canonical::kinds::check(&root, self.cx) {
                return None;
            }
            root = canonical::transform(root, self.cx);
            merge::unicity(&mut root, self.cx);
            last = resets;
        }
        Some((root, last))
    }
}

/// Removes the obsolete `version`.
fn drop_version(root: &mut Node, cx: &mut LoadContext<'_>) {
    let Some(entry) = root.as_mapping_mut().and_then(|root| root.remove("version")) else { return };
    let message = "the key `version` is obsolete and ignored";
    cx.report(
        Diagnostic::new(&rule::OBSOLETE_VERSION, message)
            .at(entry.key.origin)
            .key("version")
            .help("delete the line"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::MemoryWorld;

    /// The sealed manifest, or the names of the rules that were violated.
    fn load_from(world: &MemoryWorld, options: &LoadOptions) -> Result<Manifest, Vec<&'static str>> {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        load(options, world, &mut sources, &mut diagnostics)
            .ok_or_else(|| diagnostics.iter().map(|diagnostic| diagnostic.rule.name).collect())
    }

    fn text<'a>(manifest: &'a Manifest, path: &[&str]) -> &'a str {
        manifest.root.at(path).and_then(Node::as_str).unwrap_or("?")
    }

    #[test]
    fn files_merge_and_variables_are_filled_in() {
        let world = MemoryWorld::new()
            .file("compose.yaml", "services: { web: { image: 'nginx:${TAG:-1}', environment: { A: $A } } }")
            .file("compose.override.yaml", "services: { web: { hostname: !override h } }")
            .file(".env", "TAG=2\nA=x$TAG\n");
        let manifest = load_from(&world, &LoadOptions::default()).unwrap();
        assert_eq!(&*manifest.name, "project");
        assert_eq!(text(&manifest, &["services", "web", "image"]), "nginx:2");
        assert_eq!(text(&manifest, &["services", "web", "environment", "A"]), "x2");
        assert_eq!(text(&manifest, &["services", "web", "hostname"]), "h");
    }

    #[test]
    fn extends_reads_other_files_from_their_directory() {
        let world = MemoryWorld::new()
            .file("compose.yaml", "services: { web: { extends: { file: base/b.yaml, service: b } } }")
            .file("base/b.yaml", "services: { b: { extends: c }, c: { build: ./app, profiles: [p] } }");
        let options = LoadOptions { profiles: vec!["p".to_owned()], ..LoadOptions::default() };
        let manifest = load_from(&world, &options).unwrap();
        assert_eq!(text(&manifest, &["services", "web", "build", "context"]), "/project/base/app");
        let manifest = load_from(&world, &LoadOptions::default()).unwrap();
        assert_eq!(manifest.inactive, ["web".into()]);
    }

    #[test]
    fn includes_have_a_directory_and_variables_of_their_own() {
        let world = MemoryWorld::new()
            .file("compose.yaml", "include: [sub/inc.yaml]\nservices: { a: { image: i, depends_on: [b] } }")
            .file("sub/inc.yaml", "services: { b: { image: '$IMAGE', volumes: ['./d:/d'] } }")
            .file("sub/.env", "IMAGE=own\n");
        let manifest = load_from(&world, &LoadOptions::default()).unwrap();
        assert_eq!(text(&manifest, &["services", "b", "image"]), "own");
        let volumes = manifest.root.at(&["services", "b", "volumes"]).and_then(Node::as_sequence).unwrap();
        assert_eq!(volumes[0].get("source").and_then(Node::as_str), Some("/project/sub/d"));
    }

    #[test]
    fn faults_have_their_rules() {
        for (text, rules) in [
            ("", vec!["file/empty"]),
            ("- a", vec!["file/not-a-mapping"]),
            ("services: { a: { extends: b, image: x } }", vec!["extends/unknown-service"]),
            ("services: { a: { extends: b }, b: { extends: a } }", vec!["extends/cycle"]),
            ("include: [none.yaml]", vec!["file/not-read"]),
            ("include: [compose.yaml]", vec!["include/cycle"]),
            (
                "services: { a: { image: '${A?}', hostname: '${' } }",
                vec!["interpolation/required", "interpolation/malformed"],
            ),
            ("services: { a: { image: x, env_file: none } }", vec!["env-file/missing"]),
        ] {
            let world = MemoryWorld::new().file("compose.yaml", text);
            assert_eq!(load_from(&world, &LoadOptions::default()).err(), Some(rules), "{text}");
        }
    }
}
