//! The only place that prints: data to standard output, talk to standard error.
//!
//! In: text, styled with ANSI sequences where it pays. Out: the same on the two streams, styles taken out
//! where the stream does not want them. Invariant: a reader that went away is not an error and no panic;
//! what is left to say is dropped.

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use std::io::{self, IsTerminal, Write};

/// How much to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Errors, warnings in short, the line of counts.
    #[default]
    Normal,
    /// Everything, notes too, each with its snippet.
    Verbose,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR`, `CLICOLOR=0` or `TERM=dumb` say otherwise.
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

/// Prints, and knows how much.
pub struct Shell {
    out: Stream,
    err: Stream,
    verbosity: Verbosity,
    interactive: bool,
    width: usize,
}

/// Snippets are cut to this width where the terminal's is not known.
const USUAL_WIDTH: usize = 140;

impl Shell {
    /// On the streams of the process.
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

    /// On two writers, without colour: for tests.
    pub fn to(out: Box<dyn Write>, err: Box<dyn Write>, verbosity: Verbosity) -> Self {
        Shell {
            out: Stream::new(out, false),
            err: Stream::new(err, false),
            verbosity,
            interactive: false,
            width: USUAL_WIDTH,
        }
    }

    /// How much to tell.
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Whether a question may be asked: both ends are a terminal.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Columns to fill at most.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Data, as it is, to standard output.
    pub fn data(&mut self, text: &str) {
        self.out.write(text);
    }

    /// A line of talk, unless `--quiet`.
    pub fn say(&mut self, line: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.err.write(&format!("{line}\n"));
        }
    }

    /// Text that is told whatever the verbosity, to standard error: what went wrong.
    pub fn tell(&mut self, text: &str) {
        self.err.write(text);
    }

    /// A failure that no line of the manifest stands behind.
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
