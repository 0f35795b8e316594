//! Turns events into trees: the only module that knows the parser crate.
//!
//! In: the text of a file. Out: one [`Node`] per document, with aliases expanded, merge keys resolved, and tags
//! such as `!reset` kept. Invariant: what a hostile file can make this allocate is bounded by a small
//! multiple of its size (see `limits`).

use super::build::{CollectionStyle, RawScalar, TreeBuilder};
use super::limits::{MAX_BYTES, MAX_DEPTH};
use super::repair::RepairedText;
use super::syntax::{self, SyntaxFailure};
use super::{Node, refuse, text};
use crate::diagnostic::{Diagnostic, Diagnostics, rules::yaml as rule};
use crate::source::{FileId, Sources, Span};
use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, StructureStyle, Tag};
use std::ops::ControlFlow;

/// Reads every document of a file; `None` if an error was reported.
pub fn parse(file: FileId, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Option<Vec<Node>> {
    let text = sources.file(file)?.shared_text();
    if text.len() > MAX_BYTES {
        let start = sources.read_at(Span::new(file, 0, 0));
        let message = format!("the file has {} bytes, but the limit is {MAX_BYTES}", text.len());
        diagnostics.push(
            Diagnostic::new(&rule::TOO_LARGE, message).at(start).help("split it, and `include` the parts"),
        );
        return None;
    }
    if let Some(offset) = text::forbidden_character(&text) {
        diagnostics.push(text::forbidden(file, &text, offset, sources));
        return None;
    }
    let errors = diagnostics.error_count();
    let mut repaired = RepairedText::new(&text);
    let mut first_misplaced = None;
    let documents = loop {
        let mut builder = TreeBuilder::new(text.len(), sources, diagnostics);
        let Err(failure) = feed_all(&mut builder, file, &repaired) else { break builder.finish() };
        let open = builder.open_flow();
        let offset = failure.marker().byte_offset().unwrap_or_default();
        // Discard what was reported before the failure: the next attempt would report it again.
        let again = diagnostics.error_count() == errors;
        match failure.kind() {
            ErrorKind::InvalidQuotedScalarIndent => {
                first_misplaced.get_or_insert(repaired.original(offset));
                if again && repaired.indent_line(offset) {
                    continue;
                }
            }
            ErrorKind::CommentNotSeparated if again && repaired.separate_comment(offset) => continue,
            _ => {}
        }
        // An unclosed quote swallows several lines before it fails: show the first of them.
        let failure = match first_misplaced {
            Some(offset) => SyntaxFailure { kind: &ErrorKind::InvalidQuotedScalarIndent, offset, open },
            None => SyntaxFailure { kind: failure.kind(), offset: repaired.original(offset), open },
        };
        syntax::report(file, &text, &failure, sources, diagnostics);
        return None;
    };
    refuse::check(file, &text, &documents, sources, diagnostics);
    (diagnostics.error_count() == errors).then_some(documents)
}

fn options() -> Options {
    granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        emit_comments: false,
        // As in go-yaml, a directive other than %YAML and %TAG is an error.
        max_reserved_directive_params: 0,
    }
}

fn feed_all(
    builder: &mut TreeBuilder<'_>,
    file: FileId,
    repaired: &RepairedText<'_>,
) -> Result<(), ScanError> {
    for event in Parser::new_from_str_with_options(repaired.text(), options()) {
        let (event, span) = event?;
        let span = EventBytes::of(file, &span, repaired);
        if feed(builder, event, span).is_break() || builder.is_full() {
            break;
        }
    }
    Ok(())
}

/// The byte range of an event, and of its tag.
struct EventBytes {
    span: Span,
    tag: Option<Span>,
}

impl EventBytes {
    fn of(file: FileId, span: &granit_parser::Span, repaired: &RepairedText<'_>) -> EventBytes {
        let whole = |span: &granit_parser::Span| {
            let range = span.byte_range().unwrap_or(0..0);
            Span::new(file, repaired.original(range.start), repaired.original(range.end))
        };
        EventBytes { span: whole(span), tag: span.tag_span().map(|tag| whole(&tag)) }
    }
}

fn collection_style(style: StructureStyle) -> CollectionStyle {
    match style {
        StructureStyle::Flow => CollectionStyle::Flow,
        StructureStyle::Block => CollectionStyle::Block,
    }
}

fn feed(builder: &mut TreeBuilder<'_>, event: Event<'_>, bytes: EventBytes) -> ControlFlow<()> {
    let span = bytes.span;
    match event {
        Event::DocumentStart(explicit, version) => {
            builder.start_document(span, explicit, version.map(|version| (version.major, version.minor)));
        }
        Event::DocumentEnd => builder.end_document(span),
        Event::Alias(anchor) => return builder.alias(anchor, span),
        Event::UnresolvedAlias(name) => return builder.unknown_alias(&name, span),
        Event::Anchor(id, name) => builder.name_anchor(id, &name, span),
        Event::Scalar(text, style, anchor, tag) => builder.scalar(RawScalar {
            text: &text,
            plain: style == ScalarStyle::Plain,
            anchor,
            tag: tag.as_deref().map(spelled).zip(bytes.tag),
            span,
        }),
        Event::SequenceStart(style, anchor, tag) => {
            let tag = tag.as_deref().map(spelled).zip(bytes.tag);
            builder.start_sequence(span, collection_style(style), anchor, tag);
        }
        Event::MappingStart(style, anchor, tag) => {
            let tag = tag.as_deref().map(spelled).zip(bytes.tag);
            builder.start_mapping(span, collection_style(style), anchor, tag);
        }
        Event::SequenceEnd | Event::MappingEnd => builder.end_collection(span),
        _ => {}
    }
    ControlFlow::Continue(())
}

/// A tag as messages and `!reset` expect it: core tags as `!!int`, others as written.
fn spelled(tag: &Tag) -> String {
    match tag.suffix_in_namespace("tag:yaml.org,2002:") {
        Some(name) => format!("!!{name}"),
        None => tag.original(),
    }
}
