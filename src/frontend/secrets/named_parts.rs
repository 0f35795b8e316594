//! Secrets inside a value of several things, as the name says: `SFTP_USERS=ann:x`, `OTLP_HEADERS=key=x`, `CURL_OPTS=-u a:x`.
//!
//! In: the name of a variable and its value. Out: the ranges of the secrets alone. Invariant: linear, in order, apart.

use super::command_flags::secrets_in_shell;
use super::name_words;
use super::secret_values::{is_frame, is_key_like, is_switch};
use std::borrow::Cow;
use std::ops::Range;

/// Last words of names whose values are people with their passwords.
const PEOPLE: &[&str] = &["ACCOUNTS", "LOGIN", "LOGINS", "USERPASS", "USERS"];

/// Last words of names whose values are flags of the program that the name begins with.
const FLAGS: &[&str] = &["ARGS", "FLAGS", "OPTIONS", "OPTS"];

/// What a value of several things consists of, as the last word of its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueParts {
    /// People with their passwords.
    People,
    /// Headers of requests.
    Headers,
    /// Flags of the program that the name begins with.
    Flags,
}

impl ValueParts {
    /// What the words of a name say.
    pub(super) fn named(words: &[Cow<'_, str>]) -> Option<ValueParts> {
        match &**words.last()? {
            "HEADER" | "HEADERS" => Some(ValueParts::Headers),
            last if PEOPLE.contains(&last) => Some(ValueParts::People),
            last if FLAGS.contains(&last) => Some(ValueParts::Flags),
            _ => None,
        }
    }

    /// The secrets in a value under this name.
    pub(super) fn secrets(self, name: &str, value: &str) -> Vec<Range<usize>> {
        match self {
            ValueParts::People => items(value).filter_map(|item| password_of(value, item)).collect(),
            ValueParts::Headers => items(value).filter_map(|item| header_key(value, item)).collect(),
            ValueParts::Flags => secret_flags(name, value),
        }
    }
}

/// The values of a program's flags, where the name begins with the program: `CURL_FLAGS`, `REDIS_CLI_ARGS`.
fn secret_flags(name: &str, value: &str) -> Vec<Range<usize>> {
    let words = name_words(name);
    let mut found = Vec::new();
    for length in 1..words.len().min(3) {
        let program = words.get(..length).unwrap_or_default().join("-").to_ascii_lowercase();
        let before = program.len() + 1;
        let mut ranges = Vec::new();
        secrets_in_shell(&format!("{program} {value}"), &mut ranges);
        found.extend(
            ranges
                .into_iter()
                .filter_map(|range| Some(range.start.checked_sub(before)?..range.end.checked_sub(before)?)),
        );
    }
    found
}

/// The items of a list that commas, semicolons or spaces separate.
fn items(value: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    value.split([',', ';', ' ', '\n']).map(move |item| {
        let at = start;
        start += item.len() + 1;
        at..at + item.len()
    })
}

/// `ann:secret`, `ann:secret:1001`: what follows the name, unless it is a number, as of a group, or a port.
fn password_of(value: &str, item: Range<usize>) -> Option<Range<usize>> {
    let (user, rest) = value.get(item.clone())?.split_once(':')?;
    let named =
        !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte));
    // `ann:secret@host`
    let password = rest.rsplit_once('@').map_or(rest, |(password, _)| password).split(':').next()?;
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let start = item.start + user.len() + 1;
    // `1000:1000` are a user and a group; `host:5432` is no login.
    // Kafka's principals: `User:admin`.
    let named = named && !matches!(user, "User" | "Group");
    let kept = named && !number(user) && !number(password) && !is_frame(password) && !is_switch(password);
    Some(start..start + password.len()).filter(|_| kept && !password.starts_with(['/', '$', '{', '"']))
}

/// `x-honeycomb-team=KEY`: a header whose value looks random is the caller's key.
fn header_key(value: &str, item: Range<usize>) -> Option<Range<usize>> {
    let text = value.get(item.clone())?;
    let at = text.find(['=', ':'])? + 1;
    let key = text.get(at..)?;
    Some(item.start + at..item.end).filter(|_| is_key_like(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, value: &str) -> Vec<String> {
        let parts = ValueParts::named(&name_words(name));
        let found = parts.map(|parts| parts.secrets(name, value)).unwrap_or_default();
        found.into_iter().map(|part| value[part].to_owned()).collect()
    }

    #[test]
    fn passwords_of_people() {
        assert_eq!(found("SFTP_USERS", "ann:walnut:1001 bob:fern"), ["walnut", "fern"]);
        assert_eq!(found("PANEL_LOGIN", "admin:walnut"), ["walnut"]);
        assert_eq!(found("PANEL_LOGIN", "admin:wal@nut@host"), ["wal@nut"]);
        for value in [
            "admin,ops",
            "1000:1000",
            "app:1000",
            "ann:true",
            "User:admin",
            "Group:ops",
            "ann:/home/ann",
            "ann:",
            "ann:${PW}",
            "https://x",
        ] {
            assert_eq!(found("RUN_USERS", value), [""; 0], "{value}");
        }
        assert_eq!(found("RUN_HOSTS", "ann:walnut"), [""; 0]);
    }

    #[test]
    fn flags_of_the_program_in_the_name() {
        assert_eq!(found("CURL_FLAGS", "-fs -u app:walnut"), ["walnut"]);
        assert_eq!(found("MYSQL_EXTRA_OPTS", "-h db -pwalnut"), ["walnut"]);
        assert_eq!(found("REDIS_CLI_ARGS", "-a walnut"), ["walnut"]);
        for (name, value) in
            [("CURL_URL", "-u app:walnut"), ("JAVA_OPTS", "-pwalnut"), ("CURL_OPTS", "-fsSL")]
        {
            assert_eq!(found(name, value), [""; 0], "{name}");
        }
    }

    #[test]
    fn keys_in_headers() {
        let key = "3p0ST9YZNjlSWXdRxCORlk";
        assert_eq!(found("OTEL_EXPORTER_OTLP_HEADERS", &format!("x-team={key},x-set=shop")), [key]);
        assert_eq!(found("OTEL_HEADERS", "x-tenant=shop,content-type: text/plain"), [""; 0]);
        assert_eq!(found("OTEL_HOST", &format!("x-team={key}")), [""; 0]);
    }
}
