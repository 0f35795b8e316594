//! What crosses the border of a stack: names of the whole template become parameters here and outputs there.
//!
//! In: the part of the template that a stack has. Out: that part with names of its own, the values that the root gives
//! it, and the outputs that other stacks must have for them.

use super::StackMembership;
use super::names::{BorderNames, conditions, described, mappings};
use super::rewrite::{self, ValueName};
use crate::{
    Join, LogicalId, ParameterType, PseudoParameter, Template, TemplateOutput, TemplateParameter,
    TemplateValue,
};
use indexmap::IndexMap;
use thin_vec::ThinVec;

/// The border of one stack.
pub(super) struct StackBorder<'a> {
    whole: &'a Template,
    names: BorderNames<'a>,
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
        StackBorder {
            whole,
            names: BorderNames { whole },
            membership,
            stack,
            taken: IndexMap::new(),
            after: Vec::new(),
        }
    }

    /// Gives the part the names, the parameters, the conditions and the mappings that it needs.
    pub(super) fn close(&mut self, part: &mut Template) {
        let mut resources = std::mem::take(&mut part.resources);
        for resource in resources.values_mut() {
            rewrite::resource(resource, &mut |name| self.name(name));
            resource.depends_on = self.order(std::mem::take(&mut resource.depends_on));
        }
        part.resources = resources;
        let mut outputs = std::mem::take(&mut part.outputs);
        for output in outputs.values_mut() {
            rewrite::output(output, &mut |name| self.name(name));
        }
        part.outputs = outputs;
        if self.stack.is_some() {
            conditions(self.whole, part, &mut |name| self.name(name));
            mappings(self.whole, part);
            for (id, name) in &self.taken {
                part.add_parameter(id, self.parameter(name));
            }
        }
    }

    /// The values that the root gives this stack, by the name of the parameter.
    pub(super) fn given(&self) -> Vec<(String, TemplateValue)> {
        let value = |name: &ValueName| self.names.guarded(name, self.seen_from_root(name));
        self.taken.iter().map(|(id, name)| (id.to_string(), value(name))).collect()
    }

    /// The outputs that nested stacks must have: the stack, the name, the output.
    pub(super) fn exported(&self) -> impl Iterator<Item = (LogicalId, LogicalId, TemplateOutput)> {
        self.taken.values().filter_map(|name| {
            let (ValueName::Reference(id) | ValueName::Attribute(id, _)) = name else { return None };
            let (output, value) = self.names.handed_out(name)?;
            Some((self.membership.get(id)?.clone(), output, value))
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
            self.taken.insert(self.names.called(name), name.clone());
            return Some(self.seen_from_root(name));
        };
        if there == Some(stack) {
            return None;
        }
        let called = self.names.called(name);
        self.taken.insert(called.clone(), name.clone());
        Some(called.reference())
    }

    /// A name as the root refers to it.
    fn seen_from_root(&self, name: &ValueName) -> TemplateValue {
        match name {
            ValueName::Pseudo(pseudo) => TemplateValue::from(*pseudo),
            ValueName::Reference(id) | ValueName::Attribute(id, _) => {
                if let Some(stack) = self.membership.get(id) {
                    return stack.att(&format!("Outputs.{}", self.names.output(name)));
                }
                match name {
                    ValueName::Attribute(_, attribute) => id.att(attribute),
                    _ if self.is_list(id) => Join(",", id.reference()),
                    _ => id.reference(),
                }
            }
        }
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
    fn order(&mut self, depends_on: ThinVec<LogicalId>) -> ThinVec<LogicalId> {
        let mut inside = ThinVec::new();
        for id in depends_on {
            let there = self.membership.get(&id);
            let outside = there != self.stack;
            let on = if outside { there.cloned().unwrap_or(id) } else { id };
            if outside && self.stack.is_some() {
                if !self.after.contains(&on) {
                    self.after.push(on);
                }
            } else if !inside.contains(&on) {
                inside.push(on);
            }
        }
        inside
    }
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
