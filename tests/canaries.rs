//! A secret planted in any place of a manifest shows nowhere: not in an artifact, not in a report, not in what the
//! program says in any format.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The secret. It has letters that base64 and URLs write in other ways.
const CANARY: &str = "canary/7Qx+walnut";
const IN_BASE64: &str = "Y2FuYXJ5LzdReCt3YWxudXQ";
const IN_A_URL: &str = "canary%2F7Qx%2Bwalnut";
/// The last of each: however much of the start was cut off, this must not show.
const ENDS: [&str; 4] = ["7Qx", "YXJ5LzdReCt3YWxudX", "%2F7Qx", "3751782b77616c"];

/// Every target, and both platforms of Elastic Beanstalk with a file on top that chooses the one.
const TARGETS: [(&str, &str); 5] = [
    ("fargate", ""),
    ("ecs-ec2", ""),
    ("beanstalk", ""),
    ("beanstalk", "x-tranship: { platform: ecs }\n"),
    ("beanstalk", "x-tranship: { platform: docker }\n"),
];

/// What an image says about itself: the entry point to which a secret is passed.
const LOCK: &str = "version: 1\nimages:\n  acme/api:1:\n    digest: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n    entrypoint: [/start]\n    shell: true\n";

/// A project with the secret somewhere: files by name, and what comes of building it.
struct Planted {
    place: &'static str,
    files: Vec<(&'static str, String)>,
    /// Whether the place can take a secret, so that the project can be built for Fargate.
    builds: bool,
}

fn planted(place: &'static str, builds: bool, files: &[(&'static str, &str)]) -> Planted {
    let files = files.iter().map(|(name, text)| (*name, text.replace("CANARY", CANARY)));
    let files =
        files.map(|(name, text)| (name, text.replace("BASE64", IN_BASE64).replace("URLENCODED", IN_A_URL)));
    Planted { place, files: files.collect(), builds }
}

/// A service with these keys; its variable `DB_PASSWORD` holds the secret.
fn service(place: &'static str, builds: bool, keys: &str) -> Planted {
    let text = format!(
        "services:\n  app:\n    image: redis:7\n    expose: ['6379']\n    environment: {{ DB_PASSWORD: '${{DB_PASSWORD}}' }}\n    {keys}\n"
    );
    planted(place, builds, &[("compose.yaml", &text), (".env", "DB_PASSWORD=CANARY\n")])
}

/// A manifest of one file.
fn alone(place: &'static str, builds: bool, text: &str) -> Planted {
    planted(place, builds, &[("compose.yaml", text)])
}

