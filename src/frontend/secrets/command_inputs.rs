//! Secrets that a command takes without a flag: named by the word before, or through a pipe.
//!
//! In: the words of a command, and one of them. Out: the secret behind it, by word and range. Invariant: a call looks
//! at no more than [`LOOKED_BACK`] words.

use super::command_flags::{base_name, is_separator, is_value, whole};
use super::name_words;
use super::secret_names::{SecretKind, kind_of};
use super::secret_values::can_be_secret;
use std::ops::Range;

/// How many words of a line are looked at.
const LOOKED_BACK: usize = 12;

/// No name of a value is longer.
const LONGEST_NAME: usize = 96;

/// Whether a word of a command says that it writes down a value under a name.
fn is_write(word: &str) -> bool {
    matches!(word, "add" | "config" | "configure" | "create" | "put" | "set" | "setenv" | "SET" | "set-env")
}

/// `run PASSWORD x`, `npm config set _authToken x`, `wp config set DB_PASSWORD x`: a word that names a secret, and it.
pub(super) fn named_argument(words: &[&str], at: usize) -> Option<(usize, Range<usize>)> {
    let name = words.get(at)?.trim_matches(['"', '\'']);
    let upper = !name.bytes().any(|byte| byte.is_ascii_lowercase() || matches!(byte, b'/' | b':'));
    // The words before it rule out most of them.
    if !upper && !writes(words, at) {
        return None;
    }
    let value = words.get(at + 1)?.trim_matches(['"', '\'']);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/@".contains(&byte);
    let named = (3..=LONGEST_NAME).contains(&name.len()) && !name.starts_with('-') && name.bytes().all(plain);
    let asked = named && if upper { is_no_prose(value) } else { !value.starts_with('-') };
    if !asked {
        return None;
    }
    let kind = kind_of(last_part(name))?;
    let sure = matches!(kind, SecretKind::Password | SecretKind::Chosen | SecretKind::Issued);
    // `create secret generic x`: one word alone is a kind of thing.
    let sure = sure && (upper || kind == SecretKind::Password || name_words(last_part(name)).len() > 1);
    whole(words, at + 1).filter(|_| {
        let called = words.get(at + 2).is_some_and(|next| *next == "(");
        sure && asked
            && !called
            && !is_separator(value)
            && !value.contains('=')
            && can_be_secret(last_part(name), value)
    })
}

/// `app/db/password`, `//registry.example.org/:_authToken`: what a path of names ends in.
fn last_part(name: &str) -> &str {
    name.rsplit(['/', ':']).next().unwrap_or(name)
}

/// Whether the command writes down a value: `config set`, `kv put`.
fn writes(words: &[&str], at: usize) -> bool {
    let before = words.get(..at).unwrap_or_default();
    let beside = before.last().is_some_and(|word| word.starts_with('-') || is_write(word));
    let mut line = before.iter().rev().take(LOOKED_BACK).take_while(|word| !is_separator(word));
    beside && line.any(|word| is_write(word))
}

/// Whether what follows a name in capitals is no next word of a sentence or a statement.
fn is_no_prose(value: &str) -> bool {
    // In capitals it is the next word, or the next name of a list.
    let letters = value.bytes().all(|byte| byte.is_ascii_alphabetic()) || value.contains('_');
    let upper = !value.bytes().any(|byte| byte.is_ascii_lowercase());
    let ended = value.ends_with(['.', ',', ':', ';', '!', '?', ')']);
    let next_word = letters && upper;
    let other = ended || value.contains('(') || value.starts_with(['-', '/']);
    value.len() > 3 && !next_word && !other
}

/// Commands that read a secret from their input, by the words that say so.
const READERS: &[(&str, &str)] = &[
    ("docker", "--password-stdin"),
    ("podman", "--password-stdin"),
    ("buildah", "--password-stdin"),
    ("skopeo", "--password-stdin"),
    ("nerdctl", "--password-stdin"),
    ("crane", "--password-stdin"),
    ("helm", "--password-stdin"),
    ("oras", "--password-stdin"),
    ("sudo", "-S"),
    ("su", "-c"),
    ("gh", "--with-token"),
    ("gh", "secret"),
    ("passwd", "--stdin"),
    ("chpasswd", ""),
    ("htpasswd", "-i"),
    ("vault", "login"),
    ("cryptsetup", "-"),
    ("gpg", "--passphrase-fd"),
    ("kinit", ""),
    ("vncpasswd", "-f"),
    ("elasticsearch-keystore", "add"),
    ("kibana-keystore", "add"),
    ("logstash-keystore", "add"),
    ("openssl", "passwd"),
    ("smbpasswd", "-s"),
];

/// `echo x | docker login --password-stdin`, and the same from a string: `docker login --password-stdin <<< x`.
pub(super) fn piped_secret(words: &[&str], at: usize) -> Option<(usize, Range<usize>)> {
    let word = *words.get(at)?;
    if let Some(string) = word.strip_prefix("<<<") {
        let line = words.get(at.saturating_sub(LOOKED_BACK)..at)?;
        let start = line.iter().rposition(|word| is_separator(word)).map_or(0, |separator| separator + 1);
        let reader = reader(line.get(start..)?)?;
        let secret = whole(words, at + usize::from(string.is_empty()))?;
        let skipped = if string.is_empty() { 0 } else { 3 };
        let range = secret.1.start.max(skipped)..secret.1.end;
        return behind_name(words, secret.0, range, reader);
    }
    // The last word before a pipe.
    let pipe = words.get(at + 1).filter(|next| **next == "|" && !is_separator(word));
    let before = pipe.and(words.get(at.saturating_sub(LOOKED_BACK)..at))?;
    let start = before.iter().rposition(|word| is_separator(word)).map_or(0, |separator| separator + 1);
    let says = before.get(start..)?.iter().any(|word| matches!(base_name(word), "echo" | "printf"));
    let line = words.get(at + 2..)?.iter().take(LOOKED_BACK).take_while(|word| !is_separator(word));
    let reader = reader(&line.copied().collect::<Vec<_>>()).filter(|_| says)?;
    let (place, range) = whole(words, at)?;
    behind_name(words, place, range, reader)
}

