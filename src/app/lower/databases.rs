//! Services that a managed database replaces: engine, version, name, users, and what is lost with the
//! container.

use super::Lowering;
use super::read::scalar;
use super::selection::Selection;
use crate::rules;
use crate::settings::{DatabaseSetting, WholeNumber};
use crate::{At, Database, Name};
use indexmap::IndexMap;
use tranship_facts::{DatabaseEngine, ImageReference, KnownImage};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::yaml::{Entry, Node};

/// Variables of the official images that create a database and a user.
/// Source: the pages of `mysql`, `mariadb` and `postgres` on Docker Hub, and of Bitnami's variants.
struct Variables {
    database: &'static [&'static str],
    user: &'static [&'static str],
    password: &'static [&'static str],
}

const MYSQL: Variables = Variables {
    database: &["MYSQL_DATABASE", "MARIADB_DATABASE"],
    user: &["MYSQL_USER", "MARIADB_USER"],
    password: &["MYSQL_PASSWORD", "MARIADB_PASSWORD", "MYSQL_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD"],
};

const POSTGRES: Variables = Variables {
    database: &["POSTGRES_DB", "POSTGRESQL_DATABASE"],
    user: &["POSTGRES_USER", "POSTGRESQL_USERNAME"],
    password: &["POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD", "POSTGRESQL_POSTGRES_PASSWORD"],
};

fn variables(engine: DatabaseEngine) -> &'static Variables {
    match engine {
        DatabaseEngine::Mysql | DatabaseEngine::Mariadb => &MYSQL,
        DatabaseEngine::Postgres => &POSTGRES,
    }
}

/// The database of every service that one replaces.
pub(super) fn read(cx: &mut Lowering<'_>, selection: &Selection<'_>) -> IndexMap<Name, Database> {
    let mut databases = IndexMap::new();
    for entry in &selection.replaced {
        if let Some(database) = database(cx, entry) {
            databases.insert(entry.key.text.clone(), database);
        }
    }
    databases
}

fn database(cx: &mut Lowering<'_>, entry: &Entry) -> Option<Database> {
    let (name, node) = (entry.key.text.clone(), &entry.value);
    let Some(DatabaseSetting::Managed(asked)) = &cx.document.service(&name)?.database else { return None };
    let settings = &asked.value;
    let image = node.get("image").and_then(scalar).unwrap_or_default();
    let Some(engine) = settings.engine.clone().or_else(|| engine(node, &image)) else {
        cx.diagnostics.push(
            Diagnostic::new(
                &rules::app::DATABASE_ENGINE,
                format!("service `{name}` is to be a managed database, but neither `engine` nor its image says which"),
            )
            .at(asked.origin)
            .service(&*name)
            .help("add `engine: mysql`, `mariadb` or `postgres` under `x-tranship.database`"),
        );
        return None;
    };
    let names = variables(engine.value);
    let database = settings.name.clone().or_else(|| cx.variable_of(node, names.database));
    let user = |cx: &mut Lowering<'_>| cx.variable_of(node, names.user).filter(|user| user.value != "root");
    let username = settings.username.clone().or_else(|| user(cx));
    let found = Database {
        version: settings.version.clone().or_else(|| version(node, &image)),
        class: settings.class.clone().map(|class| class.map(|class| class.to_string())),
        storage: settings.storage.clone().map(|storage| storage.map(WholeNumber::get)),
        database: match engine.value {
            // The PostgreSQL image names the database after its user.
            DatabaseEngine::Postgres => database.or_else(|| username.clone()),
            _ => database,
        },
        username,
        node: asked.node,
        origin: asked.origin,
        service_node: node.id,
        engine,
        name,
    };
    claim(cx, node, names, &found);
    Some(found)
}

/// The engine of the image.
fn engine(service: &Node, image: &str) -> Option<At<DatabaseEngine>> {
    let engine = KnownImage::find(image)?.engine()?;
    service.get("image").map(|node| At::inferred(engine, node.origin))
}

