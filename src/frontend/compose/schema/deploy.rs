//! The keys of `services.*.deploy`, and of the device requests it shares with `gpus`.
//! Source: compose-spec.json of compose-go 2.9.1.

use super::accept::{Accept, Becomes, Kinds, Shape, key};
use super::common::{LIST_OR_MAP, NUMBER, TEXT, TEXT_SET, TEXTS, WHOLE, shape};

/// How a service is deployed.
pub(crate) static DEPLOY: Shape = shape(&[
    key("mode", TEXT, Becomes::Text),
    key("replicas", WHOLE, Becomes::AlwaysWhole),
    key("labels", LIST_OR_MAP, Becomes::Pairs),
    key("update_config", Accept::Shape(&UPDATE), Becomes::Shape(&UPDATE)),
    key("rollback_config", Accept::Shape(&UPDATE), Becomes::Shape(&UPDATE)),
    key("resources", Accept::Shape(&RESOURCES), Becomes::Always(&RESOURCES)),
    key("restart_policy", Accept::Shape(&RESTART), Becomes::Shape(&RESTART)),
    key("placement", Accept::Shape(&PLACEMENT), Becomes::Always(&PLACEMENT)),
    key("endpoint_mode", TEXT, Becomes::Text),
]);

static UPDATE: Shape = shape(&[
    key("parallelism", WHOLE, Becomes::AlwaysNatural),
    key("delay", TEXT, Becomes::Duration),
    key("failure_action", TEXT, Becomes::Text),
    key("monitor", TEXT, Becomes::Duration),
    key("max_failure_ratio", NUMBER, Becomes::Single),
    key("order", Accept::Choice(&["start-first", "stop-first"]), Becomes::Text),
]);

static RESOURCES: Shape = shape(&[
    key("limits", Accept::Shape(&LIMITS), Becomes::Shape(&LIMITS)),
    key("reservations", Accept::Shape(&RESERVATIONS), Becomes::Shape(&RESERVATIONS)),
]);

static LIMITS: Shape = shape(&[
    key("cpus", NUMBER, Becomes::Single),
    key("memory", TEXT, Becomes::Bytes),
    key("pids", WHOLE, Becomes::Whole),
]);

static RESERVATIONS: Shape = shape(&[
    key("cpus", NUMBER, Becomes::Single),
    key("memory", TEXT, Becomes::Bytes),
    key("devices", Accept::List(&Accept::Shape(&DEVICE_REQUEST)), Becomes::Shapes(&DEVICE_REQUEST)),
    key("generic_resources", Accept::List(&Accept::Shape(&GENERIC)), Becomes::Shapes(&GENERIC)),
]);

static GENERIC: Shape =
    shape(&[key("discrete_resource_spec", Accept::Shape(&DISCRETE), Becomes::Shape(&DISCRETE))]);

static DISCRETE: Shape =
    shape(&[key("kind", TEXT, Becomes::AlwaysText), key("value", NUMBER, Becomes::Count(None))]);

static RESTART: Shape = shape(&[
    key("condition", TEXT, Becomes::Text),
    key("delay", TEXT, Becomes::AlwaysDuration),
    key("max_attempts", WHOLE, Becomes::AlwaysNatural),
    key("window", TEXT, Becomes::AlwaysDuration),
]);

static PLACEMENT: Shape = shape(&[
    key("constraints", TEXTS, Becomes::Texts),
    key("preferences", Accept::List(&Accept::Shape(&PREFERENCE)), Becomes::Shapes(&PREFERENCE)),
    key("max_replicas_per_node", WHOLE, Becomes::Natural(64)),
]);

static PREFERENCE: Shape = shape(&[key("spread", TEXT, Becomes::Text)]);

const COUNT: Accept = Accept::Of(Kinds::STRING.or(Kinds::INTEGER));

const REQUEST_KEYS: &[super::accept::Key] = &[
    key("capabilities", TEXT_SET, Becomes::Texts),
    key("driver", TEXT, Becomes::Text),
    key("count", COUNT, Becomes::DeviceCount),
    key("device_ids", TEXT_SET, Becomes::Texts),
    key("options", LIST_OR_MAP, Becomes::Pairs),
];

/// A device request.
static DEVICE_REQUEST: Shape =
    Shape { keys: REQUEST_KEYS, extensible: true, open: false, required: &["capabilities"], capitals: false };

/// A GPU request; unknown keys are allowed.
pub(crate) static GPU_REQUEST: Shape =
    Shape { keys: REQUEST_KEYS, extensible: true, open: true, required: &[], capitals: false };

/// `gpus`, short or long.
pub(super) const GPUS: Accept =
    Accept::Either(&[Accept::Choice(&["all"]), Accept::List(&Accept::Shape(&GPU_REQUEST))]);
