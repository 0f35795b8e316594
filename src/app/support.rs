//! A target's support table: what becomes of the keys that no code of it claims.
//!
//! Written as `targets/<name>/support.yaml`, checked and compiled in by `build.rs`.

use crate::disposition::BehaviourEffect;
use crate::rules;
use std::collections::BTreeMap;
use tranship_frontend::compose::{KeyPath, Manifest, PathSegment};
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics, Severity};
use tranship_frontend::yaml::NodeId;

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySupport {
    /// The key has no effect on the target.
    Ignored {
        /// What that does to the application.
        effect: BehaviourEffect,
    },
    /// The key is not supported on the target: an error.
    Rejected {
        /// What to do instead.
        help: &'static str,
    },
}

/// One row: a key pattern and what becomes of it.
#[derive(Debug)]
pub struct SupportRow {
    /// A key path in which `*` stands for any key and `[]` for any index. It covers what is below it.
    pub key: &'static str,
    /// What becomes of it.
    pub support: KeySupport,
    /// Why, as a clause that can follow a colon.
    pub reason: &'static str,
}

impl SupportRow {
    /// Steps from the root to what the row speaks of: keys and indexes.
    pub fn depth(&self) -> usize {
        self.key.split('.').count() + self.key.matches("[]").count()
    }
}

/// The rows of one target.
#[derive(Debug)]
pub struct SupportTable {
    /// The target's name.
    pub target: &'static str,
    /// What people call it, in a sentence.
    pub product: &'static str,
    /// The rows, ordered by key.
    pub rows: &'static [SupportRow],
}

/// The rows by the keys that their patterns name first: every leaf of a manifest is looked up.
#[derive(Debug, Default)]
pub(super) struct SupportIndex {
    /// Rows whose first key is a wildcard.
    anywhere: Vec<&'static SupportRow>,
    /// The others by their first key.
    sections: BTreeMap<&'static str, SupportSection>,
}

/// The rows of one section: `services`, `volumes`.
#[derive(Debug, Default)]
struct SupportSection {
    /// Rows whose third key is a wildcard, or missing.
    any_key: Vec<&'static SupportRow>,
    /// The others by their third key: `ports` of `services.*.ports[]`.
    keys: BTreeMap<&'static str, Vec<&'static SupportRow>>,
}

impl SupportIndex {
    /// The row of the longest pattern that covers a path.
    pub(super) fn find(&self, path: &KeyPath) -> Option<&'static SupportRow> {
        let key = |at: usize| match path.0.get(at) {
            Some(PathSegment::Key(key)) => &**key,
            _ => "",
        };
        let section = self.sections.get(key(0));
        let own = section.and_then(|section| section.keys.get(key(2)));
        // Of two patterns of one length the last wins, so wildcards come first.
        let any_key = section.map(|section| &section.any_key);
        let rows = self.anywhere.iter().chain(any_key.into_iter().flatten()).chain(own.into_iter().flatten());
        let covering = rows.copied().filter(|row| covers(row.key, path));
        covering.max_by_key(|row| specificity(row.key))
    }
}

