//! Secrets in a command: `--password x`, `redis-cli -a x`, `mysqladmin -px`, `curl -u user:x`.
//!
//! In: the words of a command, or a line of a shell. Out: the ranges of the secrets. Invariant: linear; a
//! quoted command inside a command is looked into three levels deep.

use super::command_inputs::{named_argument, piped_secret};
use super::command_programs::FlagForm::{Attached, Either, Last, Login, Next};
use super::command_programs::{POSITIONS, PROGRAMS};
use super::secret_names::{SecretKind, kind_of};
use super::secret_pairs::is_shell_reference;
use super::secret_spans::{in_order, secret_spans};
use super::secret_values::{can_be_secret, is_frame, is_opaque};
use std::ops::Range;
use std::sync::LazyLock;

/// A secret in a command of several words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSecret {
    /// The number of the word.
    pub word: usize,
    /// The bytes of the word that are the secret.
    pub range: Range<usize>,
}

/// The secrets in the words of a command, each word a text of its own.
#[must_use]
pub fn secrets_in_command<S: AsRef<str>>(words: &[S]) -> Vec<CommandSecret> {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let mut flagged = flag_values(&words).into_iter().peekable();
    let mut secrets = Vec::new();
    for (word, text) in words.iter().enumerate() {
        let mut ranges = secret_spans(text);
        while let Some((_, range)) = flagged.next_if(|(at, _)| *at <= word) {
            ranges.push(range);
        }
        secrets.extend(in_order(text, ranges).into_iter().map(|range| CommandSecret { word, range }));
    }
    secrets
}

/// Whether one word may be a flag with its own value, or name where its password is: `--secret:x`, `pass:x`.
pub(super) fn can_hold_its_value(word: &str) -> bool {
    word.trim_start_matches(['"', '\'']).starts_with(['-', '/', 'p'])
}

/// The secrets in a line of a shell, or in a script.
pub(super) fn secrets_in_shell(text: &str, found: &mut Vec<Range<usize>>) {
    in_shell(text, 0..text.len(), 0, found);
}

fn in_shell(text: &str, part: Range<usize>, depth: usize, found: &mut Vec<Range<usize>>) {
    let words = shell_words(text, part.clone());
    let texts: Vec<&str> = words.iter().map(|range| text.get(range.clone()).unwrap_or_default()).collect();
    let mut values = flag_values(&texts).into_iter().peekable();
    for (at, (range, word)) in words.iter().zip(&texts).enumerate() {
        let mut flagged = false;
        while let Some((_, value)) = values.next_if(|(word, _)| *word <= at) {
            found.push(range.start + value.start..range.start + value.end);
            flagged = true;
        }
        // A word that is all of the part would be cut in the same way again, and a line feed in none.
        let inner = !flagged && depth < 3 && *range != part && *word != "\n";
        if inner && word.contains(char::is_whitespace) {
            in_shell(text, range.clone(), depth + 1, found);
        }
    }
}

/// The words of a part of a text, without the quotes around them; separators are words of their own.
fn shell_words(text: &str, part: Range<usize>) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut words, mut at) = (Vec::new(), part.start);
    let mut unclosed = [false, false];
    while at < part.end {
        let Some(byte) = bytes.get(at).copied() else { break };
        if byte.is_ascii_whitespace() && byte != b'\n' {
            at += 1;
        } else if byte == b'\n' || separates(byte) {
            words.push(at..at + 1);
            at += 1;
        } else {
            let word = shell_word(bytes, at..part.end, &mut unclosed);
            at = word.end.max(at + 1);
            words.push(unquoted(bytes, word));
        }
    }
    words
}

/// Whether a byte parts commands.
fn separates(byte: u8) -> bool {
    matches!(byte, b';' | b'|' | b'&' | b'(' | b')' | b'`')
}

