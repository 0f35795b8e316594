//! Deploys what was compiled: the one room that talks to AWS, and the only async code.
//!
//! In: a [`Deployment`] and its artifact set. Out: [`Outcome`], [`Status`], or a [`Failure`]. Invariants:
//! nothing is printed, it is told to a [`Progress`]; nothing is deleted because of an interruption; a
//! secret's value goes to AWS and nowhere else, and is masked in what comes back from there.

mod beanstalk;
mod bucket;
mod clock;
mod cloudformation;
mod failure;
mod mask;
mod parameters;
mod progress;
mod session;

pub use self::failure::{Failure, FailureKind};
pub use self::progress::{Action, Ask, Banner, Change, Event, Progress, Question};

use self::mask::Masked;
use self::session::Session;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use tranship_artifact::ArtifactSet;
use tranship_targets::Deployment;

/// What the user gave.
#[derive(Clone)]
pub struct Options {
    /// The profile of the AWS configuration, instead of AWS_PROFILE.
    pub profile: Option<String>,
    /// Values of parameters.
    pub values: Values,
    /// What keeps data and may be replaced or removed.
    pub allow_replacement: Vec<String>,
    /// What keeps data and is deleted by `down`.
    pub delete_data: Vec<String>,
    /// Whether every question is answered with yes.
    pub yes: bool,
    /// Asks a person, where there is one.
    pub ask: Option<Ask>,
    /// How long to wait for an operation of AWS.
    pub timeout: Duration,
}

/// Values of parameters, by name.
#[derive(Clone, Default)]
pub struct Values {
    /// Of `--parameter`.
    pub parameters: BTreeMap<String, String>,
    /// Of `--secret`.
    pub secrets: BTreeMap<String, String>,
}

/// Names only: values may be secret.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.parameters.keys()).entries(self.secrets.keys()).finish()
    }
}

/// How a deployment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether anything was changed.
    pub changed: bool,
    /// What there is to know of it: addresses, outputs of the stack.
    pub outputs: Vec<(String, String)>,
}

/// How what is deployed stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// `stack shop-prod`.
    pub subject: String,
    /// Its state; nothing where it is not deployed.
    pub state: Option<String>,
    /// Whether it is at rest and well.
    pub healthy: bool,
    /// What there is to know of it: version, health, addresses.
    pub facts: Vec<(String, String)>,
    /// Its ECS services.
    pub services: Vec<ServiceStatus>,
}

/// How an ECS service stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceStatus {
    /// Its name in the manifest.
    pub name: String,
    /// Of its newest deployment: `IN_PROGRESS`, `COMPLETED`, `FAILED`; `MISSING` where ECS knows no such
    /// service, else the state of one that is being deleted.
    pub rollout: String,
    /// Tasks that run.
    pub running: i32,
    /// Tasks that are to run.
    pub desired: i32,
    /// Tasks on their way.
    pub pending: i32,
    /// Why the last task stopped, where too few run; else what the circuit breaker says.
    pub reason: Option<String>,
}

impl ServiceStatus {
    /// Whether all its tasks run and its rollout did not fail.
    pub fn is_healthy(&self) -> bool {
        self.running >= self.desired && matches!(self.rollout.as_str(), "IN_PROGRESS" | "COMPLETED")
    }
}

