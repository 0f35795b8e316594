//! IAM documents: policies, trust policies, and ARNs that work in every partition.
//!
//! Statements with the same effect, resources and conditions are merged, and actions are sorted. The same
//! permissions therefore give the same document, in whatever order they were added.

use std::collections::BTreeMap;

use super::{FnSub, PropertyMap, PseudoParameter, TemplateValue};

const VERSION: &str = "2012-10-17";

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementEffect {
    /// Allows.
    Allow,
    /// Denies, overriding any allow.
    Deny,
}

impl StatementEffect {
    fn as_str(self) -> &'static str {
        match self {
            StatementEffect::Allow => "Allow",
            StatementEffect::Deny => "Deny",
        }
    }
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyStatement {
    effect: StatementEffect,
    actions: Vec<String>,
    resources: Vec<TemplateValue>,
    conditions: BTreeMap<String, BTreeMap<String, TemplateValue>>,
}

impl PolicyStatement {
    /// Allows actions (`logs:PutLogEvents`) on the resources that `on` adds.
    pub fn allow<T: Into<String>>(actions: impl IntoIterator<Item = T>) -> PolicyStatement {
        PolicyStatement::new(StatementEffect::Allow, actions)
    }

    /// Denies actions on the resources that `on` adds.
    pub fn deny<T: Into<String>>(actions: impl IntoIterator<Item = T>) -> PolicyStatement {
        PolicyStatement::new(StatementEffect::Deny, actions)
    }

    fn new<T: Into<String>>(
        effect: StatementEffect,
        actions: impl IntoIterator<Item = T>,
    ) -> PolicyStatement {
        let actions = actions.into_iter().map(Into::into).collect();
        PolicyStatement { effect, actions, resources: Vec::new(), conditions: BTreeMap::new() }
    }

    /// Adds a resource: an ARN, or `*` for actions without resource-level permissions.
    pub fn on(mut self, resource: impl Into<TemplateValue>) -> PolicyStatement {
        let resource = resource.into();
        if !self.resources.contains(&resource) {
            self.resources.push(resource);
        }
        self
    }

    /// Adds several resources.
    pub fn on_all<T: Into<TemplateValue>>(self, resources: impl IntoIterator<Item = T>) -> PolicyStatement {
        resources.into_iter().fold(self, PolicyStatement::on)
    }

    /// Adds a condition: `when("ArnEquals", "ecs:cluster", cluster.arn())`.
    pub fn when(mut self, operator: &str, key: &str, value: impl Into<TemplateValue>) -> PolicyStatement {
        self.conditions.entry(operator.to_owned()).or_default().insert(key.to_owned(), value.into());
        self
    }

    fn takes(&self, other: &PolicyStatement) -> bool {
        self.effect == other.effect
            && self.resources == other.resources
            && self.conditions == other.conditions
    }

    fn body(&self) -> PropertyMap {
        let mut actions = self.actions.clone();
        actions.sort();
        actions.dedup();
        let own = |keys: &BTreeMap<String, TemplateValue>| {
            keys.iter().map(|(key, value)| (key.clone(), value)).collect::<PropertyMap>()
        };
        let conditions: PropertyMap =
            self.conditions.iter().map(|(operator, keys)| (operator.clone(), own(keys))).collect();
        PropertyMap::new()
            .with("Effect", self.effect.as_str())
            .with("Action", actions)
            .with("Resource", one_or_list(&self.resources))
            .with_some("Condition", (!conditions.is_empty()).then_some(conditions))
    }
}

fn one_or_list(values: &[TemplateValue]) -> TemplateValue {
    match values {
        [one] => one.clone(),
        several => several.iter().collect(),
    }
}

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IamPolicy(Vec<PolicyStatement>);

impl IamPolicy {
    /// An empty policy.
    pub fn new() -> IamPolicy {
        IamPolicy::default()
    }

    /// Adds a statement; if it differs from an existing one only in its actions, the two are merged.
    pub fn with(mut self, statement: PolicyStatement) -> IamPolicy {
        self.add(statement);
        self
    }

    /// Adds a statement in place.
    pub fn add(&mut self, statement: PolicyStatement) {
        match self.0.iter_mut().find(|known| known.takes(&statement)) {
            Some(known) => known.actions.extend(statement.actions),
            None => self.0.push(statement),
        }
    }

