//! Independent stacks, read as a root stack and nested stacks.
//!
//! In: the template of the foundation, and `stacks.json`. Out: the foundation as a root which gives each of the other
//! stacks what they take. Invariant: an output that only hands something out is none of the application.

use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use tranship_cloudformation::NESTED_STACK;

/// Adds the stacks to the foundation. Returns their ids with the paths of their templates; `None` if the file is none.
pub(super) fn as_root(foundation: &mut Json, order: &Json) -> Option<Vec<(String, String)>> {
    let text = |stack: &Json, key: &str| stack.get(key).and_then(Json::as_str).map(str::to_owned);
    let (first, others) = order.get("stacks")?.as_array()?.split_first()?;
    let first = text(first, "stack")?;
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    let mut paths = Vec::new();
    for stack in others {
        let path = text(stack, "template")?;
        let id = path.rsplit('/').next()?;
        let id = id.strip_suffix(".yaml").unwrap_or(id).to_owned();
        ids.insert(text(stack, "stack")?, id.clone());
        paths.push((id, path));
    }
    let mut handed: BTreeSet<String> = BTreeSet::new();
    let mut resources = Map::new();
    for (stack, (id, _)) in others.iter().zip(&paths) {
        let mut given = Map::new();
        for (name, value) in stack.get("parameters").and_then(Json::as_object).into_iter().flatten() {
            let output = text(value, "output");
            let value = match (text(value, "stack"), output) {
                (Some(owner), Some(output)) if owner == first => {
                    let value = foundation.get("Outputs")?.get(&output)?.get("Value")?.clone();
                    handed.insert(output);
                    value
                }
                (Some(owner), Some(output)) => {
                    json!({ "Fn::GetAtt": [ids.get(&owner)?, format!("Outputs.{output}")] })
                }
                _ => json!({ "Ref": "AWS::StackName" }),
            };
            given.insert(name.clone(), value);
        }
        let after = stack.get("after").and_then(Json::as_array).into_iter().flatten();
        let after: Vec<&String> = after.filter_map(|name| ids.get(name.as_str()?)).collect();
        let properties = json!({ "Parameters": given });
        resources.insert(
            id.clone(),
            json!({ "Type": NESTED_STACK, "DependsOn": after, "Properties": properties }),
        );
    }
    foundation.get_mut("Resources")?.as_object_mut()?.extend(resources);
    if let Some(outputs) = foundation.get_mut("Outputs").and_then(Json::as_object_mut) {
        outputs.retain(|name, _| !handed.contains(name));
    }
    Some(paths)
}

/// An output that a parameter takes: the stack and the name.
pub type TakenOutput = (String, String);

/// The parameter with the name of the first stack.
const ROOT_NAME: &str = "RootStackName";

/// The order of stacks that are deployed, as `stacks.json` has it; a path is the name of a stack. What a parameter takes is what
/// `taken` knows, else an output of its name: a stack that the manifest no longer has is in no other file.
pub(super) fn order(
    first: &str,
    stacks: &BTreeMap<&str, Json>,
    taken: &dyn Fn(&str, &str) -> Option<TakenOutput>,
) -> Json {
    let section = |document: &Json, name: &str| -> Vec<String> {
        let all = document.get(name).and_then(Json::as_object).into_iter().flatten();
        all.map(|(key, _)| key.clone()).collect()
    };
    let outputs: BTreeMap<String, &str> = stacks
        .iter()
        .flat_map(|(stack, document)| section(document, "Outputs").into_iter().map(|name| (name, *stack)))
        .collect();
    let known = |stack: &str, parameter: &str| {
        let (owner, output) = taken(stack, parameter)?;
        (outputs.get(&output) == Some(&owner.as_str())).then_some((owner, output))
    };
    let named = |stack: &str, parameter: &str| {
        let names = [parameter.to_owned(), format!("{parameter}Ref")];
        let found = names.into_iter().find_map(|name| Some(((*outputs.get(&name)?).to_owned(), name)));
        found.filter(|(owner, _)| owner != stack)
    };
    let mut all = vec![json!({ "stack": first })];
    for (stack, document) in stacks.iter().filter(|(stack, _)| **stack != first) {
        let mut given = Map::new();
        for parameter in section(document, "Parameters") {
            let value = match known(stack, &parameter).or_else(|| named(stack, &parameter)) {
                Some((owner, output)) => json!({ "stack": owner, "output": output }),
                None if parameter == ROOT_NAME => json!({ "value": first }),
                None => continue,
            };
            given.insert(parameter, value);
        }
        all.push(json!({ "stack": stack, "template": stack, "parameters": given }));
    }
    json!({ "stacks": all })
}

