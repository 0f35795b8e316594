//! Building blocks shared by the key tables. Source: compose-spec.json of compose-go 2.9.1.

use super::accept::{AcceptedValue, CanonicalForm, MappingSchema, NamedEntries, ValueKinds, key};

/// A string.
pub(super) const TEXT: AcceptedValue = AcceptedValue::Of(ValueKinds::STRING);
/// A boolean, or a string that will become one.
pub(super) const TRUTH: AcceptedValue = AcceptedValue::Of(ValueKinds::BOOLEAN.or(ValueKinds::STRING));
/// An integer, or a string that will become one.
pub(super) const WHOLE: AcceptedValue = AcceptedValue::Of(ValueKinds::INTEGER.or(ValueKinds::STRING));
/// A number, or a string that will become one.
pub(super) const NUMBER: AcceptedValue = AcceptedValue::Of(ValueKinds::NUMBER.or(ValueKinds::STRING));
/// A list of strings.
pub(super) const TEXTS: AcceptedValue = AcceptedValue::List(&TEXT);
/// A list of unique strings.
pub(super) const TEXT_SET: AcceptedValue = AcceptedValue::Set(&TEXT);
/// A string or a list of unique strings.
pub(super) const TEXT_OR_SET: AcceptedValue = AcceptedValue::Either(&[TEXT, TEXT_SET]);
/// A mapping of scalars, or a list of `name=value`.
pub(super) const LIST_OR_MAP: AcceptedValue =
    AcceptedValue::Either(&[AcceptedValue::Map(&SCALARS), TEXT_SET]);
/// Driver options.
pub(super) const DRIVER_OPTIONS: AcceptedValue = AcceptedValue::Map(&OPTIONS);
/// A command: a string, a list of strings or null.
pub(super) const COMMAND: AcceptedValue =
    AcceptedValue::Either(&[AcceptedValue::Of(ValueKinds::NULL.or(ValueKinds::STRING)), TEXTS]);
/// Additional hosts.
pub(super) const HOSTS: AcceptedValue = AcceptedValue::Either(&[AcceptedValue::Map(&HOST_MAP), TEXT_SET]);
/// Process limits.
pub(super) const ULIMITS: AcceptedValue = AcceptedValue::Map(&ULIMIT_MAP);
/// References to configs or secrets.
pub(super) const FILE_MOUNTS: AcceptedValue =
    AcceptedValue::List(&AcceptedValue::Either(&[TEXT, AcceptedValue::Shape(&FILE_MOUNT)]));
/// A list of hooks.
pub(super) const HOOKS: AcceptedValue = AcceptedValue::List(&AcceptedValue::Shape(&HOOK));
pub(super) const START_HOOKS: AcceptedValue = AcceptedValue::List(&AcceptedValue::Shape(&START_HOOK));

/// A mapping that allows `x-` keys and has no required keys.
pub(super) const fn shape(keys: &'static [super::accept::KeySchema]) -> MappingSchema {
    MappingSchema { keys, extensible: true, open: false, required: &[], capitals: false }
}

/// Whether a key is a valid name in the specification: `^[a-zA-Z0-9._-]+$`.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn is_written(text: &str) -> bool {
    !text.is_empty()
}

fn is_lower(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

pub(super) const NAME: &str = "letters, digits, `.`, `_` and `-`";

const SCALAR: AcceptedValue =
    AcceptedValue::Of(ValueKinds::STRING.or(ValueKinds::NUMBER).or(ValueKinds::BOOLEAN).or(ValueKinds::NULL));

static SCALARS: NamedEntries =
    NamedEntries { form: is_written, described: "a string", value: SCALAR, closed: true };

static OPTIONS: NamedEntries =
    NamedEntries { form: is_written, described: "a string", value: NUMBER, closed: false };

static HOST_MAP: NamedEntries = NamedEntries {
    form: is_written,
    described: "a string",
    value: AcceptedValue::Either(&[TEXT, TEXTS]),
    closed: true,
};

static ULIMIT_MAP: NamedEntries = NamedEntries {
    form: is_lower,
    described: "lower-case letters",
    value: AcceptedValue::Either(&[WHOLE, AcceptedValue::Shape(&ULIMIT)]),
    closed: false,
};

static ULIMIT: MappingSchema = MappingSchema {
    keys: &[key("soft", WHOLE, CanonicalForm::Whole), key("hard", WHOLE, CanonicalForm::Whole)],
    extensible: true,
    open: false,
    required: &["soft", "hard"],
    capitals: false,
};

/// A reference to a config or a secret.
pub(crate) static FILE_MOUNT: MappingSchema = shape(&[
    key("source", TEXT, CanonicalForm::Text),
    key("target", TEXT, CanonicalForm::Text),
    key("uid", TEXT, CanonicalForm::Text),
    key("gid", TEXT, CanonicalForm::Text),
    key("mode", NUMBER, CanonicalForm::Mode),
]);

/// A command to run before the container starts, in one of its own (Compose 5.3).
pub(crate) static START_HOOK: MappingSchema = MappingSchema {
    keys: &[
        key("command", COMMAND, CanonicalForm::Command),
        key("image", TEXT, CanonicalForm::Text),
        key("user", TEXT, CanonicalForm::Text),
        key("privileged", TRUTH, CanonicalForm::Truth),
        key("working_dir", TEXT, CanonicalForm::Text),
        key("environment", LIST_OR_MAP, CanonicalForm::Equals),
        key("per_replica", TRUTH, CanonicalForm::Truth),
    ],
    extensible: true,
    open: false,
    required: &[],
    capitals: false,
};

/// A command to run in the container.
pub(crate) static HOOK: MappingSchema = MappingSchema {
    keys: &[
        key("command", COMMAND, CanonicalForm::Command),
        key("user", TEXT, CanonicalForm::Text),
        key("privileged", TRUTH, CanonicalForm::Truth),
        key("working_dir", TEXT, CanonicalForm::Text),
        key("environment", LIST_OR_MAP, CanonicalForm::Equals),
    ],
    extensible: true,
    open: false,
    required: &["command"],
    capitals: false,
};
