//! References in a template: undefined names, and cycles that CloudFormation cannot create.

use std::collections::BTreeSet;

use super::{
    IntrinsicFunction, IntrinsicTarget, LogicalId, PropertyMap, Resource, SubPart, Template,
    TemplateCondition, TemplateOutput, TemplateValue,
};

/// A reference to a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceDependency {
    /// `Ref`, or `${Id}`: a parameter or a resource.
    Reference(LogicalId),
    /// `Fn::GetAtt`, or `${Id.Attribute}`: a resource.
    Attribute(LogicalId),
    /// `DependsOn`: a resource.
    Order(LogicalId),
    /// `Fn::If` or `Condition`: a condition.
    Condition(LogicalId),
    /// `Fn::FindInMap`: a mapping.
    Mapping(LogicalId),
}

impl ResourceDependency {
    /// The referenced name.
    pub fn id(&self) -> &LogicalId {
        match self {
            ResourceDependency::Reference(id)
            | ResourceDependency::Attribute(id)
            | ResourceDependency::Order(id)
            | ResourceDependency::Condition(id)
            | ResourceDependency::Mapping(id) => id,
        }
    }

    /// Whether the template defines the name, as the kind of object this reference needs.
    fn is_met(&self, template: &Template) -> bool {
        match self {
            ResourceDependency::Reference(id) => {
                template.resources.contains_key(id) || template.parameters.contains_key(id)
            }
            ResourceDependency::Attribute(id) | ResourceDependency::Order(id) => {
                template.resources.contains_key(id)
            }
            ResourceDependency::Condition(id) => template.conditions.contains_key(id),
            ResourceDependency::Mapping(id) => template.mappings.contains_key(id),
        }
    }
}

impl TemplateValue {
    /// Every name referenced in this value, in order.
    pub fn dependencies(&self) -> Vec<ResourceDependency> {
        let mut found = Vec::new();
        self.add_dependencies(&mut found);
        found
    }

    fn add_dependencies(&self, found: &mut Vec<ResourceDependency>) {
        self.walk(&mut |value| {
            if let TemplateValue::Function(function) = value {
                add_direct(function, found);
            }
        });
    }
}

impl PropertyMap {
    /// Every name referenced in this map, in order.
    pub fn dependencies(&self) -> Vec<ResourceDependency> {
        let mut found = Vec::new();
        self.add_dependencies(&mut found);
        found
    }

    fn add_dependencies(&self, found: &mut Vec<ResourceDependency>) {
        self.values().for_each(|value| value.add_dependencies(found));
    }
}

impl TemplateCondition {
    /// Every name referenced in this condition.
    pub fn dependencies(&self) -> Vec<ResourceDependency> {
        let mut found = Vec::new();
        self.walk(&mut |condition| match condition {
            TemplateCondition::Equals(left, right) => {
                left.add_dependencies(&mut found);
                right.add_dependencies(&mut found);
            }
            TemplateCondition::Named(id) => found.push(ResourceDependency::Condition(id.clone())),
            TemplateCondition::Not(_) | TemplateCondition::And(_) | TemplateCondition::Or(_) => {}
        });
        found
    }
}

impl Resource {
    /// Every name that the resource refers to, its order included.
    pub fn dependencies(&self) -> Vec<ResourceDependency> {
        let mut found: Vec<ResourceDependency> =
            self.condition.iter().cloned().map(ResourceDependency::Condition).collect();
        found.extend(self.depends_on.iter().cloned().map(ResourceDependency::Order));
        for map in [&self.properties, &self.creation_policy, &self.update_policy, &self.metadata] {
            map.add_dependencies(&mut found);
        }
        found
    }
}

fn add_direct(function: &IntrinsicFunction, found: &mut Vec<ResourceDependency>) {
    match function {
        IntrinsicFunction::Ref(target) => found.extend(reference(target)),
        IntrinsicFunction::GetAtt(id, _) => found.push(ResourceDependency::Attribute(id.clone())),
        IntrinsicFunction::If(condition, ..) => found.push(ResourceDependency::Condition(condition.clone())),
        IntrinsicFunction::FindInMap(mapping, ..) => found.push(ResourceDependency::Mapping(mapping.clone())),
        IntrinsicFunction::Sub(sub) => found.extend(sub.parts().iter().filter_map(part)),
        _ => {}
    }
}

