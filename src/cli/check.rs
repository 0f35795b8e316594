//! `tranship check`: compiles and reports diagnostics; writes nothing.

use super::selection::{Compiles, Otherwise};
use super::{Context, Exit};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct Check {
    #[command(flatten)]
    compiles: Compiles,
}

impl Check {
    /// Compiles and reports.
    pub fn run(&self, context: &mut Context<'_>) -> Exit {
        match self.compiles.run(Otherwise::Targets, context) {
            Ok(outcomes) => context.report_outcomes(self.compiles.format, "checked", &outcomes),
            Err(exit) => exit,
        }
    }
}
