//! Names that nothing rewrites: Service Connect lets them work, or a warning says what to write.

use super::*;

/// A client with one variable, and a server.
fn pair(client: &str, more: &str) -> String {
    format!(
        "name: shop
services:
  web: {{ image: acme/web, {client} }}
  api: {{ image: acme/api, expose: ['8000'] }}
{more}"
    )
}

fn connect<'t>(template: &'t Value, service: &str) -> &'t Value {
    &properties(template, service)["ServiceConnectConfiguration"]
}

/// `alias:port of port name` of each entry.
fn offered(template: &Value, service: &str) -> Vec<String> {
    let entries = connect(template, service)["Services"].as_array().cloned().unwrap_or_default();
    let shown = |entry: &Value| {
        let [alias] = entry["ClientAliases"].as_array().unwrap().as_slice() else { panic!("{entry}") };
        format!(
            "{}:{} of {}",
            alias["DnsName"].as_str().unwrap(),
            alias["Port"],
            entry["PortName"].as_str().unwrap()
        )
    };
    entries.iter().map(shown).collect()
}

fn ports(template: &Value, task: &str) -> Vec<Value> {
    let containers = properties(template, task)["ContainerDefinitions"].as_array().unwrap();
    containers.iter().filter_map(|it| it["PortMappings"].as_array()).flatten().cloned().collect()
}

fn waits(template: &Value, service: &str) -> Vec<String> {
    let list = template["Resources"][service]["DependsOn"].as_array().cloned().unwrap_or_default();
    list.iter().filter_map(|id| id.as_str()).filter(|id| id.ends_with("Service")).map(str::to_owned).collect()
}

/// What is said about names that do not work.
fn lost(target: &str, text: &str) -> Vec<String> {
    let rules = ["ecs/host-as-written", "ecs/host-in-file"];
    said(&compiled(target, text))
        .into_iter()
        .filter(|line| rules.iter().any(|rule| line.starts_with(rule)))
        .collect()
}

const WORD: &str = "environment: { BACKEND: api }";

#[test]
fn a_word_is_found_by_the_name_itself() {
    for target in ["fargate", "ecs-ec2"] {
        // A service in bridge mode is another one than the same in a network of its own.
        let (web, other) = match target {
            "fargate" => ("WebService", "OtherService"),
            _ => ("WebServiceOnInstance", "OtherServiceOnInstance"),
        };
        let text = pair(WORD, "  other: { image: acme/other }\n");
        let template = template_of(target, &text);
        assert_eq!(offered(&template, "ApiService"), ["api:8000 of tcp-8000"], "{target}");
        let entry = &connect(&template, "ApiService")["Services"][0];
        assert!(entry["DiscoveryName"].as_str().unwrap().starts_with("api-8000-"), "no A record has it");
        assert_eq!(entry["Timeout"], serde_json::json!({ "IdleTimeoutSeconds": 0 }));
        assert_eq!(properties(&template, "ApiDiscovery")["Name"], "api", "the record stays");
        let port = serde_json::json!({ "ContainerPort": 8000, "Protocol": "tcp", "Name": "tcp-8000" });
        assert_eq!(ports(&template, "ApiTaskDefinition"), [port]);
        for service in [web, "ApiService"] {
            let own = connect(&template, service);
            assert_eq!(
                (&own["Enabled"], &own["Namespace"]),
                (&true.into(), &"Namespace.Arn".into()),
                "{service}"
            );
            assert_eq!(own["LogConfiguration"]["LogDriver"], "awslogs");
        }
        assert_eq!(offered(&template, web), Vec::<String>::new());
        assert_eq!(connect(&template, other), &serde_json::json!({ "Enabled": false }));
        assert_eq!(waits(&template, web), ["ApiService"]);
        let group = connect(&template, "ApiService")["LogConfiguration"]["Options"]["awslogs-group"].clone();
        assert_eq!(group, "ApiLogGroup");
        assert_eq!(of_type(&template, "AWS::EC2::SecurityGroupIngress").len(), 1, "{target}");
        assert_eq!(lost(target, &text), Vec::<String>::new());
        let told = said(&compiled(target, &text));
        let note = "ecs/service-connect: `web` finds `api` by Service Connect, with a proxy in the tasks of `api`, `web`";
        assert!(told.iter().any(|line| line == note), "{told:?}");
    }
}

