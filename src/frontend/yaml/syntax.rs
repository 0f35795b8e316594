//! Syntax errors, told so that a reader sees what to change.
//!
//! In: the parser's error. Out: one diagnostic, at the place where the mistake is rather than where the
//! parser noticed it: the bracket that was never closed, the tab, the line that is indented wrongly.

use crate::diagnostic::{Diagnostic, Diagnostics, Rule, rules::yaml as rule};
use crate::source::{FileId, Sources, Span};
use granit_parser::ErrorKind;

/// Where and why the parser stopped.
pub(super) struct Failure<'a> {
    /// The parser's own name for it.
    pub(super) kind: &'a ErrorKind,
    /// The byte it stopped at.
    pub(super) offset: usize,
    /// The innermost flow collection that was open.
    pub(super) open: Option<Span>,
}

/// What to say of a kind of error.
struct Advice {
    rule: &'static Rule,
    message: String,
    label: &'static str,
    help: &'static str,
}

fn advice(rule: &'static Rule, message: &str, label: &'static str, help: &'static str) -> Advice {
    Advice { rule, message: message.to_owned(), label, help }
}

/// Reports the error.
pub(super) fn report(
    file: FileId,
    text: &str,
    failure: &Failure<'_>,
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

/// The quote before an offset that stands where a value begins: the one whose end the parser was looking for.
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

/// The tab that the parser stumbled over: on the error's line, or where the error is.
fn tab_near(text: &str, offset: usize) -> usize {
    let start = text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or("");
    line.find('\t').map_or(visible(text, offset), |at| start + at)
}

fn advise(kind: &ErrorKind, text: &str, offset: usize, in_flow: bool) -> Advice {
    use ErrorKind as Kind;
    if indented_by_tab(text, offset) {
        return advice(
            &rule::TAB,
            "a tab may not indent YAML",
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
            "a tab stands where YAML takes only spaces",
            "this tab",
            "replace the tab by spaces",
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
            "a quoted text is not closed",
            "opened here",
            "close it with the same quote; inside single quotes write '' for one quote",
        ),
        Kind::MismatchedFlowCollectionEnd { .. } | Kind::MisplacedFlowCollectionEnd => advice(
            &rule::UNCLOSED,
            "a bracket closes what it did not open",
            "this bracket",
            "close `[` with `]` and `{` with `}`",
        ),
        Kind::RecursionLimitExceeded => advice(
            &rule::TOO_DEEP,
            "values are nested more than 255 deep",
            "one level too many",
            "flatten the structure",
        ),
        other => structural(other, text, offset),
    }
}

fn unclosed() -> Advice {
    advice(
        &rule::UNCLOSED,
        "a list or mapping in brackets is not closed",
        "not expected inside the brackets",
        "close it, and separate its entries by commas",
    )
}

/// Errors of block structure: mostly indentation, or a colon where none may stand.
fn structural(kind: &ErrorKind, text: &str, offset: usize) -> Advice {
    use ErrorKind as Kind;
    match kind {
        Kind::MappingValueNotAllowed | Kind::InvalidColonPlacement | Kind::MappingKeyNotAllowed => advice(
            &rule::COLON,
            "a `: ` stands in a value that is not quoted",
            "this colon starts a second value",
            "put the whole value in quotes, or move the key to a line of its own",
        ),
        Kind::SimpleKeyExpected | Kind::InvalidSimpleKey | Kind::InvalidMappingValueWhitespace => advice(
            &rule::COLON,
            "a line is neither `key: value` nor an item of a list",
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
            "the indentation does not fit what stands above",
            "this does not belong to what stands above",
            "align it with its siblings, or indent it below its key",
        ),
        Kind::UnexpectedCharacter { .. } | Kind::ExpectedNodeContent => advice(
            &rule::SYNTAX,
            &format!("a value may not start with `{}`", character(text, offset)),
            "put it in quotes",
            "put the value in quotes",
        ),
        Kind::UnknownQuotedScalarEscape | Kind::InvalidQuotedScalarHexEscape | Kind::InvalidUnicodeEscape => {
            advice(
                &rule::SYNTAX,
                "a backslash in double quotes starts an escape that YAML does not know",
                "this escape",
                "write the backslash twice, or use single quotes",
            )
        }
        Kind::InvalidTrailingSingleQuotedScalar | Kind::InvalidTrailingDoubleQuotedScalar => advice(
            &rule::SYNTAX,
            "text follows a closing quote",
            "after the closing quote",
            "put the whole value between the quotes",
        ),
        Kind::TooManyReservedDirectiveParams { .. } => advice(
            &rule::SYNTAX,
            "a line that starts with `%` is a directive, and Docker Compose knows only `%TAG`",
            "this directive",
            "delete the line",
        ),
        Kind::UnsupportedYamlMajorVersion | Kind::DuplicateVersionDirective => advice(
            &rule::VERSION,
            "the file declares a version of YAML that Docker Compose refuses",
            "here",
            "delete the line `%YAML ...`",
        ),
        other => Advice {
            rule: &rule::SYNTAX,
            message: format!("this is not YAML: {other}"),
            label: "here",
            help: "correct the line, or the one above it",
        },
    }
}

fn character(text: &str, offset: usize) -> char {
    text.get(offset..).and_then(|rest| rest.chars().next()).unwrap_or(' ')
}

/// Whether the line of the error, or the one before it, begins with white space that holds a tab.
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
