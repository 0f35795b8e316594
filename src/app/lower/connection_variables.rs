//! Variables that hold one connection in parts: `DB_HOST`, `DB_PORT`, `DB_USER`.
//!
//! In: the environment of a service. Out: which database each group of variables connects to, and the names and
//! ports that the group gives. Invariant: variables belong together only by the prefix of their names.

use super::address_scan::{BareWords, KnownHosts, addresses, slice};
use super::flat_text::FlatText;
use super::host_directory::HostDirectory;
use super::variable_names::{ConnectionField, field};
use crate::{AppService, EnvironmentVariable, ManagedDatabase, ManifestName, Text};
use indexmap::IndexMap;
use std::collections::BTreeMap;
use tranship_frontend::secrets::name_words;

/// The variables of a service that belong to one connection, by the prefix of their names.
pub(super) struct ConnectionVariables {
    /// The database that the variables of a prefix connect to.
    databases: BTreeMap<String, ManifestName>,
    /// The port that a variable of a prefix gives.
    ports: BTreeMap<String, u16>,
}

impl ConnectionVariables {
    /// Groups the variables of a service.
    pub(super) fn of(
        service: &ManifestName,
        environment: &IndexMap<ManifestName, EnvironmentVariable>,
        directory: &HostDirectory,
        databases: &IndexMap<ManifestName, ManagedDatabase>,
    ) -> Self {
        ConnectionVariables {
            databases: connection_databases(service, environment, directory, databases),
            ports: port_variables(environment),
        }
    }

    /// The port that belongs to a variable: `DB_PORT` to `DB_HOST`.
    pub(super) fn port(&self, variable: &str) -> Option<u16> {
        if self.ports.is_empty() {
            return None;
        }
        field(variable).and_then(|(prefix, _)| self.ports.get(&prefix).copied())
    }

    /// The database that the variables of a prefix connect to.
    pub(super) fn database(&self, prefix: &str) -> Option<&ManifestName> {
        self.databases.get(prefix)
    }
}

/// A database without a name or user takes those that its first client uses.
pub(super) fn adopt_names(
    services: &IndexMap<ManifestName, AppService>,
    databases: &mut IndexMap<ManifestName, ManagedDatabase>,
    directory: &HostDirectory,
) {
    for service in services.values() {
        for (prefix, name) in
            connection_databases(&service.name, &service.container.environment, directory, databases)
        {
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
fn connection_databases(
    service: &ManifestName,
    environment: &IndexMap<ManifestName, EnvironmentVariable>,
    directory: &HostDirectory,
    databases: &IndexMap<ManifestName, ManagedDatabase>,
) -> BTreeMap<String, ManifestName> {
    let mut groups = BTreeMap::new();
    if databases.is_empty() {
        return groups;
    }
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
                last.filter(|last| ["URL", "URI", "DSN", "ENDPOINT"].contains(&&**last))
                    .map(|_| words.join("_"))
            }
        };
        if let Some(prefix) = prefix {
            groups.insert(prefix, name.clone());
        }
    }
    groups
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
