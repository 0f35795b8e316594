//! Publishes images: builds what is built, adds the files to what is derived, and pushes what a registry lacks.
//!
//! In: the recipes of a compile. Out: references by digest. Invariants: nothing is printed here, only reported to a
//! [`DeployProgress`]; passwords and tokens are sent to the registry that asks for them and shown nowhere; a run that
//! is interrupted leaves repositories usable, and the next one continues.
//!
//! The distribution protocol is spoken here, over the HTTP client that the AWS SDK brings: the crate `oci-client` would
//! add 35 crates and a second HTTP client, puts the addresses of signed downloads into its errors, and asks token
//! services over whatever connection a registry names.

mod build_context;
mod credentials;
mod docker_archive;
mod http;
mod image_builder;
mod image_publisher;
mod image_record;
mod image_source;
mod image_writer;
mod local_layout;
mod lock_reader;
mod publish_target;
mod refusal;
mod registry_access;
mod registry_client;
mod registry_tokens;

pub use self::image_builder::BuilderKind;
pub use self::image_record::{IMAGES_FILE, PublishedImage, fill_parameters, image_record};
pub use self::publish_target::PublishTarget;

use self::image_publisher::ImagePublisher;
use self::registry_access::RegistryAccess;
use crate::deploy::{DeployFailure, DeployProgress, FailureKind, until_interrupted};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::OnceCell;
use tranship_frontend::world::World;
use tranship_images::{ContentDigest, ImageLock, ImageRecipe, ManifestPlatform};

/// Options given by the user.
#[derive(Debug, Clone, Default)]
pub struct PublishOptions {
    /// The profile in the AWS configuration, instead of AWS_PROFILE.
    pub profile: Option<String>,
    /// The account whose registry is pushed to, where it is not the environment's.
    pub account: Option<String>,
    /// Whether missing repositories of Amazon ECR are created.
    pub create_repositories: bool,
    /// A tag for every image, beside the one that names its content.
    pub tag: Option<String>,
    /// Images made elsewhere, by the names of recipes.
    pub images: BTreeMap<String, String>,
    /// The builder; the first that works where none is given.
    pub builder: Option<BuilderKind>,
    /// Whether files are added to the images of every platform.
    pub all_platforms: bool,
    /// Whether everything is built anew, base images included.
    pub rebuild: bool,
    /// Whether commands are printed and nothing is changed.
    pub dry_run: bool,
}

/// What is to be published.
#[derive(Debug)]
pub struct PublishRequest<'a> {
    /// The project's name, which repositories begin with.
    pub project: &'a str,
    /// The project's directory.
    pub directory: &'a Utf8Path,
    /// The directory of the artifacts, for the commands of a dry run.
    pub artifacts: Utf8PathBuf,
    /// The images.
    pub recipes: &'a [ImageRecipe],
    /// The region of the deployment, where the environment names one.
    pub region: Option<&'a str>,
    /// Where to push to.
    pub target: PublishTarget,
    /// The values of late-bound variables.
    pub variables: BTreeMap<String, String>,
    /// The digests that the lock file has for references.
    pub pins: BTreeMap<String, ContentDigest>,
    /// Files and environment variables.
    pub world: &'a dyn World,
    /// What the user asks for.
    pub options: PublishOptions,
}

/// What was published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublishOutcome {
    /// The images, in the order of the recipes. A dry run leaves out what does not exist yet.
    pub images: Vec<PublishedImage>,
    /// The commands of a dry run.
    pub commands: Vec<String>,
}

/// Publishes.
///
/// # Errors
/// See [`FailureKind`].
pub fn publish(
    request: &PublishRequest<'_>,
    progress: &mut dyn DeployProgress,
) -> Result<PublishOutcome, DeployFailure> {
    if let Some(name) =
        request.options.images.keys().find(|name| !request.recipes.iter().any(|it| it.name == **name))
    {
        let known: Vec<&str> = request.recipes.iter().map(|it| it.name.as_str()).collect();
        return Err(DeployFailure::usage(format!("unknown image in `--image {name}=`"))
            .help(format!("known images: {}", known.join(", "))));
    }
    let interrupted = || {
        DeployFailure::new(FailureKind::Interrupted, "interrupted; pushed images are kept")
            .help("run the same command again to continue")
    };
    until_interrupted(run(request, progress), interrupted)
}