/// A key without the indexes after it, if it stands for itself alone.
fn plain(part: &'static str) -> &'static str {
    let name = part.trim_end_matches("[]");
    if name.contains('*') { "" } else { name }
}

impl SupportTable {
    /// The rows, ready to be looked up.
    pub(super) fn index(&self) -> SupportIndex {
        let mut index = SupportIndex::default();
        for row in self.rows {
            let mut parts = row.key.split('.');
            let (first, second, third) = (parts.next(), parts.next(), parts.next());
            // An index moves the keys after it by one.
            let fixed = [first, second].iter().flatten().all(|part| !part.ends_with("[]"));
            let first = first.map(plain).unwrap_or_default();
            if first.is_empty() {
                index.anywhere.push(row);
                continue;
            }
            let section = index.sections.entry(first).or_default();
            match third.filter(|_| fixed).map(plain).unwrap_or_default() {
                "" => section.any_key.push(row),
                third => section.keys.entry(third).or_default().push(row),
            }
        }
        index
    }

    /// One diagnostic for all the leaves that one row covers, with the place of each.
    pub(super) fn report(
        &self,
        key: &'static str,
        leaves: &[NodeId],
        manifest: &Manifest,
        diagnostics: &mut Diagnostics,
    ) {
        let Some(row) = self.rows.iter().find(|row| row.key == key) else { return };
        let Some(first) = leaves.first() else { return };
        let mut names: Vec<String> =
            leaves.iter().filter_map(|leaf| owner(&manifest.nodes.path(*leaf))).collect();
        names.dedup();
        let shown = shown_key(key);
        let of = if names.is_empty() { String::new() } else { format!(" of {}", list(&names)) };
        let (rule, verb) = match row.support {
            KeySupport::Ignored { effect } => (&rules::target::IGNORED_KEY, effect.verb()),
            KeySupport::Rejected { .. } => (&rules::target::REJECTED_KEY, "is not supported"),
        };
        let severity = match row.support {
            KeySupport::Ignored { effect } => effect.severity(),
            KeySupport::Rejected { .. } => Severity::Error,
        };
        let message = format!("`{shown}`{of} {verb} on {}: {}", self.product, row.reason);
        let mut diagnostic = Diagnostic::new(rule, message)
            .severity(severity)
            .key(manifest.nodes.path(*first).to_string())
            .target(self.target);
        for leaf in leaves {
            diagnostic = diagnostic.at(manifest.nodes.origin(*leaf));
        }
        if let [name] = names.as_slice() {
            diagnostic = diagnostic.service(name.clone());
        }
        if let KeySupport::Rejected { help } = row.support {
            diagnostic = diagnostic.help(help);
        }
        diagnostics.push(diagnostic);
    }
}

/// The service, volume or network that a path belongs to.
pub(super) fn owner(path: &KeyPath) -> Option<String> {
    match path.0.as_slice() {
        [PathSegment::Key(_), PathSegment::Key(name), ..] => Some(format!("`{name}`")),
        _ => None,
    }
}

/// At most three names, and how many more.
pub(super) fn list(names: &[String]) -> String {
    match names {
        [one] => one.clone(),
        [first, second] => format!("{first} and {second}"),
        [first, second, third] => format!("{first}, {second} and {third}"),
        [first, second, third, rest @ ..] => format!("{first}, {second}, {third} and {} more", rest.len()),
        [] => String::new(),
    }
}

/// `services.*.shm_size` as people say it: `shm_size`.
pub(super) fn shown_key(key: &str) -> &str {
    ["services.*.", "volumes.*.", "networks.*.", "secrets.*.", "configs.*."]
        .iter()
        .find_map(|prefix| key.strip_prefix(prefix))
        .unwrap_or(key)
}

fn specificity(key: &str) -> (usize, usize) {
    (key.matches(['.', '[']).count(), key.split('.').filter(|part| !part.starts_with('*')).count())
}

/// Whether a pattern covers a path or one of the nodes above it. Keys may hold dots, so the path is
/// walked segment by segment.
fn covers(pattern: &str, path: &KeyPath) -> bool {
    let mut segments = path.0.iter();
    let mut rest = Some(pattern);
    // Every leaf is held against every row: a search for a string would take half of a compile.
    while let Some(here) = rest {
        let end = here.bytes().position(|byte| byte == b'.').unwrap_or(here.len());
        let mut name = here.get(..end).unwrap_or(here);
        rest = here.get(end + 1..);
        let mut indexes = 0;
        while let Some(shorter) = name.strip_suffix("[]") {
            (name, indexes) = (shorter, indexes + 1);
        }
        match segments.next() {
            Some(PathSegment::Key(key)) if matches_key(name, key) => {}
            _ => return false,
        }
        if !(0..indexes).all(|_| matches!(segments.next(), Some(PathSegment::Index(_)))) {
            return false;
        }
    }
    true
}

/// `*` is any key; `x-*` is any key with that prefix.
fn matches_key(name: &str, key: &str) -> bool {
    match name.strip_suffix('*') {
        Some(prefix) => key.starts_with(prefix),
        None => name == key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> KeyPath {
        let mut segments = Vec::new();
        for part in text.split('.') {
            let (name, index) = part.split_once('[').map_or((part, None), |(name, rest)| (name, Some(rest)));
            segments.push(PathSegment::Key(name.into()));
            if let Some(number) = index.and_then(|rest| rest.trim_end_matches(']').parse().ok()) {
                segments.push(PathSegment::Index(number));
            }
        }
        KeyPath(segments)
    }

    #[test]
    fn patterns_cover_what_is_below_them() {
        for (pattern, at, covered) in [
            ("services.*.ports[]", "services.app.ports[0].mode", true),
            ("services.*.ports[]", "services.app.ports", false),
            ("services.*.x-*", "services.app.x-team", true),
            ("services.*.init", "services.app.init", true),
            ("services.*.init", "volumes.app.init", false),
            ("services.*.init", "services.app", false),
            ("services.*.a[][]", "services.app.a[0]", false),
            ("services.*.deploy.mode", "services.app.deploy.mode", true),
        ] {
            assert_eq!(covers(pattern, &path(at)), covered, "{pattern} {at}");
        }
    }

    /// However the rows are sorted for it, the one that is found is the one that covers the path.
    #[test]
    fn a_row_is_found_by_whatever_keys_its_pattern_has() {
        const fn row(key: &'static str) -> SupportRow {
            SupportRow {
                key,
                support: KeySupport::Ignored { effect: BehaviourEffect::Equivalent },
                reason: key,
            }
        }
        static ROWS: &[SupportRow] = &[
            row("x-*"),
            row("services.*.x-*"),
            row("services.*.init"),
            row("services.*.ports[].mode"),
            row("volumes.*"),
            row("items[].name"),
        ];
        let table = SupportTable { target: "t", product: "T", rows: ROWS }.index();
        for (at, found) in [
            ("x-team.name", Some("x-*")),
            ("services.a.x-team", Some("services.*.x-*")),
            ("services.a.init", Some("services.*.init")),
            ("services.a.ports[1].mode", Some("services.*.ports[].mode")),
            ("services.a.ports[1].name", None),
            ("services.a", None),
            ("volumes.a.driver", Some("volumes.*")),
            ("networks.a.init", None),
            ("items[0].name", Some("items[].name")),
            ("items.name", None),
        ] {
            assert_eq!(table.find(&path(at)).map(|row| row.reason), found, "{at}");
        }
    }

    #[test]
    fn the_longest_pattern_wins() {
        static ROWS: &[SupportRow] = &[
            SupportRow {
                key: "services.*.deploy",
                support: KeySupport::Ignored { effect: BehaviourEffect::ChangesBehaviour },
                reason: "a",
            },
            SupportRow {
                key: "services.*.deploy.mode",
                support: KeySupport::Ignored { effect: BehaviourEffect::Equivalent },
                reason: "b",
            },
        ];
        let table = SupportTable { target: "t", product: "T", rows: ROWS }.index();
        assert_eq!(table.find(&path("services.a.deploy.mode")).map(|row| row.reason), Some("b"));
        assert_eq!(table.find(&path("services.a.deploy.labels")).map(|row| row.reason), Some("a"));
    }

    #[test]
    fn the_index_finds_what_a_walk_over_all_rows_finds() {
        const fn row(key: &'static str) -> SupportRow {
            let support = KeySupport::Ignored { effect: BehaviourEffect::Equivalent };
            SupportRow { key, support, reason: key }
        }
        static ROWS: &[SupportRow] = &[
            row("services"),
            row("services.*"),
            row("services.*.build"),
            row("services.*.build.args"),
            row("services.*.ports[]"),
            row("services.*.ports[].mode"),
            row("services.*.x-*"),
            row("services.*.x-team"),
            row("include[].path"),
            row("x-*"),
        ];
        let table = SupportTable { target: "t", product: "T", rows: ROWS }.index();
        for (at, found) in [
            ("services.a.build.args.x", Some("services.*.build.args")),
            ("services.a.build.target", Some("services.*.build")),
            ("services.a.ports[0].mode", Some("services.*.ports[].mode")),
            ("services.a.ports[0].published", Some("services.*.ports[]")),
            ("services.a.ports", Some("services.*")),
            ("services.a.x-teams.name", Some("services.*.x-*")),
            ("services.a.x-team.name", Some("services.*.x-team")),
            ("services.a", Some("services.*")),
            ("services", Some("services")),
            ("include[0].path", Some("include[].path")),
            ("include[0].env", None),
            ("x-common.ports", Some("x-*")),
            ("volumes.a.driver", None),
        ] {
            assert_eq!(table.find(&path(at)).map(|row| row.key), found, "{at}");
        }
    }
}
