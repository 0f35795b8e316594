//! What leaves a stack while others may still use it.
//!
//! In: the template that runs, and the one that is deployed. Out: the new template with what only the old one has, if there
//! is such a thing. It is JSON, which CloudFormation accepts with the same meaning.

use super::super::template;
use serde_json::{Value, json};

/// A template with what leaves it.
#[derive(Debug, PartialEq)]
pub(super) struct StackDeparture(String);

impl StackDeparture {
    /// Of two templates; `None` where no resource and no output leaves.
    pub(super) fn between(old: &str, new: &str) -> Option<StackDeparture> {
        let (old, mut whole) = (template::read(old).ok()?, template::read(new).ok()?);
        let leaves = |section: &str, whole: &Value| {
            let there = old.get(section).and_then(Value::as_object).into_iter().flatten();
            there.filter(|(id, _)| whole.get(section).is_none_or(|it| it.get(id.as_str()).is_none())).count()
        };
        if leaves("Resources", &whole) + leaves("Outputs", &whole) == 0 {
            return None;
        }
        for section in ["Parameters", "Mappings", "Conditions", "Resources", "Outputs"] {
            let Some(there) = old.get(section).and_then(Value::as_object) else { continue };
            let all = whole.as_object_mut()?.entry(section).or_insert_with(|| json!({})).as_object_mut()?;
            for (id, value) in there {
                all.entry(id.clone()).or_insert_with(|| value.clone());
            }
        }
        Some(StackDeparture(whole.to_string()))
    }

    /// The template.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_stays_beside_what_is_new() {
        let old = "Parameters: { P: { Type: String } }\nResources: { A: { Type: X, Properties: { V: 1 } }, B: { Type: Y, Properties: { P: !Ref P } } }\n";
        let new = "Resources: { A: { Type: X, Properties: { V: 2 } }, C: { Type: Z } }\nOutputs: { O: { Value: v } }\n";
        let whole: Value = serde_json::from_str(StackDeparture::between(old, new).unwrap().text()).unwrap();
        assert_eq!(whole["Resources"]["A"]["Properties"]["V"], 2);
        assert_eq!(whole["Resources"]["B"]["Properties"]["P"], json!({ "Ref": "P" }));
        assert_eq!(whole["Resources"]["C"]["Type"], "Z");
        assert_eq!(
            (&whole["Parameters"]["P"]["Type"], &whole["Outputs"]["O"]["Value"]),
            (&json!("String"), &json!("v"))
        );
    }

    #[test]
    fn nothing_leaves_where_everything_stays() {
        let old = "Resources: { A: { Type: X } }\n";
        assert_eq!(StackDeparture::between(old, "Resources: { A: { Type: Z }, B: { Type: Y } }\n"), None);
        let outputs = "Resources: { A: { Type: X } }\nOutputs: { O: { Value: v } }\n";
        assert!(
            StackDeparture::between(outputs, old).unwrap().text().contains("\"O\""),
            "an output is used as well"
        );
    }
}
