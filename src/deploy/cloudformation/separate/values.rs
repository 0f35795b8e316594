//! The values of the parameters of independent stacks.
//!
//! In: the flags, what the compile knows, what the stacks were given before. Out: the parameters of each stack. Invariant: a
//! parameter of the application has one value in all stacks; a secret that only another stack holds must be given again.

use super::existing::{ApplicationStacks, declared};
use crate::deploy::cloudformation::DeployedStack;
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
        let mut known = stacks.parameters();
        deployment.parameters.iter().filter(|it| it.secret).for_each(|it| {
            known.remove(&it.name);
        });
        let previous = held(stacks, deployment, given_before(session, stacks).await?);
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

/// Of what any stack was given, what need not be given again. A secret is only where it was given: a stack that is to read it and
/// has none needs it again.
pub(super) fn held(
    stacks: &ApplicationStacks,
    deployment: &StackDeployment,
    given: BTreeSet<String>,
) -> Vec<String> {
    let secrets: BTreeSet<&str> =
        deployment.parameters.iter().filter(|it| it.secret).map(|it| it.name.as_str()).collect();
    let mut lacking: BTreeSet<String> = BTreeSet::new();
    for (stack, text) in &stacks.planned {
        let holds =
            |name: &String| stacks.there.get(stack).is_some_and(|it| it.parameters.contains_key(name));
        lacking.extend(declared(text).into_iter().filter(|name| !holds(name)));
    }
    let again = |name: &String| secrets.contains(name.as_str()) && lacking.contains(name);
    given.into_iter().filter(|name| !again(name)).collect()
}

/// The stacks that tell of all parameters which of them were given.
pub(super) fn telling(stacks: &ApplicationStacks) -> Vec<&DeployedStack> {
    let mut seen = BTreeSet::new();
    let mut tells = |stack: &&DeployedStack| {
        let before = seen.len();
        seen.extend(stack.parameters.keys().cloned());
        seen.len() > before
    };
    stacks.there.values().filter(|stack| tells(stack)).collect()
}

/// The parameters that any of the stacks was given, as opposed to those left to their defaults.
pub(super) async fn given_before(
    session: &AwsSession,
    stacks: &ApplicationStacks,
) -> Result<BTreeSet<String>, DeployFailure> {
    let mut given = BTreeSet::new();
    for stack in telling(stacks) {
        given.extend(stack.given_parameters(&session.cloudformation()).await?);
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
