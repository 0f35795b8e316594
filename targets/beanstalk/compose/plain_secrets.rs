//! Secrets in what the bundle's Compose file takes over as it is: builds, networks, volumes.
//!
//! In: a node of the manifest that is copied. Out: an error at each leaf and key that holds a secret.

use crate::Compilation;
use tranship_app::rules::app::SECRET_IN_PLAIN_TEXT;
use tranship_app::{Application, ComposeNode};
use tranship_frontend::diagnostic::Diagnostic;

/// Refuses secrets at or below a node that the file has as the manifest writes it.
pub(super) fn refuse(application: &Application, copied: ComposeNode<'_>, cx: &mut Compilation<'_>) {
    let known = &application.known_secrets;
    let holds = |text: &str| !known.parts(text).is_empty();
    let mut found = Vec::new();
    copied.each_leaf(|leaf| found.extend(leaf.text().is_some_and(holds).then_some(leaf)));
    found.extend(copied.entries().filter(|(key, _)| holds(key)).map(|(_, value)| value));
    for leaf in found {
        let shown = cx.keys.path(&leaf);
        let message = format!("`{shown}` contains a secret, and the bundle stores its value in plain text");
        let diagnostic = Diagnostic::new(&SECRET_IN_PLAIN_TEXT, message).at(leaf.origin()).key(shown).help(
            "pass it as a build secret (`build.secrets`) or as a variable of `environment`, or remove it",
        );
        cx.ledger.rejected(&leaf, "it contains a secret, which the bundle would store in plain text");
        cx.diagnostics.push(diagnostic);
    }
}
