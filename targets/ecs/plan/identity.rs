//! What a task may do: its execution role starts it, its task role is what its containers act as.
//!
//! Policies are part of their roles, so that no task starts before its rights exist.

use super::planner::Planner;
use super::secrets::ReadableSecret;
use super::{TaskVolume, VolumeStorage};
use tranship_app::{Image, Piece, Service};
use tranship_cloudformation::iam::{Policy, Statement, arn};
use tranship_cloudformation::{LogicalId, Pseudo, Role, Sub};
use tranship_facts::image_reference::begins_ecr_registry;
use tranship_facts::{EcrRepository, ImageReference};

/// Pulling the images, writing the logs, reading the secrets.
pub(super) fn execution(task: &str, services: &[&Service], readable: &[ReadableSecret]) -> Policy {
    let log_group = LogicalId::of(task, Role::LogGroup);
    let mut policy = Policy::new()
        .with(Statement::allow(["logs:CreateLogStream", "logs:PutLogEvents"]).on(log_group.arn()));
    let repositories: Vec<Sub> =
        services.iter().filter_map(|service| repository(&service.container.image)).collect();
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
fn repository(image: &Image) -> Option<Sub> {
    let any = || Some(arn::regional("ecr", "repository/*"));
    let Image::Named(text) = image else { return any() };
    let first = text.segments.first()?;
    // The registry itself is known only at deployment: any repository of the account.
    let Piece::Literal(start) = &first.piece else { return any() };
    let goes_on = text.segments.len() > 1;
    if goes_on && begins_ecr_registry(start) {
        return any();
    }
    let image = ImageReference::parse(start);
    let EcrRepository { account, region, name } = image.ecr()?;
    let named = Sub::text("arn:").pseudo(Pseudo::Partition);
    let named = named.then(format!(":ecr:{region}:{account}:repository/{name}"));
    // A name that goes on in a late-bound piece ends in a wildcard.
    Some(if goes_on && !image.is_repository_whole() { named.then("*") } else { named })
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

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_app::{Segment, Text, Variable};
    use tranship_cloudformation::Value;
    use tranship_frontend::source::Origin;
    use tranship_frontend::yaml::NodeId;

    /// Literals, with a late-bound variable for each `*`.
    fn image(text: &str) -> Image {
        let variable = || Piece::LateBound(Variable { name: "X".into(), fallback: None });
        let mut pieces = Vec::new();
        for (index, literal) in text.split('*').enumerate() {
            pieces.extend((index > 0).then(variable));
            pieces.extend((!literal.is_empty()).then(|| Piece::Literal(literal.into())));
        }
        let segment = |piece| Segment { piece, origin: Origin::NOWHERE };
        let segments = pieces.into_iter().map(segment).collect();
        Image::Named(Text { segments, node: NodeId::UNNUMBERED, origin: Origin::NOWHERE })
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
            let found = repository(&image(&text)).map(|sub| Value::from(sub).to_json());
            let expected = expected.map(|arn| serde_json::json!({ "Fn::Sub": arn }));
            assert_eq!(found, expected, "{text}");
        }
    }
}
