//! Private registries: the login of an image on every target, and who may read it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly"
)]

use serde_json::{Value, json};
use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileOutcome, CompileRequest, compile};
use tranship::compose::LoadOptions;
use tranship::diagnostic::Severity;
use tranship::world::MemoryWorld;

fn compiled(target: &str, text: &str) -> CompileOutcome {
    let world = MemoryWorld::new().file("compose.yaml", text);
    let choice = EnvironmentChoice::Target(target.to_owned());
    compile(&CompileRequest { options: LoadOptions::default(), choice }, &world)
}

fn said(outcome: &CompileOutcome, rule: &str) -> Vec<String> {
    let of_rule = outcome.diagnostics.iter().filter(|one| one.rule.name == rule);
    of_rule.map(|one| one.message.clone()).collect()
}

fn file(outcome: &CompileOutcome, path: &str) -> String {
    let everything: Vec<String> = outcome.diagnostics.iter().map(|one| one.message.clone()).collect();
    let compiled = outcome.compiled.as_ref().unwrap_or_else(|| panic!("{everything:#?}"));
    String::from_utf8(compiled.artifacts.get(path).unwrap().bytes.clone()).unwrap()
}

/// The template without its functions' short forms.
fn template(outcome: &CompileOutcome) -> Value {
    fn plain(value: &serde_yaml::Value) -> Value {
        match value {
            serde_yaml::Value::Tagged(tagged) => plain(&tagged.value),
            serde_yaml::Value::Sequence(items) => items.iter().map(plain).collect(),
            serde_yaml::Value::Mapping(map) => {
                map.iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), plain(value))).collect()
            }
            other => serde_json::to_value(other).unwrap(),
        }
    }
    plain(&serde_yaml::from_str(&file(outcome, "template.yaml")).unwrap())
}

const ARN: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-AbCdEf";

fn manifest(logins: &str) -> String {
    format!(
        "services:\n  app: {{ image: 'ghcr.io/acme/app:1' }}\n  hub: {{ image: 'acme/hub:2' }}\n  open: {{ image: 'quay.io/acme/open' }}\nx-tranship:\n  late_bound: []\n  registries:\n{logins}"
    )
}

#[test]
fn on_ecs_a_secret_is_named_and_the_execution_role_reads_it_alone() {
    let text =
        manifest(&format!("    ghcr.io: {{ secret: acme/ghcr }}\n    docker.io: {{ secret: '{ARN}' }}\n"));
    for target in ["fargate", "ecs-ec2"] {
        let outcome = compiled(target, &text);
        let template = template(&outcome);
        let container = |name: &str| {
            template["Resources"][format!("{name}TaskDefinition")]["Properties"]["ContainerDefinitions"][0]
                .clone()
        };
        let readable = |name: &str| -> Vec<Value> {
            let role = &template["Resources"][format!("{name}ExecutionRole")]["Properties"]["Policies"][0];
            let statements = role["PolicyDocument"]["Statement"].as_array().unwrap().iter();
            statements
                .filter(|one| one["Action"][0] == "secretsmanager:GetSecretValue")
                .map(|one| one["Resource"].clone())
                .collect()
        };
        assert_eq!(container("App")["RepositoryCredentials"], json!({ "CredentialsParameter": "acme/ghcr" }));
        assert_eq!(container("Hub")["RepositoryCredentials"], json!({ "CredentialsParameter": ARN }));
        assert_eq!(container("Open").get("RepositoryCredentials"), None);
        let named =
            "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:acme/ghcr-??????";
        assert_eq!(readable("App"), [json!(named)], "{target}");
        assert_eq!(readable("Hub"), [json!(ARN)], "{target}");
        assert!(readable("Open").is_empty(), "{target}");
    }
}

