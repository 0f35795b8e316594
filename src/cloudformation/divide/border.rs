//! What crosses the border of a stack: names of the whole template become parameters here and outputs there.
//!
//! In: the part of the template that a stack has. Out: that part with names of its own, the values that the root gives
//! it, and the outputs that other stacks must have for them.

use super::StackMembership;
use super::rewrite::{self, ValueName};
use crate::{
    If, Join, LogicalId, ParameterType, PropertyMap, PseudoParameter, ResourceDependency, Template,
    TemplateCondition, TemplateOutput, TemplateParameter, TemplateValue,
};
use indexmap::IndexMap;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The border of one stack.
pub(super) struct StackBorder<'a> {
    whole: &'a Template,
    membership: &'a StackMembership,
    /// The nested stack; `None` for the root.
    stack: Option<&'a LogicalId>,
    /// What it takes from outside, by the name of its parameter.
    taken: IndexMap<LogicalId, ValueName>,
    /// What it is created after.
    pub(super) after: Vec<LogicalId>,
}

impl<'a> StackBorder<'a> {
    pub(super) fn new(
        whole: &'a Template,
        membership: &'a StackMembership,
        stack: Option<&'a LogicalId>,
    ) -> Self {
        StackBorder { whole, membership, stack, taken: IndexMap::new(), after: Vec::new() }
    }

    /// Gives the part the names, the parameters, the conditions and the mappings that it needs.
    pub(super) fn close(&mut self, part: &mut Template) {
        let mut resources = std::mem::take(&mut part.resources);
        for resource in resources.values_mut() {
            let sections = [
                &mut resource.properties,
                &mut resource.creation_policy,
                &mut resource.update_policy,
                &mut resource.metadata,
            ];
            sections.into_iter().for_each(|map| rewrite::properties(map, &mut |name| self.name(name)));
            resource.depends_on = self.order(std::mem::take(&mut resource.depends_on));
        }
        part.resources = resources;
        let mut outputs = std::mem::take(&mut part.outputs);
        for output in outputs.values_mut() {
            rewrite::value(&mut output.value, &mut |name| self.name(name));
        }
        part.outputs = outputs;
        if self.stack.is_some() {
            self.conditions(part);
            self.mappings(part);
            for (id, name) in &self.taken {
                part.add_parameter(id, self.parameter(name));
            }
        }
    }

    /// The values that the root gives this stack, by the name of the parameter.
    pub(super) fn given(&self) -> Vec<(String, TemplateValue)> {
        let value = |name: &ValueName| self.guarded(name, self.seen_from_root(name));
        self.taken.iter().map(|(id, name)| (id.to_string(), value(name))).collect()
    }

    /// The outputs that nested stacks must have: the stack, the name, the output.
    pub(super) fn exported(&self) -> impl Iterator<Item = (LogicalId, LogicalId, TemplateOutput)> {
        self.taken.values().filter_map(|name| {
            let (id, value) = match name {
                ValueName::Reference(id) => (id, id.reference()),
                ValueName::Attribute(id, attribute) => (id, id.att(attribute)),
                ValueName::Pseudo(_) => return None,
            };
            let stack = self.membership.get(id)?;
            let what = format!("For other stacks of this application: {}", described(name));
            Some((stack.clone(), self.output(name), TemplateOutput::new(what, self.guarded(name, value))))
        })
    }

    /// What a name becomes inside this stack.
    fn name(&mut self, name: &ValueName) -> Option<TemplateValue> {
        let there = match name {
            ValueName::Pseudo(PseudoParameter::StackName | PseudoParameter::StackId) => None,
            ValueName::Pseudo(_) => return None,
            ValueName::Reference(id) | ValueName::Attribute(id, _) => self.membership.get(id),
        };
        let Some(stack) = self.stack else {
            // The root takes nothing but outputs.
            there?;
            self.taken.insert(self.called(name), name.clone());
            return Some(self.seen_from_root(name));
        };
        if there == Some(stack) {
            return None;
        }
        let called = self.called(name);
        self.taken.insert(called.clone(), name.clone());
        Some(called.reference())
    }

    /// A name as the root refers to it.
    fn seen_from_root(&self, name: &ValueName) -> TemplateValue {
        match name {
            ValueName::Pseudo(pseudo) => TemplateValue::from(*pseudo),
            ValueName::Reference(id) | ValueName::Attribute(id, _) => {
                if let Some(stack) = self.membership.get(id) {
                    return stack.att(&format!("Outputs.{}", self.output(name)));
                }
                match name {
                    ValueName::Attribute(_, attribute) => id.att(attribute),
                    _ if self.is_list(id) => Join(",", id.reference()),
                    _ => id.reference(),
                }
            }
        }
    }

    /// A value that only exists under a condition is empty without it: its reader asks the same condition.
    fn guarded(&self, name: &ValueName, value: TemplateValue) -> TemplateValue {
        let id = match name {
            ValueName::Reference(id) | ValueName::Attribute(id, _) => id,
            ValueName::Pseudo(_) => return value,
        };
        match self.whole.resources.get(id).and_then(|it| it.condition.as_ref()) {
            Some(condition) => If(condition, value, ""),
            None => value,
        }
    }

    /// The name of the parameter: that of the parameter or resource, with the attribute. One that the
    /// template has for something else gets a hash.
    fn called(&self, name: &ValueName) -> LogicalId {
        let (text, own) = match name {
            ValueName::Reference(id) => (id.to_string(), true),
            ValueName::Attribute(id, attribute) => (format!("{id}{}", letters(attribute)), false),
            ValueName::Pseudo(pseudo) => (format!("Root{}", letters(pseudo.as_str())), false),
        };
        let id = LogicalId::parse(&text).filter(|id| own || !self.is_known(id));
        id.unwrap_or_else(|| hashed(&text, name))
    }

