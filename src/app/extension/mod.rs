//! `x-tranship`: what Compose cannot say.
//!
//! In: the resolved tree. Out: [`Settings`](super::Settings) of one environment, the list of
//! environments, the published JSON Schema. Invariant: every key is in one table ([`schema`]).

mod check;
mod environments;
mod published;
mod schema;
mod settings;

pub(super) use check::check;
pub(super) use environments::names_listed;
pub use environments::{environments, late_bound_names};
pub use published::published_schema;
pub(super) use settings::{number as setting_number, settings};

use std::sync::Arc;
use tranship_frontend::yaml::{Node, Value};

/// The extension's key.
pub(super) const KEY: &str = "x-tranship";

/// A scalar of a setting as text. Numbers may stand where text is wanted: `version: 16`.
pub(super) fn setting_text(node: &Node) -> Option<Arc<str>> {
    match &node.value {
        Value::String(text) | Value::Timestamp(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string().into()),
        Value::Float(number) => Some(number.to_string().into()),
        Value::Bool(truth) => Some(truth.to_string().into()),
        _ => None,
    }
}

/// One, or the items of a list.
pub(super) fn one_or_more(node: &Node) -> &[Node] {
    node.as_sequence().unwrap_or(std::slice::from_ref(node))
}
