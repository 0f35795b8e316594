//! The whole pipeline: load, lower, plan and check, emit, close the ledger.
//!
//! In: a [`CompileRequest`] and a [`World`]. Out: an [`CompileOutcome`] with the diagnostics, and with the artifacts if there
//! was no error. Invariant: nothing is written to disk here.

use crate::cascade::ErrorShadow;
use crate::known_names;
use camino::Utf8PathBuf;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;
use tranship_app::rules;
use tranship_app::{
    Application, ComposeTree, ContainerImage, DeploymentPosture, DispositionCounts, DispositionReport,
    EnvironmentChoice, KeyPaths, KnownSecrets, Ledger, LoweringInput, LoweringPurpose, Settings, report_json,
};
use tranship_facts::ImageReference;
use tranship_frontend::compose::{self, LoadOptions, Manifest, SourcedValue};
use tranship_frontend::diagnostic::{Diagnostic, DiagnosticLabel, Diagnostics, Severity, listed, suggest};
use tranship_frontend::source::{FileId, Origin, Sources, Span, VariableSource};
use tranship_frontend::world::{ProjectFiles, World};
use tranship_frontend::yaml::Node;
use tranship_images::{ContentDigest, ImageLock, LOCK_FILE, LockError};
use tranship_targets::{Compilation, CompiledTarget};

/// The file of an artifact set that accounts for every leaf of the manifest.
pub const REPORT: &str = "report.json";

/// What to compile.
#[derive(Debug, Clone)]
pub struct CompileRequest {
    /// What to read.
    pub options: LoadOptions,
    /// An environment of the manifest, or a target by name.
    pub choice: EnvironmentChoice,
}

/// The digests of images, by their references in the manifest.
pub type ImagePins = BTreeMap<String, ContentDigest>;

/// The result of a compile.
#[derive(Debug)]
pub struct CompileOutcome {
    /// The directory below `dist/` for its artifacts: the environment, otherwise the target.
    pub name: String,
    /// The project, once it is known.
    pub project: Option<ProjectSummary>,
    /// The target, once it is known.
    pub target: Option<&'static str>,
    /// Every file that was read.
    pub sources: Sources,
    /// The override file that was found beside the Compose file and merged, without being named.
    pub override_file: Option<FileId>,
    /// Whether several Compose files were merged.
    pub merged: bool,
    /// The lock file beside the manifest, where there is one.
    pub lock_file: Option<FileId>,
    /// The names of the variables that the manifest reads.
    pub variables: BTreeSet<String>,
    /// All diagnostics.
    pub diagnostics: Diagnostics,
    /// How many leaves ended how, as far as the compile got.
    pub counts: Option<DispositionCounts>,
    /// The account of every leaf, where [`account`] has made it.
    pub report: Option<DispositionReport>,
    /// The artifacts; `None` if there was an error.
    pub compiled: Option<CompiledTarget>,
}

/// What a deployment needs to know of a project beside its artifacts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectSummary {
    /// Its name.
    pub name: String,
    /// Its directory.
    pub directory: Utf8PathBuf,
    /// The services and jobs that are deployed.
    pub services: Vec<String>,
    /// The registry that its images are pushed to; Amazon ECR where none is set.
    pub registry: Option<String>,
    /// The images that are used as they are, by their references.
    pub images: BTreeMap<String, NamedImage>,
    /// The values of late-bound variables: the one known at build time, otherwise the manifest's default.
    pub variables: BTreeMap<String, String>,
    /// Where those values come from.
    pub sources: BTreeMap<String, LateSource>,
}

/// Where the value of a late-bound variable comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LateSource {
    /// `--set`.
    Flag,
    /// The environment of the process.
    Environment,
    /// A file of variables, by its path.
    File(String),
    /// The manifest itself: `${TAG:-latest}`.
    Manifest,
}

/// An image that is used as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedImage {
    /// The services that use it.
    pub services: Vec<String>,
    /// `platform` of the first one that has it.
    pub platform: Option<String>,
    /// The digest that it is deployed by.
    pub pin: Option<ContentDigest>,
    /// Where the manifest names it first.
    pub origin: Origin,
}

