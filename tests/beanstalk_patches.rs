//! `x-tranship.patch` on Elastic Beanstalk: options, resources of the bundle, and those that Elastic Beanstalk makes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly"
)]

use serde_json::{Value, json};
use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileOutcome, CompileRequest, account};
use tranship::compose::LoadOptions;
use tranship::world::MemoryWorld;

const SHOP: &str = "services:
  web:
    image: nginx:1.27
    ports: [\"80:80\"]
    environment: { DATABASE_URL: \"postgres://shop:secret@db:5432/shop\" }
  db:
    image: postgres:17
    environment: { POSTGRES_USER: shop, POSTGRES_PASSWORD: secret, POSTGRES_DB: shop }
    x-tranship: { database: true }
";

fn compiled(list: &str) -> CompileOutcome {
    let text = format!("{SHOP}x-tranship:\n  patch:\n{list}");
    let world = MemoryWorld::new().file("compose.yaml", text);
    let choice = EnvironmentChoice::Target("beanstalk".to_owned());
    account(&CompileRequest { options: LoadOptions::default(), choice }, &world)
}

fn file(outcome: &CompileOutcome, name: &str) -> String {
    let said: Vec<_> = outcome.diagnostics.iter().map(|one| one.message.clone()).collect();
    let artifacts = &outcome.compiled.as_ref().unwrap_or_else(|| panic!("{said:#?}")).artifacts;
    let found = artifacts.get(&format!("bundle/.ebextensions/{name}"));
    found.map(|file| String::from_utf8(file.bytes.clone()).unwrap()).unwrap_or_default()
}

fn parsed(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

fn faults(list: &str) -> Vec<(&'static str, usize)> {
    let outcome = compiled(list);
    let loud = outcome.diagnostics.iter().filter(|one| one.rule.name.starts_with("tranship/patch"));
    loud.map(|one| {
        let span = outcome.sources.place(one.labels[0].origin).unwrap();
        (
            one.rule.name,
            outcome.sources.file(span.file).unwrap().location(span.start).line - SHOP.lines().count(),
        )
    })
    .collect()
}

#[test]
fn options_are_set_replaced_and_left_out() {
    let outcome = compiled(
        "    - option: aws:autoscaling:asg
      merge: { MaxSize: 4, Cooldown: 120 }
    - option: aws:elasticbeanstalk:managedactions
      remove: PreferredStartTime
    - option: aws:elasticbeanstalk:application:environment
      merge: { TOPIC: !Ref Topic, PLACE: !Sub \"a-$${AWS::Region}\" }
    - resource: Topic
      add: { Type: AWS::SNS::Topic }
",
    );
    let text = file(&outcome, "10-options.config");
    let options = &parsed(&text)["option_settings"];
    assert_eq!(options["aws:autoscaling:asg"], json!({ "MinSize": "1", "MaxSize": "4", "Cooldown": "120" }));
    assert!(options["aws:elasticbeanstalk:managedactions"].get("PreferredStartTime").is_none());
    let properties = &options["aws:elasticbeanstalk:application:environment"];
    assert_eq!(properties["TOPIC"], "`{\"Ref\":\"Topic\"}`");
    assert_eq!(properties["PLACE"], "`{\"Fn::Join\":[\"\",[\"a-\",{\"Ref\":\"AWS::Region\"}]]}`");
    assert!(text.contains("\"MaxSize\": \"4\"  # changed by x-tranship.patch[0]"), "{text}");
    let patches = &outcome.report.as_ref().unwrap().patches;
    let change = &patches[0].changes[0];
    assert_eq!((&*patches[0].entry, &*change.path), ("aws:autoscaling:asg", "MaxSize"));
    assert_eq!((change.before.clone(), change.after.clone()), (Some(json!("2")), Some(json!("4"))));
    assert_eq!(patches[1].changes[0].after, None);
}

#[test]
fn resources_of_the_bundle_are_changed_in_their_file() {
    let outcome = compiled(
        "    - resource: AWS::RDS::DBInstance
      service: db
      merge: { Properties: { BackupRetentionPeriod: 14 } }
    - resource: DbDatabase
      at: Properties.VPCSecurityGroups
      append: [sg-0123456789abcdef0]
",
    );
    let text = file(&outcome, "25-databases.config");
    let resources = &parsed(&text)["Resources"];
    let properties = &resources["DbDatabase"]["Properties"];
    assert_eq!(properties["BackupRetentionPeriod"], 14);
    assert_eq!(properties["Engine"], "postgres");
    let groups = json!([{ "Fn::GetAtt": ["DbSecurityGroup", "GroupId"] }, "sg-0123456789abcdef0"]);
    assert_eq!(properties["VPCSecurityGroups"], groups);
    let password = json!({ "Fn::Join": ["", ["{{resolve:secretsmanager:", { "Ref": "DbCredentials" }, ":SecretString:password}}"]] });
    assert_eq!(properties["MasterUserPassword"], password);
    assert_eq!(resources["DbCredentials"]["Type"], "AWS::SecretsManager::Secret", "the others stay");
    assert!(
        text.contains(
            "  # changed by x-tranship.patch[0]\n  # changed by x-tranship.patch[1]\n  DbDatabase:\n"
        ),
        "{text}"
    );
    assert_eq!(text.matches("DbDatabase:").count(), 1);
    assert_eq!(file(&outcome, "90-patch.config"), "");
}

#[test]
fn what_is_new_stands_in_a_file_of_its_own() {
    let outcome = compiled(
        "    - resource: AWSEBAutoScalingGroup
      merge: { Properties: { Cooldown: \"120\" } }
    - resource: Queue
      add: { Type: AWS::SQS::Queue, Properties: { QueueName: !Join [\"-\", [jobs, !Ref AWSEBSecurityGroup]] } }
    - resource: DbSecretAttachment
      remove: true
",
    );
    let added = parsed(&file(&outcome, "90-patch.config"));
    assert_eq!(
        added["Resources"],
        json!({
            "AWSEBAutoScalingGroup": { "Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": { "Cooldown": "120" } },
            "Queue": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": { "Fn::Join": ["-", ["jobs", { "Ref": "AWSEBSecurityGroup" }]] } } },
        })
    );
    let rest = parsed(&file(&outcome, "25-databases.config"));
    assert!(
        rest["Resources"].get("DbSecretAttachment").is_none()
            && rest["Resources"].get("DbDatabase").is_some()
    );
}

#[test]
fn a_change_that_cannot_be_made_is_told_at_its_line() {
    for (list, rule, line) in [
        ("    - resource: AWSEBAutoScalingGroup\n      remove: true\n", "tranship/patch-place", 3),
        (
            "    - resource: AWSEBAutoScalingGroup\n      at: Properties.Cooldown\n      replace: 1\n",
            "tranship/patch-place",
            4,
        ),
        ("    - resource: AWSEBNothing\n      merge: { Properties: { A: 1 } }\n", "tranship/patch-target", 3),
        (
            "    - resource: Other\n      add:\n        Type: AWS::X::Y\n        Properties:\n          A: !Select [0, [a]]\n",
            "tranship/patch-value",
            3,
        ),
        ("    - option: aws:autoscaling:asg\n      remove:\n      - MinSiz\n", "tranship/patch-place", 5),
        ("    - option: autoscaling:asg\n      merge: { A: 1 }\n", "tranship/patch-target", 3),
        ("    - option: aws:autoscaling:asg\n      merge: { MinSize: [1] }\n", "tranship/patch-value", 3),
        (
            "    - option: aws:autoscaling:asg\n      merge: { MinSize: 1 }\n",
            "tranship/patch-without-effect",
            3,
        ),
        (
            "    - option: aws:elasticbeanstalk:application:environmentsecrets\n      merge: { DATABASE_URL: x }\n",
            "tranship/patch-target",
            3,
        ),
        (
            "    - resource: Topic\n      add:\n        Type: AWS::SNS::Topic\n        Properties:\n          A: !Ref Missing\n",
            "tranship/patch-breaks",
            7,
        ),
        (
            "    - resource: DbDatabase\n      merge: { Properties: { PubliclyAccessible: true } }\n",
            "tranship/patch-weakens",
            3,
        ),
        (
            "    - resource: DbDatabase\n      merge: { DeletionPolicy: Delete }\n",
            "tranship/patch-weakens",
            3,
        ),
    ] {
        let found = faults(list);
        assert!(found.contains(&(rule, line)), "{list}: {found:?}");
    }
}

/// The files of an environment have no other section than `Resources`, and no conditions.
#[test]
fn conditions_and_mappings_are_those_of_stacks() {
    let condition = "    - resource: Alarms\n      add: { Type: AWS::SNS::Topic, Condition: IsProd }\n";
    let merged = "    - resource: AWSEBAutoScalingGroup\n      merge: { Condition: IsProd }\n";
    for list in [condition, merged] {
        let outcome = compiled(list);
        let found = outcome.diagnostics.iter().find(|one| one.rule.name == "tranship/patch-value");
        let message = found.map(|one| one.message.as_str());
        assert_eq!(
            message,
            Some("Elastic Beanstalk documents no `Condition` for its configuration files"),
            "{list}"
        );
        assert!(outcome.compiled.is_none());
    }
    let stack = "    - condition: IsProd\n      add: !Equals [a, b]\n    - mapping: Sizes\n      add: { a: { b: c } }\n";
    let outcome = compiled(stack);
    assert!(outcome.compiled.is_some());
    let row = |key: &str| {
        let rows = &outcome.report.as_ref().unwrap().rows;
        rows.iter().find(|row| row.key.starts_with(key)).unwrap().disposition
    };
    assert_eq!([row("x-tranship.patch[0].add"), row("x-tranship.patch[1].add")], ["ignored", "ignored"]);
}
