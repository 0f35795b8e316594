//! The properties of an RDS instance that need no other resource, for every target.
//!
//! Source: AWS CloudFormation Template Reference, `AWS::RDS::DBInstance` (read 2026-11). What is restored from a snapshot
//! has the snapshot's user, databases and encryption, and refuses to be told others.

use super::DatabasePlan;
use serde_json::{Value as Json, json};
use tranship_cloudformation::TemplateValue;

/// The value of a property.
#[derive(Debug, Clone, PartialEq)]
pub enum PropertyLiteral {
    /// Text.
    Text(String),
    /// A flag.
    Flag(bool),
    /// A number.
    Number(u32),
    /// A list of texts.
    Texts(Vec<&'static str>),
}

impl From<PropertyLiteral> for TemplateValue {
    fn from(literal: PropertyLiteral) -> TemplateValue {
        match literal {
            PropertyLiteral::Text(text) => text.into(),
            PropertyLiteral::Flag(flag) => flag.into(),
            PropertyLiteral::Number(number) => number.into(),
            PropertyLiteral::Texts(texts) => texts.into(),
        }
    }
}

impl From<PropertyLiteral> for Json {
    fn from(literal: PropertyLiteral) -> Json {
        match literal {
            PropertyLiteral::Text(text) => text.into(),
            PropertyLiteral::Flag(flag) => flag.into(),
            PropertyLiteral::Number(number) => number.into(),
            PropertyLiteral::Texts(texts) => json!(texts),
        }
    }
}

/// The properties, in the order in which they are written.
pub fn instance_properties(plan: &DatabasePlan) -> Vec<(&'static str, PropertyLiteral)> {
    use PropertyLiteral::{Flag, Number, Text, Texts};
    let text = |value: &str| Some(Text(value.to_owned()));
    let new = |value: Option<PropertyLiteral>| value.filter(|_| plan.snapshot.is_none());
    [
        ("DBSnapshotIdentifier", plan.snapshot.as_deref().and_then(text)),
        ("Engine", text(plan.engine.as_str())),
        ("EngineVersion", text(&plan.version)),
        ("EngineLifecycleSupport", plan.lifecycle_support.and_then(text)),
        ("DBInstanceClass", text(&plan.class)),
        ("AllocatedStorage", text(&plan.storage.to_string())),
        ("StorageType", text("gp3")),
        ("StorageEncrypted", new(Some(Flag(true)))),
        ("DBName", plan.database.as_deref().and_then(text)),
        ("MasterUsername", new(text(&plan.username))),
        ("PubliclyAccessible", Some(Flag(false))),
        ("MultiAZ", Some(Flag(plan.multi_az))),
        ("DeletionProtection", Some(Flag(plan.protected))),
        ("BackupRetentionPeriod", Some(Number(plan.backup_days))),
        ("CopyTagsToSnapshot", Some(Flag(true))),
        ("AllowMajorVersionUpgrade", Some(Flag(plan.major_upgrades))),
        // An upgrade by RDS itself would make the version above a downgrade, which RDS refuses.
        ("AutoMinorVersionUpgrade", Some(Flag(false))),
        // What an update does not name goes on: an empty list stops the export.
        ("EnableCloudwatchLogsExports", Some(Texts(plan.logs.to_vec()))),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_facts::DatabaseEngine;

    fn plan(snapshot: Option<&str>) -> DatabasePlan {
        DatabasePlan {
            name: "db".into(),
            from: Vec::new(),
            engine: DatabaseEngine::Postgres,
            version: "17.11".to_owned(),
            major_upgrades: true,
            lifecycle_support: None,
            class: "db.t4g.micro".to_owned(),
            storage: 20,
            database: Some("shop".to_owned()),
            username: "shop".to_owned(),
            snapshot: snapshot.map(str::to_owned),
            logs: &["postgresql"],
            multi_az: true,
            protected: false,
            backup_days: 7,
        }
    }

    #[test]
    fn what_is_restored_keeps_user_and_encryption() {
        let new = instance_properties(&plan(None));
        let restored = instance_properties(&plan(Some("shop-2026")));
        let of_new = ["StorageEncrypted", "MasterUsername"];
        let kept: Vec<_> = new.iter().filter(|(name, _)| !of_new.contains(name)).cloned().collect();
        assert_eq!(new.len(), kept.len() + of_new.len());
        assert_eq!(
            restored.first(),
            Some(&("DBSnapshotIdentifier", PropertyLiteral::Text("shop-2026".to_owned())))
        );
        assert_eq!(restored.get(1..), Some(&*kept));
    }

    #[test]
    fn each_literal_is_written_as_what_it_is() {
        let all: Vec<Json> = [
            PropertyLiteral::Text("a".to_owned()),
            PropertyLiteral::Flag(true),
            PropertyLiteral::Number(7),
            PropertyLiteral::Texts(vec!["x", "y"]),
        ]
        .into_iter()
        .map(Json::from)
        .collect();
        assert_eq!(all, [json!("a"), json!(true), json!(7), json!(["x", "y"])]);
    }
}
