//! Paths that every Linux machine has, whatever runs on it: what agents and monitors mount.
//!
//! Source: Filesystem Hierarchy Standard 3.0, chapters 3 to 6; Docker, "Docker daemon configuration overview"
//! (`/var/lib/docker`, the socket); `update-ca-certificates(8)` and `update-ca-trust(8)`; read in November 2026.

/// What a path of a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachinePath {
    /// `/etc/localtime` and `/etc/timezone`: in which time zone the machine is.
    TimeZone,
    /// `/etc/ssl/certs` and the like: which authorities the machine trusts.
    Certificates,
    /// `/dev/shm`: memory that processes share.
    SharedMemory,
    /// The socket of a container engine, which controls the machine.
    EngineSocket,
    /// `/`: everything.
    Root,
    /// `/dev` and what is in it.
    Device,
    /// Folders in which the kernel and the system keep their state: `/proc`, `/sys`, `/run`, `/var/log`.
    System,
}

/// Each path with what it is. What is below one counts too; the first that fits decides.
const PATHS: &[(&str, MachinePath)] = &[
    ("/etc/localtime", MachinePath::TimeZone),
    ("/etc/timezone", MachinePath::TimeZone),
    ("/usr/share/zoneinfo", MachinePath::TimeZone),
    ("/etc/ssl/certs", MachinePath::Certificates),
    ("/etc/pki/ca-trust", MachinePath::Certificates),
    ("/etc/pki/tls/certs", MachinePath::Certificates),
    ("/etc/ca-certificates", MachinePath::Certificates),
    ("/usr/share/ca-certificates", MachinePath::Certificates),
    ("/usr/local/share/ca-certificates", MachinePath::Certificates),
    ("/dev/shm", MachinePath::SharedMemory),
    ("/dev", MachinePath::Device),
    ("/proc", MachinePath::System),
    ("/sys", MachinePath::System),
    ("/boot", MachinePath::System),
    ("/lib/modules", MachinePath::System),
    ("/run", MachinePath::System),
    ("/usr/lib/modules", MachinePath::System),
    ("/usr/src", MachinePath::System),
    ("/var/lib/containerd", MachinePath::System),
    ("/var/lib/docker", MachinePath::System),
    ("/var/log", MachinePath::System),
    ("/var/run", MachinePath::System),
    ("/etc/group", MachinePath::System),
    ("/etc/hostname", MachinePath::System),
    ("/etc/machine-id", MachinePath::System),
    ("/etc/os-release", MachinePath::System),
    ("/etc/passwd", MachinePath::System),
];

/// Names of the sockets of container engines.
const SOCKETS: &[&str] = &["docker.sock", "podman.sock", "containerd.sock", "crio.sock"];

impl MachinePath {
    /// What an absolute path of a machine is; `None` where machines differ. `..` is followed first:
    /// `/dev/../etc/shadow` is none.
    pub fn of(path: &str) -> Option<MachinePath> {
        if !path.starts_with('/') {
            return None;
        }
        let path = normalized(path);
        let name = path.rsplit('/').next().unwrap_or_default();
        if path.is_empty() {
            return Some(MachinePath::Root);
        }
        if SOCKETS.contains(&name) {
            return Some(MachinePath::EngineSocket);
        }
        let is = |known: &str| {
            path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        PATHS.iter().find(|(known, _)| is(known)).map(|(_, kind)| *kind)
    }
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
    use super::MachinePath;

    #[test]
    fn what_every_machine_has() {
        for (path, kind) in [
            ("/proc", Some(MachinePath::System)),
            ("/proc/", Some(MachinePath::System)),
            ("/sys/fs/cgroup", Some(MachinePath::System)),
            ("/srv/../proc/1", Some(MachinePath::System)),
            ("/var/run/docker.sock", Some(MachinePath::EngineSocket)),
            ("/run/user/1000/podman/podman.sock", Some(MachinePath::EngineSocket)),
            ("/etc/localtime", Some(MachinePath::TimeZone)),
            ("/usr/share/zoneinfo/Europe/Berlin", Some(MachinePath::TimeZone)),
            ("/dev/shm", Some(MachinePath::SharedMemory)),
            ("/dev/ttyUSB0", Some(MachinePath::Device)),
            ("/", Some(MachinePath::Root)),
            ("/srv/..", Some(MachinePath::Root)),
            ("/processes", None),
            ("/dev/../etc/shadow", None),
            ("/srv/data", None),
            ("data", None),
        ] {
            assert_eq!(MachinePath::of(path), kind, "{path}");
        }
    }
}
