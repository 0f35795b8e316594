//! The keys of a service, in the order in which they are printed. Source: compose-spec.json of compose-go 2.9.1.

use super::accept::{Accept, Becomes, Kinds, Names, Shape, key};
use super::build::{BUILD, BUILD_OR_CONTEXT};
use super::common::{
    COMMAND, FILE_MOUNT, FILE_MOUNTS, HOOK, HOOKS, HOSTS, LIST_OR_MAP, NAME, NUMBER, TEXT, TEXT_OR_SET,
    TEXT_SET, TEXTS, TRUTH, ULIMITS, WHOLE, is_name, shape,
};
use super::deploy::{DEPLOY, GPU_REQUEST, GPUS};
use super::mounts::{DEVICE, DEVICES, JOINED, MODEL_USE, MODELS, NETWORKS, PORT, PORTS, VOLUME, VOLUMES};
use super::watch::DEVELOP;

/// A service.
pub(crate) static SERVICE: Shape = shape(&[
    key("profiles", TEXT_SET, Becomes::Texts),
    key("annotations", LIST_OR_MAP, Becomes::Pairs),
    key("attach", TRUTH, Becomes::AlwaysTruth),
    key("build", BUILD_OR_CONTEXT, Becomes::Shape(&BUILD)),
    key("develop", OR_NULL_DEVELOP, Becomes::Shape(&DEVELOP)),
    key("blkio_config", Accept::Shape(&BLKIO), Becomes::Shape(&BLKIO)),
    key("cap_add", TEXT_SET, Becomes::Texts),
    key("cap_drop", TEXT_SET, Becomes::Texts),
    key("cgroup_parent", TEXT, Becomes::Text),
    key("cgroup", Accept::Choice(&["host", "private"]), Becomes::Text),
    key("cpu_count", Accept::Within(0, i64::MAX), Becomes::Whole),
    key("cpu_percent", Accept::Within(0, 100), Becomes::Single),
    key("cpu_period", NUMBER, Becomes::Whole),
    key("cpu_quota", NUMBER, Becomes::Whole),
    key("cpu_rt_period", NUMBER, Becomes::Whole),
    key("cpu_rt_runtime", NUMBER, Becomes::Whole),
    key("cpus", NUMBER, Becomes::Single),
    key("cpuset", TEXT, Becomes::Text),
    key("cpu_shares", NUMBER, Becomes::Whole),
    key("command", COMMAND, Becomes::Command),
    key("configs", FILE_MOUNTS, Becomes::Shapes(&FILE_MOUNT)),
    key("container_name", Accept::Form(is_container_name, CONTAINER_NAME), Becomes::Text),
    key("credential_spec", Accept::Shape(&CREDENTIAL_SPEC), Becomes::Shape(&CREDENTIAL_SPEC)),
    key("depends_on", DEPENDS_ON, Becomes::Resources(&DEPENDENCY)),
    key("deploy", OR_NULL_DEPLOY, Becomes::Shape(&DEPLOY)),
    key("device_cgroup_rules", TEXT_SET, Becomes::Texts),
    key("devices", DEVICES, Becomes::Shapes(&DEVICE)),
    key("dns", TEXT_OR_SET, Becomes::Texts),
    key("dns_opt", TEXT_SET, Becomes::Texts),
    key("dns_search", TEXT_OR_SET, Becomes::Texts),
    key("domainname", TEXT, Becomes::Text),
    key("entrypoint", COMMAND, Becomes::Command),
    key("provider", Accept::Shape(&PROVIDER), Becomes::Shape(&PROVIDER)),
    key("environment", LIST_OR_MAP, Becomes::Equals),
    key("env_file", ENV_FILES, Becomes::Shapes(&ENV_FILE)),
    key("expose", Accept::Set(&NUMBER), Becomes::TextsAndNumbers),
    key("extends", Accept::Either(&[TEXT, Accept::Shape(&EXTENDS)]), Becomes::Shape(&EXTENDS)),
    key("external_links", TEXT_SET, Becomes::Texts),
    key("extra_hosts", HOSTS, Becomes::Hosts),
    key("group_add", Accept::Set(&NUMBER), Becomes::Texts),
    key("gpus", GPUS, Becomes::Shapes(&GPU_REQUEST)),
    key("hostname", TEXT, Becomes::Text),
    key("healthcheck", Accept::Shape(&HEALTHCHECK), Becomes::Shape(&HEALTHCHECK)),
    key("image", TEXT, Becomes::Text),
    key("init", TRUTH, Becomes::AlwaysTruth),
    key("ipc", TEXT, Becomes::Text),
    key("isolation", TEXT, Becomes::Text),
    key("labels", LIST_OR_MAP, Becomes::Pairs),
    key("label_file", Accept::Either(&[TEXT, TEXTS]), Becomes::Texts),
    key("links", TEXT_SET, Becomes::Texts),
    key("logging", Accept::Shape(&LOGGING), Becomes::Shape(&LOGGING)),
    key("mem_limit", NUMBER, Becomes::Bytes),
    key("mem_reservation", WHOLE, Becomes::Bytes),
    key("memswap_limit", NUMBER, Becomes::Bytes),
    key("mem_swappiness", WHOLE, Becomes::Bytes),
    key("mac_address", TEXT, Becomes::Text),
    key("models", MODELS, Becomes::Named(&MODEL_USE)),
    key("network_mode", TEXT, Becomes::Text),
    key("networks", NETWORKS, Becomes::Named(&JOINED)),
    key("oom_kill_disable", TRUTH, Becomes::Truth),
    key("oom_score_adj", Accept::Within(-1000, 1000), Becomes::Whole),
    key("pid", TEXT, Becomes::Text),
    key("pids_limit", NUMBER, Becomes::Whole),
    key("platform", TEXT, Becomes::Text),
    key("ports", PORTS, Becomes::Shapes(&PORT)),
    key("privileged", TRUTH, Becomes::Truth),
    key("pull_policy", Accept::Form(is_pull_policy, PULL_POLICY), Becomes::Text),
    key("pull_refresh_after", TEXT, Becomes::Nothing),
    key("read_only", TRUTH, Becomes::Truth),
    key("restart", TEXT, Becomes::Text),
    key("runtime", TEXT, Becomes::Text),
    key("scale", WHOLE, Becomes::AlwaysWhole),
    key("secrets", FILE_MOUNTS, Becomes::Shapes(&FILE_MOUNT)),
    key("security_opt", TEXT_SET, Becomes::Texts),
    key("shm_size", NUMBER, Becomes::Bytes),
    key("stdin_open", TRUTH, Becomes::Truth),
    key("stop_grace_period", TEXT, Becomes::AlwaysDuration),
    key("stop_signal", TEXT, Becomes::Text),
    key("storage_opt", Accept::Of(Kinds::MAPPING), Becomes::TextMap),
    key("sysctls", LIST_OR_MAP, Becomes::Pairs),
    key("tmpfs", TEXT_OR_SET, Becomes::Texts),
    key("tty", TRUTH, Becomes::Truth),
    key("ulimits", ULIMITS, Becomes::Ulimits),
    key("use_api_socket", Accept::Of(Kinds::BOOLEAN), Becomes::Truth),
    key("user", TEXT, Becomes::Text),
    key("userns_mode", TEXT, Becomes::Text),
    key("uts", TEXT, Becomes::Text),
    key("volumes", VOLUMES, Becomes::Shapes(&VOLUME)),
    key("volumes_from", TEXT_SET, Becomes::Texts),
    key("working_dir", TEXT, Becomes::Text),
    key("post_start", HOOKS, Becomes::Shapes(&HOOK)),
    key("pre_stop", HOOKS, Becomes::Shapes(&HOOK)),
]);

