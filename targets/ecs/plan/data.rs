//! Managed databases and persistent volumes.

use super::planner::Planner;
use super::{Database, FileSystem, Network, Storage, Task, names};
use crate::ecs::rules;
use tranship_app::{At, Posture};
use tranship_facts::ClassProblem;
use tranship_facts::database_engines::{STORAGE_GIB, USUAL_CLASS, class_problem};
use tranship_frontend::diagnostic::{Diagnostic, Rule};

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
    name_rules(planner, given);
    Database {
        name: given.name.clone(),
        from: vec![format!("services.{}", given.name)],
        engine: given.engine.get(),
        version: version(planner, given),
        class: class(planner, given),
        storage: storage(planner, given),
        database: names::database(given),
        username: names::master_user(given),
        logs: if careful { given.engine.peek().error_logs() } else { &[] },
        careful,
    }
}

/// The exact version: CloudFormation takes no other. A version without a minor gets the newest.
fn version(planner: &mut Planner<'_, '_>, given: &tranship_app::Database) -> String {
    let engine = given.engine.peek();
    let asked = given.version.as_ref().map_or(engine.usual_version(), |version| version.peek().as_str());
    if let Some(exact) = engine.exact_version(asked) {
        return exact;
    }
    let names: Vec<&str> = engine.version_lines().collect();
    let message = format!("RDS has no {} {asked} in standard support for `{}`", engine.as_str(), given.name);
    let help = format!("choose one of {}, and test the application with it first", names.join(", "));
    tell(planner, &rules::DATABASE_VERSION, given, given.version.as_ref(), message, &help);
    asked.to_owned()
}

fn class(planner: &mut Planner<'_, '_>, given: &tranship_app::Database) -> String {
    let class = given.class.as_ref().map_or(USUAL_CLASS, |class| class.peek().as_str());
    if let Some(problem) = class_problem(class) {
        let why = match problem {
            ClassProblem::Retired => "is no longer offered",
            ClassProblem::Malformed => "is not an instance class",
        };
        let message = format!("`{class}` of `{}` {why}", given.name);
        let help = "choose a current class, such as `db.t4g.micro` or `db.r7g.large`";
        tell(planner, &rules::DATABASE_CLASS, given, given.class.as_ref(), message, help);
    }
    class.to_owned()
}

/// In GiB. The settings allow no less than the least and no more than the most.
fn storage(planner: &mut Planner<'_, '_>, given: &tranship_app::Database) -> u32 {
    let Some(asked) = &given.storage else { return STORAGE_GIB.least };
    planner.exact(asked, "RDS instance: AllocatedStorage");
    STORAGE_GIB.nearest(asked.get())
}

/// Names that RDS refuses: of the database, and of the master user.
fn name_rules(planner: &mut Planner<'_, '_>, given: &tranship_app::Database) {
    let engine = given.engine.peek();
    if let Some(name) = given.database.as_ref().filter(|it| !engine.accepts_database_name(it.peek())) {
        let message = format!("`{}` cannot be the name of a database of `{}`", name.peek(), given.name);
        let help = "use a letter, then letters, digits and underscores";
        tell(planner, &rules::DATABASE_NAME, given, Some(name), message, help);
    }
    let user = names::master_user(given);
    if !engine.accepts_master_user(&user) {
        let message = format!("`{user}` cannot be the master user of `{}`", given.name);
        let longest = engine.longest_master_user();
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
            owner: volume.owner.as_ref().map(|owner| owner.get()),
            subnets: network.private_count.unwrap_or(2),
            careful: app.settings.posture() == Posture::Prod,
        });
    }
    systems
}
