//! What the manifest says of its pipeline, and where it shows.

use super::super::model::{DeliveryKind, ParameterSource, StackDelivery, StackParameter};
use super::{SHOP, block, compiled, delivered, request, text};
use crate::pipeline::{environment_roles, id, plan, stack_configuration};
use tranship_app::PipelineProvider;

/// Every setting of a pipeline.
fn set() -> String {
    let pipeline = "  pipeline: { branch: release/1, tags: [\"v*\", w], paths: [\"src/**\", \"it's/*\"], repository: acme/shop, connection: \"arn:aws:codestar-connections:eu-central-1:111111111111:connection/12345678-1234-1234-1234-123456789012\", notify: team@example.org, releases: 7, tranship: \"https://d.example.org/t.tar.gz\" }\n  skip:";
    SHOP.replace("  skip:", pipeline)
}

#[test]
fn settings_of_a_pipeline_take_the_place_of_parameters() {
    let files = delivered(&set(), PipelineProvider::CodePipeline).unwrap();
    let pipeline = text(&files, "pipeline.yaml");
    let parameters = block(&pipeline, "Parameters:");
    assert!(
        !parameters.contains("ConnectionArn:") && !parameters.contains("SourceRepository:"),
        "{parameters}"
    );
    assert!(parameters.contains("    Default: https://d.example.org/t.tar.gz\n"), "{parameters}");
    assert_eq!(
        block(&pipeline, "Triggers:"),
        "        - ProviderType: CodeStarSourceConnection\n          GitConfiguration:\n            SourceActionName: Source\n            Push:\n              - Branches:\n                  Includes:\n                    - release/1\n                FilePaths:\n                  Includes:\n                    - src/**\n                    - it's/*\n              - Tags:\n                  Includes:\n                    - v*\n                    - w"
    );
    let source = block(&pipeline, "- Name: Source");
    for part in ["FullRepositoryId: acme/shop\n", "BranchName: release/1\n", ":connection/12345678-1234-"] {
        assert!(source.contains(part), "{part}\n{source}");
    }
    // The action goes by the service that the connection was made with.
    let role = block(&pipeline, "PipelineRole:");
    assert!(
        role.contains("                Action:\n                  - codestar-connections:UseConnection\n                Resource: arn:aws:codestar-connections:"),
        "{role}"
    );
    assert!(text(&files, "ecr.yaml").contains(r#"\"countNumber\":7}"#));
    let set = delivered(&set(), PipelineProvider::CodePipeline).unwrap();
    assert_eq!(
        set.notes[0],
        "pipeline.yaml needs values of LogLevelVariable, DevVpcId, DevPublicSubnets, DevPrivateSubnets"
    );
    let without = text(&delivered(SHOP, PipelineProvider::CodePipeline).unwrap(), "pipeline.yaml");
    let parameters = block(&without, "Parameters:");
    assert!(
        parameters.contains("ConnectionArn:") && parameters.contains("SourceRepository:"),
        "{parameters}"
    );
    assert!(
        block(&without, "PipelineRole:").contains(
            "                  - codeconnections:UseConnection\n                  - codestar-connections:UseConnection\n                Resource: !Ref ConnectionArn\n"
        ),
        "a connection that is not known yet may have either name"
    );
    assert!(!without.contains("FilePaths:") && !without.contains("Tags:"), "{without}");
}

#[test]
fn failures_and_approvals_are_told_by_mail_or_to_a_topic() {
    let files = delivered(&set(), PipelineProvider::CodePipeline).unwrap();
    let pipeline = text(&files, "pipeline.yaml");
    let rule = block(&pipeline, "NotificationRule:");
    for part in [
        "Name: my-shop-delivery\n",
        "- codepipeline-pipeline-pipeline-execution-failed\n        - codepipeline-pipeline-manual-approval-needed\n",
        "Resource: !Sub arn:${AWS::Partition}:codepipeline:${AWS::Region}:${AWS::AccountId}:${Pipeline}\n",
        "TargetAddress: !Ref NotificationTopic",
    ] {
        assert!(rule.contains(part), "{part}\n{rule}");
    }
    assert!(block(&pipeline, "NotificationTopic:").contains("Endpoint: team@example.org"));
    let policy = block(&pipeline, "NotificationTopicPolicy:");
    assert!(policy.contains("Service: codestar-notifications.amazonaws.com\n"), "{policy}");
    assert!(policy.contains("aws:SourceAccount: !Ref AWS::AccountId"), "{policy}");
    let topic = "arn:aws:sns:eu-central-1:111111111111:ops";
    let files = delivered(
        &set().replace("team@example.org", &format!("\"{topic}\"")),
        PipelineProvider::CodePipeline,
    );
    let pipeline = text(&files.unwrap(), "pipeline.yaml");
    assert!(block(&pipeline, "NotificationRule:").contains(&format!("TargetAddress: {topic}")), "{pipeline}");
    assert!(!pipeline.contains("NotificationTopic"));
    let none = text(&delivered(SHOP, PipelineProvider::CodePipeline).unwrap(), "pipeline.yaml");
    assert!(!none.contains("NotificationRule"));
}

#[test]
fn the_stack_of_a_pipeline_says_what_other_stacks_need() {
    let files = delivered(SHOP, PipelineProvider::CodePipeline).unwrap();
    let pipeline = text(&files, "pipeline.yaml");
    let outputs = block(&pipeline, "Outputs:");
    assert!(
        outputs.contains("  PipelineName:\n    Description: The pipeline\n    Value: !Ref Pipeline\n"),
        "{outputs}"
    );
    assert!(outputs.contains(":codepipeline:${AWS::Region}:${AWS::AccountId}:${Pipeline}"), "{outputs}");
    assert!(!outputs.contains("ArtifactBucketName"), "no other account reads artifacts");
    for role in ["BuildRole:", "PlanRole:"] {
        let group = role.replace("Role:", "LogGroup");
        let log = format!(
            "              - Effect: Allow\n                Action:\n                  - logs:CreateLogStream\n                  - logs:PutLogEvents\n                Resource: !GetAtt {group}.Arn\n"
        );
        assert!(block(&pipeline, role).contains(&log), "{role}");
    }
}

#[test]
fn the_store_of_another_region_is_named_by_parameters() {
    let regions = super::in_two_regions()
        .replace("region: us-east-1 }", "region: us-east-1, account: \"111111111111\" }")
        .replace("  skip:", "  pipeline: { region: eu-central-1, account: \"222222222222\" }\n  skip:");
    let files = delivered(&regions, PipelineProvider::CodePipeline).unwrap();
    let parameters = block(&text(&files, "pipeline.yaml"), "Parameters:");
    let parameter = |name: &str, output: &str, least: u32| {
        format!(
            "  {name}:\n    Type: String\n    Description: The output {output} of the stack of artifacts-us-east-1.yaml.\n    MinLength: {least}"
        )
    };
    assert!(
        parameters.contains(&parameter("UsEast1ArtifactBucket", "ArtifactBucketName", 3)),
        "{parameters}"
    );
    assert!(parameters.contains(&parameter("UsEast1ArtifactKey", "ArtifactKeyArn", 20)), "{parameters}");
    let own = delivered(&regions.replace(", account: \"111111111111\"", ""), PipelineProvider::CodePipeline);
    let parameters = block(&text(&own.unwrap(), "pipeline.yaml"), "Parameters:");
    assert!(
        parameters.contains("UsEast1ArtifactBucket:") && !parameters.contains("ArtifactKey"),
        "{parameters}"
    );
}

#[test]
fn a_role_in_another_account_has_a_name_that_fits() {
    let (summary, outcomes) = compiled(SHOP);
    let mut plan = plan::plan(&request(&summary, &outcomes, PipelineProvider::CodePipeline)).unwrap();
    let mut environment = plan.environments.remove(0);
    environment.account = Some("111111111111".to_owned());
    let named = |stem: &str| {
        let one = super::super::model::EnvironmentPlan { stem: stem.to_owned(), ..environment.clone() };
        environment_roles::foreign_template(&plan, &one).to_yaml()
    };
    let names = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix("RoleName: "));
        lines.map(str::to_owned).collect()
    };
    // `my-shop-` and `-deploy` or `-action` take 15 of 64 letters.
    let fits = "E".repeat(49);
    let lower = fits.to_ascii_lowercase();
    assert_eq!(names(&named(&fits)), [format!("my-shop-{lower}-deploy"), format!("my-shop-{lower}-action")]);
    let long = names(&named(&"E".repeat(50)));
    assert_eq!(long.iter().map(String::len).collect::<Vec<_>>(), [64, 64]);
    assert!(long.iter().all(|name| name.starts_with("my-shop-eeee")), "{long:?}");
    assert_ne!(long[0], long[1]);
    // Names on GitHub that begin alike stay two names.
    let (one, two) =
        (plan.role_name(&format!("{}1", "e".repeat(80))), plan.role_name(&format!("{}2", "e".repeat(80))));
    assert_eq!((one.len(), two.len()), (64, 64));
    assert_ne!(one, two);
    assert_eq!(plan.role_name(&"e".repeat(56)), format!("my-shop-{}", "e".repeat(56)));
}

