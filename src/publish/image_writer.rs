//! Writes images to a repository, perhaps with a layer of files more.
//!
//! In: the images of a source. Out: the digest of what was written. Invariants: a blob that the repository has is not
//! sent; what the same registry has elsewhere is mounted; manifests come last, so that an interrupted run leaves
//! blobs that the next one finds, and nothing that can be pulled half.

use super::http::CallBody;
use super::image_source::{ImageSource, LayerFile, PlatformImage};
use super::registry_client::{RegistryClient, RepositoryName};
use crate::deploy::{DeployFailure, DeployProgress};
use std::fs::File;
use std::io::BufReader;
use std::rc::Rc;
use tempfile::TempDir;
use tranship_images::{
    BaseTree, BlobDescriptor, ContentDigest, FileLayer, LayerBlob, index_of, is_docker, open_layer,
};

/// A repository to write to.
#[derive(Debug, Clone)]
pub(super) struct ImageWriter {
    /// The registry.
    pub(super) client: Rc<RegistryClient>,
    /// The repository.
    pub(super) repository: RepositoryName,
}

/// What is written.
pub(super) struct ImageCopy<'a> {
    /// Where its parts are.
    pub(super) source: &'a ImageSource,
    /// The images, one for each platform.
    pub(super) images: Vec<PlatformImage>,
    /// What is added to each.
    pub(super) layer: Option<&'a FileLayer>,
    /// What it is, in words: `nginx:1.27`.
    pub(super) shown: &'a str,
}

impl ImageWriter {
    /// Writes images under a tag: one manifest for one platform, an index for several.
    pub(super) async fn write(
        &self,
        copy: ImageCopy<'_>,
        tag: &str,
        progress: &mut dyn DeployProgress,
    ) -> Result<ContentDigest, DeployFailure> {
        let folder = TempDir::new().map_err(|error| {
            DeployFailure::failed(format!("cannot create a temporary directory: {error}"))
        })?;
        let mut written = Vec::new();
        for image in &copy.images {
            let manifest = self.write_image(image, &copy, &folder, progress).await?;
            written.push((image.platform.clone(), manifest));
        }
        let root = match written.as_slice() {
            [(_, manifest)] => manifest.clone(),
            several => {
                for (_, manifest) in several {
                    let digest = ContentDigest::of(manifest);
                    self.client.put_manifest(&self.repository, digest.as_str(), manifest).await?;
                }
                let docker = several.first().is_some_and(|(_, manifest)| is_docker(manifest));
                let entries: Vec<_> =
                    several.iter().map(|(it, bytes)| (it.clone(), bytes.as_slice())).collect();
                index_of(docker, &entries)
            }
        };
        self.client.put_manifest(&self.repository, tag, &root).await?;
        Ok(ContentDigest::of(&root))
    }

    /// Writes everything that an image's manifest names; returns the manifest.
    async fn write_image(
        &self,
        image: &PlatformImage,
        copy: &ImageCopy<'_>,
        folder: &TempDir,
        progress: &mut dyn DeployProgress,
    ) -> Result<Vec<u8>, DeployFailure> {
        let Some(layer) = copy.layer else {
            for layer in &image.layers {
                self.transfer(layer, copy.source, None, folder).await?;
            }
            self.send(&image.config.digest, &image.documents.config).await?;
            return Ok(image.documents.manifest.clone());
        };
        let bytes: u64 = image.layers.iter().map(|layer| layer.size).sum();
        progress.message(&format!(
            "reading {} for {}: {} layers, {} MB",
            copy.shown,
            image.platform,
            image.layers.len(),
            bytes.div_ceil(1_000_000)
        ));
        let (mut tree, mut files) = (BaseTree::default(), Vec::new());
        for layer in &image.layers {
            let file = copy.source.layer(layer, folder.path()).await?;
            read_headers(&mut tree, &file, copy.shown)?;
            files.push(file);
        }
        let refused = |error: String| DeployFailure::failed(format!("{}: {error}", copy.shown));
        let added = LayerBlob::pack(layer, &tree).map_err(|error| refused(error.to_string()))?;
        let documents = image.documents.append(&added).map_err(|error| refused(error.to_string()))?;
        for (layer, file) in image.layers.iter().zip(files) {
            self.transfer(layer, copy.source, Some(file), folder).await?;
        }
        self.send(&added.digest, &added.bytes).await?;
        self.send(&ContentDigest::of(&documents.config), &documents.config).await?;
        Ok(documents.manifest)
    }

    /// Sends bytes that the repository lacks.
    async fn send(&self, digest: &ContentDigest, bytes: &[u8]) -> Result<(), DeployFailure> {
        if self.client.has_blob(&self.repository, digest).await? {
            return Ok(());
        }
        self.client.upload(&self.repository, digest, CallBody::Bytes(bytes.to_vec())).await
    }

    /// Brings a layer into the repository: it is there, or mounted, or sent.
    async fn transfer(
        &self,
        layer: &BlobDescriptor,
        source: &ImageSource,
        file: Option<LayerFile>,
        folder: &TempDir,
    ) -> Result<(), DeployFailure> {
        if layer.media_type.contains("foreign") || layer.media_type.contains("nondistributable") {
            return Err(DeployFailure::failed(
                "the image has a non-distributable layer, as Windows images do",
            ));
        }
        if self.client.has_blob(&self.repository, &layer.digest).await? {
            return Ok(());
        }
        let near = source.repository().filter(|other| other.host == self.repository.host);
        if let Some(other) = near.filter(|other| **other != self.repository)
            && self.client.mount_blob(&self.repository, &layer.digest, other).await?
        {
            return Ok(());
        }
        let file = match file {
            Some(file) => file,
            None => source.layer(layer, folder.path()).await?,
        };
        let body = CallBody::File(file.path().to_owned());
        self.client.upload(&self.repository, &layer.digest, body).await
    }
}

/// Adds what a layer has to a tree.
pub(super) fn read_headers(tree: &mut BaseTree, file: &LayerFile, shown: &str) -> Result<(), DeployFailure> {
    let mut read = || tree.add_layer(open_layer(BufReader::new(File::open(file.path())?))?);
    read().map_err(|error| DeployFailure::failed(format!("a layer of {shown} cannot be read: {error}")))
}
