//! Compares two states of a stack.
//!
//! In: the content of the stack as it is and as it would be. Out: a [`DeploymentDiff`]. A parameter that changes is one change,
//! whatever refers to it; what else changes is compared property by property.

use super::consequence::{self, ChangeConsequence};
use super::content::{ParameterValue, StackContent, refers_to};
use super::labels::{self, PropertyLabel};
use super::manifest_lines::{ManifestLine, ManifestLines};
use super::{ChangeAction, DeploymentDiff, DocumentSecrets, RESOURCES, ValueDifference};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use tranship_artifact::diff::{ArtifactDifference, diff};

/// The type of a job that a deployment runs.
const RUN: &str = "Custom::TaskRun";

/// Compares what is deployed with what would be; `variables` has the late-bound variable behind a parameter.
pub fn compare_stacks(
    old: Option<&StackContent>,
    new: &StackContent,
    manifest: &ManifestLines,
    variables: &BTreeMap<String, String>,
) -> DeploymentDiff {
    let empty = StackContent::read("{}", BTreeMap::new()).ok();
    let Some(before) = old.or(empty.as_ref()) else { return DeploymentDiff::default() };
    let is_first = old.is_none();
    let mut comparison = StackComparison { old: before, new, manifest, found: DeploymentDiff::default() };
    comparison.found.is_first = is_first;
    comparison.templates();
    if !is_first {
        comparison.parameters(variables);
    }
    comparison.jobs();
    let all = new.resources().map(|(id, _)| (id.clone(), subject(new, id, None)));
    comparison.found.owners = all.collect();
    let mut found = comparison.found;
    if is_first {
        found.others.clear();
    }
    found.sort();
    found
}

struct StackComparison<'a> {
    old: &'a StackContent,
    new: &'a StackContent,
    manifest: &'a ManifestLines,
    found: DeploymentDiff,
}

