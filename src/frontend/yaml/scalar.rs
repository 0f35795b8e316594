//! Scalars as Compose's parser types them.
//!
//! In: a scalar's text and its tag. Out: a [`NodeValue`]. The rules are those of go-yaml v3 (`resolve.go`),
//! which Docker Compose uses: YAML 1.2 words, but a leading zero means octal, underscores separate digits,
//! and a plain date is a timestamp. `yes` and `22:22` are strings.

use super::NodeValue;
use std::sync::Arc;

/// The type that a scalar's tag asks for, as far as Compose's parser cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScalarType {
    /// No tag: the text decides.
    Any,
    /// A string, whatever it looks like: quoted, `!!str` or a custom tag.
    Text,
    /// `!!binary`: base64.
    Binary,
    /// `!!null`.
    Null,
    /// `!!bool`.
    Bool,
    /// `!!int`.
    Integer,
    /// `!!float`.
    Float,
    /// `!!timestamp`.
    Timestamp,
}

/// Types a plain scalar. `text` creates the shared string, so that the caller can intern it.
pub(super) fn resolve(plain: &str, text: impl FnOnce(&str) -> Arc<str>) -> NodeValue {
    match special(plain) {
        Some(value) => value,
        None if plain.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) => {
            if is_timestamp(plain) {
                return NodeValue::Timestamp(text(plain));
            }
            number(plain).unwrap_or_else(|| NodeValue::String(text(plain)))
        }
        None => NodeValue::String(text(plain)),
    }
}

/// How a parser reads a plain scalar; a writer uses it to decide whether to quote.
pub fn plain_value(plain: &str) -> NodeValue {
    resolve(plain, |text| Arc::from(text))
}

/// Types a scalar according to its tag; `None` if it does not have that type.
pub(super) fn resolve_as(
    wanted: ScalarType,
    scalar: &str,
    text: impl FnOnce(&str) -> Arc<str>,
) -> Option<NodeValue> {
    match wanted {
        ScalarType::Any => Some(resolve(scalar, text)),
        ScalarType::Text => Some(NodeValue::String(text(scalar))),
        ScalarType::Binary => Some(NodeValue::String(text(&decode_base64(scalar)?))),
        ScalarType::Timestamp => is_timestamp(scalar).then(|| NodeValue::Timestamp(text(scalar))),
        ScalarType::Null => special(scalar).filter(|value| *value == NodeValue::Null),
        ScalarType::Bool => special(scalar).filter(|value| matches!(value, NodeValue::Bool(_))),
        ScalarType::Integer => number(scalar).filter(|value| matches!(value, NodeValue::Integer(_))),
        ScalarType::Float => match special(scalar).or_else(|| number(scalar)) {
            Some(NodeValue::Integer(whole)) => Some(NodeValue::Float(whole as f64)),
            Some(NodeValue::Float(number)) => Some(NodeValue::Float(number)),
            _ => None,
        },
    }
}

