use super::{Lowered, lowered_in};
use crate::{BindMeaning, MountSource, OuterFolder};
use tranship_facts::MachinePath;
use tranship_frontend::world::MemoryWorld;

/// A project of one service with these keys.
fn project(service: &str) -> MemoryWorld {
    let text = format!("services:\n  app:\n{service}");
    MemoryWorld::new()
        .file("conf/nginx.conf", "")
        .file("conf/extra/.gitkeep", "")
        .file("src/main.py", "")
        .file("kept/.gitkeep", "")
        .file("pgdata/PG_VERSION", "17")
        .file("../shared/a", "")
        .file("compose.yaml", text)
}

/// What each mount of `app` is for: a volume's name, or a meaning.
fn meanings(lowered: &Lowered) -> Vec<String> {
    let mounts = lowered.app().services["app"].container.mounts.iter();
    mounts
        .map(|mount| match &mount.source {
            MountSource::Volume(name) => format!("volume {name}"),
            MountSource::Bind(bind) => match bind.meaning {
                BindMeaning::Machine(kind) => format!("machine {kind:?}"),
                meaning => format!("{meaning:?}"),
            },
            other => format!("{other:?}"),
        })
        .collect()
}

/// What one mount of a service with these keys is for.
fn meaning(keys: &str, mount: &str) -> String {
    let lowered = lowered_in(&project(&format!("{keys}    volumes: [{mount}]\n")));
    meanings(&lowered).join(", ")
}

#[test]
fn each_kind_of_source_has_its_meaning() {
    let image = "    image: acme/app\n";
    for (mount, expected) in [
        ("./conf/nginx.conf:/etc/nginx/nginx.conf", "Content"),
        ("./conf:/etc/nginx", "Content"),
        (".:/code", "Content"),
        ("./data:/data", "volume ./data"),
        ("./a/b/:/data", "volume ./a/b"),
        ("./conf.d:/etc/nginx/conf.d", "volume ./conf.d"),
        ("./kept:/data", "volume ./kept"),
        ("./kept:/data:ro", "Content"),
        ("../elsewhere:/data", "volume ../elsewhere"),
        ("../shared:/data", "OutsideProject"),
        ("../shared/a:/data", "OutsideProject"),
        ("/srv/data:/data", "volume /srv/data"),
        ("/etc/letsencrypt:/etc/letsencrypt", "volume /etc/letsencrypt"),
        ("/opt/app/config.yml:/config.yml", "OutsideProject"),
        ("/var/run/docker.sock:/var/run/docker.sock", "machine EngineSocket"),
        ("/proc:/host/proc:ro", "machine System"),
        ("/:/rootfs:ro", "machine Root"),
        ("/dev/shm:/dev/shm", "machine SharedMemory"),
        ("/dev/ttyUSB0:/dev/ttyUSB0", "machine Device"),
        ("/etc/localtime:/etc/localtime:ro", ""),
    ] {
        assert_eq!(meaning(image, mount), expected, "{mount}");
    }
    assert_eq!(BindMeaning::Machine(MachinePath::Root), BindMeaning::Machine(MachinePath::Root));
}

#[test]
fn what_an_image_is_built_from_is_its_code() {
    for (build, mount, expected) in [
        (".", "./src:/app/src", "DevelopmentCode"),
        (".", ".:/app", "DevelopmentCode"),
        ("./src", ".:/app", "DevelopmentCode"),
        ("https://example.com/app.git", "./src:/app/src", "DevelopmentCode"),
        (".", "./node_modules:/app/node_modules", "DevelopmentCode"),
        (".", "./settings.json:/app/settings.json", "DevelopmentCode"),
        (".", "./src:/app/src:ro", "Content"),
        ("./src", "./conf:/etc/nginx", "Content"),
        (".", "./conf/nginx.conf:/etc/nginx/nginx.conf", "Content"),
        (".", "./data:/app/data", "volume ./data"),
    ] {
        assert_eq!(meaning(&format!("    build: \"{build}\"\n"), mount), expected, "{build} {mount}");
    }
}

#[test]
fn a_data_store_keeps_its_data_where_its_image_says() {
    for (image, mount, expected) in [
        ("postgres:17", "./pgdata:/var/lib/postgresql/data", "volume ./pgdata"),
        ("postgres:17", "./conf:/docker-entrypoint-initdb.d", "Content"),
        ("postgres:17", "../shared:/var/lib/postgresql/data", "volume ../shared"),
        ("acme/app", "./pgdata:/var/lib/postgresql/data", "Content"),
    ] {
        assert_eq!(meaning(&format!("    image: {image}\n"), mount), expected, "{image} {mount}");
    }
    let lowered = lowered_in(&project(
        "    image: postgres:17\n    volumes: [\"./pgdata:/var/lib/postgresql/data\"]\n",
    ));
    let folder = lowered.app().volumes["./pgdata"].folder.as_ref().unwrap();
    assert!(folder.has_content, "nothing of it is uploaded, which is said");
}

