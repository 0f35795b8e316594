//! Daily operation, as far as it needs no network: what a deployment would change, and how things are shown.
//!
//! In: templates, bundles, values and events that others have read. Out: documents and text. Invariants: nothing here is
//! asked of AWS, read from disk or printed, so all of it is tested with values; a secret's value never comes in.

pub mod deployment_report;
pub mod difference;
pub mod failure_hints;
pub mod history;
mod independent_stacks;
pub mod live;
pub mod log_lines;
pub mod plan_file;
pub mod side_by_side;
pub mod stack_templates;
pub mod task_place;

#[cfg(test)]
pub(crate) mod transcripts;
