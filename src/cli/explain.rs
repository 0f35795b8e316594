//! `tranship explain`: what a diagnostic means and how to fix it.

use super::{Context, Exit};
use crate::diagnostic::suggest::closest;
use crate::diagnostic::{page, rules};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct Explain {
    /// The diagnostic's name, such as `compose/unknown-key`
    name: Option<String>,
}

impl Explain {
    /// Prints the page, or the list.
    pub fn run(&self, context: &mut Context<'_>) -> Exit {
        let Some(name) = &self.name else {
            context.shell.data(&page::list());
            return Exit::Done;
        };
        // Accept a name copied together with the rest of `error[compose/unknown-key]`.
        let name = name.rsplit('[').next().unwrap_or(name).trim_end_matches([']', ':']);
        if let Some(rule) = rules::find(name) {
            context.shell.data(&page::text(rule));
            return Exit::Done;
        }
        context.shell.error(&unknown(name));
        Exit::Refused
    }
}

fn unknown(name: &str) -> String {
    let same_tail = || rules::all().find(|rule| rule.name.split('/').nth(1) == Some(name));
    let meant =
        closest(name, rules::all().map(|rule| rule.name)).or_else(|| same_tail().map(|rule| rule.name));
    match meant {
        Some(meant) => format!("unknown diagnostic `{name}`; did you mean `{meant}`?"),
        None => format!("unknown diagnostic `{name}`; `tranship explain` lists all of them"),
    }
}
