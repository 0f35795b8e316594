use super::lowered_in;
use crate::{BindSource, MountSource};
use tranship_frontend::world::MemoryWorld;

#[test]
fn a_bind_mount_knows_what_it_finds_in_the_project() {
    let world = MemoryWorld::new().file("conf/nginx.conf", "").file("../shared/a", "").file(
        "compose.yaml",
        "services:
  app:
    image: a
    volumes:
      - ./conf/nginx.conf:/1
      - ./conf:/2
      - ./data:/3
      - ./settings.ini:/4
      - ../shared:/5
      - /var/run/docker.sock:/6
  made: { image: b, build: . }
",
    );
    let lowered = lowered_in(&world);
    let app = lowered.app();
    let found: Vec<(&BindSource, bool)> = app.services["app"]
        .container
        .mounts
        .iter()
        .map(|mount| match &mount.source {
            MountSource::Bind(bind) => (&bind.source, bind.source.names_file()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        found,
        [
            (&BindSource::ProjectFile("conf/nginx.conf".into()), true),
            (&BindSource::ProjectFolder("conf".into()), false),
            (&BindSource::Missing("data".into()), false),
            (&BindSource::Missing("settings.ini".into()), true),
            (&BindSource::HostPath, false),
            (&BindSource::HostPath, false),
        ]
    );
    let built: Vec<bool> = app.services.values().map(|service| service.container.build.is_some()).collect();
    assert_eq!(built, [false, true]);
}

#[test]
fn an_extends_of_an_empty_service_is_accounted_for() {
    let base = "services:\n  shared:\n";
    let text = "services:\n  app:\n    extends: { file: base.yaml, service: shared }\n    image: a\n";
    let lowered = lowered_in(&MemoryWorld::new().file("base.yaml", base).file("compose.yaml", text));
    let rows: Vec<_> = lowered.report.rows.iter().filter(|row| row.key.contains("extends")).collect();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row.reason.as_deref(), Some("the service that it extends is empty"), "{}", row.key);
    }
}
