//! Reports the diagnostics of one or several compiles.
//!
//! In: their diagnostics with the sources. Out: text on standard error or one document on standard output, and
//! the resulting exit code.

use super::{CommandContext, ExitStatus, MessageFormat, Verbosity};
use crate::compile::CompileOutcome;
use camino::{Utf8Path, Utf8PathBuf};
use tranship_artifact::WriteError;
use tranship_frontend::diagnostic::render::{self, HumanOptions, SeverityCounts};
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics, rules};
use tranship_frontend::source::Sources;

/// The diagnostics of one compile.
pub type ReportedRun<'a> = (&'a Diagnostics, &'a Sources);

/// Diagnostics as they are printed.
pub(super) struct PreparedReport {
    format: MessageFormat,
    form: HumanOptions,
    counts: SeverityCounts,
    text: String,
}

impl CommandContext<'_> {
    /// Reports the diagnostics; returns [`ExitStatus::Refused`] if one of them is an error.
    ///
    /// `subject` starts the final line of counts; without it, that line is omitted.
    pub fn report(
        &mut self,
        format: MessageFormat,
        subject: Option<&str>,
        runs: &[ReportedRun<'_>],
    ) -> ExitStatus {
        let report = self.prepared(format, runs);
        self.print(&report, subject)
    }

    /// The report of diagnostics, before it is known what else is said.
    pub(super) fn prepared(&self, format: MessageFormat, runs: &[ReportedRun<'_>]) -> PreparedReport {
        let found = render::collect(runs.iter().copied());
        let counts = SeverityCounts::of(&found);
        let verbosity = self.shell.verbosity();
        let form = HumanOptions {
            verbose: verbosity == Verbosity::Verbose,
            quiet: verbosity == Verbosity::Quiet,
            width: self.shell.width(),
            name_targets: runs.len() > 1,
        };
        let text = match format {
            MessageFormat::Human => form.render(found),
            MessageFormat::Json => render::json(&found),
            MessageFormat::Sarif => render::sarif(&found),
            MessageFormat::Github => render::github(&found),
        };
        PreparedReport { format, form, counts, text }
    }

    /// Prints a report, and the line of counts that `subject` starts.
    pub(super) fn print(&mut self, report: &PreparedReport, subject: Option<&str>) -> ExitStatus {
        match report.format {
            MessageFormat::Human => self.shell.report(&report.text),
            MessageFormat::Json | MessageFormat::Sarif | MessageFormat::Github => {
                self.shell.data(&report.text);
            }
        }
        if let Some(subject) = subject {
            self.shell.message(&report.form.summary(subject, report.counts));
        }
        if report.counts.errors > 0 { ExitStatus::Refused } else { ExitStatus::Done }
    }

    /// Reports a failure that is not about a line of the manifest: its code, and the file concerned.
    pub(super) fn report_failure(&mut self, diagnostic: Diagnostic, path: &Utf8Path) {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let place = sources.start_of_unread(path);
        diagnostics.push(diagnostic.at(place));
        self.report(MessageFormat::Human, None, &[(&diagnostics, &sources)]);
    }

    /// Reports the diagnostics of several compiles, and that their artifacts could not be written.
    pub(super) fn report_not_written(
        &mut self,
        format: MessageFormat,
        verb: &str,
        mut outcomes: Vec<CompileOutcome>,
        error: &WriteError,
    ) {
        if let Some(first) = outcomes.first_mut() {
            let place = first.sources.start_of_unread(&error.path());
            first.diagnostics.push(not_written(error).at(place));
        }
        self.report_outcomes(format, verb, &outcomes);
    }

    /// The files that a compile has read, which no build may replace.
    pub(super) fn inputs(&self, outcome: &CompileOutcome) -> Vec<Utf8PathBuf> {
        let current = self.world.current_directory();
        outcome.sources.files().map(|(_, file)| current.join(file.path())).collect()
    }
}

/// The failure to write artifacts.
pub(super) fn not_written(error: &WriteError) -> Diagnostic {
    let help = match error {
        WriteError::Foreign { .. } => {
            "name an empty directory with `--out`, or one that an earlier build wrote"
        }
        WriteError::NotADirectory(_) => "name a directory with `--out`",
        WriteError::Path(_) => "rename the environment",
        WriteError::Io { .. } => {
            "check that the directory exists and is writable, and that the disk has free space"
        }
    };
    Diagnostic::new(&rules::file::NOT_WRITTEN, error.to_string()).help(help)
}
