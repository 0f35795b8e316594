//! The only place that prints: data to standard output, talk to standard error.
//!
//! In: text, styled with ANSI sequences where it pays. Out: the same on the two streams, styles taken out
//! where the stream does not want them. Invariant: a reader that went away is not an error and no panic;
//! what is left to say is dropped. Data that cannot be written for another reason is remembered. No text of the
//! user's steers a terminal.

use crate::diagnostic::render::{one_line, printable};
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
    /// Whether a person reads it: on a terminal, or with colours asked for.
    seen: bool,
    open: bool,
    /// Why something could not be written.
    lost: Option<io::Error>,
}

impl Stream {
    fn new(writer: Box<dyn Write>, styled: bool, terminal: bool) -> Self {
        Stream { writer, styled, seen: styled || terminal, open: true, lost: None }
    }

    fn write(&mut self, text: &str) {
        match self.styled {
            true => self.raw(text),
            false => self.raw(&strip_str(text).to_string()),
        }
    }

    /// Bytes as they are.
    fn raw(&mut self, text: &str) {
        if !self.open {
            return;
        }
        if let Err(error) = self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush()) {
            self.open = false;
            self.lost = Some(error).filter(|error| error.kind() != io::ErrorKind::BrokenPipe);
        }
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
            out: Stream::new(Box::new(out), style_out, io::stdout().is_terminal()),
            err: Stream::new(Box::new(err), style_err, io::stderr().is_terminal()),
            verbosity,
            width: USUAL_WIDTH,
        }
    }

    /// On two writers, without colour: for tests.
    pub fn to(out: Box<dyn Write>, err: Box<dyn Write>, verbosity: Verbosity) -> Self {
        Shell {
            out: Stream::new(out, false, false),
            err: Stream::new(err, false, false),
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

    /// Data to standard output: as it is, but for a terminal without what would steer it.
    pub fn data(&mut self, text: &str) {
        match self.out.seen {
            true => self.out.raw(&printable(text)),
            false => self.out.raw(text),
        }
    }

    /// A page for people, with styles, to standard output.
    pub fn page(&mut self, text: &str) {
        self.out.write(text);
    }

    /// Why data was not written, once. A reader that went away is no reason.
    pub fn lost_data(&mut self) -> Option<io::Error> {
        self.out.lost.take()
    }

    /// A line of talk, unless `--quiet`.
    pub fn say(&mut self, line: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.err.write(&format!("{}\n", one_line(line)));
        }
    }

    /// Text that is told whatever the verbosity, to standard error: what went wrong.
    pub fn tell(&mut self, text: &str) {
        self.err.write(text);
    }

    /// A failure that no line of the manifest stands behind.
    pub fn error(&mut self, message: &str) {
        let style = anstyle::AnsiColor::BrightRed.on_default().bold();
        self.err.write(&format!("{style}error{style:#}: {}\n", printable(message)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Gone(io::ErrorKind);

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let gone = || Box::new(Gone(io::ErrorKind::BrokenPipe));
        let mut shell = Shell::to(gone(), gone(), Verbosity::Normal);
        shell.data("text");
        shell.error("message");
        assert!(!shell.out.open && !shell.err.open);
        assert!(shell.lost_data().is_none());
    }

    #[test]
    fn data_that_finds_no_room_is_lost() {
        let full = || Box::new(Gone(io::ErrorKind::StorageFull));
        let mut shell = Shell::to(full(), full(), Verbosity::Normal);
        shell.error("message");
        assert!(shell.lost_data().is_none(), "talk is no data");
        shell.page("text");
        assert_eq!(shell.lost_data().map(|error| error.kind()), Some(io::ErrorKind::StorageFull));
    }

    /// Keeps what is written.
    #[derive(Clone, Default)]
    struct Kept(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn data_is_written_as_it_is_and_steers_no_terminal() {
        let text = "A=\u{1b}[31mred\u{9b}0m\n";
        for (styled, shown) in [(false, text), (true, "A=\u{fffd}[31mred\u{fffd}0m\n")] {
            let kept = Kept::default();
            let mut shell = Shell::to(Box::new(io::sink()), Box::new(io::sink()), Verbosity::Normal);
            shell.out = Stream::new(Box::new(kept.clone()), styled, false);
            shell.data(text);
            assert_eq!(String::from_utf8(kept.0.borrow().clone()).unwrap(), shown);
        }
    }
}
