//! An entry of a template from the map that a template writes for it: the way back of `body`.
//!
//! In: a map with the keys of a resource, parameter, output, mapping or condition. Out: the typed entry, or the first key that has no
//! place in it. Invariant: the map of an entry reads back as the entry, comments left out.

use std::fmt;

use super::{
    DeletionPolicy, LogicalId, ParameterType, PropertyMap, Resource, TemplateCondition, TemplateOutput,
    TemplateParameter, TemplateValue,
};

/// Why a map is no entry of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyFault {
    /// No entry of this kind has the key; those that it may have.
    Unknown(String, &'static [&'static str]),
    /// The key must be there.
    Missing(&'static str),
    /// The key's value must be something else, in words.
    Wrong(String, &'static str),
}

impl fmt::Display for BodyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BodyFault::Unknown(key, known) => {
                let known: Vec<String> = known.iter().map(|one| format!("`{one}`")).collect();
                write!(f, "unknown key `{key}`; known keys: {}", known.join(", "))
            }
            BodyFault::Missing(key) => write!(f, "missing key `{key}`"),
            BodyFault::Wrong(key, words) => write!(f, "`{key}` must be {words}"),
        }
    }
}

impl BodyFault {
    /// The key that it is about.
    pub fn key(&self) -> &str {
        match self {
            BodyFault::Unknown(key, _) | BodyFault::Wrong(key, _) => key,
            BodyFault::Missing(key) => key,
        }
    }
}

/// The attributes of a resource (CloudFormation Template Reference, "Resource attribute reference").
const RESOURCE: &[&str] = &[
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "CreationPolicy",
    "UpdatePolicy",
    "Metadata",
];

/// The attributes of a parameter (CloudFormation User Guide, "Parameters").
const PARAMETER: &[&str] = &[
    "Type",
    "Description",
    "Default",
    "NoEcho",
    "AllowedPattern",
    "AllowedValues",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
    "ConstraintDescription",
];

/// The attributes of an output (CloudFormation User Guide, "Outputs").
const OUTPUT: &[&str] = &["Value", "Description", "Export", "Condition"];

const TEXT: &str = "a string";
const NUMBER: &str = "a whole number";
const SIZE: &str = "a whole number from 0 to 4294967295";
const MAP: &str = "a mapping";
const CONDITION: &str = "one of `Fn::Equals`, `Fn::Not`, `Fn::And`, `Fn::Or` and `Condition`";
const ATTRIBUTES: &str = "a mapping of names to strings, numbers or lists of strings, without functions";
const ID: &str = "the logical id of another entry: letters and digits";

/// Reads the keys of a map.
struct BodyReader<'b>(&'b PropertyMap);