fn projects() -> Vec<Planted> {
    vec![
        alone(
            "environment",
            true,
            "services:\n  app: { image: redis, environment: { DB_PASSWORD: CANARY } }\n",
        ),
        alone(
            "environment, in base64",
            true,
            "services:\n  app: { image: redis, environment: { DB_PASSWORD: CANARY, TEXT: 'a BASE64== b' } }\n",
        ),
        alone(
            "environment, in a URL",
            true,
            "services:\n  app: { image: redis, environment: { DB_PASSWORD: CANARY, SOME: 'https://x/?a=URLENCODED' } }\n",
        ),
        alone(
            "a URL",
            true,
            "services:\n  app: { image: redis, environment: { UP: 'https://me:URLENCODED@h.example.org/x' } }\n",
        ),
        alone("a list", true, "services:\n  app: { image: redis, environment: ['API_TOKEN=CANARY'] }\n"),
        planted(
            "env_file",
            true,
            &[
                ("compose.yaml", "services:\n  app: { image: redis, env_file: app.env }\n"),
                ("app.env", "A=b\nDB_PASSWORD=CANARY\nLOGIN=me:CANARY\n"),
            ],
        ),
        service(".env, under another name", true, "dns_search: [x.example]"),
        planted(
            ".env, inside other values",
            true,
            &[
                (
                    "compose.yaml",
                    "services:\n  app: { image: redis, environment: { LOGIN: 'app:${DB_PASSWORD}', CONF: 'a=1;auth=${DB_PASSWORD:-x}' } }\n",
                ),
                (".env", "DB_PASSWORD=CANARY\n"),
            ],
        ),
        alone(
            "a default",
            true,
            "services:\n  app: { image: redis, environment: { LOGIN: '${DB_PASSWORD:-CANARY}' } }\nx-tranship: { late_bound: [DB_PASSWORD] }\n",
        ),
        planted(
            "a late-bound variable",
            true,
            &[
                (
                    "compose.yaml",
                    "services:\n  app: { image: redis, environment: { LOGIN: '${DB_PASSWORD}' } }\nx-tranship: { late_bound: [DB_PASSWORD] }\n",
                ),
                (".env", "DB_PASSWORD=CANARY\n"),
            ],
        ),
        planted(
            "secrets",
            true,
            &[
                (
                    "compose.yaml",
                    "services:\n  app: { image: redis, secrets: [pw] }\nsecrets: { pw: { file: pw.txt } }\n",
                ),
                ("pw.txt", "CANARY"),
            ],
        ),
        planted(
            "configs, by content",
            true,
            &[
                (
                    "compose.yaml",
                    "services:\n  app: { image: redis, configs: [{ source: c, target: /run/c }] }\nconfigs: { c: { content: 'x ${DB_PASSWORD} y' } }\n",
                ),
                (".env", "DB_PASSWORD=CANARY\n"),
            ],
        ),
        service("command", true, "command: redis-server --requirepass ${DB_PASSWORD}"),
        service("command, as a list", true, "command: [redis-server, --requirepass, '${DB_PASSWORD}']"),
        service(
            "command, in a shell",
            true,
            "command: [sh, -c, 'exec redis-server --requirepass ${DB_PASSWORD}']",
        ),
        alone(
            "command, a literal",
            true,
            "services:\n  app: { image: redis, command: redis-server --requirepass CANARY }\n",
        ),
        service("entrypoint", true, "entrypoint: [run, '--x=${DB_PASSWORD}']"),
        service("health check", true, "healthcheck: { test: [CMD, redis-cli, -a, '${DB_PASSWORD}', ping] }"),
        service(
            "health check, in a shell",
            true,
            "healthcheck: { test: 'redis-cli -a ${DB_PASSWORD} ping' }",
        ),
        service(
            "health check, glued",
            true,
            "healthcheck: { test: [CMD, mysqladmin, '-p${DB_PASSWORD}', ping] }",
        ),
        service("label", false, "labels: { a: 'x ${DB_PASSWORD}' }"),
        service("label, in base64", false, "labels: { a: 'x BASE64== y' }"),
        service(
            "log option",
            false,
            "logging: { driver: splunk, options: { splunk-token: '${DB_PASSWORD}' } }",
        ),
        service("build argument", true, "build: { context: ., args: { TOKEN: '${DB_PASSWORD}' } }"),
        planted(
            "a build of the instances, under names that say nothing",
            true,
            &[
                (
                    "compose.yaml",
                    "services:\n  app:\n    build: { context: ., args: { A: CANARY }, labels: { l: 'x CANARY' } }\n    image: acme/app\n    expose: ['80']\n    environment: { DB_PASSWORD: CANARY }\n",
                ),
                ("Dockerfile", "FROM redis\n"),
            ],
        ),
        planted(
            "networks and volumes",
            true,
            &[(
                "compose.yaml",
                "services:\n  app: { image: redis, expose: ['80'], environment: { DB_PASSWORD: CANARY }, volumes: ['vol:/v'] }\nvolumes: { vol: { labels: { a: CANARY } } }\nnetworks: { default: { driver_opts: { b: CANARY } } }\n",
            )],
        ),
        service(
            "name of a variable",
            false,
            "env_file: [x.env]\n    x-x: 1\n    extra_hosts: ['${DB_PASSWORD}:1.2.3.4']",
        ),
        alone(
            "name of a variable, in a list",
            false,
            "services:\n  app: { image: redis, environment: ['CANARY=x', 'DB_PASSWORD=CANARY'] }\n",
        ),
        service("file of a secret", false, "secrets: [s]\nsecrets: { s: { file: './${DB_PASSWORD}' } }"),
        alone(
            "environment, inside a longer text in base64",
            true,
            "services:\n  app: { image: redis, environment: { DB_PASSWORD: CANARY, BASIC: 'bWU6Y2FuYXJ5LzdReCt3YWxudXQ=', GLUED: 'zBASE64z' } }\n",
        ),
        alone(
            "environment, escaped for JSON, in lower case and in hexadecimal",
            true,
            "services:\n  app: { image: redis, environment: { DB_PASSWORD: CANARY, A: 'canary\\/7Qx+walnut', B: 'canary%2f7Qx%2bwalnut', C: '63616e6172792f3751782b77616c6e7574' } }\n",
        ),
        alone(
            "command, through a pipe",
            true,
            "services:\n  app: { image: redis, command: [sh, -c, 'echo CANARY | docker login -u a --password-stdin'] }\n",
        ),
        alone(
            "command, behind a name",
            true,
            "services:\n  app: { image: redis, command: [redis-server, PASSWORD, CANARY] }\n",
        ),
        alone(
            "people with their passwords",
            true,
            "services:\n  app: { image: redis, environment: { SFTP_USERS: 'ann:CANARY:1001' } }\n",
        ),
        planted(
            "tranship.lock, broken",
            false,
            &[
                ("compose.yaml", "services:\n  api: { image: 'acme/api:1', expose: ['80'] }\n"),
                ("tranship.lock", "version: 1\nimages:\n  acme/api:1: { CANARY: 'sha256:CANARY\n"),
            ],
        ),
        planted(
            "tranship.lock, with a key that is none",
            false,
            &[
                ("compose.yaml", "services:\n  api: { image: 'acme/api:1', expose: ['80'] }\n"),
                (
                    "tranship.lock",
                    "CANARY: 1\nversion: 1\nimages:\n  acme/api:1: { digest: 'sha256:CANARY' }\n",
                ),
            ],
        ),
        service("image", false, "working_dir: '/${DB_PASSWORD}'"),
        service("host name", false, "hostname: '${DB_PASSWORD}'"),
        service("number", false, "mem_limit: '${DB_PASSWORD}'"),
        service("network mode", false, "network_mode: '${DB_PASSWORD}'"),
        service("sysctl", false, "sysctls: { net.core.somaxconn: '${DB_PASSWORD}' }"),
        service("capability", false, "cap_add: ['${DB_PASSWORD}']"),
        service("extra host", false, "extra_hosts: ['a:${DB_PASSWORD}']"),
        service("port", false, "ports: ['${DB_PASSWORD}:80']"),
        service(
            "permission",
            false,
            "x-tranship: { permissions: [{ actions: ['s3:*'], resources: ['arn:aws:s3:::${DB_PASSWORD}/*'] }] }",
        ),
        service(
            "a patch",
            false,
            "x-tranship: { patch: [{ resource: 'AWS::ECS::TaskDefinition', targets: [fargate, ecs-ec2], merge: { Properties: { Family: 'x${DB_PASSWORD}' } } }] }",
        ),
        service(
            "a patch, in base64",
            false,
            "x-tranship: { patch: [{ resource: 'AWS::ECS::TaskDefinition', targets: [fargate, ecs-ec2], merge: { Metadata: { a: [BASE64==] } } }] }",
        ),
        service(
            "a resource that a patch adds",
            false,
            "x-tranship: { patch: [{ resource: Extra, add: { Type: 'AWS::SNS::Topic', Properties: { DisplayName: 'URLENCODED' } } }] }",
        ),
        service(
            "a key of a patch",
            false,
            "x-tranship: { patch: [{ resource: Extra, add: { Type: 'AWS::SNS::Topic', Metadata: { '${DB_PASSWORD}': 1, CANARY: 2 } } }] }",
        ),
        service(
            "the file behind a pipeline",
            true,
            "build: { context: ., args: { TOKEN: '${DB_PASSWORD}' } }\nx-tranship: { pipeline: { repository: acme/shop } }",
        ),
        service(
            "paths of a pipeline",
            false,
            "expose: ['80']\nx-tranship: { pipeline: { paths: ['src/${DB_PASSWORD}'] } }",
        ),
        service(
            "branch of a pipeline",
            false,
            "expose: ['80']\nx-tranship: { pipeline: { branch: 'CANARY' } }",
        ),
        planted(
            "tranship.lock, as what the image starts",
            false,
            &[
                (
                    "compose.yaml",
                    "services:\n  api: { image: 'acme/api:1', expose: ['80'], environment: { DB_PASSWORD: CANARY }, command: [serve] }\n",
                ),
                ("tranship.lock", &LOCK.replace("/start", "/start, 'x CANARY y'")),
            ],
        ),
        planted(
            "names of services, volumes and networks",
            false,
            &[(
                "compose.yaml",
                "services:\n  canary-7Qx: { image: redis, environment: { DB_PASSWORD: canary-7Qx }, volumes: ['canary-7Qx:/v'], networks: [canary-7Qx] }\nvolumes: { canary-7Qx: {} }\nnetworks: { canary-7Qx: {} }\n",
            )],
        ),
        planted(
            "tag",
            false,
            &[
                (
                    "compose.yaml",
                    "services:\n  app: { image: redis }\nx-tranship: { tags: { owner: 'x ${DB_PASSWORD}' } }\n",
                ),
                (".env", "DB_PASSWORD=CANARY\n"),
            ],
        ),
        planted(
            "a mounted file",
            true,
            &[
                (
                    "compose.yaml",
                    "services:\n  app: { image: redis, environment: { DB_PASSWORD: CANARY }, configs: [{ source: c, target: /run/c }] }\nconfigs: { c: { file: c.conf } }\n",
                ),
                ("c.conf", "auth = CANARY\n"),
            ],
        ),
        planted(
            "a file mounted by its name, which derives an image",
            false,
            &[
                (
                    "compose.yaml",
                    "services:\n  app: { image: redis, environment: { DB_PASSWORD: CANARY }, volumes: ['./c.conf:/etc/app/c.conf:ro'] }\n",
                ),
                ("c.conf", "auth = URLENCODED\n"),
            ],
        ),
        planted(
            "beside a derived image",
            true,
            &[
                (
                    "compose.yaml",
                    "services:\n  app: { image: redis, environment: { DB_PASSWORD: CANARY }, volumes: ['./c.conf:/etc/app/c.conf:ro'], configs: [{ source: c, target: /etc/app/d.conf }] }\nconfigs: { c: { content: 'a CANARY b' } }\n",
                ),
                ("c.conf", "listen = 80\n"),
            ],
        ),
        planted(
            "tranship.lock, through the entry point of the image",
            true,
            &[
                (
                    "compose.yaml",
                    "services:\n  api: { image: 'acme/api:1', expose: ['80'], command: [serve, --password=CANARY] }\n",
                ),
                ("tranship.lock", LOCK),
            ],
        ),
        planted(
            "included and extended files, and a file of labels",
            false,
            &[
                (
                    "compose.yaml",
                    "include: [{ path: more.yaml, env_file: more.env }]\nservices:\n  app: { extends: { file: base.yaml, service: shared }, label_file: l.labels }\n",
                ),
                (
                    "more.yaml",
                    "services:\n  more: { image: redis, environment: { LOGIN: 'me:${MORE_SECRET}' } }\n",
                ),
                ("more.env", "MORE_SECRET=CANARY\n"),
                ("base.yaml", "services:\n  shared: { image: redis, environment: { API_TOKEN: CANARY } }\n"),
                ("l.labels", "a=CANARY\n"),
            ],
        ),
        planted(
            "env_file, raw",
            true,
            &[
                (
                    "compose.yaml",
                    "services:\n  app: { image: redis, env_file: [{ path: app.env, format: raw }] }\n",
                ),
                ("app.env", "DB_PASSWORD=CANARY\nCONF={\"a\": \"BASE64==\"}\n"),
            ],
        ),
        service("start hook", false, "post_start: [{ command: [run, '${DB_PASSWORD}'] }]"),
        service("annotation", false, "annotations: { a: 'x URLENCODED y' }"),
        service(
            "sidecar path",
            false,
            "configs: [{ source: c, target: '/run/${DB_PASSWORD}' }]\nconfigs: { c: { content: x } }",
        ),
        service(
            "place of a secret",
            false,
            "secrets: [s]\nsecrets: { s: { name: '${DB_PASSWORD}', external: true } }",
        ),
        service(
            "place of a secret in x-tranship",
            false,
            "x-tranship: { secrets: { A: { from: 'x/${DB_PASSWORD}' } } }",
        ),
        service("key of a list", false, "depends_on: ['${DB_PASSWORD}']"),
        planted(
            "name of the project",
            false,
            &[
                (
                    "compose.yaml",
                    "name: 'x${NAME_SECRET}'\nservices:\n  app: { image: redis, environment: { NAME_SECRET: '${NAME_SECRET}' } }\n",
                ),
                (".env", "NAME_SECRET=7qx-walnut-7Qx\n"),
            ],
        ),
        planted(
            "a mounted folder",
            false,
            &[
                (
                    "compose.yaml",
                    "services:\n  app: { image: redis, environment: { DB_PASSWORD: CANARY }, volumes: ['.:/app'] }\n",
                ),
                ("c.conf", "auth = CANARY\n"),
                ("d.conf", "auth = BASE64==\n"),
            ],
        ),
    ]
}

