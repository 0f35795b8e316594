//! The front end: reads Compose files as Docker Compose does.
//!
//! In: a [`World`](crate::world::World) and [`LoadOptions`]. Out: a [`Manifest`], canonical (every short syntax long, every
//! default in place) and sealed (every node numbered). Invariant: `tranship config` prints what
//! `docker compose config` prints for it.

pub mod canonical;
mod cast;
pub mod consistency;
mod context;
pub mod defaults;
mod discover;
mod env;
mod extends;
mod files;
mod include;
mod interpolate;
mod limits;
mod load;
mod manifest;
pub mod merge;
pub mod normalise;
mod paths;
mod profiles;
mod project_name;
pub mod render;
mod reset;
pub mod schema;
mod template;
#[cfg(test)]
mod tests;
pub mod typed;
pub mod value;
pub mod variables;

pub use context::{Context, Environment, Project, Variable};
pub use load::load;
pub use manifest::{KeyPath, Manifest, NodeTable, PathSegment};

use crate::yaml::Node;
use camino::Utf8PathBuf;
use std::collections::{BTreeMap, BTreeSet};

/// What to read, and how.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// `-f`, in order; empty means discovery. `-` is standard input, given in `stdin`.
    pub files: Vec<Utf8PathBuf>,
    /// What standard input holds, where `files` names it.
    pub stdin: Option<Vec<u8>>,
    /// Files merged on top of those, such as an environment's `files`.
    pub overlays: Vec<Utf8PathBuf>,
    /// `--project-directory`.
    pub project_directory: Option<Utf8PathBuf>,
    /// `--project-name`.
    pub project_name: Option<String>,
    /// `--env-file`, in order; empty means `.env` where it exists.
    pub env_files: Vec<Utf8PathBuf>,
    /// `--profile`, in order.
    pub profiles: Vec<String>,
    /// `--set NAME=VALUE`: variables that win over every other source.
    pub set: BTreeMap<String, String>,
    /// Names of services to keep, with what they need; empty means all.
    pub services: Vec<String>,
    /// Leaves `$` expressions as they are.
    pub no_interpolate: bool,
    /// Leaves relative paths as they are.
    pub no_path_resolution: bool,
    /// Leaves short syntax and defaults as they are.
    pub no_normalize: bool,
    /// Keeps volumes, networks, secrets and configs that no service uses.
    pub all_resources: bool,
    /// Leaves cross-references unchecked.
    pub no_consistency: bool,
    /// Leaves `env_file` unread.
    pub no_env_resolution: bool,
    /// Reads environment variables of the process; `verify` does not.
    pub ignore_process_environment: bool,
    /// Finds, in the root of each file before interpolation, the variables that may be unset because
    /// the target makes them parameters.
    pub deferred: Option<fn(&Node) -> BTreeSet<String>>,
}
