//! What `deploy` and `diff` share: the flags that make a deployment, and the compile with its images and values.
//!
//! In: the flags. Out: a compile and the options of its deployment. Invariant: `diff` sees what `deploy` would deploy.

use super::deployment::{AwsOptions, SecretFile, TerminalProgress, read_secrets, secret_file};
use super::lock::{OtherImages, renew};
use super::publication::ImageFlags;
use super::{CommandContext, ExitStatus, MessageFormat, VariableOptions};
use crate::compile::{CompileOutcome, CompileRequest, compile_pinned};
use crate::deploy::{DeployOptions, DeployValues};
use crate::operation::plan_file::SavedPlan;
use crate::publish::{IMAGES_FILE, read_digests};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::EnvironmentChoice;
use tranship_frontend::world::World;
use tranship_images::ImageRecipe;

/// The flags that make a deployment.
#[derive(Debug, clap::Args)]
pub(super) struct DeployInputs {
    /// An environment of the manifest
    #[arg(value_name = "ENV")]
    pub(super) environment: String,
    #[command(flatten)]
    set: VariableOptions,
    /// Set a template parameter
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = super::args::assignment)]
    parameters: Vec<(String, String)>,
    /// A parameter file such as the parameters.json that `build` writes; --parameter takes precedence
    #[arg(long, value_name = "FILE")]
    parameter_file: Option<Utf8PathBuf>,
    /// Read a secret's value from a file; secrets not given keep their current value
    #[arg(long = "secret", value_name = "NAME=@FILE", value_parser = secret_file)]
    secrets: Vec<SecretFile>,
    /// Take over a stack or an environment that another project, another repository or no project has marked as its own
    #[arg(long)]
    adopt: bool,
}

/// What to do about images.
#[derive(Debug, Clone, Copy)]
pub(super) enum DigestSource<'a> {
    /// Publish them.
    Published(&'a ImageFlags),
    /// Only look up the digests of floating images; the others are those that were published last.
    Looked,
    /// Ask no registry.
    Recorded,
}

/// The format of an AWS CodePipeline template configuration file.
#[derive(serde::Deserialize)]
struct ParameterFile {
    #[serde(rename = "Parameters")]
    parameters: BTreeMap<String, String>,
}

/// The values that `publish` wrote for an environment.
fn recorded(environment: &str, world: &dyn World) -> BTreeMap<String, String> {
    let file = Utf8Path::new("dist").join(environment).join(IMAGES_FILE);
    let read = |bytes: Vec<u8>| serde_json::from_slice::<ParameterFile>(&bytes).ok();
    world.read(&file).ok().and_then(read).map(|file| file.parameters).unwrap_or_default()
}

impl DeployInputs {
    /// Collects the values given by flags.
    fn values(&self, world: &dyn World, values: &mut DeployValues) -> Result<(), String> {
        if let Some(file) = &self.parameter_file {
            let bytes = world.read(file).map_err(|error| format!("cannot read {file}: {error}"))?;
            // The underlying error is not printed: it may contain a value.
            let read: ParameterFile = serde_json::from_slice(&bytes).map_err(|error| {
                format!("{file}:{}: expected {{\"Parameters\": {{NAME: STRING}}}}", error.line())
            })?;
            values.parameters.extend(read.parameters);
        }
        values.parameters.extend(self.parameters.iter().cloned());
        read_secrets(&self.secrets, world, values)
    }

    /// Compiles again with the digests that floating images have now: the same tag with new content is deployed, too.
    fn pin(
        &self,
        outcome: &mut CompileOutcome,
        profile: Option<&str>,
        context: &mut CommandContext<'_>,
    ) -> Result<(), ExitStatus> {
        let floating: BTreeSet<String> = outcome.floating_images().map(|(name, _)| name.to_owned()).collect();
        let region = outcome.compiled.as_ref().and_then(|compiled| compiled.deployment.region());
        if floating.is_empty() {
            return Ok(());
        }
        let world = context.world;
        let digests = read_digests(&floating, region, profile, world, &mut TerminalProgress(context.shell));
        let pins = digests.map_err(|failure| context.fail(&failure))?;
        if pins.is_empty() {
            return Ok(());
        }
        let choice = EnvironmentChoice::Environment(self.environment.clone());
        let request = CompileRequest { options: context.options(&self.set), choice };
        *outcome = compile_pinned(&request, &pins, context.world);
        match outcome.compiled {
            Some(_) => Ok(()),
            None => {
                Err(context.report_outcomes(MessageFormat::Human, "compiled", std::slice::from_ref(outcome)))
            }
        }
    }

    /// The references of the images: published now, or by an earlier run. A parameter set by a flag stays as it is.
    fn images(
        source: DigestSource<'_>,
        outcome: &mut CompileOutcome,
        values: &mut DeployValues,
        profile: Option<&str>,
        context: &mut CommandContext<'_>,
    ) -> Result<(), ExitStatus> {
        let Some(compiled) = &mut outcome.compiled else { return Err(ExitStatus::Failed) };
        let given = |recipe: &ImageRecipe| {
            recipe.parameter.as_ref().is_some_and(|name| values.parameters.contains_key(name))
        };
        compiled.images.retain(|recipe| !given(recipe));
        let wanted: BTreeSet<String> =
            compiled.images.iter().filter_map(|recipe| recipe.parameter.clone()).collect();
        let found: BTreeMap<String, String> = match source {
            DigestSource::Looked | DigestSource::Recorded => recorded(&outcome.name, context.world),
            DigestSource::Published(flags) => {
                let options = flags.options(profile.map(str::to_owned), false);
                let published = flags.publish(outcome, options, context)?;
                let images = published.images.into_iter();
                images.filter_map(|image| Some((image.parameter?, image.reference))).collect()
            }
        };
        values.parameters.extend(found.into_iter().filter(|(name, _)| wanted.contains(name)));
        Ok(())
    }

    /// Compiles with the images and values of a deployment. Parameters that a plan has are those of the plan.
    ///
    /// # Errors
    /// The reason has been reported.
    pub(super) fn prepare(
        &self,
        aws: &AwsOptions,
        source: DigestSource<'_>,
        plan: Option<SavedPlan>,
        context: &mut CommandContext<'_>,
    ) -> Result<(CompileOutcome, DeployOptions), ExitStatus> {
        let profile = aws.aws_profile.as_deref();
        let mut outcome = context.compile(&self.environment, &self.set, "compiled")?;
        if let DigestSource::Published(flags) = source
            && flags.renew_lock
        {
            renew(std::slice::from_ref(&outcome), OtherImages::Keep, profile, context)?;
            outcome = context.compile(&self.environment, &self.set, "compiled")?;
        }
        if !matches!(source, DigestSource::Recorded) {
            self.pin(&mut outcome, profile, context)?;
        }
        let mut options = aws.options(false, context.mark(&outcome), context.shell);
        options.adopt = self.adopt;
        if let Some(project) = &outcome.project {
            options.variables.clone_from(&project.variables);
            options.sources.clone_from(&project.sources);
        }
        if let Some(plan) = &plan {
            options.values.parameters.extend(plan.parameters.clone());
        }
        if let Err(error) = self.values(context.world, &mut options.values) {
            context.shell.error(&error);
            return Err(ExitStatus::Refused);
        }
        let source = if plan.is_some() { DigestSource::Recorded } else { source };
        Self::images(source, &mut outcome, &mut options.values, profile, context)?;
        options.plan = plan;
        Ok((outcome, options))
    }
}
