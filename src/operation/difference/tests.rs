use super::*;
use std::collections::BTreeMap;

const REPORT: &str = r#"{"rows": [
  {"key": "services.web.image", "claim": "task definition: Image", "origin": ["compose.yaml:4:12", ".env:1:1"]},
  {"key": "services.web.command[0]", "claim": "task definition: Command", "origin": ["compose.yaml:5:9"]},
  {"key": "services.web.environment.DEBUG", "claim": "task definition: Environment", "origin": ["compose.yaml:7:14"]},
  {"key": "services.web.user", "claim": "task definition: User", "origin": ["compose.yaml:9:11"]},
  {"key": "services.migrate.command[0]", "claim": "task definition: Command", "origin": ["compose.yaml:20:9"]},
  {"key": "services.db.x-tranship.database.class", "claim": "RDS instance", "origin": ["compose.yaml:31:16"]},
  {"key": "services.db.x-tranship.database.storage", "claim": "RDS instance: AllocatedStorage", "origin": ["compose.yaml:32:16"]}
]}"#;

const TEMPLATE: &str = r#"
Parameters:
  Tag: { Type: String }
  Password: { Type: String, NoEcho: true }
Resources:
  # name
  Cluster:
    Type: AWS::ECS::Cluster

  # services.web
  # services.helper
  WebTaskDefinition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Cpu: "256"
      ContainerDefinitions:
        - Name: web
          Image: !Sub "registry.example.org/shop:${Tag}"
          Command: [serve]
          Environment:
            - { Name: DEBUG, Value: "0" }
            - { Name: SESSION_PASSWORD, Value: plain }
          Secrets:
            - { Name: TOKEN, ValueFrom: !Ref TokenSecret }
        - Name: helper
          Image: helper:1
  # services.web
  WebService:
    Type: AWS::ECS::Service
    Properties:
      DesiredCount: 2
      TaskDefinition: !Ref WebTaskDefinition
      DeploymentConfiguration: { MinimumHealthyPercent: 100, MaximumPercent: 200 }
  # services.migrate
  MigrateTaskDefinition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - Name: migrate
          Image: !Sub "registry.example.org/shop:${Tag}"
  MigrateRun:
    Type: Custom::TaskRun
    Properties: { TaskDefinition: !Ref MigrateTaskDefinition, Container: migrate }
  # services.db
  DbDatabase:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Snapshot
    UpdateReplacePolicy: Snapshot
    Properties: { Engine: mysql, DBInstanceClass: db.t4g.micro, AllocatedStorage: "20" }
  # services.web
  TokenSecret:
    Type: AWS::SecretsManager::Secret
    Properties: { SecretString: !Ref Password }
Outputs:
  Url: { Value: a }
"#;

fn values(tag: &str, set: bool) -> BTreeMap<String, ParameterValue> {
    BTreeMap::from([
        ("Tag".to_owned(), ParameterValue::Plain(tag.to_owned())),
        ("Password".to_owned(), ParameterValue::Secret { set }),
    ])
}

