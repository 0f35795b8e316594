//! Which names say that their value is a secret.
//!
//! In: the name of a variable, a key or a flag. Out: whether it promises a secret, and of which kind; the
//! value has the last word (`secret_values`). The last word that matters decides: `PASSWORD_RESET_TOKEN`
//! holds a token, `TOKEN_TTL` a time. Invariant: a pure function of the name.

use super::name_answers::NameAnswers;
use super::name_words::name_words;
use super::named_parts::ValueParts;
use super::secret_words::{
    ALONE, FAINT_ENDS, GLUED, HARMLESS_ENDS, IDENTIFIERS, ISSUED_KEYS, KEY_FAMILIES, KEY_USES, KNOWN,
    NEUTRAL_ENDS, OWNERS,
};
use super::secret_words::{PUBLIC_APPS, PUBLIC_KEYS, PUBLISHED, SWITCHES};
use std::borrow::Cow;

/// What a secret name promises, which decides what its value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecretKind {
    /// Whatever a person chose: numbers and single words count.
    Password,
    /// Chosen by the operator: any text works, so that even a placeholder is in force.
    Chosen,
    /// Given out by an issuer: a placeholder is no such thing.
    Issued,
    /// Credentials, or the method by which they are checked.
    Auth,
    /// An address that holds credentials or does not.
    Address,
    /// A name that says little: only a value that looks like a credential counts.
    Hint,
    /// A key of an unknown family: a value that no one would read as a word or a name counts.
    SomeKey,
    /// A name that says next to nothing: only a long run of letters and digits counts.
    Faint,
}

use SecretKind::{Address, Auth, Chosen, Faint, Hint, Issued, Password, SomeKey};

/// Whether the name says that its value is a secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    kind_of(name).is_some_and(|kind| kind != Faint)
}

fn is(list: &[&str], word: &str) -> bool {
    list.contains(&word)
}

thread_local! {
    static ANSWERS: NameAnswers<NameMeaning> = const { NameAnswers::new() };
}

/// What a name says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NameMeaning {
    /// What it promises, if it promises a secret.
    pub(super) kind: Option<SecretKind>,
    /// The things that its value consists of, if they may be secret each.
    pub(super) parts: Option<ValueParts>,
}

/// What the name promises, if it promises a secret.
pub(super) fn kind_of(name: &str) -> Option<SecretKind> {
    meaning_of(name).kind
}

/// What a name says of its value.
pub(super) fn meaning_of(name: &str) -> NameMeaning {
    let meaning = || {
        let words = name_words(name);
        NameMeaning { parts: ValueParts::named(&words), kind: judged(words) }
    };
    ANSWERS.with(|answers| answers.of(name, meaning))
}

fn judged(mut words: Vec<Cow<'_, str>>) -> Option<SecretKind> {
    let end = words.last().cloned()?;
    let joined = words.join("_");
    if let Some((_, kind)) = KNOWN.iter().find(|(known, _)| *known == joined) {
        return *kind;
    }
    let published =
        |prefix: &&[&str]| prefix.len() < words.len() && words.iter().zip(*prefix).all(|(a, b)| a == b);
    if PUBLISHED.iter().any(published) {
        return None;
    }
    // `INNER_API_KEY_FOR_PLUGIN`: whom it is for does not change what it is.
    if let Some(purpose) = words.iter().skip(1).position(|word| word == "FOR") {
        words.truncate(purpose + 1);
    }
    drop_neutral_ends(&mut words);
    // A webhook's address is the secret; any other address only leads to one.
    let address = words.len() > 1 && words.last().is_some_and(|last| last == "URL" || last == "URI");
    if address && words.iter().rev().nth(1).is_some_and(|word| word == "WEBHOOK") {
        words.pop();
    }
    let (last, before) = words.split_last()?;
    let switch =
        before.iter().any(|word| is(SWITCHES, word)) || before.last().is_some_and(|word| word == "NO");
    if switch || is(HARMLESS_ENDS, last) {
        return None;
    }
    of_end(last, before).or_else(|| secret_inside(before)).or_else(|| of_start(&words)).or_else(|| {
        // `VAPID_PRIVATE`: what tells secrets apart is all that is left to say so.
        is(FAINT_ENDS, &end).then_some(Faint)
    })
}

