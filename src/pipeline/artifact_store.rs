//! Where artifacts of a pipeline are between its stages: a bucket in each region that it deploys to, with a key where other
//! accounts read from it.
//!
//! CloudFormation makes no bucket in a region other than the stack's, so those of other regions are stacks of their own,
//! and the pipeline's template takes their names. Sources: CodePipeline User Guide, "Create a pipeline that uses resources
//! from another account", "Add a cross-Region action"; 2026-11.

use super::described;
use super::image_repositories::root_of;
use super::model::DeliveryPlan;
use tranship_cloudformation::iam::{IamPolicy, PolicyStatement, arn};
use tranship_cloudformation::{
    FnSub, LogicalId, PropertyMap, PseudoParameter, Resource, Template, TemplateOutput, TemplateParameter,
    TemplateValue, list, props,
};

/// Days after which the artifacts of a run go.
const DAYS: u32 = 30;

/// The bucket, in the template that makes it.
fn bucket() -> LogicalId {
    super::id("ArtifactBucket")
}

/// The key, in the template that makes it.
fn key() -> LogicalId {
    super::id("ArtifactKey")
}

/// What ids of a region begin with: `us-east-1` gives `UsEast1`. Regions differ by more than hyphens and capitals.
fn stem(region: &str) -> String {
    let capital = |word: &str| word.chars().next().map(|first| first.to_ascii_uppercase());
    region.split('-').flat_map(|word| capital(word).into_iter().chain(word.chars().skip(1))).collect()
}

/// The parameter of the pipeline's template with the name of a region's bucket.
fn bucket_parameter(region: &str) -> LogicalId {
    super::id(&format!("{}ArtifactBucket", stem(region)))
}

/// The parameter of the pipeline's template with the ARN of a region's key.
fn key_parameter(region: &str) -> LogicalId {
    super::id(&format!("{}ArtifactKey", stem(region)))
}

/// The other accounts whose environments read artifacts in a region; in the pipeline's own without a name.
fn readers<'a>(plan: &'a DeliveryPlan, region: Option<&str>) -> Vec<&'a str> {
    let there = plan.environments.iter().filter(|it| plan.elsewhere(it) == region);
    let mut accounts: Vec<&str> = there.filter_map(|it| it.account.as_deref()).collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

/// Whether the store of a region has a key of its own: the key that AWS manages serves no other account.
fn has_key(plan: &DeliveryPlan, region: Option<&str>) -> bool {
    !readers(plan, region).is_empty()
}

