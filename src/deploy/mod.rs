//! Deploys compiled artifacts: the only module that talks to AWS, and the only async code.
//!
//! In: a [`TargetDeployment`] and its artifact set. Out: [`DeployOutcome`], [`DeploymentStatus`], or a [`DeployFailure`]. Invariants:
//! nothing is printed here, only reported to a [`DeployProgress`]; an interruption never deletes anything; a
//! secret's value is sent to AWS and nowhere else, and is masked in everything AWS returns.

mod beanstalk;
mod bucket;
mod clock;
mod cloudformation;
mod credential_source;
mod failure;
mod late_values;
mod mask;
mod operate;
mod ownership;
mod parameters;
mod permissions;
mod progress;
mod review;
mod session;
mod upload;

pub(crate) use self::failure::sdk as sdk_failure;
pub use self::failure::{DeployFailure, FailureKind};
pub use self::operate::{
    EventReader, ExecSession, FinishedTask, LogRequest, PastEvent, StatusRounds, TaskRequest, events, exec,
    follow_events, logs, run_task, shell_words, watch,
};
pub use self::ownership::ProjectMark;
pub use self::permissions::{TrustedRunner, policy};
pub use self::progress::{
    DeployBanner, DeployProgress, PlannedChange, ProgressEvent, ResourceAction, UserPrompt, UserQuestion,
};

pub use self::review::{DeploymentReview, review};

pub(crate) use self::session::AwsSession;

use self::mask::MaskedProgress;
use crate::compile::LateSource;
use crate::operation::plan_file::SavedPlan;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use tranship_artifact::ArtifactSet;
use tranship_targets::TargetDeployment;

/// Options given by the user.
#[derive(Clone)]
pub struct DeployOptions {
    /// The profile in the AWS configuration, instead of AWS_PROFILE.
    pub profile: Option<String>,
    /// Parameter values.
    pub values: DeployValues,
    /// Resources that keep data but may be replaced or removed.
    pub allow_replacement: Vec<String>,
    /// Resources whose data `down` may delete.
    pub delete_data: Vec<String>,
    /// Whether every question is answered with yes.
    pub yes: bool,
    /// Asks the user, if there is one to ask.
    pub ask: Option<UserPrompt>,
    /// How long to wait for an AWS operation.
    pub timeout: Duration,
    /// Services that get new tasks even if nothing changed.
    pub force: ForcedTasks,
    /// Whose the deployment is.
    pub mark: ProjectMark,
    /// Whether to take over what is another's.
    pub adopt: bool,
    /// Whether to attach file systems again that a deletion of the stack kept.
    pub reattach: bool,
    /// The values of late-bound variables that are known.
    pub variables: BTreeMap<String, String>,
    /// Where the values of late-bound variables come from, by variable.
    pub sources: BTreeMap<String, LateSource>,
    /// Whether to end as soon as AWS is at work.
    pub detach: bool,
    /// Whether what a failed update made stays as it is.
    pub no_rollback: bool,
    /// The plan that was reviewed: no other is executed.
    pub plan: Option<SavedPlan>,
    /// Tags of the stack besides the mark of the project.
    pub tags: Vec<(String, String)>,
}

impl DeployOptions {
    /// Sets no time limit, for what is followed until it is interrupted.
    pub fn without_limit(mut self) -> Self {
        self.timeout = Duration::from_secs(u64::from(u32::MAX));
        self
    }
}

/// The time, in milliseconds since 1970.
pub fn now() -> i64 {
    i64::try_from(clock::milliseconds()).unwrap_or(i64::MAX)
}

/// A time in milliseconds since 1970 as AWS writes it: `2026-11-27T21:04:05Z`.
pub fn time_text(milliseconds: i64) -> String {
    let time = aws_smithy_types::DateTime::from_secs(milliseconds / 1000);
    time.fmt(aws_smithy_types::date_time::Format::DateTime).unwrap_or_default()
}

/// Which services get new tasks even if nothing changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ForcedTasks {
    /// None.
    #[default]
    None,
    /// Every service.
    All,
    /// Those of the manifest with these names.
    Services(Vec<String>),
}

/// Parameter values, by name.
#[derive(Clone, Default)]
pub struct DeployValues {
    /// From `--parameter`.
    pub parameters: BTreeMap<String, String>,
    /// From `--secret`.
    pub secrets: BTreeMap<String, String>,
}

/// Shows names only: values may be secret.
impl fmt::Debug for DeployValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.parameters.keys()).entries(self.secrets.keys()).finish()
    }
}

/// What is followed ends at the time limit, and says what it knows; whatever else still runs this much later is cut.
const GRACE: Duration = Duration::from_secs(20);

