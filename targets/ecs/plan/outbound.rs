//! What a task may reach outside of the application: the AWS APIs, DNS, and the ports that its values name.
//!
//! A value such as `smtp://mail.example.com:587` or `broker.example.com:9092` names a port that the
//! application needs; it is opened. Everything else stays shut.

use super::planner::Planner;
use super::{OutboundPort, TaskPlan};
use std::collections::BTreeSet;
use tranship_app::{Piece, Protocol, Text};

/// Ports of schemes that stand in URLs without one (IANA).
const SCHEMES: &[(&str, u16)] = &[
    ("amqp", 5672),
    ("amqps", 5671),
    ("ftp", 21),
    ("http", 80),
    ("https", 443),
    ("imap", 143),
    ("imaps", 993),
    ("kafka", 9092),
    ("ldap", 389),
    ("ldaps", 636),
    ("mongodb", 27017),
    ("mysql", 3306),
    ("nats", 4222),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("redis", 6379),
    ("rediss", 6379),
    ("smtp", 25),
    ("smtps", 465),
    ("ssh", 22),
];

/// The outbound rules of a task.
pub(super) fn of_task(planner: &Planner<'_, '_>, task: &TaskPlan) -> Vec<OutboundPort> {
    let rule =
        |port, protocol, description: &str| OutboundPort { port, protocol, description: description.into() };
    let mut rules = vec![
        rule(443, Protocol::Tcp, "HTTPS: image registries, AWS and other services"),
        rule(53, Protocol::Udp, "DNS"),
        rule(53, Protocol::Tcp, "DNS"),
    ];
    for port in named(planner, task) {
        if !rules.iter().any(|known| known.port == port && known.protocol == Protocol::Tcp) {
            rules.push(rule(port, Protocol::Tcp, "Named in a value of the environment"));
        }
    }
    rules
}

/// Ports of hosts outside of the application that stand in values of the task's containers.
fn named(planner: &Planner<'_, '_>, task: &TaskPlan) -> BTreeSet<u16> {
    let services = planner.app.services.values().filter(|it| planner.layout.is_in(&it.name, &task.name));
    let mut found = BTreeSet::new();
    for service in services {
        let container = &service.container;
        let lists = [&container.command, &container.entrypoint].into_iter().flatten();
        let values = container.environment.values().filter_map(|variant| variant.value.as_ref());
        for text in lists.flat_map(|list| list.peek()).chain(values) {
            found.extend(literals(text).flat_map(ports));
        }
        for (name, variant) in &container.environment {
            found.extend(port_beside_host(service, name, variant.value.as_ref()));
        }
    }
    found
}

fn literals(text: &Text) -> impl Iterator<Item = &str> {
    text.segments.iter().filter_map(|segment| match &segment.piece {
        Piece::Literal(text) => Some(&**text),
        _ => None,
    })
}

/// `SMTP_PORT: 587` beside `SMTP_HOST: smtp.example.com`.
fn port_beside_host(service: &tranship_app::Service, name: &str, value: Option<&Text>) -> Option<u16> {
    let stem = name.strip_suffix("_PORT")?;
    let port: u16 = value?.literal()?.parse().ok()?;
    let host = ["_HOST", "_SERVER", "_HOSTNAME"].iter().find_map(|suffix| {
        service.container.environment.get(format!("{stem}{suffix}").as_str())?.value.as_ref()?.literal()
    })?;
    is_domain(&host).then_some(port)
}

/// The ports in `scheme://host`, `scheme://host:port` and `host.domain:port`.
fn ports(text: &str) -> Vec<u16> {
    let separate = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'' | '=' | '(' | ')');
    text.split(separate).filter_map(port).collect()
}

fn port(word: &str) -> Option<u16> {
    let (scheme, rest) = match word.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, word),
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit('@').next()?;
    match authority.rsplit_once(':') {
        Some((host, port)) if is_domain(host) => port.parse().ok(),
        Some(_) => None,
        None if is_domain(authority) => SCHEMES.iter().find(|it| Some(it.0) == scheme).map(|it| it.1),
        None => None,
    }
}

/// A name with a dot that is no address of the machine itself.
fn is_domain(host: &str) -> bool {
    host.contains('.')
        && !host.starts_with("127.")
        && !host.starts_with("0.")
        && host.split('.').all(|label| !label.is_empty())
        && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
        && host.chars().any(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_hosts_outside() {
        let cases: &[(&str, &[u16])] = &[
            ("smtp://user:word@mail.example.com:587/x", &[587]),
            ("http://api.example.com/v1", &[80]),
            ("https://api.example.com", &[443]),
            ("a.example.com:9092,b.example.com:9093", &[9092, 9093]),
            ("--http=0.0.0.0:8000", &[]),
            ("http://localhost:3000", &[]),
            ("127.0.0.1:80", &[]),
            ("db:5432", &[]),
            ("12:30", &[]),
            ("version 1.4.2", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(ports(text), *expected, "{text}");
        }
    }
}
