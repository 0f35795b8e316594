//! Who connects to whom, as values say.
//!
//! In: an address in a value, and the services and databases that it can lead to. Out: [`HostReach`]es, from which
//! edges are made, and [`DanglingHost`]s. Invariant: none reaches what is not deployed, and only
//! by an address, not by its bare name, does a service reach itself.

use super::LoweringContext;
use super::address_scan::{ScannedAddress, TextRange, slice};
use super::environment_wiring::EnvironmentWiring;
use super::flat_text::{self, FlatText};
use super::host_directory::HostDirectory;
use crate::rules;
use crate::{AppService, ContainerImage, ManagedDatabase, ManifestName, TextPiece};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_facts::{KnownImage, UrlScheme};
use tranship_frontend::diagnostic::{Diagnostic, listed};
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

/// A value names a service that is not deployed.
pub(super) struct DanglingHost {
    /// Whose value.
    pub(super) from: ManifestName,
    /// The service that is skipped, or whose profile is not active.
    pub(super) to: ManifestName,
    /// The value.
    pub(super) origin: Origin,
}

/// Who connects to whom, by a value or by `depends_on`.
pub(super) fn connections(
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
pub(super) fn listening_ports(
    services: &IndexMap<ManifestName, AppService>,
    databases: &IndexMap<ManifestName, ManagedDatabase>,
) -> BTreeMap<ManifestName, BTreeSet<u16>> {
    let mut listening: BTreeMap<ManifestName, BTreeSet<u16>> = BTreeMap::new();
    for service in services.values() {
        let ports = listening.entry(service.name.clone()).or_default();
        ports.extend(service.container.ports.iter().map(|port| port.container.value));
        if let ContainerImage::Named(text) = &service.container.image {
            let known = KnownImage::find(&flat_text::shown(text));
            ports.extend(known.into_iter().flat_map(|known| known.ports).map(|port| port.number));
        }
    }
    for database in databases.values() {
        listening.entry(database.name.clone()).or_default().insert(database.engine.value.port());
    }
    listening
}

impl EnvironmentWiring<'_> {
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
        if self.directory.is_absent(to) || from == to && address.port.is_none() && address.scheme.is_none() {
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
        if self.directory.is_absent(to) {
            self.dangling.push(DanglingHost { from: from.clone(), to: to.clone(), origin });
            return None;
        }
        Some((address.host.clone(), TextPiece::Host(to.clone())))
    }
}

/// One warning for each service that is not deployed, with everyone who names it.
pub(super) fn report_dangling(
    cx: &mut LoweringContext<'_>,
    dangling: Vec<DanglingHost>,
    directory: &HostDirectory,
) {
    let mut by_host: IndexMap<ManifestName, IndexMap<ManifestName, Origin>> = IndexMap::new();
    for DanglingHost { from, to, origin } in dangling {
        by_host.entry(to).or_default().entry(from).or_insert(origin);
    }
    for (to, callers) in by_host {
        let (why, help) = if directory.is_inactive(&to) {
            ("which is in no active profile", format!("activate the profile of `{to}` with `--profile`"))
        } else {
            ("which is skipped", format!("remove `{to}` from `skip`"))
        };
        let names: Vec<String> = callers.keys().map(|name| format!("`{name}`")).collect();
        let (services, refer) = if names.len() == 1 { ("service", "refers") } else { ("services", "refer") };
        let message = format!("{services} {} {refer} to host `{to}`, {why}", listed(&names));
        let told = Diagnostic::new(&rules::app::SKIPPED_HOST, message);
        let told = callers.values().fold(told, |told, origin| told.at(*origin));
        let told = callers.keys().take(1).fold(told, |told, name| told.service(&**name));
        cx.diagnostics.push(told.help(format!("override the value for this environment, or {help}")));
    }
}
