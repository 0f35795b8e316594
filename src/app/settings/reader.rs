//! Reads values below `x-tranship` and reports what is wrong with them.
//!
//! In: nodes of the resolved tree, and the names that are known. Out: text for the typed values, and a
//! diagnostic for each unknown key, missing key and wrong value. Invariant: each mistake is reported once.

use super::KnownNames;
use super::declaration::{SettingDeclaration, SettingForm, SettingNameForm, quoted};
use super::sections::SECTIONS;
use crate::rules;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tranship_frontend::compose::Manifest;
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics, suggest};
use tranship_frontend::source::{Origin, Sources};
use tranship_frontend::yaml::{MappingEntry, Node, NodeId, NodeValue};

/// What every value is read with.
pub(crate) struct SettingReader<'a> {
    manifest: &'a Manifest,
    sources: &'a Sources,
    known: &'a KnownNames,
    diagnostics: &'a mut Diagnostics,
    /// The variables that are known at deployment only.
    late: BTreeMap<Arc<str>, Origin>,
    /// Those that stand where a value must be known now.
    pub(super) late_refused: BTreeSet<Arc<str>>,
    /// Collections without an entry: leaves that say nothing.
    pub(super) empty: Vec<NodeId>,
}

impl<'a> SettingReader<'a> {
    /// A reader that found nothing yet.
    pub(super) fn new(
        manifest: &'a Manifest,
        sources: &'a Sources,
        known: &'a KnownNames,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        let late = late_bound_entries(&manifest.root).collect();
        let (late_refused, empty) = (BTreeSet::new(), Vec::new());
        SettingReader { manifest, sources, known, diagnostics, late, late_refused, empty }
    }

    /// Looks at the keys of a mapping: whether it is one, and which are unknown or missing.
    pub(super) fn open(&mut self, node: &Node, form: &'static SettingForm) -> Option<()> {
        let Some(mapping) = node.as_mapping() else {
            self.refuse(node, form);
            return None;
        };
        self.note_empty(node);
        let tables = form.tables();
        let declared: Vec<&SettingDeclaration> = tables.iter().copied().flatten().collect();
        for entry in mapping {
            if !declared.iter().any(|one| one.key == &*entry.key.text) {
                self.unknown(entry, &declared);
            }
        }
        for one in declared.iter().filter(|one| one.required && !mapping.contains_key(one.key)) {
            self.missing(node, one);
        }
        Some(())
    }

