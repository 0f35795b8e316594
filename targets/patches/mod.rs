//! `x-tranship.patch`: changes to what a target emits, for what no setting can say.
//!
//! In: the changes of an [`Application`], and what a target emits without them. Out: the same with the changes made, an
//! account of them for the report, and a diagnostic at the line of each that cannot be made. Invariant: a change is made as
//! a whole or not at all; no literal secret is in one.

mod conditions;
mod prepared;
mod protection;
mod secrets;
mod template;
mod values;

pub use prepared::{PatchEdit, PatchThing, PreparedPatch, ResourceChoice, prepare, report};
pub use template::{PatchedTemplate, patch_outputs_and_resources, patch_parameters, report_broken};

pub use values::value_of;

use tranship_app::rules::tranship;
use tranship_app::{PatchReport, PatchedValue};
use tranship_cloudformation::{BodyFault, EditFault, ValueChange};
use tranship_frontend::diagnostic::{Diagnostic, DiagnosticRule, suggest};
use tranship_frontend::source::Origin;

/// How the comment begins beside what a change added, and beside what it changed.
const ADDED: &str = "added by ";
const CHANGED: &str = "changed by ";

/// The key path in a comment of a template: that of a change, or where a thing comes from.
pub fn key_in_comment(comment: &str) -> &str {
    comment.strip_prefix(ADDED).or_else(|| comment.strip_prefix(CHANGED)).unwrap_or(comment)
}

impl PreparedPatch {
    /// A diagnostic about the change.
    pub fn about(&self, rule: &'static DiagnosticRule, message: String) -> Diagnostic {
        self.about_place(rule, self.origin, message)
    }

    fn about_place(&self, rule: &'static DiagnosticRule, origin: Origin, message: String) -> Diagnostic {
        let diagnostic = Diagnostic::new(rule, message).at(origin).key(self.key.as_str());
        match &self.service {
            Some(service) => diagnostic.service(&**service),
            None => diagnostic,
        }
    }

    /// The comment beside what it changed.
    pub fn comment(&self) -> String {
        let verb = if matches!(self.edit, PatchEdit::Add(_)) { ADDED } else { CHANGED };
        format!("{verb}{}", self.key)
    }

    /// What it did to an entry, for the report.
    pub fn account(&self, entry: &str, changes: &[ValueChange]) -> PatchReport {
        let change = |one: &ValueChange| PatchedValue {
            path: one.path.to_string(),
            before: one.before.as_ref().map(tranship_cloudformation::TemplateValue::to_json),
            after: one.after.as_ref().map(tranship_cloudformation::TemplateValue::to_json),
        };
        PatchReport {
            key: self.key.clone(),
            entry: entry.to_owned(),
            changes: changes.iter().map(change).collect(),
        }
    }

    /// That an entry of the name does not exist. `known` are those that do.
    pub fn unknown<'n>(&self, what: &str, name: &str, known: impl Iterator<Item = &'n str>) -> Diagnostic {
        let message = format!("`{}` changes the {what} `{name}`, which does not exist", self.key);
        let diagnostic = self.about_place(&tranship::PATCH_TARGET, self.named, message);
        match suggest::closest(name, known) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic
                .help("copy the name from the files that `tranship build` writes, or add it with `add`"),
        }
    }

    /// That an entry of the name exists already.
    pub fn exists(&self, what: &str, name: &str) -> Diagnostic {
        let message = format!("`{}` adds the {what} `{name}`, which exists already", self.key);
        self.about_place(&tranship::PATCH_TARGET, self.named, message)
            .help("use another name, or `merge` to change the one that exists")
    }

    /// That a change does not fit the entry. `at` is where its place is written.
    pub fn does_not_apply(&self, entry: &str, at: Origin, fault: &EditFault) -> Diagnostic {
        let (message, help) = match fault {
            EditFault::Missing(path, names) => {
                let known: Vec<String> = names.iter().take(12).map(|name| format!("`{name}`")).collect();
                let known = match known.as_slice() {
                    [] => "nothing is there".to_owned(),
                    known => format!("there is {}", known.join(", ")),
                };
                (format!("`{entry}` has no `{path}`"), known)
            }
            EditFault::Closed(path) => (
                format!(
                    "`{path}` of `{entry}` is a single value or an intrinsic function, so no path leads into it"
                ),
                "set it as a whole with `replace`".to_owned(),
            ),
            EditFault::Ambiguous(path) => (
                format!("several items of `{entry}` match `{path}`"),
                "choose one by its number: `[0]`".to_owned(),
            ),
            EditFault::NoList(path) => (
                format!("`{path}` of `{entry}` is not a list, so `append` adds nothing to it"),
                "use `merge` or `replace`".to_owned(),
            ),
            EditFault::NoMapping(path) => (
                format!("`{path}` of `{entry}` is not a mapping, so `merge` sets nothing in it"),
                "use `replace`".to_owned(),
            ),
        };
        self.about_place(&tranship::PATCH_PLACE, at, message).help(help)
    }

    /// That the entry is none with the change.
    pub fn no_entry(&self, entry: &str, fault: &BodyFault) -> Diagnostic {
        let message = format!("with `{}`, `{entry}` is not valid: {fault}", self.key);
        self.about(&tranship::PATCH_VALUE, message).help("write it as a CloudFormation template has it")
    }

    /// That the change sets what is there.
    pub fn without_effect(&self, entry: &str) -> Diagnostic {
        let message = format!("`{}` has no effect: `{entry}` has these values without it", self.key);
        self.about(&tranship::PATCH_WITHOUT_EFFECT, message).help("remove it")
    }
}
