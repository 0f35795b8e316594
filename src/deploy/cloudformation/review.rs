//! Compares a stack with the template that would be deployed.
//!
//! In: the stack, the template, the choices of parameters. Out: a [`DeploymentReview`].

use super::stack::{DeployedStack, find};
use super::{nested, own, separate, unreadable};
use crate::deploy::failure::DeployFailure;
use crate::deploy::parameters::{self, ParameterChoice};
use crate::deploy::progress::DeployProgress;
use crate::deploy::review::DeploymentReview;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, bucket};
use crate::operation::difference::{ManifestLines, ParameterValue, StackContent, compare_stacks};
use crate::operation::plan_file::SavedPlan;
use crate::operation::stack_templates::StackTemplates;
use std::collections::{BTreeMap, BTreeSet};
use tranship_artifact::ArtifactSet;
use tranship_targets::{DeployParameter, StackDeployment};

/// What is shown for a value that only the deployment makes.
const LATER: &str = "known when it is deployed";

/// The stacks that are deployed, as one.
pub(super) struct RunningStacks<'a> {
    /// Their templates.
    pub(super) templates: &'a StackTemplates,
    /// The values of their parameters; asterisks for secrets.
    pub(super) parameters: BTreeMap<String, String>,
    /// Which stacks they are, and when each was changed.
    pub(super) identity: String,
}

impl<'a> RunningStacks<'a> {
    /// One stack, with its nested stacks.
    pub(super) fn single(stack: &DeployedStack, templates: &'a StackTemplates) -> Self {
        let identity = format!("{}\n{}", stack.id, stack.changed);
        RunningStacks { templates, parameters: stack.parameters.clone(), identity }
    }
}

/// What is deployed, and what identifies its state.
struct DeployedContent {
    content: StackContent,
    state: String,
}

