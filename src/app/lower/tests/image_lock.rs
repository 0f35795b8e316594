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
