//! What the lock file settles.

use super::lowered_in;
use tranship_frontend::world::MemoryWorld;

const LOCK: &str = "\
version: 1
images:
  acme/api:1:
    digest: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    platforms: [linux/amd64]
    user: { name: app, uid: 10001, gid: 10002 }
    entrypoint: [/start]
    ports: [8000/tcp, 8125/udp]
    volumes: { /data: { uid: 10001, gid: 10002, mode: '0750' } }
    shell: true
";

fn world(services: &str) -> MemoryWorld {
    MemoryWorld::new().file("compose.yaml", format!("services:\n{services}")).file("tranship.lock", LOCK)
}

#[test]
fn ports_that_the_manifest_does_not_name_are_those_of_the_image() {
    let app = "  app: { image: acme/app, depends_on: [api] }\n";
    let lowered = lowered_in(&world(&format!("{app}  api: {{ image: 'acme/api:1' }}\n")));
    assert_eq!(lowered.edges(), ["app>api:8000/tcp", "app>api:8125/udp"]);
    let lowered = lowered_in(&world(&format!("{app}  api: {{ image: 'acme/api:1', expose: [9000] }}\n")));
    assert_eq!(lowered.edges(), ["app>api:9000/tcp"]);
    let lowered = lowered_in(&world(&format!("{app}  api: {{ image: 'acme/api:2' }}\n")));
    assert_eq!(lowered.edges(), ["app>api"]);
}

#[test]
fn a_secret_in_a_command_reaches_the_entry_point_of_the_image() {
    let command = "command: [serve, --password=hunter2hunter2]";
    let lowered = lowered_in(&world(&format!("  api: {{ image: 'acme/api:1', {command} }}\n")));
    let container = &lowered.app().services["api"].container;
    let entry: Vec<_> = container.entrypoint.iter().flat_map(|list| list.peek()).map(super::print).collect();
    assert_eq!(entry, ["sh", "-c"]);
    let line = super::print(&container.command.as_ref().unwrap().peek()[0]);
    assert!(line.starts_with("exec /start serve"), "{line}");
    let refused = lowered_in(&world(&format!("  api: {{ image: 'acme/api:2', {command} }}\n")));
    assert!(refused.told().contains(&"app/secret-in-command"));
}

#[test]
fn volumes_belong_to_whom_the_image_gives_them() {
    let lowered = lowered_in(&world(
        "  api: { image: 'acme/api:1', volumes: ['data:/data'] }\nvolumes: { data: {} }\n",
    ));
    let owner = lowered.app().volumes["data"].owner.as_ref().map(|owner| owner.peek().to_string());
    assert_eq!(owner.as_deref(), Some("10001:10002"));
}

#[test]
fn an_image_for_another_processor_is_refused() {
    let lowered = lowered_in(&world("  api: { image: 'acme/api:1', platform: linux/arm64 }\n"));
    assert!(lowered.told().contains(&"app/image-platform"));
    assert!(lowered.application.is_none());
}

const CHECKED: &str = "\
version: 1
images:
  acme/api:1:
    digest: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    healthcheck: { test: [CMD-SHELL, wget -q localhost:8000/up], interval: 10s, timeout: 3s, start_period: 1m30s, retries: 4 }
";

#[test]
fn a_health_check_of_the_image_runs_unless_the_manifest_says_otherwise() {
    let check = |keys: &str| {
        let text = format!("services:\n  api: {{ image: 'acme/api:1'{keys} }}\n");
        let world = MemoryWorld::new().file("compose.yaml", text).file("tranship.lock", CHECKED);
        let lowered = lowered_in(&world);
        let check = lowered.app().services["api"].container.health_check.clone();
        check.map(|check| {
            let test = match &check.test.value {
                crate::HealthTest::Shell(line) => super::print(line),
                crate::HealthTest::Exec(words) => {
                    words.iter().map(super::print).collect::<Vec<_>>().join("|")
                }
            };
            let seconds =
                |time: &Option<crate::At<std::time::Duration>>| time.as_ref().map(|it| it.peek().as_secs());
            let timing = &check.timing;
            let retries = timing.retries.as_ref().map(|it| *it.peek());
            (
                test,
                seconds(&timing.interval),
                seconds(&timing.timeout),
                seconds(&timing.start_period),
                retries,
            )
        })
    };
    let own = "wget -q localhost:8000/up".to_owned();
    assert_eq!(check(""), Some((own.clone(), Some(10), Some(3), Some(90), Some(4))));
    let timed = ", healthcheck: { interval: 20s, retries: 2 }";
    assert_eq!(check(timed), Some((own, Some(20), Some(3), Some(90), Some(2))));
    assert_eq!(check(", healthcheck: { disable: true }"), None);
    assert_eq!(check(", healthcheck: { test: [NONE] }"), None);
    let other = check(", healthcheck: { test: [CMD, 'true'] }");
    assert_eq!(other, Some(("true".to_owned(), None, None, None, None)));
}

/// An image that only a laptop has is told, whatever says so; one that is built is pushed elsewhere.
#[test]
fn an_image_of_the_machine_is_told() {
    let of = |keys: &str| {
        let lowered = super::lowered(&format!(
            "services:\n  app: {{ {keys} }}\n  other: {{ image: 'ghcr.io/acme/x:1' }}\n"
        ));
        let found = lowered.diagnostics.iter().filter(|one| one.rule.name == "app/local-image");
        found.map(|one| one.message.clone()).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(
        of("image: 'localhost:5000/app:1'"),
        "only your machine has the image `localhost:5000/app:1` of `app` (registry `localhost:5000`)"
    );
    assert_eq!(
        of("image: app, pull_policy: never"),
        "only your machine has the image `app` of `app` (`pull_policy: never`)"
    );
    for known in ["image: 'localhost:5000/app:1', build: .", "image: app", "image: app, pull_policy: always"]
    {
        assert_eq!(of(known), "", "{known}");
    }
}
