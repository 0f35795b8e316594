//! Linux capabilities, under one spelling: `CAP_SYS_PTRACE`, `SYS_PTRACE` and `sys_ptrace` are the same.

use crate::container::field::{self, ContainerField};
use crate::container::{AddedCapabilities, ContainerPlanner, LinuxParameters};
use tranship_app::At;
use tranship_facts::quotas::ecs::KERNEL_CAPABILITIES;

/// Decides what is added and what is dropped.
pub(super) fn plan(planner: &mut ContainerPlanner<'_, '_>, linux: &mut LinuxParameters) {
    let given = &planner.service().container;
    for capability in &given.cap_add {
        let Some(name) = known(planner, capability, "cap_add") else { continue };
        match planner.bounds.added_capabilities {
            AddedCapabilities::Only(allowed) if !allowed.contains(&name.as_str()) => planner.reject(
                capability,
                &format!("cap_add: {name}"),
                &format!("it can add {} only", allowed.join(", ")),
                planner.bounds.remedy,
            ),
            _ => add(planner, capability, field::CAPABILITIES_ADD, name, &mut linux.cap_add),
        }
    }
    for capability in &given.cap_drop {
        let Some(name) = known(planner, capability, "cap_drop") else { continue };
        add(planner, capability, field::CAPABILITIES_DROP, name, &mut linux.cap_drop);
    }
}

fn add(
    planner: &mut ContainerPlanner<'_, '_>,
    capability: &At<String>,
    field: ContainerField,
    name: String,
    list: &mut Vec<String>,
) {
    planner.exact(capability, field);
    if !list.contains(&name) {
        list.push(name);
    }
}

/// The capability's name without `CAP_`; an unknown one is refused.
fn known(planner: &mut ContainerPlanner<'_, '_>, capability: &At<String>, key: &str) -> Option<String> {
    let name = normalized(capability.peek());
    if KERNEL_CAPABILITIES.iter().chain(planner.bounds.more_capabilities).any(|known| *known == name) {
        return Some(name);
    }
    let shown = format!("{key}: {}", capability.peek());
    let remedy =
        "check the spelling: the names are those of the capabilities(7) manual page, such as NET_ADMIN";
    planner.reject(capability, &shown, "the capability is unknown", remedy);
    None
}

/// Compose takes any case, with or without `CAP_`; Amazon ECS takes upper case without it.
fn normalized(name: &str) -> String {
    let name = name.to_uppercase();
    name.strip_prefix("CAP_").unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::normalized;

    #[test]
    fn a_capability_has_one_spelling() {
        for given in ["SYS_PTRACE", "sys_ptrace", "CAP_SYS_PTRACE", "cap_sys_ptrace", "Cap_Sys_Ptrace"] {
            assert_eq!(normalized(given), "SYS_PTRACE");
        }
        assert_eq!(normalized("all"), "ALL");
    }
}
