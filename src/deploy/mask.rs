//! Removes secret values from text written by others: events, reasons, container logs.
//!
//! In: the values given in this run. Out: text that contains none of them and no terminal control sequences.
//! Invariant: a value is found verbatim, line by line, and in its JSON and URL encodings. A value that this run
//! does not know cannot be found.

use super::failure::{DeployFailure, commands_for};
use super::progress::{DeployBanner, DeployProgress, PlannedChange, ProgressEvent};
use crate::operation::difference::DeploymentDiff;
use crate::operation::log_lines::LogEvent;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

/// The replacement for a secret value.
const MASK: &str = "***";

/// The minimum length at which one line of a multi-line value is masked: lines such as `}` are everywhere.
const SHORTEST_LINE: usize = 4;

/// The values to mask, longest first, so that a value containing another is replaced as a whole.
#[derive(Clone, Default)]
pub(super) struct SecretMask(Vec<String>);

/// Shows no values.
impl fmt::Debug for SecretMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({} forms)", self.0.len())
    }
}

impl SecretMask {
    /// Adds values to hide. Empty values are ignored.
    pub(super) fn hide<'a>(&mut self, values: impl IntoIterator<Item = &'a String>) {
        let mut forms: BTreeSet<String> = self.0.drain(..).collect();
        for value in values {
            forms.extend(spellings(value));
            let lines = value.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE);
            forms.extend(lines.flat_map(spellings));
        }
        forms.remove("");
        self.0 = forms.into_iter().collect();
        self.0.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    fn apply(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, form| text.replace(form.as_str(), MASK))
    }

    /// The text without secret values and control sequences. Masking happens both before and after removing control
    /// sequences: a value may contain one, or be interrupted by one.
    pub(super) fn clean(&self, text: &str) -> String {
        self.apply(&printable(&self.apply(text)))
    }

    /// The failure without secret values.
    pub(super) fn failure(&self, mut failure: DeployFailure) -> DeployFailure {
        failure.message = self.clean(&failure.message);
        failure.help.iter_mut().for_each(|line| *line = self.clean(line));
        failure
    }
}

/// Text that is safe to print on a terminal: lines without control sequences.
fn printable(text: &str) -> String {
    let plain = anstream::adapter::strip_str(text).to_string();
    let shown = |it: char| if it.is_control() && it != '\n' { ' ' } else { it };
    plain.trim_end().chars().map(shown).collect()
}

/// Forwards progress, masking text written by others.
pub(super) struct MaskedProgress<'a> {
    mask: &'a RefCell<SecretMask>,
    /// The name of the environment, for commands that are told.
    environment: &'a str,
    inner: &'a mut dyn DeployProgress,
}

impl<'a> MaskedProgress<'a> {
    /// Wraps `inner`.
    pub(super) fn new(
        mask: &'a RefCell<SecretMask>,
        environment: &'a str,
        inner: &'a mut dyn DeployProgress,
    ) -> Self {
        MaskedProgress { mask, environment, inner }
    }
}

impl DeployProgress for MaskedProgress<'_> {
    fn banner(&mut self, banner: &DeployBanner) {
        self.inner.banner(banner);
    }

    fn message(&mut self, line: &str) {
        self.inner.message(&commands_for(line, self.environment));
    }

    fn warn(&mut self, line: &str) {
        self.inner.warn(&commands_for(&self.mask.borrow().clean(line), self.environment));
    }

    fn review(&mut self, subject: &str, diff: &DeploymentDiff) {
        self.inner.review(subject, diff);
    }

    fn changes(&mut self, changes: &[PlannedChange]) {
        self.inner.changes(changes);
    }

    fn tick(&mut self) {
        self.inner.tick();
    }

    fn is_read(&self) -> bool {
        self.inner.is_read()
    }

    fn log(&mut self, event: &LogEvent) {
        let text = self.mask.borrow().clean(&event.text);
        self.inner.log(&LogEvent { text, ..event.clone() });
    }

    fn event(&mut self, event: &ProgressEvent) {
        let text = self.mask.borrow().clean(&event.text);
        self.inner.event(&ProgressEvent { text, ..event.clone() });
    }
}

