//! What the user is told: rules declared once, diagnostics that point at origins, and renderers.
//!
//! In: the [`Diagnostic`]s that stages push into [`Diagnostics`]. Out: text for people, JSON, SARIF, GitHub.
//! Invariant: a diagnostic is identified by the kebab name of a registered [`DiagnosticRule`]. It carries no position,
//! only an [`Origin`], so it shows every file that contributed to the value.
//!
//! Messages are lower case and concrete, name the service and the key, and say what to do in `help`.

mod name_list;
pub mod page;
mod registry;
pub mod render;
mod rule;
pub mod rules;
pub mod suggest;

pub use name_list::listed;
pub use registry::RuleRegistry;
pub use rule::{DiagnosticRule, Severity};

use crate::source::{Origin, Sources, Span};
use camino::Utf8Path;

/// A value to underline, and the text to show beneath it.
#[derive(Debug, Clone, PartialEq)]
pub struct DiagnosticLabel {
    /// The value.
    pub origin: Origin,
    /// The text to show there; may be empty.
    pub text: String,
}

/// One message to the user.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Its registered rule.
    pub rule: &'static DiagnosticRule,
    /// The rule's severity, unless this occurrence is more or less severe.
    pub severity: Severity,
    /// One line, lower case, without a full stop.
    pub message: String,
    /// The positions; the first label is the primary one.
    pub labels: Vec<DiagnosticLabel>,
    /// The affected Compose service.
    pub service: Option<String>,
    /// The affected key path, such as `services.app.ports[0]`.
    pub key: Option<String>,
    /// The target it applies to; none for the front end.
    pub target: Option<String>,
    /// Facts that explain it.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic of a rule, with the rule's own severity.
    pub fn new(rule: &'static DiagnosticRule, message: impl Into<String>) -> Self {
        Diagnostic {
            rule,
            severity: rule.severity,
            message: message.into(),
            labels: Vec::new(),
            service: None,
            key: None,
            target: None,
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Points at a value, without a text.
    pub fn at(self, origin: Origin) -> Self {
        self.label(origin, "")
    }

    /// Points at a value and adds a text there. The first call sets the primary position.
    pub fn label(mut self, origin: Origin, text: impl Into<String>) -> Self {
        if origin != Origin::NOWHERE {
            self.labels.push(DiagnosticLabel { origin, text: text.into() });
        }
        self
    }

    /// Sets the affected service.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// Sets the affected key path.
    pub fn key(mut self, path: impl Into<String>) -> Self {
        self.key = Some(path.into());
        self
    }

    /// Sets the target it applies to.
    pub fn target(mut self, name: impl Into<String>) -> Self {
        self.target = Some(name.into());
        self
    }

    /// Adds a fact that explains it.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds what to do about it.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Changes the severity of this occurrence.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// Everything found so far. Stages push and carry on.
#[derive(Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// An empty list.
    pub fn new() -> Self {
        Diagnostics::default()
    }

    /// Adds one diagnostic.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Adds all diagnostics of another run.
    pub fn append(&mut self, other: Diagnostics) {
        self.list.extend(other.list);
    }

    /// Whether the list contains an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The number of errors: a stage compares it before and after.
    pub fn error_count(&self) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
    }

    /// The diagnostics in the order in which they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Number of diagnostics.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Keeps the diagnostics for which `keep` returns true, for example those that `accept` does not name.
    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.list.retain(keep);
    }

    /// Points errors without a position at the start of the first file that was read: a flag has no other place.
    pub fn place(&mut self, sources: &mut Sources) {
        let lacks = |one: &Diagnostic, sources: &Sources| {
            let shows = |label: &DiagnosticLabel| sources.place(label.origin).is_some();
            one.severity == Severity::Error && !one.labels.iter().any(shows)
        };
        let is_manifest = |path: &Utf8Path| matches!(path.extension(), Some("yaml" | "yml"));
        let manifest = sources.files().find(|(_, file)| is_manifest(file.path()));
        let Some(first) = manifest.or_else(|| sources.files().next()).map(|(id, _)| id) else { return };
        for one in &mut self.list {
            if lacks(one, sources) {
                let start = sources.read_at(Span::new(first, 0, 0));
                one.labels = vec![DiagnosticLabel { origin: start, text: String::new() }];
            }
        }
    }

    /// Changes each diagnostic, for example to set the target or to turn warnings into errors.
    pub fn for_each_mut(&mut self, change: impl FnMut(&mut Diagnostic)) {
        self.list.iter_mut().for_each(change);
    }
}
