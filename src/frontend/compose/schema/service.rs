//! The keys of a service, in the order in which they are printed. Source: compose-spec.json of compose-go 2.9.1.

use super::accept::{AcceptedValue, CanonicalForm, MappingSchema, NamedEntries, ValueKinds, key};
use super::build::{BUILD, BUILD_OR_CONTEXT};
use super::common::{
    COMMAND, FILE_MOUNT, FILE_MOUNTS, HOOK, HOOKS, HOSTS, LIST_OR_MAP, NAME, NUMBER, START_HOOK, START_HOOKS,
    TEXT, TEXT_OR_SET, TEXT_SET, TEXTS, TRUTH, ULIMITS, WHOLE, is_name, shape,
};
use super::deploy::{DEPLOY, GPU_REQUEST, GPUS};
use super::mounts::{DEVICE, DEVICES, JOINED, MODEL_USE, MODELS, NETWORKS, PORT, PORTS, VOLUME, VOLUMES};
use super::watch::DEVELOP;

/// A service.
pub(crate) static SERVICE: MappingSchema = shape(&[
    key("profiles", TEXT_SET, CanonicalForm::Texts),
    key("annotations", LIST_OR_MAP, CanonicalForm::Pairs),
    key("attach", TRUTH, CanonicalForm::AlwaysTruth),
    key("build", BUILD_OR_CONTEXT, CanonicalForm::Shape(&BUILD)),
    key("develop", OR_NULL_DEVELOP, CanonicalForm::Shape(&DEVELOP)),
    key("blkio_config", AcceptedValue::Shape(&BLKIO), CanonicalForm::Shape(&BLKIO)),
    key("cap_add", TEXT_SET, CanonicalForm::Texts),
    key("cap_drop", TEXT_SET, CanonicalForm::Texts),
    key("cgroup_parent", TEXT, CanonicalForm::Text),
    key("cgroup", AcceptedValue::Choice(&["host", "private"]), CanonicalForm::Text),
    key("cpu_count", AcceptedValue::AtLeast(0), CanonicalForm::Whole),
    key("cpu_percent", AcceptedValue::Within(0, 100), CanonicalForm::Single),
    key("cpu_period", NUMBER, CanonicalForm::Whole),
    key("cpu_quota", NUMBER, CanonicalForm::Whole),
    key("cpu_rt_period", NUMBER, CanonicalForm::Whole),
    key("cpu_rt_runtime", NUMBER, CanonicalForm::Whole),
    key("cpus", NUMBER, CanonicalForm::Single),
    key("cpuset", TEXT, CanonicalForm::Text),
    key("cpu_shares", NUMBER, CanonicalForm::Whole),
    key("command", COMMAND, CanonicalForm::Command),
    key("configs", FILE_MOUNTS, CanonicalForm::Shapes(&FILE_MOUNT)),
    key("container_name", AcceptedValue::Form(is_container_name, CONTAINER_NAME), CanonicalForm::Text),
    key("credential_spec", AcceptedValue::Shape(&CREDENTIAL_SPEC), CanonicalForm::Shape(&CREDENTIAL_SPEC)),
    key("depends_on", DEPENDS_ON, CanonicalForm::Resources(&DEPENDENCY)),
    key("deploy", OR_NULL_DEPLOY, CanonicalForm::Shape(&DEPLOY)),
    key("device_cgroup_rules", TEXT_SET, CanonicalForm::Texts),
    key("devices", DEVICES, CanonicalForm::Shapes(&DEVICE)),
    key("dns", TEXT_OR_SET, CanonicalForm::Texts),
    key("dns_opt", TEXT_SET, CanonicalForm::Texts),
    key("dns_search", TEXT_OR_SET, CanonicalForm::Texts),
    key("domainname", TEXT, CanonicalForm::Text),
    key("entrypoint", COMMAND, CanonicalForm::Command),
    key("provider", AcceptedValue::Shape(&PROVIDER), CanonicalForm::Shape(&PROVIDER)),
    key("environment", LIST_OR_MAP, CanonicalForm::Equals),
    key("env_file", ENV_FILES, CanonicalForm::Shapes(&ENV_FILE)),
    key("expose", AcceptedValue::Set(&NUMBER), CanonicalForm::TextsAndNumbers),
    key(
        "extends",
        AcceptedValue::Either(&[TEXT, AcceptedValue::Shape(&EXTENDS)]),
        CanonicalForm::Shape(&EXTENDS),
    ),
    key("external_links", TEXT_SET, CanonicalForm::Texts),
    key("extra_hosts", HOSTS, CanonicalForm::Hosts),
    key("group_add", AcceptedValue::Set(&NUMBER), CanonicalForm::Texts),
    key("gpus", GPUS, CanonicalForm::Shapes(&GPU_REQUEST)),
    key("hostname", TEXT, CanonicalForm::Text),
    key("healthcheck", AcceptedValue::Shape(&HEALTHCHECK), CanonicalForm::Shape(&HEALTHCHECK)),
    key("image", TEXT, CanonicalForm::Text),
    key("init", TRUTH, CanonicalForm::AlwaysTruth),
    key("ipc", TEXT, CanonicalForm::Text),
    key("isolation", TEXT, CanonicalForm::Text),
    key("labels", LIST_OR_MAP, CanonicalForm::Pairs),
    key("label_file", AcceptedValue::Either(&[TEXT, TEXTS]), CanonicalForm::Texts),
    key("links", TEXT_SET, CanonicalForm::Texts),
    key("logging", AcceptedValue::Shape(&LOGGING), CanonicalForm::Shape(&LOGGING)),
    key("mem_limit", NUMBER, CanonicalForm::Bytes),
    key("mem_reservation", WHOLE, CanonicalForm::Bytes),
    key("memswap_limit", NUMBER, CanonicalForm::Bytes),
    key("mem_swappiness", WHOLE, CanonicalForm::Bytes),
    key("mac_address", TEXT, CanonicalForm::Text),
    key("models", MODELS, CanonicalForm::Named(&MODEL_USE)),
    key("network_mode", TEXT, CanonicalForm::Text),
    key("networks", NETWORKS, CanonicalForm::Named(&JOINED)),
    key("oom_kill_disable", TRUTH, CanonicalForm::Truth),
    key("oom_score_adj", AcceptedValue::Within(-1000, 1000), CanonicalForm::Whole),
    key("pid", TEXT, CanonicalForm::Text),
    key("pids_limit", NUMBER, CanonicalForm::Whole),
    key("platform", TEXT, CanonicalForm::Text),
    key("ports", PORTS, CanonicalForm::Shapes(&PORT)),
    key("privileged", TRUTH, CanonicalForm::Truth),
    key("pull_policy", AcceptedValue::Form(is_pull_policy, PULL_POLICY), CanonicalForm::Text),
    key("pull_refresh_after", TEXT, CanonicalForm::Nothing),
    key("read_only", TRUTH, CanonicalForm::Truth),
    key("restart", TEXT, CanonicalForm::Text),
    key("runtime", TEXT, CanonicalForm::Text),
    key("scale", WHOLE, CanonicalForm::AlwaysWhole),
    key("secrets", FILE_MOUNTS, CanonicalForm::Shapes(&FILE_MOUNT)),
    key("security_opt", TEXT_SET, CanonicalForm::Texts),
    key("shm_size", NUMBER, CanonicalForm::Bytes),
    key("stdin_open", TRUTH, CanonicalForm::Truth),
    key("stop_grace_period", TEXT, CanonicalForm::AlwaysDuration),
    key("stop_signal", TEXT, CanonicalForm::Text),
    key("storage_opt", AcceptedValue::Of(ValueKinds::MAPPING), CanonicalForm::TextMap),
    key("sysctls", LIST_OR_MAP, CanonicalForm::Pairs),
    key("tmpfs", TEXT_OR_SET, CanonicalForm::Texts),
    key("tty", TRUTH, CanonicalForm::Truth),
    key("ulimits", ULIMITS, CanonicalForm::Ulimits),
    key("use_api_socket", AcceptedValue::Of(ValueKinds::BOOLEAN), CanonicalForm::Truth),
    key("user", TEXT, CanonicalForm::Text),
    key("userns_mode", TEXT, CanonicalForm::Text),
    key("uts", TEXT, CanonicalForm::Text),
    key("volumes", VOLUMES, CanonicalForm::Shapes(&VOLUME)),
    key("volumes_from", TEXT_SET, CanonicalForm::Texts),
    key("working_dir", TEXT, CanonicalForm::Text),
    key("post_start", HOOKS, CanonicalForm::Shapes(&HOOK)),
    key("pre_start", START_HOOKS, CanonicalForm::Shapes(&START_HOOK)),
    key("pre_stop", HOOKS, CanonicalForm::Shapes(&HOOK)),
]);

