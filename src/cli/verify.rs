//! `tranship verify`: compares a compile with the committed artifacts.
//!
//! Reads only files and `--set`, never the process environment, so that the answer is the same on every
//! machine.

use super::report::not_written;
use super::selection::{CompileJob, DefaultSelection, EnvironmentSelection, names};
use super::{CommandContext, ExitStatus, MessageFormat, VariableOptions};
use crate::compile::{CompileOutcome, REPORT};
use crate::operation::difference::{
    self, DocumentSecrets, ManifestLines, StackContent, compare_bundles, compare_stacks,
};
use crate::operation::stack_templates::StackTemplates;
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeMap;
use tranship_artifact::golden::{self, GoldenChange};
use tranship_artifact::{ArtifactSet, FileMode, StagedSet, directory_below, stage};
use tranship_frontend::compose::LoadOptions;
use tranship_frontend::diagnostic::{Diagnostic, rules};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct VerifyCommand {
    #[command(flatten)]
    selection: EnvironmentSelection,
    /// The directory of the committed artifacts [default: golden, next to the manifest]
    #[arg(long, value_name = "DIR")]
    golden: Option<Utf8PathBuf>,
    /// Replace the committed artifacts with the compiled ones
    #[arg(long)]
    bless: bool,
    #[command(flatten)]
    set: VariableOptions,
    /// Treat warnings as errors
    #[arg(long)]
    strict: bool,
}

/// Why the comparison failed, and the file or directory concerned.
struct NotVerified {
    diagnostic: Box<Diagnostic>,
    path: Utf8PathBuf,
}

impl NotVerified {
    fn new(diagnostic: Diagnostic, path: Utf8PathBuf) -> Self {
        NotVerified { diagnostic: Box::new(diagnostic), path }
    }
}

impl VerifyCommand {
    /// Compiles, compares and reports; returns [`ExitStatus::Different`] if anything differs.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let options = LoadOptions { ignore_process_environment: true, ..context.options(&self.set) };
        let choices = match self.selection.choices(
            &options,
            DefaultSelection::Environments,
            MessageFormat::Human,
            context,
        ) {
            Ok(choices) => choices,
            Err(exit) => return exit,
        };
        let directory = self.golden.clone().unwrap_or_else(|| beside_manifest(&options));
        let outcomes = CompileJob { options, choices, strict: self.strict }.run(context);
        if let Err(exit) = context.check_set(&self.set, &outcomes) {
            return exit;
        }
        if outcomes.iter().any(|outcome| outcome.compiled.is_none()) {
            return context.report_outcomes(MessageFormat::Human, "could not verify", &outcomes);
        }
        match self.compare(&outcomes, &directory, context) {
            Ok(exit) => exit,
            Err(NotVerified { diagnostic, path }) => {
                context.report_failure(*diagnostic, &path);
                ExitStatus::Failed
            }
        }
    }

    /// Compares or blesses each outcome.
    fn compare(
        &self,
        outcomes: &[CompileOutcome],
        golden: &Utf8Path,
        context: &mut CommandContext<'_>,
    ) -> Result<ExitStatus, NotVerified> {
        let mut differing = 0;
        for outcome in outcomes {
            let Some(compiled) = &outcome.compiled else { continue };
            let directory = directory_below(golden, &outcome.name)
                .map_err(|error| NotVerified::new(not_written(&error), error.path()))?;
            let new = golden::committed(&compiled.artifacts).map_err(|error| {
                let message = format!("cannot list an artifact: {error}");
                NotVerified::new(Diagnostic::new(&rules::internal::ARTIFACT, message), directory.clone())
            })?;
            let old = golden::read(&directory).map_err(|error| {
                let message = format!("cannot read the committed artifacts in `{directory}`: {error}");
                let help = "delete files that are not artifacts from the directory";
                NotVerified::new(
                    Diagnostic::new(&rules::file::NOT_READ, message).help(help),
                    directory.clone(),
                )
            })?;
            let changes = golden::compare(&old, &new);
            differing += changes.len();
            if self.bless && !changes.is_empty() {
                stage(&new, &directory, &context.inputs(outcome))
                    .and_then(StagedSet::commit)
                    .map_err(|error| NotVerified::new(not_written(&error), error.path()))?;
            }
            context.shell.data(&summary(&directory, (&old, &new), &changes));
            for line in in_words(&old, &new, context.shell.width()) {
                context.shell.message(&line);
            }
        }
        let names = names(outcomes);
        let (files, differ) = match differing {
            1 => ("1 file".to_owned(), "differs"),
            many => (format!("{many} files"), "differ"),
        };
        let it = if differing == 1 { "it" } else { "them" };
        let (line, exit) = match (differing, self.bless) {
            (0, _) => (format!("verified {names}: no differences"), ExitStatus::Done),
            (_, true) => (format!("updated {names}: {files} changed"), ExitStatus::Done),
            (_, false) => {
                (format!("verified {names}: {files} {differ}; --bless updates {it}"), ExitStatus::Different)
            }
        };
        context.shell.message(&line);
        Ok(exit)
    }
}