impl NamedImage {
    /// Whether the reference names whatever was pushed last.
    pub fn floats(reference: &str) -> bool {
        let parsed = ImageReference::parse(reference);
        parsed.digest.is_none() && parsed.tag.is_none_or(|tag| tag == "latest")
    }
}

/// What the outcome of a compile is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CompilePurpose {
    /// Its artifacts.
    Write,
    /// Its artifacts, and the account of every leaf.
    Account,
    /// Its diagnostics.
    Judge,
    /// What is deployed, and under which names: a late-bound variable without a value has its own name for one, where a target
    /// needs one.
    Identify,
}

/// Compiles a manifest for one environment or target.
pub fn compile(request: &CompileRequest, world: &dyn World) -> CompileOutcome {
    outcome(request, &ImagePins::new(), world, CompilePurpose::Write)
}

/// Compiles, and keeps the account of every leaf.
pub fn account(request: &CompileRequest, world: &dyn World) -> CompileOutcome {
    outcome(request, &ImagePins::new(), world, CompilePurpose::Account)
}

/// Compiles to find out what is wrong: the diagnostics of [`compile`]. Of the artifacts it has what it took to find them.
pub fn judge(request: &CompileRequest, world: &dyn World) -> CompileOutcome {
    outcome(request, &ImagePins::new(), world, CompilePurpose::Judge)
}

/// Compiles with the digests that images have now.
pub fn compile_pinned(request: &CompileRequest, pins: &ImagePins, world: &dyn World) -> CompileOutcome {
    outcome(request, pins, world, CompilePurpose::Write)
}

/// Compiles to find out what is deployed and under which names: no late-bound variable needs a value. Its artifacts may lack
/// [`REPORT`].
pub fn identify(request: &CompileRequest, world: &dyn World) -> CompileOutcome {
    outcome(request, &ImagePins::new(), world, CompilePurpose::Identify)
}

fn outcome(
    request: &CompileRequest,
    pins: &ImagePins,
    world: &dyn World,
    compiled_for: CompilePurpose,
) -> CompileOutcome {
    let name = match &request.choice {
        EnvironmentChoice::Environment(name) | EnvironmentChoice::Target(name) => name.clone(),
    };
    let (sources, diagnostics) = (Sources::new(), Diagnostics::new());
    let mut outcome = CompileOutcome {
        name,
        project: None,
        target: None,
        sources,
        override_file: None,
        merged: false,
        lock_file: None,
        variables: BTreeSet::new(),
        diagnostics,
        counts: None,
        report: None,
        compiled: None,
    };
    let compiled = outcome.run(request, pins, world, compiled_for);
    outcome.diagnostics.place(&mut outcome.sources);
    outcome.compiled = compiled.filter(|_| !outcome.diagnostics.has_errors());
    outcome
}

/// The environments of a manifest as far as it can be read, and the diagnostics of reading it.
pub fn environments(
    options: &LoadOptions,
    world: &dyn World,
) -> (Option<Vec<tranship_app::EnvironmentSummary>>, Sources, Diagnostics) {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let manifest = compose::load_as_far(&late_binding(options), world, &mut sources, &mut diagnostics);
    let found = manifest
        .map(|manifest| tranship_app::environments(&manifest, &sources, &known_names(), &mut diagnostics));
    (found, sources, diagnostics)
}

