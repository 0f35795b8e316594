use super::{lowered, lowered_for};
use crate::{EnvironmentChoice, Network, Posture};

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
    assert_eq!(settings.target, "fargate");
    assert_eq!(settings.region.as_ref().map(|region| region.value.as_str()), Some("us-east-1"));
    assert_eq!(settings.log_retention.as_ref().map(|days| days.value), Some(30));
    assert_eq!(settings.posture, Posture::Prod);
    assert!(matches!(&settings.network, Network::Existing { private, .. } if private.len() == 2));
    assert!(settings.accept.contains("app/literal-secret"));
    let services: Vec<&str> = lowered.app().services.keys().map(|name| &**name).collect();
    assert_eq!(services, ["app"]);
    for (key, disposition) in [
        ("x-tranship.environments.dev.instance_type", ("ignored", "belongs to another environment")),
        ("x-tranship.region", ("ignored", "the environment says otherwise")),
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
    assert_eq!(settings.environment, None);
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
        ("{ log_retention: soon }", "tranship/invalid-setting", "whole number"),
        ("{ skip: [ap] }", "tranship/unknown-service", "did you mean `app`?"),
        ("{ accept: [app/literal-secrets] }", "tranship/unknown-rule", "did you mean `app/literal-secret`?"),
        ("{ late_bound: [KNOWM] }", "tranship/unused-variable", "KNOWM"),
        ("{ environments: { dev: { region: x } } }", "tranship/invalid-setting", "add `target"),
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
