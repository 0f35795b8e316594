//! `tranship build`: compiles and writes the artifacts, all or nothing.

use super::selection::{CompileOptions, DefaultSelection};
use super::{CommandContext, ExitStatus};
use crate::compile::CompileOutcome;
use camino::{Utf8Path, Utf8PathBuf};
use std::panic::resume_unwind;
use tranship_artifact::{ArtifactSet, StagedSet, WriteError, commit, directory_below, stage};
use tranship_targets::TargetDeployment;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct BuildCommand {
    #[command(flatten)]
    compiles: CompileOptions,
    /// Write to DIR for one environment, to DIR/ENV for several [default: dist/ENV]
    #[arg(long, value_name = "DIR")]
    out: Option<Utf8PathBuf>,
}

impl BuildCommand {
    /// Compiles, reports, writes.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let format = self.compiles.format;
        let outcomes = match self.compiles.run(DefaultSelection::Environments, context) {
            Ok(outcomes) => outcomes,
            Err(exit) => return exit,
        };
        if outcomes.iter().any(|outcome| outcome.compiled.is_none()) {
            return context.report_outcomes(format, "could not build", &outcomes);
        }
        let single = self.compiles.selection.is_single();
        let directory = |name: &str| output_directory(self.out.as_deref(), single, name);
        let sets = written_outcomes(&outcomes, context);
        // Files are mostly waited for, so the report is made meanwhile.
        let (written, report) = std::thread::scope(|scope| {
            let writing = scope.spawn(|| write_outcomes(&sets, directory));
            let report = context.prepared_outcomes(format, &outcomes);
            (writing.join().unwrap_or_else(|panic| resume_unwind(panic)), report)
        });
        if let Err(error) = written {
            context.report_not_written(format, "did not build", outcomes, &error);
            return ExitStatus::Failed;
        }
        let laid_out =
            outcomes.iter().filter_map(|one| layout(&one.name, &one.compiled.as_ref()?.deployment));
        laid_out.for_each(|line| context.shell.message(&line));
        let exit = context.print_outcomes(&report, "built", &outcomes);
        // The end of the program frees it sooner than this does.
        std::mem::forget(outcomes);
        exit
    }
}

/// `prod: 366 independent stacks, deployed in the order of stacks.json`; nothing of one stack.
fn layout(name: &str, deployment: &TargetDeployment) -> Option<String> {
    let TargetDeployment::Stack(stack) = deployment else { return None };
    match (stack.separate.len(), stack.nested.len()) {
        (0, 0) => None,
        (0, 1) => Some(format!("{name}: a root stack and a nested stack")),
        (0, nested) => Some(format!("{name}: a root stack and {nested} nested stacks")),
        (others, _) => {
            Some(format!("{name}: {} independent stacks, deployed in the order of stacks.json", others + 1))
        }
    }
}

/// The directory for the artifacts of one of several environments, or of the only one.
pub(super) fn output_directory(
    out: Option<&Utf8Path>,
    single: bool,
    name: &str,
) -> Result<Utf8PathBuf, WriteError> {
    match out {
        Some(out) if single => Ok(out.to_owned()),
        Some(out) => directory_below(out, name),
        None => directory_below(Utf8Path::new("dist"), name),
    }
}

/// What one compile writes.
pub(super) struct WrittenOutcome<'a> {
    name: &'a str,
    artifacts: &'a ArtifactSet,
    /// The files that it has read.
    inputs: Vec<Utf8PathBuf>,
}

/// What several compiles write.
pub(super) fn written_outcomes<'a>(
    outcomes: &'a [CompileOutcome],
    context: &CommandContext<'_>,
) -> Vec<WrittenOutcome<'a>> {
    let written = outcomes.iter().filter_map(|outcome| {
        let artifacts = &outcome.compiled.as_ref()?.artifacts;
        Some(WrittenOutcome { name: &outcome.name, artifacts, inputs: context.inputs(outcome) })
    });
    written.collect()
}

/// Writes the artifact sets of several compiles into their directories, or none.
pub(super) fn write_outcomes(
    outcomes: &[WrittenOutcome<'_>],
    directory: impl Fn(&str) -> Result<Utf8PathBuf, WriteError>,
) -> Result<(), WriteError> {
    let mut staged: Vec<StagedSet> = Vec::new();
    for outcome in outcomes {
        staged.push(stage(outcome.artifacts, &directory(outcome.name)?, &outcome.inputs)?);
    }
    commit(staged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_targets::{BeanstalkDeployment, SeparateDeployment, StackDeployment, StackService};

    #[test]
    fn more_than_one_stack_is_told() {
        let separate = SeparateDeployment {
            stack: "shop-WebStack".into(),
            template: String::new(),
            stage: "service",
            service: None,
            after: Vec::new(),
            given: Vec::new(),
        };
        let told = |separate: &[SeparateDeployment], nested: &[&str]| {
            let stack = StackDeployment {
                separate: separate.to_vec(),
                nested: nested
                    .iter()
                    .map(|it| StackService { name: (*it).to_owned(), logical_id: String::new() })
                    .collect(),
                ..StackDeployment::default()
            };
            layout("prod", &TargetDeployment::Stack(stack))
        };
        assert_eq!(told(&[], &[]), None);
        assert_eq!(told(&[], &["A"]).as_deref(), Some("prod: a root stack and a nested stack"));
        assert_eq!(told(&[], &["A", "B"]).as_deref(), Some("prod: a root stack and 2 nested stacks"));
        assert_eq!(
            told(&[separate.clone(), separate], &[]).as_deref(),
            Some("prod: 3 independent stacks, deployed in the order of stacks.json")
        );
        assert_eq!(layout("dev", &TargetDeployment::Beanstalk(BeanstalkDeployment::default())), None);
    }
}
