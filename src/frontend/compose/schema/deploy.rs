//! The keys of `services.*.deploy`, and of the device requests it shares with `gpus`.
//! Source: compose-spec.json of compose-go 2.9.1.

use super::accept::{AcceptedValue, CanonicalForm, MappingSchema, ValueKinds, key};
use super::common::{LIST_OR_MAP, NUMBER, TEXT, TEXT_SET, TEXTS, WHOLE, shape};

/// How a service is deployed.
pub(crate) static DEPLOY: MappingSchema = shape(&[
    key("mode", TEXT, CanonicalForm::Text),
    key("replicas", WHOLE, CanonicalForm::AlwaysWhole),
    key("labels", LIST_OR_MAP, CanonicalForm::Pairs),
    key("update_config", AcceptedValue::Shape(&UPDATE), CanonicalForm::Shape(&UPDATE)),
    key("rollback_config", AcceptedValue::Shape(&UPDATE), CanonicalForm::Shape(&UPDATE)),
    key("resources", AcceptedValue::Shape(&RESOURCES), CanonicalForm::Always(&RESOURCES)),
    key("restart_policy", AcceptedValue::Shape(&RESTART), CanonicalForm::Shape(&RESTART)),
    key("placement", AcceptedValue::Shape(&PLACEMENT), CanonicalForm::Always(&PLACEMENT)),
    key("endpoint_mode", TEXT, CanonicalForm::Text),
]);

static UPDATE: MappingSchema = shape(&[
    key("parallelism", WHOLE, CanonicalForm::AlwaysNatural),
    key("delay", TEXT, CanonicalForm::Duration),
    key("failure_action", TEXT, CanonicalForm::Text),
    key("monitor", TEXT, CanonicalForm::Duration),
    key("max_failure_ratio", NUMBER, CanonicalForm::Single),
    key("order", AcceptedValue::Choice(&["start-first", "stop-first"]), CanonicalForm::Text),
]);

static RESOURCES: MappingSchema = shape(&[
    key("limits", AcceptedValue::Shape(&LIMITS), CanonicalForm::Shape(&LIMITS)),
    key("reservations", AcceptedValue::Shape(&RESERVATIONS), CanonicalForm::Shape(&RESERVATIONS)),
]);

static LIMITS: MappingSchema = shape(&[
    key("cpus", NUMBER, CanonicalForm::Single),
    key("memory", TEXT, CanonicalForm::Bytes),
    key("pids", WHOLE, CanonicalForm::Whole),
]);

static RESERVATIONS: MappingSchema = shape(&[
    key("cpus", NUMBER, CanonicalForm::Single),
    key("memory", TEXT, CanonicalForm::Bytes),
    key(
        "devices",
        AcceptedValue::List(&AcceptedValue::Shape(&DEVICE_REQUEST)),
        CanonicalForm::Shapes(&DEVICE_REQUEST),
    ),
    key(
        "generic_resources",
        AcceptedValue::List(&AcceptedValue::Shape(&GENERIC)),
        CanonicalForm::Shapes(&GENERIC),
    ),
]);

static GENERIC: MappingSchema =
    shape(&[key("discrete_resource_spec", AcceptedValue::Shape(&DISCRETE), CanonicalForm::Shape(&DISCRETE))]);

static DISCRETE: MappingSchema =
    shape(&[key("kind", TEXT, CanonicalForm::AlwaysText), key("value", NUMBER, CanonicalForm::Count(None))]);

static RESTART: MappingSchema = shape(&[
    key("condition", TEXT, CanonicalForm::Text),
    key("delay", TEXT, CanonicalForm::AlwaysDuration),
    key("max_attempts", WHOLE, CanonicalForm::AlwaysNatural),
    key("window", TEXT, CanonicalForm::AlwaysDuration),
]);

static PLACEMENT: MappingSchema = shape(&[
    key("constraints", TEXTS, CanonicalForm::Texts),
    key(
        "preferences",
        AcceptedValue::List(&AcceptedValue::Shape(&PREFERENCE)),
        CanonicalForm::Shapes(&PREFERENCE),
    ),
    key("max_replicas_per_node", WHOLE, CanonicalForm::Natural(64)),
]);

static PREFERENCE: MappingSchema = shape(&[key("spread", TEXT, CanonicalForm::Text)]);

const COUNT: AcceptedValue = AcceptedValue::Of(ValueKinds::STRING.or(ValueKinds::INTEGER));

const REQUEST_KEYS: &[super::accept::KeySchema] = &[
    key("capabilities", TEXT_SET, CanonicalForm::Texts),
    key("driver", TEXT, CanonicalForm::Text),
    key("count", COUNT, CanonicalForm::DeviceCount),
    key("device_ids", TEXT_SET, CanonicalForm::Texts),
    key("options", LIST_OR_MAP, CanonicalForm::Pairs),
];

/// A device request.
static DEVICE_REQUEST: MappingSchema = MappingSchema {
    keys: REQUEST_KEYS,
    extensible: true,
    open: false,
    required: &["capabilities"],
    capitals: false,
};

/// A GPU request; unknown keys are allowed.
pub(crate) static GPU_REQUEST: MappingSchema =
    MappingSchema { keys: REQUEST_KEYS, extensible: true, open: true, required: &[], capitals: false };

/// `gpus`, short or long.
pub(super) const GPUS: AcceptedValue = AcceptedValue::Either(&[
    AcceptedValue::Choice(&["all"]),
    AcceptedValue::List(&AcceptedValue::Shape(&GPU_REQUEST)),
]);
