//! The writers, given what is hard to write.

use super::plan::{
    BeanstalkContainer, BeanstalkJob, BeanstalkPlan, DatabaseValue, DerivedSecret, ExecutionRole, HostVolume,
    HostVolumes, InstanceText, LatePart, LateValue, OptionSetting, RoleStatement, SecretLocation,
    SecretVariable, TextPart,
};
use super::{dockerrun, templates, tree};
use indexmap::IndexMap;
use serde_yaml::Value as Yaml;
use tranship_app::{DatabaseField, SecretPart, VolumeOwner};
use tranship_cloudformation::{LogicalId, ResourceRole};

/// Breaks out of YAML, JSON, a shell and a template, where nothing holds it.
const HOSTILE: &str = "a\"b'c\\d\n- {{ x }}: #{% raw %} `$HOME` é \u{1F600}";

/// A value of each kind that exists once the environment does.
fn late_values() -> IndexMap<String, LateValue> {
    let field = |field| LatePart::Database(DatabaseValue { service: "db".into(), field });
    let part = SecretPart { key: Some("key".to_owned()), ..SecretPart::default() };
    let token = SecretLocation { name: "shop-prod/app/TOKEN".into(), part, ..SecretLocation::default() };
    let parts = vec![
        LatePart::Known("mysql://u:".into()),
        field(DatabaseField::Password),
        LatePart::Known("@".into()),
        field(DatabaseField::Host),
        LatePart::Known("/".into()),
        LatePart::Secret(token),
    ];
    let id = LogicalId::of("app", ResourceRole::Secret);
    let url = DerivedSecret { id, parts, from: format!("services.{HOSTILE}") };
    IndexMap::from([
        ("DB_HOST".to_owned(), LateValue::Text(vec![field(DatabaseField::Host)])),
        ("DB_PASSWORD".to_owned(), LateValue::Password("db".into())),
        ("DATABASE_URL".to_owned(), LateValue::Derived(url)),
    ])
}

fn plan() -> BeanstalkPlan {
    let known = |text: &str| InstanceText(vec![TextPart::Known(text.to_owned())]);
    let password = TextPart::Property { property: "RDS_PASSWORD".to_owned(), encoded: true };
    let url = InstanceText(vec![TextPart::Known("mysql://u:".into()), password]);
    let container = BeanstalkContainer::new("app".to_owned(), "app:1".to_owned());
    let secret = SecretVariable {
        name: "app/TOKEN".into(),
        location: SecretLocation { name: "shop-prod/app/TOKEN".into(), ..Default::default() },
        given: true,
    };
    BeanstalkPlan {
        application: "shop".into(),
        environment: "shop-prod".into(),
        containers: vec![container],
        volumes: HostVolumes::from_iter([HostVolume {
            name: "public".into(),
            path: Some("/data/public".into()),
            owner: Some(VolumeOwner { user: 1000, group: 1000 }),
            prepared: true,
            content: None,
            from: format!("volumes.{HOSTILE}"),
        }]),
        jobs: vec![BeanstalkJob {
            container: BeanstalkContainer {
                command: vec![known(HOSTILE)],
                environment: IndexMap::from([
                    ("A".to_owned(), known(HOSTILE)),
                    ("DATABASE_URL".to_owned(), url),
                ]),
                ..BeanstalkContainer::new("migrate".to_owned(), "app:1".to_owned())
            },
            volumes: HostVolumes::default(),
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
        late_values: late_values(),
        execution_role: Some(ExecutionRole { name: "shop-prod-execution".into(), arn: HOSTILE.into() }),
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
    let resources = &yaml("30-identity.config")["Resources"];
    let statement = &resources["ExecutionPolicy"]["Properties"]["PolicyDocument"]["Statement"][0];
    assert_eq!(resources["ExecutionPolicy"]["Properties"]["Roles"][0], "shop-prod-execution");
    assert_eq!(
        statement["Resource"][0]["Fn::Join"][1][6],
        Yaml::from("shop-prod/app/TOKEN-??????"),
        "{statement:?}"
    );
}

#[test]
fn what_the_instance_knows_is_left_to_the_program() {
    let settings: serde_json::Value = serde_json::from_str(&file("instance.json")).unwrap();
    let job = &settings["jobs"]["migrate"];
    assert_eq!(
        job["environment"]["DATABASE_URL"],
        serde_json::json!(["mysql://u:", { "property": "RDS_PASSWORD", "encoded": true }])
    );
    assert_eq!(job["command"][0], HOSTILE);
    let commands = yaml("40-jobs.config");
    assert_eq!(commands["container_commands"]["20_run_migrate"]["leader_only"], true);
}

#[test]
fn what_exists_once_the_environment_does_is_a_property() {
    let options = yaml("10-options.config");
    let properties = &options["option_settings"]["aws:elasticbeanstalk:application:environment"];
    assert_eq!(properties["DB_HOST"], "`{\"Fn::GetAtt\":[\"DbDatabase\",\"Endpoint.Address\"]}`");
    let secrets = &options["option_settings"]["aws:elasticbeanstalk:application:environmentsecrets"];
    assert_eq!(
        secrets["DB_PASSWORD"],
        "`{\"Fn::Join\":[\"\",[{\"Ref\":\"DbCredentials\"},\":password::\"]]}`"
    );
    let [secret] = super::resources::derived_secrets(&plan()).try_into().unwrap();
    assert_eq!(
        secret["value"],
        serde_json::json!({ "Fn::Join": ["", [
            "mysql://u:{{resolve:secretsmanager:", { "Ref": "DbCredentials" },
            ":SecretString:password}}@", { "Fn::GetAtt": ["DbDatabase", "Endpoint.Address"] },
            "/{{resolve:secretsmanager:shop-prod/app/TOKEN:SecretString:key}}",
        ]] })
    );
}

#[test]
fn the_bundle_holds_a_dockerrun_of_version_2() {
    let mut plan = plan();
    let text = dockerrun::write(&plan).unwrap();
    let dockerrun: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(dockerrun["AWSEBDockerrunVersion"], 2);
    assert_eq!(
        dockerrun["volumes"][0],
        serde_json::json!({ "name": "public", "host": { "sourcePath": "/data/public" } })
    );
    assert!(tree(&mut plan).unwrap().get("Dockerrun.aws.json").is_some());
}
