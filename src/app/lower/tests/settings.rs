use super::{Lowered, lowered, lowered_for, print};
use crate::{DeploymentPosture, EnvironmentChoice, NetworkSetting};
use tranship_frontend::diagnostic::Severity;

const TWO: &str = "services:
  app: { image: a }
  test: { image: a }
  load: { image: a }
x-tranship:
  region: eu-west-1
  log_retention: 30
  skip: [test]
  accept: [app/literal-secret]
  environments:
    dev: { target: beanstalk, instance_type: t3.small }
    prod:
      target: fargate
      region: us-east-1
      posture: prod
      skip: [load]
      network: { vpc: vpc-1, public_subnets: [subnet-1], private_subnets: [subnet-2, subnet-3] }
      discovery: { namespace: services.example.org }
      https: { certificate: 'arn:aws:acm:x' }
      instances: { min: 1, max: 3 }
      tags: { team: web }
";

#[test]
fn an_environment_stands_over_the_defaults() {
    let lowered = lowered_for(TWO, &EnvironmentChoice::Environment("prod".to_owned()));
    let settings = &lowered.app().settings;
    assert_eq!(lowered.app().environment.target, "fargate");
    assert_eq!(settings.region.as_ref().map(|region| region.value.as_str()), Some("us-east-1"));
    assert_eq!(settings.log_retention.as_ref().map(|days| days.value.days()), Some(30));
    assert_eq!(settings.posture(), DeploymentPosture::Prod);
    assert!(
        matches!(&settings.network, Some(NetworkSetting::Existing(network)) if network.private_subnets.len() == 2)
    );
    assert!(settings.accepts("app/literal-secret"));
    let services: Vec<&str> = lowered.app().services.keys().map(|name| &**name).collect();
    assert_eq!(services, ["app"]);
    for (key, disposition) in [
        ("x-tranship.environments.dev.instance_type", ("ignored", "belongs to another environment")),
        ("x-tranship.region", ("ignored", "the environment overrides it")),
        ("x-tranship.environments.prod.posture", ("exact", "settings of the compile")),
        ("x-tranship.environments.prod.region", ("ignored", "left to the target")),
        ("services.load.image", ("ignored", "the service is skipped")),
    ] {
        assert_eq!(lowered.disposition(key), disposition, "{key}");
    }
}

#[test]
fn a_target_takes_the_defaults_alone() {
    let lowered = lowered_for(TWO, &EnvironmentChoice::Target("fargate".to_owned()));
    let settings = &lowered.app().settings;
    assert_eq!(settings.region.as_ref().map(|region| region.value.as_str()), Some("eu-west-1"));
    assert_eq!(lowered.app().environment.name, None);
    assert!(lowered.app().services.contains_key("load"));
}

#[test]
fn every_mistake_is_told_where_it_stands() {
    for (extension, rule, said) in [
        ("{ skipp: [] }", "tranship/unknown-setting", "did you mean `skip`?"),
        ("{ target: fargat }", "tranship/invalid-setting", "did you mean `fargate`?"),
        ("{ network: old }", "tranship/invalid-setting", "`new` or a mapping"),
        ("{ network: { vpc: 12 } }", "tranship/invalid-setting", "starts with `vpc-`"),
        ("{ https: {} }", "tranship/invalid-setting", "certificate"),
        ("{ log_retention: soon }", "tranship/invalid-setting", "one of 1, 3, 5"),
        ("{ log_retention: 10 }", "tranship/invalid-setting", "the next supported number is 14"),
        ("{ region: Frankfurt }", "tranship/invalid-setting", "such as `eu-central-1`"),
        (
            "{ instances: { min: 3, max: 2 } }",
            "tranship/invalid-setting",
            "`min` (3) is greater than `max` (2)",
        ),
        ("{ public: true }", "tranship/unknown-setting", "belongs under `services.NAME.x-tranship`"),
        ("{ vpc: vpc-1 }", "tranship/unknown-setting", "belongs under `network`"),
        ("{ late_bound: [KNOWN], stack: 'a${KNOWN}' }", "app/late-bound-structure", "remove `KNOWN`"),
        ("{ skip: [ap] }", "tranship/unknown-service", "did you mean `app`?"),
        ("{ accept: [app/literal-secrets] }", "tranship/unknown-rule", "did you mean `app/literal-secret`?"),
        ("{ late_bound: [KNOWM] }", "tranship/unused-variable", "KNOWM"),
        (
            "{ environments: { dev: { posture: dev } } }",
            "tranship/invalid-setting",
            "add `target` to the environment",
        ),
        (
            "{ environments: { dev: { target: fargat } } }",
            "tranship/invalid-setting",
            "did you mean `fargate`?",
        ),
        (
            "{ environments: { '../dev': { target: fargate } } }",
            "tranship/invalid-setting",
            "invalid environment name `../dev` use letters, digits",
        ),
    ] {
        let lowered =
            lowered(&format!("services:\n  app: {{ image: 'a:${{KNOWN}}' }}\nx-tranship: {extension}\n"));
        assert_eq!(lowered.told(), [rule], "{extension}");
        let one = lowered.diagnostics.iter().next().expect("one");
        let all = format!("{} {}", one.message, one.help.join(" "));
        assert!(all.contains(said), "{extension}: {all}");
        assert!(!one.labels.is_empty(), "{extension}");
    }
}

