//! Managed databases and persistent volumes.
//!
//! Sources: Amazon RDS User Guide, release calendars of each engine, and "DB instance storage"; the
//! engine versions of the CloudFormation registry of October 2026.

use super::planner::Planner;
use super::{Database, FileSystem, Network, Storage, Task, names};
use crate::ecs::rules;
use tranship_app::{At, Engine, Posture};
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

/// The databases, each with the rules it must keep.
pub(super) fn databases(planner: &mut Planner<'_, '_>) -> Vec<Database> {
    let app = planner.app;
    app.databases.values().map(|database| plan(planner, database)).collect()
}

fn plan(planner: &mut Planner<'_, '_>, given: &tranship_app::Database) -> Database {
    let reason = "a managed database takes the place of the container";
    planner.cx.ledger.approximated(&given.service_node, "AWS::RDS::DBInstance", reason, "RDS instance");
    planner.exact(&given.node, "RDS instance");
    planner.exact(&given.engine, "RDS instance: Engine");
    let settings = [&given.version, &given.class, &given.database, &given.username];
    for setting in settings.into_iter().flatten() {
        planner.exact(setting, "RDS instance");
    }
    let careful = planner.app.settings.posture() == Posture::Prod;
    let exported: &[&str] = match given.engine.value {
        Engine::Postgres => &["postgresql"],
        Engine::Mysql | Engine::Mariadb => &["error"],
    };
    name_rules(planner, given);
    Database {
        name: given.name.clone(),
        from: vec![format!("services.{}", given.name)],
        engine: given.engine.value,
        version: version(planner, given),
        class: class(planner, given),
        storage: storage(planner, given),
        database: names::database(given),
        username: names::master_user(given),
        logs: if careful { exported } else { &[] },
        careful,
    }
}

/// The exact version: CloudFormation takes no other. A version without a minor gets the newest.
fn version(planner: &mut Planner<'_, '_>, given: &tranship_app::Database) -> String {
    let engine = given.engine.value;
    let usual = USUAL.iter().find(|it| it.0 == engine).map_or("", |it| it.1);
    let asked = given.version.as_ref().map_or(usual, |version| version.value.as_str());
    let known = VERSIONS.iter().filter(|row| row.0 == engine);
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
    let message = format!("RDS has no {} {asked} in standard support for `{}`", engine.as_str(), given.name);
    let help = format!("choose one of {}, and test the application with it first", names.join(", "));
    tell(planner, &rules::DATABASE_VERSION, given, given.version.as_ref(), message, &help);
    asked.to_owned()
}

fn class(planner: &mut Planner<'_, '_>, given: &tranship_app::Database) -> String {
    let class = given.class.as_ref().map_or(CLASS, |class| class.value.as_str());
    let mut parts = class.split('.');
    let (prefix, family, size, rest) = (parts.next(), parts.next(), parts.next(), parts.next());
    let legal = prefix == Some("db")
        && family.is_some()
        && size.is_some_and(|size| !size.is_empty())
        && rest.is_none();
    let retired = family.is_some_and(|family| RETIRED.contains(&family));
    if !legal || retired {
        let why = if retired { "is no longer offered" } else { "is not an instance class" };
        let message = format!("`{class}` of `{}` {why}", given.name);
        let help = "choose a current class, such as `db.t4g.micro` or `db.r7g.large`";
        tell(planner, &rules::DATABASE_CLASS, given, given.class.as_ref(), message, help);
    }
    class.to_owned()
}

/// In GiB. The settings allow no less than the least and no more than the most.
fn storage(planner: &mut Planner<'_, '_>, given: &tranship_app::Database) -> u32 {
    let (least, most) = STORAGE;
    let Some(asked) = &given.storage else { return least };
    planner.exact(asked, "RDS instance: AllocatedStorage");
    asked.value.clamp(least, most)
}

/// Names that RDS refuses: of the database, and of the master user.
fn name_rules(planner: &mut Planner<'_, '_>, given: &tranship_app::Database) {
    let engine = given.engine.value;
    let word = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if let Some(name) = given.database.as_ref().filter(|it| !word(&it.value) || it.value.len() > 63) {
        let message = format!("`{}` cannot be the name of a database of `{}`", name.value, given.name);
        let help = "use a letter, then letters, digits and underscores";
        tell(planner, &rules::DATABASE_NAME, given, Some(name), message, help);
    }
    let user = names::master_user(given);
    let longest = if engine == Engine::Postgres { 63 } else { 16 };
    if !word(&user) || user.len() > longest || RESERVED.contains(&(engine, user.as_str())) {
        let message = format!("`{user}` cannot be the master user of `{}`", given.name);
        let help = format!(
            "use a letter, then letters and digits, {longest} characters at most, and no name that the engine keeps for itself"
        );
        tell(planner, &rules::DATABASE_NAME, given, given.username.as_ref(), message, &help);
    }
}

fn tell(
    planner: &mut Planner<'_, '_>,
    rule: &'static Rule,
    given: &tranship_app::Database,
    at: Option<&At<String>>,
    message: String,
    help: &str,
) {
    let origin = at.map_or(given.origin, |at| at.origin);
    let told = Diagnostic::new(rule, message)
        .at(origin)
        .service(&*given.name)
        .target(planner.compute.target())
        .help(help);
    planner.cx.diagnostics.push(told);
}

/// A file system for each persistent volume that a task mounts from EFS.
pub(super) fn file_systems(
    planner: &mut Planner<'_, '_>,
    tasks: &[Task],
    network: &Network,
) -> Vec<FileSystem> {
    let used = |name: &str| {
        let mut volumes = tasks.iter().flat_map(|task| &task.volumes);
        volumes.any(|volume| matches!(&volume.storage, Storage::Efs(own) if **own == *name))
    };
    let app = planner.app;
    let mut systems = Vec::new();
    for volume in app.volumes.values() {
        planner.exact(&volume.node, "a volume of the tasks that mount it");
        if let Some(owner) = &volume.owner {
            planner.exact(owner, "the volume's owner");
        }
        if !used(&volume.name) {
            continue;
        }
        if let Some(external) = &volume.external {
            let reason = "a volume of Docker is not on AWS";
            planner.cx.ledger.approximated(external, "a new, empty file system", reason, "EFS");
        }
        systems.push(FileSystem {
            name: volume.name.clone(),
            from: vec![format!("volumes.{}", volume.name)],
            owner: volume.owner.as_ref().map(|owner| owner.value),
            subnets: network.private_count.unwrap_or(2),
            careful: app.settings.posture() == Posture::Prod,
        });
    }
    systems
}
