//! What reaches past the container: privileges, devices of the machine, security options.

use crate::container::field;
use crate::container::{ContainerPlan, ContainerPlanner, PlannedDevice, SecurityOptions};
use tranship_app::{At, BehaviourEffect};
use tranship_facts::is_peripheral;

/// Decides them.
pub(super) fn plan<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    privileged(planner, container);
    devices(planner, container);
    for option in &planner.service().container.security_opt {
        security_option(planner, option, container);
    }
}

/// The option of Docker for processes that may not gain privileges, on.
const NO_NEW_PRIVILEGES: &str = "no-new-privileges";

fn security_option<V, K>(
    planner: &mut ContainerPlanner<'_, '_>,
    option: &At<String>,
    container: &mut ContainerPlan<V, K>,
) {
    let (name, value) = option.peek().split_once([':', '=']).unwrap_or((option.peek(), ""));
    let lost = match (planner.bounds.security_options, name, value) {
        (SecurityOptions::Any, ..) => {
            let option = planner.exact(option, field::SECURITY_OPTIONS).clone();
            return container.plain.add(field::SECURITY_OPTIONS, option);
        }
        (SecurityOptions::NoNewPrivileges, NO_NEW_PRIVILEGES, "" | "true") => {
            let given = planner.exact(option, field::SECURITY_OPTIONS);
            let name = given.split([':', '=']).next().unwrap_or_default().to_owned();
            return container.plain.add(field::SECURITY_OPTIONS, name);
        }
        (_, NO_NEW_PRIVILEGES, "false") => BehaviourEffect::Equivalent,
        // The instances have neither AppArmor nor containers in SELinux, so there is nothing to switch off.
        (SecurityOptions::NoNewPrivileges, "apparmor", "unconfined")
        | (SecurityOptions::NoNewPrivileges, "label", "disable") => BehaviourEffect::Equivalent,
        _ => BehaviourEffect::ChangesBehaviour,
    };
    let reason = match planner.bounds.security_options {
        SecurityOptions::None => "security options cannot be changed",
        _ => "Amazon ECS takes `no-new-privileges` alone there",
    };
    planner.ignore(option, "security_opt", reason, lost);
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
        if is_peripheral(&device.peek().host_path) {
            let reason = "an instance has no such device, so the container could not start";
            planner.reject(
                device,
                "devices",
                reason,
                "remove the device in a Compose file of the environment (`files:`)",
            );
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
