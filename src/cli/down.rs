//! `tranship down`: deletes a deployment.

use super::deployment::{AwsOptions, TerminalProgress};
use super::{CommandContext, ExitStatus, VariableOptions};
use crate::deploy;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct DownCommand {
    /// An environment of the manifest
    #[arg(value_name = "ENV")]
    environment: String,
    #[command(flatten)]
    set: VariableOptions,
    /// Delete this resource and all its data; by default it is kept, or a snapshot of it
    #[arg(long, value_name = "NAME")]
    delete_data: Vec<String>,
    /// Delete the deployment even if another project, another repository or no project has marked it as its own
    #[arg(long)]
    adopt: bool,
    /// Do not ask to confirm by typing the environment's name
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    aws: AwsOptions,
}

impl DownCommand {
    /// Lists what will be lost, asks, deletes.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let (deployment, mark) = match context.identify(&self.environment, &self.set) {
            Ok(found) => found,
            Err(exit) => return exit,
        };
        let mut options = self.aws.options(self.yes, mark, context.shell);
        options.adopt = self.adopt;
        options.delete_data.clone_from(&self.delete_data);
        let mut reporter = TerminalProgress(context.shell);
        match deploy::down(&deployment, &self.environment, &options, &mut reporter) {
            Ok(outcome) => {
                if outcome.changed {
                    context.shell.message(&format!("{} was deleted", self.environment));
                }
                ExitStatus::Done
            }
            Err(failure) => context.fail(&failure),
        }
    }
}