fn tranship(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tranship"));
    command.current_dir(directory).env_clear().args(arguments).output().unwrap()
}

/// What of the secret a text shows.
fn shown(bytes: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(bytes);
    ENDS.into_iter().find(|end| text.contains(end))
}

fn leaks_below(directory: &Path, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            leaks_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "zip") {
            leaks_packed(&path, found);
        } else if let Some(end) = shown(&fs::read(&path).unwrap()) {
            found.push(format!("{} holds {end}", path.display()));
        }
    }
}

/// What an archive holds, unpacked: in compressed bytes any three letters turn up by chance.
fn leaks_packed(path: &Path, found: &mut Vec<String>) {
    let mut archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    assert!(!archive.is_empty() && archive.comment().is_empty(), "{}", path.display());
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if let Some(end) = shown(name.as_bytes()).or_else(|| shown(&content)) {
            found.push(format!("{name} in {} holds {end}", path.display()));
        }
    }
}

/// Builds a project for a target, and says where the secret shows.
fn leaks(project: &Planted, (target, platform): (&str, &str)) -> Vec<String> {
    let room = tempfile::tempdir().unwrap();
    // The folder names the project, and so stands in what is written: it is the same in each run.
    let directory = room.path().join("project");
    fs::create_dir(&directory).unwrap();
    for (name, text) in &project.files {
        fs::write(directory.join(name), text).unwrap();
    }
    fs::write(directory.join("platform.yaml"), platform).unwrap();
    let environment = format!("x-tranship: {{ environments: {{ dev: {{ target: {target} }} }} }}\n");
    fs::write(directory.join("environments.yaml"), environment).unwrap();
    let files = ["-f", "compose.yaml", "-f", "platform.yaml"];
    let run = |arguments: &[&str]| {
        let over: &[&str] = if platform.is_empty() { &[] } else { &files };
        tranship(&directory, &[arguments, over].concat())
    };
    let mut found = Vec::new();
    let built = run(&["build", "-v", "--target", target, "--out", "out"]);
    if target == "fargate" && built.status.success() != project.builds {
        found.push(format!("exit {:?}: {}", built.status.code(), String::from_utf8_lossy(&built.stderr)));
    }
    if String::from_utf8_lossy(&built.stderr).contains("internal/leak") {
        found.push("no rule refused it before it stood in an artifact".to_owned());
    }
    leaks_below(&directory.join("out"), &mut found);
    let mut said = vec![("", built)];
    for provider in
        ["codepipeline", "github"].into_iter().filter(|_| platform.is_empty() && target != "ecs-ec2")
    {
        let files = ["-f", "compose.yaml", "-f", "environments.yaml"];
        let command = ["pipeline", "--provider", provider, "--out", provider];
        let output = tranship(&directory, &[&command[..], &files].concat());
        leaks_below(&directory.join(provider), &mut found);
        said.extend([(provider, output)]);
    }
    let said = said.into_iter().chain(
        ["json", "sarif", "github"]
            .map(|format| (format, run(&["check", "-v", "--target", target, "--format", format]))),
    );
    for (format, output) in said {
        for (stream, bytes) in [("stdout", output.stdout), ("stderr", output.stderr)] {
            if let Some(end) = shown(&bytes) {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                found.push(format!("{stream} {format} says {end}:\n{text}"));
            }
        }
    }
    found.iter().map(|one| format!("{} for {target} {platform}: {one}", project.place)).collect()
}

