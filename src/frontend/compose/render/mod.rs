//! Prints the canonical tree as `docker compose config` does.
//!
//! In: a canonical tree, or with `--no-interpolate` the tree before it is typed. Out: JSON or YAML
//! as Docker Compose writes it. Invariant: only the format is decided here. A key missing from the tree
//! is printed only if Docker Compose always prints it (`command: null`, `placement: {}`).

mod doc;
mod hash;
mod json;
mod project;
mod yaml;

pub use hash::service_hash;

use crate::yaml::Node;
use doc::Doc;

/// The output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Indented JSON.
    Json,
    /// YAML.
    Yaml,
}

/// Prints a canonical tree. Every `$` is doubled, so that the output is a valid manifest again.
pub fn project(root: &Node, format: Format) -> String {
    let text = write(&project::document(root, format), format);
    text.replace('$', "$$")
}

/// Prints a tree that was not interpolated, unchanged.
pub fn model(root: &Node, format: Format) -> String {
    write(&doc::raw(root, &mut Vec::new(), format), format)
}

fn write(document: &Doc<'_>, format: Format) -> String {
    match format {
        Format::Json => json::pretty(document),
        Format::Yaml => yaml::write(document),
    }
}
