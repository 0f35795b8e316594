//! `tranship environments`: the environments that the manifest declares.

use super::listing::{ListingFormat, RowListing};
use super::{CommandContext, ExitStatus, MessageFormat, VariableOptions};
use crate::compile::environments;
use serde_json::json;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct EnvironmentsCommand {
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ListingFormat,
}

impl EnvironmentsCommand {
    /// Prints the list.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let options = context.options(&VariableOptions::default());
        let (found, sources, diagnostics) = environments(&options, context.world);
        let found = found.filter(|_| !diagnostics.has_errors());
        let Some(found) = found else {
            return context.report(MessageFormat::Human, Some("manifest"), &[(&diagnostics, &sources)]);
        };
        let mut listing = RowListing::new("environments");
        for environment in &found {
            let target = environment.target.as_ref().map(|target| target.peek().as_str());
            let files: Vec<&str> = environment.files.iter().map(|file| file.peek().as_str()).collect();
            listing.push(
                vec![environment.name.clone(), target.unwrap_or("-").to_owned(), files.join(", ")],
                json!({ "name": environment.name, "target": target, "files": files }),
            );
        }
        context.shell.data(&listing.print(self.format));
        context.report(MessageFormat::Human, None, &[(&diagnostics, &sources)])
    }
}