    /// Adds the statements of another policy.
    pub fn extend(&mut self, other: &IamPolicy) {
        other.0.iter().cloned().for_each(|statement| self.add(statement));
    }

    /// Whether it is empty. IAM rejects an empty policy: leave it out.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The document.
    pub fn document(&self) -> PropertyMap {
        PropertyMap::new()
            .with("Version", VERSION)
            .with("Statement", self.0.iter().map(PolicyStatement::body).collect::<TemplateValue>())
    }

    /// One entry of a role's `Policies`.
    pub fn named(&self, name: &str) -> PropertyMap {
        PropertyMap::new().with("PolicyName", name).with("PolicyDocument", self.document())
    }
}

/// The trust policy of a role that an AWS service assumes: `ecs-tasks.amazonaws.com`. Only on behalf of this
/// account, so that another account cannot make the service act here (the "confused deputy").
pub fn trust_own_account(service: &str) -> PropertyMap {
    let account: TemplateValue = PseudoParameter::AccountId.into();
    let condition =
        PropertyMap::new().with("StringEquals", PropertyMap::new().with("aws:SourceAccount", account));
    trust_document(service, Some(condition))
}

/// The trust policy of a role for a service that sends no source account: EC2 and Lambda.
pub fn trust(service: &str) -> PropertyMap {
    trust_document(service, None)
}

/// The trust policy of a role for a service that says which of its duties it assumes the role for: Elastic Beanstalk.
pub fn trust_with_external_id(service: &str, external_id: &str) -> PropertyMap {
    let condition =
        PropertyMap::new().with("StringEquals", PropertyMap::new().with("sts:ExternalId", external_id));
    trust_document(service, Some(condition))
}

/// The ARN of a managed policy of AWS.
pub fn managed_policy(name: &str) -> FnSub {
    FnSub::text("arn:").pseudo(PseudoParameter::Partition).then(":iam::aws:policy/").then(name)
}

fn trust_document(service: &str, condition: Option<PropertyMap>) -> PropertyMap {
    let statement = PropertyMap::new()
        .with("Effect", "Allow")
        .with("Principal", PropertyMap::new().with("Service", service))
        .with("Action", "sts:AssumeRole")
        .with_some("Condition", condition);
    PropertyMap::new().with("Version", VERSION).with("Statement", vec![statement])
}

/// ARNs in the current partition.
pub mod arn {
    use super::{FnSub, PseudoParameter};

    /// `arn:PARTITION:service:REGION:ACCOUNT:` and the start of the resource part.
    pub fn regional(service: &str, resource: &str) -> FnSub {
        in_region(service, None, resource)
    }

    /// The same in a region by its name. Without a name, it is the stack's own.
    pub fn in_region(service: &str, region: Option<&str>, resource: &str) -> FnSub {
        let start = partition(service);
        let start = match region {
            Some(region) => start.then(region),
            None => start.pseudo(PseudoParameter::Region),
        };
        start.then(":").pseudo(PseudoParameter::AccountId).then(":").then(resource)
    }

    /// `arn:PARTITION:service::ACCOUNT:` and the start of the resource part: IAM.
    pub fn global(service: &str, resource: &str) -> FnSub {
        partition(service).then(":").pseudo(PseudoParameter::AccountId).then(":").then(resource)
    }

    /// `arn:PARTITION:service:::` and the start of the resource part: S3.
    pub fn bare(service: &str, resource: &str) -> FnSub {
        partition(service).then("::").then(resource)
    }

    /// `arn:PARTITION:iam::aws:policy/name`.
    pub fn managed_policy(name: &str) -> FnSub {
        partition("iam").then(":aws:policy/").then(name)
    }

    fn partition(service: &str) -> FnSub {
        FnSub::text("arn:").pseudo(PseudoParameter::Partition).then(":").then(service).then(":")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_join_and_sort() {
        let order = [["logs:PutLogEvents"], ["logs:CreateLogStream"], ["logs:PutLogEvents"]];
        let mut policy = IamPolicy::new();
        for actions in order {
            policy.add(PolicyStatement::allow(actions).on(arn::regional("logs", "log-group:a:*")));
        }
        policy.add(PolicyStatement::allow(["logs:PutLogEvents"]).on("*").when("StringEquals", "a:b", "c"));
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
            (
                arn::in_region("ecr", Some("us-east-1"), "repository/r"),
                "arn:${AWS::Partition}:ecr:us-east-1:${AWS::AccountId}:repository/r",
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