async fn run(
    request: &PublishRequest<'_>,
    progress: &mut dyn DeployProgress,
) -> Result<PublishOutcome, DeployFailure> {
    let access = RegistryAccess::new(request.world, request.region, request.options.profile.as_deref());
    if request.target == PublishTarget::Ecr && !request.recipes.is_empty() {
        progress.banner(&access.session().await?.banner(format!("images of {}", request.project)));
    }
    let mut publisher =
        ImagePublisher { request, access: &access, builder: OnceCell::new(), commands: Vec::new() };
    let mut images = Vec::new();
    for recipe in request.recipes {
        let image = publisher.publish(recipe, progress).await?;
        if let Some(image) = &image
            && !image.pushed
        {
            progress.message(&format!("{} is unchanged: {}", image.name, image.reference));
        }
        images.extend(image);
    }
    Ok(PublishOutcome { images, commands: publisher.commands })
}

/// What a lock file is made for.
#[derive(Debug)]
pub struct LockRequest<'a> {
    /// References, each with the platform that it is used for.
    pub references: BTreeMap<String, ManifestPlatform>,
    /// The region of the deployment, where the environment names one.
    pub region: Option<&'a str>,
    /// The profile in the AWS configuration, instead of AWS_PROFILE.
    pub profile: Option<&'a str>,
    /// Files and environment variables.
    pub world: &'a dyn World,
}

/// Reads what only images know.
///
/// # Errors
/// See [`FailureKind`].
pub fn read_lock(
    request: &LockRequest<'_>,
    progress: &mut dyn DeployProgress,
) -> Result<ImageLock, DeployFailure> {
    let interrupted = || DeployFailure::new(FailureKind::Interrupted, "interrupted; nothing was written");
    until_interrupted(
        async {
            let access = RegistryAccess::new(request.world, request.region, request.profile);
            let mut lock = ImageLock::default();
            for (reference, platform) in &request.references {
                let image = lock_reader::read(&access, reference, platform, progress).await?;
                lock.images.insert(reference.clone(), image);
            }
            Ok(lock)
        },
        interrupted,
    )
}

/// Looks up the digests that references have now. One that cannot be looked up is left out, with a warning.
///
/// # Errors
/// An interruption.
pub fn read_digests(
    references: &BTreeSet<String>,
    region: Option<&str>,
    profile: Option<&str>,
    world: &dyn World,
    progress: &mut dyn DeployProgress,
) -> Result<BTreeMap<String, ContentDigest>, DeployFailure> {
    let interrupted = || DeployFailure::new(FailureKind::Interrupted, "interrupted; nothing was changed");
    until_interrupted(
        async {
            let access = RegistryAccess::new(world, region, profile);
            let mut digests = BTreeMap::new();
            for reference in references {
                match image_publisher::resolve(&access, reference).await {
                    Ok((_, digest)) => {
                        digests.insert(reference.clone(), digest);
                    }
                    Err(failure) => progress.warn(&format!(
                        "{reference} is deployed by its name, not by digest: {}",
                        failure.message
                    )),
                }
            }
            Ok(digests)
        },
        interrupted,
    )
}

/// A text with its late-bound variables, `${NAME}`, replaced by their values.
fn late_values(text: &str, values: &BTreeMap<String, String>) -> Result<String, DeployFailure> {
    let (mut whole, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, left)) = after.split_once('}') else { break };
        let Some(value) = values.get(name) else {
            return Err(DeployFailure::usage(format!("`{name}` has no value, and an image needs it"))
                .help(format!("set it with `--set {name}=VALUE`")));
        };
        whole.push_str(before);
        whole.push_str(value);
        rest = left;
    }
    Ok(whole + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_values_take_their_place() {
        let values: BTreeMap<String, String> = [("TAG".to_owned(), "1.2".to_owned())].into();
        assert_eq!(late_values("acme/web:${TAG}-x", &values).unwrap(), "acme/web:1.2-x");
        assert_eq!(late_values("nginx", &values).unwrap(), "nginx");
        assert_eq!(late_values("a${", &values).unwrap(), "a${");
        let failure = late_values("a:${OTHER}", &values).unwrap_err();
        assert_eq!(failure.help, ["set it with `--set OTHER=VALUE`"]);
    }
}
