//! The exit codes, stable from the first release on.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Success, or nothing to do.
    Done,
    /// Failure: files, the network, a deployment.
    Failed,
    /// The command line or the manifest has errors; nothing was written.
    Refused,
    /// Differences were found.
    Different,
    /// Credentials are missing or have expired.
    Credentials,
    /// The operation timed out.
    TimedOut,
    /// Interrupted.
    Interrupted,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Refused => 2,
            Exit::Different => 3,
            Exit::Credentials => 4,
            Exit::TimedOut => 5,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
