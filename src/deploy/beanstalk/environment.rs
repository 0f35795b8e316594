//! Finds, creates and updates an environment.
//!
//! In: the desired state. Out: [`RunningEnvironment`], [`EnvironmentRequest`]. Invariant: only settings that the bundle cannot
//! carry go through the API, and only those that differ: an API setting overrides the bundle permanently.

use crate::deploy::ProjectMark;
use crate::deploy::failure::{DeployFailure, exists_already, sdk};
use crate::deploy::session::AwsSession;
use aws_sdk_elasticbeanstalk::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_elasticbeanstalk::operation::RequestId;
use aws_sdk_elasticbeanstalk::types::{
    ConfigurationDeploymentStatus, ConfigurationOptionSetting, EnvironmentDescription, EnvironmentHealth,
    EnvironmentStatus, EnvironmentTier, Tag,
};
use std::collections::BTreeSet;
use tranship_targets::{BeanstalkDeployment, EnvironmentTag};

/// The tiers: name and type
/// (<https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_EnvironmentTier.html>).
const WEB_SERVER: (&str, &str) = ("WebServer", "Standard");
const WORKER: (&str, &str) = ("Worker", "SQS/HTTP");

/// An environment and its current state.
#[derive(Debug, Clone)]
pub(super) struct RunningEnvironment {
    /// Its name.
    pub(super) name: String,
    /// Its id, which survives its termination.
    pub(super) id: String,
    /// Its application.
    pub(super) application: String,
    /// `Ready`, `Updating` and so on.
    pub(super) status: String,
    /// `Green`, `Yellow`, `Red` or `Grey`.
    pub(super) health: String,
    /// The label of the version it runs.
    pub(super) version: Option<String>,
    /// Its solution stack.
    pub(super) platform: String,
    /// When it was last changed.
    pub(super) changed: String,
    /// Whether an update is in progress that can be aborted.
    pub(super) is_abortable: bool,
    /// Whether it is of the tier for workers.
    pub(super) is_worker: bool,
    address: Option<String>,
    arn: String,
}

/// A requested change.
#[derive(Debug, Clone)]
pub(super) struct EnvironmentRequest {
    /// The environment's id.
    pub(super) environment: String,
    /// The request ID that its events carry.
    pub(super) id: Option<String>,
}

impl RunningEnvironment {
    /// Whether it accepts changes.
    pub(super) fn is_ready(&self) -> bool {
        self.status == EnvironmentStatus::Ready.as_str()
    }

    /// Whether it is being terminated, or was.
    pub(super) fn is_going(&self) -> bool {
        self.status == EnvironmentStatus::Terminating.as_str()
            || self.status == EnvironmentStatus::Terminated.as_str()
    }

    /// Whether it is stable and healthy.
    pub(super) fn is_well(&self) -> bool {
        self.is_ready() && self.health != EnvironmentHealth::Red.as_str()
    }

    /// Whether it is stable, healthy and runs this version.
    pub(super) fn serves(&self, label: &str) -> bool {
        self.is_well() && self.version.as_deref() == Some(label)
    }

    /// Facts to show about it.
    pub(super) fn outputs(&self) -> Vec<(String, String)> {
        self.address.iter().map(|name| ("address".to_owned(), format!("http://{name}"))).collect()
    }
}

/// Finds the environment; terminated environments are not found.
pub(super) async fn find(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
) -> Result<Option<RunningEnvironment>, DeployFailure> {
    let call = session.beanstalk().describe_environments().application_name(&deployment.application);
    let call = call.environment_names(&deployment.environment).include_deleted(false);
    let answer = call.send().await;
    let answer =
        answer.map_err(|error| sdk(&format!("find the environment {}", deployment.environment), error))?;
    let found = answer.environments().iter().find(|it| it.status() != Some(&EnvironmentStatus::Terminated));
    Ok(found.map(read))
}

/// The versions that an application's environments run.
pub(super) async fn versions(
    session: &AwsSession,
    application: &str,
) -> Result<BTreeSet<String>, DeployFailure> {
    let call = session.beanstalk().describe_environments().application_name(application);
    let answer = call.include_deleted(false).send().await;
    let answer = answer.map_err(|error| sdk("list the environments", error))?;
    Ok(answer.environments().iter().filter_map(|it| it.version_label().map(str::to_owned)).collect())
}

/// The environment with an id, terminated or not.
pub(super) async fn by_id(session: &AwsSession, id: &str) -> Result<RunningEnvironment, DeployFailure> {
    let answer =
        session.beanstalk().describe_environments().environment_ids(id).include_deleted(true).send().await;
    let answer = answer.map_err(|error| sdk("read the environment", error))?;
    answer
        .environments()
        .first()
        .map(read)
        .ok_or_else(|| DeployFailure::failed("the environment no longer exists"))
}

