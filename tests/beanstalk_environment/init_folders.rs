//! `init`: the folder that an entry point reads.

use super::{CompileOutcome, Yaml, compiled, messages, options, text, yaml};

fn json(outcome: &CompileOutcome, path: &str) -> serde_json::Value {
    serde_json::from_str(&text(outcome, path).unwrap()).unwrap()
}

/// A service and a job of one image, whose keys are given.
fn with_job(app: &str, job: &str) -> String {
    format!(
        "services:\n  app: {{ image: acme/app:1, ports: ['80:80'], {app} }}\n  work: {{ image: acme/app:1, command: work, environment: {{ MODE: w }} }}\n  migrate: {{ image: acme/app:1, command: [migrate, --all], x-tranship: {{ job: before-deploy }}, {job} }}"
    )
}

#[test]
fn a_job_of_the_same_image_is_a_command_that_the_entry_point_runs() {
    let services = with_job("environment: { A: one, B: same }", "environment: { A: two, B: same, C: more }");
    let outcome = compiled(&services, "platform: ecs, init: /start/here");
    let told = json(&outcome, ".ebextensions/instance.json");
    assert_eq!(told["jobs"], serde_json::json!({}));
    let command =
        serde_json::json!({ "environment": { "A": "two", "C": "more" }, "words": ["migrate", "--all"] });
    let folder =
        serde_json::json!({ "directory": "/opt/init/app", "environment": {}, "commands": [command] });
    assert_eq!(told["init"], serde_json::json!([folder]));
    let task = json(&outcome, "Dockerrun.aws.json");
    let mount =
        serde_json::json!([{ "sourceVolume": "init-app", "containerPath": "/start/here", "readOnly": true }]);
    assert_eq!(task["containerDefinitions"][0]["mountPoints"], mount);
    assert_eq!(task["containerDefinitions"][1]["mountPoints"], serde_json::Value::Null);
    let commands = yaml(&outcome, ".ebextensions/40-jobs.config");
    let written = &commands["container_commands"]["40_write_commands"];
    assert_eq!(written["command"], "python3 .ebextensions/instance.py write-commands");
    assert_eq!(written["leader_only"], true);
    assert_eq!(commands["container_commands"]["30_clear_commands"]["leader_only"], Yaml::Null);
    assert!(
        !messages(&outcome).iter().any(|one| one.contains("without waiting")),
        "{:?}",
        messages(&outcome)
    );
}

#[test]
fn a_service_that_waits_for_the_job_runs_it() {
    let services = with_job("environment: { A: one }", "environment: { A: one }").replace(
        "command: work,",
        "command: work, depends_on: { migrate: { condition: service_completed_successfully } },",
    );
    let outcome = compiled(&services, "platform: ecs, init: /init");
    let told = json(&outcome, ".ebextensions/instance.json");
    assert_eq!(told["init"][0]["directory"], "/opt/init/work");
    assert_eq!(told["init"].as_array().map(Vec::len), Some(1));
}

#[test]
fn another_service_that_waits_for_the_job_is_named() {
    let waits = "depends_on: { migrate: { condition: service_completed_successfully } }";
    let early = |more: &str| {
        let services = with_job(waits, "").replace("command: work,", &format!("command: work, {}", more));
        let outcome = compiled(&services, "platform: ecs, init: /init");
        messages(&outcome)
            .iter()
            .filter(|one| one.contains("without waiting"))
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        early(&format!("{waits},")),
        ["`work` starts without waiting for `migrate`, which runs in the container of `app`"]
    );
    let also = "depends_on: { migrate: { condition: service_completed_successfully }, app: { condition: service_started } },";
    assert_eq!(early(also), Vec::<String>::new());
    assert_eq!(early(""), Vec::<String>::new());
}

