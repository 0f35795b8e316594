//! Answers a registry that asks who we are.
//!
//! In: the challenge of an answer with status 401, and a login. Out: the value of `Authorization`, kept for later
//! requests of the same scope. Invariant: a login is sent to the host that a registry's challenge names over an
//! encrypted connection only, and shown nowhere. Sources: CNCF distribution, "Token Authentication Specification",
//! "Token Authentication Implementation"; RFC 9110, section 11.

use super::credentials::HostLogin;
use super::http::{CallBody, HttpCall, HttpCaller, host_of};
use super::registry_client::RepositoryName;
use crate::deploy::DeployFailure;
use aws_smithy_types::base64;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

/// What is to be allowed: the texts of token services.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AccessScope(Vec<String>);

impl AccessScope {
    /// Reading.
    pub(super) fn pull(repository: &RepositoryName) -> AccessScope {
        AccessScope(vec![format!("repository:{}:pull", repository.path)])
    }

    /// Reading and writing.
    pub(super) fn push(repository: &RepositoryName) -> AccessScope {
        AccessScope(vec![format!("repository:{}:pull,push", repository.path)])
    }

    /// Reading another repository too.
    pub(super) fn and_pull(mut self, repository: &RepositoryName) -> AccessScope {
        self.0.push(format!("repository:{}:pull", repository.path));
        self
    }
}

/// What a registry asks for.
#[derive(Debug, PartialEq, Eq)]
enum AuthChallenge {
    /// The login itself.
    Basic,
    /// A token from a service.
    Bearer { realm: String, service: Option<String> },
}

/// Tokens by scope.
#[derive(Default)]
pub(super) struct TokenCache(RefCell<BTreeMap<AccessScope, String>>);

/// Shows no token.
impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenCache({})", self.0.borrow().len())
    }
}

impl TokenCache {
    /// The authorization that worked for a scope before.
    pub(super) fn get(&self, scope: &AccessScope) -> Option<String> {
        self.0.borrow().get(scope).cloned()
    }

    /// The authorization that a challenge asks for; none where we have nothing to say.
    pub(super) async fn answer(
        &self,
        caller: &HttpCaller,
        challenge: &str,
        scope: &AccessScope,
        login: Option<&HostLogin>,
    ) -> Result<Option<String>, DeployFailure> {
        let authorization = match (parse(challenge), login) {
            (Some(AuthChallenge::Basic), Some(HostLogin::Password { user, password })) => {
                Some(basic(user, password))
            }
            (Some(AuthChallenge::Bearer { realm, service }), login) => {
                let request = TokenRequest { realm: &realm, service: service.as_deref(), scope };
                request.send(caller, login).await?.map(|token| format!("Bearer {token}"))
            }
            _ => None,
        };
        if let Some(authorization) = &authorization {
            self.0.borrow_mut().insert(scope.clone(), authorization.clone());
        }
        Ok(authorization)
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::encode(format!("{user}:{password}")))
}

/// A request to a token service.
struct TokenRequest<'a> {
    realm: &'a str,
    service: Option<&'a str>,
    scope: &'a AccessScope,
}

impl TokenRequest<'_> {
    async fn send(
        &self,
        caller: &HttpCaller,
        login: Option<&HostLogin>,
    ) -> Result<Option<String>, DeployFailure> {
        let call = match login {
            Some(HostLogin::IdentityToken(token)) => self.exchange(token),
            Some(HostLogin::Password { user, password }) => {
                HttpCall { authorization: Some(basic(user, password)), ..self.ask() }
            }
            None => self.ask(),
        };
        let answer = caller.send(&call).await?;
        if !answer.is_success() {
            let host = host_of(self.realm).to_owned();
            return match answer.status {
                // Nobody, or a wrong password: the registry's own refusal says what was refused.
                400 | 401 | 403 => Ok(None),
                status => Err(DeployFailure::failed(format!("{host} returned no token: status {status}"))),
            };
        }
        let answer: Value = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
        let token = ["token", "access_token"].iter().find_map(|name| answer.get(*name)?.as_str());
        Ok(token.map(str::to_owned))
    }

    /// The request of RFC 6750 tokens, with the login in a header.
    fn ask(&self) -> HttpCall {
        let mut query: Vec<String> =
            self.service.iter().map(|it| format!("service={}", escaped(it))).collect();
        query.extend(self.scope.0.iter().map(|scope| format!("scope={}", escaped(scope))));
        let separator = if self.realm.contains('?') { '&' } else { '?' };
        HttpCall::new("GET", format!("{}{separator}{}", self.realm, query.join("&")))
    }

    /// The exchange of an identity token.
    fn exchange(&self, token: &str) -> HttpCall {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", "tranship"),
            ("service", self.service.unwrap_or_default()),
            ("scope", &self.scope.0.join(" ")),
            ("refresh_token", token),
        ];
        let fields = fields.map(|(name, value)| format!("{name}={}", escaped(value)));
        let mut call =
            HttpCall::new("POST", self.realm).header("content-type", "application/x-www-form-urlencoded");
        call.body = CallBody::Bytes(fields.join("&").into_bytes());
        call
    }
}

/// Percent-encoded, except for the unreserved characters of RFC 3986.
fn escaped(text: &str) -> String {
    let spell = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(spell).collect()
}

/// `Bearer realm="https://auth.docker.io/token",service="registry.docker.io"`.
fn parse(challenge: &str) -> Option<AuthChallenge> {
    let (scheme, rest) = challenge.trim().split_once(' ').unwrap_or((challenge.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(AuthChallenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let fields = fields(rest);
    let field = |name: &str| fields.get(name).cloned();
    Some(AuthChallenge::Bearer { realm: field("realm")?, service: field("service") })
}

/// `name="value"` pairs; a value may hold commas.
fn fields(text: &str) -> BTreeMap<String, String> {
    let (mut found, mut rest) = (BTreeMap::new(), text);
    while let Some((name, after)) = rest.split_once('=') {
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        let name = name.trim_matches([' ', ',']).to_ascii_lowercase();
        found.insert(name, value.trim().to_owned());
        rest = left;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(AuthChallenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) })
        };
        for (text, expected) in [
            (
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a:pull,push""#,
                bearer("https://auth.docker.io/token", Some("registry.docker.io")),
            ),
            (r#"bearer realm="https://ghcr.io/token""#, bearer("https://ghcr.io/token", None)),
            (
                r#"Basic realm="https://1.dkr.ecr.us-east-1.amazonaws.com/",service="ecr.amazonaws.com""#,
                Some(AuthChallenge::Basic),
            ),
            ("Basic", Some(AuthChallenge::Basic)),
            ("Negotiate", None),
            ("Bearer", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_token_is_asked_for_what_is_done() {
        let name = |path: &str| RepositoryName::of(Some("r.example"), path);
        let scope = AccessScope::push(&name("a/b")).and_pull(&name("c"));
        let request = TokenRequest { realm: "https://r.example/token", service: Some("r s"), scope: &scope };
        assert_eq!(
            request.ask().url,
            "https://r.example/token?service=r%20s&scope=repository%3Aa%2Fb%3Apull%2Cpush&scope=repository%3Ac%3Apull"
        );
    }
}
