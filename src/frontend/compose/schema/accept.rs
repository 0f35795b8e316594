//! The vocabulary of the key tables: what a value may be, and what it becomes.

use crate::yaml::Value;

/// A set of value kinds, which are the JSON types of the specification's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    /// No kind.
    pub(crate) const NONE: Kinds = Kinds(0);
    /// Null.
    pub(crate) const NULL: Kinds = Kinds(1);
    /// A boolean.
    pub(crate) const BOOLEAN: Kinds = Kinds(2);
    /// An integer; `1.0` counts as one.
    pub(crate) const INTEGER: Kinds = Kinds(4);
    /// Any number.
    pub(crate) const NUMBER: Kinds = Kinds(4 | 8);
    /// A string.
    pub(crate) const STRING: Kinds = Kinds(16);
    /// A list.
    pub(crate) const LIST: Kinds = Kinds(32);
    /// A mapping.
    pub(crate) const MAPPING: Kinds = Kinds(64);

    /// The union of both sets.
    pub(crate) const fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// The kind of a value; a date has none.
    pub(crate) fn of(value: &Value) -> Kinds {
        match value {
            Value::Null => Kinds::NULL,
            Value::Bool(_) => Kinds::BOOLEAN,
            Value::Integer(_) => Kinds::INTEGER,
            Value::Float(number) if is_whole(*number) => Kinds::INTEGER,
            Value::Float(_) => Kinds(8),
            Value::Timestamp(_) => Kinds(0),
            Value::String(_) => Kinds::STRING,
            Value::Sequence(_) => Kinds::LIST,
            Value::Mapping(_) => Kinds::MAPPING,
        }
    }

    /// Whether the set contains a value's kind.
    pub(crate) fn hold(self, kind: Kinds) -> bool {
        self.0 & kind.0 != 0
    }

    /// The set as messages name it: `a string or a list`.
    pub(crate) fn describe(self) -> String {
        let names: Vec<&str> = [
            (Kinds::STRING, "a string"),
            (Kinds::BOOLEAN, "a boolean"),
            (Kinds(8), "a number"),
            (Kinds::INTEGER, "an integer"),
            (Kinds::LIST, "a list"),
            (Kinds::MAPPING, "a mapping"),
            (Kinds::NULL, "null"),
        ]
        .into_iter()
        .filter(|(kind, name)| self.hold(*kind) && !(*name == "an integer" && self.hold(Kinds(8))))
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
pub(crate) enum Accept {
    /// A scalar of these kinds.
    Of(Kinds),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A string of a certain form; messages use the description.
    Form(fn(&str) -> bool, &'static str),
    /// A string, or an integer between two bounds, inclusive.
    Within(i64, i64),
    /// A list.
    List(&'static Accept),
    /// A list of unique items.
    Set(&'static Accept),
    /// A mapping with user-defined keys.
    Map(&'static Names),
    /// A mapping with the keys of the specification.
    Shape(&'static Shape),
    /// One of several, depending on the value's kind.
    Either(&'static [Accept]),
}

/// A mapping with user-defined keys.
#[derive(Debug)]
pub(crate) struct Names {
    /// Whether a key is valid.
    pub form: fn(&str) -> bool,
    /// The valid form, for messages.
    pub described: &'static str,
    /// What the values must be.
    pub value: Accept,
    /// Whether other keys are rejected; otherwise they may hold anything.
    pub closed: bool,
}

/// A mapping with the keys of the specification, in the order in which Docker Compose prints them.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The keys.
    pub keys: &'static [Key],
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
pub(crate) struct Key {
    /// The key.
    pub name: &'static str,
    /// What its value may be.
    pub accepts: Accept,
    /// What its value becomes in the canonical tree.
    pub becomes: Becomes,
}

/// Shorthand for the tables.
pub(super) const fn key(name: &'static str, accepts: Accept, becomes: Becomes) -> Key {
    Key { name, accepts, becomes }
}

/// What a value becomes in the canonical tree. Values that Docker Compose omits as empty are omitted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Becomes {
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
    Shape(&'static Shape),
    /// A mapping of this shape; Docker Compose prints it even if it is missing.
    Always(&'static Shape),
    /// A list of mappings of this shape.
    Shapes(&'static Shape),
    /// Names to mappings of this shape; null is allowed.
    Named(&'static Shape),
    /// Names to mappings of this shape; null becomes an empty mapping.
    Resources(&'static Shape),
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
