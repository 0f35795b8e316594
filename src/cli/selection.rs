//! What a command compiles: an environment, a target, or all of them.
//!
//! In: the command's arguments. Out: an [`Outcome`] for each choice, in the order of the manifest.

use super::{Context, Exit, Format, Set};
use crate::compile::{Outcome, Request, compile, environments};
use clap::builder::PossibleValuesParser;
use tranship_app::EnvironmentChoice;
use tranship_frontend::compose::LoadOptions;
use tranship_frontend::diagnostic::Severity;

/// An environment, a target, or all.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(multiple = false)]
pub(super) struct Selection {
    /// An environment of the manifest
    #[arg(value_name = "ENV")]
    environment: Option<String>,
    /// A target, with the settings at the top of `x-tranship`
    #[arg(long, value_name = "TARGET", value_parser = target_names())]
    target: Option<String>,
    /// Every environment of the manifest
    #[arg(long)]
    all: bool,
}

fn target_names() -> PossibleValuesParser {
    PossibleValuesParser::new(tranship_targets::all().iter().map(|target| target.name()))
}

/// What stands for "all" where the arguments name nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// Every environment; every target where the manifest declares none.
    Environments,
    /// Every target.
    Targets,
}

/// What `build` and `check` take.
#[derive(Debug, clap::Args)]
pub(super) struct Compiles {
    #[command(flatten)]
    pub(super) selection: Selection,
    #[command(flatten)]
    set: Set,
    /// Make an error of every warning
    #[arg(long)]
    strict: bool,
    /// How to tell what was found
    #[arg(
        long,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "human|json|sarif|github"
    )]
    pub(super) format: Format,
}

impl Compiles {
    /// Compiles what the arguments select.
    ///
    /// # Errors
    /// The manifest could not be read; why was told.
    pub(super) fn run(&self, otherwise: Otherwise, context: &mut Context<'_>) -> Result<Vec<Outcome>, Exit> {
        let options = context.options(&self.set);
        let choices = self.selection.choices(&options, otherwise, self.format, context)?;
        Ok(Job { options, choices, strict: self.strict }.run(context))
    }
}

/// What is compiled, and how.
pub(super) struct Job {
    /// What to read.
    pub options: LoadOptions,
    /// What to compile for.
    pub choices: Vec<EnvironmentChoice>,
    /// Whether a warning is an error.
    pub strict: bool,
}

impl Selection {
    /// Whether the arguments name one environment or target.
    pub(super) fn is_single(&self) -> bool {
        self.environment.is_some() || self.target.is_some()
    }

    /// What to compile for; an exit where the manifest could not be read.
    ///
    /// # Errors
    /// The manifest has errors; they were told.
    pub(super) fn choices(
        &self,
        options: &LoadOptions,
        otherwise: Otherwise,
        format: Format,
        context: &mut Context<'_>,
    ) -> Result<Vec<EnvironmentChoice>, Exit> {
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
        if otherwise == Otherwise::Targets && !self.all {
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

impl Job {
    /// Compiles for every choice.
    pub(super) fn run(&self, context: &Context<'_>) -> Vec<Outcome> {
        let compiled = self.choices.iter().map(|choice| {
            let request = Request { options: self.options.clone(), choice: choice.clone() };
            let mut outcome = compile(&request, context.world);
            if self.strict {
                promote(&mut outcome);
            }
            outcome
        });
        compiled.collect()
    }
}

/// Makes errors of warnings, as `--strict` asks.
fn promote(outcome: &mut Outcome) {
    outcome.diagnostics.for_each_mut(|diagnostic| {
        if diagnostic.severity == Severity::Warning {
            diagnostic.severity = Severity::Error;
        }
    });
    if outcome.diagnostics.has_errors() {
        outcome.compiled = None;
    }
}

impl Context<'_> {
    /// What to read, as the flags of the command and those that hold everywhere say.
    pub(super) fn options(&self, set: &Set) -> LoadOptions {
        LoadOptions { set: set.set.iter().cloned().collect(), ..self.global.load_options() }
    }

    /// Tells what several compiles found; the subject of the line of counts is the command and their names.
    pub(super) fn report_outcomes(&mut self, format: Format, verb: &str, outcomes: &[Outcome]) -> Exit {
        let runs: Vec<_> = outcomes.iter().map(|one| (&one.diagnostics, &one.sources)).collect();
        let exit = self.report(format, Some(&format!("{verb} {}", names(outcomes))), &runs);
        let silent = outcomes.iter().find(|one| one.compiled.is_none() && !one.diagnostics.has_errors());
        match silent {
            Some(one) if exit == Exit::Done => {
                self.shell.error(&format!("nothing was made for `{}`, and nothing was said why", one.name));
                Exit::Failed
            }
            _ => exit,
        }
    }
}

/// `prod (fargate), dev (beanstalk)`.
pub(super) fn names(outcomes: &[Outcome]) -> String {
    let named = outcomes.iter().map(|one| match one.target {
        Some(target) if target != one.name => format!("{} ({target})", one.name),
        _ => one.name.clone(),
    });
    named.collect::<Vec<_>>().join(", ")
}
