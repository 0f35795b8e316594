//! The values of the parameters of independent stacks.
//!
//! In: the flags, what the compile knows, what the stacks were given before. Out: the parameters of each stack. Invariant: a
//! parameter of the application has one value in all stacks; a secret that only another stack holds must be given again.

use super::existing::{ApplicationStacks, declared};
use crate::deploy::failure::DeployFailure;
use crate::deploy::parameters::{self, ParameterChoice};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, ask};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tranship_targets::{DeployParameter, StackDeployment};

/// The values for a whole deployment.
pub(super) struct StackValues {
    pub(super) declared: BTreeMap<String, DeployParameter>,
    /// How each parameter of the application is given.
    pub(super) choices: BTreeMap<String, ParameterChoice>,
    /// What other stacks were given, where it is no secret.
    pub(super) known: BTreeMap<String, String>,
    /// The outputs of secrets that get a new value.
    pub(super) renewed: BTreeSet<String>,
}

/// The parameters of one stack.
pub(super) struct StackParameters {
    /// What it declares, with the values.
    pub(super) parameters: Vec<DeployParameter>,
    /// The values of secrets.
    pub(super) secrets: BTreeMap<String, String>,
}

impl StackValues {
    /// Chooses a value for each parameter; asks for what is missing.
    pub(super) async fn choose(
        session: &AwsSession,
        deployment: &StackDeployment,
        stacks: &ApplicationStacks,
        options: &DeployOptions,
        progress: &mut dyn DeployProgress,
    ) -> Result<Self, DeployFailure> {
        let mut needed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let texts: BTreeMap<&str, Vec<String>> =
            stacks.planned.iter().map(|(name, text)| (name.as_str(), declared(text))).collect();
        for (stack, names) in &texts {
            names.iter().for_each(|name| needed.entry(name).or_default().push(stack));
        }
        let mut previous = given_before(session, stacks).await?;
        let mut known = stacks.parameters();
        // A secret is only where it was given: a stack that has none needs it again.
        for parameter in deployment.parameters.iter().filter(|it| it.secret) {
            known.remove(&parameter.name);
            let holds = |stack: &&&str| {
                stacks.there.get(**stack).is_some_and(|it| it.parameters.contains_key(&parameter.name))
            };
            let stacks = needed.get(parameter.name.as_str()).map_or(&[][..], Vec::as_slice);
            if !stacks.iter().all(|stack| holds(&stack)) {
                previous.remove(&parameter.name);
            }
        }
        let previous: Vec<String> = previous.into_iter().collect();
        let mut values = options.values.clone();
        for parameter in parameters::to_ask(&deployment.parameters, &values, &previous) {
            let Some(value) = ask(session, options, parameters::question(parameter)).await? else { break };
            parameters::answered(&mut values, parameter, value);
        }
        session.mask().borrow_mut().hide(values.secrets.values());
        let choices = parameters::choose(&deployment.parameters, &values, &previous)?;
        let lines = crate::deploy::late_values::report(
            &deployment.parameters,
            &choices,
            &values,
            &options.sources,
            &known,
        );
        lines.lines.iter().for_each(|line| progress.message(line));
        lines.reverted.iter().for_each(|line| progress.warn(line));
        let declared = deployment.parameters.iter().map(|it| (it.name.clone(), it.clone())).collect();
        let renewed = renewed(stacks, deployment, &choices);
        Ok(StackValues { declared, choices, known, renewed })
    }

    /// The parameters of a stack with this template.
    pub(super) fn of_stack(
        &self,
        stacks: &ApplicationStacks,
        stack: &str,
        text: &str,
        given: &BTreeMap<String, String>,
    ) -> StackParameters {
        let mut found = StackParameters { parameters: Vec::new(), secrets: BTreeMap::new() };
        for name in declared(text) {
            let before = stacks.there.get(stack).is_some_and(|it| it.parameters.contains_key(&name));
            let Some(known) = self.declared.get(&name) else {
                // What leaves the stack keeps its value.
                let value = given.get(&name).cloned();
                let has_default = value.is_none();
                found.parameters.push(DeployParameter {
                    name,
                    value,
                    has_default,
                    ..DeployParameter::default()
                });
                continue;
            };
            let mut parameter = DeployParameter { variable: None, alias: None, value: None, ..known.clone() };
            match self.choices.get(&name) {
                Some(ParameterChoice::Given(value)) if known.secret => {
                    found.secrets.insert(name, value.clone());
                }
                Some(ParameterChoice::Given(value)) => parameter.value = Some(value.clone()),
                Some(ParameterChoice::Previous) if !before && !known.secret => {
                    parameter.value = self.known.get(&name).cloned();
                }
                _ => {}
            }
            found.parameters.push(parameter);
        }
        found
    }
}

/// The parameters that any of the stacks was given, as opposed to those left to their defaults.
pub(super) async fn given_before(
    session: &AwsSession,
    stacks: &ApplicationStacks,
) -> Result<BTreeSet<String>, DeployFailure> {
    let (mut given, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for stack in stacks.there.values() {
        let new = stack.parameters.keys().filter(|name| seen.insert(*name)).count();
        if new > 0 {
            given.extend(stack.given_parameters(&session.cloudformation()).await?);
        }
    }
    Ok(given)
}

/// The outputs of secrets whose value this deployment sets anew.
pub(super) fn renewed(
    stacks: &ApplicationStacks,
    deployment: &StackDeployment,
    choices: &BTreeMap<String, ParameterChoice>,
) -> BTreeSet<String> {
    let set = deployment.parameters.iter().filter(|it| it.secret);
    let set = set.filter(|it| matches!(choices.get(&it.name), Some(ParameterChoice::Given(_))));
    let set: BTreeSet<&str> = set.map(|it| it.name.as_str()).collect();
    let mut found = BTreeSet::new();
    if set.is_empty() {
        return found;
    }
    for text in stacks.planned.values() {
        let document = super::super::template::read(text).unwrap_or_default();
        for (id, resource) in document.get("Resources").and_then(Value::as_object).into_iter().flatten() {
            let of_secrets =
                resource.get("Type").and_then(Value::as_str) == Some("AWS::SecretsManager::Secret");
            let body = resource.to_string();
            let fed = |name: &&&str| {
                body.contains(&format!("\"Ref\":\"{name}\"")) || body.contains(&format!("${{{name}}}"))
            };
            if of_secrets && set.iter().any(|name| fed(&name)) {
                found.insert(format!("{id}Ref"));
            }
        }
    }
    found
}