/// How long a question may take to withdraw what it asked about.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// How long a question without an answer waits for the signal that may have ended it.
const MOMENT: Duration = Duration::from_millis(200);

/// How long the last look at AWS may take.
const LAST_LOOK: Duration = Duration::from_secs(15);

/// How a deployment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployOutcome {
    /// Whether anything changed.
    pub changed: bool,
    /// Facts to show: addresses, stack outputs.
    pub outputs: Vec<(String, String)>,
}

/// The status of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentStatus {
    /// `stack shop-prod`.
    pub subject: String,
    /// Its state; `None` if it is not deployed.
    pub state: Option<String>,
    /// Whether it is stable and healthy.
    pub healthy: bool,
    /// Facts to show: version, health, addresses.
    pub facts: Vec<(String, String)>,
    /// The values of late-bound variables that it runs with.
    pub variables: Vec<(String, String)>,
    /// Its ECS services.
    pub services: Vec<ServiceStatus>,
    /// What was changed behind its back, where that was asked for.
    pub drift: Option<Vec<ResourceDrift>>,
}

impl DeploymentStatus {
    /// That of a deployment that is not there.
    fn absent(subject: String) -> Self {
        DeploymentStatus {
            subject,
            state: None,
            healthy: false,
            facts: Vec::new(),
            variables: Vec::new(),
            services: Vec::new(),
            drift: None,
        }
    }
}

/// A resource that is not as its stack made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceDrift {
    /// Its logical id.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// `MODIFIED` or `DELETED`.
    pub status: String,
    /// The properties that differ. Their values may be secret, and are not read.
    pub properties: Vec<String>,
}

/// The status of an ECS service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceStatus {
    /// Its name in the manifest.
    pub name: String,
    /// The state of its newest deployment: `IN_PROGRESS`, `COMPLETED` or `FAILED`. `MISSING` if ECS does not know
    /// the service; the service's own state while it is being deleted.
    pub rollout: String,
    /// Running tasks.
    pub running: i32,
    /// Desired tasks.
    pub desired: i32,
    /// Pending tasks.
    pub pending: i32,
    /// Why the last task stopped, if too few are running; otherwise the circuit breaker's message.
    pub reason: Option<String>,
    /// When its newest deployment began: `2026-11-27T21:04:05Z`.
    pub since: Option<String>,
    /// The image that its newest task runs.
    pub image: Option<String>,
    /// The digest of that image, as it was pulled.
    pub digest: Option<String>,
    /// What the load balancer says of its tasks, if it has targets there.
    pub targets: Option<TargetCounts>,
}

/// What a load balancer says of the tasks of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetCounts {
    /// Targets that get requests.
    pub healthy: usize,
    /// Targets that fail the health check.
    pub unhealthy: usize,
    /// All targets but those that are about to leave.
    pub total: usize,
    /// Why the first unhealthy one is, in the words of AWS.
    pub cause: Option<String>,
}

impl fmt::Display for TargetCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} targets healthy", self.healthy, self.total)?;
        self.cause.as_ref().map_or(Ok(()), |cause| write!(f, ": {cause}"))
    }
}

impl ServiceStatus {
    /// Whether all its tasks are running, none is unhealthy, and its rollout has not failed.
    pub fn is_healthy(&self) -> bool {
        let reached = self.targets.as_ref().is_none_or(|targets| targets.unhealthy == 0);
        reached
            && self.running >= self.desired
            && matches!(self.rollout.as_str(), "IN_PROGRESS" | "COMPLETED")
    }
}

/// Deploys.
///
/// # Errors
/// See [`FailureKind`].
pub fn deploy(
    deployment: &TargetDeployment,
    artifacts: &ArtifactSet,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    run(deployment, options, progress, async |session, progress| match deployment {
        TargetDeployment::Stack(stack) => {
            cloudformation::deploy(session, stack, artifacts, options, progress).await
        }
        TargetDeployment::Beanstalk(environment) => {
            beanstalk::deploy(session, environment, artifacts, options, progress).await
        }
    })
}