#[test]
fn a_secret_shows_nowhere() {
    let projects = projects();
    let work: Vec<_> = projects.iter().flat_map(|project| TARGETS.map(|target| (project, target))).collect();
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((project, target)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    all.lock().unwrap().extend(leaks(project, *target));
                }
            });
        }
    });
    let all = all.into_inner().unwrap();
    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// What is no secret is no canary: the same places take a plain value on Fargate and show it.
#[test]
fn the_test_sees_what_it_looks_for() {
    let text = format!("services:\n  app: {{ image: redis, environment: {{ PLAIN: '{CANARY}' }} }}\n");
    let project = Planted { place: "plain", files: vec![("compose.yaml", text)], builds: true };
    assert!(TARGETS.iter().all(|target| !leaks(&project, *target).is_empty()));
}

/// What another version, or a person, left in a committed artifact is shown by no comparison.
#[test]
fn a_secret_of_an_older_golden_shows_nowhere() {
    let manifest = "services:\n  app:\n    image: nginx:1.27\n    ports: ['80:80']\n    environment: { UPSTREAM: 'http://h.example.org/x', MODE: quietmode }\n    command: [serve, --mode, quietmode]\n";
    for (target, top) in TARGETS {
        let room = tempfile::tempdir().unwrap();
        fs::write(room.path().join("compose.yaml"), format!("{manifest}{top}")).unwrap();
        let verify = |more: &[&str]| {
            let all = [&["verify", "--target", target], more].concat();
            Command::new(env!("CARGO_BIN_EXE_tranship"))
                .args(all)
                .current_dir(room.path())
                .env_clear()
                .output()
                .unwrap()
        };
        assert!(verify(&["--bless"]).status.success(), "{target}");
        let mut edited = 0;
        let mut folders = vec![room.path().join("golden")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(text) = fs::read_to_string(&path) {
                    let older = text
                        .replace("http://h.example.org", "http://me:canary7Qxwalnut@h.example.org")
                        .replace("MODE", "API_TOKEN")
                        .replace("quietmode", "canary7Qxwalnut")
                        .replace("--mode", "--password");
                    edited += usize::from(older != text);
                    fs::write(path, older).unwrap();
                }
            }
        }
        assert!(edited > 0, "{target}");
        let output = verify(&[]);
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(3), "{target}: {said}");
        assert!(said.contains("h.example.org") && !said.contains("7Qx"), "{target}: {said}");
    }
}
