//! `tranship deploy`: compiles an environment, uploads it and deploys it.

use super::deployment::{AwsOptions, SecretFile, TerminalProgress, read_secrets, secret_file};
use super::lock::{OtherImages, renew};
use super::publication::ImageFlags;
use super::{CommandContext, ExitStatus, MessageFormat, VariableOptions};
use crate::compile::{CompileOutcome, CompileRequest, compile_pinned};
use crate::deploy::{self, DeployValues, ForcedTasks};
use crate::publish::{IMAGES_FILE, read_digests};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::EnvironmentChoice;
use tranship_frontend::world::World;
use tranship_images::ImageRecipe;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct DeployCommand {
    /// An environment of the manifest
    #[arg(value_name = "ENV")]
    environment: String,
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
    /// Allow this resource to be replaced or removed although it keeps data
    #[arg(long, value_name = "NAME")]
    allow_replacement: Vec<String>,
    /// Take over a stack or an environment that another project, another repository or no project has marked as its own
    #[arg(long)]
    adopt: bool,
    /// Attach the file systems again that `down` kept, where the stack is created anew
    #[arg(long)]
    reattach: bool,
    /// Deploy without asking for confirmation
    #[arg(short, long)]
    yes: bool,
    /// Start new tasks of every service (on Elastic Beanstalk, deploy the version again) even if nothing changed
    #[arg(long)]
    force: bool,
    /// With --force: start new tasks of this service only; may be repeated
    #[arg(long = "service", value_name = "NAME", requires = "force")]
    services: Vec<String>,
    /// Do not contact registries: use the images of the manifest and of `dist/ENV/images.json`, which `publish` wrote
    #[arg(long, conflicts_with = "renew_lock")]
    no_publish: bool,
    #[command(flatten)]
    images: ImageFlags,
    #[command(flatten)]
    aws: AwsOptions,
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

impl DeployCommand {
    /// Collects the values given by flags.
    fn values(&self, world: &dyn World, values: &mut DeployValues) -> Result<(), String> {
        if let Some(file) = &self.parameter_file {
            let bytes = world.read(file).map_err(|error| format!("cannot read {file}: {error}"))?;
            // The underlying error is not printed: it may contain a value.
            let read: ParameterFile = serde_json::from_slice(&bytes).map_err(|error| {
                format!("{file}:{}: expected {{\"Parameters\": {{NAME: STRING}}}}", error.line())
            })?;
            values.parameters = read.parameters;
        }
        values.parameters.extend(self.parameters.iter().cloned());
        read_secrets(&self.secrets, world, values)
    }

    fn forced(&self) -> ForcedTasks {
        match (self.force, self.services.is_empty()) {
            (false, _) => ForcedTasks::None,
            (true, true) => ForcedTasks::All,
            (true, false) => ForcedTasks::Services(self.services.clone()),
        }
    }

    /// Compiles again with the digests that floating images have now: the same tag with new content is deployed, too.
    fn pin(&self, outcome: &mut CompileOutcome, context: &mut CommandContext<'_>) -> Result<(), ExitStatus> {
        let floating: BTreeSet<String> = outcome.floating_images().map(|(name, _)| name.to_owned()).collect();
        let region = outcome.compiled.as_ref().and_then(|compiled| compiled.deployment.region());
        if self.no_publish || floating.is_empty() {
            return Ok(());
        }
        let (profile, world) = (self.aws.aws_profile.as_deref(), context.world);
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
        &self,
        outcome: &mut CompileOutcome,
        values: &mut DeployValues,
        context: &mut CommandContext<'_>,
    ) -> Result<(), ExitStatus> {
        let Some(compiled) = &mut outcome.compiled else { return Err(ExitStatus::Failed) };
        let given = |recipe: &ImageRecipe| {
            recipe.parameter.as_ref().is_some_and(|name| values.parameters.contains_key(name))
        };
        compiled.images.retain(|recipe| !given(recipe));
        let wanted: BTreeSet<String> =
            compiled.images.iter().filter_map(|recipe| recipe.parameter.clone()).collect();
        let found: BTreeMap<String, String> = match self.no_publish {
            true => recorded(&outcome.name, context.world),
            false => {
                let options = self.images.options(self.aws.aws_profile.clone(), false);
                let published = self.images.publish(outcome, options, context)?;
                let images = published.images.into_iter();
                images.filter_map(|image| Some((image.parameter?, image.reference))).collect()
            }
        };
        values.parameters.extend(found.into_iter().filter(|(name, _)| wanted.contains(name)));
        Ok(())
    }

    /// Compiles and deploys. Prints the stack's outputs to standard output, one `NAME=VALUE` per line.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let mut outcome = match context.compile(&self.environment, &self.set, "compiled") {
            Ok(outcome) => outcome,
            Err(exit) => return exit,
        };
        if self.images.renew_lock {
            let profile = self.aws.aws_profile.as_deref();
            let renewed = renew(std::slice::from_ref(&outcome), OtherImages::Keep, profile, context)
                .and_then(|()| context.compile(&self.environment, &self.set, "compiled"));
            outcome = match renewed {
                Ok(outcome) => outcome,
                Err(exit) => return exit,
            };
        }
        if let Err(exit) = self.pin(&mut outcome, context) {
            return exit;
        }
        let mut options = self.aws.options(self.yes, context.mark(&outcome), context.shell);
        options.adopt = self.adopt;
        options.reattach = self.reattach;
        if let Some(project) = &outcome.project {
            options.variables.clone_from(&project.variables);
            options.sources.clone_from(&project.sources);
        }
        options.allow_replacement.clone_from(&self.allow_replacement);
        options.force = self.forced();
        if let Err(error) = self.values(context.world, &mut options.values) {
            context.shell.error(&error);
            return ExitStatus::Refused;
        }
        if let Err(exit) = self.images(&mut outcome, &mut options.values, context) {
            return exit;
        }
        let Some(compiled) = outcome.compiled else { return ExitStatus::Failed };
        let mut reporter = TerminalProgress(context.shell);
        match deploy::deploy(&compiled.deployment, &compiled.artifacts, &options, &mut reporter) {
            Ok(outcome) => {
                for (name, value) in &outcome.outputs {
                    context.shell.data(&format!("{name}={value}\n"));
                }
                let what = if outcome.changed { "deployed" } else { "no changes to deploy for" };
                context.shell.message(&format!("{what} {}", self.environment));
                ExitStatus::Done
            }
            Err(failure) => context.fail(&failure),
        }
    }
}
