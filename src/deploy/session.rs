//! The AWS session: credentials, account, region, and the service clients.
//!
//! In: the environment's region, the profile. Out: [`AwsSession`]. Every call retries throttling, 5xx errors
//! and lost connections up to ten times with exponential backoff and full jitter: the SDK's standard mode.

use super::failure::{DeployFailure, FailureKind, credentials, sdk};
use super::mask::SecretMask;
use super::progress::DeployBanner;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::ProvideCredentials;
use std::cell::RefCell;
use std::time::Duration;
use tranship_facts::AwsPartition;

/// Attempts per call, including the first.
const ATTEMPTS: u32 = 10;

/// Attempts for a call that the deployment can do without.
const BRISK: u32 = 3;

/// An AWS identity and the clients that act on its behalf.
pub(crate) struct AwsSession {
    config: SdkConfig,
    /// The account ID.
    pub(crate) account: String,
    /// As ARNs have it: `aws`, `aws-cn`.
    pub(super) partition: String,
    /// The region.
    pub(crate) region: String,
    profile: Option<String>,
    identity: String,
    /// The operation in progress at AWS, for the message after an interruption.
    underway: RefCell<Option<String>>,
    mask: RefCell<SecretMask>,
}

impl AwsSession {
    /// Finds credentials and asks AWS whose they are.
    pub(crate) async fn open(
        region: Option<&str>,
        profile: Option<&str>,
    ) -> Result<AwsSession, DeployFailure> {
        let config = configuration(region, profile).await;
        let region = config.region().map(|region| region.as_ref().to_owned()).ok_or_else(no_region)?;
        let Some(provider) = config.credentials_provider() else {
            return Err(credentials("no AWS credentials found", profile));
        };
        if let Err(error) = provider.provide_credentials().await {
            return Err(credentials(&format!("no usable AWS credentials: {}", cause(&error)), profile));
        }
        let who = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
        let who = who.map_err(|error| sdk("look up the identity of the credentials", error))?;
        let identity = who.arn().unwrap_or_default().to_owned();
        let partition =
            identity.split(':').nth(1).filter(|part| !part.is_empty()).unwrap_or("aws").to_owned();
        let account = who.account().unwrap_or_default().to_owned();
        let profile = profile.map(str::to_owned);
        let (underway, mask) = (RefCell::default(), RefCell::default());
        Ok(AwsSession { config, account, partition, region, profile, identity, underway, mask })
    }

    /// The banner for a subject.
    pub(crate) fn banner(&self, subject: String) -> DeployBanner {
        DeployBanner {
            subject,
            account: self.account.clone(),
            region: self.region.clone(),
            profile: self.profile.clone(),
            identity: self.identity.clone(),
        }
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

    /// Records that no operation is in progress.
    pub(super) fn settled(&self) {
        *self.underway.borrow_mut() = None;
    }

    /// The message after an interruption or a timeout.
    pub(super) fn left(&self, kind: FailureKind) -> DeployFailure {
        let what = if kind == FailureKind::Interrupted { "interrupted" } else { "timed out" };
        match &*self.underway.borrow() {
            Some(underway) => DeployFailure::new(kind, format!("{what}; {underway} continues at AWS"))
                .help("run the same command again to follow it"),
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

fn no_region() -> DeployFailure {
    DeployFailure::usage("no region to deploy to").help(
        "set `region` for the environment under `x-tranship`, set AWS_REGION, or add a region to the profile",
    )
}

/// The innermost cause of an error.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut current = error;
    while let Some(next) = current.source() {
        current = next;
    }
    current.to_string()
}
