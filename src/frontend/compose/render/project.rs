//! A canonical tree as Docker Compose's own types print it.

use super::Format;
use super::doc::{Doc, raw, scalar_doc};
use crate::compose::schema::{Becomes, ROOT, Shape};
use crate::compose::typed::TAKEN_FOR_EXTENSION;
use crate::compose::value::print_scalar;
use crate::yaml::{Mapping, Node, Value};
use std::borrow::Cow;

/// The whole manifest.
pub(super) fn document(root: &Node, format: Format) -> Doc<'_> {
    let document = shape(root, &ROOT, format);
    let Doc::Struct(mut entries) = document else { return document };
    if !entries.iter().any(|(key, _)| key == "services") {
        entries.insert(entries.len().min(1), (Cow::Borrowed("services"), Doc::Map(Vec::new())));
    }
    if format == Format::Yaml {
        return Doc::Struct(entries);
    }
    // In JSON, `models` is dropped, and the user's own keys are sorted among the others.
    entries.retain(|(key, _)| key != "models" && !key.starts_with("x-"));
    for entry in root.as_mapping().into_iter().flatten().filter(|entry| entry.key.text.starts_with("x-")) {
        entries.push((Cow::Borrowed(&*entry.key.text), raw(&entry.value, &mut vec!["x-"], format)));
    }
    Doc::Map(entries)
}

/// A mapping defined by the specification.
pub(super) fn shape<'a>(node: &'a Node, shape_: &'static Shape, format: Format) -> Doc<'a> {
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
    if format == Format::Yaml {
        let mut own: Vec<_> = mapping.iter().filter(|entry| entry.key.text.starts_with("x-")).collect();
        own.sort_by(|left, right| left.key.text.cmp(&right.key.text));
        for entry in own {
            entries.push((Cow::Borrowed(&*entry.key.text), raw(&entry.value, &mut vec!["x-"], format)));
        }
    }
    Doc::Struct(entries)
}

/// What is printed for a key that is present: YAML omits a structure in which nothing is set.
fn written(value: &Node, becomes: Becomes, format: Format) -> Option<Doc<'_>> {
    let doc = typed(value, becomes, format);
    let nothing = matches!(&doc, Doc::Struct(entries) if entries.is_empty());
    let left_out = nothing && format == Format::Yaml && matches!(becomes, Becomes::Always(_));
    (!left_out).then_some(doc)
}

/// In JSON, some keys have the names of Go's fields.
fn name(key: &'static str, shape: &Shape, format: Format) -> Cow<'static, str> {
    if shape.capitals && format == Format::Json {
        let (first, rest) = key.split_at(1);
        return Cow::Owned(format!("{}{rest}", first.to_ascii_uppercase()));
    }
    Cow::Borrowed(key)
}

/// What is printed for a key that is missing.
fn absent<'a>(becomes: Becomes, format: Format) -> Option<Doc<'a>> {
    match becomes {
        Becomes::Command if format == Format::Json => Some(Doc::Null),
        Becomes::Always(shape) if format == Format::Json => Some(empty(shape, format)),
        Becomes::AlwaysText => Some(Doc::Text(Cow::Borrowed(""))),
        Becomes::AlwaysBytes => Some(Doc::Text(Cow::Borrowed("0"))),
        Becomes::Count(_) => Some(Doc::Integer(0)),
        _ => None,
    }
}

/// A mapping in which nothing is set.
fn empty<'a>(shape: &'static Shape, format: Format) -> Doc<'a> {
    let rows = shape.keys.iter();
    let entries = rows.filter_map(|row| Some((Cow::Borrowed(row.name), absent(row.becomes, format)?)));
    Doc::Struct(entries.collect())
}

fn typed<'a>(node: &'a Node, becomes: Becomes, format: Format) -> Doc<'a> {
    match (becomes, &node.value) {
        (Becomes::Shape(inner) | Becomes::Always(inner), _) => shape(node, inner, format),
        (Becomes::Shapes(inner), Value::Sequence(items)) => {
            Doc::List(items.iter().map(|item| element(item, inner, format)).collect())
        }
        (Becomes::Named(inner) | Becomes::Resources(inner), Value::Mapping(mapping)) => Doc::Map(
            mapping
                .iter()
                .map(|entry| (Cow::Borrowed(&*entry.key.text), shape(&entry.value, inner, format)))
                .collect(),
        ),
        (Becomes::Ssh, Value::Mapping(mapping)) => Doc::List(
            mapping
                .iter()
                .map(|entry| {
                    let path = entry.value.as_str().filter(|path| !path.is_empty());
                    Doc::Text(path.map_or(Cow::Borrowed(&*entry.key.text), |path| {
                        Cow::Owned(format!("{}: {path}", entry.key.text))
                    }))
                })
                .collect(),
        ),
        (Becomes::Ulimits, Value::Mapping(mapping)) => Doc::Map(
            mapping
                .iter()
                .map(|entry| (Cow::Borrowed(&*entry.key.text), limit(&entry.value, format)))
                .collect(),
        ),
        (_, Value::Mapping(mapping)) => pairs(mapping),
        (_, Value::Sequence(items)) => Doc::List(items.iter().map(|item| scalar_doc(&item.value)).collect()),
        (_, scalar) => scalar_doc(scalar),
    }
}

/// A list item. A required env file is printed as its path.
fn element<'a>(item: &'a Node, inner: &'static Shape, format: Format) -> Doc<'a> {
    if inner.find("format").is_some() && inner.find("required").is_some() {
        let required = item.get("required").and_then(Node::as_bool) != Some(false);
        if let (true, Some(path)) = (required, item.get("path")) {
            return scalar_doc(&path.value);
        }
    }
    shape(item, inner, format)
}

fn limit(node: &Node, format: Format) -> Doc<'_> {
    let Some(pair) = node.as_mapping() else { return scalar_doc(&node.value) };
    let sides = ["soft", "hard"].into_iter().filter_map(|side| {
        let value = match pair.get(side) {
            Some(value) => scalar_doc(&value.value),
            None if format == Format::Yaml => Doc::Integer(0),
            None => return None,
        };
        Some((Cow::Borrowed(side), value))
    });
    Doc::Struct(sides.collect())
}

/// The user's own names and values. Those that Docker Compose mistakes for extensions are printed as one string.
fn pairs(mapping: &Mapping) -> Doc<'_> {
    let mut entries: Vec<(Cow<'_, str>, Doc<'_>)> = Vec::with_capacity(mapping.len());
    let mut lost = Mapping::new();
    for entry in mapping {
        if entry.value.tag.as_ref().is_some_and(|tag| &*tag.name == TAKEN_FOR_EXTENSION) {
            lost.insert(entry.key.clone(), entry.value.clone());
            continue;
        }
        let value = match &entry.value.value {
            Value::Sequence(items) => Doc::List(items.iter().map(|item| scalar_doc(&item.value)).collect()),
            scalar => scalar_doc(scalar),
        };
        entries.push((Cow::Borrowed(&*entry.key.text), value));
    }
    if !lost.is_empty() {
        let text = print_scalar(&Value::Mapping(lost));
        entries.push((Cow::Borrowed("#extensions"), Doc::Text(Cow::Owned(text))));
    }
    Doc::Map(entries)
}