#[test]
fn proxies_have_room_of_their_own() {
    let sized = |target: &str, limits: &str| {
        let text = pair(&format!("{WORD}{limits}"), "");
        let template = template_of(target, &text);
        let own = properties(&template, "WebTaskDefinition");
        ["Cpu", "Memory"].map(|key| own[key].as_str().map(str::to_owned))
    };
    let asked = |cpu: &str, memory: &str| [Some(cpu.to_owned()), Some(memory.to_owned())];
    assert_eq!(sized("fargate", ""), asked("512", "1024"));
    let limits = ", deploy: { resources: { limits: { cpus: '0.25', memory: 960m } } }";
    assert_eq!(sized("fargate", limits), asked("512", "1024"), "960 and 64 fit");
    assert_eq!(sized("fargate", &limits.replace("960m", "961m")), asked("512", "2048"));
    assert_eq!(sized("fargate", &limits.replace("0.25", "0.5")), asked("1024", "2048"));
    assert_eq!(sized("ecs-ec2", ""), [None, Some("576".to_owned())]);
    assert_eq!(sized("ecs-ec2", limits), [None, Some("1024".to_owned())]);
}

#[test]
fn a_new_name_is_a_new_deployment() {
    let nonce = |client: &str| {
        let text = pair(client, "  cache: { image: 'redis:7' }\n");
        properties(&template(&text), "WebService")["ForceNewDeployment"]["ForceNewDeploymentNonce"].clone()
    };
    let both = nonce("environment: { BACKEND: api, MEMO: cache }");
    assert_ne!(nonce(WORD), both);
    assert_eq!(nonce("environment: { MEMO: cache, BACKEND: api }"), both, "no order");
    let template = template(&pair(WORD, ""));
    assert!(properties(&template, "ApiService").get("ForceNewDeployment").is_none());
}

#[test]
fn a_name_inside_the_image_is_what_the_manifest_depends_on() {
    let template_of = |client: &str, more: &str| template(&pair(client, more));
    assert_eq!(offered(&template_of("depends_on: [api]", ""), "ApiService"), ["api:8000 of tcp-8000"]);
    assert_eq!(
        offered(&template_of("links: ['api:backend']", ""), "ApiService"),
        ["backend:8000 of tcp-8000"]
    );
    let known = "depends_on: [api], environment: { API_URL: 'http://api:8000' }";
    assert_eq!(connect(&template_of(known, ""), "ApiService"), &serde_json::json!({ "Enabled": false }));
    let cache = "  cache: { image: 'redis:7' }\n";
    assert_eq!(
        offered(&template_of("depends_on: [cache]", cache), "CacheService"),
        ["cache:6379 of tcp-6379"]
    );
    let sidecar = pair("network_mode: 'service:api', depends_on: [api]", "");
    assert_eq!(lost("fargate", &sidecar), Vec::<String>::new(), "a sidecar is at home");
}

#[test]
fn every_port_that_is_used_has_an_entry() {
    let more = "  admin: { image: a, depends_on: [api], configs: [{ source: c, target: /etc/c.conf }] }
configs: { c: { content: 'server api:9000;' } }
";
    let template =
        template(&pair(WORD, more).replace("expose: ['8000']", "expose: ['8000', '9000', '53/udp']"));
    assert_eq!(offered(&template, "ApiService"), ["api:8000 of tcp-8000", "api:9000 of tcp-9000"]);
}

#[test]
fn what_is_spoken_is_passed_on() {
    let entry = |protocol: &str| {
        let ports =
            format!("ports: [{{ target: 8000, app_protocol: {protocol} }}], x-tranship: {{ public: false }}");
        let template = template(&pair(WORD, "").replace("expose: ['8000']", &ports));
        let entry = connect(&template, "ApiService")["Services"][0].clone();
        (ports_of(&template), entry["DiscoveryName"].clone(), entry["Timeout"].clone())
    };
    fn ports_of(template: &Value) -> Value {
        ports(template, "ApiTaskDefinition")[0]["AppProtocol"].clone()
    }
    let without = serde_json::json!({ "IdleTimeoutSeconds": 0, "PerRequestTimeoutSeconds": 0 });
    let (protocol, grpc, timeout) = entry("grpc");
    assert_eq!((protocol, timeout), ("grpc".into(), without));
    let (protocol, bytes, _) = entry("redis");
    assert_eq!(protocol, Value::Null);
    assert_ne!(grpc, bytes, "the protocol of a discovery name cannot change");
}

#[test]
fn a_sidecar_is_found_in_the_task_of_its_leader() {
    let more = "  proxy: { image: p, expose: ['9000'], network_mode: 'service:api' }\n";
    let template = template(&pair("environment: { BACKEND: proxy }", more));
    assert_eq!(offered(&template, "ApiService"), ["proxy:9000 of tcp-9000"]);
}