/// What a delivery pipeline needs to know of a manifest, and the diagnostics of reading it. Every profile counts: tests
/// usually stand behind one.
pub fn delivery(
    options: &LoadOptions,
    world: &dyn World,
) -> (Option<tranship_app::DeliverySummary>, Sources, Diagnostics) {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let options = LoadOptions { profiles: vec!["*".to_owned()], ..late_binding(options) };
    let manifest = compose::load_as_far(&options, world, &mut sources, &mut diagnostics);
    let mut found = manifest
        .map(|manifest| tranship_app::delivery(&manifest, &sources, &known_names(), &mut diagnostics));
    if let Some(found) = &mut found {
        // Read again with each variable as its own value, an image's name shows where they stand.
        let mut named = options;
        named.set.extend(found.late_bound.iter().map(|name| (name.clone(), format!("${{{name}}}"))));
        let (mut sources, mut repeated) = (Sources::new(), Diagnostics::new());
        let again = compose::load_as_far(&named, world, &mut sources, &mut repeated);
        let again =
            again.map(|manifest| tranship_app::delivery(&manifest, &sources, &known_names(), &mut repeated));
        found.composed = again.unwrap_or_default().composed;
    }
    diagnostics.place(&mut sources);
    (found, sources, diagnostics)
}

/// The same options, except that variables the manifest turns into parameters may be unset.
fn late_binding(options: &LoadOptions) -> LoadOptions {
    LoadOptions { deferred: Some(tranship_app::late_bound_names), ..options.clone() }
}

impl CompileOutcome {
    /// The images whose references name whatever was pushed last, and that no lock file pins.
    pub fn floating_images(&self) -> impl Iterator<Item = (&str, &NamedImage)> {
        let images = self.project.iter().flat_map(|project| &project.images);
        let floating = images.filter(|(name, image)| image.pin.is_none() && NamedImage::floats(name));
        floating.map(|(name, image)| (name.as_str(), image))
    }

    fn run(
        &mut self,
        request: &CompileRequest,
        pins: &ImagePins,
        world: &dyn World,
        compiled_for: CompilePurpose,
    ) -> Option<CompiledTarget> {
        let manifest = self.load(request, world)?;
        self.variables = readable_variables(&manifest);
        let lock = self.lock(&manifest, world);
        self.override_file = manifest.override_file;
        self.merged = manifest.files.len() > 1;
        let mut ledger = Ledger::new();
        let (sources, diagnostics) = (&mut self.sources, &mut self.diagnostics);
        let (choice, known) = (&request.choice, &known_names());
        let purpose = match compiled_for {
            CompilePurpose::Write | CompilePurpose::Account | CompilePurpose::Judge => {
                LoweringPurpose::Deploy
            }
            CompilePurpose::Identify => LoweringPurpose::Identify,
        };
        let given = LoweringInput { manifest: &manifest, choice, known, world, purpose, lock: &lock, pins };
        let shadow = ErrorShadow::of(diagnostics, sources);
        let mut found = Diagnostics::new();
        let application = tranship_app::lower(&given, sources, &mut found, &mut ledger);
        shadow.thin(&mut found, sources);
        diagnostics.append(found);
        let mut application = application?;
        let shadow = ErrorShadow::of(diagnostics, sources);
        if let Some(file) = manifest.override_file
            && application.settings.posture() == DeploymentPosture::Prod
        {
            diagnostics.push(override_in_production(file, sources));
        }
        if compiled_for == CompilePurpose::Identify {
            application.assume_late_bound();
        }
        self.project = Some(summary(&manifest, &application, sources));
        let target = tranship_targets::find(&application.environment.target)?;
        self.target = Some(target.name());
        let mut found = Diagnostics::new();
        let keys = KeyPaths::of(&manifest);
        let files = ProjectFiles::new(world, &manifest.directory);
        let compose = ComposeTree::of(&manifest);
        // What holds a known secret is never written, so that all of it is looked through.
        let keeps_artifacts = compiled_for != CompilePurpose::Judge || !application.known_secrets.is_empty();
        let mut cx = Compilation {
            keys,
            compose,
            sources,
            diagnostics: &mut found,
            ledger: &mut ledger,
            files,
            keeps_artifacts,
        };
        let mut compiled = target.compile(&application, &mut cx);
        let (settings, known_secrets) = settings_and_secrets(application);
        let closed = ledger.close(&manifest, sources, target.support(), diagnostics, &mut found);
        // What an error stopped settled nothing below it, and no artifact is made that could lack it.
        if found.iter().any(|one| one.severity == Severity::Error) {
            found.retain(|one| one.rule != &rules::internal::UNACCOUNTED_KEY);
        }
        found.for_each_mut(|diagnostic| {
            diagnostic.target.get_or_insert_with(|| target.name().to_owned());
            place_in(&manifest, diagnostic);
        });
        shadow.thin(&mut found, sources);
        diagnostics.append(found);
        diagnostics.retain(|one| one.severity == Severity::Error || !settings.accepts(one.rule.name));
        if let Some(compiled) = &mut compiled
            && shadow.is_empty()
        {
            // It is as long as a template. Who does not write it only asks whether it would hold a secret.
            let is_written = matches!(compiled_for, CompilePurpose::Write | CompilePurpose::Account);
            if is_written || !known_secrets.is_empty() {
                let rows = closed.rows(&manifest, sources);
                let text = report_json(rows, &compiled.outbound, &compiled.patches);
                add_report(compiled, text, diagnostics);
            }
            if let Some(file) = self.lock_file {
                refuse_lock_secret(file, &known_secrets, sources, diagnostics);
            }
            if !diagnostics.has_errors() {
                refuse_secrets(compiled, &known_secrets, diagnostics);
            }
        }
        if shadow.is_empty() {
            self.counts = Some(closed.counts());
            self.report = (compiled_for == CompilePurpose::Account).then(|| {
                let rows = closed.rows(&manifest, &self.sources).collect();
                let (outbound, patches) = compiled
                    .as_mut()
                    .map(|it| (take(&mut it.outbound), take(&mut it.patches)))
                    .unwrap_or_default();
                DispositionReport { rows, outbound, patches }
            });
        }
        compiled
    }

