//! What `docker compose config` prints, from the canonical tree.
//!
//! In: a canonical tree, or with `--no-interpolate` the tree before its values are typed. Out: JSON or YAML
//! as Docker Compose writes it. Invariant: nothing is decided here but the form; what the tree does not hold
//! is printed only where Docker Compose always prints it (`command: null`, `placement: {}`).

mod doc;
mod hash;
mod json;
mod project;
mod yaml;

pub use hash::service_hash;

use crate::yaml::Node;
use doc::Doc;

/// The format to print in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Indented JSON.
    Json,
    /// YAML.
    Yaml,
}

/// Prints a canonical tree. Every `$` is doubled, so that the output is a manifest again.
pub fn project(root: &Node, format: Format) -> String {
    let text = write(&project::document(root, format), format);
    text.replace('$', "$$")
}

/// Prints a tree whose values were not interpolated, as it is.
pub fn model(root: &Node, format: Format) -> String {
    write(&doc::raw(root, &mut Vec::new(), format), format)
}

fn write(document: &Doc<'_>, format: Format) -> String {
    match format {
        Format::Json => json::pretty(document),
        Format::Yaml => yaml::write(document),
    }
}
