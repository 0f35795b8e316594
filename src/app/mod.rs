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
