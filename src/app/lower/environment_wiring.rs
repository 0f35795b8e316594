//! Values of the environment: host names, database credentials and secrets in place of literals.
//!
//! In: each service's environment as the manifest has it. Out: the same with [`TextPiece`]s where the value
//! differs on AWS, and who reaches whom. Source of the rules: design notes in each function.

use super::address_scan::{BareWords, KnownHosts, ScannedAddress, TextRange, addresses, slice};
use super::connection_variables::{ConnectionVariables, adopt_names};
use super::existing_secrets::ExistingSecrets;
use super::flat_text::FlatText;
use super::host_directory::HostDirectory;
use super::host_reaches::{DanglingHost, HostReach, connections, listening_ports, report_dangling};
use super::secret_groups::SecretExtent;
use super::secret_pool::{DraftText, ProvisionalSecret, SecretPool};
use super::secret_wiring::WiredValue;
use super::variable_names::holds_callers;
use super::written_hosts::ReadText;
use super::{LoweringContext, declared_secrets, existing_secrets};
use crate::{
    AppService, ApplicationSecret, HostPlace, ManagedDatabase, ManifestName, SecretId, SecretSource, Text,
    TextPiece, WrittenHost,
};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_frontend::secrets::secrets_of;

/// What wiring knows while it goes over the services.
pub(super) struct EnvironmentWiring<'a> {
    /// Who is meant by a name.
    pub(super) directory: &'a HostDirectory,
    /// The databases.
    pub(super) databases: &'a IndexMap<ManifestName, ManagedDatabase>,
    /// Ports that each service and database listens on.
    pub(super) listening: BTreeMap<ManifestName, BTreeSet<u16>>,
    /// The values that replaced databases give their users as passwords.
    pub(super) passwords: BTreeMap<ManifestName, Vec<String>>,
    /// Secrets so far.
    pub(super) pool: SecretPool,
    /// Secrets that exist on AWS, by the variables that take them.
    existing: ExistingSecrets,
    /// Who reaches whom.
    pub(super) reaches: Vec<HostReach>,
    /// Names that stay as they are.
    pub(super) written: Vec<WrittenHost>,
    /// Values that name a service that is never deployed.
    pub(super) dangling: Vec<DanglingHost>,
}

/// Wires every service's values.
pub(super) fn wire(
    cx: &mut LoweringContext<'_>,
    services: &mut IndexMap<ManifestName, AppService>,
    databases: &mut IndexMap<ManifestName, ManagedDatabase>,
    directory: &HostDirectory,
    declared: &mut IndexMap<SecretId, ApplicationSecret>,
) -> (Vec<WrittenHost>, Vec<HostReach>) {
    let listening = listening_ports(services, databases);
    adopt_names(services, databases, directory);
    let passwords =
        databases.values().map(|database| (database.name.clone(), cx.passwords_of(database))).collect();
    let existing = existing_secrets::declare(cx, services, declared);
    let (pool, reaches, written, dangling) = (SecretPool::default(), Vec::new(), Vec::new(), Vec::new());
    let mut wiring = EnvironmentWiring {
        directory,
        databases,
        listening,
        passwords,
        pool,
        existing,
        reaches,
        written,
        dangling,
    };
    for service in services.values_mut() {
        wiring.environment(cx, service);
        wiring.commands(cx, service);
    }
    for (name, secret) in declared.iter() {
        if let SecretSource::Content(text) = &secret.source {
            wiring.content(cx, name, text);
        }
    }
    let EnvironmentWiring { pool, reaches, written, dangling, .. } = wiring;
    let given = pool.settle(services, declared, &connections(services, &reaches));
    declared_secrets::report(cx, &given);
    report_dangling(cx, dangling, directory);
    (written, reaches)
}

