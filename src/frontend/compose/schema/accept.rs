//! The vocabulary of the key tables: what a value may be, and what it becomes.

use crate::yaml::NodeValue;

/// A set of value kinds, which are the JSON types of the specification's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ValueKinds(u8);

impl ValueKinds {
    /// No kind.
    pub(crate) const NONE: ValueKinds = ValueKinds(0);
    /// Null.
    pub(crate) const NULL: ValueKinds = ValueKinds(1);
    /// A boolean.
    pub(crate) const BOOLEAN: ValueKinds = ValueKinds(2);
    /// An integer; `1.0` counts as one.
    pub(crate) const INTEGER: ValueKinds = ValueKinds(4);
    /// Any number.
    pub(crate) const NUMBER: ValueKinds = ValueKinds(4 | 8);
    /// A string.
    pub(crate) const STRING: ValueKinds = ValueKinds(16);
    /// A list.
    pub(crate) const LIST: ValueKinds = ValueKinds(32);
    /// A mapping.
    pub(crate) const MAPPING: ValueKinds = ValueKinds(64);

    /// The union of both sets.
    pub(crate) const fn or(self, other: ValueKinds) -> ValueKinds {
        ValueKinds(self.0 | other.0)
    }

    /// The kind of a value; a date has none.
    pub(crate) fn of(value: &NodeValue) -> ValueKinds {
        match value {
            NodeValue::Null => ValueKinds::NULL,
            NodeValue::Bool(_) => ValueKinds::BOOLEAN,
            NodeValue::Integer(_) => ValueKinds::INTEGER,
            NodeValue::Float(number) if is_whole(*number) => ValueKinds::INTEGER,
            NodeValue::Float(_) => ValueKinds(8),
            NodeValue::Timestamp(_) => ValueKinds(0),
            NodeValue::String(_) => ValueKinds::STRING,
            NodeValue::Sequence(_) => ValueKinds::LIST,
            NodeValue::Mapping(_) => ValueKinds::MAPPING,
        }
    }

    /// Whether the set contains a value's kind.
    pub(crate) fn hold(self, kind: ValueKinds) -> bool {
        self.0 & kind.0 != 0
    }

    /// The set as messages name it: `a string or a list`.
    pub(crate) fn describe(self) -> String {
        let names: Vec<&str> = [
            (ValueKinds::STRING, "a string"),
            (ValueKinds::BOOLEAN, "a boolean"),
            (ValueKinds(8), "a number"),
            (ValueKinds::INTEGER, "an integer"),
            (ValueKinds::LIST, "a list"),
            (ValueKinds::MAPPING, "a mapping"),
            (ValueKinds::NULL, "null"),
        ]
        .into_iter()
        .filter(|(kind, name)| self.hold(*kind) && !(*name == "an integer" && self.hold(ValueKinds(8))))
        .map(|(_, name)| name)
        .collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => "nothing".to_owned(),
        }
    }
}

/// Whether JSON Schema considers a number an integer: from 2^53 up, every float is.
fn is_whole(number: f64) -> bool {
    const ALL_WHOLE: f64 = 9_007_199_254_740_992.0;
    number.is_finite() && (number.abs() >= ALL_WHOLE || number as i64 as f64 == number)
}