/// Reads the status of a deployment; with `drift`, what was changed behind its back.
///
/// # Errors
/// See [`FailureKind`].
pub fn status(
    deployment: &TargetDeployment,
    drift: bool,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeploymentStatus, DeployFailure> {
    run(deployment, options, progress, async |session, progress| match deployment {
        TargetDeployment::Stack(stack) => {
            let mut found = status_of(session, deployment, progress).await?;
            if drift && found.state.is_some() {
                found.drift = Some(cloudformation::drift(session, stack, options, progress).await?);
            }
            Ok(found)
        }
        TargetDeployment::Beanstalk(_) if drift => {
            Err(DeployFailure::usage("drift is not known of Elastic Beanstalk environments")
                .help("leave `--drift` out"))
        }
        TargetDeployment::Beanstalk(_) => status_of(session, deployment, progress).await,
    })
}

/// The status of a deployment, without drift.
async fn status_of(
    session: &AwsSession,
    deployment: &TargetDeployment,
    progress: &mut dyn DeployProgress,
) -> Result<DeploymentStatus, DeployFailure> {
    match deployment {
        TargetDeployment::Stack(stack) => cloudformation::status(session, stack, progress).await,
        TargetDeployment::Beanstalk(environment) => beanstalk::status(session, environment).await,
    }
}

/// What to go back to.
#[derive(Debug, Clone, Default)]
pub struct RollbackRequest {
    /// The version; the one before if there is none.
    pub version: Option<String>,
    /// Whether the stack was named instead of an environment: whoever names it means it, whatever its mark.
    pub unmarked: bool,
}

/// Goes back to an earlier deployment.
///
/// # Errors
/// See [`FailureKind`].
pub fn rollback(
    deployment: &TargetDeployment,
    request: &RollbackRequest,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    run(deployment, options, progress, async |session, progress| match deployment {
        TargetDeployment::Stack(stack) => {
            cloudformation::rollback(session, stack, request, options, progress).await
        }
        TargetDeployment::Beanstalk(environment) => {
            beanstalk::rollback(session, environment, request, options, progress).await
        }
    })
}

/// Stops an update that is in progress.
///
/// # Errors
/// See [`FailureKind`].
pub fn cancel(
    deployment: &TargetDeployment,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    run(deployment, options, progress, async |session, progress| match deployment {
        TargetDeployment::Stack(stack) => cloudformation::cancel(session, stack, options, progress).await,
        TargetDeployment::Beanstalk(environment) => {
            beanstalk::cancel(session, environment, options, progress).await
        }
    })
}

/// Deletes a deployment; `environment` is the name the user must type.
///
/// # Errors
/// See [`FailureKind`].
pub fn down(
    deployment: &TargetDeployment,
    environment: &str,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    run(deployment, options, progress, async |session, progress| match deployment {
        TargetDeployment::Stack(stack) => {
            cloudformation::down(session, stack, environment, options, progress).await
        }
        TargetDeployment::Beanstalk(target) => {
            beanstalk::down(session, target, environment, options, progress).await
        }
    })
}

/// Opens a session, shows the banner, and works until it is done, interrupted or out of time.
fn run<T>(
    deployment: &TargetDeployment,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
    work: impl AsyncFnOnce(&AwsSession, &mut dyn DeployProgress) -> Result<T, DeployFailure>,
) -> Result<T, DeployFailure> {
    blocking(async {
        let opened = tokio::select! {
            opened = AwsSession::open(deployment.region(), options.profile.as_deref()) => opened,
            () = interruption() => Err(DeployFailure::new(FailureKind::Interrupted, "interrupted before anything was done")),
        };
        let session = opened?;
        progress.banner(&session.banner(deployment.subject()));
        session.expect_account(deployment.account())?;
        session.mask().borrow_mut().hide(options.values.secrets.values());
        let mut progress = MaskedProgress::new(session.mask(), &options.mark.environment, progress);
        let result = until_stopped(&session, options.timeout, work(&session, &mut progress)).await;
        let result = match result {
            Err(failure) => Err(last_look(&session, deployment, failure).await),
            done => done,
        };
        result.map_err(|failure| {
            session.mask().borrow().failure(failure.advised().in_environment(&options.mark.environment))
        })
    })
}

/// Works until it is done, or the run must end. An open question takes back what it asked about.
async fn until_stopped<T>(
    session: &AwsSession,
    limit: Duration,
    work: impl Future<Output = Result<T, DeployFailure>>,
) -> Result<T, DeployFailure> {
    let kind = {
        let mut work = std::pin::pin!(work);
        let kind = tokio::select! {
            result = &mut work => return result,
            () = interruption() => FailureKind::Interrupted,
            () = tokio::time::sleep(limit.saturating_add(GRACE)) => FailureKind::TimedOut,
        };
        if session.stop().raise(kind) {
            tokio::select! {
                result = &mut work => return result,
                () = interruption() => {}
                () = tokio::time::sleep(LAST_WORDS) => {}
            }
        }
        kind
    };
    Err(session.left(kind))
}

/// Says what became of an operation that may still be in progress at AWS.
async fn last_look(
    session: &AwsSession,
    deployment: &TargetDeployment,
    failure: DeployFailure,
) -> DeployFailure {
    let Some(underway) = session.in_progress() else { return failure };
    let advice = session.advice();
    if !advice.is_empty() {
        return advice.into_iter().fold(failure, DeployFailure::help);
    }
    let look = async {
        match deployment {
            TargetDeployment::Stack(stack) => cloudformation::look(session, stack).await,
            TargetDeployment::Beanstalk(target) => beanstalk::look(session, target).await,
        }
    };
    let (seen, busy) = match tokio::time::timeout(LAST_LOOK, look).await {
        Ok(Ok((seen, busy))) => (seen, busy),
        _ => ("its state cannot be read now".to_owned(), true),
    };
    let failure = failure.help(format!("{underway}: {seen}"));
    match busy {
        true => failure.help("it continues at AWS; run the same command again to follow it"),
        false => failure.help("run the same command again to continue"),
    }
}

/// Refuses credentials of another account than this one.
///
/// # Errors
/// They are of another account, or there are none.
pub(crate) fn check_account(
    account: &str,
    region: Option<&str>,
    profile: Option<&str>,
) -> Result<(), DeployFailure> {
    until_interrupted(
        async { AwsSession::open(region, profile).await?.expect_account(Some(account)) },
        || DeployFailure::new(FailureKind::Interrupted, "interrupted before anything was done"),
    )
}

/// Works until it is done or interrupted.
pub(crate) fn until_interrupted<T>(
    work: impl Future<Output = Result<T, DeployFailure>>,
    interrupted: impl FnOnce() -> DeployFailure,
) -> Result<T, DeployFailure> {
    blocking(async {
        tokio::select! {
            result = work => result,
            () = interruption() => Err(interrupted()),
        }
    })
}

/// Runs async work on this thread.
fn blocking<T>(work: impl Future<Output = Result<T, DeployFailure>>) -> Result<T, DeployFailure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| DeployFailure::failed(format!("cannot start: {error}")))?;
    let result = runtime.block_on(work);
    // A pending question must not keep the process alive.
    runtime.shutdown_background();
    result
}

