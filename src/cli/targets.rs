//! `tranship targets`: the targets, and how well the manifest fits each.

use super::listing::{ListingFormat, RowListing};
use super::{CommandContext, ExitStatus, VariableOptions};
use crate::compile::{CompileOutcome, CompileRequest, judge};
use camino::Utf8Path;
use serde_json::{Value, json};
use tranship_app::{DispositionCounts, EnvironmentChoice};
use tranship_targets::{self, Target};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct TargetsCommand {
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ListingFormat,
}

/// The default file names of Compose.
const MANIFESTS: &[&str] = &["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

impl TargetsCommand {
    /// Prints the list.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let options = context.options(&VariableOptions::default());
        let found = MANIFESTS.iter().any(|name| context.world.kind(Utf8Path::new(name)).is_some());
        let read = found || !options.files.is_empty() || options.project_directory.is_some();
        let mut listing = RowListing::new("targets");
        for target in tranship_targets::all() {
            let choice = EnvironmentChoice::Target(target.name().to_owned());
            let request = CompileRequest { options: options.clone(), choice };
            let outcome = read.then(|| judge(&request, context.world));
            let mut columns = vec![target.name().to_owned(), target.summary().to_owned()];
            columns.extend(outcome.as_ref().map(fit));
            listing.push(columns, value(*target, outcome.as_ref()));
        }
        context.shell.data(&listing.print(self.format));
        ExitStatus::Done
    }
}

/// How well the manifest fits, in words.
fn fit(outcome: &CompileOutcome) -> String {
    let errors = outcome.diagnostics.error_count();
    match (&outcome.counts, errors) {
        (Some(counts), 0) => {
            let DispositionCounts { exact, approximated, ignored, rejected: _ } = counts;
            format!("{exact} exact, {approximated} approximated, {ignored} ignored")
        }
        (_, 1) => "1 error".to_owned(),
        (_, errors) => format!("{errors} errors"),
    }
}

fn value(target: &dyn Target, outcome: Option<&CompileOutcome>) -> Value {
    let mut value = json!({ "name": target.name(), "summary": target.summary() });
    let counts = outcome.and_then(|one| one.counts);
    if let (Some(object), Some(outcome)) = (value.as_object_mut(), outcome) {
        object.insert("errors".to_owned(), json!(outcome.diagnostics.error_count()));
        if let Some(counts) = counts {
            object.insert("exact".to_owned(), json!(counts.exact));
            object.insert("approximated".to_owned(), json!(counts.approximated));
            object.insert("ignored".to_owned(), json!(counts.ignored));
            object.insert("rejected".to_owned(), json!(counts.rejected));
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_frontend::compose::LoadOptions;
    use tranship_frontend::world::MemoryWorld;

    fn judged(text: &str) -> CompileOutcome {
        let choice = EnvironmentChoice::Target("fargate".to_owned());
        let world = MemoryWorld::new().file("compose.yaml", text);
        judge(&CompileRequest { options: LoadOptions::default(), choice }, &world)
    }

    #[test]
    fn a_target_says_how_well_the_manifest_fits() {
        let fits = judged("services: { web: { image: nginx, ports: ['80:80'], oom_score_adj: 5 } }\n");
        let DispositionCounts { exact, approximated, ignored, rejected } = fits.counts.unwrap();
        assert!(exact > 2 && ignored > 0 && rejected == 0, "{:?}", fits.counts);
        assert_eq!(fit(&fits), format!("{exact} exact, {approximated} approximated, {ignored} ignored"));
        assert_eq!(fit(&judged("services: { web: { imag: nginx } }\n")), "1 error");
        assert_eq!(fit(&judged("services: { a: { image: x, b: 1, c: 2 } }\n")), "2 errors");
    }
}
