//! `tranship build`: compiles and writes the artifacts, all or nothing.

use super::selection::{CompileOptions, DefaultSelection};
use super::{CommandContext, ExitStatus};
use crate::compile::CompileOutcome;
use camino::{Utf8Path, Utf8PathBuf};
use tranship_artifact::{StagedSet, WriteError, commit, directory_below, stage};
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
        if let Err(error) = write_outcomes(&outcomes, directory, context) {
            context.report_not_written(format, "did not build", outcomes, &error);
            return ExitStatus::Failed;
        }
        let laid_out =
            outcomes.iter().filter_map(|one| layout(&one.name, &one.compiled.as_ref()?.deployment));
        laid_out.for_each(|line| context.shell.message(&line));
        let exit = context.report_outcomes(format, "built", &outcomes);
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

/// Writes the artifact sets of several compiles into their directories, or none.
pub(super) fn write_outcomes(
    outcomes: &[CompileOutcome],
    directory: impl Fn(&str) -> Result<Utf8PathBuf, WriteError>,
    context: &CommandContext<'_>,
) -> Result<(), WriteError> {
    let mut staged: Vec<StagedSet> = Vec::new();
    for outcome in outcomes {
        if let Some(compiled) = &outcome.compiled {
            let directory = directory(&outcome.name)?;
            staged.push(stage(&compiled.artifacts, &directory, &context.inputs(outcome))?);
        }
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
