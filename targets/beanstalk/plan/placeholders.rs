//! What the deployment writes into `Dockerrun.aws.json`, because the manifest does not say it.

use super::{ACCOUNT_PLACEHOLDER, BeanstalkPlan, ExecutionRole, REGION_PLACEHOLDER};
use crate::Compilation;
use crate::beanstalk::rules;
use tranship_app::Application;
use tranship_frontend::diagnostic::Diagnostic;

/// One note for all.
pub(super) fn report(application: &Application, plan: &BeanstalkPlan, cx: &mut Compilation<'_>) {
    let is_account = application.settings.account.is_none();
    let role = plan.execution_role.as_ref().filter(|_| is_account);
    let mut missing = Vec::new();
    if let Some(ExecutionRole { name, .. }) = role {
        missing.push(format!(
            "`{ACCOUNT_PLACEHOLDER}`, the number of the account, in the ARN of the role `{name}`"
        ));
    }
    if plan.container_logs.as_ref().is_some_and(|logs| logs.region == REGION_PLACEHOLDER) {
        missing.push(format!("`{REGION_PLACEHOLDER}`, the region of the logs"));
    }
    if missing.is_empty() {
        return;
    }
    let message = format!("`Dockerrun.aws.json` contains {}", missing.join(", and "));
    let help = match role {
        Some(_) => {
            "`tranship deploy` fills it in, and creates the role; without it, set `account` and `region`, and create the stack of `execution-role.yaml` first"
        }
        None => "`tranship deploy` fills it in; without it, set `region`",
    };
    cx.diagnostics.push(Diagnostic::new(&rules::PLACEHOLDER, message).help(help));
}
