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
use doc::RenderedValue;

/// The output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderFormat {
    /// Indented JSON.
    Json,
    /// YAML.
    Yaml,
}

/// Prints a canonical tree. Every `$` is doubled, so that the output is a valid manifest again.
pub fn project(root: &Node, format: RenderFormat) -> String {
    prepared(root, format).replace('$', "$$")
}

/// Prints a canonical tree whose texts are ready for interpolation: a `$` that is none is doubled already.
pub fn prepared(root: &Node, format: RenderFormat) -> String {
    write(&project::document(root, format), format)
}

/// Prints a tree that was not interpolated, unchanged.
pub fn model(root: &Node, format: RenderFormat) -> String {
    write(&doc::raw(root, &mut Vec::new(), format), format)
}

fn write(document: &RenderedValue<'_>, format: RenderFormat) -> String {
    match format {
        RenderFormat::Json => json::pretty(document),
        RenderFormat::Yaml => yaml::write(document),
    }
}