impl<'b> BodyReader<'b> {
    fn of(map: &'b PropertyMap, known: &'static [&'static str]) -> Result<Self, BodyFault> {
        match map.keys().find(|key| !known.contains(key)) {
            Some(key) => Err(BodyFault::Unknown(key.to_owned(), known)),
            None => Ok(BodyReader(map)),
        }
    }

    fn read<T>(
        &self,
        key: &str,
        words: &'static str,
        parse: impl FnOnce(&TemplateValue) -> Option<T>,
    ) -> Result<Option<T>, BodyFault> {
        let Some(value) = self.0.get(key) else { return Ok(None) };
        parse(value).map(Some).ok_or_else(|| BodyFault::Wrong(key.to_owned(), words))
    }

    fn text(&self, key: &str) -> Result<Option<String>, BodyFault> {
        self.read(key, TEXT, plain_text)
    }

    fn map(&self, key: &str) -> Result<PropertyMap, BodyFault> {
        let map = |value: &TemplateValue| match value {
            TemplateValue::Map(map) => Some(map.clone()),
            _ => None,
        };
        self.read(key, MAP, map).map(Option::unwrap_or_default)
    }

    fn number(&self, key: &str) -> Result<Option<i64>, BodyFault> {
        self.read(key, NUMBER, whole_number)
    }

    fn size(&self, key: &str) -> Result<Option<u32>, BodyFault> {
        self.read(key, SIZE, |value| whole_number(value)?.try_into().ok())
    }

    fn id(&self, key: &str) -> Result<Option<LogicalId>, BodyFault> {
        self.read(key, ID, |value| LogicalId::parse(value.as_str()?))
    }

    fn policy(&self, key: &str) -> Result<Option<DeletionPolicy>, BodyFault> {
        let words = "`Delete`, `Retain`, `RetainExceptOnCreate` or `Snapshot`";
        self.read(key, words, |value| DeletionPolicy::parse(value.as_str()?))
    }
}

/// A scalar as text: a number or a switch keeps its form.
fn plain_text(value: &TemplateValue) -> Option<String> {
    match value {
        TemplateValue::String(text) => Some(text.to_string()),
        TemplateValue::Integer(number) => Some(number.to_string()),
        TemplateValue::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn whole_number(value: &TemplateValue) -> Option<i64> {
    match value {
        TemplateValue::Integer(number) => Some(*number),
        TemplateValue::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn texts(value: &TemplateValue) -> Option<Vec<String>> {
    match value {
        TemplateValue::List(items) => items.iter().map(plain_text).collect(),
        _ => None,
    }
}

fn ids(value: &TemplateValue) -> Option<Vec<LogicalId>> {
    match value {
        TemplateValue::List(items) => items.iter().map(|item| LogicalId::parse(item.as_str()?)).collect(),
        one => Some(vec![LogicalId::parse(one.as_str()?)?]),
    }
}

impl DeletionPolicy {
    /// The policy of a word.
    pub fn parse(text: &str) -> Option<DeletionPolicy> {
        let all = [
            DeletionPolicy::Delete,
            DeletionPolicy::Retain,
            DeletionPolicy::RetainExceptOnCreate,
            DeletionPolicy::Snapshot,
        ];
        all.into_iter().find(|policy| policy.as_str() == text)
    }
}

/// Whether a text has the form of a resource type: `AWS::ECS::Service`, `Custom::TaskRun`.
pub fn is_resource_type(text: &str) -> bool {
    let parts: Vec<&str> = text.split("::").collect();
    let word = |part: &&str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@'))
    };
    match parts.as_slice() {
        ["Custom", _] => parts.iter().all(word),
        [_, _, _] | [_, _, _, "MODULE"] => parts.iter().all(word),
        _ => false,
    }
}

impl Resource {
    /// A resource from its map in a template.
    ///
    /// # Errors
    /// The first key that has no place in a resource.
    pub fn from_body(map: &PropertyMap) -> Result<Resource, BodyFault> {
        let body = BodyReader::of(map, RESOURCE)?;
        let kind = body.text("Type")?.ok_or(BodyFault::Missing("Type"))?;
        if !is_resource_type(&kind) {
            return Err(BodyFault::Wrong("Type".to_owned(), "a resource type such as `AWS::SNS::Topic`"));
        }
        let order = "a logical id or a list of them";
        Ok(Resource {
            properties: body.map("Properties")?,
            depends_on: body.read("DependsOn", order, ids)?.unwrap_or_default().into(),
            condition: body.id("Condition")?,
            deletion_policy: body.policy("DeletionPolicy")?,
            update_replace_policy: body.policy("UpdateReplacePolicy")?,
            creation_policy: body.map("CreationPolicy")?,
            update_policy: body.map("UpdatePolicy")?,
            metadata: body.map("Metadata")?,
            ..Resource::new(kind, PropertyMap::new())
        })
    }
}

impl TemplateParameter {
    /// A parameter from its map in a template.
    ///
    /// # Errors
    /// The first key that has no place in a parameter.
    pub fn from_body(map: &PropertyMap) -> Result<TemplateParameter, BodyFault> {
        let body = BodyReader::of(map, PARAMETER)?;
        let kind = body.text("Type")?.ok_or(BodyFault::Missing("Type"))?;
        let flag = |value: &TemplateValue| match value {
            TemplateValue::Bool(flag) => Some(*flag),
            TemplateValue::String(text) => text.parse().ok(),
            _ => None,
        };
        Ok(TemplateParameter {
            description: body.text("Description")?.unwrap_or_default(),
            default: body.text("Default")?,
            no_echo: body.read("NoEcho", "`true` or `false`", flag)?.unwrap_or_default(),
            allowed_pattern: body.text("AllowedPattern")?,
            allowed_values: body.read("AllowedValues", "a list of strings", texts)?.unwrap_or_default(),
            min_length: body.size("MinLength")?,
            max_length: body.size("MaxLength")?,
            min_value: body.number("MinValue")?,
            max_value: body.number("MaxValue")?,
            constraint: body.text("ConstraintDescription")?,
            ..TemplateParameter::new(ParameterType::Other(kind), "")
        })
    }
}

impl TemplateOutput {
    /// An output from its map in a template.
    ///
    /// # Errors
    /// The first key that has no place in an output.
    pub fn from_body(map: &PropertyMap) -> Result<TemplateOutput, BodyFault> {
        let body = BodyReader::of(map, OUTPUT)?;
        let value = map.get("Value").ok_or(BodyFault::Missing("Value"))?;
        let export = body.map("Export")?;
        let export = match (map.get("Export"), export.get("Name"), export.len()) {
            (None, ..) => None,
            (_, Some(name), 1) => Some(name.clone()),
            _ => return Err(BodyFault::Wrong("Export".to_owned(), "a mapping with `Name` alone")),
        };
        Ok(TemplateOutput {
            description: body.text("Description")?.unwrap_or_default(),
            value: value.clone(),
            export,
            condition: body.id("Condition")?,
        })
    }
}

impl TemplateCondition {
    /// The condition as a template has it: one function in its long form.
    pub fn body(&self) -> PropertyMap {
        let conditions = |all: &[TemplateCondition]| {
            TemplateValue::List(all.iter().map(|one| one.body().into()).collect())
        };
        let (name, argument) = match self {
            TemplateCondition::Equals(left, right) => ("Fn::Equals", crate::list![left, right]),
            TemplateCondition::Not(inner) => ("Fn::Not", crate::list![inner.body()]),
            TemplateCondition::And(all) => ("Fn::And", conditions(all)),
            TemplateCondition::Or(all) => ("Fn::Or", conditions(all)),
            TemplateCondition::Named(id) => ("Condition", id.as_str().into()),
        };
        PropertyMap::from_iter([(name.to_owned(), argument)])
    }

    /// A condition from its map in a template.
    ///
    /// # Errors
    /// It is none.
    pub fn from_body(map: &PropertyMap) -> Result<TemplateCondition, BodyFault> {
        let wrong = |key: &str| BodyFault::Wrong(key.to_owned(), CONDITION);
        let inner = |value: &TemplateValue| match value {
            TemplateValue::Map(map) => TemplateCondition::from_body(map),
            _ => Err(wrong("Condition")),
        };
        let mut entries = map.iter();
        let (Some((key, value)), None) = (entries.next(), entries.next()) else {
            return Err(wrong("Condition"));
        };
        let items = match value {
            TemplateValue::List(items) => items.as_slice(),
            _ => &[],
        };
        match (key, items) {
            ("Fn::Equals", [left, right]) => Ok(TemplateCondition::Equals(left.clone(), right.clone())),
            ("Fn::Not", [one]) => Ok(inner(one)?.not()),
            ("Fn::And", [_, _, ..]) => {
                Ok(TemplateCondition::And(items.iter().map(inner).collect::<Result<_, _>>()?))
            }
            ("Fn::Or", [_, _, ..]) => {
                Ok(TemplateCondition::Or(items.iter().map(inner).collect::<Result<_, _>>()?))
            }
            ("Condition", _) => {
                let id = value.as_str().and_then(LogicalId::parse);
                id.map(TemplateCondition::Named).ok_or_else(|| wrong(key))
            }
            _ => Err(wrong(key)),
        }
    }
}

/// A mapping from its map in a template (CloudFormation User Guide, "Mappings"): no function stands in one.
///
/// # Errors
/// The first key that does not have attributes.
pub fn mapping_from_body(map: &PropertyMap) -> Result<PropertyMap, BodyFault> {
    let is_plain = |value: &TemplateValue| plain_text(value).is_some() || texts(value).is_some();
    let has_attributes = |value: &TemplateValue| match value {
        TemplateValue::Map(attributes) => !attributes.is_empty() && attributes.values().all(is_plain),
        _ => false,
    };
    match map.iter().find(|(_, value)| !has_attributes(value)) {
        Some((key, _)) => Err(BodyFault::Wrong(key.to_owned(), ATTRIBUTES)),
        None if map.is_empty() => Err(BodyFault::Missing("KEY")),
        None => Ok(map.clone()),
    }
}

/// The names of a mapping: of its keys, and of their attributes.
pub fn mapping_keys(mapping: &PropertyMap) -> Vec<&str> {
    let attributes = mapping.values().flat_map(|value| match value {
        TemplateValue::Map(attributes) => attributes.keys().collect::<Vec<_>>(),
        _ => Vec::new(),
    });
    mapping.keys().chain(attributes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{list, props};

    fn id(text: &str) -> LogicalId {
        LogicalId::parse(text).unwrap()
    }

    #[test]
    fn a_resource_reads_back() {
        let mut resource = Resource::new("AWS::RDS::DBInstance", props! { "A" => id("P").reference() })
            .depends_on_all([&id("B"), &id("P")])
            .condition(&id("C"))
            .policy(DeletionPolicy::Snapshot)
            .creation_policy(props! { "K" => 1 })
            .update_policy(props! { "U" => 2 })
            .metadata("m", "v");
        resource.update_replace_policy = Some(DeletionPolicy::RetainExceptOnCreate);
        assert_eq!(Resource::from_body(&resource.whole_body()), Ok(resource));
        let one = Resource::from_body(&props! { "Type" => "Custom::Run", "DependsOn" => "A" }).unwrap();
        assert_eq!(one.depends_on, [id("A")]);
    }

    #[test]
    fn a_parameter_and_an_output_read_back() {
        let parameter = TemplateParameter {
            kind: ParameterType::Other("Number".into()),
            min_length: Some(1),
            max_length: Some(9),
            ..TemplateParameter::string("d")
                .default("4")
                .no_echo()
                .pattern("x", "y")
                .allowed(["4", "5"])
                .range(-1, 7)
        };
        assert_eq!(TemplateParameter::from_body(&parameter.body()), Ok(parameter));
        let output = TemplateOutput::new("d", id("A").arn()).export("name").condition(&id("C"));
        assert_eq!(TemplateOutput::from_body(&output.body()), Ok(output));
        let plain = TemplateOutput::from_body(&props! { "Value" => 1 }).unwrap();
        assert_eq!(plain, TemplateOutput::new("", 1));
    }

    #[test]
    fn what_has_no_place_is_named() {
        let fault = |map: PropertyMap| Resource::from_body(&map).unwrap_err().to_string();
        assert_eq!(fault(props! { "Properties" => props! {} }), "missing key `Type`");
        assert_eq!(
            fault(props! { "Type" => "Topic" }),
            "`Type` must be a resource type such as `AWS::SNS::Topic`"
        );
        let ok = "AWS::SNS::Topic";
        assert_eq!(fault(props! { "Type" => ok, "Properties" => list![] }), "`Properties` must be a mapping");
        assert_eq!(
            fault(props! { "Type" => ok, "DependsOn" => list!["a b"] }),
            "`DependsOn` must be a logical id or a list of them"
        );
        assert!(
            fault(props! { "Type" => ok, "DeletionPolicy" => "Keep" }).contains("`RetainExceptOnCreate`")
        );
        assert!(
            fault(props! { "Type" => ok, "Propertys" => props! {} })
                .starts_with("unknown key `Propertys`; known keys: `Type`, `Properties`")
        );
        let fault = |map: PropertyMap| TemplateParameter::from_body(&map).unwrap_err();
        assert_eq!(fault(props! { "Default" => "x" }).key(), "Type");
        assert_eq!(fault(props! { "Type" => "String", "MinLength" => -1 }).key(), "MinLength");
        assert_eq!(fault(props! { "Type" => "String", "Value" => "x" }).key(), "Value");
        let fault = |map: PropertyMap| TemplateOutput::from_body(&map).unwrap_err();
        assert_eq!(fault(props! { "Export" => props! {} }).key(), "Value");
        assert_eq!(fault(props! { "Value" => 1, "Export" => props! { "Nam" => 1 } }).key(), "Export");
    }

    #[test]
    fn types() {
        for (text, is) in [
            ("AWS::ECS::Service", true),
            ("Custom::Run-1", true),
            ("Acme::Db::Backup", true),
            ("Acme::Db::Backup::MODULE", true),
            ("AWS::ECS", false),
            ("AWS::::Service", false),
            ("Service", false),
            ("AWS::ECS::Service::Task", false),
            ("AWS::E C S::Service", false),
        ] {
            assert_eq!(is_resource_type(text), is, "{text}");
        }
    }
}
