//! What a registry stores of an image beside its layers: manifests, indexes and configurations.
//!
//! In: their bytes. Out: what they name, and the bytes of the manifest and the configuration with a layer more.
//! Invariant: whatever is not understood stays as it is. Sources: OCI image specification, "Image Manifest",
//! "Image Index", "Image Configuration"; Docker, "Image Manifest Version 2, Schema 2".

use crate::digest::ContentDigest;
use crate::layer_blob::LayerBlob;
use crate::manifest_platform::ManifestPlatform;
use serde_json::{Map, Value, json};

/// Media types of manifests and indexes, for the request of one.
pub const MANIFEST_TYPES: &[&str] = &[OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_INDEX];

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// When an added layer was made, as the history of an image has it: bytes must not depend on a clock.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// Why a manifest cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is no manifest, or one of a format that nothing writes any more.
    #[error("the registry's answer is no image manifest of OCI or of Docker's schema 2")]
    Unreadable,
    /// It describes something else, such as a chart.
    #[error("this is no container image but an artifact of type `{0}`")]
    Artifact(String),
    /// A field that every image has is missing or has another type.
    #[error("the image's {0} is incomplete: `{1}` is missing")]
    Missing(&'static str, &'static str),
}

/// A blob that a manifest names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobDescriptor {
    /// Its type.
    pub media_type: String,
    /// Its digest.
    pub digest: ContentDigest,
    /// Its size in bytes.
    pub size: u64,
}

/// An image of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// Its manifest.
    pub manifest: BlobDescriptor,
    /// What it is for.
    pub platform: ManifestPlatform,
}

/// A manifest or an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestDocument {
    /// One image.
    Image {
        /// Its configuration.
        config: BlobDescriptor,
        /// Its layers, the lowest first.
        layers: Vec<BlobDescriptor>,
    },
    /// Images for several platforms. Attestations and other entries that are no images are not among them.
    Index(Vec<IndexEntry>),
}

impl ManifestDocument {
    /// Reads a manifest or an index.
    ///
    /// # Errors
    /// It is neither, or incomplete.
    pub fn parse(bytes: &[u8]) -> Result<ManifestDocument, ManifestError> {
        let value: Value = serde_json::from_slice(bytes).map_err(|_| ManifestError::Unreadable)?;
        if value.get("schemaVersion").and_then(Value::as_u64) != Some(2) {
            return Err(ManifestError::Unreadable);
        }
        if let Some(entries) = value.get("manifests").and_then(Value::as_array) {
            return Ok(ManifestDocument::Index(entries.iter().filter_map(index_entry).collect()));
        }
        let config = value.get("config").and_then(descriptor);
        let config = config.ok_or(ManifestError::Missing("manifest", "config"))?;
        if !config.media_type.contains("image") && !config.media_type.contains("octet-stream") {
            return Err(ManifestError::Artifact(config.media_type));
        }
        let layers = value.get("layers").and_then(Value::as_array);
        let layers = layers.ok_or(ManifestError::Missing("manifest", "layers"))?;
        let layers: Option<Vec<BlobDescriptor>> = layers.iter().map(descriptor).collect();
        let layers = layers.ok_or(ManifestError::Missing("manifest", "layers"))?;
        Ok(ManifestDocument::Image { config, layers })
    }
}

fn descriptor(value: &Value) -> Option<BlobDescriptor> {
    Some(BlobDescriptor {
        media_type: value.get("mediaType").and_then(Value::as_str).unwrap_or_default().to_owned(),
        digest: ContentDigest::parse(value.get("digest")?.as_str()?)?,
        size: value.get("size")?.as_u64()?,
    })
}

/// An entry that is an image: attestations have the platform `unknown/unknown`.
fn index_entry(value: &Value) -> Option<IndexEntry> {
    let platform = value.get("platform")?;
    let field = |name: &str| platform.get(name).and_then(Value::as_str);
    let (os, architecture) = (field("os")?, field("architecture")?);
    let annotations = value.get("annotations").and_then(Value::as_object);
    let refers = annotations.is_some_and(|all| all.contains_key("vnd.docker.reference.type"));
    if os == "unknown" || refers {
        return None;
    }
    let platform = ManifestPlatform::new(os, architecture, field("variant"));
    Some(IndexEntry { manifest: descriptor(value)?, platform })
}

