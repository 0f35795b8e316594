//! One JSON object: `{"diagnostics": [...]}`. Its fields are stable from the first release on.

use super::{Found, Shown};
use serde::Serialize;

#[derive(Serialize)]
struct Object<'a> {
    diagnostics: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    service: Option<&'a str>,
    key: Option<&'a str>,
    target: Option<&'a str>,
    spans: Vec<Place<'a>>,
    notes: &'a [String],
    help: &'a [String],
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    label: &'a str,
    primary: bool,
}

/// The diagnostics as a JSON object, ending with a newline.
pub fn json(found: &[Found<'_>]) -> String {
    let object = Object { diagnostics: found.iter().map(entry).collect() };
    let mut text = serde_json::to_string_pretty(&object).unwrap_or_default();
    text.push('\n');
    text
}

fn entry<'a>(found: &'a Found<'_>) -> Entry<'a> {
    let diagnostic = found.diagnostic;
    Entry {
        code: diagnostic.rule.name,
        severity: diagnostic.severity.name(),
        message: &found.message,
        service: diagnostic.service.as_deref(),
        key: diagnostic.key.as_deref(),
        target: diagnostic.target.as_deref(),
        spans: found.spans.iter().map(place).collect(),
        notes: &found.notes,
        help: &found.help,
    }
}

fn place<'a>(shown: &'a Shown<'_>) -> Place<'a> {
    Place {
        file: shown.file.path().as_str(),
        line: shown.start.line,
        column: shown.start.column,
        end_line: shown.end.line,
        end_column: shown.end.column,
        label: &shown.label,
        primary: shown.primary,
    }
}
