//! Values of the environment: host names, database credentials and secrets in place of literals.
//!
//! In: each service's environment as the manifest has it. Out: the same with [`TextPiece`]s where the value
//! differs on AWS, and who reaches whom. Source of the rules: design notes in each function.

use super::address_scan::{BareWords, KnownHosts, ScannedAddress, TextRange, addresses, slice};
use super::flat_text::FlatText;
use super::host_directory::HostDirectory;
use super::secret_groups::SecretExtent;
use super::secret_pool::{DraftText, ProvisionalSecret, SecretPool};
use super::secret_wiring::WiredValue;
use super::variable_names::{ConnectionField, field, holds_callers};
use super::{LoweringContext, declared_secrets, existing_secrets};
use crate::rules;
use crate::{
    AppService, ApplicationSecret, ContainerImage, DatabaseField, EnvironmentVariable, ManagedDatabase,
    ManifestName, SecretId, SecretSource, Text, TextPiece,
};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_facts::{KnownImage, UrlScheme};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::secrets::{name_words, secrets_of};
use tranship_frontend::source::Origin;

/// A service reaches another, as a value says.
#[derive(Debug, Clone)]
pub(super) struct HostReach {
    /// Who connects.
    pub(super) from: ManifestName,
    /// To whom.
    pub(super) to: ManifestName,
    /// The port that the value names.
    pub(super) port: Option<u16>,
    /// The value.
    pub(super) origin: Origin,
}

/// What wiring knows while it goes over the services.
pub(super) struct EnvironmentWiring<'a> {
    /// Who is meant by a name.
    pub(super) directory: &'a HostDirectory,
    /// The databases.
    pub(super) databases: &'a IndexMap<ManifestName, ManagedDatabase>,
    /// Ports that each service and database listens on.
    pub(super) listening: BTreeMap<ManifestName, BTreeSet<u16>>,
    /// The values that replaced databases give their users as passwords.
    passwords: BTreeMap<ManifestName, Vec<String>>,
    /// Secrets so far.
    pub(super) pool: SecretPool,
    /// Secrets that exist on AWS, by their ARNs.
    existing: BTreeMap<std::sync::Arc<str>, SecretId>,
    /// Who reaches whom.
    pub(super) reaches: Vec<HostReach>,
    /// Values that name a service that is never deployed: who, whom, where.
    pub(super) dangling: Vec<(ManifestName, ManifestName, Origin)>,
}

/// Wires every service's values.
pub(super) fn wire(
    cx: &mut LoweringContext<'_>,
    services: &mut IndexMap<ManifestName, AppService>,
    databases: &mut IndexMap<ManifestName, ManagedDatabase>,
    directory: &HostDirectory,
    declared: &mut IndexMap<SecretId, ApplicationSecret>,
) -> Vec<HostReach> {
    let listening = listening(services, databases);
    adopt_names(services, databases, directory);
    let passwords =
        databases.values().map(|database| (database.name.clone(), cx.passwords_of(database))).collect();
    let existing = existing_secrets::declare(services, declared);
    let (pool, reaches, dangling) = (SecretPool::default(), Vec::new(), Vec::new());
    let mut wiring =
        EnvironmentWiring { directory, databases, listening, passwords, pool, existing, reaches, dangling };
    for service in services.values_mut() {
        wiring.environment(cx, service);
        wiring.commands(cx, service);
    }
    for (name, secret) in declared.iter() {
        if let SecretSource::Content(text) = &secret.source {
            wiring.content(cx, name, text);
        }
    }
    let EnvironmentWiring { pool, reaches, dangling, .. } = wiring;
    let given = pool.settle(services, declared, &connections(services, &reaches));
    declared_secrets::tell(cx, &given);
    tell_dangling(cx, dangling);
    reaches
}

/// Who connects to whom, by a value or by `depends_on`.
fn connections(
    services: &IndexMap<ManifestName, AppService>,
    reaches: &[HostReach],
) -> BTreeSet<(ManifestName, ManifestName)> {
    let by_value = reaches.iter().map(|reach| (reach.from.clone(), reach.to.clone()));
    let declared = services.values().flat_map(|service| {
        service.dependencies.iter().map(|dependency| (service.name.clone(), dependency.on.clone()))
    });
    by_value.chain(declared).collect()
}

