//! `tranship rollback` and `tranship cancel`: back to what ran before.

use super::deployment::{AwsOptions, exit_of};
use super::live::{DeploymentView, ProgressMode, end_refused};
use super::{CommandContext, ExitStatus, VariableOptions};
use crate::deploy::{self, DeployFailure, DeployOutcome, ProjectMark, RollbackRequest};
use tranship_targets::{StackDeployment, TargetDeployment};

/// The arguments of `tranship rollback`.
#[derive(Debug, clap::Args)]
pub struct RollbackCommand {
    /// An environment of the manifest
    #[arg(value_name = "ENV", required_unless_present = "stack")]
    environment: Option<String>,
    /// The version: the value of a late-bound variable, the tag of an image, a time, or a version label of Elastic Beanstalk
    /// [default: the deployment before]
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// This stack, where the manifest is not at hand
    #[arg(long, value_name = "NAME", conflicts_with = "environment")]
    stack: Option<String>,
    /// The region of the stack [default: AWS_REGION, the profile]
    #[arg(long, value_name = "REGION", requires = "stack")]
    region: Option<String>,
    /// Allow this resource to be replaced or removed although it keeps data
    #[arg(long, value_name = "NAME")]
    allow_replacement: Vec<String>,
    /// Go back without asking for confirmation
    #[arg(short, long)]
    yes: bool,
    /// How to show the rollback while it runs
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    progress: ProgressMode,
    #[command(flatten)]
    set: VariableOptions,
    #[command(flatten)]
    aws: AwsOptions,
}

impl RollbackCommand {
    /// Shows what changes, asks, goes back.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let (deployment, mark) = match (&self.environment, &self.stack) {
            (Some(environment), _) => match context.identify(environment, &self.set) {
                Ok(found) => found,
                Err(exit) => return end_refused(self.progress, exit, context.shell),
            },
            (None, stack) => (named(stack.as_deref().unwrap_or_default(), self.region.clone()), unmarked()),
        };
        let mut options = self.aws.options(self.yes, mark, context.shell);
        options.allow_replacement.clone_from(&self.allow_replacement);
        let request = RollbackRequest { version: self.to.clone(), unmarked: self.stack.is_some() };
        let environment = self.environment.as_deref();
        shown(self.progress, environment, ["rolled back", "nothing to roll back"], context, |view| {
            view.know(&deployment);
            deploy::rollback(&deployment, &request, &options, view)
        })
    }
}

/// A stack of which only the name is known.
fn named(stack: &str, region: Option<String>) -> TargetDeployment {
    TargetDeployment::Stack(StackDeployment { stack: stack.to_owned(), region, ..StackDeployment::default() })
}

fn unmarked() -> ProjectMark {
    ProjectMark { project: String::new(), environment: String::new(), repository: None }
}

/// The arguments of `tranship cancel`.
#[derive(Debug, clap::Args)]
pub struct CancelCommand {
    /// An environment of the manifest
    #[arg(value_name = "ENV")]
    environment: String,
    /// Cancel without asking for confirmation
    #[arg(short, long)]
    yes: bool,
    /// How to show what happens until the update is undone
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    progress: ProgressMode,
    #[command(flatten)]
    set: VariableOptions,
    #[command(flatten)]
    aws: AwsOptions,
}

impl CancelCommand {
    /// Asks, cancels, and waits until what ran before runs again.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let (deployment, mark) = match context.identify(&self.environment, &self.set) {
            Ok(found) => found,
            Err(exit) => return end_refused(self.progress, exit, context.shell),
        };
        let options = self.aws.options(self.yes, mark, context.shell);
        let environment = Some(self.environment.as_str());
        shown(self.progress, environment, ["cancelled", "nothing to cancel"], context, |view| {
            view.know(&deployment);
            deploy::cancel(&deployment, &options, view)
        })
    }
}

/// Works, shows it as a deployment is shown, and says whether anything changed. A failure leaves a report where the environment
/// is known.
fn shown(
    mode: ProgressMode,
    environment: Option<&str>,
    [changed, unchanged]: [&str; 2],
    context: &mut CommandContext<'_>,
    work: impl FnOnce(&mut DeploymentView<'_>) -> Result<DeployOutcome, DeployFailure>,
) -> ExitStatus {
    let mut view = DeploymentView::new(mode, environment.unwrap_or_default(), context.shell);
    let done = work(&mut view);
    let code = done.as_ref().map_or_else(exit_of, |_| ExitStatus::Done);
    view.end(&done, code.code());
    let story = view.story;
    match done {
        Ok(outcome) => {
            context.shell.message(if outcome.changed { changed } else { unchanged });
            ExitStatus::Done
        }
        Err(failure) => {
            let exit = context.fail(&failure);
            // What was refused before anything was looked at needs no report.
            let began = !story.events.is_empty() || story.review.is_some();
            if environment.is_some() && began {
                context.keep_story(story, &failure);
            }
            exit
        }
    }
}