fn part(part: &SubPart) -> Option<ResourceDependency> {
    match part {
        SubPart::Reference(target) => reference(target),
        SubPart::Attribute(id, _) => Some(ResourceDependency::Attribute(id.clone())),
        SubPart::SecretField(id, _) => Some(ResourceDependency::Reference(id.clone())),
        SubPart::Text(_) | SubPart::Dynamic | SubPart::Value(_) => None,
    }
}

fn reference(target: &IntrinsicTarget) -> Option<ResourceDependency> {
    match target {
        IntrinsicTarget::Id(id) => Some(ResourceDependency::Reference(id.clone())),
        IntrinsicTarget::Pseudo(_) => None,
    }
}

impl TemplateOutput {
    /// Every name that the output refers to.
    pub fn dependencies(&self) -> Vec<ResourceDependency> {
        let mut found: Vec<ResourceDependency> =
            self.condition.iter().cloned().map(ResourceDependency::Condition).collect();
        for value in std::iter::once(&self.value).chain(&self.export) {
            value.add_dependencies(&mut found);
        }
        found
    }
}

/// The section of a template that a reference is in: an output or a condition may have the id of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UseSection {
    Conditions,
    Resources,
    Outputs,
}

/// A reference.
pub(super) struct ResourceUse<'t> {
    /// Where it is.
    pub(super) section: UseSection,
    /// The id that it occurs in.
    pub(super) at: &'t LogicalId,
    /// What it refers to.
    pub(super) on: ResourceDependency,
}

/// Every reference with the id it occurs in, in template order.
pub(super) fn uses(template: &Template) -> Vec<ResourceUse<'_>> {
    let mut uses = Vec::new();
    let mut add = |section: UseSection, at, found: Vec<ResourceDependency>| {
        uses.extend(found.into_iter().map(|on| ResourceUse { section, at, on }));
    };
    for (id, condition) in &template.conditions {
        add(UseSection::Conditions, id, condition.dependencies());
    }
    for (id, resource) in &template.resources {
        add(UseSection::Resources, id, resource.dependencies());
    }
    for (id, output) in &template.outputs {
        add(UseSection::Outputs, id, output.dependencies());
    }
    uses
}

/// Resources that conditions refer to: where, and which. A name that is none at all is undefined instead.
pub(super) fn resources_in_conditions(
    template: &Template,
) -> impl Iterator<Item = (LogicalId, LogicalId)> + '_ {
    let uses = template
        .conditions
        .iter()
        .flat_map(|(id, condition)| condition.dependencies().into_iter().map(move |it| (id.clone(), it)));
    uses.filter_map(|(at, dependency)| match dependency {
        ResourceDependency::Reference(id) | ResourceDependency::Attribute(id)
            if template.resources.contains_key(&id) =>
        {
            Some((at, id))
        }
        _ => None,
    })
}

/// Keys that `Fn::FindInMap` looks up and their mapping does not have: where, the mapping, the key. What only a deployment knows
/// counts as known.
pub(super) fn unknown_keys(template: &Template) -> Vec<(LogicalId, LogicalId, String)> {
    let mut found = Vec::new();
    if template.mappings.is_empty() {
        return found;
    }
    let mut look = |at: &LogicalId, value: &TemplateValue| {
        value.walk(&mut |value| {
            let TemplateValue::Function(function) = value else { return };
            let IntrinsicFunction::FindInMap(id, first, second) = function.as_ref() else { return };
            let Some(mapping) = template.mappings.get(id) else { return };
            found.extend(missing_key(mapping, first, second).map(|key| (at.clone(), id.clone(), key)));
        });
    };
    for (id, resource) in &template.resources {
        resource.properties.values().for_each(|value| look(id, value));
    }
    for (id, output) in &template.outputs {
        std::iter::once(&output.value).chain(&output.export).for_each(|value| look(id, value));
    }
    for (id, condition) in &template.conditions {
        condition.walk(&mut |condition| {
            if let TemplateCondition::Equals(left, right) = condition {
                look(id, left);
                look(id, right);
            }
        });
    }
    found
}

/// The first of the two keys that a mapping does not have.
fn missing_key(mapping: &PropertyMap, first: &TemplateValue, second: &TemplateValue) -> Option<String> {
    let attributes = |value: &TemplateValue, key: &str| match value {
        TemplateValue::Map(attributes) => attributes.get(key).is_some(),
        _ => false,
    };
    match (first.as_str(), second.as_str()) {
        (Some(first), _) if mapping.get(first).is_none() => Some(first.to_owned()),
        (Some(first), Some(second)) => {
            mapping.get(first).filter(|value| !attributes(value, second)).map(|_| second.to_owned())
        }
        (None, Some(second)) => {
            (!mapping.values().any(|value| attributes(value, second))).then(|| second.to_owned())
        }
        _ => None,
    }
}

