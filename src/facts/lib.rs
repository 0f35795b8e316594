//! What AWS and widespread software say: the facts that more than one room asks for.
//!
//! In: a name, a number, a reference. Out: a typed answer from a table. Each table names its source and
//! the month in which it was read, and no other crate holds a copy. Invariant: a cell that no source
//! settles is empty; the caller then decides what not knowing means.

pub mod beanstalk_resources;
pub mod capabilities;
pub mod compose_providers;
pub mod database_engines;
pub mod ending_commands;
pub mod fargate_sizes;
mod file_names;
mod foreign_marks;
mod image_details;
mod image_platform;
pub mod image_reference;
pub mod instance_types;
mod known_images;
mod log_routers;
mod machine_paths;
pub mod memory_settings;
mod peripherals;
pub mod ports;
pub mod protocol_words;
pub mod quotas;
pub mod regions;
pub mod resource_actions;
mod transport_protocol;
mod update_behaviour;
pub mod url_schemes;
mod value_range;

/// Bytes of a GiB.
pub const GIB: u64 = 1024 * MIB;

/// Bytes of a MiB.
pub const MIB: u64 = 1024 * 1024;

pub use database_engines::{ClassProblem, DatabaseEngine};
pub use fargate_sizes::FargateSize;
pub use file_names::{
    is_configuration, is_file_name, is_made_by_tools, is_read_by_programs, is_written_by_programs,
};
pub use foreign_marks::{FOREIGN_KEYS, FOREIGN_LABELS, ForeignMark, foreign_mark};
pub use image_details::{ImageDetails, ImageUser};
pub use image_platform::ImagePlatform;
pub use image_reference::{EcrRepository, ImageReference};
pub use instance_types::{InstanceType, ProcessorArchitecture};
pub use known_images::{
    DataStoreKind, ImageKind, KnownImage, KnownPort, MemoryHunger, PortProtocol, UsualMemory,
};
pub use log_routers::LogRouter;
pub use machine_paths::MachinePath;
pub use peripherals::is_peripheral;
pub use quotas::ServiceQuota;
pub use regions::{AwsPartition, is_known_region};
pub use transport_protocol::TransportProtocol;
pub use update_behaviour::{DATA_STORES, UpdateBehaviour, update_behaviour};
pub use url_schemes::UrlScheme;
pub use value_range::ValueRange;
