//! GitHub Actions workflow commands: annotations on the lines of a pull request.
//!
//! Escapes `%`, carriage return and line feed in messages, and also `:` and `,` in properties
//! (GitHub documentation, "Workflow commands for GitHub Actions").

use super::{ResolvedDiagnostic, printable};
use crate::diagnostic::Severity;
use std::fmt::Write;

/// One command per diagnostic, one per line.
pub fn github(found: &[ResolvedDiagnostic<'_>]) -> String {
    let mut lines = String::new();
    for one in found {
        let level = match one.diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let mut properties = vec![("title", one.diagnostic.rule.name.to_owned())];
        if let Some(shown) = one.primary() {
            properties.push(("file", shown.file.path().to_string()));
            properties.push(("line", shown.start.line.to_string()));
            properties.push(("endLine", shown.end.line.to_string()));
            // GitHub accepts columns only for annotations within a single line.
            if shown.start.line == shown.end.line {
                properties.push(("col", shown.start.column.to_string()));
                properties.push(("endColumn", shown.end.column.to_string()));
            }
        }
        let properties: Vec<String> =
            properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
        let _ = writeln!(lines, "::{level} {}::{}", properties.join(","), escape(&message(one)));
    }
    lines
}

fn message(found: &ResolvedDiagnostic<'_>) -> String {
    let mut text = found.message.clone();
    for note in &found.notes {
        let _ = write!(text, "\nnote: {note}");
    }
    for help in &found.help {
        let _ = write!(text, "\nhelp: {help}");
    }
    text
}

fn escape(text: &str) -> String {
    printable(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    escape(text).replace(':', "%3A").replace(',', "%2C")
}
