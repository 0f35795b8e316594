//! Scalars as Docker Compose reads and writes them: durations, byte sizes, numbers as strings.
//!
//! In the canonical tree, a duration is a string in Go's notation (`1m30s`) and a size is a string of bytes
//! (`"1073741824"`). [`duration`] and [`bytes`] parse them for the stages that compute with them.

use crate::world::normalise;
use crate::yaml::{Node, NodeValue};
use camino::Utf8Path;
use std::fmt::Write;
use std::time::Duration;

/// The duration in a canonical node; `None` if it holds none or a negative one.
pub fn duration(node: &Node) -> Option<Duration> {
    duration_of(node.as_str()?)
}

/// The duration in a text as Compose writes it; `None` for none or a negative one.
pub fn duration_of(text: &str) -> Option<Duration> {
    parse_duration(text).and_then(|nanos| u64::try_from(nanos).ok()).map(Duration::from_nanos)
}

/// The number of bytes in a canonical node; -1 means "unlimited" where Compose allows it.
pub fn bytes(node: &Node) -> Option<i64> {
    match &node.value {
        NodeValue::String(text) => text.parse().ok(),
        NodeValue::Integer(number) => i64::try_from(*number).ok(),
        _ => None,
    }
}

/// Duration units and their length in nanoseconds.
const UNITS: [(&str, i64); 10] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
];

/// Nanoseconds of a duration such as `1m30s`, `1.5h`, `2d` or `-5s`. Every number except `0` needs a unit.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (nanos, after) = duration_part(rest)?;
        total = total.checked_add(nanos)?;
        rest = after;
    }
    Some(if negative { -total } else { total })
}

/// One number with its unit, and the remaining text.
fn duration_part(text: &str) -> Option<(i64, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = text.split_at_checked(digits(text))?;
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => after.split_at_checked(digits(after))?,
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let end = rest.find(|letter: char| letter == '.' || letter.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at_checked(end)?;
    let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let value = whole.checked_mul(*nanos)?.checked_add(fraction_of(fraction, *nanos))?;
    Some((value, rest))
}

/// The nanoseconds of a fraction; digits beyond 64 bits are ignored.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "as Go computes it")]
fn fraction_of(digits: &str, nanos: i64) -> i64 {
    let (mut value, mut scale): (i64, f64) = (0, 1.0);
    for digit in digits.bytes() {
        let next = value.checked_mul(10).and_then(|tens| tens.checked_add(i64::from(digit - b'0')));
        let Some(next) = next else { break };
        value = next;
        scale *= 10.0;
    }
    (value as f64 * (nanos as f64 / scale)) as i64
}

/// A duration in Go's notation: `1m30s`, `1.5s`, `24h0m0s`, `250ms`, `0s`.
pub(crate) fn print_duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let total = nanos.unsigned_abs();
    if total == 0 {
        return "0s".to_owned();
    }
    if total < 1_000_000_000 {
        let (unit, size) = match total {
            1_000_000.. => ("ms", 1_000_000),
            1_000.. => ("µs", 1_000),
            _ => ("ns", 1),
        };
        return format!("{sign}{}{unit}", with_fraction(total, size));
    }
    let minutes = total / 60_000_000_000;
    let seconds = with_fraction(total % 60_000_000_000, 1_000_000_000);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

fn with_fraction(value: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let mut text = format!("{}", value / unit);
    if !value.is_multiple_of(unit) {
        let _ = write!(text, ".{:0width$}", value % unit);
        text.truncate(text.trim_end_matches('0').len());
    }
    text
}

/// Bytes of a size such as `1g`, `512 MiB`, `1.5gb` or `64`; suffixes are powers of 1024.
#[allow(clippy::cast_possible_truncation, reason = "as Go computes it: towards zero")]
pub fn parse_bytes(text: &str) -> Option<i64> {
    let last = text.rfind(|letter: char| letter.is_ascii_digit() || letter == '.' || letter == ' ')?;
    let split = last + 1;
    let (number, suffix) = text.split_at_checked(split)?;
    let number = number.strip_suffix(' ').unwrap_or(number);
    let size: f64 = number.parse().ok().filter(|_| !number.contains(['i', 'n', 'I', 'N']))?;
    if size < 0.0 {
        return None;
    }
    let suffix = suffix.to_lowercase();
    let factor = match suffix.as_bytes() {
        [] | [b'b'] => return Some(size as i64),
        [unit] | [unit, b'b'] | [unit, b'i', b'b'] => *unit,
        _ => return None,
    };
    let power = b"kmgtp".iter().position(|unit| *unit == factor)? + 1;
    Some((size * 1024f64.powi(i32::try_from(power).unwrap_or(0))) as i64)
}

/// A scalar as Go prints it with `%v`.
pub(crate) fn print_scalar(value: &NodeValue) -> String {
    match value {
        NodeValue::Null => "<nil>".to_owned(),
        NodeValue::Bool(truth) => truth.to_string(),
        NodeValue::Integer(number) => number.to_string(),
        NodeValue::Float(number) => print_float(*number),
        NodeValue::String(text) | NodeValue::Timestamp(text) => text.to_string(),
        NodeValue::Sequence(items) => {
            let items: Vec<String> = items.iter().map(|item| print_scalar(&item.value)).collect();
            format!("[{}]", items.join(" "))
        }
        NodeValue::Mapping(mapping) => {
            let mut entries: Vec<_> = mapping.iter().collect();
            entries.sort_by(|left, right| left.key.text.cmp(&right.key.text));
            let entries: Vec<String> = entries
                .iter()
                .map(|entry| format!("{}:{}", entry.key.text, print_scalar(&entry.value.value)))
                .collect();
            format!("map[{}]", entries.join(" "))
        }
    }
}

/// The shortest digits that read back as the same number; with an exponent from 10^6 up and below 10^-4.
pub(crate) fn print_float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let exponent: i32 = scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    if number != 0.0 && !(-4..6).contains(&exponent) {
        let (digits, _) = scientific.split_once('e').unwrap_or((&scientific, ""));
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.unsigned_abs());
    }
    format!("{number}")
}

