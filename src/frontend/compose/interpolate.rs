//! Interpolation: `$` expressions in values, and strings converted to the number or boolean their key takes.
//!
//! In: one document. Out: the same document with every string interpolated. Keys are left alone. Invariant:
//! a changed string carries [`Provenance::Interpolated`], with the byte range of each variable's value.

use super::env::warn_unset;
use super::template::{self, TemplateError, VariableLookup};
use super::value::print_scalar;
use super::{LoadContext, ProjectVariables, SourcedValue, cast};
use crate::diagnostic::{Diagnostic, rules::interpolation as rule};
use crate::source::{GuardedPlace, GuardedValue, Origin, Provenance};
use crate::yaml::{Node, NodeTag, NodeValue};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The project's variables, recording which ones were read.
pub(super) struct EnvironmentVariables<'a> {
    environment: &'a ProjectVariables,
    deferred: Option<&'a BTreeSet<String>>,
    read: Option<&'a mut BTreeMap<Arc<str>, Option<Arc<str>>>>,
}

impl<'a> EnvironmentVariables<'a> {
    /// Reads variables without recording it.
    pub(super) fn silent(environment: &'a ProjectVariables) -> Self {
        EnvironmentVariables { environment, deferred: None, read: None }
    }
}

impl VariableLookup for EnvironmentVariables<'_> {
    fn variable(&mut self, name: &str) -> Option<SourcedValue> {
        let found = self.environment.get(name)?;
        if let Some(read) = &mut self.read
            && read.get(name).is_none_or(Option::is_none)
        {
            read.insert(name.into(), Some(found.value.clone()));
        }
        Some(found.clone())
    }

    fn is_deferred(&self, name: &str) -> bool {
        self.deferred.is_some_and(|deferred| deferred.contains(name))
    }
}

/// Interpolates a document.
pub(super) fn interpolate(
    root: &mut Node,
    environment: &ProjectVariables,
    deferred: &BTreeSet<String>,
    cx: &mut LoadContext<'_>,
) {
    InterpolationWalk { environment, deferred, cx }.node(root, &mut Vec::new());
}

/// Temporarily marks a value that was reported and will be dropped.
const FAILED: &str = "!failed";

/// Without its image, the service would be reported a second time.
fn is_image(path: &[Arc<str>]) -> bool {
    matches!(path, [room, _, key] if &**room == "services" && &**key == "image")
}

/// Whether the value is where a secret is kept: `x-tranship.registries.ghcr.io.secret`.
fn names_a_secret(path: &[Arc<str>]) -> bool {
    match path {
        [root, .., room, _, key] => &**root == "x-tranship" && &**room == "registries" && &**key == "secret",
        _ => false,
    }
}

/// The key that says what a value is. Whatever stands below a variable is a part of its value, legal or not.
fn guarding_key(path: &[Arc<str>]) -> Option<&Arc<str>> {
    let key = match path {
        [room, _, section, variable, ..] if &**room == "services" && &**section == "environment" => {
            Some(variable).filter(|name| &***name != cast::ITEM)
        }
        _ => None,
    };
    key.or_else(|| path.last())
}

struct InterpolationWalk<'a, 'b> {
    environment: &'a ProjectVariables,
    deferred: &'a BTreeSet<String>,
    cx: &'a mut LoadContext<'b>,
}

