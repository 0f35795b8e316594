//! What things are called on the other side of a border, and what a part of a template needs of the whole.
//!
//! In: a name of the whole template. Out: the parameter and the output that carry its value. Invariant: a name depends on
//! the thing alone, and nothing else in the whole template has it.

use super::rewrite::{self, NewName, ValueName};
use crate::{
    If, LogicalId, PropertyMap, ResourceDependency, Template, TemplateCondition, TemplateOutput,
    TemplateValue,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// How the description of an output begins that only hands something to other stacks.
pub const HANDED_OUT: &str = "For other stacks of this application";

/// The names of one template.
pub(super) struct BorderNames<'a> {
    pub(super) whole: &'a Template,
}

impl BorderNames<'_> {
    /// The output that hands a value out; `None` for what no resource has.
    pub(super) fn handed_out(&self, name: &ValueName) -> Option<(LogicalId, TemplateOutput)> {
        let value = match name {
            ValueName::Reference(id) => id.reference(),
            ValueName::Attribute(id, attribute) => id.att(attribute),
            ValueName::Pseudo(_) => return None,
        };
        let what = format!("{HANDED_OUT}: {}", described(name));
        Some((self.output(name), TemplateOutput::new(what, self.guarded(name, value))))
    }

    /// A value that only exists under a condition is empty without it: its reader asks the same condition.
    pub(super) fn guarded(&self, name: &ValueName, value: TemplateValue) -> TemplateValue {
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
    pub(super) fn called(&self, name: &ValueName) -> LogicalId {
        let (text, own) = match name {
            ValueName::Reference(id) => (id.to_string(), true),
            ValueName::Attribute(id, attribute) => (format!("{id}{}", letters(attribute)), false),
            ValueName::Pseudo(pseudo) => (format!("Root{}", letters(pseudo.as_str())), false),
        };
        let id = LogicalId::parse(&text).filter(|id| own || !self.is_known(id));
        id.unwrap_or_else(|| hashed(&text, name))
    }

    /// The name of the output: another one than that of the resource, which is in the same template.
    pub(super) fn output(&self, name: &ValueName) -> LogicalId {
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
}

/// Copies the conditions that the part asks, and those that they ask.
pub(super) fn conditions(whole: &Template, part: &mut Template, new: &mut NewName<'_>) {
    if whole.conditions.is_empty() {
        return;
    }
    let mut open = asked(part);
    while let Some(id) = open.pop_first() {
        let Some(known) = whole.conditions.get(&id).filter(|_| !part.conditions.contains_key(&id)) else {
            continue;
        };
        open.extend(named(known));
        let mut own = known.clone();
        rewrite::condition(&mut own, new);
        part.add_condition(&id, own);
    }
}

/// Copies the mappings that the part looks up.
pub(super) fn mappings(whole: &Template, part: &mut Template) {
    if whole.mappings.is_empty() {
        return;
    }
    let used: BTreeSet<LogicalId> = dependencies(part)
        .filter_map(|it| match it {
            ResourceDependency::Mapping(id) => Some(id),
            _ => None,
        })
        .collect();
    for id in used {
        if let Some(mapping) = whole.mappings.get(&id) {
            part.add_mapping(&id, mapping.clone());
        }
    }
}

/// Every name that the resources, outputs and conditions of a part refer to.
fn dependencies(part: &Template) -> impl Iterator<Item = ResourceDependency> {
    let resources = part.resources.values().flat_map(|it| {
        let sections = [&it.properties, &it.creation_policy, &it.update_policy, &it.metadata];
        sections.into_iter().flat_map(PropertyMap::dependencies).collect::<Vec<_>>()
    });
    let outputs = part.outputs.values().flat_map(TemplateOutput::dependencies);
    resources.chain(outputs).chain(part.conditions.values().flat_map(TemplateCondition::dependencies))
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

fn letters(text: &str) -> String {
    text.strip_prefix("AWS::").unwrap_or(text).chars().filter(char::is_ascii_alphanumeric).collect()
}

pub(super) fn described(name: &ValueName) -> String {
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
