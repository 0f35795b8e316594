//! The AWS session: credentials, account, region, and the service clients.
//!
//! In: the environment's region, the profile. Out: [`AwsSession`]. Every call retries throttling, 5xx errors
//! and lost connections up to ten times with exponential backoff and full jitter: the SDK's standard mode.

use super::credential_source::{provider as provider_of, source};
use super::failure::{DeployFailure, FailureKind, credentials, sdk};
use super::mask::SecretMask;
use super::progress::DeployBanner;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::ProvideCredentials;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tranship_facts::AwsPartition;

/// Attempts per call, including the first.
const ATTEMPTS: u32 = 10;

/// Attempts for a call that the deployment can do without.
const BRISK: u32 = 3;

/// How long one attempt may take. No call of ours works longer: operations of minutes are started and asked about.
const ATTEMPT: Duration = Duration::from_secs(20);

/// How long a call may take with all its attempts and the pauses between them.
const CALL: Duration = Duration::from_secs(180);

/// How long one attempt to send a part of an upload may take.
const UPLOAD: Duration = Duration::from_secs(300);

/// An AWS identity and the clients that act on its behalf.
pub(crate) struct AwsSession {
    config: SdkConfig,
    /// The account ID.
    pub(crate) account: String,
    /// As ARNs have it: `aws`, `aws-cn`.
    pub(super) partition: String,
    /// The region.
    pub(crate) region: String,
    source: String,
    /// Whether a profile is named, by the flag or by AWS_PROFILE.
    names_profile: bool,
    identity: String,
    /// The operation in progress at AWS, for the message after an interruption.
    underway: RefCell<Option<String>>,
    /// What the operation in progress is a part of, where several are at the same time.
    whole: RefCell<Option<String>>,
    /// What to do about it, where its stack or environment says nothing of it.
    advice: RefCell<Vec<String>>,
    mask: RefCell<SecretMask>,
    /// The end of the run, for what must end by itself.
    stop: StopSignal,
    opened: Instant,
}

/// Tells an open question that the run must end, so that it can take back what it asked about.
#[derive(Debug, Default)]
pub(super) struct StopSignal {
    kind: Cell<Option<FailureKind>>,
    asking: Cell<bool>,
    wake: Notify,
}

impl StopSignal {
    /// Whether a question is open, which now ends.
    pub(super) fn raise(&self, kind: FailureKind) -> bool {
        self.kind.set(Some(kind));
        self.wake.notify_waiters();
        self.asking.get()
    }

    /// Waits for an answer, or for the end of the run.
    pub(super) async fn unless<T>(&self, answer: impl Future<Output = T>) -> Result<T, DeployFailure> {
        let woken = self.wake.notified();
        self.asking.set(true);
        let result = tokio::select! {
            answer = answer => Ok(answer),
            () = woken => Err(self.kind.get().unwrap_or(FailureKind::Interrupted)),
        };
        self.asking.set(false);
        result.map_err(|kind| {
            DeployFailure::new(kind, format!("{}; nothing is being changed", ended(kind)))
                .help("run the same command again to continue")
        })
    }
}

fn ended(kind: FailureKind) -> &'static str {
    if kind == FailureKind::Interrupted { "interrupted" } else { "timed out" }
}

impl AwsSession {
    /// Finds credentials and asks AWS whose they are.
    pub(crate) async fn open(
        region: Option<&str>,
        profile: Option<&str>,
    ) -> Result<AwsSession, DeployFailure> {
        let config = configuration(region, profile).await;
        let region = config.region().map(|region| region.as_ref().to_owned()).ok_or_else(no_region)?;
        let known = profile.map(str::to_owned).or_else(|| variable("AWS_PROFILE"));
        let Some(provider) = config.credentials_provider() else {
            return Err(credentials("no AWS credentials found", known.as_deref()));
        };
        let found = provider
            .provide_credentials()
            .await
            .map_err(|error| credentials(&without_credentials(&cause(&error)), known.as_deref()))?;
        let source = source(profile, provider_of(&format!("{found:?}")), variable);
        let who = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
        let who = who.map_err(|error| sdk("look up the identity of the credentials", error))?;
        let identity = who.arn().unwrap_or_default().to_owned();
        let partition =
            identity.split(':').nth(1).filter(|part| !part.is_empty()).unwrap_or("aws").to_owned();
        let account = who.account().unwrap_or_default().to_owned();
        let (underway, mask, stop) = (RefCell::default(), RefCell::default(), StopSignal::default());
        Ok(AwsSession {
            config,
            account,
            partition,
            region,
            source,
            names_profile: known.is_some(),
            identity,
            underway,
            whole: RefCell::default(),
            advice: RefCell::default(),
            mask,
            stop,
            opened: Instant::now(),
        })
    }

