//! The writer of `environment-roles.yaml`: the stack of the roles that an environment has to itself.

use super::plan::RoleNames;
use tranship_cloudformation::iam::{managed_policy, trust, trust_with_external_id};
use tranship_cloudformation::{
    LogicalId, PropertyMap, Resource, ResourceRole, Template, TemplateValue, list,
};

/// The file, beside the bundle.
pub(super) const FILE: &str = "environment-roles.yaml";

/// The managed policies of the service's role, and what the service calls itself when it assumes the role
/// (AWS documentation, "Managing Elastic Beanstalk service roles").
const SERVICE_POLICIES: [&str; 2] =
    ["service-role/AWSElasticBeanstalkEnhancedHealth", "AWSElasticBeanstalkManagedUpdatesCustomerRolePolicy"];
const SERVICE: &str = "elasticbeanstalk";

/// The name of the stack.
pub(super) fn stack(environment: &str) -> String {
    format!("{environment}-roles")
}

/// The file's text, where the roles are the environment's own.
pub(super) fn write(roles: &RoleNames) -> Option<String> {
    let policies = roles.own.as_ref()?;
    let mut template = Template::new("The roles of an Elastic Beanstalk environment and of its instances");
    let instance = LogicalId::only(ResourceRole::InstanceRole);
    template.add(&instance, role(&roles.instance, trust("ec2.amazonaws.com"), policies));
    template.add(
        &LogicalId::only(ResourceRole::InstanceProfile),
        Resource::new(
            "AWS::IAM::InstanceProfile",
            PropertyMap::new()
                .with("InstanceProfileName", roles.instance.as_str())
                .with("Roles", list![instance.reference()]),
        ),
    );
    let service = trust_with_external_id(&format!("{SERVICE}.amazonaws.com"), SERVICE);
    template
        .add(&LogicalId::only(ResourceRole::ServiceRole), role(&roles.service, service, &SERVICE_POLICIES));
    Some(template.to_yaml())
}

fn role(name: &str, trust: PropertyMap, policies: &[&str]) -> Resource {
    let policies: Vec<TemplateValue> = policies.iter().map(|policy| managed_policy(policy).into()).collect();
    let properties = PropertyMap::new()
        .with("RoleName", name)
        .with("AssumeRolePolicyDocument", trust)
        .with("ManagedPolicyArns", policies);
    Resource::new("AWS::IAM::Role", properties)
}
