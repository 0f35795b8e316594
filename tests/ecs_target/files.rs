//! Files of a service: where each is written, and what it may hide.

use super::{of_type, plain, properties, said};
use serde_json::Value;
use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileOutcome, CompileRequest, compile};
use tranship::compose::LoadOptions;
use tranship::world::MemoryWorld;

fn outcome(target: &str, services: &str) -> CompileOutcome {
    let world = MemoryWorld::new()
        .file("compose.yaml", services)
        .file("conf/a.ini", "a = 1")
        .file("conf/sub/b.ini", "b = 2")
        .file("token.txt", "t")
        .file("x.conf", "x")
        .link("conf/link.ini", "sub/b.ini")
        .link("conf/sub/up.ini", "../a.ini")
        .link("conf/out.ini", "../x.conf");
    let choice = EnvironmentChoice::Target(target.to_owned());
    compile(&CompileRequest { options: LoadOptions::default(), choice }, &world)
}

fn template(target: &str, services: &str) -> Value {
    let outcome = outcome(target, services);
    let compiled = outcome.compiled.as_ref().unwrap_or_else(|| panic!("{:#?}", said(&outcome)));
    plain(&serde_yaml::from_slice(&compiled.artifacts.get("template.yaml").unwrap().bytes).unwrap())
}

fn artifact(target: &str, services: &str, path: &str) -> String {
    let outcome = outcome(target, services);
    let compiled = outcome.compiled.as_ref().unwrap_or_else(|| panic!("{:#?}", said(&outcome)));
    let found = compiled.artifacts.get(path).unwrap_or_else(|| panic!("no {path}"));
    String::from_utf8(found.bytes.clone()).unwrap()
}

/// The containers of the service's task, by their names.
fn container(template: &Value, name: &str) -> Value {
    let containers = properties(template, "AppTaskDefinition")["ContainerDefinitions"].as_array().unwrap();
    containers
        .iter()
        .find(|one| one["Name"] == name)
        .unwrap_or_else(|| panic!("no {name}: {containers:#?}"))
        .clone()
}

fn mounted(container: &Value) -> Vec<String> {
    let mounts = container["MountPoints"].as_array().cloned().unwrap_or_default();
    mounts.iter().map(|mount| mount["ContainerPath"].as_str().unwrap().to_owned()).collect()
}

fn app(keys: &str, rest: &str) -> String {
    format!("services:\n  app:\n    image: acme/app:1\n{keys}{rest}")
}

const SECRET: &str = "secrets: { token: { file: ./token.txt } }\n";

#[test]
fn a_volume_for_files_hides_no_folder_that_programs_share() {
    for (target, folder, is_link) in [
        ("/run/secrets/token", "/run/secrets", false),
        ("/secrets/a/token", "/secrets/a", false),
        ("/mnt/x/token", "/mnt/x", false),
        ("/run/token", "/mnt/files", true),
        ("/run/postgresql/token", "/mnt/files", true),
        ("/mnt/token", "/mnt/files", true),
        ("/etc/app/token", "/mnt/files", true),
    ] {
        let text = app(&format!("    secrets: [{{ source: token, target: {target} }}]\n"), SECRET);
        let app = container(&template("fargate", &text), "app");
        assert_eq!(mounted(&app), [folder], "{target}");
        assert_eq!(app["Image"].as_str() == Some("AppImage"), is_link, "{target}: {}", app["Image"]);
    }
}

#[test]
fn a_file_below_another_s_folder_shares_its_volume() {
    let keys = "    secrets:\n      - { source: token, target: /secrets/a/b/deep }\n      - { source: token, target: /secrets/flat }\n";
    let template = template("fargate", &app(keys, SECRET));
    assert_eq!(mounted(&container(&template, "app")), ["/secrets"]);
    let line = container(&template, "files")["Command"][0].as_str().unwrap().to_owned();
    assert!(line.contains("mkdir -p '/volumes/app-files-0/a/b'"), "{line}");
    assert!(line.contains("rm -f '/volumes/app-files-0/a/b/deep' && printf %s"), "{line}");
}

#[test]
fn a_volume_for_files_never_stands_around_another_mount() {
    let keys =
        "    secrets: [{ source: token, target: /secrets/token }]\n    volumes: ['data:/secrets/data']\n";
    let text = app(keys, &format!("{SECRET}volumes: {{ data: {{}} }}\n"));
    let app = container(&template("fargate", &text), "app");
    assert_eq!(mounted(&app), ["/secrets/data", "/mnt/files"]);
}

#[test]
fn what_lies_in_a_mounted_folder_in_a_volume_is_written_into_the_volume() {
    let keys = "    volumes: ['data:/data', './conf:/data/conf:ro']\n    configs: [{ source: x, target: /data/conf/x.conf, uid: '7', gid: '8' }]\n";
    let rest = "configs: { x: { file: ./x.conf } }\nvolumes: { data: {} }\n";
    let template = template("ecs-ec2", &app(keys, rest));
    let files = container(&template, "files");
    let line = files["Command"][0].as_str().unwrap();
    assert!(
        line.contains(
            "cp -R --remove-destination --preserve=mode,ownership /files/0/. '/volumes/data/conf'/"
        ),
        "{line}"
    );
    assert!(
        line.contains(
            "cp -R --remove-destination --preserve=mode,ownership /files/1 '/volumes/data/conf/x.conf'"
        ),
        "{line}"
    );
    assert_eq!(container(&template, "app")["Image"], "acme/app:1");
}

