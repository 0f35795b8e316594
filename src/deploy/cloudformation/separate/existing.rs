//! The stacks of an application that are there, and those that it is to be.
//!
//! In: the account, and the templates of a compile. Out: [`ApplicationStacks`]. A stack says by a tag which application it
//! belongs to, and in which stage it is.

use super::super::application::{self, APPLICATION, READ, STAGE, is_of};
use super::super::{nested, own, settle, side_by_side, template};
use super::departure::StackDeparture;
use crate::deploy::failure::DeployFailure;
use crate::deploy::progress::{DeployProgress, PlannedChange, ResourceAction};
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, cloudformation::DeployedStack};
use crate::operation::stack_templates::StackTemplates;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use tranship_artifact::ArtifactSet;
use tranship_facts::DATA_STORES;
use tranship_targets::{DeployParameter, GivenParameter, SeparateDeployment, StackDeployment};

/// The tags of a stack, besides the mark of the project.
pub(super) fn tags(application: &str, separate: Option<&SeparateDeployment>) -> Vec<(String, String)> {
    let stage = separate.map_or("foundation", |it| it.stage);
    vec![(APPLICATION.to_owned(), application.to_owned()), (STAGE.to_owned(), stage.to_owned())]
}

/// The resources of a template, with their types.
pub(super) fn resources(text: &str) -> BTreeMap<String, String> {
    let document = template::read(text).unwrap_or_default();
    let all = document.get("Resources").and_then(Value::as_object).into_iter().flatten();
    let kind = |it: &Value| it.get("Type").and_then(Value::as_str).unwrap_or_default().to_owned();
    all.map(|(id, it)| (id.clone(), kind(it))).collect()
}

/// The parameters that a template declares.
pub(super) fn declared(text: &str) -> Vec<String> {
    let document = template::read(text).unwrap_or_default();
    document
        .get("Parameters")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(id, _)| id.clone())
        .collect()
}

/// Whether a stack is of the application, or has the name of one that is to be.
fn concerns(deployment: &StackDeployment, name: &str, stack: &DeployedStack) -> bool {
    let planned = name == deployment.stack || deployment.separate.iter().any(|it| it.stack == name);
    planned || is_of(stack, &deployment.stack)
}

/// The stacks of the application that are there, by name. Refuses one that is not of this project.
pub(super) async fn list(
    session: &AwsSession,
    deployment: &StackDeployment,
    options: &DeployOptions,
) -> Result<BTreeMap<String, DeployedStack>, DeployFailure> {
    let client = session.cloudformation();
    let found = application::list(&client, |name, stack| concerns(deployment, name, stack)).await?;
    for (name, stack) in &found {
        own(&client, name, stack, options).await?;
    }
    Ok(found)
}

/// What is there, and what is to be.
pub(super) struct ApplicationStacks {
    /// The stacks that are there.
    pub(super) there: BTreeMap<String, DeployedStack>,
    /// The new templates.
    pub(super) planned: BTreeMap<String, String>,
    /// The templates that run.
    running: BTreeMap<String, String>,
    departures: BTreeMap<String, StackDeparture>,
    /// The resources of nested stacks that the first stack has, if it has any.
    nested: BTreeMap<String, String>,
}

impl ApplicationStacks {
    /// Reads them. Stacks that are being changed are waited for, and what a failed creation left is deleted.
    pub(super) async fn read(
        session: &AwsSession,
        deployment: &StackDeployment,
        artifacts: &ArtifactSet,
        options: &DeployOptions,
        progress: &mut dyn DeployProgress,
    ) -> Result<Self, DeployFailure> {
        let mut there = list(session, deployment, options).await?;
        let unsettled: Vec<String> =
            there.iter().filter(|(_, it)| !it.is_updatable()).map(|(name, _)| name.clone()).collect();
        for name in unsettled {
            let one = StackDeployment { stack: name.clone(), ..StackDeployment::default() };
            match settle(session, &one, options, progress).await? {
                Some(stack) => there.insert(name, stack),
                None => there.remove(&name),
            };
        }
        Self::load(session, deployment, artifacts, there).await
    }