#[test]
fn a_job_that_fits_no_container_runs_as_it_does() {
    for job in [
        "user: '7'",
        "working_dir: /other",
        "entrypoint: [/other]",
        "volumes: ['state:/state']",
        "volumes: ['/scratch']",
        "environment: { a.b: c }",
    ] {
        let services = with_job("environment: { A: one }", job) + "\nvolumes: { state: }";
        let outcome = compiled(&services, "platform: ecs, init: /init");
        let told = json(&outcome, ".ebextensions/instance.json");
        assert_eq!(told["jobs"]["migrate"]["image"], "acme/app:1", "{job}");
        assert_eq!(told["init"], serde_json::Value::Null, "{job}");
    }
    let shared = with_job("volumes: ['state:/state']", "volumes: ['state:/state']") + "\nvolumes: { state: }";
    let told = json(&compiled(&shared, "platform: ecs, init: /init"), ".ebextensions/instance.json");
    assert_eq!(
        (&told["jobs"], &told["init"][0]["directory"]),
        (&serde_json::json!({}), &"/opt/init/app".into())
    );
}

#[test]
fn only_the_folder_has_what_no_property_can_have() {
    let services = "services:\n  a: { image: x/a, ports: ['80:80'], environment: { T: '${AKEY}', S: same-33-for-both, API_TOKEN: abc-77-defg, a.T: '${AKEY}' } }\n  b: { image: x/b, environment: { T: known, API_TOKEN: hij-88-klmn, S: same-33-for-both } }\n".to_owned();
    let services = services.replace("${AKEY}", "db:5432")
        + "  db: { image: 'postgres:17', x-tranship: { database: { engine: postgres } } }";
    let outcome = compiled(&services, "platform: ecs, init: /init");
    let told = json(&outcome, ".ebextensions/instance.json");
    let (a, b) = (&told["init"][0], &told["init"][1]);
    let host =
        serde_json::json!([{ "property": "DB_DATABASE_HOST" }, ":", { "property": "DB_DATABASE_PORT" }]);
    assert_eq!(a["environment"]["T"], host);
    assert_eq!(a["environment"]["API_TOKEN"], serde_json::json!([{ "secret": "shop/a/API_TOKEN" }]));
    assert_eq!(a["environment"]["a.T"], serde_json::Value::Null);
    assert_eq!(b["environment"]["API_TOKEN"], serde_json::json!([{ "secret": "shop/b/API_TOKEN" }]));
    let properties = &options(&outcome)["aws:elasticbeanstalk:application:environment"];
    assert_eq!(properties["T"], Yaml::Null);
    assert!(properties["DB_DATABASE_HOST"].as_str().unwrap().contains("Endpoint.Address"));
    let policy = text(&outcome, ".ebextensions/30-identity.config").unwrap();
    assert!(
        policy.contains("shop/a/API_TOKEN-??????") && policy.contains("shop/b/API_TOKEN-??????"),
        "{policy}"
    );
}

#[test]
fn a_volume_of_its_own_may_not_hide_the_folder() {
    for (path, hides) in [("/init", true), ("/init/state", true), ("/initial", false)] {
        let services = format!(
            "services:\n  app: {{ image: x/a, ports: ['80:80'], volumes: ['state:{path}'], environment: {{ API_TOKEN: abc-77-defg }} }}\nvolumes: {{ state: }}"
        );
        let outcome = compiled(&services, "platform: ecs, init: /init");
        let told = messages(&outcome).contains(&"`app` mounts a volume of its own at `/init`");
        assert_eq!((told, outcome.compiled.is_none()), (hides, hides), "{path}");
    }
}

#[test]
fn the_docker_platform_needs_no_folder() {
    let services = with_job("environment: { A: one }", "");
    let outcome = compiled(&services, "platform: docker, init: /init");
    assert_eq!(text(&outcome, ".ebextensions/instance.json"), None);
    assert!(!text(&outcome, "docker-compose.yml").unwrap().contains("/init"));
    assert!(!outcome.diagnostics.iter().any(|one| one.rule.name.starts_with("internal/")));
}
