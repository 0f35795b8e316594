//! `tranship check`: compiles and reports diagnostics; writes nothing.

use super::selection::{CompileOptions, DefaultSelection};
use super::{CommandContext, ExitStatus};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct CheckCommand {
    #[command(flatten)]
    compiles: CompileOptions,
}

impl CheckCommand {
    /// Compiles and reports.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        match self.compiles.run(DefaultSelection::Targets, context) {
            Ok(outcomes) => context.report_outcomes(self.compiles.format, "checked", &outcomes),
            Err(exit) => exit,
        }
    }
}