/// One word, which quotes hold together.
fn shell_word(bytes: &[u8], part: Range<usize>, unclosed: &mut [bool; 2]) -> Range<usize> {
    let mut at = part.start;
    while at < part.end {
        let Some(byte) = bytes.get(at).copied() else { break };
        match byte {
            b'\\' => at += 1,
            b'"' | b'\'' => {
                let open = unclosed.get_mut(usize::from(byte == b'"'));
                let rest = bytes.get(at + 1..part.end).unwrap_or_default();
                // A quote that nothing closes is a letter, and so are all of its kind behind it.
                match open {
                    Some(none) if !*none => match rest.iter().position(|next| *next == byte) {
                        Some(length) => at += length + 1,
                        None => *none = true,
                    },
                    _ => {}
                }
            }
            byte if byte.is_ascii_whitespace() || separates(byte) => break,
            _ => {}
        }
        at += 1;
    }
    part.start..at.min(part.end)
}

fn unquoted(bytes: &[u8], word: Range<usize>) -> Range<usize> {
    let inner = bytes.get(word.clone()).unwrap_or_default();
    match inner {
        [first @ (b'"' | b'\''), middle @ .., last] if first == last && !middle.contains(first) => {
            word.start + 1..word.end - 1
        }
        _ => word,
    }
}

/// The secrets behind flags: the number of the word, and the range in it.
fn flag_values(words: &[&str]) -> Vec<(usize, Range<usize>)> {
    let mut found = Vec::new();
    let mut program: Option<&str> = None;
    for (at, word) in words.iter().enumerate() {
        if is_separator(word) {
            program = None;
        } else if is_program(base_name(word)) {
            program = Some(base_name(word));
        }
        // What a word begins with rules out most of what it could be.
        let named = match word.as_bytes() {
            [b'-', ..] => {
                long_flag(words, at).or_else(|| colon_flag(word, at)).or_else(|| registry_login(words, at))
            }
            [b'/', ..] => colon_flag(word, at).or_else(|| named_argument(words, at)),
            _ => set_password(words, at)
                .or_else(|| keyword(words, at))
                .or_else(|| acl_password(words, at))
                .or_else(|| named_argument(words, at)),
        };
        let value = named
            .or_else(|| piped_secret(words, at))
            .or_else(|| program.and_then(|program| short_flag(program, words, at)))
            .or_else(|| program.and_then(|program| position(program, words, at)))
            .or_else(|| program.and_then(|program| oracle_word(program, words, at)));
        found.extend(value);
        if let Some(secret) = word.strip_prefix("pass:").filter(|secret| is_value(secret)) {
            found.push((at, word.len() - secret.len()..word.len()));
        }
    }
    found.sort_by_key(|(at, range)| (*at, range.start));
    found
}

pub(super) fn base_name(word: &str) -> &str {
    word.rsplit_once('/').map_or(word, |(_, name)| name)
}

fn is_program(word: &str) -> bool {
    let names = word.bytes().next().and_then(|first| NAMES.get(usize::from(first)));
    names.is_some_and(|names| names.contains(&word))
}

/// Oracle's programs, which take a login as a word.
const ORACLE: &[&str] = &["expdp", "impdp", "rman", "sqlldr", "sqlplus"];

/// The names of all programs that are known to take a secret, by their first byte.
static NAMES: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| {
    let flagged = PROGRAMS.iter().flat_map(|(names, _, _)| names.iter().copied());
    let placed = POSITIONS.iter().map(|(name, _, _)| *name);
    let all = flagged.chain(placed).chain(PASSWORD_FILES.iter().copied()).chain(ORACLE.iter().copied());
    let mut names = vec![Vec::new(); 128];
    for name in all {
        let first = name.bytes().next().map(usize::from);
        names.get_mut(first.unwrap_or_default()).into_iter().for_each(|names| names.push(name));
    }
    names
});

/// Programs that write a file of passwords, and take one with `-b`.
const PASSWORD_FILES: &[&str] = &["htpasswd", "mosquitto_passwd"];

pub(super) fn is_value(word: &str) -> bool {
    !word.is_empty() && !is_shell_reference(word) && !is_frame(word)
}

/// The whole of a word, if it can be a secret.
pub(super) fn whole(words: &[&str], at: usize) -> Option<(usize, Range<usize>)> {
    let word = words.get(at)?;
    let inner = word.trim_matches(['"', '\'']);
    let start = word.len() - word.trim_start_matches(['"', '\'']).len();
    Some((at, start..start + inner.len())).filter(|_| is_value(inner))
}

