//! Where artifacts of a pipeline are between its stages: a bucket, and a key where other accounts read from it.
//!
//! Source: CodePipeline User Guide, "Create a pipeline that uses resources from another account", 2026-11.

use super::image_repositories::root_of;
use super::model::DeliveryPlan;
use tranship_cloudformation::iam::{IamPolicy, PolicyStatement};
use tranship_cloudformation::{
    FnSub, LogicalId, PropertyMap, PseudoParameter, Resource, Template, TemplateValue, list, props,
};

/// Days after which the artifacts of a run go.
const DAYS: u32 = 30;

/// The bucket.
pub(super) fn bucket() -> LogicalId {
    super::id("ArtifactBucket")
}

fn key() -> LogicalId {
    super::id("ArtifactKey")
}

/// Whether the store has a key of its own: the key that AWS manages serves no other account.
fn has_key(plan: &DeliveryPlan) -> bool {
    !plan.other_accounts().is_empty()
}

/// Adds the bucket, its policy, and its key.
pub(super) fn add(plan: &DeliveryPlan, template: &mut Template) {
    let algorithm = match has_key(plan) {
        true => props! { "SSEAlgorithm" => "aws:kms", "KMSMasterKeyID" => key().arn() },
        false => props! { "SSEAlgorithm" => "aws:kms" },
    };
    if has_key(plan) {
        let properties = props! {
            "Description" => format!("Artifacts of the pipeline of {}", plan.project),
            "EnableKeyRotation" => true,
            "KeyPolicy" => key_policy(plan),
        };
        template.add(&key(), Resource::new("AWS::KMS::Key", properties).retain());
    }
    let expire = props! {
        "Id" => "Old artifacts",
        "Status" => "Enabled",
        "ExpirationInDays" => DAYS,
        "NoncurrentVersionExpiration" => props! { "NoncurrentDays" => DAYS },
        "AbortIncompleteMultipartUpload" => props! { "DaysAfterInitiation" => 7 },
    };
    let properties = props! {
        "BucketEncryption" => props! {
            "ServerSideEncryptionConfiguration" => list![props! {
                "ServerSideEncryptionByDefault" => algorithm,
                "BucketKeyEnabled" => true,
            }],
        },
        "LifecycleConfiguration" => props! { "Rules" => list![expire] },
        "OwnershipControls" => props! { "Rules" => list![props! { "ObjectOwnership" => "BucketOwnerEnforced" }] },
        "PublicAccessBlockConfiguration" => props! {
            "BlockPublicAcls" => true,
            "BlockPublicPolicy" => true,
            "IgnorePublicAcls" => true,
            "RestrictPublicBuckets" => true,
        },
        "VersioningConfiguration" => props! { "Status" => "Enabled" },
    };
    template.add(&bucket(), Resource::new("AWS::S3::Bucket", properties).retain());
    let policy = props! { "Bucket" => bucket().reference(), "PolicyDocument" => bucket_policy(plan) };
    template.add(&super::id("ArtifactBucketPolicy"), Resource::new("AWS::S3::BucketPolicy", policy));
}

/// `ArtifactStore` of the pipeline.
pub(super) fn store(plan: &DeliveryPlan) -> PropertyMap {
    let encryption = has_key(plan).then(|| props! { "Type" => "KMS", "Id" => key().arn() });
    props! { "Type" => "S3", "Location" => bucket().reference(), "EncryptionKey" => ?encryption }
}

/// `EncryptionKey` of a build project.
pub(super) fn project_key(plan: &DeliveryPlan) -> Option<TemplateValue> {
    has_key(plan).then(|| key().arn())
}

fn objects() -> FnSub {
    FnSub::new().att(&bucket(), "Arn").then("/*")
}

/// What a role needs to read artifacts, and to write them.
pub(super) fn access(plan: &DeliveryPlan, policy: &mut IamPolicy, writes: bool) {
    let mut actions = vec!["s3:GetObject", "s3:GetObjectVersion"];
    if writes {
        actions.push("s3:PutObject");
    }
    policy.add(PolicyStatement::allow(actions).on(objects()));
    policy.add(PolicyStatement::allow(["s3:GetBucketLocation", "s3:GetBucketVersioning"]).on(bucket().arn()));
    if has_key(plan) {
        let mut actions = vec!["kms:Decrypt", "kms:DescribeKey"];
        if writes {
            actions.extend(["kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]);
        }
        policy.add(PolicyStatement::allow(actions).on(key().arn()));
    }
}

/// TLS alone, and the other accounts read.
fn bucket_policy(plan: &DeliveryPlan) -> PropertyMap {
    let mut statements = vec![props! {
        "Sid" => "TlsOnly",
        "Effect" => "Deny",
        "Principal" => "*",
        "Action" => "s3:*",
        "Resource" => list![bucket().arn(), objects()],
        "Condition" => props! { "Bool" => props! { "aws:SecureTransport" => "false" } },
    }];
    if has_key(plan) {
        statements.push(props! {
            "Sid" => "Environments",
            "Effect" => "Allow",
            "Principal" => props! { "AWS" => roots(plan) },
            "Action" => list!["s3:GetObject", "s3:GetObjectVersion"],
            "Resource" => objects(),
        });
    }
    props! { "Version" => "2012-10-17", "Statement" => statements }
}

fn roots(plan: &DeliveryPlan) -> Vec<TemplateValue> {
    plan.other_accounts().into_iter().map(root_of).collect()
}

fn key_policy(plan: &DeliveryPlan) -> PropertyMap {
    let own = FnSub::text("arn:")
        .pseudo(PseudoParameter::Partition)
        .then(":iam::")
        .pseudo(PseudoParameter::AccountId)
        .then(":root");
    let statements = list![
        props! {
            "Sid" => "Account",
            "Effect" => "Allow",
            "Principal" => props! { "AWS" => own },
            "Action" => "kms:*",
            "Resource" => "*",
        },
        props! {
            "Sid" => "Environments",
            "Effect" => "Allow",
            "Principal" => props! { "AWS" => roots(plan) },
            "Action" => list!["kms:Decrypt", "kms:DescribeKey"],
            "Resource" => "*",
        },
    ];
    props! { "Version" => "2012-10-17", "Statement" => statements }
}