/// What stacks have besides resources, what they take and what they hand out: nested stacks have no such thing.
pub(super) struct OwnSections {
    /// The outputs that the root, or another stack, takes.
    handed: BTreeSet<String>,
    found: BTreeMap<&'static str, Map<String, Json>>,
}

impl OwnSections {
    /// None yet, beside those of this root.
    pub(super) fn beside(root: &Json) -> OwnSections {
        let mut handed = BTreeSet::new();
        outputs_in(root, &mut handed);
        OwnSections { handed, found: BTreeMap::new() }
    }

    /// Adds those of a stack, which is given these values.
    pub(super) fn add(&mut self, template: &Json, given: &Json, put_into: &dyn Fn(&mut Json)) {
        for section in ["Parameters", "Outputs", "Conditions", "Mappings"] {
            for (name, value) in template.get(section).and_then(Json::as_object).into_iter().flatten() {
                let is_border = match section {
                    "Parameters" => given.get(name).is_some(),
                    "Outputs" => self.handed.contains(name),
                    _ => false,
                };
                if is_border {
                    continue;
                }
                let mut value = value.clone();
                if section != "Parameters" {
                    put_into(&mut value);
                }
                self.found.entry(section).or_default().insert(name.clone(), value);
            }
        }
    }

    /// Adds all of them to a template that has others.
    pub(super) fn put_into(self, whole: &mut Json) {
        let Some(whole) = whole.as_object_mut() else { return };
        for (section, found) in self.found {
            let all = whole.entry(section).or_insert_with(|| json!({}));
            let Some(all) = all.as_object_mut() else { continue };
            for (name, value) in found {
                all.entry(name).or_insert(value);
            }
        }
    }
}

/// The outputs of stacks that a value refers to.
fn outputs_in(value: &Json, found: &mut BTreeSet<String>) {
    match value {
        Json::String(text) => {
            let parts = text.split("Outputs.").skip(1);
            found.extend(
                parts.map(|part| part.chars().take_while(char::is_ascii_alphanumeric).collect::<String>()),
            );
        }
        Json::Array(items) => items.iter().for_each(|item| outputs_in(item, found)),
        Json::Object(entries) => entries.values().for_each(|item| outputs_in(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stacks_hand_to_each_other_is_none_of_the_application() {
        let root = json!({ "Resources": { "Web": { "Properties": { "Parameters": { "Db": { "Fn::GetAtt": ["Db", "Outputs.DbHost"] } } } } } });
        let stack = json!({
            "Parameters": { "Db": { "Type": "String" }, "Size": { "Type": "String" } },
            "Outputs": { "DbHost": { "Value": "h" }, "Url": { "Value": "u" } },
            "Conditions": { "IsBig": true },
            "Mappings": { "Zones": { "a": "b" } },
            "Resources": { "Task": {} },
        });
        let mut own = OwnSections::beside(&root);
        own.add(&stack, &json!({ "Db": "given" }), &|value| *value = json!({ "seen": value.clone() }));
        let mut whole = json!({ "Outputs": { "Url": "of the root" }, "Resources": {} });
        own.put_into(&mut whole);
        assert_eq!(
            whole,
            json!({
                "Outputs": { "Url": "of the root" },
                "Resources": {},
                "Parameters": { "Size": { "Type": "String" } },
                "Conditions": { "IsBig": { "seen": true } },
                "Mappings": { "Zones": { "seen": { "a": "b" } } },
            })
        );
    }
}
