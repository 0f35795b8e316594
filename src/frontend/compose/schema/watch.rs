//! The keys of `services.*.develop`. Source: compose-spec.json of compose-go 2.9.1.

use super::accept::{AcceptedValue, CanonicalForm, MappingSchema, ValueKinds, key};
use super::common::{HOOK, TEXT, TEXT_OR_SET, shape};

/// What happens while developing.
pub(crate) static DEVELOP: MappingSchema = shape(&[key(
    "watch",
    AcceptedValue::List(&AcceptedValue::Shape(&TRIGGER)),
    CanonicalForm::Shapes(&TRIGGER),
)]);

static TRIGGER: MappingSchema = MappingSchema {
    keys: &[
        key("path", TEXT, CanonicalForm::AlwaysText),
        key("action", ACTION, CanonicalForm::AlwaysText),
        key("target", TEXT, CanonicalForm::Text),
        key("exec", AcceptedValue::Shape(&HOOK), CanonicalForm::Always(&HOOK)),
        key("include", TEXT_OR_SET, CanonicalForm::Texts),
        key("ignore", TEXT_OR_SET, CanonicalForm::Texts),
        key("initial_sync", AcceptedValue::Of(ValueKinds::BOOLEAN), CanonicalForm::Truth),
    ],
    extensible: true,
    open: false,
    required: &["path", "action"],
    capitals: false,
};

const ACTION: AcceptedValue =
    AcceptedValue::Choice(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"]);
