//! A managed database -> an RDS instance among the environment's resources, or the environment's own by choice.
//!
//! AWS advises against a database that belongs to its environment for production (AWS documentation, "Adding a database
//! to your Elastic Beanstalk environment").

use super::values::is_coupled;
use super::{BeanstalkPlan, OptionSetting, path};
use crate::Compilation;
use crate::beanstalk::rules;
use crate::managed_database::plan_database;
use tranship_app::{Application, At, BehaviourEffect, DeploymentPosture, ManagedDatabase, PlatformKind};
use tranship_facts::database_engines::{STORAGE_GIB, USUAL_CLASS};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::yaml::NodeId;

const NAMESPACE: &str = "aws:rds:dbinstance";

/// The name that Elastic Beanstalk gives the database inside the instance
/// (AWS documentation, "Adding a database to your Elastic Beanstalk environment").
const DATABASE_NAME: &str = "ebdb";

/// Decides the databases.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    let posture = application.settings.posture();
    for database in application.databases.values().filter(|database| !is_coupled(database)) {
        if let Some(coupled) = &database.coupled {
            cx.ledger.decided(coupled, "AWS::RDS::DBInstance");
        }
        plan.databases.push(plan_database(database, posture, cx));
    }
    let mut coupled = application.databases.values().filter(|database| is_coupled(database));
    let Some(database) = coupled.next() else { return };
    if let Some(second) = coupled.next() {
        cx.diagnostics.push(
            Diagnostic::new(
                &rules::SEVERAL_DATABASES,
                format!("`{}` is a second database of the environment, which supports one", second.name),
            )
            .at(second.origin)
            .label(database.origin, "the first one")
            .service(&*second.name)
            .help("remove `coupled` from one of the two"),
        );
    }
    check_coupled(application, database, plan, cx);
    claim(database, cx);
    settings(database, plan, cx);
}

/// The environment's own database is for development, and its values reach containers of the Docker platform alone.
fn check_coupled(
    application: &Application,
    database: &ManagedDatabase,
    plan: &BeanstalkPlan,
    cx: &mut Compilation<'_>,
) {
    let Some(coupled) = &database.coupled else { return };
    let is_prod = application.settings.posture() == DeploymentPosture::Prod;
    let problem = match plan.platform {
        _ if is_prod => "AWS advises against it for production, and the environment has `posture: prod`",
        PlatformKind::Ecs => "the ECS platform cannot give its password to a container under another name",
        PlatformKind::Docker => {
            cx.ledger.decided(coupled, "aws:rds:dbinstance HasCoupledDatabase");
            return;
        }
    };
    cx.ledger.rejected(coupled, problem);
    let message = format!("`coupled` of `{}` is not supported here: {problem}", database.name);
    cx.diagnostics.push(
        Diagnostic::new(&rules::COUPLED_DATABASE, message)
            .at(coupled.origin)
            .service(&*database.name)
            .help("remove `coupled`: the database is then an RDS instance with a generated password"),
    );
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

fn settings(database: &ManagedDatabase, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    let mut text = |at: &Option<At<String>>, usual: &str, option: &str| match at {
        Some(at) => (cx.ledger.exact(at, format!("{NAMESPACE} {option}")).clone(), Some(at.node)),
        None => (usual.to_owned(), None),
    };
    let (version, version_node) =
        text(&database.version, database.engine.peek().usual_version(), "DBEngineVersion");
    let (class, class_node) = text(&database.class, USUAL_CLASS, "DBInstanceClass");
    let (user, user_node) = text(&database.username, "application", "DBUser");
    let engine = *cx.ledger.exact(&database.engine, format!("{NAMESPACE} DBEngine"));
    let storage = database.storage.as_ref();
    let gib = storage.map(|at| *cx.ledger.exact(at, format!("{NAMESPACE} DBAllocatedStorage")));
    let snapshot = database
        .snapshot
        .as_ref()
        .map(|at| (cx.ledger.exact(at, format!("{NAMESPACE} DBSnapshotIdentifier")).clone(), Some(at.node)));
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
    if let Some((snapshot, node)) = snapshot {
        set("DBSnapshotIdentifier", snapshot, node);
    }
    set("DBDeletionPolicy", "Snapshot".into(), None);
    set("MultiAZDatabase", "false".into(), None);
}
