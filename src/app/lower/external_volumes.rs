//! Volumes that are not new: `external` ones, and those that options of a driver mount.
//!
//! In: a declared volume and its settings. Out: the file system of Amazon EFS that it is, or what it would be under Docker,
//! which AWS does not have. Invariant: nothing else stands in for it in silence.

use super::LoweringContext;
use crate::document::ComposeVolume;
use crate::settings::VolumeSettings;
use crate::{ExistingFileSystem, rules};
use tranship_frontend::diagnostic::Diagnostic;

/// Where the data of a declared volume comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum VolumeSource {
    /// From nowhere: it is new.
    New,
    /// From a file system that exists.
    Existing(ExistingFileSystem),
    /// From something that AWS does not have: what, and what to write.
    Foreign(String, String),
}

/// Decides it.
pub(super) fn source(name: &str, given: &ComposeVolume, settings: Option<&VolumeSettings>) -> VolumeSource {
    let access_point = settings.and_then(|it| it.access_point.as_ref()).map(|point| point.peek().to_string());
    if let Some(system) = settings.and_then(|it| it.file_system.as_ref()) {
        let (file_system, path) = (system.peek().to_string(), "/".to_owned());
        return VolumeSource::Existing(ExistingFileSystem { file_system, access_point, path });
    }
    let new = "remove the key for a new, empty volume";
    if let Some(external) = &given.external {
        let id = external.peek();
        if is_file_system(id) {
            let (file_system, path) = (id.clone(), "/".to_owned());
            return VolumeSource::Existing(ExistingFileSystem { file_system, access_point, path });
        }
        let what = match id.starts_with("fsap-") {
            true => format!("`{name}` is an access point of a file system that is not named"),
            false => format!("`{name}` is an external volume of Docker, which does not exist on AWS"),
        };
        let help = match id.starts_with("fsap-") {
            true => format!("add `x-tranship: {{ file_system: fs-..., access_point: {id} }}` to the volume"),
            false => format!("name a file system of Amazon EFS (`name: fs-0123456789abcdef0`), or {new}"),
        };
        return VolumeSource::Foreign(what, help);
    }
    let option = |key: &str| {
        given.options.iter().find(|(known, _)| known == key).map(|(_, value)| value.peek().as_str())
    };
    let driver =
        given.driver.as_ref().map(|driver| driver.peek().as_str()).filter(|driver| *driver != "local");
    if let Some(driver) = driver {
        let what = format!("`{name}` needs the volume driver `{driver}`, which AWS does not have");
        return VolumeSource::Foreign(
            what,
            format!("name a file system with `x-tranship: {{ file_system: fs-... }}`, or {new}"),
        );
    }
    match (option("type"), given.options.is_empty()) {
        (None, true) => VolumeSource::New,
        (Some("nfs" | "nfs4"), _) => nfs(name, option("o"), option("device"), access_point),
        (Some("tmpfs"), _) => VolumeSource::Foreign(
            format!("`{name}` is a volume in memory"),
            "mount it with `tmpfs` in each service instead".to_owned(),
        ),
        (_, false) if option("o").is_some_and(|options| options.split(',').any(|one| one == "bind")) => {
            let device = option("device").unwrap_or("/path").to_owned();
            VolumeSource::Foreign(
                format!("`{name}` is the folder `{device}` of the machine"),
                format!("mount the folder itself: `volumes: [\"{device}:/target\"]`, or {new}"),
            )
        }
        _ => VolumeSource::Foreign(
            format!("`driver_opts` of `{name}` ask for a mount that AWS does not have"),
            format!("name a file system with `x-tranship: {{ file_system: fs-... }}`, or {new}"),
        ),
    }
}

/// A mount of NFS: of Amazon EFS by the name of its server, else of a server that tasks cannot mount.
fn nfs(
    name: &str,
    options: Option<&str>,
    device: Option<&str>,
    access_point: Option<String>,
) -> VolumeSource {
    let server =
        options.into_iter().flat_map(|options| options.split(',')).find_map(|one| one.strip_prefix("addr="));
    let (of_device, path) = device.unwrap_or_default().split_once(':').unwrap_or_default();
    let server = server.filter(|server| !server.is_empty()).unwrap_or(of_device);
    let mut labels = server.split('.');
    match (labels.next(), labels.next()) {
        (Some(id), Some("efs")) if is_file_system(id) => {
            let path = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
            VolumeSource::Existing(ExistingFileSystem { file_system: id.to_owned(), access_point, path })
        }
        _ => VolumeSource::Foreign(
            format!("`{name}` is a folder of the NFS server `{server}`, which tasks cannot mount"),
            "copy it to Amazon EFS and name the file system: `x-tranship: { file_system: fs-... }`"
                .to_owned(),
        ),
    }
}

