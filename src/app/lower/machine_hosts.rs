//! Names of the machine that Docker runs on, which lead nowhere on AWS.
//!
//! In: every text of the services. Out: one warning.

use super::LoweringContext;
use super::flat_text::shown;
use crate::rules;
use crate::{AppService, ManifestName};
use indexmap::IndexMap;
use tranship_frontend::diagnostic::{Diagnostic, listed};
use tranship_frontend::source::Origin;

/// What Docker Desktop and Podman call their machine.
/// Source: Docker, "Explore networking features"; Podman, `podman-run`, `--add-host`; November 2026.
const MACHINE_HOSTS: &[&str] = &[
    "host.docker.internal",
    "gateway.docker.internal",
    "docker.for.mac.localhost",
    "docker.for.win.localhost",
    "host.containers.internal",
];

/// Reports all services that name it.
pub(super) fn report(cx: &mut LoweringContext<'_>, services: &IndexMap<ManifestName, AppService>) {
    let mut found: Vec<(&ManifestName, &str, Origin)> = Vec::new();
    for service in services.values() {
        for text in service.texts() {
            if let Some(host) = machine_host(&shown(text)) {
                found.push((&service.name, host, text.origin));
            }
        }
    }
    let Some((first, host, origin)) = found.first().copied() else { return };
    let mut names: Vec<String> = found.iter().map(|(name, ..)| format!("`{name}`")).collect();
    names.dedup();
    let verb = if names.len() == 1 { "refers" } else { "refer" };
    let message = format!("{} {verb} to `{host}`, the machine that Docker runs on", listed(&names));
    let told = Diagnostic::new(&rules::app::MACHINE_HOST, message).at(origin).service(&**first);
    let placed = found.iter().skip(1).fold(told, |told, (.., origin)| told.at(*origin));
    cx.diagnostics
        .push(placed.help("name where it runs for this environment, in a Compose file of its own (`files`)"));
}

/// The machine's name in a text, as a whole host name.
fn machine_host(text: &str) -> Option<&'static str> {
    let part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let names = text.split(|letter| !part(letter));
    let known = names.filter_map(|name| MACHINE_HOSTS.iter().position(|host| *host == name));
    MACHINE_HOSTS.get(known.min()?).copied()
}

#[cfg(test)]
mod tests {
    use super::machine_host;

    #[test]
    fn the_machine_has_a_name_as_a_whole() {
        for (text, host) in [
            ("http://host.docker.internal:3000", Some("host.docker.internal")),
            ("host.docker.internal", Some("host.docker.internal")),
            ("--to=host.containers.internal", Some("host.containers.internal")),
            ("host.docker.internal.example.com", None),
            ("myhost.docker.internal", None),
            ("my-host.docker.internal", None),
            ("docker.internal", None),
        ] {
            assert_eq!(machine_host(text), host, "{text}");
        }
    }
}
