//! The login with which the agent pulls an image: a secret that the execution role reads.
//!
//! Source: Amazon ECS Developer Guide, "Using non-AWS container images in Amazon ECS" (read 2026-11): a secret of the
//! same region may be named, any other needs its ARN; the right is `secretsmanager:GetSecretValue` on it.

use super::container::TaskNeeds;
use super::images::MadeImages;
use super::planner::EcsPlanner;
use super::secrets::ReadableSecret;
use tranship_app::{AppService, RegistryLogin, SecretName};
use tranship_cloudformation::TemplateValue;
use tranship_cloudformation::iam::arn;

/// A login as the task definition has it, and what the execution role reads for it.
pub(super) struct PullSecret {
    /// `RepositoryCredentials.CredentialsParameter`.
    pub(super) value: TemplateValue,
    /// The secret.
    pub(super) readable: ReadableSecret,
}

impl TaskNeeds {
    /// Lets the execution role read a login. Hands out what the container names it by.
    pub(super) fn login(&mut self, login: PullSecret) -> TemplateValue {
        if !self.readable.contains(&login.readable) {
            self.readable.push(login.readable);
        }
        login.value
    }
}

/// The login of a service's image, where the settings have one for its registry: of an image that is made, the one
/// that it is pushed to.
pub(super) fn of_service(
    planner: &mut EcsPlanner<'_, '_>,
    service: &AppService,
    made: &MadeImages,
) -> Option<PullSecret> {
    match made.of(&service.name) {
        Some(_) => of_made(planner),
        None => Some(pull_secret(planner, planner.app.registry_login(&service.container.image)?.1)),
    }
}

/// The login of the registry that images are pushed to, where the settings have one.
pub(super) fn of_made(planner: &mut EcsPlanner<'_, '_>) -> Option<PullSecret> {
    Some(pull_secret(planner, planner.app.publish_login()?.1))
}

fn pull_secret(planner: &mut EcsPlanner<'_, '_>, login: &RegistryLogin) -> PullSecret {
    let secret = planner.exact(&login.secret, "task definition: RepositoryCredentials");
    PullSecret { value: secret.as_str().into(), readable: ReadableSecret::Secret(resource(secret)) }
}

/// The secret in a policy. Secrets Manager ends an ARN with a hyphen and six characters of its own.
fn resource(secret: &SecretName) -> TemplateValue {
    match secret.is_arn() {
        true => secret.as_str().into(),
        false => arn::regional("secretsmanager", &format!("secret:{secret}-??????")).into(),
    }
}
