//! The command line: the flags that hold everywhere, and those that several commands share.
//!
//! In: the arguments of the process. Out: [`Arguments`]. A command's own flags stand in its file.

use super::shell::{Colour, Verbosity};
use crate::compose::LoadOptions;
use crate::world::TEXT_LIMIT;
use camino::Utf8PathBuf;
use clap::{ArgAction, Args, Parser, ValueEnum};
use std::io::Read;

/// Compiles a Docker Compose file to AWS: ECS on Fargate, ECS on EC2, Elastic Beanstalk.
#[derive(Debug, Parser)]
#[command(name = "tranship", version, max_term_width = 100, propagate_version = false)]
#[command(after_help = "`tranship explain NAME` tells what a diagnostic means and what to do.")]
pub struct Arguments {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: super::Command,
}

/// What holds for every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// A Compose file; given several times, later ones are merged on top. `-` is standard input
    #[arg(short, long = "file", global = true, value_name = "FILE")]
    pub files: Vec<Utf8PathBuf>,
    /// A file of variables, instead of `.env`
    #[arg(long = "env-file", global = true, value_name = "FILE")]
    pub env_files: Vec<Utf8PathBuf>,
    /// A profile to activate
    #[arg(long = "profile", global = true, value_name = "NAME")]
    pub profiles: Vec<String>,
    /// The directory that relative paths start from, instead of the first Compose file's
    #[arg(long, global = true, value_name = "DIR")]
    pub project_directory: Option<Utf8PathBuf>,
    /// The project's name, instead of `name:` or the directory's
    #[arg(short, long, global = true, value_name = "NAME")]
    pub project_name: Option<String>,
    /// When to colour
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    pub color: Colour,
    /// Tell errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tell everything: notes, and every warning with its snippet
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

impl Global {
    /// How much to tell.
    pub fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        }
    }

    /// What standard input holds, where `-f -` asks for it.
    fn stdin(&self) -> Option<Vec<u8>> {
        let wanted = self.files.iter().any(|file| file == "-");
        let mut bytes = Vec::new();
        // One byte more than is read says that there is too much.
        let read = || std::io::stdin().take(TEXT_LIMIT + 1).read_to_end(&mut bytes);
        wanted.then(read)?.ok()?;
        Some(bytes)
    }

    /// What to read, as these flags say.
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

/// Variables given on the command line.
#[derive(Debug, Clone, Default, Args)]
pub struct Set {
    /// A variable's value, over every other source
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
}

/// How diagnostics are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// Text with snippets, on standard error.
    #[default]
    Human,
    /// One JSON object on standard output.
    Json,
    /// SARIF 2.1.0 on standard output.
    Sarif,
    /// Workflow commands of GitHub Actions on standard output.
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
        Arguments::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_before_and_after_the_command() {
        for line in [
            ["tranship", "-f", "a.yaml", "--profile", "x", "explain"],
            ["tranship", "explain", "-f", "a.yaml", "--profile", "x"],
        ] {
            let arguments = Arguments::try_parse_from(line).unwrap();
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
