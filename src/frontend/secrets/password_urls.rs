//! Passwords in addresses: `scheme://user:password@host`, `user:password@tcp(host)`, and secret links.
//!
//! In: a text. Out: the ranges of the passwords. Invariant: linear; what is looked at for one address is bounded.

use super::secret_pairs::{is_pair_name, is_shell_reference};
use super::secret_values::{is_frame, is_opaque, is_switch};
use super::token_forms::{starts, token_forms};
use std::ops::Range;

/// How the address of a Go driver goes on behind the `@` of its login.
const PROTOCOLS: &[&str] = &["tcp(", "tcp4(", "tcp6(", "udp(", "unix(", "cloudsql(", "(", "/"];

/// Schemes of which what stands before the `@` is a token, where no colon parts a name from a password.
/// Source: the pages of NATS on tokens, and of Shoutrrr on its services, November 2026.
const TOKEN_SCHEMES: &[&str] =
    &["nats", "tls", "discord", "telegram", "pushover", "pushbullet", "slack", "mattermost", "zulip"];

/// No key of an escaped pair is longer.
const LONGEST_KEY: usize = 40;

/// No user name, password or host in an address is longer.
const LONGEST_PART: usize = 1024;

/// Whether the address has a password in it, before its host or in its query.
pub(super) fn credential_in_url(value: &str) -> bool {
    let mut found = Vec::new();
    url_passwords(value, &mut found);
    token_forms(value, &mut found);
    let mut parameters = value.split(['?', '&', ';']).skip(1).filter_map(|pair| pair.split_once('='));
    !found.is_empty()
        || parameters.any(|(name, value)| {
            is_pair_name(name) && !value.is_empty() && !is_shell_reference(value) && !is_switch(value)
        })
}

/// Whether a part of the address is so random that knowing it is the right to use it.
pub(super) fn opaque_in_url(value: &str) -> bool {
    let path =
        value.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    path.split(['/', '?', '&', '=', '#']).any(|part| part.len() >= 16 && is_opaque(part))
}

/// The part of a text from `start` up to the first of `stops`, never longer than an address.
fn until(text: &str, start: usize, stops: fn(u8) -> bool) -> Range<usize> {
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    let length =
        rest.iter().take(LONGEST_PART).position(|byte| stops(*byte)).unwrap_or(rest.len().min(LONGEST_PART));
    start..start + length
}

fn ends_url(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\"'`<>".contains(&byte)
}

fn ends_authority(byte: u8) -> bool {
    ends_url(byte) || b"/?#".contains(&byte)
}

/// The passwords of every address in a text.
pub(super) fn url_passwords(text: &str, found: &mut Vec<Range<usize>>) {
    let mut past_link = 0;
    for (at, byte) in text.bytes().enumerate() {
        if matches!(byte, b':' | b'@' | b'/' | b'%') {
            at_sign(text, (at, byte), &mut past_link, found);
        }
    }
    found.extend(bare_login(text).or_else(|| oracle_login(text)));
}

/// The passwords around a sign that an address has. Apart from the loop, which looks at each byte of a file.
#[inline(never)]
fn at_sign(text: &str, (at, byte): (usize, u8), past_link: &mut usize, found: &mut Vec<Range<usize>>) {
    match byte {
        b':' => {
            let (before, after) = text.split_at_checked(at).unwrap_or_default();
            if after.starts_with("://") {
                found.extend(authority_password(text, at + 3).or_else(|| token_user(text, at)));
                short_login(text, at, found);
            } else if after.starts_with(":oracle:thin:") && before.ends_with("jdbc") {
                oracle_driver(text, at + ":oracle:thin:".len(), found);
            }
        }
        b'@' => {
            let address = text.get(at + 1..).unwrap_or_default();
            if PROTOCOLS.iter().any(|protocol| address.starts_with(protocol)) {
                found.extend(password_before(text, at));
            }
        }
        b'/' => {
            if let Some(link) = secret_link(text, at).filter(|link| link.start >= *past_link) {
                *past_link = link.path.end;
                if link.path.len() > 8 {
                    keep(text, link.path, found);
                }
            }
        }
        b'%' if starts(text.as_bytes(), at, "%3D") => escaped_pair(text, at, found),
        _ => {}
    }
}

