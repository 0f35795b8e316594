//! Values of the environment: host names, database credentials and secrets in place of literals.
//!
//! In: each service's environment as the manifest has it. Out: the same with [`Piece`]s where the value
//! differs on AWS, and who reaches whom. Source of the rules: design notes in each function.

use super::directory::Directory;
use super::flat::Flat;
use super::names::{Field, field, holds_callers, holds_host};
use super::pool::{Pool, Use};
use super::scan::{Address, Names, Part, addresses, slice};
use super::{Lowering, secrets};
use crate::rules;
use crate::{Database, DatabaseField, Image, Name, Piece, Secret, Segment, Service, Text, Variant};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_facts::{KnownImage, UrlScheme};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::secrets::{name_words, secret_spans, secrets_of};
use tranship_frontend::source::{Origin, Provenance, VariableSource};

/// A service reaches another, as a value says.
#[derive(Debug, Clone)]
pub(super) struct Reach {
    /// Who connects.
    pub(super) from: Name,
    /// To whom.
    pub(super) to: Name,
    /// The port that the value names.
    pub(super) port: Option<u16>,
    /// The value.
    pub(super) origin: Origin,
}

/// What wiring knows while it goes over the services.
pub(super) struct Wiring<'a> {
    /// Who is meant by a name.
    pub(super) directory: &'a Directory,
    /// The databases.
    pub(super) databases: &'a IndexMap<Name, Database>,
    /// Ports that each service and database listens on.
    pub(super) listening: BTreeMap<Name, BTreeSet<u16>>,
    /// The values that replaced databases give their users as passwords.
    passwords: BTreeMap<Name, Vec<String>>,
    /// Secrets so far.
    pool: Pool,
    /// Who reaches whom.
    pub(super) reaches: Vec<Reach>,
    /// Values that name a service that is never deployed: who, whom, where.
    pub(super) dangling: Vec<(Name, Name, Origin)>,
}

/// Wires every service's values.
pub(super) fn wire(
    cx: &mut Lowering<'_>,
    services: &mut IndexMap<Name, Service>,
    databases: &mut IndexMap<Name, Database>,
    directory: &Directory,
    declared: &mut IndexMap<Name, Secret>,
) -> Vec<Reach> {
    let listening = listening(services, databases);
    adopt_names(services, databases, directory);
    let passwords =
        databases.values().map(|database| (database.name.clone(), cx.passwords_of(database))).collect();
    let (pool, reaches, dangling) = (Pool::default(), Vec::new(), Vec::new());
    let mut wiring = Wiring { directory, databases, listening, passwords, pool, reaches, dangling };
    for service in services.values_mut() {
        wiring.environment(cx, service);
        wiring.commands(cx, service);
    }
    let Wiring { pool, reaches, dangling, .. } = wiring;
    let given = pool.settle(services, declared, &connections(services, &reaches));
    secrets::tell(cx, &given);
    tell_dangling(cx, dangling);
    reaches
}

/// Who connects to whom, by a value or by `depends_on`.
fn connections(services: &IndexMap<Name, Service>, reaches: &[Reach]) -> BTreeSet<(Name, Name)> {
    let by_value = reaches.iter().map(|reach| (reach.from.clone(), reach.to.clone()));
    let declared = services.values().flat_map(|service| {
        service.dependencies.iter().map(|dependency| (service.name.clone(), dependency.on.clone()))
    });
    by_value.chain(declared).collect()
}

