//! A service of the application from what the document says of it, before anything is inferred.

use super::{LoweringContext, flat_text};
use crate::document::ComposeService;
use crate::settings::{ScaleSettings, ServiceSettings, WholeNumber};
use crate::{
    AppService, At, BehaviourEffect, ContainerImage, ContainerSpec, HealthCheck, HealthTiming, ImageCheck,
    RolePermission, ScalingTargets, ServiceEgress, ServiceRole,
};
use std::sync::Arc;
use tranship_facts::ports::data_store_on;
use tranship_facts::{DataStoreKind, KnownImage};

impl LoweringContext<'_> {
    /// The service that a Compose service becomes; reports and claims what reading it found.
    pub(super) fn assemble(&mut self, given: &ComposeService) -> AppService {
        self.adopt(&given.host_names.findings);
        self.adopt(&given.description.findings);
        let description = &given.description.value;
        let settings = self.settings.service(&given.name);
        AppService {
            name: given.name.clone(),
            node: given.node,
            origin: given.origin,
            hook: None,
            role: ServiceRole::Service,
            container: self.known_container(&description.container),
            dependencies: description.dependencies.clone(),
            replicas: description.replicas.clone(),
            mode: description.mode.clone(),
            scaling: settings.and_then(|settings| settings.scale.as_ref()).map(scaling),
            resources: description.resources.clone(),
            usual_size: None,
            permissions: self.permissions(settings),
            essential: settings.and_then(|settings| settings.essential.clone()),
            data_store: data_store(&description.container),
            stop_first: description.stop_first.clone(),
            egress: ServiceEgress::default(),
            names: settings.and_then(|settings| settings.names.clone()),
            external: Vec::new(),
            host_names: given.host_names.value.clone(),
        }
    }

    /// The container with what the lock file says of its image.
    fn known_container(&mut self, container: &ContainerSpec) -> ContainerSpec {
        let mut container = container.clone();
        // The name of an image that is built says nothing of what a registry has.
        if container.build.is_none()
            && let ContainerImage::Named(text) = &container.image
            && let Some(reference) = text.literal()
        {
            container.locked = self.lock.get(&reference).cloned().map(Arc::new);
            let locked = container.locked.as_ref().and_then(|locked| locked.digest.clone());
            container.pin = self.pins.get(&*reference).cloned().or(locked);
        }
        if container.health_check.is_none() {
            container.health_check = self.image_check(&container);
        }
        container
    }

    /// The health check that the image has, at the times that the manifest gives. Amazon ECS reads none from an image.
    fn image_check(&mut self, container: &ContainerSpec) -> Option<HealthCheck> {
        let given = match &container.image_check {
            ImageCheck::Unchanged => HealthTiming::default(),
            ImageCheck::Timed(timing) => timing.value.clone(),
            ImageCheck::Off => return None,
        };
        let check = container.image_facts().health_check(container.image.origin(), given);
        if let (None, ImageCheck::Timed(timing)) = (&check, &container.image_check) {
            let reason = "it has no `test`, and Amazon ECS ignores health checks defined in the image";
            self.ledger.ignored(&**timing, reason, BehaviourEffect::ChangesBehaviour);
        }
        check
    }

    fn permissions(&mut self, settings: Option<&ServiceSettings>) -> Vec<RolePermission> {
        let statements = settings.into_iter().flat_map(|settings| &settings.permissions);
        let lowered = statements.map(|statement| RolePermission {
            actions: statement.value.actions.0.clone(),
            resources: statement.value.resources.0.iter().map(|arn| self.open_text(&arn.0)).collect(),
            node: statement.node,
            origin: statement.origin,
        });
        lowered.collect()
    }
}

fn scaling(scale: &ScaleSettings) -> ScalingTargets {
    let percent = |at: &Option<At<WholeNumber<1, 100>>>| at.clone().map(|at| at.map(WholeNumber::get));
    ScalingTargets {
        min: scale.min.clone().map(WholeNumber::get),
        max: scale.max.clone().map(WholeNumber::get),
        cpu: percent(&scale.cpu),
        memory: percent(&scale.memory),
    }
}

/// What data a container keeps, by its image, else by a port that only data stores have.
fn data_store(container: &ContainerSpec) -> Option<DataStoreKind> {
    let image = match &container.image {
        ContainerImage::Named(text) => flat_text::shown(text),
        ContainerImage::Built { .. } => String::new(),
    };
    match KnownImage::find(&image) {
        Some(known) => known.data_store(),
        None => container.ports.iter().find_map(|port| data_store_on(port.container.value)),
    }
}
