//! `tranship deploy`: compiles an environment, uploads it and deploys it.

use super::deploy_inputs::{DeployInputs, DigestSource};
use super::deployment::AwsOptions;
use super::live::{DeploymentView, ProgressMode, end_refused};
use super::publication::ImageFlags;
use super::status::told_facts;
use super::{CommandContext, ExitStatus};
use crate::deploy::{self, ForcedTasks};
use crate::operation::plan_file::SavedPlan;
use camino::Utf8PathBuf;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct DeployCommand {
    #[command(flatten)]
    inputs: DeployInputs,
    /// Execute the plan that `diff --plan FILE` saved, and nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["force", "renew_lock"])]
    plan: Option<Utf8PathBuf>,
    /// Allow this resource to be replaced or removed although it keeps data
    #[arg(long, value_name = "NAME")]
    allow_replacement: Vec<String>,
    /// Attach the file systems again that `down` kept, where the stack is created anew
    #[arg(long)]
    reattach: bool,
    /// Deploy without asking for confirmation
    #[arg(short, long)]
    yes: bool,
    /// Start new tasks of every service (on Elastic Beanstalk, deploy the version again) even if nothing changed
    #[arg(long)]
    force: bool,
    /// With --force: start new tasks of this service only; may be repeated
    #[arg(long = "service", value_name = "NAME", requires = "force")]
    services: Vec<String>,
    /// Do not contact registries: use the images of the manifest and of `dist/ENV/images.json`, which `publish` wrote
    #[arg(long, conflicts_with = "renew_lock")]
    no_publish: bool,
    /// Return as soon as AWS is at work; the same command without it follows the deployment
    #[arg(long)]
    detach: bool,
    /// Leave what a failed update made as it is, so that the next deployment goes on from there (CloudFormation)
    #[arg(long)]
    no_rollback: bool,
    /// How to show the deployment while it runs
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    progress: ProgressMode,
    #[command(flatten)]
    images: ImageFlags,
    #[command(flatten)]
    aws: AwsOptions,
}

impl DeployCommand {
    fn forced(&self) -> ForcedTasks {
        match (self.force, self.services.is_empty()) {
            (false, _) => ForcedTasks::None,
            (true, true) => ForcedTasks::All,
            (true, false) => ForcedTasks::Services(self.services.clone()),
        }
    }

    /// The plan to execute.
    fn plan(&self, context: &mut CommandContext<'_>) -> Result<Option<SavedPlan>, ExitStatus> {
        let Some(file) = &self.plan else { return Ok(None) };
        let bytes = context.world.read(file).map_err(|error| error.to_string());
        bytes.and_then(|bytes| SavedPlan::read(&bytes)).map(Some).map_err(|error| {
            context.shell.error(&format!("cannot read the plan {file}: {error}"));
            ExitStatus::Refused
        })
    }

    /// Compiles and deploys. Prints the stack's outputs to standard output, one `NAME=VALUE` per line.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let prepared = self.plan(context).and_then(|plan| {
            let source = match self.no_publish {
                true => DigestSource::Recorded,
                false => DigestSource::Published(&self.images),
            };
            self.inputs.prepare(&self.aws, source, plan, context)
        });
        let (outcome, mut options) = match prepared {
            Ok(prepared) => prepared,
            Err(exit) => return end_refused(self.progress, exit, context.shell),
        };
        options.yes = self.yes;
        options.reattach = self.reattach;
        options.detach = self.detach;
        options.no_rollback = self.no_rollback;
        options.allow_replacement.clone_from(&self.allow_replacement);
        options.force = self.forced();
        let Some(compiled) = outcome.compiled else { return ExitStatus::Failed };
        let mut view = DeploymentView::new(self.progress, &self.inputs.environment, context.shell);
        let done = deploy::deploy(&compiled.deployment, &compiled.artifacts, &options, &mut view);
        let code = done.as_ref().map_or_else(super::deployment::exit_of, |_| ExitStatus::Done);
        view.end(&done, code.code());
        let (json, story) = (view.is_json(), view.story);
        match done {
            Ok(outcome) => {
                let all = outcome.outputs.iter().filter(|_| !json).collect();
                // A person wants the addresses; a program gets everything.
                let read = context.shell.data_columns().is_some() && !json;
                let shown: Vec<_> = if read { told_facts(&outcome.outputs) } else { all };
                for (name, value) in shown {
                    context.shell.data(&format!("{name}={value}\n"));
                }
                let what = if outcome.changed && self.detach {
                    "began to deploy"
                } else if outcome.changed {
                    "deployed"
                } else {
                    "no changes to deploy for"
                };
                context.shell.message(&format!("{what} {}", self.inputs.environment));
                ExitStatus::Done
            }
            Err(failure) => {
                let exit = context.fail(&failure);
                context.keep_story(story, &failure);
                exit
            }
        }
    }
}
