//! What is deployed, from the inside: one stack with its nested stacks, or independent stacks.
//!
//! In: the name of the first stack. Out: the resources, the services and the task definitions, by their names in the manifest.

use crate::deploy::cloudformation::application::DeployedApplication;
use crate::deploy::cloudformation::{DeployedStack, nested};
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::session::AwsSession;
use crate::operation::task_place::TemplateNames;
use aws_sdk_cloudformation::types::StackResourceSummary;
use aws_sdk_ecs::types::{Service, TaskDefinition};
use std::collections::BTreeMap;
use tranship_cloudformation::{LogicalId, NESTED_STACK, ResourceRole};
use tranship_targets::StackDeployment;

/// DescribeServices takes at most 10 services.
const SERVICES: usize = 10;

/// What is deployed: one stack with nested ones, or independent stacks.
pub(super) struct StackInside {
    /// The stacks.
    pub(super) application: DeployedApplication,
    /// Their resources.
    resources: Vec<InsideResource>,
    /// The names of the services, by logical id.
    names: BTreeMap<String, String>,
}

/// A resource of what is deployed.
struct InsideResource {
    logical: String,
    kind: String,
    physical: String,
    /// When it was last changed, as AWS writes it.
    changed: String,
    /// The place among the independent stacks.
    stack: usize,
}

impl StackInside {
    /// Reads it. Fails if it is not deployed.
    pub(super) async fn open(
        session: &AwsSession,
        deployment: &StackDeployment,
    ) -> Result<Self, DeployFailure> {
        StackInside::find(session, deployment)
            .await?
            .ok_or_else(|| session.not_deployed(&format!("stack {}", deployment.stack)))
    }

    /// Reads it, if it is deployed.
    pub(super) async fn find(
        session: &AwsSession,
        deployment: &StackDeployment,
    ) -> Result<Option<Self>, DeployFailure> {
        let client = session.cloudformation();
        let found = DeployedApplication::find(&client, deployment).await?;
        let Some(application) = found else { return Ok(None) };
        let resource = |stack: usize, it: &StackResourceSummary| {
            let kind = it.resource_type().unwrap_or_default().to_owned();
            let (logical, physical) = (it.logical_resource_id()?, it.physical_resource_id()?);
            let changed = it.last_updated_timestamp().map(ToString::to_string).unwrap_or_default();
            let (logical, physical) = (logical.to_owned(), physical.to_owned());
            Some(InsideResource { logical, kind, physical, changed, stack })
        };
        let lists = application.resources(&client).await?;
        let lists = lists.iter().enumerate();
        let resources = lists.flat_map(|(stack, all)| all.iter().filter_map(move |it| resource(stack, it)));
        let resources = resources.collect();
        let names = deployment.services.iter().map(|it| (it.logical_id.clone(), it.name.clone())).collect();
        Ok(Some(StackInside { application, resources, names }))
    }

    /// The physical id of a resource.
    pub(super) fn physical(&self, id: &str) -> Option<&str> {
        self.resources.iter().find(|it| it.logical == id).map(|it| it.physical.as_str())
    }