#[test]
fn one_folder_is_one_volume_and_a_folder_in_it_a_part() {
    let text = "    image: a\n    volumes: [\"./data:/data\", \"./data/in/side:/inside\"]\n  other:\n    image: b\n    user: \"1000:1000\"\n    volumes: [{ type: bind, source: ./data, target: /shared }]\n";
    let lowered = lowered_in(&project(text));
    let volumes = &lowered.app().volumes;
    assert_eq!(volumes.keys().map(|name| &**name).collect::<Vec<_>>(), ["./data", "./data/in/side"]);
    let users: Vec<&str> = volumes["./data"].users.iter().map(|user| &**user).collect();
    assert_eq!(users, ["app", "other"]);
    let part_of = |name: &str| volumes[name].folder.as_ref().unwrap().part_of.clone();
    assert_eq!(part_of("./data"), None);
    assert_eq!(
        part_of("./data/in/side"),
        Some(OuterFolder { volume: "./data".into(), below: "in/side".to_owned() })
    );
}

#[test]
fn a_file_that_is_not_there_is_refused_at_its_line() {
    for mount in [
        "\"./missing.conf:/etc/nginx/nginx.conf\"",
        "\"./missing:/etc/nginx/nginx.conf\"",
        "\"./.env:/app/.env\"",
        "{ type: bind, source: ./data, target: /data, bind: { create_host_path: false } }",
    ] {
        let lowered = lowered_in(&project(&format!("    image: a\n    volumes: [{mount}]\n")));
        assert_eq!(lowered.told(), ["app/missing-file"], "{mount}");
        assert!(lowered.application.is_none());
    }
}

#[test]
fn the_time_zone_of_a_machine_is_a_note() {
    let mounts = "    volumes: [\"/etc/localtime:/etc/localtime:ro\", \"/etc/timezone:/etc/timezone:ro\"]\n";
    let lowered = lowered_in(&project(&format!("    image: a\n{mounts}  two:\n    image: b\n{mounts}")));
    assert_eq!(lowered.notes(), ["app/time-zone-file"]);
    assert_eq!(lowered.disposition("services.app.volumes[0].source").0, "ignored");
}

#[test]
fn an_extends_of_an_empty_service_is_accounted_for() {
    let base = "services:\n  shared:\n";
    let text = "services:\n  app:\n    extends: { file: base.yaml, service: shared }\n    image: a\n";
    let lowered = lowered_in(&MemoryWorld::new().file("base.yaml", base).file("compose.yaml", text));
    let rows: Vec<_> = lowered.rows.iter().filter(|row| row.key.contains("extends")).collect();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row.reason.as_deref(), Some("the service that it extends is empty"), "{}", row.key);
    }
}

#[test]
fn a_written_folder_that_git_does_not_keep_is_data_as_in_a_fresh_clone() {
    let text = |keys: &str, mount: &str| format!("services:\n  app:\n{keys}    volumes: [{mount}]\n");
    let world = |text: String, ignored: &str| {
        MemoryWorld::new()
            .file("uploads/a.png", "")
            .file("var/state/x", "")
            .file("var/.gitignore", "!kept\n")
            .file("var/kept/x", "")
            .file(".gitignore", ignored)
            .file("compose.yaml", text)
    };
    let (image, built) = ("    image: acme/app\n", "    build: { context: ./api }\n");
    let ignored = "/uploads/\nvar/*\n";
    for (keys, mount, expected) in [
        (image, "./uploads:/srv/uploads", "volume ./uploads"),
        (built, "./uploads:/srv/uploads", "volume ./uploads"),
        (image, "./uploads:/srv/uploads:ro", "Content"),
        (image, "./var/state:/state", "volume ./var/state"),
        (image, "./var/kept:/kept", "Content"),
        (image, "./var:/var/all", "Content"),
    ] {
        assert_eq!(meanings(&lowered_in(&world(text(keys, mount), ignored))).join(", "), expected, "{mount}");
    }
    let made = "/uploads/\nnode_modules\n";
    let modules = world(text(built, "./node_modules:/app/node_modules"), made).file("node_modules/a", "");
    assert_eq!(meanings(&lowered_in(&modules)), ["DevelopmentCode"]);
    let kept = world(text(image, "./uploads:/srv/uploads"), "*.log\n");
    assert_eq!(meanings(&lowered_in(&kept)), ["Content"]);
}

