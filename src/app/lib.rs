//! The application model: what the manifest means, before any target is asked.
//!
//! In: a sealed [`Manifest`](tranship_frontend::compose::Manifest) and the environment chosen. Out: an
//! [`Application`] (services, jobs, edges, endpoints, volumes, secrets, databases), and a
//! [`Ledger`] in which every leaf of the manifest finds its disposition. Invariant: every value keeps
//! the number and the origin of the leaf it came from ([`At`], [`Text`]).

mod at;
mod closed_ledger;
mod compose_tree;
mod disposition;
mod document;
mod git_ignore;
mod image_facts;
mod inexact_claims;
mod key_paths;
mod known_secrets;
mod ledger;
mod lower;
mod model;
mod report;
pub mod rules;
mod settings;
mod support;
mod text;
mod untold_leaves;

pub use at::{At, Claim, ManifestLeaf};
pub use closed_ledger::ClosedLedger;
pub use compose_tree::{ComposeNode, ComposeTree};
pub use disposition::{BehaviourEffect, Disposition, LedgerEntry};
pub use git_ignore::GitIgnore;
pub use image_facts::ImageFacts;
pub use key_paths::KeyPaths;
pub use known_secrets::KnownSecrets;
pub use ledger::{ClaimGrant, Ledger, LostLeaf};
pub use lower::{LoweringInput, LoweringPurpose, lower};
pub use model::*;
pub use report::{
    DispositionCounts, DispositionReport, OutboundAccess, PatchReport, PatchedValue, ReportPlace, ReportRow,
    report_json,
};
pub use settings::{
    AccessPointId, AccountNumber, ArchiveAddress, CapacityKind, CertificateArn, ChosenEnvironment,
    ComposedImage, ConnectionArn, ContainerFolder, ContainerPorts, DatabaseClass, DatabaseSetting,
    DatabaseSettings, DeliverySummary, DeploymentPosture, DiscoverySettings, EgressDestination, EgressPorts,
    EgressSetting, EgressSettings, EgressTarget, EnvironmentRoles, EnvironmentTier, ExecBucket, ExecLog,
    ExecSetting, ExecSettings, ExistingDatabaseSettings, ExistingNetwork, FileLocation, FileSystemId,
    FileSystemName, ForeignHost, FreeList, FreeMapping, FreeNode, FreeValue, HealthCheckSettings,
    HostedZoneId, HttpsSettings, InstanceRange, JobSchedule, JobSetting, KmsKeyArn, KnownNames,
    ListedSetting, LogRetention, MountedFiles, NameResolution, NamedSettings, NetworkRange, NetworkSetting,
    NotificationTarget, OneOrMore, OpenText, PatchAction, PatchEntry, PatchRemoval, PatchSettings,
    PatchTargets, PermissionSetting, PipelineProvider, PipelineSettings, PlatformKind, PortNumber,
    PublicEndpoint, PublicSetting, RegionName, RegistryLogin, RolloutKind, SECTIONS, ScaleSettings,
    ScheduleExpression, SecretName, SecurityGroupId, ServiceSettings, SettingDeclaration, SettingForm,
    SettingLayering, SettingSection, SettingTargets, Settings, SnapshotName, SourceRepository, StackLayout,
    SubnetId, TargetName, TestService, UrlPath, VolumeOwner, VolumePlace, VolumeScope, VolumeSettings, VpcId,
    WholeNumber, delivery, environments, late_bound_names, listed_settings, published_schema, settings_page,
    settings_reference,
};
pub use support::{KeySupport, SupportRow, SupportTable};
pub use text::{DatabaseField, LateBoundVariable, Text, TextPiece, TextSegment};

use tranship_frontend::source::Origin;

/// What to lower a manifest for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvironmentChoice {
    /// An environment of `x-tranship.environments`.
    Environment(String),
    /// A target by its name, with the defaults at the top of `x-tranship`.
    Target(String),
}

/// An environment that the manifest declares.
#[derive(Debug, Clone)]
pub struct EnvironmentSummary {
    /// Its name.
    pub name: String,
    /// The name of its target.
    pub target: Option<At<String>>,
    /// Compose files merged on top, relative to the project directory.
    pub files: Vec<At<String>>,
    /// Where it is declared.
    pub origin: Origin,
    /// Whether a deployment of a pipeline waits for an approval.
    pub protected: bool,
    /// The number of its AWS account, where the manifest names it.
    pub account: Option<String>,
}
