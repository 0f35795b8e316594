//! A canonical tree as Docker Compose's own types print it.

use super::RenderFormat;
use super::doc::{RenderedValue, raw, scalar_doc};
use crate::compose::schema::{CanonicalForm, MappingSchema, ROOT};
use crate::compose::typed::TAKEN_FOR_EXTENSION;
use crate::compose::value::print_scalar;
use crate::yaml::{Mapping, Node, NodeValue};
use std::borrow::Cow;

/// The whole manifest.
pub(super) fn document(root: &Node, format: RenderFormat) -> RenderedValue<'_> {
    let document = shape(root, &ROOT, format);
    let RenderedValue::Struct(mut entries) = document else { return document };
    if !entries.iter().any(|(key, _)| key == "services") {
        entries.insert(entries.len().min(1), (Cow::Borrowed("services"), RenderedValue::Map(Vec::new())));
    }
    if format == RenderFormat::Yaml {
        return RenderedValue::Struct(entries);
    }
    // In JSON, `models` is dropped, and the user's own keys are sorted among the others.
    entries.retain(|(key, _)| key != "models" && !key.starts_with("x-"));
    for entry in root.as_mapping().into_iter().flatten().filter(|entry| entry.key.text.starts_with("x-")) {
        entries.push((Cow::Borrowed(&*entry.key.text), raw(&entry.value, &mut vec!["x-"], format)));
    }
    RenderedValue::Map(entries)
}

/// A mapping defined by the specification.
pub(super) fn shape<'a>(
    node: &'a Node,
    shape_: &'static MappingSchema,
    format: RenderFormat,
) -> RenderedValue<'a> {
    let Some(mapping) = node.as_mapping() else { return scalar_doc(&node.value) };
    let mut entries = Vec::with_capacity(mapping.len());
    for row in shape_.keys {
        // A config that names a variable has that variable's value as content: do not print it.
        let value = match mapping.get(row.name) {
            Some(_) if row.name == "content" && mapping.get("environment").is_some() => None,
            Some(value) => written(value, row.becomes, format),
            None => absent(row.becomes, format),
        };
        if let Some(value) = value {
            entries.push((name(row.name, shape_, format), value));
        }
    }
    if format == RenderFormat::Yaml {
        let mut own: Vec<_> = mapping.iter().filter(|entry| entry.key.text.starts_with("x-")).collect();
        own.sort_by(|left, right| left.key.text.cmp(&right.key.text));
        for entry in own {
            entries.push((Cow::Borrowed(&*entry.key.text), raw(&entry.value, &mut vec!["x-"], format)));
        }
    }
    RenderedValue::Struct(entries)
}

/// What is printed for a key that is present: YAML omits a structure in which nothing is set.
fn written(value: &Node, becomes: CanonicalForm, format: RenderFormat) -> Option<RenderedValue<'_>> {
    let doc = typed(value, becomes, format);
    let nothing = matches!(&doc, RenderedValue::Struct(entries) if entries.is_empty());
    let left_out = nothing && format == RenderFormat::Yaml && matches!(becomes, CanonicalForm::Always(_));
    (!left_out).then_some(doc)
}

/// In JSON, some keys have the names of Go's fields.
fn name(key: &'static str, shape: &MappingSchema, format: RenderFormat) -> Cow<'static, str> {
    if shape.capitals && format == RenderFormat::Json {
        let (first, rest) = key.split_at(1);
        return Cow::Owned(format!("{}{rest}", first.to_ascii_uppercase()));
    }
    Cow::Borrowed(key)
}

/// What is printed for a key that is missing.
fn absent<'a>(becomes: CanonicalForm, format: RenderFormat) -> Option<RenderedValue<'a>> {
    match becomes {
        CanonicalForm::Command if format == RenderFormat::Json => Some(RenderedValue::Null),
        CanonicalForm::Always(shape) if format == RenderFormat::Json => Some(empty(shape, format)),
        CanonicalForm::AlwaysText => Some(RenderedValue::Text(Cow::Borrowed(""))),
        CanonicalForm::AlwaysBytes => Some(RenderedValue::Text(Cow::Borrowed("0"))),
        CanonicalForm::Count(_) => Some(RenderedValue::Integer(0)),
        _ => None,
    }
}

/// A mapping in which nothing is set.
fn empty<'a>(shape: &'static MappingSchema, format: RenderFormat) -> RenderedValue<'a> {
    let rows = shape.keys.iter();
    let entries = rows.filter_map(|row| Some((Cow::Borrowed(row.name), absent(row.becomes, format)?)));
    RenderedValue::Struct(entries.collect())
}