#[test]
fn mistakes_of_services_and_volumes_are_told_together() {
    let lowered = lowered(
        "services:
  app:
    image: a
    volumes: ['data:/v']
    x-tranship:
      publik: true
      scale: { min: 1 }
      job: sometimes
      permissions: [{ action: s3:GetObject, resources: '*' }]
volumes:
  data: { x-tranship: { owner: www-data } }
",
    );
    assert!(lowered.application.is_none());
    let mut told = lowered.told();
    told.sort_unstable();
    let invalid = "tranship/invalid-setting";
    let unknown = "tranship/unknown-setting";
    assert_eq!(told, [invalid, invalid, invalid, invalid, unknown, unknown]);
}

#[test]
fn what_is_wrong_with_a_service_is_reported_if_it_is_deployed() {
    let manifest = |skip: &str| {
        format!(
            "services:
  app: {{ image: a, environment: {{ TAG: '${{TAG}}' }} }}
  other: {{ image: b, ports: ['${{KNOWN}}:80'], stop_grace_period: -5s, healthcheck: {{ disable: true }} }}
x-tranship: {{ late_bound: [TAG, KNOWN], skip: [{skip}] }}
"
        )
    };
    let skipped = lowered(&manifest("other"));
    assert_eq!(skipped.told(), Vec::<&str>::new());
    assert_eq!(skipped.app().late_bound.keys().map(|name| &**name).collect::<Vec<_>>(), ["TAG"]);
    assert_eq!(skipped.disposition("services.other.stop_grace_period").1, "the service is skipped");
    let mut told = lowered(&manifest("")).told();
    told.sort_unstable();
    assert_eq!(told, ["app/late-bound-structure", "app/negative-duration"]);
}

#[test]
fn the_version_of_a_managed_database_must_be_known() {
    let manifest = |version: &str| {
        format!(
            "services:
  db: {{ image: 'mysql:${{TAG}}', x-tranship: {{ database: {{ {version} }} }} }}
  app: {{ image: 'a:${{TAG}}' }}
x-tranship: {{ late_bound: [TAG] }}
"
        )
    };
    assert_eq!(lowered(&manifest("storage: 20")).told(), ["app/late-bound-structure"]);
    assert_eq!(lowered(&manifest("version: '8.4'")).told(), Vec::<&str>::new());
}

/// The diagnostics about settings that do nothing, as severity and message.
fn unused(lowered: &Lowered) -> Vec<(Severity, &str)> {
    let told = lowered.diagnostics.iter().filter(|one| one.rule.name == "tranship/unused-setting");
    told.map(|one| (one.severity, one.message.as_str())).collect()
}

const SEVERAL: &str = "services:
  app: { image: a, x-tranship: { scale: { min: 1, max: 2, memory: 50 } } }
  web: { image: a, x-tranship: { scale: { min: 1, max: 2, memory: 50 } } }
