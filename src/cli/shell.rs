//! The only module that prints: data to standard output, messages to standard error.
//!
//! In: text, possibly styled with ANSI sequences. Out: the same text on the two streams, without styles if the
//! stream does not support them. Invariant: a closed pipe is neither an error nor a panic; the rest of the
//! output is dropped.

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use std::io::{self, IsTerminal, Write};

/// How much to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Errors, short warnings, and the line of counts.
    #[default]
    Normal,
    /// Everything including notes, each with its snippet.
    Verbose,
}

/// When to use colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR`, `CLICOLOR=0` or `TERM=dumb` disable them.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// One of the two streams.
struct Stream {
    writer: Box<dyn Write>,
    styled: bool,
    open: bool,
}

impl Stream {
    fn new(writer: Box<dyn Write>, styled: bool) -> Self {
        Stream { writer, styled, open: true }
    }

    fn write(&mut self, text: &str) {
        if !self.open {
            return;
        }
        let plain;
        let text = if self.styled {
            text
        } else {
            plain = strip_str(text).to_string();
            &plain
        };
        self.open = self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush()).is_ok();
    }
}

/// Prints at a given verbosity.
pub struct Shell {
    out: Stream,
    err: Stream,
    verbosity: Verbosity,
    interactive: bool,
    width: usize,
}

/// The width of snippets if the terminal's width is unknown.
const USUAL_WIDTH: usize = 140;

impl Shell {
    /// A shell on the process's own streams.
    pub fn new(colour: Colour, verbosity: Verbosity) -> Self {
        let choice = |auto: ColorChoice| match colour {
            Colour::Auto => auto != ColorChoice::Never,
            Colour::Always => true,
            Colour::Never => false,
        };
        let (out, err) = (io::stdout(), io::stderr());
        let (style_out, style_err) = (choice(AutoStream::choice(&out)), choice(AutoStream::choice(&err)));
        Shell {
            interactive: err.is_terminal() && io::stdin().is_terminal(),
            out: Stream::new(Box::new(out), style_out),
            err: Stream::new(Box::new(err), style_err),
            verbosity,
            width: USUAL_WIDTH,
        }
    }

    /// A shell on two writers, without colors: for tests.
    pub fn to(out: Box<dyn Write>, err: Box<dyn Write>, verbosity: Verbosity) -> Self {
        Shell {
            out: Stream::new(out, false),
            err: Stream::new(err, false),
            verbosity,
            interactive: false,
            width: USUAL_WIDTH,
        }
    }

    /// How much to print.
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Whether questions may be asked: standard input and standard error are both terminals.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// The maximum number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Writes data to standard output, unchanged.
    pub fn data(&mut self, text: &str) {
        self.out.write(text);
    }

    /// Writes a message line, unless `--quiet` is set.
    pub fn say(&mut self, line: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.err.write(&format!("{line}\n"));
        }
    }

    /// Writes text to standard error at any verbosity: what went wrong.
    pub fn tell(&mut self, text: &str) {
        self.err.write(text);
    }

    /// Writes a failure that has no position in the manifest.
    pub fn error(&mut self, message: &str) {
        let style = anstyle::AnsiColor::BrightRed.on_default().bold();
        self.err.write(&format!("{style}error{style:#}: {message}\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let mut shell = Shell::to(Box::new(Gone), Box::new(Gone), Verbosity::Normal);
        shell.data("text");
        shell.error("message");
        assert!(!shell.out.open && !shell.err.open);
    }
}
