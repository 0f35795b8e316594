//! What a change does to a resource, and whether it puts data at risk.
//!
//! In: a change of a change set. Out: [`PlannedChange`], and the names that `--allow-replacement` must list.
//! Invariant: nothing that keeps data is replaced or removed unless the user named it.

use crate::deploy::failure::DeployFailure;
use crate::deploy::progress::{PlannedChange, ResourceAction};
use aws_sdk_cloudformation::types::{ChangeAction, PolicyAction, Replacement, ResourceChange};
use tranship_cloudformation::NESTED_STACK;
use tranship_facts::DATA_STORES;

/// Resource types for which every edit creates a new revision, by design of the service: AWS::ECS::TaskDefinition
/// can only change its tags in place, AWS::Lambda::Version nothing at all.
const REVISIONS: &[&str] = &["AWS::ECS::TaskDefinition", "AWS::Lambda::Version"];

/// What a change does; `path` is the path of its nested stack.
pub(super) fn judge(path: &str, change: &ResourceChange) -> PlannedChange {
    let kind = change.resource_type().unwrap_or_default();
    let keeps_data = DATA_STORES.contains(&kind);
    let action = action(kind, keeps_data, change);
    let at_risk = matches!(action, ResourceAction::Replace | ResourceAction::Remove) && keeps_data;
    PlannedChange {
        action,
        name: format!("{path}{}", change.logical_resource_id().unwrap_or_default()),
        kind: kind.to_owned(),
        detail: detail(action, change),
        data_at_risk: at_risk,
    }
}

/// If AWS cannot tell yet, assume a replacement where data is at risk.
fn action(kind: &str, keeps_data: bool, change: &ResourceChange) -> ResourceAction {
    match (change.action(), change.replacement()) {
        (Some(ChangeAction::Add | ChangeAction::Import), _) => ResourceAction::Add,
        (Some(ChangeAction::Remove), _) => ResourceAction::Remove,
        (_, Some(Replacement::True | Replacement::Conditional)) if REVISIONS.contains(&kind) => {
            ResourceAction::Revise
        }
        (_, Some(Replacement::True)) => ResourceAction::Replace,
        (_, Some(Replacement::Conditional)) if keeps_data => ResourceAction::Replace,
        _ => ResourceAction::Modify,
    }
}

fn detail(action: ResourceAction, change: &ResourceChange) -> String {
    let targets = change.details().iter().filter_map(|detail| detail.target());
    let mut properties: Vec<&str> =
        targets.filter_map(|target| target.name().or(target.attribute().map(|a| a.as_str()))).collect();
    properties.sort_unstable();
    properties.dedup();
    let mut parts = vec![properties.join(", ")];
    // CloudFormation says so of every nested stack whose parameters come from elsewhere, and updates it in place.
    let settled = action == ResourceAction::Revise || change.resource_type() == Some(NESTED_STACK);
    if !settled && change.replacement() == Some(&Replacement::Conditional) {
        parts.push("may be replaced".to_owned());
    }
    match change.policy_action() {
        Some(PolicyAction::Retain | PolicyAction::ReplaceAndRetain) => {
            parts.push("the old one is kept".to_owned())
        }
        Some(PolicyAction::Snapshot | PolicyAction::ReplaceAndSnapshot) => {
            parts.push("a snapshot of the old one is kept".to_owned());
        }
        _ => {}
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

/// Rejects changes that put data at risk, unless `allowed` names each of them.
pub(super) fn check(changes: &[PlannedChange], allowed: &[String]) -> Result<(), DeployFailure> {
    let named = |change: &&PlannedChange| {
        let last = change.name.rsplit('/').next().unwrap_or_default();
        !allowed.iter().any(|name| *name == change.name || name == last)
    };
    let refused: Vec<&PlannedChange> =
        changes.iter().filter(|change| change.data_at_risk).filter(named).collect();
    let Some(first) = refused.first() else { return Ok(()) };
    let more = if refused.len() == 1 { String::new() } else { format!(" and {} more", refused.len() - 1) };
    let mut failure = DeployFailure::usage(format!(
        "this would replace or remove a resource that keeps data: {}{more}",
        first.name
    ));
    for change in refused {
        let verb = if change.action == ResourceAction::Remove {
            "will be removed"
        } else {
            "will be replaced by an empty one"
        };
        let name = &change.name;
        failure = failure
            .help(format!("{name} ({}) {verb}: allow it with `--allow-replacement {name}`", change.kind));
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: &str, action: ChangeAction, replacement: Option<Replacement>) -> PlannedChange {
        let change = ResourceChange::builder().logical_resource_id("X").resource_type(kind).action(action);
        judge("Data/", &change.set_replacement(replacement).build())
    }

    #[test]
    fn each_change_is_what_it_does() {
        let (task, database) = ("AWS::ECS::TaskDefinition", "AWS::RDS::DBInstance");
        for (kind, does, replacement, action, at_risk) in [
            (task, ChangeAction::Modify, Some(Replacement::True), ResourceAction::Revise, false),
            (task, ChangeAction::Modify, Some(Replacement::Conditional), ResourceAction::Revise, false),
            (task, ChangeAction::Remove, None, ResourceAction::Remove, false),
            (database, ChangeAction::Modify, Some(Replacement::False), ResourceAction::Modify, false),
            (database, ChangeAction::Modify, Some(Replacement::True), ResourceAction::Replace, true),
            (database, ChangeAction::Modify, Some(Replacement::Conditional), ResourceAction::Replace, true),
            (database, ChangeAction::Remove, None, ResourceAction::Remove, true),
            (database, ChangeAction::Add, None, ResourceAction::Add, false),
            (
                "AWS::ECS::Service",
                ChangeAction::Modify,
                Some(Replacement::True),
                ResourceAction::Replace,
                false,
            ),
            (
                "AWS::ECS::Service",
                ChangeAction::Modify,
                Some(Replacement::Conditional),
                ResourceAction::Modify,
                false,
            ),
        ] {
            let change = change(kind, does.clone(), replacement);
            assert_eq!((change.action, change.data_at_risk), (action, at_risk), "{kind} {does:?}");
            assert_eq!(change.name, "Data/X");
        }
    }

    #[test]
    fn data_is_given_up_by_name_only() {
        let lost = [change("AWS::EFS::FileSystem", ChangeAction::Remove, None)];
        let failure = check(&lost, &["Y".to_owned()]).unwrap_err();
        assert_eq!(failure.message, "this would replace or remove a resource that keeps data: Data/X");
        assert!(check(&lost, &["X".to_owned()]).is_ok());
        assert!(check(&lost, &["Data/X".to_owned()]).is_ok());
        assert!(check(&[change("AWS::ECS::Service", ChangeAction::Remove, None)], &[]).is_ok());
    }
}