/// References to names that the template does not define: where, and what.
pub(super) fn undefined(
    template: &Template,
    uses: &[ResourceUse<'_>],
) -> Vec<(LogicalId, ResourceDependency)> {
    let mut seen = BTreeSet::new();
    uses.iter()
        .filter(|it| !it.on.is_met(template))
        .map(|it| (it.at.clone(), it.on.clone()))
        .filter(|found| seen.insert(found.clone()))
        .collect()
}

/// Resources (or conditions) that depend on each other: each cycle once, from its first member on.
pub(super) fn cycles(template: &Template, uses: &[ResourceUse<'_>]) -> Vec<Vec<LogicalId>> {
    let conditions = template.conditions.len();
    let ids: Vec<&LogicalId> = template.conditions.keys().chain(template.resources.keys()).collect();
    let resource = |id: &LogicalId| template.resources.get_index_of(id).map(|at| conditions + at);
    let condition = |id: &LogicalId| template.conditions.get_index_of(id);
    let mut edges: Vec<Vec<usize>> = vec![Vec::new(); ids.len()];
    let mut known = BTreeSet::new();
    // What one resource refers to comes in a row.
    let mut last: Option<(&LogicalId, Option<usize>)> = None;
    for ResourceUse { section, at, on } in uses {
        let ends = match (section, on) {
            (UseSection::Outputs, _) | (_, ResourceDependency::Mapping(_)) => None,
            (UseSection::Conditions, ResourceDependency::Condition(to)) => condition(at).zip(condition(to)),
            (UseSection::Conditions, _) | (UseSection::Resources, ResourceDependency::Condition(_)) => None,
            (UseSection::Resources, other) => {
                let own = match last {
                    Some((id, own)) if std::ptr::eq(id, *at) => own,
                    _ => resource(at),
                };
                last = Some((at, own));
                own.zip(resource(other.id()))
            }
        };
        let Some((from, to)) = ends.filter(|ends| known.insert(*ends)) else { continue };
        edges.get_mut(from).into_iter().for_each(|targets| targets.push(to));
    }
    let places = vec![None; ids.len()];
    let done = vec![false; ids.len()];
    let cycles = CycleSearch { edges, done, places, cycles: Vec::new() }.run();
    let named =
        |cycle: Vec<usize>| cycle.into_iter().filter_map(|at| ids.get(at).copied().cloned()).collect();
    cycles.into_iter().map(named).collect()
}

/// Depth-first search with an explicit stack: a template may be too deep for the thread's stack.
struct CycleSearch {
    /// What each depends on, by number.
    edges: Vec<Vec<usize>>,
    done: Vec<bool>,
    /// Where each is on the path.
    places: Vec<Option<usize>>,
    cycles: Vec<Vec<usize>>,
}

impl CycleSearch {
    fn run(mut self) -> Vec<Vec<usize>> {
        for start in 0..self.edges.len() {
            self.from(start);
        }
        self.cycles
    }

    fn from(&mut self, start: usize) {
        let mut path: Vec<(usize, usize)> = Vec::new();
        self.enter(start, &mut path);
        while let Some((node, next)) = path.last_mut() {
            let target = self.edges.get(*node).and_then(|targets| targets.get(*next)).copied();
            *next += 1;
            match target {
                Some(target) => match self.places.get(target).copied().flatten() {
                    Some(at) => self.cycles.push(path.iter().skip(at).map(|(node, _)| *node).collect()),
                    None => self.enter(target, &mut path),
                },
                None => {
                    let node = *node;
                    self.places.get_mut(node).into_iter().for_each(|place| *place = None);
                    self.done.get_mut(node).into_iter().for_each(|done| *done = true);
                    path.pop();
                }
            }
        }
    }

    /// Goes on with a node, unless all that it leads to is known.
    fn enter(&mut self, node: usize, path: &mut Vec<(usize, usize)>) {
        if self.done.get(node) == Some(&false) {
            self.places.get_mut(node).into_iter().for_each(|place| *place = Some(path.len()));
            path.push((node, 0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FnSub, If, TemplateParameter, props};

    fn id(text: &str) -> LogicalId {
        LogicalId::parse(text).unwrap()
    }

    fn resource(references: &[&str]) -> Resource {
        Resource::new(
            "AWS::X::Y",
            references.iter().map(|name| ((*name).to_owned(), id(name).reference())).collect(),
        )
    }

    #[test]
    fn names_every_undefined_use() {
        let mut template = Template::new("");
        template.add_parameter(&id("P"), TemplateParameter::string("p"));
        let value = FnSub::text("x").att(&id("P"), "Arn").reference(&id("Q")).value(If(&id("C"), "a", "b"));
        template.add(&id("A"), Resource::new("AWS::X::Y", props! { "V" => value }).depends_on(&id("B")));
        template.add_output(&id("O"), TemplateOutput::new("", id("Z").arn()));
        let found: Vec<_> = undefined(&template, &uses(&template))
            .into_iter()
            .map(|(at, what)| format!("{at}: {what:?}"))
            .collect();
        let expected = [
            "A: Order(LogicalId(\"B\"))",
            "A: Attribute(LogicalId(\"P\"))",
            "A: Reference(LogicalId(\"Q\"))",
            "A: Condition(LogicalId(\"C\"))",
            "O: Attribute(LogicalId(\"Z\"))",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn finds_each_cycle_once() {
        let mut template = Template::new("");
        for (name, references) in
            [("A", vec!["B", "D"]), ("B", vec!["C"]), ("C", vec!["A"]), ("D", vec!["D"]), ("E", vec!["A"])]
        {
            template.add(&id(name), resource(&references));
        }
        assert_eq!(cycles(&template, &uses(&template)), [vec![id("A"), id("B"), id("C")], vec![id("D")]]);
        template.resources.swap_remove(&id("C"));
        template.resources.swap_remove(&id("D"));
        assert_eq!(cycles(&template, &uses(&template)), Vec::<Vec<LogicalId>>::new());
    }

    /// Outputs have names of their own.
    #[test]
    fn an_output_with_the_name_of_a_resource_is_no_cycle() {
        let mut template = Template::new("");
        template.add_condition(&id("A"), TemplateCondition::Equals("x".into(), "y".into()));
        template.add(&id("A"), resource(&["B"]));
        template.add(&id("B"), Resource::new("AWS::X::Y", PropertyMap::new()));
        template.add_output(&id("A"), TemplateOutput::new("", id("A").reference()));
        template.add_output(&id("B"), TemplateOutput::new("", id("A").reference()));
        assert_eq!(cycles(&template, &uses(&template)), Vec::<Vec<LogicalId>>::new());
    }

    #[test]
    fn an_output_refers_to_what_its_value_its_export_and_its_condition_name() {
        let mut output = TemplateOutput::new("", id("A").reference());
        output.export = Some(FnSub::new().reference(&id("B")).into());
        output.condition = Some(id("C"));
        let expected = [
            ResourceDependency::Condition(id("C")),
            ResourceDependency::Reference(id("A")),
            ResourceDependency::Reference(id("B")),
        ];
        assert_eq!(output.dependencies(), expected);
    }

    #[test]
    fn a_key_that_a_mapping_lacks_is_found_wherever_it_is_looked_up() {
        let mut template = Template::new("");
        template.add_mapping(&id("M"), props! { "a" => props! { "b" => 1 } });
        let look = |second: &str| crate::FindInMap(&id("M"), "a", second);
        template.add(&id("R"), Resource::new("AWS::X::Y", props! { "V" => look("b"), "W" => look("c") }));
        let mut output = TemplateOutput::new("", look("d"));
        output.export = Some(look("e"));
        template.add_output(&id("O"), output);
        template.add_condition(&id("C"), TemplateCondition::Equals(look("f"), "x".into()));
        let found: Vec<String> =
            unknown_keys(&template).iter().map(|(at, _, key)| format!("{at}: {key}")).collect();
        assert_eq!(found, ["R: c", "O: d", "O: e", "C: f"]);
    }

    #[test]
    fn conditions_may_cycle_too() {
        let mut template = Template::new("");
        template.add_condition(&id("A"), TemplateCondition::Named(id("B")).not());
        template.add_condition(&id("B"), TemplateCondition::Named(id("A")));
        assert_eq!(cycles(&template, &uses(&template)), [vec![id("A"), id("B")]]);
    }

    #[test]
    fn a_long_chain_does_not_exhaust_the_stack() {
        let mut template = Template::new("");
        for n in 0..50_000 {
            template.add(&id(&format!("R{n}")), resource(&[&format!("R{}", n + 1)]));
        }
        template.add(&id("R50000"), resource(&[]));
        assert!(cycles(&template, &uses(&template)).is_empty());
    }
}
