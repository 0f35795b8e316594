//! `tranship check`: compiles and reports diagnostics; writes nothing.

use super::selection::CompileOptions;
use super::{CommandContext, ExitStatus};
use crate::compile::CompileOutcome;
use std::collections::BTreeSet;
use tranship_app::rules;
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct CheckCommand {
    #[command(flatten)]
    compiles: CompileOptions,
}

impl CheckCommand {
    /// Compiles and reports.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        match self.compiles.judge(context) {
            Ok(mut outcomes) => {
                report_floating(&mut outcomes);
                let exit = context.report_outcomes(self.compiles.format, "checked", &outcomes);
                // The end of the program frees it sooner than this does.
                std::mem::forget(outcomes);
                exit
            }
            Err(exit) => exit,
        }
    }
}

/// Says once which images may change from deployment to deployment.
fn report_floating(outcomes: &mut [CompileOutcome]) {
    // Errors come first: what is refused is not deployed.
    if outcomes.iter().any(|outcome| outcome.compiled.is_none()) {
        return;
    }
    let names: BTreeSet<String> =
        outcomes.iter().flat_map(CompileOutcome::floating_images).map(|(name, _)| name.to_owned()).collect();
    let shown = listed(&names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>());
    let message = format!("the next deployment may use a different image under the same name: {shown}");
    let Some(first) = outcomes.iter_mut().find(|outcome| outcome.floating_images().next().is_some()) else {
        return;
    };
    let origins: Vec<_> = first.floating_images().map(|(_, image)| image.origin).collect();
    let found = Diagnostic::new(&rules::app::FLOATING_IMAGE, message).help(
        "`tranship lock` writes their digests, ports, users and commands to `tranship.lock`; commit it",
    );
    first.diagnostics.push(origins.into_iter().fold(found, Diagnostic::at));
}