    /// A scalar that is parsed now: late-bound variables are refused, and what does not parse is.
    pub(super) fn scalar<T>(
        &mut self,
        node: &Node,
        form: &'static SettingForm,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        if let Some(variable) = self.late_variable(node) {
            self.refuse_late(node, variable);
            return None;
        }
        let value = self.text(node).and_then(|text| parse(&text));
        if value.is_none() {
            self.refuse(node, form);
        }
        value
    }

    /// The names of the targets.
    pub(super) fn targets(&self) -> &'a [&'static str] {
        &self.known.targets
    }

    /// A scalar as text. A number that looks like text keeps its digits: `version: 16.10`.
    pub(super) fn text(&self, node: &Node) -> Option<Arc<str>> {
        match &node.value {
            NodeValue::Float(number) => {
                let span = self.sources.place(node.origin);
                let written = span.and_then(|span| {
                    let text = self.sources.file(span.file)?.text();
                    text.get(span.start as usize..span.end as usize)
                });
                let same = written.filter(|text| text.parse() == Ok(*number));
                Some(same.map_or_else(|| number.to_string().into(), Arc::from))
            }
            _ => setting_text(node),
        }
    }

    /// Whether a late-bound variable stands in the node.
    pub(super) fn is_late(&self, node: &Node) -> bool {
        self.late_variable(node).is_some()
    }

    /// Remembers a collection without an entry.
    pub(super) fn note_empty(&mut self, node: &Node) {
        let empty = match &node.value {
            NodeValue::Mapping(mapping) => mapping.is_empty(),
            NodeValue::Sequence(items) => items.is_empty(),
            _ => false,
        };
        if empty {
            self.empty.push(node.id);
        }
    }

    /// Says what may stand at a node in place of what does.
    pub(super) fn refuse(&mut self, node: &Node, form: &SettingForm) {
        let text = self.text(node);
        let given = text.as_ref().map_or_else(|| node.value.kind().to_owned(), |text| format!("`{text}`"));
        let targets = self.targets();
        let help = text.and_then(|text| match (form, text.parse::<u32>()) {
            (SettingForm::Numbers(numbers), Ok(number)) => {
                let next = numbers.iter().find(|one| **one > number).or(numbers.last())?;
                Some(format!("the next supported number is {next}"))
            }
            _ => suggest::closest(&text, form.words(targets)).map(|near| format!("did you mean `{near}`?")),
        });
        let path = self.manifest.nodes.path(node.id);
        let message = format!("`{path}` must be {}, not {given}", form.describe(targets));
        let help = help.unwrap_or_else(|| format!("`tranship explain {path}` shows an example"));
        self.report(node, message, help);
    }

    /// Reports a range whose ends are the wrong way round.
    pub(super) fn check_range(&mut self, node: &Node, min: u32, max: u32) -> Option<()> {
        if min <= max {
            return Some(());
        }
        let path = self.manifest.nodes.path(node.id);
        let message = format!("`{path}`: `min` ({min}) is greater than `max` ({max})");
        self.report(node, message, "write the smaller number as `min`".to_owned());
        None
    }

    /// Reports a name that does not have the form that its mapping asks for.
    pub(super) fn check_name(&mut self, entry: &MappingEntry, names: &SettingNameForm) -> Option<()> {
        let name = &*entry.key.text;
        if (names.fits)(name) {
            return Some(());
        }
        let path = self.manifest.nodes.path(entry.value.id).to_string();
        let message = format!("invalid {} name `{name}`", names.what);
        self.diagnostics.push(
            Diagnostic::new(&rules::tranship::INVALID_SETTING, message)
                .at(entry.key.origin)
                .key(path)
                .help(format!("use {}", names.words)),
        );
        None
    }

    /// Reports an environment that names no target where the top names none either.
    pub(super) fn without_target(&mut self, name: &str, origin: Origin) {
        let path = format!("x-tranship.environments.{name}");
        let known = quoted(self.targets());
        self.diagnostics.push(
            Diagnostic::new(&rules::tranship::INVALID_SETTING, format!("environment `{name}` has no target"))
                .at(origin)
                .key(path)
                .help(format!(
                    "add `target` to the environment or to the top of `x-tranship`: one of {known}"
                )),
        );
    }

    /// Reports a value that its own group refuses.
    pub(super) fn report(&mut self, node: &Node, message: String, help: String) {
        let path = self.manifest.nodes.path(node.id).to_string();
        let diagnostic = Diagnostic::new(&rules::tranship::INVALID_SETTING, message);
        self.diagnostics.push(diagnostic.at(node.origin).key(path).help(help));
    }

    fn missing(&mut self, node: &Node, declaration: &SettingDeclaration) {
        let path = self.manifest.nodes.path(node.id);
        let message = format!("missing setting `{path}.{}`", declaration.key);
        let help = format!("add `{}`: {}", declaration.key, lower_first(declaration.description()));
        self.report(node, message, help);
    }

    fn unknown(&mut self, entry: &MappingEntry, declared: &[&SettingDeclaration]) {
        let key = &*entry.key.text;
        let path = self.manifest.nodes.path(entry.value.id).to_string();
        let origin = if entry.key.origin == Origin::NOWHERE { entry.value.origin } else { entry.key.origin };
        let here = || declared.iter().map(|one| one.key);
        let inner = |one: &&&SettingDeclaration| has_key(&one.form.tables(), key);
        let place = declared.iter().find(inner).map(|one| one.key).or_else(|| elsewhere(key));
        let help = match (suggest::closest(key, here()), place) {
            (_, Some(place)) => format!("`{key}` belongs under `{place}`"),
            (Some(near), None) => format!("did you mean `{near}`?"),
            (None, None) => format!("known settings: {}", quoted(&here().collect::<Vec<_>>())),
        };
        self.diagnostics.push(
            Diagnostic::new(&rules::tranship::UNKNOWN_SETTING, format!("unknown setting `{path}`"))
                .at(origin)
                .key(path)
                .help(help),
        );
    }

    fn late_variable(&self, node: &Node) -> Option<Arc<str>> {
        if self.late.is_empty() {
            return None;
        }
        let found = self.sources.substitutions(node.origin);
        found.into_iter().map(|one| one.variable).find(|name| self.late.contains_key(name))
    }

    fn refuse_late(&mut self, node: &Node, variable: Arc<str>) {
        let path = self.manifest.nodes.path(node.id).to_string();
        self.diagnostics.push(late_bound_structure(&path, node.origin, &variable));
        self.late_refused.insert(variable);
    }
}

/// A late-bound variable where the value must be known now.
pub(crate) fn late_bound_structure(path: &str, origin: Origin, variable: &str) -> Diagnostic {
    let message = format!(
        "`{path}` contains the late-bound variable `{variable}`, but its value must be known at build time"
    );
    Diagnostic::new(&rules::app::LATE_BOUND_STRUCTURE, message)
        .at(origin)
        .key(path)
        .help(format!("remove `{variable}` from `late_bound`, or write the value out here"))
}

/// The place that a key belongs in, where it is known in another.
fn elsewhere(key: &str) -> Option<&'static str> {
    SECTIONS
        .iter()
        .find(|section| has_key(&[section.declarations], key))
        .and_then(|section| section.places.first().copied())
}

/// Whether a key is in one of some tables.
fn has_key(tables: &[&[SettingDeclaration]], key: &str) -> bool {
    tables.iter().copied().flatten().any(|one| one.key == key)
}

/// A scalar of a setting as text.
pub(super) fn setting_text(node: &Node) -> Option<Arc<str>> {
    match &node.value {
        NodeValue::String(text) | NodeValue::Timestamp(text) => Some(text.clone()),
        NodeValue::Integer(number) => Some(number.to_string().into()),
        NodeValue::Float(number) => Some(number.to_string().into()),
        NodeValue::Bool(truth) => Some(truth.to_string().into()),
        _ => None,
    }
}

/// What `late_bound` names, with the place, before anything else is read.
pub(super) fn late_bound_entries(root: &Node) -> impl Iterator<Item = (Arc<str>, Origin)> {
    let items = root.at(&[super::KEY, "late_bound"]).and_then(Node::as_sequence).unwrap_or_default();
    items.iter().filter_map(|item| Some((setting_text(item)?, item.origin)))
}

/// `The VPC.` as the rest of a sentence: `the VPC`.
fn lower_first(sentence: &str) -> String {
    let first = sentence.split(". ").next().unwrap_or(sentence);
    let mut letters = first.trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