fn read(found: &EnvironmentDescription) -> RunningEnvironment {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    RunningEnvironment {
        name: text(found.environment_name()),
        id: text(found.environment_id()),
        application: text(found.application_name()),
        status: text(found.status().map(EnvironmentStatus::as_str)),
        health: text(found.health().map(EnvironmentHealth::as_str)),
        version: found.version_label().map(str::to_owned),
        platform: text(found.solution_stack_name()),
        changed: found.date_updated().map(ToString::to_string).unwrap_or_default(),
        is_abortable: found.abortable_operation_in_progress().unwrap_or_default(),
        is_worker: found.tier().and_then(EnvironmentTier::name) == Some(WORKER.0),
        arn: text(found.environment_arn()),
        address: found.cname().map(str::to_owned),
    }
}

/// An environment with a version, for tests.
#[cfg(test)]
pub(super) fn tests_environment(version: Option<&str>) -> RunningEnvironment {
    read(&EnvironmentDescription::builder().set_version_label(version.map(str::to_owned)).build())
}

/// An option setting that a request changes.
#[derive(Debug, Clone)]
pub(super) struct OptionChange {
    /// Such as `aws:rds:dbinstance`.
    pub(super) namespace: String,
    /// Such as `DBPassword`.
    pub(super) name: String,
    /// Its new value.
    pub(super) value: String,
}

/// The current settings of an environment. The service also returns a draft that is being applied or
/// has failed: <https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_ConfigurationSettingsDescription.html>.
pub(super) async fn settings(
    session: &AwsSession,
    running: &RunningEnvironment,
) -> Result<Vec<ConfigurationOptionSetting>, DeployFailure> {
    let call = session.beanstalk().describe_configuration_settings().application_name(&running.application);
    let answer = call.environment_name(&running.name).send().await;
    let answer = answer.map_err(|error| sdk("read the environment's settings", error))?;
    let deployed = answer.configuration_settings.unwrap_or_default().into_iter().filter(|set| {
        set.deployment_status().is_none_or(|status| *status == ConfigurationDeploymentStatus::Deployed)
    });
    Ok(deployed.flat_map(|set| set.option_settings.unwrap_or_default()).collect())
}

fn option_settings(settings: Vec<OptionChange>) -> Option<Vec<ConfigurationOptionSetting>> {
    let build = |OptionChange { namespace, name, value }| {
        ConfigurationOptionSetting::builder().namespace(namespace).option_name(name).value(value).build()
    };
    (!settings.is_empty()).then(|| settings.into_iter().map(build).collect())
}

/// Requests a new environment.
pub(super) async fn create(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    label: &str,
    stack: &str,
    settings: Vec<OptionChange>,
    mark: &ProjectMark,
) -> Result<EnvironmentRequest, DeployFailure> {
    let name = &deployment.environment;
    let call = session.beanstalk().create_environment().application_name(&deployment.application);
    let call = call.environment_name(name).version_label(label).solution_stack_name(stack);
    let (tier, kind) = if deployment.is_worker { WORKER } else { WEB_SERVER };
    let call = call.tier(EnvironmentTier::builder().name(tier).r#type(kind).build());
    let tag = |tag: &EnvironmentTag| Tag::builder().key(&tag.key).value(&tag.value).build();
    let marks = mark.tags().into_iter().map(|(key, value)| EnvironmentTag { key, value });
    let tags = deployment.tags.iter().cloned().chain(marks).map(|it| tag(&it)).collect();
    match call.set_tags(Some(tags)).set_option_settings(option_settings(settings)).send().await {
        Ok(answer) => {
            let id = answer.request_id().map(str::to_owned);
            Ok(EnvironmentRequest { environment: answer.environment_id.unwrap_or_default(), id })
        }
        // The answer to an earlier attempt was lost, or another run was faster.
        Err(error) if is_there(&error) => match find(session, deployment).await? {
            Some(found) if found.version.as_deref() == Some(label) => {
                Ok(EnvironmentRequest { environment: found.id, id: None })
            }
            Some(found) => Err(overtaken(&found)),
            None => Err(sdk(&format!("create the environment {name}"), error)),
        },
        Err(error) => Err(sdk(&format!("create the environment {name}"), error)),
    }
}

fn is_there<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    exists_already(error.code().unwrap_or_default(), error.message().unwrap_or_default())
}

/// Another deployment of the environment began first.
fn overtaken(found: &RunningEnvironment) -> DeployFailure {
    let version = found.version.as_deref().unwrap_or("no version");
    DeployFailure::failed(format!(
        "another deployment of the environment {} began first: it is {}, with {version}",
        found.name, found.status
    ))
    .help("run the same command again to wait for it and see what is left to do")
}

/// The tags of an environment.
pub(super) async fn tags(
    session: &AwsSession,
    running: &RunningEnvironment,
) -> Result<Vec<(String, String)>, DeployFailure> {
    let answer = session.beanstalk().list_tags_for_resource().resource_arn(&running.arn).send().await;
    let answer = answer.map_err(|error| sdk("read the environment's tags", error))?;
    let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    Ok(answer.resource_tags().iter().filter_map(pair).collect())
}

