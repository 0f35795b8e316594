//! The roles that a bundle names before the environment exists: that of its instances and of the service, and the one
//! that reads the secrets of a task. Each stands in a stack of its own.
//!
//! In: the templates of a compile. Out: roles that exist. Invariant: the stacks are those of the environment alone, and a
//! role that is as its template says is left unchanged.

use super::super::{artifact, cloudformation};
use crate::deploy::failure::DeployFailure;
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, DeployValues, ForcedTasks};
use tranship_artifact::ArtifactSet;
use tranship_targets::{BeanstalkDeployment, StackDeployment};

/// Creates the roles, or updates them. The user has agreed to the deployment, which includes it.
pub(super) async fn ensure(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    artifacts: &ArtifactSet,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    for role in &deployment.role_stacks {
        let template = artifact(artifacts, &role.template)?.to_vec();
        let mut alone = ArtifactSet::new();
        let failed =
            |error: &dyn std::fmt::Display| DeployFailure::failed(format!("cannot read the role: {error}"));
        alone.file("template.yaml", template).map_err(|error| failed(&error))?;
        cloudformation::deploy(session, &stack(deployment, &role.stack), &alone, &agreed(options), progress)
            .await?;
    }
    Ok(())
}

/// Deletes the roles, which only the environment used.
pub(super) async fn remove(
    session: &AwsSession,
    deployment: &BeanstalkDeployment,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    for role in deployment.role_stacks.iter().rev() {
        let stack = stack(deployment, &role.stack);
        cloudformation::down(session, &stack, &role.stack, &agreed(options), progress).await?;
    }
    Ok(())
}

/// The options of the deployment, without the values that belong to its environment.
fn agreed(options: &DeployOptions) -> DeployOptions {
    DeployOptions {
        yes: true,
        values: DeployValues::default(),
        force: ForcedTasks::None,
        plan: None,
        detach: false,
        ..options.clone()
    }
}

fn stack(deployment: &BeanstalkDeployment, name: &str) -> StackDeployment {
    StackDeployment {
        stack: name.to_owned(),
        region: deployment.region.clone(),
        capabilities: vec!["CAPABILITY_NAMED_IAM"],
        ..StackDeployment::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::ProjectMark;
    use std::collections::BTreeMap;
    use std::time::Duration;

    /// Options that ask for nothing.
    fn asking_nothing() -> DeployOptions {
        DeployOptions {
            profile: None,
            values: DeployValues::default(),
            allow_replacement: Vec::new(),
            delete_data: Vec::new(),
            yes: false,
            ask: None,
            timeout: Duration::ZERO,
            force: ForcedTasks::None,
            mark: ProjectMark { project: String::new(), environment: String::new(), repository: None },
            adopt: false,
            reattach: false,
            variables: BTreeMap::new(),
            sources: BTreeMap::new(),
            detach: false,
            no_rollback: false,
            plan: None,
            tags: Vec::new(),
        }
    }

    #[test]
    fn roles_are_deployed_without_the_values_of_their_environment() {
        let values = DeployValues {
            parameters: BTreeMap::from([("WebImage".to_owned(), "web:1".to_owned())]),
            ..DeployValues::default()
        };
        let options = DeployOptions {
            yes: false,
            values,
            force: ForcedTasks::All,
            detach: true,
            adopt: true,
            ..asking_nothing()
        };
        let agreed = agreed(&options);
        assert!(agreed.yes && !agreed.detach && agreed.adopt && agreed.plan.is_none());
        assert_eq!(agreed.force, ForcedTasks::None);
        assert!(agreed.values.parameters.is_empty() && agreed.values.secrets.is_empty());
    }

    #[test]
    fn the_stack_of_a_role_is_in_the_region_of_its_environment() {
        let deployment =
            BeanstalkDeployment { region: Some("eu-west-1".into()), ..BeanstalkDeployment::default() };
        let stack = stack(&deployment, "shop-prod-role");
        assert_eq!((stack.stack.as_str(), stack.region.as_deref()), ("shop-prod-role", Some("eu-west-1")));
        assert_eq!(stack.capabilities, ["CAPABILITY_NAMED_IAM"]);
    }
}
