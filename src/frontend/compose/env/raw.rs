//! `format: raw` of an env file: lines are taken literally, as `docker run --env-file` does.

use std::ops::Range;

/// A line that sets or inherits a variable.
#[derive(Debug, PartialEq)]
pub(super) struct RawLine<'a> {
    /// The variable.
    pub(super) name: &'a str,
    /// Its value; `None` for a bare name.
    pub(super) value: Option<&'a str>,
    /// The line's bytes.
    pub(super) place: Range<usize>,
}

/// Parses the lines in order.
///
/// # Errors
/// The error in the first invalid line, and its byte range.
pub(super) fn lines(text: &str) -> Result<Vec<RawLine<'_>>, (String, Range<usize>)> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.strip_suffix('\n').unwrap_or(line);
        let content = content.strip_suffix('\r').unwrap_or(content);
        let end = start + content.len();
        let content = if start == 0 { content.trim_start_matches('\u{FEFF}') } else { content }.trim_start();
        let place = end - content.len()..end;
        start += line.len();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let (name, value) = match content.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (content, None),
        };
        if name.is_empty() {
            return Err(("the line has no variable name".to_owned(), place));
        }
        if name.contains(char::is_whitespace) {
            return Err(("a variable name cannot contain white space".to_owned(), place));
        }
        found.push(RawLine { name, value, place });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_letter_for_letter() {
        let text = "# note\n A='x' \"$B\" # no note\r\nB\n\nC=\n";
        let line = |name, value, place| RawLine { name, value, place };
        let expected = vec![
            line("A", Some("'x' \"$B\" # no note"), 8..28),
            line("B", None, 30..31),
            line("C", Some(""), 33..35),
        ];
        assert_eq!(lines(text), Ok(expected));
        assert!(lines("=x\n").is_err());
        assert!(lines("A B=x\n").is_err());
    }
}
