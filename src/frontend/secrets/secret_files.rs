//! Which files are credentials, by their name and by what is in them.
//!
//! In: the path of a file, the bytes of a file. Out: why it must not ship, as a phrase for a sentence: "an SSH
//! private key". Certificates and public keys may ship. Invariant: at most [`LOOKED_AT`] bytes are looked at.

use super::secret_values::{is_blank, lossy_text};
use super::token_forms::token_forms;
use memchr::memmem;

/// How many bytes of a file are looked at, half at its start and half at its end. Keys are far shorter.
const LOOKED_AT: usize = 256 * 1024;

/// Files that are credentials whatever is in them, by name. Source: each tool's own documentation, July 2026.
const NAMES: &[(&str, &str)] = &[
    ("id_rsa", "an SSH private key"),
    ("id_dsa", "an SSH private key"),
    ("id_ecdsa", "an SSH private key"),
    ("id_ed25519", "an SSH private key"),
    ("id_ecdsa_sk", "an SSH private key"),
    ("id_ed25519_sk", "an SSH private key"),
    ("privkey.pem", "a private key"),
    (".netrc", "logins of netrc"),
    ("_netrc", "logins of netrc"),
    (".pgpass", "passwords of PostgreSQL"),
    ("pgpass.conf", "passwords of PostgreSQL"),
    (".mylogin.cnf", "a login of MySQL"),
    (".my.cnf", "a login of MySQL"),
    (".pypirc", "a login of PyPI"),
    (".htpasswd", "hashes of passwords"),
    ("htpasswd", "hashes of passwords"),
    (".git-credentials", "logins of Git"),
    (".vault-token", "a token of Vault"),
    (".vault_pass", "a password of Ansible Vault"),
    (".dockercfg", "logins of registries"),
    ("kubeconfig", "credentials of a Kubernetes cluster"),
    ("credentials.tfrc.json", "a token of Terraform"),
    ("application_default_credentials.json", "credentials of Google Cloud"),
    (".s3cfg", "keys of S3"),
    (".boto", "keys of a cloud"),
    ("master.key", "the master key of Rails"),
    (".Renviron", "an environment file"),
    (".envrc", "an environment file"),
    ("terraform.tfstate", "the state of Terraform"),
    ("terraform.tfstate.backup", "the state of Terraform"),
    (".bash_history", "the history of a shell"),
    (".zsh_history", "the history of a shell"),
    (".mysql_history", "the history of a database client"),
    (".psql_history", "the history of a database client"),
];

/// Files that are credentials in a folder of this name.
const PLACES: &[(&str, &str, &str)] = &[
    (".aws", "credentials", "access keys of AWS"),
    (".aws", "config", "profiles of AWS"),
    (".docker", "config.json", "logins of registries"),
    (".kube", "config", "credentials of a Kubernetes cluster"),
    (".config", "gh", "logins of GitHub"),
    ("gh", "hosts.yml", "logins of GitHub"),
    (".cargo", "credentials", "tokens of Cargo"),
    (".cargo", "credentials.toml", "tokens of Cargo"),
    (".gem", "credentials", "keys of RubyGems"),
    (".azure", "accessTokens.json", "tokens of Azure"),
    (".azure", "msal_token_cache.json", "tokens of Azure"),
    ("gcloud", "credentials.db", "credentials of Google Cloud"),
    (".terraform.d", "credentials.tfrc.json", "a token of Terraform"),
];

/// Ends of names that are keys or stores of keys.
const ENDS: &[(&str, &str)] = &[
    ("key", "a private key"),
    ("ppk", "an SSH private key"),
    ("p12", "a store of private keys"),
    ("pfx", "a store of private keys"),
    ("p8", "a private key"),
    ("jks", "a store of private keys"),
    ("keystore", "a store of private keys"),
    ("kdbx", "a store of passwords"),
    ("ovpn", "a profile of a VPN with its keys"),
    ("htpasswd", "hashes of passwords"),
    ("keytab", "keys of Kerberos"),
    ("tfstate", "the state of Terraform"),
    ("tfvars", "variables of Terraform"),
];

/// Words in the names of environment files that only show how one is written.
const TEMPLATES: &[&str] = &["example", "sample", "template", "dist", "defaults", "schema", "tpl"];

/// Why a file is a credential, by its path alone. Public keys and certificates (`.pub`, `.crt`, `.pem`) are not.
#[must_use]
pub fn is_credential_file(path: &str) -> Option<&'static str> {
    let mut parts = path.rsplit(['/', '\\']).filter(|part| !part.is_empty());
    let name = parts.next()?;
    let folder = parts.next().unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let by_name = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, reason)| *reason);
    let in_place = || {
        PLACES
            .iter()
            .find(|(place, known, _)| *place == folder && *known == name)
            .map(|(_, _, reason)| *reason)
    };
    by_name.or_else(in_place).or_else(|| environment_file(&lower)).or_else(|| by_end(&lower))
}

