//! The application model: what the manifest means, before any target is asked.
//!
//! In: a sealed [`Manifest`](crate::compose::Manifest) and the environment chosen. Out: an
//! [`Application`] (services, jobs, edges, endpoints, volumes, secrets, databases), and a
//! [`Ledger`] in which every leaf of the manifest finds its disposition. Invariant: every value keeps
//! the number and the origin of the leaf it came from ([`At`], [`Text`]).

mod at;
mod ledger;
mod model;
mod report;
mod settings;
mod support;
mod text;

pub use at::{At, Claim};
pub use ledger::{Disposition, Entry, Ledger};
pub use model::*;
pub use report::{Counts, Report, ReportRow};
pub use settings::*;
pub use support::{Support, SupportRow, SupportTable};
pub use text::{DatabaseField, Piece, Segment, Text, Variable};

use crate::compose::Manifest;
use crate::diagnostic::Diagnostics;
use crate::source::{Origin, Sources};
use crate::yaml::Node;
use std::collections::BTreeSet;

/// What to lower a manifest for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvironmentChoice {
    /// An environment of `x-tranship.environments`.
    Environment(String),
    /// A target by its name, with the defaults at the top of `x-tranship`.
    Target(String),
}

/// An environment that the manifest declares.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// The name of its target.
    pub target: Option<At<String>>,
    /// Compose files merged on top, relative to the project directory.
    pub files: Vec<At<String>>,
    /// Where it is declared.
    pub origin: Origin,
}

/// The environments that a manifest declares, in order.
pub fn environments(manifest: &Manifest, diagnostics: &mut Diagnostics) -> Vec<Environment> {
    let _ = (manifest, diagnostics);
    Vec::new()
}

/// The variables that `x-tranship.late_bound` of a file's root names.
pub fn late_bound_names(root: &Node) -> BTreeSet<String> {
    let _ = root;
    BTreeSet::new()
}

/// Lowers a manifest to the application it means. Nothing when an error was reported.
pub fn lower(
    manifest: &Manifest,
    choice: &EnvironmentChoice,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
    ledger: &mut Ledger,
) -> Option<Application> {
    let _ = (manifest, choice, sources, diagnostics, ledger);
    None
}