const NULL: AcceptedValue = AcceptedValue::Of(ValueKinds::NULL);
const OR_NULL_DEPLOY: AcceptedValue = AcceptedValue::Either(&[AcceptedValue::Shape(&DEPLOY), NULL]);
const OR_NULL_DEVELOP: AcceptedValue = AcceptedValue::Either(&[AcceptedValue::Shape(&DEVELOP), NULL]);

const CONTAINER_NAME: &str = "at least two letters, digits, `_`, `.` or `-`, starting with a letter or digit";

/// The pattern is not anchored: two matching neighbors anywhere are enough.
fn is_container_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().zip(bytes.iter().skip(1)).any(|(first, second)| {
        first.is_ascii_alphanumeric() && (second.is_ascii_alphanumeric() || b"_.-".contains(second))
    })
}

const PULL_POLICY: &str = "always, never, missing, build, refresh, daily, weekly or every_<duration>";

/// The pattern is not anchored either: `whenever` contains `never`.
fn is_pull_policy(text: &str) -> bool {
    const WORDS: [&str; 8] =
        ["always", "never", "build", "if_not_present", "missing", "refresh", "daily", "weekly"];
    WORDS.iter().any(|word| text.contains(word))
        || text.split("every_").skip(1).any(|rest| {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            digits > 0 && rest.as_bytes().get(digits).is_some_and(|unit| b"wdhms".contains(unit))
        })
}