fn content(edits: &[(&str, &str)], tag: &str, set: bool) -> StackContent {
    let text = edits.iter().fold(TEMPLATE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    StackContent::read(&text, values(tag, set)).unwrap()
}

fn compared(edits: &[(&str, &str)], tag: &str, set: bool) -> DeploymentDiff {
    let variables = BTreeMap::from([("Tag".to_owned(), "APP_TAG".to_owned())]);
    let manifest = ManifestLines::read(Some(REPORT.as_bytes()));
    compare_stacks(Some(&content(&[], "40", false)), &content(edits, tag, set), &manifest, &variables)
}

fn said(edits: &[(&str, &str)]) -> Vec<String> {
    lines(&compared(edits, "40", false), 200)
}

#[test]
fn the_same_is_no_change() {
    let diff = compared(&[], "40", false);
    assert!(diff.is_empty());
    assert_eq!(summary(&diff, "stack shop"), "stack shop: no changes");
    assert_eq!(document(&diff, "stack shop")["changed"], false);
}

#[test]
fn one_changed_tag_is_one_line_and_names_the_job_that_runs() {
    let diff = compared(&[], "41", false);
    assert_eq!(
        lines(&diff, 200),
        [
            "~ APP_TAG of service web, job migrate: 40 -> 41  (compose.yaml:4)  new tasks",
            "> migrate runs before the services that wait for it",
        ]
    );
    assert_eq!(summary(&diff, "stack shop"), "stack shop: 1 change, 2 resources; at most: new tasks");
    assert_eq!(diff.changes[0].resources, ["WebTaskDefinition", "MigrateTaskDefinition"]);
}

#[test]
fn a_secret_is_changed_and_never_a_value() {
    let diff = compared(&[], "40", true);
    assert_eq!(lines(&diff, 200), ["~ SecretString of service web: changed (secret)  (compose.yaml:4)"]);
    let edits = [
        ("SESSION_PASSWORD, Value: plain", "SESSION_PASSWORD, Value: canary"),
        ("!Ref TokenSecret", "canary:2"),
    ];
    let diff = compared(&edits, "40", false);
    assert_eq!(
        lines(&diff, 200),
        [
            "~ environment SESSION_PASSWORD of service web: changed (secret)  (compose.yaml:4)  new tasks",
            "~ secret TOKEN of service web: changed (secret)  (compose.yaml:4)  new tasks",
        ]
    );
    assert!(!document(&diff, "x").to_string().contains("canary"));
    assert!(!document(&diff, "x").to_string().contains("plain"));
}

#[test]
fn each_property_has_its_label_its_line_and_its_consequence() {
    for (edit, line) in [
        (
            ("Value: \"0\"", "Value: \"1\""),
            "~ environment DEBUG of service web: 0 -> 1  (compose.yaml:7)  new tasks",
        ),
        (
            ("            - { Name: DEBUG, Value: \"0\" }\n", ""),
            "- environment DEBUG of service web: 0 removed  (compose.yaml:7)  new tasks",
        ),
        (
            ("Command: [serve]", "Command: [serve]\n          User: \"1000\""),
            "+ user of service web: 1000  (compose.yaml:9)  new tasks",
        ),
        (
            ("Command: [serve]", "Command: [run]"),
            "~ command of service web: serve -> run  (compose.yaml:5)  new tasks",
        ),
        (("Cpu: \"256\"", "Cpu: \"512\""), "~ cpu of service web: 256 -> 512  (compose.yaml:4)  new tasks"),
        (
            ("Image: helper:1", "Image: helper:2"),
            "~ image of container helper: helper:1 -> helper:2  new tasks",
        ),
        (("DesiredCount: 2", "DesiredCount: 3"), "~ replicas of service web: 2 -> 3  (compose.yaml:4)"),
        (
            ("db.t4g.micro", "db.t4g.small"),
            "~ class of database db: db.t4g.micro -> db.t4g.small  (compose.yaml:31)  brief outage: the database restarts",
        ),
        (("Storage: \"20\"", "Storage: \"30\""), "~ storage of database db: 20 -> 30  (compose.yaml:32)"),
        (
            ("Engine: mysql", "Engine: postgres"),
            "~ engine of database db: mysql -> postgres  (compose.yaml:31)  data lost: replaced by an empty one; a snapshot of the old one is kept",
        ),
        (("Url: { Value: a }", "Url: { Value: b }"), "  and without effect on what runs: Outputs"),
    ] {
        assert_eq!(said(&[edit]), [line], "{edit:?}");
    }
}

#[test]
fn a_single_copy_that_stops_first_is_an_outage() {
    let rollout =
        ("MinimumHealthyPercent: 100, MaximumPercent: 200", "MinimumHealthyPercent: 0, MaximumPercent: 100");
    let manifest = ManifestLines::default();
    let old = content(&[rollout], "40", false);
    let new = content(&[rollout, ("Command: [serve]", "Command: [run]")], "40", false);
    assert_eq!(
        lines(&compare_stacks(Some(&old), &new, &manifest, &BTreeMap::new()), 200),
        [
            "~ command of service web: serve -> run  brief outage: the old task stops before the new one starts"
        ]
    );
    let tag = compare_stacks(Some(&old), &content(&[rollout], "41", false), &manifest, &BTreeMap::new());
    assert_eq!(tag.changes[0].consequence, ChangeConsequence::Outage);
    assert_eq!(tag.changes[0].label, "image");
}

#[test]
fn what_comes_and_goes_is_told_by_subject_and_the_loss_first() {
    let start = TEMPLATE.find("  # services.db").unwrap();
    let end = TEMPLATE.find("  # services.web\n  TokenSecret").unwrap();
    let database = &TEMPLATE[start..end];
    let queue = "  # services.queue\n  QueueTaskDefinition:\n    Type: AWS::ECS::TaskDefinition\n  # services.queue\n  QueueService:\n    Type: AWS::ECS::Service\n";
    let told = said(&[(database, queue)]);
    assert_eq!(
        told,
        [
            "- database db: DbDatabase removed  (compose.yaml:31)  data lost: deleted; a snapshot of the old one is kept",
            "+ service queue: 2 resources created",
        ]
    );
    let gone = compare_stacks(
        Some(&content(&[(database, queue)], "40", false)),
        &content(&[], "40", false),
        &ManifestLines::default(),
        &BTreeMap::new(),
    );
    assert_eq!(
        lines(&gone, 200),
        [
            "- service queue: 2 resources removed  brief outage: its tasks stop for good",
            "+ database db: DbDatabase created",
        ]
    );
}

#[test]
fn a_first_deployment_is_one_line_for_each_subject() {
    let manifest = ManifestLines::read(Some(REPORT.as_bytes()));
    let diff = compare_stacks(None, &content(&[], "40", true), &manifest, &BTreeMap::new());
    assert!(diff.is_first);
    assert_eq!(summary(&diff, "stack shop"), "stack shop: first deployment, 7 resources");
    assert_eq!(
        lines(&diff, 200),
        [
            "+ database db: DbDatabase created  (compose.yaml:31)",
            "+ environment: 2 resources created",
            "+ job migrate: MigrateTaskDefinition created  (compose.yaml:20)",
            "+ service web: 3 resources created  (compose.yaml:4)",
            "> migrate runs before the services that wait for it",
        ]
    );
}

#[test]
fn the_same_change_of_many_is_one_line_and_many_names_are_counted() {
    let template = |tag: &str| {
        let task = |name: &str| {
            format!(
                "  # services.{name}\n  {name}Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        - {{ Name: {name}, Image: 'shop@sha256:{tag}' }}\n"
            )
        };
        let tasks: String = ["a", "b", "c", "d", "e", "f"].map(task).concat();
        StackContent::read(&format!("Resources:\n{tasks}"), BTreeMap::new()).unwrap()
    };
    let (old, new) = (template(&"0123456789abcdef".repeat(4)), template(&"fedcba9876543210".repeat(4)));
    let diff = compare_stacks(Some(&old), &new, &ManifestLines::default(), &BTreeMap::new());
    assert_eq!(
        lines(&diff, 200),
        ["~ image of job a, b, c, d and 2 more: shop@sha256:0123456789ab -> shop@sha256:fedcba987654"]
    );
    assert_eq!(
        lines(&diff, 60),
        ["~ image of job a, b, c, d and 2 more: shop@sha2…456789ab -> shop@sha2…ba987654"]
    );
}

#[test]
fn the_document_has_everything_that_a_line_has() {
    let document = document(&compared(&[("Value: \"0\"", "Value: \"1\"")], "40", false), "stack shop");
    assert_eq!(
        document,
        serde_json::json!({
            "schema": 1, "subject": "stack shop", "first": false, "changed": true,
            "changes": [{
                "action": "change", "label": "environment DEBUG", "subjects": ["service web"], "old": "0", "new": "1",
                "secret": false, "consequence": "new-tasks", "detail": "", "key": "services.web.environment.DEBUG",
                "line": "compose.yaml:7", "resources": ["WebTaskDefinition"],
            }],
            "jobs": [], "others": [], "overridden": [], "overridden": [],
        })
    );
}

fn files(dockerrun: &str, options: &str) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([
        ("Dockerrun.aws.json".to_owned(), dockerrun.as_bytes().to_vec()),
        (".ebextensions/10-options.config".to_owned(), options.as_bytes().to_vec()),
    ])
}

