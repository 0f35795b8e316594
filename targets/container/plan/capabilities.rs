//! Linux capabilities, under one spelling: `CAP_SYS_PTRACE`, `SYS_PTRACE` and `sys_ptrace` are the same.
//!
//! Where a target lets a container add only a few, what `cap_add` keeps of a `cap_drop: [ALL]` is written as its
//! complement: the defaults of Docker that the container does without.

use crate::container::field::{self, ContainerField};
use crate::container::{AddedCapabilities, ContainerPlanner, LinuxParameters};
use tranship_app::At;
use tranship_facts::capabilities::{
    ALL_CAPABILITIES, capability_name, dropped_defaults, is_capability, is_default_capability,
};
use tranship_facts::quotas::ecs::KERNEL_CAPABILITIES;

/// Decides what is added and what is dropped.
pub(super) fn plan(planner: &mut ContainerPlanner<'_, '_>, linux: &mut LinuxParameters) {
    let given = &planner.service().container;
    let added = known(planner, &given.cap_add, "cap_add");
    let dropped = known(planner, &given.cap_drop, "cap_drop");
    match planner.bounds.added_capabilities {
        AddedCapabilities::Any => {
            linux.cap_add = as_written(planner, &added, CapabilityChange::Added);
            linux.cap_drop = as_written(planner, &dropped, CapabilityChange::Dropped);
        }
        AddedCapabilities::Only(allowed) => {
            linux.cap_add = beyond_defaults(planner, &added, allowed);
            linux.cap_drop = complement(planner, &added, &dropped);
        }
    }
}

/// Which of the two lists a capability stands in.
#[derive(Clone, Copy)]
enum CapabilityChange {
    Added,
    Dropped,
}

impl CapabilityChange {
    fn field(self) -> ContainerField {
        match self {
            CapabilityChange::Added => field::CAPABILITIES_ADD,
            CapabilityChange::Dropped => field::CAPABILITIES_DROP,
        }
    }
}

/// A capability of the manifest with its one spelling.
type SpelledCapability<'a> = (&'a At<String>, String);

/// The capabilities that exist; an unknown one is refused.
fn known<'a>(
    planner: &mut ContainerPlanner<'_, '_>,
    list: &'a [At<String>],
    key: &str,
) -> Vec<SpelledCapability<'a>> {
    let mut found = Vec::new();
    for capability in list {
        let name = capability_name(capability.peek());
        if is_capability(&name) {
            found.push((capability, name));
            continue;
        }
        let shown = format!("{key}: {}", capability.peek());
        let remedy =
            "check the spelling: the names are those of the capabilities(7) manual page, such as NET_ADMIN";
        planner.reject(capability, &shown, "the capability is unknown", remedy);
    }
    found
}

/// Each capability once, as the artifact can name it.
fn as_written(
    planner: &mut ContainerPlanner<'_, '_>,
    list: &[SpelledCapability<'_>],
    change: CapabilityChange,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (capability, name) in list {
        if !is_nameable(planner, name) {
            unnameable(planner, capability, name, change);
            continue;
        }
        let name = capability_name(planner.exact(*capability, change.field()));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Whether the target's artifact has a word for the capability.
fn is_nameable(planner: &ContainerPlanner<'_, '_>, name: &str) -> bool {
    KERNEL_CAPABILITIES.iter().chain(planner.bounds.more_capabilities).any(|known| *known == name)
}

/// No default is without a word, so dropping such a capability changes nothing.
fn unnameable(
    planner: &mut ContainerPlanner<'_, '_>,
    capability: &At<String>,
    name: &str,
    change: CapabilityChange,
) {
    match change {
        CapabilityChange::Added => {
            let reason = "Amazon ECS has no name for this capability";
            planner.reject(capability, &format!("cap_add: {name}"), reason, planner.bounds.remedy);
        }
        CapabilityChange::Dropped => {
            planner.cx.ledger.decided(capability, "containers do not have this capability by default");
        }
    }
}

/// What is added to the defaults; what is among them is there already.
fn beyond_defaults(
    planner: &mut ContainerPlanner<'_, '_>,
    added: &[SpelledCapability<'_>],
    allowed: &[&str],
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (capability, name) in added {
        if is_default_capability(name) {
            planner.cx.ledger.decided(*capability, "containers have this capability by default");
        } else if allowed.contains(&name.as_str()) {
            let name = capability_name(planner.exact(*capability, field::CAPABILITIES_ADD));
            if !names.contains(&name) {
                names.push(name);
            }
        } else {
            let reason = format!("only {} can be added to Docker's default capabilities", allowed.join(", "));
            planner.reject(*capability, &format!("cap_add: {name}"), &reason, planner.bounds.remedy);
        }
    }
    names
}

/// What is dropped of the defaults. `ALL` stays as it is where no default is kept.
fn complement(
    planner: &mut ContainerPlanner<'_, '_>,
    added: &[SpelledCapability<'_>],
    dropped: &[SpelledCapability<'_>],
) -> Vec<String> {
    for (capability, name) in dropped {
        if name == ALL_CAPABILITIES || is_default_capability(name) {
            planner.decided(*capability, field::CAPABILITIES_DROP);
        } else {
            planner.cx.ledger.decided(*capability, "containers do not have this capability by default");
        }
    }
    let names =
        |list: &[SpelledCapability<'_>]| list.iter().map(|(_, name)| name.clone()).collect::<Vec<_>>();
    let (added, dropped) = (names(added), names(dropped));
    let keeps_none = !added.iter().any(|name| is_default_capability(name));
    if keeps_none && dropped.iter().any(|name| name == ALL_CAPABILITIES) {
        return vec![ALL_CAPABILITIES.to_owned()];
    }
    dropped_defaults(&added, &dropped).into_iter().map(str::to_owned).collect()
}
