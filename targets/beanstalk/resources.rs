//! Resources of the environment as values: what properties take of them, and how its secrets are put together.
//!
//! Only `Ref`, `Fn::GetAtt` and `Fn::Join` stand in them: AWS documents no other function of CloudFormation for
//! `.ebextensions` (AWS documentation, "Functions").

use super::plan::{
    BeanstalkPlan, DatabaseValue, DerivedSecret, LatePart, LateValue, SecretLocation, late_values,
};
use crate::managed_database::{DatabasePlan, PropertyLiteral, instance_properties};
use serde_json::{Value as Json, json};
use tranship_app::{DatabaseField, PlatformKind};
use tranship_cloudformation::{LogicalId, ResourceRole};

/// What a property takes.
pub(super) enum ResourceValue {
    /// Text.
    Text(Json),
    /// The ARN of a secret.
    Secret(Json),
}

/// The value of a property.
pub(super) fn property(value: &LateValue, platform: PlatformKind) -> ResourceValue {
    match value {
        LateValue::Text(parts) => ResourceValue::Text(joined(parts)),
        LateValue::Derived(secret) => ResourceValue::Secret(json!({ "Ref": secret.id.as_str() })),
        LateValue::Password(service) => {
            // Amazon ECS writes out the version's stage and id, which are empty.
            let key = match platform {
                PlatformKind::Ecs => ":password::",
                PlatformKind::Docker => ":password",
            };
            ResourceValue::Secret(
                json!({ "Fn::Join": ["", [reference(service, ResourceRole::Credentials), key]] }),
            )
        }
    }
}

/// The ids of all secrets among the resources of the environment.
pub(super) fn secret_ids(plan: &BeanstalkPlan) -> Vec<String> {
    let passwords = plan.late_values.values().filter_map(|value| match value {
        LateValue::Password(service) => Some(LogicalId::of(service, ResourceRole::Credentials)),
        _ => None,
    });
    let derived = late_values::derived(&plan.late_values).map(|secret| secret.id.clone());
    let mut ids: Vec<String> = passwords.chain(derived).map(|id| id.as_str().to_owned()).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// The secrets that are put together, for their template.
pub(super) fn derived_secrets(plan: &BeanstalkPlan) -> Vec<Json> {
    let one = |secret: &DerivedSecret| json!({ "id": secret.id.as_str(), "from": secret.from, "value": joined(&secret.parts) });
    late_values::derived(&plan.late_values).map(one).collect()
}

/// The databases, for their template.
pub(super) fn databases(plan: &BeanstalkPlan) -> Json {
    let option = |name: &str| {
        let found = plan.options.iter().find(|it| it.namespace == "aws:ec2:vpc" && it.name == name);
        found.map(|option| option.value.as_str())
    };
    let subnets = option("Subnets").map(|list| list.split(',').collect::<Vec<_>>());
    let databases: Vec<Json> = plan.databases.iter().map(database).collect();
    json!({ "databases": databases, "vpc": option("VPCId"), "subnets": subnets })
}

fn database(it: &DatabasePlan) -> Json {
    let id = |role| LogicalId::of(&it.name, role).as_str().to_owned();
    let template = json!({ "username": it.username }).to_string();
    let password = DatabaseValue { service: it.name.clone(), field: DatabaseField::Password };
    json!({
        "name": &*it.name, "from": it.from.first(), "port": it.engine.port(), "template": template,
        "id": id(ResourceRole::Database), "credentials": id(ResourceRole::Credentials),
        "attachment": id(ResourceRole::SecretAttachment), "group": id(ResourceRole::SecurityGroup),
        "subnets": id(ResourceRole::SubnetGroup), "properties": properties(it),
        "password": joined(&[LatePart::Database(password)]),
    })
}

/// The properties of the instance that need no other resource.
fn properties(it: &DatabasePlan) -> Vec<Json> {
    let written =
        |(name, value): (&str, PropertyLiteral)| json!({ "name": name, "value": Json::from(value) });
    instance_properties(it).into_iter().map(written).collect()
}

fn reference(service: &str, role: ResourceRole) -> Json {
    json!({ "Ref": LogicalId::of(service, role).as_str() })
}

/// A text with its parts: the part itself where it is the only one.
fn joined(parts: &[LatePart]) -> Json {
    let mut all: Vec<Json> = Vec::new();
    for next in parts.iter().flat_map(part) {
        match (all.last_mut(), next) {
            (Some(Json::String(last)), Json::String(next)) => last.push_str(&next),
            (_, next) => all.push(next),
        }
    }
    match all.as_slice() {
        [one] => one.clone(),
        _ => json!({ "Fn::Join": ["", all] }),
    }
}

fn part(part: &LatePart) -> Vec<Json> {
    match part {
        LatePart::Known(text) => vec![json!(text)],
        LatePart::Database(value) => field(value),
        LatePart::Secret(location) => vec![json!(dynamic(location))],
    }
}

/// A field of a database.
fn field(value: &DatabaseValue) -> Vec<Json> {
    let attribute = |name: &str| {
        let id = LogicalId::of(&value.service, ResourceRole::Database);
        vec![json!({ "Fn::GetAtt": [id.as_str(), name] })]
    };
    match value.field {
        DatabaseField::Port => attribute("Endpoint.Port"),
        DatabaseField::Password => vec![
            json!("{{resolve:secretsmanager:"),
            reference(&value.service, ResourceRole::Credentials),
            json!(":SecretString:password}}"),
        ],
        DatabaseField::Host | DatabaseField::Name | DatabaseField::Username => attribute("Endpoint.Address"),
    }
}

/// A reference that CloudFormation resolves when it makes the secret
/// (AWS CloudFormation User Guide, "Get a secret or secret value from Secrets Manager").
fn dynamic(location: &SecretLocation) -> String {
    let part = &location.part;
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let fields = [text(&part.key), text(&part.stage), text(&part.version)].join(":");
    let fields = fields.trim_end_matches(':');
    let end = if fields.is_empty() { String::new() } else { format!(":{fields}") };
    format!("{{{{resolve:secretsmanager:{}:SecretString{end}}}}}", location.name)
}
