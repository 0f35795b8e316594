//! SARIF 2.1.0: one run, its rules with their pages, and one result per diagnostic.
//!
//! Columns count Unicode code points and `endColumn` is one past the last (SARIF 2.1.0, 3.14.27, 3.30.7).

use super::{ResolvedDiagnostic, ResolvedSpan};
use crate::diagnostic::{DiagnosticRule, page};
use serde_json::{Value, json};

/// The log, ending with a newline.
pub fn sarif(found: &[ResolvedDiagnostic<'_>]) -> String {
    let mut rules: Vec<&'static DiagnosticRule> = Vec::new();
    for one in found {
        if !rules.contains(&one.diagnostic.rule) {
            rules.push(one.diagnostic.rule);
        }
    }
    rules.sort_by_key(|rule| rule.name);
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "tranship",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| described(rule)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": found.iter().map(|one| result(one, &rules)).collect::<Vec<_>>(),
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

fn described(rule: &DiagnosticRule) -> Value {
    json!({
        "id": rule.name,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.what },
        "help": {
            "text": anstream::adapter::strip_str(&page::text(rule)).to_string(),
            "markdown": page::markdown(rule),
        },
        "defaultConfiguration": { "level": rule.severity.name() },
    })
}

fn result(found: &ResolvedDiagnostic<'_>, rules: &[&'static DiagnosticRule]) -> Value {
    let diagnostic = found.diagnostic;
    let mut text = found.message.clone();
    for help in &found.help {
        text.push_str(&format!("\n{help}"));
    }
    let mut result = json!({
        "ruleId": diagnostic.rule.name,
        "ruleIndex": rules.iter().position(|rule| rule == &diagnostic.rule),
        "level": diagnostic.severity.name(),
        "message": { "text": text },
        "locations": found.primary().map(|shown| location(shown, None)).into_iter().collect::<Vec<_>>(),
    });
    let related: Vec<Value> =
        (1..).zip(found.spans.iter().skip(1)).map(|(id, shown)| location(shown, Some(id))).collect();
    if let Some(object) = result.as_object_mut() {
        if !related.is_empty() {
            object.insert("relatedLocations".to_owned(), Value::Array(related));
        }
        let properties = json!({
            "service": found.service, "key": found.key, "target": diagnostic.target, "notes": found.notes,
        });
        object.insert("properties".to_owned(), properties);
    }
    result
}

fn location(shown: &ResolvedSpan<'_>, id: Option<usize>) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(shown.file.path().as_str()) },
            "region": {
                "startLine": shown.start.line,
                "startColumn": shown.start.column,
                "endLine": shown.end.line,
                "endColumn": shown.end.column,
            },
        },
    });
    if let Some(object) = location.as_object_mut() {
        if let Some(id) = id {
            object.insert("id".to_owned(), json!(id));
        }
        if !shown.label.is_empty() {
            object.insert("message".to_owned(), json!({ "text": shown.label }));
        }
    }
    location
}

/// A path as a relative reference, or as a `file` URI if it is absolute (RFC 3986).
fn uri(path: &str) -> String {
    let mut text = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                text.push(byte.into())
            }
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}