const NULL: Accept = Accept::Of(Kinds::NULL);
const OR_NULL_DEPLOY: Accept = Accept::Either(&[Accept::Shape(&DEPLOY), NULL]);
const OR_NULL_DEVELOP: Accept = Accept::Either(&[Accept::Shape(&DEVELOP), NULL]);

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

static BLKIO: Shape = Shape {
    keys: &[
        key("weight", WHOLE, Becomes::Natural(16)),
        key("weight_device", Accept::List(&Accept::Shape(&BLKIO_WEIGHT)), Becomes::Shapes(&BLKIO_WEIGHT)),
        key("device_read_bps", Accept::List(&Accept::Shape(&BLKIO_LIMIT)), Becomes::Shapes(&BLKIO_LIMIT)),
        key("device_read_iops", Accept::List(&Accept::Shape(&BLKIO_LIMIT)), Becomes::Shapes(&BLKIO_LIMIT)),
        key("device_write_bps", Accept::List(&Accept::Shape(&BLKIO_LIMIT)), Becomes::Shapes(&BLKIO_LIMIT)),
        key("device_write_iops", Accept::List(&Accept::Shape(&BLKIO_LIMIT)), Becomes::Shapes(&BLKIO_LIMIT)),
    ],
    extensible: false,
    open: false,
    required: &[],
    capitals: false,
};

