//! Why a deployment stopped: a kind that decides the exit code, a message, and help.
//!
//! In: SDK errors, terminal states, answers of the user. Out: [`DeployFailure`]. Invariant: no failure
//! contains a parameter's value or a request body.

use crate::operation::failure_hints::hints;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use std::any::Any;
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

/// The text with `ENV` as the environment's name in commands of ours between back-ticks. No name is known where a stack was named.
pub(super) fn commands_for(text: &str, name: &str) -> String {
    if name.is_empty() {
        return text.to_owned();
    }
    let spoken = |(at, piece): (usize, &str)| {
        let ours = at % 2 == 1 && piece.starts_with("tranship ");
        let word = |word: &str| if ours && word == "ENV" { name.to_owned() } else { word.to_owned() };
        piece.split(' ').map(word).collect::<Vec<_>>().join(" ")
    };
    text.split('`').enumerate().map(spoken).collect::<Vec<_>>().join("`")
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

    /// With advice for the causes that its text shows.
    pub(super) fn advised(mut self) -> Self {
        if self.kind == FailureKind::Failed || self.kind == FailureKind::TimedOut {
            // What a container wrote is no reason of AWS.
            let told = self.help.iter().filter(|line| !line.starts_with("  | "));
            let reasons = std::iter::once(&self.message).chain(told).map(String::as_str);
            let found: Vec<String> =
                hints(reasons).iter().map(|hint| format!("hint: {}", hint.advice)).collect();
            self.help.extend(found);
        }
        self
    }

    /// Names the environment in the commands that it tells, so that they can be copied.
    pub(super) fn in_environment(mut self, name: &str) -> Self {
        self.message = commands_for(&self.message, name);
        for line in &mut self.help {
            *line = commands_for(line, name);
        }
        self
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
    let request = error.as_service_error().and_then(|it| it.meta().extra("aws_request_id"));
    let request = request.map(|id| format!("request ID: {id}"));
    let mut failure = if is_of_credentials(&code) || lacks_credentials(&error) {
        credentials(&format!("cannot {doing}: {reason}"), None)
    } else {
        DeployFailure::failed(format!("cannot {doing}: {reason}"))
    };
    if is_denied(&code) {
        failure = failure.help("the credentials in use lack the permission named above");
    }
    if matches!(error, SdkError::DispatchFailure(_)) && failure.kind == FailureKind::Failed {
        failure = failure.help("check the network, HTTPS_PROXY and AWS_ENDPOINT_URL");
    }
    failure.help.extend(request);
    failure
}

/// Whether the call was never sent, for want of credentials: a session of single sign-on has expired, say.
fn lacks_credentials<E: Error + 'static, R: fmt::Debug + 'static>(error: &SdkError<E, R>) -> bool {
    if !matches!(error, SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_)) {
        return false;
    }
    let mut current: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(next) = current {
        if next.to_string().contains("credentials") || next.to_string().contains("token is expired") {
            return true;
        }
        current = next.source();
    }
    false
}

/// Whether AWS refused because it has that name already.
pub(super) fn exists_already(code: &str, message: &str) -> bool {
    code.contains("AlreadyExists") || message.contains("already exists")
}

/// Whether an error code means that the credentials themselves are the problem.
pub(super) fn is_of_credentials(code: &str) -> bool {
    CREDENTIAL_CODES.contains(&code)
}

/// Whether an error code means a missing permission.
pub(super) fn is_denied(code: &str) -> bool {
    code.contains("AccessDenied")
        || code.contains("InsufficientPrivileges")
        || code == "UnauthorizedOperation"
}

/// The service's error message, or why there is none. Never what the SDK knows of the request or the answer.
pub(super) fn reason<E, R>(error: &SdkError<E, R>) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
    R: fmt::Debug + 'static,
{
    match (error.message(), error.code()) {
        (Some(message), _) if !message.is_empty() => message.to_owned(),
        (_, Some(code)) => code.to_owned(),
        (_, None) => reach(error),
    }
}

/// What to say if no service answered, or none in words.
fn reach<E: Error + 'static, R: fmt::Debug + 'static>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::TimeoutError(_) => "AWS did not answer in time".to_owned(),
        SdkError::DispatchFailure(_) => format!("the service is unreachable ({})", innermost(error)),
        SdkError::ConstructionFailure(_) => innermost(error),
        SdkError::ServiceError(answer) => match status(answer.raw()) {
            Some(status) => format!("AWS answered with HTTP status {status} and no reason"),
            None => "AWS answered with an error and no reason".to_owned(),
        },
        SdkError::ResponseError(answer) => match status(answer.raw()) {
            Some(status) => format!("the answer of AWS cannot be read (HTTP status {status})"),
            None => "the answer of AWS cannot be read".to_owned(),
        },
        _ => "the call failed".to_owned(),
    }
}