/// Deploys.
///
/// # Errors
/// See [`FailureKind`].
pub fn deploy(
    deployment: &Deployment,
    artifacts: &ArtifactSet,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Outcome, Failure> {
    run(deployment, options, progress, async |session, progress| match deployment {
        Deployment::Stack(stack) => {
            cloudformation::deploy(session, stack, artifacts, options, progress).await
        }
        Deployment::Beanstalk(environment) => {
            beanstalk::deploy(session, environment, artifacts, options, progress).await
        }
    })
}

/// Looks how what was deployed stands.
///
/// # Errors
/// See [`FailureKind`].
pub fn status(
    deployment: &Deployment,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Status, Failure> {
    run(deployment, options, progress, async |session, progress| match deployment {
        Deployment::Stack(stack) => cloudformation::status(session, stack, progress).await,
        Deployment::Beanstalk(environment) => beanstalk::status(session, environment).await,
    })
}

/// Takes down what was deployed; `environment` is the name to be typed.
///
/// # Errors
/// See [`FailureKind`].
pub fn down(
    deployment: &Deployment,
    environment: &str,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Outcome, Failure> {
    run(deployment, options, progress, async |session, progress| match deployment {
        Deployment::Stack(stack) => {
            cloudformation::down(session, stack, environment, options, progress).await
        }
        Deployment::Beanstalk(target) => {
            beanstalk::down(session, target, environment, options, progress).await
        }
    })
}

/// Opens a session, shows the banner, and works until the end or Ctrl-C.
fn run<T>(
    deployment: &Deployment,
    options: &Options,
    progress: &mut dyn Progress,
    work: impl AsyncFnOnce(&Session, &mut dyn Progress) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (region, subject) = match deployment {
        Deployment::Stack(stack) => (&stack.region, format!("stack {}", stack.stack)),
        Deployment::Beanstalk(target) => (&target.region, format!("environment {}", target.environment)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    let result = runtime.block_on(async {
        let opened = tokio::select! {
            opened = Session::open(region.as_deref(), options.profile.as_deref()) => opened,
            () = interruption() => Err(Failure::new(FailureKind::Interrupted, "interrupted; nothing was done")),
        };
        let session = opened?;
        progress.banner(&session.banner(subject));
        session.mask().borrow_mut().hide(options.values.secrets.values());
        let mut progress = Masked::new(session.mask(), progress);
        let result = tokio::select! {
            result = work(&session, &mut progress) => result,
            () = interruption() => Err(session.left(FailureKind::Interrupted)),
        };
        result.map_err(|failure| session.mask().borrow().failure(failure))
    });
    // A question that nobody answers must not hold us.
    runtime.shutdown_background();
    result
}

/// Ctrl-C, or the polite end that a system asks for.
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

/// Asks a person without holding up the runtime; no answer where there is no one.
async fn ask(asker: Option<&Ask>, question: Question) -> Option<String> {
    let asker = asker?.clone();
    tokio::task::spawn_blocking(move || asker(&question)).await.ok().flatten()
}

/// Goes on only if `--yes` was given or a person says so.
async fn confirm(options: &Options, question: &str) -> Result<(), Failure> {
    if options.yes {
        return Ok(());
    }
    if options.ask.is_none() {
        return Err(
            Failure::usage("this needs a yes, and there is no terminal to ask at").help("give `--yes`")
        );
    }
    let answer = ask(options.ask.as_ref(), Question::Confirm(question.to_owned())).await;
    match answer.as_deref().map(str::trim) {
        Some("y" | "Y" | "yes") => Ok(()),
        _ => Err(Failure::failed("not confirmed: nothing was changed")),
    }
}

/// Goes on only if `--yes` was given or a person types the name.
async fn confirm_by_name(options: &Options, name: &str) -> Result<(), Failure> {
    if options.yes {
        return Ok(());
    }
    if options.ask.is_none() {
        return Err(Failure::usage(
            "this needs the environment's name typed, and there is no terminal to ask at",
        )
        .help("give `--yes`"));
    }
    let answer = ask(options.ask.as_ref(), Question::Type(name.to_owned())).await;
    if answer.as_deref().map(str::trim) == Some(name) {
        return Ok(());
    }
    Err(Failure::failed("not confirmed: nothing was deleted"))
}

/// The bytes of an artifact that every compile of a target makes.
fn artifact<'a>(artifacts: &'a ArtifactSet, path: &str) -> Result<&'a [u8], Failure> {
    artifacts
        .get(path)
        .map(|artifact| artifact.bytes.as_slice())
        .ok_or_else(|| Failure::failed(format!("the artifact set has no {path}")))
}
