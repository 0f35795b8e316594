//! The command line: one file a command. Owns printing; nothing else prints.
//!
//! In: the arguments of the process. Out: an [`Exit`]. Invariant: data goes to standard output, talk to
//! standard error, and what a command found decides its exit code, never how much it said.

mod args;
mod completions;
mod exit;
mod explain;
mod report;
mod shell;

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
    /// Tell what a diagnostic means.
    #[command()]
    Explain(explain::Explain),
    /// Print a shell's completion script.
    #[command()]
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
    run(&arguments, &mut Context { shell: &mut shell, world: &world, global: &arguments.global })
}

/// Runs a command in a given world.
pub fn run(arguments: &Arguments, context: &mut Context<'_>) -> Exit {
    match &arguments.command {
        Command::Explain(command) => command.run(context),
        Command::Completions(command) => command.run(context),
    }
}

/// Prints help, the version, or what is wrong with the arguments.
fn explain_usage(error: &clap::Error) -> Exit {
    // A reader that went away is not worth a word.
    let _ = error.print();
    if error.use_stderr() { Exit::Refused } else { Exit::Done }
}