/// The ports that each service and database listens on, as far as the manifest or its image says.
fn listening(
    services: &IndexMap<ManifestName, AppService>,
    databases: &IndexMap<ManifestName, ManagedDatabase>,
) -> BTreeMap<ManifestName, BTreeSet<u16>> {
    let mut listening: BTreeMap<ManifestName, BTreeSet<u16>> = BTreeMap::new();
    for service in services.values() {
        let ports = listening.entry(service.name.clone()).or_default();
        ports.extend(service.container.ports.iter().map(|port| port.container.value));
        if let ContainerImage::Named(text) = &service.container.image {
            let known = KnownImage::find(&super::flat_text::shown(text));
            ports.extend(known.into_iter().flat_map(|known| known.ports).map(|port| port.number));
        }
    }
    for database in databases.values() {
        listening.entry(database.name.clone()).or_default().insert(database.engine.value.port());
    }
    listening
}

/// A database without a name or user takes those that its first client uses.
fn adopt_names(
    services: &IndexMap<ManifestName, AppService>,
    databases: &mut IndexMap<ManifestName, ManagedDatabase>,
    directory: &HostDirectory,
) {
    for service in services.values() {
        for (prefix, name) in groups(&service.name, &service.container.environment, directory, databases) {
            let Some(database) = databases.get_mut(&name) else { continue };
            for (variable, variant) in &service.container.environment {
                let Some((_, kind)) = field(variable).filter(|(found, _)| *found == prefix) else { continue };
                let Some(value) = variant.value.as_ref().and_then(Text::literal) else { continue };
                let at =
                    || crate::At { value: value.to_string(), node: variant.node, origin: variant.origin };
                match kind {
                    ConnectionField::Database if database.database.is_none() && !value.is_empty() => {
                        database.database = Some(at())
                    }
                    ConnectionField::User
                        if database.username.is_none() && !["", "root", "admin"].contains(&&*value) =>
                    {
                        database.username = Some(at());
                    }
                    _ => {}
                }
            }
        }
    }
}

/// The groups of variables that hold one connection to a database: `MYSQL` for `MYSQL_HOST: db`.
fn groups(
    service: &ManifestName,
    environment: &IndexMap<ManifestName, EnvironmentVariable>,
    directory: &HostDirectory,
    databases: &IndexMap<ManifestName, ManagedDatabase>,
) -> BTreeMap<String, ManifestName> {
    let mut groups = BTreeMap::new();
    let database = |host: &str| directory.resolve(service, host).filter(|name| databases.contains_key(*name));
    for (variable, variant) in environment {
        let Some(text) = &variant.value else { continue };
        let flat = FlatText::of(text);
        let is_host = |name: &str| database(name).is_some();
        let names =
            KnownHosts { is_host: &is_host, listens: &|_, _| true, bare_words: BareWords::of(variable) };
        let found = addresses(&flat.text, &names);
        let Some(name) = found.iter().find_map(|address| database(slice(&flat.text, &address.host))) else {
            continue;
        };
        let prefix = match field(variable) {
            Some((prefix, ConnectionField::Host)) => Some(prefix),
            Some(_) => None,
            // `SPRING_DATASOURCE_URL` goes with `SPRING_DATASOURCE_USERNAME`.
            None => {
                let mut words = name_words(variable);
                let last = words.pop();
                last.filter(|last| ["URL", "URI", "DSN", "ENDPOINT"].contains(&last.as_str()))
                    .map(|_| words.join("_"))
            }
        };
        if let Some(prefix) = prefix {
            groups.insert(prefix, name.clone());
        }
    }
    groups
}

