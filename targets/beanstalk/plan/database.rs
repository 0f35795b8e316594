//! A managed database -> the environment's own.

use super::{BeanstalkPlan, OptionSetting, path};
use crate::Compilation;
use crate::beanstalk::rules;
use tranship_app::{Application, At, BehaviourEffect, DeploymentPosture, ManagedDatabase};
use tranship_facts::database_engines::{STORAGE_GIB, USUAL_CLASS};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::yaml::NodeId;

const NAMESPACE: &str = "aws:rds:dbinstance";

/// The name that Elastic Beanstalk gives the database inside the instance
/// (AWS documentation, "Adding a database to your Elastic Beanstalk environment").
const DATABASE_NAME: &str = "ebdb";

/// Decides the settings of the database; there is at most one.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    let mut databases = application.databases.values();
    let Some(database) = databases.next() else { return };
    if let Some(second) = databases.next() {
        cx.diagnostics.push(
            Diagnostic::new(
                &rules::SEVERAL_DATABASES,
                format!("`{}` is a second managed database, but an environment supports one", second.name),
            )
            .at(second.origin)
            .label(database.origin, "the first one")
            .service(&*second.name)
            .help("keep one of the two, or choose the target `fargate` or `ecs-ec2`"),
        );
    }
    claim(database, cx);
    settings(application, database, plan, cx);
}

fn claim(database: &ManagedDatabase, cx: &mut Compilation<'_>) {
    let reason = "the environment's integrated database replaces the container";
    cx.ledger.approximated(
        &database.service_node,
        BehaviourEffect::Equivalent,
        "an RDS instance",
        reason,
        NAMESPACE,
    );
    cx.ledger.decided(&database.node, NAMESPACE);
    if let Some(name) = database.database.as_ref().filter(|name| name.peek() != DATABASE_NAME) {
        let reason = "Elastic Beanstalk chooses the name, and passes it to the containers";
        cx.ledger.approximated(
            name,
            BehaviourEffect::Equivalent,
            DATABASE_NAME,
            reason,
            "the property RDS_DB_NAME",
        );
    }
}

fn settings(
    application: &Application,
    database: &ManagedDatabase,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) {
    let mut text = |at: &Option<At<String>>, usual: &str, option: &str| match at {
        Some(at) => (cx.ledger.exact(at, format!("{NAMESPACE} {option}")).clone(), Some(at.node)),
        None => (usual.to_owned(), None),
    };
    let prod = application.settings.posture() == DeploymentPosture::Prod;
    let (version, version_node) =
        text(&database.version, database.engine.peek().usual_version(), "DBEngineVersion");
    let (class, class_node) = text(&database.class, USUAL_CLASS, "DBInstanceClass");
    let (user, user_node) = text(&database.username, "application", "DBUser");
    let engine = *cx.ledger.exact(&database.engine, format!("{NAMESPACE} DBEngine"));
    let storage = database.storage.as_ref();
    let gib = storage.map(|at| *cx.ledger.exact(at, format!("{NAMESPACE} DBAllocatedStorage")));
    let mut set = |name: &str, value: String, node: Option<NodeId>| {
        let from = node.filter(|node| *node != NodeId::UNNUMBERED).map(|node| path(cx, node));
        plan.options.push(OptionSetting {
            namespace: NAMESPACE.to_owned(),
            name: name.to_owned(),
            value,
            from: from.unwrap_or_default(),
        });
    };
    set("HasCoupledDatabase", "true".into(), Some(database.node));
    set("DBEngine", engine.as_str().into(), Some(database.engine.node));
    set("DBEngineVersion", version, version_node);
    set("DBInstanceClass", class, class_node);
    set("DBAllocatedStorage", gib.unwrap_or(STORAGE_GIB.least).to_string(), storage.map(|at| at.node));
    set("DBUser", user, user_node);
    set("DBDeletionPolicy", "Snapshot".into(), None);
    set("MultiAZDatabase", prod.to_string(), None);
}
