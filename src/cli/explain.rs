//! `tranship explain`: what a diagnostic means and how to fix it.

use super::{Context, Exit};
use crate::rule_registry;
use tranship_frontend::diagnostic::suggest::closest;
use tranship_frontend::diagnostic::{RuleRegistry, page};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct Explain {
    /// The diagnostic's name, such as `compose/unknown-key`
    name: Option<String>,
}

impl Explain {
    /// Prints the page, or the list.
    pub fn run(&self, context: &mut Context<'_>) -> Exit {
        let registry = rule_registry();
        let Some(name) = &self.name else {
            context.shell.data(&page::list(&registry));
            return Exit::Done;
        };
        // Accept a name copied together with the rest of `error[compose/unknown-key]`.
        let name = name.rsplit('[').next().unwrap_or(name).trim_end_matches([']', ':']);
        if let Some(rule) = registry.find(name) {
            context.shell.data(&page::text(rule));
            return Exit::Done;
        }
        context.shell.error(&unknown(name, &registry));
        Exit::Refused
    }
}

fn unknown(name: &str, registry: &RuleRegistry) -> String {
    let same_tail = || registry.iter().find(|rule| rule.name.split('/').nth(1) == Some(name));
    let meant =
        closest(name, registry.iter().map(|rule| rule.name)).or_else(|| same_tail().map(|rule| rule.name));
    match meant {
        Some(meant) => format!("unknown diagnostic `{name}`; did you mean `{meant}`?"),
        None => format!("unknown diagnostic `{name}`; `tranship explain` lists all of them"),
    }
}
