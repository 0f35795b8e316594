//! `tranship publish`: builds, derives and pushes images, and writes the artifacts with their digests.

use super::build::{output_directory, write_outcomes, written_outcomes};
use super::lock::{OtherImages, renew};
use super::publication::{ImageFlags, add_images};
use super::selection::{CompileOptions, DefaultSelection};
use super::{CommandContext, ExitStatus};
use crate::compile::CompileOutcome;
use camino::Utf8PathBuf;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct PublishCommand {
    #[command(flatten)]
    compiles: CompileOptions,
    #[command(flatten)]
    images: ImageFlags,
    /// Print the commands that would build and push, and change nothing
    #[arg(long, conflicts_with = "renew_lock")]
    dry_run: bool,
    /// Write to DIR for one environment, to DIR/ENV for several [default: dist/ENV]
    #[arg(long, value_name = "DIR")]
    out: Option<Utf8PathBuf>,
    /// Push to Amazon ECR of this account, which the credentials must be of [default: the environment's `account`]
    #[arg(long, value_name = "NUMBER", value_parser = account_number)]
    account: Option<String>,
    /// The profile in the AWS configuration [default: AWS_PROFILE]
    #[arg(long, value_name = "NAME")]
    aws_profile: Option<String>,
}

fn account_number(text: &str) -> Result<String, String> {
    let is_number = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.to_owned()).ok_or_else(|| "an account has 12 digits".to_owned())
}

impl PublishCommand {
    /// Compiles, publishes, writes. Prints the images to standard output, one `NAME=REFERENCE` per line; in a dry run
    /// the commands instead.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let format = self.compiles.format;
        let mut outcomes = match self.compiles.run(DefaultSelection::Environments, context) {
            Ok(outcomes) => outcomes,
            Err(exit) => return exit,
        };
        if outcomes.iter().any(|outcome| outcome.compiled.is_none()) {
            return context.report_outcomes(format, "could not publish", &outcomes);
        }
        if self.images.renew_lock {
            outcomes = match self.renewed(&outcomes, context) {
                Ok(outcomes) => outcomes,
                Err(exit) => return exit,
            };
        }
        let exit = context.report_outcomes(format, "compiled", &outcomes);
        for outcome in &mut outcomes {
            let mut options = self.images.options(self.aws_profile.clone(), self.dry_run);
            options.account.clone_from(&self.account);
            let published = match self.images.publish(outcome, options, context) {
                Ok(published) => published,
                Err(exit) => return exit,
            };
            published.commands.iter().for_each(|command| context.shell.data(&format!("{command}\n")));
            let Some(compiled) = outcome.compiled.as_mut().filter(|_| !self.dry_run) else { continue };
            if compiled.taken_images().next().is_none() {
                context.shell.message(&format!("{} has no images to build or to add files to", outcome.name));
                continue;
            }
            for image in &published.images {
                context.shell.data(&format!("{}={}\n", image.name, image.reference));
            }
            if let Err(exit) = add_images(compiled, &published.images, context) {
                return exit;
            }
        }
        if self.dry_run {
            return exit;
        }
        let single = self.compiles.selection.is_single();
        let directory = |name: &str| output_directory(self.out.as_deref(), single, name);
        if let Err(error) = write_outcomes(&written_outcomes(&outcomes, context), directory) {
            context.report_not_written(format, "did not write", outcomes, &error);
            return ExitStatus::Failed;
        }
        exit
    }

    /// Renews the lock file and compiles with it.
    fn renewed(
        &self,
        outcomes: &[CompileOutcome],
        context: &mut CommandContext<'_>,
    ) -> Result<Vec<CompileOutcome>, ExitStatus> {
        renew(outcomes, OtherImages::Keep, self.aws_profile.as_deref(), context)?;
        let renewed = self.compiles.run(DefaultSelection::Environments, context)?;
        match renewed.iter().all(|outcome| outcome.compiled.is_some()) {
            true => Ok(renewed),
            false => Err(context.report_outcomes(self.compiles.format, "could not publish", &renewed)),
        }
    }
}
