//! The command line: global flags, and flags shared by several commands.
//!
//! In: the process's arguments. Out: [`CliArguments`]. A command's own flags are in its own file.

use super::shell::{ColorMode, Verbosity};
use camino::Utf8PathBuf;
use clap::{ArgAction, Args, Parser, ValueEnum};
use std::io::Read;
use tranship_frontend::compose::LoadOptions;
use tranship_frontend::world::TEXT_LIMIT;

/// Compiles a Docker Compose file to AWS: ECS on Fargate, ECS on EC2, Elastic Beanstalk.
#[derive(Debug, Parser)]
#[command(name = "tranship", version, max_term_width = 100, propagate_version = false)]
#[command(after_help = "`tranship explain NAME` explains a diagnostic and how to fix it.")]
pub struct CliArguments {
    /// Global flags.
    #[command(flatten)]
    pub global: GlobalOptions,
    /// The command.
    #[command(subcommand)]
    pub command: super::CliCommand,
}

/// Global flags.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalOptions {
    /// A Compose file; repeat to merge more files on top, `-` reads standard input
    #[arg(short, long = "file", global = true, value_name = "FILE")]
    pub files: Vec<Utf8PathBuf>,
    /// A file of variables, used instead of `.env`
    #[arg(long = "env-file", global = true, value_name = "FILE")]
    pub env_files: Vec<Utf8PathBuf>,
    /// A profile to activate
    #[arg(long = "profile", global = true, value_name = "NAME")]
    pub profiles: Vec<String>,
    /// The directory that relative paths start from [default: the directory of the first Compose file]
    #[arg(long, global = true, value_name = "DIR")]
    pub project_directory: Option<Utf8PathBuf>,
    /// The project's name [default: `name:`, or the directory's name]
    #[arg(short, long, global = true, value_name = "NAME")]
    pub project_name: Option<String>,
    /// When to use colors
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    pub color: ColorMode,
    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print everything: notes, and every warning with its snippet
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

impl GlobalOptions {
    /// How much to print.
    pub fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        }
    }

    /// The content of standard input, if `-f -` asks for it.
    fn stdin(&self) -> Option<Vec<u8>> {
        let wanted = self.files.iter().any(|file| file == "-");
        let mut bytes = Vec::new();
        // One byte more than the limit shows that there is too much.
        let read = || std::io::stdin().take(TEXT_LIMIT + 1).read_to_end(&mut bytes);
        wanted.then(read)?.ok()?;
        Some(bytes)
    }

    /// The load options that these flags describe.
    pub fn load_options(&self) -> LoadOptions {
        LoadOptions {
            files: self.files.clone(),
            stdin: self.stdin(),
            project_directory: self.project_directory.clone(),
            project_name: self.project_name.clone(),
            env_files: self.env_files.clone(),
            profiles: self.profiles.clone(),
            ..LoadOptions::default()
        }
    }
}

/// Variables set on the command line.
#[derive(Debug, Clone, Default, Args)]
pub struct VariableOptions {
    /// Set a variable, overriding every other source
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
}

/// The format of diagnostics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum MessageFormat {
    /// Text with snippets on standard error.
    #[default]
    Human,
    /// One JSON object on standard output.
    Json,
    /// SARIF 2.1.0 on standard output.
    Sarif,
    /// GitHub Actions workflow commands on standard output.
    Github,
}

pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        CliArguments::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_before_and_after_the_command() {
        for line in [
            ["tranship", "-f", "a.yaml", "--profile", "x", "explain"],
            ["tranship", "explain", "-f", "a.yaml", "--profile", "x"],
        ] {
            let arguments = CliArguments::try_parse_from(line).unwrap();
            let options = arguments.global.load_options();
            assert_eq!(options.files, ["a.yaml"]);
            assert_eq!(options.profiles, ["x"]);
        }
    }

    #[test]
    fn an_assignment_splits_at_its_first_equals_sign() {
        assert_eq!(assignment("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert!(assignment("A").is_err() && assignment("=b").is_err());
    }
}
