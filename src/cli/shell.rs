//! The only module that prints: data to standard output, messages to standard error.
//!
//! In: text, possibly styled with ANSI sequences. Out: the same text on the two streams, without styles if the
//! stream does not support them. Invariant: a closed pipe is neither an error nor a panic; the rest of the
//! output is dropped. Any other failure to write data is recorded. No text of the user's controls a terminal.

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use std::io::{self, IsTerminal, Write};
use tranship_frontend::diagnostic::render::{one_line, printable};

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
pub enum ColorMode {
    /// On a terminal, unless `NO_COLOR`, `CLICOLOR=0` or `TERM=dumb` disable them.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// One of the two streams.
struct OutputStream {
    writer: Box<dyn Write>,
    styled: bool,
    /// Whether a person reads it: it is a terminal, or colours were requested.
    seen: bool,
    terminal: bool,
    open: bool,
    /// Says whether the reader of the process's own stream is gone.
    hung_up: fn() -> bool,
    /// Why something could not be written.
    lost: Option<io::Error>,
}

impl OutputStream {
    fn new(writer: Box<dyn Write>, styled: bool, terminal: bool) -> Self {
        OutputStream {
            writer,
            styled,
            seen: styled || terminal,
            terminal,
            open: true,
            hung_up: || false,
            lost: None,
        }
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

/// Prints at a given verbosity.
pub struct Shell {
    out: OutputStream,
    err: OutputStream,
    verbosity: Verbosity,
    interactive: bool,
    /// Whether the terminal takes sequences that move the cursor.
    moves: bool,
    width: usize,
}

/// The width of snippets if the terminal's width is unknown.
const USUAL_WIDTH: usize = 140;

/// The width of a terminal that does not tell.
const TERMINAL_WIDTH: usize = 80;

/// The narrowest tree.
const LEAST_WIDTH: usize = 40;

/// The rows of a terminal that does not tell, and of the smallest tree.
const TERMINAL_ROWS: usize = 24;
const LEAST_ROWS: usize = 8;

/// Whether a terminal takes control sequences although it has no colours: `NO_COLOR` asks for none, a dumb terminal takes none.
#[cfg(unix)]
#[allow(clippy::disallowed_methods, reason = "it is about the terminal; compiling never gets here")]
fn takes_sequences() -> bool {
    std::env::var_os("TERM").is_some_and(|kind| !kind.is_empty() && kind != "dumb")
}

#[cfg(not(unix))]
fn takes_sequences() -> bool {
    false
}

/// What the terminal says of its columns and rows.
#[cfg(all(unix, feature = "deploy"))]
fn terminal_size() -> (Option<usize>, Option<usize>) {
    let told = |count: u16| (count > 0).then(|| usize::from(count));
    rustix::termios::tcgetwinsize(io::stderr())
        .map_or((None, None), |size| (told(size.ws_col), told(size.ws_row)))
}

#[cfg(not(all(unix, feature = "deploy")))]
fn terminal_size() -> (Option<usize>, Option<usize>) {
    (None, None)
}

/// Whether nothing reads a stream any more: the other end of its pipe is closed.
#[cfg(all(unix, feature = "deploy"))]
fn hung_up(stream: impl std::os::fd::AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut asked = [PollFd::new(&stream, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let gone = PollFlags::ERR | PollFlags::HUP;
    poll(&mut asked, Some(&at_once)).is_ok() && asked.iter().any(|one| one.revents().intersects(gone))
}

#[cfg(not(all(unix, feature = "deploy")))]
fn hung_up<T>(_: T) -> bool {
    false
}

impl Shell {
    /// A shell on the process's own streams.
    pub fn new(colour: ColorMode, verbosity: Verbosity) -> Self {
        let choice = |auto: ColorChoice| match colour {
            ColorMode::Auto => auto != ColorChoice::Never,
            ColorMode::Always => true,
            ColorMode::Never => false,
        };
        let (out, err) = (io::stdout(), io::stderr());
        let (style_out, style_err) = (choice(AutoStream::choice(&out)), choice(AutoStream::choice(&err)));
        Shell {
            moves: style_err || takes_sequences(),
            interactive: err.is_terminal() && io::stdin().is_terminal(),
            out: OutputStream {
                hung_up: || hung_up(io::stdout()),
                ..OutputStream::new(Box::new(out), style_out, io::stdout().is_terminal())
            },
            err: OutputStream::new(Box::new(err), style_err, io::stderr().is_terminal()),
            verbosity,
            width: USUAL_WIDTH,
        }
    }

    /// A shell on two writers, without colors: for tests.
    pub fn to(out: Box<dyn Write>, err: Box<dyn Write>, verbosity: Verbosity) -> Self {
        Shell {
            out: OutputStream::new(out, false, false),
            err: OutputStream::new(err, false, false),
            verbosity,
            interactive: false,
            moves: false,
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

    /// Whether lines can be drawn again in place: standard error is a terminal that takes control sequences, with or without colours.
    pub fn can_redraw(&self) -> bool {
        self.interactive && self.moves && self.verbosity == Verbosity::Normal
    }

    /// Moves on the terminal, whatever the styles.
    pub fn control(&mut self, sequence: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.err.raw(sequence);
        }
    }

    /// The number of columns of the terminal.
    pub fn columns(&self) -> usize {
        terminal_size().0.unwrap_or(TERMINAL_WIDTH).max(LEAST_WIDTH)
    }

    /// The number of rows of the terminal.
    pub fn rows(&self) -> usize {
        terminal_size().1.unwrap_or(TERMINAL_ROWS).max(LEAST_ROWS)
    }

    /// The number of columns of the terminal that data is written to; `None` if it is none.
    pub fn data_columns(&self) -> Option<usize> {
        self.out.terminal.then(|| self.columns())
    }

    /// The maximum number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Writes data to standard output: unchanged, except for control characters if a person reads it.
    pub fn data(&mut self, text: &str) {
        match self.out.seen {
            true => self.out.raw(&printable(text)),
            false => self.out.raw(text),
        }
    }

    /// Writes a styled page for people to standard output.
    pub fn page(&mut self, text: &str) {
        self.out.write(text);
    }

    /// Whether data still reaches someone: a command that only tells what comes ends otherwise.
    pub fn is_read(&self) -> bool {
        self.out.open && !(self.out.hung_up)()
    }

    /// Why data could not be written; reported once. A closed pipe does not count.
    pub fn lost_data(&mut self) -> Option<io::Error> {
        self.out.lost.take()
    }

    /// Writes a message line, unless `--quiet` is set.
    pub fn message(&mut self, line: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.err.write(&format!("{}\n", one_line(line)));
        }
    }

    /// Writes a message line that begins with a styled mark, unless `--quiet` is set.
    pub fn marked_message(&mut self, style: anstyle::Style, mark: &str, rest: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.err.write(&format!("{style}{}{style:#} {}\n", one_line(mark), one_line(rest)));
        }
    }

    /// Writes text to standard error at any verbosity: what went wrong.
    pub fn report(&mut self, text: &str) {
        self.err.write(text);
    }

    /// Writes a failure that has no position in the manifest.
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
    fn a_reader_that_left_is_noticed_before_anything_is_written() {
        let mut shell = Shell::to(Box::new(io::sink()), Box::new(io::sink()), Verbosity::Normal);
        assert!(shell.is_read());
        shell.out.hung_up = || true;
        assert!(!shell.is_read());
        let gone = || Box::new(Gone(io::ErrorKind::BrokenPipe));
        let mut shell = Shell::to(gone(), gone(), Verbosity::Normal);
        shell.data("text");
        assert!(!shell.is_read());
    }

    #[cfg(all(unix, feature = "deploy"))]
    #[test]
    fn a_pipe_is_hung_up_once_its_other_end_is_closed() {
        let (reader, writer) = io::pipe().unwrap();
        assert!(!hung_up(&writer), "it is read");
        drop(reader);
        assert!(hung_up(&writer));
        assert!(!hung_up(tempfile::tempfile().unwrap()), "a file is never hung up");
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
    fn a_mark_has_its_style_and_no_other_text_has_one() {
        let style = anstyle::AnsiColor::Red.on_default();
        for (styled, shown) in
            [(false, "FAILED a\u{fffd}[32mb\n"), (true, "\u{1b}[31mFAILED\u{1b}[0m a\u{fffd}[32mb\n")]
        {
            let kept = Kept::default();
            let mut shell = Shell::to(Box::new(io::sink()), Box::new(io::sink()), Verbosity::Normal);
            shell.err = OutputStream::new(Box::new(kept.clone()), styled, false);
            shell.marked_message(style, "FAILED", "a\u{1b}[32mb");
            assert_eq!(String::from_utf8(kept.0.borrow().clone()).unwrap(), shown);
        }
    }

    #[test]
    fn data_is_written_as_it_is_and_steers_no_terminal() {
        let text = "A=\u{1b}[31mred\u{9b}0m\n";
        for (styled, shown) in [(false, text), (true, "A=\u{fffd}[31mred\u{fffd}0m\n")] {
            let kept = Kept::default();
            let mut shell = Shell::to(Box::new(io::sink()), Box::new(io::sink()), Verbosity::Normal);
            shell.out = OutputStream::new(Box::new(kept.clone()), styled, false);
            shell.data(text);
            assert_eq!(String::from_utf8(kept.0.borrow().clone()).unwrap(), shown);
        }
    }
}
