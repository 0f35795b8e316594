//! Which RDS instance takes the place of a service.

use super::{DatabasePlan, master_user, rules};
use crate::Compilation;
use tranship_app::{At, BehaviourEffect, DeploymentPosture, ManagedDatabase};
use tranship_facts::database_engines::{STORAGE_GIB, USUAL_CLASS, class_problem};
use tranship_facts::{ClassProblem, DatabaseEngine};
use tranship_frontend::diagnostic::{Diagnostic, DiagnosticRule, listed};

/// What a setting of a database became, for the ledger.
const PROPERTY: &str = "RDS instance";

/// The instance, held against what RDS accepts.
pub fn plan_database(
    given: &ManagedDatabase,
    posture: DeploymentPosture,
    cx: &mut Compilation<'_>,
) -> DatabasePlan {
    let reason = "a managed database takes the place of the container";
    cx.ledger.approximated(
        &given.service_node,
        BehaviourEffect::Equivalent,
        "AWS::RDS::DBInstance",
        reason,
        PROPERTY,
    );
    cx.ledger.decided(&given.node, PROPERTY);
    let engine = *cx.ledger.exact(&given.engine, "RDS instance: Engine");
    let prod = posture == DeploymentPosture::Prod;
    check_names(cx, given);
    DatabasePlan {
        name: given.name.clone(),
        from: vec![format!("services.{}", given.name)],
        engine,
        version: version(cx, given),
        // Only a version that the manifest names changes because somebody wants it.
        major_upgrades: given.version.is_some(),
        // Versions past their standard support are paid for by the hour: rather fail than pay unasked.
        lifecycle_support: lifecycle_support(cx, given),
        class: class(cx, given),
        storage: storage(cx, given),
        database: database(cx, given),
        username: username(cx, given),
        snapshot: given
            .snapshot
            .as_ref()
            .map(|snapshot| cx.ledger.exact(snapshot, "RDS instance: DBSnapshotIdentifier").to_string()),
        logs: if prod { engine.error_logs() } else { &[] },
        multi_az: prod,
        protected: prod,
        backup_days: if prod { 7 } else { 1 },
    }
}

