//! `tranship pipeline`: writes the delivery pipeline of the manifest's environments.

use super::build::output_directory;
use super::verify::beside_manifest;
use super::{CommandContext, ExitStatus, MessageFormat, VariableOptions};
use crate::compile::{CompileOutcome, CompileRequest, delivery, identify};
use crate::pipeline::{BuildRecord, DeliveryFiles, DeliveryRequest, MARK, ManifestFlags, deliver, record};
use camino::{Utf8Path, Utf8PathBuf};
use clap::ValueEnum;
use std::collections::BTreeMap;
use tranship_app::{DeliverySummary, EnvironmentChoice, PipelineProvider};
use tranship_artifact::{commit, replace_file, stage};
use tranship_frontend::compose::LoadOptions;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct PipelineCommand {
    /// Who runs the pipeline [default: `x-tranship.pipeline.provider`, otherwise codepipeline]
    #[arg(long, value_enum, value_name = "codepipeline|github", hide_possible_values = true)]
    provider: Option<ProviderName>,
    /// Write to DIR [default: dist/pipeline]
    #[arg(long, value_name = "DIR")]
    out: Option<Utf8PathBuf>,
    /// Replace files of the repository that `tranship pipeline` did not write
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    set: VariableOptions,
    #[command(flatten)]
    record: RecordFlags,
}

/// What a build says of itself.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "In a build")]
struct RecordFlags {
    /// Record what the build made below DIR: the version file, and the files that take values from it
    #[arg(long, value_name = "DIR", requires = "build_version")]
    record: Option<Utf8PathBuf>,
    /// The version of the build
    #[arg(long, value_name = "VERSION")]
    build_version: Option<String>,
    /// The commit of the build
    #[arg(long, value_name = "COMMIT")]
    commit: Option<String>,
    /// The number of the account of the build
    #[arg(long, value_name = "NUMBER")]
    account: Option<String>,
}

/// The provider, as a word of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ProviderName {
    /// AWS CodePipeline.
    Codepipeline,
    /// GitHub Actions.
    Github,
}

impl PipelineCommand {
    /// Reads, plans, writes.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let options = context.options(&self.set);
        let (found, mut sources, mut diagnostics) = delivery(&options, context.world);
        let Some(summary) = found.filter(|_| !diagnostics.has_errors()) else {
            return context.report(MessageFormat::Human, Some("manifest"), &[(&diagnostics, &sources)]);
        };
        let compiled = summary.environments.iter().map(|environment| {
            let choice = EnvironmentChoice::Environment(environment.name.clone());
            identify(&CompileRequest { options: options.clone(), choice }, context.world)
        });
        let outcomes: Vec<CompileOutcome> = compiled.collect();
        if outcomes.iter().any(|outcome| outcome.compiled.is_none()) {
            return context.report_outcomes(
                MessageFormat::Human,
                "could not write a pipeline for",
                &outcomes,
            );
        }
        let request = DeliveryRequest {
            summary: &summary,
            outcomes: &outcomes,
            provider: self.provider.map(|name| match name {
                ProviderName::Codepipeline => PipelineProvider::CodePipeline,
                ProviderName::Github => PipelineProvider::GitHub,
            }),
            flags: flags(&options, context),
        };
        match deliver(&request) {
            Ok(files) => self.write(&files, &summary, &outcomes, context),
            Err(problems) => {
                problems.into_iter().for_each(|problem| diagnostics.push(problem));
                diagnostics.place(&mut sources);
                context.report(MessageFormat::Human, Some("manifest"), &[(&diagnostics, &sources)])
            }
        }
    }

    fn write(
        &self,
        files: &DeliveryFiles,
        summary: &DeliverySummary,
        outcomes: &[CompileOutcome],
        context: &mut CommandContext<'_>,
    ) -> ExitStatus {
        let directory = self.out.clone().map_or_else(|| output_directory(None, false, "pipeline"), Ok);
        let inputs: Vec<Utf8PathBuf> = outcomes.iter().flat_map(|outcome| context.inputs(outcome)).collect();
        // A build has them in its checkout, and needs no other copy.
        let committed = self.record.record.is_none().then(|| files.committed.iter()).into_iter().flatten();
        let committed: Vec<(Utf8PathBuf, &[u8])> =
            committed.map(|(path, file)| (Utf8PathBuf::from(path), file.bytes.as_slice())).collect();
        if let Some((path, _)) = committed.iter().find(|(path, _)| !self.force && is_foreign(path, context)) {
            context
                .shell
                .error(&format!("`{path}` was not written by `tranship pipeline`, so it is not replaced"));
            context.shell.report("  = move what you need out of it, or use `--force`\n");
            return ExitStatus::Refused;
        }
        let staged = directory
            .and_then(|directory| stage(&files.artifacts, &directory, &inputs))
            .and_then(|set| commit(vec![set]));
        if let Err(error) = staged {
            context.shell.error(&error.to_string());
            return ExitStatus::Failed;
        }
        for (path, bytes) in committed {
            let folder = path.parent().unwrap_or(Utf8Path::new("."));
            let written =
                std::fs::create_dir_all(folder).map_err(|error| format!("cannot write {path}: {error}"));
            let written =
                written.and_then(|()| replace_file(&path, bytes).map_err(|error| error.to_string()));
            if let Err(error) = written {
                context.shell.error(&error);
                return ExitStatus::Failed;
            }
        }
        for note in &files.notes {
            context.shell.message(note);
        }
        let written = files.artifacts.iter().count() + files.committed.iter().count();
        let names: Vec<&str> = summary.environments.iter().map(|it| it.name.as_str()).collect();
        context.shell.message(&format!("wrote {written} files of a pipeline to {}", names.join(", ")));
        match &self.record.record {
            Some(dist) => self.record.write(dist, &names, context),
            None => ExitStatus::Done,
        }
    }
}

