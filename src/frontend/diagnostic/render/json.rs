//! One JSON object: `{"diagnostics": [...]}`. Its fields are stable from the first release on.

use super::{ResolvedDiagnostic, ResolvedSpan};
use serde::Serialize;

#[derive(Serialize)]
struct JsonReport<'a> {
    diagnostics: Vec<JsonDiagnostic<'a>>,
}

#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    service: Option<&'a str>,
    key: Option<&'a str>,
    target: Option<&'a str>,
    spans: Vec<JsonSpan<'a>>,
    notes: &'a [String],
    help: &'a [String],
}

#[derive(Serialize)]
struct JsonSpan<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    label: &'a str,
    primary: bool,
}

/// The diagnostics as a JSON object, ending with a newline.
pub fn json(found: &[ResolvedDiagnostic<'_>]) -> String {
    let object = JsonReport { diagnostics: found.iter().map(entry).collect() };
    let mut text = serde_json::to_string_pretty(&object).unwrap_or_default();
    text.push('\n');
    text
}

fn entry<'a>(found: &'a ResolvedDiagnostic<'_>) -> JsonDiagnostic<'a> {
    let diagnostic = found.diagnostic;
    JsonDiagnostic {
        code: diagnostic.rule.name,
        severity: diagnostic.severity.name(),
        message: &found.message,
        service: found.service.as_deref(),
        key: found.key.as_deref(),
        target: diagnostic.target.as_deref(),
        spans: found.spans.iter().map(place).collect(),
        notes: &found.notes,
        help: &found.help,
    }
}

fn place<'a>(shown: &'a ResolvedSpan<'_>) -> JsonSpan<'a> {
    JsonSpan {
        file: shown.file.path().as_str(),
        line: shown.start.line,
        column: shown.start.column,
        end_line: shown.end.line,
        end_column: shown.end.column,
        label: &shown.label,
        primary: shown.primary,
    }
}
