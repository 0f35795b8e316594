use super::lowered;

/// The size that one service is known to need, in CPU units and MiB.
fn size(service: &str) -> Option<(u32, u32)> {
    let lowered = lowered(&format!("services:\n  one: {service}\n"));
    lowered.app().services["one"].usual_size.map(|size| (size.cpu, size.memory))
}

#[test]
fn what_is_known_to_need_it_gets_room() {
    for (service, expected) in [
        ("{ image: 'postgres:17' }", Some((512, 1024))),
        (
            "{ image: 'elasticsearch:8.15.0', environment: { ES_JAVA_OPTS: '-Xms2g -Xmx2g' } }",
            Some((512, 2745)),
        ),
        ("{ image: 'mcr.microsoft.com/mssql/server:2022-latest' }", Some((512, 2048))),
        ("{ image: a, environment: { JAVA_TOOL_OPTIONS: '-Xmx1500m' } }", Some((512, 2010))),
        ("{ image: a, environment: { SPRING_PROFILES_ACTIVE: docker } }", Some((512, 1024))),
        ("{ image: a, command: java -jar app.jar }", Some((512, 1024))),
        ("{ image: a, command: node --max-old-space-size=2048 x.js }", Some((512, 2560))),
        ("{ image: a, command: node --max-old-space-size=128 x.js }", None),
        ("{ image: 'redis:7' }", None),
        ("{ image: a }", None),
        ("{ image: 'postgres:17', mem_limit: 256m }", None),
        ("{ image: 'postgres:17', cpus: 0.25 }", None),
        ("{ image: 'postgres:17', deploy: { resources: { reservations: { memory: 300m } } } }", None),
        ("{ image: 'postgres:17', x-tranship: { job: manual } }", None),
    ] {
        assert_eq!(size(service), expected, "{service}");
    }
}

#[test]
fn all_sizes_are_one_note() {
    let lowered =
        lowered("services:\n  db: { image: 'postgres:17' }\n  q: { image: rabbitmq }\n  web: { image: a }\n");
    let told: Vec<&str> = lowered
        .diagnostics
        .iter()
        .filter(|one| one.rule.name == "app/usual-size")
        .map(|one| one.message.as_str())
        .collect();
    let expected = "`db` (1024 MiB), `q` (1024 MiB) set no size, and are known to need more than the smallest task provides";
    assert_eq!(told, [expected]);
    assert!(lowered.notes().contains(&"app/usual-size"));
}

/// A limit ends its container where the program is told to use more, or where next to nothing fits.
#[test]
fn a_limit_that_ends_its_container_is_told() {
    let of = |keys: &str| {
        let lowered = lowered(&format!("services:\n  app: {{ image: acme/app, {keys} }}\n"));
        let found = lowered.diagnostics.iter().filter(|one| one.rule.name == "app/memory-limit");
        found.map(|one| one.message.clone()).collect::<Vec<_>>().join("; ")
    };
    let told = |rest: &str| format!("the kernel ends a container at its memory limit: `app` {rest}");
    assert_eq!(of("mem_limit: 7984000"), told("has 7984000 bytes"));
    assert_eq!(of("mem_limit: 16777215"), told("has 16777215 bytes"));
    assert_eq!(of("mem_limit: 16m"), "");
    let heap = "environment: { JAVA_OPTS: -Xmx512m }";
    assert_eq!(
        of(&format!("mem_limit: 512m, {heap}")),
        told("has 512 MiB, and its program is configured to use 687 MiB")
    );
    assert_eq!(of(&format!("mem_limit: 687m, {heap}")), "");
    assert_eq!(of(heap), "");
}