fn status<R: 'static>(raw: &R) -> Option<u16> {
    let answer = (raw as &dyn Any).downcast_ref::<HttpResponse>()?;
    Some(answer.status().as_u16())
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

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError as StsError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;
    use std::io;

    #[test]
    fn commands_name_the_environment() {
        let text =
            "ENV: `tranship cancel ENV` or `tranship logs ENV --previous`, not `echo ENV` or `tranship`";
        let named =
            "ENV: `tranship cancel prod` or `tranship logs prod --previous`, not `echo ENV` or `tranship`";
        assert_eq!(commands_for(text, "prod"), named);
        assert_eq!(commands_for(text, ""), text);
        let failure =
            DeployFailure::failed("see `tranship status ENV`").help("a").help("`tranship down ENV`");
        let failure = failure.in_environment("dev");
        assert_eq!(failure.message, "see `tranship status dev`");
        assert_eq!(failure.help, ["a", "`tranship down dev`"]);
    }

    type Refused = SdkError<StsError, HttpResponse>;

    /// What a service says: an error with a code and a message, or none, and the status of its answer.
    fn refused(code: Option<&str>, message: Option<&str>, status: u16) -> Refused {
        let mut meta = ErrorMetadata::builder().custom("aws_request_id", "r-1");
        if let Some(code) = code {
            meta = meta.code(code);
        }
        if let Some(message) = message {
            meta = meta.message(message);
        }
        let raw = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        SdkError::service_error(StsError::generic(meta.build()), raw)
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_service() {
        assert_eq!(reason(&refused(Some("Throttling"), Some("slow down"), 400)), "slow down");
        assert_eq!(reason(&refused(Some("Throttling"), Some(""), 400)), "Throttling");
        assert_eq!(reason(&refused(Some("Throttling"), None, 400)), "Throttling");
        assert_eq!(reason(&refused(None, None, 503)), "AWS answered with HTTP status 503 and no reason");
        assert_eq!(reason(&Refused::timeout_error("late")), "AWS did not answer in time");
        let raw = HttpResponse::new(502.try_into().unwrap(), SdkBody::empty());
        let broken = Refused::response_error("no XML", raw);
        assert_eq!(reason(&broken), "the answer of AWS cannot be read (HTTP status 502)");
        let cause = io::Error::other("no such host");
        let unreachable = Refused::dispatch_failure(ConnectorError::io(cause.into()));
        assert_eq!(reason(&unreachable), "the service is unreachable (no such host)");
        assert_eq!(reason(&Refused::construction_failure("a name is missing")), "a name is missing");
    }

    #[test]
    fn a_refusal_has_the_kind_and_the_help_of_its_code() {
        let failure = sdk("list the stacks", refused(Some("Throttling"), Some("slow down"), 400));
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (FailureKind::Failed, "cannot list the stacks: slow down")
        );
        assert_eq!(failure.help, ["request ID: r-1"]);
        let denied = sdk("list the stacks", refused(Some("AccessDenied"), Some("no"), 403));
        assert_eq!(denied.kind, FailureKind::Failed);
        assert_eq!(denied.help[0], "the credentials in use lack the permission named above");
        let expired = sdk("list the stacks", refused(Some("ExpiredToken"), Some("it expired"), 403));
        assert_eq!(expired.kind, FailureKind::Credentials);
        assert!(expired.help[0].starts_with("run `aws sso login`"), "{:?}", expired.help);
        let away = |text: &str| {
            sdk(
                "ask",
                Refused::dispatch_failure(ConnectorError::io(io::Error::other(text.to_owned()).into())),
            )
        };
        let network = away("no such host");
        assert_eq!(network.kind, FailureKind::Failed);
        assert_eq!(network.help, ["check the network, HTTPS_PROXY and AWS_ENDPOINT_URL"]);
        for text in ["no credentials in the chain", "the token is expired"] {
            let lacking = away(text);
            assert_eq!(lacking.kind, FailureKind::Credentials, "{text}");
            assert!(!lacking.help.iter().any(|line| line.contains("HTTPS_PROXY")), "{lacking:?}");
        }
        for (code, is) in [
            ("AccessDeniedException", true),
            ("UnauthorizedOperation", true),
            ("InsufficientPrivilegesException", true),
            ("Throttling", false),
        ] {
            assert_eq!(is_denied(code), is, "{code}");
        }
        assert!(exists_already("AlreadyExistsException", "") && exists_already("", "it already exists"));
        assert!(!exists_already("Throttling", "slow down"));
    }

    #[test]
    fn a_failure_has_advice_for_what_aws_says_and_not_for_what_a_container_wrote() {
        let failed = |message: &str| DeployFailure::failed(message).help("  | out of memory").advised();
        assert_eq!(failed("it ended").help, ["  | out of memory"]);
        let advised = failed("service app: CannotPullContainerError: manifest unknown");
        assert_eq!(advised.help.len(), 2);
        assert!(advised.help[1].starts_with("hint: there is no such image: "), "{advised:?}");
        let usage = DeployFailure::usage("quota exceeded").advised();
        assert!(usage.help.is_empty());
    }
}