static BLKIO_WEIGHT: Shape = Shape {
    keys: &[key("path", TEXT, Becomes::AlwaysText), key("weight", WHOLE, Becomes::Count(Some(16)))],
    extensible: false,
    open: false,
    required: &[],
    capitals: true,
};

static BLKIO_LIMIT: Shape = Shape {
    keys: &[key("path", TEXT, Becomes::AlwaysText), key("rate", WHOLE, Becomes::AlwaysBytes)],
    extensible: false,
    open: false,
    required: &[],
    capitals: true,
};

static CREDENTIAL_SPEC: Shape = shape(&[
    key("config", TEXT, Becomes::Text),
    key("file", TEXT, Becomes::Text),
    key("registry", TEXT, Becomes::Text),
]);

/// What a service waits for.
pub(crate) static DEPENDENCY: Shape = Shape {
    keys: &[
        key(
            "condition",
            Accept::Choice(&["service_started", "service_healthy", "service_completed_successfully"]),
            Becomes::Text,
        ),
        key("restart", TRUTH, Becomes::Truth),
        key("required", Accept::Of(Kinds::BOOLEAN), Becomes::AlwaysTruth),
    ],
    extensible: true,
    open: false,
    required: &["condition"],
    capitals: false,
};

static DEPENDENCIES: Names =
    Names { form: is_name, described: NAME, value: Accept::Shape(&DEPENDENCY), closed: true };

const DEPENDS_ON: Accept = Accept::Either(&[TEXT_SET, Accept::Map(&DEPENDENCIES)]);

static PROVIDER_OPTIONS: Names = Names {
    form: |text| !text.is_empty(),
    described: "a string",
    value: Accept::Either(&[PROVIDER_OPTION, Accept::List(&PROVIDER_OPTION)]),
    closed: false,
};

const PROVIDER_OPTION: Accept = Accept::Of(Kinds::STRING.or(Kinds::NUMBER).or(Kinds::BOOLEAN));

static PROVIDER: Shape = Shape {
    keys: &[
        key("type", TEXT, Becomes::Text),
        key("options", Accept::Map(&PROVIDER_OPTIONS), Becomes::MultiOptions),
    ],
    extensible: true,
    open: false,
    required: &["type"],
    capitals: false,
};

/// An env file.
pub(crate) static ENV_FILE: Shape = Shape {
    keys: &[
        key("path", TEXT, Becomes::AlwaysText),
        key("required", TRUTH, Becomes::AlwaysTruth),
        key("format", TEXT, Becomes::Text),
    ],
    extensible: false,
    open: false,
    required: &["path"],
    capitals: false,
};

const ENV_FILES: Accept =
    Accept::Either(&[TEXT, Accept::List(&Accept::Either(&[TEXT, Accept::Shape(&ENV_FILE)]))]);

static EXTENDS: Shape = Shape {
    keys: &[key("file", TEXT, Becomes::Text), key("service", TEXT, Becomes::Text)],
    extensible: false,
    open: false,
    required: &["service"],
    capitals: false,
};

static HEALTHCHECK: Shape = shape(&[
    key("test", Accept::Either(&[TEXT, TEXTS]), Becomes::Test),
    key("timeout", TEXT, Becomes::AlwaysDuration),
    key("interval", TEXT, Becomes::AlwaysDuration),
    key("retries", NUMBER, Becomes::AlwaysNatural),
    key("start_period", TEXT, Becomes::AlwaysDuration),
    key("start_interval", TEXT, Becomes::AlwaysDuration),
    key("disable", TRUTH, Becomes::Truth),
]);

static LOGGING_OPTIONS: Names = Names {
    form: |text| !text.is_empty(),
    described: "a string",
    value: Accept::Of(Kinds::STRING.or(Kinds::NUMBER).or(Kinds::NULL)),
    closed: false,
};

static LOGGING: Shape = shape(&[
    key("driver", TEXT, Becomes::Text),
    key("options", Accept::Map(&LOGGING_OPTIONS), Becomes::Pairs),
]);
