//! The exit codes, stable from the first release on.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
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

impl ExitStatus {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            ExitStatus::Done => 0,
            ExitStatus::Failed => 1,
            ExitStatus::Refused => 2,
            ExitStatus::Different => 3,
            ExitStatus::Credentials => 4,
            ExitStatus::TimedOut => 5,
            ExitStatus::Interrupted => 130,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(exit: ExitStatus) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
