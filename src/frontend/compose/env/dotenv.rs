//! The `.env` file format, as compose-go's `dotenv` package reads it.
//!
//! In: a text. Out: assignments in order, each with its position. Quotes, escapes, `export`, comments,
//! multi-line values and `$` expressions follow the rules of Compose, not of a shell.

use super::super::template::{self, TemplateError, VariableLookup};
use std::ops::Range;
use std::sync::Arc;

/// A statement that sets or inherits a variable.
#[derive(Debug, PartialEq)]
pub(super) struct DotenvAssignment {
    /// The variable.
    pub(super) name: String,
    /// Its value; `None` for a bare name, which takes its value from the environment.
    pub(super) value: Option<String>,
    /// The byte range of the statement.
    pub(super) place: Range<usize>,
    /// Unset variables that its value reads.
    pub(super) unset: Vec<Arc<str>>,
}

/// An error in a file and its position.
#[derive(Debug, PartialEq)]
pub(super) struct DotenvFault {
    /// The message, in lower case.
    pub(super) message: String,
    /// The byte range in the text.
    pub(super) place: Range<usize>,
    /// Whether its values are larger than any may be.
    pub(super) too_large: bool,
}

/// Parses the assignments in order and passes each to `seen`, so that later values can read it. `seen` says
/// whether there is room for more.
///
/// # Errors
/// The first error. Everything before it has been passed on.
pub(super) fn parse<V: VariableLookup>(
    text: &str,
    variables: &mut V,
    mut seen: impl FnMut(&mut V, DotenvAssignment) -> bool,
) -> Result<(), DotenvFault> {
    let mut reader = DotenvReader { text, position: if text.starts_with('\u{FEFF}') { 3 } else { 0 } };
    while reader.skip_to_statement() {
        let start = reader.position;
        let (name, inherited) = reader.name()?;
        if name.contains(' ') {
            return Err(reader.fault(start, "a variable name cannot contain a space"));
        }
        let (value, unset) = if inherited {
            (None, Vec::new())
        } else {
            reader.value(variables).map(|(value, unset)| (Some(value), unset))?
        };
        let end = start + text.get(start..reader.position).unwrap_or_default().trim_end().len();
        if !seen(variables, DotenvAssignment { name, value, place: start..end, unset }) {
            return Err(reader
                .too_large(start, "the values of the env files exceed the limit for all of them together"));
        }
    }
    Ok(())
}

struct DotenvReader<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> DotenvReader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn fault(&self, start: usize, message: &str) -> DotenvFault {
        let line = self.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        DotenvFault {
            message: message.to_owned(),
            place: start..start + line.trim_end().len(),
            too_large: false,
        }
    }

    fn too_large(&self, start: usize, message: &str) -> DotenvFault {
        DotenvFault { too_large: true, ..self.fault(start, message) }
    }

    /// Skips white space and comments; returns false at the end.
    fn skip_to_statement(&mut self) -> bool {
        loop {
            let rest = self.rest();
            self.position += rest.len() - rest.trim_start().len();
            if !self.rest().starts_with('#') {
                return !self.rest().is_empty();
            }
            self.position += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start_matches(is_blank).len();
    }

    /// Reads the name, and whether it is alone on its line.
    fn name(&mut self) -> Result<(String, bool), DotenvFault> {
        if let Some(after) = self.rest().strip_prefix("export")
            && after.starts_with(['\t', '\n', '\u{c}', '\r', ' '])
        {
            self.position += "export".len();
            self.skip_blanks();
        }
        let start = self.position;
        for (at, next) in self.rest().char_indices() {
            match next {
                '=' | ':' | '\n' => {
                    let name = self.rest().get(..at).unwrap_or_default().trim_end().to_owned();
                    self.position += at + 1;
                    self.skip_blanks();
                    return Ok((name, next == '\n'));
                }
                '_' | '.' | '-' | '[' | ']' => {}
                _ if is_blank(next) || next.is_alphabetic() || next.is_numeric() => {}
                _ => {
                    let message = format!("unexpected character `{next}` in a variable name");
                    return Err(self.fault(start, &message));
                }
            }
        }
        if self.rest().is_empty() {
            return Err(self.fault(start.saturating_sub("export".len()), "`export` without a name"));
        }
        // A name at the very end, without a newline, is read as a value without a name.
        Ok((String::new(), false))
    }

    fn value(&mut self, variables: &mut dyn VariableLookup) -> Result<(String, Vec<Arc<str>>), DotenvFault> {
        let start = self.position;
        match self.rest().bytes().next() {
            Some(quote @ (b'"' | b'\'')) => {
                let raw = self.quoted(quote)?;
                if quote == b'\'' {
                    return Ok((raw, Vec::new()));
                }
                self.expand(&unescape(&raw), start, variables)
            }
            _ => {
                let line = self.rest().split('\n').next().unwrap_or_default();
                self.position = (self.position + line.len() + 1).min(self.text.len());
                let value = line.split(" #").next().unwrap_or_default().trim_end();
                self.expand(value, start, variables)
            }
        }
    }

    fn expand(
        &self,
        value: &str,
        start: usize,
        variables: &mut dyn VariableLookup,
    ) -> Result<(String, Vec<Arc<str>>), DotenvFault> {
        if !template::has_expression(value) {
            return Ok((value.to_owned(), Vec::new()));
        }
        match template::expand(value, variables) {
            Ok(expansion) => Ok((expansion.text, expansion.unset)),
            Err(TemplateError::Malformed(_)) => Err(self.fault(start, "invalid `$` expression")),
            Err(TemplateError::TooLong(_)) => {
                let most = template::MOST_ADDED >> 20;
                Err(self
                    .too_large(start, &format!("the variables in this value make it larger than {most} MiB")))
            }
            Err(TemplateError::Required { variable, reason, .. }) => {
                let colon = if reason.is_empty() { "" } else { ": " };
                let message = format!("the required variable `{variable}` has no value{colon}{reason}");
                Err(self.fault(start, &message))
            }
        }
    }

    /// A quoted string up to its closing quote; only an escaped quote is unescaped.
    fn quoted(&mut self, quote: u8) -> Result<String, DotenvFault> {
        let mut value = String::new();
        let mut escaped = false;
        for (at, next) in self.rest().char_indices().skip(1) {
            if next == char::from(quote) {
                if !escaped {
                    self.position += at + 1;
                    return Ok(value);
                }
                escaped = false;
                value.push(next);
            } else if !escaped && next == '\\' {
                escaped = true;
            } else {
                if escaped {
                    escaped = false;
                    value.push('\\');
                }
                value.push(next);
            }
        }
        Err(self.fault(self.position, "a quoted value has no closing quote"))
    }
}

