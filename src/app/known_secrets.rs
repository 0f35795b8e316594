//! What is known to be secret before any text is lowered: variables of interpolation, and values.
//!
//! In: the manifest and what the front end hides. Out: whether a variable is a secret, and where a text holds a
//! secret value, plain or in an encoding. Invariant: a variable is a secret wherever it stands; a value that no
//! variable brought counts elsewhere only if it is neither short nor an ordinary word of the manifest.

use super::ManifestName;
use super::document::TreeLeaf;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use tranship_frontend::secrets::{is_secret_name, secret_encodings, secrets_of};
use tranship_frontend::source::{Origin, Sources};

/// Shorter values are in too many texts by chance.
const SHORTEST: usize = 6;

/// Words that stand in manifests for many things besides a password.
const ORDINARY: &[&str] = &[
    "admin",
    "administrator",
    "changeit",
    "changeme",
    "changethis",
    "default",
    "development",
    "disabled",
    "enabled",
    "example",
    "guest",
    "localhost",
    "mariadb",
    "minioadmin",
    "mongodb",
    "passwd",
    "password",
    "postgres",
    "postgresql",
    "production",
    "rabbitmq",
    "secret",
    "service",
    "staging",
    "testing",
    "username",
];

/// The secrets of a manifest.
#[derive(Debug, Clone, Default)]
pub struct KnownSecrets {
    variables: BTreeSet<ManifestName>,
    values: Option<Arc<AhoCorasick>>,
    /// Values that are no ordinary words, and names of the manifest all the same, in lower case.
    names: BTreeSet<String>,
}

impl KnownSecrets {
    /// Those in the leaves of a manifest. `late` are variables that have no value yet, `ordinary` words that its names use.
    pub(crate) fn of(
        leaves: &[TreeLeaf],
        sources: &Sources,
        late: &BTreeMap<ManifestName, Origin>,
        ordinary: impl FnOnce() -> BTreeSet<String>,
    ) -> Self {
        let (variables, values) = (BTreeSet::new(), BTreeSet::new());
        let mut found = SecretCollector { sources, late, variables, values };
        let leaves = leaves.iter().filter(|leaf| !leaf.is_place_of_secret());
        leaves.for_each(|leaf| found.text(leaf.name(), leaf.value.peek(), leaf.value.origin));
        let SecretCollector { variables, values, .. } = found;
        let lines = sources.secrets_of_lines().map(|value| &**value);
        let values: Vec<&str> = values.iter().map(String::as_str).chain(lines).map(str::trim).collect();
        let ordinary = if values.is_empty() { BTreeSet::new() } else { ordinary() };
        let (unique, others): (Vec<&str>, Vec<&str>) =
            values.into_iter().partition(|value| is_unique(value, &ordinary));
        let names = others.into_iter().filter(|value| is_no_word(value)).map(str::to_ascii_lowercase);
        let names = names.filter(|value| ordinary.contains(value)).collect();
        let patterns: BTreeSet<String> = unique.into_iter().flat_map(secret_encodings).collect();
        KnownSecrets { variables, values: matcher(&patterns), names }
    }

    /// Whether a name of the manifest is also a secret that nobody would choose as a word.
    pub(crate) fn is_name(&self, text: &str) -> bool {
        self.names.contains(&text.to_ascii_lowercase())
    }

    /// Whether the value of a variable of interpolation is a secret, wherever it stands.
    pub fn is_variable(&self, name: &str) -> bool {
        self.variables.contains(name)
    }

    /// Where a text holds secret values, in order and without overlap.
    pub fn parts(&self, text: &str) -> Vec<Range<usize>> {
        let Some(values) = &self.values else { return Vec::new() };
        let found = values.find_iter(text).map(|found| found.range());
        found.filter(|range| is_word(text.as_bytes(), range)).collect()
    }

    /// Whether there is no value that a file could hold.
    pub fn is_empty(&self) -> bool {
        self.values.is_none()
    }

    /// Whether the bytes of a file hold a secret value.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        let Some(values) = &self.values else { return false };
        values.find_iter(bytes).any(|found| is_word(bytes, &found.range()))
    }

    /// Looks for secret values in a file that is read block by block.
    pub fn scan(&self) -> SecretScan<'_> {
        SecretScan { secrets: self, bytes: Vec::new(), is_start: true }
    }
}

/// Letters around a value that tell whether it stands by itself.
const AROUND: usize = 2;

