//! Makes one image: builds it, adds its files, and pushes it unless the registry has it.
//!
//! In: an [`ImageRecipe`]. Out: a [`PublishedImage`]. Invariant: the tag is named after everything that the image is
//! made from, so what is unchanged is found by its tag before anything is built, read or sent.

use super::image_builder::{BuildJob, ImageBuilder};
use super::image_record::PublishedImage;
use super::image_source::{ImageSource, WantedPlatforms};
use super::image_writer::{ImageCopy, ImageWriter};
use super::local_layout::LocalLayout;
use super::registry_access::RegistryAccess;
use super::registry_client::{RepositoryName, StoredManifest};
use super::{PublishRequest, build_context, late_values};
use crate::deploy::{DeployFailure, DeployProgress};
use camino::Utf8Path;
use tokio::sync::OnceCell;
use tranship_facts::ImageReference;
use tranship_images::{BaseImage, BuildRequest, ContentDigest, DigestWriter, ImageRecipe, ManifestPlatform};

/// Hexadecimal digits of a digest in a tag.
const TAG_DIGITS: usize = 20;

/// How the reference of an image layout on this machine begins.
const LAYOUT: &str = "oci:";

/// Makes the images of one run.
pub(super) struct ImagePublisher<'a> {
    /// What is asked for.
    pub(super) request: &'a PublishRequest<'a>,
    /// The registries.
    pub(super) access: &'a RegistryAccess<'a>,
    /// The builder, looked for when it is first needed.
    pub(super) builder: OnceCell<ImageBuilder>,
    /// The commands of a dry run.
    pub(super) commands: Vec<String>,
}

/// An image that exists somewhere.
pub(super) struct FoundImage {
    /// Where its parts are.
    pub(super) source: ImageSource,
    /// Its manifest or index.
    pub(super) root: StoredManifest,
    /// What it is called.
    pub(super) shown: String,
}

/// An image in the target repository.
struct PushedImage {
    digest: ContentDigest,
    tag: String,
    pushed: bool,
}

