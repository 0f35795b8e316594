//! The keys of the top level. Source: compose-spec.json of compose-go 2.9.1.

use super::accept::{Accept, Becomes, Kinds, Names, Shape, key};
use super::common::{DRIVER_OPTIONS, LIST_OR_MAP, NAME, TEXT, TEXT_OR_SET, TEXTS, TRUTH, is_name, shape};
use super::service::SERVICE;

/// The whole manifest.
pub(crate) static ROOT: Shape = shape(&[
    key("version", TEXT, Becomes::Nothing),
    key("name", TEXT, Becomes::Text),
    key("include", Accept::List(&INCLUDE), Becomes::Nothing),
    key("services", Accept::Map(&SERVICES), Becomes::Resources(&SERVICE)),
    key("networks", Accept::Map(&NETWORKS), Becomes::Resources(&NETWORK)),
    key("volumes", Accept::Map(&VOLUMES), Becomes::Resources(&VOLUME)),
    key("secrets", Accept::Map(&SECRETS), Becomes::Resources(&SECRET)),
    key("configs", Accept::Map(&CONFIGS), Becomes::Resources(&CONFIG)),
    key("models", Accept::Map(&MODELS), Becomes::Resources(&MODEL)),
]);

const INCLUDE: Accept = Accept::Either(&[TEXT, Accept::Shape(&INCLUDED)]);

static INCLUDED: Shape = Shape {
    keys: &[
        key("path", TEXT_OR_SET, Becomes::Texts),
        key("env_file", TEXT_OR_SET, Becomes::Texts),
        key("project_directory", TEXT, Becomes::Text),
    ],
    extensible: false,
    open: false,
    required: &[],
    capitals: false,
};

const fn named(value: Accept, closed: bool) -> Names {
    Names { form: is_name, described: NAME, value, closed }
}

const NULL: Accept = Accept::Of(Kinds::NULL);
static SERVICES: Names = named(Accept::Shape(&SERVICE), true);
static NETWORKS: Names = named(Accept::Either(&[Accept::Shape(&NETWORK), NULL]), false);
static VOLUMES: Names = named(Accept::Either(&[Accept::Shape(&VOLUME), NULL]), true);
static SECRETS: Names = named(Accept::Shape(&SECRET), true);
static CONFIGS: Names = named(Accept::Shape(&CONFIG), true);
static MODELS: Names = named(Accept::Shape(&MODEL), false);

/// `external` of networks and volumes: a boolean, or the deprecated form with a name.
const EXTERNAL: Accept = Accept::Either(&[TRUTH, Accept::Shape(&OLD_EXTERNAL)]);
static OLD_EXTERNAL: Shape = shape(&[key("name", TEXT, Becomes::Text)]);

/// `external` of secrets and configs, where unknown keys are allowed.
const OPEN_EXTERNAL: Accept = Accept::Either(&[TRUTH, Accept::Shape(&OPEN_OLD_EXTERNAL)]);
static OPEN_OLD_EXTERNAL: Shape = Shape {
    keys: &[key("name", TEXT, Becomes::Text)],
    extensible: true,
    open: true,
    required: &[],
    capitals: false,
};

/// A network.
static NETWORK: Shape = shape(&[
    key("name", TEXT, Becomes::Text),
    key("driver", TEXT, Becomes::Text),
    key("driver_opts", DRIVER_OPTIONS, Becomes::Pairs),
    key("ipam", Accept::Shape(&IPAM), Becomes::Always(&IPAM)),
    key("external", EXTERNAL, Becomes::Truth),
    key("internal", TRUTH, Becomes::Truth),
    key("attachable", TRUTH, Becomes::Truth),
    key("labels", LIST_OR_MAP, Becomes::Pairs),
    key("enable_ipv4", TRUTH, Becomes::AlwaysTruth),
    key("enable_ipv6", TRUTH, Becomes::AlwaysTruth),
]);

static IPAM: Shape = shape(&[
    key("driver", TEXT, Becomes::Text),
    key("config", Accept::List(&Accept::Shape(&POOL)), Becomes::Shapes(&POOL)),
    key("options", Accept::Map(&TEXT_VALUES), Becomes::Nothing),
]);

static POOL: Shape = shape(&[
    key("subnet", TEXT, Becomes::Text),
    key("gateway", TEXT, Becomes::Text),
    key("ip_range", TEXT, Becomes::Text),
    key("aux_addresses", Accept::Map(&TEXT_VALUES), Becomes::Pairs),
]);

static TEXT_VALUES: Names =
    Names { form: |text| !text.is_empty(), described: "a string", value: TEXT, closed: true };

/// A volume.
static VOLUME: Shape = shape(&[
    key("name", TEXT, Becomes::Text),
    key("driver", TEXT, Becomes::Text),
    key("driver_opts", DRIVER_OPTIONS, Becomes::Pairs),
    key("external", EXTERNAL, Becomes::Truth),
    key("labels", LIST_OR_MAP, Becomes::Pairs),
]);

/// A secret.
static SECRET: Shape = shape(&[
    key("name", TEXT, Becomes::Text),
    key("file", TEXT, Becomes::Text),
    key("environment", TEXT, Becomes::Text),
    key("external", OPEN_EXTERNAL, Becomes::Truth),
    key("labels", LIST_OR_MAP, Becomes::Pairs),
    key("driver", TEXT, Becomes::Text),
    key("driver_opts", DRIVER_OPTIONS, Becomes::TextMap),
    key("template_driver", TEXT, Becomes::Text),
]);

/// A config.
static CONFIG: Shape = shape(&[
    key("name", TEXT, Becomes::Text),
    key("file", TEXT, Becomes::Text),
    key("environment", TEXT, Becomes::Text),
    key("content", TEXT, Becomes::Text),
    key("external", OPEN_EXTERNAL, Becomes::Truth),
    key("labels", LIST_OR_MAP, Becomes::Pairs),
    key("template_driver", TEXT, Becomes::Text),
]);

/// A model.
static MODEL: Shape = Shape {
    keys: &[
        key("name", TEXT, Becomes::Text),
        key("model", TEXT, Becomes::Text),
        key("context_size", Accept::Of(Kinds::INTEGER), Becomes::Whole),
        key("runtime_flags", TEXTS, Becomes::Texts),
    ],
    extensible: true,
    open: false,
    required: &["model"],
    capitals: false,
};
