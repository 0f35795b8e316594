//! The login with which the agent pulls an image: a secret that the execution role reads.
//!
//! Source: Amazon ECS Developer Guide, "Using non-AWS container images in Amazon ECS" (read 2026-11): a secret of the
//! same region may be named, any other needs its ARN; the right is `secretsmanager:GetSecretValue` on it.

use super::planner::EcsPlanner;
use super::secrets::ReadableSecret;
use tranship_app::{AppService, SecretName};
use tranship_cloudformation::TemplateValue;
use tranship_cloudformation::iam::arn;

/// A login as the task definition has it, and what the execution role reads for it.
pub(super) struct PullSecret {
    /// `RepositoryCredentials.CredentialsParameter`.
    pub(super) value: TemplateValue,
    /// The secret.
    pub(super) readable: ReadableSecret,
}

/// The login of a service's image, where the settings have one for its registry.
pub(super) fn of_image(planner: &mut EcsPlanner<'_, '_>, service: &AppService) -> Option<PullSecret> {
    let (_, login) = planner.app.registry_login(&service.container.image)?;
    let secret = planner.exact(&login.secret, "task definition: RepositoryCredentials");
    Some(PullSecret { value: secret.as_str().into(), readable: ReadableSecret::Secret(resource(secret)) })
}

/// The secret in a policy. Secrets Manager ends an ARN with a hyphen and six characters of its own.
fn resource(secret: &SecretName) -> TemplateValue {
    match secret.is_arn() {
        true => secret.as_str().into(),
        false => arn::regional("secretsmanager", &format!("secret:{secret}-??????")).into(),
    }
}
