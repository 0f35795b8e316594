//! Commands in containers of services: ECS Exec, how its sessions are encrypted, and where they are logged.
//!
//! In: `exec` of the environment. Out: the [`ExecPlan`] of the cluster, and the rights of the task roles of services. Source: Amazon
//! ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec" and "ECS Exec logging", November 2026.

use super::planner::EcsPlanner;
use super::{EcsServicePlan, ExecPlan, SessionLog, TaskPlan};
use crate::ecs::rules;
use tranship_app::{At, ExecLog, ExecSetting, KmsKeyArn, ServiceRole};
use tranship_cloudformation::iam::{PolicyStatement, arn};
use tranship_cloudformation::{LogicalId, ResourceRole, TemplateValue};
use tranship_frontend::diagnostic::Diagnostic;

/// What the agent in a container needs to open a channel.
const CHANNELS: [&str; 4] = [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
];

/// What it needs to write to a log group.
const LOG_GROUP: [&str; 3] = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"];

/// Decides how commands are run, if they may be.
pub(super) fn plan(planner: &mut EcsPlanner<'_, '_>) -> Option<ExecPlan> {
    match planner.app.settings.exec.as_ref()? {
        ExecSetting::Switch(on) => {
            let on = *planner.exact(on, "services: EnableExecuteCommand");
            on.then_some(ExecPlan { kms_key: None, log: SessionLog::Service })
        }
        ExecSetting::Sessions(settings) => {
            let settings = planner.exact(settings, "services: EnableExecuteCommand");
            let kms_key = key(planner, settings.kms_key.as_ref(), "KmsKeyId");
            let log_key = key(planner, settings.log_key.as_ref(), "LogConfiguration");
            let log = settings.log.as_ref();
            let log =
                log.map(|log| planner.exact(log, "cluster: ExecuteCommandConfiguration.Logging").clone());
            let log = match log {
                None | Some(ExecLog::Service) => SessionLog::Service,
                Some(ExecLog::Nowhere) => SessionLog::Nowhere,
                Some(ExecLog::Group) => SessionLog::Group { key: log_key },
                Some(ExecLog::Bucket(bucket)) => {
                    SessionLog::Bucket { name: bucket.name, prefix: bucket.prefix, key: log_key }
                }
            };
            Some(ExecPlan { kms_key, log })
        }
    }
}

fn key(planner: &mut EcsPlanner<'_, '_>, key: Option<&At<KmsKeyArn>>, property: &str) -> Option<String> {
    let became = format!("cluster: ExecuteCommandConfiguration.{property}");
    key.map(|key| planner.cx.ledger.exact(key, became).to_string())
}

/// Reports services whose containers take no commands, and keys that AWS KMS will not find.
pub(super) fn report(planner: &mut EcsPlanner<'_, '_>) {
    report_foreign_keys(planner);
    for service in planner.app.services.values().filter(|it| matches!(it.role, ServiceRole::Service)) {
        let Some(key) = service.container.read_only.as_ref().filter(|key| *key.peek()) else { continue };
        let message = format!(
            "`tranship exec` cannot open a session in `{}`: its file system is read-only",
            service.name
        );
        let found = planner.about(&rules::EXEC_READ_ONLY, service, key, message);
        planner.report(found.help("remove `read_only: true`, or add `ecs/exec-read-only` to `accept`"));
    }
}

/// Reports keys of another region, if the environment's is known. The key of a bucket is in the region of the bucket.
fn report_foreign_keys(planner: &mut EcsPlanner<'_, '_>) {
    let settings = &planner.app.settings;
    let (Some(region), Some(ExecSetting::Sessions(exec))) = (&settings.region, &settings.exec) else {
        return;
    };
    let (region, exec) = (region.peek().as_str(), exec.peek());
    let in_group = exec.log.as_ref().is_some_and(|log| matches!(log.peek(), ExecLog::Group));
    let log_key = exec.log_key.as_ref().filter(|_| in_group);
    for (name, key) in [("kms_key", exec.kms_key.as_ref()), ("log_key", log_key)] {
        let Some(key) = key else { continue };
        let Some(other) = key.peek().as_str().split(':').nth(3).filter(|other| *other != region) else {
            continue;
        };
        let message =
            format!("`exec.{name}` is a key in `{other}`, and the environment is deployed to `{region}`");
        let found = Diagnostic::new(&rules::EXEC_KEY_REGION, message)
            .at(key.origin)
            .key(planner.cx.keys.path(&key.node))
            .help(format!("use a key in `{region}`; a replica of a multi-Region key has an ARN of its own"));
        planner.report(found);
    }
}

/// Gives the tasks of services the rights of the agent.
pub(super) fn grant(exec: &ExecPlan, services: &[EcsServicePlan], tasks: &mut [TaskPlan]) {
    for task in tasks.iter_mut().filter(|task| services.iter().any(|service| service.name == task.name)) {
        for statement in rights(exec, &task.log_group()) {
            task.permissions.add(statement);
        }
    }
}

/// The rights in a task whose containers log to this group.
fn rights(exec: &ExecPlan, own: &LogicalId) -> Vec<PolicyStatement> {
    let mut rights = vec![PolicyStatement::allow(CHANNELS).on("*")];
    if let Some(key) = &exec.kms_key {
        rights.push(PolicyStatement::allow(["kms:Decrypt"]).on(key.as_str()));
    }
    let group = |group: TemplateValue| {
        [
            PolicyStatement::allow(["logs:DescribeLogGroups"]).on("*"),
            PolicyStatement::allow(LOG_GROUP).on(group),
        ]
    };
    match &exec.log {
        SessionLog::Nowhere => {}
        SessionLog::Service => rights.extend(group(own.arn())),
        SessionLog::Group { .. } => rights.extend(group(LogicalId::only(ResourceRole::SessionLog).arn())),
        SessionLog::Bucket { name, prefix, key } => {
            let below = prefix.as_ref().map(|prefix| format!("{prefix}/")).unwrap_or_default();
            let objects = arn::bare("s3", &format!("{name}/{below}*"));
            rights.push(PolicyStatement::allow(["s3:PutObject"]).on(objects));
            rights.push(PolicyStatement::allow(["s3:GetEncryptionConfiguration"]).on(arn::bare("s3", name)));
            rights.extend(key.as_deref().map(|key| PolicyStatement::allow(["kms:GenerateDataKey"]).on(key)));
        }
    }
    rights
}
