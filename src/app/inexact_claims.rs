//! What is said of claims that are not exact: one diagnostic for each kind, for all services.
//!
//! In: the claims that settled a leaf. Out: diagnostics. Invariant: a claim whose place a diagnostic already
//! names, at least as loudly, is not said twice; every other approximation and every loss is said.

use crate::disposition::{BehaviourEffect, Disposition, LedgerEntry};
use crate::rules;
use crate::support::{SupportTable, list, owner, shown_key};
use indexmap::IndexMap;
use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use tranship_frontend::compose::{KeyPath, Manifest, PathSegment};
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics, Severity};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// The claims that are not exact, by kind and in the order of the manifest.
#[derive(Debug)]
pub(crate) struct InexactClaims {
    kinds: IndexMap<ClaimKind, Vec<InexactClaim>>,
    seen: BTreeSet<NodeId>,
}

/// What one diagnostic speaks of.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ClaimKind {
    /// `services.*.restart`.
    pattern: String,
    reason: Cow<'static, str>,
    effect: BehaviourEffect,
    approximated: bool,
}

#[derive(Debug)]
struct InexactClaim {
    node: NodeId,
    value: Option<Cow<'static, str>>,
}

impl InexactClaims {
    /// None yet; `told` are nodes of which a diagnostic speaks already.
    pub(crate) fn new(told: BTreeSet<NodeId>) -> Self {
        InexactClaims { kinds: IndexMap::new(), seen: told }
    }

    /// Takes note of the claim on a node, once.
    pub(crate) fn note(&mut self, node: NodeId, entry: &LedgerEntry, manifest: &Manifest) {
        let (reason, effect, value) = match &entry.disposition {
            Disposition::Approximated { value, reason, effect } => (reason, *effect, Some(value.clone())),
            Disposition::Ignored { reason, effect: BehaviourEffect::ChangesBehaviour } => {
                (reason, BehaviourEffect::ChangesBehaviour, None)
            }
            _ => return,
        };
        if !self.seen.insert(node) {
            return;
        }
        let (pattern, approximated) = (pattern(&manifest.nodes.path(node)), value.is_some());
        let kind = ClaimKind { pattern, reason: reason.clone(), effect, approximated };
        self.kinds.entry(kind).or_default().push(InexactClaim { node, value });
    }

    /// Pushes one diagnostic for each kind that is not said yet.
    pub(crate) fn report(
        self,
        manifest: &Manifest,
        table: &SupportTable,
        earlier: &Diagnostics,
        found: &mut Diagnostics,
    ) {
        let told = ToldPlaces::of(earlier.iter().chain(found.iter()));
        for (kind, mut claims) in self.kinds {
            claims.retain(|claim| !told.covers(claim.node, kind.effect.severity(), manifest));
            if !claims.is_empty() {
                found.push(diagnostic(&kind, &claims, manifest, table));
            }
        }
    }
}

fn diagnostic(
    kind: &ClaimKind,
    claims: &[InexactClaim],
    manifest: &Manifest,
    table: &SupportTable,
) -> Diagnostic {
    let mut owners: Vec<String> =
        claims.iter().filter_map(|claim| owner(&manifest.nodes.path(claim.node))).collect();
    owners.dedup();
    let of = if owners.is_empty() { String::new() } else { format!(" of {}", list(&owners)) };
    let rule = if kind.approximated { &rules::target::APPROXIMATED_KEY } else { &rules::target::IGNORED_KEY };
    let subject = subject(&kind.pattern);
    let message = format!("{subject}{of} {} on {}: {}", outcome(kind, claims), table.product, kind.reason);
    let mut diagnostic = Diagnostic::new(rule, message).severity(kind.effect.severity()).target(table.target);
    for claim in claims {
        diagnostic = diagnostic.at(manifest.nodes.origin(claim.node));
    }
    if let Some(first) = claims.first() {
        diagnostic = diagnostic.key(manifest.nodes.path(first.node).to_string());
    }
    match owners.as_slice() {
        [only] if kind.pattern.starts_with("services.") => diagnostic.service(only.trim_matches('`')),
        _ => diagnostic,
    }
}

/// What the key becomes, if all claims agree on it.
fn outcome(kind: &ClaimKind, claims: &[InexactClaim]) -> String {
    let mut values: Vec<&str> = claims.iter().filter_map(|claim| claim.value.as_deref()).collect();
    values.dedup();
    match values.as_slice() {
        _ if !kind.approximated => kind.effect.verb().to_owned(),
        [value] if value.contains([' ', '`']) => format!("becomes {value}"),
        [value] => format!("becomes `{value}`"),
        _ => "is adjusted".to_owned(),
    }
}

/// The key in backticks; a whole service or volume by its kind.
fn subject(pattern: &str) -> String {
    match pattern {
        "services.*" => "the container".to_owned(),
        "volumes.*" => "the volume".to_owned(),
        _ => format!("`{}`", shown_key(pattern).replace("[]", "")),
    }
}

/// `services.web.ports[0].published` as `services.*.ports[].published`.
fn pattern(path: &KeyPath) -> String {
    let mut text = String::new();
    for (step, segment) in path.0.iter().enumerate() {
        match segment {
            PathSegment::Key(_) if step == 1 && !text.starts_with("x-") => text.push_str(".*"),
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

/// What diagnostics name: positions and key paths, with the loudest word about each.
#[derive(Default)]
struct ToldPlaces {
    origins: BTreeMap<Origin, Severity>,
    keys: BTreeMap<String, Severity>,
}

impl ToldPlaces {
    fn of<'d>(diagnostics: impl Iterator<Item = &'d Diagnostic>) -> Self {
        let mut told = ToldPlaces::default();
        for one in diagnostics {
            for label in &one.labels {
                louder(told.origins.entry(label.origin), one.severity);
            }
            if let Some(key) = &one.key {
                louder(told.keys.entry(key.clone()), one.severity);
            }
        }
        told
    }

    fn covers(&self, node: NodeId, least: Severity, manifest: &Manifest) -> bool {
        let (origin, key) = (manifest.nodes.origin(node), manifest.nodes.path(node).to_string());
        let enough = |severity: &Severity| *severity >= least;
        self.origins.get(&origin).is_some_and(enough) || self.keys.get(&key).is_some_and(enough)
    }
}

/// Keeps the louder of two words about one place.
fn louder<K: Ord>(told: Entry<'_, K, Severity>, severity: Severity) {
    let kept = told.or_insert(severity);
    *kept = (*kept).max(severity);
}
