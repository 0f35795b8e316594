//! The types of the plan: what was decided, one file for each concern.
//!
//! Logical ids are functions of a thing's own name, so the plan refers by name or id, never by position. Texts
//! are rendered: a [`TemplateValue`](tranship_cloudformation::TemplateValue) is ready for the template. A value of these types is
//! whole when it is made, and nothing changes it later.

mod capacity;
mod discovery;
mod file_system;
mod job;
mod load_balancer;
mod machines;
mod network;
mod parameter;
mod secret;
mod security_group;
mod service;
mod service_connect;
mod stack;
mod task;
mod task_plan;

pub use crate::managed_database::DatabasePlan;
pub use capacity::*;
pub use discovery::*;
pub use file_system::*;
pub use job::*;
pub use load_balancer::*;
pub use machines::*;
pub use network::*;
pub use parameter::*;
pub use secret::*;
pub use security_group::*;
pub use service::*;
pub use service_connect::*;
pub use stack::*;
pub use task::*;
pub use task_plan::*;
