//! What a command compiles: one environment, one target, or all of them.
//!
//! In: the command's arguments. Out: one [`CompileOutcome`] per choice, in the order of the manifest.

use super::report::PreparedReport;
use super::{CommandContext, ExitStatus, MessageFormat, VariableOptions};
use crate::compile::{CompileOutcome, CompileRequest, compile, environments, judge};
use clap::builder::PossibleValuesParser;
use std::collections::BTreeSet;
use tranship_app::EnvironmentChoice;
use tranship_app::rules::target;
use tranship_artifact::side_by_side;
use tranship_frontend::compose::LoadOptions;
use tranship_frontend::diagnostic::{Severity, suggest};
use tranship_frontend::world::World;

/// An environment, a target, or all.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(multiple = false)]
pub(super) struct EnvironmentSelection {
    /// An environment of the manifest
    #[arg(value_name = "ENV")]
    environment: Option<String>,
    /// A target, with the settings at the top level of `x-tranship`
    #[arg(long, value_name = "TARGET", value_parser = target_names())]
    target: Option<String>,
    /// Every environment of the manifest
    #[arg(long)]
    all: bool,
}

fn target_names() -> PossibleValuesParser {
    PossibleValuesParser::new(tranship_targets::all().iter().map(|target| target.name()))
}

/// What "all" means if the arguments name nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DefaultSelection {
    /// Every environment, or every target if the manifest declares no environment.
    Environments,
    /// Every target.
    Targets,
}

/// The arguments shared by `build` and `check`.
#[derive(Debug, clap::Args)]
pub(super) struct CompileOptions {
    #[command(flatten)]
    pub(super) selection: EnvironmentSelection,
    #[command(flatten)]
    set: VariableOptions,
    /// Treat warnings and approximations as errors
    #[arg(long)]
    strict: bool,
    /// The format of diagnostics
    #[arg(
        long,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "human|json|sarif|github"
    )]
    pub(super) format: MessageFormat,
}

impl CompileOptions {
    /// Compiles what the arguments select.
    ///
    /// # Errors
    /// The manifest could not be read; the reason has been reported.
    pub(super) fn run(
        &self,
        otherwise: DefaultSelection,
        context: &mut CommandContext<'_>,
    ) -> Result<Vec<CompileOutcome>, ExitStatus> {
        self.outcomes(otherwise, CompileJob::run, context)
    }

    /// Compiles the same to find out what is wrong.
    ///
    /// # Errors
    /// As [`CompileOptions::run`].
    pub(super) fn judge(&self, context: &mut CommandContext<'_>) -> Result<Vec<CompileOutcome>, ExitStatus> {
        self.outcomes(DefaultSelection::Targets, CompileJob::judge, context)
    }

    fn outcomes(
        &self,
        otherwise: DefaultSelection,
        run: fn(&CompileJob, &CommandContext<'_>) -> Vec<CompileOutcome>,
        context: &mut CommandContext<'_>,
    ) -> Result<Vec<CompileOutcome>, ExitStatus> {
        let options = context.options(&self.set);
        let choices = self.selection.choices(&options, otherwise, self.format, context)?;
        let outcomes = run(&CompileJob { options, choices, strict: self.strict }, context);
        context.check_set(&self.set, &outcomes)?;
        Ok(outcomes)
    }
}

/// What is compiled, and how.
pub(super) struct CompileJob {
    /// What to read.
    pub options: LoadOptions,
    /// What to compile for.
    pub choices: Vec<EnvironmentChoice>,
    /// Whether warnings count as errors.
    pub strict: bool,
}

impl EnvironmentSelection {
    /// Whether the arguments name an environment or a target.
    pub(super) fn is_single(&self) -> bool {
        self.environment.is_some() || self.target.is_some()
    }

    /// What to compile for, or an exit code if the manifest could not be read.
    ///
    /// # Errors
    /// The manifest has errors; they have been reported.
    pub(super) fn choices(
        &self,
        options: &LoadOptions,
        otherwise: DefaultSelection,
        format: MessageFormat,
        context: &mut CommandContext<'_>,
    ) -> Result<Vec<EnvironmentChoice>, ExitStatus> {
        if let Some(name) = &self.environment {
            return Ok(vec![EnvironmentChoice::Environment(name.clone())]);
        }
        if let Some(name) = &self.target {
            return Ok(vec![EnvironmentChoice::Target(name.clone())]);
        }
        let every_target = || {
            let names = tranship_targets::all().iter().map(|target| target.name().to_owned());
            names.map(EnvironmentChoice::Target).collect()
        };
        if otherwise == DefaultSelection::Targets && !self.all {
            return Ok(every_target());
        }
        let (found, sources, diagnostics) = environments(options, context.world);
        match found {
            Some(found) if !found.is_empty() => {
                let names = found.into_iter().map(|environment| environment.name);
                Ok(names.map(EnvironmentChoice::Environment).collect())
            }
            Some(_) => Ok(every_target()),
            None => Err(context.report(format, Some("manifest"), &[(&diagnostics, &sources)])),
        }
    }
}

impl CompileJob {
    /// Compiles every choice, side by side. No compile knows of another, so the outcomes are those of one after the other.
    pub(super) fn run(&self, context: &CommandContext<'_>) -> Vec<CompileOutcome> {
        self.outcomes(compile, context.world)
    }

    /// Compiles every choice to find out what is wrong.
    fn judge(&self, context: &CommandContext<'_>) -> Vec<CompileOutcome> {
        self.outcomes(judge, context.world)
    }

