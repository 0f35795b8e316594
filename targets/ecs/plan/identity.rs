//! What a task may do: its execution role starts it, its task role is what its containers act as.
//!
//! Policies are part of their roles, so that no task starts before its rights exist.

use super::planner::Planner;
use super::secrets::ReadableSecret;
use super::{TaskVolume, VolumeStorage};
use tranship_app::{Image, Piece, Service, Text};
use tranship_cloudformation::iam::{Policy, Statement, arn};
use tranship_cloudformation::{LogicalId, Role, Sub};

/// Pulling the images, writing the logs, reading the secrets.
pub(super) fn execution(
    planner: &Planner<'_, '_>,
    task: &str,
    services: &[&Service],
    readable: &[ReadableSecret],
) -> Policy {
    let log_group = LogicalId::of(task, Role::LogGroup);
    let mut policy = Policy::new()
        .with(Statement::allow(["logs:CreateLogStream", "logs:PutLogEvents"]).on(log_group.arn()));
    let repositories: Vec<Sub> =
        services.iter().filter_map(|service| repository(planner, task, service)).collect();
    if !repositories.is_empty() {
        policy.add(Statement::allow(["ecr:GetAuthorizationToken"]).on("*"));
        let pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
        policy.add(Statement::allow(pull).on_all(repositories));
    }
    let mut secrets = Statement::allow(["secretsmanager:GetSecretValue"]);
    let mut parameters = Statement::allow(["ssm:GetParameters"]);
    let (mut any_secret, mut any_parameter) = (false, false);
    for one in readable {
        match one {
            ReadableSecret::Secret(value) => {
                any_secret = true;
                secrets = secrets.on(value);
            }
            ReadableSecret::SsmParameter(value) => {
                any_parameter = true;
                parameters = parameters.on(value);
            }
        }
    }
    if any_secret {
        policy.add(secrets);
    }
    if any_parameter {
        policy.add(parameters);
    }
    policy
}

/// The ECR repository of an image; nothing for a public image.
fn repository(planner: &Planner<'_, '_>, task: &str, service: &Service) -> Option<Sub> {
    let Image::Named(text) = &service.container.image else {
        return Some(arn::regional("ecr", "repository/*"));
    };
    let first = text.segments.first()?;
    let Piece::Literal(start) = &first.piece else {
        // The registry itself is known only at deployment: any repository of the account.
        return Some(arn::regional("ecr", "repository/*"));
    };
    let (registry, rest) = start.split_once('/')?;
    let mut labels = registry.split('.');
    let (account, "dkr", "ecr", region) = (labels.next()?, labels.next()?, labels.next()?, labels.next()?)
    else {
        return None;
    };
    let named = Sub::text("arn:")
        .pseudo(tranship_cloudformation::Pseudo::Partition)
        .then(format!(":ecr:{region}:{account}:repository/"));
    let known = text.segments.len() == 1 || rest.contains([':', '@']);
    let name = rest.split([':', '@']).next().unwrap_or(rest);
    if known {
        return Some(named.then(name));
    }
    let _ = (planner, task);
    Some(named.then(name).append(rest_of(text)))
}

/// A repository whose name goes on in a late-bound piece ends in a wildcard.
fn rest_of(text: &Text) -> Sub {
    if text.segments.len() > 1 { Sub::text("*") } else { Sub::new() }
}

/// `x-tranship.permissions` of all containers, and the volumes that they mount.
pub(super) fn permissions(
    planner: &mut Planner<'_, '_>,
    task: &str,
    services: &[&Service],
    volumes: &[TaskVolume],
) -> Policy {
    let mut policy = Policy::new();
    let renderer = planner.renderer(task);
    for permission in services.iter().flat_map(|service| &service.permissions) {
        planner.exact(&permission.node, "task role: a statement of its policy");
        let actions = permission.actions.iter().map(|action| action.peek().clone());
        policy.add(Statement::allow(actions).on_all(renderer.values(&permission.resources)));
    }
    for volume in volumes {
        let VolumeStorage::Efs(name) = &volume.storage else { continue };
        let mount = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"];
        policy.add(Statement::allow(mount).on(LogicalId::of(name, Role::FileSystem).arn()).when(
            "StringEquals",
            "elasticfilesystem:AccessPointArn",
            LogicalId::of(name, Role::AccessPoint).arn(),
        ));
    }
    policy
}
