//! Services that a managed database replaces: engine, version, name, users, and what is lost with the
//! container.

use super::service_selection::ServiceSelection;
use super::{LoweringContext, flat_text};
use crate::document::ComposeService;
use crate::rules;
use crate::settings::{DatabaseSetting, ExistingDatabaseSettings, PortNumber, WholeNumber};
use crate::{
    At, BehaviourEffect, ContainerImage, ContainerMount, ContainerSpec, ExistingDatabase, ExistingSecret,
    FileMountKind, ManagedDatabase, ManifestName, SecretId, SecretPart,
};
use indexmap::IndexMap;
use tranship_facts::{DatabaseEngine, ImageReference, KnownImage};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// The key under which Amazon RDS keeps the password of a database in its secret.
/// Source: Secrets Manager User Guide, "JSON structure of AWS Secrets Manager database credential secrets", November 2026.
const PASSWORD_KEY: &str = "password";

/// Variables of the official images that create a database and a user.
/// Source: the pages of `mysql`, `mariadb` and `postgres` on Docker Hub, and of Bitnami's variants.
struct DatabaseVariables {
    database: &'static [&'static str],
    user: &'static [&'static str],
    password: &'static [&'static str],
}

const MYSQL: DatabaseVariables = DatabaseVariables {
    database: &["MYSQL_DATABASE", "MARIADB_DATABASE"],
    user: &["MYSQL_USER", "MARIADB_USER"],
    password: &["MYSQL_PASSWORD", "MARIADB_PASSWORD", "MYSQL_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD"],
};

const POSTGRES: DatabaseVariables = DatabaseVariables {
    database: &["POSTGRES_DB", "POSTGRESQL_DATABASE"],
    user: &["POSTGRES_USER", "POSTGRESQL_USERNAME"],
    password: &["POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD", "POSTGRESQL_POSTGRES_PASSWORD"],
};

fn variables(engine: DatabaseEngine) -> &'static DatabaseVariables {
    match engine {
        DatabaseEngine::Mysql | DatabaseEngine::Mariadb => &MYSQL,
        DatabaseEngine::Postgres => &POSTGRES,
    }
}

/// The database of every service that one replaces.
pub(super) fn read(
    cx: &mut LoweringContext<'_>,
    selection: &ServiceSelection<'_>,
) -> IndexMap<ManifestName, ManagedDatabase> {
    let mut databases = IndexMap::new();
    for given in &selection.replaced {
        if let Some(database) = database(cx, given) {
            databases.insert(given.name.clone(), database);
        }
    }
    databases
}

fn database(cx: &mut LoweringContext<'_>, given: &ComposeService) -> Option<ManagedDatabase> {
    let name = given.name.clone();
    let container = &given.description.value.container;
    let Some(DatabaseSetting::Managed(asked)) = &cx.settings.service(&name)?.database else { return None };
    let settings = &asked.value;
    let Some(engine) = settings.engine.clone().or_else(|| engine(container)) else {
        cx.diagnostics.push(
            Diagnostic::new(
                &rules::app::DATABASE_ENGINE,
                format!("service `{name}` needs a managed database, but neither `engine` nor the image says which one"),
            )
            .at(asked.origin)
            .service(&*name)
            .help("add `engine: mysql`, `mariadb` or `postgres` under `x-tranship.database`"),
        );
        return None;
    };
    let names = variables(engine.value);
    let database = settings.name.clone().or_else(|| cx.variable_of(container, names.database));
    let user = |cx: &mut LoweringContext<'_>| {
        cx.variable_of(container, names.user).filter(|user| user.value != "root")
    };
    let username = settings.username.clone().or_else(|| user(cx));
    let found = ManagedDatabase {
        version: settings.version.clone().or_else(|| version(cx, container)),
        class: settings.class.clone().map(|class| class.map(|class| class.to_string())),
        storage: settings.storage.clone().map(|storage| storage.map(WholeNumber::get)),
        database: match engine.value {
            // The PostgreSQL image names the database after its user.
            DatabaseEngine::Postgres => database.or_else(|| username.clone()),
            _ => database,
        },
        username,
        existing: settings.existing.as_ref().map(|existing| of_setting(cx, &existing.value)),
        extended_support: settings.extended_support.clone(),
        snapshot: settings.snapshot.clone().map(|snapshot| snapshot.map(|name| name.to_string())),
        coupled: settings.coupled.clone(),
        node: asked.node,
        origin: asked.origin,
        service_node: given.node,
        engine,
        name,
    };
    claim(cx, given, names, &found);
    Some(found)
}