#[test]
fn bundles_are_compared_by_container_and_option() {
    let manifest = ManifestLines::read(Some(REPORT.as_bytes()));
    let old = files(
        r#"{"containerDefinitions": [{"name": "web", "image": "shop:40", "environment": [{"name": "DEBUG", "value": "0"}]}]}"#,
        "option_settings:\n  aws:autoscaling:asg: { MaxSize: \"2\" }\n  aws:elasticbeanstalk:application:environmentsecrets: { TOKEN: canary-a }\n",
    );
    let new = files(
        r#"{"containerDefinitions": [{"name": "web", "image": "shop:41", "environment": [{"name": "DEBUG", "value": "1"}]}]}"#,
        "option_settings:\n  aws:autoscaling:asg: { MaxSize: \"4\" }\n  aws:elasticbeanstalk:application:environmentsecrets: { TOKEN: canary-b }\n",
    );
    let diff = compare_bundles(Some(&old), &new, "shop-dev", &manifest);
    assert_eq!(
        lines(&diff, 200),
        [
            "~ aws:autoscaling:asg MaxSize of environment shop-dev: 2 -> 4  new tasks",
            "~ aws:elasticbeanstalk:application:environmentsecrets TOKEN of environment shop-dev: changed (secret)  new tasks",
            "~ environment DEBUG of service web: 0 -> 1  (compose.yaml:7)  new tasks",
            "~ image of service web: shop:40 -> shop:41  (compose.yaml:4)  new tasks",
        ]
    );
    assert!(!document(&diff, "x").to_string().contains("canary"));
    assert!(compare_bundles(Some(&new), &new, "shop-dev", &manifest).is_empty());
    let first = compare_bundles(None, &new, "shop-dev", &manifest);
    assert_eq!(lines(&first, 200), ["+ environment shop-dev: shop-dev created"]);
    let mut less = new.clone();
    less.remove("Dockerrun.aws.json");
    assert_eq!(
        lines(&compare_bundles(Some(&new), &less, "shop-dev", &manifest), 200),
        ["- Dockerrun.aws.json of environment shop-dev: changed  new tasks"]
    );
}

