//! A rule: the identity of a diagnostic, and its page.

/// How severe a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Harmless; shown with `--verbose` and in the report.
    Note,
    /// Something behaves differently from what the manifest says; `--strict` makes it an error.
    Warning,
    /// An error: no artifact is written.
    Error,
}

/// One kind of diagnostic, declared once with [`rules!`](crate::diagnostic::rules).
#[derive(Debug)]
pub struct DiagnosticRule {
    /// Family and kebab name: `compose/unknown-key`. Users write it in `accept`.
    pub name: &'static str,
    /// Its usual severity.
    pub severity: Severity,
    /// One-line description.
    pub title: &'static str,
    /// What is wrong, in a sentence or two.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// A manifest that triggers it.
    pub example: &'static str,
    /// What to write instead.
    pub fix: &'static str,
    /// Whether it points at secrets, which no renderer may show.
    pub points_at_secrets: bool,
}

impl DiagnosticRule {
    /// The family: `compose` of `compose/unknown-key`.
    pub fn family(&self) -> &'static str {
        self.name.split_once('/').map_or(self.name, |(family, _)| family)
    }
}

impl PartialEq for DiagnosticRule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Declares rules as statics and lists them for the registry.
///
/// ```text
/// // `points_at_secrets true` after the title hides the places that the diagnostic points at.
/// rules! {
///     UNKNOWN_KEY = Error "compose/unknown-key" "unknown key"
///         what "..." why "..." example "..." fix "...";
/// }
/// ```
#[macro_export]
macro_rules! rules {
    ($( $id:ident = $severity:ident $name:literal $title:literal $(points_at_secrets $secrets:literal)?
        what $what:literal why $why:literal example $example:literal fix $fix:literal; )*) => {
        $(
            #[doc = $title]
            pub static $id: $crate::diagnostic::DiagnosticRule = $crate::diagnostic::DiagnosticRule {
                name: $name,
                severity: $crate::diagnostic::Severity::$severity,
                title: $title,
                what: $what,
                why: $why,
                example: $example,
                fix: $fix,
                points_at_secrets: false $(|| $secrets)?,
            };
        )*
        /// The rules of this family, in the order of declaration.
        pub const ALL: &[&$crate::diagnostic::DiagnosticRule] = &[$(&$id),*];
    };
}