/// `jdbc:oracle:thin:user/password@host`, from behind the last colon.
fn oracle_driver(text: &str, start: usize, found: &mut Vec<Range<usize>>) {
    let login = text.get(until(text, start, |byte| ends_url(byte) || byte == b'@')).unwrap_or_default();
    if let Some((user, password)) = login.split_once('/') {
        keep(text, start + user.len() + 1..start + user.len() + 1 + password.len(), found);
    }
}

/// `pg://db:5432?u=app&p=password`: the short names, which say so only together.
fn short_login(text: &str, at: usize, found: &mut Vec<Range<usize>>) {
    let url = until(text, at, ends_url);
    let whole = text.get(url.clone()).unwrap_or_default();
    let Some((before, query)) = whole.split_once('?') else { return };
    let mut start = url.start + before.len() + 1;
    let has_user = query.split('&').any(|pair| pair.starts_with("u="));
    for pair in query.split('&') {
        if has_user && pair.starts_with("p=") {
            keep(text, start + 2..start + pair.len(), found);
        }
        start += pair.len() + 1;
    }
}

fn keep(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let Some(secret) = text.get(range.clone()) else { return };
    if !secret.is_empty() && !is_shell_reference(secret) && !is_frame(secret) {
        found.push(range);
    }
}

/// The password in `user:password@host`, where the text has its authority from `start`.
fn authority_password(text: &str, start: usize) -> Option<Range<usize>> {
    let mut authority = text.get(until(text, start, ends_authority))?;
    if !authority.contains('@') {
        // A password with a slash in it, which should have been encoded: `user:pa/ss@host`.
        let (_, port) = authority.split_once(':')?;
        if port
            .split(',')
            .next()
            .is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return None;
        }
        authority = text.get(until(text, start, ends_url))?;
    }
    let login = authority.get(..authority.rfind('@')?)?;
    let colon = login.find(':')?;
    let mut kept = Vec::new();
    keep(text, start + colon + 1..start + login.len(), &mut kept);
    kept.pop()
}

/// A token in place of the user: `https://TOKEN@host`, `nats://TOKEN@host`, `sendgrid+api://KEY@default`.
fn token_user(text: &str, at: usize) -> Option<Range<usize>> {
    let start = at + 3;
    let authority = text.get(until(text, start, ends_authority))?;
    let (user, host) = authority.rsplit_once('@')?;
    let before = text.get(..at)?;
    let letter = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
    let scheme = before.get(before.trim_end_matches(letter).len()..)?;
    // Symfony's mailers and notifiers: the key of an account at the usual host.
    let token = TOKEN_SCHEMES.contains(&scheme) || host == "default" || user.len() >= 16 && is_opaque(user);
    let mut kept = Vec::new();
    if token && !user.contains(':') {
        keep(text, start..start + user.len(), &mut kept);
    }
    kept.pop()
}

/// `user/password@host:1521/service`, as Oracle's clients write it, as the whole text.
fn oracle_login(text: &str) -> Option<Range<usize>> {
    let (login, address) = text.trim_end().rsplit_once('@')?;
    let (user, password) = login.split_once('/')?;
    let named = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._$#-".contains(&byte))
    };
    let host = address.strip_prefix("//").unwrap_or(address);
    let (name, rest) = host.split_once(':')?;
    let port = rest.split(['/', ':']).next().unwrap_or_default();
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let parts = rest.len() > port.len() && named(name) && named(user.trim_start());
    let mut kept = Vec::new();
    if digits && parts && !password.contains(ends_part) {
        keep(text, user.len() + 1..user.len() + 1 + password.len(), &mut kept);
    }
    kept.pop()
}

fn ends_part(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '/' | '@' | '"' | '\'')
}

