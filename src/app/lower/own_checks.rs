//! What a container's health check asks of the container itself: a URL, or gRPC's own service for health checks.
//!
//! In: a service. Out: the ports that its check asks, with the protocol and the path. Invariant: what is not certain is left
//! out: a command that is no client of HTTP, another host, a path with a variable in it.

use crate::{AppService, HealthTest, Text, TextPiece};

/// Hosts under which a container calls itself.
const OWN_HOSTS: &[&str] = &["localhost", "127.0.0.1", "0.0.0.0", "[::1]", "ip6-localhost"];

/// Programs that ask by HTTP where the address has no scheme. Source: their manuals, November 2026.
const HTTP_CLIENTS: &[&str] = &["curl", "wget", "http", "xh"];

/// The program that asks gRPC's own service for health checks, by the names that it has (grpc-ecosystem).
const GRPC_PROBES: &[&str] = &["grpc_health_probe", "grpc-health-probe"];

/// What stands in for what is known only at deployment.
const OPEN: char = '\u{fffc}';

/// How a check asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckScheme {
    /// HTTP.
    Http,
    /// HTTPS.
    Https,
    /// gRPC.
    Grpc,
}

/// One thing that a check asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnCheck {
    /// How.
    pub(super) scheme: CheckScheme,
    /// The port.
    pub(super) port: u16,
    /// The path; nothing where it cannot be told.
    pub(super) path: Option<String>,
}

/// What the health check of a service asks of its container on this port.
pub(super) fn on_port(service: &AppService, port: u16) -> Option<OwnCheck> {
    of_service(service).into_iter().find(|check| check.port == port)
}

/// What the health check of a service asks of its container.
pub(super) fn of_service(service: &AppService) -> Vec<OwnCheck> {
    let Some(check) = &service.container.health_check else { return Vec::new() };
    let texts: &[Text] = match &check.test.value {
        HealthTest::Exec(list) => list,
        HealthTest::Shell(line) => std::slice::from_ref(line),
    };
    let line = texts.iter().map(|text| flat(text, service)).collect::<Vec<_>>().join(" ");
    let names: Vec<&str> = service.host_names.iter().map(|name| &*name.value).collect();
    of_line(&line, &names, &|variable| {
        service.container.environment.get(variable)?.value.as_ref()?.literal().map(|text| text.to_string())
    })
}

/// The text, with the container itself by its usual name.
fn flat(text: &Text, service: &AppService) -> String {
    let piece = |piece: &TextPiece| match piece {
        TextPiece::Literal(literal) => literal.to_string(),
        TextPiece::Host(name) if **name == *service.name => "localhost".to_owned(),
        _ => OPEN.to_string(),
    };
    text.segments.iter().map(|segment| piece(&segment.piece)).collect()
}

/// What a command line asks, in the order in which it stands there.
fn of_line(line: &str, names: &[&str], variable: &dyn Fn(&str) -> Option<String>) -> Vec<OwnCheck> {
    let words: Vec<&str> =
        line.split(|letter: char| letter.is_whitespace() || "\"'();|&".contains(letter)).collect();
    let runs = |programs: &[&str]| {
        words.iter().any(|word| programs.contains(&word.rsplit('/').next().unwrap_or_default()))
    };
    if runs(GRPC_PROBES) {
        return words.iter().filter_map(|word| probed(word)).collect();
    }
    let client = runs(HTTP_CLIENTS);
    let mut found: Vec<(usize, OwnCheck)> = Vec::new();
    for host in OWN_HOSTS.iter().chain(names) {
        for (at, _) in line.match_indices(host) {
            let (before, after) =
                (line.get(..at).unwrap_or_default(), line.get(at + host.len()..).unwrap_or_default());
            let check = scheme(before, client).and_then(|scheme| asked(scheme, after, variable));
            found.extend(check.map(|check| (at, check)));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, check)| check).collect()
}

/// By what a host is asked, from what stands before it; nothing where it is a part of something else.
fn scheme(before: &str, client: bool) -> Option<CheckScheme> {
    if before.ends_with("http://") {
        return Some(CheckScheme::Http);
    }
    if before.ends_with("https://") {
        return Some(CheckScheme::Https);
    }
    let alone =
        before.chars().next_back().is_none_or(|letter| letter.is_whitespace() || "\"'".contains(letter));
    (client && alone).then_some(CheckScheme::Http)
}

/// The port and the path behind a host.
fn asked(scheme: CheckScheme, after: &str, variable: &dyn Fn(&str) -> Option<String>) -> Option<OwnCheck> {
    let ends = |letter: char| letter.is_whitespace() || "\"'|;&<>`)\\,".contains(letter);
    let url = after.split(ends).next().unwrap_or_default();
    let cut = url.find(['/', '?', '#']).unwrap_or(url.len());
    let (authority, rest) = url.split_at(cut);
    let port = match authority.strip_prefix(':') {
        Some(port) => number(port, variable)?,
        None if authority.is_empty() && scheme == CheckScheme::Https => 443,
        None if authority.is_empty() => 80,
        None => return None, // a longer name
    };
    let path = rest.split('#').next().unwrap_or_default();
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let certain = !path.contains(['$', OPEN, '{', '}']);
    Some(OwnCheck { scheme, port, path: certain.then_some(path) })
}

