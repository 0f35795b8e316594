//! What a stack that is deployed consists of.
//!
//! In: its name. Out: its resources, its services and its task definitions, by their names in the manifest.

use crate::deploy::cloudformation::{DeployedStack, find, nested};
use crate::deploy::failure::{DeployFailure, sdk};
use crate::deploy::session::AwsSession;
use aws_sdk_cloudformation::types::StackResourceSummary;
use aws_sdk_ecs::types::{Service, TaskDefinition};
use std::collections::BTreeMap;
use tranship_cloudformation::{LogicalId, ResourceRole};
use tranship_targets::StackDeployment;

/// DescribeServices takes at most 10 services.
const SERVICES: usize = 10;

/// A stack that is deployed.
pub(super) struct StackInside {
    /// Its state.
    pub(super) stack: DeployedStack,
    /// Its resources: logical id, type, physical id.
    pub(super) resources: Vec<(String, String, String)>,
    /// The names of its services, by logical id.
    names: BTreeMap<String, String>,
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
        let Some(stack) = find(&client, &deployment.stack).await? else { return Ok(None) };
        let all = nested::resources(&client, &stack.id).await;
        let all = all.map_err(|error| sdk("list the stack's resources", error))?;
        let resource = |it: &StackResourceSummary| {
            let kind = it.resource_type().unwrap_or_default().to_owned();
            Some((it.logical_resource_id()?.to_owned(), kind, it.physical_resource_id()?.to_owned()))
        };
        let resources = all.iter().filter_map(resource).collect();
        let names = deployment.services.iter().map(|it| (it.logical_id.clone(), it.name.clone())).collect();
        Ok(Some(StackInside { stack, resources, names }))
    }

    /// The physical id of a resource.
    pub(super) fn physical(&self, id: &str) -> Option<&str> {
        self.resources.iter().find(|(logical, ..)| logical == id).map(|(.., physical)| physical.as_str())
    }

    /// The physical ids of a type.
    pub(super) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let those = self.resources.iter().filter(move |(_, found, _)| found == kind);
        those.map(|(logical, _, physical)| (logical.as_str(), physical.as_str()))
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

    /// The template that is deployed.
    pub(super) async fn template(&self, session: &AwsSession) -> Result<serde_json::Value, DeployFailure> {
        let client = session.cloudformation();
        Ok(nested::running(&client, &self.stack.id).await?.whole().unwrap_or_default())
    }
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

    #[test]
    fn the_cluster_is_in_the_arn_of_a_service() {
        assert_eq!(cluster_of("arn:aws:ecs:eu-west-1:1:service/shop/app").as_deref(), Some("shop"));
        assert_eq!(cluster_of("arn:aws:ecs:eu-west-1:1:service/app"), None);
    }
}
