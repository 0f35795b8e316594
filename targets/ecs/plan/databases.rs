//! Managed databases: which RDS instance takes the place of a service.
//!
//! Sources: Amazon RDS User Guide, release calendars of each engine, and "DB instance storage"; the
//! engine versions of the CloudFormation registry of October 2026.

use super::planner::Planner;
use super::{DatabasePlan, names};
use crate::ecs::rules;
use tranship_app::{At, Database, Engine, Posture};
use tranship_frontend::diagnostic::{Diagnostic, Rule};

/// Versions in standard support: engine, version, first and newest minor.
const VERSIONS: &[(Engine, &str, u32, u32)] = &[
    (Engine::Mysql, "8.4", 3, 11),
    (Engine::Mariadb, "10.11", 4, 19),
    (Engine::Mariadb, "11.4", 3, 13),
    (Engine::Mariadb, "11.8", 3, 9),
    (Engine::Postgres, "14", 1, 24),
    (Engine::Postgres, "15", 2, 19),
    (Engine::Postgres, "16", 1, 15),
    (Engine::Postgres, "17", 1, 11),
    (Engine::Postgres, "18", 1, 6),
];
/// The version taken where the manifest names none.
const USUAL: &[(Engine, &str)] =
    &[(Engine::Mysql, "8.4"), (Engine::Mariadb, "11.4"), (Engine::Postgres, "17")];
/// The class taken where the manifest names none.
const CLASS: &str = "db.t4g.micro";
/// Families of classes that RDS no longer offers.
const RETIRED: &[&str] = &["t1", "t2", "m1", "m2", "m3", "m4", "cr1", "r3", "r4", "x1"];
/// GiB of gp3 storage.
const STORAGE: (u32, u32) = (20, 65_536);
/// Users that the engines keep for themselves.
const RESERVED: &[(Engine, &str)] = &[
    (Engine::Mysql, "rdsadmin"),
    (Engine::Mariadb, "rdsadmin"),
    (Engine::Postgres, "rdsadmin"),
    (Engine::Postgres, "admin"),
];

/// What a setting of a database became, for the ledger.
const PROPERTY: &str = "RDS instance";

/// The databases, each held against what RDS accepts.
pub(super) fn plan(planner: &mut Planner<'_, '_>) -> Vec<DatabasePlan> {
    let app = planner.app;
    app.databases.values().map(|database| plan_one(planner, database)).collect()
}

fn plan_one(planner: &mut Planner<'_, '_>, given: &Database) -> DatabasePlan {
    let reason = "a managed database takes the place of the container";
    planner.cx.ledger.approximated(&given.service_node, "AWS::RDS::DBInstance", reason, PROPERTY);
    planner.exact(&given.node, PROPERTY);
    let engine = *planner.exact(&given.engine, "RDS instance: Engine");
    let prod = planner.app.settings.posture == Posture::Prod;
    let exported: &[&str] = match engine {
        Engine::Postgres => &["postgresql"],
        Engine::Mysql | Engine::Mariadb => &["error"],
    };
    check_names(planner, given);
    DatabasePlan {
        name: given.name.clone(),
        from: vec![format!("services.{}", given.name)],
        engine,
        version: version(planner, given),
        // Versions past their standard support are paid for by the hour: rather fail than pay unasked.
        lifecycle_support: (engine != Engine::Mariadb).then_some("open-source-rds-extended-support-disabled"),
        class: class(planner, given),
        storage: storage(planner, given),
        database: given.database.as_ref().map(|name| planner.exact(name, PROPERTY).clone()),
        username: username(planner, given),
        logs: if prod { exported } else { &[] },
        multi_az: prod,
        protected: prod,
        backup_days: if prod { 7 } else { 1 },
    }
}

