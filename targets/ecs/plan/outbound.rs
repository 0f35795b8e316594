//! What a task may reach outside of the application: the AWS APIs, DNS, and the ports that its values name.
//!
//! A value such as `smtp://mail.example.com:587` or `broker.example.com:9092` names a port that the
//! application needs; it is opened. Everything else stays shut.

use super::planner::Planner;
use super::{OutboundPort, TaskPlan};
use std::collections::BTreeSet;
use tranship_app::{Piece, Text};
use tranship_facts::ports::DNS;
use tranship_facts::quotas::load_balancing::HTTPS_PORT;
use tranship_facts::{TransportProtocol, UrlScheme};

/// The outbound rules of a task.
pub(super) fn of_task(planner: &Planner<'_, '_>, task: &TaskPlan) -> Vec<OutboundPort> {
    let rule =
        |port, protocol, description: &str| OutboundPort { port, protocol, description: description.into() };
    let mut rules = vec![
        rule(HTTPS_PORT, TransportProtocol::Tcp, "HTTPS: image registries, AWS and other services"),
        rule(DNS, TransportProtocol::Udp, "DNS"),
        rule(DNS, TransportProtocol::Tcp, "DNS"),
    ];
    for (port, protocol) in named(planner, task) {
        if !rules.iter().any(|known| known.port == port && known.protocol == protocol) {
            rules.push(rule(port, protocol, "Named in a value of the environment"));
        }
    }
    rules
}

/// Ports of hosts outside of the application that stand in values of the task's containers.
fn named(planner: &Planner<'_, '_>, task: &TaskPlan) -> BTreeSet<(u16, TransportProtocol)> {
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
            let port = port_beside_host(service, name, variant.value.as_ref());
            found.extend(port.map(|port| (port, TransportProtocol::Tcp)));
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
fn ports(text: &str) -> Vec<(u16, TransportProtocol)> {
    let separate = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'' | '=' | '(' | ')');
    text.split(separate).filter_map(port).collect()
}

fn port(word: &str) -> Option<(u16, TransportProtocol)> {
    let (scheme, rest) = match word.split_once("://") {
        Some((scheme, rest)) => (UrlScheme::find(scheme), rest),
        None => (None, word),
    };
    let transport = scheme.map_or(TransportProtocol::Tcp, |scheme| scheme.transport);
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit('@').next()?;
    match authority.rsplit_once(':') {
        Some((host, port)) if is_domain(host) => Some((port.parse().ok()?, transport)),
        Some(_) => None,
        None if is_domain(authority) => scheme.map(|scheme| (scheme.port, transport)),
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
        use TransportProtocol::{Tcp, Udp};
        let cases: &[(&str, &[(u16, TransportProtocol)])] = &[
            ("smtp://user:word@mail.example.com:587/x", &[(587, Tcp)]),
            ("http://api.example.com/v1", &[(80, Tcp)]),
            ("https://api.example.com", &[(443, Tcp)]),
            ("mqtts://broker.example.com", &[(8883, Tcp)]),
            ("jdbc:postgresql://db.example.com/app", &[(5432, Tcp)]),
            ("syslog://logs.example.com:1514", &[(1514, Udp)]),
            ("a.example.com:9092,b.example.com:9093", &[(9092, Tcp), (9093, Tcp)]),
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
