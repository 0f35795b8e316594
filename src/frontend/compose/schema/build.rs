//! The keys of `services.*.build`. Source: compose-spec.json of compose-go 2.9.1.

use super::accept::{Accept, Becomes, Shape, key};
use super::common::{FILE_MOUNT, FILE_MOUNTS, HOSTS, LIST_OR_MAP, TEXT, TEXTS, TRUTH, ULIMITS, WHOLE, shape};

/// How an image is built.
pub(crate) static BUILD: Shape = shape(&[
    key("context", TEXT, Becomes::Text),
    key("dockerfile", TEXT, Becomes::Text),
    key("dockerfile_inline", TEXT, Becomes::Text),
    key("entitlements", TEXTS, Becomes::Texts),
    key("args", LIST_OR_MAP, Becomes::Equals),
    key("provenance", TRUTH, Becomes::Text),
    key("sbom", TRUTH, Becomes::Text),
    key("ssh", LIST_OR_MAP, Becomes::Ssh),
    key("labels", LIST_OR_MAP, Becomes::Pairs),
    key("cache_from", TEXTS, Becomes::Texts),
    key("cache_to", TEXTS, Becomes::Texts),
    key("no_cache", TRUTH, Becomes::Truth),
    key("additional_contexts", LIST_OR_MAP, Becomes::Pairs),
    key("pull", TRUTH, Becomes::Truth),
    key("extra_hosts", HOSTS, Becomes::Hosts),
    key("isolation", TEXT, Becomes::Text),
    key("network", TEXT, Becomes::Text),
    key("target", TEXT, Becomes::Text),
    key("secrets", FILE_MOUNTS, Becomes::Shapes(&FILE_MOUNT)),
    key("shm_size", WHOLE, Becomes::Bytes),
    key("tags", TEXTS, Becomes::Texts),
    key("ulimits", ULIMITS, Becomes::Ulimits),
    key("platforms", TEXTS, Becomes::Texts),
    key("privileged", TRUTH, Becomes::Truth),
]);

/// `build`, short or long.
pub(super) const BUILD_OR_CONTEXT: Accept = Accept::Either(&[TEXT, Accept::Shape(&BUILD)]);
