//! What is said of leaves that have no effect and that nothing else names: one note for each kind of claim.
//!
//! In: the claims by which leaves are ignored, and every diagnostic so far. Out: diagnostics with the place of
//! each leaf. Invariant: afterwards a diagnostic names the line of every leaf that is ignored.

use crate::disposition::{BehaviourEffect, Disposition, LedgerEntry};
use crate::rules;
use crate::support::{SupportTable, list, owner, shown_key};
use indexmap::IndexMap;
use std::borrow::Cow;
use std::collections::BTreeSet;
use tranship_frontend::compose::{KeyPath, Manifest, PathSegment};
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics};
use tranship_frontend::source::{FileId, Origin, Sources};
use tranship_frontend::yaml::NodeId;

/// The ignored leaves by what was claimed and why.
#[derive(Debug, Default)]
pub(crate) struct UntoldLeaves(IndexMap<UntoldKind, Vec<UntoldLeaf>>);

/// What one note speaks of.
#[derive(Debug, PartialEq, Eq, Hash)]
struct UntoldKind {
    /// `services.*.expose[]`, or the path of a whole service or resource.
    pattern: String,
    reason: Cow<'static, str>,
    effect: BehaviourEffect,
}

#[derive(Debug)]
struct UntoldLeaf {
    claimed: NodeId,
    leaf: NodeId,
}

impl UntoldLeaves {
    /// Takes note of a leaf that a claim on it, or on a node around it, settles.
    pub(crate) fn note(&mut self, leaf: NodeId, claimed: NodeId, entry: &LedgerEntry, manifest: &Manifest) {
        let Disposition::Ignored { reason, effect } = &entry.disposition else { return };
        let path = manifest.nodes.path(claimed);
        if is_of_an_environment(&path) {
            return;
        }
        let kind = UntoldKind { pattern: pattern(&path), reason: reason.clone(), effect: *effect };
        self.0.entry(kind).or_default().push(UntoldLeaf { claimed, leaf });
    }

    /// Pushes one diagnostic for each kind that has a leaf whose line no diagnostic names.
    pub(crate) fn report(
        self,
        (manifest, sources): (&Manifest, &Sources),
        table: &SupportTable,
        earlier: &Diagnostics,
        found: &mut Diagnostics,
    ) {
        let labels = earlier.iter().chain(found.iter()).flat_map(|one| &one.labels);
        let told: BTreeSet<_> = labels.flat_map(|label| lines(label.origin, sources)).collect();
        for (kind, mut leaves) in self.0 {
            leaves.retain(|one| {
                let line = lines(manifest.nodes.origin(one.leaf), sources).into_iter().next();
                line.is_some_and(|line| !told.contains(&line))
            });
            if let Some(first) = leaves.first() {
                found.push(kind.diagnostic(first, &leaves, manifest, table));
            }
        }
    }
}

impl UntoldKind {
    fn diagnostic(
        &self,
        first: &UntoldLeaf,
        leaves: &[UntoldLeaf],
        manifest: &Manifest,
        table: &SupportTable,
    ) -> Diagnostic {
        let mut owners: Vec<String> =
            leaves.iter().filter_map(|one| owner(&manifest.nodes.path(one.claimed))).collect();
        owners.dedup();
        let shown = shown_key(&self.pattern);
        let of = if shown == self.pattern || owners.is_empty() {
            String::new()
        } else {
            format!(" of {}", list(&owners))
        };
        let message = format!("`{shown}`{of} {} on {}: {}", self.effect.verb(), table.product, self.reason);
        let key = manifest.nodes.path(first.claimed).to_string();
        let start = Diagnostic::new(&rules::target::IGNORED_KEY, message).severity(self.effect.severity());
        let places = leaves.iter().map(|one| manifest.nodes.origin(one.leaf));
        places.fold(start.key(key).target(table.target), Diagnostic::at)
    }
}

/// Whoever chooses an environment knows that the settings of the others do not count.
fn is_of_an_environment(path: &KeyPath) -> bool {
    let key = |at: usize, name: &str| path.0.get(at) == Some(&PathSegment::Key(name.into()));
    key(0, "x-tranship") && key(1, "environments")
}

/// `services.web.ports[0].published` as `services.*.ports[].published`; a whole service keeps its name.
fn pattern(path: &KeyPath) -> String {
    let whole = path.0.len() <= 2;
    let mut text = String::new();
    for (step, segment) in path.0.iter().enumerate() {
        match segment {
            PathSegment::Key(_) if step == 1 && !whole && !text.starts_with("x-") => text.push_str(".*"),
            PathSegment::Key(key) if step == 0 => text.push_str(key),
            PathSegment::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            PathSegment::Index(_) => text.push_str("[]"),
        }
    }
    text
}

/// The lines of a value: first its own, then those it came through.
fn lines(origin: Origin, sources: &Sources) -> Vec<(FileId, usize)> {
    let places = sources.places(origin).into_iter();
    places
        .filter_map(|place| {
            let file = sources.file(place.span.file)?;
            Some((place.span.file, file.line_of(place.span.start as usize)))
        })
        .collect()
}