impl ImagePublisher<'_> {
    /// Makes an image; none in a dry run where its digest is not known yet.
    pub(super) async fn publish(
        &mut self,
        recipe: &ImageRecipe,
        progress: &mut dyn DeployProgress,
    ) -> Result<Option<PublishedImage>, DeployFailure> {
        let request = self.request;
        let given = request.options.images.get(&recipe.name).map(String::as_str);
        if let (None, Some(reference)) = (&recipe.layer, given.filter(|it| !it.starts_with(LAYOUT))) {
            return self.named(recipe, reference).await.map(Some);
        }
        let mut repository = request.target.repository(request.project, &recipe.name, self.access).await?;
        if repository.missing && request.options.dry_run {
            self.commands.extend(repository.commands());
        } else if repository.missing && request.options.create_repositories {
            repository.create(request.project, self.access, progress).await?;
        } else if repository.missing {
            return Err(DeployFailure::usage(format!("the repository {} does not exist", repository.name))
                .help("create it with `--create-repositories`, or by the commands that `publish --dry-run` prints"));
        }
        let client = self.access.client(&repository.name.host).await?;
        let writer = ImageWriter { client, repository: repository.name };
        let base = match &recipe.base {
            BaseImage::Named(reference) => Ok(given.unwrap_or(reference)),
            BaseImage::Built(build) => given.ok_or(build),
        };
        let (pushed, from) = match base {
            Ok(reference) => {
                let reference = self.pinned(&late_values(reference, &request.variables)?);
                let found = find(self.access, &reference, request.directory).await?;
                let from = match found.shown.contains('@') {
                    true => found.shown.clone(),
                    false => format!("{}@{}", found.shown, found.root.digest),
                };
                (self.derive(recipe, &found, &writer, progress).await?, from)
            }
            Err(build) => {
                let from =
                    format!("build of {}", if build.context.is_empty() { "." } else { &build.context });
                let built = self.build(recipe, build, &writer, progress).await?;
                let pushed = match (built, &recipe.layer) {
                    (Some(built), Some(_)) => {
                        let found = self.pushed_base(&built, &writer).await?;
                        self.derive(recipe, &found, &writer, progress).await?
                    }
                    (built, _) => built,
                };
                (pushed, from)
            }
        };
        let Some(pushed) = pushed else { return Ok(None) };
        let tag = self.add_tag(&pushed, &writer, progress).await?;
        Ok(Some(PublishedImage {
            name: recipe.name.clone(),
            parameter: recipe.parameter.clone(),
            reference: format!("{}@{}", writer.repository, pushed.digest),
            tag: Some(tag),
            from: Some(from),
            services: recipe.services.clone(),
            pushed: pushed.pushed,
        }))
    }

    /// An image that is used as it is, by its digest.
    async fn named(&self, recipe: &ImageRecipe, reference: &str) -> Result<PublishedImage, DeployFailure> {
        let (repository, digest) = resolve(self.access, reference).await?;
        Ok(PublishedImage {
            name: recipe.name.clone(),
            parameter: recipe.parameter.clone(),
            reference: format!("{repository}@{digest}"),
            tag: None,
            from: Some(reference.to_owned()),
            services: recipe.services.clone(),
            pushed: false,
        })
    }

    /// Adds the files of a recipe to an image, or copies it where there are none.
    async fn derive(
        &mut self,
        recipe: &ImageRecipe,
        base: &FoundImage,
        writer: &ImageWriter,
        progress: &mut dyn DeployProgress,
    ) -> Result<Option<PushedImage>, DeployFailure> {
        let wanted = self.wanted(recipe)?;
        let mut record = DigestWriter::default();
        record.field(base.root.digest.as_str().as_bytes());
        record.field(
            match &wanted {
                WantedPlatforms::All => "all platforms".to_owned(),
                WantedPlatforms::One(platform) => platform.to_string(),
            }
            .as_bytes(),
        );
        if let Some(layer) = &recipe.layer {
            record.field(layer.digest().as_str().as_bytes());
        }
        let tag = tag(if recipe.layer.is_some() { "files" } else { "image" }, &record.finish());
        if let Some(digest) = writer.client.digest_of(&writer.repository, &tag).await? {
            return Ok(Some(PushedImage { digest, tag, pushed: false }));
        }
        let added = recipe.layer.as_ref().map_or(0, |layer| layer.entries.len());
        if self.request.options.dry_run {
            self.commands.push(format!("# {}: {} and {added} files", recipe.name, base.shown));
            self.commands.push(derive_command(recipe, &writer.repository, &tag, &self.request.artifacts));
            return Ok(None);
        }
        let images = base.source.images(&base.root, &base.shown, &wanted).await?;
        progress.message(&format!("pushing {} as {}:{tag}", recipe.name, writer.repository));
        let copy =
            ImageCopy { source: &base.source, images, layer: recipe.layer.as_ref(), shown: &base.shown };
        let digest = writer.write(copy, &tag, progress).await?;
        Ok(Some(PushedImage { digest, tag, pushed: true }))
    }

    /// Builds an image and pushes it; none in a dry run that would build it.
    async fn build(
        &mut self,
        recipe: &ImageRecipe,
        build: &BuildRequest,
        writer: &ImageWriter,
        progress: &mut dyn DeployProgress,
    ) -> Result<Option<PushedImage>, DeployFailure> {
        let request = self.request;
        if let Some((name, context)) =
            build.additional_contexts.iter().find(|(_, it)| it.starts_with("service:"))
        {
            return Err(DeployFailure::usage(format!(
                "the build of `{}` uses `{context}` as `{name}`, which only `docker compose build` understands",
                recipe.name
            ))
            .help(format!("build it there, and name the image with `--image {}=REFERENCE`", recipe.name)));
        }
        let arguments = arguments(build, request)?;
        let record = build_context::digest(build, &recipe.platform, &arguments, request.directory)?;
        let digest = record.finish();
        let contexts = [&build.context].into_iter().chain(build.additional_contexts.values());
        // What is fetched can change without a trace here: then the image itself names its tag.
        let changes = request.options.rebuild || contexts.into_iter().any(|it| build_context::is_remote(it));
        let content = tag("build", &digest);
        if !changes && let Some(digest) = writer.client.digest_of(&writer.repository, &content).await? {
            return Ok(Some(PushedImage { digest, tag: content, pushed: false }));
        }
        let local = format!("localhost/{}:{content}", writer.repository.path);
        let job = BuildJob {
            name: &recipe.name,
            build,
            platform: &recipe.platform,
            arguments: &arguments,
            project: request.directory,
            tag: &local,
            fresh: request.options.rebuild,
        };
        let builder = *self.builder.get_or_try_init(|| ImageBuilder::find(request.options.builder)).await?;
        if request.options.dry_run {
            self.commands.push(format!("# {}: {}", recipe.name, build.context));
            self.commands.push(builder.build_command(&job, request.world).to_string());
            let remote = format!("{}:{content}", writer.repository);
            self.commands.push(format!("{} tag {local} {remote}", builder.name()));
            self.commands.push(format!("{} push {remote}", builder.name()));
            if recipe.layer.is_some() {
                self.commands.push(derive_command(recipe, &writer.repository, "TAG", &request.artifacts));
            }
            return Ok(None);
        }
        let (_folder, layout) = builder.build(&job, request.world, progress).await?;
        let source = ImageSource::Layout(layout.clone());
        let root = layout.root(None)?;
        let wanted = WantedPlatforms::One(platform(recipe)?);
        let images = source.images(&root, &recipe.name, &wanted).await?;
        let tag = match images.first() {
            Some(image) if changes => format!("{content}-{}", image.config.digest.short()),
            _ => content,
        };
        if let Some(digest) = writer.client.digest_of(&writer.repository, &tag).await? {
            return Ok(Some(PushedImage { digest, tag, pushed: false }));
        }
        progress.message(&format!("pushing {} as {}:{tag}", recipe.name, writer.repository));
        let copy = ImageCopy { source: &source, images, layer: None, shown: &recipe.name };
        let digest = writer.write(copy, &tag, progress).await?;
        Ok(Some(PushedImage { digest, tag, pushed: true }))
    }

    /// What was built, as the base of what is derived from it.
    async fn pushed_base(
        &self,
        built: &PushedImage,
        writer: &ImageWriter,
    ) -> Result<FoundImage, DeployFailure> {
        let (client, repository) = (writer.client.clone(), writer.repository.clone());
        let root = client.manifest(&repository, built.digest.as_str()).await?;
        let shown = format!("{repository}:{}", built.tag);
        let root = root.ok_or_else(|| missing(&shown))?;
        Ok(FoundImage { source: ImageSource::Registry { client, repository }, root, shown })
    }

    /// The tag that was asked for, beside the one that names the content.
    async fn add_tag(
        &mut self,
        image: &PushedImage,
        writer: &ImageWriter,
        progress: &mut dyn DeployProgress,
    ) -> Result<String, DeployFailure> {
        let Some(tag) = &self.request.options.tag else { return Ok(image.tag.clone()) };
        if writer.client.digest_of(&writer.repository, tag).await?.as_ref() == Some(&image.digest) {
            return Ok(tag.clone());
        }
        let shown = format!("{}:{tag}", writer.repository);
        if self.request.options.dry_run {
            self.commands.push(format!("# tag {}@{} as {tag}", writer.repository, image.digest));
            return Ok(tag.clone());
        }
        progress.message(&format!("tagging {shown}"));
        let stored = writer.client.manifest(&writer.repository, image.digest.as_str()).await?;
        let stored = stored.ok_or_else(|| missing(&shown))?;
        writer.client.put_manifest(&writer.repository, tag, &stored.bytes).await?;
        Ok(tag.clone())
    }

    /// The reference with the digest that the lock file has for it.
    fn pinned(&self, reference: &str) -> String {
        match self.request.pins.get(reference) {
            Some(digest) => format!("{reference}@{digest}"),
            None => reference.to_owned(),
        }
    }

    fn wanted(&self, recipe: &ImageRecipe) -> Result<WantedPlatforms, DeployFailure> {
        match self.request.options.all_platforms {
            true => Ok(WantedPlatforms::All),
            false => platform(recipe).map(WantedPlatforms::One),
        }
    }
}

