//! `x-tranship`: what Compose cannot say.
//!
//! In: the resolved tree. Out: typed settings of the environment chosen, of each service and volume, and the
//! account of what no target could use; the JSON Schema, the pages of `tranship explain` and the reference
//! `docs/x-tranship.md`. Invariant: a key is declared once ([`environment`], [`service`], [`volume`]), all
//! else is made from the declaration, and no other code reads the tree below `x-tranship`.

mod account;
mod choices;
mod declaration;
mod delivery;
mod document;
mod egress;
mod environment;
mod exec;
mod existing_secret;
mod free_value;
mod git_names;
mod identifiers;
mod page;
mod patch;
mod public;
mod reader;
mod registry;
mod schema;
mod sections;
mod service;
mod unclaimed;
mod value;
mod volume;

pub(crate) use account::account;
pub use choices::{
    CapacityKind, DeploymentPosture, EnvironmentRoles, EnvironmentTier, MountedFiles, NameResolution,
    PipelineProvider, PlatformKind, RolloutKind, StackLayout, VolumePlace, VolumeScope,
};
pub use declaration::{SettingDeclaration, SettingForm, SettingLayering, SettingTargets};
pub use delivery::{ComposedImage, DeliverySummary, PipelineSettings, TestService};
pub use document::{ChosenEnvironment, KnownNames, delivery, environments, late_bound_names};
pub(crate) use document::{SettingsDocument, unknown_service};
pub use egress::{EgressDestination, EgressPorts, EgressSetting, EgressSettings, EgressTarget};
pub use environment::{
    DiscoverySettings, ExistingNetwork, HttpsSettings, InstanceRange, NetworkSetting, Settings,
};
pub use exec::{ExecBucket, ExecLog, ExecSetting, ExecSettings};
pub(crate) use existing_secret::ExistingSecretSettings;
pub use free_value::{FreeList, FreeMapping, FreeNode, FreeValue};
pub use identifiers::{
    AccessPointId, AccountNumber, ArchiveAddress, CertificateArn, ConnectionArn, ContainerFolder,
    DatabaseClass, FileLocation, FileSystemId, FileSystemName, ForeignHost, HostedZoneId, KmsKeyArn,
    LogRetention, NetworkRange, NotificationTarget, RegionName, ScheduleExpression, SecretName,
    SecurityGroupId, SnapshotName, SourceRepository, SubnetId, TargetName, UrlPath, VolumeOwner, VpcId,
};
pub use page::{settings_page, settings_reference};
pub use patch::{PatchAction, PatchEntry, PatchRemoval, PatchSettings, PatchTargets};
pub(crate) use public::passes_connections_on;
pub use public::{ContainerPorts, HealthCheckSettings, PublicEndpoint, PublicSetting};
pub(crate) use reader::late_bound_structure;
pub use registry::RegistryLogin;
pub use schema::published_schema;
pub use sections::{ListedSetting, SECTIONS, SettingSection, listed_settings};
pub use service::{
    DatabaseSetting, DatabaseSettings, ExistingDatabaseSettings, JobSchedule, JobSetting, PermissionSetting,
    ScaleSettings, ServiceSettings,
};
pub(crate) use unclaimed::UnclaimedSettings;
pub use value::{NamedSettings, OneOrMore, OpenText, PortNumber, WholeNumber};
pub use volume::VolumeSettings;

/// The extension's key.
const KEY: &str = "x-tranship";

/// Whether a key is the extension's.
pub(crate) fn is_extension(key: &str) -> bool {
    key == KEY
}

/// Whether a target emits ECS services.
pub(crate) fn is_on_ecs(target: &str) -> bool {
    ECS.contains(&target)
}

/// The targets that emit ECS services.
const ECS: &[&str] = &["fargate", "ecs-ec2"];

/// The target whose tasks run without machines.
const FARGATE: &[&str] = &["fargate"];

/// The targets that run machines.
const MACHINES: &[&str] = &["ecs-ec2", "beanstalk"];
