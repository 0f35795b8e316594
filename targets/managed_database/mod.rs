//! Managed databases: the RDS instance that takes the place of a service, on every target.
//!
//! In: a [`ManagedDatabase`]. Out: a [`DatabasePlan`], held against what RDS accepts. Invariant: names, version and
//! class are decided here alone; how the instance is written is the target's.

mod instance_properties;
mod plan;
pub mod rules;

pub use instance_properties::{PropertyLiteral, instance_properties};
pub use plan::plan_database;

use tranship_app::{ManagedDatabase, ManifestName};
use tranship_cloudformation::{LogicalId, ResourceRole};
use tranship_facts::DatabaseEngine;

/// An RDS instance in place of a Compose service.
#[derive(Debug, Clone)]
pub struct DatabasePlan {
    /// The Compose service it replaces.
    pub name: ManifestName,
    /// Key paths it comes from.
    pub from: Vec<String>,
    /// The engine.
    pub engine: DatabaseEngine,
    /// The exact version of the engine.
    pub version: String,
    /// Whether another major version is an upgrade that was asked for.
    pub major_upgrades: bool,
    /// `EngineLifecycleSupport`, where the engine has it.
    pub lifecycle_support: Option<&'static str>,
    /// The instance class.
    pub class: String,
    /// In GiB.
    pub storage: u32,
    /// The database to create inside the instance.
    pub database: Option<String>,
    /// The master user.
    pub username: String,
    /// The snapshot that it is restored from.
    pub snapshot: Option<String>,
    /// Logs that go to CloudWatch.
    pub logs: &'static [&'static str],
    /// Whether a standby runs in a second zone.
    pub multi_az: bool,
    /// Whether it is protected against deletion.
    pub protected: bool,
    /// Days that automatic backups are kept.
    pub backup_days: u32,
}

impl DatabasePlan {
    /// The instance's id.
    pub fn id(&self) -> LogicalId {
        LogicalId::of(&self.name, ResourceRole::Database)
    }

    /// The id of the secret with its user and password.
    pub fn secret(&self) -> LogicalId {
        LogicalId::of(&self.name, ResourceRole::Credentials)
    }

    /// The id of its security group.
    pub fn security_group(&self) -> LogicalId {
        LogicalId::of(&self.name, ResourceRole::SecurityGroup)
    }
}

/// The database inside a managed instance.
pub fn database_name(database: &ManagedDatabase) -> Option<String> {
    database.database.as_ref().map(|name| name.peek().clone())
}

/// The master user of a managed instance: as asked for, else what RDS proposes for the engine.
pub fn master_user(database: &ManagedDatabase) -> String {
    let usual = database.engine.peek().usual_master_user();
    database.username.as_ref().map_or_else(|| usual.to_owned(), |name| name.peek().clone())
}
