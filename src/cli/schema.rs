//! `tranship schema`: the JSON Schema of `x-tranship`.

use super::{Context, Exit};
use crate::known_names;
use tranship_app::published_schema;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct Schema {}

impl Schema {
    /// Prints the schema.
    pub fn run(&self, context: &mut Context<'_>) -> Exit {
        context.shell.data(&format!("{:#}\n", published_schema(&known_names().targets)));
        Exit::Done
    }
}