fn environment_file(name: &str) -> Option<&'static str> {
    let words: Vec<&str> = name.split('.').collect();
    let template = words.iter().any(|word| TEMPLATES.contains(word));
    let environment = match words.as_slice() {
        ["", "env", ..] => true,
        [.., last] => *last == "env" && words.len() > 1,
        [] => false,
    };
    Some("an environment file").filter(|_| environment && !template)
}

fn by_end(name: &str) -> Option<&'static str> {
    let (stem, end) = name.rsplit_once('.')?;
    let public = ["pub", "public", "truststore", "cacerts"].iter().any(|end| stem.ends_with(end));
    if stem.is_empty() || public {
        return None;
    }
    ENDS.iter().find(|(known, _)| *known == end).map(|(_, reason)| *reason)
}

/// Why a file is a credential: by what is in it, or by its name where its content is not plainly public.
#[must_use]
pub fn credential_in_file(path: &str, content: &[u8]) -> Option<&'static str> {
    credential_in_content(content)
        .or_else(|| is_credential_file(path).filter(|_| !is_public_content(content)))
}

/// Whether a file opens with a public key or a certificate: the signing key of an apt repository ends in `.key` too.
fn is_public_content(content: &[u8]) -> bool {
    const OPENINGS: &[&str] =
        &["-----BEGIN PGP PUBLIC KEY", "-----BEGIN PUBLIC KEY", "-----BEGIN CERTIFICATE", "ssh-"];
    OPENINGS.iter().any(|opening| content.trim_ascii_start().starts_with(opening.as_bytes()))
}

/// Why a file holds a credential, by what is in it: a private key, a service account, a token of known form, a
/// login of a registry.
#[must_use]
pub fn credential_in_content(content: &[u8]) -> Option<&'static str> {
    let half = LOOKED_AT / 2;
    let first = content.get(..content.len().min(half)).unwrap_or_default();
    let last = content.get(content.len().saturating_sub(half).max(first.len())..).unwrap_or_default();
    in_part(first).or_else(|| in_part(last))
}

fn in_part(bytes: &[u8]) -> Option<&'static str> {
    const STORES: &[(&[u8], &str)] =
        &[(b"PuTTY-User-Key-File-", "an SSH private key"), (b"openssh-key-v1\0", "an SSH private key")];
    if let Some((_, reason)) = STORES.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Some(reason);
    }
    // A Java keystore whose first entry is a private key; the first of a truststore is a certificate.
    if bytes.starts_with(b"\xfe\xed\xfe\xed") && bytes.get(12..16) == Some(&[0, 0, 0, 1]) {
        return Some("a store of private keys");
    }
    let text = lossy_text(bytes);
    in_configuration(&text).or_else(|| in_tokens(&text))
}

/// Whether a text holds a word; `str::contains` takes ten times as long.
fn holds(text: &str, word: &str) -> bool {
    memmem::find(text.as_bytes(), word.as_bytes()).is_some()
}

/// Files whose keys give them away.
fn in_configuration(text: &str) -> Option<&'static str> {
    let logins = holds(text, "\"auths\"") && (holds(text, "\"auth\"") || holds(text, "\"identitytoken\""));
    let cluster = holds(text, "apiVersion:")
        && holds(text, "kind: Config")
        && ["client-key-data:", "token:", "password:"].iter().any(|key| holds(text, key));
    let npm = [":_authToken=", ":_password="].iter().any(|key| {
        memmem::find_iter(text.as_bytes(), key.as_bytes()).any(|at| {
            let rest = text.get(at + key.len()..).unwrap_or_default();
            let value = rest.lines().next().unwrap_or_default().trim();
            !value.is_empty() && !value.starts_with("${") && !is_blank(value)
        })
    });
    let account = holds(text, "\"private_key\"") && holds(text, "\"client_email\"");
    let client =
        holds(text, "\"client_secret\"") && holds(text, "\"client_id\"") && holds(text, "\"auth_uri\"");
    [
        (account, "the key of a service account"),
        (client, "the secret of an OAuth client"),
        (logins, "logins of registries"),
        (cluster, "credentials of a Kubernetes cluster"),
        (npm, "a token of npm"),
    ]
    .into_iter()
    .find_map(|(found, reason)| Some(reason).filter(|_| found))
}