/// Whether RDS may charge for a version past its standard support; nothing where the engine has no such support.
fn lifecycle_support(cx: &mut Compilation<'_>, given: &ManagedDatabase) -> Option<&'static str> {
    let asked = given.extended_support.as_ref();
    let wanted = asked.is_some_and(|asked| *cx.ledger.exact(asked, "RDS instance: EngineLifecycleSupport"));
    let support =
        if wanted { "open-source-rds-extended-support" } else { "open-source-rds-extended-support-disabled" };
    given.engine.peek().has_extended_support().then_some(support)
}

/// Whether a text is a whole version: `13.20` of PostgreSQL, else `5.7.44`, `5.7.44-rds.20250103`.
fn is_whole_version(engine: DatabaseEngine, text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').next().unwrap_or(text).split('.').collect();
    let wanted = if engine == DatabaseEngine::Postgres { 2 } else { 3 };
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == wanted && parts.iter().all(is_number)
}

/// The exact version: CloudFormation takes no other. A version without a minor gets the newest.
fn version(cx: &mut Compilation<'_>, given: &ManagedDatabase) -> String {
    let engine = given.engine.get();
    let asked = match &given.version {
        Some(version) => cx.ledger.exact(version, PROPERTY).as_str(),
        None => engine.usual_version(),
    };
    if let Some(version) = engine.exact_version(asked) {
        return version;
    }
    let extended = given.extended_support.as_ref().is_some_and(|asked| *asked.peek());
    if extended && engine.has_extended_support() && is_whole_version(engine, asked) {
        return asked.to_owned();
    }
    let names: Vec<&str> = engine.version_lines().collect();
    let message = format!("RDS does not support {} {asked} for `{}`", engine.product(), given.name);
    let help = format!(
        "use one of {}, and run the same version locally; or name the exact version, with `extended_support: true`",
        listed(&names)
    );
    report(cx, &rules::DATABASE_VERSION, given, given.version.as_ref(), message, &help);
    asked.to_owned()
}

fn class(cx: &mut Compilation<'_>, given: &ManagedDatabase) -> String {
    let class = given.class.as_ref().map_or(USUAL_CLASS, |class| cx.ledger.exact(class, PROPERTY).as_str());
    if let Some(problem) = class_problem(class) {
        let why = match problem {
            ClassProblem::Retired => "is retired",
            ClassProblem::Malformed => "is not an RDS instance class",
        };
        let message = format!("`class` of `{}`: `{class}` {why}", given.name);
        let help = "choose a current class, such as `db.t4g.micro` or `db.r7g.large`";
        report(cx, &rules::DATABASE_CLASS, given, given.class.as_ref(), message, help);
    }
    class.to_owned()
}

/// The database to create: a snapshot brings its own.
fn database(cx: &mut Compilation<'_>, given: &ManagedDatabase) -> Option<String> {
    let name = given.database.as_ref()?;
    if given.snapshot.is_some() {
        cx.ledger.ignored(name, "the snapshot has the database already", BehaviourEffect::Equivalent);
        return None;
    }
    Some(cx.ledger.exact(name, PROPERTY).clone())
}

/// In GiB. The settings allow no less than the least and no more than the most.
fn storage(cx: &mut Compilation<'_>, given: &ManagedDatabase) -> u32 {
    let Some(asked) = &given.storage else { return STORAGE_GIB.least };
    STORAGE_GIB.nearest(*cx.ledger.exact(asked, "RDS instance: AllocatedStorage"))
}

/// The master user: as the manifest says, else what RDS proposes for the engine.
fn username(cx: &mut Compilation<'_>, given: &ManagedDatabase) -> String {
    match &given.username {
        Some(username) => cx.ledger.exact(username, PROPERTY).clone(),
        None => master_user(given),
    }
}

/// Names that RDS refuses: of the database, and of the master user.
fn check_names(cx: &mut Compilation<'_>, given: &ManagedDatabase) {
    let engine = given.engine.peek();
    if let Some(name) = given.database.as_ref().filter(|it| !engine.accepts_database_name(it.peek())) {
        let message = format!("`{}` is not a valid database name for `{}`", name.peek(), given.name);
        let help = "use a letter, then letters, digits and underscores";
        report(cx, &rules::DATABASE_NAME, given, Some(name), message, help);
    }
    let user = master_user(given);
    if !engine.accepts_master_user(&user) {
        let longest = engine.longest_master_user();
        let message = format!("`{user}` is not a valid master user for `{}`", given.name);
        let help = format!(
            "use a letter, then letters and digits, at most {longest} characters, and no name that the engine reserves"
        );
        report(cx, &rules::DATABASE_NAME, given, given.username.as_ref(), message, &help);
    }
}

fn report(
    cx: &mut Compilation<'_>,
    rule: &'static DiagnosticRule,
    given: &ManagedDatabase,
    at: Option<&At<String>>,
    message: String,
    help: &str,
) {
    let (node, origin) = at.map_or((given.node, given.origin), |at| (at.node, at.origin));
    let key = cx.keys.path(&node);
    cx.diagnostics.push(Diagnostic::new(rule, message).at(origin).key(key).service(&*given.name).help(help));
}

#[cfg(test)]
mod tests {
    use super::is_whole_version;
    use tranship_facts::DatabaseEngine::{Mysql, Postgres};

    #[test]
    fn a_whole_version_has_a_minor() {
        for (engine, text, is) in [
            (Mysql, "5.7.44-rds.20250103", true),
            (Mysql, "8.0.41", true),
            (Mysql, "5.7", false),
            (Postgres, "13.20", true),
            (Postgres, "13", false),
            (Postgres, "13.20.1", false),
            (Mysql, "latest", false),
            (Postgres, "13.", false),
        ] {
            assert_eq!(is_whole_version(engine, text), is, "{text}");
        }
    }
}
