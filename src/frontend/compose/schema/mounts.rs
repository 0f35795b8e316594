//! The keys of a service's ports, volumes, devices and networks. Source: compose-spec.json of compose-go 2.9.1.

use super::accept::{AcceptedValue, CanonicalForm, MappingSchema, NamedEntries, ValueKinds, key};
use super::common::{
    DRIVER_OPTIONS, LIST_OR_MAP, NAME, NUMBER, TEXT, TEXT_SET, TRUTH, WHOLE, is_name, shape,
};

/// A published port.
pub(crate) static PORT: MappingSchema = shape(&[
    key("name", TEXT, CanonicalForm::Text),
    key("mode", TEXT, CanonicalForm::Text),
    key("host_ip", TEXT, CanonicalForm::Text),
    key("target", WHOLE, CanonicalForm::Natural(32)),
    key("published", WHOLE, CanonicalForm::Text),
    key("protocol", TEXT, CanonicalForm::Text),
    key("app_protocol", TEXT, CanonicalForm::Text),
]);

/// `ports`.
pub(super) const PORTS: AcceptedValue = AcceptedValue::Set(&AcceptedValue::Either(&[
    AcceptedValue::Of(ValueKinds::NUMBER),
    TEXT,
    AcceptedValue::Shape(&PORT),
]));

/// A mount.
pub(crate) static VOLUME: MappingSchema = MappingSchema {
    keys: &[
        key(
            "type",
            AcceptedValue::Choice(&["bind", "volume", "tmpfs", "cluster", "npipe", "image"]),
            CanonicalForm::Text,
        ),
        key("source", TEXT, CanonicalForm::Text),
        key("target", TEXT, CanonicalForm::Text),
        key("read_only", TRUTH, CanonicalForm::Truth),
        key("consistency", TEXT, CanonicalForm::Text),
        key("bind", AcceptedValue::Shape(&BIND), CanonicalForm::Shape(&BIND)),
        key("volume", AcceptedValue::Shape(&VOLUME_OPTIONS), CanonicalForm::Shape(&VOLUME_OPTIONS)),
        key("tmpfs", AcceptedValue::Shape(&TMPFS), CanonicalForm::Shape(&TMPFS)),
        key("image", AcceptedValue::Shape(&IMAGE), CanonicalForm::Shape(&IMAGE)),
    ],
    extensible: true,
    open: false,
    required: &["type"],
    capitals: false,
};

static BIND: MappingSchema = shape(&[
    key("selinux", AcceptedValue::Choice(&["z", "Z"]), CanonicalForm::Text),
    key("propagation", TEXT, CanonicalForm::Text),
    key("create_host_path", TRUTH, CanonicalForm::Truth),
    key(
        "recursive",
        AcceptedValue::Choice(&["enabled", "disabled", "writable", "readonly"]),
        CanonicalForm::Text,
    ),
]);

static VOLUME_OPTIONS: MappingSchema = shape(&[
    key("labels", LIST_OR_MAP, CanonicalForm::Pairs),
    key("nocopy", TRUTH, CanonicalForm::Truth),
    key("subpath", TEXT, CanonicalForm::Text),
]);

static TMPFS: MappingSchema = shape(&[
    key("size", AcceptedValue::AtLeast(0), CanonicalForm::Bytes),
    key("mode", NUMBER, CanonicalForm::Natural(32)),
]);

static IMAGE: MappingSchema = shape(&[key("subpath", TEXT, CanonicalForm::Text)]);

/// `volumes` of a service.
pub(super) const VOLUMES: AcceptedValue =
    AcceptedValue::Set(&AcceptedValue::Either(&[TEXT, AcceptedValue::Shape(&VOLUME)]));

/// A host device.
pub(crate) static DEVICE: MappingSchema = MappingSchema {
    keys: &[
        key("source", TEXT, CanonicalForm::Text),
        key("target", TEXT, CanonicalForm::Text),
        key("permissions", TEXT, CanonicalForm::Text),
    ],
    extensible: true,
    open: false,
    required: &["source"],
    capitals: false,
};

/// `devices`.
pub(super) const DEVICES: AcceptedValue =
    AcceptedValue::List(&AcceptedValue::Either(&[TEXT, AcceptedValue::Shape(&DEVICE)]));

/// How a service joins a network.
pub(crate) static JOINED: MappingSchema = shape(&[
    key("aliases", TEXT_SET, CanonicalForm::Texts),
    key("driver_opts", DRIVER_OPTIONS, CanonicalForm::Pairs),
    key("gw_priority", AcceptedValue::Of(ValueKinds::NUMBER), CanonicalForm::Whole),
    key("interface_name", TEXT, CanonicalForm::Text),
    key("ipv4_address", TEXT, CanonicalForm::Text),
    key("ipv6_address", TEXT, CanonicalForm::Text),
    key("link_local_ips", TEXT_SET, CanonicalForm::Texts),
    key("mac_address", TEXT, CanonicalForm::Text),
    key("priority", AcceptedValue::Of(ValueKinds::NUMBER), CanonicalForm::Whole),
]);

const NULL: AcceptedValue = AcceptedValue::Of(ValueKinds::NULL);

static JOINED_BY_NAME: NamedEntries = NamedEntries {
    form: is_name,
    described: NAME,
    value: AcceptedValue::Either(&[AcceptedValue::Shape(&JOINED), NULL]),
    closed: true,
};

/// `networks` of a service.
pub(super) const NETWORKS: AcceptedValue =
    AcceptedValue::Either(&[TEXT_SET, AcceptedValue::Map(&JOINED_BY_NAME)]);

/// How a service uses a model.
pub(crate) static MODEL_USE: MappingSchema =
    shape(&[key("endpoint_var", TEXT, CanonicalForm::Text), key("model_var", TEXT, CanonicalForm::Text)]);

static MODELS_BY_NAME: NamedEntries = NamedEntries {
    form: is_name,
    described: NAME,
    value: AcceptedValue::Either(&[AcceptedValue::Shape(&MODEL_USE), NULL]),
    closed: false,
};

/// `models` of a service.
pub(super) const MODELS: AcceptedValue =
    AcceptedValue::Either(&[TEXT_SET, AcceptedValue::Map(&MODELS_BY_NAME)]);
