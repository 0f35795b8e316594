//! Persistent volumes: encrypted EFS file systems, each with one access point and a mount target a subnet.

use super::super::plan::{AccessPointPlan, EcsPlan, FileSystemPlan};
use super::TracedResource;
use tranship_cloudformation::{Resource, Select, Template, list, props};

/// Adds the file systems.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    for system in &plan.file_systems {
        let backup = props! { "Status" => if system.backup { "ENABLED" } else { "DISABLED" } };
        let properties = props! { "Encrypted" => true, "BackupPolicy" => backup };
        let resource = Resource::new("AWS::EFS::FileSystem", properties).retain_once_created();
        template.add(&system.id(), resource.traced(&system.from));
        for point in &system.access_points {
            template.add(&point.id(), access_point(system, point).traced(&point.from));
        }
        for (index, id) in (0..).zip(system.mount_target_ids()) {
            template.add(&id, mount_target(plan, system, index).traced(&system.from));
        }
    }
}

/// The access point of a folder without an owner belongs to root, as a folder that Docker makes.
const ROOT: &str = "0";
/// The mode of a new folder.
const OPEN: &str = "0777";

/// The folder belongs to the volume's owner from the start. Users are those of the containers, as under Docker: an access
/// point that makes everyone one user breaks images which start as root and step down, and two services with two users.
///
/// Nobody reaches the folder but through its access point, so its mode keeps nobody out. It is open to all: the owner
/// of a volume may change, and the next one finds the folder of the one before.
fn access_point(system: &FileSystemPlan, point: &AccessPointPlan) -> Resource {
    let owner = point.owner.map(|owner| (owner.user.to_string(), owner.group.to_string()));
    let (user, group) = owner.unwrap_or_else(|| (ROOT.to_owned(), ROOT.to_owned()));
    let created = props! { "OwnerUid" => user, "OwnerGid" => group, "Permissions" => OPEN };
    let root = props! { "Path" => point.path.as_str(), "CreationInfo" => created };
    let properties = props! { "FileSystemId" => system.id().reference(), "RootDirectory" => root };
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
