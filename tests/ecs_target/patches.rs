//! `x-tranship.patch` on both ECS targets: what is changed, what is said where a change cannot be made.

use super::{compiled, of_type, properties, said, template, template_of};
use tranship::diagnostic::Severity;
use tranship::targets::TargetDeployment;

const WEB: &str = "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n";

fn patched(list: &str) -> String {
    format!("{WEB}x-tranship:\n  patch:\n{list}")
}

/// What is said of changes, notes left out: the rule and the line that it is said at.
fn faults(list: &str) -> Vec<(&'static str, usize)> {
    let outcome = compiled("fargate", &patched(list));
    let loud = outcome.diagnostics.iter().filter(|one| one.severity != Severity::Note);
    loud.map(|one| {
        let span = outcome.sources.place(one.labels[0].origin).unwrap();
        (one.rule.name, outcome.sources.file(span.file).unwrap().location(span.start).line)
    })
    .collect()
}

#[test]
fn a_merge_changes_the_resource_and_is_told_beside_it_and_in_the_report() {
    let text = patched(
        "    - resource: WebTaskDefinition\n      at: Properties.ContainerDefinitions[Name=web]\n      merge:\n        LinuxParameters: { InitProcessEnabled: true }\n        StopTimeout: 90\n",
    );
    for target in ["fargate", "ecs-ec2"] {
        let template = template_of(target, &text);
        let container = &properties(&template, "WebTaskDefinition")["ContainerDefinitions"][0];
        assert_eq!(container["LinuxParameters"]["InitProcessEnabled"], true, "{target}");
        assert_eq!(container["StopTimeout"], 90);
        assert_eq!(container["Image"], "nginx:1.27", "what is not named stays");
    }
    let outcome = compiled("fargate", &text);
    let artifacts = &outcome.compiled.as_ref().unwrap().artifacts;
    let yaml = String::from_utf8(artifacts.get("template.yaml").unwrap().bytes.clone()).unwrap();
    assert!(yaml.contains("  # changed by x-tranship.patch[0]\n  WebTaskDefinition:\n"), "{yaml}");
    assert_eq!(yaml.matches("changed by").count(), 1);
    let patches = &outcome.report.unwrap().patches;
    assert_eq!(
        (patches.len(), &*patches[0].key, &*patches[0].entry),
        (1, "x-tranship.patch[0]", "Resources.WebTaskDefinition")
    );
    let change = &patches[0].changes[1];
    assert_eq!(change.path, "Properties.ContainerDefinitions[Name=web].StopTimeout");
    assert_eq!((change.before.clone(), change.after.clone()), (None, Some(90.into())));
}

