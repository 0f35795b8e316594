//! Says why a registry refused, and what helps.
//!
//! In: an answer that is no success. Out: a failure. Invariant: only what the registry wrote about the refusal is
//! repeated, without control characters; addresses, headers and tokens are not. Sources: OCI distribution
//! specification, "Error Codes"; Docker documentation, "Docker Hub usage and limits".

use super::http::HttpAnswer;
use super::registry_client::RepositoryName;
use crate::deploy::{DeployFailure, FailureKind};
use serde_json::Value;

/// The longest part of a registry's own words that is repeated.
const LONGEST_REASON: usize = 300;

/// A request that was refused.
pub(super) struct RefusedRequest {
    /// The repository.
    pub(super) repository: RepositoryName,
    /// What completes "cannot ...".
    pub(super) doing: String,
    /// Whether we had a login.
    pub(super) logged_in: bool,
    /// The answer.
    pub(super) answer: HttpAnswer,
}

impl RefusedRequest {
    /// The failure.
    pub(super) async fn explain(self) -> DeployFailure {
        let RefusedRequest { repository, doing, logged_in, answer } = self;
        let status = answer.status;
        let body = answer.bytes().await.unwrap_or_default();
        explained(&repository, &doing, logged_in, status, &body)
    }
}

fn explained(
    repository: &RepositoryName,
    doing: &str,
    logged_in: bool,
    status: u16,
    body: &[u8],
) -> DeployFailure {
    let (code, words) = registry_error(body);
    let reason = match words.is_empty() {
        true => format!("status {status}"),
        false => words,
    };
    let message = format!("cannot {doing} {repository}: {reason}");
    let hub = repository.host == "docker.io";
    let login =
        format!("`docker login{}`", if hub { String::new() } else { format!(" {}", repository.host) });
    match status {
        429 => limited(message, hub, logged_in),
        401 | 403 => {
            let failure = DeployFailure::new(FailureKind::Credentials, message);
            match logged_in {
                false => failure.help(format!("log in with {login}, or check the name: registries hide private images")),
                true => failure.help(format!("the login for {login} lacks permission, or has expired")),
            }
        }
        _ if code == "NAME_UNKNOWN" || (status == 404 && doing.starts_with("push")) => {
            DeployFailure::failed(message).help(
                "the repository does not exist: create it, or let `--create-repositories` create it in Amazon ECR",
            )
        }
        _ => DeployFailure::failed(message),
    }
}

/// Docker Hub counts pulls by account, or by address where nobody is logged in.
fn limited(message: String, hub: bool, logged_in: bool) -> DeployFailure {
    let failure = DeployFailure::failed(message);
    match (hub, logged_in) {
        (true, false) => failure
            .help("Docker Hub limits pulls without a login: log in with `docker login`")
            .help("or name a mirror, such as public.ecr.aws/docker/library/NAME for an official image"),
        (true, true) => failure.help(
            "Docker Hub limits the pulls of this account: wait, or name a mirror such as public.ecr.aws/docker/library/NAME",
        ),
        (false, _) => failure.help("the registry limits the number of requests: wait, then run the command again"),
    }
}

/// The code and the message of a registry's first error.
fn registry_error(body: &[u8]) -> (String, String) {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = value.get("errors").and_then(|errors| errors.get(0));
    let text = |name: &str| error.and_then(|it| it.get(name)).and_then(Value::as_str).unwrap_or_default();
    let words: String = text("message").chars().filter(|it| !it.is_control()).take(LONGEST_REASON).collect();
    let words = if words.is_empty() { text("code").to_owned() } else { words };
    (text("code").to_owned(), words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(host: &str, logged_in: bool, status: u16, body: &str) -> DeployFailure {
        let repository = RepositoryName::of(Some(host), "acme/app");
        explained(&repository, "read", logged_in, status, body.as_bytes())
    }

    #[test]
    fn refusals_say_what_helps() {
        let limit =
            r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#;
        let hub = failure("docker.io", false, 429, limit);
        assert_eq!(hub.message, "cannot read docker.io/acme/app: You have reached your pull rate limit.");
        assert!(hub.help[0].contains("`docker login`") && hub.help[1].contains("public.ecr.aws"));
        let denied = failure("ghcr.io", false, 403, r#"{"errors":[{"code":"DENIED"}]}"#);
        assert_eq!(denied.kind, FailureKind::Credentials);
        assert_eq!(denied.message, "cannot read ghcr.io/acme/app: DENIED");
        assert!(denied.help[0].contains("`docker login ghcr.io`"));
        assert!(failure("ghcr.io", true, 401, "").help[0].contains("has expired"));
        let unknown = failure("r.example", true, 404, r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#);
        assert!(unknown.help[0].contains("--create-repositories"));
        assert_eq!(
            failure("r.example", true, 500, "<html>\u{1b}[31m").message,
            "cannot read r.example/acme/app: status 500"
        );
    }
}
