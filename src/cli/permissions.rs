//! `tranship permissions`: the IAM policy for deploying an environment.

use super::{CommandContext, ExitStatus, VariableOptions};
use crate::deploy::{TrustedRunner, policy};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct PermissionsCommand {
    /// An environment of the manifest
    #[arg(value_name = "ENV")]
    environment: String,
    #[command(flatten)]
    set: VariableOptions,
    /// Print the trust policy of a role that this continuous integration takes on with OpenID Connect
    #[arg(long, value_name = "github:OWNER/REPO|gitlab:GROUP/PROJECT", value_parser = TrustedRunner::read)]
    trust: Option<TrustedRunner>,
}

impl PermissionsCommand {
    /// Prints the policy to standard output. Nothing is asked of AWS.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let outcome = match context.identified(&self.environment, &self.set) {
            Ok(outcome) => outcome,
            Err(exit) => return exit,
        };
        let Some(compiled) = &outcome.compiled else { return ExitStatus::Failed };
        let elsewhere = outcome.project.as_ref().is_some_and(|project| project.registry.is_some());
        let document = match &self.trust {
            Some(runner) => runner.trust_policy(&compiled.deployment, &self.environment),
            None => policy(compiled, !elsewhere),
        };
        context.shell.data(&format!("{document:#}\n"));
        ExitStatus::Done
    }
}
