//! What a person sees before an approval: the project that reads the change set, and the approval itself.
//!
//! Sources: CodePipeline User Guide, "Manual approval action reference", "Variables reference"; CloudFormation API
//! Reference, `DescribeChangeSet`; 2026-11.

use super::model::DeliveryPlan;
use super::{artifact_store, codepipeline, pipeline_roles};
use tranship_cloudformation::{LogicalId, Resource, Template, props};

/// The project.
pub(super) fn project() -> LogicalId {
    super::id("PlanProject")
}

/// Its log group.
pub(super) fn log_group() -> LogicalId {
    super::id("PlanLogGroup")
}

/// The variables that it hands on.
pub(super) const SUMMARY: &str = "SUMMARY";
pub(super) const STACK_ID: &str = "STACK_ID";
pub(super) const CHANGE_SET_ID: &str = "CHANGE_SET_ID";

/// Whether a stack waits for an approval.
pub(super) fn is_needed(plan: &DeliveryPlan) -> bool {
    plan.environments.iter().any(|it| it.protected && it.stack().is_some())
}

/// Adds the project, where a stack waits for an approval.
pub(super) fn add(plan: &DeliveryPlan, template: &mut Template) {
    if !is_needed(plan) {
        return;
    }
    let environment = props! {
        "Type" => "LINUX_CONTAINER",
        "ComputeType" => "BUILD_GENERAL1_SMALL",
        "Image" => codepipeline::build_image().reference(),
    };
    let properties = props! {
        "Description" => "Reads a change set for the person who approves it",
        "ServiceRole" => pipeline_roles::reader().arn(),
        "EncryptionKey" => ?artifact_store::project_key(plan),
        "Artifacts" => props! { "Type" => "CODEPIPELINE" },
        "Source" => props! { "Type" => "CODEPIPELINE", "BuildSpec" => READING },
        "Environment" => environment,
        "LogsConfig" => pipeline_roles::logs_config(&log_group()),
        "TimeoutInMinutes" => 10,
    };
    template.add(&log_group(), pipeline_roles::log_resource());
    template.add(&project(), Resource::new("AWS::CodeBuild::Project", properties));
}

/// The build specification of the project. `ROLE` is empty but for an environment in another account. The comment of an
/// approval has room for 1,000 letters.
pub(super) const READING: &str = r#"version: 0.2
env:
  shell: bash
  exported-variables: [SUMMARY, STACK_ID, CHANGE_SET_ID]
phases:
  build:
    on-failure: ABORT
    commands:
      - |
        if [ -n "$ROLE" ]; then
          KEYS=$(aws sts assume-role --role-arn "$ROLE" --role-session-name plan --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)
          read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <<< "$KEYS"
          export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
        fi
      - aws cloudformation describe-change-set --region "$REGION" --stack-name "$STACK" --change-set-name "$CHANGE_SET" --query '[StackId,ChangeSetId]' --output text > ids.txt
      - aws cloudformation describe-change-set --region "$REGION" --stack-name "$STACK" --change-set-name "$CHANGE_SET" --query 'Changes[].ResourceChange.[Action,Replacement,LogicalResourceId,ResourceType]' --output text > changes.txt
      - export STACK_ID=$(cut -f 1 ids.txt) CHANGE_SET_ID=$(cut -f 2 ids.txt)
      - |
        export SUMMARY=$(awk '
          $1 == "Add" { add++; list = list " +" $3 }
          $1 == "Modify" && $2 == "True" { replace++; list = list " !" $3 }
          $1 == "Modify" && $2 != "True" { modify++; list = list " ~" $3 }
          $1 == "Remove" { remove++; list = list " -" $3 }
          END { printf "%d to add, %d to change, %d to replace, %d to remove:%s\n", add, modify, replace, remove, list }
        ' changes.txt | cut -c 1-900)
      - cat changes.txt
      - echo "$SUMMARY"
"#;