    /// The name of the output: another one than that of the resource, which is in the same template.
    fn output(&self, name: &ValueName) -> LogicalId {
        let ValueName::Reference(id) = name else { return self.called(name) };
        let text = format!("{id}Ref");
        LogicalId::parse(&text).filter(|id| !self.is_known(id)).unwrap_or_else(|| hashed(&text, name))
    }

    fn is_known(&self, id: &LogicalId) -> bool {
        let whole = self.whole;
        whole.resources.contains_key(id)
            || whole.parameters.contains_key(id)
            || whole.outputs.contains_key(id)
    }

    fn is_list(&self, id: &LogicalId) -> bool {
        self.whole.parameters.get(id).is_some_and(|it| passed(&it.kind).1)
    }

    /// The parameter for something from outside.
    fn parameter(&self, name: &ValueName) -> TemplateParameter {
        let known = match name {
            ValueName::Reference(id) => self.whole.parameters.get(id),
            _ => None,
        };
        match known {
            Some(known) => TemplateParameter {
                no_echo: known.no_echo,
                ..TemplateParameter::new(passed(&known.kind).0, known.description.clone())
            },
            None => TemplateParameter::string(format!("From the root stack: {}", described(name))),
        }
    }

    /// `DependsOn` inside this stack; the rest orders the stack as a whole.
    fn order(&mut self, depends_on: Vec<LogicalId>) -> Vec<LogicalId> {
        let mut inside: Vec<LogicalId> = Vec::new();
        for id in depends_on {
            let there = self.membership.get(&id);
            let outside = there != self.stack;
            let on = if outside { there.cloned().unwrap_or(id) } else { id };
            let list = if outside && self.stack.is_some() { &mut self.after } else { &mut inside };
            if !list.contains(&on) {
                list.push(on);
            }
        }
        inside
    }

    /// Copies the conditions that the part asks, and those that they ask.
    fn conditions(&mut self, part: &mut Template) {
        let mut open = asked(part);
        while let Some(id) = open.pop_first() {
            let Some(known) = self.whole.conditions.get(&id).filter(|_| !part.conditions.contains_key(&id))
            else {
                continue;
            };
            open.extend(named(known));
            let mut own = known.clone();
            rewrite::condition(&mut own, &mut |name| self.name(name));
            part.add_condition(&id, own);
        }
    }

    fn mappings(&self, part: &mut Template) {
        let used: BTreeSet<LogicalId> = dependencies(part)
            .filter_map(|it| match it {
                ResourceDependency::Mapping(id) => Some(id),
                _ => None,
            })
            .collect();
        for id in used {
            if let Some(mapping) = self.whole.mappings.get(&id) {
                part.add_mapping(&id, mapping.clone());
            }
        }
    }
}

/// Every name that the resources and conditions of a part refer to.
fn dependencies(part: &Template) -> impl Iterator<Item = ResourceDependency> {
    let resources = part.resources.values().flat_map(|it| {
        let sections = [&it.properties, &it.creation_policy, &it.update_policy, &it.metadata];
        sections.into_iter().flat_map(PropertyMap::dependencies).collect::<Vec<_>>()
    });
    resources.chain(part.conditions.values().flat_map(TemplateCondition::dependencies))
}

/// The conditions that a part asks.
fn asked(part: &Template) -> BTreeSet<LogicalId> {
    let of_resources = part.resources.values().filter_map(|it| it.condition.clone());
    let inside = dependencies(part).filter_map(|it| match it {
        ResourceDependency::Condition(id) => Some(id),
        _ => None,
    });
    of_resources.chain(inside).collect()
}

/// The conditions that a condition names.
fn named(condition: &TemplateCondition) -> Vec<LogicalId> {
    let all = condition.dependencies().into_iter();
    all.filter_map(|it| match it {
        ResourceDependency::Condition(id) => Some(id),
        _ => None,
    })
    .collect()
}

/// The type of a nested stack's parameter for one of the root, and whether its value is a list, which is passed as text.
/// What the root reads from Parameter Store is resolved there.
fn passed(kind: &ParameterType) -> (ParameterType, bool) {
    let text = kind.text();
    let list = text == "CommaDelimitedList" || text.contains("List<");
    match (text.starts_with("AWS::SSM::Parameter::"), list) {
        (true, true) => (ParameterType::CommaDelimitedList, true),
        (true, false) => (ParameterType::String, false),
        (false, list) => (kind.clone(), list),
    }
}

fn letters(text: &str) -> String {
    text.strip_prefix("AWS::").unwrap_or(text).chars().filter(char::is_ascii_alphanumeric).collect()
}

fn described(name: &ValueName) -> String {
    match name {
        ValueName::Reference(id) => id.to_string(),
        ValueName::Attribute(id, attribute) => format!("{id}.{attribute}"),
        ValueName::Pseudo(pseudo) => pseudo.as_str().to_owned(),
    }
}

/// A name that nothing else has: too long, or taken.
fn hashed(text: &str, name: &ValueName) -> LogicalId {
    let digest = Sha256::digest(format!("border\0{}", described(name)));
    let hash: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let stem: String = text.chars().take(200).collect();
    LogicalId::parse(&format!("{stem}{hash}")).unwrap_or_else(|| LogicalId::only(crate::ResourceRole::Stack))
}