impl RecordFlags {
    /// Records a build.
    fn write(&self, dist: &Utf8Path, environments: &[&str], context: &mut CommandContext<'_>) -> ExitStatus {
        let known = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let build = BuildRecord {
            version: self.build_version.clone().unwrap_or_default(),
            commit: known(&self.commit).unwrap_or_default(),
            account: known(&self.account),
            region: context.world.variable("AWS_REGION").filter(|region| !region.is_empty()),
        };
        let mut files = BTreeMap::new();
        for environment in environments {
            let below = [
                "parameters.json",
                "images.json",
                "bundle/Dockerrun.aws.json",
                "bundle/.ebextensions/instance.json",
            ];
            let paths = below.map(|file| format!("{environment}/{file}"));
            for path in paths.into_iter().chain([format!("pipeline/{environment}.json")]) {
                if let Ok(bytes) = context.world.read(&dist.join(&path)) {
                    files.insert(path, String::from_utf8_lossy(&bytes).into_owned());
                }
            }
        }
        let made = match record(&build, environments, &files) {
            Ok(made) => made,
            Err(error) => {
                context.shell.error(&error.to_string());
                return ExitStatus::Failed;
            }
        };
        for (path, text) in made {
            let path = dist.join(path);
            if let Err(error) = replace_file(&path, text.as_bytes()) {
                context.shell.error(&error.to_string());
                return ExitStatus::Failed;
            }
        }
        ExitStatus::Done
    }
}

/// Whether there is a file at a path that this command did not write.
fn is_foreign(path: &Utf8Path, context: &CommandContext<'_>) -> bool {
    context.world.read(path).is_ok_and(|bytes| !bytes.starts_with(MARK.as_bytes()))
}

/// The global flags that name the manifest, for the commands of a build.
fn flags(options: &LoadOptions, context: &CommandContext<'_>) -> ManifestFlags {
    let global = context.global;
    let word = |text: &str| format!(" '{}'", text.replace('\'', "'\\''"));
    let mut shared = String::new();
    for (flag, values) in [("-f", &global.files), ("--env-file", &global.env_files)] {
        values.iter().for_each(|value| shared += &format!(" {flag}{}", word(value.as_str())));
    }
    global.profiles.iter().for_each(|profile| shared += &format!(" --profile{}", word(profile)));
    if let Some(directory) = &global.project_directory {
        shared += &format!(" --project-directory{}", word(directory.as_str()));
    }
    if let Some(name) = &global.project_name {
        shared += &format!(" --project-name{}", word(name));
    }
    ManifestFlags { tranship: shared.clone(), compose: shared, golden: beside_manifest(options).to_string() }
}
