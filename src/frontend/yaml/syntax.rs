//! Turns syntax errors into messages that tell the reader what to change.
//!
//! In: the parser's error. Out: one diagnostic, at the position of the mistake rather than where the
//! parser noticed it: the bracket that was never closed, the tab, the wrongly indented line.

use crate::diagnostic::{Diagnostic, DiagnosticRule, Diagnostics, rules::yaml as rule};
use crate::source::{FileId, Sources, Span};
use granit_parser::ErrorKind;

/// Where and why the parser stopped.
pub(super) struct SyntaxFailure<'a> {
    /// The parser's own name for it.
    pub(super) kind: &'a ErrorKind,
    /// The byte offset where it stopped.
    pub(super) offset: usize,
    /// The innermost flow collection that was open.
    pub(super) open: Option<Span>,
}

/// The message for a kind of error.
struct SyntaxAdvice {
    rule: &'static DiagnosticRule,
    message: String,
    label: &'static str,
    help: &'static str,
}

fn advice(
    rule: &'static DiagnosticRule,
    message: &str,
    label: &'static str,
    help: &'static str,
) -> SyntaxAdvice {
    SyntaxAdvice { rule, message: message.to_owned(), label, help }
}

/// Reports the error.
pub(super) fn report(
    file: FileId,
    text: &str,
    failure: &SyntaxFailure<'_>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) {
    let (offset, open) = (failure.offset.min(text.len()), failure.open);
    let advice = advise(failure.kind, text, offset, open.is_some());
    let at = match failure.kind {
        _ if advice.rule == &rule::TAB => tab_near(text, offset),
        ErrorKind::InvalidQuotedScalarIndent => opening_quote(text, offset),
        _ => visible(text, offset),
    };
    let place = sources.read_at(Span::new(file, at, next_boundary(text, at)));
    let mut diagnostic = Diagnostic::new(advice.rule, advice.message);
    match open.filter(|_| advice.rule == &rule::UNCLOSED) {
        Some(opener) => {
            let opener = sources.read_at(Span { end: opener.start + 1, ..opener });
            diagnostic = diagnostic.label(opener, "never closed").label(place, advice.label);
        }
        None => diagnostic = diagnostic.label(place, advice.label),
    }
    diagnostics.push(diagnostic.help(advice.help));
}

/// An offset that can be shown: not past the last visible character.
fn visible(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    if text.get(offset..).is_some_and(|rest| !rest.trim_start().is_empty()) {
        return offset;
    }
    before.trim_end().char_indices().next_back().map_or(0, |(at, _)| at)
}

/// The quote before an offset that is at the start of a value: the one whose end the parser was looking for.
fn opening_quote(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    let opens = |at: &usize| {
        before.get(..*at).is_none_or(|head| head.is_empty() || head.ends_with([' ', '\n', '[', '{', ',']))
    };
    let quotes = before.char_indices().filter(|(_, character)| matches!(character, '"' | '\''));
    quotes.map(|(at, _)| at).rfind(opens).unwrap_or_else(|| visible(text, offset))
}

fn next_boundary(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(at, |first| at + first.len_utf8())
}

/// The tab that broke the parse: on the error's line, or at the error itself.
fn tab_near(text: &str, offset: usize) -> usize {
    let start = text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or("");
    line.find('\t').map_or(visible(text, offset), |at| start + at)
}

fn advise(kind: &ErrorKind, text: &str, offset: usize, in_flow: bool) -> SyntaxAdvice {
    use ErrorKind as Kind;
    if indented_by_tab(text, offset) {
        return advice(
            &rule::TAB,
            "tabs are not allowed in indentation",
            "this tab",
            "indent with spaces; most editors can convert tabs",
        );
    }
    match kind {
        Kind::TabNotAllowed
        | Kind::TabInBlockIndentation
        | Kind::TabInIndentation
        | Kind::TabAtBlockScalarStart
        | Kind::TabInPlainScalar => advice(
            &rule::TAB,
            "a tab where YAML only allows spaces",
            "this tab",
            "replace the tab with spaces",
        ),
        Kind::UnexpectedEofFlowSequence
        | Kind::UnexpectedEofFlowMapping
        | Kind::UnexpectedEofImplicitFlowMapping
        | Kind::UnclosedFlowCollection { .. } => unclosed(),
        _ if in_flow
            && !matches!(
                kind,
                Kind::RecursionLimitExceeded | Kind::UnclosedQuotedScalar | Kind::InvalidQuotedScalarIndent
            ) =>
        {
            unclosed()
        }
        Kind::UnclosedQuotedScalar
        | Kind::DocumentIndicatorInQuotedScalar
        | Kind::InvalidQuotedScalarIndent => advice(
            &rule::UNCLOSED,
            "a quoted string is not closed",
            "opened here",
            "close it with the same quote; inside single quotes, write '' for a quote",
        ),
        Kind::MismatchedFlowCollectionEnd { .. } | Kind::MisplacedFlowCollectionEnd => advice(
            &rule::UNCLOSED,
            "mismatched closing bracket",
            "this bracket",
            "close `[` with `]` and `{` with `}`",
        ),
        Kind::RecursionLimitExceeded => advice(
            &rule::TOO_DEEP,
            "values are nested more than 255 levels deep",
            "one level too many",
            "flatten the structure",
        ),
        other => structural(other, text, offset),
    }
}

fn unclosed() -> SyntaxAdvice {
    advice(
        &rule::UNCLOSED,
        "a list or mapping in brackets is not closed",
        "not expected inside the brackets",
        "close it, and separate its entries with commas",
    )
}

