//! Values whose form another tool declares, such as the properties of a resource: any YAML but `null`.
//!
//! In: nodes of the resolved tree. Out: [`FreeNode`]s, each with its place and its own tag (`!Ref`). Invariant: a late-bound
//! variable is refused, since what it stands in is settled when the manifest is compiled.

use super::declaration::SettingForm;
use super::reader::SettingReader;
use super::value::SettingValue;
use crate::At;
use std::sync::Arc;
use tranship_frontend::yaml::{Node, NodeValue};

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct FreeNode {
    /// The value.
    pub value: FreeValue,
    /// Its tag, unless it is one of YAML's own: `!GetAtt`.
    pub tag: Option<Arc<str>>,
    /// Where it stands.
    pub at: At<()>,
}

/// A value of any form.
#[derive(Debug, Clone, PartialEq)]
pub enum FreeValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A string, or a number that is not whole, as it is written.
    Text(Arc<str>),
    /// A list.
    List(Vec<FreeNode>),
    /// A mapping, in order.
    Mapping(Vec<(Arc<str>, FreeNode)>),
}

impl FreeNode {
    /// The entries, if it is a mapping.
    pub fn entries(&self) -> Option<&[(Arc<str>, FreeNode)]> {
        match &self.value {
            FreeValue::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn items(&self) -> Option<&[FreeNode]> {
        match &self.value {
            FreeValue::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            FreeValue::Text(text) => Some(text),
            _ => None,
        }
    }

    fn read_any(node: &Node, form: &'static SettingForm, reader: &mut SettingReader<'_>) -> Option<Self> {
        let value = match &node.value {
            NodeValue::Null => {
                reader.refuse(node, form);
                return None;
            }
            NodeValue::Bool(flag) => {
                reader.scalar(node, form, |_| Some(()))?;
                FreeValue::Bool(*flag)
            }
            NodeValue::Integer(number) => {
                reader.scalar(node, form, |_| Some(()))?;
                match i64::try_from(*number) {
                    Ok(number) => FreeValue::Integer(number),
                    Err(_) => FreeValue::Text(number.to_string().into()),
                }
            }
            NodeValue::Float(_) | NodeValue::Timestamp(_) | NodeValue::String(_) => {
                FreeValue::Text(reader.scalar(node, form, |text| Some(text.into()))?)
            }
            // All are read before the first that failed ends it: every mistake is reported.
            NodeValue::Sequence(items) => {
                let read: Vec<Option<FreeNode>> =
                    items.iter().map(|item| Self::read_any(item, form, reader)).collect();
                FreeValue::List(read.into_iter().collect::<Option<_>>()?)
            }
            NodeValue::Mapping(mapping) => {
                let read: Vec<Option<(Arc<str>, FreeNode)>> = mapping
                    .iter()
                    .map(|entry| Some((entry.key.text.clone(), Self::read_any(&entry.value, form, reader)?)))
                    .collect();
                FreeValue::Mapping(read.into_iter().collect::<Option<_>>()?)
            }
        };
        let tag = node.tag.as_ref().map(|tag| tag.name.clone());
        Some(FreeNode { value, tag, at: At::of(node, ()) })
    }
}

impl SettingValue for FreeNode {
    const FORM: &'static SettingForm = &SettingForm::Free { words: "a value other than null", json: "" };

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        Self::read_any(node, Self::FORM, reader)
    }
}

/// A mapping whose keys another tool declares.
#[derive(Debug, Clone, PartialEq)]
pub struct FreeMapping(pub FreeNode);

impl SettingValue for FreeMapping {
    const FORM: &'static SettingForm =
        &SettingForm::Free { words: "a mapping, without null in it", json: "object" };

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        if node.as_mapping().is_none() {
            reader.refuse(node, Self::FORM);
            return None;
        }
        reader.note_empty(node);
        FreeNode::read_any(node, Self::FORM, reader).map(FreeMapping)
    }
}

/// A list whose items another tool declares.
#[derive(Debug, Clone, PartialEq)]
pub struct FreeList(pub FreeNode);

impl SettingValue for FreeList {
    const FORM: &'static SettingForm =
        &SettingForm::Free { words: "a list, without null in it", json: "array" };

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        if node.as_sequence().is_none() {
            reader.refuse(node, Self::FORM);
            return None;
        }
        reader.note_empty(node);
        FreeNode::read_any(node, Self::FORM, reader).map(FreeList)
    }
}