#[test]
fn key_paths_have_quoted_keys_and_named_entries() {
    assert_eq!(labels::parts("A.\"b.c\"[d.e].F"), ["A", "b.c", "d.e", "F"]);
    assert_eq!(labels::parts("L[0]"), ["L", "0"]);
    assert!(labels::parts("").is_empty());
}

#[test]
fn functions_are_shown_with_the_values_of_their_parameters() {
    let content = content(&[], "40", false);
    for (value, shown) in [
        (serde_json::json!({"Fn::Sub": "a:${Tag}/${Cluster.Arn}/${!Tag}"}), "a:40/${Cluster.Arn}/${Tag}"),
        (serde_json::json!({"Fn::Sub": ["${X}-${Tag}", {"X": {"Ref": "Tag"}}]}), "40-40"),
        (serde_json::json!({"Fn::Join": ["-", ["a", {"Ref": "Tag"}]]}), "a-40"),
        (serde_json::json!({"Ref": "Password"}), "${Password}"),
        (serde_json::json!({"Fn::GetAtt": ["Db", "Endpoint.Port"]}), "${Db.Endpoint.Port}"),
        (serde_json::json!([1, true, {"A": "b"}]), "[1, true, {A: b}]"),
    ] {
        assert_eq!(content.shown(&value), shown);
    }
}

#[test]
fn images_that_do_not_fit_lose_their_registry_first() {
    let change = |old: &str, new: &str| ValueDifference {
        action: ChangeAction::Change,
        label: "image".into(),
        subjects: vec!["service web".into()],
        old: Some(old.into()),
        new: Some(new.into()),
        secret: false,
        cause: None,
        consequence: ChangeConsequence::NewTasks,
        detail: String::new(),
        resources: vec!["Web".into()],
    };
    let line = |old: &str, new: &str| {
        let diff = DeploymentDiff { changes: vec![change(old, new)], ..DeploymentDiff::default() };
        lines(&diff, 80).remove(0)
    };
    let registry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team";
    let end = "  new tasks";
    assert_eq!(
        line(&format!("{registry}/shop:40"), &format!("{registry}/shop:41")),
        format!("~ image of service web: …/shop:40 -> …/shop:41{end}")
    );
    assert_eq!(line("shop:40", "shop:41"), format!("~ image of service web: shop:40 -> shop:41{end}"));
    let long = "a value with / and : that is long and no image";
    assert_eq!(line(long, "x"), format!("~ image of service web: a value wi… no image -> x{end}"));
    let url = "https://www.example.org/a/long/path/of/the/page?x=1";
    assert_eq!(line(url, "x"), format!("~ image of service web: https://ww…/page?x=1 -> x{end}"));
}

