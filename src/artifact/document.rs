//! Parses YAML or JSON into one JSON tree, whichever form of functions is used.
//!
//! `!Ref A`, `Ref: A` and the like become the same tree, so that equivalent templates compare as equal.

use serde_json::{Map, Value as Json};
use serde_yaml::Value as Yaml;

/// The document, if the file has a known format: JSON for `.json`, YAML for `.yaml`, `.yml` and `.config`.
pub fn parse(path: &str, text: &str) -> Option<Json> {
    let (_, extension) = path.rsplit_once('.')?;
    match extension {
        "json" => serde_json::from_str(text).ok(),
        "yaml" | "yml" | "config" | "template" => serde_yaml::from_str(text).ok().and_then(long_form),
        _ => None,
    }
}

fn long_form(yaml: Yaml) -> Option<Json> {
    Some(match yaml {
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            function(tag.trim_start_matches('!'), long_form(tagged.value)?)
        }
        Yaml::Sequence(items) => Json::Array(items.into_iter().map(long_form).collect::<Option<_>>()?),
        Yaml::Mapping(map) => {
            let mut object = Map::new();
            for (key, value) in map {
                object.insert(name(key)?, long_form(value)?);
            }
            Json::Object(object)
        }
        scalar => serde_json::to_value(scalar).ok()?,
    })
}

fn function(name: &str, argument: Json) -> Json {
    let long = if matches!(name, "Ref" | "Condition") { name.to_owned() } else { format!("Fn::{name}") };
    let argument = match argument {
        Json::String(text) if name == "GetAtt" => match text.split_once('.') {
            Some((resource, attribute)) => Json::from([resource, attribute].map(str::to_owned).to_vec()),
            None => Json::String(text),
        },
        other => other,
    };
    Json::Object(Map::from_iter([(long, argument)]))
}

/// A key as a string; a document with non-scalar keys is compared line by line instead.
fn name(key: Yaml) -> Option<String> {
    match key {
        Yaml::String(text) => Some(text),
        Yaml::Bool(flag) => Some(flag.to_string()),
        Yaml::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_forms_are_one() {
        let short =
            parse("t.yaml", "A: !GetAtt B.Endpoint.Port\nC: !Join [\",\", [!Ref D, !Sub \"${E}\"]]\n");
        let long = r#"{"A":{"Fn::GetAtt":["B","Endpoint.Port"]},"C":{"Fn::Join":[",",[{"Ref":"D"},{"Fn::Sub":"${E}"}]]}}"#;
        assert!(short.is_some());
        assert_eq!(short, parse("t.json", long));
        assert_eq!(parse("t.yaml", "80: a\ntrue: b"), parse("t.json", r#"{"80":"a","true":"b"}"#));
        assert_eq!(parse("t.txt", "A: 1"), None);
        assert_eq!(parse("t.yaml", "A: ["), None);
    }
}
