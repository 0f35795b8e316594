//! YAML: turns events into a tree with origins, types scalars as Compose's parser does, resolves merge keys.
//!
//! In: the text of one file in [`crate::source::Sources`]. Out: one [`Node`] per document.
//! Invariant: every key and value carries an origin; aliases expand within a budget.

mod build;
mod limits;
mod node;
mod parse;
mod refuse;
mod repair;
mod scalar;
mod syntax;
mod text;
mod words;

pub use node::{Mapping, MappingEntry, MappingKey, Node, NodeId, NodeTag, NodeValue};
pub use parse::parse;
pub use scalar::{plain_value, print_timestamp};
pub use text::decode;
pub use words::word;
