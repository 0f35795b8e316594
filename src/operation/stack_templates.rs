//! The templates of a root stack and its nested stacks, read as the one template that they are made of.
//!
//! In: texts of templates, as they were compiled or as CloudFormation returns them. Out: the resources with what they
//! refer to, wherever they are, and the stack that each is in. Invariant: a stack without nested stacks reads as it is.
//! Independent stacks of a compile read as if their foundation were a root, and the others its nested stacks.

pub use super::independent_stacks::TakenOutput;
use super::independent_stacks::{self, OwnSections};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use tranship_artifact::ArtifactSet;
use tranship_cloudformation::{DividedTemplate, LogicalId, NESTED_STACK};

/// The file of a compile that says in which order independent stacks are deployed, and what each takes.
pub const SEPARATE_STACKS: &str = "stacks.json";

/// The templates of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackTemplates {
    /// The text of the root's.
    pub root: String,
    /// The texts of the nested stacks', by their logical ids.
    pub nested: BTreeMap<String, String>,
    /// The text that the root was made of, with its comments: that of the foundation of independent stacks.
    pub foundation: Option<String>,
}

/// A resource that would be in another stack than it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedResource {
    /// Its logical id.
    pub id: String,
    /// The nested stack that it is in; `None` for the root.
    pub from: Option<String>,
    /// The nested stack that it would be in; `None` for the root.
    pub to: Option<String>,
}

impl StackTemplates {
    /// Those of a compile; `None` where it made no stack.
    pub fn compiled(artifacts: &ArtifactSet) -> Option<StackTemplates> {
        let text = |path: &str| artifacts.get(path).map(|it| String::from_utf8_lossy(&it.bytes).into_owned());
        let root = text("template.yaml")?;
        if let Some(order) = text(SEPARATE_STACKS) {
            return StackTemplates::independent(root, &parsed(&order), text);
        }
        let document = parsed(&root);
        let nested = nested_stacks(&document).filter_map(|id| {
            let path = DividedTemplate::path(&LogicalId::parse(id)?);
            Some((id.to_owned(), text(&path)?))
        });
        Some(StackTemplates { nested: nested.collect(), root, foundation: None })
    }

    /// Independent stacks in the order of a `stacks.json`; `text` has the template of each path. `None` if it is no such order, or
    /// if the foundation lacks what another stack takes from it.
    fn independent(
        foundation: String,
        order: &Json,
        text: impl Fn(&str) -> Option<String>,
    ) -> Option<StackTemplates> {
        let mut document = parsed(&foundation);
        let stacks = independent_stacks::as_root(&mut document, order)?;
        let nested = stacks.into_iter().filter_map(|(id, path)| Some((id, text(&path)?))).collect();
        Some(StackTemplates { root: document.to_string(), nested, foundation: Some(foundation) })
    }

    /// Independent stacks that are deployed: their templates by name, the first of them, and what the parameters of the others
    /// are known to take. `None` where the first is none of them.
    pub fn deployed(
        first: &str,
        texts: &BTreeMap<String, String>,
        taken: &dyn Fn(&str, &str) -> Option<TakenOutput>,
    ) -> Option<StackTemplates> {
        let foundation = texts.get(first)?.clone();
        let documents = texts.iter().map(|(name, text)| (name.as_str(), parsed(text))).collect();
        let order = independent_stacks::order(first, &documents, taken);
        StackTemplates::independent(foundation, &order, |path| texts.get(path).cloned())
    }

    /// One stack.
    pub fn single(root: String) -> StackTemplates {
        StackTemplates { root, ..StackTemplates::default() }
    }

    /// The logical ids of the nested stacks that the root has.
    pub fn nested_ids(root: &str) -> Vec<String> {
        nested_stacks(&parsed(root)).map(str::to_owned).collect()
    }

    /// Where the nested templates of a root are: its ids and the values of `TemplateURL`.
    pub fn addresses(root: &str) -> Vec<(String, String)> {
        let document = parsed(root);
        let address = |id: &str| {
            let resource = document.get("Resources")?.get(id)?;
            resource.pointer("/Properties/TemplateURL")?.as_str().map(str::to_owned)
        };
        nested_stacks(&document).filter_map(|id| Some((id.to_owned(), address(id)?))).collect()
    }

    /// All bytes, to tell one state from another.
    pub fn bytes(&self) -> Vec<u8> {
        let nested = self.nested.iter().flat_map(|(id, text)| ["\0", id, "\0", text]);
        std::iter::once(self.root.as_str()).chain(nested).collect::<String>().into_bytes()
    }