/// Skips blanks other than newlines.
fn is_blank(next: char) -> bool {
    matches!(next, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

/// Resolves the escapes in double quotes: `\a \b \f \n \r \t \v \" \\`, `\0` with three octal digits, and
/// `\$`, which becomes `$$`.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let after = rest.get(at + 1..).unwrap_or_default();
        let (replacement, used) = escape(after);
        match replacement {
            Some(text) => out.push_str(&text),
            None => out.push_str(rest.get(at..at + 1 + used).unwrap_or_default()),
        }
        rest = after.get(used..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The replacement for the escape after a backslash, and its length in bytes.
fn escape(after: &str) -> (Option<String>, usize) {
    let one = |text: &str| (Some(text.to_owned()), 1);
    match after.bytes().next() {
        Some(b'a') => one("\u{7}"),
        Some(b'b') => one("\u{8}"),
        Some(b'f') => one("\u{c}"),
        Some(b'n') => one("\n"),
        Some(b'r') => one("\r"),
        Some(b't') => one("\t"),
        Some(b'v') => one("\u{b}"),
        Some(b'"') => one("\""),
        Some(b'\\') => one("\\"),
        Some(b'$') => one("$$"),
        Some(b'c') => (None, 1),
        Some(b'0') => {
            let digits = after.get(1..).unwrap_or_default();
            let count = digits.bytes().take(3).take_while(u8::is_ascii_digit).count();
            let code = digits
                .get(..count)
                .filter(|_| count == 3)
                .and_then(|digits| u8::from_str_radix(digits, 8).ok());
            // As in Compose, an invalid character code loses its zero.
            let text = match code {
                Some(code) => char::from(code).to_string(),
                None => format!("\\{}", digits.get(..count).unwrap_or_default()),
            };
            (Some(text), 1 + count)
        }
        _ => (None, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::SourcedValue;
    use crate::source::VariableSource;

    #[derive(Default)]
    struct Known(Vec<(String, String)>);

    impl VariableLookup for Known {
        fn variable(&mut self, name: &str) -> Option<SourcedValue> {
            let found = self.0.iter().rev().find(|(known, _)| known == name)?;
            Some(SourcedValue { value: found.1.as_str().into(), source: VariableSource::Unset })
        }
    }

    fn read(text: &str) -> Result<Vec<(String, String)>, String> {
        let mut known = Known(vec![("OUT".to_owned(), "out".to_owned())]);
        parse(text, &mut known, |known, one| {
            let inherited = known.variable(&one.name).map(|variable| variable.value.to_string());
            if let Some(value) = one.value.or(inherited) {
                known.0.push((one.name, value));
            }
            true
        })
        .map_err(|fault| fault.message)?;
        known.0.remove(0);
        Ok(known.0)
    }

    #[test]
    fn assignments() {
        for (text, expected) in [
            ("A=1\nB=2", vec![("A", "1"), ("B", "2")]),
            ("\u{FEFF}# note\n\n  A = b c  # note\r\n", vec![("A", "b c")]),
            ("export A=1\nexport\tB='2'\n", vec![("A", "1"), ("B", "2")]),
            ("A: yaml\n", vec![("A", "yaml")]),
            ("A=\nB=", vec![("A", ""), ("B", "")]),
            ("A=a=b#c\n", vec![("A", "a=b#c")]),
            ("A=#x\n", vec![("A", "#x")]),
            ("A=\"two\nlines\"\nB=1\n", vec![("A", "two\nlines"), ("B", "1")]),
            ("A='it\\'s $OUT \\n'\n", vec![("A", "it's $OUT \\n")]),
            ("A=\"\\$OUT \\\"q\\\" \\t \\0101 \\x \\012\"\n", vec![("A", "$OUT \"q\" \t A \\x \\12")]),
            ("A=1\nB=${A}${OUT}-${NO:-d}\n", vec![("A", "1"), ("B", "1out-d")]),
            ("OUT\nNO\nA=1\n", vec![("OUT", "out"), ("A", "1")]),
            ("A=\"x\" # note\nB='y'\n", vec![("A", "x"), ("B", "y")]),
            ("A.b-c[0]=1\n", vec![("A.b-c[0]", "1")]),
        ] {
            let expected: Vec<_> =
                expected.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            assert_eq!(read(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn doubling_ends() {
        let lines = (1..40).map(|level| format!("V{level}=${{V{}}}${{V{}}}\n", level - 1, level - 1));
        let text = format!("V0=0123456789\n{}", lines.collect::<String>());
        let message = "the variables in this value make it larger than 4 MiB";
        assert_eq!(read(&text), Err(message.to_owned()));
    }

    #[test]
    fn faults() {
        for (text, message) in [
            ("A B=1\n", "a variable name cannot contain a space"),
            ("A!=1\n", "unexpected character `!` in a variable name"),
            ("A=\"x\n", "a quoted value has no closing quote"),
            ("A=${}\n", "invalid `$` expression"),
            ("A=${NO?say}\n", "the required variable `NO` has no value: say"),
        ] {
            assert_eq!(read(text), Err(message.to_owned()), "{text:?}");
        }
    }

    proptest::proptest! {
        /// Whatever the file: no panic, and each assignment has its place in it, in order.
        #[test]
        fn any_file_is_read_within_bounds(
            pieces in proptest::collection::vec("A|B|export |=|:|\"|'|\\\\|\\$|\\{|\\}|#| |\n|\r\n|é|\u{feff}|x{1,9}", 0..40)
        ) {
            let text = pieces.concat();
            let (mut end, mut bytes) = (0, 0);
            let outcome = parse(&text, &mut Known::default(), |known, one| {
                assert!(one.place.start >= end && text.get(one.place.clone()).is_some(), "{text:?} {one:?}");
                end = one.place.start;
                bytes += one.value.as_ref().map_or(0, String::len);
                known.0.push((one.name, one.value.unwrap_or_default()));
                true
            });
            if let Err(fault) = outcome {
                proptest::prop_assert!(text.get(fault.place.clone()).is_some(), "{text:?} {fault:?}");
            }
            proptest::prop_assert!(bytes <= template::MOST_ADDED);
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

        /// A variable may hold others any number of times: the result is bounded, or a fault.
        #[test]
        fn any_doubling_ends(factor in 2_usize..12, levels in 1_usize..40) {
            let line = |level: usize| format!("V{level}={}\n", format!("${{V{}}}", level - 1).repeat(factor));
            let text = format!("V0=0123456789\n{}", (1..=levels).map(line).collect::<String>());
            let longest = read(&text).map(|read| read.iter().map(|(_, value)| value.len()).max());
            let length = u32::try_from(levels).ok().and_then(|levels| factor.checked_pow(levels)?.checked_mul(10));
            match length.filter(|length| *length <= template::MOST_ADDED) {
                Some(length) => proptest::prop_assert_eq!(longest, Ok(Some(length))),
                None => proptest::prop_assert!(longest.is_err()),
            }
        }
    }
}
