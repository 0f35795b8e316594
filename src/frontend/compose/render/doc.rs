//! A printable document: the common form between a tree and JSON or YAML.

use super::RenderFormat;
use crate::yaml::{Node, NodeValue};
use std::borrow::Cow;

/// A value to print.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RenderedValue<'a> {
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
    List(Vec<RenderedValue<'a>>),
    /// A mapping whose keys are printed in this order.
    Struct(Vec<(Cow<'a, str>, RenderedValue<'a>)>),
    /// A mapping whose keys are printed in sorted order.
    Map(Vec<(Cow<'a, str>, RenderedValue<'a>)>),
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
pub(super) fn raw<'a>(node: &'a Node, path: &mut Vec<&'a str>, format: RenderFormat) -> RenderedValue<'a> {
    match &node.value {
        NodeValue::Sequence(items) if items.is_empty() => {
            if format == RenderFormat::Json && !stays_list(path) {
                RenderedValue::Null
            } else {
                RenderedValue::List(Vec::new())
            }
        }
        NodeValue::Sequence(items) => {
            path.push("[]");
            let items = items.iter().map(|item| raw(item, path, format)).collect();
            path.pop();
            RenderedValue::List(items)
        }
        NodeValue::Mapping(mapping) => {
            let mut entries = Vec::with_capacity(mapping.len());
            for entry in mapping {
                path.push(&entry.key.text);
                entries.push((Cow::Borrowed(&*entry.key.text), raw(&entry.value, path, format)));
                path.pop();
            }
            RenderedValue::Map(entries)
        }
        scalar => scalar_doc(scalar),
    }
}

/// Converts a scalar unchanged.
pub(super) fn scalar_doc(value: &NodeValue) -> RenderedValue<'_> {
    match value {
        NodeValue::Bool(truth) => RenderedValue::Bool(*truth),
        NodeValue::Integer(number) => RenderedValue::Integer(*number),
        NodeValue::Float(number) => RenderedValue::Float(*number),
        NodeValue::String(text) => RenderedValue::Text(Cow::Borrowed(text)),
        NodeValue::Timestamp(text) => RenderedValue::Moment(crate::yaml::print_timestamp(text)),
        NodeValue::Null | NodeValue::Sequence(_) | NodeValue::Mapping(_) => RenderedValue::Null,
    }
}