/// `--password x`, `-password x`, `--requirepass x`. What holds an `=` is a pair.
fn long_flag(words: &[&str], at: usize) -> Option<(usize, Range<usize>)> {
    let flag = words.get(at)?.strip_prefix('-')?;
    let next = words.get(at + 1)?.trim_matches(['"', '\'']);
    // `-passin pass:x` of OpenSSL names where the password comes from.
    let source = flag.starts_with("pass")
        && ["env:", "fd:", "file:", "pass:"].iter().any(|from| next.starts_with(from));
    if flag.len() < 3 || flag.contains(['=', ' ', ':']) || next.starts_with('-') || source {
        return None;
    }
    let credential = match kind_of(flag)? {
        SecretKind::Address => false,
        SecretKind::Hint => is_opaque(next),
        SecretKind::Auth => next.contains(':') || is_opaque(next),
        _ => true,
    };
    whole(words, at + 1).filter(|_| credential && can_be_secret(flag, next))
}

/// `--secret:x`, and `/password:x` of programs that come from Windows.
fn colon_flag(word: &str, at: usize) -> Option<(usize, Range<usize>)> {
    let flag = word.strip_prefix("--").or_else(|| word.strip_prefix('/'))?;
    let (name, value) = flag.split_once(':')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let kind = Some(name).filter(|name| name.bytes().all(plain)).and_then(kind_of)?;
    let sure = matches!(kind, SecretKind::Password | SecretKind::Chosen | SecretKind::Issued);
    Some((at, word.len() - value.len()..word.len()))
        .filter(|_| sure && is_value(value) && can_be_secret(name, value))
}

/// `set-initial-password x`, `reset-admin-password x`: the last argument of a command that sets one.
fn set_password(words: &[&str], at: usize) -> Option<(usize, Range<usize>)> {
    let word = words.get(at).filter(|word| word.ends_with("-password"))?;
    let lower = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let sets = word.starts_with("set-") || word.starts_with("reset-") || word.starts_with("change-");
    let next = words.get(at + 1)?;
    whole(words, at + 1).filter(|_| lower && sets && !next.starts_with('-') && !is_separator(next))
}

/// `docker login -u user -p secret`, and the tools that take the same flags.
fn registry_login(words: &[&str], at: usize) -> Option<(usize, Range<usize>)> {
    const TOOLS: &[&str] =
        &["docker", "podman", "buildah", "skopeo", "nerdctl", "crane", "oras", "helm", "regctl"];
    words.get(at).filter(|word| **word == "-p")?;
    let line = words.get(..at)?.iter().rev().take(12).take_while(|word| !is_separator(word));
    let (mut login, mut tool) = (false, false);
    for word in line {
        login |= *word == "login";
        tool |= login && TOOLS.contains(&base_name(word));
    }
    whole(words, at + 1).filter(|_| tool)
}

pub(super) fn is_separator(word: &str) -> bool {
    matches!(word, ";" | "|" | "&" | "&&" | "||" | "(" | ")" | "`" | "\n")
}

/// Words of configuration files: `requirepass x` of Redis, `login u password x` of netrc.
fn keyword(words: &[&str], at: usize) -> Option<(usize, Range<usize>)> {
    let word = words.get(at)?;
    let netrc =
        *word == "password" && at.checked_sub(2).and_then(|before| words.get(before)) == Some(&"login");
    let redis = matches!(*word, "requirepass" | "masterauth");
    if netrc || redis { whole(words, at + 1) } else { None }
}

/// `--user default on >secret`: a rule of an access control list of Redis.
fn acl_password(words: &[&str], at: usize) -> Option<(usize, Range<usize>)> {
    let word = words.get(at)?;
    let rest = word.trim_start_matches(['"', '\'']).strip_prefix('>')?;
    let start = word.len() - rest.len();
    let before = words.get(at.saturating_sub(12)..at)?;
    let rule =
        before.contains(&"on") && before.iter().any(|word| matches!(*word, "user" | "--user" | "SETUSER"));
    let end = word.trim_end_matches(['"', '\'']).len();
    Some((at, start..end)).filter(|_| rule && word.get(start..end).is_some_and(is_value))
}

