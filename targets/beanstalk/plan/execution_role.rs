//! The role with which Amazon ECS reads the secrets of a task.
//!
//! `Dockerrun.aws.json` names it by its ARN, before the environment exists (AWS documentation, "Configuring the
//! Dockerrun.aws.json v2 file"). So a stack of its own makes the role, and the environment says what it may read.

use super::{BeanstalkPlan, LateValue};
use crate::Compilation;
use tranship_app::{Application, PlatformKind};
use tranship_facts::AwsPartition;

/// What stands in the bundle for the number of the account, where the settings do not name it.
pub(crate) const ACCOUNT_PLACEHOLDER: &str = "${AccountId}";

/// The role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExecutionRole {
    /// Its name.
    pub(crate) name: String,
    /// Its ARN, perhaps with a placeholder.
    pub(crate) arn: String,
}

/// Whether a property takes a secret.
fn takes_secret(plan: &BeanstalkPlan) -> bool {
    let is_secret = |value: &LateValue| !matches!(value, LateValue::Text(_));
    !plan.secrets.is_empty() || plan.late_values.values().any(is_secret)
}

/// Decides the role, which only a task with secrets needs.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    let account = application.settings.account.as_ref();
    plan.account = account.map(|account| cx.ledger.exact(account, "the account to deploy to").to_string());
    if plan.platform != PlatformKind::Ecs || !takes_secret(plan) {
        return;
    }
    let partition = plan.region.as_deref().map_or("aws", |region| AwsPartition::of_region(region).name());
    let name = format!("{}-execution", plan.environment);
    let number = account.map_or(ACCOUNT_PLACEHOLDER, |account| account.peek().as_str());
    let arn = format!("arn:{partition}:iam::{number}:role/{name}");
    plan.execution_role = Some(ExecutionRole { name, arn });
}