/// The program of a line that reads a secret from its input.
fn reader<'w>(line: &[&'w str]) -> Option<&'w str> {
    let (at, program) =
        line.iter().enumerate().find(|(_, word)| READERS.iter().any(|(name, _)| *name == base_name(word)))?;
    let arguments = line.get(at + 1..)?;
    let says = |(name, flag): &(&str, &str)| {
        *name == base_name(program) && (flag.is_empty() || arguments.contains(flag))
    };
    READERS.iter().any(says).then(|| base_name(program))
}

/// The secret alone: `chpasswd` reads `user:secret`, and a line may end in `\\n`.
fn behind_name(
    words: &[&str],
    at: usize,
    range: Range<usize>,
    reader: &str,
) -> Option<(usize, Range<usize>)> {
    let word = words.get(at)?;
    let text = word.get(range.clone())?;
    let user = if reader == "chpasswd" { text.find(':')? + 1 } else { 0 };
    let newline = if text.ends_with("\\n") { 2 } else { 0 };
    let secret = range.start + user..range.end - newline;
    Some((at, secret.clone())).filter(|_| word.get(secret).is_some_and(is_value))
}

#[cfg(test)]
mod tests {
    use crate::secrets::{secret_spans, secrets_in_command};

    fn found(words: &[&str]) -> Vec<String> {
        let secrets = secrets_in_command(words);
        secrets.iter().map(|secret| words[secret.word][secret.range.clone()].to_owned()).collect()
    }

    fn in_line(line: &str) -> Vec<&str> {
        secret_spans(line).into_iter().map(|span| &line[span]).collect()
    }

    #[test]
    fn a_word_names_the_secret_behind_it() {
        for words in [
            &["run", "PASSWORD", "walnut"][..],
            &["./install.sh", "DB_PASSWORD", "walnut"],
            &["npm", "config", "set", "//registry.example.org/:_authToken", "walnut"],
            &["wp", "config", "set", "DB_PASSWORD", "walnut"],
            &["consul", "kv", "put", "app/db/password", "walnut"],
            &["etcdctl", "put", "/app/password", "walnut"],
            &["git", "config", "--global", "user.password", "walnut"],
            &["rclone", "config", "create", "--x", "secret_access_key", "walnut"],
            &["run", "PASSWORD", "a1b2"],
        ] {
            assert_eq!(found(words), [*words.last().unwrap()], "{words:?}");
        }
    }

    #[test]
    fn the_reader_of_a_pipe_may_stand_behind_other_words() {
        assert_eq!(in_line("echo walnut | env docker login -u a --password-stdin"), ["walnut"]);
        assert_eq!(in_line("echo walnut | env docker login -u a"), [""; 0]);
    }

    #[test]
    fn a_word_about_secrets_is_followed_by_none() {
        for words in [
            &["echo", "PASSWORD", "IS", "SET"][..],
            &["echo", "the", "PASSWORD", "is", "wrong"],
            &["echo", "no", "TOKEN", "given."],
            &["BOT_CHAT_TOKEN", "BOT_NAME_2"],
            &["psql", "-c", "ALTER TABLE t ADD PASSWORD varchar(20)"],
            &["rails", "generate", "user", "password", "string"],
            &["app", "PASSWORD_FILE", "/run/secrets/db"],
            &["run", "PASSWORD", "$DB_PASSWORD"],
            &["run", "PASSWORD", "--verbose"],
            &["kubectl", "create", "secret", "generic", "walnut"],
            &["app", "set", "token", "--help"],
            &["app", "set", "token", "|", "cat"],
            &["run", "PASSWORD", "a1b"],
        ] {
            assert_eq!(found(words), [""; 0], "{words:?}");
        }
    }

    #[test]
    fn what_goes_through_a_pipe() {
        for line in [
            "echo walnut | docker login -u app --password-stdin r.example.org",
            "printf 'walnut' | sudo -S ls",
            "echo -n \"walnut\" | gh auth login --with-token",
            "echo root:walnut | chpasswd",
            "printf '%s\\n' walnut | kinit app",
            "printf 'walnut\\n' | kinit app",
            "docker login -u app --password-stdin <<< walnut",
            "docker login -u app --password-stdin <<<walnut",
            "cd /x && echo walnut | helm registry login --password-stdin r.example.org",
        ] {
            assert_eq!(in_line(line), ["walnut"], "{line}");
        }
        for line in [
            "echo $TOKEN | docker login --password-stdin",
            "cat walnut | docker login --password-stdin",
            "echo walnut | grep docker",
            "echo walnut | docker load",
            "echo walnut; docker login --password-stdin",
            "cat <<< walnut",
            // The line begins behind the separator: what reads or says something before it is of no account.
            "chpasswd ; cat <<< walnut",
            "echo hello ; cat walnut | docker login --password-stdin",
        ] {
            assert_eq!(in_line(line), [""; 0], "{line}");
        }
    }
}