fn short_flag(program: &str, words: &[&str], at: usize) -> Option<(usize, Range<usize>)> {
    let mut word = *words.get(at)?;
    if program == "curl" && is_login_cluster(word) {
        word = "-u";
    }
    let taken =
        PROGRAMS.iter().filter(|(names, _, _)| names.contains(&program)).find_map(|(_, flags, form)| {
            let glued = |flag: &&&str| flag.len() == 2 || *form == Attached || word == **flag;
            let flag = flags.iter().find(|flag| word.starts_with(**flag) && glued(flag))?;
            Some((flag.len(), *form))
        });
    let (length, form) = taken?;
    let attached =
        Some((at, length..word.len())).filter(|(_, range)| word.get(range.clone()).is_some_and(is_value));
    match form {
        Attached => attached.and_then(|(at, range)| trimmed(word, at, range)),
        Either if attached.is_some() => attached.and_then(|(at, range)| trimmed(word, at, range)),
        Either => whole(words, at + 1),
        Next => whole(words, at + 1).filter(|_| word.len() == length),
        Last(separator) => {
            let (at, range) = whole(words, at + 1).filter(|_| word.len() == length)?;
            let parts = words.get(at)?.get(range.clone())?;
            let start = parts.rfind(separator)? + 1;
            Some((at, range.start + start..range.end)).filter(|_| parts.get(start..).is_some_and(is_value))
        }
        Login(separator) => {
            let (at, range) =
                if attached.is_some() && length == 2 { attached? } else { whole(words, at + 1)? };
            let login = words.get(at)?.get(range.clone())?;
            let user = login.find(separator)? + 1;
            Some((at, range.start + user..range.end)).filter(|_| login.get(user..).is_some_and(is_value))
        }
    }
}

/// `-fsSu`: flags of curl without a value, and at last the login.
fn is_login_cluster(word: &str) -> bool {
    let flags = word.strip_prefix('-').and_then(|flags| flags.strip_suffix('u'));
    flags.is_some_and(|flags| flags.bytes().all(|flag| b"#0123456GIJLNOSafgijklnpqsv".contains(&flag)))
}

/// Without the quotes that are part of the word: `-p"x"`.
fn trimmed(word: &str, at: usize, range: Range<usize>) -> Option<(usize, Range<usize>)> {
    let value = word.get(range.clone())?;
    let start = range.start + value.len() - value.trim_start_matches(['"', '\'']).len();
    let inner = value.trim_matches(['"', '\'']);
    Some((at, start..start + inner.len())).filter(|_| is_value(inner))
}

fn position(program: &str, words: &[&str], at: usize) -> Option<(usize, Range<usize>)> {
    let word = words.get(at)?;
    if PASSWORD_FILES.contains(&program) && word.starts_with('-') && word.contains('b') {
        let line = words.iter().enumerate().skip(at + 1).take_while(|(_, word)| !is_separator(word));
        // With `-n` the hash is printed, and no file is named.
        let named = usize::from(!words.iter().any(|word| word.starts_with('-') && word.contains('n')));
        let mut values = line.filter(|(_, word)| !word.starts_with('-')).map(|(place, _)| place);
        return whole(words, values.nth(1 + named)?);
    }
    let before = |named: &str| {
        let mut earlier = words.get(..=at).unwrap_or_default().iter().rev();
        named.rsplit(' ').all(|name| earlier.next() == Some(&name))
    };
    let (_, _, away) = POSITIONS.iter().find(|(name, named, _)| *name == program && before(named))?;
    let line = || words.iter().enumerate().skip(at + 1).take_while(|(_, word)| !is_separator(word));
    if *away == 0 {
        // The last word, whatever flags stand before it.
        let (last, _) = line().last()?;
        return whole(words, last).filter(|_| words.get(last).is_some_and(|word| !word.starts_with('-')));
    }
    let mut arguments = line().filter(|(_, word)| !word.starts_with('-'));
    let (place, _) = arguments.nth(away - 1)?;
    // Flags between take values of their own, so that no place is certain.
    whole(words, place).filter(|_| place == at + away)
}

