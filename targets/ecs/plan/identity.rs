//! What a task may do: its execution role starts it, its task role is what its containers act as.
//!
//! Policies are part of their roles, so that no task starts before its rights exist.

use super::container::TaskNeeds;
use super::images::MadeImages;
use super::planner::EcsPlanner;
use super::secrets::ReadableSecret;
use super::{TaskVolume, VolumeStorage};
use tranship_app::{AppService, ContainerImage, ExistingFileSystem, Text, TextPiece};
use tranship_cloudformation::iam::{IamPolicy, PolicyStatement, arn};
use tranship_cloudformation::{FnSub, LogicalId, PseudoParameter, Resource, ResourceRole, Template};
use tranship_facts::image_reference::begins_ecr_registry;
use tranship_facts::{EcrRepository, ImageReference};

/// Pulling the images, writing the logs, reading the secrets.
pub(super) fn execution(
    task: &str,
    services: &[&AppService],
    needs: &TaskNeeds,
    images: &MadeImages,
) -> IamPolicy {
    let log_group = LogicalId::of(task, ResourceRole::LogGroup);
    let mut policy = IamPolicy::new()
        .with(PolicyStatement::allow(["logs:CreateLogStream", "logs:PutLogEvents"]).on(log_group.arn()));
    let mut repositories: Vec<FnSub> =
        services.iter().filter_map(|service| repository(service, images)).collect();
    if needs.made_image && !repositories.contains(&any_repository()) {
        repositories.push(any_repository());
    }
    if !repositories.is_empty() {
        policy.add(PolicyStatement::allow(["ecr:GetAuthorizationToken"]).on("*"));
        let pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
        policy.add(PolicyStatement::allow(pull).on_all(repositories));
    }
    let mut secrets = PolicyStatement::allow(["secretsmanager:GetSecretValue"]);
    let mut parameters = PolicyStatement::allow(["ssm:GetParameters"]);
    let (mut any_secret, mut any_parameter) = (false, false);
    for one in &needs.readable {
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
fn repository(service: &AppService, images: &MadeImages) -> Option<FnSub> {
    match &service.container.image {
        _ if images.of(&service.name).is_some() => Some(any_repository()),
        ContainerImage::Named(text) => repository_of(text),
        ContainerImage::Built { .. } => Some(any_repository()),
    }
}

/// Any repository of the account: which one is known only at deployment.
fn any_repository() -> FnSub {
    arn::regional("ecr", "repository/*")
}

fn repository_of(text: &Text) -> Option<FnSub> {
    let any = || Some(any_repository());
    let first = text.segments.first()?;
    // The registry itself is known only at deployment: any repository of the account.
    let TextPiece::Literal(start) = &first.piece else { return any() };
    let goes_on = text.segments.len() > 1;
    if goes_on && begins_ecr_registry(start) {
        return any();
    }
    let image = ImageReference::parse(start);
    let EcrRepository { account, region, name } = image.ecr()?;
    let named = FnSub::text("arn:").pseudo(PseudoParameter::Partition);
    let named = named.then(format!(":ecr:{region}:{account}:repository/{name}"));
    // A name that goes on in a late-bound piece ends in a wildcard.
    Some(if goes_on && !image.is_repository_whole() { named.then("*") } else { named })
}

/// `x-tranship.permissions` of all containers, and the volumes that they mount.
pub(super) fn permissions(
    planner: &mut EcsPlanner<'_, '_>,
    task: &str,
    services: &[&AppService],
    volumes: &[TaskVolume],
) -> IamPolicy {
    let mut policy = IamPolicy::new();
    let renderer = planner.renderer(task);
    for permission in services.iter().flat_map(|service| &service.permissions) {
        const PLACE: &str = "task role: a statement of its policy";
        planner.decided(&permission.node, PLACE);
        let actions = permission.actions.iter().map(|action| planner.exact(action, PLACE).clone());
        let statement = PolicyStatement::allow(actions.collect::<Vec<_>>());
        policy.add(statement.on_all(renderer.values(&permission.resources)));
    }
    for volume in volumes {
        if let VolumeStorage::Existing(existing) = &volume.storage {
            policy.add(mount_existing(existing));
            continue;
        }
        let VolumeStorage::Efs(folder) = &volume.storage else { continue };
        policy.add(
            PolicyStatement::allow(MOUNT)
                .on(LogicalId::of(&folder.file_system, ResourceRole::FileSystem).arn())
                .when(
                    "StringEquals",
                    "elasticfilesystem:AccessPointArn",
                    LogicalId::of(&folder.access_point, ResourceRole::AccessPoint).arn(),
                ),
        );
    }
    policy
}

/// What mounting a file system needs. Where a policy of the file system asks, root stays root: images that start as root
/// give their data away.
const MOUNT: [&str; 3] =
    ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientRootAccess", "elasticfilesystem:ClientWrite"];

/// The right to mount a file system that is not of the stack.
fn mount_existing(existing: &ExistingFileSystem) -> PolicyStatement {
    let of = |kind: &str, id: &str| arn::regional("elasticfilesystem", &format!("{kind}/{id}"));
    let statement = PolicyStatement::allow(MOUNT).on(of("file-system", &existing.file_system));
    match &existing.access_point {
        Some(point) => {
            statement.when("StringEquals", "elasticfilesystem:AccessPointArn", of("access-point", point))
        }
        None => statement,
    }
}

/// Whether the template gives a name to something of IAM, which must be acknowledged
/// (CloudFormation API Reference, `CreateStack`, `Capabilities`).
pub(super) fn names_rights(template: &Template) -> bool {
    const NAMES: &[&str] = &["RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"];
    let of_iam = template.resources.values().filter(|resource| resource.kind.starts_with("AWS::IAM::"));
    let named = |resource: &Resource| NAMES.iter().any(|name| resource.properties.get(name).is_some());
    of_iam.filter(|resource| resource.kind != "AWS::IAM::Policy").any(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_app::{LateBoundVariable, TextSegment};
    use tranship_cloudformation::TemplateValue;
    use tranship_frontend::source::Origin;
    use tranship_frontend::yaml::NodeId;

    /// Literals, with a late-bound variable for each `*`.
    fn image(text: &str) -> Text {
        let variable = || TextPiece::LateBound(LateBoundVariable { name: "X".into(), fallback: None });
        let mut pieces = Vec::new();
        for (index, literal) in text.split('*').enumerate() {
            pieces.extend((index > 0).then(variable));
            pieces.extend((!literal.is_empty()).then(|| TextPiece::Literal(literal.into())));
        }
        let segment = |piece| TextSegment { piece, origin: Origin::NOWHERE };
        let segments = pieces.into_iter().map(segment).collect();
        Text { segments, node: NodeId::UNNUMBERED, origin: Origin::NOWHERE }
    }

    #[test]
    fn only_the_repository_of_the_image_may_be_pulled() {
        const HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
        let own = "arn:${AWS::Partition}:ecr:eu-west-1:123456789012:repository";
        let any = "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/*";
        for (text, expected) in [
            (format!("{HOST}/team/app:1"), Some(format!("{own}/team/app"))),
            (format!("{HOST}/team/app:*"), Some(format!("{own}/team/app"))),
            (format!("{HOST}/team/*"), Some(format!("{own}/team/*"))),
            ("123456789012.dkr.ecr.*.amazonaws.com/app".to_owned(), Some(any.to_owned())),
            ("*/app:1".to_owned(), Some(any.to_owned())),
            ("nginx:*".to_owned(), None),
            ("registry.example.com/app".to_owned(), None),
        ] {
            let found = repository_of(&image(&text)).map(|sub| TemplateValue::from(sub).to_json());
            let expected = expected.map(|arn| serde_json::json!({ "Fn::Sub": arn }));
            assert_eq!(found, expected, "{text}");
        }
    }
}
