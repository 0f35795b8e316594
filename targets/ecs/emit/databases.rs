//! Databases with their generated secrets.

use super::super::plan::{DatabasePlan, EcsPlan};
use super::TracedResource;
use crate::managed_database::instance_properties;
use tranship_cloudformation::{
    DeletionPolicy, FnSub, LogicalId, PropertyMap, Resource, ResourceRole, Template, TemplateOutput, list,
    props,
};

/// Adds the databases.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    for database in &plan.databases {
        let from = &database.from;
        template.add(&database.secret(), secret(database).traced(from));
        template.add(&subnet_group(database), subnets(plan).traced(from));
        template.add(&database.id(), instance(database).traced(from));
        template.add(&attachment(database), attach(database).traced(from));
        let endpoint = TemplateOutput::new(
            format!("Address of the database of `{}`", database.name),
            FnSub::new()
                .att(&database.id(), "Endpoint.Address")
                .then(":")
                .att(&database.id(), "Endpoint.Port"),
        );
        template.add_output(&LogicalId::of(&database.name, ResourceRole::Endpoint), endpoint);
    }
}

fn subnet_group(database: &DatabasePlan) -> LogicalId {
    LogicalId::of(&database.name, ResourceRole::SubnetGroup)
}

fn attachment(database: &DatabasePlan) -> LogicalId {
    LogicalId::of(&database.name, ResourceRole::SecretAttachment)
}

/// User and password. Without punctuation, the password can be part of a URL.
fn secret(database: &DatabasePlan) -> Resource {
    let template = serde_json::json!({ "username": database.username }).to_string();
    Resource::new(
        "AWS::SecretsManager::Secret",
        props! {
            "Description" => format!("User and password of the database of `{}`", database.name),
            "GenerateSecretString" => props! {
                "SecretStringTemplate" => template,
                "GenerateStringKey" => "password",
                "ExcludePunctuation" => true,
                "PasswordLength" => 32,
            },
        },
    )
    .policy(DeletionPolicy::Delete)
}

/// Adds host, port and the like to the secret.
fn attach(database: &DatabasePlan) -> Resource {
    Resource::new(
        "AWS::SecretsManager::SecretTargetAttachment",
        props! {
            "SecretId" => database.secret().reference(),
            "TargetId" => database.id().reference(),
            "TargetType" => "AWS::RDS::DBInstance",
        },
    )
}

fn subnets(plan: &EcsPlan) -> Resource {
    Resource::new(
        "AWS::RDS::DBSubnetGroup",
        props! {
            "DBSubnetGroupDescription" => "Private subnets of the application",
            "SubnetIds" => &plan.network.private,
        },
    )
}

fn instance(database: &DatabasePlan) -> Resource {
    let known = instance_properties(database)
        .into_iter()
        .fold(PropertyMap::new(), |properties, (name, value)| properties.with(name, value));
    let properties = known
        .with("MasterUserPassword", FnSub::new().secret_field(&database.secret(), "password"))
        .with("DBSubnetGroupName", subnet_group(database).reference())
        .with("VPCSecurityGroups", list![database.security_group().att("GroupId")]);
    Resource::new("AWS::RDS::DBInstance", properties).policy(DeletionPolicy::Snapshot)
}
