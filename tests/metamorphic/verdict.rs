//! What one change does, and whether the account of the leaf agrees.
//!
//! In: a project and a target. Out: a [`Fault`] for each leaf that is lost in silence or whose row lies.
//! What a target refuses is taken out of the manifest, round by round, until the rest compiles: only then is there
//! an artifact for the rest to show in. Lines keep their numbers.

use crate::leaves::{self, Step, WrittenLeaf};
use crate::mutators::another;
use crate::project::{ProofProject, target_of};
use std::collections::{BTreeMap, BTreeSet};
use tranship::artifact::ArtifactSet;
use tranship::compile::{CompileOutcome, REPORT};
use tranship::diagnostic::{Diagnostic, Severity};
use tranship::source::{Origin, OriginPlace};

/// The leaves whose effect is on the diagnostics themselves.
const ACCEPT: [&str; 2] = ["x-tranship.accept[]", "x-tranship.environments.*.accept[]"];

/// A leaf that fails, and how.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    /// `target application key`.
    pub(crate) leaf: String,
    pub(crate) why: String,
}

/// A manifest as far as a target accepts it, and what was said about it.
struct Round {
    text: String,
    leaves: Vec<WrittenLeaf>,
    base: Seen,
}

/// What a compile shows.
struct Seen {
    artifacts: Option<ArtifactSet>,
    /// The names and values that are given to AWS and to registries beside the artifacts.
    deployment: String,
    /// What a pipeline takes from the manifest.
    delivery: String,
    /// Dispositions by the line of the value.
    rows: BTreeMap<usize, BTreeSet<&'static str>>,
    /// In what the value ended, by its line.
    claims: BTreeMap<usize, Vec<String>>,
    /// Lines that a diagnostic names.
    told: BTreeSet<usize>,
    /// Lines that an error is about.
    refused: BTreeSet<usize>,
    /// Lines of a value that an error is about, such as all of a mount.
    covered: BTreeSet<usize>,
    said: Vec<String>,
    errors: Vec<String>,
}

impl Seen {
    fn of(mut outcome: CompileOutcome, delivery: &str) -> Seen {
        let compiled = outcome.compiled.take();
        let registry = outcome.project.as_ref().and_then(|project| project.registry.clone());
        let deployment = compiled
            .as_ref()
            .map(|compiled| format!("{:?} {:?} {registry:?}", compiled.deployment, compiled.images));
        let mut seen = Seen {
            artifacts: compiled.map(|compiled| compiled.artifacts),
            deployment: deployment.unwrap_or_default(),
            delivery: delivery.to_owned(),
            rows: BTreeMap::new(),
            claims: BTreeMap::new(),
            told: BTreeSet::new(),
            refused: BTreeSet::new(),
            covered: BTreeSet::new(),
            said: Vec::new(),
            errors: Vec::new(),
        };
        for row in outcome.report.iter().flat_map(|report| &report.rows) {
            if let Some(line) = row.origin.first().and_then(|place| line_of(&place.to_string())) {
                seen.rows.entry(line).or_default().insert(row.disposition);
                seen.claims.entry(line).or_default().push(format!("{}: {}", row.disposition, row.claim));
            }
        }
        for one in outcome.diagnostics.iter() {
            seen.listen(one, &outcome);
        }
        seen
    }

    fn listen(&mut self, one: &Diagnostic, outcome: &CompileOutcome) {
        let lines: Vec<usize> = one.labels.iter().flat_map(|label| lines(label.origin, outcome)).collect();
        let said = format!("{}: {}", one.rule.name, one.message);
        if one.severity == Severity::Error {
            // The first place is the error's own; of the others those go with it that the target rejects.
            let rejected = |line: &&usize| self.rows.get(*line).is_some_and(|rows| rows.contains("rejected"));
            let beside: Vec<usize> = lines.iter().skip(1).filter(rejected).copied().collect();
            self.refused.extend(lines.iter().take(1).copied().chain(beside));
            self.covered.extend(one.labels.iter().flat_map(|label| covered(label.origin, outcome)));
            self.errors.push(format!("{said} (line {:?})", lines.first()));
        }
        if !one.rule.name.starts_with("internal/") {
            self.told.extend(lines);
        }
        self.said.push(said);
    }

    /// Whether a diagnostic names the line, or an error the whole value that the line is a part of.
    fn names(&self, leaf: &WrittenLeaf) -> bool {
        let rejected = self.rows.get(&leaf.line).is_some_and(|rows| rows.contains("rejected"));
        self.told.contains(&leaf.line) || (rejected && self.covered.contains(&leaf.line))
    }

    fn internal(&self) -> Option<&String> {
        self.said.iter().find(|said| said.starts_with("internal/"))
    }
}