/// The ports that each service and database listens on, as far as the manifest or its image says.
fn listening(
    services: &IndexMap<Name, Service>,
    databases: &IndexMap<Name, Database>,
) -> BTreeMap<Name, BTreeSet<u16>> {
    let mut listening: BTreeMap<Name, BTreeSet<u16>> = BTreeMap::new();
    for service in services.values() {
        let ports = listening.entry(service.name.clone()).or_default();
        ports.extend(service.container.ports.iter().map(|port| port.container.value));
        if let Image::Named(text) = &service.container.image {
            let known = KnownImage::find(&super::flat::shown(text));
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
    services: &IndexMap<Name, Service>,
    databases: &mut IndexMap<Name, Database>,
    directory: &Directory,
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
                    Field::Database if database.database.is_none() && !value.is_empty() => {
                        database.database = Some(at())
                    }
                    Field::User
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
    service: &Name,
    environment: &IndexMap<Name, Variant>,
    directory: &Directory,
    databases: &IndexMap<Name, Database>,
) -> BTreeMap<String, Name> {
    let mut groups = BTreeMap::new();
    let database = |host: &str| directory.resolve(service, host).filter(|name| databases.contains_key(*name));
    for (variable, variant) in environment {
        let Some(text) = &variant.value else { continue };
        let flat = Flat::of(text);
        let is_host = |name: &str| database(name).is_some();
        let names = Names { is_host: &is_host, listens: &|_, _| true, host_wanted: holds_host(variable) };
        let found = addresses(&flat.text, &names);
        let Some(name) = found.iter().find_map(|address| database(slice(&flat.text, &address.host))) else {
            continue;
        };
        let prefix = match field(variable) {
            Some((prefix, Field::Host)) => Some(prefix),
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

impl Wiring<'_> {
    fn environment(&mut self, cx: &mut Lowering<'_>, service: &mut Service) {
        let name = service.name.clone();
        let groups = groups(&name, &service.container.environment, self.directory, self.databases);
        let ports = port_variables(&service.container.environment);
        for (variable, variant) in &mut service.container.environment {
            let Some(text) = &variant.value else { continue };
            let wired = self.value(cx, &name, variable, text, &groups, &ports);
            variant.value = Some(self.sealed(cx, &name, variable, text, wired));
        }
    }

    /// One value with pieces where it differs on AWS.
    fn value(
        &mut self,
        cx: &mut Lowering<'_>,
        service: &Name,
        variable: &Name,
        text: &Text,
        groups: &BTreeMap<String, Name>,
        ports: &BTreeMap<String, u16>,
    ) -> Text {
        let flat = Flat::of(text);
        let found = self.addresses(service, &flat.text, holds_host(variable));
        let spans = secret_spans(&flat.text);
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
                    let found = Found { service, variable, flat: &flat, text };
                    marks.extend(self.password_mark(cx, &found, address, &spans, Some(to)));
                }
                None => {
                    let found = Found { service, variable, flat: &flat, text };
                    marks.extend(self.password_mark(cx, &found, address, &spans, None));
                }
            }
        }
        if let (true, Some(piece)) = (found.is_empty(), self.credential(service, variable, &flat, groups)) {
            marks.push((whole.clone(), piece));
            credentials = true;
        }
        let found = Found { service, variable, flat: &flat, text };
        if credentials {
            cx.ledger.exact(text, "the managed database");
        } else if secrets_of(variable, &flat.text) == [whole.clone()]
            && !marks.iter().any(|(_, piece)| matches!(piece, Piece::Host(_)))
        {
            return flat.with(vec![(whole.clone(), self.given(cx, &found, whole, None))]);
        }
        for span in spans.into_iter().filter(|span| *span != whole) {
            if !marks.iter().any(|(part, _)| overlap(part, &span)) {
                marks.push((span.clone(), self.given(cx, &found, span, Some(None))));
            }
        }
        flat.with(marks)
    }

    /// A text with a secret inside becomes a secret as a whole.
    fn sealed(
        &mut self,
        cx: &mut Lowering<'_>,
        service: &Name,
        variable: &Name,
        original: &Text,
        text: Text,
    ) -> Text {
        if !text.is_secret() {
            return text;
        }
        let generated = |segment: &Segment| {
            matches!(&segment.piece, Piece::Database { field: DatabaseField::Password, .. })
        };
        let (value, reason, became) = match text.segments.iter().any(generated) {
            true => {
                let reason = "the managed database has a password of its own";
                ("the generated password", reason, "the database's secret")
            }
            false => ("a secret", "a literal secret is never emitted", ""),
        };
        cx.ledger.approximated(&text, value, reason, became);
        if text.segments.len() == 1 {
            return text;
        }
        // Nothing is gained by putting together what holds no other piece.
        let whole = text.segments.iter().all(|segment| match &segment.piece {
            Piece::Literal(_) => true,
            Piece::Secret(name) => !self.pool.is_variable(name),
            _ => false,
        });
        let piece = if whole {
            let flat = Flat::of(original);
            let found = Found { service, variable, flat: &flat, text: original };
            self.given(cx, &found, 0..flat.text.len(), None)
        } else {
            self.pool.derived(service, variable, &text)
        };
        let mut sealed = Text { node: text.node, origin: text.origin, ..Text::default() };
        sealed.push(piece, text.origin);
        sealed
    }

    /// The piece that stands for a part of a value, which is a secret.
    fn given(
        &mut self,
        cx: &Lowering<'_>,
        found: &Found<'_>,
        part: Part,
        of_address: Option<Option<Name>>,
    ) -> Piece {
        let (from, literal) = cx.variable_behind(found, &part);
        self.pool.given(Use {
            service: found.service.clone(),
            variable: found.variable.clone(),
            part: of_address,
            from,
            literal,
            text: found.flat.key(&part),
            node: found.text.node,
            origin: found.text.origin,
        })
    }

    /// Every address of a value whose host is known or whose password must be hidden.
    pub(super) fn addresses(&self, service: &Name, text: &str, host_wanted: bool) -> Vec<Address> {
        let is_host = |name: &str| self.directory.resolve(service, name).is_some();
        let listens = |name: &str, port: u16| {
            let to = self.directory.resolve(service, name);
            to.and_then(|to| self.listening.get(to)).is_some_and(|ports| ports.contains(&port))
        };
        addresses(text, &Names { is_host: &is_host, listens: &listens, host_wanted })
    }

    /// Notes that a value leads to a service.
    pub(super) fn reach(
        &mut self,
        from: &Name,
        to: &Name,
        address: &Address,
        flat: &Flat,
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
                .and_then(|scheme| UrlScheme::find(slice(&flat.text, scheme)).map(|it| it.port))
        };
        let port = written.or(sibling).or_else(of_scheme);
        self.reaches.push(Reach { from: from.clone(), to: to.clone(), port, origin });
    }

    /// The host of an address as a piece, unless nothing answers to it.
    pub(super) fn host_mark(
        &mut self,
        from: &Name,
        to: &Name,
        address: &Address,
        origin: Origin,
    ) -> Option<(Part, Piece)> {
        if self.directory.is_skipped(to) {
            self.dangling.push((from.clone(), to.clone(), origin));
            return None;
        }
        Some((address.host.clone(), Piece::Host(to.clone())))
    }

    /// The parts of an address of a database.
    pub(super) fn database_marks(&self, to: &Name, address: &Address, flat: &Flat) -> Vec<(Part, Piece)> {
        let piece = |field| Piece::Database { service: to.clone(), field };
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
        if let Some(part) = address.password.clone().filter(Part::is_empty) {
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
    fn is_database(&self, database: &Name, name: &str) -> bool {
        let created = self.databases.get(database).and_then(|database| database.database.as_ref());
        created.is_none_or(|created| created.value == name)
    }

    /// The credential of a database that a variable without an address holds.
    fn credential(
        &self,
        service: &Name,
        variable: &Name,
        flat: &Flat,
        groups: &BTreeMap<String, Name>,
    ) -> Option<Piece> {
        let (prefix, kind) = field(variable)?;
        if flat.text.is_empty() && kind != Field::Password {
            return None;
        }
        let database = groups.get(&prefix).or_else(|| self.by_value(service, &prefix, kind, &flat.text))?;
        let field = match kind {
            Field::Port => DatabaseField::Port,
            Field::User => DatabaseField::Username,
            Field::Password => DatabaseField::Password,
            Field::Database if self.is_database(database, &flat.text) => DatabaseField::Name,
            Field::Database | Field::Host => return None,
        };
        Some(Piece::Database { service: database.clone(), field })
    }

    /// The database that gives its users this very value, under a variable named as its image names them.
    fn by_value(&self, service: &Name, prefix: &str, kind: Field, value: &str) -> Option<&Name> {
        const PREFIXES: &[&str] =
            &["MYSQL", "MARIADB", "POSTGRES", "POSTGRESQL", "PG", "DB", "DATABASE", "SQL", ""];
        if !PREFIXES.contains(&prefix) || value.is_empty() {
            return None;
        }
        let same =
            |known: &Option<crate::At<String>>| known.as_ref().is_some_and(|known| known.value == value);
        let gives = |database: &&Database| {
            self.directory.share(service, &database.name)
                && match kind {
                    Field::User => same(&database.username),
                    Field::Database => same(&database.database),
                    Field::Password => self
                        .passwords
                        .get(&database.name)
                        .is_some_and(|list| list.iter().any(|one| one == value)),
                    Field::Host | Field::Port => false,
                }
        };
        self.databases.values().find(gives).map(|database| &database.name)
    }

    /// The password in an address, as a secret.
    fn password_mark(
        &mut self,
        cx: &Lowering<'_>,
        found: &Found<'_>,
        address: &Address,
        spans: &[Part],
        to: Option<Name>,
    ) -> Option<(Part, Piece)> {
        let in_pairs =
            address.pairs.iter().find(|(key, _)| ["password", "pwd", "pass"].contains(&key.as_str()));
        let part = address.password.clone().or_else(|| in_pairs.map(|(_, part)| part.clone()))?;
        if !spans.iter().any(|span| overlap(span, &part)) {
            return None;
        }
        Some((part.clone(), self.given(cx, found, part, Some(to))))
    }
}

/// A value that is being wired.
struct Found<'a> {
    service: &'a Name,
    variable: &'a Name,
    flat: &'a Flat,
    text: &'a Text,
}

impl Lowering<'_> {
    /// The variable whose value a part is, all of it; and whether the part's text stands in the manifest.
    fn variable_behind(&self, found: &Found<'_>, part: &Part) -> (Option<Name>, bool) {
        if let Some(variable) = found.flat.variable_at(part) {
            return (Some(variable), false);
        }
        if !found.flat.is_known() {
            return (None, true);
        }
        let substitutions = self.sources.substitutions(found.text.origin);
        let same = |range: &std::ops::Range<u32>| (range.start as usize..range.end as usize) == *part;
        match substitutions.iter().find(|one| same(&one.range)) {
            Some(one) => (Some(one.variable.clone()), matches!(one.source, VariableSource::Fallback)),
            None => match &*self.sources.provenance(found.text.origin) {
                Provenance::Outside(VariableSource::Environment(name) | VariableSource::Flag(name)) => {
                    (Some(name.clone()), false)
                }
                _ => (None, true),
            },
        }
    }
}

fn overlap(one: &Part, other: &Part) -> bool {
    one.start < other.end && other.start < one.end
}

/// `DB_PORT: 5433` says the port of `DB_HOST`.
fn port_variables(environment: &IndexMap<Name, Variant>) -> BTreeMap<String, u16> {
    let mut ports = BTreeMap::new();
    for (variable, variant) in environment {
        let Some((prefix, Field::Port)) = field(variable) else { continue };
        let number = variant.value.as_ref().and_then(Text::literal).and_then(|text| text.parse().ok());
        ports.extend(number.map(|number| (prefix, number)));
    }
    ports
}

/// One warning for each service that names one that is never deployed.
fn tell_dangling(cx: &mut Lowering<'_>, dangling: Vec<(Name, Name, Origin)>) {
    let mut told = BTreeSet::new();
    for (from, to, origin) in dangling {
        if told.insert((from.clone(), to.clone())) {
            cx.diagnostics.push(
                Diagnostic::new(
                    &rules::app::SKIPPED_HOST,
                    format!("a value of service `{from}` names the host `{to}`, which is skipped"),
                )
                .at(origin)
                .service(&*from)
                .help(format!("override the value for this environment, or take `{to}` out of `skip`")),
            );
        }
    }
}
