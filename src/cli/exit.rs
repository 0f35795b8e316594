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
    /// A task or a program that the command ran ended with this code.
    Ran(u8),
}

impl ExitStatus {
    /// The end of a task or a program with this code; one that no process can have is a failure.
    pub fn of_task(code: i32) -> Self {
        match u8::try_from(code) {
            Ok(0) => ExitStatus::Done,
            Ok(code) => ExitStatus::Ran(code),
            Err(_) => ExitStatus::Failed,
        }
    }

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
            ExitStatus::Ran(code) => code,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(exit: ExitStatus) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_task_is_that_of_the_process() {
        for (code, exit) in [(0, 0), (1, 1), (3, 3), (137, 137), (255, 255), (256, 1), (-1, 1)] {
            assert_eq!(ExitStatus::of_task(code).code(), exit, "{code}");
        }
        assert_eq!(ExitStatus::of_task(0), ExitStatus::Done);
    }
}
