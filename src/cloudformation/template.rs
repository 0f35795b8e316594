//! A template and its sections, in insertion order.

use indexmap::IndexMap;
use indexmap::map::Entry;
use std::borrow::Cow;
use std::collections::BTreeSet;
use thin_vec::ThinVec;

use super::{LogicalId, PropertyMap, ResourceDependency, TemplateCondition, TemplateValue};

/// A CloudFormation template.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    /// Shown in the console; at most 1,024 bytes.
    pub description: String,
    /// `Metadata`: for tools, not for CloudFormation.
    pub metadata: PropertyMap,
    /// Values that a deployment fills in.
    pub parameters: IndexMap<LogicalId, TemplateParameter>,
    /// Constants looked up by two keys.
    pub mappings: IndexMap<LogicalId, PropertyMap>,
    /// Named conditions.
    pub conditions: IndexMap<LogicalId, TemplateCondition>,
    /// The resources of the stack.
    pub resources: IndexMap<LogicalId, Resource>,
    /// The outputs of the stack.
    pub outputs: IndexMap<LogicalId, TemplateOutput>,
    duplicates: Vec<LogicalId>,
}

impl Template {
    /// An empty template.
    pub fn new(description: impl Into<String>) -> Template {
        Template { description: description.into(), ..Template::default() }
    }

    /// Adds a resource. For a duplicate id, the first resource is kept and `check` reports it.
    pub fn add(&mut self, id: &LogicalId, resource: Resource) {
        let known = self.parameters.contains_key(id) || insert(&mut self.resources, id, resource);
        self.note(id, known);
    }

    /// Adds a parameter. Parameters and resources share one set of ids.
    pub fn add_parameter(&mut self, id: &LogicalId, parameter: TemplateParameter) {
        let known = self.resources.contains_key(id) || insert(&mut self.parameters, id, parameter);
        self.note(id, known);
    }

    /// Adds a condition.
    pub fn add_condition(&mut self, id: &LogicalId, condition: TemplateCondition) {
        let known = insert(&mut self.conditions, id, condition);
        self.note(id, known);
    }

    /// Adds a mapping: first key to second key to value.
    pub fn add_mapping(&mut self, id: &LogicalId, mapping: PropertyMap) {
        let known = insert(&mut self.mappings, id, mapping);
        self.note(id, known);
    }

    /// Adds an output.
    pub fn add_output(&mut self, id: &LogicalId, output: TemplateOutput) {
        let known = insert(&mut self.outputs, id, output);
        self.note(id, known);
    }

    /// Ids that were added twice.
    pub fn duplicates(&self) -> &[LogicalId] {
        &self.duplicates
    }

    /// All of it but the resources.
    pub(super) fn without_resources(&self) -> Template {
        Template {
            description: self.description.clone(),
            metadata: self.metadata.clone(),
            parameters: self.parameters.clone(),
            mappings: self.mappings.clone(),
            conditions: self.conditions.clone(),
            resources: IndexMap::new(),
            outputs: self.outputs.clone(),
            duplicates: self.duplicates.clone(),
        }
    }

    /// Gives back the memory that its sections have for more entries: a section has up to twice as much as it needs.
    pub fn shrink(&mut self) {
        self.parameters.shrink_to_fit();
        self.conditions.shrink_to_fit();
        self.resources.shrink_to_fit();
        self.outputs.shrink_to_fit();
    }

    /// Gives up what its resources hold, once the stacks that it was divided into have it: it still says which there are, of
    /// which kind, under which condition, and where they come from.
    pub fn drop_content(&mut self) {
        for resource in self.resources.values_mut() {
            let mut comments = resource.take_content().comments;
            comments.truncate(1);
            resource.comments = comments;
        }
    }

    fn note(&mut self, id: &LogicalId, known: bool) {
        if known {
            self.duplicates.push(id.clone());
        }
    }
}

/// Returns whether the id already existed; nothing is changed then.
fn insert<T>(section: &mut IndexMap<LogicalId, T>, id: &LogicalId, item: T) -> bool {
    match section.entry(id.clone()) {
        Entry::Occupied(_) => true,
        Entry::Vacant(place) => {
            place.insert(item);
            false
        }
    }
}

/// Items of a list that are found by looking at each.
const FEW_ITEMS: usize = 16;

/// Appends those that the list does not have yet.
fn add_once<T: Ord + Clone>(list: &mut ThinVec<T>, items: impl IntoIterator<Item = T>) {
    let mut items = items.into_iter();
    list.reserve_exact(items.size_hint().0);
    for item in items.by_ref() {
        if !list.contains(&item) {
            list.push(item);
        }
        if list.len() >= FEW_ITEMS {
            break;
        }
    }
    let Some(next) = items.next() else { return };
    // However many there are, each is looked up once.
    let mut known: BTreeSet<T> = list.iter().cloned().collect();
    list.extend(std::iter::once(next).chain(items).filter(|item| known.insert(item.clone())));
}

