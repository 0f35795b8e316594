//! A printable document: the common form between a tree and JSON or YAML.

use super::Format;
use crate::yaml::{Node, Value};
use std::borrow::Cow;

/// A value to print.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Doc<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Integer(i128),
    /// A number.
    Float(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// A timestamp, in full.
    Moment(String),
    /// A list.
    List(Vec<Doc<'a>>),
    /// A mapping whose keys are printed in this order.
    Struct(Vec<(Cow<'a, str>, Doc<'a>)>),
    /// A mapping whose keys are printed in sorted order.
    Map(Vec<(Cow<'a, str>, Doc<'a>)>),
}

/// Lists that stay lists when empty; Docker Compose turns any other empty list into null.
/// Source: compose-go 2.9.1, packages override and loader (as `--no-interpolate` prints).
fn stays_list(path: &[&str]) -> bool {
    match path {
        ["services", _, key] => matches!(
            *key,
            "annotations"
                | "cap_add"
                | "cap_drop"
                | "configs"
                | "dns"
                | "dns_opt"
                | "dns_search"
                | "devices"
                | "environment"
                | "env_file"
                | "expose"
                | "labels"
                | "links"
                | "ports"
                | "profiles"
                | "secrets"
                | "sysctls"
                | "tmpfs"
                | "volumes"
        ),
        ["services", _, "build", key] => matches!(*key, "args" | "additional_contexts" | "tags" | "labels"),
        ["services", _, "deploy", "labels"] | ["networks", _, "labels"] => true,
        ["services", _, "networks", _, key] => matches!(*key, "aliases" | "link_local_ips"),
        _ => false,
    }
}

/// Converts a tree unchanged.
pub(super) fn raw<'a>(node: &'a Node, path: &mut Vec<&'a str>, format: Format) -> Doc<'a> {
    match &node.value {
        Value::Sequence(items) if items.is_empty() => {
            if format == Format::Json && !stays_list(path) {
                Doc::Null
            } else {
                Doc::List(Vec::new())
            }
        }
        Value::Sequence(items) => {
            path.push("[]");
            let items = items.iter().map(|item| raw(item, path, format)).collect();
            path.pop();
            Doc::List(items)
        }
        Value::Mapping(mapping) => {
            let mut entries = Vec::with_capacity(mapping.len());
            for entry in mapping {
                path.push(&entry.key.text);
                entries.push((Cow::Borrowed(&*entry.key.text), raw(&entry.value, path, format)));
                path.pop();
            }
            Doc::Map(entries)
        }
        scalar => scalar_doc(scalar),
    }
}

/// Converts a scalar unchanged.
pub(super) fn scalar_doc(value: &Value) -> Doc<'_> {
    match value {
        Value::Bool(truth) => Doc::Bool(*truth),
        Value::Integer(number) => Doc::Integer(*number),
        Value::Float(number) => Doc::Float(*number),
        Value::String(text) => Doc::Text(Cow::Borrowed(text)),
        Value::Timestamp(text) => Doc::Moment(crate::yaml::print_timestamp(text)),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) => Doc::Null,
    }
}
