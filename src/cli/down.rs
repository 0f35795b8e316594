//! `tranship down`: takes down what was deployed.

use super::deployment::{Aws, Reporter};
use super::{Context, Exit, Set};
use crate::deploy;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct Down {
    /// An environment of the manifest
    #[arg(value_name = "ENV")]
    environment: String,
    #[command(flatten)]
    set: Set,
    /// Something that keeps data and is deleted with all that it holds; otherwise it, or a snapshot, is kept
    #[arg(long, value_name = "NAME")]
    delete_data: Vec<String>,
    /// Take it down without asking for the environment's name
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    aws: Aws,
}

impl Down {
    /// Says what is lost, asks, deletes.
    pub fn run(&self, context: &mut Context<'_>) -> Exit {
        let deployment = match context.identify(&self.environment, &self.set) {
            Ok(deployment) => deployment,
            Err(exit) => return exit,
        };
        let mut options = self.aws.options(self.yes, context.shell);
        options.delete_data.clone_from(&self.delete_data);
        let mut reporter = Reporter(context.shell);
        match deploy::down(&deployment, &self.environment, &options, &mut reporter) {
            Ok(outcome) => {
                if outcome.changed {
                    context.shell.say(&format!("{} is down", self.environment));
                }
                Exit::Done
            }
            Err(failure) => context.fail(&failure),
        }
    }
}
