//! `tranship man`: manual pages.

use super::{CommandContext, ExitStatus};
use clap::CommandFactory;
use clap_mangen::Man;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct ManCommand {
    /// The command [default: an overview of all]
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

impl ManCommand {
    /// Prints a page in the form that `man` reads.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        match page(self.command.as_deref()) {
            Ok(page) => {
                context.shell.data(&page);
                ExitStatus::Done
            }
            Err(error) => {
                context.shell.error(&error);
                ExitStatus::Refused
            }
        }
    }
}

/// The page of a command, or of the whole.
pub(super) fn page(name: Option<&str>) -> Result<String, String> {
    let mut all = super::CliArguments::command();
    all.build();
    let command = match name {
        None => all,
        Some(name) => {
            let unknown = || format!("no command `{name}`: `tranship --help` lists them");
            let found = all.find_subcommand(name).cloned().ok_or_else(unknown)?;
            // The name of a page has no space.
            found.display_name(format!("tranship-{name}"))
        }
    };
    let mut text = Vec::new();
    Man::new(command).render(&mut text).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_page_for_every_command() {
        let all = page(None).unwrap();
        assert!(all.contains(".TH tranship 1") && all.contains("tranship\\-build"), "{all}");
        let mut command = crate::cli::CliArguments::command();
        command.build();
        for name in command.get_subcommands().map(clap::Command::get_name).filter(|name| *name != "help") {
            let text = page(Some(name)).unwrap();
            assert!(text.contains(&format!(".TH tranship-{name} 1")), "{name}: {text}");
            assert!(text.contains(".SH DESCRIPTION") && text.contains(".SH OPTIONS"), "{name}");
        }
        assert_eq!(page(Some("nothing")).unwrap_err(), "no command `nothing`: `tranship --help` lists them");
    }
}
