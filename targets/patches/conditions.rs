//! Conditions that a patch writes: the functions of the `Conditions` section, in their short and in their long form.
//!
//! In: a [`FreeNode`]. Out: the entry as a template has it, or what is wrong with it, each at its place.
//! Source: CloudFormation Template Reference, "Condition functions", read in November 2026.

use super::values::{ValueFault, value_of};
use tranship_app::{FreeNode, FreeValue};
use tranship_cloudformation::{LogicalId, TemplateCondition};

/// Operands that `Fn::And` and `Fn::Or` take.
const OPERANDS: std::ops::RangeInclusive<usize> = 2..=10;

/// The condition of a node.
///
/// # Errors
/// Everything in it that is no condition.
pub(super) fn condition_of(node: &FreeNode) -> Result<TemplateCondition, Vec<ValueFault>> {
    let (name, argument) = function(node).ok_or_else(|| vec![no_condition(node)])?;
    let items = || argument.items().ok_or_else(|| vec![wrong_form(node, name)]);
    match name {
        "Equals" => match items()? {
            [left, right] => both(value_of(left), value_of(right))
                .map(|(left, right)| TemplateCondition::equals(left, right)),
            _ => Err(vec![wrong_form(node, name)]),
        },
        "Not" => match items()? {
            [inner] => condition_of(inner).map(TemplateCondition::not),
            _ => Err(vec![wrong_form(node, name)]),
        },
        "And" | "Or" => {
            let operands = items()?;
            if !OPERANDS.contains(&operands.len()) {
                return Err(vec![wrong_form(node, name)]);
            }
            let operands = all(operands.iter().map(condition_of))?;
            Ok(if name == "And" { TemplateCondition::And(operands) } else { TemplateCondition::Or(operands) })
        }
        "Condition" => {
            let id = argument.text().and_then(LogicalId::parse);
            id.map(TemplateCondition::Named).ok_or_else(|| vec![wrong_form(node, name)])
        }
        _ => Err(vec![no_condition(node)]),
    }
}

/// The name of a function without `Fn::`, and its argument.
fn function(node: &FreeNode) -> Option<(&str, FreeNode)> {
    if let Some(tag) =
        node.tag.as_deref().and_then(|tag| tag.strip_prefix('!')).filter(|tag| *tag != "override")
    {
        return Some((tag, FreeNode { tag: None, ..node.clone() }));
    }
    match &node.value {
        FreeValue::Mapping(entries) => match entries.as_slice() {
            [(key, argument)] => Some((key.strip_prefix("Fn::").unwrap_or(key), argument.clone())),
            _ => None,
        },
        _ => None,
    }
}

fn no_condition(node: &FreeNode) -> ValueFault {
    ValueFault {
        origin: node.at.origin,
        message: "a condition is one of the functions `Equals`, `Not`, `And`, `Or` and `Condition`"
            .to_owned(),
        help: "write it as in `!Equals [!Ref Size, large]`".to_owned(),
    }
}

fn wrong_form(node: &FreeNode, name: &str) -> ValueFault {
    let (form, example) = match name {
        "Equals" => ("two values", "!Equals [!Ref Size, large]"),
        "Not" => ("a list with one condition", "!Not [!Condition IsLarge]"),
        "And" => ("2 to 10 conditions", "!And [!Condition IsLarge, !Condition IsProd]"),
        "Or" => ("2 to 10 conditions", "!Or [!Condition IsLarge, !Condition IsProd]"),
        _ => ("the name of a condition", "!Condition IsLarge"),
    };
    ValueFault {
        origin: node.at.origin,
        message: format!("`{name}` needs {form}"),
        help: format!("write it as in `{example}`"),
    }
}

fn both<T>(
    one: Result<T, Vec<ValueFault>>,
    other: Result<T, Vec<ValueFault>>,
) -> Result<(T, T), Vec<ValueFault>> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (one, other) => Err([one.err(), other.err()].into_iter().flatten().flatten().collect()),
    }
}

/// All of them, or every fault.
fn all<T>(results: impl Iterator<Item = Result<T, Vec<ValueFault>>>) -> Result<Vec<T>, Vec<ValueFault>> {
    let (mut read, mut faults) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(one) => read.push(one),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}