#[test]
fn files_in_a_volume_keep_their_own_owner() {
    let keys = "    user: '7:8'\n    volumes: ['data:/data']\n    configs: [{ source: x, target: /data/x.conf, uid: '9' }]\n";
    let rest = "configs: { x: { file: ./x.conf } }\nvolumes: { data: {} }\n";
    let text = app(keys, rest);
    let line = container(&template("fargate", &text), "files")["Command"][0].as_str().unwrap().to_owned();
    assert!(line.contains("--preserve=mode,ownership /files/0 '/volumes/data/x.conf'"), "{line}");
}

#[test]
fn a_volume_of_the_task_keeps_the_owners_of_files() {
    let text = "services:\n  app:\n    image: acme/app:1\n    user: '7:8'\n    volumes: ['data:/data']\n    configs: [{ source: x, target: /data/x.conf, uid: '9' }]\n  side:\n    image: acme/side:1\n    network_mode: service:app\n    volumes: ['data:/data:ro']\nconfigs: { x: { file: ./x.conf } }\nvolumes: { data: {} }\n";
    for target in ["fargate", "ecs-ec2"] {
        let line = container(&template(target, text), "files")["Command"][0].as_str().unwrap().to_owned();
        assert!(
            line.contains("--preserve=mode,ownership /files/0 '/volumes/data/x.conf'"),
            "{target}: {line}"
        );
    }
}

#[test]
fn a_link_within_a_mounted_folder_stays_a_link() {
    let text = app("    volumes: ['./conf:/etc/app:ro']\n", "");
    let dockerfile = artifact("fargate", &text, "images/app/Dockerfile");
    assert!(dockerfile.contains("ln -sfn sub/b.ini /etc/app/link.ini"), "{dockerfile}");
    assert!(dockerfile.contains("ln -sfn ../a.ini /etc/app/sub/up.ini"), "{dockerfile}");
    assert!(!dockerfile.contains("out.ini"), "{dockerfile}");
    assert_eq!(artifact("fargate", &text, "images/app/files/etc/app/out.ini"), "x");
}

#[test]
fn a_derived_image_is_pulled_with_the_login_of_where_it_is_pushed() {
    let login = |app: &Value| app["RepositoryCredentials"]["CredentialsParameter"].clone();
    let logins =
        "x-tranship:\n  registries: { ghcr.io: { secret: acme/ghcr }, quay.io: { secret: acme/quay } }\n";
    let keys = "    volumes: ['./x.conf:/etc/x.conf:ro']\n";
    let text = app(keys, logins).replace("acme/app:1", "ghcr.io/acme/app:1");
    assert_eq!(login(&container(&template("fargate", &text), "app")), Value::Null);
    let pushed = format!("{text}  registry: quay.io/acme\n");
    assert_eq!(login(&container(&template("fargate", &pushed), "app")), "acme/quay");
    let named = app("", logins).replace("acme/app:1", "ghcr.io/acme/app:1");
    assert_eq!(login(&container(&template("fargate", &named), "app")), "acme/ghcr");
    let keys = "    volumes: ['data:/data', './conf:/data/conf:ro']\n";
    let text = app(keys, &format!("volumes: {{ data: {{}} }}\n{logins}  registry: quay.io/acme\n"));
    let writer = template("fargate", &text);
    assert_eq!(login(&container(&writer, "files")), "acme/quay");
    assert_eq!(of_type(&writer, "AWS::ECS::Service").len(), 1);
}

#[test]
fn persistent_volumes_are_on_the_instance_where_that_is_asked_for() {
    let keys = "    volumes: ['data:/data', './uploads:/uploads', 'cache:/cache']\n";
    let volumes = "volumes: { data: {}, cache: { x-tranship: { storage: efs } } }\n";
    let asked = format!("{volumes}x-tranship: {{ volume_storage: instance }}\n");
    let found = |target: &str, rest: &str| -> Vec<String> {
        let template = template(target, &app(keys, rest));
        let volumes = properties(&template, "AppTaskDefinition")["Volumes"].as_array().unwrap().clone();
        let place = |volume: &Value| match volume["Host"]["SourcePath"].as_str() {
            Some(path) => path.to_owned(),
            None => volume["EFSVolumeConfiguration"]["FilesystemId"].as_str().unwrap().to_owned(),
        };
        volumes.iter().map(place).collect()
    };
    let all = found("ecs-ec2", volumes);
    assert_eq!((all.len(), all.iter().any(|place| place.starts_with('/'))), (3, false), "{all:?}");
    assert_eq!(found("ecs-ec2", &asked)[..2], ["/data/data", "/data/_/uploads"]);
    assert_eq!(found("ecs-ec2", &asked)[2], all[2]);
    assert_eq!(found("fargate", &asked), found("fargate", volumes));
    let told = said(&outcome("ecs-ec2", &app(keys, &asked)));
    let warning = "ecs/instance-volume: `data`, `./uploads` are on the disk of an instance: another instance does not have the data, and a replaced one loses it";
    assert!(told.contains(&warning.to_owned()), "{told:#?}");
    let told = said(&outcome("fargate", &app(keys, &asked)));
    assert!(!told.iter().any(|one| one.starts_with("ecs/instance-volume")), "{told:#?}");
    assert!(told.iter().any(|one| one.contains("volume_storage")), "{told:#?}");
}