/// Compares the artifacts with the stack, without a question.
pub(in crate::deploy) async fn review(
    session: &AwsSession,
    deployment: &StackDeployment,
    artifacts: &ArtifactSet,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<DeploymentReview, DeployFailure> {
    if !deployment.separate.is_empty() {
        return separate::review(session, deployment, artifacts, options, progress).await;
    }
    let client = session.cloudformation();
    let stack = find(&client, &deployment.stack).await?;
    if let Some(stack) = &stack {
        own(&client, &deployment.stack, stack, options).await?;
        if stack.is_busy() {
            progress.warn(&format!(
                "{} is {}: this compares with its last complete state",
                deployment.stack,
                stack.status.as_str()
            ));
        }
    }
    let stack = stack.filter(|stack| !stack.is_empty() && !stack.is_remains());
    let previous = match &stack {
        Some(stack) => stack.given_parameters(&client).await?,
        None => Vec::new(),
    };
    let choices = parameters::known(&deployment.parameters, &options.values, &previous)?;
    let running = match &stack {
        Some(stack) => Some((stack, nested::running(&client, &stack.id).await?)),
        None => None,
    };
    if let Some((_, running)) = &running {
        nested::guard(deployment, running, &super::compiled(artifacts)?)?;
    }
    let running = running.as_ref().map(|(stack, templates)| RunningStacks::single(stack, templates));
    of(session, deployment, running, &choices, artifacts, options)
}

/// Compares the artifacts with the stack, with these choices.
pub(super) fn of(
    session: &AwsSession,
    deployment: &StackDeployment,
    running: Option<RunningStacks<'_>>,
    choices: &BTreeMap<String, ParameterChoice>,
    artifacts: &ArtifactSet,
    options: &DeployOptions,
) -> Result<DeploymentReview, DeployFailure> {
    let templates = super::compiled(artifacts)?;
    let report = artifacts.get(crate::compile::REPORT).map(|file| file.bytes.as_slice());
    let secret =
        |name: &str| deployment.parameters.iter().any(|parameter| parameter.secret && parameter.name == name);
    let before = running.as_ref().map(|it| it.parameters.clone()).unwrap_or_default();
    let running = running.map(|it| deployed(&it, secret)).transpose()?;
    let values = planned(&deployment.parameters, choices, &before);
    let new = StackContent::read_stacks(&templates, values).map_err(|error| unreadable(&error))?;
    let variables =
        deployment.parameters.iter().filter_map(|it| Some((it.name.clone(), it.variable.clone()?)));
    let diff = compare_stacks(
        running.as_ref().map(|it| &it.content),
        &new,
        &ManifestLines::read(report),
        &variables.collect(),
    );
    let subject = format!("stack {}", deployment.stack);
    let given = |wanted: bool| {
        choices.iter().filter_map(move |(name, choice)| match choice {
            ParameterChoice::Given(value) if secret(name) == wanted => Some((name.clone(), value.clone())),
            _ => None,
        })
    };
    let plan = SavedPlan {
        schema: SavedPlan::schema(),
        environment: options.mark.environment.clone(),
        subject: subject.clone(),
        account: session.account.clone(),
        region: session.region.clone(),
        deployed: running.map(|it| it.state),
        artifacts: bucket::hash(&templates.bytes()),
        parameters: given(false).collect(),
        secrets: given(true).map(|(name, _)| name).collect::<BTreeSet<_>>(),
        diff: serde_json::Value::Null,
    };
    Ok(DeploymentReview { subject, diff, plan })
}

/// The content of stacks that exist.
fn deployed(
    running: &RunningStacks<'_>,
    secret: impl Fn(&str) -> bool,
) -> Result<DeployedContent, DeployFailure> {
    let values = running.parameters.iter().map(|(name, value)| {
        // CloudFormation shows asterisks for what it may not tell.
        let hidden = secret(name) || value.chars().all(|it| it == '*') && !value.is_empty();
        let value =
            if hidden { ParameterValue::Secret { set: false } } else { ParameterValue::Plain(value.clone()) };
        (name.clone(), value)
    });
    let content =
        StackContent::read_stacks(running.templates, values.collect()).map_err(|error| unreadable(&error))?;
    let state = [running.identity.as_bytes(), &running.templates.bytes()].join(&b'\n');
    let shown: Vec<String> =
        running.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(DeployedContent {
        content,
        state: bucket::hash(&[state.as_slice(), shown.join("\n").as_bytes()].join(&b'\n')),
    })
}

/// The values that the parameters would have.
fn planned(
    declared: &[DeployParameter],
    choices: &BTreeMap<String, ParameterChoice>,
    before: &BTreeMap<String, String>,
) -> BTreeMap<String, ParameterValue> {
    let value = |parameter: &DeployParameter| {
        let choice = choices.get(&parameter.name);
        if parameter.secret {
            return Some(ParameterValue::Secret { set: matches!(choice, Some(ParameterChoice::Given(_))) });
        }
        match choice {
            Some(ParameterChoice::Given(value)) => Some(ParameterValue::Plain(value.clone())),
            Some(ParameterChoice::Previous) => {
                Some(ParameterValue::Plain(before.get(&parameter.name).cloned().unwrap_or_default()))
            }
            // The template has it.
            Some(ParameterChoice::Default) => None,
            None => Some(ParameterValue::Later(LATER.to_owned())),
        }
    };
    declared.iter().filter_map(|parameter| Some((parameter.name.clone(), value(parameter)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_choice_is_the_value_that_the_stack_would_have() {
        let declared =
            |name: &str, secret| DeployParameter { name: name.into(), secret, ..Default::default() };
        let parameters = [
            declared("Given", false),
            declared("Kept", false),
            declared("Default", false),
            declared("Later", false),
            declared("NewSecret", true),
            declared("OldSecret", true),
        ];
        let choices = BTreeMap::from([
            ("Given".to_owned(), ParameterChoice::Given("1".into())),
            ("Kept".to_owned(), ParameterChoice::Previous),
            ("Default".to_owned(), ParameterChoice::Default),
            ("NewSecret".to_owned(), ParameterChoice::Given("canary".into())),
            ("OldSecret".to_owned(), ParameterChoice::Previous),
        ]);
        let before = BTreeMap::from([("Kept".to_owned(), "2".to_owned())]);
        let found = planned(&parameters, &choices, &before);
        let expected = BTreeMap::from([
            ("Given".to_owned(), ParameterValue::Plain("1".into())),
            ("Kept".to_owned(), ParameterValue::Plain("2".into())),
            ("Later".to_owned(), ParameterValue::Later(LATER.into())),
            ("NewSecret".to_owned(), ParameterValue::Secret { set: true }),
            ("OldSecret".to_owned(), ParameterValue::Secret { set: false }),
        ]);
        assert_eq!(found, expected);
        assert!(!format!("{found:?}").contains("canary"));
    }
}
