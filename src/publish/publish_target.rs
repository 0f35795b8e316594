//! Where images are pushed to: Amazon ECR of the deployment's account, or another registry.
//!
//! In: a registry's name, or none for Amazon ECR. Out: the repository of an image. Invariant: a repository is created
//! only when asked for; one that exists keeps its settings. Sources: Amazon ECR API reference, `CreateRepository`,
//! `PutLifecyclePolicy`; Amazon ECR User Guide, "Lifecycle policies".

use super::image_builder::quoted;
use super::registry_access::RegistryAccess;
use super::registry_client::RepositoryName;
use crate::deploy::{DeployFailure, DeployProgress, sdk_failure};
use aws_sdk_ecr::types::{ImageScanningConfiguration, ImageTagMutability, Tag};
use tranship_facts::ImageReference;
use tranship_images::repository_path;

/// Letters of a repository's name in Amazon ECR (`CreateRepository`).
const LONGEST_NAME: usize = 256;

/// Days after which an image goes that no tag names: what a push left that was interrupted. What has a tag stays, since
/// it may be deployed somewhere.
const LIFECYCLE: &str = r#"{"rules":[{"rulePriority":1,"description":"Images without a tag","selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}"#;

/// A registry to push to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishTarget {
    /// Amazon ECR of the account and region that the deployment uses.
    Ecr,
    /// Another registry, with a path that all repositories begin with.
    Registry(String),
}

/// The repository of an image, and what must be done first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PublishRepository {
    /// The repository.
    pub(super) name: RepositoryName,
    /// Whether it is yet to be created, in Amazon ECR.
    pub(super) missing: bool,
}

impl PublishTarget {
    /// The repository of an image of a project.
    pub(super) async fn repository(
        &self,
        project: &str,
        image: &str,
        access: &RegistryAccess<'_>,
    ) -> Result<PublishRepository, DeployFailure> {
        let path = repository_path(project, image);
        match self {
            PublishTarget::Registry(prefix) => {
                let reference = format!("{}/{path}", prefix.trim_end_matches('/'));
                let parsed = ImageReference::parse(&reference);
                let name = RepositoryName::of(parsed.registry, parsed.repository);
                Ok(PublishRepository { name, missing: false })
            }
            PublishTarget::Ecr => in_ecr(&path, access).await,
        }
    }
}

async fn in_ecr(path: &str, access: &RegistryAccess<'_>) -> Result<PublishRepository, DeployFailure> {
    if path.len() > LONGEST_NAME {
        return Err(DeployFailure::usage(format!("`{path}` is too long for a repository name")));
    }
    let session = access.session().await?;
    let found = session.ecr(None).describe_repositories().repository_names(path).send().await;
    let uri = match found {
        Ok(found) => found.repositories().first().and_then(|it| it.repository_uri().map(str::to_owned)),
        Err(error) if error.as_service_error().is_some_and(|it| it.is_repository_not_found_exception()) => {
            None
        }
        Err(error) => return Err(sdk_failure(&format!("look up the repository {path}"), error)),
    };
    let missing = uri.is_none();
    let uri = uri.unwrap_or_else(|| {
        format!("{}.dkr.ecr.{}.{}/{path}", session.account, session.region, session.domain())
    });
    let reference = ImageReference::parse(&uri);
    Ok(PublishRepository { name: RepositoryName::of(reference.registry, reference.repository), missing })
}

impl PublishRepository {
    /// The commands that create it, for those who do it themselves.
    pub(super) fn commands(&self) -> Vec<String> {
        let name = quoted(&self.name.path);
        vec![
            format!(
                "aws ecr create-repository --repository-name {name} --image-tag-mutability IMMUTABLE --image-scanning-configuration scanOnPush=true"
            ),
            format!(
                "aws ecr put-lifecycle-policy --repository-name {name} --lifecycle-policy-text {}",
                quoted(LIFECYCLE)
            ),
        ]
    }

    /// Creates it: tags that never change, a scan of what is pushed, and an end for what no tag names. Its address is the
    /// one that AWS answers.
    pub(super) async fn create(
        &mut self,
        project: &str,
        access: &RegistryAccess<'_>,
        progress: &mut dyn DeployProgress,
    ) -> Result<(), DeployFailure> {
        let path = self.name.path.clone();
        let (session, path) = (access.session().await?, path.as_str());
        let ecr = session.ecr(None);
        progress.message(&format!("creating the repository {path}"));
        let mark = Tag::builder().key("tranship:project").value(project).build();
        let mark = mark.map_err(|error| DeployFailure::failed(error.to_string()))?;
        let created = ecr
            .create_repository()
            .repository_name(path)
            .image_tag_mutability(ImageTagMutability::Immutable)
            .image_scanning_configuration(ImageScanningConfiguration::builder().scan_on_push(true).build())
            .tags(mark)
            .send()
            .await;
        match created {
            Ok(created) => {
                if let Some(uri) = created.repository().and_then(|made| made.repository_uri()) {
                    let reference = ImageReference::parse(uri);
                    self.name = RepositoryName::of(reference.registry, reference.repository);
                }
            }
            // Another run was faster.
            Err(error)
                if error.as_service_error().is_some_and(|it| it.is_repository_already_exists_exception()) =>
            {
                return Ok(());
            }
            Err(error) => return Err(sdk_failure(&format!("create the repository {path}"), error)),
        }
        let policy = ecr.put_lifecycle_policy().repository_name(path).lifecycle_policy_text(LIFECYCLE);
        let put = policy.send().await;
        put.map(drop).map_err(|error| sdk_failure(&format!("set the lifecycle policy of {path}"), error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_repository_is_made_by_two_commands() {
        let name = RepositoryName::of(Some("1.dkr.ecr.eu-west-1.amazonaws.com"), "shelf/web");
        let commands = PublishRepository { name, missing: true }.commands();
        assert_eq!(
            commands[0],
            "aws ecr create-repository --repository-name shelf/web --image-tag-mutability IMMUTABLE --image-scanning-configuration scanOnPush=true"
        );
        let policy = "aws ecr put-lifecycle-policy --repository-name shelf/web --lifecycle-policy-text '{";
        assert!(commands[1].starts_with(policy), "{}", commands[1]);
    }

    #[test]
    fn the_lifecycle_policy_is_json() {
        let policy: serde_json::Value = serde_json::from_str(LIFECYCLE).unwrap();
        assert_eq!(policy["rules"][0]["selection"]["tagStatus"], "untagged");
    }
}
