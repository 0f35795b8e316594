//! `pipeline`: where the delivery pipeline reads, builds and tells, and what it needs to know of the manifest.
//!
//! In: the settings of every environment and service. Out: a [`DeliverySummary`]. Invariant: nothing here decides what
//! is compiled; only `tranship pipeline` reads it.

use super::choices::PipelineProvider;
use super::declaration::setting_group;
use super::git_names::{BranchName, TagPattern};
use super::identifiers::{
    AccountNumber, ArchiveAddress, ConnectionArn, NotificationTarget, RegionName, SourceRepository,
};
use super::value::WholeNumber;
use crate::{At, EnvironmentSummary};
use tranship_frontend::source::Origin;

/// What becomes of a setting that the pipeline alone heeds.
pub(super) const PIPELINE: &str = "the delivery pipeline";

setting_group! {
    /// `pipeline`.
    #[derive(Default)]
    pub PipelineSettings {
        /// Who runs the pipeline: `codepipeline` for AWS CodePipeline, `github` for GitHub Actions. `--provider` of the
        /// command stands over it.
        provider: Option<At<PipelineProvider>> {
            default: "`codepipeline`",
            example: "x-tranship:\n  pipeline: { provider: github }\n",
            targets: Compiler(PIPELINE),
        }
        /// The repository of the sources, as `OWNER/NAME`.
        repository: Option<At<SourceRepository>> {
            default: "a parameter of the templates",
            example: "x-tranship:\n  pipeline: { repository: acme/shop }\n",
            targets: Compiler(PIPELINE),
        }
        /// The branch that is delivered.
        branch: Option<At<BranchName>> {
            default: "`main`",
            example: "x-tranship:\n  pipeline: { branch: release }\n",
            targets: Compiler(PIPELINE),
        }
        /// Changes of other files start no run. Patterns are those of the provider: `services/**`.
        paths: Vec<At<String>> {
            default: "every change of the branch starts a run",
            example: "x-tranship:\n  pipeline: { paths: [\"services/**\", compose.yaml] }\n",
            targets: Compiler(PIPELINE),
        }
        /// Git tags that start a run too.
        tags: Vec<At<TagPattern>> {
            default: "none",
            example: "x-tranship:\n  pipeline: { tags: [\"v*\"] }\n",
            targets: Compiler(PIPELINE),
        }
        /// The ARN of the connection to the host of the repository, for CodePipeline. Create it in the console, which
        /// asks the host for its consent.
        connection: Option<At<ConnectionArn>> {
            default: "a parameter of the template",
            example: "x-tranship:\n  pipeline:\n    connection: arn:aws:codeconnections:eu-central-1:123456789012:connection/12345678-1234-1234-1234-123456789012\n",
            targets: Compiler(PIPELINE),
        }
        /// The number of the AWS account that the pipeline and the repositories of images are in. Environments whose
        /// `account` is another one are deployed through a role of theirs.
        account: Option<At<AccountNumber>> {
            default: "the account that the templates are deployed to, and every environment with it",
            example: "x-tranship:\n  pipeline: { account: \"123456789012\" }\n",
            targets: Compiler(PIPELINE),
        }
        /// The region that the pipeline is in. CodePipeline deploys environments whose `region` is another one from
        /// a bucket of artifacts there.
        region: Option<At<RegionName>> {
            default: "the region of the environments, otherwise the region that the templates are deployed to",
            example: "x-tranship:\n  pipeline: { region: eu-central-1 }\n",
            targets: Compiler(PIPELINE),
        }
        /// How many releases of each image are kept.
        releases: Option<At<WholeNumber<1, 10000>>> {
            default: "`50`",
            example: "x-tranship:\n  pipeline: { releases: 20 }\n",
            targets: Compiler(PIPELINE),
        }
        /// Who hears of a run that failed and of a deployment that waits for approval: a mail address, or the ARN of
        /// an SNS topic.
        notify: Option<At<NotificationTarget>> {
            default: "nobody",
            example: "x-tranship:\n  pipeline: { notify: team@example.org }\n",
            targets: Compiler(PIPELINE),
        }
        /// The archive with the `tranship` that the build runs: the address of a release for Linux. Its checksum is at
        /// the same address with `.sha256` after it.
        tranship: Option<At<ArchiveAddress>> {
            default: "a parameter of the template, or the variable `TRANSHIP_ARCHIVE` of the repository on GitHub",
            example: "x-tranship:\n  pipeline: { tranship: \"https://downloads.example.org/tranship-x86_64-unknown-linux-gnu.tar.gz\" }\n",
            targets: Compiler(PIPELINE),
        }
    }
}

/// What a pipeline needs to know of a manifest beside its compiled environments.
#[derive(Debug, Clone, Default)]
pub struct DeliverySummary {
    /// The project's name.
    pub project: String,
    /// What the manifest says of the pipeline.
    pub pipeline: PipelineSettings,
    /// The environments, in the order of the manifest.
    pub environments: Vec<EnvironmentSummary>,
    /// The services that test, in the order of the manifest.
    pub tests: Vec<TestService>,
    /// Images that Docker Compose builds and pushes, since their names hold a late-bound variable.
    pub composed: Vec<ComposedImage>,
    /// The late-bound variables.
    pub late_bound: Vec<String>,
}

/// An image with a name of its own in a registry, which `docker compose build` and `push` make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComposedImage {
    /// The first service that builds it.
    pub service: String,
    /// Its name, with `${NAME}` for each late-bound variable.
    pub name: String,
}

/// A service that tests the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestService {
    /// Its name.
    pub name: String,
    /// The environments that do not skip it.
    pub deployed_in: Vec<String>,
    /// Where it says so.
    pub origin: Origin,
}
