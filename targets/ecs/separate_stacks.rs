//! What a deployment needs to know of independent stacks, and the file that says it to a person.
//!
//! In: the stacks of a plan. Out: their names, order and parameters, and `stacks.json`, which holds the same.

use super::plan::{self, EcsPlan};
use crate::{GivenParameter, SeparateDeployment, StackDeployment};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use tranship_cloudformation::{DividedTemplate, GivenValue, LogicalId, SeparatedTemplate};

/// The path of the file.
pub(super) const FILE: &str = "stacks.json";

/// The stacks after the first one, in the order of their deployment.
pub(super) fn of(plan: &EcsPlan, separated: &SeparatedTemplate) -> Vec<SeparateDeployment> {
    let first = &plan.stack.name;
    let name = |id: &LogicalId| SeparatedTemplate::name(first, id);
    let services: BTreeMap<LogicalId, &str> =
        plan.tasks.iter().map(|task| (plan::nested_stack(&task.name), &*task.name)).collect();
    let given = |value: &GivenValue| match value {
        GivenValue::FoundationName => GivenParameter::Value(first.clone()),
        GivenValue::Output { stack, output } => GivenParameter::Output {
            stack: stack.as_ref().map_or_else(|| first.clone(), name),
            output: output.to_string(),
        },
    };
    let stacks = separated.stacks.iter().map(|(id, stack)| SeparateDeployment {
        stack: name(id),
        template: DividedTemplate::path(id),
        stage: stack.stage.as_str(),
        service: services.get(id).map(|name| (*name).to_owned()),
        after: stack.after.iter().map(name).collect(),
        given: stack.given.iter().map(|(id, value)| (id.to_string(), given(value))).collect(),
    });
    stacks.collect()
}

/// `stacks.json`: the stacks in the order of their deployment. What a template declares and is not here comes from
/// `parameters.json`.
pub(super) fn file(deployment: &StackDeployment) -> Result<String, serde_json::Error> {
    let first = StackEntry::First { stack: &deployment.stack, template: "template.yaml" };
    let others = deployment.separate.iter().map(|it| StackEntry::Other {
        stack: &it.stack,
        template: &it.template,
        stage: it.stage,
        after: &it.after,
        parameters: &it.given,
    });
    let text =
        serde_json::to_string_pretty(&StackList { stacks: std::iter::once(first).chain(others).collect() });
    text.map(|text| text + "\n")
}

/// The file.
#[derive(Serialize)]
struct StackList<'a> {
    stacks: Vec<StackEntry<'a>>,
}

/// A stack in the file.
#[derive(Serialize)]
#[serde(untagged)]
enum StackEntry<'a> {
    First {
        stack: &'a str,
        template: &'a str,
    },
    Other {
        stack: &'a str,
        template: &'a str,
        stage: &'a str,
        after: &'a [String],
        #[serde(serialize_with = "by_name")]
        parameters: &'a [(String, GivenParameter)],
    },
}

/// A parameter in the file.
#[derive(Serialize)]
#[serde(untagged)]
enum ParameterEntry<'a> {
    Value { value: &'a str },
    Output { stack: &'a str, output: &'a str },
}

fn by_name<S: Serializer>(given: &[(String, GivenParameter)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(given.iter().map(|(name, value)| {
        let value = match value {
            GivenParameter::Value(value) => ParameterEntry::Value { value },
            GivenParameter::Output { stack, output } => ParameterEntry::Output { stack, output },
        };
        (name, value)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_each_stack_with_what_it_takes() {
        let value = GivenParameter::Value("shop".into());
        let output = GivenParameter::Output { stack: "shop-A".into(), output: "IdRef".into() };
        let separate = SeparateDeployment {
            stack: "shop-WebStack".into(),
            template: "stacks/WebStack.yaml".into(),
            stage: "service",
            service: Some("web".into()),
            after: vec!["shop-A".into()],
            given: vec![("RootStackName".into(), value), ("Id".into(), output)],
        };
        let alone = SeparateDeployment { after: Vec::new(), given: Vec::new(), ..separate.clone() };
        let separate = vec![separate, alone];
        let deployment = StackDeployment { stack: "shop".into(), separate, ..StackDeployment::default() };
        let expected = r#"{
  "stacks": [
    {
      "stack": "shop",
      "template": "template.yaml"
    },
    {
      "stack": "shop-WebStack",
      "template": "stacks/WebStack.yaml",
      "stage": "service",
      "after": [
        "shop-A"
      ],
      "parameters": {
        "RootStackName": {
          "value": "shop"
        },
        "Id": {
          "stack": "shop-A",
          "output": "IdRef"
        }
      }
    },
    {
      "stack": "shop-WebStack",
      "template": "stacks/WebStack.yaml",
      "stage": "service",
      "after": [],
      "parameters": {}
    }
  ]
}
"#;
        assert_eq!(file(&deployment).unwrap(), expected);
    }
}