    /// The template that the stacks are made of: what crosses the border of a stack is a reference again. `None` if the root
    /// is not a template.
    pub fn whole(&self) -> Option<Json> {
        let mut root = Some(parsed(&self.root)).filter(Json::is_object)?;
        if self.nested.is_empty() {
            return Some(root);
        }
        let nested: BTreeMap<&str, Json> =
            self.nested.iter().map(|(id, text)| (id.as_str(), parsed(text))).collect();
        let outputs = BorderOutputs { nested: &nested };
        let mut rest = OwnSections::beside(&root);
        let mut resources = Map::new();
        let own = root.get_mut("Resources").and_then(Json::as_object_mut).map(std::mem::take);
        for (id, mut resource) in own.into_iter().flatten() {
            let Some(template) = nested.get(id.as_str()) else {
                outputs.put_into(&mut resource);
                resources.insert(id, resource);
                continue;
            };
            let mut given = resource.pointer("/Properties/Parameters").cloned().unwrap_or_default();
            outputs.put_into(&mut given);
            let given = GivenValues { given: &given, declared: template.get("Parameters") };
            rest.add(template, given.given, &|value| given.put_into(value));
            for (inner, body) in template.get("Resources").and_then(Json::as_object).into_iter().flatten() {
                let mut body = body.clone();
                given.put_into(&mut body);
                resources.insert(inner.clone(), body);
            }
        }
        if let Some(own) = root.get_mut("Outputs") {
            outputs.put_into(own);
        }
        root.as_object_mut()?.insert("Resources".to_owned(), Json::Object(resources));
        rest.put_into(&mut root);
        Some(root)
    }

    /// Resources that these templates have in another stack than `old` has them.
    pub fn moved_from(&self, old: &StackTemplates) -> Vec<MovedResource> {
        let before = old.places();
        let moved = self.places().into_iter().filter_map(|(id, to)| {
            let from = before.get(&id)?.clone();
            (from != to).then_some(MovedResource { id, from, to })
        });
        moved.collect()
    }

    /// The stack of each resource.
    fn places(&self) -> BTreeMap<String, Option<String>> {
        let root = std::iter::once((None, &self.root));
        let nested = self.nested.iter().map(|(id, text)| (Some(id.clone()), text));
        let mut places = BTreeMap::new();
        for (stack, text) in root.chain(nested) {
            let document = parsed(text);
            let ids = document.get("Resources").and_then(Json::as_object).into_iter().flat_map(Map::keys);
            places.extend(ids.map(|id| (id.clone(), stack.clone())));
        }
        places
    }
}

fn parsed(text: &str) -> Json {
    tranship_artifact::parse_document("template.yaml", text).unwrap_or_default()
}

fn nested_stacks(root: &Json) -> impl Iterator<Item = &str> {
    let resources = root.get("Resources").and_then(Json::as_object).into_iter().flatten();
    let nested = resources.filter(|(_, it)| it.get("Type").and_then(Json::as_str) == Some(NESTED_STACK));
    nested.map(|(id, _)| id.as_str())
}

/// What nested stacks hand out.
struct BorderOutputs<'a> {
    nested: &'a BTreeMap<&'a str, Json>,
}

impl BorderOutputs<'_> {
    fn value(&self, stack: &str, attribute: &str) -> Option<Json> {
        let name = attribute.strip_prefix("Outputs.")?;
        self.nested.get(stack)?.get("Outputs")?.get(name)?.get("Value").cloned()
    }

    fn put_into(&self, value: &mut Json) {
        replace(value, &|name, attribute| self.value(name, attribute?));
    }
}

/// What the root gives a nested stack.
struct GivenValues<'a> {
    given: &'a Json,
    declared: Option<&'a Json>,
}

impl GivenValues<'_> {
    fn value(&self, name: &str) -> Option<Json> {
        let given = self.given.get(name)?;
        let kind = self.declared?.get(name)?.get("Type").and_then(Json::as_str).unwrap_or_default();
        let list = kind == "CommaDelimitedList" || kind.starts_with("List<");
        // A list is joined to be given.
        let joined = given.pointer("/Fn::Join/1").filter(|_| list);
        Some(joined.unwrap_or(given).clone())
    }

    fn put_into(&self, value: &mut Json) {
        replace(value, &|name, attribute| if attribute.is_none() { self.value(name) } else { None });
    }
}

/// What a name and an attribute become; `None` where they stay.
type NewValue<'a> = dyn Fn(&str, Option<&str>) -> Option<Json> + 'a;