/// What the setting says of a database that exists.
fn of_setting(cx: &mut LoweringContext<'_>, setting: &ExistingDatabaseSettings) -> ExistingDatabase {
    let found = ExistingSecret::at(cx.open_text(&setting.secret.0));
    if let Some(key) = &setting.key {
        cx.ledger.decided(key, "the key of the secret that clients of the database read");
    }
    let key = setting.key.as_ref().map(|key| key.value.clone());
    let key = key.or(found.part.key.clone()).unwrap_or_else(|| PASSWORD_KEY.to_owned());
    ExistingDatabase {
        host: setting.host.clone().map(|host| host.to_string()),
        port: setting.port.clone().map(|port| port.map(PortNumber::get)),
        secret: ExistingSecret { part: SecretPart { key: Some(key), ..found.part.clone() }, ..found },
        security_group: setting.security_group.clone().map(|group| group.map(|group| group.to_string())),
    }
}

/// The engine of the image.
fn engine(container: &ContainerSpec) -> Option<At<DatabaseEngine>> {
    let ContainerImage::Named(image) = &container.image else { return None };
    let engine = KnownImage::find(&flat_text::shown(image))?.engine()?;
    Some(At::inferred(engine, image.origin))
}

/// The numbers at the start of the image's tag: `16` of `16-alpine`.
fn version(cx: &mut LoweringContext<'_>, container: &ContainerSpec) -> Option<At<String>> {
    let ContainerImage::Named(image) = &container.image else { return None };
    let image = cx.known(image)?;
    let tag = ImageReference::parse(&image.value).tag?;
    let numbers = tag.split('-').next().unwrap_or(tag);
    let plain = !numbers.is_empty() && numbers.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    let short: Vec<&str> = numbers.split('.').take(2).collect();
    plain.then(|| At::inferred(short.join("."), image.origin))
}

/// Settles the leaves of the replaced service: they mean the same for every target.
fn claim(
    cx: &mut LoweringContext<'_>,
    given: &ComposeService,
    names: &DatabaseVariables,
    database: &ManagedDatabase,
) {
    let why = match database.existing {
        Some(_) => "a database that exists takes the place of the container",
        None => "a managed database replaces the container",
    };
    cx.ledger.ignored(&given.node, why, BehaviourEffect::Equivalent);
    let container = &given.description.value.container;
    claim_image(cx, container, database);
    for (key, variant) in &container.environment {
        let (key, node) = (&&**key, &variant.node);
        let taken = |from: &Option<At<String>>| from.as_ref().is_some_and(|value| value.node == *node);
        if names.database.contains(key) && taken(&database.database) {
            if database.existing.is_some() {
                continue;
            }
            cx.ledger.decided(node, "the database's name");
        } else if names.user.contains(key) && taken(&database.username) {
            cx.ledger.decided(node, "the database's user");
        } else if names.password.contains(key) {
            let reason = "literal secrets are never written to artifacts";
            let instead =
                if database.existing.is_some() { "the existing secret" } else { "a generated password" };
            cx.ledger.approximated(
                node,
                BehaviourEffect::Equivalent,
                instead,
                reason,
                "the database's secret",
            );
        }
    }
    lost(cx, container, database);
}

