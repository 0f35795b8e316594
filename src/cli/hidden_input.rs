//! Reads a secret from the terminal without showing it.
//!
//! In: a question. Out: the line that was typed. Invariant: the echo is off before the question is printed, and once a
//! run is interrupted it is on and stays on, whatever the thread that asks does next.

#[cfg(unix)]
pub(super) use unix::{interrupt, read};

#[cfg(unix)]
mod unix {
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use std::io::{Write, stderr, stdin};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    /// What the terminal was before a question, and whether another may be asked.
    #[derive(Debug)]
    enum EchoState {
        Shown,
        Hidden(Box<Termios>),
        /// The run was interrupted: the terminal is the shell's again.
        Closed,
    }

    static ECHO: Mutex<EchoState> = Mutex::new(EchoState::Shown);

    fn echo() -> MutexGuard<'static, EchoState> {
        ECHO.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, and reads a line; `None` at the end of the input, and where it is no terminal.
    pub(in crate::cli) fn read(question: &str) -> Option<String> {
        hide()?;
        let mut line = String::new();
        let asked = stderr().write_all(question.as_bytes()).and_then(|()| stderr().flush());
        let read = asked.and_then(|()| stdin().read_line(&mut line));
        show(EchoState::Shown);
        let ended = line.trim_end_matches(['\n', '\r']).len();
        line.truncate(ended);
        read.is_ok_and(|length| length > 0).then_some(line)
    }

    /// Shows what is typed again, for good: the question in progress is cut off.
    pub(in crate::cli) fn interrupt() {
        if show(EchoState::Closed) {
            // The cursor is behind the question.
            let _ = stderr().write_all(b"\n");
        }
    }

    fn hide() -> Option<()> {
        let mut state = echo();
        if matches!(*state, EchoState::Closed) {
            return None;
        }
        let before = tcgetattr(stdin()).ok()?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        // The end of the line is shown, so that what follows begins on its own.
        hidden.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(stdin(), OptionalActions::Now, &hidden).ok()?;
        *state = EchoState::Hidden(Box::new(before));
        Some(())
    }

    /// Whether it was hidden.
    fn show(next: EchoState) -> bool {
        let mut state = echo();
        if matches!(*state, EchoState::Closed) {
            return false;
        }
        let EchoState::Hidden(before) = std::mem::replace(&mut *state, next) else { return false };
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
        true
    }
}

/// Asks, and reads a line; `None` at the end of the input.
#[cfg(not(unix))]
pub(super) fn read(question: &str) -> Option<String> {
    rpassword::prompt_password(question).ok()
}

/// The console shows what is typed as soon as the process ends.
#[cfg(not(unix))]
pub(super) fn interrupt() {}
