//! IAM documents: policies, trust policies, and ARNs that work in every partition.
//!
//! Statements with the same effect, resources and conditions are merged, and actions are sorted. The same
//! permissions therefore give the same document, in whatever order they were added.

use std::collections::BTreeMap;

use super::{Map, Pseudo, Sub, Value};

const VERSION: &str = "2012-10-17";

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Allows.
    Allow,
    /// Denies, overriding any allow.
    Deny,
}

impl Effect {
    fn as_str(self) -> &'static str {
        match self {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        }
    }
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    effect: Effect,
    actions: Vec<String>,
    resources: Vec<Value>,
    conditions: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Statement {
    /// Allows actions (`logs:PutLogEvents`) on the resources that `on` adds.
    pub fn allow<T: Into<String>>(actions: impl IntoIterator<Item = T>) -> Statement {
        Statement::new(Effect::Allow, actions)
    }

    /// Denies actions on the resources that `on` adds.
    pub fn deny<T: Into<String>>(actions: impl IntoIterator<Item = T>) -> Statement {
        Statement::new(Effect::Deny, actions)
    }

    fn new<T: Into<String>>(effect: Effect, actions: impl IntoIterator<Item = T>) -> Statement {
        let actions = actions.into_iter().map(Into::into).collect();
        Statement { effect, actions, resources: Vec::new(), conditions: BTreeMap::new() }
    }

    /// Adds a resource: an ARN, or `*` for actions without resource-level permissions.
    pub fn on(mut self, resource: impl Into<Value>) -> Statement {
        let resource = resource.into();
        if !self.resources.contains(&resource) {
            self.resources.push(resource);
        }
        self
    }

    /// Adds several resources.
    pub fn on_all<T: Into<Value>>(self, resources: impl IntoIterator<Item = T>) -> Statement {
        resources.into_iter().fold(self, Statement::on)
    }

    /// Adds a condition: `when("ArnEquals", "ecs:cluster", cluster.arn())`.
    pub fn when(mut self, operator: &str, key: &str, value: impl Into<Value>) -> Statement {
        self.conditions.entry(operator.to_owned()).or_default().insert(key.to_owned(), value.into());
        self
    }

    fn takes(&self, other: &Statement) -> bool {
        self.effect == other.effect
            && self.resources == other.resources
            && self.conditions == other.conditions
    }

    fn body(&self) -> Map {
        let mut actions = self.actions.clone();
        actions.sort();
        actions.dedup();
        let conditions: Map =
            self.conditions.iter().map(|(operator, keys)| (operator, keys.iter().collect::<Map>())).collect();
        Map::new()
            .with("Effect", self.effect.as_str())
            .with("Action", actions)
            .with("Resource", one_or_list(&self.resources))
            .with_some("Condition", (!conditions.is_empty()).then_some(conditions))
    }
}

fn one_or_list(values: &[Value]) -> Value {
    match values {
        [one] => one.clone(),
        several => several.iter().collect(),
    }
}

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy(Vec<Statement>);

impl Policy {
    /// An empty policy.
    pub fn new() -> Policy {
        Policy::default()
    }

    /// Adds a statement; if it differs from an existing one only in its actions, the two are merged.
    pub fn with(mut self, statement: Statement) -> Policy {
        self.add(statement);
        self
    }

    /// Adds a statement in place.
    pub fn add(&mut self, statement: Statement) {
        match self.0.iter_mut().find(|known| known.takes(&statement)) {
            Some(known) => known.actions.extend(statement.actions),
            None => self.0.push(statement),
        }
    }

    /// Whether it is empty. IAM rejects an empty policy: leave it out.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The document.
    pub fn document(&self) -> Map {
        Map::new()
            .with("Version", VERSION)
            .with("Statement", self.0.iter().map(Statement::body).collect::<Value>())
    }

    /// One entry of a role's `Policies`.
    pub fn named(&self, name: &str) -> Map {
        Map::new().with("PolicyName", name).with("PolicyDocument", self.document())
    }
}