#[test]
fn overrides_have_the_values_of_the_build_as_long_as_they_fit() {
    let parameter = |name: &str, source: ParameterSource| StackParameter {
        name: name.to_owned(),
        description: String::new(),
        source,
    };
    let stack = |parameters: Vec<StackParameter>| StackDelivery {
        stack: "shop-dev".to_owned(),
        capabilities: Vec::new(),
        parameters,
        grants: Vec::new(),
        nested: false,
        separate: false,
    };
    let vpc = parameter("VpcId", ParameterSource::Pipeline(id("DevVpcId")));
    let subnets = parameter("Subnets", ParameterSource::Pipeline(id("DevSubnets")));
    let known = parameter("Mode", ParameterSource::Known("on".to_owned()));
    let given = stack_configuration::given(&stack(vec![vpc.clone(), subnets.clone(), known.clone()]));
    // A list of subnets has three of them.
    assert_eq!(given, format!("{{\"VpcId\":\"{}\",\"Subnets\":\"{}\"}}", "x".repeat(25), "x".repeat(75)));
    let (summary, outcomes) = compiled(SHOP);
    let plan = plan::plan(&request(&summary, &outcomes, PipelineProvider::CodePipeline)).unwrap();
    let overrides = |parameters: Vec<StackParameter>| {
        let value = stack_configuration::overrides(&plan.environments[0], &stack(parameters));
        value.map(|value| value.to_json().to_string())
    };
    assert_eq!(overrides(vec![known]), None);
    let secret = parameter("Token", ParameterSource::Secret);
    assert_eq!(overrides(vec![secret.clone()]), None);
    assert!(stack(vec![secret]).has_secrets() && !stack(vec![vpc.clone()]).has_secrets());
    let two = overrides(vec![vpc.clone(), subnets]).unwrap();
    assert!(two.contains(r#"{\"VpcId\":\"${DevVpcId}\",\"Subnets\":\"${DevSubnets}\"}"#), "{two}");
    // With these names the 1,000 letters of an action are met exactly.
    let vpc = parameter("VpcId2", ParameterSource::Pipeline(id("DevVpcId")));
    let built = |letters: usize| parameter(&"N".repeat(letters), ParameterSource::Build);
    let room = |letters: usize| overrides(vec![vpc.clone(), built(letters)]).unwrap().contains("GetParam");
    let fixed = stack_configuration::given(&stack(vec![vpc.clone()])).len()
        + r#""":{"Fn::GetParam":["Build","version.json","dev."]},"#.len();
    let most = (1000 - fixed) / 2;
    assert_eq!(fixed + 2 * most, 1000);
    assert!(room(most), "{most}");
    assert!(!room(most + 1), "{most}");
}

#[test]
fn values_that_an_action_cannot_pass_are_refused() {
    let (summary, outcomes) = compiled(SHOP);
    let mut plan = plan::plan(&request(&summary, &outcomes, PipelineProvider::CodePipeline)).unwrap();
    let mut refused = |letters: usize| {
        let DeliveryKind::Stack(stack) = &mut plan.environments[0].delivery else { return Vec::new() };
        let (name, source) = ("N".repeat(letters), ParameterSource::Pipeline(id("N")));
        stack.parameters = vec![StackParameter { name, description: String::new(), source }];
        let mut problems = Vec::new();
        plan::refuse_overrides(&plan.environments, &mut problems);
        problems.into_iter().map(|it| format!("{}: {}", it.message, it.help.join("; "))).collect()
    };
    // `{"":""}` and the value of one identifier take 32 letters.
    assert!(refused(968).is_empty());
    assert_eq!(
        refused(969),
        [
            "environment `dev` needs more values than CodePipeline can pass to it: set them under `x-tranship.environments.dev`, such as `network`"
        ]
    );
}

#[test]
fn a_repository_names_its_services_once() {
    let twice = SHOP.replace("  unit: {", "  worker: { build: ., depends_on: [web] }\n  unit: {");
    let ecr = text(&delivered(&twice, PipelineProvider::CodePipeline).unwrap(), "ecr.yaml");
    // Two services that are built alike have one image.
    let comments = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with("  # ")).map(|line| line.trim().to_owned()).collect()
    };
    assert_eq!(comments(&ecr), ["# services.web", "# services.worker", "# services.api"]);
    assert_eq!(ecr.matches("RepositoryName: my_shop/web\n").count(), 1, "{ecr}");
    assert_eq!(ecr.matches("RepositoryName: ").count(), 2, "{ecr}");
}
