//! Finds, creates and updates an environment.
//!
//! In: the desired state. Out: [`RunningEnvironment`], [`EnvironmentRequest`]. Invariant: only settings that the bundle cannot
//! carry go through the API, and only those that differ: an API setting overrides the bundle permanently.

use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::session::AwsSession;
use aws_sdk_elasticbeanstalk::operation::RequestId;
use aws_sdk_elasticbeanstalk::types::{
    ConfigurationDeploymentStatus, ConfigurationOptionSetting, EnvironmentDescription, EnvironmentHealth,
    EnvironmentStatus, EnvironmentTier, Tag,
};
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
    /// Whether it is of the tier for workers.
    pub(super) is_worker: bool,
    address: Option<String>,
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
        is_worker: found.tier().and_then(EnvironmentTier::name) == Some(WORKER.0),
        address: found.cname().map(str::to_owned),
    }
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
) -> Result<EnvironmentRequest, DeployFailure> {
    let name = &deployment.environment;
    let call = session.beanstalk().create_environment().application_name(&deployment.application);
    let call = call.environment_name(name).version_label(label).solution_stack_name(stack);
    let (tier, kind) = if deployment.is_worker { WORKER } else { WEB_SERVER };
    let call = call.tier(EnvironmentTier::builder().name(tier).r#type(kind).build());
    let tag = |tag: &EnvironmentTag| Tag::builder().key(&tag.key).value(&tag.value).build();
    let tags: Vec<Tag> = deployment.tags.iter().map(tag).collect();
    let call = call.set_tags((!tags.is_empty()).then_some(tags));
    let answer = call.set_option_settings(option_settings(settings)).send().await;
    let answer = answer.map_err(|error| sdk(&format!("create the environment {name}"), error))?;
    let id = answer.request_id().map(str::to_owned);
    Ok(EnvironmentRequest { environment: answer.environment_id.unwrap_or_default(), id })
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

/// Requests an update.
pub(super) async fn update(
    session: &AwsSession,
    running: &RunningEnvironment,
    update: EnvironmentUpdate,
) -> Result<EnvironmentRequest, DeployFailure> {
    let call = session.beanstalk().update_environment().environment_id(&running.id);
    let call = match update {
        EnvironmentUpdate::Version(label) => call.version_label(label),
        EnvironmentUpdate::Settings(settings) => call.set_option_settings(option_settings(settings)),
    };
    let answer = call.send().await;
    let answer = answer.map_err(|error| sdk(&format!("update the environment {}", running.name), error))?;
    let id = answer.request_id().map(str::to_owned);
    Ok(EnvironmentRequest { environment: running.id.clone(), id })
}