/// The words with a special meaning.
fn special(plain: &str) -> Option<NodeValue> {
    Some(match plain {
        "" | "~" | "null" | "Null" | "NULL" => NodeValue::Null,
        "true" | "True" | "TRUE" => NodeValue::Bool(true),
        "false" | "False" | "FALSE" => NodeValue::Bool(false),
        ".nan" | ".NaN" | ".NAN" => NodeValue::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => NodeValue::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => NodeValue::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn number(plain: &str) -> Option<NodeValue> {
    if plain.starts_with('.') {
        return float(plain).map(NodeValue::Float);
    }
    let digits = if plain.contains('_') { plain.replace('_', "") } else { plain.to_owned() };
    integer(&digits).map(NodeValue::Integer).or_else(|| float(&digits).map(NodeValue::Float))
}

/// Go's `strconv.ParseInt(text, 0, 64)`, then `ParseUint`: a prefix or a leading zero sets the base.
fn integer(digits: &str) -> Option<i128> {
    let (negative, magnitude) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    let prefixed = |prefixes: [&str; 2]| prefixes.iter().find_map(|prefix| magnitude.strip_prefix(prefix));
    let (base, body) = if let Some(body) = prefixed(["0x", "0X"]) {
        (16, body)
    } else if let Some(body) = prefixed(["0o", "0O"]) {
        (8, body)
    } else if let Some(body) = prefixed(["0b", "0B"]) {
        (2, body)
    } else if magnitude.len() > 1 && magnitude.starts_with('0') {
        (8, magnitude)
    } else {
        (10, magnitude)
    };
    if body.is_empty() || !body.chars().all(|digit| digit.is_digit(base)) {
        return None;
    }
    let value = i128::from(u64::from_str_radix(body, base).ok()?);
    let value = if negative { -value } else { value };
    let signed = digits.starts_with(['-', '+']);
    let upper = if signed { i128::from(i64::MAX) } else { i128::from(u64::MAX) };
    (i128::from(i64::MIN)..=upper).contains(&value).then_some(value)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, within the range of a double.
fn float(digits: &str) -> Option<f64> {
    let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            all_digits(whole) && all_digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let scaled = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && all_digits(exponent)
    });
    if !(whole && scaled) {
        return None;
    }
    digits.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// A date, or a date and time, in the formats that go-yaml accepts.
fn is_timestamp(plain: &str) -> bool {
    let Some((year, rest)) = plain.split_at_checked(4) else { return false };
    if !year.bytes().all(|byte| byte.is_ascii_digit()) || !rest.starts_with('-') {
        return false;
    }
    let (date, time) = match rest.find(['T', 't', ' ']) {
        Some(at) => (rest.get(1..at), Some((rest.get(at..at + 1), rest.get(at + 1..)))),
        None => (rest.get(1..), None),
    };
    let Some((month, day)) = date.and_then(|date| date.split_once('-')) else { return false };
    let year = year.parse().unwrap_or(0);
    let (Some(month), Some(day)) = (short(month, 12), short(day, 31)) else { return false };
    if month == 0 || day == 0 || day > days(year, month) {
        return false;
    }
    match time {
        None => true,
        Some((separator, Some(time))) => is_time(time, separator != Some(" ")),
        Some(_) => false,
    }
}

/// A timestamp as Docker Compose prints it: RFC 3339, at least to the second.
pub fn print_timestamp(plain: &str) -> String {
    let (date, time) = match plain.find(['T', 't', ' ']) {
        Some(at) => (plain.get(..at).unwrap_or_default(), plain.get(at + 1..).unwrap_or_default()),
        None => (plain, "0:0:0"),
    };
    let (clock, zone) = match time.find(['Z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time, "Z"),
    };
    let (whole, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
    // Go keeps nine digits and drops trailing zeros.
    let fraction = fraction.get(..9).unwrap_or(fraction).trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let zone = if zone.ends_with("00:00") { "Z" } else { zone };
    let two = |text: &str, separator: char| {
        text.split(separator)
            .map(|part| format!("{part:0>2}"))
            .collect::<Vec<_>>()
            .join(&separator.to_string())
    };
    format!("{}T{}{point}{fraction}{zone}", two(date, '-'), two(whole, ':'))
}

/// A number of one or two digits, at most `limit`.
fn short(text: &str, limit: u32) -> Option<u32> {
    let well_formed = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|value| well_formed && *value <= limit)
}

fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `h:m:s[.fraction]`, followed by the zone `Z` or `±hh:mm` if one is required.
fn is_time(time: &str, zoned: bool) -> bool {
    let (clock, zone) = match time.find(['Z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time, ""),
    };
    let zone_fits = if zoned { is_zone(zone) } else { zone.is_empty() };
    let mut parts = clock.splitn(3, ':');
    let (hour, minute, second) = (parts.next(), parts.next(), parts.next());
    let (second, fraction) = match second.and_then(|second| second.split_once(['.', ','])) {
        Some((second, fraction)) => (Some(second), Some(fraction)),
        None => (second, None),
    };
    let fits = |part: Option<&str>, limit| part.is_some_and(|part| short(part, limit).is_some());
    let fraction_fits = fraction
        .is_none_or(|fraction| !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit()));
    zone_fits && fits(hour, 23) && fits(minute, 59) && fits(second, 59) && fraction_fits
}

fn is_zone(zone: &str) -> bool {
    if zone == "Z" {
        return true;
    }
    let Some((hours, minutes)) = zone.strip_prefix(['+', '-']).and_then(|zone| zone.split_once(':')) else {
        return false;
    };
    hours.len() == 2 && minutes.len() == 2 && short(hours, 24).is_some() && short(minutes, 60).is_some()
}

/// Standard base64 with padding; line breaks are skipped, as Go's decoder does. The content must be UTF-8.
fn decode_base64(text: &str) -> Option<String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let symbols: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    if !symbols.len().is_multiple_of(4) {
        return None;
    }
    let padding = symbols.iter().rev().take_while(|byte| **byte == b'=').count();
    if padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(symbols.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for symbol in symbols.iter().take(symbols.len() - padding) {
        let digit = ALPHABET.iter().position(|known| known == symbol)?;
        bits = (bits << 6) | u32::try_from(digit).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(plain: &str) -> NodeValue {
        resolve(plain, |text| text.into())
    }

    #[test]
    fn plain_scalars_have_go_yaml_types() {
        let integers = [
            ("017", 15),
            ("0o17", 15),
            ("0xFF", 255),
            ("0b11", 3),
            ("1_000", 1000),
            ("-5", -5),
            ("+5", 5),
            ("0", 0),
            ("00", 0),
            ("18446744073709551615", 18_446_744_073_709_551_615),
            ("-9223372036854775808", -9_223_372_036_854_775_808),
        ];
        for (plain, expected) in integers {
            assert_eq!(typed(plain), NodeValue::Integer(expected), "{plain}");
        }
        let floats =
            [("089", 89.0), ("1.50", 1.5), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0), ("-1.5E-1", -0.15)];
        for (plain, expected) in floats {
            assert_eq!(typed(plain), NodeValue::Float(expected), "{plain}");
        }
        for plain in [
            "yes",
            "on",
            "y",
            "22:22",
            "0x",
            "1e400",
            "+-5",
            "_1",
            ".",
            "..5",
            "1_000a",
            "2026-13-01",
            "2026-02-30",
        ] {
            assert_eq!(typed(plain), NodeValue::String(plain.into()), "{plain}");
        }
        for plain in ["2026-11-21", "2026-1-2", "2026-11-21T10:00:00Z", "2026-11-21 10:00:00.5"] {
            assert_eq!(typed(plain), NodeValue::Timestamp(plain.into()), "{plain}");
        }
        assert_eq!(typed("~"), NodeValue::Null);
        assert_eq!(typed("True"), NodeValue::Bool(true));
        assert_eq!(typed("-.inf"), NodeValue::Float(f64::NEG_INFINITY));
    }

    #[test]
    fn timestamps_are_printed_in_full() {
        for (plain, printed) in [
            ("2020-1-2", "2020-01-02T00:00:00Z"),
            ("2020-01-02T3:4:5.60Z", "2020-01-02T03:04:05.6Z"),
            ("2020-01-02t03:04:05+02:00", "2020-01-02T03:04:05+02:00"),
            ("2020-01-02 03:04:05", "2020-01-02T03:04:05Z"),
        ] {
            assert_eq!(print_timestamp(plain), printed);
        }
    }

    #[test]
    fn a_tag_asks_for_its_type() {
        let shared = |text: &str| Arc::from(text);
        assert_eq!(resolve_as(ScalarType::Text, "1", shared), Some(NodeValue::String("1".into())));
        assert_eq!(resolve_as(ScalarType::Float, "1", shared), Some(NodeValue::Float(1.0)));
        assert_eq!(resolve_as(ScalarType::Bool, "yes", shared), None);
        assert_eq!(resolve_as(ScalarType::Integer, "x", shared), None);
        assert_eq!(resolve_as(ScalarType::Binary, "aGk=", shared), Some(NodeValue::String("hi".into())));
        assert_eq!(resolve_as(ScalarType::Binary, "a===", shared), None);
    }
}
