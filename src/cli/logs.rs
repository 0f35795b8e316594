//! `tranship logs`: the output of everything that is deployed, by time.

use super::deployment::AwsOptions;
use super::{CommandContext, ExitStatus, Shell, VariableOptions};
use crate::deploy::{
    self, DeployBanner, DeployProgress, LogRequest, PlannedChange, ProgressEvent, now, time_text,
};
use crate::operation::difference::DeploymentDiff;
use crate::operation::log_lines::{LogEvent, LogPainter, since};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct LogsCommand {
    /// An environment of the manifest
    #[arg(value_name = "ENV")]
    environment: String,
    /// Services and jobs [default: all]
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Go on until Ctrl-C
    #[arg(long)]
    follow: bool,
    /// Show the time before each line
    #[arg(short, long)]
    timestamps: bool,
    /// How many of the newest lines to show of each container [default: all]
    #[arg(short = 'n', long, value_name = "NUMBER")]
    tail: Option<usize>,
    /// How far back to begin: 90s, 10m, 2h, 1d [default: 10m, with --previous or --job 1d]
    #[arg(long, value_name = "DURATION")]
    since: Option<String>,
    /// Only tasks that no longer run: what the last ones said before they stopped
    #[arg(long)]
    previous: bool,
    /// Only jobs
    #[arg(long)]
    job: bool,
    #[command(flatten)]
    set: VariableOptions,
    #[command(flatten)]
    aws: AwsOptions,
}

impl LogsCommand {
    /// Prints lines to standard output.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let usual = if self.previous || self.job { "1d" } else { "10m" };
        let since = match since(self.since.as_deref().unwrap_or(usual), now()) {
            Ok(since) => since,
            Err(error) => {
                context.shell.error(&format!("--since: {error}"));
                return ExitStatus::Refused;
            }
        };
        let outcome = match context.identified(&self.environment, &self.set) {
            Ok(outcome) => outcome,
            Err(exit) => return exit,
        };
        let mark = context.mark(&outcome);
        let known = outcome.project.map(|project| project.services).unwrap_or_default();
        let Some(deployment) = outcome.compiled.map(|compiled| compiled.deployment) else {
            return ExitStatus::Failed;
        };
        let options = self.aws.options(false, mark, context.shell);
        let options = if self.follow { options.without_limit() } else { options };
        let request = LogRequest {
            names: self.services.clone(),
            known,
            follow: self.follow,
            tail: self.tail,
            since,
            previous: self.previous,
            jobs: self.job,
        };
        let painter = LogPainter::new(self.services.iter().map(String::as_str)).stamped(self.timestamps);
        let mut lines = LogPrinter { shell: &mut *context.shell, painter };
        let done = deploy::logs(&deployment, &request, &options, &mut lines);
        match done {
            Ok(()) => ExitStatus::Done,
            Err(failure) => context.fail(&failure),
        }
    }
}

/// Prints log lines to standard output, and what is to be said of them to standard error.
struct LogPrinter<'a> {
    shell: &'a mut Shell,
    painter: LogPainter,
}

impl DeployProgress for LogPrinter<'_> {
    fn banner(&mut self, _: &DeployBanner) {}
    fn message(&mut self, line: &str) {
        self.shell.message(line);
    }
    fn warn(&mut self, line: &str) {
        self.shell.message(line);
    }
    fn review(&mut self, _: &str, _: &DeploymentDiff) {}
    fn changes(&mut self, _: &[PlannedChange]) {}
    fn event(&mut self, _: &ProgressEvent) {}
    fn log(&mut self, event: &LogEvent) {
        for line in self.painter.lines(event, &time_text(event.time)) {
            self.shell.page(&format!("{line}\n"));
        }
    }
    fn is_read(&self) -> bool {
        self.shell.is_read()
    }
}