/// The image says the engine and, with the numbers of its tag, the version, unless a setting does.
fn claim_image(cx: &mut LoweringContext<'_>, container: &ContainerSpec, database: &ManagedDatabase) {
    let ContainerImage::Named(image) = &container.image else { return };
    let from_image = |origin: Origin| origin == image.origin;
    if database.existing.is_some() {
        let why = "the database that exists has its own version";
        cx.ledger.ignored(&image.node, why, BehaviourEffect::Equivalent);
        return;
    }
    if database.version.as_ref().is_some_and(|version| from_image(version.origin)) {
        cx.ledger.decided(&image.node, "the database's engine and version");
    } else if from_image(database.engine.origin) {
        let (value, reason) = ("the engine alone", "the tag of the image does not set the version");
        cx.ledger.approximated(
            &image.node,
            BehaviourEffect::Equivalent,
            value,
            reason,
            "the database's engine",
        );
    }
}

/// What the container does that a managed database does not: told once.
fn lost(cx: &mut LoweringContext<'_>, container: &ContainerSpec, database: &ManagedDatabase) {
    let mut lost = Vec::new();
    if let Some(command) = &container.command {
        let help = "set server options in an RDS parameter group";
        lost.push(("`command`", help, command.node, command.origin));
    }
    let scripts = |mount: &&ContainerMount| mount.target.value.starts_with("/docker-entrypoint-initdb.d");
    if let Some(mount) = container.mounts.iter().find(scripts) {
        let what = "the scripts in `/docker-entrypoint-initdb.d`";
        lost.push((what, "run the scripts as a job", mount.node, mount.origin));
    }
    for (what, help, node, origin) in lost {
        cx.ledger.ignored(&node, "a managed database does not run this", BehaviourEffect::ChangesBehaviour);
        cx.diagnostics.push(
            Diagnostic::new(
                &rules::app::DATABASE_LOSES,
                format!(
                    "{what} of service `{}` has no effect: a managed database replaces the container",
                    database.name
                ),
            )
            .at(origin)
            .service(&*database.name)
            .help(help),
        );
    }
}

impl LoweringContext<'_> {
    /// The first of some variables that a container's environment has.
    fn variable_of(&mut self, container: &ContainerSpec, names: &[&str]) -> Option<At<String>> {
        let variant = names.iter().find_map(|name| container.environment.get(*name))?;
        self.known(variant.value.as_ref()?).filter(|text| !text.value.is_empty())
    }

    /// The passwords that a replaced service's environment gives its users.
    pub(super) fn passwords_of(&self, database: &ManagedDatabase) -> Vec<String> {
        let names = variables(database.engine.value).password.iter();
        let values = names.filter_map(|name| self.replaced_value(database, name));
        values.filter(|text| !text.is_empty()).collect()
    }

    /// The secrets that give a replaced service its passwords: `MYSQL_PASSWORD_FILE: /run/secrets/x`.
    pub(super) fn password_files_of(&self, database: &ManagedDatabase) -> Vec<SecretId> {
        let names = variables(database.engine.value).password.iter();
        let paths: Vec<String> =
            names.filter_map(|name| self.replaced_value(database, &format!("{name}_FILE"))).collect();
        let files = self.replaced_container(database).map(|container| container.files.as_slice());
        let files = files.unwrap_or_default().iter().filter(|file| file.kind == FileMountKind::Secret);
        files.filter(|file| paths.contains(&file.target.value)).map(|file| file.secret.clone()).collect()
    }

    /// A variable of a replaced service's environment, if it is known now.
    fn replaced_value(&self, database: &ManagedDatabase, variable: &str) -> Option<String> {
        let environment = &self.replaced_container(database)?.environment;
        Some(environment.get(variable)?.value.as_ref()?.literal()?.to_string())
    }

    /// The container that a database replaces.
    fn replaced_container(&self, database: &ManagedDatabase) -> Option<&ContainerSpec> {
        let service = self.document.services.get(&database.name)?;
        Some(&service.description.value.container)
    }
}
