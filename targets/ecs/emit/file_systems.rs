//! Persistent volumes: encrypted EFS file systems, each with one access point and a mount target a subnet.

use super::super::plan::{EcsPlan, FileSystemPlan};
use super::TracedResource;
use tranship_cloudformation::{LogicalId, Resource, ResourceRole, Select, Template, list, props};

/// Adds the file systems.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    for system in &plan.file_systems {
        let backup = props! { "Status" => if system.backup { "ENABLED" } else { "DISABLED" } };
        let properties = props! { "Encrypted" => true, "BackupPolicy" => backup };
        let resource = Resource::new("AWS::EFS::FileSystem", properties).policy(system.deletion);
        template.add(&system.id(), resource.traced(&system.from));
        let access_point = LogicalId::of(&system.name, ResourceRole::AccessPoint);
        template.add(&access_point, self::access_point(system).traced(&system.from));
        for (index, id) in (0..).zip(system.mount_target_ids()) {
            template.add(&id, mount_target(plan, system, index).traced(&system.from));
        }
    }
}

/// Everything below the access point belongs to the volume's owner, whoever writes it.
fn access_point(system: &FileSystemPlan) -> Resource {
    let mut properties = props! { "FileSystemId" => system.id().reference() };
    let mut root = props! { "Path" => system.root_directory };
    if let Some(owner) = system.owner {
        let (user, group) = (owner.user.to_string(), owner.group.to_string());
        properties.set("PosixUser", props! { "Uid" => &user, "Gid" => &group });
        let created = props! { "OwnerUid" => &user, "OwnerGid" => &group, "Permissions" => "0755" };
        root.set("CreationInfo", created);
    }
    properties.set("RootDirectory", root);
    Resource::new("AWS::EFS::AccessPoint", properties)
}

fn mount_target(plan: &EcsPlan, system: &FileSystemPlan, index: u32) -> Resource {
    Resource::new(
        "AWS::EFS::MountTarget",
        props! {
            "FileSystemId" => system.id().reference(),
            "SubnetId" => Select(index, &plan.network.private),
            "SecurityGroups" => list![system.security_group().att("GroupId")],
        },
    )
}
