//! Why a deployment stopped: a kind that decides the exit code, a message, and help.
//!
//! In: SDK errors, terminal states, answers of the user. Out: [`DeployFailure`]. Invariant: no failure
//! contains a parameter's value or a request body.

use aws_sdk_sts::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use std::error::Error;
use std::fmt;

/// The kinds of failure that have different exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// AWS rejected a request, or the deployed application does not work.
    Failed,
    /// Something is missing from the command line: a flag, a value.
    Usage,
    /// Credentials are missing or expired, or lack a permission.
    Credentials,
    /// The operation did not finish in time.
    TimedOut,
    /// Ctrl-C.
    Interrupted,
}

/// Why a deployment stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployFailure {
    /// Determines the exit code.
    pub kind: FailureKind,
    /// What happened; lower case.
    pub message: String,
    /// Context and help, one per line.
    pub help: Vec<String>,
}

impl DeployFailure {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        DeployFailure { kind, message: message.into(), help: Vec::new() }
    }

    /// AWS rejected a request, or the deployed application does not work.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        DeployFailure::new(FailureKind::Failed, message)
    }

    /// Something is missing from the command line.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        DeployFailure::new(FailureKind::Usage, message)
    }

    /// Adds a line of help.
    pub(crate) fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }
}

impl fmt::Display for DeployFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for DeployFailure {}

/// Error codes that mean the credentials themselves are the problem.
const CREDENTIAL_CODES: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
];

/// Turns an SDK error into a failure; `doing` completes "cannot ...".
pub(crate) fn sdk<E, R>(doing: &str, error: SdkError<E, R>) -> DeployFailure
where
    E: Error + ProvideErrorMetadata + 'static,
    R: fmt::Debug + 'static,
{
    let code = error.code().unwrap_or_default().to_owned();
    let reason = reason(&error);
    if CREDENTIAL_CODES.contains(&code.as_str()) {
        return credentials(&format!("cannot {doing}: {reason}"), None);
    }
    let failure = DeployFailure::failed(format!("cannot {doing}: {reason}"));
    if is_denied(&code) {
        return failure.help("the credentials in use lack the permission named above");
    }
    failure
}

/// Whether an error code means a missing permission.
pub(super) fn is_denied(code: &str) -> bool {
    code.contains("AccessDenied")
        || code.contains("InsufficientPrivileges")
        || code == "UnauthorizedOperation"
}

/// The service's error message, or why there is none.
pub(super) fn reason<E, R>(error: &SdkError<E, R>) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
    R: fmt::Debug + 'static,
{
    error.message().map_or_else(|| reach(error), str::to_owned)
}

/// The SDK's message if no service answered.
fn reach<E: Error + 'static, R: fmt::Debug + 'static>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::TimeoutError(_) => "the request timed out".to_owned(),
        SdkError::DispatchFailure(_) => {
            format!("the service is unreachable ({})", innermost(error))
        }
        other => DisplayErrorContext(other).to_string(),
    }
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut current = error;
    while let Some(next) = current.source() {
        current = next;
    }
    current.to_string()
}

/// Missing or expired credentials, with the command that helps.
pub(super) fn credentials(message: &str, profile: Option<&str>) -> DeployFailure {
    let with = profile.map(|name| format!(" --profile {name}")).unwrap_or_default();
    DeployFailure::new(FailureKind::Credentials, message)
        .help(format!(
            "run `aws sso login{with}` if the profile uses single sign-on, otherwise `aws configure{with}`"
        ))
        .help("or set AWS_PROFILE, or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN")
}
