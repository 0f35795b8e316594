//! `tranship build`: compiles and writes the artifacts, all or nothing.

use super::selection::{CompileOptions, DefaultSelection};
use super::{CommandContext, ExitStatus};
use crate::compile::CompileOutcome;
use camino::{Utf8Path, Utf8PathBuf};
use tranship_artifact::{StagedSet, WriteError, commit, directory_below, stage};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct BuildCommand {
    #[command(flatten)]
    compiles: CompileOptions,
    /// Write to DIR for one environment, to DIR/ENV for several [default: dist/ENV]
    #[arg(long, value_name = "DIR")]
    out: Option<Utf8PathBuf>,
}

impl BuildCommand {
    /// Compiles, reports, writes.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let format = self.compiles.format;
        let outcomes = match self.compiles.run(DefaultSelection::Environments, context) {
            Ok(outcomes) => outcomes,
            Err(exit) => return exit,
        };
        if outcomes.iter().any(|outcome| outcome.compiled.is_none()) {
            return context.report_outcomes(format, "could not build", &outcomes);
        }
        let single = self.compiles.selection.is_single();
        let directory = |name: &str| output_directory(self.out.as_deref(), single, name);
        if let Err(error) = write_outcomes(&outcomes, directory, context) {
            context.report_not_written(format, "did not build", outcomes, &error);
            return ExitStatus::Failed;
        }
        context.report_outcomes(format, "built", &outcomes)
    }
}

/// The directory for the artifacts of one of several environments, or of the only one.
pub(super) fn output_directory(
    out: Option<&Utf8Path>,
    single: bool,
    name: &str,
) -> Result<Utf8PathBuf, WriteError> {
    match out {
        Some(out) if single => Ok(out.to_owned()),
        Some(out) => directory_below(out, name),
        None => directory_below(Utf8Path::new("dist"), name),
    }
}

/// Writes the artifact sets of several compiles into their directories, or none.
pub(super) fn write_outcomes(
    outcomes: &[CompileOutcome],
    directory: impl Fn(&str) -> Result<Utf8PathBuf, WriteError>,
    context: &CommandContext<'_>,
) -> Result<(), WriteError> {
    let mut staged: Vec<StagedSet> = Vec::new();
    for outcome in outcomes {
        if let Some(compiled) = &outcome.compiled {
            let directory = directory(&outcome.name)?;
            staged.push(stage(&compiled.artifacts, &directory, &context.inputs(outcome))?);
        }
    }
    commit(staged)
}
