//! Hosts outside of the application that values name: `smtp://mail.example.com:587`, `broker.example.com:9092`,
//! `SMTP_HOST` with `SMTP_PORT`.
//!
//! In: the services as the manifest has them, before secrets hide a part of a value. Out: each service's
//! [`ExternalAddress`]es. Invariant: no host of the Compose network and no address of the machine itself is one.

use super::address_scan::{BareWords, KnownHosts, ScannedAddress, addresses, slice};
use super::environment_wiring::port_variables;
use super::flat_text::{FlatText, OPEN};
use super::host_directory::HostDirectory;
use super::variable_names::{ConnectionField, field};
use crate::{AppService, ExternalAddress, Name, PortSpec, Text};
use indexmap::IndexMap;
use tranship_facts::{TransportProtocol, UrlScheme};

/// Finds the addresses of every service.
pub(super) fn resolve(services: &mut IndexMap<Name, AppService>, directory: &HostDirectory) {
    for service in services.values_mut() {
        service.external = of_service(service, directory);
    }
}

fn of_service(service: &AppService, directory: &HostDirectory) -> Vec<ExternalAddress> {
    let container = &service.container;
    let is_outside = |host: &str| is_outside(host) && directory.resolve(&service.name, host).is_none();
    let lists = [&container.entrypoint, &container.command].into_iter().flatten();
    let mut found: Vec<ExternalAddress> = lists
        .flat_map(|list| &list.value)
        .flat_map(|text| in_text(text, BareWords::AreWords, None, &is_outside))
        .collect();
    let ports = port_variables(&container.environment);
    for (variable, variant) in &container.environment {
        let Some(text) = &variant.value else { continue };
        let connection = field(variable).filter(|(_, kind)| *kind == ConnectionField::Host);
        let sibling = connection.and_then(|(prefix, _)| ports.get(&prefix).copied());
        found.extend(in_text(text, BareWords::of(variable), sibling, &is_outside));
    }
    found
}

/// The addresses in a text; `sibling` is the port that another variable says.
fn in_text(
    text: &Text,
    bare_words: BareWords,
    sibling: Option<u16>,
    is_outside: &dyn Fn(&str) -> bool,
) -> Vec<ExternalAddress> {
    let flat = FlatText::of(text);
    let names = KnownHosts { is_host: is_outside, listens: &|_, _| true, bare_words };
    let found = addresses(&flat.text, &names);
    let outside = found.into_iter().filter(|address| is_outside(slice(&flat.text, &address.host)));
    let external = |address: ScannedAddress| {
        let port = port(&address, &flat, sibling)?;
        Some(ExternalAddress { host: flat.part(address.host), port, origin: text.origin })
    };
    outside.filter_map(external).collect()
}

/// The port that is written, else the sibling's, else the scheme's.
fn port(address: &ScannedAddress, flat: &FlatText, sibling: Option<u16>) -> Option<PortSpec> {
    let scheme = address.scheme.as_ref().and_then(|scheme| UrlScheme::find(slice(&flat.text, scheme)));
    let protocol = scheme.map_or(TransportProtocol::Tcp, |scheme| scheme.transport);
    let number = match &address.port {
        Some(written) => slice(&flat.text, written).parse().ok().filter(|number| *number > 0),
        None => sibling.or(scheme.map(|scheme| scheme.port)),
    };
    Some(PortSpec { number: number?, protocol })
}

/// A name with a dot that is no address of the machine itself, or one that is known at deployment.
fn is_outside(host: &str) -> bool {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_');
    if !host.chars().all(|letter| legal(letter) || OPEN.contains(letter)) {
        return false;
    }
    host.contains(OPEN)
        || host.contains('.')
            && !host.starts_with("127.")
            && !host.starts_with("0.")
            && host.split('.').all(|label| !label.is_empty())
            && host.chars().any(|letter| letter.is_ascii_alphanumeric())
}
