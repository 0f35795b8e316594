//! The manifest, read into types once: what the keys say, and nothing of what follows from them.
//!
//! In: a sealed [`Manifest`] and the variables that stay open. Out: a [`ComposeDocument`]: every service, skipped
//! and replaced ones too, volumes, secrets, configs, each value with its node. All inference works on it, so no
//! other room looks into the tree. Invariant: reading has no effects; what must be reported or claimed is in the
//! [`ReadFindings`] beside the value, for the one who uses it.

mod container_files;
mod device_requests;
mod entry_names;
mod extension_fields;
mod health_check;
mod image_build;
mod kernel_settings;
mod leaves;
mod mounts;
mod ports;
mod reader;
mod resources;
mod service;
mod start_hooks;

pub(crate) use entry_names::entry_names;
pub(crate) use leaves::TreeLeaf;
pub(crate) use reader::{LateBoundNames, ReadFindings, open_text, scalar};

use crate::{At, ContainerSpec, ManifestName, ResourceRequests, SecretSource, ServiceDependency};
use extension_fields::ExtensionFields;
use indexmap::IndexMap;
use reader::DocumentReader;
pub(crate) use start_hooks::StartHook;
use tranship_frontend::compose::Manifest;
use tranship_frontend::source::{Origin, Sources};
use tranship_frontend::world::World;
use tranship_frontend::yaml::{Mapping, MappingEntry, Node, NodeId};

/// A Compose file set as types.
#[derive(Debug)]
pub(crate) struct ComposeDocument {
    /// `name`.
    pub(crate) project_name: Option<At<()>>,
    /// The whole section `services`.
    pub(crate) services_section: Option<At<()>>,
    /// Every service of an active profile.
    pub(crate) services: IndexMap<ManifestName, ComposeService>,
    /// The named volumes.
    pub(crate) volumes: IndexMap<ManifestName, ComposeVolume>,
    /// `secrets`.
    pub(crate) secrets: IndexMap<ManifestName, ComposeFile>,
    /// `configs`.
    pub(crate) configs: IndexMap<ManifestName, ComposeFile>,
    /// `x-` keys of other tools, and misplaced ones.
    pub(crate) extension_fields: ExtensionFields,
}

/// A value, and what has to be reported and claimed when it is used.
#[derive(Debug)]
pub(crate) struct DocumentReading<T> {
    /// The value.
    pub(crate) value: T,
    /// What reading it found.
    pub(crate) findings: ReadFindings,
}

/// A service as it is written.
#[derive(Debug)]
pub(crate) struct ComposeService {
    /// Its name.
    pub(crate) name: ManifestName,
    /// What it runs, and how.
    pub(crate) description: DocumentReading<ServiceDescription>,
    /// Names under which Docker's own DNS knows the container; its own is the first.
    pub(crate) host_names: DocumentReading<Vec<At<ManifestName>>>,
    /// `networks`.
    pub(crate) networks: Vec<NetworkAttachment>,
    /// `links`.
    pub(crate) links: Vec<ServiceLink>,
    /// `provider.type`: a plug-in of Docker Compose, which counts more than an image.
    pub(crate) provider: Option<At<String>>,
    /// `profiles`.
    pub(crate) profiles: Option<At<()>>,
    /// `extends`, which Docker Compose leaves in place where the service that it names is empty.
    pub(crate) empty_base: Option<At<()>>,
    /// Its mapping.
    pub(crate) node: NodeId,
    /// Where its name stands.
    pub(crate) origin: Origin,
}

/// What a service runs, and how.
#[derive(Debug)]
pub(crate) struct ServiceDescription {
    /// The container.
    pub(crate) container: ContainerSpec,
    /// `depends_on`.
    pub(crate) dependencies: Vec<ServiceDependency>,
    /// `deploy.replicas` or `scale`.
    pub(crate) replicas: Option<At<u32>>,
    /// `deploy.mode`.
    pub(crate) mode: Option<At<String>>,
    /// CPU and memory.
    pub(crate) resources: ResourceRequests,
    /// `deploy.update_config.order`.
    pub(crate) stop_first: Option<At<bool>>,
    /// `pre_start`.
    pub(crate) start_hooks: Vec<StartHook>,
}

/// A network that a service joins.
#[derive(Debug)]
pub(crate) struct NetworkAttachment {
    /// The network.
    pub(crate) network: ManifestName,
    /// Further names of the service in it.
    pub(crate) aliases: Vec<At<String>>,
}

/// A link to another service.
#[derive(Debug)]
pub(crate) struct ServiceLink {
    /// The other service.
    pub(crate) service: ManifestName,
    /// What this one calls it.
    pub(crate) alias: ManifestName,
}

/// An entry of `volumes`.
#[derive(Debug)]
pub(crate) struct ComposeVolume {
    /// The name of one that exists already.
    pub(crate) external: Option<At<String>>,
    /// `driver`.
    pub(crate) driver: Option<At<String>>,
    /// `driver_opts`.
    pub(crate) options: Vec<(String, At<String>)>,
    /// What only Docker can give: `external`, a driver other than `local`, its options.
    pub(crate) foreign: Vec<NodeId>,
    /// Where the first of these stands.
    pub(crate) foreign_at: Option<Origin>,
    /// Its mapping.
    pub(crate) node: NodeId,
    /// Where it is declared.
    pub(crate) origin: Origin,
}

/// An entry of `secrets` or `configs`.
#[derive(Debug)]
pub(crate) struct ComposeFile {
    /// Where its value comes from, where the entry says it.
    pub(crate) source: DocumentReading<Option<SecretSource>>,
    /// Its mapping.
    pub(crate) node: NodeId,
    /// Where it is declared.
    pub(crate) origin: Origin,
}

impl ComposeDocument {
    /// Reads a manifest; `late` are the variables that stay open in texts.
    pub(crate) fn read(
        manifest: &Manifest,
        sources: &Sources,
        world: &dyn World,
        late: &LateBoundNames,
    ) -> Self {
        let mut reader =
            DocumentReader { manifest, sources, world, late, exposed: 0, findings: ReadFindings::default() };
        let whole = |key| manifest.root.get(key).map(|node| At::of(node, ()));
        ComposeDocument {
            project_name: whole("name"),
            services_section: whole("services"),
            services: section(manifest, "services", |entry| reader.service(entry)),
            volumes: section(manifest, "volumes", resources::volume),
            secrets: section(manifest, "secrets", |entry| reader.file(entry)),
            configs: section(manifest, "configs", |entry| reader.file(entry)),
            extension_fields: ExtensionFields::of(manifest),
        }
    }
}

fn section<T>(
    manifest: &Manifest,
    key: &str,
    mut read: impl FnMut(&MappingEntry) -> T,
) -> IndexMap<ManifestName, T> {
    let entries = manifest.root.get(key).and_then(Node::as_mapping);
    let mut section = IndexMap::with_capacity(entries.map_or(0, Mapping::len));
    section.extend(entries.into_iter().flatten().map(|entry| (entry.key.text.clone(), read(entry))));
    section
}

/// Where an entry's name stands, else its value.
fn entry_origin(entry: &MappingEntry) -> Origin {
    if entry.key.origin == Origin::NOWHERE { entry.value.origin } else { entry.key.origin }
}