#[test]
fn sessions_that_are_turned_on_are_one_line_and_start_new_tasks() {
    let off = "DesiredCount: 2\n      EnableExecuteCommand: false";
    let on = "DesiredCount: 2\n      EnableExecuteCommand: true\n      ForceNewDeployment: { EnableForceNewDeployment: true, ForceNewDeploymentNonce: a }";
    let lines_of = |edits: &[(&str, &str)], old: &[(&str, &str)]| {
        let (old, new) = (content(old, "40", false), content(edits, "40", false));
        let manifest = ManifestLines::read(Some(REPORT.as_bytes()));
        lines(&compare_stacks(Some(&old), &new, &manifest, &BTreeMap::new()), 200)
    };
    let end = "  (compose.yaml:4)  new tasks";
    assert_eq!(
        lines_of(&[("DesiredCount: 2", on)], &[("DesiredCount: 2", off)]),
        [format!("~ exec of service web: false -> true{end}")]
    );
    let other = on.replace("Nonce: a", "Nonce: b");
    assert_eq!(
        lines_of(&[("DesiredCount: 2", &other)], &[("DesiredCount: 2", on)]),
        [format!("~ names that it finds of service web: changed{end}")]
    );
    let connect = off.to_owned() + on.rsplit("true\n").next().map(|it| format!("\n{it}")).unwrap().as_str();
    assert_eq!(
        lines_of(&[("DesiredCount: 2", &connect)], &[("DesiredCount: 2", off)]),
        [format!("+ names that it finds of service web: changed{end}")]
    );
}

#[test]
fn the_lines_at_each_width_are_the_transcript() {
    let edits = [
        ("db.t4g.micro", "db.t4g.small"),
        ("SESSION_PASSWORD, Value: plain", "SESSION_PASSWORD, Value: canary"),
        ("Url: { Value: a }", "Url: { Value: b }"),
    ];
    let diff =
        compared(&edits, "registry.example.org/team/shop@sha256:0123456789abcdef0123456789abcdef", true);
    for width in crate::operation::transcripts::WIDTHS {
        let lines = fitted(&diff, "stack shop", width);
        assert!(lines.iter().all(|line| line.chars().count() <= width), "{lines:?}");
        let text = lines.join("\n") + "\n";
        crate::operation::transcripts::golden(&format!("diff-{width}.txt"), &text);
    }
}

#[test]
fn properties_of_a_resource_that_had_none_are_changes_by_name() {
    let with = |properties: &str| {
        let text = format!("Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n{properties}");
        StackContent::read(&text, BTreeMap::new()).unwrap()
    };
    let (bare, full) = (with(""), with("    Properties: { DelaySeconds: 5, MaximumMessageSize: 1024 }\n"));
    let told = |old: &StackContent, new: &StackContent| {
        let diff = compare_stacks(Some(old), new, &ManifestLines::default(), &BTreeMap::new());
        let tell = |it: &ValueDifference| (it.action, it.label.clone(), it.old.clone(), it.new.clone());
        diff.changes.iter().map(tell).collect::<Vec<_>>()
    };
    let text = |value: &str| Some(value.to_owned());
    assert_eq!(
        told(&bare, &full),
        [
            (ChangeAction::Add, "DelaySeconds".to_owned(), None, text("5")),
            (ChangeAction::Add, "MaximumMessageSize".to_owned(), None, text("1024")),
        ]
    );
    assert_eq!(
        told(&full, &bare),
        [
            (ChangeAction::Remove, "DelaySeconds".to_owned(), text("5"), None),
            (ChangeAction::Remove, "MaximumMessageSize".to_owned(), text("1024"), None),
        ]
    );
}

fn made(label: &str, subject: &str, consequence: ChangeConsequence, detail: &str) -> ValueDifference {
    ValueDifference {
        action: ChangeAction::Change,
        label: label.to_owned(),
        subjects: vec![subject.to_owned()],
        old: None,
        new: None,
        secret: false,
        cause: None,
        consequence,
        detail: detail.to_owned(),
        resources: Vec::new(),
    }
}

