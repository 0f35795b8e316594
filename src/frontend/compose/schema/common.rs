//! Building blocks shared by the key tables. Source: compose-spec.json of compose-go 2.9.1.

use super::accept::{Accept, Becomes, Kinds, Names, Shape, key};

/// A string.
pub(super) const TEXT: Accept = Accept::Of(Kinds::STRING);
/// A boolean, or a string that will become one.
pub(super) const TRUTH: Accept = Accept::Of(Kinds::BOOLEAN.or(Kinds::STRING));
/// An integer, or a string that will become one.
pub(super) const WHOLE: Accept = Accept::Of(Kinds::INTEGER.or(Kinds::STRING));
/// A number, or a string that will become one.
pub(super) const NUMBER: Accept = Accept::Of(Kinds::NUMBER.or(Kinds::STRING));
/// A list of strings.
pub(super) const TEXTS: Accept = Accept::List(&TEXT);
/// A list of unique strings.
pub(super) const TEXT_SET: Accept = Accept::Set(&TEXT);
/// A string or a list of unique strings.
pub(super) const TEXT_OR_SET: Accept = Accept::Either(&[TEXT, TEXT_SET]);
/// A mapping of scalars, or a list of `name=value`.
pub(super) const LIST_OR_MAP: Accept = Accept::Either(&[Accept::Map(&SCALARS), TEXT_SET]);
/// Driver options.
pub(super) const DRIVER_OPTIONS: Accept = Accept::Map(&OPTIONS);
/// A command: a string, a list of strings or null.
pub(super) const COMMAND: Accept = Accept::Either(&[Accept::Of(Kinds::NULL.or(Kinds::STRING)), TEXTS]);
/// Additional hosts.
pub(super) const HOSTS: Accept = Accept::Either(&[Accept::Map(&HOST_MAP), TEXT_SET]);
/// Process limits.
pub(super) const ULIMITS: Accept = Accept::Map(&ULIMIT_MAP);
/// References to configs or secrets.
pub(super) const FILE_MOUNTS: Accept = Accept::List(&Accept::Either(&[TEXT, Accept::Shape(&FILE_MOUNT)]));
/// A list of hooks.
pub(super) const HOOKS: Accept = Accept::List(&Accept::Shape(&HOOK));

/// A mapping that allows `x-` keys and has no required keys.
pub(super) const fn shape(keys: &'static [super::accept::Key]) -> Shape {
    Shape { keys, extensible: true, open: false, required: &[], capitals: false }
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

const SCALAR: Accept = Accept::Of(Kinds::STRING.or(Kinds::NUMBER).or(Kinds::BOOLEAN).or(Kinds::NULL));

static SCALARS: Names = Names { form: is_written, described: "a string", value: SCALAR, closed: true };

static OPTIONS: Names = Names { form: is_written, described: "a string", value: NUMBER, closed: false };

static HOST_MAP: Names =
    Names { form: is_written, described: "a string", value: Accept::Either(&[TEXT, TEXTS]), closed: true };

static ULIMIT_MAP: Names = Names {
    form: is_lower,
    described: "lower-case letters",
    value: Accept::Either(&[WHOLE, Accept::Shape(&ULIMIT)]),
    closed: false,
};

static ULIMIT: Shape = Shape {
    keys: &[key("soft", WHOLE, Becomes::Whole), key("hard", WHOLE, Becomes::Whole)],
    extensible: true,
    open: false,
    required: &["soft", "hard"],
    capitals: false,
};

/// A reference to a config or a secret.
pub(crate) static FILE_MOUNT: Shape = shape(&[
    key("source", TEXT, Becomes::Text),
    key("target", TEXT, Becomes::Text),
    key("uid", TEXT, Becomes::Text),
    key("gid", TEXT, Becomes::Text),
    key("mode", NUMBER, Becomes::Mode),
]);

/// A command to run in the container.
pub(crate) static HOOK: Shape = Shape {
    keys: &[
        key("command", COMMAND, Becomes::Command),
        key("user", TEXT, Becomes::Text),
        key("privileged", TRUTH, Becomes::Truth),
        key("working_dir", TEXT, Becomes::Text),
        key("environment", LIST_OR_MAP, Becomes::Equals),
    ],
    extensible: true,
    open: false,
    required: &["command"],
    capitals: false,
};