/// An image by its reference, or in a directory below the project's.
pub(super) async fn find(
    access: &RegistryAccess<'_>,
    reference: &str,
    directory: &Utf8Path,
) -> Result<FoundImage, DeployFailure> {
    if let Some(place) = reference.strip_prefix(LAYOUT) {
        let (place, tag) = match place.rsplit_once(':') {
            Some((place, tag)) if !tag.contains('/') => (place, Some(tag)),
            _ => (place, None),
        };
        let layout = LocalLayout::new(&directory.join(Utf8Path::new(place)));
        let root = layout.root(tag)?;
        return Ok(FoundImage { source: ImageSource::Layout(layout), root, shown: reference.to_owned() });
    }
    let (repository, wanted) = parsed(reference)?;
    let client = access.client(&repository.host).await?;
    let root = client.manifest(&repository, &wanted).await?.ok_or_else(|| missing(reference))?;
    let source = ImageSource::Registry { client, repository };
    Ok(FoundImage { source, root, shown: reference.to_owned() })
}

/// The repository and the digest that a reference has now.
pub(super) async fn resolve(
    access: &RegistryAccess<'_>,
    reference: &str,
) -> Result<(RepositoryName, ContentDigest), DeployFailure> {
    let (repository, wanted) = parsed(reference)?;
    if let Some(digest) = ContentDigest::parse(&wanted) {
        return Ok((repository, digest));
    }
    let client = access.client(&repository.host).await?;
    let digest = client.digest_of(&repository, &wanted).await?;
    Ok((repository, digest.ok_or_else(|| missing(reference))?))
}

