//! `tranship status`: the status of a deployment.

use super::deployment::{AwsOptions, TerminalProgress};
use super::{CommandContext, ExitStatus, VariableOptions};
use crate::deploy::{self, DeploymentStatus, ServiceStatus};
use clap::ValueEnum;
use serde_json::{Map, Value, json};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct StatusCommand {
    /// An environment of the manifest
    #[arg(value_name = "ENV")]
    environment: String,
    #[command(flatten)]
    set: VariableOptions,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: StatusFormat,
    #[command(flatten)]
    aws: AwsOptions,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum StatusFormat {
    #[default]
    Human,
    Json,
}

impl StatusCommand {
    /// Prints the status to standard output. Fails if nothing is deployed, or if it is failing or in progress.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let (deployment, mark) = match context.identify(&self.environment, &self.set) {
            Ok(found) => found,
            Err(exit) => return exit,
        };
        let options = self.aws.options(false, mark, context.shell);
        match deploy::status(&deployment, &options, &mut TerminalProgress(context.shell)) {
            Ok(found) => {
                context.shell.data(&match self.format {
                    StatusFormat::Human => human(&found),
                    StatusFormat::Json => format!("{}\n", document(&found)),
                });
                if found.healthy { ExitStatus::Done } else { ExitStatus::Failed }
            }
            Err(failure) => context.fail(&failure),
        }
    }
}

fn human(found: &DeploymentStatus) -> String {
    let state = found.state.as_deref().unwrap_or("not deployed");
    let facts = found.facts.iter().map(|(name, value)| format!("  {name}: {value}\n"));
    let services = found.services.iter().map(line);
    format!("{}: {state}\n", found.subject) + &facts.chain(services).collect::<String>()
}

fn line(service: &ServiceStatus) -> String {
    let ServiceStatus { name, rollout, running, desired, pending, reason } = service;
    let pending = if *pending > 0 { format!(", {pending} pending") } else { String::new() };
    let reason = reason.as_ref().map(|reason| format!("; {reason}")).unwrap_or_default();
    format!("  service {name}: {running}/{desired} running{pending}, rollout {rollout}{reason}\n")
}

fn document(found: &DeploymentStatus) -> Value {
    let facts: Map<_, _> =
        found.facts.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let services: Vec<Value> = found.services.iter().map(service).collect();
    json!({
        "subject": found.subject, "state": found.state, "healthy": found.healthy, "facts": facts,
        "services": services,
    })
}

fn service(of: &ServiceStatus) -> Value {
    json!({
        "name": of.name, "rollout": of.rollout, "running": of.running, "desired": of.desired,
        "pending": of.pending, "reason": of.reason, "healthy": of.is_healthy(),
    })
}
