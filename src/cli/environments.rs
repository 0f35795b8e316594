//! `tranship environments`: the environments that the manifest declares.

use super::listing::{Listing, ListingFormat};
use super::{Context, Exit, Format, Set};
use crate::compile::environments;
use serde_json::json;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct Environments {
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ListingFormat,
}

impl Environments {
    /// Prints the list.
    pub fn run(&self, context: &mut Context<'_>) -> Exit {
        let options = context.options(&Set::default());
        let (found, sources, diagnostics) = environments(&options, context.world);
        let Some(found) = found else {
            return context.report(Format::Human, Some("manifest"), &[(&diagnostics, &sources)]);
        };
        let mut listing = Listing::new("environments");
        for environment in &found {
            let target = environment.target.as_ref().map(|target| target.peek().as_str());
            let files: Vec<&str> = environment.files.iter().map(|file| file.peek().as_str()).collect();
            listing.push(
                vec![environment.name.clone(), target.unwrap_or("-").to_owned(), files.join(", ")],
                json!({ "name": environment.name, "target": target, "files": files }),
            );
        }
        context.shell.data(&listing.print(self.format));
        context.report(Format::Human, None, &[(&diagnostics, &sources)])
    }
}