    /// Refuses another account than the one that the environment names.
    pub(crate) fn expect_account(&self, wanted: Option<&str>) -> Result<(), DeployFailure> {
        same_account(wanted, &self.account, &self.source, &self.identity)
    }

    /// What is left of a time limit that began with the session.
    pub(super) fn time_left(&self, limit: Duration) -> Duration {
        limit.saturating_sub(self.opened.elapsed())
    }

    /// What ends the run.
    pub(super) fn stop(&self) -> &StopSignal {
        &self.stop
    }

    /// Who deploys, short: the last part of the identity's ARN.
    pub(super) fn who(&self) -> &str {
        self.identity.rsplit(['/', ':']).next().unwrap_or_default()
    }

    /// The banner for a subject.
    pub(crate) fn banner(&self, subject: String) -> DeployBanner {
        DeployBanner {
            subject,
            account: self.account.clone(),
            region: self.region.clone(),
            source: self.source.clone(),
            names_profile: self.names_profile,
            identity: self.identity.clone(),
        }
    }

    /// The failure where there is no such stack or environment: where it was looked for says most.
    pub(super) fn not_deployed(&self, subject: &str) -> DeployFailure {
        let (account, region) = (&self.account, &self.region);
        DeployFailure::failed(format!("the {subject} is not deployed in account {account}, region {region}"))
    }

    /// The DNS suffix of this partition.
    pub(crate) fn domain(&self) -> &'static str {
        AwsPartition::of_name(&self.partition).unwrap_or(AwsPartition::Aws).url_suffix()
    }

    /// Hides the secret values that this run knows.
    pub(super) fn mask(&self) -> &RefCell<SecretMask> {
        &self.mask
    }

    /// Records an operation that has started at AWS.
    pub(super) fn underway(&self, what: impl Into<String>) {
        *self.underway.borrow_mut() = Some(what.into());
    }

    /// The same of what its stack knows nothing about, with what to do about it.
    pub(super) fn underway_alone(&self, what: impl Into<String>, advice: Vec<String>) {
        self.underway(what);
        *self.advice.borrow_mut() = advice;
    }

    /// What to do about the operation in progress.
    pub(super) fn advice(&self) -> Vec<String> {
        self.advice.borrow().clone()
    }

    /// Records that no operation is in progress.
    pub(super) fn settled(&self) {
        *self.underway.borrow_mut() = None;
        self.advice.borrow_mut().clear();
    }

    /// Records that several operations are in progress, or none any more: which of them has ended says nothing of the others.
    pub(super) fn several(&self, what: Option<String>) {
        *self.whole.borrow_mut() = what;
    }

    /// The operation that may be in progress at AWS.
    pub(super) fn in_progress(&self) -> Option<String> {
        self.whole.borrow().clone().or_else(|| self.underway.borrow().clone())
    }

    /// The message after an interruption or a timeout.
    pub(super) fn left(&self, kind: FailureKind) -> DeployFailure {
        let what = ended(kind);
        match self.in_progress() {
            Some(underway) => DeployFailure::new(kind, format!("{what}; {underway} continues at AWS")),
            None => DeployFailure::new(kind, format!("{what}; nothing is being changed"))
                .help("run the same command again to continue"),
        }
    }

    pub(super) fn scaling(&self) -> aws_sdk_autoscaling::Client {
        aws_sdk_autoscaling::Client::new(&self.config)
    }

    pub(super) fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        aws_sdk_cloudformation::Client::new(&self.config)
    }

    pub(super) fn beanstalk(&self) -> aws_sdk_elasticbeanstalk::Client {
        aws_sdk_elasticbeanstalk::Client::new(&self.config)
    }

    /// For read-only calls that give up early.
    pub(super) fn ecs(&self) -> aws_sdk_ecs::Client {
        let config =
            aws_sdk_ecs::config::Builder::from(&self.config).retry_config(brisk()).timeout_config(patience());
        aws_sdk_ecs::Client::from_conf(config.build())
    }

    /// Amazon ECS, for calls that change something.
    pub(super) fn ecs_changes(&self) -> aws_sdk_ecs::Client {
        aws_sdk_ecs::Client::new(&self.config)
    }

    /// For read-only calls that give up early.
    pub(super) fn load_balancing(&self) -> aws_sdk_elasticloadbalancingv2::Client {
        let config = aws_sdk_elasticloadbalancingv2::config::Builder::from(&self.config)
            .retry_config(brisk())
            .timeout_config(patience());
        aws_sdk_elasticloadbalancingv2::Client::from_conf(config.build())
    }

    /// For read-only calls that give up early.
    pub(super) fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        let config = aws_sdk_cloudwatchlogs::config::Builder::from(&self.config)
            .retry_config(brisk())
            .timeout_config(patience());
        aws_sdk_cloudwatchlogs::Client::from_conf(config.build())
    }

    /// Amazon ECR, in another region where one is named.
    pub(crate) fn ecr(&self, region: Option<&str>) -> aws_sdk_ecr::Client {
        let mut config = aws_sdk_ecr::config::Builder::from(&self.config);
        if let Some(region) = region {
            config = config.region(Region::new(region.to_owned()));
        }
        aws_sdk_ecr::Client::from_conf(config.build())
    }

    /// Amazon S3. A part of an upload may take minutes.
    pub(super) fn s3(&self) -> aws_sdk_s3::Client {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(10))
            .operation_attempt_timeout(UPLOAD)
            .build();
        let config = aws_sdk_s3::config::Builder::from(&self.config).timeout_config(timeouts);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    pub(super) fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.config)
    }
}