/// A connection string inside a query, in which `=` and `;` are escaped: `?odbc_connect=...%3BPWD%3Dx%3B`.
fn escaped_pair(text: &str, at: usize, found: &mut Vec<Range<usize>>) {
    let start = at + "%3D".len();
    let before = text.get(at.saturating_sub(LONGEST_KEY)..at).unwrap_or_default();
    let key = before.rsplit(['%', '&', '=']).next().unwrap_or_default();
    let key = key.strip_prefix("3B").or_else(|| key.strip_prefix("3b")).unwrap_or(key);
    if !is_pair_name(key) {
        return;
    }
    let value = until(text, start, |byte| ends_url(byte) || b"&;".contains(&byte));
    let whole = text.get(value.clone()).unwrap_or_default();
    let length = whole.find("%3B").or_else(|| whole.find("%3b")).unwrap_or(whole.len());
    keep(text, start..start + length, found);
}

/// The password of a login that ends at `end`: `user:password@tcp(host)`.
fn password_before(text: &str, end: usize) -> Option<Range<usize>> {
    let from = text.as_bytes().get(..end)?;
    let length = from
        .iter()
        .rev()
        .take(LONGEST_PART)
        .position(|byte| ends_url(*byte))
        .unwrap_or(end.min(LONGEST_PART));
    let start = end - length;
    let login = text.get(start..end)?;
    let user = login.rfind("://").map_or(0, |at| at + 3);
    let colon = user + login.get(user..)?.find(':')?;
    let mut kept = Vec::new();
    keep(text, start + colon + 1..end, &mut kept);
    kept.pop()
}

/// Links of incoming webhooks, parted by their first slash.
/// Source: the issuers' pages on incoming webhooks, July 2026.
const HOOKS: &[(&str, &str)] = &[
    ("hooks.slack.com", "services/"),
    ("hooks.slack.com", "workflows/"),
    ("hooks.slack.com", "triggers/"),
    ("discord.com", "api/webhooks/"),
    ("discordapp.com", "api/webhooks/"),
    ("webhook.office.com", "webhookb2/"),
    ("hooks.zapier.com", "hooks/catch/"),
    ("chat.googleapis.com", "v1/spaces/"),
    ("maker.ifttt.com", "trigger/"),
    ("alchemy.com", "v2/"),
    ("alchemyapi.io", "v2/"),
    ("infura.io", "v3/"),
    ("quiknode.pro", ""),
    ("gotify:", "/"),
    ("slack:", "/hook:"),
];

/// How the hosts of [`HOOKS`] end.
const HOOK_HOST_ENDS: &[u8] = b"mo:";

/// A link of which knowing it is the right to use it: an incoming webhook.
struct SecretLink {
    /// Where its host begins.
    start: usize,
    /// What is secret of it.
    path: Range<usize>,
}

/// The link whose first slash is at a place.
fn secret_link(text: &str, at: usize) -> Option<SecretLink> {
    let before = text.get(..at)?;
    // Most slashes are those of a path.
    before.bytes().last().filter(|last| HOOK_HOST_ENDS.contains(last))?;
    let is_hook =
        |(host, path): &&(&str, &str)| starts(text.as_bytes(), at + 1, path) && before.ends_with(host);
    let (host, hook) = HOOKS.iter().find(is_hook)?;
    Some(SecretLink { start: at - host.len(), path: until(text, at + 1 + hook.len(), ends_url) })
}