impl EnvironmentWiring<'_> {
    fn environment(&mut self, cx: &mut LoweringContext<'_>, service: &AppService) {
        let name = service.name.clone();
        let groups = groups(&name, &service.container.environment, self.directory, self.databases);
        let ports = port_variables(&service.container.environment);
        for (variable, variant) in &service.container.environment {
            let Some(text) = &variant.value else { continue };
            if let Some(secret) = self.existing_secret(variable, text) {
                self.pool.keep(&name, variable, secret);
                continue;
            }
            let wired = self.value(cx, &name, variable, text, &groups, &ports);
            let sealed = self.sealed(cx, &name, variable, text, wired);
            self.pool.keep(&name, variable, sealed);
        }
    }

    /// The secret whose ARN a variable holds.
    fn existing_secret(&self, variable: &ManifestName, text: &Text) -> Option<DraftText> {
        let secret = self.existing.get(&text.literal()?)?;
        if existing_secrets::is_named_after_arn(variable) {
            return None;
        }
        let mut draft = Text::empty(text.node, text.origin);
        draft.push(TextPiece::Secret(ProvisionalSecret::Settled(secret.clone())), text.origin);
        Some(draft)
    }

    /// One value with pieces where it differs on AWS.
    fn value(
        &mut self,
        cx: &mut LoweringContext<'_>,
        service: &ManifestName,
        variable: &ManifestName,
        text: &Text,
        groups: &BTreeMap<String, ManifestName>,
        ports: &BTreeMap<String, u16>,
    ) -> DraftText {
        let flat = FlatText::of(text);
        let found = self.addresses(service, &flat.text, BareWords::of(variable));
        let known = cx.secret_parts(text, &flat);
        let spans = known.all();
        let whole = 0..flat.text.len();
        let mut marks = Vec::new();
        let mut credentials = false;
        for address in &found {
            let sibling = field(variable).and_then(|(prefix, _)| ports.get(&prefix).copied());
            let to = self.directory.resolve(service, slice(&flat.text, &address.host)).cloned();
            match to {
                Some(to) if self.databases.contains_key(&to) => {
                    self.reach(service, &to, address, &flat, sibling, text.origin);
                    marks.extend(self.database_marks(&to, address, &flat));
                    credentials = true;
                }
                Some(to) => {
                    if !holds_callers(variable) {
                        self.reach(service, &to, address, &flat, sibling, text.origin);
                    }
                    // A service's bare own name says what it is called, not where to connect.
                    if to != *service
                        || address.port.is_some()
                        || address.scheme.is_some()
                        || holds_callers(variable)
                    {
                        marks.extend(self.host_mark(service, &to, address, text.origin));
                    }
                    let found = WiredValue { service, variable, flat: &flat, text };
                    marks.extend(self.password_mark(cx, &found, address, &spans, Some(to)));
                }
                None => {
                    let found = WiredValue { service, variable, flat: &flat, text };
                    marks.extend(self.password_mark(cx, &found, address, &spans, None));
                }
            }
        }
        if let (true, Some(piece)) = (found.is_empty(), self.credential(service, variable, &flat, groups)) {
            marks.push((whole.clone(), piece));
            credentials = true;
        }
        let found = WiredValue { service, variable, flat: &flat, text };
        if credentials {
            cx.ledger.exact(text, "the managed database");
        } else if known.is_one_variable(&whole)
            || (spans == [whole.clone()] || secrets_of(variable, &flat.text) == [whole.clone()])
                && !marks.iter().any(|(_, piece)| matches!(piece, TextPiece::Host(_)))
        {
            let piece = self.given(cx, &found, whole.clone(), SecretExtent::Whole);
            return flat.with(vec![(whole, piece)]);
        }
        for span in spans.into_iter().filter(|span| *span != whole) {
            self.hide(cx, &found, span, &mut marks);
        }
        flat.with(marks)
    }

    /// Every address of a value whose host is known or whose password must be hidden.
    pub(super) fn addresses(
        &self,
        service: &ManifestName,
        text: &str,
        bare_words: BareWords,
    ) -> Vec<ScannedAddress> {
        let is_host = |name: &str| self.directory.resolve(service, name).is_some();
        let listens = |name: &str, port: u16| {
            let to = self.directory.resolve(service, name);
            to.and_then(|to| self.listening.get(to)).is_some_and(|ports| ports.contains(&port))
        };
        addresses(text, &KnownHosts { is_host: &is_host, listens: &listens, bare_words })
    }

    /// Notes that a value leads to a service.
    pub(super) fn reach(
        &mut self,
        from: &ManifestName,
        to: &ManifestName,
        address: &ScannedAddress,
        flat: &FlatText,
        sibling: Option<u16>,
        origin: Origin,
    ) {
        if from == to || self.directory.is_skipped(to) {
            return;
        }
        let written = address.port.as_ref().and_then(|port| slice(&flat.text, port).parse().ok());
        let of_scheme = || {
            address
                .scheme
                .as_ref()
                .and_then(|scheme| UrlScheme::find(slice(&flat.text, scheme)))
                .map(|scheme| scheme.port)
        };
        let port = written.or(sibling).or_else(of_scheme);
        self.reaches.push(HostReach { from: from.clone(), to: to.clone(), port, origin });
    }

    /// The host of an address as a piece, unless nothing answers to it.
    pub(super) fn host_mark<S>(
        &mut self,
        from: &ManifestName,
        to: &ManifestName,
        address: &ScannedAddress,
        origin: Origin,
    ) -> Option<(TextRange, TextPiece<S>)> {
        if self.directory.is_skipped(to) {
            self.dangling.push((from.clone(), to.clone(), origin));
            return None;
        }
        Some((address.host.clone(), TextPiece::Host(to.clone())))
    }

    /// The parts of an address of a database.
    pub(super) fn database_marks<S>(
        &self,
        to: &ManifestName,
        address: &ScannedAddress,
        flat: &FlatText,
    ) -> Vec<(TextRange, TextPiece<S>)> {
        let piece = |field| TextPiece::Database { service: to.clone(), field };
        let mut marks = vec![(address.host.clone(), piece(DatabaseField::Host))];
        let parts = [
            (&address.port, DatabaseField::Port),
            (&address.user, DatabaseField::Username),
            (&address.password, DatabaseField::Password),
        ];
        for (part, field) in parts {
            if let Some(part) = part.clone().filter(|part| !part.is_empty()) {
                marks.push((part, piece(field)));
            }
        }
        // `user:@db`: the local database takes no password, the managed one does.
        if let Some(part) = address.password.clone().filter(TextRange::is_empty) {
            marks.push((part, piece(DatabaseField::Password)));
        }
        if let Some(path) = address.path.clone().filter(|path| self.is_database(to, slice(&flat.text, path)))
        {
            marks.push((path, piece(DatabaseField::Name)));
        }
        for (key, part) in &address.pairs {
            let field = match key.as_str() {
                "port" => DatabaseField::Port,
                "user" | "username" | "uid" | "userid" | "u" => DatabaseField::Username,
                "password" | "pwd" | "pass" | "p" => DatabaseField::Password,
                "dbname" | "database" | "initialcatalog" | "db" | "d"
                    if self.is_database(to, slice(&flat.text, part)) =>
                {
                    DatabaseField::Name
                }
                _ => continue,
            };
            if !part.is_empty() {
                marks.push((part.clone(), piece(field)));
            }
        }
        marks
    }

    /// Whether a name is the one database that is created inside the instance.
    fn is_database(&self, database: &ManifestName, name: &str) -> bool {
        let created = self.databases.get(database).and_then(|database| database.database.as_ref());
        created.is_none_or(|created| created.value == name)
    }

    /// The credential of a database that a variable without an address holds.
    fn credential(
        &self,
        service: &ManifestName,
        variable: &ManifestName,
        flat: &FlatText,
        groups: &BTreeMap<String, ManifestName>,
    ) -> Option<TextPiece<ProvisionalSecret>> {
        let (prefix, kind) = field(variable)?;
        if flat.text.is_empty() && kind != ConnectionField::Password {
            return None;
        }
        let database = groups.get(&prefix).or_else(|| self.by_value(service, &prefix, kind, &flat.text))?;
        let field = match kind {
            ConnectionField::Port => DatabaseField::Port,
            ConnectionField::User => DatabaseField::Username,
            ConnectionField::Password => DatabaseField::Password,
            ConnectionField::Database if self.is_database(database, &flat.text) => DatabaseField::Name,
            ConnectionField::Database | ConnectionField::Host => return None,
        };
        Some(TextPiece::Database { service: database.clone(), field })
    }

    /// The database that gives its users this very value, under a variable named as its image names them.
    fn by_value(
        &self,
        service: &ManifestName,
        prefix: &str,
        kind: ConnectionField,
        value: &str,
    ) -> Option<&ManifestName> {
        const PREFIXES: &[&str] =
            &["MYSQL", "MARIADB", "POSTGRES", "POSTGRESQL", "PG", "DB", "DATABASE", "SQL", ""];
        if !PREFIXES.contains(&prefix) || value.is_empty() {
            return None;
        }
        let same =
            |known: &Option<crate::At<String>>| known.as_ref().is_some_and(|known| known.value == value);
        let gives = |database: &&ManagedDatabase| {
            self.directory.share(service, &database.name)
                && match kind {
                    ConnectionField::User => same(&database.username),
                    ConnectionField::Database => same(&database.database),
                    ConnectionField::Password => self
                        .passwords
                        .get(&database.name)
                        .is_some_and(|list| list.iter().any(|one| one == value)),
                    ConnectionField::Host | ConnectionField::Port => false,
                }
        };
        self.databases.values().find(gives).map(|database| &database.name)
    }
}

/// `DB_PORT: 5433` says the port of `DB_HOST`.
pub(super) fn port_variables(
    environment: &IndexMap<ManifestName, EnvironmentVariable>,
) -> BTreeMap<String, u16> {
    let mut ports = BTreeMap::new();
    for (variable, variant) in environment {
        let Some((prefix, ConnectionField::Port)) = field(variable) else { continue };
        let number = variant.value.as_ref().and_then(Text::literal).and_then(|text| text.parse().ok());
        ports.extend(number.map(|number| (prefix, number)));
    }
    ports
}

/// One warning for each service that names one that is never deployed.
fn tell_dangling(cx: &mut LoweringContext<'_>, dangling: Vec<(ManifestName, ManifestName, Origin)>) {
    let mut told = BTreeSet::new();
    for (from, to, origin) in dangling {
        if told.insert((from.clone(), to.clone())) {
            cx.diagnostics.push(
                Diagnostic::new(
                    &rules::app::SKIPPED_HOST,
                    format!("service `{from}` refers to host `{to}`, which is skipped"),
                )
                .at(origin)
                .service(&*from)
                .help(format!("override the value for this environment, or remove `{to}` from `skip`")),
            );
        }
    }
}
