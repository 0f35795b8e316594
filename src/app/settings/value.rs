//! How a typed value is read from a node: one trait for values, one for the fields that hold them.
//!
//! Invariant: what was read is legal. A value that is not was reported once, where it stands.

use super::declaration::{SettingDeclaration, SettingForm, SettingLayering};
use super::reader::SettingReader;
use crate::At;
use indexmap::IndexMap;
use std::fmt;
use std::sync::Arc;
use tranship_frontend::yaml::{Node, NodeValue};

/// A value that a key may have.
pub(crate) trait SettingValue: Sized {
    /// What it looks like.
    const FORM: &'static SettingForm;

    /// The value of a node; nothing where it is wrong, which was reported.
    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self>;
}

/// A mapping with keys of its own; `setting_group!` implements it.
pub(crate) trait SettingGroup: Sized {
    /// Its keys.
    const DECLARATIONS: &'static [SettingDeclaration];

    /// The values of its keys, in a mapping whose keys were looked at already.
    fn read_keys(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self>;

    /// These settings over those beneath, key by key.
    fn over(self, beneath: Self) -> Self;
}

/// The value of a key that may be absent.
pub(crate) trait SettingField: Sized {
    /// What its value looks like.
    const FIELD_FORM: &'static SettingForm;
    /// Whether the key must be there.
    const REQUIRED: bool;
    /// What an environment's value does to a default at the top.
    const LAYERING: SettingLayering = SettingLayering::Replaces;

    /// The field of a key's node. A wrong value of an optional key was reported, and counts as absent.
    fn read_field(node: Option<&Node>, reader: &mut SettingReader<'_>) -> Option<Self>;

    /// This field over the one beneath.
    fn over_field(self, beneath: Self) -> Self;
}

impl<T: SettingValue> SettingField for T {
    const FIELD_FORM: &'static SettingForm = T::FORM;
    const REQUIRED: bool = true;

    fn read_field(node: Option<&Node>, reader: &mut SettingReader<'_>) -> Option<Self> {
        T::read(node?, reader)
    }

    fn over_field(self, _: Self) -> Self {
        self
    }
}

impl<T: SettingValue> SettingField for Option<T> {
    const FIELD_FORM: &'static SettingForm = T::FORM;
    const REQUIRED: bool = false;

    fn read_field(node: Option<&Node>, reader: &mut SettingReader<'_>) -> Option<Self> {
        Some(node.and_then(|node| T::read(node, reader)))
    }

    fn over_field(self, beneath: Self) -> Self {
        self.or(beneath)
    }
}

impl<T: SettingValue> SettingField for Vec<T> {
    const FIELD_FORM: &'static SettingForm = &SettingForm::List(T::FORM);
    const REQUIRED: bool = false;
    const LAYERING: SettingLayering = SettingLayering::Adds;

    fn read_field(node: Option<&Node>, reader: &mut SettingReader<'_>) -> Option<Self> {
        let Some(node) = node else { return Some(Vec::new()) };
        let Some(items) = node.as_sequence() else {
            reader.refuse(node, Self::FIELD_FORM);
            return Some(Vec::new());
        };
        reader.note_empty(node);
        Some(items.iter().filter_map(|item| T::read(item, reader)).collect())
    }

    fn over_field(self, mut beneath: Self) -> Self {
        beneath.extend(self);
        beneath
    }
}

impl<T: SettingValue> SettingValue for At<T> {
    const FORM: &'static SettingForm = T::FORM;

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        T::read(node, reader).map(|value| At::of(node, value))
    }
}

/// One value, or a list of them.
#[derive(Debug, Clone)]
pub struct OneOrMore<T>(pub Vec<T>);

impl<T: SettingValue> SettingValue for OneOrMore<T> {
    const FORM: &'static SettingForm = &SettingForm::OneOrMore(T::FORM);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.note_empty(node);
        let items = node.as_sequence().unwrap_or(std::slice::from_ref(node));
        Some(OneOrMore(items.iter().filter_map(|item| T::read(item, reader)).collect()))
    }
}

/// Values under names that the user chooses.
#[derive(Debug, Clone)]
pub struct NamedSettings<T>(pub IndexMap<Arc<str>, T>);

impl<T: SettingValue> SettingValue for NamedSettings<T> {
    const FORM: &'static SettingForm = &SettingForm::Named(T::FORM);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        read_named(node, Self::FORM, reader).map(NamedSettings)
    }
}

/// The values of a mapping from names. All are read, even under a name that is refused: every mistake is reported.
pub(super) fn read_named<T: SettingValue>(
    node: &Node,
    form: &'static SettingForm,
    reader: &mut SettingReader<'_>,
) -> Option<IndexMap<Arc<str>, T>> {
    let Some(mapping) = node.as_mapping() else {
        reader.refuse(node, form);
        return None;
    };
    reader.note_empty(node);
    let read = mapping.iter().filter_map(|entry| {
        let named = match form {
            SettingForm::NamedBy(names, _) => reader.check_name(entry, names),
            _ => Some(()),
        };
        let value = T::read(&entry.value, reader)?;
        named.map(|()| (entry.key.text.clone(), value))
    });
    Some(read.collect())
}

/// Any text. A number may stand where text is wanted: `version: 16`.
impl SettingValue for String {
    const FORM: &'static SettingForm = &SettingForm::Text { words: "a string", pattern: "" };

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.scalar(node, Self::FORM, |text| (!text.is_empty()).then(|| text.to_owned()))
    }
}

/// Text that may hold late-bound variables.
#[derive(Debug, Clone)]
pub struct OpenText(pub At<Arc<str>>);

impl SettingValue for OpenText {
    const FORM: &'static SettingForm = String::FORM;

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        match reader.text(node) {
            // What a deployment gives may be empty today.
            Some(text) if !text.is_empty() || reader.is_late(node) => Some(OpenText(At::of(node, text))),
            _ => {
                reader.refuse(node, Self::FORM);
                None
            }
        }
    }
}

/// A whole number within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WholeNumber<const LEAST: u32, const MOST: u32>(u32);

impl<const LEAST: u32, const MOST: u32> WholeNumber<LEAST, MOST> {
    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<const LEAST: u32, const MOST: u32> SettingValue for WholeNumber<LEAST, MOST> {
    const FORM: &'static SettingForm = &SettingForm::WholeNumber(LEAST, MOST);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.scalar(node, Self::FORM, |text| {
            text.parse().ok().filter(|number| (LEAST..=MOST).contains(number)).map(WholeNumber)
        })
    }
}

/// The number of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortNumber(u16);

impl PortNumber {
    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for PortNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl SettingValue for PortNumber {
    const FORM: &'static SettingForm = &SettingForm::WholeNumber(1, 65_535);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.scalar(node, Self::FORM, |text| text.parse().ok().filter(|port| *port > 0).map(PortNumber))
    }
}

/// Whether a node is a mapping or a list: what alternatives are told apart by.
pub(super) fn is_collection(node: &Node) -> bool {
    matches!(node.value, NodeValue::Mapping(_) | NodeValue::Sequence(_))
}