/// An empty folder in the place of an image's certificates would break every connection by TLS.
#[test]
fn the_certificates_of_a_machine_are_a_warning() {
    for path in
        ["/etc/ssl/certs", "/etc/pki/tls/certs", "/usr/share/ca-certificates", "/etc/ssl/certs/ca.pem"]
    {
        let lowered = lowered_in(&project(&format!("    image: a\n    volumes: [\"{path}:{path}:ro\"]\n")));
        assert_eq!(lowered.told(), ["app/machine-certificates"], "{path}");
        assert_eq!(lowered.app().services["app"].container.mounts.len(), 0);
        assert_eq!(lowered.app().volumes.len(), 0);
    }
    let own = lowered_in(&project("    image: a\n    volumes: [\"/etc/ssl/private:/etc/ssl/private\"]\n"));
    assert!(!own.told().contains(&"app/machine-certificates"));
}

/// Data is kept by a mount where the program writes it, and not by one around the volume of the image.
#[test]
fn data_beside_a_volume_is_told() {
    let of = |service: &str, target: &str| {
        let text = format!("    {service}\n    volumes: ['kept:{target}']\nvolumes: {{ kept: {{}} }}\n");
        let lowered = lowered_in(&project(&text));
        let found = lowered.diagnostics.iter().find(|one| one.rule.name == "app/unkept-data");
        found.map(|one| (one.message.clone(), one.help.join(" ")))
    };
    let postgres = |tag: &str| format!("image: 'postgres:{tag}'");
    let lost = [
        (postgres("16"), "/var/lib/postgresql", "/var/lib/postgresql/data"),
        (postgres("18-alpine"), "/var/lib/postgresql/data", "/var/lib/postgresql"),
        ("image: 'mysql:8.4'".into(), "/var/lib/mysql/data", "/var/lib/mysql"),
        ("image: 'mysql:8.4'".into(), "/var/lib", "/var/lib/mysql"),
        ("image: 'mongo:7'".into(), "/data", "/data/db"),
        ("image: 'mongo:7'".into(), "/data/configdb", "/data/db"),
        ("image: 'neo4j:5'".into(), "/logs", "/data"),
    ];
    for (image, target, right) in lost {
        let (message, help) = of(&image, target).unwrap_or_else(|| panic!("{image} {target}"));
        assert_eq!(message, "`app` keeps its data outside of its volume: each deployment starts without it");
        assert!(help.contains(&format!("[\"app-data:{right}\"]")), "{help}");
    }
    let kept = [
        (postgres("16"), "/var/lib/postgresql/data"),
        (postgres("16"), "/var/lib/postgresql/data/"),
        (postgres("18"), "/var/lib/postgresql"),
        ("image: postgres".into(), "/var/lib/postgresql"),
        ("image: postgres".into(), "/var/lib/postgresql/data"),
        ("image: 'postgres:16', environment: { PGDATA: /pg/data }".into(), "/pg"),
        (
            "image: 'postgres:18', environment: { PGDATA: /var/lib/postgresql/data }".into(),
            "/var/lib/postgresql/data",
        ),
        ("image: 'mongo:7', command: --dbpath /own".into(), "/own"),
        ("image: 'mysql:8.4'".into(), "/var/lib/mysql"),
        ("image: 'rabbitmq:3'".into(), "/var/lib/rabbitmq/mnesia"),
        ("image: 'redis:7'".into(), "/data"),
    ];
    for (keys, target) in kept {
        let keys = keys.replace(", environment", "\n    environment").replace(", command", "\n    command");
        assert_eq!(of(&keys, target), None, "{keys} {target}");
    }
}

#[test]
fn a_mount_needs_an_absolute_path() {
    let of = |keys: &str| {
        let lowered = lowered_in(&project(&format!("    image: a\n    {keys}\nvolumes: {{ kept: {{}} }}\n")));
        let found = lowered.diagnostics.iter().filter(|one| one.rule.name == "app/container-path");
        found.map(|one| (one.message.clone(), one.help.join(" "))).collect::<Vec<_>>()
    };
    for (keys, target) in [
        ("volumes: [data]", "data"),
        ("volumes: ['kept:data']", "data"),
        ("volumes: [{ type: volume, source: kept, target: rel/x }]", "rel/x"),
        ("tmpfs: run", "run"),
        ("tmpfs: ['run:size=1m']", "run"),
    ] {
        let message = format!("`{target}` is not an absolute path, so nothing can be mounted there");
        let found = of(keys);
        assert_eq!(found[0].0, message, "{keys}");
        assert!(found[0].1.contains("from the root"), "{keys}");
    }
    assert!(of("volumes: ['v:/data']")[0].1.contains("drive of Windows"));
    for root in ["volumes: [/]", "volumes: ['kept:/']", "tmpfs: //"] {
        assert_eq!(of(root)[0].0, "nothing can be mounted over the root of a container", "{root}");
    }
    assert!(of("working_dir: app")[0].0.contains("no process starts there"));
    assert_eq!(of("volumes: ['kept:/data', /x]\n    tmpfs: /run\n    working_dir: /app"), []);
    assert_eq!(of("working_dir: ''"), []);
}
