//! `tranship deploy`: compiles an environment, uploads it and deploys it.

use super::deployment::{AwsOptions, SecretFile, TerminalProgress, read_secrets, secret_file};
use super::{CommandContext, ExitStatus, VariableOptions};
use crate::deploy::{self, DeployValues};
use camino::Utf8PathBuf;
use std::collections::BTreeMap;
use tranship_frontend::world::World;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct DeployCommand {
    /// An environment of the manifest
    #[arg(value_name = "ENV")]
    environment: String,
    #[command(flatten)]
    set: VariableOptions,
    /// Set a template parameter
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = super::args::assignment)]
    parameters: Vec<(String, String)>,
    /// A parameter file such as the parameters.json that `build` writes; --parameter takes precedence
    #[arg(long, value_name = "FILE")]
    parameter_file: Option<Utf8PathBuf>,
    /// Read a secret's value from a file; secrets not given keep their current value
    #[arg(long = "secret", value_name = "NAME=@FILE", value_parser = secret_file)]
    secrets: Vec<SecretFile>,
    /// Allow this resource to be replaced or removed although it keeps data
    #[arg(long, value_name = "NAME")]
    allow_replacement: Vec<String>,
    /// Deploy without asking for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    aws: AwsOptions,
}

/// The format of an AWS CodePipeline template configuration file.
#[derive(serde::Deserialize)]
struct ParameterFile {
    #[serde(rename = "Parameters")]
    parameters: BTreeMap<String, String>,
}

impl DeployCommand {
    /// Collects the values given by flags.
    fn values(&self, world: &dyn World, values: &mut DeployValues) -> Result<(), String> {
        if let Some(file) = &self.parameter_file {
            let bytes = world.read(file).map_err(|error| format!("cannot read {file}: {error}"))?;
            // The underlying error is not printed: it may contain a value.
            let read: ParameterFile = serde_json::from_slice(&bytes).map_err(|error| {
                format!("{file}:{}: expected {{\"Parameters\": {{NAME: STRING}}}}", error.line())
            })?;
            values.parameters = read.parameters;
        }
        values.parameters.extend(self.parameters.iter().cloned());
        read_secrets(&self.secrets, world, values)
    }

    /// Compiles and deploys. Prints the stack's outputs to standard output, one `NAME=VALUE` per line.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let compiled = match context.compile(&self.environment, &self.set, "compiled") {
            Ok(compiled) => compiled,
            Err(exit) => return exit,
        };
        let mut options = self.aws.options(self.yes, context.shell);
        options.allow_replacement.clone_from(&self.allow_replacement);
        if let Err(error) = self.values(context.world, &mut options.values) {
            context.shell.error(&error);
            return ExitStatus::Refused;
        }
        let mut reporter = TerminalProgress(context.shell);
        match deploy::deploy(&compiled.deployment, &compiled.artifacts, &options, &mut reporter) {
            Ok(outcome) => {
                for (name, value) in &outcome.outputs {
                    context.shell.data(&format!("{name}={value}\n"));
                }
                let what = if outcome.changed { "deployed" } else { "nothing to deploy for" };
                context.shell.message(&format!("{what} {}", self.environment));
                ExitStatus::Done
            }
            Err(failure) => context.fail(&failure),
        }
    }
}
