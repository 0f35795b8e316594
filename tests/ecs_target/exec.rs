//! Commands in containers: how sessions are encrypted and logged, and what the roles of services may do for it.

use super::*;
use serde_json::json;

const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const LOG_KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/mrk-abcd1234";

/// A service and a job, with this value of `exec`.
fn manifest(exec: &str) -> String {
    format!(
        "services:\n  web: {{ image: a, ports: ['80:80'] }}\n  seed: {{ image: a, x-tranship: {{ job: manual }} }}\n\
         x-tranship: {{ exec: {exec} }}\n"
    )
}

/// What the role of a task may do: actions, and the resource.
fn rights(template: &Value, role: &str) -> Vec<(Vec<String>, Value)> {
    let policies = properties(template, role)["Policies"].as_array().cloned().unwrap_or_default();
    let statements =
        policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap());
    let words =
        |value: &Value| value.as_array().unwrap().iter().map(|it| it.as_str().unwrap().into()).collect();
    statements.map(|it| (words(&it["Action"]), it["Resource"].clone())).collect()
}

fn statement(actions: &[&str], resource: Value) -> (Vec<String>, Value) {
    (actions.iter().map(|action| (*action).to_owned()).collect(), resource)
}

const CHANNELS: [&str; 4] = [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
];

const GROUP: [&str; 3] = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"];

