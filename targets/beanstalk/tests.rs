//! The writers, given what is hard to write.

use super::plan::{
    BeanstalkContainer, BeanstalkJob, BeanstalkPlan, HostVolume, InstanceText, OptionSetting, RoleStatement,
    SecretVariable, TextPart,
};
use super::{dockerrun, templates, tree};
use indexmap::IndexMap;
use serde_yaml::Value as Yaml;
use tranship_app::VolumeOwner;

/// Breaks out of YAML, JSON, a shell and a template, where nothing holds it.
const HOSTILE: &str = "a\"b'c\\d\n- {{ x }}: #{% raw %} `$HOME` é \u{1F600}";

fn plan() -> BeanstalkPlan {
    let known = |text: &str| InstanceText(vec![TextPart::Known(text.to_owned())]);
    let password = TextPart::Property { property: "RDS_PASSWORD", encoded: true };
    let mut container = BeanstalkContainer::new("app".to_owned(), "app:1".to_owned());
    container.environment = IndexMap::from([(
        "DATABASE_URL".to_owned(),
        InstanceText(vec![TextPart::Known("mysql://u:".into()), password]),
    )]);
    let secret = SecretVariable {
        name: "app/TOKEN".into(),
        location: super::plan::SecretLocation { name: "shop-prod/app/TOKEN".into(), ..Default::default() },
        given: true,
    };
    BeanstalkPlan {
        application: "shop".into(),
        environment: "shop-prod".into(),
        containers: vec![container],
        volumes: vec![HostVolume {
            name: "public".into(),
            path: Some("/data/public".into()),
            owner: Some(VolumeOwner { user: 1000, group: 1000 }),
            prepared: true,
            from: format!("volumes.{HOSTILE}"),
        }],
        jobs: vec![BeanstalkJob {
            container: BeanstalkContainer {
                command: vec![known(HOSTILE)],
                environment: IndexMap::from([("A".to_owned(), known(HOSTILE))]),
                ..BeanstalkContainer::new("migrate".to_owned(), "app:1".to_owned())
            },
            volumes: vec![],
            from: "services.migrate".into(),
        }],
        options: vec![OptionSetting {
            namespace: "aws:ec2:instances".into(),
            name: "InstanceTypes".into(),
            value: HOSTILE.into(),
            from: HOSTILE.into(),
        }],
        statements: vec![RoleStatement {
            actions: vec!["s3:GetObject".into()],
            resources: vec![HOSTILE.into()],
            from: "services.app".into(),
        }],
        secrets: IndexMap::from([("TOKEN".to_owned(), secret)]),
        ..BeanstalkPlan::default()
    }
}

fn file(name: &str) -> String {
    let files = templates::render(&plan()).unwrap();
    files.into_iter().find(|(path, _)| path == &format!(".ebextensions/{name}")).unwrap().1
}

fn yaml(name: &str) -> Yaml {
    serde_yaml::from_str(&file(name)).unwrap_or_else(|error| panic!("{error}\n{}", file(name)))
}

#[test]
fn no_value_breaks_out_of_its_place() {
    let options = yaml("10-options.config");
    assert_eq!(options["option_settings"]["aws:ec2:instances"]["InstanceTypes"], HOSTILE);
    let host = yaml("20-host.config");
    assert_eq!(host["commands"].as_mapping().unwrap().len(), 3);
    let owner = &host["commands"]["30_owner_public"]["command"];
    assert_eq!(
        (&owner[0], &owner[1], &owner[2]),
        (&"chown".into(), &"1000:1000".into(), &"/data/public".into())
    );
    let statement = &yaml("30-identity.config")["Resources"]["ApplicationPolicy"]["Properties"]["PolicyDocument"]
        ["Statement"][0];
    assert_eq!(statement["Resource"][0], HOSTILE);
}

#[test]
fn a_secret_is_named_and_its_value_is_nowhere() {
    let options = yaml("10-options.config");
    let secret = &options["option_settings"]["aws:elasticbeanstalk:application:environmentsecrets"]["TOKEN"];
    let secret = secret.as_str().unwrap();
    assert!(
        secret.starts_with("`{\"Fn::Join\"") && secret.ends_with("\"shop-prod/app/TOKEN\"]]}`"),
        "{secret}"
    );
    let role = &yaml("30-identity.config")["Resources"]["ExecutionRole"];
    assert_eq!(role["Type"], "AWS::IAM::Role");
}

#[test]
fn what_the_instance_knows_is_left_to_the_program() {
    let settings: serde_json::Value = serde_json::from_str(&file("containers.json")).unwrap();
    assert_eq!(
        settings["containers"]["app"]["environment"]["DATABASE_URL"],
        serde_json::json!(["mysql://u:", { "property": "RDS_PASSWORD", "encoded": true }])
    );
    assert_eq!(settings["jobs"]["migrate"]["command"][0], HOSTILE);
    let commands = yaml("40-containers.config");
    assert_eq!(commands["container_commands"]["20_run_migrate"]["leader_only"], true);
    assert_eq!(commands["container_commands"]["10_environment"]["leader_only"], Yaml::Null);
}

#[test]
fn the_bundle_holds_a_dockerrun_of_version_2() {
    let plan = plan();
    let text = dockerrun::write(&plan).unwrap();
    let dockerrun: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(dockerrun["AWSEBDockerrunVersion"], 2);
    assert_eq!(
        dockerrun["volumes"][0],
        serde_json::json!({ "name": "public", "host": { "sourcePath": "/data/public" } })
    );
    assert!(tree(&plan).unwrap().get("Dockerrun.aws.json").is_some());
}
