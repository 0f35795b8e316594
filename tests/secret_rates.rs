//! The two errors of the list of secrets, measured on the corpora of `tests/secrets`: secrets that it misses, and
//! innocents that it takes. The rates stand in `docs/secrets.md`; `TRANSHIP_BLESS=1` writes them anew.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]
#![allow(clippy::disallowed_methods, reason = "blessing is asked for by a variable")]

use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use tranship_frontend::secrets::{secret_spans, secrets_of};

/// What may be missed and taken at most, of a thousand, by corpus and set.
const BOUNDS: &[(&str, &str, usize, usize)] = &[
    ("names", "developed", 10, 10),
    ("names", "second", 10, 10),
    ("names", "held", 10, 10),
    ("names", "third", 10, 10),
    ("names", "fourth", 10, 10),
    ("names", "fifth", 10, 10),
    ("names", "sixth", 10, 10),
    ("names", "seventh", 10, 10),
    ("names", "eighth", 10, 10),
    ("names", "ninth", 10, 10),
    ("names", "tenth", 10, 10),
    ("names", "eleventh", 10, 10),
    ("names", "twelfth", 10, 10),
    ("names", "thirteenth", 10, 10),
    ("names", "fourteenth", 10, 10),
    ("values", "developed", 0, 0),
    ("values", "held", 0, 0),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The rows of a corpus, without its comments.
fn rows(name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join("tests/secrets").join(name)).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('\t').map(unescaped).collect()).collect()
}

fn unescaped(cell: &str) -> String {
    let mut text = String::new();
    let mut letters = cell.chars();
    while let Some(letter) = letters.next() {
        match (letter, letters.clone().next()) {
            ('\\', Some(escaped @ ('n' | 'r' | '\\'))) => {
                letters.next();
                text.push(match escaped {
                    'n' => '\n',
                    'r' => '\r',
                    other => other,
                });
            }
            _ => text.push(letter),
        }
    }
    text
}

/// A text without its marks, and the ranges between them.
fn marked(text: &str) -> (String, Vec<Range<usize>>) {
    let (mut plain, mut ranges, mut start) = (String::new(), Vec::new(), 0);
    for letter in text.chars() {
        match letter {
            '«' => start = plain.len(),
            '»' => ranges.push(start..plain.len()),
            other => plain.push(other),
        }
    }
    (plain, ranges)
}

/// What was found wrong in one set of one corpus.
#[derive(Default)]
struct Measured {
    secrets: usize,
    missed: Vec<String>,
    innocents: usize,
    taken: Vec<String>,
}

impl Measured {
    fn add(&mut self, secret: bool, right: bool, what: String) {
        let (count, wrong) = match secret {
            true => (&mut self.secrets, &mut self.missed),
            false => (&mut self.innocents, &mut self.taken),
        };
        *count += 1;
        if !right {
            wrong.push(what);
        }
    }
}

fn names(set: &str) -> Measured {
    let mut measured = Measured::default();
    for row in rows("names.tsv").iter().filter(|row| row[0] == set) {
        let [_, label, software, name, value] = &row[..] else { panic!("{row:?}") };
        let (secret, found) = (label == "secret", !secrets_of(name, value).is_empty());
        assert!(secret || label == "innocent", "{row:?}");
        measured.add(secret, found == secret, format!("{software} {name}={value}"));
    }
    measured
}

/// A text is right only when its secrets are found to the byte.
fn values(set: &str) -> Measured {
    let mut measured = Measured::default();
    for row in rows("values.tsv").iter().filter(|row| row[0] == set) {
        let [_, form, text] = &row[..] else { panic!("{row:?}") };
        let (plain, secrets) = marked(text);
        let found = secret_spans(&plain);
        let shown: Vec<&str> = found.iter().map(|range| &plain[range.clone()]).collect();
        measured.add(!secrets.is_empty(), found == secrets, format!("{form}: {plain:?} gave {shown:?}"));
    }
    measured
}

fn per_cent(wrong: usize, all: usize) -> String {
    let thousandths = (wrong * 1000 + all / 2) / all.max(1);
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

fn table(measured: &[(&str, &str, Measured)]) -> String {
    let mut table =
        String::from("| corpus | set | secrets | missed | innocents | taken |\n|---|---|---|---|---|---|\n");
    for (corpus, set, one) in measured {
        let (missed, taken) = (one.missed.len(), one.taken.len());
        writeln!(
            table,
            "| {corpus} | {set} | {} | {missed} ({}) | {} | {taken} ({}) |",
            one.secrets,
            per_cent(missed, one.secrets),
            one.innocents,
            per_cent(taken, one.innocents),
        )
        .unwrap();
    }
    table
}

fn measure() -> Vec<(&'static str, &'static str, Measured)> {
    let of = |corpus: &str, set: &str| if corpus == "names" { names(set) } else { values(set) };
    BOUNDS.iter().map(|(corpus, set, _, _)| (*corpus, *set, of(corpus, set))).collect()
}

#[test]
fn the_rates_are_within_their_bounds() {
    let mut wrong = String::new();
    for ((corpus, set, missed, taken), (_, _, one)) in BOUNDS.iter().zip(measure()) {
        if one.missed.len() * 1000 > missed * one.secrets {
            writeln!(wrong, "{corpus} {set} missed:\n  {}", one.missed.join("\n  ")).unwrap();
        }
        if one.taken.len() * 1000 > taken * one.innocents {
            writeln!(wrong, "{corpus} {set} taken:\n  {}", one.taken.join("\n  ")).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_corpora_are_large_and_of_both_kinds() {
    for (corpus, set, one) in measure() {
        let least = if corpus == "names" { 50 } else { 14 };
        assert!(one.secrets >= least && one.innocents >= least, "{corpus} {set}");
    }
    let mut seen: Vec<Vec<String>> = rows("names.tsv").iter().map(|row| row[3..].to_vec()).collect();
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all, "a variable stands twice with one value");
}

#[test]
fn the_page_publishes_the_rates() {
    let path = root().join("docs/secrets.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once("<!-- rates -->\n").unwrap();
    let (published, after) = rest.split_once("<!-- end of rates -->\n").unwrap();
    let made = table(&measure());
    if std::env::var_os("TRANSHIP_BLESS").is_some() {
        fs::write(&path, format!("{before}<!-- rates -->\n{made}<!-- end of rates -->\n{after}")).unwrap();
        return;
    }
    assert_eq!(made, published, "docs/secrets.md is behind: TRANSHIP_BLESS=1 writes it anew");
}