/// What CloudFormation does with the underlying object when the resource is removed or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// Deleted: the default of most types.
    Delete,
    /// Retained.
    Retain,
    /// Retained, but not where its own creation is rolled back. Only a deletion knows it, a replacement does not.
    RetainExceptOnCreate,
    /// Deleted after a snapshot.
    Snapshot,
}

impl DeletionPolicy {
    /// The policy as it appears in a template.
    pub fn as_str(self) -> &'static str {
        match self {
            DeletionPolicy::Delete => "Delete",
            DeletionPolicy::Retain => "Retain",
            DeletionPolicy::RetainExceptOnCreate => "RetainExceptOnCreate",
            DeletionPolicy::Snapshot => "Snapshot",
        }
    }
}

/// A resource and its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `AWS::ECS::Service`, `Custom::TaskRun`, ...
    pub kind: Cow<'static, str>,
    /// The properties.
    pub properties: PropertyMap,
    /// Created after these, deleted before them.
    pub depends_on: ThinVec<LogicalId>,
    /// Created only if this condition holds.
    pub condition: Option<LogicalId>,
    /// `DeletionPolicy`.
    pub deletion_policy: Option<DeletionPolicy>,
    /// `UpdateReplacePolicy`.
    pub update_replace_policy: Option<DeletionPolicy>,
    /// `CreationPolicy`.
    pub creation_policy: PropertyMap,
    /// `UpdatePolicy`.
    pub update_policy: PropertyMap,
    /// `Metadata`: for tools, not for CloudFormation.
    pub metadata: PropertyMap,
    /// Comment lines above the resource: where it comes from.
    pub comments: ThinVec<String>,
}

impl Resource {
    /// A resource with its properties.
    pub fn new(kind: impl Into<Cow<'static, str>>, properties: PropertyMap) -> Resource {
        Resource {
            kind: kind.into(),
            properties: properties.shrunk(),
            depends_on: ThinVec::new(),
            condition: None,
            deletion_policy: None,
            update_replace_policy: None,
            creation_policy: PropertyMap::new(),
            update_policy: PropertyMap::new(),
            metadata: PropertyMap::new(),
            comments: ThinVec::new(),
        }
    }

    /// The resource, of which only the kind and the condition stay here.
    pub(super) fn take_content(&mut self) -> Resource {
        let rest = Resource {
            condition: self.condition.clone(),
            ..Resource::new(self.kind.clone(), PropertyMap::new())
        };
        std::mem::replace(self, rest)
    }

    /// Adds a line of provenance, once.
    pub fn comment(mut self, line: impl Into<String>) -> Resource {
        let line = line.into();
        if !self.comments.contains(&line) {
            self.comments.push(line);
        }
        self
    }

    /// Adds several lines of provenance, each once.
    pub fn comments<T: Into<String>>(mut self, lines: impl IntoIterator<Item = T>) -> Resource {
        add_once(&mut self.comments, lines.into_iter().map(Into::into));
        self
    }

    /// Orders this resource after another.
    pub fn depends_on(mut self, id: &LogicalId) -> Resource {
        if !self.depends_on.contains(id) {
            self.depends_on.push(id.clone());
        }
        self
    }

    /// Orders this resource after others.
    pub fn depends_on_all<'a>(mut self, ids: impl IntoIterator<Item = &'a LogicalId>) -> Resource {
        add_once(&mut self.depends_on, ids.into_iter().cloned());
        self
    }

    /// Creates this resource only under a condition.
    pub fn condition(mut self, id: &LogicalId) -> Resource {
        self.condition = Some(id.clone());
        self
    }

    /// Sets the deletion and replacement policies: setting only one of them is a trap.
    pub fn policy(mut self, policy: DeletionPolicy) -> Resource {
        self.deletion_policy = Some(policy);
        self.update_replace_policy = Some(policy);
        self
    }

    /// Retains the underlying object when the resource is removed or replaced.
    pub fn retain(self) -> Resource {
        self.policy(DeletionPolicy::Retain)
    }

    /// Retains the underlying object as `retain` does, unless the operation that created it fails: then it is empty.
    pub fn retain_once_created(mut self) -> Resource {
        self.deletion_policy = Some(DeletionPolicy::RetainExceptOnCreate);
        self.update_replace_policy = Some(DeletionPolicy::Retain);
        self
    }

    /// Sets `CreationPolicy`.
    pub fn creation_policy(mut self, policy: PropertyMap) -> Resource {
        self.creation_policy = policy;
        self
    }

    /// Sets `UpdatePolicy`.
    pub fn update_policy(mut self, policy: PropertyMap) -> Resource {
        self.update_policy = policy;
        self
    }

    /// Sets a metadata key.
    pub fn metadata(mut self, key: &'static str, value: impl Into<TemplateValue>) -> Resource {
        self.metadata.set(key, value);
        self
    }
}

