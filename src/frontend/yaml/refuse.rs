//! Rejects what the parser crate accepts but go-yaml does not: tabs that indent otherwise empty lines, `\/`, and
//! a file that starts with `...`.
//!
//! In: a parsed file. Out: diagnostics. A file without such bytes is skipped quickly.

use super::{Node, NodeValue};
use crate::diagnostic::{Diagnostic, Diagnostics, rules::yaml as rule};
use crate::source::{FileId, Origin, Provenance, Sources, Span};

/// The most tabs to report: the file is rejected anyway.
const MOST_SHOWN: usize = 100;

/// Reports them.
pub(super) fn check(
    file: FileId,
    text: &str,
    documents: &[Node],
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) {
    if let Some(at) = leading_end(text) {
        let origin = sources.read_at(Span::new(file, at, at + 3));
        let message = "`...` ends a document, but none has started";
        diagnostics.push(Diagnostic::new(&rule::SYNTAX, message).at(origin).help("delete the line"));
    }
    let suspects: Vec<usize> = tabs(text);
    let slashes = text.contains("\\/");
    if suspects.is_empty() && !slashes {
        return;
    }
    let mut texts = Vec::new();
    documents.iter().for_each(|document| collect(document, text, sources, &mut texts));
    texts.sort_unstable();
    for at in suspects {
        let before = texts.partition_point(|(start, _)| *start <= at);
        let inside = texts.iter().take(before).any(|(_, end)| *end > at);
        if !inside && !continues(text, at) && !between_comments(text, at) {
            let origin = sources.read_at(Span::new(file, at, at + 1));
            let message = "tabs are not allowed in indentation, not even on an empty line";
            diagnostics
                .push(Diagnostic::new(&rule::TAB, message).label(origin, "this tab").help("delete the tab"));
        }
    }
    if slashes {
        escaped_slashes(file, text, &texts, sources, diagnostics);
    }
}

/// The position of a leading `...`, after nothing but comments and empty lines.
fn leading_end(text: &str) -> Option<usize> {
    let is_empty = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let start: usize = text.split_inclusive('\n').take_while(is_empty).map(str::len).sum();
    let rest = text.get(start..)?.strip_prefix("...")?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some(start)
}

/// The first tab in the indentation of every line that has one and then contains at most a comment.
fn tabs(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start_matches([' ', '\t']);
        let indentation = line.get(..line.len() - content.len()).unwrap_or_default();
        if let Some(at) = indentation.find('\t')
            && (content.trim_end().is_empty() || content.starts_with('#'))
        {
            found.push(start + at);
            if found.len() == MOST_SHOWN {
                break;
            }
        }
        start += line.len();
    }
    found
}

/// Byte ranges of all quoted and block strings and all flow collections.
fn collect(node: &Node, text: &str, sources: &Sources, out: &mut Vec<(usize, usize)>) {
    if let Provenance::Read(span) = *sources.provenance(node.origin) {
        add(span, text, out);
    }
    match &node.value {
        NodeValue::Sequence(items) => items.iter().for_each(|item| collect(item, text, sources, out)),
        NodeValue::Mapping(mapping) => {
            for entry in mapping {
                if entry.key.origin != Origin::NOWHERE
                    && let Provenance::Read(span) = *sources.provenance(entry.key.origin)
                {
                    add(span, text, out);
                }
                collect(&entry.value, text, sources, out);
            }
        }
        _ => {}
    }
}

fn add(span: Span, text: &str, out: &mut Vec<(usize, usize)>) {
    let (start, end) = (span.start as usize, span.end as usize);
    let raw = text.get(start..end).unwrap_or_default();
    if raw.starts_with(['"', '\'', '|', '>', '[', '{']) || raw.contains('\n') {
        out.push((start, end));
    }
}

/// Whether the tab is to the right of the start of the last line with content: there it only ends a plain
/// string.
fn continues(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = at - line_start;
    let last = text.get(..line_start).unwrap_or_default().lines().rev().find(|line| !line.trim().is_empty());
    last.is_some_and(|line| line.len() - line.trim_start().len() < column)
}

/// Whether there are comment-only lines before and after the tab: go-yaml reads them in one go, including
/// the blanks between them.
fn between_comments(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at_checked(at).unwrap_or_default();
    let last = before.lines().rev().find(|line| !line.trim().is_empty());
    after.trim_start().starts_with('#') && last.is_some_and(|line| line.trim_start().starts_with('#'))
}

/// `\/` is an escape of JSON and of YAML 1.2, but not of go-yaml.
fn escaped_slashes(
    file: FileId,
    text: &str,
    texts: &[(usize, usize)],
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) {
    for (start, end) in texts {
        let raw = text.get(*start..*end).unwrap_or_default();
        if !raw.starts_with('"') || is_block_content(text, *start) {
            continue;
        }
        let mut bytes = raw.bytes().enumerate();
        while let Some((at, byte)) = bytes.next() {
            if byte == b'\\' && bytes.next().is_some_and(|(_, next)| next == b'/') {
                let origin = sources.read_at(Span::new(file, start + at, start + at + 2));
                let message = "`\\/` is not an escape in Docker Compose's parser";
                diagnostics.push(
                    Diagnostic::new(&rule::SYNTAX, message)
                        .at(origin)
                        .help("write `/` without the backslash"),
                );
            }
        }
    }
}

/// Whether a string that starts here is the content of a block scalar: the last line with content above it ends in
/// the block's header, such as `|-` or `>2`.
fn is_block_content(text: &str, start: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let Some(above) = before.trim_end_matches([' ', '\t']).strip_suffix('\n') else { return false };
    let header = above.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let header = header.split_once(" #").map_or(header, |(header, _)| header).trim_end();
    let indicators = header.trim_end_matches(|letter: char| letter.is_ascii_digit() || "+-".contains(letter));
    indicators.ends_with(['|', '>'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_may_start_with_a_quote_and_hold_any_slash() {
        for (text, refused) in [
            ("a: |-\n  \"\n  \\/\n", 0),
            ("a: >2 # comment\n  \"x\\/y\"\n", 0),
            ("a: \"x\\/y\"\n", 1),
            ("a:\n  \"x\\/y\"\n", 1),
        ] {
            let mut sources = Sources::new();
            let mut diagnostics = Diagnostics::new();
            let file = sources.add_file(camino::Utf8Path::new("compose.yaml"), text.to_owned());
            crate::yaml::parse(file, &mut sources, &mut diagnostics);
            assert_eq!(diagnostics.error_count(), refused, "{text:?}");
        }
    }

    #[test]
    fn only_full_comments_on_both_sides_hide_a_tab() {
        for (text, hidden) in [
            ("# a\n\t\n# b\n", true),
            ("# a\n\t# b\n", true),
            ("a: b\n  # c\n\n \t\n# d\n", true),
            ("# a\n\t\na: b\n", false),
            ("\t\n# a\n", false),
            ("a: b # c\n\t# d\n", false),
        ] {
            let at = text.find('\t').unwrap();
            assert_eq!(between_comments(text, at), hidden, "{text:?}");
        }
    }
}
