use super::{Lowered, lowered, lowered_for};
use crate::{EndpointExposure, EnvironmentChoice, PortRange, PublicProtocol, PublishedPort};

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
            vec!["app/unreachable-port", "app/assumed-http"],
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
        ("a: { image: a, ports: ['80:80', '81:81'] }", vec!["a:80"], vec!["app/inside-port"]),
        ("a: { image: a, ports: ['8745:8745', '3517:3517'] }", vec![], vec!["app/ambiguous-public"]),
        ("a: { image: a, ports: ['8000:8000', '3000:3000'] }", vec![], vec!["app/ambiguous-public"]),
        ("a: { image: a, ports: ['9090:9090'] }", vec!["a:9090"], vec!["app/assumed-http"]),
        (
            "a: { image: a, ports: [{ target: 9000, published: '9000', app_protocol: http }, '9090:9090'] }",
            vec!["a:9000"],
            vec!["app/inside-port"],
        ),
        (
            "a: { image: a, ports: ['9000:9000', '9090:9090'], healthcheck: { test: curl -f localhost:9090/up } }",
            vec!["a:9090"],
            vec!["app/inside-port"],
        ),
        (
            "a: { image: 'ghost:5', ports: ['2368:2368'] }\n  b: { image: b, ports: ['9000:9000'] }",
            vec!["a:2368"],
            vec!["app/inside-port"],
        ),
        ("a: { image: 'n8nio/n8n:1.60.0', ports: ['5678:5678'] }", vec!["a:5678"], vec![]),
        ("a: { image: a, ports: ['5678:5678'] }", vec![], vec![]),
        (
            "a: { image: a, ports: ['5678:5678'], healthcheck: { test: curl -f localhost:5678/up } }",
            vec!["a:5678"],
            vec![],
        ),
        ("a: { image: a, ports: ['40000:40000/udp'] }", vec![], vec!["app/unreachable-port"]),
        ("a: { image: a, ports: ['443:443', '3478:3478'] }", vec!["a:443"], vec!["app/unreachable-port"]),
        ("a: { image: a, ports: ['80:3000', '443:3001'] }", vec!["a:3000"], vec![]),
        ("a: { image: 'adminer:5', ports: ['8080:8080'] }", vec![], vec!["app/console-inside"]),
        ("a: { image: 'docker:dind', ports: ['2375:2375'] }", vec![], vec!["app/console-inside"]),
        (
            "a: { image: 'traefik:v3.1', ports: ['80:80', '8080:8080'] }",
            vec!["a:80"],
            vec!["app/console-inside"],
        ),
        (
            "a: { image: wordpress, ports: ['80:80'] }\n  b: { image: phpmyadmin, ports: ['8080:80'] }",
            vec!["a:80"],
            vec!["app/console-inside"],
        ),
        (
            "a: { image: 'adminer:5', ports: ['8080:8080'], x-tranship: { public: true } }",
            vec!["a:8080"],
            vec![],
        ),
        ("a: { image: 'eclipse-mosquitto:2', ports: ['1883:1883'] }", vec![], vec!["app/unreachable-port"]),
        ("a: { image: 'rabbitmq:4-management', ports: ['5672:5672', '15672:15672'] }", vec![], vec![]),
        (
            "a: { image: 'itzg/minecraft-server', ports: ['25565:25565'] }",
            vec![],
            vec!["app/unreachable-port"],
        ),
        ("a: { image: a, ports: ['2525:2525'] }", vec![], vec!["app/unreachable-port"]),
        (
            "a: { image: a, ports: [{ target: 7000, published: '7000', app_protocol: tcp }] }",
            vec![],
            vec!["app/unreachable-port"],
        ),
        (
            "a: { image: a, ports: ['80:3000'] }\n  b: { image: b, ports: ['8000:8000'], x-tranship: { public: { path: /api/* } } }",
            vec!["b:8000", "a:3000"],
            vec![],
        ),
        (
            "a: { image: a, ports: ['80:3000'] }\n  b: { image: b, ports: ['8000:8000'], x-tranship: { public: { port: 80 } } }",
            vec!["b:8000"],
            vec!["app/inside-port"],
        ),
        (
            "a: { image: a, ports: ['80:3000'] }\n  b: { image: b, ports: ['8000:8000'], x-tranship: { public: { port: 8000 } } }",
            vec!["b:8000", "a:3000"],
            vec![],
        ),
        (
            "a: { image: a, ports: ['80:3000'] }\n  b: { image: b, ports: ['8000:8000'], x-tranship: { public: { internal: true } } }",
            vec!["b:8000", "a:3000"],
            vec![],
        ),
        (
            "a: { image: a, ports: ['3000:3000', '9090:9090'], x-tranship: { public: { container_port: 3000 } } }",
            vec!["a:3000"],
            vec![],
        ),
        (
            "a: { image: a, ports: ['8000:8000', '9090:9090'], x-tranship: { public: true } }",
            vec!["a:8000"],
            vec![],
        ),
        ("a: { image: a, ports: ['53:53/udp'], x-tranship: { public: true } }", vec!["a:53"], vec![]),
        (
            "a: { image: a, ports: ['80:80', '53:53/udp'], x-tranship: { public: { protocol: udp } } }",
            vec!["a:53"],
            vec![],
        ),
        (
            "a: { image: a, ports: ['8080:8080', '1883:1883'], x-tranship: { public: { protocol: tcp } } }",
            vec!["a:1883"],
            vec![],
        ),
        (
            "a: { image: a, ports: ['7000-7002:7000-7002'], x-tranship: { public: { protocol: tcp, container_port: 7000-7002 } } }",
            vec!["a:7000", "a:7001", "a:7002"],
            vec![],
        ),
        (
            "a: { image: a, ports: ['80:80'], x-tranship: { public: true } }\n  b: { image: a, ports: ['81:80'] }",
            vec!["a:80"],
            vec!["app/inside-port"],
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
        // What the data stores among them keep is another matter.
        let of_ports: Vec<_> = lowered.told().into_iter().filter(|rule| *rule != "app/unkept-data").collect();
        assert_eq!(of_ports, told, "{services}");
    }
}

