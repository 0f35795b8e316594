//! Pipelines of whole manifests: what is decided, and what is refused.

mod beanstalk;
mod settings;
mod workflow;

use super::model::ParameterSource;
use super::{DeliveryFiles, DeliveryRequest, ManifestFlags, deliver, plan};
use crate::compile::{CompileOutcome, CompileRequest, delivery, identify};
use tranship_app::{DeliverySummary, EnvironmentChoice, PipelineProvider};
use tranship_frontend::compose::LoadOptions;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::world::MemoryWorld;

const SHOP: &str = r#"
name: my_shop
services:
  web:
    build: .
    ports: ["80:8000"]
    environment: { API_TOKEN: not-on-aws, LOG_LEVEL: "${LOG_LEVEL}", FEATURE: "${FEATURE:-off}" }
    x-tranship: { public: true }
  api:
    image: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/api:${APP_VERSION}
    build: api
    expose: ["8000"]
  unit: { build: ., profiles: [test], x-tranship: { test: true } }
x-tranship:
  skip: [unit]
  late_bound: [LOG_LEVEL, FEATURE, APP_VERSION]
  region: eu-central-1
  environments:
    dev: { target: fargate }
    prod: { target: ecs-ec2, posture: prod, network: { vpc: vpc-1, public_subnets: [subnet-1, subnet-2], private_subnets: [subnet-3, subnet-4] } }
    site: { target: fargate, protected: true, posture: dev, network: new }
"#;

/// The summary and the compiled environments of a manifest.
fn compiled(manifest: &str) -> (DeliverySummary, Vec<CompileOutcome>) {
    let world = MemoryWorld::new()
        .file("compose.yaml", manifest)
        .file("Dockerfile", "FROM scratch\n")
        .file("api/Dockerfile", "FROM scratch\n");
    let options = LoadOptions::default();
    let summary = delivery(&options, &world).0.unwrap();
    let compile = |name: &str| {
        let choice = EnvironmentChoice::Environment(name.to_owned());
        let outcome = identify(&CompileRequest { options: options.clone(), choice }, &world);
        let said: Vec<String> = outcome.diagnostics.iter().map(|one| one.message.clone()).collect();
        assert!(outcome.compiled.is_some(), "{name}: {said:?}");
        outcome
    };
    let outcomes = summary.environments.iter().map(|it| compile(&it.name)).collect();
    (summary, outcomes)
}

fn request<'a>(
    summary: &'a DeliverySummary,
    outcomes: &'a [CompileOutcome],
    provider: PipelineProvider,
) -> DeliveryRequest<'a> {
    let flags = ManifestFlags {
        tranship: " -f 'a b.yaml'".to_owned(),
        compose: " -f 'a b.yaml'".to_owned(),
        golden: "golden".to_owned(),
    };
    DeliveryRequest { summary, outcomes, provider: Some(provider), flags }
}

fn delivered(manifest: &str, provider: PipelineProvider) -> Result<DeliveryFiles, Vec<Diagnostic>> {
    let (summary, outcomes) = compiled(manifest);
    deliver(&request(&summary, &outcomes, provider))
}

fn problems(manifest: &str) -> Vec<String> {
    let found = delivered(manifest, PipelineProvider::CodePipeline).err().unwrap_or_default();
    found.into_iter().map(|problem| problem.message).collect()
}

fn text(files: &DeliveryFiles, path: &str) -> String {
    let file = files.artifacts.get(path).or_else(|| files.committed.get(path)).unwrap();
    String::from_utf8(file.bytes.clone()).unwrap()
}

