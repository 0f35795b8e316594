//! Linux capabilities: which exist, which Docker grants unasked, and which a container ends up with.
//!
//! Sources: capabilities(7) manual page, Linux 6.x; Docker documentation, "docker run: runtime privilege and
//! Linux capabilities" and the default list of Moby's `oci/caps`; Amazon ECS API Reference,
//! `KernelCapabilities`, which names the defaults of Docker as its own; read in November 2026.

use crate::quotas::ecs::{KERNEL_CAPABILITIES, MORE_DOCKER_CAPABILITIES};

/// What Docker grants a container unasked. Amazon ECS starts from the same list, on Fargate too.
pub const DEFAULT_CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// The word for every capability.
pub const ALL_CAPABILITIES: &str = "ALL";

/// A capability's name as Amazon ECS spells it: upper case without `CAP_`. Compose takes any case, with or without it.
pub fn capability_name(written: &str) -> String {
    let name = written.to_uppercase();
    name.strip_prefix("CAP_").unwrap_or(&name).to_owned()
}

/// Whether a name is one of the kernel's, or `ALL`.
pub fn is_capability(name: &str) -> bool {
    KERNEL_CAPABILITIES.iter().chain(MORE_DOCKER_CAPABILITIES).any(|known| *known == name)
}

/// Whether Docker grants a capability unasked.
pub fn is_default_capability(name: &str) -> bool {
    DEFAULT_CAPABILITIES.contains(&name)
}

/// The defaults that a container does without, as Docker reads `cap_add` and `cap_drop`: what is added counts more
/// than what is dropped, unless everything is added.
pub fn dropped_defaults(added: &[String], dropped: &[String]) -> Vec<&'static str> {
    let has = |list: &[String], name: &str| list.iter().any(|one| one == name);
    let everything = has(added, ALL_CAPABILITIES);
    let is_dropped = |name: &str| match everything {
        true => has(dropped, name),
        false => !has(added, name) && (has(dropped, name) || has(dropped, ALL_CAPABILITIES)),
    };
    DEFAULT_CAPABILITIES.iter().copied().filter(|name| is_dropped(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dropped(added: &[&str], dropped: &[&str]) -> Vec<&'static str> {
        let owned = |list: &[&str]| list.iter().map(|one| capability_name(one)).collect::<Vec<_>>();
        dropped_defaults(&owned(added), &owned(dropped))
    }

    #[test]
    fn a_capability_has_one_spelling() {
        for given in ["SYS_PTRACE", "sys_ptrace", "CAP_SYS_PTRACE", "cap_sys_ptrace", "Cap_Sys_Ptrace"] {
            assert_eq!(capability_name(given), "SYS_PTRACE");
        }
        assert_eq!(capability_name("all"), ALL_CAPABILITIES);
    }

    #[test]
    fn every_default_exists_and_can_be_dropped_on_ecs() {
        assert_eq!(DEFAULT_CAPABILITIES.len(), 14);
        assert!(DEFAULT_CAPABILITIES.iter().all(|name| KERNEL_CAPABILITIES.contains(name)));
        assert!(DEFAULT_CAPABILITIES.is_sorted());
    }

    #[test]
    fn what_is_added_counts_more_than_what_is_dropped() {
        assert_eq!(dropped(&["chown"], &["NET_RAW"]), ["NET_RAW"]);
        assert_eq!(dropped(&["NET_RAW"], &["cap_net_raw"]), [""; 0]);
        assert_eq!(dropped(&["SYS_PTRACE"], &["SYS_ADMIN"]), [""; 0]);
        let kept = ["CHOWN", "SETUID", "SETGID", "NET_BIND_SERVICE"];
        let rest = dropped(&kept, &["ALL"]);
        assert_eq!(rest.len(), 10);
        assert!(kept.iter().all(|name| !rest.contains(name)));
    }

    #[test]
    fn with_everything_added_what_is_dropped_counts() {
        assert_eq!(dropped(&["ALL", "KILL"], &["KILL", "ALL"]), ["KILL"]);
    }
}
