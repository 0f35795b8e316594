//! `tranship explain`: what a diagnostic means and how to fix it, or what a setting does.

use super::{CommandContext, ExitStatus};
use crate::{known_names, rule_registry};
use tranship_app::settings_page;
use tranship_frontend::diagnostic::suggest::closest;
use tranship_frontend::diagnostic::{RuleRegistry, page};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct ExplainCommand {
    /// A diagnostic, such as `compose/unknown-key`, or a setting, such as `x-tranship.network.vpc`;
    /// `x-tranship` lists all settings
    name: Option<String>,
}

impl ExplainCommand {
    /// Prints the page, or the list.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let registry = rule_registry();
        let Some(name) = &self.name else {
            context.shell.page(&page::list(&registry));
            return ExitStatus::Done;
        };
        if name.split('.').any(|step| step == "x-tranship") {
            return setting(name, context);
        }
        // Accept a name copied together with the rest of `error[compose/unknown-key]`.
        let name = name.rsplit('[').next().unwrap_or(name).trim_end_matches([']', ':']);
        if let Some(rule) = registry.find(name) {
            context.shell.page(&page::text(rule));
            return ExitStatus::Done;
        }
        context.shell.error(&unknown(name, &registry));
        ExitStatus::Refused
    }
}

/// Prints the page of a setting, or the list of those in a place.
fn setting(path: &str, context: &mut CommandContext<'_>) -> ExitStatus {
    match settings_page(path, &known_names().targets) {
        Ok(page) => {
            context.shell.page(&page);
            ExitStatus::Done
        }
        Err(near) => {
            let help = near.map_or_else(
                || "`tranship explain x-tranship` lists the settings".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            context.shell.error(&format!("unknown setting `{path}`; {help}"));
            ExitStatus::Refused
        }
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
