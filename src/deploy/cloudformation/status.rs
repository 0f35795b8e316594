//! The status of an application: of its one stack with nested ones, or of its independent stacks.
//!
//! In: a [`StackDeployment`]. Out: [`DeploymentStatus`], or what is in progress now.

use super::application::DeployedApplication;
use super::stack::DeployedStack;
use super::{follow, services};
use crate::deploy::failure::DeployFailure;
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeploymentStatus, ServiceStatus};
use tranship_targets::StackDeployment;

/// Stacks that a line lists.
const LISTED: usize = 5;

/// The status.
pub(in crate::deploy) async fn status(
    session: &AwsSession,
    deployment: &StackDeployment,
    progress: &mut dyn DeployProgress,
) -> Result<DeploymentStatus, DeployFailure> {
    let client = session.cloudformation();
    let subject = format!("stack {}", deployment.stack);
    let found = DeployedApplication::find(&client, deployment).await?;
    let Some((application, telling)) = found.as_ref().and_then(|it| Some((it, it.telling()?))) else {
        return Ok(DeploymentStatus::absent(subject));
    };
    let who = match application.last_changed() {
        Some(last) => follow::begun_by(&client, &last.id).await,
        None => None,
    };
    let facts = facts(application, telling, who);
    let parameters = application.parameters();
    let variables = deployment
        .parameters
        .iter()
        .filter(|parameter| !parameter.secret)
        .filter_map(|it| Some((it.variable.clone()?, parameters.get(&it.name)?.clone())));
    let variables = variables.collect();
    let ids: Vec<&str> = application.stacks.iter().map(|it| it.id.as_str()).collect();
    let services = services::standing(session, &ids, &deployment.services, progress).await;
    let healthy = application.stacks.iter().all(DeployedStack::is_done)
        && services.iter().all(ServiceStatus::is_healthy);
    let state = Some(telling.status.as_str().to_owned());
    Ok(DeploymentStatus { subject, state, healthy, facts, variables, services, drift: None })
}

/// What is told of the stacks; `who` changed them last.
fn facts(
    application: &DeployedApplication,
    telling: &DeployedStack,
    who: Option<String>,
) -> Vec<(String, String)> {
    let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let changed = application.last_changed().map_or("", |it| it.changed.as_str());
    let mut facts = vec![fact("changed", changed)];
    if application.is_several() {
        facts.push(fact("stacks", &application.stacks.len().to_string()));
        let told = application.failed().take(LISTED);
        facts.extend(told.map(|it| (format!("stack {}", it.name()), state(it))));
        let more = application.failed().count().saturating_sub(LISTED);
        if more > 0 {
            facts.push(fact("failed stacks besides these", &more.to_string()));
        }
        let busy: Vec<&str> = busy(application).collect();
        if !busy.is_empty() {
            facts.push(fact("being changed", &listed(&busy)));
        }
    } else if !reason(telling).is_empty() {
        facts.push(fact("reason", reason(telling)));
    }
    facts.extend(who.map(|who| ("deployed by".to_owned(), who)));
    facts.extend(application.outputs());
    facts
}

/// The state of a stack with its reason.
fn state(stack: &DeployedStack) -> String {
    match reason(stack) {
        "" => stack.status.as_str().to_owned(),
        reason => format!("{}: {reason}", stack.status.as_str()),
    }
}

/// The reason of a stack's state: of CloudFormation, or why the state is not what it was to be.
fn reason(stack: &DeployedStack) -> &str {
    match stack.is_unfinished() {
        true => "only what was kept is attached again; `tranship deploy ENV` goes on from there",
        false => &stack.reason,
    }
}

/// The names of the stacks that are being changed.
fn busy(application: &DeployedApplication) -> impl Iterator<Item = &str> {
    application.stacks.iter().filter(|it| it.is_busy()).map(DeployedStack::name)
}