#[test]
fn every_parameter_of_a_stack_has_one_source() {
    let (summary, outcomes) = compiled(SHOP);
    let plan = plan::plan(&request(&summary, &outcomes, PipelineProvider::CodePipeline)).unwrap();
    let sources = |name: &str| {
        let environment = plan.environments.iter().find(|it| it.name == name).unwrap();
        let stack = environment.stack().unwrap();
        stack.parameters.iter().map(|it| (it.name.as_str(), it.source.clone())).collect::<Vec<_>>()
    };
    let of = |list: &[(&str, ParameterSource)], name: &str| {
        list.iter().find(|(known, _)| known.starts_with(name)).map(|(_, source)| source.clone())
    };
    let dev = sources("dev");
    assert_eq!(of(&dev, "VpcId"), Some(ParameterSource::Pipeline(super::id("DevVpcId"))));
    assert_eq!(of(&dev, "WebImage"), Some(ParameterSource::Build));
    assert_eq!(of(&dev, "AppVersion"), Some(ParameterSource::Build));
    assert_eq!(of(&dev, "LogLevel"), Some(ParameterSource::Build));
    assert_eq!(of(&dev, "Feature"), None, "the template's default holds");
    assert_eq!(of(&dev, "ApiToken"), Some(ParameterSource::Secret));
    assert_eq!(of(&sources("site"), "VpcId"), None);
    assert_eq!(plan.versions, ["APP_VERSION"]);
    assert_eq!(
        plan.variables.iter().map(|it| (it.name.as_str(), it.parameter.as_str())).collect::<Vec<_>>(),
        [("LOG_LEVEL", "LogLevelVariable")]
    );
    assert_eq!(plan.composed, ["api"]);
    assert_eq!(plan.tests, ["unit"]);
    assert_eq!(
        plan.registries,
        [("123456789012.dkr.ecr.eu-central-1.amazonaws.com".to_owned(), "eu-central-1".to_owned())]
    );
    let protected: Vec<bool> = plan.environments.iter().map(|it| it.protected).collect();
    assert_eq!(protected, [false, true, true]);
    assert_eq!(plan.environments.iter().map(|it| it.publishes).collect::<Vec<_>>(), [true, true, true]);
    assert_eq!((plan.prefix.as_str(), plan.releases, plan.branch.as_str()), ("my-shop", 50, "main"));
}

#[test]
fn rights_follow_from_the_types_of_the_template() {
    let (summary, outcomes) = compiled(SHOP);
    let plan = plan::plan(&request(&summary, &outcomes, PipelineProvider::CodePipeline)).unwrap();
    let actions = |name: &str| {
        let environment = plan.environments.iter().find(|it| it.name == name).unwrap();
        let policy = super::environment_roles::stack_policy(environment, environment.stack().unwrap());
        policy.document().to_json().to_string()
    };
    let (dev, prod, site) = (actions("dev"), actions("prod"), actions("site"));
    assert!(
        !dev.contains("autoscaling:CreateAutoScalingGroup")
            && prod.contains("autoscaling:CreateAutoScalingGroup")
    );
    assert!(!dev.contains("ec2:CreateVpc\"") && site.contains("ec2:CreateVpc\""));
    assert!(
        !dev.contains("rds:") && dev.contains("ecs:CreateService") && dev.contains("iam:PassedToService")
    );
    assert!(dev.contains("secret:my-shop-dev/parameters-*"), "{dev}");
    assert!(dev.contains("role/my-shop-dev*"), "{dev}");
    for (name, policy) in [("dev", dev), ("prod", prod), ("site", site)] {
        assert!(policy.len() < 10_240, "{name}: {} letters are over the quota of a role", policy.len());
    }
}