#[test]
fn the_detail_of_a_change_is_that_of_its_worst_consequence() {
    use ChangeConsequence::{NewTasks, None as Nothing, Outage};
    for (first, second, detail) in [
        ((Outage, ""), (NewTasks, "tasks"), ""),
        ((NewTasks, ""), (NewTasks, "tasks"), "tasks"),
        ((NewTasks, "first"), (NewTasks, "tasks"), "first"),
        ((Nothing, "nothing"), (Outage, "it stops"), "it stops"),
    ] {
        let mut diff = DeploymentDiff::default();
        diff.push(made("image", "service a", first.0, first.1));
        diff.push(made("image", "service b", second.0, second.1));
        assert_eq!((diff.changes.len(), diff.changes[0].detail.as_str()), (1, detail));
    }
}

#[test]
fn values_come_before_whole_resources_of_the_same_consequence() {
    let mut diff = DeploymentDiff::default();
    diff.push(made(RESOURCES, "service a", ChangeConsequence::None, ""));
    diff.push(made("zeta", "service z", ChangeConsequence::None, ""));
    diff.push(made("image", "service z", ChangeConsequence::NewTasks, ""));
    diff.sort();
    let labels: Vec<&str> = diff.changes.iter().map(|it| it.label.as_str()).collect();
    assert_eq!(labels, ["image", "zeta", RESOURCES]);
}

fn plain(template: &str) -> StackContent {
    StackContent::read(template, BTreeMap::new()).unwrap()
}

#[test]
fn what_becomes_of_data_is_said_by_the_policy_of_its_store() {
    for (policy, told) in [
        ("    DeletionPolicy: Retain\n", "removed; the old one is kept, outside of the stack"),
        ("    DeletionPolicy: RetainExceptOnCreate\n", "removed; the old one is kept, outside of the stack"),
        ("    DeletionPolicy: Snapshot\n", "deleted; a snapshot of the old one is kept"),
        ("", "deleted; the old data is deleted"),
    ] {
        let content = plain(&format!("Resources:\n  Db:\n    Type: AWS::RDS::DBInstance\n{policy}"));
        assert_eq!(consequence::of_removal(&content, "Db"), (ChangeConsequence::DataLost, told.to_owned()));
    }
}

#[test]
fn a_task_definition_concerns_the_services_that_use_it() {
    let service = |name: &str, least: u32, most: u32| {
        format!(
            "  {name}Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties: {{ Cpu: \"256\" }}\n  {name}Service:\n    Type: AWS::ECS::Service\n    Properties:\n      TaskDefinition: !Ref {name}Task\n      DeploymentConfiguration: {{ MinimumHealthyPercent: {least}, MaximumPercent: {most} }}\n"
        )
    };
    let services = [service("Web", 100, 200), service("Db", 0, 100), service("Slow", 100, 100)].concat();
    let content = plain(&format!("Resources:\n{services}"));
    for (task, told) in [
        ("WebTask", ChangeConsequence::NewTasks),
        ("DbTask", ChangeConsequence::Outage),
        ("SlowTask", ChangeConsequence::NewTasks),
    ] {
        assert_eq!(consequence::of_property(&content, task, "ContainerDefinitions").0, told, "{task}");
    }
}

#[test]
fn a_first_bundle_is_a_first_deployment() {
    let files = BTreeMap::from([("Dockerrun.aws.json".to_owned(), b"{}".to_vec())]);
    let first = compare_bundles(None, &files, "shop-dev", &ManifestLines::default());
    assert!(first.is_first && !first.is_empty());
    assert_eq!(summary(&first, "environment shop-dev"), "environment shop-dev: first deployment, 1 resource");
    assert!(!compare_bundles(Some(&files), &files, "shop-dev", &ManifestLines::default()).is_first);
}

#[test]
fn a_schedule_alone_is_a_job() {
    let content = |at: &str| {
        plain(&format!(
            "Resources:\n  # services.nightly\n  Nightly:\n    Type: AWS::Scheduler::Schedule\n    Properties: {{ ScheduleExpression: {at} }}\n"
        ))
    };
    let diff = compare_stacks(
        Some(&content("rate(1 day)")),
        &content("rate(2 days)"),
        &ManifestLines::default(),
        &BTreeMap::new(),
    );
    assert_eq!(diff.changes[0].subjects, ["job nightly"]);
}