/// The media type of a manifest by its own words; what an old OCI manifest leaves out follows from its content.
pub fn media_type(bytes: &[u8]) -> &'static str {
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let index = value.get("manifests").is_some();
    let own = value.get("mediaType").and_then(Value::as_str).unwrap_or_default();
    match (own.contains("docker"), index) {
        (true, true) => DOCKER_INDEX,
        (true, false) => DOCKER_MANIFEST,
        (false, true) => OCI_INDEX,
        (false, false) => OCI_MANIFEST,
    }
}

/// A manifest and its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDocuments {
    /// The manifest.
    pub manifest: Vec<u8>,
    /// The configuration.
    pub config: Vec<u8>,
}

impl ImageDocuments {
    /// The same image with one layer more. Media types follow the manifest's.
    ///
    /// # Errors
    /// The manifest or the configuration lacks what every image has.
    pub fn append(&self, layer: &LayerBlob) -> Result<ImageDocuments, ManifestError> {
        let config = appended_config(&self.config, layer)?;
        let docker = media_type(&self.manifest) == DOCKER_MANIFEST;
        let mut manifest = object(&self.manifest, "manifest")?;
        let entry = manifest.get_mut("config").and_then(Value::as_object_mut);
        let entry = entry.ok_or(ManifestError::Missing("manifest", "config"))?;
        entry.insert("size".to_owned(), config.len().into());
        entry.insert("digest".to_owned(), ContentDigest::of(&config).as_str().into());
        let layers = manifest.get_mut("layers").and_then(Value::as_array_mut);
        layers.ok_or(ManifestError::Missing("manifest", "layers"))?.push(json!({
            "mediaType": if docker { DOCKER_LAYER } else { OCI_LAYER },
            "size": layer.bytes.len(),
            "digest": layer.digest.as_str(),
        }));
        Ok(ImageDocuments { manifest: bytes(manifest), config })
    }

    /// The platform that the configuration names.
    pub fn platform(&self) -> Option<ManifestPlatform> {
        let value: Value = serde_json::from_slice(&self.config).ok()?;
        let field = |name: &str| value.get(name).and_then(Value::as_str);
        Some(ManifestPlatform::new(field("os")?, field("architecture")?, field("variant")))
    }
}

fn appended_config(config: &[u8], layer: &LayerBlob) -> Result<Vec<u8>, ManifestError> {
    let mut config = object(config, "configuration")?;
    let ids = config.get_mut("rootfs").and_then(|it| it.get_mut("diff_ids")).and_then(Value::as_array_mut);
    let ids = ids.ok_or(ManifestError::Missing("configuration", "rootfs.diff_ids"))?;
    ids.push(layer.diff_id.as_str().into());
    // An image without history has none of its other layers either: an entry alone would be wrong.
    if let Some(history) = config.get_mut("history").and_then(Value::as_array_mut) {
        history.push(json!({ "created": NO_TIME, "created_by": "tranship publish" }));
    }
    Ok(bytes(config))
}

/// An index of images, of the same kind as the one it stands for.
pub fn index_of(docker: bool, entries: &[(ManifestPlatform, &[u8])]) -> Vec<u8> {
    let (own, each) = if docker { (DOCKER_INDEX, DOCKER_MANIFEST) } else { (OCI_INDEX, OCI_MANIFEST) };
    let manifests: Vec<Value> = entries
        .iter()
        .map(|(platform, manifest)| {
            let mut described = json!({ "architecture": platform.architecture, "os": platform.os });
            if let (Some(variant), Some(described)) = (&platform.variant, described.as_object_mut()) {
                described.insert("variant".to_owned(), variant.as_str().into());
            }
            json!({
                "mediaType": each,
                "size": manifest.len(),
                "digest": ContentDigest::of(manifest).as_str(),
                "platform": described,
            })
        })
        .collect();
    json!({ "schemaVersion": 2, "mediaType": own, "manifests": manifests }).to_string().into_bytes()
}

/// Whether an index or a manifest is of Docker's kind, not of OCI's.
pub fn is_docker(bytes: &[u8]) -> bool {
    matches!(media_type(bytes), DOCKER_INDEX | DOCKER_MANIFEST)
}

fn object(bytes: &[u8], what: &'static str) -> Result<Map<String, Value>, ManifestError> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(ManifestError::Missing(what, "{}")),
    }
}