fn brisk() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(BRISK).with_max_backoff(Duration::from_secs(5))
}

fn patience() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(20))
        .build()
}

async fn configuration(region: Option<&str>, profile: Option<&str>) -> SdkConfig {
    let retry = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_max_backoff(Duration::from_secs(20));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(10))
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).retry_config(retry).timeout_config(timeouts);
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(profile) = profile {
        // The SDK's own chain would prefer keys of the environment to the profile that the user names.
        let named = ProfileFileCredentialsProvider::builder().profile_name(profile).build();
        loader = loader.profile_name(profile).credentials_provider(named);
    }
    loader.load().await
}

fn no_region() -> DeployFailure {
    DeployFailure::usage("no region to deploy to").help(
        "set `region` for the environment under `x-tranship`, set AWS_REGION, or add a region to the profile",
    )
}

/// What the SDK says when it looked everywhere: a line for each place follows.
const CHAIN: &str = "no credentials found in chain";

/// What is wrong, without the places that were never to be looked into.
fn without_credentials(cause: &str) -> String {
    let Some((chain, places)) = cause.split_once('\n').filter(|(chain, _)| chain.starts_with(CHAIN)) else {
        return format!("no usable AWS credentials: {cause}");
    };
    let told: Vec<&str> = places.lines().filter(|line| !line.contains("was not enabled")).collect();
    match told.as_slice() {
        [] => "no AWS credentials found".to_owned(),
        told => format!("no usable AWS credentials: {chain}\n{}", told.join("\n")),
    }
}

/// A variable of the process's environment that is not empty.
#[allow(clippy::disallowed_methods, reason = "the SDK reads the same variable; compiling never gets here")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The innermost cause of an error.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut current = error;
    while let Some(next) = current.source() {
        current = next;
    }
    current.to_string()
}

/// Refuses another account than the one that is wanted.
fn same_account(
    wanted: Option<&str>,
    account: &str,
    source: &str,
    identity: &str,
) -> Result<(), DeployFailure> {
    match wanted.filter(|wanted| *wanted != account) {
        None => Ok(()),
        Some(wanted) => Err(DeployFailure::new(
            FailureKind::Credentials,
            format!("the credentials are of account {account}, but `account` of the environment is {wanted}"),
        )
        .help(format!("they come from {source}, and are those of {identity}"))
        .help("name a profile of the right account with `--aws-profile`; nothing was changed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_hold_no_credentials_are_not_listed() {
        let chain = "no credentials found in chain. Attempted:\n  Environment: the credential provider was not enabled: not set\n";
        assert_eq!(without_credentials(chain), "no AWS credentials found");
        let broken = format!("{chain}  Profile: the token expired");
        let told = "no usable AWS credentials: no credentials found in chain. Attempted:\n  Profile: the token expired";
        assert_eq!(without_credentials(&broken), told);
        assert_eq!(without_credentials("no such profile"), "no usable AWS credentials: no such profile");
        let named = "the credential provider was not enabled: no profile `nobody`";
        assert_eq!(without_credentials(named), format!("no usable AWS credentials: {named}"));
    }

    #[test]
    fn credentials_of_another_account_are_refused() {
        let check = |wanted| same_account(wanted, "111111111111", "profile ops", "arn:aws:iam::1:user/ops");
        assert_eq!(check(None), Ok(()));
        assert_eq!(check(Some("111111111111")), Ok(()));
        let failure = check(Some("222222222222")).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Credentials);
        assert_eq!(
            failure.message,
            "the credentials are of account 111111111111, but `account` of the environment is 222222222222"
        );
        assert_eq!(failure.help[0], "they come from profile ops, and are those of arn:aws:iam::1:user/ops");
    }
}
