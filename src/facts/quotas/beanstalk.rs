//! Quotas and ranges of Elastic Beanstalk.
//!
//! Source: Elastic Beanstalk API Reference, `CreateEnvironment` and `CreateApplicationVersion`; Developer
//! Guide, "Create an application source bundle" and "eb setenv"; November 2026.

use super::ServiceQuota;
use crate::ValueRange;

/// Characters of an environment's name: letters, digits, and hyphens but at its ends.
pub const ENVIRONMENT_NAME: ValueRange<usize> = ValueRange { least: 4, most: 40 };

/// Characters of an application's name.
pub const APPLICATION_NAME: ValueRange<usize> = ValueRange { least: 1, most: 100 };

/// Characters of a version label.
pub const VERSION_LABEL: ValueRange<usize> = ValueRange { least: 1, most: 100 };

/// Bytes of all environment properties together, names and values.
pub const PROPERTIES_BYTES: ServiceQuota =
    ServiceQuota { what: "bytes of the environment's properties", most: 4_096 };

/// Bytes of a source bundle: 500 MB.
pub const BUNDLE_BYTES: ServiceQuota = ServiceQuota { what: "bytes of a source bundle", most: 500_000_000 };

/// GiB of the disk of an instance, with General Purpose storage (Developer Guide, "General options for all environments",
/// `RootVolumeSize`).
pub const ROOT_VOLUME_GIB: ValueRange<u64> = ValueRange { least: 10, most: 16_384 };
