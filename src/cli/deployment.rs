//! What `deploy`, `status` and `down` share: compiling, flags, progress output and exit codes.
//!
//! In: an environment. Out: its deployment. Invariant: a secret is read from a file or typed without echo; it is
//! never on a command line and never printed.

use super::hidden_input;
use super::repository::repository_id;
use super::selection::CompileJob;
use super::{CommandContext, ExitStatus, MessageFormat, Shell, VariableOptions, Verbosity};
use crate::compile::{CompileOutcome, CompileRequest, identify};
use crate::deploy::{
    DeployBanner, DeployFailure, DeployOptions, DeployProgress, DeployValues, FailureKind, ForcedTasks,
    PlannedChange, ProgressEvent, ProjectMark, ResourceAction, UserPrompt, UserQuestion, now, time_text,
};
use crate::operation::deployment_report::DeploymentStory;
use crate::operation::difference::{self, DeploymentDiff};
use crate::operation::log_lines::LogEvent;
use anstyle::{AnsiColor, Style};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;
use tranship_app::EnvironmentChoice;
use tranship_artifact::{REPORTS, replace_file};
use tranship_frontend::world::World;
use tranship_targets::TargetDeployment;

/// Which account to use, and how long to wait.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct AwsOptions {
    /// The profile in the AWS configuration [default: AWS_PROFILE]
    #[arg(long, value_name = "NAME")]
    pub(super) aws_profile: Option<String>,
    /// How many minutes to wait for an AWS operation
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    timeout: u64,
}

/// A secret's name and the file that holds its value.
#[derive(Debug, Clone)]
pub(super) struct SecretFile {
    name: String,
    file: Utf8PathBuf,
}

/// Parses `NAME=@FILE`. A literal value would be visible to every process on the machine.
pub(super) fn secret_file(text: &str) -> Result<SecretFile, String> {
    match text.split_once("=@") {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => {
            Ok(SecretFile { name: name.to_owned(), file: file.into() })
        }
        // The argument may be the secret itself: do not repeat it.
        _ => Err("expected NAME=@FILE, where FILE holds the value".to_owned()),
    }
}

impl AwsOptions {
    /// Options without values.
    pub(super) fn options(&self, yes: bool, mark: ProjectMark, shell: &Shell) -> DeployOptions {
        let profile = self.aws_profile.clone();
        DeployOptions {
            profile,
            values: DeployValues::default(),
            allow_replacement: Vec::new(),
            delete_data: Vec::new(),
            yes,
            ask: shell.is_interactive().then(asker),
            timeout: Duration::from_secs(self.timeout.saturating_mul(60)),
            force: ForcedTasks::None,
            mark,
            adopt: false,
            reattach: false,
            variables: BTreeMap::new(),
            sources: BTreeMap::new(),
            plan: None,
            detach: false,
            no_rollback: false,
            tags: Vec::new(),
        }
    }
}

/// The values of secrets, by name. A single trailing newline in a file is not part of the value.
pub(super) fn read_secrets(
    files: &[SecretFile],
    world: &dyn World,
    values: &mut DeployValues,
) -> Result<(), String> {
    for SecretFile { name, file } in files {
        let bytes = world.read(file).map_err(|error| format!("cannot read {file}: {error}"))?;
        let text = String::from_utf8(bytes).map_err(|_| format!("{file} is not UTF-8"))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        values.secrets.insert(name.clone(), text.strip_suffix('\r').unwrap_or(text).to_owned());
    }
    Ok(())
}

