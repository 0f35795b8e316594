//! `tranship lock`: reads what only images know into `tranship.lock`, which compiling uses.

use super::deployment::TerminalProgress;
use super::selection::{CompileOptions, DefaultSelection};
use super::{CommandContext, ExitStatus};
use crate::compile::CompileOutcome;
use crate::publish::{LockRequest, read_lock};
use camino::Utf8Path;
use std::collections::BTreeMap;
use std::io::Write;
use tranship_images::{ImageLock, LOCK_FILE, ManifestPlatform};

/// What an image is used for where the manifest does not say it.
const USUAL_PLATFORM: &str = "linux/amd64";

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct LockCommand {
    #[command(flatten)]
    compiles: CompileOptions,
    /// The profile in the AWS configuration, for images in Amazon ECR [default: AWS_PROFILE]
    #[arg(long, value_name = "NAME")]
    aws_profile: Option<String>,
}

impl LockCommand {
    /// Compiles to find the images, reads them, writes the file.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let outcomes = match self.compiles.run(DefaultSelection::Environments, context) {
            Ok(outcomes) => outcomes,
            Err(exit) => return exit,
        };
        if outcomes.iter().all(|outcome| outcome.project.is_none()) {
            return context.report_outcomes(self.compiles.format, "could not lock", &outcomes);
        }
        let others = match self.compiles.selection.is_single() {
            true => OtherImages::Keep,
            false => OtherImages::Remove,
        };
        match renew(&outcomes, others, self.aws_profile.as_deref(), context) {
            Ok(()) => ExitStatus::Done,
            Err(exit) => exit,
        }
    }
}

/// What becomes of images in the file that no compile uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OtherImages {
    /// Other environments use them.
    Keep,
    /// Nobody uses them.
    Remove,
}

/// Reads the images of compiles from their registries and writes the lock file.
///
/// # Errors
/// A registry could not be read, or the file not written; the reason has been reported.
pub(super) fn renew(
    outcomes: &[CompileOutcome],
    others: OtherImages,
    profile: Option<&str>,
    context: &mut CommandContext<'_>,
) -> Result<(), ExitStatus> {
    let Some(project) = outcomes.iter().find_map(|outcome| outcome.project.as_ref()) else {
        return Err(ExitStatus::Failed);
    };
    let request =
        LockRequest { references: references(outcomes), region: None, profile, world: context.world };
    let read = read_lock(&request, &mut TerminalProgress(context.shell));
    let mut lock = read.map_err(|failure| context.fail(&failure))?;
    let count = lock.images.len();
    let directory = context.world.current_directory().join(&project.directory);
    if others == OtherImages::Keep {
        let old = context.world.read(&directory.join(LOCK_FILE)).unwrap_or_default();
        let old = ImageLock::parse(&String::from_utf8_lossy(&old)).unwrap_or_default();
        old.images.into_iter().for_each(|(name, image)| {
            lock.images.entry(name).or_insert(image);
        });
    }
    if let Err(error) = write(&lock, &directory) {
        context.shell.error(&format!("cannot write `{LOCK_FILE}`: {error}"));
        return Err(ExitStatus::Failed);
    }
    context.shell.message(&format!("{LOCK_FILE} describes {count} images"));
    Ok(())
}

/// The images of every environment, with the platforms that they are used for.
fn references(outcomes: &[CompileOutcome]) -> BTreeMap<String, ManifestPlatform> {
    let images = outcomes.iter().filter_map(|outcome| outcome.project.as_ref()).flat_map(|it| &it.images);
    let platform = |text: &str| ManifestPlatform::parse(text);
    images
        .filter_map(|(reference, image)| {
            let wanted = image.platform.as_deref().and_then(platform).or_else(|| platform(USUAL_PLATFORM))?;
            Some((reference.clone(), wanted))
        })
        .collect()
}

/// Writes the file in one step: a run that is killed leaves the old one.
fn write(lock: &ImageLock, directory: &Utf8Path) -> std::io::Result<()> {
    let text = lock.text().map_err(std::io::Error::other)?;
    let mut file = tempfile::Builder::new().prefix(".tranship-").tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.persist(directory.join(LOCK_FILE)).map(drop).map_err(|error| error.error)
}