/// Whether the string is an IP address that Go's `net.ParseIP` accepts: no zone, no leading zeros.
pub(crate) fn is_ip(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

/// A path without `.`, `..` and duplicate slashes, resolved lexically; `.` if nothing is left.
pub(crate) fn clean_path(path: &str) -> String {
    let clean = normalise(Utf8Path::new(path)).into_string();
    if clean.is_empty() { ".".to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn a_printed_duration_reads_back(nanos in -1_000_000_000_000_000i64..1_000_000_000_000_000) {
            prop_assert_eq!(parse_duration(&print_duration(nanos)), Some(nanos));
        }
    }

    #[test]
    fn durations() {
        for (given, printed) in [
            ("90s", Some("1m30s")),
            ("1d", Some("24h0m0s")),
            ("1w", Some("168h0m0s")),
            ("1.5h", Some("1h30m0s")),
            ("500ms", Some("500ms")),
            ("1500ms", Some("1.5s")),
            ("1us", Some("1µs")),
            ("-5s", Some("-5s")),
            ("0", Some("0s")),
            (".5s", Some("500ms")),
            ("1y", None),
            ("1 m", None),
            ("10", None),
            ("", None),
            (".s", None),
            ("9223372036854775808ns", None),
        ] {
            assert_eq!(parse_duration(given).map(print_duration).as_deref(), printed, "{given}");
        }
    }

    #[test]
    fn numbers() {
        for (number, printed) in [
            (1.5, "1.5"),
            (1.0, "1"),
            (123_456.7, "123456.7"),
            (1e6, "1e+06"),
            (12_345_678.9, "1.23456789e+07"),
            (0.00001, "1e-05"),
            (0.0001, "0.0001"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(print_float(number), printed);
        }
    }

    #[test]
    fn sizes() {
        for (given, bytes) in [
            ("1g", Some(1 << 30)),
            ("1GiB", Some(1 << 30)),
            ("1.5 kb", Some(1536)),
            ("64", Some(64)),
            ("64B", Some(64)),
            ("1e3", Some(1000)),
            ("-1", None),
            ("1x", None),
            ("1kbb", None),
            ("g", None),
            ("", None),
        ] {
            assert_eq!(parse_bytes(given), bytes, "{given}");
        }
    }
}