/// The actions on every resource, sorted as a policy has them.
fn everywhere(more: &[&'static str]) -> (Vec<String>, Value) {
    let mut actions: Vec<&str> = CHANNELS.into_iter().chain(more.iter().copied()).collect();
    actions.sort_unstable();
    statement(&actions, json!("*"))
}

#[test]
fn a_session_has_its_key_its_log_and_the_rights_for_them() {
    let listing = || everywhere(&["logs:DescribeLogGroups"]);
    let cases = [
        (
            "true".to_owned(),
            json!({ "Logging": "DEFAULT" }),
            vec![listing(), statement(&GROUP, json!("WebLogGroup.Arn"))],
        ),
        (
            format!("{{ kms_key: '{KEY}' }}"),
            json!({ "KmsKeyId": KEY, "Logging": "DEFAULT" }),
            vec![
                listing(),
                statement(&["kms:Decrypt"], json!(KEY)),
                statement(&GROUP, json!("WebLogGroup.Arn")),
            ],
        ),
        ("{ log: none }".to_owned(), json!({ "Logging": "NONE" }), vec![everywhere(&[])]),
        (
            "{ log: group }".to_owned(),
            json!({ "Logging": "OVERRIDE", "LogConfiguration": {
                "CloudWatchLogGroupName": "SessionLog", "CloudWatchEncryptionEnabled": false,
            } }),
            vec![listing(), statement(&GROUP, json!("SessionLog.Arn"))],
        ),
        (
            format!("{{ kms_key: '{KEY}', log: group, log_key: '{LOG_KEY}' }}"),
            json!({ "KmsKeyId": KEY, "Logging": "OVERRIDE", "LogConfiguration": {
                "CloudWatchLogGroupName": "SessionLog", "CloudWatchEncryptionEnabled": true,
            } }),
            vec![
                listing(),
                statement(&["kms:Decrypt"], json!(KEY)),
                statement(&GROUP, json!("SessionLog.Arn")),
            ],
        ),
        (
            "{ log: 's3://acme-audit' }".to_owned(),
            json!({ "Logging": "OVERRIDE", "LogConfiguration": {
                "S3BucketName": "acme-audit", "S3EncryptionEnabled": true,
            } }),
            vec![
                everywhere(&[]),
                statement(&["s3:PutObject"], json!("arn:${AWS::Partition}:s3:::acme-audit/*")),
                statement(&["s3:GetEncryptionConfiguration"], json!("arn:${AWS::Partition}:s3:::acme-audit")),
            ],
        ),
        (
            format!("{{ log: 's3://acme-audit/exec/prod/', log_key: '{LOG_KEY}' }}"),
            json!({ "Logging": "OVERRIDE", "LogConfiguration": {
                "S3BucketName": "acme-audit", "S3KeyPrefix": "exec/prod", "S3EncryptionEnabled": true,
            } }),
            vec![
                everywhere(&[]),
                statement(&["s3:PutObject"], json!("arn:${AWS::Partition}:s3:::acme-audit/exec/prod/*")),
                statement(&["s3:GetEncryptionConfiguration"], json!("arn:${AWS::Partition}:s3:::acme-audit")),
                statement(&["kms:GenerateDataKey"], json!(LOG_KEY)),
            ],
        ),
    ];
    for target in ["fargate", "ecs-ec2"] {
        for (exec, configuration, expected) in &cases {
            let template = template_of(target, &manifest(exec));
            let found = &properties(&template, "Cluster")["Configuration"]["ExecuteCommandConfiguration"];
            assert_eq!(found, configuration, "{target}: {exec}");
            assert_eq!(&rights(&template, "WebTaskRole"), expected, "{target}: {exec}");
            assert_eq!(rights(&template, "SeedTaskRole"), [], "{target}: a job takes no commands");
            let service = if target == "fargate" { "WebService" } else { "WebServiceOnInstance" };
            assert_eq!(properties(&template, service)["EnableExecuteCommand"], true);
            let forced = &properties(&template, service)["ForceNewDeployment"];
            assert_eq!(forced["EnableForceNewDeployment"], true, "sessions need tasks that began with them");
        }
    }
}

#[test]
fn the_log_group_of_sessions_is_kept_as_long_as_the_others_and_encrypted_where_a_key_is_given() {
    let group = |exec: &str| {
        let text = manifest(exec).replace("x-tranship: { exec", "x-tranship: { log_retention: 30, exec");
        properties(&template(&text), "SessionLog").clone()
    };
    let plain = json!({ "LogGroupName": "/${AWS::StackName}/exec", "RetentionInDays": 30 });
    assert_eq!(group("{ log: group }"), plain);
    let mut encrypted = plain;
    encrypted["KmsKeyId"] = json!(LOG_KEY);
    assert_eq!(group(&format!("{{ log: group, log_key: '{LOG_KEY}' }}")), encrypted);
}

#[test]
fn without_exec_nothing_is_configured() {
    for text in [manifest("false"), manifest("true").split("x-tranship: { exec").next().unwrap().to_owned()] {
        let template = template(&text);
        assert_eq!(properties(&template, "Cluster").get("Configuration"), None);
        assert_eq!(rights(&template, "WebTaskRole"), []);
        assert_eq!(properties(&template, "WebService")["EnableExecuteCommand"], false);
        assert_eq!(properties(&template, "WebService").get("ForceNewDeployment"), None);
        assert_eq!(template["Resources"].get("SessionLog"), None);
    }
}

#[test]
fn nested_stacks_hand_the_log_group_of_sessions_down() {
    let text = manifest("{ log: group }").replace("x-tranship: { exec", "x-tranship: { stacks: nested, exec");
    let outcome = compiled("fargate", &text);
    let artifacts = &outcome.compiled.as_ref().unwrap().artifacts;
    let read = |path: &str| {
        let bytes = &artifacts.get(path).unwrap_or_else(|| panic!("{path}")).bytes;
        plain(&serde_yaml::from_slice(bytes).unwrap())
    };
    let root = read("template.yaml");
    assert_eq!(root["Resources"]["SessionLog"]["Type"], "AWS::Logs::LogGroup");
    let leaf = read("stacks/WebStack.yaml");
    let rights = rights(&leaf, "WebTaskRole");
    let handed =
        rights.iter().find(|(actions, _)| actions.contains(&"logs:PutLogEvents".to_owned())).unwrap();
    let parameter = handed.1.as_str().unwrap();
    assert_eq!(root["Resources"]["WebStack"]["Properties"]["Parameters"][parameter], "SessionLog.Arn");
}

#[test]
fn a_key_of_the_log_needs_a_log_of_its_own() {
    for log in ["", "log: service, ", "log: none, "] {
        let outcome = compiled("fargate", &manifest(&format!("{{ {log}log_key: '{LOG_KEY}' }}")));
        assert!(
            said(&outcome).iter().any(|it| it.ends_with("`log_key` needs a log of its own")),
            "{:?}",
            said(&outcome)
        );
    }
}
