//! Parts of values that name a managed database, its user, its password or the database in it.
//!
//! In: an address that leads to a database, or the value of one variable of a connection. Out: pieces that the
//! database fills in at deployment. Invariant: a name stays as written unless the instance creates that database.

use super::address_scan::{ScannedAddress, TextRange, slice};
use super::connection_variables::ConnectionVariables;
use super::environment_wiring::EnvironmentWiring;
use super::flat_text::FlatText;
use super::secret_pool::ProvisionalSecret;
use super::secret_wiring::WiredValue;
use super::variable_names::{ConnectionField, field};
use crate::{At, DatabaseField, ManagedDatabase, ManifestName, TextPiece};

impl EnvironmentWiring<'_> {
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
    pub(super) fn credential(
        &self,
        value: &WiredValue<'_>,
        connections: &ConnectionVariables,
    ) -> Option<TextPiece<ProvisionalSecret>> {
        let (prefix, kind) = field(value.variable)?;
        let text = &value.flat.text;
        if text.is_empty() && kind != ConnectionField::Password {
            return None;
        }
        let database =
            connections.database(&prefix).or_else(|| self.by_value(value.service, &prefix, kind, text))?;
        let field = match kind {
            ConnectionField::Port => DatabaseField::Port,
            ConnectionField::User => DatabaseField::Username,
            ConnectionField::Password => DatabaseField::Password,
            ConnectionField::Database if self.is_database(database, text) => DatabaseField::Name,
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
        let same = |known: &Option<At<String>>| known.as_ref().is_some_and(|known| known.value == value);
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