/// What Service Connect does not serve is said, with the name that works.
#[test]
fn names_that_are_not_served_are_told() {
    let dns = "x-tranship: { discovery: { names: dns } }\n";
    let database = "  db: { image: 'postgres:17', x-tranship: { database: true } }\n";
    let udp = "  sink: { image: s, expose: ['514/udp'] }\n";
    let sidecar = "  side: { image: s, expose: ['1'], x-tranship: { task: web } }\n";
    let named = "  two: { image: t, expose: ['80'], networks: { default: { aliases: [second] } } }\n";
    let capital = "  Api2: { image: t, expose: ['80'] }\n";
    let back = "  first: { image: f, expose: ['1'], environment: { BACKEND: web } }\n";
    for (client, more, told) in [
        (WORD, dns, "`api` in `BACKEND` of `web` is `api.shop.internal` on ECS, as `names: dns` is set"),
        (
            "command: [serve, --on, api]",
            dns,
            "`api` in the command of `web` is `api.shop.internal` on ECS, as `names: dns` is set",
        ),
        (
            "healthcheck: { test: check --on api }",
            dns,
            "`api` in the health check of `web` is `api.shop.internal` on ECS, as `names: dns` is set",
        ),
        (
            "depends_on: [api]",
            dns,
            "`api` in the image of `web` is `api.shop.internal` on ECS, as `names: dns` is set",
        ),
        (
            "restart: 'no', x-tranship: { job: manual }, environment: { BACKEND: api }",
            "",
            "`api` in `BACKEND` of `web` is `api.shop.internal` on ECS, as Service Connect serves services, not jobs",
        ),
        (
            "depends_on: [db]",
            database,
            "`db` in the image of `web` is the address of the managed database `db` on ECS, which only variables know",
        ),
        (
            "environment: { LOGGING: sink }",
            udp,
            "`sink` in `LOGGING` of `web` is `sink.shop.internal` on ECS, as Service Connect has no UDP",
        ),
        (
            "environment: { SIDE: side }",
            sidecar,
            "`side` in `SIDE` of `web` is `127.0.0.1` on ECS, as both run in one task",
        ),
        (
            "environment: { A: second, B: two }",
            named,
            "`second` in `A` of `web` is `two.shop.internal` on ECS, as Service Connect gives the service another of its names",
        ),
        ("environment: { A: Api2 }", capital, "as Service Connect takes lower-case names only"),
        (
            "expose: ['2'], environment: { A: first }",
            back,
            "`first` in `A` of `web` is `first.shop.internal` on ECS, as each of them needs the other to be created first",
        ),
    ] {
        let text = pair(client, more);
        for target in ["fargate", "ecs-ec2"] {
            let lines = lost(target, &text);
            assert_eq!(lines.len(), 1, "{client} {target}: {lines:?}");
            assert!(lines[0].contains(told), "{client}: {lines:?}");
        }
    }
}

#[test]
fn several_names_are_one_warning() {
    let client = "environment: { A: api, B: cache }, depends_on: [bus]";
    let more = "  cache: { image: 'redis:7' }\n  bus: { image: 'rabbitmq:4' }\nx-tranship: { discovery: { names: dns } }\n";
    let lines = lost("fargate", &pair(client, more));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].ends_with("(and 2 more)"), "{lines:?}");
}

/// Who waits for whom decides which of two names works.
#[test]
fn a_circle_is_served_one_way() {
    let back = "  first: { image: f, expose: ['1'], environment: { BACKEND: web } }\n";
    let template = template(&pair("expose: ['2'], environment: { A: first }", back));
    assert_eq!(offered(&template, "WebService"), ["web:2 of tcp-2"]);
    assert_eq!(offered(&template, "FirstService"), Vec::<String>::new());
    assert_eq!(waits(&template, "FirstService"), ["WebService"]);
    assert_eq!(waits(&template, "WebService"), Vec::<String>::new());
}

#[test]
fn an_unknown_port_is_asked_for() {
    let text = pair("environment: { A: worker }", "  worker: { image: w }\n");
    assert_eq!(lost("fargate", &text), Vec::<String>::new());
    let told = said(&compiled("fargate", &text));
    assert!(
        told.iter().any(|line| line.starts_with("app/unknown-port: cannot tell which port `worker`")),
        "{told:?}"
    );
}

#[test]
fn service_connect_carries_what_it_can_where_it_is_asked() {
    let client = "environment: { API_URL: 'http://api:8000', SINK: 'sink:5140', CACHE_HOST: cache }";
    let more = "  sink: { image: s, expose: ['5140/udp'] }
  cache: { image: 'redis:7' }
  job: { image: j, environment: { API_URL: 'http://api:8000' }, x-tranship: { job: manual } }
x-tranship: { discovery: { names: service-connect } }
";
    let text = pair(client, more);
    let all = template(&text);
    assert_eq!(offered(&all, "ApiService"), ["api:8000 of tcp-8000"]);
    assert_eq!(offered(&all, "CacheService"), ["cache:6379 of tcp-6379"]);
    let value = |task: &str, name: &str| {
        let containers = &properties(&all, task)["ContainerDefinitions"][0]["Environment"];
        let found = containers.as_array().unwrap().iter().find(|it| it["Name"] == name).unwrap();
        found["Value"].as_str().unwrap().to_owned()
    };
    assert_eq!(value("WebTaskDefinition", "API_URL"), "http://api:8000", "the name itself");
    assert_eq!(value("WebTaskDefinition", "CACHE_HOST"), "cache");
    assert_eq!(value("WebTaskDefinition", "SINK"), "sink.shop.internal:5140", "UDP has its record");
    assert_eq!(value("JobTaskDefinition", "API_URL"), "http://api.shop.internal:8000", "jobs have no proxy");
    assert_eq!(lost("fargate", &text), Vec::<String>::new());
}

