//! Who we are to a registry: what `docker login` left behind.
//!
//! In: `config.json` of Docker's client, in DOCKER_CONFIG or below the home directory, or the authentication file of
//! Podman. Out: a [`HostLogin`] for a host. Invariant: a password is shown nowhere. Source: Docker CLI reference,
//! "docker login", "Credential helpers"; containers-auth.json(5).

use crate::deploy::DeployFailure;
use camino::Utf8PathBuf;
use serde_json::Value;
use std::fmt;
use std::io::Write;
use std::process::{Command, Stdio};
use tranship_frontend::world::World;

/// The key of Docker Hub in the file.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The user name that says that the password is a token to be exchanged.
const TOKEN_USER: &str = "<token>";

/// What a registry is told.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum HostLogin {
    /// A user name and a password.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A token that is exchanged for another.
    IdentityToken(String),
}

/// Shows no secret.
impl fmt::Debug for HostLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostLogin(..)")
    }
}

/// The files with logins, the most important first.
#[derive(Clone, Default)]
pub(super) struct LoginFiles(Vec<Value>);

impl fmt::Debug for LoginFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoginFiles({})", self.0.len())
    }
}

impl LoginFiles {
    /// Reads them. A file that is absent or no JSON holds no login.
    pub(super) fn read(world: &dyn World) -> LoginFiles {
        let variable = |name: &str| world.variable(name).filter(|value| !value.is_empty());
        let home = variable("HOME").or_else(|| variable("USERPROFILE")).map(Utf8PathBuf::from);
        let docker = variable("DOCKER_CONFIG").map(Utf8PathBuf::from);
        let docker = docker.or_else(|| home.as_ref().map(|home| home.join(".docker")));
        let runtime = variable("XDG_RUNTIME_DIR").map(Utf8PathBuf::from);
        let paths = [
            variable("REGISTRY_AUTH_FILE").map(Utf8PathBuf::from),
            docker.map(|folder| folder.join("config.json")),
            runtime.map(|folder| folder.join("containers/auth.json")),
            home.map(|home| home.join(".config/containers/auth.json")),
        ];
        let read = |path: Utf8PathBuf| serde_json::from_slice(&world.read(&path).ok()?).ok();
        LoginFiles(paths.into_iter().flatten().filter_map(read).collect())
    }

    /// The login for a host; none where nobody logged in.
    ///
    /// # Errors
    /// A credential helper that is named for the host cannot be run.
    pub(super) fn find(&self, host: &str) -> Result<Option<HostLogin>, DeployFailure> {
        for file in &self.0 {
            if let Some(login) = in_file(file, host)? {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }
}

/// The keys under which a host may stand.
fn keys(host: &str) -> Vec<String> {
    match host {
        "docker.io" => vec![DOCKER_HUB.to_owned(), "docker.io".to_owned(), "index.docker.io".to_owned()],
        _ => vec![host.to_owned(), format!("https://{host}"), format!("https://{host}/v2/")],
    }
}

fn in_file(file: &Value, host: &str) -> Result<Option<HostLogin>, DeployFailure> {
    let keys = keys(host);
    let named = |object: &str, key: &String| file.get(object).and_then(|it| it.get(key)).cloned();
    if let Some((key, helper)) = keys.iter().find_map(|key| Some((key, named("credHelpers", key)?))) {
        return ask_helper(helper.as_str().unwrap_or_default(), key);
    }
    let entry = keys.iter().find_map(|key| Some((key, named("auths", key)?)));
    if let Some(login) = entry.as_ref().and_then(|(_, entry)| written(entry)) {
        return Ok(Some(login));
    }
    // A store holds what the file lists with an empty entry; Docker Desktop lists nothing at all.
    match file.get("credsStore").and_then(Value::as_str).filter(|name| !name.is_empty()) {
        Some(store) => {
            let key = entry.map_or_else(|| keys.first().cloned().unwrap_or_default(), |(key, _)| key.clone());
            ask_helper(store, &key)
        }
        None => Ok(None),
    }
}

/// A login that stands in the file itself.
fn written(entry: &Value) -> Option<HostLogin> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if let Some(token) = text("identitytoken") {
        return Some(HostLogin::IdentityToken(token.to_owned()));
    }
    let decoded = text("auth").and_then(|auth| aws_smithy_types::base64::decode(auth.trim()).ok());
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = match &decoded {
        Some(text) => text.split_once(':'),
        None => text("username").zip(text("password")),
    };
    let (user, password) = pair?;
    Some(HostLogin::Password { user: user.to_owned(), password: password.trim_end_matches('\0').to_owned() })
}

/// Asks `docker-credential-NAME` on PATH, as Docker does.
fn ask_helper(name: &str, key: &str) -> Result<Option<HostLogin>, DeployFailure> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(is_word) {
        return Err(DeployFailure::usage("Docker's config.json names an invalid credential helper"));
    }
    let program = format!("docker-credential-{name}");
    let failed = |why: String| {
        DeployFailure::failed(format!("the credential helper `{program}` {why}"))
            .help(format!("Docker's config.json names it for `{key}`"))
    };
    let mut child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(format!("cannot be run: {error}")))?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that does not read its input says so by its exit code.
        let _ = input.write_all(key.as_bytes());
    }
    let output = child.wait_with_output().map_err(|error| failed(format!("cannot be run: {error}")))?;
    if !output.status.success() {
        // Without an entry for the host a helper fails too: then nobody logged in.
        return Ok(None);
    }
    let answer: Value =
        serde_json::from_slice(&output.stdout).map_err(|_| failed("answers no JSON".into()))?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (user, password) = (text("Username"), text("Secret"));
    Ok(match user.as_str() {
        _ if password.is_empty() => None,
        TOKEN_USER => Some(HostLogin::IdentityToken(password)),
        _ => Some(HostLogin::Password { user, password }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_frontend::world::MemoryWorld;

    fn find(config: &str, host: &str) -> Option<HostLogin> {
        let world = MemoryWorld::new().file("/home/me/.docker/config.json", config).set("HOME", "/home/me");
        LoginFiles::read(&world).find(host).unwrap()
    }

    fn password(user: &str, password: &str) -> Option<HostLogin> {
        Some(HostLogin::Password { user: user.to_owned(), password: password.to_owned() })
    }

    #[test]
    fn logins_are_found_as_docker_finds_them() {
        // `me:a:b` in base64.
        let config = r#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "bWU6YTpi"},
            "ghcr.io": {"username": "you", "password": "canary"},
            "https://quay.io": {"identitytoken": "canary"},
            "empty.example": {}}}"#;
        assert_eq!(find(config, "docker.io"), password("me", "a:b"));
        assert_eq!(find(config, "ghcr.io"), password("you", "canary"));
        assert_eq!(find(config, "quay.io"), Some(HostLogin::IdentityToken("canary".to_owned())));
        for host in ["empty.example", "other.example"] {
            assert_eq!(find(config, host), None);
        }
        assert_eq!(find("not json", "ghcr.io"), None);
        assert!(!format!("{:?}", find(config, "ghcr.io")).contains("canary"));
    }

    #[test]
    fn a_helper_is_a_name_and_no_path() {
        for name in ["../../bin/sh", "a b", ""] {
            let failure = ask_helper(name, "ghcr.io").unwrap_err();
            assert!(failure.message.contains("invalid credential helper"), "{name}");
        }
        let failure = ask_helper("there-is-none-of-this-name", "ghcr.io").unwrap_err();
        assert!(failure.message.starts_with("the credential helper `docker-credential-there-is-none"));
    }
}