/// Replaces references.
fn replace(value: &mut Json, new: &NewValue<'_>) {
    if let Some(replaced) = replaced(value, new) {
        *value = replaced;
        return;
    }
    match value {
        Json::Array(items) => items.iter_mut().for_each(|item| replace(item, new)),
        Json::Object(entries) => entries.values_mut().for_each(|item| replace(item, new)),
        _ => {}
    }
}

fn replaced(value: &Json, new: &NewValue<'_>) -> Option<Json> {
    let entries = value.as_object().filter(|entries| entries.len() == 1)?;
    let (function, argument) = entries.iter().next()?;
    match (function.as_str(), argument) {
        ("Ref", Json::String(name)) => new(name, None),
        ("Fn::GetAtt", Json::Array(parts)) => new(parts.first()?.as_str()?, parts.get(1)?.as_str()),
        ("Fn::GetAtt", Json::String(text)) => {
            let (name, attribute) = text.split_once('.')?;
            new(name, Some(attribute))
        }
        ("Fn::Sub", Json::String(text)) => Some(json!({ "Fn::Sub": filled(text, new) })),
        _ => None,
    }
}

/// The text of `Fn::Sub` with other names in it.
fn filled(text: &str, new: &NewValue<'_>) -> String {
    let mut parts = text.split("${");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        let found = match name.split_once('.') {
            Some((id, attribute)) => new(id, Some(attribute)),
            None => new(name, None),
        };
        filled.push_str(&found.as_ref().and_then(placeholder).unwrap_or_else(|| format!("${{{name}}}")));
        filled.push_str(rest);
    }
    filled
}