    /// Reads them, and leaves all as it is. Warns about stacks that are being changed.
    pub(super) async fn look(
        session: &AwsSession,
        deployment: &StackDeployment,
        artifacts: &ArtifactSet,
        options: &DeployOptions,
        progress: &mut dyn DeployProgress,
    ) -> Result<Self, DeployFailure> {
        let mut there = list(session, deployment, options).await?;
        let busy: Vec<&str> =
            there.iter().filter(|(_, it)| it.is_busy()).map(|(name, _)| name.as_str()).collect();
        if let Some(text) = being_changed(&busy) {
            progress.warn(&format!("{text} being changed: this compares with the last complete state"));
        }
        there.retain(|_, stack| has_resources(stack));
        Self::load(session, deployment, artifacts, there).await
    }

    async fn load(
        session: &AwsSession,
        deployment: &StackDeployment,
        artifacts: &ArtifactSet,
        there: BTreeMap<String, DeployedStack>,
    ) -> Result<Self, DeployFailure> {
        let text = |path: &str| {
            let found = artifacts.get(path).map(|it| String::from_utf8_lossy(&it.bytes).into_owned());
            found.ok_or_else(|| DeployFailure::failed(format!("the artifact set has no {path}")))
        };
        let mut planned = BTreeMap::from([(deployment.stack.clone(), text("template.yaml")?)]);
        for stack in &deployment.separate {
            planned.insert(stack.stack.clone(), text(&stack.template)?);
        }
        let client = session.cloudformation();
        let running = RefCell::new(BTreeMap::new());
        let inside = RefCell::new(BTreeMap::new());
        let reads = there.iter().map(|(name, stack)| {
            let (client, running, inside) = (&client, &running, &inside);
            async move {
                let templates = nested::running(client, &stack.id).await?;
                for (id, text) in &templates.nested {
                    inside
                        .borrow_mut()
                        .extend(resources(text).into_keys().map(|it| (it, format!("{name}/{id}"))));
                }
                running.borrow_mut().insert(name.clone(), templates.root);
                Ok::<(), DeployFailure>(())
            }
        });
        side_by_side::run(READ, reads).await?;
        Ok(Self::of(there, planned, running.into_inner(), inside.into_inner()))
    }

    /// Of the stacks that are there, the new templates, those that run, and the nested stack of each resource that is in one.
    pub(super) fn of(
        there: BTreeMap<String, DeployedStack>,
        planned: BTreeMap<String, String>,
        running: BTreeMap<String, String>,
        nested: BTreeMap<String, String>,
    ) -> Self {
        let departures = planned.iter().filter_map(|(name, new)| {
            Some((name.clone(), StackDeparture::between(running.get(name)?, new)?))
        });
        let departures = departures.collect();
        ApplicationStacks { there, planned, running, departures, nested }
    }

    /// The templates that run, as those of one application; `None` where its first stack is not there.
    pub(super) fn templates(&self, deployment: &StackDeployment) -> Option<StackTemplates> {
        let known: BTreeMap<(&str, &str), &GivenParameter> = deployment
            .separate
            .iter()
            .flat_map(|it| it.given.iter().map(|(name, value)| ((it.stack.as_str(), name.as_str()), value)))
            .collect();
        StackTemplates::deployed(&deployment.stack, &self.running, &|stack, parameter| match known
            .get(&(stack, parameter))?
        {
            GivenParameter::Output { stack, output } => Some((stack.clone(), output.clone())),
            GivenParameter::Value(_) => None,
        })
    }

