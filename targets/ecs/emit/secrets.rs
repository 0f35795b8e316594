//! Secrets that parameters feed, or that CloudFormation puts together from others.

use super::super::plan::EcsPlan;
use super::TracedResource;
use tranship_cloudformation::{DeletionPolicy, Resource, Template, props};

/// Adds the secrets.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    for secret in &plan.secrets {
        let properties =
            props! { "Description" => secret.description.as_str(), "SecretString" => &secret.value };
        let resource =
            Resource::new("AWS::SecretsManager::Secret", properties).policy(DeletionPolicy::Delete);
        template.add(&secret.id, resource.traced(&secret.from));
    }
}
