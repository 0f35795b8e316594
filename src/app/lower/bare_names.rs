//! Names that stand by themselves: `BACKEND: api`, `cache,abortConnect=false`, `--redis cache`, `{"LOCATION": "cache"}`.
//!
//! In: text, and what tells a host's name from a word. Out: the places of names that may be a host's. Nothing there is
//! certain enough to be rewritten, so what is found is a reason to let the name itself work. Invariant: prose names
//! nobody, and neither does what is called after another thing than a host: a user, a database, a role.

use super::address_scan::{TextRange, slice};
use super::variable_names::names_no_host;

/// Whether a letter ends a part of a list, an object or a sentence.
fn separates(letter: char) -> bool {
    matches!(
        letter,
        ',' | ';'
            | '|'
            | '"'
            | '\''
            | '`'
            | '['
            | ']'
            | '{'
            | '}'
            | '('
            | ')'
            | '<'
            | '>'
            | '\n'
            | '\r'
            | '\t'
    )
}

/// Every name in a text. `called` is what the text as a whole is called: its variable, or the flag before it.
pub(super) fn bare_names(text: &str, called: &str, is_host: &dyn Fn(&str) -> bool) -> Vec<TextRange> {
    let mut found = Vec::new();
    for part in parts(text) {
        let words = words(text, &part);
        let whole = words.len() == 1;
        let listed = words.iter().all(|word| is_host(slice(text, word)));
        for (at, word) in words.iter().enumerate() {
            let (key, name) = assigned(text, word);
            if !is_host(slice(text, &name)) {
                continue;
            }
            let before = at.checked_sub(1).and_then(|before| words.get(before)).map(|word| slice(text, word));
            let key = match (key, before.and_then(long_flag)) {
                (Some(key), _) => Some(key),
                (None, Some(flag)) => Some(flag.to_owned()),
                (None, None) if whole => Some(key_of_object(text, part.start).unwrap_or(called.to_owned())),
                (None, None) if listed => Some(called.to_owned()),
                (None, None) => None,
            };
            if key.is_some_and(|key| !names_no_host(&key, slice(text, &name))) {
                found.push(name);
            }
        }
    }
    found
}

/// The name of a flag of two letters or more, which may take a value.
pub(super) fn long_flag(word: &str) -> Option<&str> {
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
    (name.len() > 1 && !name.contains('=')).then_some(name)
}

fn parts(text: &str) -> Vec<TextRange> {
    split(text, &(0..text.len()), separates)
}

fn words(text: &str, part: &TextRange) -> Vec<TextRange> {
    split(text, part, char::is_whitespace)
}

fn split(text: &str, part: &TextRange, ends: impl Fn(char) -> bool) -> Vec<TextRange> {
    let mut found = Vec::new();
    let mut start = part.start;
    for piece in slice(text, part).split(ends) {
        let end = start + piece.len();
        if !piece.trim().is_empty() {
            found.push(start..end);
        }
        start = end + text.get(end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    }
    found
}

/// `key` and `value` of `key=value`, or the word alone.
fn assigned(text: &str, word: &TextRange) -> (Option<String>, TextRange) {
    match slice(text, word).rsplit_once('=') {
        Some((key, value)) => {
            let key = key.trim_start_matches('-').rsplit('=').next().unwrap_or_default();
            (Some(key.to_owned()), word.end - value.len()..word.end)
        }
        None => (None, word.clone()),
    }
}

/// `key` of `"key": "value"`, where the value starts at a place.
pub(super) fn key_of_object(text: &str, start: usize) -> Option<String> {
    let before = text.get(..start)?.strip_suffix(['"', '\''])?.trim_end().strip_suffix(':')?.trim_end();
    let quote = before.chars().next_back().filter(|letter| ['"', '\''].contains(letter))?;
    let key = before.strip_suffix(quote)?.rsplit(quote).next()?;
    (!key.is_empty()).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(called: &str, text: &str) -> Vec<String> {
        let is_host = |name: &str| ["api", "cache", "redis", "books"].contains(&name);
        bare_names(text, called, &is_host).iter().map(|name| slice(text, name).to_owned()).collect()
    }

    #[test]
    fn names_stand_alone_in_lists_objects_and_flags() {
        for (called, text, found) in [
            ("BACKEND", "api", vec!["api"]),
            ("BACKEND", " api ", vec!["api"]),
            ("CONNECTION_STRING", "cache,abortConnect=false", vec!["cache"]),
            ("POOL", "books;cache", vec!["books", "cache"]),
            ("POOL", "books cache", vec!["books", "cache"]),
            ("CACHES", r#"{"default": {"LOCATION": "cache"}}"#, vec!["cache"]),
            ("NODES", r#"["api", "cache"]"#, vec!["api", "cache"]),
            ("OPTS", "--redis cache --verbose", vec!["cache"]),
            ("OPTS", "--search=books -Dnode=cache", vec!["books", "cache"]),
            ("SPRING", "a.b=cache", vec!["cache"]),
        ] {
            assert_eq!(shown(called, text), found, "{called}: {text}");
        }
    }

    #[test]
    fn prose_and_other_things_name_nobody() {
        for (called, text) in [
            ("MOTTO", "the api is up"),
            ("MOTTO", "api first"),
            ("DB_USER", "api"),
            ("POSTGRES_DB", "cache"),
            ("OPTS", "user=api dbname=books"),
            ("OPTS", "--user api --name cache"),
            ("OPTS", "-u api"),
            ("CACHES", r#"{"name": "cache", "user": 'api'}"#),
            ("CACHE_DRIVER", "redis"),
            ("CACHE_BACKEND", "redis"),
            ("CACHE_BACKEND", "cache"),
            ("IMAGE", "redis:7"),
            ("PATH", "/srv/api"),
            ("URL", "api.example.com"),
            ("EMPTY", ""),
            ("EMPTY", "=,;\"\""),
        ] {
            assert_eq!(shown(called, text), Vec::<String>::new(), "{called}: {text}");
        }
    }

    #[test]
    fn keys_of_objects_are_read_back() {
        for (text, start, key) in [
            (r#"{"host": "api"}"#, 10, Some("host")),
            ("{'host':'api'}", 9, Some("host")),
            ("[\"api\"]", 2, None),
            ("host: api", 6, None),
            (r#"{"": "a"}"#, 6, None),
        ] {
            assert_eq!(key_of_object(text, start).as_deref(), key, "{text}");
        }
    }
}