/// A number, or the variable of the container that holds it.
fn number(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Option<u16> {
    match text.strip_prefix('$') {
        Some(name) => {
            let name = name.trim_start_matches('{').trim_end_matches('}');
            let (name, fallback) =
                name.split_once(":-").map_or((name, None), |(name, value)| (name, Some(value)));
            variable(name).as_deref().or(fallback)?.parse().ok()
        }
        None => text.parse().ok(),
    }
}

/// `-addr=:50051`, `-addr=localhost:50051`.
fn probed(word: &str) -> Option<OwnCheck> {
    let (flag, address) = word.split_once('=').unwrap_or(("", word));
    let (host, port) = address.rsplit_once(':')?;
    let own = host.is_empty() || OWN_HOSTS.contains(&host);
    let flag = flag.is_empty() || flag.trim_start_matches('-') == "addr";
    (own && flag).then_some(OwnCheck { scheme: CheckScheme::Grpc, port: port.parse().ok()?, path: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use CheckScheme::{Grpc, Http, Https};

    fn asks(line: &str) -> Vec<(CheckScheme, u16, Option<String>)> {
        let variable = |name: &str| (name == "PORT").then(|| "3000".to_owned());
        let found = of_line(line, &["web", "shop-web"], &variable);
        found.into_iter().map(|check| (check.scheme, check.port, check.path)).collect()
    }

    #[test]
    fn a_client_of_http_asks_a_path() {
        for (line, scheme, port, path) in [
            ("http://localhost:8000/healthz/", Http, 8000, "/healthz/"),
            ("curl -f http://127.0.0.1:8000/up?deep=1 || exit 1", Http, 8000, "/up?deep=1"),
            ("wget -qO- 'http://localhost/ping'", Http, 80, "/ping"),
            ("curl -f localhost:3000/up", Http, 3000, "/up"),
            ("curl -kf https://localhost:8443/actuator/health", Https, 8443, "/actuator/health"),
            ("curl -kf https://localhost/up", Https, 443, "/up"),
            ("/usr/bin/curl localhost", Http, 80, "/"),
            ("curl -f http://localhost:8000", Http, 8000, "/"),
            ("curl -f http://localhost:8000?x=1", Http, 8000, "/?x=1"),
            ("curl -f http://[::1]:8000/x#part", Http, 8000, "/x"),
            ("curl -f http://web:8000/x", Http, 8000, "/x"),
            ("curl -f http://localhost:$PORT/up", Http, 3000, "/up"),
            ("curl -f http://localhost:${PORT}/up", Http, 3000, "/up"),
            ("curl -f http://localhost:${WEB:-4000}/up", Http, 4000, "/up"),
            ("node -e \"fetch('http://localhost:3000/health').then(r => r.ok)\"", Http, 3000, "/health"),
            ("wget --spider -q localhost:8080/ready && true", Http, 8080, "/ready"),
        ] {
            assert_eq!(asks(line), [(scheme, port, Some(path.to_owned()))], "{line}");
        }
    }

    #[test]
    fn what_is_not_certain_is_left_out() {
        for line in [
            "curl -f http://db:8000/x",
            "pg_isready -h localhost",
            "nc -z localhost 8080",
            "redis-cli -h localhost ping",
            "curl -f http://mylocalhost:8000/x",
            "curl -f http://localhost.example.com/x",
            "curl -f http://localhost:$OTHER/x",
            "curl -f http://website:8000/x",
            "",
        ] {
            assert_eq!(asks(line), [], "{line}");
        }
        assert_eq!(asks("curl -f http://localhost:8000/$VERSION"), [(Http, 8000, None)]);
    }

    #[test]
    fn each_url_counts() {
        let found = asks("curl -f localhost:9000/a && curl -fk https://localhost:8443/b");
        assert_eq!(found, [(Http, 9000, Some("/a".to_owned())), (Https, 8443, Some("/b".to_owned()))]);
    }

    #[test]
    fn a_probe_asks_by_grpc() {
        for (line, port) in [
            ("/bin/grpc_health_probe -addr=:50051", 50051),
            ("grpc_health_probe -addr=localhost:9000 -connect-timeout=1s", 9000),
            ("grpc-health-probe --addr :7000", 7000),
        ] {
            assert_eq!(asks(line), [(Grpc, port, None)], "{line}");
        }
        assert_eq!(asks("grpc_health_probe -addr=other:50051"), []);
    }
}