impl CommandContext<'_> {
    /// Compiles an environment for deployment and reports the diagnostics: an outcome with artifacts.
    pub(super) fn compile(
        &mut self,
        environment: &str,
        set: &VariableOptions,
        verb: &str,
    ) -> Result<CompileOutcome, ExitStatus> {
        let choices = vec![EnvironmentChoice::Environment(environment.to_owned())];
        let mut outcomes = CompileJob { options: self.options(set), choices, strict: false }.run(self);
        self.check_set(set, &outcomes)?;
        let exit = self.report_outcomes(MessageFormat::Human, verb, &outcomes);
        let compiled = outcomes.pop().filter(|outcome| outcome.compiled.is_some());
        compiled.ok_or(if exit == ExitStatus::Done { ExitStatus::Failed } else { exit })
    }

    /// Identifies an environment's deployment. Diagnostics are not repeated: `deploy` has shown them.
    pub(super) fn identify(
        &mut self,
        environment: &str,
        set: &VariableOptions,
    ) -> Result<(TargetDeployment, ProjectMark), ExitStatus> {
        let outcome = self.identified(environment, set)?;
        let mark = self.mark(&outcome);
        outcome.compiled.map(|compiled| (compiled.deployment, mark)).ok_or(ExitStatus::Failed)
    }

    /// Identifies the deployments of environments, with the options for each.
    pub(super) fn identify_all(
        &mut self,
        environments: &[String],
        set: &VariableOptions,
        aws: &AwsOptions,
    ) -> Result<Vec<(TargetDeployment, DeployOptions)>, ExitStatus> {
        let mut found = Vec::new();
        for environment in environments {
            let (deployment, mark) = self.identify(environment, set)?;
            found.push((deployment, aws.options(false, mark, self.shell)));
        }
        Ok(found)
    }

    /// Compiles to learn what is deployed, without the values that only a deployment needs.
    pub(super) fn identified(
        &mut self,
        environment: &str,
        set: &VariableOptions,
    ) -> Result<CompileOutcome, ExitStatus> {
        let choice = EnvironmentChoice::Environment(environment.to_owned());
        let outcome = identify(&CompileRequest { options: self.options(set), choice }, self.world);
        self.check_set(set, std::slice::from_ref(&outcome))?;
        match outcome.compiled {
            Some(_) => Ok(outcome),
            None => Err(self.report_outcomes(MessageFormat::Human, "compiled", &[outcome])),
        }
    }

    /// Whose the deployment of a compile is.
    pub(super) fn mark(&self, outcome: &CompileOutcome) -> ProjectMark {
        let project = outcome.project.as_ref();
        let directory = project.map(|project| self.world.current_directory().join(&project.directory));
        ProjectMark {
            project: project.map(|project| project.name.clone()).unwrap_or_default(),
            environment: outcome.name.clone(),
            repository: directory.and_then(|directory| repository_id(&directory, self.world)),
        }
    }

    /// Reports why a deployment stopped.
    pub(super) fn fail(&mut self, failure: &DeployFailure) -> ExitStatus {
        if matches!(failure.kind, FailureKind::Interrupted | FailureKind::TimedOut) {
            hidden_input::interrupt();
        }
        self.shell.error(&failure.message);
        for line in &failure.help {
            self.shell.report(&format!("  = {line}\n"));
        }
        exit_of(failure)
    }

    /// Writes the report of a deployment that did not succeed, unless nothing happened.
    pub(super) fn keep_story(&mut self, story: DeploymentStory, failure: &DeployFailure) {
        let began = !story.events.is_empty();
        let rejected = failure.kind == FailureKind::Failed && !failure.message.starts_with("cancelled");
        if !began && !rejected {
            return;
        }
        let story = DeploymentStory {
            ended: time_text(now()),
            message: failure.message.clone(),
            help: failure.help.clone(),
            ..story
        };
        let directory = Utf8Path::new("dist").join(&story.environment).join(REPORTS);
        let path = directory.join(story.file_name());
        let place = self.world.current_directory().join(&path);
        let written = std::fs::create_dir_all(self.world.current_directory().join(&directory))
            .map_err(|error| error.to_string())
            .and_then(|()| replace_file(&place, story.page().as_bytes()).map_err(|error| error.to_string()));
        match written {
            Ok(()) => self.shell.message(&format!("a report without secrets is in {path}")),
            Err(error) => self.shell.message(&format!("the report cannot be written to {path}: {error}")),
        }
    }
}

/// The exit code of a failure.
pub(super) fn exit_of(failure: &DeployFailure) -> ExitStatus {
    match failure.kind {
        FailureKind::Failed => ExitStatus::Failed,
        FailureKind::Usage => ExitStatus::Refused,
        FailureKind::Credentials => ExitStatus::Credentials,
        FailureKind::TimedOut => ExitStatus::TimedOut,
        FailureKind::Interrupted => ExitStatus::Interrupted,
    }
}

/// Prints progress, one line each.
pub(super) struct TerminalProgress<'a>(pub(super) &'a mut Shell);

impl TerminalProgress<'_> {
    /// Prints an event after a stamp.
    pub(super) fn stamped(&mut self, event: &ProgressEvent, stamp: &str) {
        let style = if event.failed { BAD } else { Style::new() };
        let kind = if event.kind.is_empty() { String::new() } else { format!(" ({})", event.kind) };
        let text = if event.text.is_empty() { String::new() } else { format!("  {}", event.text) };
        let rest = format!("{}{kind}{text}", event.subject);
        self.0.marked_message(style, &format!("{stamp}{:<20}", event.status), &rest);
    }
}