/// The exact version: CloudFormation takes no other. A version without a minor gets the newest.
fn version(planner: &mut Planner<'_, '_>, given: &Database) -> String {
    let engine = given.engine.peek();
    let usual = USUAL.iter().find(|it| it.0 == *engine).map_or("", |it| it.1);
    let asked = given.version.as_ref().map_or(usual, |version| planner.exact(version, PROPERTY).as_str());
    let known = VERSIONS.iter().filter(|row| row.0 == *engine);
    for (_, major, first, newest) in known.clone() {
        if asked == *major {
            return format!("{major}.{newest}");
        }
        let minor = asked.strip_prefix(major).and_then(|rest| rest.strip_prefix('.'));
        if minor
            .and_then(|minor| minor.parse().ok())
            .is_some_and(|minor: u32| (*first..=*newest).contains(&minor))
        {
            return asked.to_owned();
        }
    }
    // `8` alone: the newest of that line which is supported.
    let of_line = |row: &&(Engine, &str, u32, u32)| row.1.split('.').next() == Some(asked);
    if let Some((_, major, _, newest)) = known.clone().rfind(of_line) {
        return format!("{major}.{newest}");
    }
    let names: Vec<&str> = known.map(|row| row.1).collect();
    let message = format!("RDS does not support {} {asked} for `{}`", product(*engine), given.name);
    let help = format!("choose one of {}, and run the same version locally", names.join(", "));
    report(planner, &rules::DATABASE_VERSION, given, given.version.as_ref(), message, &help);
    asked.to_owned()
}

/// What messages call an engine.
fn product(engine: Engine) -> &'static str {
    match engine {
        Engine::Mysql => "MySQL",
        Engine::Mariadb => "MariaDB",
        Engine::Postgres => "PostgreSQL",
    }
}

fn class(planner: &mut Planner<'_, '_>, given: &Database) -> String {
    let class = given.class.as_ref().map_or(CLASS, |class| planner.exact(class, PROPERTY).as_str());
    let mut parts = class.split('.');
    let (prefix, family, size, rest) = (parts.next(), parts.next(), parts.next(), parts.next());
    let legal = prefix == Some("db")
        && family.is_some()
        && size.is_some_and(|size| !size.is_empty())
        && rest.is_none();
    let retired = family.is_some_and(|family| RETIRED.contains(&family));
    if !legal || retired {
        let why = if retired { "is retired" } else { "is not an RDS instance class" };
        let message = format!("`class` of `{}`: `{class}` {why}", given.name);
        let help = "choose a current class, such as `db.t4g.micro` or `db.r7g.large`";
        report(planner, &rules::DATABASE_CLASS, given, given.class.as_ref(), message, help);
    }
    class.to_owned()
}

/// In GiB. The settings allow no less than the least and no more than the most.
fn storage(planner: &mut Planner<'_, '_>, given: &Database) -> u32 {
    let (least, most) = STORAGE;
    let Some(asked) = &given.storage else { return least };
    (*planner.exact(asked, "RDS instance: AllocatedStorage")).clamp(least, most)
}

/// The master user: as the manifest says, else what RDS proposes for the engine.
fn username(planner: &mut Planner<'_, '_>, given: &Database) -> String {
    if let Some(username) = &given.username {
        planner.exact(username, PROPERTY);
    }
    names::master_user(given)
}

/// Names that RDS refuses: of the database, and of the master user.
fn check_names(planner: &mut Planner<'_, '_>, given: &Database) {
    let engine = given.engine.peek();
    let is_word = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if let Some(name) = given.database.as_ref().filter(|it| !is_word(it.peek()) || it.peek().len() > 63) {
        let message = format!("`{}` is not a valid database name for `{}`", name.peek(), given.name);
        let help = "use a letter, then letters, digits and underscores";
        report(planner, &rules::DATABASE_NAME, given, Some(name), message, help);
    }
    let user = names::master_user(given);
    let longest = if *engine == Engine::Postgres { 63 } else { 16 };
    if !is_word(&user) || user.len() > longest || RESERVED.contains(&(*engine, user.as_str())) {
        let message = format!("`{user}` is not a valid master user for `{}`", given.name);
        let help = format!(
            "use a letter, then letters and digits, at most {longest} characters, and no name that the engine reserves"
        );
        report(planner, &rules::DATABASE_NAME, given, given.username.as_ref(), message, &help);
    }
}

fn report(
    planner: &mut Planner<'_, '_>,
    rule: &'static Rule,
    given: &Database,
    at: Option<&At<String>>,
    message: String,
    help: &str,
) {
    let (node, origin) = at.map_or((given.node, given.origin), |at| (at.node, at.origin));
    let key = planner.cx.manifest.nodes.path(node).to_string();
    planner.report(Diagnostic::new(rule, message).at(origin).key(key).service(&*given.name).help(help));
}
