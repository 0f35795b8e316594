//! What is reachable outside of the application: everything, or what the manifest declares.

use super::*;
use tranship::diagnostic::Severity;

/// The outbound rules of a group, as `to protocol ports`.
fn outbound(template: &Value, group: &str) -> Vec<String> {
    let rules = properties(template, group)["SecurityGroupEgress"].as_array().unwrap().clone();
    let shown = |rule: &Value| {
        let to = rule.get("CidrIp").or(rule.get("CidrIpv6")).unwrap().as_str().unwrap().to_owned();
        let protocol = rule["IpProtocol"].as_str().unwrap().to_owned();
        match (rule.get("FromPort"), rule.get("ToPort")) {
            (Some(from), Some(last)) if from == last => format!("{to} {protocol} {from}"),
            (Some(from), Some(last)) => format!("{to} {protocol} {from}-{last}"),
            _ => format!("{to} {protocol}"),
        }
    };
    rules.iter().map(shown).collect()
}

/// Warnings and errors.
fn warned(outcome: &CompileOutcome) -> Vec<&'static str> {
    let loud = outcome.diagnostics.iter().filter(|it| it.severity != Severity::Note);
    loud.map(|it| it.rule.name).collect()
}

const EVERYTHING: [&str; 2] = ["0.0.0.0/0 -1", "::/0 -1"];
const DECLARED: [&str; 4] = ["0.0.0.0/0 tcp 443", "0.0.0.0/0 tcp 80", "0.0.0.0/0 udp 53", "0.0.0.0/0 tcp 53"];

const MAIL: &str = "services:
  app: { image: a, ports: ['80:80'], environment: { SMTP: 'smtp://mail.example.com:587', A: 'http://api:9000' } }
  api: { image: b, expose: [9000], environment: { PGHOST: pg.example.com } }
";

#[test]
fn everything_outside_is_reachable_by_a_written_rule() {
    let template = template(MAIL);
    for group in ["AppSecurityGroup", "ApiSecurityGroup"] {
        assert_eq!(outbound(&template, group), EVERYTHING, "{group}");
        let rule = &properties(&template, group)["SecurityGroupEgress"][0];
        assert_eq!(rule["Description"], "Everything, as under Docker Compose; egress: declared closes it");
    }
    let machines = template_of("ecs-ec2", MAIL);
    assert_eq!(outbound(&machines, "InstanceSecurityGroup"), EVERYTHING);
}

#[test]
fn declared_opens_what_values_name() {
    let text = format!("{MAIL}x-tranship: {{ egress: declared }}\n");
    let fargate = template(&text);
    let with = |more: &[&str]| DECLARED.iter().chain(more).map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(outbound(&fargate, "AppSecurityGroup"), with(&["0.0.0.0/0 tcp 587"]));
    assert_eq!(outbound(&fargate, "ApiSecurityGroup"), with(&["0.0.0.0/0 tcp 5432"]));
    let machines = template_of("ecs-ec2", &text);
    assert_eq!(outbound(&machines, "InstanceSecurityGroup"), with(&["0.0.0.0/0 tcp 587"]));
    assert_eq!(outbound(&machines, "ApiSecurityGroup"), with(&["0.0.0.0/0 tcp 5432"]));
}

#[test]
fn a_service_decides_and_adds_to_the_list_of_its_environment() {
    let text = "services:
  app: { image: a, ports: ['80:80'] }
  free: { image: b, x-tranship: { egress: open } }
  more: { image: c, x-tranship: { egress: { allow: [{ to: '2001:db8::/32', port: 9000-9010 }, { to: 192.0.2.7, port: 514, protocol: udp }] } } }
x-tranship: { egress: { allow: [{ to: 10.1.2.3/8 }, { port: 443 }] } }
";
    let template = template(text);
    let with = |more: &[&str]| DECLARED.iter().chain(more).map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(outbound(&template, "AppSecurityGroup"), with(&["10.0.0.0/8 -1"]));
    assert_eq!(outbound(&template, "FreeSecurityGroup"), EVERYTHING);
    let more = with(&["10.0.0.0/8 -1", "2001:db8::/32 tcp 9000-9010", "192.0.2.7/32 udp 514"]);
    assert_eq!(outbound(&template, "MoreSecurityGroup"), more);
}

