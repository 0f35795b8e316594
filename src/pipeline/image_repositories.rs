//! `ecr.yaml`: a repository for each image that is built or derived.
//!
//! Sources: Amazon ECR User Guide, "Lifecycle policies", "Private repository policies"; CodeBuild User Guide, "Amazon ECR
//! sample" for the pull of `codebuild.amazonaws.com`; 2026-11.

use super::model::{DeliveryPlan, RepositoryPlan};
use super::{described, plan};
use serde_json::json;
use tranship_cloudformation::iam::arn;
use tranship_cloudformation::{
    FnSub, PropertyMap, PseudoParameter, Resource, Template, TemplateOutput, TemplateValue, list, props,
};

/// What pulls an image needs.
const PULL: [&str; 3] =
    ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// Days after which an image without a tag goes: what an interrupted push left.
const UNTAGGED_DAYS: u32 = 7;

/// The template.
pub(super) fn template(plan: &DeliveryPlan) -> Template {
    let mut template = described(plan, "the repositories of its images");
    for repository in &plan.repositories {
        let id = super::id(&format!("{}Repository", plan::stem(&repository.name)));
        let comments = repository.services.iter().map(|service| format!("services.{service}"));
        template.add(
            &id,
            Resource::new("AWS::ECR::Repository", properties(plan, repository)).comments(comments).retain(),
        );
        let output = super::id(&format!("{}Uri", plan::stem(&repository.name)));
        let text = format!("The address of {}", repository.name);
        template.add_output(&output, TemplateOutput::new(text, id.att("RepositoryUri")));
    }
    template
}

fn properties(plan: &DeliveryPlan, repository: &RepositoryPlan) -> PropertyMap {
    props! {
        "RepositoryName" => repository.name.as_str(),
        "ImageTagMutability" => "IMMUTABLE",
        "ImageScanningConfiguration" => props! { "ScanOnPush" => true },
        "EncryptionConfiguration" => props! { "EncryptionType" => "KMS" },
        "LifecyclePolicy" => props! { "LifecyclePolicyText" => lifecycle(plan.releases) },
        "RepositoryPolicyText" => policy(plan),
        "Tags" => list![props! { "Key" => "tranship:project", "Value" => plan.project.as_str() }],
    }
}

/// What expires: images without a tag, and all but the newest releases.
fn lifecycle(releases: u32) -> String {
    let expire = json!({ "type": "expire" });
    let untagged = json!({
        "rulePriority": 1,
        "description": "Images without a tag",
        "selection": { "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": UNTAGGED_DAYS },
        "action": expire,
    });
    let tagged = json!({
        "rulePriority": 2,
        "description": "Releases before the newest",
        "selection": { "tagStatus": "tagged", "tagPatternList": ["*"], "countType": "imageCountMoreThan", "countNumber": releases },
        "action": expire,
    });
    json!({ "rules": [untagged, tagged] }).to_string()
}

/// Who may pull: CodeBuild for this account, and the other accounts of the environments.
fn policy(plan: &DeliveryPlan) -> PropertyMap {
    let own: TemplateValue = PseudoParameter::AccountId.into();
    let mut statements = vec![props! {
        "Sid" => "CodeBuild",
        "Effect" => "Allow",
        "Principal" => props! { "Service" => "codebuild.amazonaws.com" },
        "Action" => list![PULL[0], PULL[1], PULL[2]],
        "Condition" => props! { "StringEquals" => props! { "aws:SourceAccount" => own } },
    }];
    let others: Vec<TemplateValue> = plan.other_accounts().into_iter().map(root_of).collect();
    if !others.is_empty() {
        statements.push(props! {
            "Sid" => "Environments",
            "Effect" => "Allow",
            "Principal" => props! { "AWS" => others },
            "Action" => list![PULL[0], PULL[1], PULL[2]],
        });
    }
    props! { "Version" => "2012-10-17", "Statement" => statements }
}

/// The principal of an account.
pub(super) fn root_of(account: &str) -> TemplateValue {
    FnSub::text("arn:").pseudo(PseudoParameter::Partition).then(format!(":iam::{account}:root")).into()
}

/// The repositories that the build pushes to, by their ARNs.
pub(super) fn arns(plan: &DeliveryPlan) -> Vec<FnSub> {
    let arn = |name: &str, region: Option<&str>| arn::in_region("ecr", region, &format!("repository/{name}"));
    let of = |it: &RepositoryPlan| -> Vec<FnSub> {
        it.regions.iter().map(|region| arn(&it.name, region.as_deref())).collect()
    };
    plan.repositories.iter().flat_map(of).collect()
}
