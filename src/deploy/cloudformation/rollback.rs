//! Goes back to an earlier deployment of a stack, without the manifest.
//!
//! In: the stack, and the records that deployments left in the bucket of artifacts. Out: the stack as the record says. Every
//! deployment that changes a stack keeps what it was before. Invariant: secrets stay as they are; data stores stay unless they are
//! named.

use super::application::{self, APPLICATION};
use super::changeset::{self, ChangeSetDraft, TemplateBody};
use super::nested;
use super::services::ServiceWatch;
use super::stack::{DeployedStack, find};
use super::{approve, execute, own, stuck, withdraw};
use crate::deploy::bucket::ArtifactBucket;
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::parameters::ParameterChoice;
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, DeployOutcome, RollbackRequest};
use crate::operation::difference::{ManifestLines, ParameterValue, StackContent, compare_stacks};
use crate::operation::history::{
    DeploymentRecord, KEPT, choose, differing, folder, folder_of_name, outdated,
};
use crate::operation::stack_templates::StackTemplates;
use aws_sdk_cloudformation::types::{StackStatus, TemplateStage};
use std::collections::{BTreeMap, BTreeSet};
use tranship_cloudformation::INLINE_BYTES;
use tranship_targets::{StackDeployment, StackService};

/// What runs: the template, and the values that may be told.
struct RunningContent {
    template: String,
    parameters: BTreeMap<String, String>,
    secrets: BTreeSet<String>,
}

async fn running(session: &AwsSession, stack: &DeployedStack) -> Result<RunningContent, DeployFailure> {
    let client = session.cloudformation();
    let call = client.get_template().stack_name(&stack.id).template_stage(TemplateStage::Original);
    let answer = call.send().await.map_err(|error| sdk("read the stack's template", error))?;
    let template = answer.template_body.unwrap_or_default();
    let document = tranship_artifact::parse_document("template.yaml", &template).unwrap_or_default();
    let hidden = |name: &str| {
        let declared = document.get("Parameters").and_then(|it| it.get(name));
        let told = declared.and_then(|it| it.get("NoEcho")).map(ToString::to_string).unwrap_or_default();
        told.contains("true")
    };
    let (secrets, shown): (Vec<_>, Vec<_>) = stack.parameters().iter().partition(|(name, _)| hidden(name));
    Ok(RunningContent {
        template,
        parameters: shown.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        secrets: secrets.into_iter().map(|(name, _)| name.clone()).collect(),
    })
}

/// Keeps what a stack is before it is changed, and deletes the records that nobody goes back to. A deployment can do without it.
pub(super) async fn keep(
    session: &AwsSession,
    deployment: &StackDeployment,
    stack: &DeployedStack,
    progress: &mut dyn DeployProgress,
) {
    // An update that failed and was left so is nothing to go back to.
    if stack.status == StackStatus::UpdateFailed {
        return;
    }
    let kept = async {
        let now = running(session, stack).await?;
        let record = DeploymentRecord::new(&stack.changed, session.who(), &now.template, now.parameters);
        let bucket = ArtifactBucket::open(session, progress).await?;
        let folder = folder(&deployment.stack, &stack.id);
        bucket.write(&(folder.clone() + &record.key()), record.text().as_bytes()).await?;
        Ok::<_, DeployFailure>((bucket, folder))
    };
    let pruned = match kept.await {
        Ok((bucket, folder)) => prune(&bucket, &deployment.stack, &folder).await,
        Err(failure) => {
            progress.warn(&format!("`tranship rollback` will not know this state: {}", failure.message));
            return;
        }
    };
    if let Err(failure) = pruned {
        progress.warn(&format!("old records for `tranship rollback` are kept for now: {}", failure.message));
    }
}

/// Deletes the records that nobody goes back to; with an empty folder, all of the stack's name.
async fn prune(bucket: &ArtifactBucket<'_>, stack: &str, folder: &str) -> Result<(), DeployFailure> {
    let keys = bucket.keys(&folder_of_name(stack)).await?;
    let old = if folder.is_empty() { keys } else { outdated(&keys, folder) };
    for key in old {
        bucket.delete(&key).await?;
    }
    Ok(())
}

/// Deletes the records of a stack that was deleted.
pub(super) async fn forget(session: &AwsSession, stack: &str, progress: &mut dyn DeployProgress) {
    let forgotten = async {
        match ArtifactBucket::existing(session).await? {
            Some(bucket) => prune(&bucket, stack, "").await,
            None => Ok(()),
        }
    };
    if let Err(failure) = forgotten.await {
        progress.warn(&format!("the records for `tranship rollback` stay: {}", failure.message));
    }
}