impl StackComparison<'_> {
    fn templates(&mut self) {
        let bytes = |content: &StackContent| content.template.to_string().into_bytes();
        let (old, new) = (bytes(self.old), bytes(self.new));
        let secrets = DocumentSecrets::of("template.json", [old.as_slice(), new.as_slice()]);
        for difference in diff("template.json", &old, &new) {
            let difference = secrets.masked(difference);
            let (action, path, old, new) = match difference {
                ArtifactDifference::Added(path, new) => (ChangeAction::Add, path, None, Some(new)),
                ArtifactDifference::Removed(path, old) => (ChangeAction::Remove, path, Some(old), None),
                ArtifactDifference::Changed(path, old, new) => {
                    (ChangeAction::Change, path, Some(old), Some(new))
                }
                ArtifactDifference::Lines(path, _) | ArtifactDifference::Order(path) => {
                    (ChangeAction::Change, path, None, None)
                }
                ArtifactDifference::Form(_) | ArtifactDifference::Binary(..) => continue,
            };
            let parts = labels::parts(&path);
            let words: Vec<&str> = parts.iter().map(String::as_str).collect();
            match (words.as_slice(), &old, &new) {
                (["Resources"], None, Some(Json::Object(all))) => {
                    all.keys().for_each(|id| self.resource(ChangeAction::Add, id));
                }
                (["Resources"], Some(Json::Object(all)), None) => {
                    all.keys().for_each(|id| self.resource(ChangeAction::Remove, id));
                }
                (["Resources", id], ..) => self.resource(action, id),
                (["Resources", id, "Properties"], ..) => {
                    self.properties(id, old.as_ref(), new.as_ref());
                }
                (["Resources", id, "Properties", path @ ..], ..) => {
                    self.property(action, id, path, old.as_ref(), new.as_ref());
                }
                (["Resources", id, what, ..], ..) => self.found.others.push(format!("{id}: {what}")),
                (["Parameters" | "AWSTemplateFormatVersion", ..], ..) | ([], ..) => {}
                ([what, ..], ..) => self.found.others.push((*what).to_owned()),
            }
        }
    }

    /// A whole resource comes or goes.
    fn resource(&mut self, action: ChangeAction, id: &str) {
        let content = self.side(action);
        let (consequence, detail) = match action {
            ChangeAction::Remove => consequence::of_removal(content, id),
            _ => (ChangeConsequence::None, String::new()),
        };
        let change = ValueDifference {
            action,
            label: RESOURCES.to_owned(),
            subjects: vec![subject(content, id, None)],
            old: None,
            new: None,
            secret: false,
            cause: content.keys(id).first().and_then(|key| self.manifest.of(key)),
            consequence,
            detail,
            resources: vec![id.to_owned()],
        };
        self.found.push(change);
    }

    /// All properties of a resource come or go.
    fn properties(&mut self, id: &str, old: Option<&Json>, new: Option<&Json>) {
        let action = if old.is_some() { ChangeAction::Remove } else { ChangeAction::Add };
        for (name, value) in old.or(new).and_then(Json::as_object).into_iter().flatten() {
            let (old, new) = if old.is_some() { (Some(value), None) } else { (None, Some(value)) };
            self.property(action, id, &[name], old, new);
        }
    }

    /// One property of a resource. A list of variables that comes or goes is one change for each.
    fn property(
        &mut self,
        action: ChangeAction,
        id: &str,
        path: &[&str],
        old: Option<&Json>,
        new: Option<&Json>,
    ) {
        if let (["ContainerDefinitions", _, "Environment" | "Secrets"], Some(items)) =
            (path, old.or(new).and_then(Json::as_array))
        {
            for item in items {
                let name = item.get("Name").and_then(Json::as_str).unwrap_or_default();
                let (old, new) = (old.map(|_| item), new.map(|_| item));
                self.property(action, id, &[path, &[name]].concat(), old, new);
            }
            return;
        }
        let content = self.side(action);
        let forced = path.first() == Some(&consequence::FORCED);
        if forced && self.is_known_from_exec(id, path) {
            return;
        }
        let owned: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        let label = labels::label(content.kind(id), &owned);
        let shown = |content: &StackContent, value: Option<&Json>| {
            let text = content.shown(value_of(value?));
            (!label.secret && !forced).then(|| if label.image { labels::short_image(&text) } else { text })
        };
        let (old_text, new_text) = (shown(self.old, old), shown(self.new, new));
        if !label.secret && old_text.is_some() && old_text == new_text {
            return self.found.others.push(format!("{id}: another way to write {}", label.text));
        }
        let (consequence, detail) =
            path.first().map(|first| consequence::of_property(content, id, first)).unwrap_or_default();
        let change = ValueDifference {
            action,
            subjects: vec![subject(content, id, label.container.as_deref())],
            old: old_text,
            new: new_text,
            secret: label.secret,
            cause: self.cause(id, &label, path),
            consequence,
            detail,
            resources: vec![id.to_owned()],
            label: label.text,
        };
        self.found.push(change);
    }

    /// Whether new tasks are forced because sessions are turned on or off, which has a line of its own, or this is only the switch
    /// that goes with the reason.
    fn is_known_from_exec(&self, id: &str, path: &[&str]) -> bool {
        let exec = |content: &StackContent| {
            content.resource(id).and_then(|it| it.get("Properties")?.get(consequence::EXEC)).cloned()
        };
        path.get(1) == Some(&"EnableForceNewDeployment") || exec(self.old) != exec(self.new)
    }

    /// The line of the manifest behind a property.
    fn cause(&self, id: &str, label: &PropertyLabel, path: &[&str]) -> Option<ManifestLine> {
        let content = if self.new.resource(id).is_some() { self.new } else { self.old };
        let own = label.container.as_ref().map(|container| format!("services.{container}"));
        let keyed = own.as_ref().zip(label.key.as_ref()).map(|(own, key)| format!("{own}.{key}"));
        let keyed = keyed.and_then(|key| self.manifest.of(&key));
        let keys: Vec<String> = match &own {
            Some(own) => vec![own.clone()],
            None => content.keys(id).to_vec(),
        };
        let named = || self.manifest.about(&keys, path.first()?);
        keyed.or_else(named).or_else(|| keys.first().and_then(|key| self.manifest.of(key)))
    }

    fn parameters(&mut self, variables: &BTreeMap<String, String>) {
        for (name, value) in &self.new.parameters {
            let Some(before) = self.old.parameters.get(name) else { continue };
            let changed = match (before, value) {
                (_, ParameterValue::Secret { set }) => *set,
                (before, value) => before.shown() != value.shown(),
            };
            if changed {
                self.parameter(name, before, value, variables.get(name).map(String::as_str));
            }
        }
    }

    fn parameter(&mut self, name: &str, old: &ParameterValue, new: &ParameterValue, variable: Option<&str>) {
        let mut uses: Vec<(String, PropertyLabel, Vec<String>)> = Vec::new();
        for (id, resource) in self.new.resources() {
            let properties = resource.get("Properties").unwrap_or(&Json::Null);
            for path in uses_of(properties, name) {
                uses.push((id.clone(), labels::label(self.new.kind(id), &path), path));
            }
        }
        let (mut subjects, mut resources, mut cause) = (Vec::new(), Vec::new(), None);
        let (mut worst, mut detail) = (ChangeConsequence::None, String::new());
        for (id, label, path) in &uses {
            let whom = subject(self.new, id, label.container.as_deref());
            if !subjects.contains(&whom) {
                subjects.push(whom);
            }
            if !resources.contains(id) {
                resources.push(id.clone());
            }
            let words: Vec<&str> = path.iter().map(String::as_str).collect();
            cause = cause.or_else(|| self.cause(id, label, &words));
            let (consequence, said) =
                path.first().map(|first| consequence::of_property(self.new, id, first)).unwrap_or_default();
            if consequence > worst {
                (worst, detail) = (consequence, said);
            }
        }
        let kinds: BTreeSet<&str> = uses.iter().map(|(_, label, _)| label.text.as_str()).collect();
        let only = kinds.iter().next().filter(|_| kinds.len() == 1);
        let label = match (variable, only) {
            (Some(variable), _) => variable.to_owned(),
            (None, Some(only)) => (*only).to_owned(),
            (None, None) => name.to_owned(),
        };
        let secret = matches!(new, ParameterValue::Secret { .. });
        let text = |value: &ParameterValue| value.shown().filter(|_| !secret).map(labels::short_image);
        self.found.push(ValueDifference {
            action: ChangeAction::Change,
            label,
            subjects,
            old: text(old),
            new: text(new),
            secret,
            cause,
            consequence: worst,
            detail,
            resources,
        });
    }

    /// The jobs that run: those that are new, that change, or whose task definition changes.
    fn jobs(&mut self) {
        let changed: BTreeSet<&String> = self.found.changes.iter().flat_map(|it| &it.resources).collect();
        let runs = self.new.resources().filter(|(_, it)| it.get("Type") == Some(&json!(RUN)));
        let due = runs.filter(|(id, run)| {
            let refers = |id: &&String| self.new.kind(id) == TASK && refers_to(run, id);
            changed.contains(id) || changed.iter().any(refers)
        });
        let names = due.map(|(id, run)| {
            let container = run.get("Properties").and_then(|it| it.get("Container")).and_then(Json::as_str);
            container.map_or_else(|| id.clone(), str::to_owned)
        });
        self.found.jobs = names.collect();
    }

    fn side(&self, action: ChangeAction) -> &StackContent {
        if action == ChangeAction::Remove { self.old } else { self.new }
    }
}

