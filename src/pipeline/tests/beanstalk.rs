//! Environments of Elastic Beanstalk beside one of CloudFormation.

use super::{SHOP, block, delivered, problems, text};
use tranship_app::PipelineProvider;

/// `dev` and `prod` on Elastic Beanstalk, `site` on Fargate.
pub(super) fn mixed() -> String {
    let start = SHOP.split("    dev: ").next().unwrap_or_default();
    let start = start.replace("  api:\n    image: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/api:${APP_VERSION}\n    build: api\n    expose: [\"8000\"]\n", "");
    format!(
        "{start}    dev: {{ target: beanstalk }}\n    prod: {{ target: beanstalk, posture: prod }}\n    site: {{ target: fargate, network: new, posture: prod }}\n"
    )
}

#[test]
fn a_bundle_is_an_artifact_of_its_own() {
    let files = delivered(&mixed(), PipelineProvider::CodePipeline).unwrap();
    let pipeline = text(&files, "pipeline.yaml");
    let build = block(&pipeline, "- Name: Build");
    assert!(
        build.ends_with("OutputArtifacts:\n                - Name: Build\n                - Name: DevBundle\n                - Name: ProdBundle"),
        "{build}"
    );
    let artifacts = text(&files, "buildspec.yml");
    let artifacts = artifacts.split("artifacts:\n").skip(1).collect::<Vec<_>>().join("artifacts:\n");
    let own = "  base-directory: dist\n  files:\n    - version.json\n    - site/template.yaml\n    - pipeline/site.json\n  secondary-artifacts:\n";
    let named = "    Build:\n      base-directory: dist\n      files:\n        - version.json\n        - site/template.yaml\n        - pipeline/site.json\n";
    let bundles = "    DevBundle:\n      base-directory: dist/dev/bundle\n      files:\n        - \"**/*\"\n    ProdBundle:\n      base-directory: dist/prod/bundle\n      files:\n        - \"**/*\"\n";
    assert_eq!(artifacts, format!("{own}{named}{bundles}"));
    let one = text(&delivered(SHOP, PipelineProvider::CodePipeline).unwrap(), "buildspec.yml");
    assert!(!one.contains("secondary-artifacts"), "there is one artifact, which needs no name\n{one}");
    assert!(one.ends_with("    - dev/template.yaml\n    - pipeline/dev.json\n    - prod/template.yaml\n    - pipeline/prod.json\n    - site/template.yaml\n    - pipeline/site.json\n"), "{one}");
}

#[test]
fn an_application_version_is_deployed_after_its_approval() {
    let files = delivered(&mixed(), PipelineProvider::CodePipeline).unwrap();
    let pipeline = text(&files, "pipeline.yaml");
    let dev = block(&pipeline, "- Name: Dev");
    assert!(!dev.contains("Manual"), "{dev}");
    let deploy = |name: &str, order: u32| {
        let stem = if name == "dev" { "Dev" } else { "Prod" };
        format!(
            "            - Name: Deploy\n              ActionTypeId:\n                Category: Deploy\n                Owner: AWS\n                Provider: ElasticBeanstalk\n                Version: \"1\"\n              RunOrder: {order}\n              Configuration:\n                ApplicationName: my_shop\n                EnvironmentName: my-shop-{name}\n              Region: eu-central-1\n              RoleArn: !GetAtt {stem}DeployRole.Arn\n              InputArtifacts:\n                - Name: {stem}Bundle"
        )
    };
    assert_eq!(dev, format!("          Actions:\n{}", deploy("dev", 1)));
    let prod = block(&pipeline, "- Name: Prod");
    assert!(prod.ends_with(&deploy("prod", 2)), "{prod}");
    for part in [
        "Provider: Manual\n                Version: \"1\"\n              RunOrder: 1\n",
        "CustomData: \"prod: version #{Build.VERSION} of commit #{Source.CommitId}\"\n",
        "home?region=eu-central-1#/environment/dashboard?environmentName=my-shop-prod\n",
    ] {
        assert!(prod.contains(part), "{part}\n{prod}");
    }
    assert!(
        pipeline.contains("Type: AWS::CodePipeline::Pipeline\n    DependsOn: PipelineRolePolicy\n"),
        "the pipeline needs the right to assume the roles from its first run"
    );
    let assuming = block(&pipeline, "PipelineRolePolicy:");
    assert!(
        assuming.contains(
            "            Resource:\n              - !GetAtt DevDeployRole.Arn\n              - !GetAtt ProdDeployRole.Arn\n      Roles:\n        - !Ref PipelineRole"
        ),
        "{assuming}"
    );
    assert!(!block(&pipeline, "PipelineRole:").contains("sts:AssumeRole\n                Resource"));
    let stacks = text(&delivered(SHOP, PipelineProvider::CodePipeline).unwrap(), "pipeline.yaml");
    assert!(!stacks.contains("PipelineRolePolicy"), "stacks are deployed with the pipeline's own role");
}

