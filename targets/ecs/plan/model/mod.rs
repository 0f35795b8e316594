//! The types of the plan: what was decided, one file a concern.
//!
//! Ids of CloudFormation are functions of a thing's own name, so the plan refers by name and asks
//! [`LogicalId::of`](tranship_cloudformation::LogicalId::of) for the id. Texts are rendered: a
//! [`Value`](tranship_cloudformation::Value) is ready for the template.

mod data;
mod job;
mod network;
mod service;
mod task;

pub use data::*;
pub use job::*;
pub use network::*;
pub use service::*;
pub use task::*;
