//! The words the key tables are written in: what a place accepts, and what its value becomes.

use crate::yaml::Value;

/// A set of kinds of values, as the JSON types of the specification's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    /// No kind at all.
    pub(crate) const NONE: Kinds = Kinds(0);
    /// Null.
    pub(crate) const NULL: Kinds = Kinds(1);
    /// A boolean.
    pub(crate) const BOOLEAN: Kinds = Kinds(2);
    /// A whole number; `1.0` counts as one.
    pub(crate) const INTEGER: Kinds = Kinds(4);
    /// Any number.
    pub(crate) const NUMBER: Kinds = Kinds(4 | 8);
    /// Text.
    pub(crate) const STRING: Kinds = Kinds(16);
    /// A list.
    pub(crate) const LIST: Kinds = Kinds(32);
    /// A mapping.
    pub(crate) const MAPPING: Kinds = Kinds(64);

    /// Both sets.
    pub(crate) const fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// The kind of a value; a date is of none.
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

    /// Whether a value's kind is in the set.
    pub(crate) fn hold(self, kind: Kinds) -> bool {
        self.0 & kind.0 != 0
    }

    /// As messages name the set: `a string or a list`.
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

/// Whether a number is an integer to JSON Schema: from 2^53 on every float is.
fn is_whole(number: f64) -> bool {
    const ALL_WHOLE: f64 = 9_007_199_254_740_992.0;
    number.is_finite() && (number.abs() >= ALL_WHOLE || number as i64 as f64 == number)
}

/// What a place accepts.
#[derive(Debug)]
pub(crate) enum Accept {
    /// Scalars of these kinds.
    Of(Kinds),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Text of a form; the form is named for messages.
    Form(fn(&str) -> bool, &'static str),
    /// Text, or a whole number from the first bound to the second.
    Within(i64, i64),
    /// A list.
    List(&'static Accept),
    /// A list that holds each thing once.
    Set(&'static Accept),
    /// A mapping with keys of the user's own.
    Map(&'static Names),
    /// A mapping with the keys of the specification.
    Shape(&'static Shape),
    /// One of several, told apart by the value's kind.
    Either(&'static [Accept]),
}

/// A mapping with keys of the user's own.
#[derive(Debug)]
pub(crate) struct Names {
    /// Whether the key is of the form.
    pub form: fn(&str) -> bool,
    /// The form, for messages.
    pub described: &'static str,
    /// What the values must be.
    pub value: Accept,
    /// Whether keys of another form are refused; otherwise they hold anything.
    pub closed: bool,
}

/// A mapping with the keys of the specification, in the order in which Docker Compose prints them.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The keys.
    pub keys: &'static [Key],
    /// Whether keys that start with `x-` may stand here.
    pub extensible: bool,
    /// Whether unknown keys are let pass.
    pub open: bool,
    /// Keys that must be there.
    pub required: &'static [&'static str],
    /// Whether Docker Compose prints the keys in JSON with a capital letter, as Go's fields are named.
    pub capitals: bool,
}

/// One key of the specification.
#[derive(Debug)]
pub(crate) struct Key {
    /// The key.
    pub name: &'static str,
    /// What it accepts.
    pub accepts: Accept,
    /// What its value becomes, once it is long and typed.
    pub becomes: Becomes,
}

/// Shorthand for the tables.
pub(super) const fn key(name: &'static str, accepts: Accept, becomes: Becomes) -> Key {
    Key { name, accepts, becomes }
}

/// What a value becomes in the canonical tree. What Docker Compose leaves out as empty is left out.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Becomes {
    /// Left out: Docker Compose accepts the key and forgets it.
    Nothing,
    /// Text; left out when empty.
    Text,
    /// Text, kept when empty.
    AlwaysText,
    /// A boolean; left out when false.
    Truth,
    /// A boolean, kept when false.
    AlwaysTruth,
    /// A signed whole number; left out when zero.
    Whole,
    /// A signed whole number, kept when zero.
    AlwaysWhole,
    /// A whole number, printed as zero where it is not there; of so many bits and not negative, or signed.
    Count(Option<u32>),
    /// A whole number of so many bits, not negative; left out when zero.
    Natural(u32),
    /// A whole number of 64 bits, not negative, kept when zero.
    AlwaysNatural,
    /// A number of single precision; left out when zero.
    Single,
    /// Bytes as decimal text; left out when zero.
    Bytes,
    /// Bytes as decimal text, kept when zero.
    AlwaysBytes,
    /// A duration in Go's notation; left out when zero.
    Duration,
    /// A duration in Go's notation, kept when zero.
    AlwaysDuration,
    /// A count of devices; `all` is -1.
    DeviceCount,
    /// File permissions: octal text.
    Mode,
    /// A list of texts, where one alone may stand without its list.
    Texts,
    /// A list whose numbers become texts.
    TextsAndNumbers,
    /// A command line: split as a shell does where it is one text.
    Command,
    /// A health check's test.
    Test,
    /// Names to texts; an absent value is the empty text.
    Pairs,
    /// Names to texts; an absent value stays null.
    Equals,
    /// Names to texts, nothing but texts accepted.
    TextMap,
    /// Names to lists of texts.
    MultiOptions,
    /// Host names and addresses: a sorted list of `name=address`.
    Hosts,
    /// Keys for `ssh`: a mapping from id to path.
    Ssh,
    /// Names to limits: a number or soft and hard.
    Ulimits,
    /// A mapping of this shape; left out when null.
    Shape(&'static Shape),
    /// A mapping of this shape; Docker Compose prints it even when it is not written.
    Always(&'static Shape),
    /// A list of mappings of this shape.
    Shapes(&'static Shape),
    /// Names to mappings of this shape; a name may have null.
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