#[test]
fn on_beanstalk_a_file_is_named_and_the_instances_read_it_alone() {
    let logins = "    ghcr.io: { secret: acme/ghcr }\n    https://index.docker.io/v1/: { secret: hub }\n";
    let text = manifest(logins) + "  dockercfg: s3://acme-config/logins/dockercfg\n";
    let outcome = compiled("beanstalk", &text);
    let dockerrun: Value = serde_json::from_str(&file(&outcome, "bundle/Dockerrun.aws.json")).unwrap();
    assert_eq!(dockerrun["authentication"], json!({ "bucket": "acme-config", "key": "logins/dockercfg" }));
    let bundle = &outcome.compiled.as_ref().unwrap().artifacts;
    let all: String =
        bundle.iter().map(|(_, one)| String::from_utf8_lossy(&one.bytes).into_owned()).collect();
    assert!(all.contains("arn:aws:s3:::acme-config/logins/dockercfg") && all.contains("s3:GetObject"));
    let without = compiled("beanstalk", &manifest(logins));
    let found = said(&without, "app/registry-login");
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], "Elastic Beanstalk does not read the login for `ghcr.io` of `app` from a secret");
    let one = without.diagnostics.iter().find(|one| one.rule.name == "app/registry-login").unwrap();
    assert!(!one.labels.is_empty() && one.help[0].contains("dockercfg: s3://BUCKET/KEY"));
    let job = "services:\n  web: { image: 'ghcr.io/acme/web' }\n  seed: { image: 'ghcr.io/acme/seed', x-tranship: { job: before-deploy } }\nx-tranship: { dockercfg: 's3://a/b', registries: { ghcr.io: { secret: x } } }\n";
    let found = said(&compiled("beanstalk", job), "app/registry-login");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("the job `seed` pulls its image from `ghcr.io`"), "{found:?}");
}

#[test]
fn what_names_no_secret_and_no_file_is_refused() {
    for wrong in ["secret: 'a secret'", "secret: 'arn:aws:s3:::bucket'", "{}"] {
        let outcome = compiled("fargate", &manifest(&format!("    ghcr.io: {{ {wrong} }}\n")));
        assert!(
            !said(&outcome, "tranship/invalid-setting").is_empty() || outcome.compiled.is_none(),
            "{wrong}"
        );
    }
    let file = manifest("    ghcr.io: { secret: x }\n") + "  dockercfg: https://a/b\n";
    assert_eq!(said(&compiled("beanstalk", &file), "tranship/invalid-setting").len(), 1);
    let token = "services:\n  app: { image: 'ghcr.io/acme/app:1' }\nx-tranship:\n  registries:\n    ghcr.io: { secret: ghp_0123456789abcdef0123456789abcdef0123 }\n";
    assert_eq!(said(&compiled("fargate", token), "app/secret-in-plain-text").len(), 1);
}

#[test]
fn a_login_that_no_image_needs_is_said() {
    let text =
        manifest("    ghcr.io: { secret: acme/ghcr }\n    registry.example.com: { secret: acme/own }\n");
    let outcome = compiled("fargate", &text);
    let message =
        "`x-tranship.registries.registry.example.com` has no effect: nothing in this application uses it";
    assert_eq!(said(&outcome, "tranship/unused-setting"), [message]);
    assert!(outcome.compiled.is_some());
}

#[test]
fn an_image_in_the_ecr_of_an_account_is_noted_with_its_rights() {
    let image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/x:1";
    let text = format!("services:\n  x: {{ image: '{image}' }}\n  y: {{ image: nginx }}\n");
    for target in ["fargate", "ecs-ec2", "beanstalk"] {
        let outcome = compiled(target, &text);
        let message = "the image of `x` is in the Amazon ECR of account 123456789012";
        assert_eq!(said(&outcome, "app/image-account"), [message]);
        let one = outcome.diagnostics.iter().find(|one| one.rule.name == "app/image-account").unwrap();
        assert_eq!(one.severity, Severity::Note);
        let artifacts = &outcome.compiled.as_ref().unwrap().artifacts;
        let all: String =
            artifacts.iter().map(|(_, one)| String::from_utf8_lossy(&one.bytes).into_owned()).collect();
        assert!(all.contains("ecr:eu-west-1:123456789012:repository/team/x"), "{target}");
    }
}