    /// What the lock file beside the manifest says of images.
    fn lock(&mut self, manifest: &Manifest, world: &dyn World) -> ImageLock {
        let path = manifest.directory.join(LOCK_FILE);
        let Ok(bytes) = world.read(&path) else { return ImageLock::default() };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let parsed = ImageLock::parse(&text);
        let shown = path.strip_prefix(world.current_directory()).unwrap_or(&path).to_owned();
        self.lock_file = Some(self.sources.add_file(&shown, text.clone()));
        parsed.unwrap_or_else(|error| {
            // A line of the file may hold a secret of the image, so it is named and not shown.
            let line = match &error {
                LockError::Unreadable { line, .. } => line_range(&text, *line),
                LockError::Version(_) => 0..0,
            };
            let place = |file| Span::new(file, line.start, line.end);
            let start = self.lock_file.map(|file| self.sources.read_at(place(file)));
            let message = format!("`{shown}` cannot be used: {error}");
            let found = Diagnostic::new(&rules::tranship::INVALID_LOCK, message)
                .at(start.unwrap_or_default())
                .help("run `tranship lock` to write it again");
            self.diagnostics.push(found);
            ImageLock::default()
        })
    }

    /// Loads the manifest, with the environment's own files merged on top.
    fn load(&mut self, request: &CompileRequest, world: &dyn World) -> Option<Manifest> {
        let options = late_binding(&request.options);
        let manifest = compose::load_as_far(&options, world, &mut self.sources, &mut self.diagnostics)?;
        let EnvironmentChoice::Environment(name) = &request.choice else { return Some(manifest) };
        let mut found = Diagnostics::new();
        let known = tranship_app::environments(&manifest, &self.sources, &known_names(), &mut found);
        let Some(environment) = known.iter().find(|environment| environment.name == *name) else {
            self.diagnostics.append(found);
            self.diagnostics.push(unknown_environment(name, &known));
            return None;
        };
        if environment.files.is_empty() {
            return Some(manifest);
        }
        let overlays = environment.files.iter().map(|file| manifest.directory.join(file.peek())).collect();
        (self.sources, self.diagnostics) = (Sources::new(), Diagnostics::new());
        let options = LoadOptions { overlays, no_override: true, ..options };
        compose::load_as_far(&options, world, &mut self.sources, &mut self.diagnostics)
    }
}