/// A value verbatim, as a JSON string, and URL-encoded.
fn spellings(value: &str) -> [String; 3] {
    let quoted = serde_json::Value::from(value).to_string();
    let json = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned();
    [value.to_owned(), json, percent_encoded(value)]
}

/// Percent-encodes everything except the unreserved characters of RFC 3986, section 2.3.
fn percent_encoded(value: &str) -> String {
    let spell = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(spell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(values: &[&str]) -> SecretMask {
        let mut mask = SecretMask::default();
        values.iter().for_each(|value| mask.hide([&(*value).to_owned()]));
        mask
    }

    #[test]
    fn a_value_is_found_in_each_of_its_spellings() {
        for (value, text, masked) in [
            ("hunter2", "password=hunter2, again hunter2", "password=***, again ***"),
            ("p@ss/word", "postgres://app:p%40ss%2Fword@db/app", "postgres://app:***@db/app"),
            ("say \"so\"", r#"{"password": "say \"so\""}"#, r#"{"password": "***"}"#),
            ("-----BEGIN\nMIIEabc\n-----END", "read MIIEabc from a file", "read *** from a file"),
            ("{\n\"a\": 1\n}", "a } closes", "a } closes"),
            ("x", "axb", "a***b"),
            ("two\twords", "it is two\twords here", "it is *** here"),
            ("hunter2", "it is hun\u{1b}[1mter2\u{1b}[0m here", "it is *** here"),
            ("", "nothing to hide", "nothing to hide"),
        ] {
            assert_eq!(mask(&[value]).clean(text), masked, "{value}");
        }
    }

    #[test]
    fn the_longest_value_goes_first() {
        assert_eq!(mask(&["abc", "abcdef"]).clean("abcdef abc"), "*** ***");
    }

    #[test]
    fn text_cannot_do_anything_to_the_terminal_but_keeps_its_lines() {
        let text = "\u{1b}[31mred\u{1b}[0m\tand\u{7} done\r\nnext\n";
        assert_eq!(SecretMask::default().clean(text), "red and done \nnext");
    }

    #[derive(Default)]
    struct MaskedText(Vec<String>);

    impl DeployProgress for MaskedText {
        fn banner(&mut self, _: &DeployBanner) {}
        fn message(&mut self, line: &str) {
            self.0.push(line.to_owned());
        }
        fn warn(&mut self, line: &str) {
            self.0.push(line.to_owned());
        }
        fn review(&mut self, _: &str, _: &DeploymentDiff) {}
        fn changes(&mut self, _: &[PlannedChange]) {}
        fn log(&mut self, event: &LogEvent) {
            self.0.push(event.text.clone());
        }
        fn event(&mut self, event: &ProgressEvent) {
            self.0.push(format!("{}: {}", event.subject, event.text));
        }
    }

    #[test]
    fn what_others_wrote_is_masked_in_progress_and_in_a_failure() {
        let (mask, mut heard) = (RefCell::new(mask(&["hunter2"])), MaskedText::default());
        let mut progress = MaskedProgress::new(&mask, "dev", &mut heard);
        progress.message("`tranship status ENV`");
        progress.warn("refused: hunter2");
        mask.borrow_mut().hide([&"typed".to_owned()]);
        progress.event(&ProgressEvent {
            subject: "Migrate".into(),
            kind: "Custom::TaskRun".into(),
            status: "CREATE_FAILED".into(),
            text: "migrate ended with exit code 1\nno login with typed".into(),
            failed: true,
        });
        assert_eq!(
            heard.0,
            [
                "`tranship status dev`",
                "refused: ***",
                "Migrate: migrate ended with exit code 1\nno login with ***"
            ]
        );
        let failure = mask.borrow().failure(DeployFailure::failed("a hunter2").help("b typed"));
        assert_eq!((failure.message.as_str(), failure.help), ("a ***", vec!["b ***".to_owned()]));
    }

    #[test]
    fn a_mask_shows_no_value() {
        assert!(!format!("{:?}", mask(&["canary"])).contains("canary"));
    }
}
