//! The container of an ECS task: one plan for every target that emits one.
//!
//! In: a service of the application, what the target allows ([`ContainerBounds`]), and how the target
//! renders text and provides storage ([`ContainerHost`]). Out: a [`ContainerPlan`], which the writers
//! of task definitions, of `Dockerrun.aws.json` and of `docker run` spell out without deciding anything.
//! Invariant: every value of a plan comes from a claim in the ledger, and everything that a container
//! asks for is in the plan or has a diagnostic.

mod bounds;
pub mod field;
mod host;
mod internal_protocols;
mod model;
mod plain_fields;
mod plan;
mod planner;
mod published_tls;
pub mod rules;
mod unreached;

pub use bounds::{
    AddedCapabilities, ContainerBounds, CpuBound, ECS_HEALTH_CHECK, HealthCheckBounds, LogSupport,
    NetworkModeBounds, SecurityOptions,
};
pub use field::{ContainerArtifact, ContainerField};
pub use host::{ContainerHost, EnvironmentSource, TextRenderer};
pub(crate) use internal_protocols::{
    approximate_public_protocols, ignore_internal_protocol, internal_protocols, refuse_stack_balancers,
};
pub use model::{
    ContainerDependency, ContainerPlan, GpuCount, HealthCheckPlan, HostEntry, LinuxParameters, MountPoint,
    NamespaceSharing, NetworkMode, PlannedDevice, PortMapping, ResourceLimit, StartCondition, SystemControl,
    TmpfsMount,
};
pub use plain_fields::PlainFields;
pub use plan::plan_container;
pub use planner::{ContainerPlanner, ContainerRequest};
pub(crate) use published_tls::{ends_tls, published_https};
pub(crate) use unreached::unreached;