/// Adds a region's bucket, its policy, and its key.
pub(super) fn add(plan: &DeliveryPlan, region: Option<&str>, template: &mut Template) {
    let algorithm = match has_key(plan, region) {
        true => props! { "SSEAlgorithm" => "aws:kms", "KMSMasterKeyID" => key().arn() },
        false => props! { "SSEAlgorithm" => "aws:kms" },
    };
    if has_key(plan, region) {
        let properties = props! {
            "Description" => format!("Artifacts of the pipeline of {}", plan.project),
            "EnableKeyRotation" => true,
            "KeyPolicy" => key_policy(plan, region),
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
    let policy = props! { "Bucket" => bucket().reference(), "PolicyDocument" => bucket_policy(plan, region) };
    template.add(&super::id("ArtifactBucketPolicy"), Resource::new("AWS::S3::BucketPolicy", policy));
}

/// `artifacts-REGION.yaml`: the store of a region that is not the pipeline's.
pub(super) fn foreign_template(plan: &DeliveryPlan, region: &str) -> Template {
    let mut template = described(plan, &format!("the artifacts of its pipeline in {region}"));
    add(plan, Some(region), &mut template);
    add_outputs(plan, Some(region), &mut template);
    template
}

/// The outputs that name a store.
pub(super) fn add_outputs(plan: &DeliveryPlan, region: Option<&str>, template: &mut Template) {
    let (bucket_for, key_for) = match region {
        None => (
            "The bucket of the artifacts, for the roles of environments in other accounts",
            "The key of the artifacts, for the same roles",
        ),
        Some(_) => (
            "The bucket of the artifacts, for the pipeline's stack and the roles of environments in other accounts",
            "The key of the artifacts, for the same",
        ),
    };
    template
        .add_output(&super::id("ArtifactBucketName"), TemplateOutput::new(bucket_for, bucket().reference()));
    if has_key(plan, region) {
        template.add_output(&super::id("ArtifactKeyArn"), TemplateOutput::new(key_for, key().arn()));
    }
}

/// The parameters of the pipeline's template that name the stores of other regions.
pub(super) fn add_parameters(plan: &DeliveryPlan, template: &mut Template) {
    for region in plan.other_regions() {
        let output = |name: &str| format!("The output {name} of the stack of artifacts-{region}.yaml.");
        template.add_parameter(
            &bucket_parameter(region),
            TemplateParameter::string(output("ArtifactBucketName")).min_length(3),
        );
        if has_key(plan, Some(region)) {
            template.add_parameter(
                &key_parameter(region),
                TemplateParameter::string(output("ArtifactKeyArn")).min_length(20),
            );
        }
    }
}

/// `ArtifactStore` of a pipeline that stays in its region.
pub(super) fn only_store(plan: &DeliveryPlan) -> Option<PropertyMap> {
    plan.other_regions().is_empty().then(|| store(plan, None))
}

/// `ArtifactStores` of a pipeline that deploys to other regions too.
pub(super) fn stores(plan: &DeliveryPlan) -> Option<Vec<PropertyMap>> {
    let others = plan.other_regions();
    let mapped = |name: TemplateValue, region: Option<&str>| {
        props! { "Region" => name, "ArtifactStore" => store(plan, region) }
    };
    let own = mapped(PseudoParameter::Region.into(), None);
    let others: Vec<PropertyMap> =
        others.into_iter().map(|region| mapped(region.into(), Some(region))).collect();
    (!others.is_empty()).then(|| std::iter::once(own).chain(others).collect())
}

fn store(plan: &DeliveryPlan, region: Option<&str>) -> PropertyMap {
    let location = region.map_or_else(bucket, bucket_parameter).reference();
    let encryption = has_key(plan, region).then(|| props! { "Type" => "KMS", "Id" => key_address(region) });
    props! { "Type" => "S3", "Location" => location, "EncryptionKey" => ?encryption }
}

/// The ARN of a region's key, in the pipeline's template.
fn key_address(region: Option<&str>) -> TemplateValue {
    match region {
        None => key().arn(),
        Some(region) => key_parameter(region).reference(),
    }
}

/// `EncryptionKey` of a build project.
pub(super) fn project_key(plan: &DeliveryPlan) -> Option<TemplateValue> {
    has_key(plan, None).then(|| key().arn())
}

fn objects() -> FnSub {
    FnSub::new().att(&bucket(), "Arn").then("/*")
}

/// What a role of the pipeline's template needs to read artifacts of a region, and to write them.
pub(super) fn access(plan: &DeliveryPlan, region: Option<&str>, policy: &mut IamPolicy, writes: bool) {
    let mut actions = vec!["s3:GetObject", "s3:GetObjectVersion"];
    if writes {
        actions.push("s3:PutObject");
    }
    let (whole, objects): (TemplateValue, FnSub) = match region {
        None => (bucket().arn(), objects()),
        Some(region) => {
            let whole = arn::bare("s3", "").reference(&bucket_parameter(region));
            (whole.clone().into(), whole.then("/*"))
        }
    };
    policy.add(PolicyStatement::allow(actions).on(objects));
    policy.add(PolicyStatement::allow(["s3:GetBucketLocation", "s3:GetBucketVersioning"]).on(whole));
    if has_key(plan, region) {
        let mut actions = vec!["kms:Decrypt", "kms:DescribeKey"];
        if writes {
            actions.extend(["kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]);
        }
        policy.add(PolicyStatement::allow(actions).on(key_address(region)));
    }
}

/// TLS alone, and the other accounts read.
fn bucket_policy(plan: &DeliveryPlan, region: Option<&str>) -> PropertyMap {
    let mut statements = vec![props! {
        "Sid" => "TlsOnly",
        "Effect" => "Deny",
        "Principal" => "*",
        "Action" => "s3:*",
        "Resource" => list![bucket().arn(), objects()],
        "Condition" => props! { "Bool" => props! { "aws:SecureTransport" => "false" } },
    }];
    if has_key(plan, region) {
        statements.push(props! {
            "Sid" => "Environments",
            "Effect" => "Allow",
            "Principal" => props! { "AWS" => roots(plan, region) },
            "Action" => list!["s3:GetObject", "s3:GetObjectVersion"],
            "Resource" => objects(),
        });
    }
    props! { "Version" => "2012-10-17", "Statement" => statements }
}

fn roots(plan: &DeliveryPlan, region: Option<&str>) -> Vec<TemplateValue> {
    readers(plan, region).into_iter().map(root_of).collect()
}

fn key_policy(plan: &DeliveryPlan, region: Option<&str>) -> PropertyMap {
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
            "Principal" => props! { "AWS" => roots(plan, region) },
            "Action" => list!["kms:Decrypt", "kms:DescribeKey"],
            "Resource" => "*",
        },
    ];
    props! { "Version" => "2012-10-17", "Statement" => statements }
}