/// `sqlplus app/secret@db`: a login as a word.
fn oracle_word(program: &str, words: &[&str], at: usize) -> Option<(usize, Range<usize>)> {
    let word = words.get(at).filter(|_| ORACLE.contains(&program))?;
    let (user, rest) = word.trim_matches(['"', '\'']).split_once('/')?;
    let start = word.find('/')? + 1;
    let password = rest.split('@').next().filter(|password| is_value(password))?;
    let named =
        !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_$#".contains(&byte));
    Some((at, start..start + password.len())).filter(|_| named && !password.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str]) -> Vec<String> {
        let secrets = secrets_in_command(words);
        secrets.iter().map(|secret| words[secret.word][secret.range.clone()].to_owned()).collect()
    }

    #[test]
    fn secrets_in_the_words_of_a_command() {
        for (words, secrets) in [
            (&["CMD", "redis-cli", "-a", "walnut", "ping"][..], &["walnut"][..]),
            (&["CMD", "mysqladmin", "ping", "-h", "localhost", "-pwalnut"], &["walnut"]),
            (&["CMD-SHELL", "mysqladmin ping -pwalnut || exit 1"], &["walnut"]),
            (&["redis-server", "--requirepass", "wal nut"], &["wal nut"]),
            (&["app", "--db-password=walnut", "--api-key", "fern-1"], &["walnut", "fern-1"]),
            (&["curl", "-fu", "elastic:walnut", "http://es"], &["walnut"]),
            (&["curl", "-u", "elastic:walnut", "http://es"], &["walnut"]),
            (&["sh", "-c", "redis-server --requirepass walnut"], &["walnut"]),
            (&["rabbitmqctl", "add_user", "app", "walnut"], &["walnut"]),
            (&["openssl", "rsa", "-passin", "pass:walnut"], &["walnut"]),
            (&["htpasswd", "-b", "-c", "users", "app", "walnut"], &["walnut"]),
            (&["htpasswd", "-nbB", "app", "walnut"], &["walnut"]),
            (&["redis-server", "--user", "default", "on", ">walnut", "~*"], &["walnut"]),
            (&["openssl", "enc", "-k", "walnut"], &["walnut"]),
            (&["redis-cli", "-awalnut", "ping"], &["walnut"]),
            (&["app", "-auth", "ann:walnut"], &["ann:walnut"]),
            (&["7z", "a", "-pwalnut", "x"], &["walnut"]),
            (&["zip", "-P", "walnut", "x"], &["walnut"]),
            (&["cypher-shell", "-u", "neo4j", "-p", "walnut"], &["walnut"]),
            (&["consul", "agent", "-encrypt", "walnut"], &["walnut"]),
            (&["ab", "-A", "u:walnut", "http://h/"], &["walnut"]),
            (&["snmpget", "-v3", "-A", "walnut"], &["walnut"]),
            (&["neo4j-admin", "dbms", "set-initial-password", "walnut"], &["walnut"]),
            (&["sh", "-c", "docker login -u u -p walnut r.example.org"], &["walnut"]),
            (&["app", "--secret:walnut", "/password:fern-1"], &["walnut", "fern-1"]),
            (&["aws", "configure", "set", "aws_secret_access_key", "walnut"], &["walnut"]),
        ] {
            assert_eq!(found(words), secrets, "{words:?}");
        }
    }

    #[test]
    fn words_of_a_command_that_are_no_secrets() {
        for words in [
            &["redis-cli", "-a", "$REDIS_PASSWORD", "ping"][..],
            &["redis-cli", "-h", "cache", "ping"],
            &["mysql", "-h", "db", "-p", "app"],
            &["docker", "run", "-p", "80:80"],
            &["app", "--password-file", "/run/secrets/db", "--no-password", "--token-ttl", "3600"],
            &["app", "--password", "--verbose"],
            &["curl", "-u", "elastic", "http://es"],
            &["sh", "-c", "turn on >walnut"],
            &["htpasswd", "-b", "users"],
            &["docker", "login", "-u", "u", "--password-stdin"],
            &["docker", "login", ";", "tool", "-p", "walnut"],
            &["neo4j-admin", "set-initial-password", "&&", "walnut"],
            &["app", "-auth", "plain"],
            &["docker", "login", "--password-stdin", "r.example.org"],
            &["openssl", "rsa", "-passin", "file:/run/secrets/x", "-passout", "env:OUT_PW"],
            &["docker", "run", "-p", "8080:80", "login"],
            &["openssl", "x509", "-keyout", "x"],
            &["grafana", "reset-admin-password", "--help"],
            &["app", "--token:$TOKEN", "/token:", "host:8080"],
        ] {
            assert!(found(words).is_empty(), "{words:?}");
        }
    }
}
