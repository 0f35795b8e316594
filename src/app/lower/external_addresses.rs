//! Hosts outside of the application that values name: `smtp://mail.example.com:587`, `broker.example.com:9092`,
//! `SMTP_HOST` with `SMTP_PORT`, `DB_HOST` with `DB_ENGINE: postgres`, `PGHOST`, an image's registry.
//!
//! In: the services as the manifest has them, before secrets hide a part of a value. Out: each service's
//! [`ExternalAddress`]es. Invariant: no host of the Compose network and no address of the machine itself is one.

use super::LoweringContext;
use super::address_scan::{BareWords, KnownHosts, ScannedAddress, addresses, slice};
use super::connection_variables::port_variables;
use super::flat_text::{self, FlatText, OPEN};
use super::host_directory::HostDirectory;
use super::variable_names::{ConnectionField, engine_prefix, field, holds_callers, holds_host};
use crate::{
    AppService, ContainerImage, EnvironmentVariable, ExternalAddress, ManifestName, PortSpec, Text, TextPiece,
};
use indexmap::IndexMap;
use std::collections::BTreeMap;
use tranship_facts::protocol_words::ports_of_word;
use tranship_facts::{ImageReference, TransportProtocol, UrlScheme};
use tranship_frontend::secrets::name_words;

/// Finds the addresses of every service.
pub(super) fn resolve(
    cx: &LoweringContext<'_>,
    services: &mut IndexMap<ManifestName, AppService>,
    directory: &HostDirectory,
) {
    for service in services.values_mut() {
        service.external = of_service(cx, service, directory);
    }
}

fn of_service(
    cx: &LoweringContext<'_>,
    service: &AppService,
    directory: &HostDirectory,
) -> Vec<ExternalAddress> {
    let container = &service.container;
    let is_inside = |host: &str| directory.resolve(&service.name, host).is_some();
    let names_address = |host: &str| container.extra_hosts.iter().any(|one| one.value.name == host);
    let outside = OutsideHosts { is_inside: &is_inside, names_address: &names_address };
    let lists = [&container.entrypoint, &container.command].into_iter().flatten();
    let mut found: Vec<ExternalAddress> = lists
        .flat_map(|list| &list.value)
        .flat_map(|text| outside.in_text(text, BareWords::AreWords, &ImpliedPort::default()))
        .collect();
    let implied = ImpliedPorts::of(&container.environment);
    for (variable, variant) in &container.environment {
        let Some(text) = &variant.value else { continue };
        let text = cx.with_known_value(text);
        found.extend(outside.in_text(&text, BareWords::of(variable), &implied.of_variable(variable)));
    }
    found.extend(registry(&container.image));
    found
}

impl LoweringContext<'_> {
    /// A late-bound variable that is a whole value says no scheme and no port; the value of today does.
    fn with_known_value(&self, text: &Text) -> Text {
        let [only] = text.segments.as_slice() else { return text.clone() };
        let TextPiece::LateBound(variable) = &only.piece else { return text.clone() };
        let known = self.manifest.variables.get(&variable.name).cloned().flatten();
        let Some(value) = known.or_else(|| variable.fallback.clone()).filter(|value| value.contains("://"))
        else {
            return text.clone();
        };
        let mut today = Text::empty(text.node, text.origin);
        today.push(TextPiece::Literal(value), text.origin);
        today
    }
}

/// What other variables, or its own name, say of the port of a host without one.
struct ImpliedPorts {
    /// `DB_PORT`.
    numbers: BTreeMap<String, u16>,
    /// `DB_ENGINE`.
    engines: BTreeMap<String, Vec<PortSpec>>,
}

impl ImpliedPorts {
    fn of(environment: &IndexMap<ManifestName, EnvironmentVariable>) -> Self {
        let engines = environment.iter().filter_map(|(variable, variant)| {
            let value = variant.value.as_ref().and_then(Text::literal)?;
            Some((engine_prefix(variable)?, ports_in(&value)))
        });
        ImpliedPorts { numbers: port_variables(environment), engines: engines.collect() }
    }

    fn of_variable(&self, variable: &str) -> ImpliedPort {
        let connection = field(variable).filter(|(_, kind)| *kind == ConnectionField::Host);
        if !holds_host(variable) || holds_callers(variable) {
            return ImpliedPort::default();
        }
        let Some((prefix, _)) = connection else {
            return ImpliedPort { number: None, usual: ports_in(variable), is_host: false };
        };
        let engine = self.engines.get(&prefix).filter(|ports| !ports.is_empty()).cloned();
        let usual = engine.unwrap_or_else(|| ports_in(&prefix));
        ImpliedPort { number: self.numbers.get(&prefix).copied(), usual, is_host: true }
    }
}

