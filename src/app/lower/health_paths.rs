//! The path that a load balancer asks: where no setting says it, the one that the container's own health check asks.
//!
//! In: the services and their endpoints. Out: the path of each public endpoint whose container checks a URL of the
//! same port. Invariant: what a setting says stays.

use crate::{AppService, At, EndpointExposure, HealthTest, ManifestName, ServiceEndpoint, Text};
use indexmap::IndexMap;

/// Hosts under which a container calls itself.
const OWN_HOSTS: &[&str] = &["localhost", "127.0.0.1", "0.0.0.0", "[::1]"];

/// Fills in the paths.
pub(super) fn infer(services: &IndexMap<ManifestName, AppService>, endpoints: &mut [ServiceEndpoint]) {
    for endpoint in endpoints {
        let EndpointExposure::Public(public) = &mut endpoint.exposure else { continue };
        let check =
            services.get(&endpoint.service).and_then(|service| service.container.health_check.as_ref());
        let Some(check) = check.filter(|_| public.health_path.is_none()) else { continue };
        let words: &[Text] = match &check.test.value {
            HealthTest::Exec(list) => list,
            HealthTest::Shell(line) => std::slice::from_ref(line),
        };
        let texts = words.iter().filter_map(Text::literal);
        let path = texts.filter_map(|text| own_path(&text, endpoint.port)).next();
        public.health_path = path.map(|path| At::inferred(path, check.test.origin));
    }
}

/// The path of a URL of the container itself on this port.
fn own_path(text: &str, port: u16) -> Option<String> {
    let (_, rest) = text.split_once("http://")?;
    let ends = |letter: char| letter.is_whitespace() || "\"'|;&<>`$\\".contains(letter);
    let url = rest.split(ends).next().unwrap_or_default();
    let (authority, path) = url.split_once('/').map_or((url, ""), |(authority, path)| (authority, path));
    let (host, number) = match authority.rsplit_once(':') {
        Some((host, number)) if !number.ends_with(']') => (host, number.parse().ok()?),
        _ => (authority, 80),
    };
    (OWN_HOSTS.contains(&host) && number == port && !path.is_empty()).then(|| format!("/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_the_same_port_has_the_path() {
        for (text, port, path) in [
            ("http://localhost:8000/healthz/", 8000, Some("/healthz/")),
            ("curl -f http://127.0.0.1:8000/up?deep=1 || exit 1", 8000, Some("/up?deep=1")),
            ("wget -qO- 'http://localhost/ping'", 80, Some("/ping")),
            ("curl -f http://localhost:9000/healthz", 8000, None),
            ("curl -f http://localhost:8000", 8000, None),
            ("curl -f http://db:8000/x", 8000, None),
            ("pg_isready", 5432, None),
        ] {
            assert_eq!(own_path(text, port).as_deref(), path, "{text}");
        }
    }
}
