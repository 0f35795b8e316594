//! `tranship diff`: what a deployment would change, by value.

use super::deploy_inputs::{DeployInputs, DigestSource};
use super::deployment::{AwsOptions, TerminalProgress};
use super::{CommandContext, ExitStatus};
use crate::deploy::{self, DeploymentReview};
use crate::operation::difference::{document, fitted, lines, summary};
use crate::operation::plan_file::SavedPlan;
use camino::Utf8PathBuf;
use clap::ValueEnum;
use tranship_artifact::replace_file;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct DiffCommand {
    #[command(flatten)]
    inputs: DeployInputs,
    /// Save the plan to FILE: `deploy --plan FILE` executes exactly this, or nothing
    #[arg(long, value_name = "FILE")]
    plan: Option<Utf8PathBuf>,
    /// Do not contact registries: floating images keep their tags
    #[arg(long)]
    no_publish: bool,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: DiffFormat,
    #[command(flatten)]
    aws: AwsOptions,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum DiffFormat {
    #[default]
    Human,
    Json,
}

impl DiffCommand {
    /// Prints the differences to standard output; [`ExitStatus::Different`] if there are any.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let source = if self.no_publish { DigestSource::Recorded } else { DigestSource::Looked };
        let (outcome, options) = match self.inputs.prepare(&self.aws, source, None, context) {
            Ok(prepared) => prepared,
            Err(exit) => return exit,
        };
        let Some(compiled) = outcome.compiled else { return ExitStatus::Failed };
        let mut progress = TerminalProgress(context.shell);
        match deploy::review(&compiled.deployment, &compiled.artifacts, &options, &mut progress) {
            Ok(review) => self.report(review, context),
            Err(failure) => context.fail(&failure),
        }
    }

    fn report(&self, review: DeploymentReview, context: &mut CommandContext<'_>) -> ExitStatus {
        let DeploymentReview { subject, diff, plan } = review;
        let document = document(&diff, &subject);
        if let Some(file) = &self.plan {
            let plan = SavedPlan { diff: document.clone(), ..plan };
            let path = context.world.current_directory().join(file);
            if let Err(error) = replace_file(&path, plan.text().as_bytes()) {
                context.shell.error(&format!("cannot write the plan: {error}"));
                return ExitStatus::Failed;
            }
            context.shell.message(&format!("the plan is in {file}: `deploy --plan {file}` executes it"));
        }
        context.shell.data(&match self.format {
            DiffFormat::Json => format!("{document}\n"),
            DiffFormat::Human => match context.shell.data_columns() {
                Some(width) => fitted(&diff, &subject, width).join("\n") + "\n",
                None => {
                    let lines = lines(&diff, context.shell.width());
                    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
                    format!("{}\n{lines}", summary(&diff, &subject))
                }
            },
        });
        if diff.is_empty() { ExitStatus::Done } else { ExitStatus::Different }
    }
}
