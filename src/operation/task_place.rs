//! Where a one-off task runs: subnets, security groups and capacity, as the stack runs its job.
//!
//! In: the template that is deployed, the values of its parameters and the physical ids of its resources. Out: a
//! [`TaskPlace`]. Pure.

use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Where a task runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskPlace {
    /// Its subnets; none where it has no network interface of its own.
    pub subnets: Vec<String>,
    /// Its security groups.
    pub security_groups: Vec<String>,
    /// Whether it gets a public address.
    pub public_ip: bool,
    /// Its capacity providers, with their weights.
    pub strategy: Vec<(String, i32)>,
}

/// What the references of a template stand for.
#[derive(Debug, Clone, Default)]
pub struct TemplateNames {
    /// The values of the parameters.
    pub parameters: BTreeMap<String, String>,
    /// The physical ids of the resources.
    pub resources: BTreeMap<String, String>,
}

impl TemplateNames {
    /// The texts of a value: a list, or a parameter that holds one.
    fn texts(&self, value: &Json) -> Vec<String> {
        if let Some(items) = value.as_array() {
            return items.iter().flat_map(|item| self.texts(item)).collect();
        }
        let name = value.get("Ref").and_then(Json::as_str);
        let attribute = value.get("Fn::GetAtt").and_then(|it| it.get(0)).and_then(Json::as_str);
        let text = match (name, attribute) {
            (Some(name), _) => self.parameters.get(name).or_else(|| self.resources.get(name)).cloned(),
            // The only attribute here is the id of a security group, which is its physical id.
            (None, Some(id)) => self.resources.get(id).cloned(),
            (None, None) => value.as_str().map(str::to_owned),
        };
        let text = text.unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    fn strategy(&self, value: &Json, provider: &str, weight: &str) -> Vec<(String, i32)> {
        let items = value.as_array().into_iter().flatten();
        let item = |item: &Json| {
            let weight = item.get(weight).and_then(Json::as_i64).and_then(|it| i32::try_from(it).ok());
            Some((self.texts(item.get(provider)?).into_iter().next()?, weight.unwrap_or(1)))
        };
        items.filter_map(item).collect()
    }
}

/// The place of a job whose task definition has this logical id; `None` if nothing in the template runs it.
pub fn place_of_job(template: &Json, definition: &str, names: &TemplateNames) -> Option<TaskPlace> {
    let resources = template.get("Resources")?.as_object()?;
    let is_it =
        |value: Option<&Json>| value.and_then(|it| it.get("Ref")).and_then(Json::as_str) == Some(definition);
    resources.values().find_map(|resource| {
        let properties = resource.get("Properties")?;
        match resource.get("Type").and_then(Json::as_str)? {
            "Custom::TaskRun" if is_it(properties.get("TaskDefinition")) => Some(TaskPlace {
                subnets: properties.get("Subnets").map(|it| names.texts(it)).unwrap_or_default(),
                security_groups: properties
                    .get("SecurityGroups")
                    .map(|it| names.texts(it))
                    .unwrap_or_default(),
                public_ip: properties.get("PublicIp").and_then(Json::as_str) == Some("ENABLED"),
                strategy: properties
                    .get("Capacity")
                    .map(|it| names.strategy(it, "Provider", "Weight"))
                    .unwrap_or_default(),
            }),
            "AWS::Scheduler::Schedule" => {
                let task = properties.get("Target")?.get("EcsParameters")?;
                let network = task.get("NetworkConfiguration").and_then(|it| it.get("AwsvpcConfiguration"));
                is_it(task.get("TaskDefinitionArn")).then(|| TaskPlace {
                    subnets: network
                        .and_then(|it| it.get("Subnets"))
                        .map(|it| names.texts(it))
                        .unwrap_or_default(),
                    security_groups: network
                        .and_then(|it| it.get("SecurityGroups"))
                        .map(|it| names.texts(it))
                        .unwrap_or_default(),
                    public_ip: network.and_then(|it| it.get("AssignPublicIp")).and_then(Json::as_str)
                        == Some("ENABLED"),
                    strategy: task
                        .get("CapacityProviderStrategy")
                        .map(|it| names.strategy(it, "CapacityProvider", "Weight"))
                        .unwrap_or_default(),
                })
            }
            _ => None,
        }
    })
}

/// The place in the command that the stack prints for a manual job.
pub fn place_in_command(command: &str) -> TaskPlace {
    let list = |name: &str| {
        let inside =
            command.split_once(name).and_then(|(_, rest)| rest.split_once(']')).map(|(inside, _)| inside);
        inside
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let provider = |item: &str| {
        let (name, weight) = item.split_once(",weight=")?;
        let weight: String = weight.chars().take_while(char::is_ascii_digit).collect();
        Some((name.to_owned(), weight.parse().ok()?))
    };
    TaskPlace {
        subnets: list("subnets=["),
        security_groups: list("securityGroups=["),
        public_ip: command.contains("assignPublicIp=ENABLED"),
        strategy: command.split("capacityProvider=").skip(1).filter_map(provider).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn names() -> TemplateNames {
        let pairs = |all: &[(&str, &str)]| {
            all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        TemplateNames {
            parameters: pairs(&[("PrivateSubnets", "subnet-1, subnet-2")]),
            resources: pairs(&[
                ("JobSecurityGroup", "sg-1"),
                ("Subnet1", "subnet-3"),
                ("Provider", "shop-capacity"),
            ]),
        }
    }

    fn expected(subnets: &[&str], provider: &str, weight: i32, public_ip: bool) -> TaskPlace {
        TaskPlace {
            subnets: subnets.iter().map(|it| (*it).to_owned()).collect(),
            security_groups: vec!["sg-1".to_owned()],
            public_ip,
            strategy: vec![(provider.to_owned(), weight)],
        }
    }

    #[test]
    fn a_job_runs_where_the_stack_runs_it() {
        let template = json!({ "Resources": {
            "Other": { "Type": "AWS::ECS::Service", "Properties": { "TaskDefinition": { "Ref": "Job" } } },
            "Run": { "Type": "Custom::TaskRun", "Properties": {
                "TaskDefinition": { "Ref": "Job" }, "Subnets": { "Ref": "PrivateSubnets" }, "PublicIp": "DISABLED",
                "SecurityGroups": [{ "Fn::GetAtt": ["JobSecurityGroup", "GroupId"] }],
                "Capacity": [{ "Provider": "FARGATE", "Weight": 1 }] } },
            "Schedule": { "Type": "AWS::Scheduler::Schedule", "Properties": { "Target": { "EcsParameters": {
                "TaskDefinitionArn": { "Ref": "Nightly" },
                "CapacityProviderStrategy": [{ "CapacityProvider": { "Ref": "Provider" }, "Weight": 2 }],
                "NetworkConfiguration": { "AwsvpcConfiguration": { "AssignPublicIp": "ENABLED",
                    "Subnets": [{ "Ref": "Subnet1" }],
                    "SecurityGroups": [{ "Fn::GetAtt": ["JobSecurityGroup", "GroupId"] }] } } } } } },
        } });
        assert_eq!(
            place_of_job(&template, "Job", &names()),
            Some(expected(&["subnet-1", "subnet-2"], "FARGATE", 1, false))
        );
        assert_eq!(
            place_of_job(&template, "Nightly", &names()),
            Some(expected(&["subnet-3"], "shop-capacity", 2, true))
        );
        assert_eq!(place_of_job(&template, "Manual", &names()), None);
    }

    #[test]
    fn the_command_of_a_manual_job_says_where_it_runs() {
        let command = "aws ecs run-task --cluster c --task-definition d --capacity-provider-strategy capacityProvider=FARGATE,weight=3 \
            --network-configuration 'awsvpcConfiguration={subnets=[subnet-1,subnet-2],securityGroups=[sg-1]}'";
        assert_eq!(place_in_command(command), expected(&["subnet-1", "subnet-2"], "FARGATE", 3, false));
        assert_eq!(place_in_command("aws ecs run-task"), TaskPlace::default());
    }
}
