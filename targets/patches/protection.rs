//! What a change gives up of the protection that Tranship keeps by itself.
//!
//! In: a resource without and with the change. Out: sentences, one for each rule that only the changed resource breaks.
//! Source: AWS Foundational Security Best Practices, controls EC2.18, EC2.19, IAM.1, RDS.2, RDS.3, EFS.1; read in November 2026.

use super::PreparedPatch;
use tranship_app::rules::tranship;
use tranship_cloudformation::{DeletionPolicy, PropertyMap, Resource, TemplateValue};
use tranship_frontend::diagnostic::Diagnostic;

/// Types whose loss is the loss of data.
const KEEPING: &[&str] =
    &["AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::EFS::FileSystem", "AWS::DynamoDB::Table"];

/// A warning for each rule that a resource breaks since the change.
pub fn weakened(
    patch: &PreparedPatch,
    name: &str,
    before: Option<&Resource>,
    after: &Resource,
) -> Vec<Diagnostic> {
    let deletes = |resource: &Resource| {
        let kept =
            |policy: Option<DeletionPolicy>| policy.is_some_and(|policy| policy != DeletionPolicy::Delete);
        KEEPING.contains(&resource.kind.as_ref())
            && !(kept(resource.deletion_policy) && kept(resource.update_replace_policy))
    };
    let loses = deletes(after) && !before.is_some_and(deletes);
    let loss = loses.then(|| "its data is deleted with it".to_owned());
    let old = before.map(|before| &before.properties);
    let broken = new_breaches(&after.kind, old, &after.properties);
    said(patch, name, broken.into_iter().chain(loss))
}

fn said(patch: &PreparedPatch, name: &str, broken: impl IntoIterator<Item = String>) -> Vec<Diagnostic> {
    let warning = |what: String| {
        let message = format!("with `{}`, `{name}` gives up protection: {what}", patch.key);
        let help = "narrow the change down, or accept it: `accept: [tranship/patch-weakens]`";
        patch.about(&tranship::PATCH_WEAKENS, message).help(help)
    };
    broken.into_iter().map(warning).collect()
}

fn new_breaches(kind: &str, before: Option<&PropertyMap>, after: &PropertyMap) -> Vec<String> {
    let known = before.map(|before| breaches(kind, before)).unwrap_or_default();
    breaches(kind, after).into_iter().filter(|one| !known.contains(one)).collect()
}

/// The rules that the properties of a resource break.
fn breaches(kind: &str, properties: &PropertyMap) -> Vec<String> {
    let mut found = Vec::new();
    let is = |key: &str, flag: bool| {
        let value = properties.get(key);
        value.is_some_and(|value| {
            *value == flag.into() || value.as_str() == Some(if flag { "true" } else { "false" })
        })
    };
    match kind {
        "AWS::EC2::SecurityGroup" => {
            let rules = properties.get("SecurityGroupIngress");
            found.extend(items(rules).into_iter().filter_map(open_ingress));
        }
        "AWS::EC2::SecurityGroupIngress" => found.extend(open_ingress(properties)),
        "AWS::RDS::DBInstance" | "AWS::RDS::DBCluster" => {
            found.extend(
                is("PubliclyAccessible", true).then(|| "it is reachable from the internet".to_owned()),
            );
            found.extend(is("StorageEncrypted", false).then(|| "its storage is not encrypted".to_owned()));
        }
        "AWS::EFS::FileSystem" => {
            found.extend(is("Encrypted", false).then(|| "its storage is not encrypted".to_owned()));
        }
        _ => {}
    }
    for document in documents(kind, properties) {
        let statements = items(document.get("Statement"));
        found.extend(statements.into_iter().filter_map(wide_statement));
    }
    found
}

/// The mappings of a value: itself, or those of its list.
fn items(value: Option<&TemplateValue>) -> Vec<&PropertyMap> {
    match value {
        Some(TemplateValue::List(items)) => items.iter().filter_map(mapping).collect(),
        Some(value) => mapping(value).into_iter().collect(),
        None => Vec::new(),
    }
}

fn mapping(value: &TemplateValue) -> Option<&PropertyMap> {
    match value {
        TemplateValue::Map(map) => Some(map),
        _ => None,
    }
}

/// A rule that lets in everyone.
fn open_ingress(rule: &PropertyMap) -> Option<String> {
    let everyone = ["CidrIp", "CidrIpv6"]
        .into_iter()
        .filter_map(|key| rule.get(key)?.as_str())
        .any(|range| matches!(range, "0.0.0.0/0" | "::/0"));
    let port = match (rule.get("FromPort"), rule.get("ToPort")) {
        (Some(from), Some(to)) if from == to => format!("port {}", shown(from)),
        (Some(from), Some(to)) => format!("each port from {} to {}", shown(from), shown(to)),
        _ => "every port".to_owned(),
    };
    everyone.then(|| format!("{port} is open to every address"))
}

fn shown(value: &TemplateValue) -> String {
    match value {
        TemplateValue::String(text) => text.to_string(),
        value => value.to_json().to_string(),
    }
}

