//! What the instance's role may do: pull the images, and what the services' permissions ask for.

use super::values::{InstanceText, TextPart, known_all};
use super::{
    BeanstalkContainer, BeanstalkPlan, InitFolders, LatePart, RoleStatement, SecretLocation, SecretVariable,
    built_images, late_values, path,
};
use crate::Compilation;
use indexmap::IndexMap;
use std::collections::BTreeSet;
use tranship_app::{AppService, Application, BehaviourEffect, ContainerImage, SecretSource, ServiceRole};
use tranship_facts::ImageReference;

/// Decides the statements.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    pull(application, plan);
    built_images::pull(application, plan);
    plan.read_secrets = read_secrets(application, plan);
    plan.source_secrets = source_secrets(application, plan);
    for service in
        application.services.values().filter(|service| !matches!(service.role, ServiceRole::Init { .. }))
    {
        for permission in &service.permissions {
            plan.uses_rights = true;
            let reason = "all containers of an instance share its role";
            cx.ledger.approximated(
                &permission.node,
                BehaviourEffect::Equivalent,
                "the instance's role",
                reason,
                "AWS::IAM::Policy",
            );
            for action in &permission.actions {
                cx.ledger.approximated(
                    action,
                    BehaviourEffect::Equivalent,
                    action.peek().clone(),
                    reason,
                    "AWS::IAM::Policy",
                );
            }
            let Some(resources) = known_all(&permission.resources, application, cx) else { continue };
            for (text, resource) in permission.resources.iter().zip(&resources) {
                cx.ledger.approximated(
                    text,
                    BehaviourEffect::Equivalent,
                    resource.clone(),
                    reason,
                    "AWS::IAM::Policy",
                );
            }
            let actions = permission.actions.iter().map(|action| action.peek().clone()).collect();
            plan.statements.push(RoleStatement { actions, resources, from: path(cx, permission.node) });
        }
    }
}

/// The secrets of jobs and of what entry points read, which the instance reads at deployment.
fn read_secrets(application: &Application, plan: &BeanstalkPlan) -> IndexMap<SecretLocation, SecretVariable> {
    let jobs = plan.jobs.iter().map(|job| &job.container);
    let texts = jobs.flat_map(|it| it.environment.values().chain(words(it)));
    let of_folders = plan.init.iter().flat_map(InitFolders::texts);
    let parts = texts.chain(of_folders).flat_map(|text| &text.0);
    let locations = parts.filter_map(|part| match part {
        TextPart::Secret(secret) => Some(secret.location()),
        _ => None,
    });
    named(locations, application, plan)
}

/// The secrets that secrets of the environment are put together from.
fn source_secrets(
    application: &Application,
    plan: &BeanstalkPlan,
) -> IndexMap<SecretLocation, SecretVariable> {
    let parts = late_values::derived(&plan.late_values).flat_map(|secret| &secret.parts);
    let locations = parts.filter_map(|part| match part {
        LatePart::Secret(location) => Some(location.clone()),
        _ => None,
    });
    named(locations, application, plan)
}

/// Secrets with their names in the application.
fn named(
    locations: impl Iterator<Item = SecretLocation>,
    application: &Application,
    plan: &BeanstalkPlan,
) -> IndexMap<SecretLocation, SecretVariable> {
    let one = |location: SecretLocation| {
        let own = |name: &&str| format!("{}/{name}", plan.environment) == location.name;
        let known = application.secrets.keys().map(|name| &**name).find(own);
        let secret = known.and_then(|name| application.secrets.get(name));
        let given = secret.is_some_and(|secret| !matches!(secret.source, SecretSource::External(_)));
        let name = known.unwrap_or(&location.name).to_owned();
        (location.clone(), SecretVariable { name, location, given })
    };
    locations.map(one).collect()
}

/// The words of entrypoint and command.
fn words(container: &BeanstalkContainer) -> impl Iterator<Item = &InstanceText> {
    container.entrypoint.iter().flatten().chain(&container.command)
}

/// Pulling from the repositories of Amazon ECR that the images name.
fn pull(application: &Application, plan: &mut BeanstalkPlan) {
    let named = |service: &AppService| match &service.container.image {
        ContainerImage::Named(text) => text.literal(),
        ContainerImage::Built { .. } => None,
    };
    let own = plan.containers.iter().chain(plan.jobs.iter().map(|job| &job.container));
    let images = own.map(|container| container.image.clone());
    let images = images.chain(application.services.values().filter_map(named).map(|image| image.to_string()));
    let mut repositories: BTreeSet<String> = BTreeSet::new();
    for image in images {
        let reference = ImageReference::parse(&image);
        if let (Some(registry), Some(repository)) = (reference.registry, reference.ecr()) {
            repositories.insert(repository.arn());
            plan.registries.insert((repository.region.to_owned(), registry.to_owned()));
        }
    }
    if repositories.is_empty() {
        return;
    }
    let statement = |actions: &[&str], resources| RoleStatement {
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resources,
        from: "images in Amazon ECR".to_owned(),
    };
    plan.statements.push(statement(&["ecr:GetAuthorizationToken"], vec!["*".to_owned()]));
    let actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    plan.statements.push(statement(&actions, repositories.into_iter().collect()));
}