#[test]
fn a_public_service_needs_one_port() {
    let range = "a: { image: a, ports: ['7000-7009:7000-7009'], x-tranship: { public: { protocol: tcp, container_port: 7000-7005 } } }";
    assert_eq!(lowered(&format!("services:\n  {range}\n")).told(), ["app/public-range"]);
    for service in [
        "a: { image: a, x-tranship: { public: true } }",
        "a: { image: a, ports: ['8000:8000', '3000:3000'], x-tranship: { public: { path: /* } } }",
        "a: { image: a, ports: ['5000:5000/udp', '5001:5001/udp'], x-tranship: { public: { protocol: udp } } }",
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

/// The help of a diagnostic.
fn help(lowered: &Lowered, rule: &str) -> Vec<String> {
    let found = lowered.diagnostics.iter().find(|one| one.rule.name == rule);
    found.map(|one| one.help.clone()).unwrap_or_default()
}

/// The lines of a help build, all of them together.
#[test]
fn advice_can_be_followed() {
    let told = lowered(
        "services:\n  site: { image: a, ports: ['8000:8000', '80:3000'] }\n  api: { image: a, ports: ['5000:5000'] }\n",
    );
    assert_eq!(
        help(&told, "app/ambiguous-public"),
        [
            "add `x-tranship: { public: { container_port: 5000, port: 5000 } }` to `api` for what should be public",
            "add `x-tranship: { public: [{ container_port: 8000, port: 8000 }, { container_port: 3000 }] }` to `site` for what should be public",
            "add `x-tranship: { public: false }` to a service that should stay internal",
        ]
    );
    let told = lowered("services:\n  sfu: { image: a, ports: ['443:443', '3478:3478/udp', '1935:1935'] }\n");
    assert_eq!(
        help(&told, "app/unreachable-port"),
        [
            "to serve them with a network load balancer, add `x-tranship: { public: [{ container_port: 443 }, { protocol: udp, container_port: 3478 }, { protocol: tcp, container_port: 1935 }] }` to `sfu`"
        ]
    );
    let told = lowered("services:\n  sfu: { image: a, ports: ['40000-40010:40000-40010/udp'] }\n");
    assert_eq!(
        help(&told, "app/unreachable-port"),
        ["`sfu` has more of them than the 5 ports of a service that a load balancer can serve"]
    );
    let told = lowered("services:\n  app: { image: a, ports: ['3000:3000', '9090:9090'] }\n");
    assert_eq!(
        help(&told, "app/inside-port")[0],
        "add `x-tranship: { public: [{ container_port: 3000, port: 3000 }, { container_port: 9090, port: 9090 }] }` to `app` for what should be public"
    );
    let told = lowered("services:\n  t: { image: 'traefik:v3', ports: ['80:80', '8080:8080'] }\n");
    assert_eq!(
        help(&told, "app/console-inside"),
        [
            "to expose it to the internet, add `x-tranship: { public: [{ container_port: 8080, port: 8080 }, { container_port: 80 }] }` to `t`"
        ]
    );
}

/// A target without a network load balancer gets no advice to use one.
#[test]
fn advice_is_for_the_target() {
    let beanstalk = EnvironmentChoice::Target("beanstalk".to_owned());
    let told = lowered_for("services:\n  dns: { image: a, ports: ['53:53/udp'] }\n", &beanstalk);
    assert_eq!(
        help(&told, "app/unreachable-port"),
        ["use them within the application only, or add a network load balancer of your own"]
    );
}

/// What the one public endpoint speaks.
fn protocol(service: &str) -> PublicProtocol {
    let lowered = lowered(&format!("services:\n  a: {{ {service} }}\n"));
    match &lowered.app().endpoints[0].exposure {
        EndpointExposure::Public(public) => public.protocol,
        EndpointExposure::Internal => panic!("{service}"),
    }
}

#[test]
fn what_a_container_speaks() {
    let spoken = "image: a, ports: [{ target: 9000, published: '80', app_protocol: WORD }]";
    for (word, expected) in [
        ("http", PublicProtocol::Http),
        ("http2", PublicProtocol::Http2),
        ("h2c", PublicProtocol::Http2),
        ("grpc", PublicProtocol::Grpc),
        ("https", PublicProtocol::Https),
    ] {
        assert_eq!(protocol(&spoken.replace("WORD", word)), expected, "{word}");
    }
    for (service, expected) in [
        ("image: a, ports: ['443:8443']", PublicProtocol::Https),
        ("image: a, ports: ['443:443']", PublicProtocol::Https),
        ("image: a, ports: ['443:8080']", PublicProtocol::Http),
        ("image: a, ports: ['50051:50051']", PublicProtocol::Grpc),
        ("image: nifi, ports: ['8443:8443']", PublicProtocol::Https),
        (
            "image: linuxserver/code-server, ports: ['8443:8443'], x-tranship: { public: true }",
            PublicProtocol::Http,
        ),
        (
            "image: a, ports: ['9000:9000'], healthcheck: { test: curl -kf https://localhost:9000/ }",
            PublicProtocol::Https,
        ),
        (
            "image: a, ports: ['9000:9000'], healthcheck: { test: [CMD, /grpc_health_probe, '-addr=:9000'] }",
            PublicProtocol::Grpc,
        ),
        ("image: a, ports: ['80:80'], x-tranship: { public: { protocol: https } }", PublicProtocol::Https),
        ("image: 'redis:7', ports: ['6379:6379'], x-tranship: { public: true }", PublicProtocol::Tcp),
        ("image: a, ports: ['53:53/udp'], x-tranship: { public: true }", PublicProtocol::Udp),
        (
            "image: a, ports: ['53:53/udp', '53:53/tcp'], x-tranship: { public: { container_port: 53 } }",
            PublicProtocol::Tcp,
        ),
    ] {
        assert_eq!(protocol(service), expected, "{service}");
    }
}

/// The path that the load balancer asks.
#[test]
fn the_container_says_what_to_ask() {
    let path = |service: &str| {
        let lowered = lowered(&format!("services:\n  a: {{ image: a, {service} }}\n"));
        match &lowered.app().endpoints[0].exposure {
            EndpointExposure::Public(public) => {
                (public.health_path.as_ref().map(|at| at.value.clone()), public.health.grpc_service)
            }
            EndpointExposure::Internal => panic!("{service}"),
        }
    };
    let up = || Some("/up".to_owned());
    assert_eq!(path("ports: ['3000:3000'], healthcheck: { test: curl -f localhost:3000/up }"), (up(), false));
    assert_eq!(path("ports: ['3000:3000'], healthcheck: { test: curl -f http://a:3000/up }"), (up(), false));
    assert_eq!(
        path(
            "ports: ['3000:3000'], environment: { PORT: 3000 }, healthcheck: { test: 'curl -f localhost:$$PORT/up' }"
        ),
        (up(), false)
    );
    assert_eq!(path("ports: ['3000:3000'], healthcheck: { test: curl -f localhost:4000/up }"), (None, false));
    assert_eq!(path("ports: ['3000:3000']"), (None, false));
    assert_eq!(
        path(
            "ports: ['3000:3000'], healthcheck: { test: curl -f localhost:3000/up }, x-tranship: { public: { health_check: { path: /own } } }"
        ),
        (Some("/own".to_owned()), false)
    );
    assert_eq!(
        path(
            "ports: ['3000:3000'], healthcheck: { test: curl -f localhost:4000/up }, x-tranship: { public: { health_check: { port: 4000 } } }"
        ),
        (up(), false)
    );
    assert_eq!(
        path(
            "ports: ['3000:3000'], healthcheck: { test: curl -f localhost:3000/up }, x-tranship: { public: { protocol: tcp } }"
        ),
        (None, false)
    );
    assert_eq!(
        path("ports: ['50051:50051'], healthcheck: { test: [CMD, /grpc_health_probe, '-addr=:50051'] }"),
        (None, true)
    );
}

/// Of several ports, the note says what shows that the public one is HTTP.
#[test]
fn the_evidence_is_told() {
    for (service, evidence) in [
        ("image: a, ports: ['80:80', '81:81']", "its number"),
        ("image: 'ghost:5', ports: ['2368:2368', '81:81']", "its image"),
        (
            "image: a, ports: ['90:90', '81:81'], healthcheck: { test: curl -f localhost:90 }",
            "its health check",
        ),
        ("image: a, ports: [{ target: 90, published: '90', app_protocol: http }, '81:81']", "`app_protocol`"),
    ] {
        let lowered = lowered(&format!("services:\n  a: {{ {service} }}\n"));
        let found = lowered.diagnostics.iter().find(|one| one.rule.name == "app/public-by-default").unwrap();
        let expected = format!("known to be HTTP, by {evidence}");
        assert!(found.message.ends_with(&expected), "{}", found.message);
    }
}

/// A port that nothing shows to speak HTTP is public all the same, with a warning that says what to write.
#[test]
fn a_port_that_may_not_speak_http_is_told() {
    let of = |keys: &str| {
        let lowered = lowered(&format!("services:\n  app: {{ image: acme/app, {keys} }}\n"));
        let found = lowered.diagnostics.iter().filter(|one| one.rule.name == "app/assumed-http");
        found.map(|one| (one.message.clone(), one.help.join("\n"))).next()
    };
    let (message, help) = of("ports: ['9050:9050']").unwrap();
    let expected = "port 9050 of `app` becomes public over HTTP: it is the only published port, and nothing says what it speaks";
    assert_eq!(message, expected);
    assert!(help.contains("protocol: tcp") && help.contains("port: 9050"), "{help}");
    for known in [
        "ports: ['80:9050']",
        "ports: ['3000:3000']",
        "ports: ['9050:9050'], healthcheck: { test: curl localhost:9050 }",
        "ports: [{ target: 9050, published: '9050', app_protocol: http }]",
        "ports: ['9050:9050'], x-tranship: { public: true }",
    ] {
        assert_eq!(of(known), None, "{known}");
    }
}

/// A line cannot cost gigabytes: ranges that are exposed have a bound, through `extends` too.
#[test]
fn exposed_ranges_have_a_bound() {
    let told = |second: &str| {
        let lowered = lowered(&format!(
            "services:\n  one: {{ image: acme/a, expose: ['1-65535'] }}\n  two: {{ image: acme/a, expose: ['{second}'] }}\n"
        ));
        let found = lowered.diagnostics.iter().filter(|one| one.rule.name == "app/out-of-range");
        found.map(|one| one.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told("80"), Vec::<String>::new());
    assert_eq!(told("80-81"), ["`services.two.expose[0]` is out of range"]);
    let copies = "services:\n  base: { image: acme/a, expose: ['1-40000'] }\n  copy: { extends: base }\n";
    assert_eq!(lowered(copies).told(), ["app/out-of-range"]);
}

#[test]
fn ports_that_do_not_exist_are_out_of_range() {
    for keys in ["expose: ['5-3']", "expose: ['0']", "expose: ['0-5']", "ports: [{ target: 70000 }]"] {
        let lowered = lowered(&format!("services:\n  app: {{ image: acme/a, {keys} }}\n"));
        assert_eq!(lowered.told(), ["app/out-of-range"], "{keys}");
    }
    let fits =
        lowered("services:\n  app: { image: acme/a, expose: ['3-5', '1'], ports: [{ target: 65535 }] }\n");
    assert!(!fits.told().contains(&"app/out-of-range"));
}
