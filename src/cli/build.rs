//! `tranship build`: compiles and writes the artifacts, all or nothing.

use super::selection::{Job, Otherwise, Selection};
use super::{Context, Exit, Format, Set};
use crate::artifact::{Staged, WriteError, stage};
use crate::compile::Outcome;
use camino::{Utf8Path, Utf8PathBuf};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct Build {
    #[command(flatten)]
    selection: Selection,
    /// Where to write: DIR itself for one environment, DIR/ENV for several [default: dist/ENV]
    #[arg(long, value_name = "DIR")]
    out: Option<Utf8PathBuf>,
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
    format: Format,
}

impl Build {
    /// Compiles, tells, writes.
    pub fn run(&self, context: &mut Context<'_>) -> Exit {
        let options = context.options(&self.set);
        let choices = match self.selection.choices(&options, Otherwise::Environments, self.format, context) {
            Ok(choices) => choices,
            Err(exit) => return exit,
        };
        let outcomes = Job { options, choices, strict: self.strict }.run(context);
        if outcomes.iter().any(|outcome| outcome.compiled.is_none()) {
            return context.report_outcomes(self.format, "did not build", &outcomes);
        }
        if let Err(error) = self.write(&outcomes) {
            context.report_outcomes(self.format, "did not build", &outcomes);
            context.shell.error(&error.to_string());
            return Exit::Failed;
        }
        context.report_outcomes(self.format, "built", &outcomes)
    }

    /// Writes every set, or none.
    fn write(&self, outcomes: &[Outcome]) -> Result<(), WriteError> {
        let mut staged: Vec<Staged> = Vec::new();
        for outcome in outcomes {
            if let Some(compiled) = &outcome.compiled {
                staged.push(stage(&compiled.artifacts, &self.directory(&outcome.name))?);
            }
        }
        staged.into_iter().try_for_each(Staged::commit)
    }

    fn directory(&self, name: &str) -> Utf8PathBuf {
        match &self.out {
            Some(out) if self.selection.is_single() => out.clone(),
            Some(out) => out.join(name),
            None => Utf8Path::new("dist").join(name),
        }
    }
}
