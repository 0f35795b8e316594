//! Reads Compose files as Docker Compose does, and keeps a span for every value.
//!
//! In: files and variables, behind the trait [`world::World`]. Out: a sealed
//! [`compose::Manifest`], the [`source::Sources`] that know where each of its values came from, and
//! [`diagnostic::Diagnostics`]. The crate knows nothing of AWS and can be used without Tranship.
//!
//! The rooms, in the order a manifest passes through them: [`source`], [`diagnostic`], [`world`],
//! [`yaml`], [`compose`]. Beside them, [`secrets`] says what is a secret.

pub mod compose;
pub mod diagnostic;
pub mod secrets;
pub mod source;
pub mod world;
pub mod yaml;
