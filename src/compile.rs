//! The whole way of a manifest: load, lower, plan and check, emit, close the account.
//!
//! In: a [`Request`] and a [`World`]. Out: an [`Outcome`], which has the artifacts when nothing was
//! refused, and the diagnostics either way. Invariant: nothing is written here.

use crate::app::{self, EnvironmentChoice, Ledger, Report};
use crate::compose::{self, LoadOptions, Manifest};
use crate::diagnostic::{Diagnostic, Diagnostics, Label, Severity, rules, suggest};
use crate::source::Sources;
use crate::targets::{self, Compilation, Compiled};
use crate::world::World;

/// The file of an artifact set that accounts for every leaf of the manifest.
pub const REPORT: &str = "report.json";

/// What to compile.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to read.
    pub options: LoadOptions,
    /// An environment of the manifest, or a target by its name.
    pub choice: EnvironmentChoice,
}

/// What a compile found and made.
#[derive(Debug)]
pub struct Outcome {
    /// The folder below `dist/` that its artifacts belong in: the environment, else the target.
    pub name: String,
    /// The target, once it is known.
    pub target: Option<&'static str>,
    /// Every text that was read.
    pub sources: Sources,
    /// Everything that was found.
    pub diagnostics: Diagnostics,
    /// The account of every leaf, as far as it went.
    pub report: Option<Report>,
    /// What was made; nothing when there was an error.
    pub compiled: Option<Compiled>,
}

/// What a late-bound variable without a value is to a target that needs one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unset {
    /// A mistake.
    Refused,
    /// Its own name stands in: nothing of what is compiled is kept.
    Assumed,
}

/// Compiles a manifest for one environment or target.
pub fn compile(request: &Request, world: &dyn World) -> Outcome {
    outcome(request, world, Unset::Refused)
}

/// Compiles to find out what is deployed and under which names: no late-bound variable needs a value.
pub fn identify(request: &Request, world: &dyn World) -> Outcome {
    outcome(request, world, Unset::Assumed)
}

fn outcome(request: &Request, world: &dyn World, unset: Unset) -> Outcome {
    let name = match &request.choice {
        EnvironmentChoice::Environment(name) | EnvironmentChoice::Target(name) => name.clone(),
    };
    let (sources, diagnostics) = (Sources::new(), Diagnostics::new());
    let mut outcome = Outcome { name, target: None, sources, diagnostics, report: None, compiled: None };
    let compiled = outcome.run(request, world, unset);
    outcome.diagnostics.place(&mut outcome.sources);
    outcome.compiled = compiled.filter(|_| !outcome.diagnostics.has_errors());
    outcome
}

/// The environments of a manifest, and what reading it found.
pub fn environments(
    options: &LoadOptions,
    world: &dyn World,
) -> (Option<Vec<app::Environment>>, Sources, Diagnostics) {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let manifest = compose::load(&late_binding(options), world, &mut sources, &mut diagnostics);
    let found = manifest.map(|manifest| app::environments(&manifest, &mut diagnostics));
    (found, sources, diagnostics)
}

/// The same options, with the variables that the manifest makes parameters allowed to be unset.
fn late_binding(options: &LoadOptions) -> LoadOptions {
    LoadOptions { deferred: Some(app::late_bound_names), ..options.clone() }
}

impl Outcome {
    fn run(&mut self, request: &Request, world: &dyn World, unset: Unset) -> Option<Compiled> {
        let manifest = self.load(request, world)?;
        let mut ledger = Ledger::new();
        let (sources, diagnostics) = (&mut self.sources, &mut self.diagnostics);
        let mut application = app::lower(&manifest, &request.choice, sources, diagnostics, &mut ledger)?;
        if unset == Unset::Assumed {
            application.assume_late_bound();
        }
        let target = targets::find(&application.settings.target)?;
        self.target = Some(target.name());
        let mut found = Diagnostics::new();
        let mut cx =
            Compilation { manifest: &manifest, sources, diagnostics: &mut found, ledger: &mut ledger, world };
        let mut compiled = target.compile(&application, &mut cx);
        let report = ledger.close(&manifest, sources, target.support(), &mut found);
        found.for_each_mut(|diagnostic| {
            diagnostic.target.get_or_insert_with(|| target.name().to_owned());
            place_in(&manifest, diagnostic);
        });
        diagnostics.append(found);
        let accepted = &application.settings.accept;
        diagnostics.retain(|one| one.severity == Severity::Error || !accepted.contains(one.rule.name));
        if let Some(compiled) = &mut compiled {
            add_report(compiled, &report, diagnostics);
        }
        self.report = Some(report);
        compiled
    }

    /// Loads the manifest, with the files that the environment adds merged on top.
    fn load(&mut self, request: &Request, world: &dyn World) -> Option<Manifest> {
        let options = late_binding(&request.options);
        let manifest = compose::load(&options, world, &mut self.sources, &mut self.diagnostics)?;
        let EnvironmentChoice::Environment(name) = &request.choice else { return Some(manifest) };
        let mut found = Diagnostics::new();
        let known = app::environments(&manifest, &mut found);
        let Some(environment) = known.iter().find(|environment| environment.name == *name) else {
            self.diagnostics.append(found);
            self.diagnostics.push(unknown_environment(name, &known));
            return None;
        };
        if environment.files.is_empty() {
            return Some(manifest);
        }
        let overlays = environment.files.iter().map(|file| manifest.directory.join(&file.value)).collect();
        (self.sources, self.diagnostics) = (Sources::new(), Diagnostics::new());
        let options = LoadOptions { overlays, ..options };
        compose::load(&options, world, &mut self.sources, &mut self.diagnostics)
    }
}

/// No name on AWS is longer: what is wrong with the whole is a longer name of the project.
const LONGEST_NAME: usize = 255;

/// Gives what a target says of the whole the place of what it is about: the key, the service, else the services.
fn place_in(manifest: &Manifest, diagnostic: &mut Diagnostic) {
    if !diagnostic.labels.is_empty() {
        return;
    }
    if manifest.name.len() > LONGEST_NAME {
        diagnostic.labels.push(Label { origin: manifest.name_origin, text: String::new() });
    }
    let services = manifest.root.as_mapping().and_then(|root| root.entry("services"));
    let own = diagnostic.service.as_deref().and_then(|name| services?.value.as_mapping()?.entry(name));
    if let Some(entry) = own.or(services) {
        diagnostic.labels.push(Label { origin: entry.key.origin, text: String::new() });
    }
}

fn unknown_environment(name: &str, known: &[app::Environment]) -> Diagnostic {
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
        _ => diagnostic.note(format!("it has {}", names.join(", "))),
    }
}

/// Adds `report.json` to the artifacts.
fn add_report(compiled: &mut Compiled, report: &Report, diagnostics: &mut Diagnostics) {
    let added = serde_json::to_string_pretty(report)
        .map_err(|error| error.to_string())
        .and_then(|text| compiled.artifacts.text(REPORT, text + "\n").map_err(|error| error.to_string()));
    if let Err(error) = added {
        diagnostics.push(Diagnostic::new(
            &rules::internal::ARTIFACT,
            format!("cannot add {REPORT} to the artifacts: {error}"),
        ));
    }
}