/// What is known of the port of an address that names none itself.
#[derive(Default)]
struct ImpliedPort {
    /// The number that another variable holds.
    number: Option<u16>,
    /// The usual ports of what the names and values of variables say.
    usual: Vec<PortSpec>,
    /// Whether the variable holds the host of a connection, so that some port must be meant.
    is_host: bool,
}

/// The ports of the first protocol or product that a name or a value names: `django.db.backends.postgresql`.
fn ports_in(text: &str) -> Vec<PortSpec> {
    let words = name_words(text);
    let ports = words.iter().rev().map(|word| ports_of_word(word)).find(|ports| !ports.is_empty());
    let spec = |(number, protocol): (u16, TransportProtocol)| PortSpec { number, protocol };
    ports.unwrap_or_default().into_iter().map(spec).collect()
}

/// The registry of an image, where it has a port of its own: tasks pull from there.
fn registry(image: &ContainerImage) -> Option<ExternalAddress> {
    let ContainerImage::Named(text) = image else { return None };
    let shown = flat_text::shown(text);
    let registry = ImageReference::parse(&shown).registry?;
    let (host, port) = registry.rsplit_once(':')?;
    let number = port.parse().ok().filter(|number| *number > 0)?;
    let mut name = Text::empty(text.node, text.origin);
    name.push(TextPiece::Literal(host.into()), text.origin);
    let port = Some(PortSpec::tcp(number));
    Some(ExternalAddress { host: name, port, node: text.node, origin: text.origin })
}

/// Which hosts are outside, seen from one service.
struct OutsideHosts<'a> {
    /// Whether a name is one of the Compose network.
    is_inside: &'a dyn Fn(&str) -> bool,
    /// Whether `extra_hosts` gives the name an address.
    names_address: &'a dyn Fn(&str) -> bool,
}

impl OutsideHosts<'_> {
    /// The addresses in a text; `implied` are the ports of one that names none itself.
    fn in_text(&self, text: &Text, bare_words: BareWords, implied: &ImpliedPort) -> Vec<ExternalAddress> {
        let flat = FlatText::of(text);
        let is_host = |name: &str| self.is_outside(name, None);
        let names = KnownHosts { is_host: &is_host, listens: &|_, _| true, bare_words };
        let mut found = Vec::new();
        for address in addresses(&flat.text, &names) {
            if !self.is_outside(slice(&flat.text, &address.host), address.scheme.as_ref()) {
                continue;
            }
            for port in ports(&address, &flat, implied) {
                let (host, node, origin) = (flat.part(address.host.clone()), text.node, text.origin);
                found.push(ExternalAddress { host, port, node, origin });
            }
        }
        found
    }

    /// A name with a dot that is no address of the machine itself, one that is known at deployment, or any name
    /// in a URL or in `extra_hosts`.
    fn is_outside(&self, host: &str, scheme: Option<&super::address_scan::TextRange>) -> bool {
        let legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_');
        if host.is_empty()
            || (self.is_inside)(host)
            || !host.chars().all(|letter| legal(letter) || OPEN.contains(letter))
        {
            return false;
        }
        if host.contains(OPEN) || (self.names_address)(host) {
            return true;
        }
        let is_machine = host == "localhost" || host.starts_with("127.") || host.starts_with("0.");
        let is_name = host.split('.').all(|label| !label.is_empty())
            && host.chars().any(|letter| letter.is_ascii_alphanumeric());
        !is_machine && is_name && (host.contains('.') || scheme.is_some())
    }
}

/// The port that is written, else that of another variable, else the scheme's, else the usual ones.
fn ports(address: &ScannedAddress, flat: &FlatText, implied: &ImpliedPort) -> Vec<Option<PortSpec>> {
    let scheme = address.scheme.as_ref().map(|scheme| slice(&flat.text, scheme));
    let known = scheme.and_then(UrlScheme::find);
    let protocol = known.map_or(TransportProtocol::Tcp, |scheme| scheme.transport);
    if let Some(written) = &address.port {
        let text = slice(&flat.text, written);
        let number = text.parse().ok().filter(|number| *number > 0);
        return match number {
            Some(number) => vec![Some(PortSpec { number, protocol })],
            // A port that is known at deployment only; any other text is none.
            None if text.contains(OPEN) => vec![None],
            None => Vec::new(),
        };
    }
    let number = implied.number.or(known.map(|scheme| scheme.port));
    match (number, scheme) {
        (Some(number), _) => vec![Some(PortSpec { number, protocol })],
        // `sqs://`, `s3://name`: a client of an HTTPS API knows what to do with it.
        (None, Some(_)) => Vec::new(),
        (None, None) if !implied.usual.is_empty() => implied.usual.iter().copied().map(Some).collect(),
        (None, None) if implied.is_host || slice(&flat.text, &address.host).contains(OPEN) => vec![None],
        (None, None) => Vec::new(),
    }
}