/// The policy documents of a role, a policy, or a resource with a policy of its own.
fn documents<'p>(kind: &str, properties: &'p PropertyMap) -> Vec<&'p PropertyMap> {
    let inline =
        items(properties.get("Policies")).into_iter().flat_map(|policy| items(policy.get("PolicyDocument")));
    let own =
        ["PolicyDocument", "AssumeRolePolicyDocument", "ResourcePolicy", "FileSystemPolicy", "KeyPolicy"]
            .into_iter()
            .flat_map(|key| items(properties.get(key)));
    let inline = inline.filter(|_| kind.starts_with("AWS::IAM::"));
    inline.chain(own).collect()
}

/// A statement that allows everything, or allows anyone.
fn wide_statement(statement: &PropertyMap) -> Option<String> {
    if statement.get("Effect").and_then(TemplateValue::as_str) != Some("Allow")
        || statement.get("Condition").is_some()
    {
        return None;
    }
    let has_star = |value: &TemplateValue| match value {
        TemplateValue::List(items) => items.iter().any(|item| item.as_str() == Some("*")),
        value => value.as_str() == Some("*"),
    };
    let is_star = |key: &str| statement.get(key).is_some_and(has_star);
    if is_star("Action") && is_star("Resource") {
        return Some("a statement allows every action on every resource".to_owned());
    }
    let anyone = match statement.get("Principal") {
        Some(TemplateValue::Map(map)) => map.get("AWS").is_some_and(has_star),
        Some(value) => has_star(value),
        None => false,
    };
    anyone.then(|| "a statement lets everyone in, from any account".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_cloudformation::{list, props};

    #[test]
    fn what_lets_in_everyone_is_told_with_its_port() {
        let ingress = |range: &str, from: i64, to: i64| {
            let rule =
                props! { "IpProtocol" => "tcp", "FromPort" => from, "ToPort" => to, "CidrIp" => range };
            breaches("AWS::EC2::SecurityGroup", &props! { "SecurityGroupIngress" => list![rule] })
        };
        assert_eq!(ingress("0.0.0.0/0", 22, 22), ["port 22 is open to every address"]);
        assert_eq!(ingress("0.0.0.0/0", 0, 99), ["each port from 0 to 99 is open to every address"]);
        assert_eq!(ingress("10.0.0.0/8", 22, 22), Vec::<String>::new());
        let rule = props! { "IpProtocol" => "-1", "CidrIpv6" => "::/0" };
        assert_eq!(
            breaches("AWS::EC2::SecurityGroupIngress", &rule),
            ["every port is open to every address"]
        );
        assert_eq!(breaches("AWS::EC2::SecurityGroupEgress", &rule), Vec::<String>::new());
    }

    #[test]
    fn rights_on_everything_are_told() {
        let allow = |statement: PropertyMap| {
            let document = props! { "Statement" => list![statement] };
            let policies = props! { "Policies" => list![props! { "PolicyDocument" => document }] };
            breaches("AWS::IAM::Role", &policies)
        };
        let everything = ["a statement allows every action on every resource"];
        assert_eq!(allow(props! { "Effect" => "Allow", "Action" => "*", "Resource" => "*" }), everything);
        assert_eq!(
            allow(props! { "Effect" => "Allow", "Action" => list!["a:b", "*"], "Resource" => list!["*"] }),
            everything
        );
        assert!(allow(props! { "Effect" => "Deny", "Action" => "*", "Resource" => "*" }).is_empty());
        assert!(allow(props! { "Effect" => "Allow", "Action" => "s3:*", "Resource" => "*" }).is_empty());
        let conditional =
            props! { "Effect" => "Allow", "Action" => "*", "Resource" => "*", "Condition" => props! {} };
        assert!(allow(conditional).is_empty());
        let trust = |principal: TemplateValue| {
            let statement =
                props! { "Effect" => "Allow", "Principal" => principal, "Action" => "sts:AssumeRole" };
            breaches(
                "AWS::IAM::Role",
                &props! { "AssumeRolePolicyDocument" => props! { "Statement" => statement } },
            )
        };
        let anyone = ["a statement lets everyone in, from any account"];
        assert_eq!(trust("*".into()), anyone);
        assert_eq!(trust(props! { "AWS" => "*" }.into()), anyone);
        assert!(trust(props! { "Service" => "ec2.amazonaws.com" }.into()).is_empty());
    }

    #[test]
    fn storage_and_reach_of_data_are_told_once() {
        let open = props! { "PubliclyAccessible" => true, "StorageEncrypted" => "false" };
        let both = ["it is reachable from the internet", "its storage is not encrypted"];
        assert_eq!(breaches("AWS::RDS::DBInstance", &open), both);
        assert_eq!(new_breaches("AWS::RDS::DBInstance", Some(&open), &open), Vec::<String>::new());
        assert_eq!(breaches("AWS::EFS::FileSystem", &props! { "Encrypted" => false }), both[1..]);
        assert!(breaches("AWS::RDS::DBInstance", &props! { "StorageEncrypted" => true }).is_empty());
    }
}