/// The trust policy of a role that an AWS service assumes: `ecs-tasks.amazonaws.com`. Only on behalf of this
/// account, so that another account cannot make the service act here (the "confused deputy").
pub fn trust_own_account(service: &str) -> Map {
    let account: Value = Pseudo::AccountId.into();
    let condition = Map::new().with("StringEquals", Map::new().with("aws:SourceAccount", account));
    trust_document(service, Some(condition))
}

/// The trust policy of a role for a service that sends no source account: EC2 and Lambda.
pub fn trust(service: &str) -> Map {
    trust_document(service, None)
}

fn trust_document(service: &str, condition: Option<Map>) -> Map {
    let statement = Map::new()
        .with("Effect", "Allow")
        .with("Principal", Map::new().with("Service", service))
        .with("Action", "sts:AssumeRole")
        .with_some("Condition", condition);
    Map::new().with("Version", VERSION).with("Statement", vec![statement])
}

/// ARNs in the current partition.
pub mod arn {
    use super::{Pseudo, Sub};

    /// `arn:PARTITION:service:REGION:ACCOUNT:` and the start of the resource part.
    pub fn regional(service: &str, resource: &str) -> Sub {
        partition(service).pseudo(Pseudo::Region).then(":").pseudo(Pseudo::AccountId).then(":").then(resource)
    }

    /// `arn:PARTITION:service::ACCOUNT:` and the start of the resource part: IAM.
    pub fn global(service: &str, resource: &str) -> Sub {
        partition(service).then(":").pseudo(Pseudo::AccountId).then(":").then(resource)
    }

    /// `arn:PARTITION:service:::` and the start of the resource part: S3.
    pub fn bare(service: &str, resource: &str) -> Sub {
        partition(service).then("::").then(resource)
    }

    /// `arn:PARTITION:iam::aws:policy/name`.
    pub fn managed_policy(name: &str) -> Sub {
        partition("iam").then(":aws:policy/").then(name)
    }

    fn partition(service: &str) -> Sub {
        Sub::text("arn:").pseudo(Pseudo::Partition).then(":").then(service).then(":")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_join_and_sort() {
        let order = [["logs:PutLogEvents"], ["logs:CreateLogStream"], ["logs:PutLogEvents"]];
        let mut policy = Policy::new();
        for actions in order {
            policy.add(Statement::allow(actions).on(arn::regional("logs", "log-group:a:*")));
        }
        policy.add(Statement::allow(["logs:PutLogEvents"]).on("*").when("StringEquals", "a:b", "c"));
        let expected = "\
Version: \"2012-10-17\"
Statement:
  - Effect: Allow
    Action:
      - logs:CreateLogStream
      - logs:PutLogEvents
    Resource: !Sub arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:a:*
  - Effect: Allow
    Action:
      - logs:PutLogEvents
    Resource: \"*\"
    Condition:
      StringEquals:
        a:b: c
";
        assert_eq!(policy.document().to_yaml(), expected);
    }

    #[test]
    fn arns_hold_in_every_partition() {
        let cases = [
            (
                arn::regional("ecs", "cluster/c"),
                "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:cluster/c",
            ),
            (arn::global("iam", "role/r"), "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/r"),
            (arn::bare("s3", "bucket"), "arn:${AWS::Partition}:s3:::bucket"),
            (arn::managed_policy("P"), "arn:${AWS::Partition}:iam::aws:policy/P"),
        ];
        for (sub, text) in cases {
            assert_eq!(sub.render().0, text);
        }
    }

    #[test]
    fn trust_is_limited_to_the_account_where_the_service_says_it() {
        let json = trust_own_account("ecs-tasks.amazonaws.com").to_json();
        let condition = json.pointer("/Statement/0/Condition/StringEquals/aws:SourceAccount/Ref");
        assert_eq!(condition, Some(&serde_json::json!("AWS::AccountId")));
        assert!(trust("ec2.amazonaws.com").to_json().pointer("/Statement/0/Condition").is_none());
    }
}