static BLKIO: MappingSchema = MappingSchema {
    keys: &[
        key("weight", WHOLE, CanonicalForm::Natural(16)),
        key(
            "weight_device",
            AcceptedValue::List(&AcceptedValue::Shape(&BLKIO_WEIGHT)),
            CanonicalForm::Shapes(&BLKIO_WEIGHT),
        ),
        key(
            "device_read_bps",
            AcceptedValue::List(&AcceptedValue::Shape(&BLKIO_LIMIT)),
            CanonicalForm::Shapes(&BLKIO_LIMIT),
        ),
        key(
            "device_read_iops",
            AcceptedValue::List(&AcceptedValue::Shape(&BLKIO_LIMIT)),
            CanonicalForm::Shapes(&BLKIO_LIMIT),
        ),
        key(
            "device_write_bps",
            AcceptedValue::List(&AcceptedValue::Shape(&BLKIO_LIMIT)),
            CanonicalForm::Shapes(&BLKIO_LIMIT),
        ),
        key(
            "device_write_iops",
            AcceptedValue::List(&AcceptedValue::Shape(&BLKIO_LIMIT)),
            CanonicalForm::Shapes(&BLKIO_LIMIT),
        ),
    ],
    extensible: false,
    open: false,
    required: &[],
    capitals: false,
};

static BLKIO_WEIGHT: MappingSchema = MappingSchema {
    keys: &[
        key("path", TEXT, CanonicalForm::AlwaysText),
        key("weight", WHOLE, CanonicalForm::Count(Some(16))),
    ],
    extensible: false,
    open: false,
    required: &[],
    capitals: true,
};

static BLKIO_LIMIT: MappingSchema = MappingSchema {
    keys: &[key("path", TEXT, CanonicalForm::AlwaysText), key("rate", WHOLE, CanonicalForm::AlwaysBytes)],
    extensible: false,
    open: false,
    required: &[],
    capitals: true,
};