fn typed<'a>(node: &'a Node, becomes: CanonicalForm, format: RenderFormat) -> RenderedValue<'a> {
    match (becomes, &node.value) {
        (CanonicalForm::Shape(inner) | CanonicalForm::Always(inner), _) => shape(node, inner, format),
        (CanonicalForm::Shapes(inner), NodeValue::Sequence(items)) => {
            RenderedValue::List(items.iter().map(|item| element(item, inner, format)).collect())
        }
        (CanonicalForm::Named(inner) | CanonicalForm::Resources(inner), NodeValue::Mapping(mapping)) => {
            RenderedValue::Map(
                mapping
                    .iter()
                    .map(|entry| (Cow::Borrowed(&*entry.key.text), shape(&entry.value, inner, format)))
                    .collect(),
            )
        }
        (CanonicalForm::Ssh, NodeValue::Mapping(mapping)) => RenderedValue::List(
            mapping
                .iter()
                .map(|entry| {
                    let path = entry.value.as_str().filter(|path| !path.is_empty());
                    RenderedValue::Text(path.map_or(Cow::Borrowed(&*entry.key.text), |path| {
                        Cow::Owned(format!("{}: {path}", entry.key.text))
                    }))
                })
                .collect(),
        ),
        (CanonicalForm::Ulimits, NodeValue::Mapping(mapping)) => RenderedValue::Map(
            mapping
                .iter()
                .map(|entry| (Cow::Borrowed(&*entry.key.text), limit(&entry.value, format)))
                .collect(),
        ),
        (_, NodeValue::Mapping(mapping)) => pairs(mapping),
        (_, NodeValue::Sequence(items)) => {
            RenderedValue::List(items.iter().map(|item| scalar_doc(&item.value)).collect())
        }
        (_, scalar) => scalar_doc(scalar),
    }
}

/// A list item. A required env file is printed as its path.
fn element<'a>(item: &'a Node, inner: &'static MappingSchema, format: RenderFormat) -> RenderedValue<'a> {
    if inner.find("format").is_some() && inner.find("required").is_some() {
        let required = item.get("required").and_then(Node::as_bool) != Some(false);
        if let (true, Some(path)) = (required, item.get("path")) {
            return scalar_doc(&path.value);
        }
    }
    shape(item, inner, format)
}

fn limit(node: &Node, format: RenderFormat) -> RenderedValue<'_> {
    let Some(pair) = node.as_mapping() else { return scalar_doc(&node.value) };
    let sides = ["soft", "hard"].into_iter().filter_map(|side| {
        let value = match pair.get(side) {
            Some(value) => scalar_doc(&value.value),
            None if format == RenderFormat::Yaml => RenderedValue::Integer(0),
            None => return None,
        };
        Some((Cow::Borrowed(side), value))
    });
    RenderedValue::Struct(sides.collect())
}

/// The user's own names and values. Those that Docker Compose mistakes for extensions are printed as one string.
fn pairs(mapping: &Mapping) -> RenderedValue<'_> {
    let mut entries: Vec<(Cow<'_, str>, RenderedValue<'_>)> = Vec::with_capacity(mapping.len());
    let mut lost = Mapping::new();
    for entry in mapping {
        if entry.value.tag.as_ref().is_some_and(|tag| &*tag.name == TAKEN_FOR_EXTENSION) {
            lost.insert(entry.key.clone(), entry.value.clone());
            continue;
        }
        let value = match &entry.value.value {
            NodeValue::Sequence(items) => {
                RenderedValue::List(items.iter().map(|item| scalar_doc(&item.value)).collect())
            }
            scalar => scalar_doc(scalar),
        };
        entries.push((Cow::Borrowed(&*entry.key.text), value));
    }
    if !lost.is_empty() {
        let text = print_scalar(&NodeValue::Mapping(lost));
        entries.push((Cow::Borrowed("#extensions"), RenderedValue::Text(Cow::Owned(text))));
    }
    RenderedValue::Map(entries)
}
