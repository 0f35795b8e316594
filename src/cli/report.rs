//! Reports the diagnostics of one or several compiles.
//!
//! In: their diagnostics with the sources. Out: text on standard error or one document on standard output, and
//! the resulting exit code.

use super::{Context, Exit, Format, Verbosity};
use tranship_frontend::diagnostic::Diagnostics;
use tranship_frontend::diagnostic::render::{self, Counts, Human};
use tranship_frontend::source::Sources;

/// The diagnostics of one compile.
pub type Run<'a> = (&'a Diagnostics, &'a Sources);

impl Context<'_> {
    /// Reports the diagnostics; returns [`Exit::Refused`] if one of them is an error.
    ///
    /// `subject` starts the final line of counts; without it, that line is omitted.
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
}
