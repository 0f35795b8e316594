//! Task definitions with their roles and log groups.

use super::super::plan::{EcsPlan, Limits, Storage, Task, TaskVolume};
use super::{Traced, container};
use tranship_cloudformation::iam;
use tranship_cloudformation::{DeletionPolicy, LogicalId, Map, Pseudo, Resource, Role, Sub, Template, props};

/// Adds every task.
pub(super) fn emit(plan: &EcsPlan, limits: &Limits, template: &mut Template) {
    for task in &plan.tasks {
        template.add(&task.log_group(), log_group(task, plan.log_retention).traced(&task.from));
        for (role, policy, name) in [
            (Role::ExecutionRole, &task.execution, "start-task"),
            (Role::TaskRole, &task.permissions, "permissions"),
        ] {
            template.add(&LogicalId::of(&task.name, role), identity(policy, name).traced(&task.from));
        }
        template.add(&task.id(), definition(task, limits).traced(&task.from));
    }
}

fn log_group(task: &Task, days: u32) -> Resource {
    Resource::new(
        "AWS::Logs::LogGroup",
        props! {
            "LogGroupName" => Sub::text("/").pseudo(Pseudo::StackName).then("/ecs/").then(&*task.name),
            "RetentionInDays" => days,
        },
    )
    .policy(DeletionPolicy::Delete)
}

fn identity(policy: &iam::Policy, name: &str) -> Resource {
    let policies = (!policy.is_empty()).then(|| vec![policy.named(name)]);
    Resource::new(
        "AWS::IAM::Role",
        props! {
            "AssumeRolePolicyDocument" => iam::trust_own_account("ecs-tasks.amazonaws.com"),
            "Policies" => ?policies,
        },
    )
}

/// Old revisions stay, so that a rollback finds them.
fn definition(task: &Task, limits: &Limits) -> Resource {
    let platform = props! {
        "CpuArchitecture" => task.architecture.as_str(),
        "OperatingSystemFamily" => "LINUX",
    };
    let properties = Map::new()
        .with("Family", &task.family)
        .with("RequiresCompatibilities", [limits.compatibility])
        .with("NetworkMode", task.mode.as_str())
        .with_some("Cpu", task.size.cpu.map(|cpu| cpu.to_string()))
        .with_some("Memory", task.size.memory.map(|memory| memory.to_string()))
        .with("RuntimePlatform", platform)
        .with_some("EphemeralStorage", task.storage.map(|gib| props! { "SizeInGiB" => gib }))
        .with_some("PidMode", task.pid_mode)
        .with_some("IpcMode", task.ipc_mode)
        .with("ExecutionRoleArn", LogicalId::of(&task.name, Role::ExecutionRole).arn())
        .with("TaskRoleArn", LogicalId::of(&task.name, Role::TaskRole).arn())
        .with_list("Volumes", task.volumes.iter().map(volume))
        .with_list("ContainerDefinitions", task.containers.iter().map(|it| container::definition(task, it)));
    Resource::new("AWS::ECS::TaskDefinition", properties).retain()
}

fn volume(volume: &TaskVolume) -> Map {
    let named = Map::new().with("Name", volume.name.as_str());
    match &volume.storage {
        Storage::Task => named,
        Storage::Host { path, .. } => named.with("Host", props! { "SourcePath" => path.as_str() }),
        Storage::Efs(name) => named.with(
            "EFSVolumeConfiguration",
            props! {
                "FilesystemId" => LogicalId::of(name, Role::FileSystem).reference(),
                "TransitEncryption" => "ENABLED",
                "AuthorizationConfig" => props! {
                    "AccessPointId" => LogicalId::of(name, Role::AccessPoint).reference(),
                    "IAM" => "ENABLED",
                },
            },
        ),
    }
}
