//! Replaces the names that a value refers to.
//!
//! In: a value, and what each name becomes. Out: the value changed in place. Text never becomes a reference.

use crate::{
    FnSub, IntrinsicFunction, IntrinsicTarget, LogicalId, PropertyMap, PseudoParameter, Resource, SubPart,
    TemplateCondition, TemplateOutput, TemplateValue,
};

/// What a value refers to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ValueName {
    /// `Ref`: a parameter or a resource.
    Reference(LogicalId),
    /// `Fn::GetAtt`.
    Attribute(LogicalId, String),
    /// A pseudo parameter.
    Pseudo(PseudoParameter),
}

/// What becomes of a name; `None` where it stays.
pub(super) type NewName<'a> = dyn FnMut(&ValueName) -> Option<TemplateValue> + 'a;

/// Replaces the names in a resource, but for its order.
pub(super) fn resource(it: &mut Resource, new: &mut NewName<'_>) {
    let sections = [&mut it.properties, &mut it.creation_policy, &mut it.update_policy, &mut it.metadata];
    sections.into_iter().for_each(|map| properties(map, new));
}

/// Replaces the names in an output.
pub(super) fn output(it: &mut TemplateOutput, new: &mut NewName<'_>) {
    value(&mut it.value, new);
    it.export.iter_mut().for_each(|name| value(name, new));
}

/// Replaces the names in each value of a map.
pub(super) fn properties(map: &mut PropertyMap, new: &mut NewName<'_>) {
    map.values_mut().for_each(|inner| value(inner, new));
}

/// Replaces the names in a condition.
pub(super) fn condition(it: &mut TemplateCondition, new: &mut NewName<'_>) {
    match it {
        TemplateCondition::Equals(left, right) => {
            value(left, new);
            value(right, new);
        }
        TemplateCondition::Not(inner) => condition(inner, new),
        TemplateCondition::And(all) | TemplateCondition::Or(all) => {
            all.iter_mut().for_each(|inner| condition(inner, new));
        }
        TemplateCondition::Named(_) => {}
    }
}

/// Replaces the names in a value.
pub(super) fn value(it: &mut TemplateValue, new: &mut NewName<'_>) {
    match it {
        TemplateValue::Bool(_) | TemplateValue::Integer(_) | TemplateValue::String(_) => {}
        TemplateValue::List(items) => items.iter_mut().for_each(|item| value(item, new)),
        TemplateValue::Map(map) => properties(map, new),
        TemplateValue::Function(inner) => {
            if let Some(replaced) = function(inner, new) {
                *it = replaced;
            }
        }
    }
}

fn function(it: &mut IntrinsicFunction, new: &mut NewName<'_>) -> Option<TemplateValue> {
    match it {
        IntrinsicFunction::Ref(target) => new(&referred(target)),
        IntrinsicFunction::GetAtt(id, attribute) => new(&ValueName::Attribute(id.clone(), attribute.clone())),
        IntrinsicFunction::Sub(sub) => {
            let parts = std::mem::take(sub).into_parts();
            *sub = parts.into_iter().fold(FnSub::new(), |sub, one| part(sub, one, new));
            None
        }
        IntrinsicFunction::Join(_, inner)
        | IntrinsicFunction::Select(_, inner)
        | IntrinsicFunction::Split(_, inner)
        | IntrinsicFunction::GetAzs(inner)
        | IntrinsicFunction::ImportValue(inner)
        | IntrinsicFunction::Base64(inner)
        | IntrinsicFunction::Cidr(inner, ..) => {
            value(inner, new);
            None
        }
        IntrinsicFunction::If(_, first, second) | IntrinsicFunction::FindInMap(_, first, second) => {
            value(first, new);
            value(second, new);
            None
        }
    }
}

fn referred(target: &IntrinsicTarget) -> ValueName {
    match target {
        IntrinsicTarget::Id(id) => ValueName::Reference(id.clone()),
        IntrinsicTarget::Pseudo(pseudo) => ValueName::Pseudo(*pseudo),
    }
}

fn part(sub: FnSub, it: SubPart, new: &mut NewName<'_>) -> FnSub {
    let replaced = match &it {
        SubPart::Reference(target) => new(&referred(target)),
        SubPart::Attribute(id, attribute) => new(&ValueName::Attribute(id.clone(), attribute.clone())),
        SubPart::SecretField(id, field) => {
            // The secret is in the root, so that its name becomes that of a parameter.
            let secret = new(&ValueName::Reference(id.clone())).as_ref().and_then(parameter);
            return sub.secret_field(&secret.unwrap_or_else(|| id.clone()), field);
        }
        SubPart::Text(_) | SubPart::Dynamic => None,
        SubPart::Value(inner) => {
            let mut inner = inner.clone();
            value(&mut inner, new);
            return sub.part(SubPart::Value(inner));
        }
    };
    match replaced {
        Some(replaced) => sub.value(replaced),
        None => sub.part(it),
    }
}

/// The parameter that a value is.
fn parameter(it: &TemplateValue) -> Option<LogicalId> {
    match it {
        TemplateValue::Function(function) => match function.as_ref() {
            IntrinsicFunction::Ref(IntrinsicTarget::Id(id)) => Some(id.clone()),
            _ => None,
        },
        _ => None,
    }
}
