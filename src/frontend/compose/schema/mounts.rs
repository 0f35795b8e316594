//! The keys of a service's ports, volumes, devices and networks. Source: compose-spec.json of compose-go 2.9.1.

use super::accept::{Accept, Becomes, Kinds, Names, Shape, key};
use super::common::{
    DRIVER_OPTIONS, LIST_OR_MAP, NAME, NUMBER, TEXT, TEXT_SET, TRUTH, WHOLE, is_name, shape,
};

/// A published port.
pub(crate) static PORT: Shape = shape(&[
    key("name", TEXT, Becomes::Text),
    key("mode", TEXT, Becomes::Text),
    key("host_ip", TEXT, Becomes::Text),
    key("target", WHOLE, Becomes::Natural(32)),
    key("published", WHOLE, Becomes::Text),
    key("protocol", TEXT, Becomes::Text),
    key("app_protocol", TEXT, Becomes::Text),
]);

/// `ports`.
pub(super) const PORTS: Accept =
    Accept::Set(&Accept::Either(&[Accept::Of(Kinds::NUMBER), TEXT, Accept::Shape(&PORT)]));

/// A mount.
pub(crate) static VOLUME: Shape = Shape {
    keys: &[
        key("type", Accept::Choice(&["bind", "volume", "tmpfs", "cluster", "npipe", "image"]), Becomes::Text),
        key("source", TEXT, Becomes::Text),
        key("target", TEXT, Becomes::Text),
        key("read_only", TRUTH, Becomes::Truth),
        key("consistency", TEXT, Becomes::Text),
        key("bind", Accept::Shape(&BIND), Becomes::Shape(&BIND)),
        key("volume", Accept::Shape(&VOLUME_OPTIONS), Becomes::Shape(&VOLUME_OPTIONS)),
        key("tmpfs", Accept::Shape(&TMPFS), Becomes::Shape(&TMPFS)),
        key("image", Accept::Shape(&IMAGE), Becomes::Shape(&IMAGE)),
    ],
    extensible: true,
    open: false,
    required: &["type"],
    capitals: false,
};

static BIND: Shape = shape(&[
    key("selinux", Accept::Choice(&["z", "Z"]), Becomes::Text),
    key("propagation", TEXT, Becomes::Text),
    key("create_host_path", TRUTH, Becomes::Truth),
    key("recursive", Accept::Choice(&["enabled", "disabled", "writable", "readonly"]), Becomes::Text),
]);

static VOLUME_OPTIONS: Shape = shape(&[
    key("labels", LIST_OR_MAP, Becomes::Pairs),
    key("nocopy", TRUTH, Becomes::Truth),
    key("subpath", TEXT, Becomes::Text),
]);

static TMPFS: Shape = shape(&[
    key("size", Accept::Within(0, i64::MAX), Becomes::Bytes),
    key("mode", NUMBER, Becomes::Natural(32)),
]);

static IMAGE: Shape = shape(&[key("subpath", TEXT, Becomes::Text)]);

/// `volumes` of a service.
pub(super) const VOLUMES: Accept = Accept::Set(&Accept::Either(&[TEXT, Accept::Shape(&VOLUME)]));

/// A host device.
pub(crate) static DEVICE: Shape = Shape {
    keys: &[
        key("source", TEXT, Becomes::Text),
        key("target", TEXT, Becomes::Text),
        key("permissions", TEXT, Becomes::Text),
    ],
    extensible: true,
    open: false,
    required: &["source"],
    capitals: false,
};

/// `devices`.
pub(super) const DEVICES: Accept = Accept::List(&Accept::Either(&[TEXT, Accept::Shape(&DEVICE)]));

/// How a service joins a network.
pub(crate) static JOINED: Shape = shape(&[
    key("aliases", TEXT_SET, Becomes::Texts),
    key("driver_opts", DRIVER_OPTIONS, Becomes::Pairs),
    key("gw_priority", Accept::Of(Kinds::NUMBER), Becomes::Whole),
    key("interface_name", TEXT, Becomes::Text),
    key("ipv4_address", TEXT, Becomes::Text),
    key("ipv6_address", TEXT, Becomes::Text),
    key("link_local_ips", TEXT_SET, Becomes::Texts),
    key("mac_address", TEXT, Becomes::Text),
    key("priority", Accept::Of(Kinds::NUMBER), Becomes::Whole),
]);

const NULL: Accept = Accept::Of(Kinds::NULL);

static JOINED_BY_NAME: Names = Names {
    form: is_name,
    described: NAME,
    value: Accept::Either(&[Accept::Shape(&JOINED), NULL]),
    closed: true,
};

/// `networks` of a service.
pub(super) const NETWORKS: Accept = Accept::Either(&[TEXT_SET, Accept::Map(&JOINED_BY_NAME)]);

/// How a service uses a model.
pub(crate) static MODEL_USE: Shape =
    shape(&[key("endpoint_var", TEXT, Becomes::Text), key("model_var", TEXT, Becomes::Text)]);

static MODELS_BY_NAME: Names = Names {
    form: is_name,
    described: NAME,
    value: Accept::Either(&[Accept::Shape(&MODEL_USE), NULL]),
    closed: false,
};

/// `models` of a service.
pub(super) const MODELS: Accept = Accept::Either(&[TEXT_SET, Accept::Map(&MODELS_BY_NAME)]);
