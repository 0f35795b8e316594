//! What reaches past the container: privileges, devices of the machine, security options.

use crate::container::field;
use crate::container::{ContainerPlan, ContainerPlanner, PlannedDevice};
use tranship_app::BehaviourEffect;

/// Decides them.
pub(super) fn plan<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    privileged(planner, container);
    devices(planner, container);
    for option in &planner.service().container.security_opt {
        if planner.bounds.security_options {
            let option = planner.exact(option, field::SECURITY_OPTIONS).clone();
            container.plain.add(field::SECURITY_OPTIONS, option);
        } else {
            let reason = "security options cannot be changed";
            planner.ignore(option, "security_opt", reason, BehaviourEffect::ChangesBehaviour);
        }
    }
}

fn privileged<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    let Some(privileged) = &planner.service().container.privileged else { return };
    if planner.bounds.privileged || !privileged.peek() {
        if *planner.exact(privileged, field::PRIVILEGED) {
            container.plain.set(field::PRIVILEGED);
        }
    } else {
        let reason = "containers cannot access the host";
        planner.reject(privileged, "privileged", reason, planner.bounds.remedy);
    }
}

fn devices<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    for device in &planner.service().container.devices {
        if !planner.bounds.devices {
            let reason = "containers cannot access host devices";
            planner.reject(device, "devices", reason, planner.bounds.remedy);
            continue;
        }
        let Some(permissions) = permissions(&device.peek().permissions) else {
            let reason = format!("`{}` is not a device permission", device.peek().permissions);
            planner.reject(device, "devices", &reason, "use the letters r (read), w (write) and m (mknod)");
            continue;
        };
        let given = planner.exact(device, field::DEVICES);
        let (host_path, path) = (given.host_path.clone(), given.container_path.clone());
        container.linux.devices.push(PlannedDevice { host_path, path, permissions });
    }
}

/// The letters of Docker in the words of Amazon ECS. No letter means all of them, as in both.
fn permissions(letters: &str) -> Option<Vec<&'static str>> {
    let words = [('r', "read"), ('w', "write"), ('m', "mknod")];
    let known = letters.chars().all(|letter| words.iter().any(|(known, _)| *known == letter));
    let chosen = |(letter, _): &(char, &str)| letters.is_empty() || letters.contains(*letter);
    known.then(|| words.into_iter().filter(chosen).map(|(_, word)| word).collect())
}

#[cfg(test)]
mod tests {
    use super::permissions;

    #[test]
    fn permissions_of_a_device() {
        assert_eq!(permissions("mr"), Some(vec!["read", "mknod"]));
        assert_eq!(permissions(""), Some(vec!["read", "write", "mknod"]));
        assert_eq!(permissions("rx"), None);
    }
}