/// A reference as `Fn::Sub` writes it.
fn placeholder(value: &Json) -> Option<String> {
    if let Some(name) = value.get("Ref").and_then(Json::as_str) {
        return Some(format!("${{{name}}}"));
    }
    let parts = value.get("Fn::GetAtt")?.as_array()?;
    Some(format!("${{{}.{}}}", parts.first()?.as_str()?, parts.get(1)?.as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = r#"
Resources:
  Cluster: { Type: 'AWS::ECS::Cluster' }
  Alarm: { Type: 'AWS::X::Y', Properties: { Name: !GetAtt WebStack.Outputs.WebServiceName } }
  GroupsStack: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: stacks/GroupsStack.yaml } }
  WebStack:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: stacks/WebStack.yaml
      Parameters:
        Cluster: !Ref Cluster
        ClusterArn: !GetAtt Cluster.Arn
        Subnets: !Join [',', !Ref Subnets]
        RootStackName: !Ref AWS::StackName
        WebGroupGroupId: !GetAtt GroupsStack.Outputs.WebGroupGroupId
Outputs:
  Name: { Value: !Sub 'x-${WebStack.Outputs.WebServiceName}-${AWS::Region}' }
"#;
    const GROUPS: &str = "
Resources: { WebGroup: { Type: 'AWS::EC2::SecurityGroup' } }
Outputs: { WebGroupGroupId: { Value: !GetAtt WebGroup.GroupId } }
";
    const WEB: &str = "
Parameters:
  Cluster: { Type: String }
  ClusterArn: { Type: String }
  Subnets: { Type: 'List<AWS::EC2::Subnet::Id>' }
  RootStackName: { Type: String }
  WebGroupGroupId: { Type: String }
Resources:
  WebService:
    Type: AWS::ECS::Service
    Properties:
      Cluster: !Ref Cluster
      Subnets: !Ref Subnets
      Groups: [!Ref WebGroupGroupId]
      Text: !Sub '/${RootStackName}/${ClusterArn}/${AWS::Region}/${!Kept}/${WebGroupGroupId}'
Outputs: { WebServiceName: { Value: !GetAtt WebService.Name } }
";

    fn divided() -> StackTemplates {
        let nested = [("GroupsStack", GROUPS), ("WebStack", WEB)];
        StackTemplates {
            root: ROOT.to_owned(),
            nested: nested.map(|(id, text)| (id.to_owned(), text.to_owned())).into(),
            foundation: None,
        }
    }

    #[test]
    fn what_crosses_a_border_is_a_reference_again() {
        let whole = divided().whole().unwrap();
        let expected = json!({
            "Cluster": { "Type": "AWS::ECS::Cluster" },
            "Alarm": { "Type": "AWS::X::Y", "Properties": { "Name": { "Fn::GetAtt": ["WebService", "Name"] } } },
            "WebGroup": { "Type": "AWS::EC2::SecurityGroup" },
            "WebService": { "Type": "AWS::ECS::Service", "Properties": {
                "Cluster": { "Ref": "Cluster" },
                "Subnets": { "Ref": "Subnets" },
                "Groups": [{ "Fn::GetAtt": ["WebGroup", "GroupId"] }],
                "Text": { "Fn::Sub": "/${AWS::StackName}/${Cluster.Arn}/${AWS::Region}/${!Kept}/${WebGroup.GroupId}" },
            } },
        });
        assert_eq!(whole["Resources"], expected);
        assert_eq!(
            whole["Outputs"]["Name"]["Value"],
            json!({ "Fn::Sub": "x-${WebService.Name}-${AWS::Region}" })
        );
        assert_eq!(StackTemplates::nested_ids(ROOT), ["GroupsStack", "WebStack"]);
        let paths = ["GroupsStack", "WebStack"].map(|id| (id.to_owned(), format!("stacks/{id}.yaml")));
        assert_eq!(StackTemplates::addresses(ROOT), paths);
    }

    #[test]
    fn independent_stacks_that_are_deployed_are_one_template_again() {
        let foundation = "
# a comment that stays
Resources: { Cluster: { Type: 'AWS::ECS::Cluster' } }
Outputs:
  ClusterRef: { Value: !Ref Cluster }
  Url: { Value: 'http://shop' }
";
        let api = "
Parameters: { Cluster: { Type: String }, RootStackName: { Type: String }, ApiOther: { Type: String }, Version: { Type: String } }
Resources:
  ApiService: { Type: 'AWS::ECS::Service', Properties: { C: !Ref Cluster, N: !Ref RootStackName, O: !Ref ApiOther, V: !Ref Version } }
Outputs: { ApiServiceName: { Value: !GetAtt ApiService.Name } }
";
        let web = "
Parameters: { ApiServiceName: { Type: String } }
Resources: { WebService: { Type: 'AWS::ECS::Service', Properties: { P: !Ref ApiServiceName } } }
";
        let texts: BTreeMap<String, String> =
            [("shop", foundation), ("shop-ApiStack", api), ("shop-WebStack", web)]
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .into();
        // A name that is taken got a hash: only a compile knows it. An output that is not there is none.
        let taken = |stack: &str, parameter: &str| match (stack, parameter) {
            ("shop-ApiStack", "ApiOther") => Some(("shop".to_owned(), "Url".to_owned())),
            ("shop-WebStack", "ApiServiceName") => Some(("shop".to_owned(), "Gone".to_owned())),
            _ => None,
        };
        let found = StackTemplates::deployed("shop", &texts, &taken).unwrap();
        let whole = found.whole().unwrap();
        assert_eq!(
            whole["Resources"],
            json!({
                "Cluster": { "Type": "AWS::ECS::Cluster" },
                "ApiService": { "Type": "AWS::ECS::Service", "Properties": {
                    "C": { "Ref": "Cluster" }, "N": { "Ref": "AWS::StackName" }, "O": "http://shop", "V": { "Ref": "Version" },
                } },
                "WebService": { "Type": "AWS::ECS::Service", "Properties": {
                    "P": { "Fn::GetAtt": ["ApiService", "Name"] },
                } },
            })
        );
        assert_eq!(whole["Parameters"], json!({ "Version": { "Type": "String" } }));
        assert_eq!(found.foundation.as_deref(), Some(foundation));
        assert_eq!(StackTemplates::deployed("other", &texts, &taken), None);
    }

    #[test]
    fn one_stack_reads_as_it_is() {
        let one = StackTemplates::single(GROUPS.to_owned());
        assert_eq!(one.whole(), tranship_artifact::parse_document("t.yaml", GROUPS));
        assert_eq!(StackTemplates::single("[".to_owned()).whole(), None);
        assert_ne!(one.bytes(), divided().bytes());
        assert_eq!(one.bytes(), GROUPS.as_bytes());
    }

    #[test]
    fn what_moves_between_stacks_is_found_both_ways() {
        let one = StackTemplates::single("Resources: { Cluster: {}, WebService: {}, Gone: {} }".to_owned());
        let moved = |from: Option<&str>, to: Option<&str>| MovedResource {
            id: "WebService".to_owned(),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
        };
        assert_eq!(divided().moved_from(&one), [moved(None, Some("WebStack"))]);
        assert_eq!(one.moved_from(&divided()), [moved(Some("WebStack"), None)]);
        assert_eq!(divided().moved_from(&divided()), []);
    }
}