fn named_images(application: &Application) -> BTreeMap<String, NamedImage> {
    let mut images: BTreeMap<String, NamedImage> = BTreeMap::new();
    let pulled = application.services.values().filter(|service| service.container.build.is_none());
    for service in pulled {
        let ContainerImage::Named(text) = &service.container.image else { continue };
        let Some(reference) = text.literal().filter(|reference| !reference.is_empty()) else { continue };
        let fresh = || NamedImage { origin: text.origin, ..NamedImage::default() };
        let image = images.entry(reference.to_string()).or_insert_with(fresh);
        image.services.push(service.name.to_string());
        let platform = service.container.platform.as_ref().map(|platform| platform.peek().clone());
        image.platform = image.platform.take().or(platform);
        image.pin = service.container.pin.clone();
    }
    images
}

/// The names that interpolation reads, those that become parameters, and those that containers and secrets get from the
/// environment.
fn readable_variables(manifest: &Manifest) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = manifest.variables.keys().map(ToString::to_string).collect();
    names.extend(tranship_app::late_bound_names(&manifest.root));
    for room in ["services", "secrets", "configs"] {
        let entries = manifest.root.get(room).and_then(Node::as_mapping).into_iter().flatten();
        for environment in entries.filter_map(|entry| entry.value.get("environment")) {
            names.extend(environment.as_str().map(str::to_owned));
            names.extend(
                environment.as_mapping().into_iter().flatten().map(|entry| entry.key.text.to_string()),
            );
        }
    }
    let in_files = |variable: &SourcedValue| matches!(variable.source, VariableSource::File(_));
    names.extend(
        manifest.environment.iter().filter(|(_, value)| in_files(value)).map(|(name, _)| name.to_string()),
    );
    names
}

fn late_source(name: &str, manifest: &Manifest, sources: &Sources) -> LateSource {
    match manifest.environment.get(name).map(|variable| &variable.source) {
        Some(VariableSource::Flag(_)) => LateSource::Flag,
        Some(VariableSource::File(span)) => {
            LateSource::File(sources.file(span.file).map_or_else(String::new, |file| file.path().to_string()))
        }
        Some(VariableSource::Environment(_) | VariableSource::Computed(_)) => LateSource::Environment,
        _ => LateSource::Manifest,
    }
}

fn summary(manifest: &Manifest, application: &Application, sources: &Sources) -> ProjectSummary {
    let late = application.late_bound.keys();
    let origins = late.map(|name| (name.to_string(), late_source(name, manifest, sources))).collect();
    let values = application.late_bound.iter();
    let values =
        values.filter_map(|(name, bound)| Some((name.to_string(), bound.value.as_ref()?.to_string())));
    ProjectSummary {
        name: manifest.name.to_string(),
        directory: manifest.directory.clone(),
        services: application.services.keys().map(ToString::to_string).collect(),
        registry: application.settings.registry.as_ref().map(|registry| registry.peek().to_string()),
        images: named_images(application),
        variables: values.collect(),
        sources: origins,
    }
}

/// No name on AWS is longer, so a longer project name is what is wrong with the whole.
const LONGEST_NAME: usize = 255;

/// Points a target's diagnostic that has no position at its service, or else at the services.
fn place_in(manifest: &Manifest, diagnostic: &mut Diagnostic) {
    if !diagnostic.labels.is_empty() {
        return;
    }
    if manifest.name.len() > LONGEST_NAME {
        diagnostic.labels.push(DiagnosticLabel { origin: manifest.name_origin, text: String::new() });
    }
    let services = manifest.root.as_mapping().and_then(|root| root.entry("services"));
    let own = diagnostic.service.as_deref().and_then(|name| services?.value.as_mapping()?.entry(name));
    if let Some(entry) = own.or(services) {
        diagnostic.labels.push(DiagnosticLabel { origin: entry.key.origin, text: String::new() });
    }
}

