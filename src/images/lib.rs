//! Container images that exist in no registry yet: what is built, and what is derived from an image by adding files.
//! A leaf.
//!
//! In: what a service runs and the files that its image lacks. Out: an [`ImageRecipe`], which a target turns into a
//! Dockerfile among its artifacts, and `publish` into an image in a registry. Invariant: a recipe is data; the same
//! recipe gives the same bytes everywhere, and nothing in it is secret. What images say about themselves is in an
//! [`ImageLock`].

mod base_tree;
mod digest;
mod docker_ignore;
mod dockerfile;
mod final_stage;
mod image_lock;
mod layer_blob;
mod layer_reader;
mod manifest;
mod manifest_platform;
mod recipe;
mod repository_path;

pub use base_tree::{BaseEntry, BaseTree, LinkCircle};
pub use digest::{ContentDigest, DigestWriter};
pub use docker_ignore::DockerIgnore;
pub use dockerfile::ContextFile;
pub use final_stage::FinalStage;
pub use image_lock::{
    ImageLock, LOCK_FILE, LockError, LockedHealthCheck, LockedImage, LockedUser, LockedVolume,
};
pub use layer_blob::{LayerBlob, LayerError};
pub use layer_reader::open_layer;
pub use manifest::{
    BlobDescriptor, ImageDocuments, IndexEntry, MANIFEST_TYPES, ManifestDocument, ManifestError, index_of,
    is_docker, media_type,
};
pub use manifest_platform::ManifestPlatform;
pub use recipe::{BaseImage, BuildRequest, FileLayer, FileOwner, ImageRecipe, LayerEntry};
pub use repository_path::repository_path;
