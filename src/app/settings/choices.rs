//! Settings that are one of a few words.

use super::declaration::SettingForm;
use super::reader::SettingReader;
use super::value::SettingValue;
use tranship_facts::DatabaseEngine;
use tranship_frontend::yaml::Node;

/// Reads an enum of ours from its words.
macro_rules! setting_words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl SettingValue for $name {
            const FORM: &'static SettingForm = &SettingForm::Words(&[$($word),+]);

            fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
                reader.scalar(node, Self::FORM, |text| match text {
                    $($word => Some($name::$variant),)+
                    _ => None,
                })
            }
        }
    };
}

/// How careful the emitted resources are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeploymentPosture {
    /// Cheap and quick to throw away.
    #[default]
    Dev,
    /// Deletion protection, backups, several zones, longer retention.
    Prod,
}
setting_words!(DeploymentPosture { Dev = "dev", Prod = "prod" });

/// How many CloudFormation stacks an application on ECS is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackLayout {
    /// One, whatever its size.
    Single,
    /// A root stack, and a nested stack for each service.
    Nested,
    /// Stacks that are deployed one after the other: one for each service, after what services share.
    Independent,
}
setting_words!(StackLayout { Single = "single", Nested = "nested", Independent = "independent" });

/// Who runs the delivery pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PipelineProvider {
    /// AWS CodePipeline.
    #[default]
    CodePipeline,
    /// GitHub Actions.
    GitHub,
}
setting_words!(PipelineProvider { CodePipeline = "codepipeline", GitHub = "github" });

/// The platform of an Elastic Beanstalk environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlatformKind {
    /// Docker containers managed by Amazon ECS.
    #[default]
    Ecs,
    /// Docker Compose on each instance.
    Docker,
}
setting_words!(PlatformKind { Ecs = "ecs", Docker = "docker" });

/// What an Elastic Beanstalk environment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnvironmentTier {
    /// Serves requests, from a load balancer or on one instance.
    #[default]
    Web,
    /// Works through a queue: no load balancer, as many instances as are asked for.
    Worker,
}
setting_words!(EnvironmentTier { Web = "web", Worker = "worker" });

/// Whose roles an Elastic Beanstalk environment and its instances have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnvironmentRoles {
    /// Those that the console of Elastic Beanstalk creates once in an account.
    #[default]
    Account,
    /// Roles of this environment alone.
    Own,
}
setting_words!(EnvironmentRoles { Account = "account", Own = "own" });

/// How a new version replaces the old one on the instances of an Elastic Beanstalk environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolloutKind {
    /// On all instances at once.
    AllAtOnce,
    /// A batch of instances at a time.
    Rolling,
    /// A batch at a time, with another batch that takes its place meanwhile.
    Additional,
    /// On new instances, which then take the place of the old ones.
    Immutable,
    /// On new instances, which first get a part of the requests.
    TrafficSplitting,
}
setting_words!(RolloutKind {
    AllAtOnce = "all-at-once",
    Rolling = "rolling",
    Additional = "rolling-with-additional-batch",
    Immutable = "immutable",
    TrafficSplitting = "traffic-splitting",
});

/// The capacity that Fargate tasks run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapacityKind {
    /// On-demand capacity.
    Fargate,
    /// Spare capacity, which AWS may take back.
    Spot,
}
setting_words!(CapacityKind { Fargate = "fargate", Spot = "spot" });

/// How files reach containers on ECS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MountedFiles {
    /// As a part of an image that is derived from the service's.
    Image,
    /// Written by a container of the task before the others start: configs and secrets alone.
    Helper,
}
setting_words!(MountedFiles { Image = "image", Helper = "helper" });

/// Where persistent volumes are on ECS on EC2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumePlace {
    /// An EFS file system, which every instance mounts.
    Efs,
    /// The disk of the instance that the task runs on.
    Instance,
}
setting_words!(VolumePlace { Efs = "efs", Instance = "instance" });

/// How services find each other by name on ECS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NameResolution {
    /// By DNS where a name can be rewritten, else by Service Connect.
    #[default]
    Auto,
    /// By DNS alone: names that are not rewritten do not resolve.
    Dns,
    /// By Service Connect wherever it can be.
    ServiceConnect,
}
setting_words!(NameResolution { Auto = "auto", Dns = "dns", ServiceConnect = "service-connect" });

/// How long a volume is asked to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumeScope {
    /// As long as the task that mounts it.
    Task,
    /// Beyond any task.
    Persistent,
}
setting_words!(VolumeScope { Task = "task", Persistent = "persistent" });

impl SettingValue for DatabaseEngine {
    const FORM: &'static SettingForm = &SettingForm::Words(DatabaseEngine::NAMES);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.scalar(node, Self::FORM, DatabaseEngine::of_name)
    }
}

impl SettingValue for bool {
    const FORM: &'static SettingForm = &SettingForm::Truth;

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        SwitchSetting::read(node, reader).map(|switch| switch == SwitchSetting::On)
    }
}

/// A switch, where `true` and `false` are two of several alternatives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SwitchSetting {
    /// `true`.
    On,
    /// `false`.
    Off,
}

impl SettingValue for SwitchSetting {
    const FORM: &'static SettingForm = &SettingForm::Truth;

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        SwitchSetting::read_as(node, Self::FORM, reader)
    }
}

impl SwitchSetting {
    /// Reads it where `form` names the alternatives.
    pub(super) fn read_as(
        node: &Node,
        form: &'static SettingForm,
        reader: &mut SettingReader<'_>,
    ) -> Option<Self> {
        reader.scalar(node, form, |text| match text {
            "true" => Some(SwitchSetting::On),
            "false" => Some(SwitchSetting::Off),
            _ => None,
        })
    }
}