const BAD: Style = AnsiColor::Red.on_default();
const GOOD: Style = AnsiColor::Green.on_default();
const CARE: Style = AnsiColor::Yellow.on_default();

impl DeployProgress for TerminalProgress<'_> {
    fn banner(&mut self, banner: &DeployBanner) {
        let DeployBanner { subject, account, region, source, identity, .. } = banner;
        self.0.message(&format!(
            "{subject} in account {account}, region {region}, as {identity}, credentials from {source}"
        ));
    }

    fn message(&mut self, line: &str) {
        self.0.message(line);
    }

    fn warn(&mut self, line: &str) {
        self.0.report(&format!("{CARE}!{CARE:#} {line}\n"));
    }

    fn review(&mut self, subject: &str, diff: &DeploymentDiff) {
        if diff.is_empty() && diff.overridden.is_empty() {
            return;
        }
        if self.0.can_redraw() {
            for line in difference::fitted(diff, subject, self.0.columns()) {
                self.0.message(&line);
            }
            return;
        }
        self.0.message(&difference::summary(diff, subject));
        for line in difference::lines(diff, self.0.width()) {
            self.0.message(&format!("  {line}"));
        }
    }

    fn changes(&mut self, changes: &[PlannedChange]) {
        for change in changes {
            let (style, mark, verb) = match change.action {
                ResourceAction::Add => (GOOD, '+', "add"),
                ResourceAction::Modify => (Style::new(), '~', "change"),
                ResourceAction::Revise => (Style::new(), '~', "new revision"),
                ResourceAction::Renew => (Style::new(), '~', "new tasks"),
                ResourceAction::Replace => (if change.data_at_risk { BAD } else { CARE }, '!', "replace"),
                ResourceAction::Remove => (BAD, '-', "remove"),
            };
            let detail =
                if change.detail.is_empty() { String::new() } else { format!("  {}", change.detail) };
            let rest = format!("{} ({}){detail}", change.name, change.kind);
            self.0.marked_message(style, &format!("{mark} {verb:<12}"), &rest);
        }
    }

    fn log(&mut self, event: &LogEvent) {
        self.0.data(&format!("{}\n", event.text.trim_end_matches(['\n', '\r'])));
    }

    fn event(&mut self, event: &ProgressEvent) {
        self.stamped(event, "");
    }
}

/// Prints what a command that only reads has to say: where it reads only where a profile is named, and with `--verbose`.
pub(super) struct ReadingProgress<'a>(pub(super) &'a mut Shell);

impl DeployProgress for ReadingProgress<'_> {
    fn banner(&mut self, banner: &DeployBanner) {
        if banner.names_profile || self.0.verbosity() == Verbosity::Verbose {
            TerminalProgress(self.0).banner(banner);
        }
    }

    fn message(&mut self, line: &str) {
        TerminalProgress(self.0).message(line);
    }

    fn warn(&mut self, line: &str) {
        TerminalProgress(self.0).warn(line);
    }

    fn review(&mut self, _: &str, _: &DeploymentDiff) {}
    fn changes(&mut self, _: &[PlannedChange]) {}
    fn event(&mut self, _: &ProgressEvent) {}
    fn log(&mut self, _: &LogEvent) {}
}

/// Asks on the terminal.
fn asker() -> UserPrompt {
    Arc::new(|question| match question {
        UserQuestion::Confirm(text) => line(&format!("{text} [y/N] ")),
        UserQuestion::Type(name) => line(&format!("type `{name}` to continue: ")),
        UserQuestion::Value(text) => line(&format!("{text}: ")).filter(|answer| !answer.trim().is_empty()),
        UserQuestion::Secret(text) => hidden_input::read(&format!("{text}: ")),
    })
}

/// Asks for a line; `None` at the end of the input.
fn line(question: &str) -> Option<String> {
    let mut err = io::stderr();
    err.write_all(question.as_bytes()).and_then(|()| err.flush()).ok()?;
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer).ok()?;
    (read > 0).then_some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_file_and_a_refused_one_is_not_repeated() {
        let read = secret_file("Password=@secrets/password").unwrap();
        assert_eq!((read.name.as_str(), read.file.as_str()), ("Password", "secrets/password"));
        for text in ["Password=canary", "=@file", "Password=@", "canary"] {
            assert!(!secret_file(text).unwrap_err().contains("canary"));
        }
    }
}