/// The repository of a reference, and its digest or tag.
fn parsed(reference: &str) -> Result<(RepositoryName, String), DeployFailure> {
    if !ImageReference::is_valid(reference) {
        return Err(DeployFailure::usage(format!("`{reference}` is not a valid image reference")));
    }
    let ImageReference { registry, repository, tag, digest } = ImageReference::parse(reference);
    let wanted = digest.or(tag).unwrap_or("latest").to_owned();
    Ok((RepositoryName::of(registry, repository), wanted))
}

fn missing(reference: &str) -> DeployFailure {
    DeployFailure::failed(format!("there is no image {reference}"))
        .help("check the name and the tag; a private repository can look like a missing one without a login")
}

fn platform(recipe: &ImageRecipe) -> Result<ManifestPlatform, DeployFailure> {
    let invalid =
        || DeployFailure::failed(format!("`{}` of {} is no platform", recipe.platform, recipe.name));
    ManifestPlatform::parse(&recipe.platform).ok_or_else(invalid)
}

/// `files-` and digits.
fn tag(kind: &str, digest: &ContentDigest) -> String {
    format!("{kind}-{}", digest.hex().get(..TAG_DIGITS).unwrap_or_default())
}

/// What does by hand what `publish` does for a derived image.
fn derive_command(
    recipe: &ImageRecipe,
    repository: &RepositoryName,
    tag: &str,
    artifacts: &Utf8Path,
) -> String {
    let folder = artifacts.join("images").join(&recipe.name);
    format!("docker buildx build --platform {} --tag {repository}:{tag} --push {folder}", recipe.platform)
}

/// Build arguments with their values; one without a value that the shell has none for is left out, as by Docker.
fn arguments(
    build: &BuildRequest,
    request: &PublishRequest<'_>,
) -> Result<Vec<(String, String)>, DeployFailure> {
    let mut found = Vec::new();
    for (name, value) in &build.args {
        let value = match value {
            Some(value) => Some(late_values(value, &request.variables)?),
            None => request.world.variable(name),
        };
        found.extend(value.map(|value| (name.clone(), value)));
    }
    Ok(found)
}
