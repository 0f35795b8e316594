//! The front end: reads Compose files as Docker Compose does.
//!
//! In: a [`World`](crate::world::World) and [`LoadOptions`]. Out: a [`Manifest`], canonical (every short syntax long, every
//! default in place) and sealed (every node numbered). Invariant: `tranship config` prints the same as
//! `docker compose config`.

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
mod newer_keys;
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

pub use context::{LoadContext, ProjectContext, ProjectVariables, SourcedValue};
pub use load::{load, load_as_far};
pub use manifest::{KeyPath, Manifest, NodeTable, PathSegment};
pub use newer_keys::newer_keys;

use crate::yaml::Node;
use camino::Utf8PathBuf;
use std::collections::{BTreeMap, BTreeSet};

/// What to read, and how.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// `-f`, in order; empty means discovery. `-` is standard input, passed in `stdin`.
    pub files: Vec<Utf8PathBuf>,
    /// The content of standard input, if `files` names it.
    pub stdin: Option<Vec<u8>>,
    /// Files merged on top of the others, such as an environment's `files`.
    pub overlays: Vec<Utf8PathBuf>,
    /// Leaves out the override file that would be found beside the Compose file.
    pub no_override: bool,
    /// `--project-directory`.
    pub project_directory: Option<Utf8PathBuf>,
    /// `--project-name`.
    pub project_name: Option<String>,
    /// `--env-file`, in order; empty means `.env` if it exists.
    pub env_files: Vec<Utf8PathBuf>,
    /// `--profile`, in order.
    pub profiles: Vec<String>,
    /// `--set NAME=VALUE`: overrides every other source of variables.
    pub set: BTreeMap<String, String>,
    /// Services to keep, with their dependencies; empty means all.
    pub services: Vec<String>,
    /// Skips interpolation of `$` expressions.
    pub no_interpolate: bool,
    /// Keeps relative paths.
    pub no_path_resolution: bool,
    /// Keeps short syntax and omits defaults.
    pub no_normalize: bool,
    /// Keeps volumes, networks, secrets and configs that no service uses.
    pub all_resources: bool,
    /// Skips the check of cross-references.
    pub no_consistency: bool,
    /// Skips reading `env_file`.
    pub no_env_resolution: bool,
    /// Ignores the process's environment variables, as `verify` does.
    pub ignore_process_environment: bool,
    /// Finds the variables that may be unset because the target turns them into parameters. Called with the root of
    /// each file before interpolation.
    pub deferred: Option<fn(&Node) -> BTreeSet<String>>,
}
