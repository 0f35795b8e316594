//! Continuous delivery: from a commit to production, as files that the project keeps.
//!
//! In: the compiled environments of a manifest and what it says of its pipeline. Out: an artifact set for AWS
//! CodePipeline or for GitHub Actions. Invariants: everything is decided in `plan`, and what writes cannot fail; nothing
//! here needs a network, an account or the AWS SDK; the same manifest gives the same bytes.

mod approval;
mod artifact_store;
mod buildspec;
mod codepipeline;
mod environment_roles;
mod github_roles;
mod github_workflow;
mod image_repositories;
mod model;
mod notifications;
mod pipeline_roles;
mod plan;
mod record;
mod stack_configuration;
mod stages;
#[cfg(test)]
mod tests;

pub use self::model::ManifestFlags;
pub use self::plan::DeliveryRequest;
pub use self::record::{BuildRecord, RecordError, record};

use self::model::DeliveryPlan;
use tranship_app::PipelineProvider;
use tranship_app::rules::pipeline as rules;
use tranship_artifact::{ArtifactSet, PathError};
use tranship_cloudformation::{FnSub, LogicalId, PseudoParameter, Template};
use tranship_frontend::diagnostic::Diagnostic;

/// What was made of a pipeline.
#[derive(Debug)]
pub struct DeliveryFiles {
    /// The files for `dist/pipeline`.
    pub artifacts: ArtifactSet,
    /// The files that the provider wants in the repository itself, by their paths from its root.
    pub committed: ArtifactSet,
    /// What is yet to be done by hand, a sentence each.
    pub notes: Vec<String>,
}

/// The line that a committed file begins with: only a file that has it is ever replaced.
pub const MARK: &str = "# Written by `tranship pipeline`.";

/// Plans a pipeline and writes its files.
///
/// # Errors
/// The manifest allows no pipeline: every reason.
pub fn deliver(request: &DeliveryRequest<'_>) -> Result<DeliveryFiles, Vec<Diagnostic>> {
    let plan = plan::plan(request)?;
    let notes = plan::notes(&plan);
    let files = emit(&plan).map_err(|error| {
        vec![Diagnostic::new(&rules::ENVIRONMENT_NAME, error.to_string()).help("rename one of the two")]
    })?;
    Ok(DeliveryFiles { notes, ..files })
}

fn emit(plan: &DeliveryPlan) -> Result<DeliveryFiles, PathError> {
    let (mut artifacts, mut committed) = (ArtifactSet::new(), ArtifactSet::new());
    if !plan.repositories.is_empty() {
        artifacts.text("ecr.yaml", image_repositories::template(plan).to_yaml())?;
    }
    match plan.provider {
        PipelineProvider::CodePipeline => {
            artifacts.text("pipeline.yaml", codepipeline::template(plan).to_yaml())?;
            artifacts.text("buildspec.yml", buildspec::text(plan))?;
            for region in plan.other_regions() {
                let template = artifact_store::foreign_template(plan, region);
                artifacts.text(&format!("artifacts-{region}.yaml"), template.to_yaml())?;
            }
            for environment in plan.environments.iter().filter(|it| it.account.is_some()) {
                let template = environment_roles::foreign_template(plan, environment);
                artifacts.text(&format!("roles-{}.yaml", environment.name), template.to_yaml())?;
            }
        }
        PipelineProvider::GitHub => {
            for (account, template) in github_roles::templates(plan) {
                let name = account.map(|account| format!("-{account}")).unwrap_or_default();
                artifacts.text(&format!("github{name}.yaml"), template.to_yaml())?;
            }
            committed.text(github_workflow::PATH, github_workflow::text(plan))?;
        }
    }
    for environment in &plan.environments {
        if let Some(stack) = environment.stack() {
            artifacts
                .text(&format!("{}.json", environment.name), stack_configuration::text(environment, stack))?;
        }
    }
    Ok(DeliveryFiles { artifacts, committed, notes: Vec::new() })
}

/// A logical id of the pipeline's own. All are letters and digits; any other text gets one all the same.
fn id(text: &str) -> LogicalId {
    LogicalId::parse(text).unwrap_or_else(|| LogicalId::variable(text))
}

/// The name of a region: the stack's own where there is none.
fn region_name(region: Option<&str>) -> FnSub {
    match region {
        Some(region) => FnSub::text(region),
        None => FnSub::new().pseudo(PseudoParameter::Region),
    }
}

/// A template with its description.
fn described(plan: &DeliveryPlan, what: &str) -> Template {
    Template::new(format!("{}: {what}", plan.project))
}
