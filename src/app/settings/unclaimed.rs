//! Settings that a target uses and this application gives it no use for: `https` where nothing is public.

use super::KEY;
use crate::disposition::{BehaviourEffect, Disposition, LedgerEntry};
use crate::rules;
use indexmap::IndexMap;
use tranship_frontend::compose::{KeyPath, PathSegment};
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics, Severity};
use tranship_frontend::source::Origin;

/// A mapping whose entries are used one by one.
const REGISTRIES: &str = "registries";

/// The settings that no code claimed when the ledger was closed, by their outermost key.
#[derive(Debug, Default)]
pub(crate) struct UnclaimedSettings(IndexMap<String, UnclaimedSetting>);

#[derive(Debug)]
struct UnclaimedSetting {
    origins: Vec<Origin>,
    severity: Severity,
}

impl UnclaimedSettings {
    /// The account of a leaf; nothing where it is no setting.
    pub(crate) fn account(&mut self, path: &KeyPath, origin: Origin) -> Option<LedgerEntry> {
        let extension = path.0.iter().position(|step| *step == PathSegment::Key(KEY.into()))?;
        let in_environment =
            extension == 0 && path.0.get(1) == Some(&PathSegment::Key("environments".into()));
        let outermost = if in_environment { extension + 4 } else { extension + 2 };
        let by_name =
            path.0.get(outermost - 1).is_some_and(|step| *step == PathSegment::Key(REGISTRIES.into()));
        let outermost = if by_name { outermost + 1 } else { outermost };
        let key = KeyPath(path.0.iter().take(outermost).cloned().collect()).to_string();
        let severity = if in_environment { Severity::Warning } else { Severity::Note };
        let one = self.0.entry(key).or_insert(UnclaimedSetting { origins: Vec::new(), severity });
        one.origins.push(origin);
        let reason = "nothing in this application uses it".into();
        let disposition =
            Disposition::Ignored { reason, effect: BehaviourEffect::changed_if(in_environment) };
        Some(LedgerEntry { disposition, became: "".into() })
    }

    /// One diagnostic for each.
    pub(crate) fn report(self, target: &str, diagnostics: &mut Diagnostics) {
        for (key, one) in self.0 {
            let message = format!("`{key}` has no effect: nothing in this application uses it");
            let diagnostic =
                Diagnostic::new(&rules::tranship::UNUSED_SETTING, message).severity(one.severity);
            let placed = one.origins.into_iter().fold(diagnostic, Diagnostic::at);
            diagnostics.push(placed.key(key).target(target));
        }
    }
}
