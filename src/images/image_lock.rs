//! What only images know, kept beside the manifest: `tranship.lock`.
//!
//! In: the text of the file. Out: a [`LockedImage`] for a reference, and back. Invariants: compiling reads the file and
//! no registry; the same facts give the same text, sorted, so that a change of an image is a change that people review.

use crate::digest::ContentDigest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of the file, in the project's directory.
pub const LOCK_FILE: &str = "tranship.lock";

/// The version of the format.
const VERSION: u32 = 1;

/// What the file says first.
const HEAD: &str = "# Facts about the images of the manifest. `tranship lock` reads it from their registries; commit this file.\n";

/// What is known of images, by the references that the manifest has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageLock {
    /// By reference: `nginx:1.27`.
    pub images: BTreeMap<String, LockedImage>,
}

/// What an image says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedImage {
    /// The digest of its manifest or index.
    #[serde(with = "digest_text")]
    pub digest: Option<ContentDigest>,
    /// The platforms that it is made for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
    /// Whom its process runs as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<LockedUser>,
    /// `ENTRYPOINT`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// `CMD`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// `EXPOSE`: `80/tcp`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<String>,
    /// `VOLUME`, with the folder that the image has there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, LockedVolume>,
    /// `HEALTHCHECK`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<LockedHealthCheck>,
    /// Whether it has `/bin/sh`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<bool>,
}

/// `USER` of an image, as it stands there and in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedUser {
    /// As the image has it: `node`, `101:101`.
    pub name: String,
    /// The user; missing where the image does not say who that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
}

/// A folder that an image declares as a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedVolume {
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permission bits, in octal: `0755`.
    pub mode: String,
}

/// `HEALTHCHECK` of an image. Durations are as Compose has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedHealthCheck {
    /// `CMD-SHELL` or `CMD`, and what follows.
    pub test: Vec<String>,
    /// `30s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// `5s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// `10s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_period: Option<String>,
    /// How often it may fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
}