/// `TOKEN_BOT`, `PASS_FTP`: the secret first, as in Romance languages; what follows says whose it is.
fn of_start(words: &[Cow<'_, str>]) -> Option<SecretKind> {
    let (first, rest) = words.split_first()?;
    let next = &**rest.first()?;
    let identifies = rest.iter().any(|word| is(IDENTIFIERS, word));
    match &**first {
        "PASS" | "PWD" if !is(&["ALL", "ARGS", "BACK", "ENV", "RATE", "THROUGH"], next) => Some(Password),
        "SECRET" | "KEY" if rest.len() == 1 && !identifies && !is(KEY_USES, next) => Some(SomeKey),
        "TOKEN" if !identifies => Some(Hint),
        _ => None,
    }
}

/// Whether a name is silent about its value: it promises no secret, takes no promise back and names no identifier.
pub(super) fn says_nothing(name: &str) -> bool {
    let words = name_words(name);
    let published = |prefix: &&[&str]| words.iter().zip(*prefix).all(|(a, b)| a == b);
    let said = words.iter().any(|word| is(IDENTIFIERS, word) || is(SWITCHES, word));
    let known = words.last().is_none_or(|last| is(HARMLESS_ENDS, last) || is(&["KEY", "KEYS"], last));
    !said && !known && kind_of(name).is_none() && !PUBLISHED.iter().any(published)
}

/// Whether a name says that its value may be seen by everyone: a variable that the build publishes, a public key.
pub(super) fn is_published(name: &str) -> bool {
    let words = name_words(name);
    let published =
        |prefix: &&[&str]| prefix.len() < words.len() && words.iter().zip(*prefix).all(|(a, b)| a == b);
    let public_key = || match words.as_slice() {
        [.., family, last] => last == "KEY" && is(PUBLIC_KEYS, family),
        _ => false,
    };
    PUBLISHED.iter().any(published) || public_key()
}

/// Drops numbers and the words that only say which secret it is.
fn drop_neutral_ends(words: &mut Vec<Cow<'_, str>>) {
    while words.len() > 1 {
        let Some(last) = words.last() else { return };
        let number = last.trim_start_matches('V').bytes().all(|byte| byte.is_ascii_digit());
        // `SECRET_KEY_BASE` of Rails, `PASSWORD_HASH`.
        let previous = words.iter().rev().nth(1).map(|word| &**word);
        let of_key = last == "BASE" && previous == Some("KEY");
        let of_password = last == "HASH" && previous.is_some_and(|word| is(&["PASSWORD", "SECRET"], word));
        if !(number || of_key || of_password || is(NEUTRAL_ENDS, last)) {
            break;
        }
        let content = last.starts_with("CONTENT");
        words.pop();
        if content {
            file_as_content(words);
        }
    }
    if let Some(last) = words.last_mut() {
        let letters = last.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
        if letters > 2 {
            last.to_mut().truncate(letters);
        }
    }
}

/// `KEYFILE_CONTENT` is no path: it is the key.
fn file_as_content(words: &mut Vec<Cow<'_, str>>) {
    if let Some(stem) = words.last().and_then(|last| last.strip_suffix("FILE")).map(str::to_owned) {
        words.pop();
        words.extend(Some(stem).filter(|stem| !stem.is_empty()).map(Cow::Owned));
    }
}

/// What the end of a name promises.
fn of_end(last: &str, before: &[Cow<'_, str>]) -> Option<SecretKind> {
    let previous = before.last().map(|word| &**word);
    if let "KEY" | "KEYS" = last {
        return of_key(before);
    }
    if is_misspelt_password(last) {
        return Some(Password);
    }
    let found = |list: &[(&str, SecretKind)], same: fn(&str, &str) -> bool| {
        list.iter().find(|(word, _)| same(last, word)).map(|(_, kind)| *kind)
    };
    if let Some(kind) = found(ALONE, |last, word| last == word) {
        // `BUILD_HASH` identifies.
        if last == "HASH" && before.iter().any(|word| is(IDENTIFIERS, word)) {
            return None;
        }
        // `SECURE_COOKIE` is a switch, and a lone `Cookie` a header; most others hold the cookie's name.
        let no_secret = |word| is(&["CSRF", "INSECURE", "SECURE", "XSRF"], word);
        if last == "COOKIE" && previous.is_none_or(no_secret) {
            return None;
        }
        let of_nodes = |word: &str| is(&["CLUSTER", "ELIXIR", "EMQX", "ERLANG", "NODE", "RELEASE"], word);
        if last == "COOKIE" && !previous.is_some_and(of_nodes) {
            return Some(SomeKey);
        }
        // A token for a webhook is no address.
        let token = before.split_last().filter(|(word, _)| kind == Address && is(&["SECRET", "TOKEN"], word));
        let kind = token.map_or(kind, |_| Issued);
        return Some(kind);
    }
    found(GLUED, |last, word| last.ends_with(word))
        .or_else(|| of_glued(last))
        .or_else(|| of_pair(previous, last))
}

/// `SECRETKEY`, `DBPASS`: a short word counts only where it is glued to a known one.
fn of_glued(word: &str) -> Option<SecretKind> {
    let owned = |end: &str| {
        word.strip_suffix(end).is_some_and(|owner| OWNERS.iter().any(|known| owner.ends_with(known)))
    };
    // No word of English ends in `PW`: `HPW`, `SRVPW`.
    if owned("PASS") || owned("PWD") || word.len() > 2 && word.ends_with("PW") {
        return Some(Password);
    }
    if owned("AUTH") {
        return Some(Auth);
    }
    let family = word.strip_suffix("KEY").or_else(|| word.strip_suffix("KEYS"))?;
    let ends = |list: &[&str]| list.iter().any(|known| family.ends_with(known));
    if ends(PUBLIC_KEYS) {
        None
    } else if ends(ISSUED_KEYS) {
        Some(Issued)
    } else {
        Some(Chosen).filter(|_| ends(KEY_FAMILIES))
    }
}

/// `PASSWOORD`, `PASWORD`, `PASSWROD`: one letter more, less or changed, or two in each other's place.
fn is_misspelt_password(word: &str) -> bool {
    const RIGHT: &[u8] = b"PASSWORD";
    let word = word.as_bytes();
    let same = word.iter().zip(RIGHT).take_while(|(a, b)| a == b).count();
    let ends = |skipped: usize, over: usize| word.get(same + skipped..) == RIGHT.get(same + over..);
    let swapped = word.get(same).is_some_and(|letter| Some(letter) == RIGHT.get(same + 1))
        && word.get(same + 1) == RIGHT.get(same);
    same > 0 && same < RIGHT.len() && (ends(1, 0) || ends(0, 1) || ends(1, 1) || (swapped && ends(2, 2)))
}

/// Words that promise a secret only as a pair.
fn of_pair(previous: Option<&str>, last: &str) -> Option<SecretKind> {
    match (previous?, last) {
        (
            "ACCESS" | "ACTIVATION" | "AUTH" | "BACKUP" | "INVITATION" | "INVITE" | "PAIRING" | "RECOVERY"
            | "REGISTRATION" | "SECURITY" | "SMS" | "UNLOCK",
            "CODE" | "CODES",
        ) => Some(Password),
        ("SEED" | "RECOVERY", "PHRASE" | "WORDS") => Some(Chosen),
        ("ACCESS" | "ADMIN" | "API" | "AUTH" | "BEARER" | "CLIENT" | "REFRESH" | "SERVICE", "TOKENS") => {
            Some(Issued)
        }
        (_, "TOKENS") | ("SECRETS", _) => Some(SomeKey),
        (
            "ACCOUNT" | "AUTH" | "BIP39" | "CRYPTO" | "ENCRYPTION" | "HD" | "KEY" | "MASTER" | "MNEMONIC"
            | "NKEY" | "OPERATOR" | "PRIVATE" | "SECRET" | "SIGNING" | "TOTP" | "VALIDATOR" | "WALLET",
            "SEED",
        ) => Some(Chosen),
        ("JWT", "ACCESS" | "HS" | "HS256" | "HS384" | "HS512" | "REFRESH") => Some(Chosen),
        ("API" | "APP" | "CLIENT" | "CONSUMER" | "OAUTH", "SEC") => Some(Issued),
        // French and Portuguese.
        ("DE", "PASSE") | ("PALAVRA", "PASSE") => Some(Password),
        ("AES" | "CRYPTO" | "ENCRYPTION" | "KEY" | "SECRET", "IV") => Some(Chosen),
        (_, "IV") => Some(SomeKey),
        _ => None,
    }
}

/// What the words before `KEY` or `KEYS` make of it.
fn of_key(before: &[Cow<'_, str>]) -> Option<SecretKind> {
    let mut which = before.iter().rev().map(|word| &**word);
    let mut previous = which.next();
    // `ENCRYPTION_PRIMARY_KEY` is one of several, `PRIMARY_KEY` a column.
    if previous.is_some_and(|word| is(NEUTRAL_ENDS, word)) {
        previous = which.next().filter(|word| is(KEY_FAMILIES, word) || is(ISSUED_KEYS, word)).or(previous);
    }
    let Some(previous) = previous else { return Some(SomeKey) };
    if is(PUBLIC_KEYS, previous) || before.iter().any(|word| is(PUBLIC_APPS, word)) {
        return None;
    }
    // The half that MinIO and S3 call the user: `MINIO_ACCESS_KEY=minioadmin`.
    if previous == "ACCESS" && !before.iter().any(|word| is(&["SECRET", "SHARED"], word)) {
        return Some(SomeKey);
    }
    if is(ISSUED_KEYS, previous) {
        return Some(Issued);
    }
    Some(if is(KEY_FAMILIES, previous) { Chosen } else { SomeKey })
}

/// `PASSWORD_ADMIN`, `JWT_SECRET_SHOP`: a secret whose owner stands behind it. A password needs no word before it.
fn secret_inside(words: &[Cow<'_, str>]) -> Option<SecretKind> {
    if words.iter().any(|word| is(&["PASSWORD", "PASSWD", "PASSPHRASE"], word)) {
        return Some(Password);
    }
    let ends = (2..=words.len()).filter_map(|end| words.get(..end)?.split_last());
    let mut secrets = ends.filter(|(last, _)| is(&["KEY", "PASS", "SECRET"], last));
    let sure = |kind: &SecretKind| !matches!(kind, Hint | Faint | SomeKey);
    secrets.find_map(|(last, before)| of_end(last, before).filter(sure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_secret() {
        for name in [
            "PASSWORD",
            "PASSWORD_2",
            "PASSWORD2",
            "DBPASSWORD",
            "PGPASSWORD",
            "MYSQL_PWD",
            "DBPASS",
            "LDAP_BINDPW",
            "HPW",
            "SRVPW",
            "RABBITMQ_DEFAULT_PASS",
            "SMTP_PASS",
            "API_KEY_1",
            "APIKEY",
            "apiKey",
            "x-api-key",
            "STRIPE_API_KEY",
            "FERNET_KEY",
            "AES_KEY",
            "RSA_KEY",
            "TLS_KEY",
            "SSH_KEY",
            "ENCRYPTION_KEY",
            "SIGNING_KEY",
            "JWT_KEY",
            "SESSION_KEY",
            "COOKIE_KEY",
            "HMAC_KEY",
            "LICENSE_KEY",
            "ACCESS_KEY",
            "SECRET_ACCESS_KEY",
            "SECRET_KEY_BASE",
            "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY",
            "GITHUB_PAT",
            "SENTRY_DSN",
            "REDIS_AUTH",
            "RABBITMQ_ERLANG_COOKIE",
            "NP_SALT",
            "DB_CREDENTIALS",
            "GITHUB_TOKEN",
            "SLACK_WEBHOOK_URL",
            "PASSWORD_ADMIN",
            "PRIVATE_KEY_BASE64",
            "spring.datasource.password",
            "ConnectionStrings__Password",
            "requirepass",
            "MONGO_KEYFILE_CONTENT",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn what_is_passed_is_no_password_and_what_is_public_is_a_key() {
        for name in ["PASS_THROUGH", "PASS_ARGS", "PASS_ENV_NAMES", "PWD_BACK"] {
            assert_eq!(kind_of(name), None, "{name}");
        }
        assert_eq!(kind_of("PASS_FTP"), Some(Password));
        for (name, is) in [
            ("PUBLIC_URL", false),
            ("JWT_PUBLIC_KEY", true),
            ("JWT_SIGNING_KEY", false),
            ("VITE_KEY", true),
            ("VITE", false),
        ] {
            assert_eq!(is_published(name), is, "{name}");
        }
        for (name, kind) in [
            ("MINIO_ACCESS_KEY", SomeKey),
            ("AWS_SECRET_ACCESS_KEY", Issued),
            ("BUS_SHARED_ACCESS_KEY", Issued),
        ] {
            assert_eq!(kind_of(name), Some(kind), "{name}");
        }
    }

    #[test]
    fn names_that_only_speak_of_secrets() {
        for name in [
            "",
            "PWD",
            "TOKEN_TTL",
            "TOKEN_EXPIRY",
            "PASSWORD_MIN_LENGTH",
            "PASSWORD_RESET_TIMEOUT",
            "PASSWORD_HASHERS",
            "KEYCLOAK_URL",
            "ENABLE_PASSWORD",
            "NEXT_PUBLIC_API_KEY",
            "VITE_API_KEY",
            "REACT_APP_TOKEN",
            "DB_PASSWORD_FILE",
            "PRIVATE_KEY_PATH",
            "JWT_PUBLIC_KEY",
            "RELAY_PUBKEY",
            "AWS_ACCESS_KEY_ID",
            "SECRET_NAME",
            "SECRETS_MANAGER_ARN",
            "TOKEN_HEADER",
            "ALLOW_EMPTY_PASSWORD",
            "MYSQL_RANDOM_ROOT_PASSWORD",
            "MAX_TOKENS",
            "TOKENIZERS_PARALLELISM",
            "SORT_KEY",
            "PRIMARY_KEY",
            "COMPASS",
            "BYPASS",
            "MONKEYS",
            "KEYBOARD",
            "COOKIE_SECURE",
            "SESSION_COOKIE",
            "AUTHOR",
            "PUSHER_APP_KEY",
            "STRIPE_PUBLISHABLE_KEY",
            "PATH",
            "SECRET_FORCED_LANGUAGE",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn the_kind_decides_what_counts() {
        for (name, kind) in [
            ("DB_PASSWORD", Password),
            ("JWT_SECRET", Chosen),
            ("GITHUB_TOKEN", Issued),
            ("SMTP_AUTH", Auth),
            ("MAILER_DSN", Address),
            ("CARBONE_KEY", SomeKey),
            ("PASSWORD_RESET_TOKEN", Issued),
        ] {
            assert_eq!(kind_of(name), Some(kind), "{name}");
        }
    }
}
