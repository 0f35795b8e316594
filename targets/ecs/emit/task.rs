//! Task definitions with their roles and log groups.

use super::super::plan::{EcsPlan, TaskPlan, TaskVolume, VolumeStorage};
use super::{TracedResource, container};
use tranship_app::ExistingFileSystem;
use tranship_cloudformation::iam;
use tranship_cloudformation::{
    DeletionPolicy, FnSub, LogicalId, PropertyMap, PseudoParameter, Resource, ResourceRole, Template, props,
};

/// Adds every task.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    for task in &plan.tasks {
        template.add(&task.log_group(), log_group(task, plan.stack.log_retention).traced(&task.from));
        let [execution_role, task_role] = task.roles();
        template.add(&execution_role, role(&task.execution, "start-task").traced(&task.from));
        template.add(&task_role, role(&task.permissions, "permissions").traced(&task.from));
        template.add(&task.id(), definition(task, plan.capacity.launch_type).traced(&task.from));
    }
}

fn log_group(task: &TaskPlan, days: u32) -> Resource {
    Resource::new(
        "AWS::Logs::LogGroup",
        props! {
            "LogGroupName" => FnSub::text("/").pseudo(PseudoParameter::StackName).then("/ecs/").then(&*task.name),
            "RetentionInDays" => days,
        },
    )
    .policy(DeletionPolicy::Delete)
}

fn role(policy: &iam::IamPolicy, name: &str) -> Resource {
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
fn definition(task: &TaskPlan, launch_type: &'static str) -> Resource {
    let platform = props! {
        "CpuArchitecture" => task.architecture.as_str(),
        "OperatingSystemFamily" => "LINUX",
    };
    let [execution_role, task_role] = task.roles();
    let properties = PropertyMap::new()
        .with("Family", &task.family)
        .with("RequiresCompatibilities", [launch_type])
        .with("NetworkMode", task.mode.as_str())
        .with_some("Cpu", task.size.cpu.map(|cpu| cpu.to_string()))
        .with_some("Memory", task.size.memory.map(|memory| memory.to_string()))
        .with("RuntimePlatform", platform)
        .with_some("EphemeralStorage", task.ephemeral_storage.map(|size| props! { "SizeInGiB" => size }))
        .with_some("PidMode", task.pid_mode)
        .with_some("IpcMode", task.ipc_mode)
        .with("ExecutionRoleArn", execution_role.arn())
        .with("TaskRoleArn", task_role.arn())
        .with_list("Volumes", task.volumes.iter().map(volume))
        .with_list("ContainerDefinitions", task.containers.iter().map(|it| container::definition(task, it)));
    Resource::new("AWS::ECS::TaskDefinition", properties).retain()
}

fn volume(volume: &TaskVolume) -> PropertyMap {
    let named = PropertyMap::new().with("Name", volume.name.as_str());
    match &volume.storage {
        VolumeStorage::Task => named,
        VolumeStorage::Host { path, .. } => named.with("Host", props! { "SourcePath" => path.as_str() }),
        VolumeStorage::Existing(system) => named.with("EFSVolumeConfiguration", existing(system)),
        VolumeStorage::Efs(folder) => named.with(
            "EFSVolumeConfiguration",
            props! {
                "FilesystemId" => LogicalId::of(&folder.file_system, ResourceRole::FileSystem).reference(),
                "TransitEncryption" => "ENABLED",
                "AuthorizationConfig" => props! {
                    "AccessPointId" => LogicalId::of(&folder.access_point, ResourceRole::AccessPoint).reference(),
                    "IAM" => "ENABLED",
                },
            },
        ),
    }
}

/// A file system that exists. ECS takes a folder or an access point of it, not both.
fn existing(system: &ExistingFileSystem) -> PropertyMap {
    let authorization =
        PropertyMap::new().with_some("AccessPointId", system.access_point.as_deref()).with("IAM", "ENABLED");
    let root = system.access_point.is_none().then_some(system.path.as_str());
    PropertyMap::new()
        .with("FilesystemId", system.file_system.as_str())
        .with_some("RootDirectory", root)
        .with("TransitEncryption", "ENABLED")
        .with("AuthorizationConfig", authorization)
}
