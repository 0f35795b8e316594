//! The keys of the top level. Source: compose-spec.json of compose-go 2.9.1.

use super::accept::{AcceptedValue, CanonicalForm, MappingSchema, NamedEntries, ValueKinds, key};
use super::common::{DRIVER_OPTIONS, LIST_OR_MAP, NAME, TEXT, TEXT_OR_SET, TEXTS, TRUTH, is_name, shape};
use super::service::SERVICE;

/// The whole manifest.
pub(crate) static ROOT: MappingSchema = shape(&[
    key("version", TEXT, CanonicalForm::Nothing),
    key("name", TEXT, CanonicalForm::Text),
    key("include", AcceptedValue::List(&INCLUDE), CanonicalForm::Nothing),
    key("services", AcceptedValue::Map(&SERVICES), CanonicalForm::Resources(&SERVICE)),
    key("networks", AcceptedValue::Map(&NETWORKS), CanonicalForm::Resources(&NETWORK)),
    key("volumes", AcceptedValue::Map(&VOLUMES), CanonicalForm::Resources(&VOLUME)),
    key("secrets", AcceptedValue::Map(&SECRETS), CanonicalForm::Resources(&SECRET)),
    key("configs", AcceptedValue::Map(&CONFIGS), CanonicalForm::Resources(&CONFIG)),
    key("models", AcceptedValue::Map(&MODELS), CanonicalForm::Resources(&MODEL)),
]);

const INCLUDE: AcceptedValue = AcceptedValue::Either(&[TEXT, AcceptedValue::Shape(&INCLUDED)]);

static INCLUDED: MappingSchema = MappingSchema {
    keys: &[
        key("path", TEXT_OR_SET, CanonicalForm::Texts),
        key("env_file", TEXT_OR_SET, CanonicalForm::Texts),
        key("project_directory", TEXT, CanonicalForm::Text),
    ],
    extensible: false,
    open: false,
    required: &[],
    capitals: false,
};

const fn named(value: AcceptedValue, closed: bool) -> NamedEntries {
    NamedEntries { form: is_name, described: NAME, value, closed }
}

const NULL: AcceptedValue = AcceptedValue::Of(ValueKinds::NULL);
static SERVICES: NamedEntries = named(AcceptedValue::Shape(&SERVICE), true);
static NETWORKS: NamedEntries = named(AcceptedValue::Either(&[AcceptedValue::Shape(&NETWORK), NULL]), false);
static VOLUMES: NamedEntries = named(AcceptedValue::Either(&[AcceptedValue::Shape(&VOLUME), NULL]), true);
static SECRETS: NamedEntries = named(AcceptedValue::Shape(&SECRET), true);
static CONFIGS: NamedEntries = named(AcceptedValue::Shape(&CONFIG), true);
static MODELS: NamedEntries = named(AcceptedValue::Shape(&MODEL), false);

/// `external` of networks and volumes: a boolean, or the deprecated form with a name.
const EXTERNAL: AcceptedValue = AcceptedValue::Either(&[TRUTH, AcceptedValue::Shape(&OLD_EXTERNAL)]);
static OLD_EXTERNAL: MappingSchema = shape(&[key("name", TEXT, CanonicalForm::Text)]);

/// `external` of secrets and configs, where unknown keys are allowed.
const OPEN_EXTERNAL: AcceptedValue =
    AcceptedValue::Either(&[TRUTH, AcceptedValue::Shape(&OPEN_OLD_EXTERNAL)]);
static OPEN_OLD_EXTERNAL: MappingSchema = MappingSchema {
    keys: &[key("name", TEXT, CanonicalForm::Text)],
    extensible: true,
    open: true,
    required: &[],
    capitals: false,
};

/// A network.
static NETWORK: MappingSchema = shape(&[
    key("name", TEXT, CanonicalForm::Text),
    key("driver", TEXT, CanonicalForm::Text),
    key("driver_opts", DRIVER_OPTIONS, CanonicalForm::Pairs),
    key("ipam", AcceptedValue::Shape(&IPAM), CanonicalForm::Always(&IPAM)),
    key("external", EXTERNAL, CanonicalForm::Truth),
    key("internal", TRUTH, CanonicalForm::Truth),
    key("attachable", TRUTH, CanonicalForm::Truth),
    key("labels", LIST_OR_MAP, CanonicalForm::Pairs),
    key("enable_ipv4", TRUTH, CanonicalForm::AlwaysTruth),
    key("enable_ipv6", TRUTH, CanonicalForm::AlwaysTruth),
]);

static IPAM: MappingSchema = shape(&[
    key("driver", TEXT, CanonicalForm::Text),
    key("config", AcceptedValue::List(&AcceptedValue::Shape(&POOL)), CanonicalForm::Shapes(&POOL)),
    key("options", AcceptedValue::Map(&TEXT_VALUES), CanonicalForm::Nothing),
]);

static POOL: MappingSchema = shape(&[
    key("subnet", TEXT, CanonicalForm::Text),
    key("gateway", TEXT, CanonicalForm::Text),
    key("ip_range", TEXT, CanonicalForm::Text),
    key("aux_addresses", AcceptedValue::Map(&TEXT_VALUES), CanonicalForm::Pairs),
]);

static TEXT_VALUES: NamedEntries =
    NamedEntries { form: |text| !text.is_empty(), described: "a string", value: TEXT, closed: true };

/// A volume.
static VOLUME: MappingSchema = shape(&[
    key("name", TEXT, CanonicalForm::Text),
    key("driver", TEXT, CanonicalForm::Text),
    key("driver_opts", DRIVER_OPTIONS, CanonicalForm::Pairs),
    key("external", EXTERNAL, CanonicalForm::Truth),
    key("labels", LIST_OR_MAP, CanonicalForm::Pairs),
]);

/// A secret.
static SECRET: MappingSchema = shape(&[
    key("name", TEXT, CanonicalForm::Text),
    key("file", TEXT, CanonicalForm::Text),
    key("environment", TEXT, CanonicalForm::Text),
    key("external", OPEN_EXTERNAL, CanonicalForm::Truth),
    key("labels", LIST_OR_MAP, CanonicalForm::Pairs),
    key("driver", TEXT, CanonicalForm::Text),
    key("driver_opts", DRIVER_OPTIONS, CanonicalForm::TextMap),
    key("template_driver", TEXT, CanonicalForm::Text),
]);

/// A config.
static CONFIG: MappingSchema = shape(&[
    key("name", TEXT, CanonicalForm::Text),
    key("file", TEXT, CanonicalForm::Text),
    key("environment", TEXT, CanonicalForm::Text),
    key("content", TEXT, CanonicalForm::Text),
    key("external", OPEN_EXTERNAL, CanonicalForm::Truth),
    key("labels", LIST_OR_MAP, CanonicalForm::Pairs),
    key("template_driver", TEXT, CanonicalForm::Text),
]);

/// A model.
static MODEL: MappingSchema = MappingSchema {
    keys: &[
        key("name", TEXT, CanonicalForm::Text),
        key("model", TEXT, CanonicalForm::Text),
        key("context_size", AcceptedValue::Of(ValueKinds::INTEGER), CanonicalForm::Whole),
        key("runtime_flags", TEXTS, CanonicalForm::Texts),
    ],
    extensible: true,
    open: false,
    required: &["model"],
    capitals: false,
};
