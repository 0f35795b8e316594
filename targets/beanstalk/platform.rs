//! Which platform of Elastic Beanstalk runs an application.
//!
//! In: `platform` of the settings. Out: the plan for it. Without `platform` the ECS platform is taken where it
//! supports everything that the manifest uses, else the Docker platform, which a warning says with the lines that
//! decide: the platform of a running environment cannot change.

use super::plan::{self, BeanstalkPlan};
use super::rules;
use crate::{Compilation, SolutionStackNames, support};
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::{Application, Ledger, LostLeaf, PlatformKind};
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics, Severity};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// A platform branch.
pub(super) struct PlatformBranch {
    /// Its name.
    pub(super) name: &'static str,
    /// What the names of its solution stacks start and end with.
    pub(super) stacks: SolutionStackNames,
}

/// The platform branch whose newest version a deployment takes
/// (AWS documentation, "Elastic Beanstalk supported platforms", read 2026-11).
pub(super) fn branch(platform: PlatformKind) -> &'static PlatformBranch {
    match platform {
        PlatformKind::Ecs => &PlatformBranch {
            name: "ECS running on 64bit Amazon Linux 2023",
            stacks: SolutionStackNames { prefix: "64bit Amazon Linux 2023 v", suffix: " running ECS" },
        },
        PlatformKind::Docker => &PlatformBranch {
            name: "Docker running on 64bit Amazon Linux 2023",
            stacks: SolutionStackNames { prefix: "64bit Amazon Linux 2023 v", suffix: " running Docker" },
        },
    }
}

/// What a platform makes of an application.
struct PlatformAttempt {
    plan: BeanstalkPlan,
    ledger: Ledger,
    diagnostics: Diagnostics,
    lost: Vec<LostLeaf>,
}

/// Decides the plan for the platform of the settings, else for the one that fits.
pub(super) fn decide(application: &Application, cx: &mut Compilation<'_>) -> BeanstalkPlan {
    if let Some(platform) = &application.settings.platform {
        cx.ledger.decided(platform, "the platform branch");
        return plan::decide(application, platform.get(), cx);
    }
    let ecs = attempt(application, PlatformKind::Ecs, cx);
    if ecs.lost.is_empty() && !ecs.diagnostics.has_errors() {
        return take(ecs, cx);
    }
    let docker = attempt(application, PlatformKind::Docker, cx);
    let reasons = deciding(&ecs, &docker);
    let fails = docker.diagnostics.has_errors() && !ecs.diagnostics.has_errors();
    if fails || reasons.is_empty() {
        return take(ecs, cx);
    }
    cx.diagnostics.push(chosen(application, &reasons));
    take(docker, cx)
}

fn attempt(application: &Application, platform: PlatformKind, cx: &mut Compilation<'_>) -> PlatformAttempt {
    let (mut ledger, mut diagnostics) = (cx.ledger.clone(), Diagnostics::new());
    let mut tried = Compilation {
        keys: cx.keys,
        compose: cx.compose,
        sources: &mut *cx.sources,
        diagnostics: &mut diagnostics,
        ledger: &mut ledger,
        files: cx.files.afresh(),
        keeps_artifacts: cx.keeps_artifacts,
    };
    let plan = plan::decide(application, platform, &mut tried);
    let lost = ledger.lost_leaves(cx.compose, cx.sources, &support::BEANSTALK);
    PlatformAttempt { plan, ledger, diagnostics, lost }
}

fn take(attempt: PlatformAttempt, cx: &mut Compilation<'_>) -> BeanstalkPlan {
    *cx.ledger = attempt.ledger;
    cx.diagnostics.append(attempt.diagnostics);
    attempt.plan
}

/// A line that the ECS platform does not support and the Docker platform does.
struct DecidingLine {
    what: String,
    origin: Origin,
}

/// The lines that decide, in the order of the manifest's keys: what is refused by a rule, and what is lost.
fn deciding(ecs: &PlatformAttempt, docker: &PlatformAttempt) -> Vec<DecidingLine> {
    let also: BTreeSet<NodeId> = docker.lost.iter().map(|leaf| leaf.node).collect();
    let told: BTreeSet<(&str, &str)> =
        docker.diagnostics.iter().map(|one| (one.rule.name, one.message.as_str())).collect();
    let errors = ecs.diagnostics.iter().filter(|one| one.severity == Severity::Error);
    let refused =
        errors.filter(|one| !told.contains(&(one.rule.name, one.message.as_str()))).map(|one| DecidingLine {
            what: one.message.clone(),
            origin: one.labels.first().map_or(Origin::NOWHERE, |label| label.origin),
        });
    let mut lines: Vec<DecidingLine> = refused.collect();
    let mut origins: BTreeSet<Origin> = lines.iter().map(|line| line.origin).collect();
    // The answer for each reason: of thousands of leaves, most have the same one.
    let mut given: BTreeMap<&str, bool> = BTreeMap::new();
    for leaf in ecs.lost.iter().filter(|leaf| !also.contains(&leaf.node)) {
        let is_given = || lines.iter().any(|line| line.what.contains(&leaf.reason));
        let is_given = given.entry(&leaf.reason).or_insert_with(is_given);
        if !*is_given && origins.insert(leaf.origin) {
            *is_given = true;
            lines.push(DecidingLine {
                what: format!("`{}`: {}", leaf.path, leaf.reason),
                origin: leaf.origin,
            });
        }
    }
    lines
}

/// So many lines are shown.
const SHOWN: usize = 3;

fn chosen(application: &Application, lines: &[DecidingLine]) -> Diagnostic {
    let count = lines.len();
    let what = if count == 1 { "one line" } else { "several lines" };
    let message = format!(
        "the environment gets the Docker platform, because the ECS platform does not support {what} of the manifest"
    );
    let mut diagnostic = Diagnostic::new(&rules::PLATFORM_CHOSEN, message);
    for line in lines.iter().take(SHOWN) {
        diagnostic = diagnostic.at(line.origin).note(line.what.clone());
    }
    if count > SHOWN {
        diagnostic = diagnostic.note(format!("and {} more", count - SHOWN));
    }
    let place = match &application.environment.name {
        Some(name) => format!("the environment `{name}` of `x-tranship`"),
        None => "`x-tranship`".to_owned(),
    };
    diagnostic.help(format!(
        "write `platform: docker` into {place} to pin it, or `platform: ecs` to see what would have to change"
    ))
}
