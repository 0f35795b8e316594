use super::{Lowered, lowered};
use crate::{EndpointExposure, PortRange, PublishedPort};
use tranship_frontend::diagnostic::Severity;

/// The public ports: `service:port`.
fn public(lowered: &Lowered) -> Vec<String> {
    let public =
        lowered.app().endpoints.iter().filter(|one| matches!(one.exposure, EndpointExposure::Public(_)));
    public.map(|one| format!("{}:{}", one.service, one.port)).collect()
}

#[test]
fn the_one_port_that_can_be_meant_is_public() {
    for (services, expected, told) in [
        ("web: { image: a, ports: ['8080:80'] }", vec!["web:80"], vec![]),
        ("web: { image: a, ports: ['80:80', '443:443'] }", vec!["web:80"], vec![]),
        ("web: { image: a, ports: ['8080:80', '9229:9229'] }", vec!["web:80"], vec![]),
        ("web: { image: a, ports: ['8080:80', '127.0.0.1:81:81'] }", vec!["web:80"], vec![]),
        ("web: { image: a, ports: ['80:80', '8080:80'] }", vec!["web:80"], vec![]),
        (
            "web: { image: a, ports: ['80:80'] }\n  db: { image: 'postgres:16', ports: ['5432:5432'], tmpfs: /var/lib/postgresql/data }",
            vec!["web:80"],
            vec![],
        ),
        (
            "web: { image: a, ports: ['80:80'] }\n  db: { image: mydb, ports: ['5432:5432'] }",
            vec!["web:80"],
            vec![],
        ),
        ("web: { image: a, ports: ['80:80', '53:53/udp'] }", vec!["web:80"], vec!["app/unreachable-port"]),
        (
            "web: { image: a, ports: ['8025:8025', '1025:1025'] }",
            vec!["web:8025"],
            vec!["app/unreachable-port"],
        ),
        ("web: { image: a, ports: ['8080'] }", vec!["web:8080"], vec![]),
        (
            "db: { image: 'postgres:16', ports: ['5432:5432'], tmpfs: /var/lib/postgresql/data }",
            vec![],
            vec![],
        ),
        ("web: { image: a, expose: ['80'] }", vec![], vec![]),
        ("web: { image: a, ports: ['80:80'], x-tranship: { public: false } }", vec![], vec![]),
        (
            "a: { image: a, ports: ['80:80'] }\n  b: { image: a, ports: ['81:80'] }",
            vec![],
            vec!["app/ambiguous-public"],
        ),
        ("a: { image: a, ports: ['80:80', '81:81'] }", vec![], vec!["app/ambiguous-public"]),
        (
            "a: { image: a, ports: ['80:80'], x-tranship: { public: true } }\n  b: { image: a, ports: ['81:80'] }",
            vec!["a:80"],
            vec![],
        ),
        ("a: { image: a, expose: ['80'], x-tranship: { public: true } }", vec!["a:80"], vec![]),
        ("a: { image: nginx, x-tranship: { public: true } }", vec!["a:80"], vec![]),
        (
            "a: { image: a, ports: ['80:80', '81:81'], x-tranship: { public: { container_port: 81 } } }",
            vec!["a:81"],
            vec![],
        ),
        (
            "a: { image: 'redis:7', ports: ['6379:6379'], x-tranship: { public: true } }",
            vec!["a:6379"],
            vec![],
        ),
    ] {
        let lowered = lowered(&format!("services:\n  {services}\n"));
        assert_eq!(public(&lowered), expected, "{services}");
        assert_eq!(lowered.told(), told, "{services}");
    }
}

#[test]
fn a_public_service_needs_one_port() {
    for service in [
        "a: { image: a, x-tranship: { public: true } }",
        "a: { image: a, ports: ['80:80', '81:81'], x-tranship: { public: { path: /* } } }",
    ] {
        let lowered = lowered(&format!("services:\n  {service}\n"));
        assert_eq!(lowered.told(), ["app/public-port"], "{service}");
    }
}

#[test]
fn a_declaration_says_how_it_is_served() {
    let lowered = lowered(
        "services:
  a:
    image: a
    ports: ['8000:80']
    x-tranship:
      public:
        - { host: [a.example.org, b.example.org], path: /v1/*, health_check: { path: /up, codes: 200-399 } }
        - { path: /metrics, port: 9000, container_port: 9100, priority: 5 }
",
    );
    assert_eq!(public(&lowered), ["a:80", "a:9100"]);
    let EndpointExposure::Public(first) = &lowered.app().endpoints[0].exposure else { panic!() };
    assert_eq!(first.hosts.len(), 2);
    assert_eq!(
        first.published.as_ref().map(|at| at.value),
        Some(PublishedPort::Within(PortRange { first: 8000, last: 8000 }))
    );
    assert_eq!(first.health_codes.as_ref().map(|at| at.value.as_str()), Some("200-399"));
}

#[test]
fn what_others_reach_is_an_internal_endpoint() {
    let lowered = lowered(
        "services:
  web: { image: a, ports: ['80:80'], environment: { API: 'http://api:8000' } }
  api: { image: a, ports: ['127.0.0.1:8000:8000'] }
",
    );
    let internal: Vec<(&str, u16)> = lowered
        .app()
        .endpoints
        .iter()
        .filter(|one| matches!(one.exposure, EndpointExposure::Internal))
        .map(|one| (&*one.service, one.port))
        .collect();
    assert_eq!(internal, [("api", 8000)]);
    assert_eq!(
        lowered.disposition("services.api.ports[0].host_ip"),
        ("ignored", "published on a loopback address only")
    );
}

#[test]
fn an_administration_tool_that_becomes_public_is_a_warning() {
    for (service, severity) in [
        ("image: a, ports: ['80:80']", Severity::Note),
        ("image: 'adminer:5', ports: ['80:8080']", Severity::Warning),
        ("image: 'ollama/ollama', ports: ['11434:11434']", Severity::Warning),
        ("image: 'docker:dind', ports: ['2375:2375']", Severity::Warning),
    ] {
        let lowered = lowered(&format!("services:\n  tool: {{ {service} }}\n"));
        let found = lowered.diagnostics.iter().find(|one| one.rule.name == "app/public-by-default");
        assert_eq!(found.map(|one| one.severity), Some(severity), "{service}");
    }
}
