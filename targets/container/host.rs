//! What differs between targets that emit the same container: how text is spelled, where data is kept.

use super::ContainerPlanner;
use std::fmt::Debug;
use tranship_app::{BindMount, ContainerMount, ManifestName, SetVariable, Text};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// How an artifact spells a [`Text`].
pub trait TextRenderer {
    /// Text that is complete when the artifact is written.
    type KnownText: From<&'static str> + Debug;
    /// Text that may be completed at deployment.
    type DeployText: Debug;

    /// A value that must be complete. Nothing after an error, which is reported.
    fn known(&self, text: &Text, planner: &mut ContainerPlanner<'_, '_>) -> Option<Self::KnownText>;

    /// A value that may be completed later. Nothing after an error, which is reported.
    fn value(&self, text: &Text, planner: &mut ContainerPlanner<'_, '_>) -> Option<Self::DeployText>;
}

/// Where a variable of the environment gets its value.
#[derive(Debug)]
pub enum EnvironmentSource<V> {
    /// From the container definition.
    Value(V),
    /// From a secret, which Amazon ECS reads: its `ValueFrom`.
    Secret(V),
    /// From outside of the container definition.
    Elsewhere,
}

/// What a container runs in. Each method claims what it is given and returns nothing after an error.
pub trait ContainerHost: TextRenderer {
    /// The image of a service that has `build` alone.
    fn built_image(
        &mut self,
        node: NodeId,
        origin: Origin,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<Self::KnownText>;

    /// Where a variable gets its value.
    fn variable(
        &mut self,
        name: &str,
        variable: SetVariable<'_>,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<EnvironmentSource<Self::DeployText>>;

    /// The task's volume for a named volume of the application.
    fn named_volume(
        &mut self,
        name: &ManifestName,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String>;

    /// The task's volume for a mount without a source, the `index`th mount of its container.
    fn anonymous_volume(
        &mut self,
        index: usize,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String>;

    /// The task's volume for a path of the machine that runs Compose.
    fn bind_mount(
        &mut self,
        bind: &BindMount,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String>;
}
