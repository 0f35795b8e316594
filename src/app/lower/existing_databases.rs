//! Databases that exist already in the place of services: their clients get the address and a secret.
//!
//! In: the application as it is wired to databases. Out: the same without those that exist; every text that named one
//! holds its host, its port, its names and its secret, and every service that connects has an address outside and,
//! where the group of the database is known, a way in. Invariant: no text names a database that is not created.

use super::LoweringContext;
use crate::{
    AppService, ApplicationSecret, At, BehaviourEffect, DatabaseAccess, DatabaseField, ExistingDatabase,
    ExternalAddress, ManagedDatabase, ManifestName, PortSpec, SecretId, SecretSource, SecretStore,
    ServiceEdge, Text, TextPiece, rules,
};
use indexmap::IndexMap;
use tranship_frontend::diagnostic::Diagnostic;

/// What stands in the place of a database that exists.
struct SettledDatabase {
    database: ManagedDatabase,
    existing: ExistingDatabase,
    secret: SecretId,
}

impl SettledDatabase {
    fn port(&self) -> u16 {
        self.existing.port.as_ref().map_or_else(|| self.database.engine.value.port(), At::get)
    }

    fn piece(&self, field: DatabaseField) -> TextPiece {
        let named = |name: &Option<At<String>>| name.as_ref().map_or("", |name| name.value.as_str()).into();
        TextPiece::Literal(match field {
            DatabaseField::Host => self.existing.host.value.as_str().into(),
            DatabaseField::Port => self.port().to_string().into(),
            DatabaseField::Name => named(&self.database.database),
            DatabaseField::Username => named(&self.database.username),
            DatabaseField::Password => return TextPiece::Secret(self.secret.clone()),
        })
    }
}

/// Takes the databases that exist out of the application.
pub(super) fn settle(
    cx: &mut LoweringContext<'_>,
    services: &mut IndexMap<ManifestName, AppService>,
    databases: &mut IndexMap<ManifestName, ManagedDatabase>,
    secrets: &mut IndexMap<SecretId, ApplicationSecret>,
    edges: &mut Vec<ServiceEdge>,
) -> Vec<DatabaseAccess> {
    let mut settled = IndexMap::new();
    for (name, database) in std::mem::take(databases) {
        match database.existing.clone() {
            Some(existing) => {
                let one = declare(cx, database, existing, secrets);
                settled.insert(name, one);
            }
            None => {
                databases.insert(name, database);
            }
        }
    }
    if settled.is_empty() {
        return Vec::new();
    }
    for text in services.values_mut().flat_map(AppService::texts_mut) {
        settle_text(text, &settled);
    }
    for secret in secrets.values_mut() {
        if let SecretSource::Derived(text) | SecretSource::Content(text) = &mut secret.source {
            settle_text(text, &settled);
        }
    }
    for service in services.values_mut() {
        service.dependencies.retain(|dependency| !settled.contains_key(&dependency.on));
    }
    open(services, &settled, edges)
}

/// Declares the secret that holds the password, and claims what says so.
fn declare(
    cx: &mut LoweringContext<'_>,
    database: ManagedDatabase,
    existing: ExistingDatabase,
    secrets: &mut IndexMap<SecretId, ApplicationSecret>,
) -> SettledDatabase {
    if database.username.is_none() {
        let message = format!("nothing says the user of the existing database `{}`", database.name);
        let diagnostic = Diagnostic::new(&rules::app::DATABASE_USER, message)
            .at(existing.host.origin)
            .service(&*database.name)
            .help("add `username` under `x-tranship.database`");
        cx.diagnostics.push(diagnostic);
    }
    if existing.secret.store == SecretStore::ParameterStore {
        let message = format!("the password of `{}` is to come from a parameter", database.name);
        let diagnostic = Diagnostic::new(&rules::tranship::INVALID_SETTING, message)
            .at(existing.secret.location.origin)
            .service(&*database.name)
            .help("keep it in a secret of Secrets Manager: CloudFormation puts no `SecureString` into a URL");
        cx.diagnostics.push(diagnostic);
    }
    cx.ledger.decided(&existing.host, "the address of the existing database");
    cx.ledger.decided(&database.engine, "the port and the variables of the existing database");
    if let Some(port) = &existing.port {
        cx.ledger.decided(port, "the port of the existing database");
    }
    if let Some(name) = &database.username {
        cx.ledger.decided(name, "the values of the database's clients");
    }
    if let Some(name) = &database.database {
        let why = "the database exists, and its clients say which one they use";
        cx.ledger.ignored(&name.node, why, BehaviourEffect::Equivalent);
    }
    let id = SecretId::new(format!("{}/password", database.name));
    let (node, origin) = (existing.secret.location.node, existing.secret.location.origin);
    cx.ledger.decided(&node, "the secret that clients of the database read");
    let source = SecretSource::External(existing.secret.clone());
    secrets.insert(id.clone(), ApplicationSecret { name: id.clone(), source, origin, node });
    SettledDatabase { database, existing, secret: id }
}

fn settle_text(text: &mut Text, settled: &IndexMap<ManifestName, SettledDatabase>) {
    for segment in &mut text.segments {
        let TextPiece::Database { service, field } = &segment.piece else { continue };
        if let Some(database) = settled.get(service) {
            segment.piece = database.piece(*field);
        }
    }
    text.join_literals();
}

/// The way to each database: out of the service, and into its group where that is known.
fn open(
    services: &mut IndexMap<ManifestName, AppService>,
    settled: &IndexMap<ManifestName, SettledDatabase>,
    edges: &mut Vec<ServiceEdge>,
) -> Vec<DatabaseAccess> {
    let mut found = Vec::new();
    for edge in edges.iter() {
        let Some(database) = settled.get(&edge.to) else { continue };
        let port = PortSpec::tcp(database.port());
        let host = &database.existing.host;
        if let Some(service) = services.get_mut(&edge.from) {
            let text = Text::known(host.value.as_str(), host.node, host.origin);
            let address =
                ExternalAddress { host: text, port: Some(port), node: host.node, origin: edge.origin };
            service.external.push(address);
        }
        if let Some(group) = &database.existing.security_group {
            let (from, to, group) = (edge.from.clone(), edge.to.clone(), group.clone());
            found.push(DatabaseAccess { from, to, port, group });
        }
    }
    edges.retain(|edge| !settled.contains_key(&edge.to));
    found
}
