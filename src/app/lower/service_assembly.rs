//! A service of the application from what the document says of it, before anything is inferred.

use super::{Lowering, flat_text};
use crate::document::ComposeService;
use crate::extension::{KEY, one_or_more, setting_number, setting_text};
use crate::{At, Container, Image, Permission, Role, Scaling, Service};
use tranship_facts::ports::data_store_on;
use tranship_facts::{DataStoreKind, KnownImage};
use tranship_frontend::yaml::Node;

impl Lowering<'_> {
    /// The service that a Compose service becomes; reports and claims what reading it found.
    pub(super) fn assemble(&mut self, given: &ComposeService) -> Service {
        self.adopt(&given.host_names.findings);
        self.adopt(&given.description.findings);
        let description = &given.description.value;
        let settings = self.manifest.root.at(&["services", &given.name, KEY]);
        Service {
            name: given.name.clone(),
            node: given.node,
            origin: given.origin,
            role: Role::Service,
            container: description.container.clone(),
            dependencies: description.dependencies.clone(),
            replicas: description.replicas.clone(),
            scaling: settings.and_then(|node| node.get("scale")).and_then(scaling),
            resources: description.resources.clone(),
            permissions: self.permissions(settings),
            data_store: data_store(&description.container),
            stop_first: description.stop_first.clone(),
            external: Vec::new(),
            host_names: given.host_names.value.clone(),
        }
    }

    fn permissions(&mut self, settings: Option<&Node>) -> Vec<Permission> {
        let items = settings.and_then(|node| node.get("permissions")).and_then(Node::as_sequence);
        let mut permissions = Vec::new();
        for item in items.unwrap_or_default() {
            let (Some(actions), Some(resources)) = (item.get("actions"), item.get("resources")) else {
                continue;
            };
            let texts =
                |node| one_or_more(node).iter().filter_map(|one| Some(At::of(one, setting_text(one)?)));
            permissions.push(Permission {
                actions: texts(actions).map(|action| action.map(|action| action.to_string())).collect(),
                resources: texts(resources).map(|arn| self.open_text(&arn)).collect(),
                node: item.id,
                origin: item.origin,
            });
        }
        permissions
    }
}

fn scaling(node: &Node) -> Option<Scaling> {
    Some(Scaling {
        min: setting_number(node.get("min")?)?,
        max: setting_number(node.get("max")?)?,
        cpu: node.get("cpu").and_then(setting_number),
        memory: node.get("memory").and_then(setting_number),
    })
}

/// What data a container keeps, by its image, else by a port that only data stores have.
fn data_store(container: &Container) -> Option<DataStoreKind> {
    let image = match &container.image {
        Image::Named(text) => flat_text::shown(text),
        Image::Built { .. } => String::new(),
    };
    match KnownImage::find(&image) {
        Some(known) => known.data_store(),
        None => container.ports.iter().find_map(|port| data_store_on(port.container.value)),
    }
}