/// Marks an environment that is taken over.
pub(super) async fn mark(
    session: &AwsSession,
    running: &RunningEnvironment,
    mark: &ProjectMark,
) -> Result<(), DeployFailure> {
    let tag = |(key, value): (String, String)| Tag::builder().key(key).value(value).build();
    let call = session.beanstalk().update_tags_for_resource().resource_arn(&running.arn);
    let call = call.set_tags_to_add(Some(mark.tags().into_iter().map(tag).collect()));
    call.send().await.map_err(|error| sdk("mark the environment", error))?;
    Ok(())
}

/// What an update changes. One call cannot change both:
/// <https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_UpdateEnvironment.html>.
#[derive(Debug, Clone)]
pub(super) enum EnvironmentUpdate {
    /// The version, by its label.
    Version(String),
    /// Settings.
    Settings(Vec<OptionChange>),
}

/// Requests an update; `None` if one is under way already.
pub(super) async fn update(
    session: &AwsSession,
    running: &RunningEnvironment,
    update: EnvironmentUpdate,
) -> Result<Option<EnvironmentRequest>, DeployFailure> {
    let call = session.beanstalk().update_environment().environment_id(&running.id);
    let call = match update {
        EnvironmentUpdate::Version(label) => call.version_label(label),
        EnvironmentUpdate::Settings(settings) => call.set_option_settings(option_settings(settings)),
    };
    match call.send().await {
        Ok(answer) => {
            let id = answer.request_id().map(str::to_owned);
            Ok(Some(EnvironmentRequest { environment: running.id.clone(), id }))
        }
        Err(error) if says_busy(&error) => Ok(None),
        Err(error) => Err(sdk(&format!("update the environment {}", running.name), error)),
    }
}

/// Whether the environment accepts no change now: one of ours whose answer was lost, or another's.
fn says_busy<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.message().is_some_and(|text| text.contains("invalid state for this operation"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(status: &str, health: &str, version: Option<&str>) -> RunningEnvironment {
        let found = EnvironmentDescription::builder()
            .environment_name("shop-prod")
            .environment_id("e-1")
            .application_name("shop")
            .status(EnvironmentStatus::from(status))
            .health(EnvironmentHealth::from(health))
            .set_version_label(version.map(str::to_owned))
            .solution_stack_name("Docker")
            .environment_arn("arn:1")
            .cname("shop.example.org")
            .abortable_operation_in_progress(true)
            .tier(EnvironmentTier::builder().name("Worker").build());
        read(&found.build())
    }

    #[test]
    fn an_environment_is_read_as_aws_describes_it() {
        let found = running("Ready", "Green", Some("v1"));
        assert_eq!(
            (found.name.as_str(), found.id.as_str(), found.application.as_str()),
            ("shop-prod", "e-1", "shop")
        );
        assert_eq!((found.platform.as_str(), found.arn.as_str()), ("Docker", "arn:1"));
        assert!(found.is_worker && found.is_abortable);
        assert_eq!(found.outputs(), [("address".to_owned(), "http://shop.example.org".to_owned())]);
        let empty = read(&EnvironmentDescription::builder().build());
        assert!(!empty.is_worker && !empty.is_abortable && empty.outputs().is_empty());
        assert_eq!((empty.version, empty.changed.as_str()), (None, ""));
    }

    #[test]
    fn an_environment_serves_a_version_when_it_is_ready_with_it_and_not_red() {
        for (status, health, version, ready, well, serves) in [
            ("Ready", "Green", Some("v1"), true, true, true),
            ("Ready", "Yellow", Some("v1"), true, true, true),
            ("Ready", "Red", Some("v1"), true, false, false),
            ("Ready", "Green", Some("v2"), true, true, false),
            ("Ready", "Green", None, true, true, false),
            ("Updating", "Green", Some("v1"), false, false, false),
        ] {
            let found = running(status, health, version);
            let is = (found.is_ready(), found.is_well(), found.serves("v1"));
            assert_eq!(is, (ready, well, serves), "{status} {health} {version:?}");
            assert!(!found.is_going());
        }
        assert!(running("Terminating", "Grey", None).is_going());
        assert!(running("Terminated", "Grey", None).is_going());
    }

    #[test]
    fn options_are_sent_by_their_names() {
        assert!(option_settings(Vec::new()).is_none(), "an empty list would be refused");
        let change = OptionChange {
            namespace: "aws:rds:dbinstance".into(),
            name: "DBPassword".into(),
            value: "x".into(),
        };
        let sent = option_settings(vec![change]).unwrap_or_default();
        assert_eq!(
            (sent[0].namespace(), sent[0].option_name(), sent[0].value()),
            (Some("aws:rds:dbinstance"), Some("DBPassword"), Some("x"))
        );
    }

    #[test]
    fn another_deployment_is_named_with_its_version() {
        let failure = overtaken(&running("Updating", "Grey", Some("v2")));
        assert_eq!(
            failure.message,
            "another deployment of the environment shop-prod began first: it is Updating, with v2"
        );
        assert!(overtaken(&running("Launching", "Grey", None)).message.ends_with("with no version"));
    }
}
