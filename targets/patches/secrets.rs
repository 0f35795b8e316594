//! Literal secrets in a patch: by the name of a key, by the name beside a value, and by form.
//!
//! In: a [`FreeNode`] and what is known to be secret. Out: the places of the secrets. Invariant: what an intrinsic
//! function or a dynamic reference reads on AWS is none.

use tranship_app::{FreeNode, FreeValue, KnownSecrets};
use tranship_frontend::secrets::secrets_of;
use tranship_frontend::source::Origin;

/// Functions whose argument is a name, not a value.
const NAMING: &[&str] = &["Ref", "GetAtt", "ImportValue", "GetAZs"];

/// The places of literal secrets.
pub fn literal_secrets(node: &FreeNode, known: &KnownSecrets) -> Vec<Origin> {
    let mut found = Vec::new();
    walk(node, "", known, &mut found);
    found
}

fn walk(node: &FreeNode, name: &str, known: &KnownSecrets, found: &mut Vec<Origin>) {
    if node.tag.as_deref().is_some_and(|tag| NAMING.contains(&tag.trim_start_matches('!'))) {
        return;
    }
    match &node.value {
        FreeValue::Bool(_) => {}
        FreeValue::Integer(number) => leaf(node, name, &number.to_string(), known, found),
        FreeValue::Text(text) => leaf(node, name, text, known, found),
        FreeValue::List(items) => items.iter().for_each(|item| walk(item, name, known, found)),
        FreeValue::Mapping(entries) => {
            let text = |key: &str| {
                let entry = entries.iter().find(|(known, _)| &**known == key);
                entry.and_then(|(_, value)| value.text())
            };
            // `{ Name: DB_PASSWORD, Value: ... }` and `{ Key: ..., Value: ... }`.
            let beside = text("Name").or_else(|| text("Key")).or_else(|| text("ParameterKey"));
            for (key, value) in entries {
                let name = match &**key {
                    "Ref" | "Fn::GetAtt" | "Fn::ImportValue" => continue,
                    "Value" | "ParameterValue" => beside.unwrap_or_default(),
                    "Name" | "Key" | "ParameterKey" => "",
                    function if function.starts_with("Fn::") => name,
                    key => key,
                };
                walk(value, name, known, found);
            }
        }
    }
}

fn leaf(node: &FreeNode, name: &str, text: &str, known: &KnownSecrets, found: &mut Vec<Origin>) {
    let rest = without_references(text);
    if !secrets_of(name, &rest).is_empty() || !known.parts(&rest).is_empty() {
        found.push(node.at.origin);
    }
}

/// A text without the dynamic references and the substitutions in it, which AWS resolves.
fn without_references(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some(start) = rest.find("{{resolve:") {
        let (before, reference) = rest.split_at(start);
        kept.push_str(before);
        rest = reference.split_once("}}").map_or("", |(_, after)| after);
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tranship_app::At;

    fn node(value: FreeValue) -> FreeNode {
        FreeNode { value, tag: None, at: At::inferred((), Origin::NOWHERE) }
    }

    fn map(entries: &[(&str, &str)]) -> FreeNode {
        let entry = |(key, value): &(&str, &str)| (Arc::from(*key), node(FreeValue::Text(Arc::from(*value))));
        node(FreeValue::Mapping(entries.iter().map(entry).collect()))
    }

    fn count(node: &FreeNode) -> usize {
        literal_secrets(node, &KnownSecrets::default()).len()
    }

    #[test]
    fn a_secret_is_known_by_its_key_by_the_name_beside_it_and_by_its_form() {
        for (entries, secrets) in [
            (vec![("MasterUserPassword", "walnut-77-oak")], 1),
            (vec![("Name", "DB_PASSWORD"), ("Value", "walnut-77-oak")], 1),
            (vec![("Key", "API_TOKEN"), ("Value", "walnut-77-oak-pine")], 1),
            (vec![("Name", "LOG_LEVEL"), ("Value", "debug")], 0),
            (vec![("Key", "stickiness.enabled"), ("Value", "true")], 0),
            (vec![("Endpoint", "postgres://app:walnut-77-oak@db/app")], 1),
            (vec![("MasterUserPassword", "{{resolve:secretsmanager:prod/db:SecretString:password}}")], 0),
            (
                vec![(
                    "Url",
                    "postgres://app:{{resolve:secretsmanager:prod/db:SecretString:password}}@db/app",
                )],
                0,
            ),
            (vec![("Ref", "DbPassword")], 0),
            (vec![("DisplayName", "alarms"), ("KmsKeyId", "alias/aws/sns")], 0),
            (vec![("GenerateStringKey", "password"), ("ExcludeCharacters", "\"@/")], 0),
            (
                vec![("SecretArn", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/db-a1b2c3")],
                0,
            ),
        ] {
            assert_eq!(count(&map(&entries)), secrets, "{entries:?}");
        }
        let list = FreeValue::List(vec![node(FreeValue::Text("walnut-77-oak".into()))]);
        let below = node(FreeValue::Mapping(vec![("Passwords".into(), node(list))]));
        assert_eq!(count(&below), 1, "an item of a list has the key above it");
        let reference = FreeNode { tag: Some("!Ref".into()), ..node(FreeValue::Text("DbPassword1".into())) };
        let below = node(FreeValue::Mapping(vec![("MasterUserPassword".into(), reference)]));
        assert_eq!(count(&below), 0);
        let joined = FreeNode { tag: Some("!Sub".into()), ..node(FreeValue::Text("walnut-77-oak".into())) };
        let below = node(FreeValue::Mapping(vec![("MasterUserPassword".into(), joined)]));
        assert_eq!(count(&below), 1, "text in a function is a literal too");
    }

    #[test]
    fn references_are_left_out() {
        assert_eq!(without_references("a{{resolve:ssm:/x}}b{{resolve:ssm:/y}}c"), "abc");
        assert_eq!(without_references("a{{resolve:ssm:/x"), "a");
        assert_eq!(without_references("plain"), "plain");
    }
}
