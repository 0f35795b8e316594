//! Tells what one or several compiles found.
//!
//! In: their diagnostics with the sources. Out: text on standard error, or one document on standard
//! output, and the exit code that follows from it.

use super::{Context, Exit, Format, Verbosity};
use crate::artifact::WriteError;
use crate::compile::Outcome;
use crate::diagnostic::render::{self, Counts, Human};
use crate::diagnostic::{Diagnostic, Diagnostics, rules};
use crate::source::Sources;
use camino::{Utf8Path, Utf8PathBuf};

/// The diagnostics of one compile.
pub type Run<'a> = (&'a Diagnostics, &'a Sources);

impl Context<'_> {
    /// Tells the diagnostics; [`Exit::Refused`] when there is an error among them.
    ///
    /// `subject` opens the line of counts that ends the run; without one the line is left out.
    pub fn report(&mut self, format: Format, subject: Option<&str>, runs: &[Run<'_>]) -> Exit {
        let found = render::collect(runs.iter().copied());
        let counts = Counts::of(&found);
        let verbosity = self.shell.verbosity();
        let form = Human {
            verbose: verbosity == Verbosity::Verbose,
            quiet: verbosity == Verbosity::Quiet,
            width: self.shell.width(),
            name_targets: runs.len() > 1,
        };
        match format {
            Format::Human => self.shell.tell(&form.render(found)),
            Format::Json => self.shell.data(&render::json(&found)),
            Format::Sarif => self.shell.data(&render::sarif(&found)),
            Format::Github => self.shell.data(&render::github(&found)),
        }
        if let Some(subject) = subject {
            self.shell.say(&form.summary(subject, counts));
        }
        if counts.errors > 0 { Exit::Refused } else { Exit::Done }
    }

    /// Tells a failure that no line of the manifest stands behind: its code, and the file concerned.
    pub(super) fn tell_failure(&mut self, diagnostic: Diagnostic, path: &Utf8Path) {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let place = sources.start_of_unread(path);
        diagnostics.push(diagnostic.at(place));
        self.report(Format::Human, None, &[(&diagnostics, &sources)]);
    }

    /// Tells what several compiles found, and that their artifacts could not be written.
    pub(super) fn report_not_written(
        &mut self,
        format: Format,
        verb: &str,
        mut outcomes: Vec<Outcome>,
        error: &WriteError,
    ) {
        if let Some(first) = outcomes.first_mut() {
            let place = first.sources.start_of_unread(&error.path());
            first.diagnostics.push(not_written(error).at(place));
        }
        self.report_outcomes(format, verb, &outcomes);
    }

    /// The files that a compile has read: no build may replace them.
    pub(super) fn inputs(&self, outcome: &Outcome) -> Vec<Utf8PathBuf> {
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
        WriteError::Io { .. } => "check that the directory exists, may be written to, and has space left",
    };
    Diagnostic::new(&rules::file::NOT_WRITTEN, error.to_string()).help(help)
}
