//! What outlives a task: databases, file systems, secrets; and what a deployment gives: parameters.

use tranship_app::{Name, SecretId, VolumeOwner};
use tranship_cloudformation::{LogicalId, Parameter, Role, Value};
use tranship_facts::DatabaseEngine;

/// A managed database.
#[derive(Debug, Clone)]
pub struct Database {
    /// The Compose service it replaces.
    pub name: Name,
    /// Key paths it comes from.
    pub from: Vec<String>,
    /// The engine.
    pub engine: DatabaseEngine,
    /// The exact version of the engine.
    pub version: String,
    /// The instance class.
    pub class: String,
    /// In GiB.
    pub storage: u32,
    /// The database inside the instance.
    pub database: Option<String>,
    /// The master user.
    pub username: String,
    /// Logs that go to CloudWatch.
    pub logs: &'static [&'static str],
    /// Protected, replicated, kept: as the posture asks.
    pub careful: bool,
}

impl Database {
    /// The instance's id.
    pub fn id(&self) -> LogicalId {
        LogicalId::of(&self.name, Role::Database)
    }

    /// The id of the secret with its user and password.
    pub fn secret(&self) -> LogicalId {
        LogicalId::of(&self.name, Role::Credentials)
    }

    /// Its security group's id.
    pub fn group(&self) -> LogicalId {
        LogicalId::of(&self.name, Role::SecurityGroup)
    }
}

/// A persistent named volume: an EFS file system with one access point.
#[derive(Debug, Clone)]
pub struct FileSystem {
    /// The volume.
    pub name: Name,
    /// Key paths it comes from.
    pub from: Vec<String>,
    /// User and group of everything in it.
    pub owner: Option<VolumeOwner>,
    /// The private subnets, where their number is known; else the first two of the list.
    pub subnets: usize,
    /// Whether it is kept when the stack goes.
    pub careful: bool,
}

impl FileSystem {
    /// The file system's id.
    pub fn id(&self) -> LogicalId {
        LogicalId::of(&self.name, Role::FileSystem)
    }

    /// The id of its security group.
    pub fn group(&self) -> LogicalId {
        LogicalId::of_parts(&["volume", &self.name], Role::SecurityGroup)
    }

    /// The ids of its mount targets.
    pub fn mount_targets(&self) -> Vec<LogicalId> {
        (0..self.subnets)
            .map(|index| LogicalId::of_parts(&["volume", &self.name, &index.to_string()], Role::MountTarget))
            .collect()
    }
}

/// A secret of Secrets Manager.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its id.
    pub id: LogicalId,
    /// What it is.
    pub description: String,
    /// `SecretString`: a reference to a NoEcho parameter, or text put together from other secrets.
    pub value: Value,
    /// Key paths it comes from.
    pub from: Vec<String>,
}

/// A parameter of the template.
#[derive(Debug, Clone)]
pub struct PlannedParameter {
    /// Its id.
    pub id: LogicalId,
    /// As the template has it.
    pub parameter: Parameter,
    /// The value known at build time.
    pub value: Option<String>,
    /// The late-bound variable behind it.
    pub variable: Option<String>,
    /// The secret of the application that it feeds.
    pub secret: Option<SecretId>,
}