/// The records, the oldest first.
async fn records(
    session: &AwsSession,
    stack: &DeployedStack,
    name: &str,
) -> Result<Vec<DeploymentRecord>, DeployFailure> {
    let Some(bucket) = ArtifactBucket::existing(session).await? else { return Ok(Vec::new()) };
    let mut keys = bucket.keys(&folder(name, &stack.id)).await?;
    keys.sort();
    let mut found = Vec::new();
    for key in keys.iter().rev().take(KEPT).rev() {
        found.extend(DeploymentRecord::read(&bucket.read(key).await?));
    }
    Ok(found)
}

/// Refuses a stack that other independent stacks take something from: alone, it cannot go back.
fn refuse_shared(stack: &DeployedStack) -> Result<(), DeployFailure> {
    let (name, stage) = (stack.name(), application::stage_of(stack));
    if !stack.tags.iter().any(|(key, _)| key == APPLICATION) || stage == Some("service") {
        return Ok(());
    }
    Err(DeployFailure::usage(format!("the stack {name} cannot go back alone: other stacks use what it has"))
        .help("CloudFormation has no operation that takes independent stacks back together")
        .help("deploy what ran before: `tranship deploy ENV` with the manifest and the versions of that time changes only what differs")
        .help("the stack of one service can: `tranship rollback --stack NAME`"))
}