fn bytes(object: Map<String, Value>) -> Vec<u8> {
    Value::Object(object).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BaseTree, FileLayer};

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn layer() -> LayerBlob {
        LayerBlob::pack(&FileLayer::default(), &BaseTree::default()).unwrap()
    }

    fn documents(media: &str, config: Value) -> ImageDocuments {
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": media,
            "config": { "mediaType": "application/vnd.docker.container.image.v1+json", "size": 2, "digest": DIGEST },
            "layers": [{ "mediaType": "x", "size": 3, "digest": DIGEST, "urls": [] }],
            "annotations": { "kept": "yes" },
        });
        ImageDocuments {
            manifest: manifest.to_string().into_bytes(),
            config: config.to_string().into_bytes(),
        }
    }

    #[test]
    fn a_layer_is_appended_in_the_images_own_words() {
        let config = json!({
            "os": "linux", "architecture": "arm64", "variant": "v8", "future": [1],
            "rootfs": { "type": "layers", "diff_ids": [DIGEST] },
            "history": [{ "created_by": "x" }],
        });
        for (media, added) in [(DOCKER_MANIFEST, DOCKER_LAYER), (OCI_MANIFEST, OCI_LAYER)] {
            let appended = documents(media, config.clone()).append(&layer()).unwrap();
            let manifest: Value = serde_json::from_slice(&appended.manifest).unwrap();
            let new: Value = serde_json::from_slice(&appended.config).unwrap();
            assert_eq!(manifest["layers"][1]["mediaType"], added);
            assert_eq!(manifest["layers"][1]["digest"], layer().digest.as_str());
            assert_eq!(manifest["config"]["digest"], ContentDigest::of(&appended.config).as_str());
            assert_eq!(manifest["config"]["size"], appended.config.len());
            assert_eq!(manifest["annotations"]["kept"], "yes");
            assert_eq!(new["rootfs"]["diff_ids"], json!([DIGEST, layer().diff_id.as_str()]));
            assert_eq!((new["history"].as_array().unwrap().len(), &new["future"]), (2, &json!([1])));
            assert_eq!(appended.platform(), ManifestPlatform::parse("linux/arm64"));
        }
    }

    #[test]
    fn what_is_incomplete_is_said() {
        let missing = documents(OCI_MANIFEST, json!({})).append(&layer());
        assert_eq!(missing, Err(ManifestError::Missing("configuration", "rootfs.diff_ids")));
        for (text, error) in [
            ("<html>", ManifestError::Unreadable),
            (r#"{"schemaVersion":1,"fsLayers":[]}"#, ManifestError::Unreadable),
            (r#"{"schemaVersion":2}"#, ManifestError::Missing("manifest", "config")),
        ] {
            assert_eq!(ManifestDocument::parse(text.as_bytes()), Err(error), "{text}");
        }
        let chart = json!({ "schemaVersion": 2, "config": {
            "mediaType": "application/vnd.cncf.helm.config.v1+json", "size": 1, "digest": DIGEST } });
        let found = ManifestDocument::parse(chart.to_string().as_bytes());
        assert_eq!(found, Err(ManifestError::Artifact("application/vnd.cncf.helm.config.v1+json".into())));
    }

    #[test]
    fn attestations_are_no_images() {
        let entry = |os: &str, architecture: &str, annotations: Value| {
            json!({ "mediaType": OCI_MANIFEST, "size": 1, "digest": DIGEST, "annotations": annotations,
                    "platform": { "os": os, "architecture": architecture } })
        };
        let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
            entry("linux", "amd64", json!({})),
            entry("unknown", "unknown", json!({ "vnd.docker.reference.type": "attestation-manifest" })),
            entry("linux", "arm64", json!({ "org.opencontainers.image.ref.name": "x" })),
        ]});
        let ManifestDocument::Index(entries) = ManifestDocument::parse(index.to_string().as_bytes()).unwrap()
        else {
            panic!("an index")
        };
        let platforms: Vec<String> = entries.iter().map(|entry| entry.platform.to_string()).collect();
        assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
        let written = index_of(false, &[(entries[1].platform.clone(), b"{}".as_slice())]);
        assert!(!is_docker(&written));
        let ManifestDocument::Index(again) = ManifestDocument::parse(&written).unwrap() else {
            panic!("an index")
        };
        assert_eq!((again.len(), &again[0].platform), (1, &entries[1].platform));
    }
}
