//! What is a secret: the one list, for whatever must not show or ship one.
//!
//! In: names, values, texts, commands, paths and contents as plain strings and bytes. Out: whether there is a
//! secret, and the byte range of it alone. A leaf: it reads nothing, and knows neither YAML nor Compose.
//! Invariant: every function is pure, takes time linear in its input, and gives ranges that lie on
//! character boundaries, in order, without overlap. `docs/secrets.md` says the same for users, with
//! the error rates that `tests/secret_rates.rs` measures.

mod command_flags;
mod command_inputs;
mod command_programs;
mod file_passwords;
mod name_answers;
mod name_words;
mod named_parts;
mod password_urls;
mod path_values;
mod secret_encodings;
mod secret_files;
mod secret_names;
mod secret_pairs;
mod secret_spans;
mod secret_values;
mod secret_words;
mod token_forms;

pub use command_flags::{CommandSecret, secrets_in_command};
pub use file_passwords::password_line;
pub use name_answers::NameAnswers;
pub use name_words::name_words;
pub use secret_encodings::secret_encodings;
pub use secret_files::{credential_in_content, credential_in_file, is_credential_file};
pub use secret_names::is_secret_name;
pub use secret_spans::secret_spans;
pub use secret_values::can_be_secret;

use secret_names::{NameMeaning, SecretKind, is_published, meaning_of, says_nothing};
use secret_values::{is_no_name, is_random_number, is_random_text};
use std::ops::Range;
use token_forms::is_json_web_token;

/// The secrets in the value of a variable: all of it where the name says so, else what has the form of one.
#[must_use]
pub fn secrets_of(name: &str, value: &str) -> Vec<Range<usize>> {
    let NameMeaning { kind, parts } = meaning_of(name);
    let random = kind.is_none() && (is_random_number(value) || is_random_text(value)) && says_nothing(name);
    // As a value of its own, a key is no word of a text: `copper-otter` counts, though no one would know it in a line.
    let coined = kind == Some(SecretKind::SomeKey) && is_no_name(value) && name_words(name).len() > 1;
    let whole = random || coined || kind.is_some() && can_be_secret(name, value);
    if whole && kind != Some(SecretKind::Address) {
        return std::iter::once(0..value.len()).collect();
    }
    // A key that the build publishes, in the form of a token: `NEXT_PUBLIC_SUPABASE_ANON_KEY`.
    if kind.is_none() && is_json_web_token(value) && is_published(name) {
        return Vec::new();
    }
    // A connection string under such a name is secret only in part.
    let mut spans = secret_spans(value);
    let parts = parts.map(|parts| parts.secrets(name, value)).unwrap_or_default();
    if !parts.is_empty() {
        spans.extend(parts);
        spans = secret_spans::in_order(value, spans);
    }
    if whole && spans.is_empty() { std::iter::once(0..value.len()).collect() } else { spans }
}

#[cfg(test)]
mod tests;
