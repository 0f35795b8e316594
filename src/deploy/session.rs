//! Who we are at AWS: credentials, account, region; and the clients of the services.
//!
//! In: the region of the environment, the profile. Out: [`Session`]. Every call retries throttling, 5xx
//! and lost connections ten times with exponential back-off and full jitter: the SDK's standard mode.

use super::failure::{Failure, FailureKind, credentials, sdk};
use super::mask::Mask;
use super::progress::Banner;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::ProvideCredentials;
use std::cell::RefCell;
use std::time::Duration;
use tranship_facts::AwsPartition;

/// Tries of one call, the first included.
const ATTEMPTS: u32 = 10;

/// Tries of a call that a deployment can do without.
const BRISK: u32 = 3;

/// An identity at AWS and the clients that act for it.
pub(super) struct Session {
    config: SdkConfig,
    /// The account's number.
    pub(super) account: String,
    /// As ARNs have it: `aws`, `aws-cn`.
    pub(super) partition: String,
    /// The region.
    pub(super) region: String,
    profile: Option<String>,
    identity: String,
    /// What goes on at AWS whether or not we look, for who interrupts us.
    underway: RefCell<Option<String>>,
    mask: RefCell<Mask>,
}

impl Session {
    /// Finds credentials and asks whose they are.
    pub(super) async fn open(region: Option<&str>, profile: Option<&str>) -> Result<Session, Failure> {
        let config = configuration(region, profile).await;
        let region = config.region().map(|region| region.as_ref().to_owned()).ok_or_else(no_region)?;
        let Some(provider) = config.credentials_provider() else {
            return Err(credentials("no AWS credentials were found", profile));
        };
        if let Err(error) = provider.provide_credentials().await {
            return Err(credentials(&format!("no usable AWS credentials: {}", cause(&error)), profile));
        }
        let who = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
        let who = who.map_err(|error| sdk("ask AWS who you are", error))?;
        let identity = who.arn().unwrap_or_default().to_owned();
        let partition =
            identity.split(':').nth(1).filter(|part| !part.is_empty()).unwrap_or("aws").to_owned();
        let account = who.account().unwrap_or_default().to_owned();
        let profile = profile.map(str::to_owned);
        let (underway, mask) = (RefCell::default(), RefCell::default());
        Ok(Session { config, account, partition, region, profile, identity, underway, mask })
    }

    /// The banner of work on a subject.
    pub(super) fn banner(&self, subject: String) -> Banner {
        Banner {
            subject,
            account: self.account.clone(),
            region: self.region.clone(),
            profile: self.profile.clone(),
            identity: self.identity.clone(),
        }
    }

    /// The end of host names of this partition.
    pub(super) fn domain(&self) -> &'static str {
        AwsPartition::of_name(&self.partition).unwrap_or(AwsPartition::Aws).url_suffix()
    }

    /// Hides the values of secrets that this run knows.
    pub(super) fn mask(&self) -> &RefCell<Mask> {
        &self.mask
    }

    /// Notes what goes on at AWS from now on.
    pub(super) fn underway(&self, what: impl Into<String>) {
        *self.underway.borrow_mut() = Some(what.into());
    }

    /// Notes that nothing goes on.
    pub(super) fn settled(&self) {
        *self.underway.borrow_mut() = None;
    }

    /// What to tell who interrupts us, or when the time is up.
    pub(super) fn left(&self, kind: FailureKind) -> Failure {
        let what = if kind == FailureKind::Interrupted { "interrupted" } else { "the time is up" };
        match &*self.underway.borrow() {
            Some(underway) => Failure::new(kind, format!("{what}; {underway} goes on at AWS"))
                .help("run the same command again to follow it to its end"),
            None => Failure::new(kind, format!("{what}; nothing is being changed"))
                .help("run the same command again to go on"),
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

    /// Only looks, and gives up soon.
    pub(super) fn ecs(&self) -> aws_sdk_ecs::Client {
        let config =
            aws_sdk_ecs::config::Builder::from(&self.config).retry_config(brisk()).timeout_config(patience());
        aws_sdk_ecs::Client::from_conf(config.build())
    }

    /// Only looks, and gives up soon.
    pub(super) fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        let config = aws_sdk_cloudwatchlogs::config::Builder::from(&self.config)
            .retry_config(brisk())
            .timeout_config(patience());
        aws_sdk_cloudwatchlogs::Client::from_conf(config.build())
    }

    pub(super) fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.config)
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
        .operation_attempt_timeout(Duration::from_secs(300))
        .build();
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).retry_config(retry).timeout_config(timeouts);
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    loader.load().await
}

fn no_region() -> Failure {
    Failure::usage("no region to deploy to")
        .help("set `region` in the environment under `x-tranship`, or AWS_REGION, or the profile's region")
}

/// The innermost reason of an error.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut current = error;
    while let Some(next) = current.source() {
        current = next;
    }
    current.to_string()
}