impl InterpolationWalk<'_, '_> {
    /// `path` holds keys, and `[]` for list items. Returns false if the value is no longer usable.
    fn node(&mut self, node: &mut Node, path: &mut Vec<Arc<str>>) -> bool {
        match &mut node.value {
            NodeValue::String(_) => {
                let text = self.text(node, path).is_some();
                return text || is_image(path);
            }
            NodeValue::Integer(_) | NodeValue::Float(_) | NodeValue::Timestamp(_) => {
                self.guard(print_scalar(&node.value).into(), node.origin, path);
            }
            NodeValue::Sequence(items) => {
                path.push(cast::ITEM.into());
                items.retain_mut(|item| self.node(item, path));
                path.pop();
            }
            NodeValue::Mapping(mapping) => {
                let mut failed = false;
                for (key, value) in mapping.values_mut() {
                    path.push(key.text.clone());
                    if !self.node(value, path) {
                        value.value = NodeValue::Null;
                        value.tag = Some(Box::new(NodeTag { name: FAILED.into(), origin: value.origin }));
                        failed = true;
                    }
                    path.pop();
                }
                if failed {
                    mapping.retain(|entry| entry.value.tag.as_ref().is_none_or(|tag| &*tag.name != FAILED));
                }
            }
            _ => {}
        }
        true
    }

    /// Interpolates a string and converts it to its type; `None` if an error was reported.
    fn text(&mut self, node: &mut Node, path: &[Arc<str>]) -> Option<()> {
        if let NodeValue::String(text) = &node.value
            && template::has_expression(text)
        {
            let text = text.clone();
            let (filled, origin) = self.fill(&text, node.origin, path)?;
            node.value = NodeValue::String(filled);
            node.origin = origin;
        }
        if let NodeValue::String(text) = &node.value {
            self.guard(text.clone(), node.origin, path);
        }
        let (Some(cast), NodeValue::String(text)) = (cast::for_path(path), &node.value) else {
            return Some(());
        };
        match cast.apply(text) {
            Ok(value) => {
                if cast::is_old_boolean(text, &value) {
                    let diagnostic = at_path(&rule::OLD_BOOLEAN, path, "is a YAML 1.1 boolean")
                        .at(node.origin)
                        .help(format!("write `{}`", value == NodeValue::Bool(true)));
                    self.cx.report(diagnostic);
                }
                node.value = value;
                Some(())
            }
            Err(wanted) => {
                let message = format!("must be {wanted}, not `{text}`");
                let diagnostic = at_path(&rule::NOT_OF_TYPE, path, &message).at(node.origin);
                self.cx.report(diagnostic.help(format!("write {wanted}, or set the variable to one")));
                None
            }
        }
    }

    /// Hides the secrets in a value, whatever becomes of it.
    fn guard(&mut self, value: Arc<str>, origin: Origin, path: &[Arc<str>]) {
        let Some(key) = guarding_key(path).cloned() else { return };
        let place = match &*key {
            cast::ITEM => GuardedPlace::ListItem,
            _ if names_a_secret(path) => GuardedPlace::SecretName,
            _ => GuardedPlace::Keyed,
        };
        self.cx.sources.guard(GuardedValue { key, value, origin, place });
    }

    fn fill(&mut self, text: &str, origin: Origin, path: &[Arc<str>]) -> Option<(Arc<str>, Origin)> {
        let mut variables = EnvironmentVariables {
            environment: self.environment,
            deferred: Some(self.deferred),
            read: Some(&mut self.cx.variables),
        };
        match template::expand(text, &mut variables) {
            Ok(expansion) => {
                if !self.cx.budget.bytes(expansion.text.len()) {
                    self.failed(TemplateError::TooLong(0..0), origin, path);
                    return None;
                }
                self.warn_unset(&expansion, origin);
                let substitutions = expansion.substitutions;
                let origin = match substitutions.is_empty() {
                    true => origin,
                    false => {
                        self.cx.sources.record(Provenance::Interpolated { template: origin, substitutions })
                    }
                };
                Some((expansion.text.into(), origin))
            }
            Err(failure) => {
                self.failed(failure, origin, path);
                None
            }
        }
    }

    /// Warns of variables that are unset, each at its first place.
    fn warn_unset(&mut self, expansion: &template::TemplateExpansion, origin: Origin) {
        if expansion.unset.is_empty() {
            return;
        }
        let mut places = BTreeMap::new();
        for one in &expansion.substitutions {
            places.entry(&one.variable).or_insert(&one.expression);
        }
        for name in &expansion.unset {
            let range = places.get(name).map_or(0..0, |place| (*place).clone());
            let place = self.cx.sources.record(Provenance::Part { of: origin, range });
            warn_unset(name, place, self.cx);
        }
    }

