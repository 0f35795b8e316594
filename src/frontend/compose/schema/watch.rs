//! The keys of `services.*.develop`. Source: compose-spec.json of compose-go 2.9.1.

use super::accept::{Accept, Becomes, Kinds, Shape, key};
use super::common::{HOOK, TEXT, TEXT_OR_SET, shape};

/// What happens while developing.
pub(crate) static DEVELOP: Shape =
    shape(&[key("watch", Accept::List(&Accept::Shape(&TRIGGER)), Becomes::Shapes(&TRIGGER))]);

static TRIGGER: Shape = Shape {
    keys: &[
        key("path", TEXT, Becomes::AlwaysText),
        key("action", ACTION, Becomes::AlwaysText),
        key("target", TEXT, Becomes::Text),
        key("exec", Accept::Shape(&HOOK), Becomes::Always(&HOOK)),
        key("include", TEXT_OR_SET, Becomes::Texts),
        key("ignore", TEXT_OR_SET, Becomes::Texts),
        key("initial_sync", Accept::Of(Kinds::BOOLEAN), Becomes::Truth),
    ],
    extensible: true,
    open: false,
    required: &["path", "action"],
    capitals: false,
};

const ACTION: Accept = Accept::Choice(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"]);