/// The override beside the Compose file is a developer's by custom, and production got it unasked.
fn override_in_production(file: FileId, sources: &mut Sources) -> Diagnostic {
    let path = sources.file(file).map(|file| file.path().to_string()).unwrap_or_default();
    let message =
        format!("`{path}` is merged into an environment with `posture: prod`, although no setting names it");
    let start = sources.read_at(Span::new(file, 0, 0));
    Diagnostic::new(&rules::tranship::OVERRIDE_IN_PRODUCTION, message)
        .at(start)
        .help("list the Compose files of the environment under `files`, which leaves the override out, or use `-f compose.yaml`")
}

/// The bytes of a line, from 1; of the last one where there are fewer.
fn line_range(text: &str, line: usize) -> std::ops::Range<usize> {
    let lines = text.split_inclusive('\n');
    let mut start = 0;
    let mut last = 0..0;
    for (number, content) in lines.enumerate() {
        if number >= line {
            break;
        }
        last = start..start + content.trim_end().len();
        start += content.len();
    }
    last
}

fn unknown_environment(name: &str, known: &[tranship_app::EnvironmentSummary]) -> Diagnostic {
    let names: Vec<&str> = known.iter().map(|environment| environment.name.as_str()).collect();
    let diagnostic = Diagnostic::new(
        &rules::tranship::UNKNOWN_ENVIRONMENT,
        format!("the manifest has no environment `{name}`"),
    );
    let diagnostic = match suggest::closest(name, names.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    };
    match names.as_slice() {
        [] => diagnostic.help("add it under `x-tranship.environments`, or name a target with `--target`"),
        _ => diagnostic.note(format!("known environments: {}", listed(&names))),
    }
}

/// The lock file says what an image starts, which artifacts repeat. Its lines are named and not shown.
fn refuse_lock_secret(
    file: FileId,
    known_secrets: &KnownSecrets,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) {
    let text = sources.file(file).map_or("", |file| file.text()).to_owned();
    let Some(line) = text.lines().position(|line| known_secrets.is_in(line.as_bytes())) else {
        return;
    };
    let range = line_range(&text, line + 1);
    let place = sources.read_at(Span::new(file, range.start, range.end));
    let message = "the lock file holds the value of a secret, and artifacts repeat what it says of images";
    let found = Diagnostic::new(&tranship_app::rules::app::SECRET_IN_PLAIN_TEXT, message).at(place).help(
        "choose another value for the secret; if the image itself holds it, build the image without it",
    );
    diagnostics.push(found);
}

/// What the outcome of a compile is judged by. The rest of the application is gone once the target has it: the report takes its
/// place in memory.
fn settings_and_secrets(application: Application) -> (Settings, KnownSecrets) {
    (application.settings, application.known_secrets)
}

/// Whatever was overlooked before: an artifact that holds a known secret is never written.
fn refuse_secrets(compiled: &CompiledTarget, known_secrets: &KnownSecrets, diagnostics: &mut Diagnostics) {
    let leaking = |bytes: &[u8]| known_secrets.is_in(bytes);
    for (path, _) in compiled.artifacts.iter().filter(|(_, artifact)| leaking(&artifact.bytes)) {
        let message = format!("`{path}` would contain the value of a secret, so nothing is written");
        let help = "pass the value through `environment` or `secrets` wherever it is used";
        diagnostics.push(Diagnostic::new(&rules::internal::LEAK, message).help(help));
    }
}

/// Adds `report.json` to the artifacts.
fn add_report(
    compiled: &mut CompiledTarget,
    text: serde_json::Result<String>,
    diagnostics: &mut Diagnostics,
) {
    let added = text
        .map_err(|error| error.to_string())
        .and_then(|text| compiled.artifacts.text(REPORT, text).map_err(|error| error.to_string()));
    if let Err(error) = added {
        diagnostics.push(Diagnostic::new(
            &rules::internal::ARTIFACT,
            format!("cannot add {REPORT} to the artifacts: {error}"),
        ));
    }
}
