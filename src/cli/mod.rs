//! The command line, one file per command. Nothing else prints.
//!
//! In: the process's arguments. Out: an [`Exit`]. Invariant: data goes to standard output and messages to
//! standard error. The exit code depends on what a command found, never on how verbose it was.

mod args;
mod build;
mod check;
mod completions;
mod config;
#[cfg(feature = "deploy")]
mod deploy;
#[cfg(feature = "deploy")]
mod deployment;
#[cfg(feature = "deploy")]
mod down;
mod environments;
mod exit;
mod explain;
mod listing;
mod report;
mod schema;
mod selection;
mod shell;
#[cfg(feature = "deploy")]
mod status;
mod targets;
mod verify;

pub use args::{Arguments, Format, Global, Set};
pub use exit::Exit;
pub use report::Run;
pub use shell::{Colour, Shell, Verbosity};

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use tranship_frontend::world::{Disk, World};

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compile the manifest and write the artifacts; without ENV or --target, for every environment
    Build(build::Build),
    /// Check the manifest without writing anything; without ENV or --target, for every target
    Check(check::Check),
    /// Print the resolved manifest, like `docker compose config`
    Config(config::Config),
    /// Compare the compiled artifacts with those committed in `golden/ENV`
    Verify(verify::Verify),
    /// List the targets, and how well the manifest fits each
    Targets(targets::Targets),
    /// List the environments that the manifest declares
    Environments(environments::Environments),
    /// Compile an environment, show what would change, and deploy it
    #[cfg(feature = "deploy")]
    Deploy(deploy::Deploy),
    /// Show the status of a deployment
    #[cfg(feature = "deploy")]
    Status(status::Status),
    /// Delete a deployment; resources that keep data stay unless named
    #[cfg(feature = "deploy")]
    Down(down::Down),
    /// Explain a diagnostic or a setting of `x-tranship`; without a name, list all diagnostics
    Explain(explain::Explain),
    /// Print the JSON Schema of `x-tranship`, for editors and other tools
    Schema(schema::Schema),
    /// Print a shell completion script
    Completions(completions::Completions),
}

/// What every command works with.
pub struct Context<'a> {
    /// The printer.
    pub shell: &'a mut Shell,
    /// Files and environment variables.
    pub world: &'a dyn World,
    /// The global flags.
    pub global: &'a Global,
}

/// Runs the command named by the arguments.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return explain_usage(&error),
    };
    let mut shell = Shell::new(arguments.global.color, arguments.global.verbosity());
    let world = match Disk::new() {
        Ok(world) => world,
        Err(error) => {
            shell.error(&format!("cannot use the current directory: {error}"));
            return Exit::Failed;
        }
    };
    let exit = run(&arguments, &mut Context { shell: &mut shell, world: &world, global: &arguments.global });
    match shell.lost_data() {
        Some(error) => {
            shell.error(&format!("cannot write to standard output: {error}"));
            Exit::Failed
        }
        None => exit,
    }
}

/// Runs a command against a given world.
pub fn run(arguments: &Arguments, context: &mut Context<'_>) -> Exit {
    match &arguments.command {
        Command::Build(command) => command.run(context),
        Command::Check(command) => command.run(context),
        Command::Config(command) => command.run(context),
        Command::Verify(command) => command.run(context),
        Command::Targets(command) => command.run(context),
        Command::Environments(command) => command.run(context),
        #[cfg(feature = "deploy")]
        Command::Deploy(command) => command.run(context),
        #[cfg(feature = "deploy")]
        Command::Status(command) => command.run(context),
        #[cfg(feature = "deploy")]
        Command::Down(command) => command.run(context),
        Command::Explain(command) => command.run(context),
        Command::Schema(command) => command.run(context),
        Command::Completions(command) => command.run(context),
    }
}

/// Prints the help, the version or a usage error.
fn explain_usage(error: &clap::Error) -> Exit {
    let printed = error.print();
    match printed {
        _ if error.use_stderr() => Exit::Refused,
        // A closed pipe is not an error: there is no one left to tell.
        Err(lost) if lost.kind() != std::io::ErrorKind::BrokenPipe => Exit::Failed,
        _ => Exit::Done,
    }
}
