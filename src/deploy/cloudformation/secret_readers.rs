//! Which services read which secrets of their stack, from its template.
//!
//! In: a template. Out: one [`SecretReader`] per service that reads a secret. A service refers to a task definition, and
//! that to the secrets; ECS reads a value once, when a task starts. Pure.

use super::template::references;
use crate::deploy::progress::{PlannedChange, ResourceAction};
use serde_json::Value;
use std::collections::BTreeMap;

const SECRET: &str = "AWS::SecretsManager::Secret";
const SERVICE: &str = "AWS::ECS::Service";
const DEFINITION: &str = "AWS::ECS::TaskDefinition";

/// A service and the secrets that its tasks read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SecretReader {
    /// The logical id of the service.
    pub(super) service: String,
    /// The logical id of its task definition.
    pub(super) definition: String,
    /// The names of the secrets in the containers, by logical id.
    pub(super) secrets: BTreeMap<String, String>,
}

/// The services of a template, with the secrets that they read.
pub(super) fn readers(template: &Value) -> Vec<SecretReader> {
    let resources = template.get("Resources").and_then(Value::as_object);
    let kind = |id: &str| resources?.get(id)?.get("Type")?.as_str();
    let reader = |(id, service): (&String, &Value)| {
        (kind(id) == Some(SERVICE)).then_some(())?;
        let named = references(service.pointer("/Properties/TaskDefinition")?);
        let definition = named.into_iter().find(|id| kind(id) == Some(DEFINITION))?;
        let task = resources?.get(definition)?;
        let names = names(task);
        let read = references(task).into_iter().filter(|id| kind(id) == Some(SECRET));
        let secret = |id: &str| (id.to_owned(), names.get(id).copied().unwrap_or(id).to_owned());
        Some(SecretReader {
            service: id.clone(),
            definition: definition.to_owned(),
            secrets: read.map(secret).collect(),
        })
    };
    resources.into_iter().flatten().filter_map(reader).collect()
}

/// What containers call the secrets of a task definition.
fn names(task: &Value) -> BTreeMap<&str, &str> {
    let containers = task.pointer("/Properties/ContainerDefinitions").and_then(Value::as_array);
    let secrets = containers.into_iter().flatten().filter_map(|it| it.get("Secrets")?.as_array()).flatten();
    secrets
        .filter_map(|secret| {
            let name = secret.get("Name")?.as_str()?;
            Some(references(secret.get("ValueFrom")?).into_iter().map(move |id| (id, name)))
        })
        .flatten()
        .collect()
}

impl SecretReader {
    /// The names of the secrets that a change set gives another value.
    pub(super) fn touched(&self, changes: &[PlannedChange]) -> Vec<&str> {
        let changed = |id: &String| changes.iter().any(|it| it.logical_id() == id && changes_value(it));
        self.secrets.iter().filter(|(id, _)| changed(id)).map(|(_, name)| name.as_str()).collect()
    }

    /// The same, but nothing where the change set starts the service's tasks anew anyway.
    pub(super) fn left_behind(&self, changes: &[PlannedChange]) -> Vec<&str> {
        let change = |id: &str| changes.iter().find(|change| change.logical_id() == id);
        let renewed = change(&self.definition).is_some_and(|it| it.action != ResourceAction::Modify)
            || change(&self.service).is_some_and(|it| it.action == ResourceAction::Replace)
            || change(&self.service).is_some_and(|it| it.action == ResourceAction::Add);
        if renewed { Vec::new() } else { self.touched(changes) }
    }
}

