//! An image in a directory, as builders export it: an OCI image layout.
//!
//! In: a directory with `oci-layout`, `index.json` and `blobs/`. Out: manifests and blobs, each checked against its
//! digest. Source: OCI image specification, "Image Layout".

use super::registry_client::StoredManifest;
use crate::deploy::DeployFailure;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use tranship_images::{ContentDigest, DigestWriter};

/// The annotation that holds a tag.
const REFERENCE: &str = "org.opencontainers.image.ref.name";

/// An image layout on disk.
#[derive(Debug, Clone)]
pub(super) struct LocalLayout {
    directory: Utf8PathBuf,
}

impl LocalLayout {
    /// The layout in a directory.
    pub(super) fn new(directory: &Utf8Path) -> LocalLayout {
        LocalLayout { directory: directory.to_owned() }
    }

    /// The manifest or index of a tag; of the only image where no tag is given.
    pub(super) fn root(&self, tag: Option<&str>) -> Result<StoredManifest, DeployFailure> {
        let bytes = self.read("index.json")?;
        let index: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let entries = index.get("manifests").and_then(Value::as_array).cloned().unwrap_or_default();
        let named = |entry: &&Value| {
            let name = entry.get("annotations").and_then(|it| it.get(REFERENCE)).and_then(Value::as_str);
            tag.is_none_or(|tag| name == Some(tag))
        };
        let found: Vec<&Value> = entries.iter().filter(named).collect();
        let digest = match found.as_slice() {
            [entry] => entry.get("digest").and_then(Value::as_str).and_then(ContentDigest::parse),
            [] => return Err(self.failure("contains no such image")),
            _ => return Err(self.failure("holds several images").help("name one: `oci:DIRECTORY:TAG`")),
        };
        let digest = digest.ok_or_else(|| self.failure("names an image without a SHA-256 digest"))?;
        Ok(StoredManifest { bytes: self.blob(&digest)?, digest })
    }

    /// A small blob.
    pub(super) fn blob(&self, digest: &ContentDigest) -> Result<Vec<u8>, DeployFailure> {
        let bytes = self.read(&format!("blobs/sha256/{}", digest.hex()))?;
        if ContentDigest::of(&bytes) == *digest { Ok(bytes) } else { Err(self.altered(digest)) }
    }

    /// The file of a layer, which may be larger than the memory.
    pub(super) fn layer(&self, digest: &ContentDigest) -> Result<Utf8PathBuf, DeployFailure> {
        let path = self.directory.join("blobs/sha256").join(digest.hex());
        let mut found = DigestWriter::default();
        let read = std::fs::File::open(&path).and_then(|mut file| std::io::copy(&mut file, &mut found));
        read.map_err(|error| self.failure(&format!("has no readable layer {}: {error}", digest.short())))?;
        if found.finish() == *digest { Ok(path) } else { Err(self.altered(digest)) }
    }

    fn altered(&self, digest: &ContentDigest) -> DeployFailure {
        self.failure(&format!("does not match its digest {}", digest.short()))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, DeployFailure> {
        std::fs::read(self.directory.join(path))
            .map_err(|error| self.failure(&format!("has no readable `{path}`: {error}")))
    }

    fn failure(&self, what: &str) -> DeployFailure {
        DeployFailure::failed(format!("the image layout `{}` {what}", self.directory))
    }
}
