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