/// Whether a change of a secret is about its value. One of its tags is not.
fn changes_value(change: &PlannedChange) -> bool {
    let of_value = |name: &str| matches!(name, "SecretString" | "GenerateSecretString" | "Properties");
    let properties = change.detail.split(';').next().unwrap_or_default();
    change.action != ResourceAction::Remove && (properties.is_empty() || properties.split(", ").any(of_value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::cloudformation::template::read;

    const TEMPLATE: &str = "
Resources:
  TokenSecret: { Type: 'AWS::SecretsManager::Secret' }
  UrlSecret: { Type: 'AWS::SecretsManager::Secret' }
  Role: { Type: 'AWS::IAM::Role', Properties: { Allowed: !Ref TokenSecret } }
  AppTaskDefinition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ExecutionRoleArn: !GetAtt Role.Arn
      RepositoryCredentials: !Ref UrlSecret
      ContainerDefinitions:
        - Name: proxy
        - Secrets: [{ Name: API_TOKEN, ValueFrom: !Sub '${TokenSecret}:token::' }]
  JobTaskDefinition:
    Type: AWS::ECS::TaskDefinition
    Properties: { ContainerDefinitions: [{ Name: job }] }
  AppService:
    Type: AWS::ECS::Service
    Properties: { TaskDefinition: !Ref AppTaskDefinition }
  JobService:
    Type: AWS::ECS::Service
    Properties: { TaskDefinition: !Ref JobTaskDefinition }
";

    fn change(name: &str, action: ResourceAction, detail: &str) -> PlannedChange {
        let (name, kind, detail) = (name.to_owned(), String::new(), detail.to_owned());
        PlannedChange { action, name, kind, detail, data_at_risk: false }
    }

    #[test]
    fn a_service_reads_the_secrets_of_its_task_definition() {
        let found = readers(&read(TEMPLATE).unwrap());
        let pair = |id: &str, name: &str| (id.to_owned(), name.to_owned());
        let app = [pair("TokenSecret", "API_TOKEN"), pair("UrlSecret", "UrlSecret")];
        let told: Vec<_> = found.iter().map(|it| (it.service.as_str(), it.secrets.clone())).collect();
        assert_eq!(told, [("AppService", BTreeMap::from(app)), ("JobService", BTreeMap::new())]);
        assert_eq!(found[0].definition, "AppTaskDefinition");
    }

    #[test]
    fn a_secret_with_another_value_leaves_its_readers_behind() {
        use ResourceAction::{Add, Modify, Remove, Replace, Revise};
        let reader = readers(&read(TEMPLATE).unwrap()).remove(0);
        for (changes, behind) in [
            (vec![("TokenSecret", Modify, "SecretString")], vec!["API_TOKEN"]),
            (vec![("TokenSecret", Modify, "SecretString, Tags; may be replaced")], vec!["API_TOKEN"]),
            (vec![("TokenSecret", Modify, "")], vec!["API_TOKEN"]),
            (vec![("TokenSecret", Modify, "Tags")], vec![]),
            (vec![("TokenSecret", Remove, "")], vec![]),
            (vec![("OtherSecret", Modify, "SecretString")], vec![]),
            (vec![("TokenSecret", Modify, "SecretString"), ("AppTaskDefinition", Revise, "Image")], vec![]),
            (
                vec![("TokenSecret", Modify, "SecretString"), ("AppTaskDefinition", Modify, "Tags")],
                vec!["API_TOKEN"],
            ),
            (vec![("TokenSecret", Modify, "SecretString"), ("AppService", Replace, "")], vec![]),
            (vec![("TokenSecret", Modify, "SecretString"), ("AppService", Add, "")], vec![]),
            (
                vec![("TokenSecret", Modify, "SecretString"), ("AppService", Modify, "DesiredCount")],
                vec!["API_TOKEN"],
            ),
        ] {
            let all: Vec<_> =
                changes.iter().map(|(name, action, detail)| change(name, *action, detail)).collect();
            assert_eq!(reader.left_behind(&all), behind, "{changes:?}");
            let touched = changes.iter().any(|it| it.0 == "TokenSecret" && it.1 == Modify && it.2 != "Tags");
            assert_eq!(!reader.touched(&all).is_empty(), touched, "{changes:?}");
        }
    }
}
