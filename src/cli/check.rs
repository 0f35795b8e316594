//! `tranship check`: compiles and says what it found; writes nothing.

use super::selection::{Job, Otherwise, Selection};
use super::{Context, Exit, Format, Set};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct Check {
    #[command(flatten)]
    selection: Selection,
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

impl Check {
    /// Compiles and tells.
    pub fn run(&self, context: &mut Context<'_>) -> Exit {
        let options = context.options(&self.set);
        let choices = match self.selection.choices(&options, Otherwise::Targets, self.format, context) {
            Ok(choices) => choices,
            Err(exit) => return exit,
        };
        let outcomes = Job { options, choices, strict: self.strict }.run(context);
        context.report_outcomes(self.format, "checked", &outcomes)
    }
}