/// Goes back.
pub(in crate::deploy) async fn rollback(
    session: &AwsSession,
    deployment: &StackDeployment,
    request: &RollbackRequest,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeployOutcome, DeployFailure> {
    let (client, name) = (session.cloudformation(), &deployment.stack);
    let Some(stack) = find(&client, name).await? else {
        return Err(session.not_deployed(&format!("stack {name}")));
    };
    if !request.unmarked {
        own(&client, name, &stack, options).await?;
    }
    refuse_shared(&stack)?;
    if stack.is_busy() {
        return Err(DeployFailure::failed(format!("the stack {name} is {}", stack.status.as_str()))
            .help("stop a running update with `tranship cancel ENV`, or wait for its end"));
    }
    if !stack.is_updatable() {
        return Err(stuck(name, &stack));
    }
    let now = running(session, &stack).await?;
    let stacks = nested::running(&client, &stack.id).await?;
    let records = records(session, &stack, name).await?;
    let record = choose(&records, request.version.as_deref(), &now.template, &now.parameters);
    let late = deployment.parameters.iter().filter_map(|it| Some((it.name.clone(), it.variable.clone()?)));
    let late: BTreeMap<String, String> = late.collect();
    // Without the manifest, the version is among what was changed since.
    let variables = if request.unmarked { differing(&records, &now.parameters) } else { late };
    let Some(record) = record else { return Err(unknown(name, request, &records, &variables)) };
    progress.message(&format!("going back to {}", record.line(&variables)));
    let past = nested::of_the_past(session, &record.template).await;
    nested::guard(deployment, &stacks, &past)?;
    review((&stacks, &now), (&past, record), name, progress);
    let parameters = values(record, &now, &stack)?;
    let template = match record.template.len() <= INLINE_BYTES {
        true => TemplateBody::Inline(record.template.clone()),
        false => {
            let bucket = ArtifactBucket::open(session, progress).await?;
            let key = bucket.put(&format!("stacks/{name}"), record.template.as_bytes(), ".yaml").await?;
            TemplateBody::At(bucket.url(&key))
        }
    };
    progress.message("creating a change set");
    let draft = ChangeSetDraft {
        stack: name,
        create: false,
        template,
        parameters: &parameters,
        capabilities: &["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        tags: &stack.tags,
        imports: Vec::new(),
    };
    let Some(set) = changeset::create(session, draft).await? else {
        return Ok(DeployOutcome { changed: false, outputs: stack.outputs });
    };
    progress.changes(&set.changes);
    if let Err(failure) = approve(session, &set, options, "go back to it?").await {
        withdraw(session, name, set, false).await?;
        return Err(failure);
    }
    keep(session, deployment, &stack, progress).await;
    let services = services(&past.whole().unwrap_or_default());
    let watch = ServiceWatch::new(session, &services);
    execute(session, name, &set, options, &watch, progress).await
}

fn unknown(
    stack: &str,
    request: &RollbackRequest,
    records: &[DeploymentRecord],
    variables: &BTreeMap<String, String>,
) -> DeployFailure {
    let failure = match &request.version {
        Some(version) => {
            DeployFailure::usage(format!("no earlier deployment of {stack} is called `{version}`"))
        }
        None => DeployFailure::failed(format!("no earlier deployment of {stack} is recorded")),
    };
    records.iter().rev().fold(failure, |failure, record| failure.help(record.line(variables)))
}

/// Shows what changes, and what it cannot undo.
fn review(
    (stacks, now): (&StackTemplates, &RunningContent),
    (past, record): (&StackTemplates, &DeploymentRecord),
    stack: &str,
    progress: &mut dyn DeployProgress,
) {
    let plain = |parameters: &BTreeMap<String, String>| {
        let values =
            parameters.iter().map(|(name, value)| (name.clone(), ParameterValue::Plain(value.clone())));
        values.collect::<BTreeMap<_, _>>()
    };
    let old = StackContent::read_stacks(stacks, plain(&now.parameters));
    let new = StackContent::read_stacks(past, plain(&record.parameters));
    if let (Ok(old), Ok(new)) = (old, new) {
        let diff = compare_stacks(Some(&old), &new, &ManifestLines::default(), &BTreeMap::new());
        progress.review(&format!("stack {stack}"), &diff);
        if !diff.jobs.is_empty() {
            progress.warn(&format!(
                "{} runs again, as it was then. What it or later migrations did to a database is not undone",
                diff.jobs.join(", ")
            ));
        }
    }
    progress.message("data, secrets and images are not changed; an image that is gone cannot run again");
}

/// The values of the record; secrets stay as they are.
fn values(
    record: &DeploymentRecord,
    now: &RunningContent,
    stack: &DeployedStack,
) -> Result<BTreeMap<String, ParameterChoice>, DeployFailure> {
    let document = tranship_artifact::parse_document("template.yaml", &record.template).unwrap_or_default();
    let declared = document.get("Parameters").and_then(|it| it.as_object()).into_iter().flatten();
    let mut found = BTreeMap::new();
    for (name, about) in declared {
        let choice = match record.parameters.get(name) {
            Some(value) => ParameterChoice::Given(value.clone()),
            None if now.secrets.contains(name) || stack.parameters().contains_key(name) => {
                ParameterChoice::Previous
            }
            None if about.get("Default").is_some() => ParameterChoice::Default,
            None => {
                return Err(DeployFailure::failed(format!(
                    "the earlier deployment needs the secret {name}, which is gone"
                ))
                .help("deploy that version from its manifest, with `--secret`"));
            }
        };
        found.insert(name.clone(), choice);
    }
    Ok(found)
}

/// The services of a template, by the key in the comment above them.
fn services(document: &serde_json::Value) -> Vec<StackService> {
    let resources = document.get("Resources").and_then(|it| it.as_object()).into_iter().flatten();
    let services = resources
        .filter(|(_, it)| it.get("Type").and_then(|kind| kind.as_str()) == Some("AWS::ECS::Service"));
    services
        .map(|(id, _)| StackService {
            name: id.strip_suffix("Service").unwrap_or(id).to_lowercase(),
            logical_id: id.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "Parameters:\n  Tag: { Type: String }\n  Password: { Type: String, NoEcho: true }\n  Size: { Type: String, Default: a }\nResources:\n  AppService: { Type: 'AWS::ECS::Service' }\n  Other: { Type: 'AWS::IAM::Role' }\n";

    #[test]
    fn values_are_those_of_the_record_and_secrets_stay() {
        let record =
            DeploymentRecord::new("t", "ops", TEMPLATE, BTreeMap::from([("Tag".into(), "40".into())]));
        let now = |secrets: &[&str]| RunningContent {
            template: String::new(),
            parameters: BTreeMap::new(),
            secrets: secrets.iter().map(|it| (*it).to_owned()).collect(),
        };
        let stack = super::super::stack::tests_stack();
        let found = values(&record, &now(&["Password"]), &stack).unwrap();
        assert!(found["Tag"] == ParameterChoice::Given("40".into()));
        assert_eq!(
            (&found["Password"], &found["Size"]),
            (&ParameterChoice::Previous, &ParameterChoice::Default)
        );
        let failure = values(&record, &now(&[]), &stack).unwrap_err();
        assert_eq!(failure.message, "the earlier deployment needs the secret Password, which is gone");
    }

    #[test]
    fn of_independent_stacks_only_that_of_a_service_goes_back_alone() {
        let tagged = |tags: &[(&str, &str)]| {
            let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            refuse_shared(&DeployedStack { tags, ..DeployedStack::sample("shop-prod") })
        };
        assert_eq!(tagged(&[("team", "x")]), Ok(()));
        assert_eq!(tagged(&[(APPLICATION, "shop"), (application::STAGE, "service")]), Ok(()));
        for stage in ["foundation", "shared", "before", "listeners"] {
            let failure = tagged(&[(APPLICATION, "shop"), (application::STAGE, stage)]).unwrap_err();
            assert_eq!(
                failure.message,
                "the stack shop-prod cannot go back alone: other stacks use what it has"
            );
            assert!(failure.help[1].starts_with("deploy what ran before: `tranship deploy ENV`"), "{stage}");
        }
    }

    #[test]
    fn the_services_are_read_off_the_template() {
        let document = StackTemplates::single(TEMPLATE.to_owned()).whole().unwrap();
        let found = services(&document);
        assert_eq!(found, [StackService { name: "app".into(), logical_id: "AppService".into() }]);
    }
}