    /// The physical ids of a type.
    pub(super) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let those = self.resources.iter().filter(move |it| it.kind == kind);
        those.map(|it| (it.logical.as_str(), it.physical.as_str()))
    }

    /// The services: name in the manifest, ARN.
    pub(super) fn services(&self) -> impl Iterator<Item = (&str, &str)> {
        let those = self.of_kind("AWS::ECS::Service");
        those.filter_map(|(logical, arn)| Some((self.names.get(logical)?.as_str(), arn)))
    }

    /// The cluster.
    pub(super) fn cluster(&self) -> Result<String, DeployFailure> {
        let own = self.of_kind("AWS::ECS::Cluster").next().map(|(_, physical)| physical.to_owned());
        let named = || self.services().find_map(|(_, arn)| cluster_of(arn));
        own.or_else(named).ok_or_else(|| DeployFailure::failed("the stack has no cluster"))
    }

    /// A service as ECS describes it; `None` if the stack has none of this name.
    pub(super) async fn service(
        &self,
        session: &AwsSession,
        name: &str,
    ) -> Result<Option<Service>, DeployFailure> {
        let Some((_, arn)) = self.services().find(|(known, _)| *known == name) else { return Ok(None) };
        let call = session.ecs().describe_services().services(arn).set_cluster(cluster_of(arn));
        let found = call.send().await.map_err(|error| sdk(&format!("find the service {name}"), error))?;
        Ok(found.services.and_then(|all| all.into_iter().next()))
    }

    /// The services as ECS describes them, by their names in the manifest: a call for ten of them.
    pub(super) async fn all_services(
        &self,
        session: &AwsSession,
    ) -> Result<Vec<(String, Service)>, DeployFailure> {
        let arns: Vec<&str> = self.services().map(|(_, arn)| arn).collect();
        let mut found = Vec::new();
        for batch in arns.chunks(SERVICES) {
            let cluster = batch.first().and_then(|arn| cluster_of(arn));
            let call = session.ecs().describe_services().set_cluster(cluster);
            let call = call.set_services(Some(batch.iter().map(|arn| (*arn).to_owned()).collect()));
            let answer = call.send().await.map_err(|error| sdk("read the services", error))?;
            found.extend(answer.services.unwrap_or_default());
        }
        let name = |service: &Service| {
            let known = |(_, arn): &(&str, &str)| Some(*arn) == service.service_arn();
            self.services().find(known).map(|(name, _)| name.to_owned())
        };
        Ok(found.into_iter().filter_map(|service| Some((name(&service)?, service))).collect())
    }

    /// The ARN of the task definition of a service or a job.
    pub(super) fn task_definition(&self, name: &str) -> Option<(String, &str)> {
        let id = LogicalId::of(name, ResourceRole::TaskDefinition).to_string();
        let physical = self.physical(&id)?;
        Some((id, physical))
    }

    /// The services and jobs that have a task definition of their own, in order: each has a log group, which ends in its name.
    pub(super) fn runnable(&self) -> Vec<&str> {
        let groups = self.of_kind("AWS::Logs::LogGroup").map(|(_, group)| group);
        let mut names: Vec<&str> =
            groups.filter_map(|group| group.rsplit_once("/ecs/")).map(|(_, name)| name).collect();
        names.sort_unstable();
        names
    }

    /// The template of the stack that has a resource.
    pub(super) async fn template_of(
        &self,
        session: &AwsSession,
        id: &str,
    ) -> Result<serde_json::Value, DeployFailure> {
        let Some(stack) = self.stack_of(id) else { return Ok(serde_json::Value::Null) };
        let client = session.cloudformation();
        Ok(nested::running(&client, &stack.id).await?.whole().unwrap_or_default())
    }

    /// What the names in the template of the stack that has a resource stand for.
    pub(super) fn names_for(&self, id: &str) -> TemplateNames {
        TemplateNames {
            parameters: self.stack_of(id).map(|it| it.parameters().clone()).unwrap_or_default(),
            resources: self.resources.iter().map(|it| (it.logical.clone(), it.physical.clone())).collect(),
        }
    }

    /// The independent stack that has a resource, in itself or in a nested one.
    fn stack_of(&self, id: &str) -> Option<&DeployedStack> {
        let place = self.resources.iter().find(|it| it.logical == id)?.stack;
        self.application.stacks.get(place)
    }

    /// The stacks and the nested stacks, the ones that were changed last first.
    pub(super) fn places(&self, application: &str) -> Vec<LabelledStack<'_>> {
        let own = self.application.stacks.iter().map(|it| LabelledStack {
            label: short(it.name(), application),
            id: &it.id,
            changed: &it.changed,
            nested: false,
        });
        let nested = self.resources.iter().filter(|it| it.kind == NESTED_STACK).map(|it| LabelledStack {
            label: Some(&it.logical),
            id: &it.physical,
            changed: &it.changed,
            nested: true,
        });
        let mut all: Vec<LabelledStack<'_>> = own.chain(nested).collect();
        all.sort_by(|a, b| b.changed.cmp(a.changed));
        all
    }
}

/// A stack of an application.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LabelledStack<'a> {
    /// What stands in front of the names of its resources; nothing for the first stack.
    pub(super) label: Option<&'a str>,
    /// Its id.
    pub(super) id: &'a str,
    /// When it was last changed, as AWS writes it.
    changed: &'a str,
    /// Whether it is nested: its root tells of it, too.
    pub(super) nested: bool,
}

#[cfg(test)]
impl LabelledStack<'static> {
    /// A stack that is called so, for tests.
    pub(super) fn sample(label: Option<&'static str>, nested: bool) -> Self {
        LabelledStack { label, id: "", changed: "", nested }
    }
}