/// Ctrl-C or SIGTERM.
async fn interruption() {
    #[cfg(unix)]
    if let Ok(mut end) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = end.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Asks the user without blocking the runtime; `None` if there is no one to ask.
async fn ask(
    session: &AwsSession,
    options: &DeployOptions,
    question: UserQuestion,
) -> Result<Option<String>, DeployFailure> {
    let Some(asker) = options.ask.clone() else { return Ok(None) };
    let answer = async {
        let answer = tokio::task::spawn_blocking(move || asker(&question)).await.ok().flatten();
        if answer.is_none() {
            // Ctrl-C also ends the reading of a line, a moment before the signal is noticed.
            tokio::time::sleep(MOMENT).await;
        }
        answer
    };
    session.stop().unless(answer).await
}

/// Continues only if `--yes` was given or the user agrees.
async fn confirm(session: &AwsSession, options: &DeployOptions, question: &str) -> Result<(), DeployFailure> {
    if options.yes {
        return Ok(());
    }
    if options.ask.is_none() {
        return Err(DeployFailure::usage("confirmation is required, but there is no terminal")
            .help("confirm with `--yes`"));
    }
    let answer = ask(session, options, UserQuestion::Confirm(question.to_owned())).await?;
    match answer.as_deref().map(str::trim) {
        Some("y" | "Y" | "yes") => Ok(()),
        _ => Err(DeployFailure::failed("cancelled: nothing was changed")),
    }
}

/// Continues only if `--yes` was given or the user types the name.
async fn confirm_by_name(
    session: &AwsSession,
    options: &DeployOptions,
    name: &str,
) -> Result<(), DeployFailure> {
    if options.yes {
        return Ok(());
    }
    if options.ask.is_none() {
        return Err(DeployFailure::usage(
            "the environment's name must be typed to confirm, but there is no terminal",
        )
        .help("confirm with `--yes`"));
    }
    let answer = ask(session, options, UserQuestion::Type(name.to_owned())).await?;
    if answer.as_deref().map(str::trim) == Some(name) {
        return Ok(());
    }
    Err(DeployFailure::failed("cancelled: nothing was deleted"))
}

/// The bytes of an artifact that every compile of a target produces.
fn artifact<'a>(artifacts: &'a ArtifactSet, path: &str) -> Result<&'a [u8], DeployFailure> {
    artifacts
        .get(path)
        .map(|artifact| artifact.bytes.as_slice())
        .ok_or_else(|| DeployFailure::failed(format!("the artifact set has no {path}")))
}
