//! From the arguments of the process to [`CliArguments`].
//!
//! In: the arguments. Out: what they say, or a usage error. Invariant: it is what the whole command line, with all commands, makes
//! of them. A command that compiles is tried with its own arguments only: those of all commands, of which each has the global
//! ones too, take more memory than a small manifest does.

use super::{CliArguments, GlobalOptions, build, check, config, targets, verify};
use clap::{Args, Command, FromArgMatches, Parser};
use std::ffi::OsString;

/// What adds the arguments of a command.
type AddArguments = fn(Command) -> Command;

/// The commands that compile a manifest, by their names.
const COMPILING: [(&str, AddArguments); 5] = [
    ("build", build::BuildCommand::augment_args),
    ("check", check::CheckCommand::augment_args),
    ("config", config::ConfigCommand::augment_args),
    ("targets", targets::TargetsCommand::augment_args),
    ("verify", verify::VerifyCommand::augment_args),
];

/// What the arguments say.
///
/// # Errors
/// They cannot be understood, or ask for help.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<CliArguments, clap::Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match parse_compiling(&arguments) {
        Some(parsed) => Ok(parsed),
        // What is wrong is said by what knows all commands.
        None => CliArguments::try_parse_from(arguments),
    }
}

/// What the arguments say, where they are those of a command that compiles, and right.
fn parse_compiling(arguments: &[OsString]) -> Option<CliArguments> {
    let named = |argument: &OsString| COMPILING.iter().find(|(name, _)| argument == name);
    let (name, add_arguments) = arguments.iter().skip(1).find_map(named)?;
    // If this word is the value of a flag, the true command is not there, which is an error.
    let whole = GlobalOptions::augment_args(Command::new("tranship"));
    let whole = whole.subcommand_required(true).subcommand(add_arguments(Command::new(*name)));
    CliArguments::from_arg_matches(&whole.try_get_matches_from(arguments).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn words(line: &str) -> Vec<OsString> {
        std::iter::once("tranship").chain(line.split_whitespace()).map(OsString::from).collect()
    }

    #[test]
    fn a_command_that_compiles_is_understood_as_by_the_whole_command_line() {
        for line in [
            "build",
            "build prod --out x --strict",
            "-f a.yaml check -f b.yaml --target fargate --format json",
            "check --set A=1 --set B=2 -v -v --color never",
            "config --quiet web db",
            "--quiet --profile debug verify --bless --all",
            "targets --project-directory build",
            // Words that are names of commands and values of flags or arguments.
            "-f build -f check build",
            "config config",
        ] {
            let told = |parsed: CliArguments| format!("{parsed:?}");
            let whole = CliArguments::try_parse_from(words(line)).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(parse_compiling(&words(line)).map(told), Some(format!("{whole:?}")), "{line}");
        }
    }

    #[test]
    fn all_else_is_left_to_the_whole_command_line() {
        for line in [
            "",
            "schema",
            "--project-name build check",
            "build --nope",
            "build --help",
            "--version check",
            "help build",
        ] {
            assert!(parse_compiling(&words(line)).is_none(), "{line}");
        }
        let parsed = parse(words("--project-name build check")).unwrap();
        assert_eq!(parsed.global.project_name.as_deref(), Some("build"));
        assert!(matches!(parsed.command, super::super::CliCommand::Check(_)));
    }

    #[test]
    fn what_is_wrong_is_told_with_all_commands() {
        for line in ["biuld", "build --nope", "check --target", "build --help", "config -h", "help build"] {
            let whole = CliArguments::try_parse_from(words(line)).unwrap_err();
            assert_eq!(parse(words(line)).unwrap_err().to_string(), whole.to_string(), "{line}");
        }
    }

    #[test]
    fn each_is_a_command() {
        let whole = CliArguments::command();
        for (name, add_arguments) in COMPILING {
            let ids = |command: &Command| -> Vec<String> {
                command.get_arguments().map(|one| one.get_id().to_string()).collect()
            };
            let own = add_arguments(Command::new(name));
            assert_eq!(whole.find_subcommand(name).map(ids), Some(ids(&own)), "{name}");
        }
    }
}