/// Whether a file holds a secret value, block by block, with the same answer as [`KnownSecrets::is_in`] for all of it.
#[derive(Debug)]
pub struct SecretScan<'a> {
    secrets: &'a KnownSecrets,
    /// The end of what was looked at, as long as a value and what is around it.
    bytes: Vec<u8>,
    is_start: bool,
}

impl SecretScan<'_> {
    /// Whether the file up to the end of a block, and the values that end before it, hold one.
    pub fn block(&mut self, block: &[u8]) -> bool {
        let Some(values) = self.secrets.values.as_deref() else { return false };
        self.bytes.extend_from_slice(block);
        let found = self.holds(values, false);
        let keep = values.max_pattern_len() + 2 * AROUND;
        if let Some(gone) = self.bytes.len().checked_sub(keep).filter(|gone| *gone > 0) {
            self.bytes.drain(..gone);
            self.is_start = false;
        }
        found
    }

    /// Whether the end of the file holds one.
    pub fn end(&mut self) -> bool {
        self.secrets.values.as_deref().is_some_and(|values| self.holds(values, true))
    }

    /// What touches a bound is left to the look before or the next one, which see the letters around it.
    fn holds(&self, values: &AhoCorasick, is_end: bool) -> bool {
        let from = if self.is_start { 0 } else { AROUND };
        let inside = |range: &Range<usize>| range.start >= from && (is_end || range.end < self.bytes.len());
        let found = values.find_iter(&self.bytes).map(|found| found.range());
        found.filter(inside).any(|range| is_word(&self.bytes, &range))
    }
}

/// A value of so many letters is no part of a longer word by chance.
const SURE: usize = 16;

/// Whether a value stands by itself: a short one of letters and digits alone may be a part of a longer word.
fn is_word(text: &[u8], range: &Range<usize>) -> bool {
    let value = text.get(range.clone()).unwrap_or_default();
    if value.len() >= SURE || !value.iter().all(u8::is_ascii_alphanumeric) {
        return true;
    }
    let letter = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    // `-phunter2` holds it too, so one letter may stand before it.
    let glued = letter(range.start.checked_sub(1)) && letter(range.start.checked_sub(2));
    !glued && !letter(Some(range.end))
}

fn is_unique(value: &str, ordinary: &BTreeSet<String>) -> bool {
    let lower = value.to_ascii_lowercase();
    let common = ORDINARY.contains(&lower.as_str()) || ordinary.contains(&lower) && !is_coined(value);
    value.len() >= SHORTEST && !common
}

/// What nobody calls a thing, even where the manifest does: more than a word with a number, as in `shop2024`.
fn is_coined(value: &str) -> bool {
    let word = value.trim_end_matches(|letter: char| letter.is_ascii_digit());
    is_no_word(value) && !word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Letters and digits mixed, as a generator gives them, and as nobody calls a thing.
fn is_no_word(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    value.len() >= 10 && digits > 0 && digits < value.len()
}

fn matcher(patterns: &BTreeSet<String>) -> Option<Arc<AhoCorasick>> {
    if patterns.is_empty() {
        return None;
    }
    let built = AhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest).build(patterns);
    built.ok().map(Arc::new)
}

/// Collects what is secret.
struct SecretCollector<'a> {
    sources: &'a Sources,
    late: &'a BTreeMap<ManifestName, Origin>,
    variables: BTreeSet<ManifestName>,
    values: BTreeSet<String>,
}

