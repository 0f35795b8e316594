//! A difference as text and as JSON.
//!
//! In: a [`DeploymentDiff`]. Out: one line for each change, within a width, and a document of a stable form. Pure.

use super::{ChangeAction, DeploymentDiff, OverriddenOption, RESOURCES, ValueDifference};
use crate::operation::side_by_side::wrap;
use serde_json::{Value as Json, json};

/// The version of the form of the document.
const SCHEMA: u32 = 1;

/// The shortest room for an old and a new value, in characters: less says nothing.
const LEAST: usize = 36;

/// Subjects that are named; of more, the number.
const NAMED: usize = 4;

/// One line for each change, as wide as `width` characters where values can be cut to it.
pub fn lines(diff: &DeploymentDiff, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = diff.changes.iter().map(|change| line(change, width)).collect();
    if !diff.jobs.is_empty() {
        let word = if diff.jobs.len() == 1 { "runs" } else { "run" };
        lines.push(format!("> {} {word} before the services that wait for it", diff.jobs.join(", ")));
    }
    lines.extend(diff.overridden.iter().map(OverriddenOption::line));
    if !diff.others.is_empty() {
        lines.push(clip(&format!("  and without effect on what runs: {}", diff.others.join(", ")), width));
    }
    lines
}

/// The summary and the lines as a terminal of this width shows them: what does not fit goes on below.
pub fn fitted(diff: &DeploymentDiff, subject: &str, width: usize) -> Vec<String> {
    let indented = lines(diff, width.saturating_sub(2)).into_iter().map(|line| format!("  {line}"));
    let all = std::iter::once(summary(diff, subject)).chain(indented);
    all.flat_map(|line| wrap(&line, width)).collect()
}

/// How many changes there are, and what the worst of them does.
pub fn summary(diff: &DeploymentDiff, subject: &str) -> String {
    let resources: std::collections::BTreeSet<&String> =
        diff.changes.iter().flat_map(|it| &it.resources).collect();
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let worst = diff.changes.iter().map(|it| it.consequence).max().unwrap_or_default();
    let worst = if worst.words().is_empty() { "no interruption" } else { worst.words() };
    match (diff.is_empty(), diff.is_first) {
        (true, _) => format!("{subject}: no changes"),
        (false, true) => format!("{subject}: first deployment, {}", count(resources.len(), "resource")),
        (false, false) if diff.changes.is_empty() => format!("{subject}: nothing that runs changes"),
        (false, false) => format!(
            "{subject}: {}, {}; at most: {worst}",
            count(diff.changes.len(), "change"),
            count(resources.len(), "resource")
        ),
    }
}

fn line(change: &ValueDifference, width: usize) -> String {
    let mark = match change.action {
        ChangeAction::Add => '+',
        ChangeAction::Change => '~',
        ChangeAction::Remove => '-',
    };
    let whom = subjects(&change.subjects);
    let mut end = String::new();
    let consequence = change.consequence.words();
    if let Some(cause) = &change.cause {
        end.push_str(&format!("  ({})", cause.place));
    }
    if !consequence.is_empty() {
        end.push_str(&format!("  {consequence}"));
    }
    if !change.detail.is_empty() {
        end.push_str(&format!(": {}", change.detail));
    }
    let start = match (change.label.as_str(), whom.is_empty()) {
        (RESOURCES, _) => format!("{mark} {whom}:"),
        (label, true) => format!("{mark} {label}:"),
        (label, false) => format!("{mark} {label} of {whom}:"),
    };
    let taken = start.chars().count() + end.chars().count() + 1;
    let room = width.saturating_sub(taken).max(LEAST);
    format!("{start} {}{end}", value(change, room))
}

fn subjects(all: &[String]) -> String {
    let (shown, more) = all.split_at_checked(NAMED).unwrap_or((all, &[]));
    let mut text = String::new();
    let mut last = "";
    for (index, subject) in shown.iter().enumerate() {
        let (role, name) = subject.split_once(' ').unwrap_or((subject, ""));
        let same = index > 0 && role == last && !name.is_empty();
        text.push_str(if index > 0 { ", " } else { "" });
        text.push_str(if same { name } else { subject });
        last = role;
    }
    match more.len() {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// The old and the new value in this many characters.
fn value(change: &ValueDifference, room: usize) -> String {
    let half = room.saturating_sub(4) / 2;
    match (&change.old, &change.new) {
        _ if change.label == RESOURCES => {
            let verb = match change.action {
                ChangeAction::Add => "created",
                ChangeAction::Change => "changed",
                ChangeAction::Remove => "removed",
            };
            match change.resources.as_slice() {
                [one] => format!("{one} {verb}"),
                all => format!("{} resources {verb}", all.len()),
            }
        }
        _ if change.secret => match change.action {
            ChangeAction::Add => "set (secret)".to_owned(),
            ChangeAction::Change => "changed (secret)".to_owned(),
            ChangeAction::Remove => "removed (secret)".to_owned(),
        },
        (Some(old), Some(new)) => {
            let rest = room.saturating_sub(4 + old.chars().count().min(half));
            format!("{} -> {}", named(old, half.max(LEAST / 2)), named(new, rest.max(LEAST / 2)))
        }
        (Some(old), None) => format!("{} removed", clip(old, room.saturating_sub(8))),
        (None, Some(new)) => named(new, room),
        (None, None) => "changed".to_owned(),
    }
}

/// The value in this many characters. What tells two images apart is at their end: the registry gives way first.
fn named(text: &str, width: usize) -> String {
    let whole = text.chars().count() <= width || text.contains(char::is_whitespace) || text.contains("://");
    let last = text.rsplit_once('/').map(|(_, last)| format!("…/{last}"));
    match last.filter(|last| !whole && text.contains(':') && last.chars().count() <= width) {
        Some(last) => last,
        None => clip(text, width),
    }
}

/// Text of at most this many characters, on one line; what is left out is in the middle.
fn clip(text: &str, width: usize) -> String {
    let line: Vec<char> = text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    if line.len() <= width {
        return line.into_iter().collect();
    }
    let tail = width.saturating_sub(1) / 2;
    let head = width.saturating_sub(tail + 1);
    let start = line.iter().take(head);
    let end = line.iter().skip(line.len().saturating_sub(tail));
    start.chain(std::iter::once(&'…')).chain(end).collect()
}

/// The document of `--format json`.
pub fn document(diff: &DeploymentDiff, subject: &str) -> Json {
    let change = |it: &ValueDifference| {
        let action = match it.action {
            ChangeAction::Add => "add",
            ChangeAction::Change => "change",
            ChangeAction::Remove => "remove",
        };
        json!({
            "action": action, "label": it.label, "subjects": it.subjects, "old": it.old, "new": it.new,
            "secret": it.secret, "consequence": it.consequence.name(), "detail": it.detail,
            "key": it.cause.as_ref().map(|cause| &cause.key),
            "line": it.cause.as_ref().map(|cause| &cause.place),
            "resources": it.resources,
        })
    };
    let overridden = |it: &OverriddenOption| json!({ "namespace": it.namespace, "option": it.option, "value": it.value, "bundle": it.bundle });
    json!({
        "schema": SCHEMA, "subject": subject, "first": diff.is_first, "changed": !diff.is_empty(),
        "changes": diff.changes.iter().map(change).collect::<Vec<_>>(),
        "jobs": diff.jobs, "others": diff.others,
        "overridden": diff.overridden.iter().map(overridden).collect::<Vec<_>>(),
    })
}