impl EnvironmentWiring<'_> {
    fn environment(&mut self, cx: &mut LoweringContext<'_>, service: &AppService) {
        let name = &service.name;
        let environment = &service.container.environment;
        let connections = ConnectionVariables::of(name, environment, self.directory, self.databases);
        for (variable, variant) in environment {
            let Some(text) = &variant.value else { continue };
            if let Some(secret) = self.existing_secret(name, variable, text) {
                self.pool.keep(name, variable, secret);
                continue;
            }
            let flat = FlatText::of(text);
            let value = WiredValue { service: name, variable, flat: &flat, text };
            let wired = self.value(cx, &value, &connections);
            let sealed = self.sealed(cx, name, variable, text, wired);
            self.pool.keep(name, variable, sealed);
        }
    }

    /// The secret that exists for a variable.
    fn existing_secret(
        &self,
        service: &ManifestName,
        variable: &ManifestName,
        text: &Text,
    ) -> Option<DraftText> {
        let secret = self.existing.of(service, variable)?;
        let mut draft = Text::empty(text.node, text.origin);
        draft.push(TextPiece::Secret(ProvisionalSecret::Settled(secret.clone())), text.origin);
        Some(draft)
    }

    /// One value with pieces where it differs on AWS.
    fn value(
        &mut self,
        cx: &mut LoweringContext<'_>,
        value: &WiredValue<'_>,
        connections: &ConnectionVariables,
    ) -> DraftText {
        let WiredValue { service, variable, flat, text } = *value;
        if let Some(marks) = self.unproxied(service, variable, flat) {
            return flat.with(marks);
        }
        let known = cx.secret_parts(text, flat);
        let spans = known.all();
        let whole = 0..flat.text.len();
        let sibling = connections.port(variable);
        let found = self.addresses(service, &flat.text, BareWords::of(variable));
        let (mut marks, mut credentials) = (Vec::new(), false);
        for address in &found {
            let to = self.directory.resolve(service, slice(&flat.text, &address.host)).cloned();
            match to {
                Some(database) if self.databases.contains_key(&database) => {
                    self.reach(service, &database, address, flat, sibling, text.origin);
                    marks.extend(self.database_marks(&database, address, flat));
                    credentials = true;
                }
                to => {
                    marks.extend(to.as_ref().and_then(|to| self.service_mark(value, to, address, sibling)));
                    marks.extend(self.password_mark(cx, value, address, &spans, to));
                }
            }
        }
        if let (true, Some(piece)) = (found.is_empty(), self.credential(value, connections)) {
            marks.push((whole.clone(), piece));
            credentials = true;
        }
        if !credentials {
            let place = HostPlace::Variable(variable.clone());
            self.written(
                cx,
                &ReadText { service, place, called: variable, flat, origin: text.origin },
                &found,
            );
        }
        if credentials {
            cx.ledger.decided(text, "the managed database");
        } else if known.is_one_variable(&whole)
            || (spans == [whole.clone()] || secrets_of(variable, &flat.text) == [whole.clone()])
                && !marks.iter().any(|(_, piece)| matches!(piece, TextPiece::Host(_)))
        {
            let piece = self.given(cx, value, whole.clone(), SecretExtent::Whole);
            return flat.with(vec![(whole, piece)]);
        }
        for span in spans.into_iter().filter(|span| *span != whole) {
            self.hide(cx, value, span, &mut marks);
        }
        flat.with(marks)
    }

    /// The host of an address that leads to a service, and who reaches it.
    fn service_mark(
        &mut self,
        value: &WiredValue<'_>,
        to: &ManifestName,
        address: &ScannedAddress,
        sibling: Option<u16>,
    ) -> Option<(TextRange, TextPiece<ProvisionalSecret>)> {
        let origin = value.text.origin;
        let lists_callers = holds_callers(value.variable);
        // What calls a service makes no edge; that its copies find each other there does.
        if !lists_callers || to == value.service {
            self.reach(value.service, to, address, value.flat, sibling, origin);
        }
        // A service's bare own name says what it is called, not where to connect.
        let is_address = address.port.is_some() || address.scheme.is_some();
        if to == value.service && !is_address && !lists_callers {
            return None;
        }
        self.host_mark(value.service, to, address, origin)
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
}