const TASK: &str = "AWS::ECS::TaskDefinition";

/// The value of an entry such as `{Name: DEBUG, Value: "1"}`.
fn value_of(entry: &Json) -> &Json {
    let named = entry.get("Name").is_some() && entry.as_object().is_some_and(|it| it.len() == 2);
    entry.get("Value").or(entry.get("ValueFrom")).filter(|_| named).unwrap_or(entry)
}

/// The paths of the values that refer to a parameter.
fn uses_of(value: &Json, name: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    walk(value, name, &mut Vec::new(), &mut found);
    found
}

fn walk(value: &Json, name: &str, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if !refers_to(value, name) {
        return;
    }
    let mut inner: Vec<(String, &Json)> = Vec::new();
    match value {
        Json::Object(entries) if !entries.keys().any(|key| key == "Ref" || key.starts_with("Fn::")) => {
            inner.extend(entries.iter().map(|(key, value)| (key.clone(), value)));
        }
        Json::Array(items) => inner.extend(items.iter().enumerate().map(|(index, item)| {
            let name = item.get("Name").and_then(Json::as_str);
            (name.map_or_else(|| index.to_string(), str::to_owned), item)
        })),
        _ => return found.push(path.clone()),
    }
    for (part, value) in inner {
        path.push(part);
        walk(value, name, path, found);
        path.pop();
    }
}

/// Whom a resource concerns, in the manifest's terms.
fn subject(content: &StackContent, id: &str, container: Option<&str>) -> String {
    match content.kind(id) {
        "AWS::ElasticLoadBalancingV2::LoadBalancer" | "AWS::ElasticLoadBalancingV2::Listener" => {
            return "load balancer".to_owned();
        }
        _ => {}
    }
    let services = |key: &String| {
        key.strip_prefix("services.").and_then(|rest| rest.split(['.', '[']).next()).map(str::to_owned)
    };
    let named = container.map(str::to_owned).or_else(|| content.keys(id).iter().find_map(services));
    if let Some(name) = named {
        return format!("{} {name}", role(content, &name));
    }
    let volume = content.keys(id).iter().find_map(|key| key.strip_prefix("volumes."));
    match volume.and_then(|rest| rest.split('.').next()) {
        Some(volume) => format!("volume {volume}"),
        None => "environment".to_owned(),
    }
}

/// What a service of the manifest became.
fn role(content: &StackContent, name: &str) -> &'static str {
    let key = format!("services.{name}");
    let owned = |id: &String| content.keys(id).first() == Some(&key);
    let kinds: BTreeSet<&str> =
        content.resources().filter(|(id, _)| owned(id)).map(|(id, _)| content.kind(id)).collect();
    let has = |kind: &str| kinds.contains(kind);
    if has("AWS::ECS::Service") {
        "service"
    } else if has("AWS::RDS::DBInstance") {
        "database"
    } else if has(RUN) || has("AWS::Scheduler::Schedule") || has(TASK) {
        "job"
    } else {
        "container"
    }
}