fn lines(origin: Origin, outcome: &CompileOutcome) -> Vec<usize> {
    let line = |place: OriginPlace| {
        let file = outcome.sources.file(place.span.file)?;
        (file.path().file_name() == Some("compose.yaml")).then(|| file.location(place.span.start).line)
    };
    outcome.sources.places(origin).into_iter().filter_map(line).collect()
}

/// The lines of an item of a list, where the item is what is named.
fn covered(origin: Origin, outcome: &CompileOutcome) -> Vec<usize> {
    let Some(span) = outcome.sources.place(origin) else { return Vec::new() };
    let Some(file) = outcome.sources.file(span.file) else { return Vec::new() };
    let place = file.location(span.start);
    let before: String =
        file.text().lines().nth(place.line - 1).unwrap_or("").chars().take(place.column - 1).collect();
    if before.trim() == "-" { block(file.text(), place.line) } else { Vec::new() }
}

/// The line of `compose.yaml:12:3`.
fn line_of(place: &str) -> Option<usize> {
    place.strip_prefix("compose.yaml:")?.split(':').next()?.parse().ok()
}

/// The rounds of a manifest on a target: each with the leaves that it settles. Leaves that went with something else
/// are faults.
fn rounds(project: &ProofProject, target: &str, faults: &mut Vec<Fault>) -> Vec<Round> {
    let (mut left, _) = leaves::read(&project.text);
    left.retain(|leaf| !of_another_environment(leaf, target));
    let mut text = project.text.clone();
    let mut rounds = Vec::new();
    loop {
        let base = Seen::of(project.compile(&text, target), &project.delivery(&text));
        if base.artifacts.is_some() {
            rounds.push(Round { text, leaves: left, base });
            return rounds;
        }
        assert!(
            !base.refused.is_empty() && rounds.len() < 100,
            "{target} {}: no line to take out: {:#?}",
            project.name,
            base.errors
        );
        let gone: BTreeSet<usize> = base.refused.iter().flat_map(|line| block(&text, *line)).collect();
        let (settled, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(|leaf| gone.contains(&leaf.line));
        for leaf in settled.iter().filter(|leaf| !base.names(leaf)) {
            let rows = base.rows.get(&leaf.line);
            let why = format!("went in silence with what an error names; the row says {rows:?}");
            faults.push(fault(project, target, leaf, why));
        }
        let told = settled.into_iter().filter(|leaf| base.names(leaf)).collect();
        let next = without(&text, &gone);
        assert!(next != text, "{target} {}: {:#?}", project.name, base.errors);
        rounds.push(Round { text, leaves: told, base });
        (left, text) = (rest, next);
    }
}

/// An environment has settings of its own, which are not of this compile.
fn of_another_environment(leaf: &WrittenLeaf, target: &str) -> bool {
    let key = |at: usize| match leaf.path.get(at) {
        Some(Step::Key(key)) => Some(key.as_str()),
        _ => None,
    };
    key(0) == Some("x-tranship") && key(1) == Some("environments") && key(2) != Some(target_of(target).0)
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// A line and all that is indented below it; an item of a list as a whole.
fn block(text: &str, line: usize) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let own = indentation(lines[line - 1]);
    let is_key = !lines[line - 1].trim_start().starts_with("- ");
    let below = lines.iter().enumerate().skip(line).take_while(|(_, text)| {
        let item = is_key && text.trim_start().starts_with("- ") && indentation(text) == own;
        text.trim().is_empty() || indentation(text) > own || item
    });
    std::iter::once(line).chain(below.map(|(at, _)| at + 1)).collect()
}

/// Blanks lines: every other line keeps its number, and every value its place.
fn without(text: &str, gone: &BTreeSet<usize>) -> String {
    let blank = |line: &str| " ".repeat(line.len());
    let kept = text.lines().enumerate();
    kept.map(|(at, line)| if gone.contains(&(at + 1)) { blank(line) } else { line.to_owned() } + "\n")
        .collect()
}

fn fault(project: &ProofProject, target: &str, leaf: &WrittenLeaf, why: String) -> Fault {
    Fault { leaf: format!("{target} {} {}", project.name, leaf.shown()), why }
}

/// Changes every leaf of a project in place, one at a time. Returns how many, and those that fail.
pub(crate) fn judge(project: &ProofProject, target: &str) -> (usize, Vec<Fault>) {
    let (mut count, mut faults) = (0, Vec::new());
    for round in rounds(project, target, &mut faults) {
        if let Some(own) = round.base.internal() {
            faults.push(Fault { leaf: format!("{target} {}", project.name), why: own.clone() });
        }
        for leaf in &round.leaves {
            count += 1;
            if let Err(why) = hold(project, target, &round, leaf) {
                faults.push(fault(project, target, leaf, why));
            }
        }
    }
    (count, faults)
}

/// What a change may do is in the artifacts or at the leaf's line, and the row says which.
fn hold(project: &ProofProject, target: &str, round: &Round, leaf: &WrittenLeaf) -> Result<(), String> {
    let mut text = round.text.clone();
    let other = another(leaf);
    text.replace_range(leaf.range.clone(), &other);
    let seen = Seen::of(project.compile(&text, target), &project.delivery(&text));
    if let Some(own) = seen.internal().filter(|_| round.base.internal().is_none()) {
        return Err(own.clone());
    }
    let told = seen.names(leaf) || round.base.names(leaf);
    let before = round.base.rows.get(&leaf.line).cloned().unwrap_or_default();
    let after = seen.rows.get(&leaf.line).cloned().unwrap_or_default();
    let changed = match (&round.base.artifacts, &seen.artifacts) {
        (Some(old), Some(new)) => round.base.deployment != seen.deployment || differ(old, new),
        (Some(_), None) if !told => return Err(format!("{other} is refused elsewhere: {:?}", seen.errors)),
        (Some(_), None) => return refused(&other, &after, &seen),
        (None, _) => false,
    };
    let acts_on_diagnostics = ACCEPT.iter().any(|pattern| leaves::is(pattern, &leaf.path));
    let changed = changed || (acts_on_diagnostics && round.base.said != seen.said);
    // A pipeline takes settings of all environments, of which one target may ignore some.
    let changed = changed || (before.contains("exact") && round.base.delivery != seen.delivery);
    // What was for another target is for this one now: the row of the other value says so.
    if target.starts_with(other.trim_matches('"')) && changed && after.contains("exact") {
        return Ok(());
    }
    // The first value may be the one that stands in for all others: then the row of the other says so, aloud.
    if !changed && !after.is_empty() && !after.contains("exact") && seen.names(leaf) {
        return agree(&after, changed, told).map_err(str::to_owned);
    }
    agree(&before, changed, told).map_err(|why| {
        let claims = round.base.claims.get(&leaf.line).map(|claims| claims.join(", "));
        format!("{why}; changed to {other}; {}", claims.unwrap_or_default())
    })
}

/// A value that only the change made illegal: the front end gives no account, a target's says *rejected*.
fn refused(other: &str, after: &BTreeSet<&str>, seen: &Seen) -> Result<(), String> {
    let agrees = after.is_empty() || after.contains("rejected");
    if agrees {
        Ok(())
    } else {
        Err(format!("{other} is refused, and its row says {after:?}: {:?}", seen.errors))
    }
}

fn agree(rows: &BTreeSet<&str>, changed: bool, told: bool) -> Result<(), &'static str> {
    let has = |word: &str| rows.contains(word);
    if has("exact") && !changed {
        return Err("exact, and the artifacts are the same");
    }
    if has("approximated") && !changed && !told {
        return Err("approximated, and it neither shows nor is said");
    }
    if (has("ignored") || has("rejected")) && !told && !has("exact") {
        return Err("ignored or rejected, and nothing is said at its line");
    }
    if has("ignored") && changed && rows.len() == 1 {
        return Err("ignored, and it changes the artifacts");
    }
    if !changed && !told { Err("neither the artifacts nor a diagnostic show it") } else { Ok(()) }
}