/// The type of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterType {
    /// A string.
    String,
    /// A number, passed as a string.
    Number,
    /// A comma-separated list.
    CommaDelimitedList,
    /// An AWS id that CloudFormation validates: `AWS::EC2::VPC::Id`.
    Aws(&'static str),
    /// A list of such ids: `List<AWS::EC2::Subnet::Id>`.
    AwsList(&'static str),
    /// The value of an SSM parameter of the given type.
    Ssm(&'static str),
    /// Any other, as it is written.
    Other(String),
}

impl ParameterType {
    /// The type as it appears in a template.
    pub fn text(&self) -> String {
        match self {
            ParameterType::String => "String".to_owned(),
            ParameterType::Number => "Number".to_owned(),
            ParameterType::CommaDelimitedList => "CommaDelimitedList".to_owned(),
            ParameterType::Aws(kind) => (*kind).to_owned(),
            ParameterType::AwsList(kind) => format!("List<{kind}>"),
            ParameterType::Ssm(kind) => format!("AWS::SSM::Parameter::Value<{kind}>"),
            ParameterType::Other(kind) => kind.clone(),
        }
    }
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateParameter {
    /// Its type.
    pub kind: ParameterType,
    /// What it is for; at most 4,000 characters.
    pub description: String,
    /// The default value.
    pub default: Option<String>,
    /// Hidden in the console and in the API.
    pub no_echo: bool,
    /// A regular expression that must match the whole value.
    pub allowed_pattern: Option<String>,
    /// The only values allowed.
    pub allowed_values: Vec<String>,
    /// The minimum number of characters.
    pub min_length: Option<u32>,
    /// The maximum number of characters.
    pub max_length: Option<u32>,
    /// The minimum.
    pub min_value: Option<i64>,
    /// The maximum.
    pub max_value: Option<i64>,
    /// The message for an invalid value.
    pub constraint: Option<String>,
    /// Comment lines above it: where it comes from.
    pub comments: Vec<String>,
}

impl TemplateParameter {
    /// A parameter with a type.
    pub fn new(kind: ParameterType, description: impl Into<String>) -> TemplateParameter {
        TemplateParameter {
            kind,
            description: description.into(),
            default: None,
            no_echo: false,
            allowed_pattern: None,
            allowed_values: Vec::new(),
            min_length: None,
            max_length: None,
            min_value: None,
            max_value: None,
            constraint: None,
            comments: Vec::new(),
        }
    }

    /// A string parameter.
    pub fn string(description: impl Into<String>) -> TemplateParameter {
        TemplateParameter::new(ParameterType::String, description)
    }

    /// Sets the default value.
    pub fn default(mut self, value: impl Into<String>) -> TemplateParameter {
        self.default = Some(value.into());
        self
    }

    /// Hides the value.
    pub fn no_echo(mut self) -> TemplateParameter {
        self.no_echo = true;
        self
    }

    /// Sets the pattern for the whole value, and the message for an invalid one.
    pub fn pattern(mut self, pattern: &str, constraint: &str) -> TemplateParameter {
        self.allowed_pattern = Some(pattern.to_owned());
        self.constraint = Some(constraint.to_owned());
        self
    }

    /// Sets the allowed values.
    pub fn allowed<T: Into<String>>(mut self, values: impl IntoIterator<Item = T>) -> TemplateParameter {
        self.allowed_values = values.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the minimum and the maximum.
    pub fn range(mut self, min: i64, max: i64) -> TemplateParameter {
        self.min_value = Some(min);
        self.max_value = Some(max);
        self
    }

    /// Sets the minimum number of characters.
    pub fn min_length(mut self, characters: u32) -> TemplateParameter {
        self.min_length = Some(characters);
        self
    }

    /// Adds a line of provenance, once.
    pub fn comment(mut self, line: impl Into<String>) -> TemplateParameter {
        let line = line.into();
        if !self.comments.contains(&line) {
            self.comments.push(line);
        }
        self
    }

    /// The parameter as a map of the template.
    pub fn body(&self) -> PropertyMap {
        PropertyMap::new()
            .with("Type", self.kind.text())
            .with("Description", self.description.as_str())
            .with_some("Default", self.default.as_deref())
            .with_some("NoEcho", self.no_echo.then_some(true))
            .with_some("AllowedPattern", self.allowed_pattern.as_deref())
            .with_list("AllowedValues", self.allowed_values.iter())
            .with_some("MinLength", self.min_length)
            .with_some("MaxLength", self.max_length)
            .with_some("MinValue", self.min_value)
            .with_some("MaxValue", self.max_value)
            .with_some("ConstraintDescription", self.constraint.as_deref())
    }
}

/// An output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateOutput {
    /// What it describes; at most 1,024 bytes.
    pub description: String,
    /// The value.
    pub value: TemplateValue,
    /// The export name for other stacks.
    pub export: Option<TemplateValue>,
    /// Present only if this condition holds.
    pub condition: Option<LogicalId>,
}

impl TemplateOutput {
    /// An output with its value.
    pub fn new(description: impl Into<String>, value: impl Into<TemplateValue>) -> TemplateOutput {
        TemplateOutput { description: description.into(), value: value.into(), export: None, condition: None }
    }

    /// Exports it under a name.
    pub fn export(mut self, name: impl Into<TemplateValue>) -> TemplateOutput {
        self.export = Some(name.into());
        self
    }

    /// Includes it only under a condition.
    pub fn condition(mut self, id: &LogicalId) -> TemplateOutput {
        self.condition = Some(id.clone());
        self
    }

    /// The output as a map of the template.
    pub fn body(&self) -> PropertyMap {
        PropertyMap::new()
            .with_some("Condition", self.condition.as_ref().map(LogicalId::as_str))
            .with("Description", self.description.as_str())
            .with("Value", &self.value)
            .with_some("Export", self.export.as_ref().map(|name| PropertyMap::new().with("Name", name)))
    }
}

impl Resource {
    /// The resource as a map of the template.
    pub(super) fn body(&self) -> PropertyMap {
        map_of(self.sections())
    }

    /// The same with every `DependsOn`, also what a reference implies.
    pub fn whole_body(&self) -> PropertyMap {
        map_of(self.sections_after(self.depends_on.iter().collect()))
    }

    /// The keys of the resource in a template, in order.
    pub(super) fn sections(&self) -> Vec<(&'static str, BodySection<'_>)> {
        self.sections_after(self.order())
    }

    fn sections_after(&self, depends_on: Vec<&LogicalId>) -> Vec<(&'static str, BodySection<'_>)> {
        let depends_on = match depends_on.as_slice() {
            [] => None,
            [one] => Some(TemplateValue::from(one.as_str())),
            several => Some(several.iter().map(|id| id.as_str()).collect()),
        };
        let text = |text: &'static str| BodySection::Value(TemplateValue::from(text));
        let map = |map| Some(BodySection::Map(map)).filter(|_| !PropertyMap::is_empty(map));
        let keys = [
            ("Type", Some(BodySection::Value(TemplateValue::from(self.kind.as_ref())))),
            ("Condition", self.condition.as_ref().map(|id| BodySection::Value(id.as_str().into()))),
            ("DependsOn", depends_on.map(BodySection::Value)),
            ("DeletionPolicy", self.deletion_policy.map(|policy| text(policy.as_str()))),
            ("UpdateReplacePolicy", self.update_replace_policy.map(|policy| text(policy.as_str()))),
            ("CreationPolicy", map(&self.creation_policy)),
            ("UpdatePolicy", map(&self.update_policy)),
            ("Metadata", map(&self.metadata)),
            ("Properties", map(&self.properties)),
        ];
        keys.into_iter().filter_map(|(key, section)| Some((key, section?))).collect()
    }

    /// Those that `DependsOn` names. References already imply an order, and linters object to stating it twice.
    fn order(&self) -> Vec<&LogicalId> {
        if self.depends_on.is_empty() {
            return Vec::new();
        }
        let said: Vec<ResourceDependency> = self.properties.dependencies();
        let implied: BTreeSet<&LogicalId> = said.iter().map(ResourceDependency::id).collect();
        self.depends_on.iter().filter(|id| !implied.contains(id)).collect()
    }
}

fn map_of(sections: Vec<(&'static str, BodySection<'_>)>) -> PropertyMap {
    sections.into_iter().map(|(key, section)| (key, section.into_value())).collect()
}

/// What stands under a key of a resource.
pub(super) enum BodySection<'r> {
    /// A value that is made for it.
    Value(TemplateValue),
    /// A map of the resource.
    Map(&'r PropertyMap),
}

impl BodySection<'_> {
    fn into_value(self) -> TemplateValue {
        match self {
            BodySection::Value(value) => value,
            BodySection::Map(map) => map.clone().into(),
        }
    }
}

#[cfg(test)]
mod tests;