static CREDENTIAL_SPEC: MappingSchema = shape(&[
    key("config", TEXT, CanonicalForm::Text),
    key("file", TEXT, CanonicalForm::Text),
    key("registry", TEXT, CanonicalForm::Text),
]);

/// What a service waits for.
pub(crate) static DEPENDENCY: MappingSchema = MappingSchema {
    keys: &[
        key(
            "condition",
            AcceptedValue::Choice(&["service_started", "service_healthy", "service_completed_successfully"]),
            CanonicalForm::Text,
        ),
        key("restart", TRUTH, CanonicalForm::Truth),
        key("required", AcceptedValue::Of(ValueKinds::BOOLEAN), CanonicalForm::AlwaysTruth),
    ],
    extensible: true,
    open: false,
    required: &["condition"],
    capitals: false,
};

static DEPENDENCIES: NamedEntries =
    NamedEntries { form: is_name, described: NAME, value: AcceptedValue::Shape(&DEPENDENCY), closed: true };

const DEPENDS_ON: AcceptedValue = AcceptedValue::Either(&[TEXT_SET, AcceptedValue::Map(&DEPENDENCIES)]);

static PROVIDER_OPTIONS: NamedEntries = NamedEntries {
    form: |text| !text.is_empty(),
    described: "a string",
    value: AcceptedValue::Either(&[PROVIDER_OPTION, AcceptedValue::List(&PROVIDER_OPTION)]),
    closed: false,
};

const PROVIDER_OPTION: AcceptedValue =
    AcceptedValue::Of(ValueKinds::STRING.or(ValueKinds::NUMBER).or(ValueKinds::BOOLEAN));

static PROVIDER: MappingSchema = MappingSchema {
    keys: &[
        key("type", TEXT, CanonicalForm::Text),
        key("options", AcceptedValue::Map(&PROVIDER_OPTIONS), CanonicalForm::MultiOptions),
    ],
    extensible: true,
    open: false,
    required: &["type"],
    capitals: false,
};

/// An env file.
pub(crate) static ENV_FILE: MappingSchema = MappingSchema {
    keys: &[
        key("path", TEXT, CanonicalForm::AlwaysText),
        key("required", TRUTH, CanonicalForm::AlwaysTruth),
        key("format", TEXT, CanonicalForm::Text),
    ],
    extensible: false,
    open: false,
    required: &["path"],
    capitals: false,
};

const ENV_FILES: AcceptedValue = AcceptedValue::Either(&[
    TEXT,
    AcceptedValue::List(&AcceptedValue::Either(&[TEXT, AcceptedValue::Shape(&ENV_FILE)])),
]);

static EXTENDS: MappingSchema = MappingSchema {
    keys: &[key("file", TEXT, CanonicalForm::Text), key("service", TEXT, CanonicalForm::Text)],
    extensible: false,
    open: false,
    required: &["service"],
    capitals: false,
};

static HEALTHCHECK: MappingSchema = shape(&[
    key("test", AcceptedValue::Either(&[TEXT, TEXTS]), CanonicalForm::Test),
    key("timeout", TEXT, CanonicalForm::AlwaysDuration),
    key("interval", TEXT, CanonicalForm::AlwaysDuration),
    key("retries", NUMBER, CanonicalForm::AlwaysNatural),
    key("start_period", TEXT, CanonicalForm::AlwaysDuration),
    key("start_interval", TEXT, CanonicalForm::AlwaysDuration),
    key("disable", TRUTH, CanonicalForm::Truth),
]);

static LOGGING_OPTIONS: NamedEntries = NamedEntries {
    form: |text| !text.is_empty(),
    described: "a string",
    value: AcceptedValue::Of(ValueKinds::STRING.or(ValueKinds::NUMBER).or(ValueKinds::NULL)),
    closed: false,
};

static LOGGING: MappingSchema = shape(&[
    key("driver", TEXT, CanonicalForm::Text),
    key("options", AcceptedValue::Map(&LOGGING_OPTIONS), CanonicalForm::Pairs),
]);
