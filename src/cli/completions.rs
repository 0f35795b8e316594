//! `tranship completions`: a shell's completion script.

use super::{Context, Exit};
use clap::CommandFactory;
use clap_complete::Shell;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub fn run(&self, context: &mut Context<'_>) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Arguments::command(), "tranship", &mut script);
        context.shell.data(&String::from_utf8_lossy(&script));
        Exit::Done
    }
}