fn in_tokens(text: &str) -> Option<&'static str> {
    let mut found = Vec::new();
    token_forms(text, &mut found);
    let secrets = found.into_iter().filter_map(|range| text.get(range));
    let first = secrets.into_iter().find(|secret| !secret.starts_with("-----BEGIN") || has_key(secret))?;
    Some(if first.starts_with("-----BEGIN") {
        "a private key"
    } else if first.starts_with(['$', '{']) {
        "hashes of passwords"
    } else {
        "a token of known form"
    })
}

/// Whether a block of PEM holds a key, and is not the constant of a program that writes one.
fn has_key(block: &str) -> bool {
    let body = block.get(11..).and_then(|rest| rest.split_once("-----")).map_or("", |(_, body)| body);
    let line = body.trim_start_matches("\\r").trim_start_matches("\\n").trim_start();
    line.len() < body.len()
        && line.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && block.contains("-----END ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_credentials_by_name() {
        for path in [
            "id_rsa",
            ".ssh/id_ed25519",
            "certs/privkey.pem",
            "tls/server.key",
            "a.p12",
            "a.pfx",
            "a.jks",
            ".netrc",
            ".pgpass",
            ".pypirc",
            ".aws/credentials",
            "home/.docker/config.json",
            ".kube/config",
            "kubeconfig",
            ".env",
            "app/.env.production",
            "db.env",
            "nginx/.htpasswd",
            ".git-credentials",
            "a\\b\\id_rsa",
            "infra/terraform.tfstate",
            "prod.tfvars",
            "home/.bash_history",
        ] {
            assert!(is_credential_file(path).is_some(), "{path}");
        }
        for path in [
            "",
            "/",
            "id_rsa.pub",
            "certs/fullchain.pem",
            "certs/ca.crt",
            "server.pub.key",
            ".env.example",
            "sample.env",
            "config.json",
            ".npmrc",
            "key",
            "keys/README.md",
            "environment.ts",
            "src/config",
            "credentials",
        ] {
            assert_eq!(is_credential_file(path), None, "{path}");
        }
    }

    #[test]
    fn files_that_are_credentials_by_content() {
        for (content, reason) in [
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n", Some("a private key")),
            (
                "{\"type\": \"service_account\", \"private_key\": \"x\", \"client_email\": \"y\"}",
                Some("the key of a service account"),
            ),
            ("{\"auths\": {\"r\": {\"auth\": \"eHg6eXk=\"}}}", Some("logins of registries")),
            ("//r.example.org/:_authToken=0f1e2d3c\n", Some("a token of npm")),
            ("//r.example.org/:_authToken=${NPM_TOKEN}\n", None),
            ("[default]\naws_access_key_id = AKIAINVENTED00000000\n", Some("a token of known form")),
            (
                "apiVersion: v1\nkind: Config\nusers:\n- user:\n    token: x\n",
                Some("credentials of a Kubernetes cluster"),
            ),
            ("admin:$apr1$Qm9va3NS$dGFja0tleUludmVudGVk0\n", Some("hashes of passwords")),
            ("-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n", None),
            ("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n", None),
            ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 a@b\n", None),
            (
                "const HEAD = \"-----BEGIN PRIVATE KEY-----\\n\" + key + \"\\n-----END PRIVATE KEY-----\";",
                None,
            ),
            (
                "{\"installed\": {\"client_id\": \"a\", \"auth_uri\": \"b\", \"client_secret\": \"c\"}}",
                Some("the secret of an OAuth client"),
            ),
            ("{\"auths\": {}}", None),
            ("", None),
        ] {
            assert_eq!(credential_in_content(content.as_bytes()), reason, "{content}");
        }
    }

    #[test]
    fn what_is_plainly_public_is_no_credential_by_its_name() {
        let public = b"\n-----BEGIN PGP PUBLIC KEY BLOCK-----\nmQINB\n";
        assert_eq!(credential_in_file("apt/repository.key", public), None);
        assert_eq!(credential_in_file("tls/server.key", b"\x30\x82"), Some("a private key"));
        assert_eq!(credential_in_file("notes.txt", b"//r/:_authToken=0f1e\n"), Some("a token of npm"));
        let store =
            |entry: u8| [&b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01\0\0\0"[..], &[entry], b"alias"].concat();
        assert_eq!(credential_in_file("cacerts", &store(2)), None);
        assert_eq!(credential_in_file("store", &store(1)), Some("a store of private keys"));
    }

    #[test]
    fn a_key_at_the_end_of_a_large_file_is_seen() {
        let mut content = vec![b'\n'; 2 * LOOKED_AT];
        content.extend(b"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n");
        assert_eq!(credential_in_content(&content), Some("a private key"));
    }
}