/// Errors of block structure: mostly indentation, or a misplaced colon.
fn structural(kind: &ErrorKind, text: &str, offset: usize) -> SyntaxAdvice {
    use ErrorKind as Kind;
    match kind {
        Kind::MappingValueNotAllowed | Kind::InvalidColonPlacement | Kind::MappingKeyNotAllowed => advice(
            &rule::COLON,
            "an unquoted value contains `: `",
            "this colon starts a second value",
            "quote the whole value, or move the key to its own line",
        ),
        Kind::SimpleKeyExpected | Kind::InvalidSimpleKey | Kind::InvalidMappingValueWhitespace => advice(
            &rule::COLON,
            "a line is neither `key: value` nor a list item",
            "expected `: ` here or before",
            "write a colon and a space between key and value",
        ),
        Kind::ExpectedBlockMappingKey
        | Kind::ExpectedBlockSequenceEntry
        | Kind::InvalidIndentation
        | Kind::BlockSequenceEntryNotAllowed
        | Kind::InvalidBlockScalarIndent
        | Kind::InvalidQuotedScalarIndent
        | Kind::InvalidFlowScalarIndent => advice(
            &rule::INDENTATION,
            "the indentation does not match the lines above",
            "does not align with the lines above",
            "align it with its siblings, or indent it under its key",
        ),
        Kind::UnexpectedCharacter { .. } | Kind::ExpectedNodeContent => advice(
            &rule::SYNTAX,
            &format!("an unquoted value cannot start with `{}`", character(text, offset)),
            "quote this value",
            "quote the value",
        ),
        Kind::UnknownQuotedScalarEscape | Kind::InvalidQuotedScalarHexEscape | Kind::InvalidUnicodeEscape => {
            advice(
                &rule::SYNTAX,
                "unknown escape in a double-quoted string",
                "this escape",
                "double the backslash, or use single quotes",
            )
        }
        Kind::InvalidTrailingSingleQuotedScalar | Kind::InvalidTrailingDoubleQuotedScalar => advice(
            &rule::SYNTAX,
            "unexpected text after a closing quote",
            "after the closing quote",
            "put the whole value between the quotes",
        ),
        Kind::TooManyReservedDirectiveParams { .. } => advice(
            &rule::SYNTAX,
            "a line that starts with `%` is a directive, and Docker Compose only supports `%TAG`",
            "this directive",
            "delete the line",
        ),
        Kind::UnsupportedYamlMajorVersion | Kind::DuplicateVersionDirective => advice(
            &rule::VERSION,
            "the file declares a YAML version that Docker Compose does not support",
            "here",
            "delete the line `%YAML ...`",
        ),
        other => SyntaxAdvice {
            rule: &rule::SYNTAX,
            message: format!("invalid YAML: {other}"),
            label: "here",
            help: "correct the line, or the one above it",
        },
    }
}

fn character(text: &str, offset: usize) -> char {
    text.get(offset..).and_then(|rest| rest.chars().next()).unwrap_or(' ')
}

/// Whether the indentation of the error's line, or of the line before it, contains a tab.
fn indented_by_tab(text: &str, offset: usize) -> bool {
    let before = text.get(..offset).unwrap_or("");
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..).unwrap_or("");
    line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).any(|byte| byte == b'\t')
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use crate::diagnostic::Diagnostics;
    use crate::source::Sources;

    fn first_error(text: &str) -> (String, usize, usize) {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let file = sources.add_file("compose.yaml".into(), text.to_owned());
        assert!(parse(file, &mut sources, &mut diagnostics).is_none(), "{text:?} was accepted");
        let diagnostic = diagnostics.iter().next().unwrap();
        let span = sources.place(diagnostic.labels[0].origin).unwrap();
        let location = sources.file(span.file).unwrap().location(span.start);
        (diagnostic.rule.name.to_owned(), location.line, location.column)
    }

    #[test]
    fn common_mistakes_are_shown_where_they_are() {
        for (text, rule, line, column) in [
            ("a: [b, c\nd: e\n", "yaml/unclosed", 1, 4),
            ("a: {b: c\n", "yaml/unclosed", 1, 4),
            ("a:\n  b: \"c\nd: e\n", "yaml/unclosed", 2, 6),
            ("a:\n  b: 'c\n", "yaml/unclosed", 2, 6),
            ("a:\n  b: \"c\nd: \"e\"\n", "yaml/unclosed", 2, 6),
            ("a: [b}\n", "yaml/unclosed", 1, 4),
            ("a:\n\tb: c\n", "yaml/tab", 2, 1),
            ("a: b: c\n", "yaml/colon", 1, 5),
            ("a:\n  b: c\n d: e\n", "yaml/indentation", 3, 2),
            ("a:\n  - b\n c: d\n", "yaml/indentation", 3, 2),
            ("a: \"b\nc: d\n", "yaml/unclosed", 1, 4),
            ("a:\n  b: c\n\t\n", "yaml/tab", 3, 1),
            ("%A b\n---\na: b\n", "yaml/syntax", 1, 1),
            ("a: \"\\/\"\n", "yaml/syntax", 1, 5),
            ("a: @b\n", "yaml/syntax", 1, 4),
            ("a: \"\\q\"\n", "yaml/syntax", 1, 4),
            ("a: 'b' c\n", "yaml/syntax", 1, 8),
            ("%YAML 1.2\n---\na: b\n", "yaml/version", 2, 1),
            ("a: *b\n", "yaml/unknown-anchor", 1, 4),
            ("1: b\n", "yaml/key-not-text", 1, 1),
            ("a: b\na: c\n", "yaml/duplicate-key", 2, 1),
        ] {
            assert_eq!(first_error(text), (rule.to_owned(), line, column), "{text:?}");
        }
    }
}