x-tranship:
  capacity: spot
  https: { certificate: 'arn:aws:acm:x', domain: example.org }
  environments:
    small: { target: beanstalk }
    large: { target: ecs-ec2, capacity: fargate }
    whole: { target: fargate }
";

#[test]
fn what_a_target_does_not_use_is_a_note_where_it_is_a_default_and_a_warning_where_the_environment_says_it() {
    let choice = |name: &str| EnvironmentChoice::Environment(name.to_owned());
    let small = lowered_for(SEVERAL, &choice("small"));
    assert_eq!(
        unused(&small),
        [
            (Severity::Note, "`capacity` has no effect on `beanstalk`: only `fargate` uses it"),
            (
                Severity::Note,
                "`https.domain` has no effect on `beanstalk`: only `fargate` and `ecs-ec2` use it"
            ),
            (
                Severity::Note,
                "`scale.memory` of `app`, `web` has no effect on `beanstalk`: only `fargate` and `ecs-ec2` use it"
            ),
        ]
    );
    assert_eq!(small.disposition("x-tranship.capacity"), ("ignored", "used by fargate only"));
    assert_eq!(small.disposition("x-tranship.https.certificate"), ("ignored", "left to the target"));
    let large = lowered_for(SEVERAL, &choice("large"));
    assert_eq!(
        unused(&large),
        [(Severity::Warning, "`capacity` has no effect on `ecs-ec2`: only `fargate` uses it")]
    );
    assert_eq!(large.disposition("x-tranship.capacity"), ("ignored", "the environment overrides it"));
    assert!(unused(&lowered_for(SEVERAL, &choice("whole"))).is_empty());
}

#[test]
fn a_default_of_one_target_that_it_does_not_use_is_a_warning() {
    let text = "services:\n  app: { image: a }\nx-tranship: { target: beanstalk, capacity: spot }\n";
    let lowered = lowered_for(text, &EnvironmentChoice::Target("beanstalk".to_owned()));
    assert_eq!(
        unused(&lowered),
        [(Severity::Warning, "`capacity` has no effect on `beanstalk`: only `fargate` uses it")]
    );
}

#[test]
fn a_number_in_place_of_text_keeps_its_digits() {
    let lowered = lowered(
        "services:
  db: { image: postgres, x-tranship: { database: { version: 16.10 } } }
  app: { image: a }
",
    );
    let version = lowered.app().databases["db"].version.as_ref().map(|version| version.value.as_str());
    assert_eq!(version, Some("16.10"));
}

#[test]
fn tags_and_permissions_may_hold_late_bound_variables() {
    let lowered = lowered(
        "services:
  app:
    image: a
    x-tranship: { permissions: [{ actions: 's3:GetObject', resources: 'arn:aws:s3:::${KNOWN}/*' }] }
x-tranship: { late_bound: [KNOWN, RELEASE], tags: { release: '${RELEASE}' } }
",
    );
    let app = lowered.app();
    assert_eq!(app.tags.iter().map(|tag| print(&tag.value)).collect::<Vec<_>>(), ["{$RELEASE}"]);
    assert_eq!(print(&app.services["app"].permissions[0].resources[0]), "arn:aws:s3:::{$KNOWN}/*");
    assert_eq!(app.late_bound.keys().map(|name| &**name).collect::<Vec<_>>(), ["KNOWN", "RELEASE"]);
}

#[test]
fn an_extension_in_a_place_where_it_is_not_read_is_an_error() {
    let lowered = lowered(
        "services:
  app: { image: a, networks: [inner] }
networks:
  inner: { x-tranship: { scope: task } }
",
    );
    assert_eq!(lowered.told(), ["tranship/unknown-setting"]);
}

#[test]
fn collections_without_an_entry_are_accounted_for() {
    let lowered =
        lowered("services:\n  app: { image: a, x-tranship: {} }\nx-tranship: { skip: [], tags: {} }\n");
    for key in ["services.app.x-tranship", "x-tranship.skip", "x-tranship.tags"] {
        assert_eq!(lowered.disposition(key).0, "exact", "{key}");
    }
}
