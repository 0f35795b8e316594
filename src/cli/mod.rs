//! The command line, one file per command. Nothing else prints.
//!
//! In: the process's arguments. Out: an [`ExitStatus`]. Invariant: data goes to standard output and messages to
//! standard error. The exit code depends on what a command found, never on how verbose it was.

mod args;
mod build;
mod check;
#[cfg(all(test, feature = "deploy"))]
mod command_reference;
mod completions;
mod config;
#[cfg(feature = "deploy")]
mod deploy;
#[cfg(feature = "deploy")]
mod deploy_inputs;
#[cfg(feature = "deploy")]
mod deployment;
#[cfg(feature = "deploy")]
mod diff;
#[cfg(feature = "deploy")]
mod down;
mod environments;
#[cfg(feature = "deploy")]
mod events;
mod exit;
mod explain;
#[cfg(feature = "deploy")]
mod hidden_input;
mod listing;
#[cfg(feature = "deploy")]
mod live;
#[cfg(feature = "deploy")]
mod lock;
#[cfg(feature = "deploy")]
mod logs;
mod man;
mod parse;
#[cfg(feature = "deploy")]
mod permissions;
mod pipeline;
#[cfg(feature = "deploy")]
mod publication;
#[cfg(feature = "deploy")]
mod publish;
mod report;
#[cfg(feature = "deploy")]
mod repository;
#[cfg(feature = "deploy")]
mod rollback;
#[cfg(feature = "deploy")]
mod run_task;
mod schema;
mod selection;
mod shell;
#[cfg(feature = "deploy")]
mod status;
#[cfg(feature = "deploy")]
mod status_screen;
mod targets;
mod verify;

pub use args::{CliArguments, GlobalOptions, MessageFormat, VariableOptions};
pub use exit::ExitStatus;
pub use report::ReportedRun;
pub use shell::{ColorMode, Shell, Verbosity};

use clap::Subcommand;
use std::ffi::OsString;
use tranship_frontend::world::{DiskWorld, World};

/// The commands.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Compile the manifest and write the artifacts; without ENV or --target, for every environment
    Build(build::BuildCommand),
    /// Check the manifest without writing anything; without ENV or --target, for every target
    Check(check::CheckCommand),
    /// Print the resolved manifest, like `docker compose config`
    Config(config::ConfigCommand),
    /// Compare the compiled artifacts with those committed in `golden/ENV`
    Verify(verify::VerifyCommand),
    /// List the targets, and how well the manifest fits each
    Targets(targets::TargetsCommand),
    /// List the environments that the manifest declares
    Environments(environments::EnvironmentsCommand),
    /// Record facts about images (digests, ports, users) in `tranship.lock`
    #[cfg(feature = "deploy")]
    Lock(lock::LockCommand),
    /// Build, derive and push the images of an environment, and write their digests to `images.json`
    #[cfg(feature = "deploy")]
    Publish(publish::PublishCommand),
    /// Compile an environment, show what would change, and deploy it
    #[cfg(feature = "deploy")]
    Deploy(deploy::DeployCommand),
    /// Show what a deployment would change, by value; exits with 3 if it would change anything
    #[cfg(feature = "deploy")]
    Diff(diff::DiffCommand),
    /// Show the status of deployments; with --follow, several environments side by side
    #[cfg(feature = "deploy")]
    Status(status::StatusCommand),
    /// Print the output of services and jobs, all together by time
    #[cfg(feature = "deploy")]
    Logs(logs::LogsCommand),
    /// Print the newest events of deployments, and with --follow those that come
    #[cfg(feature = "deploy")]
    Events(events::EventsCommand),
    /// Run a one-off task of a service or a job, and end with its exit code
    #[cfg(feature = "deploy")]
    Run(run_task::RunCommand),
    /// Run a command in a container of a service, by default a shell
    #[cfg(feature = "deploy")]
    Exec(run_task::ExecCommand),
    /// Go back to an earlier deployment, without its manifest
    #[cfg(feature = "deploy")]
    Rollback(rollback::RollbackCommand),
    /// Stop an update that is in progress, and go back to what ran before
    #[cfg(feature = "deploy")]
    Cancel(rollback::CancelCommand),
    /// Delete a deployment; resources that keep data are kept unless named
    #[cfg(feature = "deploy")]
    Down(down::DownCommand),
    /// Print the IAM policy for deploying an environment
    #[cfg(feature = "deploy")]
    Permissions(permissions::PermissionsCommand),
    /// Write the delivery pipeline of the environments, for AWS CodePipeline or GitHub Actions
    Pipeline(pipeline::PipelineCommand),
    /// Explain a diagnostic or a setting of `x-tranship`; without a name, list all diagnostics
    Explain(explain::ExplainCommand),
    /// Print the JSON Schema of `x-tranship`, for editors and other tools
    Schema(schema::SchemaCommand),
    /// Print a shell completion script
    Completions(completions::CompletionsCommand),
    /// Print a manual page, for `man`
    Man(man::ManCommand),
}