#[test]
fn a_service_may_differ_from_its_environment() {
    let own = |names: &str| pair(&format!("{WORD}, x-tranship: {{ names: {names} }}"), "");
    let environment = |names: &str| format!("x-tranship: {{ discovery: {{ names: {names} }} }}\n");
    assert_eq!(offered(&template(&(own("auto") + &environment("dns"))), "ApiService").len(), 1);
    assert_eq!(offered(&template(&(own("dns") + &environment("auto"))), "ApiService").len(), 0);
    assert_eq!(lost("fargate", &own("dns")).len(), 1);
}

#[test]
fn a_name_of_two_services_is_refused() {
    let text = "name: shop
services:
  a: { image: a, networks: [one], environment: { BACKEND: pool } }
  b: { image: b, networks: [two], environment: { BACKEND: pool } }
  red: { image: red, expose: ['80'], networks: { one: { aliases: [pool] } } }
  blue: { image: blue, expose: ['PORT'], networks: { two: { aliases: [pool] } } }
networks: { one: {}, two: {} }
";
    let told = |port: &str| said(&compiled("fargate", &text.replace("PORT", port)));
    let refused = "ecs/connect-name: `red` and `blue` are both called `pool` on port 80";
    assert!(told("80").iter().any(|line| line == refused), "{:?}", told("80"));
    assert!(
        !told("81").iter().any(|line| line.starts_with("ecs/connect-name")),
        "another port is another name"
    );
}

/// The proxy is one of the ten containers of a task.
#[test]
fn a_proxy_counts_as_a_container() {
    let sidecars = |count: usize| -> String {
        (1..=count).map(|n| format!("  s{n}: {{ image: s, network_mode: 'service:web' }}\n")).collect()
    };
    let full = |client: &str, count: usize| {
        said(&compiled("fargate", &pair(client, &sidecars(count))))
            .iter()
            .any(|line| line.starts_with("ecs/too-many-containers"))
    };
    assert!(!full(WORD, 8) && full(WORD, 9));
    assert!(!full("environment: { API_URL: 'http://api:8000' }", 9));
}

/// Without a proxy between, the hosts have two names; who goes around it knows both.
#[test]
fn hosts_without_a_proxy_have_both_names() {
    let template = template(&pair(
        "environment: { NO_PROXY: 'localhost, api ,10.0.0.0/8', API_URL: 'http://api:8000' }",
        "",
    ));
    let own = &properties(&template, "WebTaskDefinition")["ContainerDefinitions"][0]["Environment"];
    let value = own.as_array().unwrap().iter().find(|it| it["Name"] == "NO_PROXY").unwrap();
    assert_eq!(value["Value"], "localhost, api,api.shop.internal ,10.0.0.0/8");
}

/// What is spoken on a port is told to the proxies, where there are some that understand it.
#[test]
fn the_account_says_who_is_told_what_is_spoken() {
    let disposition = |client: &str, protocol: &str| {
        let ports =
            format!("ports: [{{ target: 8000, app_protocol: {protocol} }}], x-tranship: {{ public: false }}");
        let text = pair(client, "").replace("expose: ['8000']", &ports);
        let report = compiled("fargate", &text).report.unwrap();
        report.rows.iter().find(|row| row.key == "services.api.ports[0].app_protocol").unwrap().disposition
    };
    assert_eq!(disposition(WORD, "grpc"), "exact");
    assert_eq!(disposition(WORD, "redis"), "ignored");
    assert_eq!(disposition("environment: { API_URL: 'http://api:8000' }", "grpc"), "ignored");
}

#[test]
fn a_name_that_is_kept_is_not_called_renamed() {
    let renamed = |names: &str| {
        let settings = format!("x-tranship: {{ discovery: {{ names: {names} }} }}\n");
        let text = pair("environment: { API_URL: 'http://api:8000' }", &settings);
        said(&compiled("fargate", &text)).iter().any(|line| line.starts_with("ecs/discovery-name"))
    };
    assert!(renamed("auto") && !renamed("service-connect"));
}
