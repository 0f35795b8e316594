//! What a machine does when it starts: joins the cluster, keeps containers from its own credentials, and
//! prepares the folders that containers mount.

use super::super::plan::MachineFolder;
use tranship_app::VolumeOwner;
use tranship_cloudformation::{Base64, FnSub, LogicalId, TemplateValue};

/// `UserData` of the launch template.
///
/// `ECS_AWSVPC_BLOCK_IMDS` keeps tasks with their own interface from the instance's credentials (AWS Knowledge
/// Center, "prevent containers from accessing EC2 instance metadata"); the hop limit does it for the others.
/// `ECS_ENABLE_GPU_SUPPORT` lets the agent reserve GPUs (Developer Guide, "Task definitions for GPU workloads").
/// `ECS_AVAILABLE_LOGGING_DRIVERS` lists what tasks may log with (Developer Guide, "Amazon ECS container agent
/// configuration").
pub(super) fn script(
    cluster: &LogicalId,
    gpu: bool,
    log_drivers: &[String],
    folders: &[MachineFolder],
) -> TemplateValue {
    let drivers: Vec<String> = log_drivers.iter().map(|driver| format!(r#","{driver}""#)).collect();
    let drivers = match drivers.is_empty() {
        true => String::new(),
        false => format!(
            "ECS_AVAILABLE_LOGGING_DRIVERS=[\"json-file\",\"awslogs\"{},\"none\"]\n",
            drivers.concat()
        ),
    };
    let mut script = FnSub::text("#!/bin/bash\nset -e\ncat >> /etc/ecs/ecs.config <<'EOF'\nECS_CLUSTER=")
        .reference(cluster)
        .then("\nECS_AWSVPC_BLOCK_IMDS=true\n")
        .then(drivers)
        .then(if gpu { "ECS_ENABLE_GPU_SUPPORT=true\n" } else { "" })
        .then("EOF\n");
    for MachineFolder { path, owner: VolumeOwner { user, group } } in folders {
        script = script.then(format!("install -d -o {user} -g {group} -m 0755 {}\n", quoted(path)));
    }
    Base64(script)
}

/// A word of the shell that means this text and nothing else.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_cloudformation::{PropertyMap, ResourceRole};

    #[test]
    fn prepares_folders_for_their_owner() {
        let folders = [
            MachineFolder { path: "/data/public".to_owned(), owner: VolumeOwner { user: 1000, group: 1000 } },
            MachineFolder { path: "/srv/it's ${HOME}".to_owned(), owner: VolumeOwner { user: 0, group: 33 } },
        ];
        let value = script(&LogicalId::only(ResourceRole::Cluster), false, &[], &folders);
        let expected = "\
UserData:
  Fn::Base64: !Sub |
    #!/bin/bash
    set -e
    cat >> /etc/ecs/ecs.config <<'EOF'
    ECS_CLUSTER=${Cluster}
    ECS_AWSVPC_BLOCK_IMDS=true
    EOF
    install -d -o 1000 -g 1000 -m 0755 /data/public
    install -d -o 0 -g 33 -m 0755 '/srv/it'\\''s ${!HOME}'
";
        assert_eq!(PropertyMap::new().with("UserData", value).to_yaml(), expected);
    }
}