/// A few names, and how many more there are.
fn listed(names: &[&str]) -> String {
    let told: Vec<&str> = names.iter().take(LISTED).copied().collect();
    match names.len().saturating_sub(LISTED) {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

/// What AWS says of the stacks now, and whether one of them is being changed.
pub(in crate::deploy) async fn look(
    session: &AwsSession,
    deployment: &StackDeployment,
) -> Result<(String, bool), DeployFailure> {
    let found = DeployedApplication::find(&session.cloudformation(), deployment).await?;
    Ok(seen(&deployment.stack, found.as_ref()))
}

fn seen(name: &str, application: Option<&DeployedApplication>) -> (String, bool) {
    let Some(application) = application else { return (format!("there is no stack {name} now"), false) };
    let busy: Vec<&str> = busy(application).collect();
    let text = match application.stacks.as_slice() {
        [only] => format!("the stack {name} is {} now", only.status.as_str()),
        all if busy.is_empty() => format!("none of its {} stacks is being changed now", all.len()),
        _ => format!("AWS is at work on {} now", listed(&busy)),
    };
    (text, !busy.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::types::StackStatus::{
        self, CreateInProgress, RollbackComplete, UpdateComplete,
    };

    fn application(states: &[(&str, StackStatus, &str)]) -> DeployedApplication {
        let stack = |(name, status, reason): &(&str, StackStatus, &str)| DeployedStack {
            status: status.clone(),
            reason: (*reason).to_owned(),
            changed: "2026-11-28".to_owned(),
            ..DeployedStack::sample(name)
        };
        DeployedApplication { stacks: states.iter().map(stack).collect() }
    }

    fn told(states: &[(&str, StackStatus, &str)]) -> Vec<String> {
        let application = application(states);
        let facts = facts(&application, application.telling().unwrap(), Some("ops".into()));
        facts.into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn of_several_stacks_those_that_failed_are_named() {
        let first = ("shop", UpdateComplete, "");
        assert_eq!(told(std::slice::from_ref(&first)), ["changed: 2026-11-28", "deployed by: ops"]);
        let one = told(&[("shop", RollbackComplete, "no room")]);
        assert_eq!(one, ["changed: 2026-11-28", "reason: no room", "deployed by: ops"]);
        let attached = told(&[("shop", StackStatus::ImportComplete, "")]);
        let reason = "reason: only what was kept is attached again; `tranship deploy ENV` goes on from there";
        assert_eq!(attached[1], reason);
        let api = ("shop-ApiStack", RollbackComplete, "no room");
        let web = ("shop-WebStack", CreateInProgress, "");
        assert_eq!(
            told(&[first.clone(), api, web]),
            [
                "changed: 2026-11-28",
                "stacks: 3",
                "stack shop-ApiStack: ROLLBACK_COMPLETE: no room",
                "being changed: shop-WebStack",
                "deployed by: ops",
            ]
        );
        let many: Vec<_> = ["a", "b", "c", "d", "e", "f", "g"].map(|it| (it, RollbackComplete, "")).into();
        let many = told(&many);
        assert_eq!(
            many[2..8],
            ["stack a", "stack b", "stack c", "stack d", "stack e"]
                .map(|it| format!("{it}: ROLLBACK_COMPLETE"))
                .into_iter()
                .chain(["failed stacks besides these: 2".to_owned()])
                .collect::<Vec<_>>()[..]
        );
    }

    #[test]
    fn what_is_at_work_is_named() {
        assert_eq!(seen("shop", None), ("there is no stack shop now".to_owned(), false));
        let one = application(&[("shop", CreateInProgress, "")]);
        assert_eq!(seen("shop", Some(&one)), ("the stack shop is CREATE_IN_PROGRESS now".to_owned(), true));
        let rest = application(&[("shop", UpdateComplete, ""), ("shop-A", UpdateComplete, "")]);
        assert_eq!(
            seen("shop", Some(&rest)),
            ("none of its 2 stacks is being changed now".to_owned(), false)
        );
        let all: Vec<_> = ["a", "b", "c", "d", "e", "f"].map(|it| (it, CreateInProgress, "")).into();
        let (text, busy) = seen("shop", Some(&application(&all)));
        assert_eq!((text.as_str(), busy), ("AWS is at work on a, b, c, d, e and 1 more now", true));
    }
}