/// The numbers at the start of the image's tag: `16` of `16-alpine`.
fn version(service: &Node, image: &str) -> Option<At<String>> {
    let tag = ImageReference::parse(image).tag?;
    let numbers = tag.split('-').next().unwrap_or(tag);
    let plain = !numbers.is_empty() && numbers.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    let short: Vec<&str> = numbers.split('.').take(2).collect();
    plain.then(|| service.get("image").map(|node| At::inferred(short.join("."), node.origin))).flatten()
}

/// Settles the leaves of the replaced service: they mean the same for every target.
fn claim(cx: &mut Lowering<'_>, node: &Node, names: &Variables, database: &Database) {
    cx.ledger.ignored(node, "a managed database replaces the container", false);
    let environment = node.get("environment").and_then(Node::as_mapping);
    for entry in environment.into_iter().flatten() {
        let key = &&*entry.key.text;
        if names.database.contains(key) {
            cx.ledger.exact(&entry.value, "the database's name");
        } else if names.user.contains(key) && database.username.is_some() {
            cx.ledger.exact(&entry.value, "the database's user");
        } else if names.password.contains(key) {
            let reason = "a literal secret is never emitted";
            cx.ledger.approximated(&entry.value, "a generated password", reason, "the database's secret");
        }
    }
    lost(cx, node, database);
}

/// What the container does that a managed database does not: told once.
fn lost(cx: &mut Lowering<'_>, node: &Node, database: &Database) {
    let mut lost = Vec::new();
    if let Some(command) = node.get("command").filter(|command| !command.is_null()) {
        lost.push(("`command`", "server options belong into a parameter group", command));
    }
    let mounts = node.get("volumes").and_then(Node::as_sequence).unwrap_or_default();
    let scripts = |mount: &&Node| {
        let target = mount.get("target").and_then(Node::as_str);
        target.is_some_and(|target| target.starts_with("/docker-entrypoint-initdb.d"))
    };
    if let Some(mount) = mounts.iter().find(scripts) {
        lost.push(("the scripts in `/docker-entrypoint-initdb.d`", "run them as a job", mount));
    }
    for (what, help, lost) in lost {
        cx.ledger.ignored(lost, "a managed database does not run it", true);
        cx.diagnostics.push(
            Diagnostic::new(
                &rules::app::DATABASE_LOSES,
                format!(
                    "{what} of service `{}` has no effect: a managed database replaces the container",
                    database.name
                ),
            )
            .at(lost.origin)
            .service(&*database.name)
            .help(help),
        );
    }
}

impl Lowering<'_> {
    /// The first of some variables that a service's environment has.
    fn variable_of(&mut self, service: &Node, names: &[&str]) -> Option<At<String>> {
        let environment = service.get("environment")?;
        let node = names.iter().find_map(|name| environment.get(name))?;
        self.string(Some(node)).filter(|text| !text.value.is_empty())
    }

    /// The passwords that a replaced service's environment gives its users.
    pub(super) fn passwords_of(&self, database: &Database) -> Vec<String> {
        let environment = self.manifest.root.at(&["services", &database.name, "environment"]);
        let names = variables(database.engine.value).password.iter();
        let values = names.filter_map(|name| scalar(environment?.get(name)?));
        values.map(|text| text.to_string()).filter(|text| !text.is_empty()).collect()
    }

    /// The secrets that give a replaced service its passwords: `MYSQL_PASSWORD_FILE: /run/secrets/x`.
    pub(super) fn password_files_of(&self, database: &Database) -> Vec<Name> {
        let Some(service) = self.manifest.root.at(&["services", &database.name]) else { return Vec::new() };
        let names = variables(database.engine.value).password.iter();
        let paths: Vec<_> =
            names.filter_map(|name| scalar(service.at(&["environment", &format!("{name}_FILE")])?)).collect();
        let mounted = service.get("secrets").and_then(Node::as_sequence).unwrap_or_default();
        let secret = |item: &Node| {
            let source = item.get("source")?.as_str()?;
            let target = item.get("target").and_then(Node::as_str).unwrap_or(source);
            let path =
                if target.starts_with('/') { target.to_owned() } else { format!("/run/secrets/{target}") };
            paths.iter().any(|wanted| **wanted == *path).then(|| Name::from(source))
        };
        mounted.iter().filter_map(secret).collect()
    }
}
