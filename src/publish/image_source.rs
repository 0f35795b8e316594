//! Where the parts of an image are read from: a registry, or a directory on this machine.

use super::local_layout::LocalLayout;
use super::registry_client::{RegistryClient, RepositoryName, StoredManifest};
use crate::deploy::DeployFailure;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tempfile::NamedTempFile;
use tranship_images::{
    BlobDescriptor, ContentDigest, ImageDocuments, IndexEntry, ManifestDocument, ManifestPlatform,
};

/// A place that holds an image.
#[derive(Debug, Clone)]
pub(super) enum ImageSource {
    /// A repository of a registry.
    Registry {
        /// The registry.
        client: Rc<RegistryClient>,
        /// The repository.
        repository: RepositoryName,
    },
    /// A directory.
    Layout(LocalLayout),
}

/// A layer on this machine's disk.
#[derive(Debug)]
pub(super) enum LayerFile {
    /// A copy, deleted when dropped.
    Copy(NamedTempFile),
    /// A file of a layout.
    Own(PathBuf),
}

impl LayerFile {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        match self {
            LayerFile::Copy(file) => file.path(),
            LayerFile::Own(path) => path,
        }
    }
}

/// One image: of one platform, whole.
#[derive(Debug, Clone)]
pub(super) struct PlatformImage {
    /// What it is made for.
    pub(super) platform: ManifestPlatform,
    /// Its manifest and configuration.
    pub(super) documents: ImageDocuments,
    /// Its configuration, as the manifest names it.
    pub(super) config: BlobDescriptor,
    /// Its layers, the lowest first.
    pub(super) layers: Vec<BlobDescriptor>,
}

/// Which images of an index are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WantedPlatforms {
    /// The one that runs here.
    One(ManifestPlatform),
    /// All.
    All,
}

impl ImageSource {
    /// The repository, where it is one of a registry.
    pub(super) fn repository(&self) -> Option<&RepositoryName> {
        match self {
            ImageSource::Registry { repository, .. } => Some(repository),
            ImageSource::Layout(_) => None,
        }
    }

    /// The images of a manifest or an index.
    pub(super) async fn images(
        &self,
        root: &StoredManifest,
        shown: &str,
        wanted: &WantedPlatforms,
    ) -> Result<Vec<PlatformImage>, DeployFailure> {
        let unreadable =
            |error: tranship_images::ManifestError| DeployFailure::failed(format!("{shown}: {error}"));
        match ManifestDocument::parse(&root.bytes).map_err(unreadable)? {
            ManifestDocument::Image { .. } => {
                let image = self.image(root, shown).await?;
                match wanted {
                    WantedPlatforms::One(platform) if !platform.runs(&image.platform) => {
                        Err(unfit(shown, platform, &[image.platform]))
                    }
                    _ => Ok(vec![image]),
                }
            }
            ManifestDocument::Index(entries) => {
                let mut images = Vec::new();
                for entry in chosen(entries, shown, wanted)? {
                    let bytes = self.manifest(&entry.manifest.digest).await?;
                    let stored = StoredManifest { bytes, digest: entry.manifest.digest };
                    // The index knows the variant where the configuration does not say it.
                    images.push(PlatformImage {
                        platform: entry.platform,
                        ..self.image(&stored, shown).await?
                    });
                }
                Ok(images)
            }
        }
    }

    async fn image(&self, root: &StoredManifest, shown: &str) -> Result<PlatformImage, DeployFailure> {
        let unreadable = |error: String| DeployFailure::failed(format!("{shown}: {error}"));
        let document = ManifestDocument::parse(&root.bytes).map_err(|error| unreadable(error.to_string()))?;
        let ManifestDocument::Image { config, layers } = document else {
            return Err(unreadable(
                "an image index contains another index, which is not supported".to_owned(),
            ));
        };
        let documents =
            ImageDocuments { manifest: root.bytes.clone(), config: self.blob(&config.digest).await? };
        let platform = documents.platform();
        let platform =
            platform.ok_or_else(|| unreadable("the image does not name its platform".to_owned()))?;
        Ok(PlatformImage { platform, documents, config, layers })
    }

    async fn manifest(&self, digest: &ContentDigest) -> Result<Vec<u8>, DeployFailure> {
        match self {
            ImageSource::Layout(layout) => layout.blob(digest),
            ImageSource::Registry { client, repository } => {
                let found = client.manifest(repository, digest.as_str()).await?;
                let lost = || {
                    DeployFailure::failed(format!("{repository} is missing a manifest that its index lists"))
                };
                Ok(found.ok_or_else(lost)?.bytes)
            }
        }
    }

    /// A small blob.
    pub(super) async fn blob(&self, digest: &ContentDigest) -> Result<Vec<u8>, DeployFailure> {
        match self {
            ImageSource::Layout(layout) => layout.blob(digest),
            ImageSource::Registry { client, repository } => client.blob(repository, digest).await,
        }
    }

    /// A layer as a file.
    pub(super) async fn layer(
        &self,
        layer: &BlobDescriptor,
        folder: &Path,
    ) -> Result<LayerFile, DeployFailure> {
        match self {
            ImageSource::Layout(layout) => {
                Ok(LayerFile::Own(layout.layer(&layer.digest)?.into_std_path_buf()))
            }
            ImageSource::Registry { client, repository } => {
                Ok(LayerFile::Copy(client.blob_file(repository, layer, folder).await?))
            }
        }
    }
}

fn chosen(
    entries: Vec<IndexEntry>,
    shown: &str,
    wanted: &WantedPlatforms,
) -> Result<Vec<IndexEntry>, DeployFailure> {
    let WantedPlatforms::One(platform) = wanted else { return Ok(entries) };
    let exact = entries.iter().find(|entry| entry.platform == *platform);
    match exact.or_else(|| entries.iter().find(|entry| platform.runs(&entry.platform))) {
        Some(entry) => Ok(vec![entry.clone()]),
        None => Err(unfit(shown, platform, &entries.into_iter().map(|it| it.platform).collect::<Vec<_>>())),
    }
}

fn unfit(shown: &str, wanted: &ManifestPlatform, found: &[ManifestPlatform]) -> DeployFailure {
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    DeployFailure::failed(format!("{shown} is not available for {wanted}, only for {}", found.join(", ")))
        .help("set `platform` of the service to one of these, or use an image for the task's platform")
}
