//! `tranship explain`: what a diagnostic means and what to do.

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
            context.shell.page(&page::list());
            return Exit::Done;
        };
        // A name pasted out of `error[compose/unknown-key]` works too.
        let name = name.rsplit('[').next().unwrap_or(name).trim_end_matches([']', ':']);
        if let Some(rule) = rules::find(name) {
            context.shell.page(&page::text(rule));
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
        Some(meant) => format!("no diagnostic is named `{name}`; did you mean `{meant}`?"),
        None => format!("no diagnostic is named `{name}`; `tranship explain` lists them"),
    }
}