/// Whether two sets differ in more than the report and comments.
fn differ(old: &ArtifactSet, new: &ArtifactSet) -> bool {
    let names = |set: &ArtifactSet| set.iter().map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>();
    if names(old) != names(new) {
        return true;
    }
    old.iter().filter(|(name, _)| *name != REPORT).any(|(name, artifact)| {
        let other = &new.get(name).expect("it has the same names").bytes;
        artifact.bytes != *other && content(name, &artifact.bytes) != content(name, other)
    })
}

/// The text of a file without its comments; what is no text as it is.
fn content(name: &str, bytes: &[u8]) -> Vec<u8> {
    let commented = [".yaml", ".yml", ".config"].iter().any(|ending| name.ends_with(ending));
    match std::str::from_utf8(bytes) {
        Ok(text) if commented => {
            text.lines().map(without_comment).collect::<Vec<_>>().join("\n").into_bytes()
        }
        _ => bytes.to_vec(),
    }
}

/// A line up to a comment that does not stand in quotes.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    let even = |text: &str, quote: char| text.matches(quote).count().is_multiple_of(2);
    let comment = line.match_indices(" # ").map(|(at, _)| &line[..at]);
    let mut outside = comment.filter(|text| even(text, '"') && even(text, '\''));
    outside.next().unwrap_or(line).trim_end()
}
