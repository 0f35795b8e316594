//! The writer of `execution-role.yaml`: the stack of the role with which Amazon ECS reads the secrets of the task.

use super::plan::ExecutionRole;
use tranship_cloudformation::{LogicalId, PropertyMap, Resource, ResourceRole, Template, list, props};

/// The file, beside the bundle.
pub(super) const FILE: &str = "execution-role.yaml";

/// The file's text. The environment itself adds to the role what it may read.
pub(super) fn write(role: &ExecutionRole) -> String {
    let trust = props! {
        "Version" => "2012-10-17",
        "Statement" => list![props! {
            "Effect" => "Allow",
            "Action" => "sts:AssumeRole",
            "Principal" => props! { "Service" => "ecs-tasks.amazonaws.com" },
        }],
    };
    let properties =
        PropertyMap::new().with("RoleName", role.name.as_str()).with("AssumeRolePolicyDocument", trust);
    let mut template =
        Template::new("The role with which Amazon ECS reads the secrets of an Elastic Beanstalk environment");
    template.add(
        &LogicalId::of("task", ResourceRole::ExecutionRole),
        Resource::new("AWS::IAM::Role", properties),
    );
    template.to_yaml()
}
