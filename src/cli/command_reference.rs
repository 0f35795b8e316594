//! `docs/command-line.md`, made of what `--help` says, and held against the manual pages and the completions.

use super::CliArguments;
use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;

const START: &str = "# Command line

Every command with its flags, as `tranship COMMAND --help` says them. What they do together is told in
[deploying.md](deploying.md), [operation.md](operation.md) and [pipeline.md](pipeline.md).

Standard output has data, standard error has messages. Exit codes: 0 done, or nothing to do; 1 failed; 2 usage or manifest
error; 3 differences found; 4 credentials; 5 timed out; 130 interrupted; of `run` and `exec`, that of the container.

";

/// The command line, whole.
fn all() -> Command {
    let mut all = CliArguments::command();
    all.build();
    all
}

/// What a user writes: `--since DURATION`, `ENV`.
fn spelled(arg: &Arg) -> String {
    let values: Vec<&str> =
        arg.get_value_names().into_iter().flatten().map(clap::builder::Str::as_str).collect();
    let value = if arg.get_action().takes_values() { values.join(" ") } else { String::new() };
    let Some(long) = arg.get_long() else { return value };
    let short = arg.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
    format!("{short}--{long} {value}").trim_end().to_owned()
}

/// A row of a table; the values that a flag may have are part of it.
fn row(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let values = arg.get_possible_values();
    let values: Vec<&str> = values.iter().filter(|it| !it.is_hide_set()).map(|it| it.get_name()).collect();
    let values = match arg.get_action().takes_values() && !values.is_empty() {
        true => format!(": `{}`", values.join("`, `")),
        false => String::new(),
    };
    // A bar ends a cell, in code too.
    let cell = |text: &str| text.replace('|', "\\|");
    format!("| `{}` | {}{values} |\n", cell(&spelled(arg)), cell(&help))
}

fn is_shown(arg: &&Arg) -> bool {
    !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str())
}

fn page() -> String {
    let mut all = all();
    let mut text = START.to_owned();
    text.push_str("## Flags of every command\n\n| flag | what it does |\n|---|---|\n");
    text.extend(all.get_arguments().filter(is_shown).map(row));
    for command in all.get_subcommands_mut().filter(|it| it.get_name() != "help") {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let usage = command.render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ");
        let name = command.get_name();
        text.push_str(&format!("\n## tranship {name}\n\n{about}.\n\n```\n{usage}\n```\n"));
        let own: Vec<&Arg> =
            command.get_arguments().filter(|arg| !arg.is_global_set()).filter(is_shown).collect();
        if !own.is_empty() {
            text.push_str("\n| argument | what it does |\n|---|---|\n");
            text.extend(own.into_iter().map(row));
        }
    }
    text
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test may read its own switch")]
fn the_page_of_the_command_line_is_what_the_help_says() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/command-line.md");
    if std::env::var_os("TRANSHIP_BLESS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), page(), "TRANSHIP_BLESS=1 writes it");
}

/// Whether a text has a word that goes on with none of the letters of a flag.
fn has(text: &str, word: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|next: char| next == '-' || next.is_ascii_alphanumeric());
    text.match_indices(word).any(|(at, _)| !goes_on(&text[at + word.len()..]))
}

#[test]
fn every_command_and_every_flag_is_in_the_help_the_manual_the_completions_and_the_docs() {
    let (mut all, docs) = (all(), page());
    let overview = all.render_help().to_string();
    let scripts = [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell].map(|shell| {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut CliArguments::command(), "tranship", &mut script);
        String::from_utf8(script).unwrap()
    });
    let mut missing = Vec::new();
    for command in all.get_subcommands_mut().filter(|it| it.get_name() != "help") {
        let name = command.get_name().to_owned();
        let help = command.render_long_help().to_string();
        let manual = super::man::page(Some(&name)).unwrap().replace("\\fR", " ").replace('\\', "");
        let section = docs.split("\n## ").find(|it| it.starts_with(&format!("tranship {name}\n")));
        let mut check = |there: bool, what: &str, place: &str| {
            if !there {
                missing.push(format!("{name} {what}: {place}"));
            }
        };
        check(command.get_about().is_some() && has(&overview, &format!("  {name}")), "", "tranship --help");
        check(section.is_some(), "", "docs");
        check(scripts.iter().all(|script| has(script, &name)), "", "completions");
        for arg in command.get_arguments().filter(|it| it.get_id() != "help") {
            let described = arg.get_help().is_some_and(|help| !help.to_string().is_empty());
            check(described, arg.get_id().as_str(), "help");
            let Some(long) = arg.get_long().map(|long| format!("--{long}")) else { continue };
            check(has(&help, &long), &long, "help");
            check(has(&manual, &long), &long, "manual");
            let told = if arg.is_global_set() { Some(docs.as_str()) } else { section };
            check(told.is_some_and(|text| has(text, &long)), &long, "docs");
            // Some shells write the name without its dashes.
            check(scripts.iter().all(|it| has(it, &long) || has(it, &long[2..])), &long, "completions");
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}