    /// The values of the parameters of all stacks.
    pub(super) fn parameters(&self) -> BTreeMap<String, String> {
        let all = self.there.values().flat_map(|it| &it.parameters);
        all.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Which stacks are there, and when each was changed.
    pub(super) fn identity(&self) -> String {
        let lines: Vec<String> = self.there.values().map(|it| format!("{}\n{}", it.id, it.changed)).collect();
        lines.join("\n")
    }

    /// The stacks that are there and are no more to be.
    pub(super) fn removed(&self) -> impl Iterator<Item = (&String, &DeployedStack)> {
        self.there.iter().filter(|(name, _)| !self.planned.contains_key(*name))
    }

    /// What leaves a stack that stays.
    pub(super) fn departure(&self, name: &str) -> Option<&StackDeparture> {
        self.departures.get(name)
    }

    /// Whether a stack has this template already, and these values.
    pub(super) fn is_same(&self, name: &str, text: &str, parameters: &[DeployParameter]) -> bool {
        let Some(stack) = self.there.get(name).filter(|it| it.succeeded() && it.is_updatable()) else {
            return false;
        };
        let same = |it: &DeployParameter| match &it.value {
            Some(value) => stack.parameters.get(&it.name) == Some(value),
            None => true,
        };
        self.running.get(name).is_some_and(|running| running == text) && parameters.iter().all(same)
    }

    /// Refuses what would move resources between stacks: CloudFormation would create them a second time.
    pub(super) fn refuse_moves(&self, deployment: &StackDeployment) -> Result<(), DeployFailure> {
        let mut before: BTreeMap<String, &str> =
            self.nested.iter().map(|(id, stack)| (id.clone(), stack.as_str())).collect();
        for (name, text) in &self.running {
            before.extend(resources(text).into_keys().map(|id| (id, name.as_str())));
        }
        let mut moved: Vec<String> = Vec::new();
        for (name, text) in &self.planned {
            for id in resources(text).into_keys() {
                if let Some(from) = before.get(&id).filter(|from| **from != name) {
                    moved.push(format!("{id}: from the stack {from} to the stack {name}"));
                }
            }
        }
        if moved.is_empty() {
            return Ok(());
        }
        let failure = nested::moving(&deployment.stack, &moved);
        let only = self.there.len() == 1;
        let failure = match (only, self.nested.is_empty()) {
            (true, true) => failure.help("keep the one stack with `x-tranship: { stacks: single }`, or new services in nested stacks with `stacks: nested`"),
            (true, false) => failure.help("keep the stacks as they are with `x-tranship: { stacks: nested }`"),
            (false, _) => failure.help("undo the change of `root_services`, or of `stack`"),
        };
        Err(failure.help("or deploy to a new environment; docs/large-applications.md says how"))
    }

    /// What keeps data and leaves the application.
    pub(super) fn lost_data(&self) -> Vec<PlannedChange> {
        let kept: BTreeMap<String, String> = self.planned.values().flat_map(|text| resources(text)).collect();
        let mut lost = Vec::new();
        for text in self.running.values() {
            let gone = resources(text)
                .into_iter()
                .filter(|(id, kind)| DATA_STORES.contains(&kind.as_str()) && !kept.contains_key(id));
            lost.extend(gone.map(|(id, kind)| PlannedChange {
                action: ResourceAction::Remove,
                name: id,
                kind,
                detail: String::new(),
                data_at_risk: true,
            }));
        }
        lost
    }
}

/// Whether a stack has resources: not if it was never created, or its creation was taken back.
fn has_resources(stack: &DeployedStack) -> bool {
    !stack.is_empty() && !stack.is_remains()
}

/// The first of some stacks, how many more there are, and the verb that follows.
fn being_changed(names: &[&str]) -> Option<String> {
    let (first, rest) = names.split_first()?;
    Some(if rest.is_empty() { format!("{first} is") } else { format!("{first} and {} more are", rest.len()) })
}

#[cfg(test)]
mod tests {
    use super::super::super::stack::tests_stack;
    use super::*;
    use aws_sdk_cloudformation::types::StackStatus;

    const WEB: &str =
        "Parameters: { Size: { Type: String } }\nResources: { WebService: { Type: 'AWS::ECS::Service' } }\n";
    const BASE: &str =
        "Resources: { Db: { Type: 'AWS::RDS::DBInstance' }, Topic: { Type: 'AWS::SNS::Topic' } }\n";

