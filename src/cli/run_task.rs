//! `tranship run` and `tranship exec`: a one-off task, and a command in a container that runs.

use super::deployment::{AwsOptions, TerminalProgress};
use super::{CommandContext, ExitStatus, VariableOptions};
use crate::deploy::{self, ExecSession, TaskRequest, shell_words};
use camino::Utf8PathBuf;
use std::process::Command;

/// The program that speaks to a session of ECS Exec.
const PLUGIN: &str = "session-manager-plugin";

/// The arguments of `tranship run`.
#[derive(Debug, clap::Args)]
pub struct RunCommand {
    /// An environment of the manifest
    #[arg(value_name = "ENV")]
    environment: String,
    /// A service or a job
    #[arg(value_name = "SERVICE|JOB")]
    service: String,
    /// The command, instead of that of the manifest
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<String>,
    #[command(flatten)]
    set: VariableOptions,
    #[command(flatten)]
    aws: AwsOptions,
}

impl RunCommand {
    /// Runs the task, prints its lines to standard output, and ends with its exit code.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let (deployment, mark) = match context.identify(&self.environment, &self.set) {
            Ok(found) => found,
            Err(exit) => return exit,
        };
        let options = self.aws.options(true, mark, context.shell);
        let request = TaskRequest { name: self.service.clone(), command: self.command.clone() };
        let done = deploy::run_task(&deployment, &request, &options, &mut TerminalProgress(context.shell));
        match done {
            Ok(finished) => {
                context.shell.message(&format!("{} ended with exit code {}", self.service, finished.code));
                ExitStatus::of_task(finished.code)
            }
            Err(failure) => context.fail(&failure),
        }
    }
}

/// The arguments of `tranship exec`.
#[derive(Debug, clap::Args)]
pub struct ExecCommand {
    /// An environment of the manifest
    #[arg(value_name = "ENV")]
    environment: String,
    /// A service of an environment with `exec: true`
    #[arg(value_name = "SERVICE")]
    service: String,
    /// The container of its task [default: the service itself]
    #[arg(long, value_name = "NAME")]
    container: Option<String>,
    /// The plugin of Session Manager [default: `session-manager-plugin` on the PATH]
    #[arg(long, value_name = "FILE")]
    plugin: Option<Utf8PathBuf>,
    /// The command [default: /bin/sh]
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<String>,
    #[command(flatten)]
    set: VariableOptions,
    #[command(flatten)]
    aws: AwsOptions,
}

impl ExecCommand {
    /// Opens a session in the newest task of the service, and ends with the exit code of the plugin.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let (deployment, mark) = match context.identify(&self.environment, &self.set) {
            Ok(found) => found,
            Err(exit) => return exit,
        };
        let options = self.aws.options(false, mark, context.shell);
        let command = if self.command.is_empty() { "/bin/sh".to_owned() } else { shell_words(&self.command) };
        let container = self.container.as_deref();
        let mut progress = TerminalProgress(context.shell);
        match deploy::exec(&deployment, &self.service, container, &command, &options, &mut progress) {
            Ok(session) => self.speak(&session, context),
            Err(failure) => context.fail(&failure),
        }
    }

    /// Hands the session to the plugin, which owns the terminal until it ends.
    fn speak(&self, session: &ExecSession, context: &mut CommandContext<'_>) -> ExitStatus {
        let plugin = self.plugin.as_ref().map_or(PLUGIN, |plugin| plugin.as_str());
        match Command::new(plugin).args(&session.arguments).status() {
            Ok(status) => ExitStatus::of_task(status.code().unwrap_or(1)),
            Err(error) => {
                context.shell.error(&format!("cannot start {plugin}: {error}"));
                context.shell.report(
                    "  = install the Session Manager plugin of AWS, or name it with `--plugin FILE`\n",
                );
                ExitStatus::Failed
            }
        }
    }
}