    fn outcomes(
        &self,
        compile: fn(&CompileRequest, &dyn World) -> CompileOutcome,
        world: &dyn World,
    ) -> Vec<CompileOutcome> {
        side_by_side(self.choices.iter().collect(), |choice| self.outcome(choice, compile, world))
    }

    fn outcome(
        &self,
        choice: &EnvironmentChoice,
        compile: fn(&CompileRequest, &dyn World) -> CompileOutcome,
        world: &dyn World,
    ) -> CompileOutcome {
        let request = CompileRequest { options: self.options.clone(), choice: choice.clone() };
        let mut outcome = compile(&request, world);
        if self.strict {
            promote(&mut outcome);
        }
        outcome
    }
}

/// Turns warnings and approximations into errors, as `--strict` asks.
fn promote(outcome: &mut CompileOutcome) {
    outcome.diagnostics.for_each_mut(|diagnostic| {
        let approximated = *diagnostic.rule == target::APPROXIMATED_KEY;
        if diagnostic.severity == Severity::Warning || approximated {
            diagnostic.severity = Severity::Error;
        }
    });
    if outcome.diagnostics.has_errors() {
        outcome.compiled = None;
    }
}

impl CommandContext<'_> {
    /// The load options: the command's flags combined with the global ones.
    pub(super) fn options(&self, set: &VariableOptions) -> LoadOptions {
        LoadOptions { set: set.set.iter().cloned().collect(), ..self.global.load_options() }
    }

    /// Refuses a `--set` of a variable that no compile reads: it would have no effect.
    ///
    /// # Errors
    /// There is one; it has been reported.
    pub(super) fn check_set(
        &mut self,
        set: &VariableOptions,
        outcomes: &[CompileOutcome],
    ) -> Result<(), ExitStatus> {
        let known: BTreeSet<&str> =
            outcomes.iter().flat_map(|one| &one.variables).map(String::as_str).collect();
        // A manifest that cannot be read says nothing about its variables.
        let readable = !known.is_empty() || outcomes.iter().all(|one| !one.diagnostics.has_errors());
        let of_compose = |name: &str| name.starts_with("COMPOSE_") || name.starts_with("DOCKER_");
        let mut unknown = set.set.iter().map(|(name, _)| name.as_str());
        let Some(name) = unknown.find(|name| readable && !known.contains(name) && !of_compose(name)) else {
            return Ok(());
        };
        self.shell.error(&format!("`--set {name}=` has no effect: the manifest reads no variable `{name}`"));
        match suggest::closest(name, known.iter().copied()) {
            Some(near) => self.shell.report(&format!("  = did you mean `{near}`?\n")),
            None if known.is_empty() => self.shell.report("  = it reads none\n"),
            None => {
                let names: Vec<&str> = known.into_iter().collect();
                self.shell.report(&format!("  = it reads {}\n", names.join(", ")));
            }
        }
        Err(ExitStatus::Refused)
    }

    /// Reports the diagnostics of several compiles. The final line of counts starts with the command and their names.
    pub(super) fn report_outcomes(
        &mut self,
        format: MessageFormat,
        verb: &str,
        outcomes: &[CompileOutcome],
    ) -> ExitStatus {
        let report = self.prepared_outcomes(format, outcomes);
        self.print_outcomes(&report, verb, outcomes)
    }

    /// The report of several compiles, before it is known what became of them.
    pub(super) fn prepared_outcomes(
        &self,
        format: MessageFormat,
        outcomes: &[CompileOutcome],
    ) -> PreparedReport {
        let runs: Vec<_> = outcomes.iter().map(|one| (&one.diagnostics, &one.sources)).collect();
        self.prepared(format, &runs)
    }

    /// Prints the report of several compiles. The final line of counts starts with the command and their names.
    pub(super) fn print_outcomes(
        &mut self,
        report: &PreparedReport,
        verb: &str,
        outcomes: &[CompileOutcome],
    ) -> ExitStatus {
        if let Some(line) = read_files(outcomes) {
            self.shell.message(&line);
        }
        let exit = self.print(report, Some(&format!("{verb} {}", names(outcomes))));
        let silent = outcomes.iter().find(|one| one.compiled.is_none() && !one.diagnostics.has_errors());
        match silent {
            Some(one) if exit == ExitStatus::Done => {
                self.shell.error(&format!(
                    "`{}` produced no artifacts and no error; please report this as a bug in Tranship",
                    one.name
                ));
                ExitStatus::Failed
            }
            _ => exit,
        }
    }
}

/// `reading compose.yaml, compose.override.yaml`, where more than one file was read: every file that was read.
fn read_files(outcomes: &[CompileOutcome]) -> Option<String> {
    outcomes.iter().find(|one| one.merged || one.override_file.is_some() || one.lock_file.is_some())?;
    let mut paths: Vec<&str> = Vec::new();
    for (_, file) in outcomes.iter().flat_map(|one| one.sources.files()) {
        if !paths.contains(&file.path().as_str()) {
            paths.push(file.path().as_str());
        }
    }
    Some(format!("reading {}", paths.join(", ")))
}

/// `prod (fargate), dev (beanstalk)`.
pub(super) fn names(outcomes: &[CompileOutcome]) -> String {
    let named = outcomes.iter().map(|one| match one.target {
        Some(target) if target != one.name => format!("{} ({target})", one.name),
        _ => one.name.clone(),
    });
    named.collect::<Vec<_>>().join(", ")
}
