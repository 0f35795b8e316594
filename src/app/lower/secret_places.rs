//! Secrets in values that every reader of an artifact sees, and that cannot take their text from a secret.
//!
//! In: the leaves of deployed services and of the settings. Out: an error at each that holds a secret, since it
//! would show in a template, a bundle or a list of resources. What can take a secret is wired elsewhere:
//! variables in `environment_wiring`, commands and health checks in `command_wiring`.

use super::LoweringContext;
use super::service_selection::ServiceSelection;
use crate::document::{TreeLeaf, entry_names};
use crate::{ManifestName, rules};
use std::collections::BTreeSet;
use tranship_frontend::compose::PathSegment;
use tranship_frontend::diagnostic::{Diagnostic, Severity};
use tranship_frontend::source::Origin;

/// Refuses secrets that would be readable.
pub(super) fn refuse(cx: &mut LoweringContext<'_>, selection: &ServiceSelection<'_>) {
    let deployed: BTreeSet<_> = selection.deployed.iter().map(|service| service.name.clone()).collect();
    refuse_names(cx, &deployed);
    // The leaves of a service follow one another.
    let same_entry =
        |one: &TreeLeaf, other: &TreeLeaf| one.path.0.iter().take(2).eq(other.path.0.iter().take(2));
    let concerns = |leaf: &TreeLeaf| leaf.service().is_none_or(|service| deployed.contains(&service));
    let entries = cx.leaves.chunk_by(same_entry).filter(|leaves| leaves.first().is_some_and(concerns));
    for leaf in entries.flatten() {
        let is_plain = leaf.is_plain();
        if (is_plain || leaf.is_below("environment")) && has_secret_key(cx, leaf) {
            report_place(cx, leaf, leaf.key_origin);
        }
        if !is_plain {
            continue;
        }
        if leaf.is_name() && cx.secrets.is_name(leaf.value.peek()) {
            report_name(cx, leaf);
        }
        if cx.holds_secret(leaf.chosen_name(), &leaf.value) {
            report_place(cx, leaf, leaf.value.origin);
        }
    }
}

/// `services: { VALUE: ... }`: the name would be in each resource, and in every message.
fn refuse_names(cx: &mut LoweringContext<'_>, deployed: &BTreeSet<ManifestName>) {
    for (section, key) in entry_names(cx.manifest) {
        let counts = section != "services" || deployed.contains(&key.text);
        if counts && !cx.secrets.parts(&key.text).is_empty() {
            let message = format!("the name of an entry of `{section}` is also the value of a secret");
            let diagnostic = Diagnostic::new(&rules::app::SECRET_IN_PLAIN_TEXT, message)
                .help("choose another value for the secret, or another name")
                .at(key.origin)
                .key(section);
            cx.diagnostics.push(diagnostic);
        }
    }
}

/// `labels: { VALUE: x }`: a key below the service's own may be a secret too.
fn has_secret_key(cx: &LoweringContext<'_>, leaf: &TreeLeaf) -> bool {
    let mut own = leaf.path.0.iter().skip(2);
    own.any(|step| matches!(step, PathSegment::Key(key) if !cx.secrets.parts(key).is_empty()))
}

/// `hostname: x` beside `DB_PASSWORD: x`: the name stays, and everyone sees it.
fn report_name(cx: &mut LoweringContext<'_>, leaf: &TreeLeaf) {
    let shown = leaf.path.to_string();
    let message = format!("`{shown}` is also the value of a secret, and everyone can read it");
    let diagnostic = Diagnostic::new(&rules::app::SECRET_IN_PLAIN_TEXT, message)
        .severity(Severity::Warning)
        .help("choose another value for the secret")
        .at(leaf.value.origin)
        .key(shown);
    cx.diagnostics.push(match leaf.service() {
        Some(service) => diagnostic.service(&*service),
        None => diagnostic,
    });
}

fn report_place(cx: &mut LoweringContext<'_>, leaf: &TreeLeaf, origin: Origin) {
    let shown = leaf.path.to_string();
    let diagnostic = if leaf.is_below("build") {
        let message = format!("`{shown}` contains a secret, which anyone who can pull the image can read");
        let help =
            "pass it as a build secret: `build.secrets`, and `RUN --mount=type=secret` in the Dockerfile";
        Diagnostic::new(&rules::app::SECRET_IN_BUILD, message).help(help)
    } else {
        let message = format!("`{shown}` contains a secret, and its value is stored in plain text");
        Diagnostic::new(&rules::app::SECRET_IN_PLAIN_TEXT, message).help(remedy(leaf))
    };
    let diagnostic = diagnostic.at(origin).key(shown);
    cx.diagnostics.push(match leaf.service() {
        Some(service) => diagnostic.service(&*service),
        None => diagnostic,
    });
}

fn remedy(leaf: &TreeLeaf) -> &'static str {
    if leaf.is_below("labels") {
        "remove the label: nothing on AWS reads it, and anyone who can describe the task can see it"
    } else if leaf.is_below("logging") {
        "write the ARN of a Secrets Manager secret or an SSM parameter, which the task reads, or remove the option"
    } else {
        "move it into `environment` or `secrets`, which take their values from a secret"
    }
}
