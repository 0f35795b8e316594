//! What `publish` and `deploy` share: the flags about images, and publishing the images of a compile.
//!
//! In: a compiled environment. Out: its images by digest, in `images.json` and `parameters.json` of its artifacts.

use super::deployment::TerminalProgress;
use super::{CommandContext, ExitStatus};
use crate::compile::{CompileOutcome, ImagePins, ProjectSummary};
use crate::deploy::check_account;
use crate::publish::{
    BuilderKind, IMAGES_FILE, PublishOptions, PublishOutcome, PublishRequest, PublishTarget, PublishedImage,
    fill_parameters, image_record, publish,
};
use camino::Utf8PathBuf;
use tranship_images::ImageRecipe;
use tranship_targets::CompiledTarget;

/// The file of parameter values among the artifacts of a stack.
const PARAMETERS_FILE: &str = "parameters.json";

/// Flags about images.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Image options")]
pub(super) struct ImageFlags {
    /// Push to this registry and path [default: `x-tranship.registry`, otherwise Amazon ECR]
    #[arg(long, value_name = "HOST[/PATH]")]
    registry: Option<String>,
    /// Create missing repositories in Amazon ECR: immutable tags, scan on push, lifecycle policy
    #[arg(long)]
    create_repositories: bool,
    /// Also push every image under this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Use an image built elsewhere: a reference, or `oci:DIRECTORY` for an image layout on this machine
    #[arg(long = "image", value_name = "NAME=REFERENCE", value_parser = super::args::assignment)]
    images: Vec<(String, String)>,
    /// The program that builds images [default: the first that works: docker, podman, buildah]
    #[arg(long, value_enum, value_name = "PROGRAM")]
    builder: Option<BuilderKind>,
    /// Build again even if nothing changed, and pull base images again
    #[arg(long)]
    rebuild: bool,
    /// Renew tranship.lock first, as `tranship lock` does
    #[arg(long)]
    pub(super) renew_lock: bool,
    /// Add files to the images of all platforms, not only the platform of the task
    #[arg(long)]
    all_platforms: bool,
}

impl ImageFlags {
    /// As options.
    pub(super) fn options(&self, profile: Option<String>, dry_run: bool) -> PublishOptions {
        PublishOptions {
            profile,
            account: None,
            create_repositories: self.create_repositories,
            tag: self.tag.clone(),
            images: self.images.iter().cloned().collect(),
            builder: self.builder,
            all_platforms: self.all_platforms,
            rebuild: self.rebuild,
            dry_run,
        }
    }

    fn target(&self, project: &ProjectSummary) -> PublishTarget {
        match self.registry.as_ref().or(project.registry.as_ref()) {
            Some(registry) => PublishTarget::Registry(registry.clone()),
            None => PublishTarget::Ecr,
        }
    }

    /// Publishes the images of a compile.
    ///
    /// # Errors
    /// They could not be published; the reason has been reported.
    pub(super) fn publish(
        &self,
        outcome: &CompileOutcome,
        options: PublishOptions,
        context: &mut CommandContext<'_>,
    ) -> Result<PublishOutcome, ExitStatus> {
        let (Some(project), Some(compiled)) = (&outcome.project, &outcome.compiled) else {
            return Err(ExitStatus::Failed);
        };
        let recipes: Vec<ImageRecipe> = compiled.taken_images().cloned().collect();
        if recipes.is_empty() {
            return Ok(PublishOutcome::default());
        }
        let region = compiled.deployment.region();
        let target = self.target(project);
        let account = options.account.as_deref().or(compiled.deployment.account());
        // Another registry than Amazon ECR knows no account, and needs no credentials of AWS.
        if let Some(account) = account.filter(|_| !options.dry_run && target == PublishTarget::Ecr) {
            check_account(account, region, options.profile.as_deref())
                .map_err(|failure| context.fail(&failure))?;
        }
        let directory = context.world.current_directory().join(&project.directory);
        let request = PublishRequest {
            project: &project.name,
            directory: &directory,
            artifacts: Utf8PathBuf::from("dist").join(&outcome.name),
            recipes: &recipes,
            region,
            target,
            variables: project.variables.clone(),
            pins: pins(project),
            world: context.world,
            options,
        };
        publish(&request, &mut TerminalProgress(context.shell)).map_err(|failure| context.fail(&failure))
    }
}

/// The digests that the lock file has, or that were looked up for this deployment.
fn pins(project: &ProjectSummary) -> ImagePins {
    let images = project.images.iter();
    images.filter_map(|(reference, image)| Some((reference.clone(), image.pin.clone()?))).collect()
}

/// Adds the published images to the artifacts: their record, and the values of the parameters that name them.
pub(super) fn add_images(
    compiled: &mut CompiledTarget,
    images: &[PublishedImage],
    context: &mut CommandContext<'_>,
) -> Result<(), ExitStatus> {
    let mut files = vec![(IMAGES_FILE, image_record(images))];
    let written = compiled.artifacts.get(PARAMETERS_FILE).map(|file| file.bytes.clone());
    let filled = written.and_then(|bytes| fill_parameters(&bytes, images));
    files.extend(filled.map(|text| (PARAMETERS_FILE, text)));
    for (path, text) in files {
        compiled.artifacts.remove(path);
        if let Err(error) = compiled.artifacts.text(path, text) {
            context.shell.error(&error.to_string());
            return Err(ExitStatus::Failed);
        }
    }
    Ok(())
}
