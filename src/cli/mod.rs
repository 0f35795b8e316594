//! The command line: one file a command. Owns printing; nothing else prints.
//!
//! In: the arguments of the process. Out: an [`Exit`]. Invariant: data goes to standard output, talk to
//! standard error, and what a command found decides its exit code, never how much it said.

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

use crate::world::{Disk, World};
use clap::{Parser, Subcommand};
use std::ffi::OsString;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write what AWS needs to run the manifest; without ENV or --target, for every environment
    Build(build::Build),
    /// Say what the manifest becomes, and write nothing; without ENV or --target, for every target
    Check(check::Check),
    /// Print the manifest as it is read, as `docker compose config` does
    Config(config::Config),
    /// Compare what the manifest compiles to with the committed artifacts in `golden/ENV`
    Verify(verify::Verify),
    /// List the targets, and how well the manifest fits each
    Targets(targets::Targets),
    /// List the environments that the manifest declares
    Environments(environments::Environments),
    /// Compile an environment, show what would change, and deploy it
    #[cfg(feature = "deploy")]
    Deploy(deploy::Deploy),
    /// Tell how what was deployed stands
    #[cfg(feature = "deploy")]
    Status(status::Status),
    /// Take down what was deployed; what keeps data stays unless it is named
    #[cfg(feature = "deploy")]
    Down(down::Down),
    /// Tell what a diagnostic means and what to do; without a name, list them all
    Explain(explain::Explain),
    /// Print the JSON Schema of `x-tranship`, for editors and other tools
    Schema(schema::Schema),
    /// Print a shell's completion script
    Completions(completions::Completions),
}

/// What a command works with.
pub struct Context<'a> {
    /// Prints.
    pub shell: &'a mut Shell,
    /// Files and environment variables.
    pub world: &'a dyn World,
    /// The flags that hold for every command.
    pub global: &'a Global,
}

/// Runs the command that the arguments name.
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

/// Runs a command in a given world.
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

/// Prints help, the version, or what is wrong with the arguments.
fn explain_usage(error: &clap::Error) -> Exit {
    let printed = error.print();
    match printed {
        _ if error.use_stderr() => Exit::Refused,
        // A reader that went away is not worth a word.
        Err(lost) if lost.kind() != std::io::ErrorKind::BrokenPipe => Exit::Failed,
        _ => Exit::Done,
    }
}