#[test]
fn every_type_that_a_target_emits_has_its_rights() {
    let (_, outcomes) = compiled(SHOP);
    let deployments = outcomes.iter().filter_map(|it| it.compiled.as_ref()).map(|it| &it.deployment);
    let mut count = 0;
    for deployment in deployments {
        let tranship_targets::TargetDeployment::Stack(stack) = deployment else { continue };
        for kind in &stack.resource_types {
            assert!(tranship_facts::resource_actions::actions_of(kind).is_some(), "{kind}");
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn repositories_are_those_of_what_is_built() {
    let files = delivered(SHOP, PipelineProvider::CodePipeline).unwrap();
    let ecr = text(&files, "ecr.yaml");
    let names: Vec<&str> =
        ecr.lines().filter_map(|line| line.trim().strip_prefix("RepositoryName: ")).collect();
    // The image of `api` has a name of its own, which Docker Compose pushes to.
    assert_eq!(names, ["my_shop/web", "team/api"]);
    assert!(
        ecr.contains(r#"\"countUnit\":\"days\",\"countNumber\":7}"#)
            && ecr.contains(r#"\"countNumber\":50}"#),
        "{ecr}"
    );
    assert!(ecr.contains("ImageTagMutability: IMMUTABLE") && ecr.contains("ScanOnPush: true"));
    assert_eq!(ecr.matches("DeletionPolicy: Retain").count(), names.len());
}

#[test]
fn the_build_reads_the_same_manifest_and_quotes_its_words() {
    let files = delivered(SHOP, PipelineProvider::CodePipeline).unwrap();
    let buildspec = text(&files, "buildspec.yml");
    for line in [
        "- docker compose -f 'a b.yaml' run --build --rm unit",
        "- docker compose -f 'a b.yaml' build api",
        "- docker compose -f 'a b.yaml' push api",
        "- tranship -f 'a b.yaml' build --all",
        "- tranship -f 'a b.yaml' publish dev --tag \"$VERSION\"",
        "- export APP_VERSION=\"$VERSION\"",
        "- set -o pipefail",
        "- mkdir -p \"$HOME/.tranship\"",
        "- tar --extract --gzip --file \"$HOME/.tranship/tranship.tar.gz\" --directory \"$HOME/.tranship\"",
        "- export PATH=\"$HOME/.tranship:$PATH\"",
        "- if [ -d golden ]; then tranship -f 'a b.yaml' verify --all; fi",
    ] {
        assert!(buildspec.lines().any(|own| own.trim() == line), "{line}\n{buildspec}");
    }
    assert!(buildspec.starts_with("# Written by `tranship pipeline`.\nversion: \"0.2\"\n"));
    assert_eq!(super::buildspec::quoted("a'b"), "'a'\\''b'");
    assert_eq!(
        (super::buildspec::quoted("a-b_c.d"), super::buildspec::quoted("")),
        ("a-b_c.d".to_owned(), "''".to_owned())
    );
}

#[test]
fn what_is_yet_to_be_done_is_said() {
    let files = delivered(SHOP, PipelineProvider::CodePipeline).unwrap();
    assert_eq!(files.notes.len(), 4, "{:?}", files.notes);
    assert_eq!(
        files.notes[0],
        "pipeline.yaml needs values of ConnectionArn, SourceRepository, TranshipArchive, LogLevelVariable, DevVpcId, DevPublicSubnets, DevPrivateSubnets"
    );
    assert!(files.notes[1].starts_with("dev: keep ApiToken"), "{}", files.notes[1]);
    assert!(files.notes[1].contains("`my-shop-dev/parameters`"), "{}", files.notes[1]);
    let (summary, outcomes) = compiled(SHOP);
    let plan = plan::plan(&request(&summary, &outcomes, PipelineProvider::CodePipeline)).unwrap();
    let yaml = super::codepipeline::template(&plan).to_yaml();
    let declared = block(&yaml, "Parameters:");
    for name in files.notes[0].trim_start_matches("pipeline.yaml needs values of ").split(", ") {
        let one = block(&declared, &format!("{name}:"));
        assert!(!one.contains("Default:"), "{name} has a value\n{one}");
    }
    assert_eq!(declared.matches("    Default: ").count(), 1, "the image of builds has one\n{declared}");
    assert_eq!(
        delivered(SHOP, PipelineProvider::GitHub).unwrap().notes,
        [
            "set variables of the repository on GitHub before the first run: AWS_ACCOUNT_ID, TRANSHIP_ARCHIVE, LOG_LEVEL",
            "dev: set DEV_VPCID, DEV_PUBLICSUBNETS, DEV_PRIVATESUBNETS there too, or make the first deployment with `tranship deploy dev`, whose values stay",
        ]
    );
    let known = "name: shop\nservices: { web: { image: nginx } }\nx-tranship:\n  pipeline: { account: \"111111111111\", tranship: \"https://d.example.org/t.tar.gz\" }\n  environments: { dev: { target: fargate, network: new } }\n";
    assert_eq!(
        delivered(known, PipelineProvider::GitHub).unwrap().notes,
        ["set variables of the repository on GitHub before the first run: AWS_REGION"]
    );
    let known = known.replace("network: new", "network: new, region: eu-west-1");
    assert!(delivered(&known, PipelineProvider::GitHub).unwrap().notes.is_empty());
}

#[test]
fn no_secret_is_in_any_file() {
    for provider in [PipelineProvider::CodePipeline, PipelineProvider::GitHub] {
        let files = delivered(SHOP, provider).unwrap();
        for (path, file) in files.artifacts.iter().chain(files.committed.iter()) {
            assert!(!String::from_utf8_lossy(&file.bytes).contains("not-on-aws"), "{path}");
        }
    }
}

#[test]
fn tests_run_in_the_order_of_the_file() {
    let more = "  acceptance: { build: ., profiles: [test], x-tranship: { test: true } }\nx-tranship:\n  skip: [unit, acceptance]\n";
    let manifest = SHOP.replace("x-tranship:\n  skip: [unit]\n", more);
    assert_eq!(
        compiled(&manifest).0.tests.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(),
        ["unit", "acceptance"]
    );
}

#[test]
fn a_test_that_is_deployed_is_refused() {
    let manifest = SHOP.replace("  skip: [unit]\n", "").replace("profiles: [test], ", "");
    assert_eq!(problems(&manifest), ["service `unit` is a test, and is deployed to dev, prod, site"]);
}

#[test]
fn accounts_must_be_known_to_codepipeline() {
    let accounts =
        SHOP.replace("dev: { target: fargate }", "dev: { target: fargate, account: \"111111111111\" }");
    let expected =
        "the environments are in several accounts, and nothing says which of them the pipeline is in";
    assert_eq!(problems(&accounts), [expected]);
    let named = accounts.replace("  skip:", "  pipeline: { account: \"222222222222\" }\n  skip:");
    let files = delivered(&named, PipelineProvider::CodePipeline).unwrap();
    let roles = text(&files, "roles-dev.yaml");
    assert!(
        roles.contains("RoleName: my-shop-dev-action") && roles.contains("RoleName: my-shop-dev-deploy"),
        "{roles}"
    );
    assert!(roles.contains("Default: \"222222222222\""));
    let build = text(&files, "buildspec.yml");
    assert!(build.contains("publish dev --tag \"$VERSION\" --account \"$ACCOUNT\"\n"), "{build}");
    assert!(build.contains("publish prod --tag \"$VERSION\"\n"), "{build}");
    let pipeline = text(&files, "pipeline.yaml");
    assert!(pipeline.contains("arn:${AWS::Partition}:iam::111111111111:role/my-shop-dev-action"));
    assert!(pipeline.contains("AWS::KMS::Key") && pipeline.contains("RoleName: my-shop-pipeline"));
    assert!(files.artifacts.get("roles-prod.yaml").is_none());
}

/// The lines of a file from one that is a whole line to the next at the same depth.
fn block(text: &str, start: &str) -> String {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut lines = text.lines().skip_while(|line| line.trim() != start);
    let first = lines.next().unwrap_or_else(|| panic!("no {start} in\n{text}"));
    let rest = lines.take_while(|line| line.is_empty() || depth(line) > depth(first));
    rest.collect::<Vec<_>>().join("\n")
}

fn in_two_regions() -> String {
    SHOP.replace("dev: { target: fargate }", "dev: { target: fargate, region: us-east-1 }")
}

#[test]
fn the_region_of_the_pipeline_must_be_known() {
    let regions = in_two_regions();
    let expected = "the environments are in several regions, and nothing says which of them the pipeline is in: `eu-central-1`, `us-east-1`";
    assert_eq!(problems(&regions), [expected]);
    assert!(delivered(&regions, PipelineProvider::GitHub).is_ok());
    let other = regions.replace("  skip:", "  pipeline: { region: cn-north-1 }\n  skip:");
    let reached = |region: &str| {
        format!("a pipeline in `cn-north-1` cannot deploy {region}, which is in another partition of AWS")
    };
    assert_eq!(
        problems(&other),
        ["`dev` to `us-east-1`", "`prod` to `eu-central-1`", "`site` to `eu-central-1`"].map(reached)
    );
    assert!(delivered(&other, PipelineProvider::GitHub).is_ok());
}

#[test]
fn an_environment_in_another_region_is_deployed_from_a_bucket_there() {
    let named = in_two_regions().replace("  skip:", "  pipeline: { region: eu-central-1 }\n  skip:");
    let files = delivered(&named, PipelineProvider::CodePipeline).unwrap();
    let pipeline = text(&files, "pipeline.yaml");
    let store = "        - Region: us-east-1\n          ArtifactStore:\n            Type: S3\n            Location: !Ref UsEast1ArtifactBucket\n";
    let own = "      ArtifactStores:\n        - Region: !Ref AWS::Region\n          ArtifactStore:\n            Type: S3\n            Location: !Ref ArtifactBucket\n";
    assert!(pipeline.contains(&format!("{own}{store}")), "{pipeline}");
    assert!(!pipeline.contains("EncryptionKey") && !pipeline.contains("ArtifactKey"));
    let dev = block(&pipeline, "- Name: Dev");
    assert!(dev.contains("Region: us-east-1\n"), "{dev}");
    assert!(block(&pipeline, "- Name: Prod").contains("Region: eu-central-1\n"));
    let rights = block(&pipeline, "DevDeployRole:");
    assert!(rights.contains("logs:us-east-1:${AWS::AccountId}:"), "{rights}");
    assert!(!rights.contains("AWS::Region") && !rights.contains("eu-central-1"), "{rights}");
    let pipelines = block(&pipeline, "PipelineRole:");
    for right in [
        "cloudformation:us-east-1:${AWS::AccountId}:stack/my-shop-dev/*",
        "cloudformation:eu-central-1:${AWS::AccountId}:stack/my-shop-prod/*",
        "arn:${AWS::Partition}:s3:::${UsEast1ArtifactBucket}/*",
    ] {
        assert!(pipelines.contains(right), "{right}\n{pipelines}");
    }
    let build = block(&pipeline, "BuildRole:");
    assert!(!build.contains("UsEast1"), "the build writes to the region of the pipeline alone\n{build}");
    for region in ["us-east-1", "eu-central-1"] {
        assert!(
            build.contains(&format!("ecr:{region}:${{AWS::AccountId}}:repository/my_shop/web")),
            "{build}"
        );
    }
    assert!(!build.contains("us-east-1:${AWS::AccountId}:repository/team/api"), "its name has a region");
    let bucket = text(&files, "artifacts-us-east-1.yaml");
    for part in [
        "AWS::S3::Bucket\n",
        "aws:SecureTransport: \"false\"",
        "Status: Enabled",
        "ArtifactBucketName:",
        "in us-east-1",
    ] {
        assert!(bucket.contains(part), "{part}\n{bucket}");
    }
    assert!(!bucket.contains("AWS::KMS::Key") && !bucket.contains("ArtifactKeyArn"));
    assert!(files.artifacts.get("artifacts-eu-central-1.yaml").is_none());
    let notes = files.notes.join("\n");
    assert!(notes.starts_with("deploy ecr.yaml in each of eu-central-1, us-east-1:"), "{notes}");
    assert!(notes.contains("deploy artifacts-us-east-1.yaml in us-east-1 before pipeline.yaml"), "{notes}");
    assert!(notes.contains("`my-shop-dev/parameters` in Secrets Manager in us-east-1 before"), "{notes}");
    assert!(notes.contains("`my-shop-prod/parameters` in Secrets Manager before"), "{notes}");
}

#[test]
fn a_region_has_a_key_where_another_account_reads_from_it() {
    let named = in_two_regions()
        .replace("region: us-east-1 }", "region: us-east-1, account: \"111111111111\" }")
        .replace("  skip:", "  pipeline: { region: eu-central-1, account: \"222222222222\" }\n  skip:");
    let files = delivered(&named, PipelineProvider::CodePipeline).unwrap();
    let pipeline = text(&files, "pipeline.yaml");
    assert!(!pipeline.contains("AWS::KMS::Key"), "no other account reads in the region of the pipeline");
    let stores = block(&pipeline, "ArtifactStores:");
    assert!(stores.ends_with("Location: !Ref UsEast1ArtifactBucket\n            EncryptionKey:\n              Type: KMS\n              Id: !Ref UsEast1ArtifactKey"), "{stores}");
    assert!(block(&pipeline, "PipelineRole:").contains("Resource: !Ref UsEast1ArtifactKey"));
    let bucket = text(&files, "artifacts-us-east-1.yaml");
    assert_eq!(bucket.matches("arn:${AWS::Partition}:iam::111111111111:root").count(), 2, "{bucket}");
    assert!(bucket.contains("Value: !GetAtt ArtifactKey.Arn"));
    let roles = text(&files, "roles-dev.yaml");
    assert!(roles.contains("an output of the stack of artifacts-us-east-1.yaml."), "{roles}");
    assert!(roles.contains("cloudformation:us-east-1:${AWS::AccountId}:stack/my-shop-dev/*"), "{roles}");
    assert!(!roles.contains("${AWS::Region}"), "{roles}");
}

#[test]
fn roles_of_github_reach_the_region_of_their_environment() {
    let files = delivered(&in_two_regions(), PipelineProvider::GitHub).unwrap();
    let roles = text(&files, "github.yaml");
    let plan = block(&roles, "PlanRole:");
    for right in [
        "cloudformation:us-east-1:${AWS::AccountId}:stack/my-shop-dev/*",
        "cloudformation:eu-central-1:${AWS::AccountId}:stack/my-shop-prod/*",
        "ssm:us-east-1::parameter/aws/service/*",
        "ssm:eu-central-1::parameter/aws/service/*",
    ] {
        assert!(plan.contains(right), "{right}\n{plan}");
    }
    let publish = block(&roles, "PublishRole:");
    assert!(publish.contains("ecr:us-east-1:${AWS::AccountId}:repository/my_shop/web"), "{publish}");
    let dev = block(&roles, "DevDeployRole:");
    assert!(dev.contains(":us-east-1:") && !dev.contains(":eu-central-1:"), "{dev}");
    let workflow = text(&files, ".github/workflows/tranship.yml");
    assert!(block(&workflow, "deploy-dev:").contains("aws-region: us-east-1\n"));
    assert!(block(&workflow, "deploy-prod:").contains("aws-region: eu-central-1\n"));
    assert!(block(&workflow, "publish:").contains("aws-region: us-east-1\n"), "the first environment's");
    let named = in_two_regions().replace("  skip:", "  pipeline: { region: eu-central-1 }\n  skip:");
    let workflow =
        text(&delivered(&named, PipelineProvider::GitHub).unwrap(), ".github/workflows/tranship.yml");
    assert!(block(&workflow, "publish:").contains("aws-region: eu-central-1\n"));
}

#[test]
fn consoles_and_registries_are_those_of_the_partition() {
    let china = SHOP.replace("eu-central-1", "cn-north-1").replace("amazonaws.com/", "amazonaws.com.cn/");
    let pipeline = text(&delivered(&china, PipelineProvider::CodePipeline).unwrap(), "pipeline.yaml");
    assert!(
        pipeline.contains("https://cn-north-1.console.amazonaws.cn/cloudformation/home?region=cn-north-1#"),
        "{pipeline}"
    );
    let workflow =
        text(&delivered(&china, PipelineProvider::GitHub).unwrap(), ".github/workflows/tranship.yml");
    assert!(workflow.contains("REGISTRY=\"$ACCOUNT.dkr.ecr.$AWS_REGION.amazonaws.com.cn\""), "{workflow}");
}

#[test]
fn a_manifest_without_environments_has_no_pipeline() {
    let manifest = "services: { web: { image: nginx } }\n";
    assert_eq!(
        problems(manifest),
        ["the manifest declares no environment, so there is nothing to deliver to"]
    );
    let manifest = "services: { web: { image: nginx } }\nx-tranship: { environments: { pipeline: { target: fargate } } }\n";
    assert_eq!(
        problems(manifest),
        ["environment `pipeline` has the name of the directory of the pipeline's own files"]
    );
}

#[test]
fn an_environment_with_too_many_values_is_refused() {
    let variables: Vec<String> = (0..40).map(|number| format!("VARIABLE_NUMBER_{number}")).collect();
    let values: Vec<String> = variables.iter().map(|name| format!("{name}: \"${{{name}}}\"")).collect();
    let manifest = format!(
        "name: shop\nservices: {{ web: {{ image: nginx, environment: {{ {} }} }} }}\nx-tranship: {{ late_bound: [{}], environments: {{ dev: {{ target: fargate }} }} }}\n",
        values.join(", "),
        variables.join(", ")
    );
    // Variables come from the build, so they take no room.
    let files = delivered(&manifest, PipelineProvider::CodePipeline).unwrap();
    let pipeline = text(&files, "pipeline.yaml");
    let overrides = pipeline.lines().find(|line| line.contains("ParameterOverrides:")).unwrap();
    assert!(overrides.contains("DevVpcId") && !overrides.contains("GetParam"), "{overrides}");
    // Nothing is built, so there is nothing to push to and no right to push.
    assert!(files.artifacts.get("ecr.yaml").is_none() && !pipeline.contains("ecr:"));
    assert!(!text(&files, "buildspec.yml").contains("tranship publish"));
    assert_eq!(pipeline.matches("Type: String\n    Description: The value of VARIABLE_NUMBER_").count(), 40);
}

#[test]
fn another_registry_than_amazons_has_no_account() {
    let manifest = "name: shop\nservices: { web: { build: . } }\nx-tranship:\n  registry: ghcr.io/acme\n  pipeline: { account: \"222222222222\" }\n  environments: { dev: { target: fargate, network: new, account: \"111111111111\" } }\n";
    let files = delivered(manifest, PipelineProvider::GitHub).unwrap();
    let workflow = text(&files, ".github/workflows/tranship.yml");
    assert!(workflow.contains("tranship -f 'a b.yaml' publish dev --tag \"$VERSION\"\n"), "{workflow}");
    assert!(workflow.contains("export ACCOUNT=\n"), "{workflow}");
    assert!(files.artifacts.get("ecr.yaml").is_none());
    let login = |host: &str| {
        format!("the build logs in to Amazon ECR alone: add a `docker login {host}` before it pushes there")
    };
    assert!(files.notes.contains(&login("ghcr.io")), "{:?}", files.notes);
    let other = SHOP.replace("123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/api", "ghcr.io/team/api");
    let notes = delivered(&other, PipelineProvider::CodePipeline).unwrap().notes;
    assert!(notes.contains(&login("ghcr.io")), "{notes:?}");
    let own = delivered(SHOP, PipelineProvider::CodePipeline).unwrap().notes;
    assert!(!own.iter().any(|note| note.contains("docker login")), "{own:?}");
}

#[test]
fn a_workflow_names_its_roles_by_account_and_partition() {
    let files = delivered(SHOP, PipelineProvider::GitHub).unwrap();
    let workflow = text(&files, ".github/workflows/tranship.yml");
    assert!(
        workflow
            .contains("role-to-assume: arn:aws:iam::${{ vars.AWS_ACCOUNT_ID }}:role/my-shop-github-plan\n")
    );
    assert!(workflow.contains("VpcId: ${{ vars.DEV_VPCID }}"));
    assert!(
        workflow.contains("  plan-prod:\n")
            && workflow.contains("  plan-site:\n")
            && !workflow.contains("  plan-dev:\n")
    );
    let china = SHOP.replace("eu-central-1", "cn-north-1").replace("amazonaws.com/", "amazonaws.com.cn/");
    let workflow =
        text(&delivered(&china, PipelineProvider::GitHub).unwrap(), ".github/workflows/tranship.yml");
    assert!(workflow.contains("arn:aws-cn:iam::"), "{workflow}");
}

#[test]
fn nested_templates_are_uploaded_on_github_and_refused_on_codepipeline() {
    let nested = SHOP.replace("dev: { target: fargate }", "dev: { target: fargate, stacks: nested }");
    let expected =
        "environment `dev` has nested stacks, whose changes CodePipeline does not show for approval";
    assert_eq!(problems(&nested), [expected]);
    let separate = nested.replace("stacks: nested", "stacks: independent");
    let expected = "environment `dev` is deployed as independent stacks, which a pipeline does not support";
    assert_eq!(problems(&separate), [expected]);
    let on_github = delivered(&separate, PipelineProvider::GitHub).unwrap_err();
    assert_eq!(on_github.iter().map(|it| it.message.as_str()).collect::<Vec<_>>(), [expected]);
    let workflow = |manifest: &str| {
        let files = delivered(manifest, PipelineProvider::GitHub).unwrap();
        let all = files.artifacts.iter().chain(files.committed.iter());
        all.map(|(_, it)| String::from_utf8_lossy(&it.bytes).into_owned()).collect::<String>()
    };
    let (one, several) = (workflow(SHOP), workflow(&nested));
    assert!(!one.contains("cloudformation package") && !one.contains("packaged.yaml"));
    assert!(several.contains("aws cloudformation package --template-file dist/dev/template.yaml --s3-bucket \"tranship-$(aws sts get-caller-identity --query Account --output text)-$AWS_REGION\" --s3-prefix nested/my-shop-dev --output-template-file dist/dev/packaged.yaml"));
    assert!(several.contains("--template-file dist/dev/packaged.yaml"));
    assert!(several.contains("--template-file dist/prod/template.yaml"));
    assert!(several.contains("cloudformation:CreateStack"));
}

#[test]
fn a_refusal_points_at_the_key_and_says_what_to_do() {
    let two = "services: { web: { image: nginx } }\nx-tranship:\n  environments:\n    dev: { target: fargate, network: new, stacks: independent }\n    Dev: { target: fargate, network: new, stacks: nested }\n";
    let found = delivered(two, PipelineProvider::CodePipeline).unwrap_err();
    let told: Vec<(&str, Option<&str>, usize)> =
        found.iter().map(|it| (it.rule.name, it.key.as_deref(), it.labels.len())).collect();
    assert_eq!(
        told,
        [
            ("pipeline/environment-name", Some("x-tranship.environments.Dev"), 2),
            ("pipeline/independent-stacks", Some("x-tranship.environments.dev"), 1),
            ("pipeline/nested-stacks", Some("x-tranship.environments.Dev"), 1),
        ]
    );
    assert!(found.iter().all(|it| !it.help.is_empty()));
    assert_eq!(found[0].message, "the names of environments `dev` and `Dev` differ by capitals alone");
    assert_ne!(found[1].labels[0].origin, found[2].labels[0].origin);
}