    fn failed(&mut self, failure: TemplateError, origin: Origin, path: &[Arc<str>]) {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let mut place = |range: std::ops::Range<usize>| {
            let range = narrow(range.start)..narrow(range.end);
            self.cx.sources.record(Provenance::Part { of: origin, range })
        };
        let diagnostic = match failure {
            TemplateError::TooLong(_) if !self.cx.budget.is_first_report() => return,
            TemplateError::TooLong(range) => {
                let message = match range.is_empty() {
                    true => "exceeds the limit for the values of all variables together".to_owned(),
                    false => format!("is larger than {} MiB after interpolation", template::MOST_ADDED >> 20),
                };
                let place = if range.is_empty() { origin } else { place(range) };
                at_path(&rule::TOO_LARGE, path, &message).at(place).help("mount large content as a file")
            }
            TemplateError::Malformed(range) => at_path(&rule::MALFORMED, path, "has a malformed `$` expression")
                .label(place(range), "starts here")
                .help("write `${NAME}` with one of the operators `:-`, `-`, `:+`, `+`, `:?`, `?`; for a literal dollar sign, write `$$`"),
            TemplateError::Required { variable, reason, expression } => {
                let colon = if reason.is_empty() { "" } else { ": " };
                let message = format!("requires a value for the variable `{variable}`{colon}{reason}");
                at_path(&rule::REQUIRED, path, &message)
                    .at(place(expression))
                    .help(format!("set `{variable}` in the environment, in `.env`, or with `--set {variable}=...`"))
            }
        };
        self.cx.report(diagnostic);
    }
}

/// A diagnostic on a key path, with the service's name if it belongs to one.
fn at_path(rule: &'static crate::diagnostic::DiagnosticRule, path: &[Arc<str>], message: &str) -> Diagnostic {
    let mut shown = String::new();
    for step in path {
        if &**step != cast::ITEM && !shown.is_empty() {
            shown.push('.');
        }
        shown.push_str(step);
    }
    let diagnostic = Diagnostic::new(rule, format!("`{shown}` {message}")).key(shown);
    match path {
        [room, service, ..] if &**room == "services" => diagnostic.service(&**service),
        _ => diagnostic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<Arc<str>> {
        text.split(' ').map(Arc::from).collect()
    }

    #[test]
    fn the_name_of_a_secret_is_no_secret() {
        assert!(names_a_secret(&path("x-tranship registries ghcr.io secret")));
        assert!(names_a_secret(&path("x-tranship environments prod registries ghcr.io secret")));
        for other in [
            "x-other registries ghcr.io secret",
            "x-tranship pipelines ghcr.io secret",
            "x-tranship registries ghcr.io password",
            "x-tranship secret",
        ] {
            assert!(!names_a_secret(&path(other)), "{other}");
        }
    }

    #[test]
    fn a_variable_guards_whatever_stands_below_it() {
        let guard = |text: &str| guarding_key(&path(text)).map(ToString::to_string);
        assert_eq!(guard("services web environment DB_PASSWORD nested key").as_deref(), Some("DB_PASSWORD"));
        assert_eq!(guard("services web environment []").as_deref(), Some("[]"));
        assert_eq!(guard("services web labels DB_PASSWORD").as_deref(), Some("DB_PASSWORD"));
        assert_eq!(guard("volumes web environment DB_PASSWORD nested").as_deref(), Some("nested"));
        assert_eq!(guard("services web labels A B").as_deref(), Some("B"));
        assert_eq!(guarding_key(&[]), None);
    }

    #[test]
    fn the_image_of_a_service_alone_is_kept() {
        assert!(is_image(&path("services web image")));
        assert!(!is_image(&path("services web command")));
        assert!(!is_image(&path("volumes web image")));
        assert!(!is_image(&path("services web build image")));
    }
}