#[test]
fn a_type_means_the_resources_of_the_service() {
    let text = "services:
  web:
    image: nginx:1.27
    ports: [\"80:80\"]
    x-tranship:
      patch: [{ resource: AWS::Logs::LogGroup, merge: { Properties: { RetentionInDays: 3 } } }]
  api:
    image: acme/api
x-tranship:
  patch:
    - { resource: AWS::ECS::Service, service: api, merge: { Properties: { EnableExecuteCommand: true } } }
    - { resource: AWS::ECS::TaskDefinition, merge: { Properties: { Tags: [{ Key: a, Value: b }] } } }
";
    let template = template(text);
    assert_eq!(properties(&template, "WebLogGroup")["RetentionInDays"], 3);
    assert_eq!(properties(&template, "ApiLogGroup")["RetentionInDays"], 7);
    assert_eq!(properties(&template, "ApiService")["EnableExecuteCommand"], true);
    assert_eq!(properties(&template, "WebService")["EnableExecuteCommand"], false);
    for id in of_type(&template, "AWS::ECS::TaskDefinition") {
        assert_eq!(properties(&template, id)["Tags"][0]["Value"], "b");
    }
}

#[test]
fn entries_are_added_removed_and_deployed() {
    let text = patched(
        "    - parameter: Mail
      add: { Type: String, NoEcho: true, Description: m }
    - resource: Topic
      add: { Type: AWS::SNS::Topic, Properties: { Name: !Sub \"$${AWS::StackName}-$${Mail}\", Vpc: !Ref VpcId } }
    - resource: Deployer
      add: { Type: AWS::IAM::Role, Properties: { RoleName: deployer } }
    - output: TopicArn
      add: { Value: !Ref Topic }
    - output: Url
      remove: true
",
    );
    let template = template(&text);
    assert_eq!(properties(&template, "Topic")["Name"], "${AWS::StackName}-${Mail}");
    assert_eq!(template["Outputs"]["TopicArn"]["Value"], "Topic");
    assert!(template["Outputs"].get("Url").is_none());
    let compiled = compiled("fargate", &text).compiled.unwrap();
    let TargetDeployment::Stack(stack) = compiled.deployment else { panic!("a stack") };
    let mail = stack.parameters.iter().find(|parameter| parameter.name == "Mail").unwrap();
    assert!(mail.secret && !mail.has_default);
    assert_eq!(stack.capabilities, ["CAPABILITY_NAMED_IAM"]);
    let gone = patched(
        "    - { resource: Listener, remove: true }\n    - { resource: WebService, at: DependsOn, append: [Cluster] }\n",
    );
    let outcome = super::compiled("fargate", &gone);
    assert!(outcome.compiled.is_some(), "{:#?}", said(&outcome));
    assert_eq!(outcome.report.unwrap().patches.len(), 2);
}

#[test]
fn a_change_that_cannot_be_made_is_told_at_its_line() {
    let cases = [
        ("    - resource: WebServise\n      merge: { Properties: {} }\n", "tranship/patch-target", 7),
        ("    - resource: AWS::ECS::Servise\n      merge: { Properties: {} }\n", "tranship/patch-target", 7),
        (
            "    - resource: AWS::ECS::Service\n      service: webb\n      merge: { A: 1 }\n",
            "tranship/patch-target",
            8,
        ),
        ("    - resource: Cluster\n      add: { Type: AWS::ECS::Cluster }\n", "tranship/patch-target", 7),
        ("    - parameter: Cluster\n      add: { Type: String }\n", "tranship/patch-target", 7),
        (
            "    - resource: VpcId\n      add: { Type: AWS::ECS::Cluster }\n    - parameter: Other\n      remove: true\n",
            "tranship/patch-target",
            9,
        ),
        (
            "    - resource: WebService\n      at: Properties.Nothing\n      replace: 1\n",
            "tranship/patch-place",
            8,
        ),
        (
            "    - resource: WebService\n      at: Properties.LoadBalancers[ContainerName=app]\n      merge: { A: 1 }\n",
            "tranship/patch-place",
            8,
        ),
        (
            "    - resource: WebService\n      remove:\n      - Properties.Nothing\n",
            "tranship/patch-place",
            9,
        ),
        (
            "    - resource: WebService\n      at: Properties.Cluster.Name\n      replace: 1\n",
            "tranship/patch-place",
            8,
        ),
        (
            "    - resource: WebService\n      at: Properties..X\n      replace: 1\n",
            "tranship/patch-place",
            8,
        ),
        ("    - resource: Web-Service\n      merge: { A: 1 }\n", "tranship/patch-value", 7),
        ("    - resource: WebService\n      merge: { Propertys: {} }\n", "tranship/patch-value", 7),
        ("    - resource: WebService\n      merge: { Type: AWS::X::Y }\n", "tranship/patch-value", 7),
        (
            "    - resource: WebService\n      merge:\n        Properties:\n          Role: !Nothing x\n",
            "tranship/patch-value",
            10,
        ),
        (
            "    - resource: WebService\n      merge:\n        Properties:\n          Role: !Ref Missing\n",
            "tranship/patch-breaks",
            10,
        ),
        ("    - resource: Cluster\n      remove: true\n", "tranship/patch-breaks", 7),
        ("    - resource: Cluster\n      merge: { DependsOn: WebService }\n", "tranship/patch-breaks", 7),
        (
            "    - resource: WebService\n      merge:\n        Properties:\n          AuthToken: not-for-everyone-77\n",
            "app/secret-in-plain-text",
            10,
        ),
        (
            "    - resource: WebTaskDefinition\n      at: Properties.ContainerDefinitions[Name=web]\n      merge:\n        Environment:\n        - Name: API_TOKEN\n          Value: not-for-everyone-77\n",
            "tranship/patch-secret",
            12,
        ),
        (
            "    - resource: WebTaskDefinition\n      merge: { Properties: { NetworkMode: awsvpc } }\n",
            "tranship/patch-without-effect",
            7,
        ),
        ("    - resource: WebService\n      merge: { A: ~ }\n", "tranship/invalid-setting", 8),
        (
            "    - resource: WebService\n      remove: true\n      merge: { A: 1 }\n",
            "tranship/invalid-setting",
            7,
        ),
        ("    - remove: true\n", "tranship/invalid-setting", 7),
    ];
    for (list, rule, line) in cases {
        let found = faults(list);
        assert!(found.contains(&(rule, line)), "{list}: {found:?}");
    }
}

#[test]
fn every_fault_of_every_change_is_told_and_no_secret_is_shown() {
    let list = "    - { resource: Nothing, merge: { A: 1 } }\n    - { resource: Cluster, at: Properties.X, replace: 1 }\n";
    assert_eq!(faults(list), [("tranship/patch-target", 7), ("tranship/patch-place", 8)]);
    let secret = patched(
        "    - resource: WebService\n      merge: { Properties: { MasterUserPassword: walnut-77-oak } }\n",
    );
    let outcome = compiled("fargate", &secret);
    assert!(outcome.compiled.is_none());
    assert!(said(&outcome).iter().all(|line| !line.contains("walnut-77-oak")));
    let kept = patched(
        "    - resource: Key\n      add: { Type: AWS::X::Y, Properties: { Password: \"{{resolve:secretsmanager:prod/db:SecretString:password}}\" } }\n",
    );
    let read = template(&kept);
    assert_eq!(
        properties(&read, "Key")["Password"],
        "{{resolve:secretsmanager:prod/db:SecretString:password}}"
    );
}

#[test]
fn what_gives_up_protection_is_made_and_told() {
    let open = "    - resource: WebSecurityGroup\n      merge: { Properties: { SecurityGroupIngress: [{ IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0 }] } }\n";
    assert_eq!(faults(open), [("tranship/patch-weakens", 7)]);
    let more = "    - resource: LoadBalancerSecurityGroup\n      merge: { Properties: { GroupDescription: Public } }\n";
    assert_eq!(faults(more), [], "the port that is open anyway is not told");
    assert!(compiled("fargate", &patched(open)).compiled.is_some());
}

#[test]
fn other_targets_leave_a_change_out() {
    let text = patched(
        "    - resource: WebService\n      targets: ecs-ec2\n      merge: { Properties: { X: 1 } }\n    - option: aws:autoscaling:asg\n      merge: { MinSize: 2 }\n",
    );
    let outcome = compiled("fargate", &text);
    let row = |key: &str| {
        let rows = &outcome.report.as_ref().unwrap().rows;
        rows.iter().find(|row| row.key == key).unwrap().disposition
    };
    assert!(outcome.compiled.is_some() && outcome.report.as_ref().unwrap().patches.is_empty());
    assert_eq!(row("x-tranship.patch[0].merge.Properties.X"), "ignored");
    assert_eq!(row("x-tranship.patch[1].merge.MinSize"), "ignored");
}

/// The messages and the help of errors.
fn messages(list: &str) -> Vec<(String, String)> {
    let outcome = compiled("fargate", &patched(list));
    let errors = outcome.diagnostics.iter().filter(|one| one.severity == Severity::Error);
    errors.map(|one| (one.message.clone(), one.help.join("; "))).collect()
}

#[test]
fn conditions_and_mappings_are_added_and_used() {
    let text = patched(
        "    - parameter: Size
      add: { Type: String, Default: small }
    - mapping: Sizes
      add:
        small: { Memory: 512, Names: [a, b] }
        large: { Memory: 2048, Names: [c] }
    - mapping: Sizes
      at: large
      merge: { Memory: 4096 }
    - condition: IsLarge
      add: !Equals [!Ref Size, large]
    - condition: IsHere
      add:
        Fn::And:
          - !Condition IsLarge
          - !Not [{ Fn::Equals: [!Ref AWS::Region, eu-west-1] }]
          - !Or [!Condition IsLarge, { Condition: IsLarge }]
    - resource: Topic
      add: { Type: AWS::SNS::Topic, Condition: IsHere, Properties: { DisplayName: !FindInMap [Sizes, !Ref Size, Memory] } }
    - output: Memory
      add: { Value: !If [IsLarge, !FindInMap [Sizes, large, Memory], 1], Condition: IsLarge }
",
    );
    for target in ["fargate", "ecs-ec2"] {
        let template = template_of(target, &text);
        assert_eq!(template["Mappings"]["Sizes"]["large"]["Memory"], 4096);
        assert_eq!(template["Mappings"]["Sizes"]["small"]["Names"][1], "b");
        assert_eq!(template["Conditions"]["IsLarge"], serde_json::json!(["Size", "large"]));
        assert_eq!(
            template["Conditions"]["IsHere"],
            serde_json::json!(["IsLarge", [["AWS::Region", "eu-west-1"]], ["IsLarge", "IsLarge"]])
        );
        assert_eq!(template["Resources"]["Topic"]["Condition"], "IsHere");
        assert_eq!(template["Outputs"]["Memory"]["Condition"], "IsLarge");
        assert_eq!(template["Parameters"]["Size"]["Default"], "small");
    }
    let report = compiled("fargate", &text).report.unwrap();
    let entries: Vec<&str> = report.patches.iter().map(|one| one.entry.as_str()).collect();
    assert!(entries.contains(&"Conditions.IsHere") && entries.contains(&"Mappings.Sizes"), "{entries:?}");
}

#[test]
fn a_condition_is_replaced_and_taken_away_as_a_whole() {
    let equals = "    - condition: IsLarge\n      add: !Equals [a, b]\n";
    let replaced = template(&patched(&format!(
        "{equals}    - condition: IsLarge\n      replace: !Not [!Equals [c, d]]\n"
    )));
    assert_eq!(replaced["Conditions"]["IsLarge"], serde_json::json!([["c", "d"]]));
    let gone = template(&patched(&format!("{equals}    - condition: IsLarge\n      remove: true\n")));
    assert_eq!(gone["Conditions"], serde_json::Value::Null);
    for wrong in ["merge: { A: b }", "at: A\n      replace: b", "remove: A", "append: [a]\n      at: A"] {
        let found = faults(&format!("    - condition: IsLarge\n      {wrong}\n"));
        assert_eq!(found, [("tranship/invalid-setting", 7)], "{wrong}");
    }
    assert_eq!(faults("    - resource: A\n      add: [a]\n"), [("tranship/invalid-setting", 7)]);
    assert_eq!(
        faults(&format!("{equals}    - condition: IsLarge\n      replace: !Equals [a, b]\n")).len(),
        1,
        "no effect"
    );
}

/// What CloudFormation knows of names before it creates anything is checked here.
#[test]
fn unknown_names_of_conditions_and_mappings_are_told() {
    let mapping = "    - mapping: Sizes\n      add: { large: { Memory: 1 } }\n";
    let output = |value: &str| format!("{mapping}    - output: Here\n      add: {{ Value: {value} }}\n");
    let cases = [
        (
            output("!FindInMap [Sizes, larg, Memory]"),
            "looks up `larg`, which the mapping `Sizes` does not have",
            "did you mean `large`?",
        ),
        (output("!FindInMap [Sizes, large, Memori]"), "looks up `Memori`", "did you mean `Memory`?"),
        (output("!FindInMap [Sizes, !Ref AWS::Region, Cpu]"), "looks up `Cpu`", "add the key"),
        (
            output("!FindInMap [Size, large, Memory]"),
            "refers to `Size`, which is not defined",
            "did you mean `Sizes`?",
        ),
        (output("x, Condition: IsLarge"), "refers to `IsLarge`, which is not defined", "add what is missing"),
        (
            "    - condition: IsLarge\n      add: !Equals [!Ref Cluster, a]\n".into(),
            "the condition `IsLarge` refers to the resource `Cluster`",
            "no resource exists yet",
        ),
        (
            "    - condition: IsLarge\n      add: !Equals [!GetAtt Cluster.Arn, a]\n".into(),
            "the condition `IsLarge` refers to the resource `Cluster`",
            "no resource exists yet",
        ),
        (
            "    - condition: IsLarge\n      add: !Not [!Condition IsLarg]\n".into(),
            "refers to `IsLarg`, which is not defined",
            "did you mean `IsLarge`?",
        ),
        (
            "    - condition: A\n      add: !Condition B\n    - condition: B\n      add: !Condition A\n"
                .into(),
            "circular dependency: A -> B -> A",
            "correct the change",
        ),
        (
            "    - condition: A\n      add: !Equals [a]\n".into(),
            "`Equals` needs two values",
            "!Equals [!Ref Size, large]",
        ),
        (
            "    - condition: A\n      add: !And [!Condition B]\n".into(),
            "`And` needs 2 to 10 conditions",
            "!And [",
        ),
        (
            "    - condition: A\n      add: !Not [!Condition B, !Condition C]\n".into(),
            "`Not` needs a list with one condition",
            "!Not [!Condition IsLarge]",
        ),
        ("    - condition: A\n      add: !Ref B\n".into(), "a condition is one of the functions", "!Equals"),
        (
            "    - condition: A\n      add: { X: 1, Y: 2 }\n".into(),
            "a condition is one of the functions",
            "!Equals",
        ),
        (
            "    - condition: A\n      remove: true\n".into(),
            "changes the condition `A`, which does not exist",
            "add it with `add`",
        ),
        (
            "    - mapping: A\n      add: { k: v }\n".into(),
            "`k` must be a mapping of names to strings",
            "as a CloudFormation template has it",
        ),
        (
            "    - mapping: A\n      add: { k: { a: !Ref B } }\n".into(),
            "`k` must be a mapping of names to strings",
            "as a CloudFormation template has it",
        ),
        (format!("{mapping}{mapping}"), "adds the mapping `Sizes`, which exists already", "use another name"),
    ];
    for (list, message, help) in cases {
        let found = messages(&list);
        let (said, helped) = found.first().unwrap_or_else(|| panic!("nothing is said of {list}"));
        assert!(said.contains(message) && helped.contains(help), "{list}\n{said}\n{helped}");
    }
    assert_eq!(faults(&output("!FindInMap [Sizes, !Ref AWS::Region, Memory]")), []);
}