/// The id of a file system of Amazon EFS: 8 or 17 hexadecimal digits (Amazon EFS API Reference, `FileSystemId`).
fn is_file_system(text: &str) -> bool {
    let digits = text.strip_prefix("fs-").unwrap_or_default();
    (8..=40).contains(&digits.len()) && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl LoweringContext<'_> {
    /// Claims what makes a volume an existing one; refuses it where AWS does not have it.
    pub(super) fn settle_source(&mut self, name: &str, given: &ComposeVolume, source: &VolumeSource) {
        match source {
            VolumeSource::New => {}
            VolumeSource::Existing(_) => {
                let settings = self.settings.volume(name);
                if let Some(system) = settings.and_then(|it| it.file_system.as_ref()) {
                    self.ledger.decided(system, "EFS: FilesystemId");
                }
                if let Some(point) = settings.and_then(|it| it.access_point.as_ref()) {
                    self.ledger.decided(point, "EFS: AccessPointId");
                }
                given
                    .foreign
                    .iter()
                    .for_each(|node| self.ledger.decided(node, "EFS: a file system that exists"));
                if let Some(name) = &given.external {
                    self.ledger.decided(name, "EFS: FilesystemId");
                }
            }
            VolumeSource::Foreign(what, help) => {
                for node in &given.foreign {
                    self.ledger.rejected(node, "AWS does not have it");
                }
                let diagnostic = Diagnostic::new(&rules::app::FOREIGN_VOLUME, what.clone());
                let diagnostic = diagnostic.at(given.foreign_at.unwrap_or(given.origin));
                let named = given.external.as_ref().map(|name| name.origin);
                let named = named.filter(|named| Some(*named) != given.foreign_at);
                let diagnostic = named.into_iter().fold(diagnostic, Diagnostic::at);
                self.diagnostics.push(diagnostic.help(help.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::At;
    use tranship_frontend::source::Origin;
    use tranship_frontend::yaml::NodeId;

    fn at(text: &str) -> At<String> {
        At::inferred(text.to_owned(), Origin::NOWHERE)
    }

    fn volume(external: Option<&str>, driver: Option<&str>, options: &[(&str, &str)]) -> ComposeVolume {
        ComposeVolume {
            external: external.map(at),
            driver: driver.map(at),
            options: options.iter().map(|(key, value)| ((*key).to_owned(), at(value))).collect(),
            foreign: Vec::new(),
            foreign_at: None,
            node: NodeId::UNNUMBERED,
            origin: Origin::NOWHERE,
        }
    }

    fn existing(id: &str, path: &str) -> VolumeSource {
        let (file_system, path) = (id.to_owned(), path.to_owned());
        VolumeSource::Existing(ExistingFileSystem { file_system, access_point: None, path })
    }

    #[test]
    fn file_systems_are_known_by_their_ids_and_servers() {
        let id = "fs-0123456789abcdef0";
        let server = format!("addr={id}.efs.eu-central-1.amazonaws.com,nfsvers=4.1");
        for (given, expected) in [
            (volume(None, None, &[]), VolumeSource::New),
            (volume(None, Some("local"), &[]), VolumeSource::New),
            (volume(Some(id), None, &[]), existing(id, "/")),
            (
                volume(None, None, &[("type", "nfs"), ("o", &server), ("device", ":/media")]),
                existing(id, "/media"),
            ),
            (
                volume(
                    None,
                    None,
                    &[("type", "nfs4"), ("device", "fs-01234567.efs.eu-west-1.amazonaws.com:/")],
                ),
                existing("fs-01234567", "/"),
            ),
        ] {
            assert_eq!(source("data", &given, None), expected, "{given:?}");
        }
    }

    #[test]
    fn what_aws_does_not_have_is_named() {
        let what = |given: ComposeVolume| match source("data", &given, None) {
            VolumeSource::Foreign(what, _) => what,
            other => format!("{other:?}"),
        };
        for (given, part) in [
            (volume(Some("old-data"), None, &[]), "external volume of Docker"),
            (volume(Some("fs-xyz"), None, &[]), "external volume of Docker"),
            (volume(Some("fsap-0123456789abcdef0"), None, &[]), "access point"),
            (volume(None, Some("rexray/ebs"), &[]), "`rexray/ebs`"),
            (
                volume(None, None, &[("type", "nfs"), ("o", "addr=10.0.0.5"), ("device", ":/x")]),
                "NFS server `10.0.0.5`",
            ),
            (volume(None, None, &[("type", "tmpfs"), ("device", "tmpfs")]), "in memory"),
            (volume(None, None, &[("type", "none"), ("o", "bind"), ("device", "/srv/x")]), "folder `/srv/x`"),
            (volume(None, None, &[("type", "none")]), "`driver_opts` of `data`"),
        ] {
            assert!(what(given).contains(part), "{part}");
        }
    }
}
