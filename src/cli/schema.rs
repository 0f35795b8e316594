//! `tranship schema`: the JSON Schema of `x-tranship`.

use super::{CommandContext, ExitStatus};
use crate::known_names;
use tranship_app::published_schema;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct SchemaCommand {}

impl SchemaCommand {
    /// Prints the schema.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        context.shell.data(&format!("{:#}\n", published_schema(&known_names().targets)));
        ExitStatus::Done
    }
}