/// What a stack is called beside the first one of its application; `None` for that.
fn short<'a>(stack: &'a str, application: &str) -> Option<&'a str> {
    let rest = stack.strip_prefix(application).and_then(|rest| rest.strip_prefix('-'));
    rest.or_else(|| Some(stack).filter(|it| *it != application))
}

/// The cluster in the ARN of a service: `service/CLUSTER/NAME`.
pub(super) fn cluster_of(arn: &str) -> Option<String> {
    let (_, rest) = arn.split_once(":service/")?;
    rest.split_once('/').map(|(cluster, _)| cluster.to_owned())
}

/// A task definition.
pub(super) async fn described(session: &AwsSession, arn: &str) -> Result<TaskDefinition, DeployFailure> {
    let call = session.ecs().describe_task_definition().task_definition(arn).send().await;
    let found = call.map_err(|error| sdk("read the task definition", error))?;
    found.task_definition.ok_or_else(|| DeployFailure::failed(format!("there is no task definition {arn}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside() -> StackInside {
        let stack = |name: &str, changed: &str, parameter: &str| {
            let mut stack = DeployedStack::sample(name);
            stack.changed = changed.to_owned();
            stack.set_parameter("Cluster", parameter);
            stack
        };
        let resource = |logical: &str, kind: &str, changed: &str, stack| InsideResource {
            logical: logical.into(),
            kind: kind.into(),
            physical: format!("the-{logical}"),
            changed: changed.into(),
            stack,
        };
        StackInside {
            application: DeployedApplication {
                stacks: vec![stack("shop", "2", "none"), stack("shop-ApiStack", "4", "shop-1")],
            },
            resources: vec![
                resource("Cluster", "AWS::ECS::Cluster", "1", 0),
                resource("WebStack", NESTED_STACK, "3", 0),
                resource("ApiTask", "AWS::ECS::TaskDefinition", "4", 1),
            ],
            names: BTreeMap::new(),
        }
    }

    #[test]
    fn names_stand_for_what_the_stack_of_a_resource_was_given() {
        let names = inside().names_for("ApiTask");
        assert_eq!(names.parameters, [("Cluster".to_owned(), "shop-1".to_owned())].into());
        assert_eq!(names.resources["Cluster"], "the-Cluster", "of any stack");
        assert_eq!(inside().names_for("Cluster").parameters["Cluster"], "none");
        assert!(inside().names_for("Other").parameters.is_empty());
    }

    #[test]
    fn the_stack_that_was_changed_last_is_first() {
        let inside = inside();
        let places: Vec<_> =
            inside.places("shop").iter().map(|it| (it.label, it.id.to_owned(), it.nested)).collect();
        let id = |name: &str| DeployedStack::sample(name).id;
        assert_eq!(
            places,
            [
                (Some("ApiStack"), id("shop-ApiStack"), false),
                (Some("WebStack"), "the-WebStack".to_owned(), true),
                (None, id("shop"), false),
            ]
        );
        assert_eq!((short("shop-A-B", "shop"), short("shops", "shop")), (Some("A-B"), Some("shops")));
    }

    #[test]
    fn a_task_runs_in_the_cluster_of_the_application() {
        let mut inside = inside();
        assert_eq!(inside.cluster(), Ok("the-Cluster".to_owned()));
        let service = |arn: &str| InsideResource {
            logical: "ApiService".into(),
            kind: "AWS::ECS::Service".into(),
            physical: arn.into(),
            changed: String::new(),
            stack: 1,
        };
        inside.resources.push(service("arn:aws:ecs:eu-west-1:1:service/of-the-service/api"));
        inside.names.insert("ApiService".into(), "api".into());
        assert_eq!(inside.cluster(), Ok("the-Cluster".to_owned()), "its own comes first");
        inside.resources.remove(0);
        assert_eq!(inside.cluster(), Ok("of-the-service".to_owned()), "a cluster that others made");
        inside.names.clear();
        let failure = inside.cluster().unwrap_err();
        assert_eq!(failure.message, "the stack has no cluster", "a service of none that is known");
    }

    #[test]
    fn the_cluster_is_in_the_arn_of_a_service() {
        assert_eq!(cluster_of("arn:aws:ecs:eu-west-1:1:service/shop/app").as_deref(), Some("shop"));
        assert_eq!(cluster_of("arn:aws:ecs:eu-west-1:1:service/app"), None);
    }
}
