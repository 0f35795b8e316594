//! Reads from a registry what only an image knows.
//!
//! In: a reference. Out: a [`LockedImage`]. The layers are read for their headers and for the two files that say who a
//! user is. Source: OCI image specification, "Image Configuration".

use super::image_publisher::{FoundImage, find};
use super::image_source::{PlatformImage, WantedPlatforms};
use super::image_writer::read_headers;
use super::registry_access::RegistryAccess;
use crate::deploy::{DeployFailure, DeployProgress};
use camino::Utf8Path;
use serde_json::Value;
use tempfile::TempDir;
use tranship_images::{
    BaseEntry, BaseTree, LockedHealthCheck, LockedImage, LockedUser, LockedVolume, ManifestDocument,
    ManifestPlatform,
};

/// A second, in the unit of an image's durations.
const SECOND: u64 = 1_000_000_000;

/// Reads an image; the facts are those of the image for a platform, of the first one where it has none for it.
pub(super) async fn read(
    access: &RegistryAccess<'_>,
    reference: &str,
    platform: &ManifestPlatform,
    progress: &mut dyn DeployProgress,
) -> Result<LockedImage, DeployFailure> {
    progress.message(&format!("reading {reference}"));
    let found = find(access, reference, Utf8Path::new("")).await?;
    let platforms = platforms(&found).await?;
    let exists = platforms.iter().any(|one| platform.runs(one));
    let wanted = if exists { Some(platform.clone()) } else { platforms.first().cloned() };
    let wanted = wanted.map_or(WantedPlatforms::All, WantedPlatforms::One);
    let images = found.source.images(&found.root, reference, &wanted).await?;
    let no_image = || DeployFailure::failed(format!("{reference} is an index without images"));
    let image = images.into_iter().next().ok_or_else(no_image)?;
    let tree = tree(&found, &image, reference).await?;
    let config: Value = serde_json::from_slice(&image.documents.config).unwrap_or_default();
    let mut locked = described(config.get("config").unwrap_or(&Value::Null), &tree);
    locked.digest = Some(found.root.digest.clone());
    locked.platforms = platforms.iter().map(ToString::to_string).collect();
    Ok(locked)
}

/// The platforms of an index, or of the one image.
async fn platforms(found: &FoundImage) -> Result<Vec<ManifestPlatform>, DeployFailure> {
    let mut platforms = match ManifestDocument::parse(&found.root.bytes) {
        Ok(ManifestDocument::Index(entries)) => entries.into_iter().map(|entry| entry.platform).collect(),
        _ => {
            let images = found.source.images(&found.root, &found.shown, &WantedPlatforms::All).await?;
            images.into_iter().map(|image| image.platform).collect::<Vec<_>>()
        }
    };
    platforms.sort();
    platforms.dedup();
    Ok(platforms)
}

async fn tree(found: &FoundImage, image: &PlatformImage, shown: &str) -> Result<BaseTree, DeployFailure> {
    let folder = TempDir::new()
        .map_err(|error| DeployFailure::failed(format!("cannot create a temporary directory: {error}")))?;
    let mut tree = BaseTree::default();
    for layer in &image.layers {
        let file = found.source.layer(layer, folder.path()).await?;
        read_headers(&mut tree, &file, shown)?;
    }
    Ok(tree)
}

/// The facts of a configuration.
fn described(config: &Value, tree: &BaseTree) -> LockedImage {
    let words = |name: &str| {
        let list = config.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let keys = |name: &str| {
        let object = config.get(name).and_then(Value::as_object).into_iter().flatten();
        let mut keys: Vec<String> = object.map(|(key, _)| key.clone()).collect();
        keys.sort();
        keys
    };
    let user = config.get("User").and_then(Value::as_str).filter(|user| !user.is_empty());
    LockedImage {
        digest: None,
        platforms: Vec::new(),
        user: user.map(|user| locked_user(user, tree)),
        entrypoint: words("Entrypoint"),
        command: words("Cmd"),
        ports: keys("ExposedPorts"),
        volumes: keys("Volumes").into_iter().map(|path| locked_volume(path, tree)).collect(),
        healthcheck: config.get("Healthcheck").and_then(health_check),
        shell: Some(tree.has_file("/bin/sh")),
    }
}

fn locked_user(name: &str, tree: &BaseTree) -> LockedUser {
    let (user, group) = name.split_once(':').map_or((name, None), |(user, group)| (user, Some(group)));
    let entry = tree.account(user);
    let uid = user.parse().ok().or(entry.map(|(uid, _)| uid));
    let gid = match group {
        Some(group) => group.parse().ok().or_else(|| tree.group(group)),
        // Without a group it is the user's own, and root's for a number that no account has.
        None => entry.map(|(_, gid)| gid).or_else(|| user.parse::<u32>().ok().map(|_| 0)),
    };
    LockedUser { name: name.to_owned(), uid, gid }
}

/// A volume with the owner of its folder; Docker makes a folder that is missing, for root.
fn locked_volume(path: String, tree: &BaseTree) -> (String, LockedVolume) {
    let place = tree.follow(&path).unwrap_or_default();
    let (uid, gid, mode) = match tree.get(&place) {
        Some(BaseEntry::Folder { owner, mode }) => (owner.user, owner.group, *mode),
        _ => (0, 0, 0o755),
    };
    (path, LockedVolume { uid, gid, mode: format!("{mode:04o}") })
}

fn health_check(check: &Value) -> Option<LockedHealthCheck> {
    let test: Vec<String> =
        check.get("Test")?.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let number = |name: &str| check.get(name).and_then(Value::as_u64).filter(|number| *number > 0);
    let duration = |name: &str| number(name).map(shown_duration);
    (!test.is_empty()).then(|| LockedHealthCheck {
        test,
        interval: duration("Interval"),
        timeout: duration("Timeout"),
        start_period: duration("StartPeriod"),
        retries: number("Retries").and_then(|number| u32::try_from(number).ok()),
    })
}

/// `30s`, or `1500ms` where it is no whole second.
fn shown_duration(nanoseconds: u64) -> String {
    match nanoseconds % SECOND {
        0 => format!("{}s", nanoseconds / SECOND),
        _ => format!("{}ms", nanoseconds / (SECOND / 1000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_configuration_is_read() {
        let config = json!({
            "User": "101", "Entrypoint": ["/start"], "Cmd": null, "ExposedPorts": { "80/tcp": {}, "443/tcp": {} },
            "Volumes": { "/data": {} },
            "Healthcheck": { "Test": ["CMD", "true"], "Interval": 30_000_000_000_u64, "Timeout": 1_500_000_000, "Retries": 0 },
        });
        let locked = described(&config, &BaseTree::default());
        assert_eq!(locked.user, Some(LockedUser { name: "101".into(), uid: Some(101), gid: Some(0) }));
        assert_eq!((locked.entrypoint, locked.command), (vec!["/start".to_owned()], vec![]));
        assert_eq!(locked.ports, ["443/tcp", "80/tcp"]);
        assert_eq!(locked.volumes["/data"], LockedVolume { uid: 0, gid: 0, mode: "0755".into() });
        let check = locked.healthcheck.unwrap();
        assert_eq!((check.interval.as_deref(), check.timeout.as_deref()), (Some("30s"), Some("1500ms")));
        assert_eq!((check.retries, locked.shell), (None, Some(false)));
    }
}
