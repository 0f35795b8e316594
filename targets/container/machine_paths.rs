//! Paths that mean the same on every Linux machine, whatever runs on it: what agents that watch other
//! containers mount.

/// Folders and files; what is below a folder counts too.
const PATHS: &[&str] = &[
    "/dev",
    "/etc/localtime",
    "/etc/timezone",
    "/proc",
    "/run/docker.sock",
    "/sys",
    "/var/lib/docker",
    "/var/run/docker.sock",
];

/// Whether a path is one of them. `..` is followed first: `/dev/../etc/shadow` is none.
pub fn is_machine_path(path: &str) -> bool {
    let path = normalized(path);
    PATHS
        .iter()
        .any(|known| path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Whether a path is the root of the machine's file system.
pub fn is_machine_root(path: &str) -> bool {
    path.starts_with('/') && normalized(path).is_empty()
}

/// An absolute path without `.`, `..` and double slashes; empty for the root.
fn normalized(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.iter().map(|part| format!("/{part}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_machine_path, is_machine_root};

    #[test]
    fn what_every_machine_has() {
        for (path, known) in [
            ("/proc", true),
            ("/proc/", true),
            ("/sys/fs/cgroup", true),
            ("/var/run/docker.sock", true),
            ("/processes", false),
            ("/dev/../etc/shadow", false),
            ("/srv/../proc/1", true),
            ("/", false),
            ("/etc/passwd", false),
        ] {
            assert_eq!(is_machine_path(path), known, "{path}");
        }
        assert!(is_machine_root("/") && is_machine_root("/srv/..") && !is_machine_root("/srv"));
    }
}