    fn texts(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    /// Stacks that are there with these templates, and those that are to be.
    fn stacks(running: &[(&str, &str)], planned: &[(&str, &str)]) -> ApplicationStacks {
        let mut stack = tests_stack();
        stack.status = StackStatus::UpdateComplete;
        ApplicationStacks {
            there: running.iter().map(|(name, _)| ((*name).to_owned(), stack.clone())).collect(),
            planned: texts(planned),
            running: texts(running),
            departures: BTreeMap::new(),
            nested: BTreeMap::new(),
        }
    }

    #[test]
    fn stacks_that_are_being_changed_are_named_or_counted() {
        let text = |names: &[&str]| being_changed(names);
        assert_eq!(text(&[]), None);
        assert_eq!(text(&["shop"]).as_deref(), Some("shop is"));
        assert_eq!(text(&["shop", "shop-web"]).as_deref(), Some("shop and 1 more are"));
        assert_eq!(text(&["shop", "shop-api", "shop-web"]).as_deref(), Some("shop and 2 more are"));
    }

    #[test]
    fn a_template_is_read_for_its_resources_and_its_parameters() {
        let found = resources(BASE);
        assert_eq!(
            found.iter().map(|(id, kind)| (id.as_str(), kind.as_str())).collect::<Vec<_>>(),
            [("Db", "AWS::RDS::DBInstance"), ("Topic", "AWS::SNS::Topic")]
        );
        assert_eq!(declared(WEB), ["Size"]);
        assert!(declared(BASE).is_empty() && resources("{}").is_empty());
    }

    #[test]
    fn a_stack_concerns_the_application_by_its_name_or_its_tag() {
        let separate = SeparateDeployment {
            stack: "shop-Web".into(),
            template: String::new(),
            stage: "service",
            service: None,
            after: Vec::new(),
            given: Vec::new(),
        };
        let deployment =
            StackDeployment { stack: "shop".into(), separate: vec![separate], ..StackDeployment::default() };
        let mut stack = tests_stack();
        let names = ["shop", "shop-Web", "shop-Api", "blog"];
        assert_eq!(names.map(|name| concerns(&deployment, name, &stack)), [true, true, false, false]);
        stack.tags = tags("shop", None);
        assert_eq!(names.map(|name| concerns(&deployment, name, &stack)), [true; 4]);
    }

    #[test]
    fn what_is_left_of_a_creation_is_not_compared() {
        for (status, has) in [
            (StackStatus::CreateComplete, true),
            (StackStatus::UpdateInProgress, true),
            (StackStatus::UpdateRollbackComplete, true),
            (StackStatus::ReviewInProgress, false),
            (StackStatus::RollbackComplete, false),
            (StackStatus::CreateFailed, false),
        ] {
            let stack = DeployedStack { status: status.clone(), ..tests_stack() };
            assert_eq!(has_resources(&stack), has, "{status:?}");
        }
    }

    #[test]
    fn a_stack_that_is_no_more_to_be_is_removed() {
        let all = stacks(&[("shop", BASE), ("shop-web", WEB)], &[("shop", BASE), ("shop-api", WEB)]);
        assert_eq!(all.removed().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["shop-web"]);
        assert!(all.departure("shop").is_none());
        let less = ApplicationStacks::of(
            BTreeMap::new(),
            texts(&[("shop", "Resources: { Topic: { Type: 'AWS::SNS::Topic' } }")]),
            texts(&[("shop", BASE)]),
            BTreeMap::new(),
        );
        assert!(less.departure("shop").unwrap().text().contains("\"Db\""), "it stays until nothing uses it");
    }

    #[test]
    fn a_stack_is_the_same_with_its_template_its_values_and_a_good_end() {
        let mut all = stacks(&[("shop", WEB)], &[("shop", WEB)]);
        let size = |value: Option<&str>| {
            [DeployParameter {
                name: "Size".into(),
                value: value.map(str::to_owned),
                ..DeployParameter::default()
            }]
        };
        if let Some(stack) = all.there.get_mut("shop") {
            stack.parameters.insert("Size".into(), "2".into());
        }
        assert!(all.is_same("shop", WEB, &size(Some("2"))));
        assert!(all.is_same("shop", WEB, &size(None)), "it keeps its value");
        assert!(!all.is_same("shop", WEB, &size(Some("3"))));
        assert!(!all.is_same("shop", BASE, &size(Some("2"))));
        assert!(!all.is_same("shop-web", WEB, &[]), "it is not there");
        for status in
            [StackStatus::UpdateRollbackComplete, StackStatus::UpdateInProgress, StackStatus::DeleteComplete]
        {
            if let Some(stack) = all.there.get_mut("shop") {
                stack.status = status.clone();
            }
            assert!(!all.is_same("shop", WEB, &size(Some("2"))), "{status:?}");
        }
    }
}
