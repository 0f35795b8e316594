//! Keys and labels that other tools read: none of them does anything here, and the user may believe it does.
//!
//! In: the extension fields and the labels of what is deployed. Out: one diagnostic that names them with what
//! does the same here: a warning where the keys ask AWS for something, a note where they are labels alone.

use super::LoweringContext;
use crate::rules;
use crate::{AppService, ManifestName};
use indexmap::IndexMap;
use tranship_facts::{FOREIGN_KEYS, FOREIGN_LABELS, ForeignMark, foreign_mark};
use tranship_frontend::compose::PathSegment;
use tranship_frontend::diagnostic::{Diagnostic, Severity, listed};
use tranship_frontend::source::Origin;

/// The first place of each mark.
type FoundMarks = IndexMap<&'static str, (&'static ForeignMark, Origin)>;

/// Reports them.
pub(super) fn report(cx: &mut LoweringContext<'_>, services: &IndexMap<ManifestName, AppService>) {
    let mut found = FoundMarks::new();
    for node in &cx.document.extension_fields.foreign {
        let path = cx.manifest.nodes.path(*node);
        let Some(PathSegment::Key(key)) = path.0.last() else { continue };
        add(&mut found, foreign_mark(FOREIGN_KEYS, key), cx.manifest.nodes.origin(*node));
    }
    let severity = if found.is_empty() { Severity::Note } else { Severity::Warning };
    for (name, value) in services.values().flat_map(|service| &service.container.labels) {
        add(&mut found, foreign_mark(FOREIGN_LABELS, name), value.origin);
    }
    if !found.is_empty() {
        cx.diagnostics.push(diagnostic(&found).severity(severity));
    }
}

fn add(found: &mut FoundMarks, mark: Option<&'static ForeignMark>, origin: Origin) {
    if let Some(mark) = mark {
        found.entry(mark.prefix).or_insert((mark, origin));
    }
}

fn diagnostic(found: &FoundMarks) -> Diagnostic {
    let shown = |prefix: &str| {
        if prefix.ends_with(['.', '-']) { format!("`{prefix}*`") } else { format!("`{prefix}`") }
    };
    let names: Vec<String> = found.keys().map(|prefix| shown(prefix)).collect();
    let message = format!("other tools read {}; Tranship does not", listed(&names));
    let mut diagnostic = Diagnostic::new(&rules::app::FOREIGN_TOOL, message);
    for (prefix, (mark, origin)) in found {
        diagnostic = diagnostic.at(*origin).note(format!("instead of {}: {}", shown(prefix), mark.instead));
    }
    diagnostic
}
