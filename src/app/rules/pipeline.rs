//! `pipeline/…`: why a manifest has no delivery pipeline.

use tranship_frontend::rules;

rules! {
    NO_ENVIRONMENT = Error "pipeline/no-environment" "no environment to deliver to"
        what "`tranship pipeline` needs environments, and the manifest declares none."
        why "A pipeline delivers to the environments of the manifest, in their order."
        example "services:\n  web: { image: nginx }\n# tranship pipeline\n"
        fix "Declare them: `x-tranship: { environments: { staging: { target: fargate } } }`.";
    ENVIRONMENT_NAME = Error "pipeline/environment-name" "environment name that a pipeline cannot use"
        what "An environment is called `pipeline`, or two environments differ by capitals alone."
        why "`dist/pipeline` holds the pipeline's own files. GitHub and the file systems of macOS and Windows take `dev` and `Dev` for one name, so that one environment would get the approval and the values of the other."
        example "services:\n  web: { image: nginx }\nx-tranship:\n  environments:\n    pipeline: { target: fargate }\n# tranship pipeline\n"
        fix "Rename the environment.";
    DEPLOYED_TEST = Error "pipeline/deployed-test" "test that is deployed"
        what "A service with `test: true` is part of a deployment."
        why "The build of a pipeline runs tests, before anything is deployed."
        example "services:\n  web: { image: nginx }\n  unit: { image: nginx, x-tranship: { test: true } }\nx-tranship:\n  environments:\n    staging: { target: fargate }\n# tranship pipeline\n"
        fix "Leave it out of the environments: `x-tranship: { skip: [unit] }`.";
    UNKNOWN_ACCOUNT = Error "pipeline/unknown-account" "unknown account of the pipeline"
        what "The environments are in several accounts, and the manifest does not say which of them the pipeline is in."
        why "An environment in another account is deployed by roles of its own, and images are pulled across accounts."
        example "services:\n  web: { image: nginx }\nx-tranship:\n  environments:\n    staging: { target: fargate, account: \"111111111111\" }\n    production: { target: fargate, account: \"222222222222\" }\n# tranship pipeline\n"
        fix "Set it: `x-tranship: { pipeline: { account: \"111111111111\" } }`.";
    UNKNOWN_REGION = Error "pipeline/unknown-region" "unknown region of the pipeline"
        what "The environments are in several regions, and the manifest does not say which of them the pipeline is in."
        why "CodePipeline copies artifacts to a bucket in each other region, and that bucket must be there first."
        example "services:\n  web: { image: nginx }\nx-tranship:\n  environments:\n    staging: { target: fargate, region: eu-central-1 }\n    america: { target: fargate, region: us-east-1 }\n# tranship pipeline\n"
        fix "Set it: `x-tranship: { pipeline: { region: eu-central-1 } }`.";
    OTHER_PARTITION = Error "pipeline/other-partition" "environment in another partition of AWS"
        what "An environment is in a region of another partition than the pipeline, such as China or GovCloud."
        why "Roles and credentials of one partition do not work in another."
        example "services:\n  web: { image: nginx }\nx-tranship:\n  pipeline: { region: eu-central-1 }\n  environments:\n    china: { target: fargate, region: cn-north-1 }\n# tranship pipeline\n"
        fix "Write a pipeline for each partition, from a Compose file that declares its environments (`files` of several manifests can share the services). Or use `--provider github`.";
    TOO_MANY_VALUES = Error "pipeline/too-many-values" "too many values for one environment"
        what "An environment needs more values from the pipeline's own parameters than an action of CodePipeline takes: 1,000 characters."
        why "The deployment would fail with every run."
        example "an environment that leaves VPC, subnets and dozens of certificates to parameters"
        fix "Set values under `x-tranship.environments`, such as `network`, or use `--provider github`.";
    INDEPENDENT_STACKS = Error "pipeline/independent-stacks" "independent stacks in a pipeline"
        what "An environment is deployed as several stacks, one after the other (`stacks: independent`)."
        why "A pipeline hands templates to CloudFormation, and does not know what one stack takes from another."
        example "services:\n  web: { image: nginx }\nx-tranship:\n  environments:\n    staging: { target: fargate, stacks: independent }\n# tranship pipeline\n"
        fix "Run `tranship deploy ENV` in a job of your own, or use `stacks: nested` with `--provider github`.";
    NESTED_STACKS = Error "pipeline/nested-stacks" "nested stacks in CodePipeline"
        what "An environment has nested stacks, and CodePipeline delivers it."
        why "The change sets of CodePipeline leave out what changes inside nested stacks, so a person would approve what nobody showed."
        example "services:\n  web: { image: nginx }\nx-tranship:\n  environments:\n    staging: { target: fargate, stacks: nested }\n# tranship pipeline\n"
        fix "Use GitHub Actions (`x-tranship: { pipeline: { provider: github } }`), or run `tranship deploy` in a job of your own.";
}