/// What every command works with.
pub struct CommandContext<'a> {
    /// The printer.
    pub shell: &'a mut Shell,
    /// Files and environment variables.
    pub world: &'a dyn World,
    /// The global flags.
    pub global: &'a GlobalOptions,
}

/// Runs the command named by the arguments.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitStatus {
    take_size_signal();
    let arguments = match parse::parse(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return explain_usage(&error),
    };
    let mut shell = Shell::new(arguments.global.color, arguments.global.verbosity());
    let world = match DiskWorld::new() {
        Ok(world) => world,
        Err(error) => {
            shell.error(&format!("cannot use the current directory: {error}"));
            return ExitStatus::Failed;
        }
    };
    let exit =
        run(&arguments, &mut CommandContext { shell: &mut shell, world: &world, global: &arguments.global });
    match shell.lost_data() {
        Some(error) => {
            shell.error(&format!("cannot write to standard output: {error}"));
            ExitStatus::Failed
        }
        None => exit,
    }
}

/// Runs a command against a given world.
pub fn run(arguments: &CliArguments, context: &mut CommandContext<'_>) -> ExitStatus {
    match &arguments.command {
        CliCommand::Build(command) => apart(|| command.run(context)),
        CliCommand::Check(command) => apart(|| command.run(context)),
        CliCommand::Config(command) => apart(|| command.run(context)),
        CliCommand::Verify(command) => apart(|| command.run(context)),
        CliCommand::Targets(command) => apart(|| command.run(context)),
        CliCommand::Environments(command) => apart(|| command.run(context)),
        #[cfg(feature = "deploy")]
        CliCommand::Lock(command) => apart(|| command.run(context)),
        #[cfg(feature = "deploy")]
        CliCommand::Publish(command) => apart(|| command.run(context)),
        #[cfg(feature = "deploy")]
        CliCommand::Deploy(command) => apart(|| command.run(context)),
        #[cfg(feature = "deploy")]
        CliCommand::Diff(command) => apart(|| command.run(context)),
        #[cfg(feature = "deploy")]
        CliCommand::Status(command) => apart(|| command.run(context)),
        #[cfg(feature = "deploy")]
        CliCommand::Logs(command) => apart(|| command.run(context)),
        #[cfg(feature = "deploy")]
        CliCommand::Events(command) => apart(|| command.run(context)),
        #[cfg(feature = "deploy")]
        CliCommand::Run(command) => apart(|| command.run(context)),
        #[cfg(feature = "deploy")]
        CliCommand::Exec(command) => apart(|| command.run(context)),
        #[cfg(feature = "deploy")]
        CliCommand::Rollback(command) => apart(|| command.run(context)),
        #[cfg(feature = "deploy")]
        CliCommand::Cancel(command) => apart(|| command.run(context)),
        #[cfg(feature = "deploy")]
        CliCommand::Down(command) => apart(|| command.run(context)),
        #[cfg(feature = "deploy")]
        CliCommand::Permissions(command) => apart(|| command.run(context)),
        CliCommand::Pipeline(command) => apart(|| command.run(context)),
        CliCommand::Explain(command) => apart(|| command.run(context)),
        CliCommand::Schema(command) => apart(|| command.run(context)),
        CliCommand::Completions(command) => apart(|| command.run(context)),
        CliCommand::Man(command) => apart(|| command.run(context)),
    }
}

/// Runs a command as a function of its own: in one with all others, what one of them needs would be strewn over the code of all.
#[inline(never)]
fn apart(run: impl FnOnce() -> ExitStatus) -> ExitStatus {
    run()
}

/// Prints the help, the version or a usage error.
fn explain_usage(error: &clap::Error) -> ExitStatus {
    let printed = error.print();
    match printed {
        _ if error.use_stderr() => ExitStatus::Refused,
        // A closed pipe is not an error: there is no one left to tell.
        Err(lost) if lost.kind() != std::io::ErrorKind::BrokenPipe => ExitStatus::Failed,
        _ => ExitStatus::Done,
    }
}

/// A file above the limit of the process (`ulimit -f`) ends it by a signal. Once that is taken, the write fails instead,
/// and is reported like any other.
fn take_size_signal() {
    #[cfg(unix)]
    drop(signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default()));
}