impl SecretCollector<'_> {
    fn text(&mut self, name: &str, text: &str, origin: Origin) {
        let secrets = secrets_of(name, text);
        self.values.extend(secrets.iter().filter_map(|part| text.get(part.clone())).map(str::to_owned));
        for one in self.sources.substitutions(origin) {
            let range = one.range.start as usize..one.range.end as usize;
            let Some(filled) = text.get(range.clone()) else { continue };
            let open = filled.is_empty() && self.late.contains_key(&one.variable);
            let own = match open {
                true => is_secret_name(&one.variable),
                false => secrets_of(&one.variable, filled).first() == Some(&(0..filled.len())),
            };
            let whole = open && text.is_empty() && is_secret_name(name);
            if own || whole || secrets.contains(&range) {
                self.values.extend(Some(filled).filter(|filled| !filled.is_empty()).map(str::to_owned));
                self.variables.insert(one.variable);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(values: &[&str]) -> KnownSecrets {
        let patterns = values.iter().flat_map(|value| secret_encodings(value)).collect();
        KnownSecrets { variables: BTreeSet::new(), values: matcher(&patterns), names: BTreeSet::new() }
    }

    #[test]
    fn a_name_is_a_secret_too_where_it_was_coined() {
        for (value, is) in [
            ("walnut7Qx9fern", true),
            ("walnut-7-fern", true),
            ("walnut_fern_77", true),
            ("7walnutfern", true),
            ("walnutfern77", false),
            ("walnut7Qx", false),
        ] {
            assert_eq!(is_coined(value), is, "{value}");
            assert_eq!(is_unique(value, &BTreeSet::from([value.to_ascii_lowercase()])), is, "{value}");
        }
        assert!(is_unique("walnutfern77", &BTreeSet::new()));
    }

    #[test]
    fn what_is_no_word() {
        for (value, is) in
            [("walnut-7qx", true), ("walnut-7q", false), ("walnutfern", false), ("0123456789", false)]
        {
            assert_eq!(is_no_word(value), is, "{value}");
        }
    }

    /// The answer for a file in blocks is that for all of it, wherever its bounds are.
    #[test]
    fn a_file_is_looked_through_in_blocks() {
        let secrets = known(&["hunter2hunter2", "p+ss/w0rd!"]);
        for (text, holds) in [
            ("password=hunter2hunter2;", true),
            ("hunter2hunter2", true),
            ("-phunter2hunter2", true),
            ("xphunter2hunter2 and more", false),
            ("a hunter2hunter2x and more", false),
            ("xxp+ss/w0rd!xx", true),
            ("p+ss/w0rd", false),
            ("nothing of the kind, but long enough for several blocks", false),
        ] {
            assert_eq!(secrets.is_in(text.as_bytes()), holds, "{text}");
            for before in [0, 1, 2, 3, 40] {
                let text = format!("{}{text}", "-".repeat(before));
                for size in 1..=text.len() {
                    let mut scan = secrets.scan();
                    let mut found = false;
                    text.as_bytes().chunks(size).for_each(|block| found |= scan.block(block));
                    assert_eq!(found | scan.end(), holds, "{text} in blocks of {size}");
                    assert!(scan.bytes.len() <= text.len());
                }
            }
        }
        let mut long = secrets.scan();
        (0..100).for_each(|_| assert!(!long.block(&[b'x'; 1_000])));
        assert!(long.bytes.len() < 100, "{}", long.bytes.len());
        assert!(!KnownSecrets::default().scan().block(b"hunter2hunter2"));
    }

    #[test]
    fn a_value_is_found_in_every_encoding() {
        let known = known(&["p@ss/word1"]);
        for text in ["x p@ss/word1", "x=p%40ss%2Fword1&", "cEBzcy93b3JkMQ=="] {
            assert_eq!(known.parts(text).len(), 1, "{text}");
            assert!(known.is_in(text.as_bytes()), "{text}");
        }
        assert!(known.parts("p@ss/word").is_empty());
    }

    #[test]
    fn a_word_inside_a_longer_one_is_another() {
        let known = known(&["hunter2"]);
        let found = |text: &str| known.parts(text).first().map(|part| (part.start, part.end));
        assert_eq!(found("-phunter2"), Some((2, 9)));
        assert_eq!(found("a:hunter2@b"), Some((2, 9)));
        assert!(found("thehunter2").is_none());
        assert!(found("hunter23").is_none());
        let long = self::known(&["hunter2hunter2ab"]);
        assert_eq!(long.parts("xhunter2hunter2abx").first(), Some(&(1..17)), "no accident");
        let shorter = self::known(&["hunter2hunter2a"]);
        assert!(shorter.parts("xxhunter2hunter2ax").is_empty());
    }

    #[test]
    fn without_a_value_no_file_is_looked_through() {
        assert!(KnownSecrets::default().is_empty());
        assert!(!known(&["hunter2hunter2"]).is_empty());
    }

    #[test]
    fn ordinary_words_and_short_values_say_nothing() {
        let ordinary = BTreeSet::from(["storefront".to_owned()]);
        for (value, unique) in
            [("walnut-1", true), ("abc", false), ("Postgres", false), ("storefront", false), ("123456", true)]
        {
            assert_eq!(is_unique(value, &ordinary), unique, "{value}");
        }
    }
}