#[test]
fn the_role_of_an_application_reaches_its_environment_alone() {
    let files = delivered(&mixed(), PipelineProvider::CodePipeline).unwrap();
    let pipeline = text(&files, "pipeline.yaml");
    let role = block(&pipeline, "DevDeployRole:");
    assert!(
        role.contains("            Principal:\n              AWS: !GetAtt PipelineRole.Arn\n            Action: sts:AssumeRole\n"),
        "{role}"
    );
    let own = "arn:${AWS::Partition}:elasticbeanstalk:eu-central-1:${AWS::AccountId}:";
    for right in [
        &format!("{own}application/my_shop\n"),
        &format!("{own}applicationversion/my_shop/*\n"),
        &format!("{own}environment/my_shop/my-shop-dev\n"),
        "elasticbeanstalk:UpdateEnvironment\n",
        "arn:${AWS::Partition}:s3:::elasticbeanstalk-eu-central-1-${AWS::AccountId}/*\n",
        ":stack/awseb-e-*\n",
        "s3:GetObjectVersion\n                Resource: !Sub ${ArtifactBucket.Arn}/*\n",
    ] {
        assert!(role.contains(right), "{right}\n{role}");
    }
    assert!(!role.contains("my-shop-prod") && !role.contains("elasticbeanstalk:*"), "{role}");
    assert!(block(&pipeline, "SiteDeployRole:").contains("Service: cloudformation.amazonaws.com\n"));
}

#[test]
fn an_approval_needs_the_project_that_reads_change_sets() {
    let parts = ["PlanProject:", "PlanRole:", "PlanLogGroup:", "!GetAtt PlanProject.Arn"];
    let files = delivered(&mixed(), PipelineProvider::CodePipeline).unwrap();
    let pipeline = text(&files, "pipeline.yaml");
    assert!(parts.iter().all(|part| pipeline.contains(part)), "{pipeline}");
    let reader = block(&pipeline, "PlanRole:");
    assert_eq!(reader.matches("cloudformation:DescribeChangeSet\n").count(), 1, "{reader}");
    assert!(reader.contains(":stack/my-shop-site/*"), "{reader}");
    assert!(!reader.contains("s3:PutObject"), "it writes no artifact\n{reader}");
    // A version of Elastic Beanstalk has no change set.
    let without = mixed().split("    site: ").next().unwrap_or_default().to_owned();
    let pipeline = text(&delivered(&without, PipelineProvider::CodePipeline).unwrap(), "pipeline.yaml");
    assert!(!parts.iter().any(|part| pipeline.contains(part)), "{pipeline}");
}

#[test]
fn a_first_environment_of_elastic_beanstalk_is_made_by_hand() {
    let files = delivered(&mixed(), PipelineProvider::CodePipeline).unwrap();
    let made = |name: &str| {
        format!("{name}: create the environment with `tranship deploy {name}` before its first run")
    };
    assert_eq!(files.notes.len(), 4, "{:?}", files.notes);
    assert!(files.notes[1].starts_with("site: keep ApiToken"), "{:?}", files.notes);
    assert_eq!(files.notes[2..], [made("dev"), made("prod")]);
    assert_eq!(
        delivered(&mixed(), PipelineProvider::GitHub).unwrap().notes,
        [
            "set variables of the repository on GitHub before the first run: AWS_ACCOUNT_ID, TRANSHIP_ARCHIVE, LOG_LEVEL"
        ]
    );
    assert!(problems(&mixed()).is_empty());
}

#[test]
fn a_workflow_deploys_an_application_with_its_own_rights() {
    let files = delivered(&mixed(), PipelineProvider::GitHub).unwrap();
    let workflow = text(&files, ".github/workflows/tranship.yml");
    let dev = block(&workflow, "deploy-dev:");
    assert!(dev.contains("    environment: \"dev\"\n") && dev.contains("    needs: [publish]\n"), "{dev}");
    // The approval of one on Elastic Beanstalk is that of its environment on GitHub.
    let prod = block(&workflow, "deploy-prod:");
    assert!(
        prod.contains("    environment: \"prod\"\n") && prod.contains("    needs: [deploy-dev]\n"),
        "{prod}"
    );
    assert!(!workflow.contains("plan-prod:") && workflow.contains("  plan-site:\n"));
    assert!(dev.contains("tranship -f 'a b.yaml' deploy dev --yes --no-publish \"${VALUES[@]}\""), "{dev}");
    let roles = text(&files, "github.yaml");
    let dev = block(&roles, "DevDeployRole:");
    assert!(dev.contains(":environment/my_shop/my-shop-dev\n"), "{dev}");
    assert!(
        dev.contains("s3:PutBucketTagging\n") && !dev.contains("cloudformation:CreateChangeSet"),
        "{dev}"
    );
    let plan = block(&roles, "PlanRole:");
    assert!(plan.contains("stack/my-shop-site/*") && !plan.contains("my-shop-dev"), "{plan}");
    assert!(plan.contains(":ref:refs/heads/main\n") && plan.contains(":pull_request\n"), "{plan}");
}
