//! Secrets of an environment. Beanstalk has no parameters, so secret values live in Secrets Manager, or in the
//! one option setting that takes them.
//!
//! In: the secrets that the deployment declares and the given values. Out: stored secrets, and option settings.
//! Invariant: a value is sent to AWS and nowhere else; a secret without a new value is left unchanged.

use super::database;
use super::environment::{self, OptionChange, RunningEnvironment};
use super::images;
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::parameters::{ParameterChoice, answered, choose, question, to_ask};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, DeployValues, ask, bucket};
use aws_sdk_elasticbeanstalk::types::ConfigurationOptionSetting;
use tranship_targets::{BeanstalkDeployment, DeployParameter, OptionSettingName};

/// A secret and what to do with it.
pub(super) struct EnvironmentSecret {
    name: String,
    place: SecretPlace,
    choice: ParameterChoice,
}

/// Where a secret's value is stored.
enum SecretPlace {
    /// In Secrets Manager; the ARN is known once the secret exists.
    Manager(Option<String>),
    /// In an option setting: namespace and name.
    Option(OptionSettingName),
}

impl EnvironmentSecret {
    /// Whether this run sets its value.
    pub(super) fn is_new(&self) -> bool {
        matches!(self.choice, ParameterChoice::Given(_))
    }

    /// The option setting for its new value.
    pub(super) fn setting(&self) -> Option<OptionChange> {
        match (&self.place, &self.choice) {
            (SecretPlace::Option(option), ParameterChoice::Given(value)) => {
                let OptionSettingName { namespace, name } = option.clone();
                Some(OptionChange { namespace, name, value: value.clone() })
            }
            _ => None,
        }
    }
}

/// Checks which secrets exist and chooses their values. `running` is the environment, if it exists.
pub(super) async fn plan(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    running: Option<&RunningEnvironment>,
    options: &DeployOptions,
) -> Result<Vec<EnvironmentSecret>, DeployFailure> {
    let (mut previous, mut places) = (Vec::new(), Vec::new());
    let settings = match running.filter(|_| deployment.secrets.iter().any(|it| it.option.is_some())) {
        Some(running) => environment::settings(session, running).await?,
        None => Vec::new(),
    };
    for secret in &deployment.secrets {
        let (place, there) = place(session, secret, &settings).await?;
        if there {
            previous.push(secret.name.clone());
        }
        places.push((secret.name.clone(), place));
    }
    let mut values: DeployValues = options.values.clone();
    values.parameters = images::split(deployment, &options.values).1;
    for secret in to_ask(&deployment.secrets, &values, &previous) {
        let value = if secret.generated {
            Some(generate(session).await?)
        } else {
            ask(session, options, question(secret)).await?
        };
        let Some(value) = value else { break };
        answered(&mut values, secret, value);
    }
    session.mask().borrow_mut().hide(values.secrets.values());
    let mut choices = choose(&deployment.secrets, &values, &previous)?;
    let secret = |(name, place): (String, SecretPlace)| {
        let choice = choices.remove(&name)?;
        Some(EnvironmentSecret { name, place, choice })
    };
    Ok(places.into_iter().filter_map(secret).collect())
}

/// Where a secret is stored, and whether it has a value there.
async fn place(
    session: &AwsSession,
    secret: &DeployParameter,
    settings: &[ConfigurationOptionSetting],
) -> Result<(SecretPlace, bool), DeployFailure> {
    if let Some(option) = &secret.option {
        let given = database::is_given(settings, option);
        return Ok((SecretPlace::Option(option.clone()), given));
    }
    let arn = find(session, &secret.name).await?;
    let there = arn.is_some();
    Ok((SecretPlace::Manager(arn), there))
}

/// A random value: 32 letters and digits.
async fn generate(session: &AwsSession) -> Result<String, DeployFailure> {
    let call = session.secrets().get_random_password().password_length(32).exclude_punctuation(true);
    let answer = call.include_space(false).send().await.map_err(|error| sdk("generate a password", error))?;
    answer.random_password.ok_or_else(|| DeployFailure::failed("AWS returned no password"))
}

async fn find(session: &AwsSession, name: &str) -> Result<Option<String>, DeployFailure> {
    match session.secrets().describe_secret().secret_id(name).send().await {
        Ok(secret) if secret.deleted_date().is_none() => Ok(secret.arn().map(str::to_owned)),
        Ok(_) => {
            let restored = session.secrets().restore_secret().secret_id(name).send().await;
            let restored = restored.map_err(|error| sdk(&format!("restore the secret {name}"), error))?;
            Ok(restored.arn().map(str::to_owned))
        }
        Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
            Ok(None)
        }
        Err(error) => Err(sdk(&format!("check for the secret {name}"), error)),
    }
}

/// Stores the given values that belong in Secrets Manager.
pub(super) async fn store(
    session: &AwsSession,
    secrets: &[EnvironmentSecret],
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    for secret in secrets {
        if let (SecretPlace::Manager(arn), ParameterChoice::Given(value)) = (&secret.place, &secret.choice) {
            progress.message(&format!("storing the secret {}", secret.name));
            match arn {
                Some(arn) => put(session, arn, value).await?,
                None => create(session, &secret.name, value).await?,
            }
        }
    }
    Ok(())
}

/// An idempotency token derived from the value: setting the same value twice creates one version.
fn token(name: &str, value: &str) -> String {
    bucket::hash(format!("{name}\0{value}").as_bytes())
}

async fn create(session: &AwsSession, name: &str, value: &str) -> Result<(), DeployFailure> {
    let call = session.secrets().create_secret().name(name).secret_string(value);
    let made = call.client_request_token(token(name, value)).send().await;
    made.map_err(|error| sdk(&format!("create the secret {name}"), error))?;
    Ok(())
}

async fn put(session: &AwsSession, arn: &str, value: &str) -> Result<(), DeployFailure> {
    let call = session.secrets().put_secret_value().secret_id(arn).secret_string(value);
    let put = call.client_request_token(token(arn, value)).send().await;
    put.map_err(|error| sdk(&format!("set the secret {arn}"), error))?;
    Ok(())
}
