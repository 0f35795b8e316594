//! The keys of `services.*.build`. Source: compose-spec.json of compose-go 2.9.1.

use super::accept::{AcceptedValue, CanonicalForm, MappingSchema, key};
use super::common::{FILE_MOUNT, FILE_MOUNTS, HOSTS, LIST_OR_MAP, TEXT, TEXTS, TRUTH, ULIMITS, WHOLE, shape};

/// How an image is built.
pub(crate) static BUILD: MappingSchema = shape(&[
    key("context", TEXT, CanonicalForm::Text),
    key("dockerfile", TEXT, CanonicalForm::Text),
    key("dockerfile_inline", TEXT, CanonicalForm::Text),
    key("entitlements", TEXTS, CanonicalForm::Texts),
    key("args", LIST_OR_MAP, CanonicalForm::Equals),
    key("provenance", TRUTH, CanonicalForm::Text),
    key("sbom", TRUTH, CanonicalForm::Text),
    key("ssh", LIST_OR_MAP, CanonicalForm::Ssh),
    key("labels", LIST_OR_MAP, CanonicalForm::Pairs),
    key("cache_from", TEXTS, CanonicalForm::Texts),
    key("cache_to", TEXTS, CanonicalForm::Texts),
    key("no_cache", TRUTH, CanonicalForm::Truth),
    key("additional_contexts", LIST_OR_MAP, CanonicalForm::Pairs),
    key("pull", TRUTH, CanonicalForm::Truth),
    key("extra_hosts", HOSTS, CanonicalForm::Hosts),
    key("isolation", TEXT, CanonicalForm::Text),
    key("network", TEXT, CanonicalForm::Text),
    key("target", TEXT, CanonicalForm::Text),
    key("secrets", FILE_MOUNTS, CanonicalForm::Shapes(&FILE_MOUNT)),
    key("shm_size", WHOLE, CanonicalForm::Bytes),
    key("tags", TEXTS, CanonicalForm::Texts),
    key("ulimits", ULIMITS, CanonicalForm::Ulimits),
    key("platforms", TEXTS, CanonicalForm::Texts),
    key("privileged", TRUTH, CanonicalForm::Truth),
]);

/// `build`, short or long.
pub(super) const BUILD_OR_CONTEXT: AcceptedValue =
    AcceptedValue::Either(&[TEXT, AcceptedValue::Shape(&BUILD)]);
