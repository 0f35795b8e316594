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
use tranship_frontend::diagnostic::{Diagnostic, Severity};
use tranship_frontend::source::Origin;

/// What another tool reads, as it is shown, with its first place.
type FoundMarks = IndexMap<String, (&'static ForeignMark, Origin)>;

/// Reports them.
pub(super) fn report(cx: &mut LoweringContext<'_>, services: &IndexMap<ManifestName, AppService>) {
    let (mut keys, mut labels) = (FoundMarks::new(), FoundMarks::new());
    for node in &cx.document.extension_fields.foreign {
        let path = cx.manifest.nodes.path(*node);
        let Some(PathSegment::Key(key)) = path.0.last() else { continue };
        let Some(mark) = foreign_mark(FOREIGN_KEYS, key) else { continue };
        keys.entry(format!("`{key}`")).or_insert((mark, cx.manifest.nodes.origin(*node)));
    }
    for (name, value) in services.values().flat_map(|service| &service.container.labels) {
        let Some(mark) = foreign_mark(FOREIGN_LABELS, name) else { continue };
        labels.entry(shown(mark.prefix)).or_insert((mark, value.origin));
    }
    if !keys.is_empty() || !labels.is_empty() {
        cx.diagnostics.push(diagnostic(&keys, &labels));
    }
}

/// A group of labels by what they start with.
fn shown(prefix: &str) -> String {
    if prefix.ends_with(['.', '-']) { format!("`{prefix}*`") } else { format!("`{prefix}`") }
}

/// Of keys the message itself says what to use, each by its name: they ask AWS for something.
fn diagnostic(keys: &FoundMarks, labels: &FoundMarks) -> Diagnostic {
    let severity = if keys.is_empty() { Severity::Note } else { Severity::Warning };
    let with_use = |(name, (mark, _)): (&String, &(&ForeignMark, Origin))| match mark.instead {
        "nothing" => name.clone(),
        instead => format!("{name} (use {instead})").replace("(use nothing, as ", "("),
    };
    let named = keys.iter().map(with_use).chain(labels.keys().cloned());
    let names: Vec<String> = named.collect();
    let message = format!("other tools read {}; Tranship does not", names.join(", "));
    let diagnostic = Diagnostic::new(&rules::app::FOREIGN_TOOL, message).severity(severity);
    keys.iter().chain(labels).fold(diagnostic, |diagnostic, (name, (mark, origin))| {
        diagnostic.at(*origin).note(format!("instead of {name}: {}", mark.instead))
    })
}
