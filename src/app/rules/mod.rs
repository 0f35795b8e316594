//! The diagnostics of the application model, one file a family.

pub mod app;
pub mod pipeline;
pub mod target;
pub mod tranship;

pub use tranship_frontend::diagnostic::rules::internal;

use tranship_frontend::diagnostic::DiagnosticRule;

/// The rules of this crate, for the registry.
pub const ALL: &[&[&DiagnosticRule]] = &[app::ALL, pipeline::ALL, target::ALL, tranship::ALL];