/// Why a lock file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// It is not what `tranship lock` writes.
    #[error("{reason}")]
    Unreadable {
        /// What is wrong with it. No value of the file is quoted: what an image says of itself may be a secret.
        reason: String,
        /// The line, from 1.
        line: usize,
    },
    /// Another version of Tranship wrote it.
    #[error("version {0} of the lock file is unknown to this version of Tranship")]
    Version(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockFile {
    version: u32,
    images: BTreeMap<String, LockedImage>,
}

/// Keys of the file, which its errors may name.
const KEYS: &[&str] = &[
    "version",
    "images",
    "digest",
    "platforms",
    "user",
    "entrypoint",
    "command",
    "ports",
    "volumes",
    "healthcheck",
    "shell",
    "name",
    "uid",
    "gid",
    "mode",
    "test",
    "interval",
    "timeout",
    "start_period",
    "retries",
];

/// An error of the parser, without the values that it quotes.
fn unreadable(error: &serde_yaml::Error) -> LockError {
    let line = error.location().map_or(1, |location| location.line().max(1));
    let text = error.to_string();
    let mut reason = String::new();
    let mut rest = text.as_str();
    while let Some((before, quote, after)) =
        rest.find(['`', '"']).and_then(|at| Some((rest.get(..at)?, rest.get(at..=at)?, rest.get(at + 1..)?)))
    {
        let (quoted, behind) = after
            .rsplit_once(quote)
            .filter(|_| quote == "\"")
            .or_else(|| after.split_once(quote))
            .unwrap_or((after, ""));
        reason.push_str(before);
        match KEYS.contains(&quoted) {
            true => reason.push_str(&format!("`{quoted}`")),
            false => reason.push_str("a value"),
        }
        rest = behind;
    }
    reason.push_str(rest);
    LockError::Unreadable { reason, line }
}

impl ImageLock {
    /// Reads a lock file.
    ///
    /// # Errors
    /// It has another form or another version.
    pub fn parse(text: &str) -> Result<ImageLock, LockError> {
        let value: serde_yaml::Value = serde_yaml::from_str(text).map_err(|error| unreadable(&error))?;
        let version = value.get("version").and_then(serde_yaml::Value::as_u64);
        match version.and_then(|version| u32::try_from(version).ok()) {
            Some(VERSION) => {}
            Some(other) => return Err(LockError::Version(other)),
            None => return Err(LockError::Unreadable { reason: "`version` is missing".to_owned(), line: 1 }),
        }
        let file: LockFile = serde_yaml::from_value(value).map_err(|error| unreadable(&error))?;
        Ok(ImageLock { images: file.images })
    }

    /// The text of the lock file.
    ///
    /// # Errors
    /// Something in it cannot be written as YAML.
    pub fn text(&self) -> Result<String, LockError> {
        let file = LockFile { version: VERSION, images: self.images.clone() };
        let text = serde_yaml::to_string(&file).map_err(|error| unreadable(&error))?;
        Ok(format!("{HEAD}{text}"))
    }

    /// What is known of a reference.
    pub fn get(&self, reference: &str) -> Option<&LockedImage> {
        self.images.get(reference)
    }
}

/// A digest as text; none is `null`, which no lock file has.
mod digest_text {
    use crate::digest::ContentDigest;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        digest: &Option<ContentDigest>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match digest {
            Some(digest) => serializer.serialize_str(digest.as_str()),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<ContentDigest>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digest = ContentDigest::parse(&text);
        digest.map(Some).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no digest")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# Facts about the images of the manifest. `tranship lock` reads it from their registries; commit this file.
version: 1
images:
  nginx:1.27:
    digest: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    platforms:
    - linux/amd64
    entrypoint:
    - /docker-entrypoint.sh
    ports:
    - 80/tcp
    volumes:
      /data:
        uid: 999
        gid: 999
        mode: '0755'
    healthcheck:
      test:
      - CMD-SHELL
      - wget -q localhost
      interval: 30s
    shell: true
";

    #[test]
    fn a_lock_file_is_written_as_it_is_read() {
        let lock = ImageLock::parse(TEXT).unwrap();
        let nginx = lock.get("nginx:1.27").unwrap();
        assert_eq!((nginx.ports.as_slice(), nginx.shell), (["80/tcp".to_owned()].as_slice(), Some(true)));
        assert_eq!(nginx.volumes["/data"].uid, 999);
        assert_eq!(lock.text().unwrap(), TEXT);
        assert_eq!(lock.get("nginx"), None);
    }

    #[test]
    fn what_is_no_lock_file_is_refused() {
        for (text, error) in [
            ("version: 2\nimages: {}\n", "version 2 of the lock file is unknown to this version of Tranship"),
            ("images: {}\n", "`version` is missing"),
            ("", "`version` is missing"),
        ] {
            assert_eq!(ImageLock::parse(text).unwrap_err().to_string(), error);
        }
        for (text, line) in [
            ("version: 1\nimages:\n  a: { digest: walnut-7 }\n", 1),
            ("version: 1\nimages:\n  a: { walnut-7: x }\n", 1),
            ("version: 1\nimages:\n  a: { digest: null, ports: walnut-7 }\n", 1),
            ("version: 1\nimages:\n  a: { digest: null, shell: 'walnut-7 \"x\" `y`' }\n", 1),
            ("version: 1\nimages:\n  a: 'walnut-7\n", 4),
            ("version: 1\nwalnut-7\n", 3),
        ] {
            let LockError::Unreadable { reason, line: at } = ImageLock::parse(text).unwrap_err() else {
                panic!()
            };
            assert!(!reason.contains("walnut") && !reason.contains("`y`"), "{reason}");
            assert_eq!(at, line, "{text}: {reason}");
        }
        for text in [
            "version: 1\nimages:\n  a: { digest: 'sha256:1' }\n",
            "version: 1\nimages:\n  a: { digst: x }\n",
            "version: 1\n",
            "[",
        ] {
            assert!(ImageLock::parse(text).is_err(), "{text}");
        }
    }
}