/// `golden` next to the manifest.
pub(super) fn beside_manifest(options: &LoadOptions) -> Utf8PathBuf {
    let first = options.files.first().and_then(|file| file.parent());
    let project = options.project_directory.as_deref().or(first);
    project.unwrap_or(Utf8Path::new("")).join("golden")
}

/// What a deployment of the compiled artifacts would change where the committed ones run, in the words of `tranship diff`.
fn in_words(old: &ArtifactSet, new: &ArtifactSet, width: usize) -> Vec<String> {
    let manifest = ManifestLines::read(new.get(REPORT).map(|file| file.bytes.as_slice()));
    let template =
        |set: &ArtifactSet| StackContent::read_stacks(&StackTemplates::compiled(set)?, BTreeMap::new()).ok();
    let files = |set: &ArtifactSet| -> BTreeMap<String, Vec<u8>> {
        let below = set.entries_below("bundle");
        below.map(|(path, entry)| (path.to_owned(), entry.bytes().unwrap_or_default())).collect()
    };
    let found = match (template(old), template(new)) {
        (Some(old), Some(new)) => compare_stacks(Some(&old), &new, &manifest, &BTreeMap::new()),
        _ => match (files(old), files(new)) {
            (old, new) if old.is_empty() || new.is_empty() => return Vec::new(),
            (old, new) => compare_bundles(Some(&old), &new, "", &manifest),
        },
    };
    if found.changes.is_empty() {
        return Vec::new();
    }
    let lines = difference::lines(&found, width.saturating_sub(2));
    std::iter::once("a deployment would change:".to_owned())
        .chain(lines.into_iter().map(|line| format!("  {line}")))
        .collect()
}

/// What differs, file by file.
fn summary(
    directory: &Utf8Path,
    (old, new): (&ArtifactSet, &ArtifactSet),
    changes: &[(String, GoldenChange)],
) -> String {
    let mut text = String::new();
    for (path, change) in changes {
        let file = directory.join(path);
        match change {
            GoldenChange::Added => text.push_str(&format!("{file}: new, not committed\n")),
            GoldenChange::Removed => text.push_str(&format!("{file}: committed, but no longer generated\n")),
            GoldenChange::Mode(old, new) => {
                text.push_str(&format!("{file}: {} -> {}\n", mode(*old), mode(*new)));
            }
            GoldenChange::Content(differences) => {
                text.push_str(&format!("{file}:\n"));
                let versions = [old, new].map(|set| set.get(path).map(|file| file.bytes.as_slice()));
                let secrets = DocumentSecrets::of(path, versions.into_iter().flatten());
                for difference in differences {
                    for line in secrets.masked(difference.clone()).to_string().lines() {
                        text.push_str(&format!("  {line}\n"));
                    }
                }
            }
        }
    }
    text
}

fn mode(mode: FileMode) -> &'static str {
    match mode {
        FileMode::File => "a file",
        FileMode::Executable => "executable",
        FileMode::Link => "a link",
    }
}