/// `user:password@host:port` as the whole text, without a scheme.
fn bare_login(text: &str) -> Option<Range<usize>> {
    let start = text.len() - text.trim_start().len();
    let whole = text.trim();
    if whole.len() > LONGEST_PART
        || whole.contains("://")
        || whole.starts_with("jdbc:")
        || whole.bytes().any(ends_url)
    {
        return None;
    }
    let (login, host) = whole.rsplit_once('@')?;
    let (user, password) = login.split_once(':')?;
    let (name, port) = host.split_once(':')?;
    let digits = port.split(['/', '?', ',']).next().unwrap_or_default();
    let named = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let is_login =
        named(user) && named(name) && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let from = start + user.len() + 1;
    Some(from..from + password.len())
        .filter(|_| is_login && !password.is_empty() && !is_shell_reference(password))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn found(text: &str) -> Vec<&str> {
        let mut ranges = Vec::new();
        url_passwords(text, &mut ranges);
        ranges.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn the_path_of_a_hook_is_the_secret() {
        for (text, secret) in [
            ("https://hooks.slack.com/services/T0/B0/walnutfern x", "T0/B0/walnutfern"),
            ("curl https://discord.com/api/webhooks/1/walnutfern\"", "1/walnutfern"),
            ("https://maker.ifttt.com/trigger/door/with/key/walnut", "door/with/key/walnut"),
        ] {
            assert_eq!(found(text), [secret], "{text}");
        }
        assert_eq!(found("https://hooks.slack.com/services/$HOOK"), [""; 0]);
        assert_eq!(found("https://hooks.slack.com/services/12345678"), [""; 0], "too short to be one");
        assert_eq!(found("https://hooks.slack.com/services/123456789"), ["123456789"]);
    }

    #[test]
    fn each_host_of_a_hook_ends_as_hosts_of_hooks_do() {
        let ends: BTreeSet<u8> = HOOKS.iter().filter_map(|(host, _)| host.bytes().last()).collect();
        assert_eq!(ends, HOOK_HOST_ENDS.iter().copied().collect());
    }

    #[test]
    fn passwords_of_other_addresses() {
        for text in [
            "jdbc:oracle:thin:app/walnut@db",
            "pg://db:5432?u=app&x=1&p=walnut",
            "mssql://db?odbc_connect=PWD%3Dwalnut&x=1",
            "mysql://u:walnut@tcp(db)/x",
            "app/walnut@db:1521/x",
        ] {
            assert_eq!(found(text).first(), Some(&"walnut"), "{text}");
        }
        for text in [
            "app/wal nut@db:1521/x",
            "app/walnut@db:orcl/x",
            "pg://db:5432?x=1&p=walnut",
            "odbc:oracle:thin:app/walnut@db",
            "x://db?a%3BPWD%3Ewalnut",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_query_holds_a_credential_or_a_switch() {
        for (address, holds) in [
            ("smtp://mail:25?password=walnut", true),
            ("smtp://mail:25?password=true", false),
            ("smtp://mail:25?password=$PW", false),
            ("smtp://mail:25?user=walnut", false),
        ] {
            assert_eq!(credential_in_url(address), holds, "{address}");
        }
    }

    #[test]
    fn a_token_may_stand_for_the_user() {
        for (text, secret) in [
            (
                "https://0f1e2d3c4b5a69788796a5b4c3d2e1f0@o1.ingest.example.org/2",
                "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
            ),
            ("nats://walnut@mq:4222", "walnut"),
            ("sendgrid+api://walnut@default", "walnut"),
            ("discord://walnut@1234", "walnut"),
        ] {
            assert_eq!(found(text), [secret], "{text}");
        }
        for text in ["https://walnut@example.org/x.git", "ssh://git@example.org", "nats://$TOKEN@mq:4222"] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn logins_without_a_scheme() {
        for (text, secret) in [
            ("app/walnut@db:1521/main", "walnut"),
            ("app/walnut@//db.example.org:1521/main", "walnut"),
            ("app:walnut@/main", "walnut"),
            ("mssql+pyodbc:///?odbc_connect=UID%3Dsa%3BPWD%3Dwalnut%3B", "walnut"),
        ] {
            assert_eq!(found(text), [secret], "{text}");
        }
        for text in ["acme/web@sha256:0123", "acme/web@db:1521", "a/b/c@db:1521/x", "x?a%3Db"] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_login_of_a_go_driver_is_no_address() {
        for protocol in PROTOCOLS {
            assert_eq!(found(&format!("app:walnut@{protocol}db:3306)/app")), ["walnut"], "{protocol}");
        }
        assert_eq!(found("app:walnut@dbs(db:3306)/app"), [""; 0]);
    }
}