/// What a value may be.
#[derive(Debug)]
pub(crate) enum AcceptedValue {
    /// A scalar of these kinds.
    Of(ValueKinds),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A string of a certain form; messages use the description.
    Form(fn(&str) -> bool, &'static str),
    /// A string, or an integer that is not smaller.
    AtLeast(i64),
    /// A string, or an integer between two bounds, inclusive.
    Within(i64, i64),
    /// A list.
    List(&'static AcceptedValue),
    /// A list of unique items.
    Set(&'static AcceptedValue),
    /// A mapping with user-defined keys.
    Map(&'static NamedEntries),
    /// A mapping with the keys of the specification.
    Shape(&'static MappingSchema),
    /// One of several, depending on the value's kind.
    Either(&'static [AcceptedValue]),
}

/// A mapping with user-defined keys.
#[derive(Debug)]
pub(crate) struct NamedEntries {
    /// Whether a key is valid.
    pub form: fn(&str) -> bool,
    /// The valid form, for messages.
    pub described: &'static str,
    /// What the values must be.
    pub value: AcceptedValue,
    /// Whether other keys are rejected; otherwise they may hold anything.
    pub closed: bool,
}

/// A mapping with the keys of the specification, in the order in which Docker Compose prints them.
#[derive(Debug)]
pub(crate) struct MappingSchema {
    /// The keys.
    pub keys: &'static [KeySchema],
    /// Whether keys that start with `x-` are allowed.
    pub extensible: bool,
    /// Whether unknown keys are allowed.
    pub open: bool,
    /// Required keys.
    pub required: &'static [&'static str],
    /// Whether Docker Compose prints the keys in JSON with a capital letter, like the names of Go's fields.
    pub capitals: bool,
}

/// One key of the specification.
#[derive(Debug)]
pub(crate) struct KeySchema {
    /// The key.
    pub name: &'static str,
    /// What its value may be.
    pub accepts: AcceptedValue,
    /// What its value becomes in the canonical tree.
    pub becomes: CanonicalForm,
}

/// Shorthand for the tables.
pub(super) const fn key(name: &'static str, accepts: AcceptedValue, becomes: CanonicalForm) -> KeySchema {
    KeySchema { name, accepts, becomes }
}

/// What a value becomes in the canonical tree. Values that Docker Compose omits as empty are omitted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CanonicalForm {
    /// Omitted: Docker Compose accepts the key and ignores it.
    Nothing,
    /// A string; omitted when empty.
    Text,
    /// A string, kept when empty.
    AlwaysText,
    /// A boolean; omitted when false.
    Truth,
    /// A boolean, kept when false.
    AlwaysTruth,
    /// A signed integer; omitted when zero.
    Whole,
    /// A signed integer, kept when zero.
    AlwaysWhole,
    /// An integer, printed as zero if missing; either unsigned with this many bits, or signed.
    Count(Option<u32>),
    /// An unsigned integer with this many bits; omitted when zero.
    Natural(u32),
    /// An unsigned 64-bit integer, kept when zero.
    AlwaysNatural,
    /// A single-precision number; omitted when zero.
    Single,
    /// Bytes as a decimal string; omitted when zero.
    Bytes,
    /// Bytes as a decimal string, kept when zero.
    AlwaysBytes,
    /// A duration in Go's notation; omitted when zero.
    Duration,
    /// A duration in Go's notation, kept when zero.
    AlwaysDuration,
    /// A count of devices; `all` is -1.
    DeviceCount,
    /// File permissions: an octal string.
    Mode,
    /// A list of strings; a single string stands for a list of one.
    Texts,
    /// A list whose numbers become strings.
    TextsAndNumbers,
    /// A command line: a string is split as a shell does.
    Command,
    /// A health check's test.
    Test,
    /// Names to strings; a missing value becomes an empty string.
    Pairs,
    /// Names to strings; a missing value stays null.
    Equals,
    /// Names to strings; only strings are accepted.
    TextMap,
    /// Names to lists of strings.
    MultiOptions,
    /// Host names and addresses: a sorted list of `name=address`.
    Hosts,
    /// SSH keys: a mapping from id to path.
    Ssh,
    /// Names to limits: a number, or a soft and a hard limit.
    Ulimits,
    /// A mapping of this shape; omitted when null.
    Shape(&'static MappingSchema),
    /// A mapping of this shape; Docker Compose prints it even if it is missing.
    Always(&'static MappingSchema),
    /// A list of mappings of this shape.
    Shapes(&'static MappingSchema),
    /// Names to mappings of this shape; null is allowed.
    Named(&'static MappingSchema),
    /// Names to mappings of this shape; null becomes an empty mapping.
    Resources(&'static MappingSchema),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_without_a_fraction_is_an_integer() {
        for (number, whole) in [
            (1.0, true),
            (-0.0, true),
            (0.5, false),
            (-2.5, false),
            (9_007_199_254_740_993.0, true),
            (1e300, true),
            (f64::MAX, true),
            (f64::INFINITY, false),
            (f64::NAN, false),
        ] {
            assert_eq!(is_whole(number), whole, "{number}");
            assert_eq!(whole, number.is_finite() && number.fract() == 0.0, "{number}");
        }
    }
}
