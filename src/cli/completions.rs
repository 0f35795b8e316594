//! `tranship completions`: a shell's completion script.

use super::{CommandContext, ExitStatus};
use clap::CommandFactory;
use clap_complete::Shell;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct CompletionsCommand {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl CompletionsCommand {
    /// Prints the script.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::CliArguments::command(), "tranship", &mut script);
        context.shell.data(&String::from_utf8_lossy(&script));
        ExitStatus::Done
    }
}
