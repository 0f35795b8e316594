//! The account as the user sees it: what is lost or approximated is said, once for each kind, at its lines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileOutcome, CompileRequest, compile};
use tranship::compose::LoadOptions;
use tranship::diagnostic::Severity;
use tranship::world::Memory;

fn compiled(target: &str, manifest: &str) -> CompileOutcome {
    let world = Memory::new().file("compose.yaml", manifest.to_owned());
    let choice = EnvironmentChoice::Target(target.to_owned());
    compile(&CompileRequest { options: LoadOptions::default(), choice }, &world)
}

/// Lines of the manifest that a diagnostic points at.
fn lines(outcome: &CompileOutcome, labels: &[tranship::diagnostic::Label]) -> Vec<u32> {
    let places = labels.iter().filter_map(|label| outcome.sources.places(label.origin).first().cloned());
    let at = |place: tranship::source::Place| {
        outcome.sources.file(place.span.file).unwrap().location(place.span.start).line as u32
    };
    places.map(at).collect()
}

/// Every diagnostic of a rule: severity, lines, message.
fn of_rule(outcome: &CompileOutcome, rule: &str) -> Vec<(Severity, Vec<u32>, String)> {
    let found = outcome.diagnostics.iter().filter(|one| one.rule.name == rule);
    found.map(|one| (one.severity, lines(outcome, &one.labels), one.message.clone())).collect()
}

#[test]
fn a_restart_policy_that_ends_is_one_warning_for_all_services() {
    let manifest = "services:\n  web: { image: web, ports: [\"80:80\"] }\n  migrate:\n    image: web\n    \
                    restart: \"no\"\n  seed:\n    image: web\n    restart: \"no\"\n";
    for target in ["fargate", "ecs-ec2"] {
        let found = of_rule(&compiled(target, manifest), "target/approximated-key");
        let expected = format!(
            "`restart` of `migrate` and `seed` becomes `always` on {target}: an ECS service replaces every task that ends"
        );
        assert_eq!(found, [(Severity::Warning, vec![5, 8], expected)]);
    }
}

#[test]
fn an_equivalent_is_a_note() {
    let outcome = compiled("fargate", "services:\n  web:\n    image: web\n    ports: [\"8080:80\"]\n");
    let found = of_rule(&outcome, "target/approximated-key");
    let message = "`ports.published` of `web` becomes port 80 on fargate: the load balancer listens on the usual port";
    assert_eq!(found, [(Severity::Note, vec![4], message.to_owned())]);
}

#[test]
fn what_a_diagnostic_says_already_is_not_said_twice() {
    let check = "services:\n  app:\n    image: app\n    healthcheck:\n      test: [CMD, \"true\"]\n      interval: 1s\n";
    let outcome = compiled("fargate", check);
    assert_eq!(of_rule(&outcome, "ecs/health-check-range").len(), 1);
    assert_eq!(of_rule(&outcome, "target/approximated-key"), []);
    let volume = "services:\n  app: { image: app, volumes: [\"data:/data\"] }\nvolumes: { data: }\n";
    let outcome = compiled("beanstalk", volume);
    assert_eq!(of_rule(&outcome, "beanstalk/instance-volume").len(), 1);
    assert_eq!(of_rule(&outcome, "target/approximated-key"), []);
}

#[test]
fn ports_that_nobody_outside_can_reach_are_one_warning() {
    let manifest = "services:\n  web: { image: web, ports: [\"80:80\"] }\n  dns:\n    image: dns\n    ports:\n      \
                    - 53:53/udp\n      - 25:25\n";
    for target in ["fargate", "ecs-ec2", "beanstalk"] {
        let found = of_rule(&compiled(target, manifest), "app/unreachable-port");
        let message = "published ports are not reachable from outside, as the load balancer serves HTTP only: \
                       53/udp of `dns`, 25 of `dns`";
        assert_eq!(found, [(Severity::Warning, vec![6, 7], message.to_owned())], "{target}");
    }
}

#[test]
fn a_private_address_is_not_published_to_the_world() {
    for address in
        ["10.0.0.5", "172.20.1.1", "192.168.1.10", "169.254.7.7", "[::ffff:127.0.0.1]", "[fd00::1]"]
    {
        let manifest = format!("services:\n  web:\n    image: web\n    ports: [\"{address}:8080:80\"]\n");
        let outcome = compiled("fargate", &manifest);
        let template =
            outcome.compiled.as_ref().unwrap().artifacts.get("template.yaml").unwrap().bytes.clone();
        let text = String::from_utf8(template).unwrap();
        assert!(!text.contains("AWS::ElasticLoadBalancingV2::"), "{address}");
    }
    let open = compiled("fargate", "services:\n  web:\n    image: web\n    ports: [\"0.0.0.0:8080:80\"]\n");
    let template = open.compiled.as_ref().unwrap().artifacts.get("template.yaml").unwrap().bytes.clone();
    assert!(String::from_utf8(template).unwrap().contains("AWS::ElasticLoadBalancingV2::Listener"));
}