/// Where all tasks have interfaces of their own, the machines only pull images and talk to AWS.
#[test]
fn machines_without_a_task_in_bridge_mode_follow_the_environment() {
    let text = "services:\n  a: { image: a, network_mode: 'service:b' }\n  b: { image: b }\n";
    assert_eq!(outbound(&template_of("ecs-ec2", text), "InstanceSecurityGroup"), EVERYTHING);
    let declared = format!("{text}x-tranship: {{ egress: declared }}\n");
    let template = template_of("ecs-ec2", &declared);
    assert_eq!(outbound(&template, "InstanceSecurityGroup"), ["0.0.0.0/0 tcp 443"]);
    assert!(properties(&template, "InstanceSecurityGroup").get("SecurityGroupIngress").is_none());
}

#[test]
fn a_group_that_is_shared_is_as_open_as_its_most_open_service() {
    let text = "services:
  app: { image: a, x-tranship: { egress: declared } }
  side: { image: b, network_mode: 'service:app' }
";
    let outcome = compiled("fargate", text);
    assert_eq!(warned(&outcome), Vec::<&str>::new());
    assert_eq!(outbound(&template(text), "AppSecurityGroup"), DECLARED, "a sidecar follows its task");
    let open = text.replace("'service:app'", "'service:app', x-tranship: { egress: open }");
    assert_eq!(warned(&compiled("fargate", &open)), ["ecs/shared-egress"]);
    assert_eq!(outbound(&template(&open), "AppSecurityGroup"), EVERYTHING);
    let machine = "services:
  app: { image: a, x-tranship: { egress: declared } }
  other: { image: b, environment: { HOOK: 'https://hooks.example.com' } }
";
    assert_eq!(warned(&compiled("ecs-ec2", machine)), ["ecs/shared-egress"]);
    assert_eq!(warned(&compiled("fargate", machine)), Vec::<&str>::new());
}

#[test]
fn what_declared_cannot_open_is_said() {
    let text = "services:
  app: { image: a, environment: { DB_HOST: shop.example.com, API_URL: 'https://api.example.com' } }
x-tranship: { egress: { allow: [{ to: ldap.example.com, port: 636 }] } }
";
    let outcome = compiled("fargate", text);
    assert_eq!(warned(&outcome), ["ecs/egress-by-name", "ecs/unknown-outbound-port"]);
    let said = said(&outcome).join("\n");
    assert!(said.contains("every address for `ldap.example.com`"), "{said}");
    assert!(said.contains("the hosts in `services.app.environment.DB_HOST`"), "{said}");
    let report = outcome.report.unwrap();
    let row = report.rows.iter().find(|row| row.key == "x-tranship.egress.allow[0].to").unwrap();
    assert_eq!((row.disposition, row.value.as_deref()), ("approximated", Some("`0.0.0.0/0`")));
}

#[test]
fn the_report_says_what_is_open_and_why() {
    let text = format!("{MAIL}x-tranship: {{ egress: {{ allow: [{{ to: 10.0.0.0/8, port: 1521 }}] }} }}\n");
    let outbound = compiled("fargate", &text).report.unwrap().outbound;
    let app: Vec<(&str, &str, &str)> = outbound
        .iter()
        .filter(|it| it.task == "app" && it.key.is_some())
        .map(|it| (it.to.as_str(), it.ports.as_str(), it.key.as_deref().unwrap()))
        .collect();
    assert_eq!(
        app,
        [
            ("0.0.0.0/0", "587", "services.app.environment.SMTP"),
            ("10.0.0.0/8", "1521", "x-tranship.egress.allow[0]")
        ]
    );
    let open = compiled("beanstalk", MAIL).report.unwrap().outbound;
    assert_eq!((open[0].task.as_str(), open[0].to.as_str()), ("*", "0.0.0.0/0"));
}
