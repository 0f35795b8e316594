//! Events to trees: the one place that knows the parser crate.
//!
//! In: the text of a file. Out: one [`Node`] a document, aliases expanded, merge keys resolved, tags
//! such as `!reset` kept. Invariant: what a hostile file can make this allocate is bounded by a small
//! multiple of its size (see `limits`).

use super::build::{Builder, Scalar};
use super::limits::{MAX_BYTES, MAX_DEPTH};
use super::{Node, syntax, text};
use crate::diagnostic::{Diagnostic, Diagnostics, rules::yaml as rule};
use crate::source::{FileId, Sources, Span};
use granit_parser::{Event, Options, Parser, ScalarStyle, Tag};

/// Reads every document of a file; nothing when an error was reported.
pub fn parse(file: FileId, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Option<Vec<Node>> {
    let text = sources.file(file)?.shared_text();
    if text.len() > MAX_BYTES {
        let start = sources.read_at(Span::new(file, 0, 0));
        let message = format!("the file has {} bytes, more than the {MAX_BYTES} that are read", text.len());
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
    let mut builder = Builder::new(text.len(), sources, diagnostics);
    for event in Parser::new_from_str_with_options(&text, options()) {
        match event {
            Ok((event, span)) => {
                let span = Bytes::of(file, &span);
                if feed(&mut builder, event, span).is_break() {
                    break;
                }
            }
            Err(error) => {
                let open = builder.open_flow();
                syntax::report(file, &text, &error, open, sources, diagnostics);
                return None;
            }
        }
    }
    let documents = builder.finish();
    (diagnostics.error_count() == errors).then_some(documents)
}

fn options() -> Options {
    granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        emit_unresolved_aliases: true,
        emit_comments: false,
    }
}

/// The bytes of an event, and of its tag.
struct Bytes {
    span: Span,
    tag: Option<Span>,
}

impl Bytes {
    fn of(file: FileId, span: &granit_parser::Span) -> Bytes {
        let whole = |span: &granit_parser::Span| {
            let range = span.byte_range().unwrap_or(0..0);
            Span::new(file, range.start, range.end)
        };
        Bytes { span: whole(span), tag: span.tag_span().map(|tag| whole(&tag)) }
    }
}

fn feed(builder: &mut Builder<'_>, event: Event<'_>, bytes: Bytes) -> std::ops::ControlFlow<()> {
    let span = bytes.span;
    match event {
        Event::DocumentStart(_, version) => {
            builder.start_document(span, version.map(|version| (version.major, version.minor)));
        }
        Event::DocumentEnd => builder.end_document(span),
        Event::Alias(anchor) => return builder.alias(anchor, span),
        Event::UnresolvedAlias(name) => builder.unknown_alias(&name, span),
        Event::Scalar(text, style, anchor, tag) => builder.scalar(Scalar {
            text: &text,
            plain: style == ScalarStyle::Plain,
            anchor,
            tag: tag.as_deref().map(spelled).zip(bytes.tag),
            span,
        }),
        Event::SequenceStart(style, anchor, tag) => {
            let flow = style == granit_parser::StructureStyle::Flow;
            builder.start_sequence(span, flow, anchor, tag.as_deref().map(spelled).zip(bytes.tag));
        }
        Event::MappingStart(style, anchor, tag) => {
            let flow = style == granit_parser::StructureStyle::Flow;
            builder.start_mapping(span, flow, anchor, tag.as_deref().map(spelled).zip(bytes.tag));
        }
        Event::SequenceEnd | Event::MappingEnd => builder.end_collection(span),
        _ => {}
    }
    std::ops::ControlFlow::Continue(())
}

/// A tag as messages and `!reset` know it: core tags as `!!int`, others as they are written.
fn spelled(tag: &Tag) -> String {
    match tag.suffix_in_namespace("tag:yaml.org,2002:") {
        Some(name) => format!("!!{name}"),
        None => tag.original(),
    }
}
