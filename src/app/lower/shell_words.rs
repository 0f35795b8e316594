//! Words for a shell: text that a shell reads as it is, and variables in its place.
//!
//! In: a text and the parts of it that a variable gives. Out: shell source that reads as the text with the variables'
//! values. Invariant: a value is never split, expanded or read as shell source. Source: POSIX, Shell Command
//! Language, "Quoting".

use super::address_scan::TextRange;
use super::flat_text::{FlatText, OPEN};
use crate::{Text, TextPiece, TextSegment};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// A part of a text that a variable of the container gives.
#[derive(Debug, Clone)]
pub(super) struct VariablePart {
    /// Where it stands.
    pub(super) range: TextRange,
    /// The variable.
    pub(super) variable: String,
}

/// Shell source, with a placeholder for each piece that is not known yet.
#[derive(Debug, Clone, Default)]
pub(super) struct ShellSource {
    source: String,
    open: Vec<TextSegment>,
}

impl ShellSource {
    /// A word that is known.
    pub(super) fn word(text: &str) -> Self {
        ShellSource { source: quoted(text), open: Vec::new() }
    }

    /// An argument as one word.
    pub(super) fn argument(flat: &FlatText, parts: &[VariablePart]) -> Self {
        let mut source = String::new();
        let mut end = 0;
        for VariablePart { range, variable } in parts {
            source.push_str(&quoted_run(flat.text.get(end..range.start).unwrap_or_default()));
            source.push_str(&format!("\"${variable}\""));
            end = range.end;
        }
        source.push_str(&quoted_run(flat.text.get(end..).unwrap_or_default()));
        if source.is_empty() {
            source.push_str("''");
        }
        ShellSource { source, open: open_outside(flat, parts) }
    }

    /// A script with variables in place of its parts, in quotes where those around them end.
    pub(super) fn script(flat: &FlatText, parts: &[VariablePart]) -> Self {
        let (mut source, mut quotes, mut end) = (String::new(), QuoteState::default(), 0);
        for VariablePart { range, variable } in parts {
            let before = flat.text.get(end..range.start).unwrap_or_default();
            quotes.read(before);
            source.push_str(before);
            source.push_str(&match quotes.open {
                None => format!("\"${{{variable}}}\""),
                Some('"') => format!("${{{variable}}}"),
                Some(_) => format!("'\"${{{variable}}}\"'"),
            });
            end = range.end;
        }
        source.push_str(flat.text.get(end..).unwrap_or_default());
        ShellSource { source, open: open_outside(flat, parts) }
    }

    /// The words of a command, one after the other.
    pub(super) fn joined(start: &str, words: impl Iterator<Item = ShellSource>) -> Self {
        let mut all = ShellSource { source: start.to_owned(), open: Vec::new() };
        for word in words {
            if !all.source.is_empty() {
                all.source.push(' ');
            }
            all.source.push_str(&word.source);
            all.open.extend(word.open);
        }
        all
    }

    /// As a text.
    pub(super) fn text(self, node: NodeId, origin: Origin) -> Text {
        let mut text = Text::empty(node, origin);
        let mut open = self.open.into_iter();
        for (index, part) in self.source.split(OPEN).enumerate() {
            if let Some(segment) = (index > 0).then(|| open.next()).flatten() {
                text.segments.push(segment);
            }
            if !part.is_empty() {
                text.push(TextPiece::Literal(part.into()), origin);
            }
        }
        text
    }
}

fn open_outside(flat: &FlatText, parts: &[VariablePart]) -> Vec<TextSegment> {
    let inside =
        |at: &TextRange| parts.iter().any(|part| part.range.start <= at.start && at.end <= part.range.end);
    flat.open_parts().filter(|(at, _)| !inside(at)).map(|(_, segment)| segment.clone()).collect()
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "''".to_owned() } else { quoted_run(text) }
}

/// A part of a word; nothing for nothing.
fn quoted_run(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:=@%+,".contains(letter);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Inside which quotes a script stands.
#[derive(Debug, Default)]
struct QuoteState {
    open: Option<char>,
    escaped: bool,
}

impl QuoteState {
    fn read(&mut self, text: &str) {
        for letter in text.chars() {
            match (self.open, letter) {
                _ if self.escaped => self.escaped = false,
                (None | Some('"'), '\\') => self.escaped = true,
                (None, '"' | '\'') => self.open = Some(letter),
                (Some(open), letter) if open == letter => self.open = None,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str, secret: &str, made: fn(&FlatText, &[VariablePart]) -> ShellSource) -> String {
        let flat = FlatText::of(&Text::known(text, NodeId::UNNUMBERED, Origin::NOWHERE));
        let start = text.find(secret).unwrap();
        let part = VariablePart { range: start..start + secret.len(), variable: "V".to_owned() };
        made(&flat, &[part]).source
    }

    #[test]
    fn an_argument_is_one_word() {
        for (text, shell) in [
            ("walnut", "\"$V\""),
            ("-pwalnut", "-p\"$V\""),
            ("a b'walnut$c", "'a b'\\'''\"$V\"'$c'"),
            ("--url=a://u:walnut@h/x", "--url=a://u:\"$V\"@h/x"),
        ] {
            assert_eq!(source(text, "walnut", ShellSource::argument), shell, "{text}");
        }
        assert_eq!(ShellSource::word("").source, "''");
        assert_eq!(ShellSource::word("$x").source, "'$x'");
    }

    #[test]
    fn a_script_keeps_its_quotes() {
        for (text, shell) in [
            ("run -a walnut ping", "run -a \"${V}\" ping"),
            ("run \"a walnut\" b", "run \"a ${V}\" b"),
            ("run 'a walnut' b", "run 'a '\"${V}\"'' b"),
            ("run \\'walnut", "run \\'\"${V}\""),
        ] {
            assert_eq!(source(text, "walnut", ShellSource::script), shell, "{text}");
        }
    }
}
