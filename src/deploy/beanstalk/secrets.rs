//! Secrets of an environment: Beanstalk has no parameters, so their values live in Secrets Manager.
//!
//! In: the secrets that the deployment declares and the values given. Out: the settings that name them.
//! Invariant: a value goes to Secrets Manager and nowhere else; one that is not given is left as it is.

use super::environment::Setting;
use crate::deploy::failure::{Failure, sdk};
use crate::deploy::parameters::{Choice, choose, secrets_to_ask};
use crate::deploy::progress::{Progress, Question};
use crate::deploy::session::Session;
use crate::deploy::{Options, Values, ask, bucket};
use crate::targets::BeanstalkDeployment;

/// The namespace that hands secrets to containers as environment variables:
/// <https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/AWSHowTo.secrets.env-vars.html>.
const NAMESPACE: &str = "aws:elasticbeanstalk:application:environmentsecrets";

/// A secret and what is to be done with it.
#[derive(Debug)]
pub(super) struct Secret {
    variable: String,
    name: String,
    arn: Option<String>,
    choice: Choice,
}

impl Secret {
    /// Whether its value is given now.
    pub(super) fn is_new(&self) -> bool {
        matches!(self.choice, Choice::Given(_))
    }

    /// The setting that names it; nothing while it does not exist.
    pub(super) fn setting(&self) -> Option<Setting> {
        Some((NAMESPACE.to_owned(), self.variable.clone(), self.arn.clone()?))
    }
}

/// The name of a secret in Secrets Manager.
fn name(deployment: &BeanstalkDeployment, variable: &str) -> String {
    format!("{}/{}/{variable}", deployment.application, deployment.environment)
}

/// Looks which secrets exist and chooses their values.
pub(super) async fn plan(
    session: &Session,
    deployment: &BeanstalkDeployment,
    options: &Options,
) -> Result<Vec<Secret>, Failure> {
    let (mut previous, mut found) = (Vec::new(), Vec::new());
    for secret in &deployment.secrets {
        let name = name(deployment, &secret.name);
        let arn = find(session, &name).await?;
        if arn.is_some() {
            previous.push(secret.name.clone());
        }
        found.push((secret.name.clone(), name, arn));
    }
    let mut values: Values = options.values.clone();
    for secret in secrets_to_ask(&deployment.secrets, &values, &previous) {
        let question = Question::Secret(format!("{} ({})", secret.name, secret.description));
        let Some(value) = ask(options.ask.as_ref(), question).await else { break };
        values.secrets.insert(secret.name.clone(), value);
    }
    let mut choices = choose(&deployment.secrets, &values, &previous)?;
    let secret = |(variable, name, arn): (String, String, _)| {
        let choice = choices.remove(&variable)?;
        Some(Secret { variable, name, arn, choice })
    };
    Ok(found.into_iter().filter_map(secret).collect())
}

async fn find(session: &Session, name: &str) -> Result<Option<String>, Failure> {
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
        Err(error) => Err(sdk(&format!("look for the secret {name}"), error)),
    }
}

/// Stores the values that were given. Out: the settings of the secrets that are new.
pub(super) async fn store(
    session: &Session,
    secrets: &[Secret],
    progress: &mut dyn Progress,
) -> Result<Vec<Setting>, Failure> {
    let mut settings = Vec::new();
    for secret in secrets {
        let Choice::Given(value) = &secret.choice else { continue };
        progress.say(&format!("storing the secret {}", secret.name));
        match &secret.arn {
            Some(arn) => put(session, arn, value).await?,
            None => {
                let arn = create(session, &secret.name, value).await?;
                settings.push((NAMESPACE.to_owned(), secret.variable.clone(), arn));
            }
        }
    }
    Ok(settings)
}

/// A token of the value: the same value twice is one version.
fn token(name: &str, value: &str) -> String {
    bucket::hash(format!("{name}\0{value}").as_bytes())
}

async fn create(session: &Session, name: &str, value: &str) -> Result<String, Failure> {
    let call = session.secrets().create_secret().name(name).secret_string(value);
    let made = call.client_request_token(token(name, value)).send().await;
    let made = made.map_err(|error| sdk(&format!("make the secret {name}"), error))?;
    Ok(made.arn.unwrap_or_default())
}

async fn put(session: &Session, arn: &str, value: &str) -> Result<(), Failure> {
    let call = session.secrets().put_secret_value().secret_id(arn).secret_string(value);
    let put = call.client_request_token(token(arn, value)).send().await;
    put.map_err(|error| sdk(&format!("set the secret {arn}"), error))?;
    Ok(())
}
