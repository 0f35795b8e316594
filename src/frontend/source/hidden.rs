//! Values that no diagnostic may show, and where they stand.
//!
//! In: values whose key, variable or form says that they are secret, with their origins. Out: the places in files that
//! hold them, the values, and the variables that brought them. Invariant: a place is known for every text of the
//! user's that had a hand in such a value: the value itself, those it overrides, and the line of the variable in it.
//! Values are only collected while a manifest is read: most runs show none, and search none.

use super::{Origin, Provenance, Sources, Span, VariableSource, VariableSubstitution};
use crate::secrets::{can_be_secret, is_secret_name, secrets_of};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// A value to search for secrets once something is shown.
#[derive(Debug, Clone)]
pub struct GuardedValue {
    /// The key that says what the value is.
    pub key: Arc<str>,
    /// The value.
    pub value: Arc<str>,
    /// Its origin.
    pub origin: Origin,
    /// What kind of place it has.
    pub place: GuardedPlace,
}

/// What the place of a value says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardedPlace {
    /// The key names it.
    Keyed,
    /// An item of a list: a `NAME=` at its start names it.
    ListItem,
    /// The name of a secret belongs here: it is shown, unless it has the form of a secret.
    SecretName,
}

/// What must not be shown, found when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct HiddenRegister {
    /// What lines of env files hold: few, and known at once.
    lines: HiddenValues,
    guarded: Vec<GuardedValue>,
    found: OnceCell<HiddenValues>,
}

/// What must not be shown.
#[derive(Debug, Clone, Default)]
pub struct HiddenValues {
    spans: Vec<Span>,
    names: Vec<Span>,
    faulty: Vec<Span>,
    values: BTreeSet<Arc<str>>,
    lines: BTreeSet<Arc<str>>,
    variables: BTreeMap<Arc<str>, Arc<str>>,
}

/// Chains of origins are short; a longer one is cut.
const DEPTH: usize = 64;

impl HiddenValues {
    /// The places of such values, in no order.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The places that hold the name of a secret, and no secret: the key beside them says otherwise.
    pub fn names(&self) -> &[Span] {
        &self.names
    }

    /// The rests of lines that could not be read: they may hold anything.
    pub fn faulty(&self) -> &[Span] {
        &self.faulty
    }

    /// The values.
    pub fn values(&self) -> impl Iterator<Item = &Arc<str>> {
        self.values.iter()
    }

    /// The value of a variable that holds such a value.
    pub fn of_variable(&self, name: &str) -> Option<&Arc<str>> {
        self.variables.get(name)
    }
}

impl Sources {
    /// What must not be shown.
    pub fn hidden(&self) -> &HiddenValues {
        self.hidden.found.get_or_init(|| {
            let mut search = SecretSearch { sources: self, hidden: self.hidden.lines.clone() };
            self.hidden.guarded.iter().for_each(|value| search.value(value));
            search.hidden
        })
    }

    /// The secret values that stand in lines of env files.
    pub fn secrets_of_lines(&self) -> impl Iterator<Item = &Arc<str>> {
        self.hidden.lines.lines.iter()
    }

    /// Hides the secrets in a value: all of it if its name says so, what has the form of a secret, and the values of
    /// variables with secret names.
    pub fn guard(&mut self, value: GuardedValue) {
        self.hidden.found.take();
        self.hidden.guarded.push(value);
    }

    /// Hides the value of a line of an env file, if it contains a secret.
    pub fn guard_line(&mut self, name: &str, value: &str, line: Span) {
        let secrets = secrets_of(name, value);
        if secrets.is_empty() {
            return;
        }
        let mut search = SecretSearch { sources: self, hidden: HiddenValues::default() };
        search.hide_line(line);
        for secret in secrets.into_iter().filter_map(|part| value.get(part)) {
            search.hide_value(secret);
            search.hidden.lines.insert(secret.into());
        }
        let HiddenValues { spans, values, lines, .. } = search.hidden;
        self.hidden.found.take();
        self.hidden.lines.spans.extend(spans);
        self.hidden.lines.values.extend(values);
        self.hidden.lines.lines.extend(lines);
    }

    /// Hides what follows the first word of a line of an env file that could not be read. What follows an `=` is
    /// hidden if the name before it says so.
    pub fn hide_faulty(&mut self, place: Span) {
        let Some(file) = self.file(place.file) else { return };
        let line = file.line_range(file.line_of(place.start as usize));
        let text = file.text().get(line.clone()).unwrap_or_default();
        let indent = text.len() - text.trim_start().len();
        let export = text.get(indent..).is_some_and(|rest| rest.starts_with("export "));
        let start = indent + if export { "export ".len() } else { 0 };
        let letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let word = text.bytes().skip(start).take_while(letter).count();
        let rest = text.get(start + word..).unwrap_or_default();
        if rest.trim_start().starts_with(['=', ':']) {
            return;
        }
        let span = Span { start: narrow(line.start + start + word), end: narrow(line.end), ..place };
        self.hidden.found.take();
        self.hidden.lines.faulty.push(span);
    }

    fn text_of(&self, span: Span) -> Option<&str> {
        self.file(span.file)?.text().get(span.start as usize..span.end as usize)
    }
}

/// Finds the secrets in values, and every place that holds them.
struct SecretSearch<'a> {
    sources: &'a Sources,
    hidden: HiddenValues,
}

impl SecretSearch<'_> {
    fn value(&mut self, guarded: &GuardedValue) {
        let GuardedValue { key, value, origin, place } = guarded;
        match place {
            GuardedPlace::Keyed => self.named(key, value, 0, *origin),
            GuardedPlace::SecretName => {
                self.named("", value, 0, *origin);
                self.show_name(value, *origin);
            }
            GuardedPlace::ListItem => match value.split_once('=') {
                Some((name, rest)) if !secrets_of(name, rest).is_empty() => {
                    self.named(name, rest, name.len() + 1, *origin);
                }
                Some(_) => self.named("", value, 0, *origin),
                None => self.named(key, value, 0, *origin),
            },
        }
    }

    /// Searches a value that starts at a byte of the value of its origin.
    fn named(&mut self, name: &str, value: &str, start: usize, origin: Origin) {
        let secrets = secrets_of(name, value);
        let variables = self.variables(start, origin);
        for part in &secrets {
            match start == 0 && *part == (0..value.len()) {
                true => self.hide_whole(value, &variables, origin),
                false => self.hide_part(value, part.clone(), &variables, (origin, start)),
            }
        }
        for one in variables.iter().filter(|one| is_secret_name(&one.variable)) {
            let part = range(&one.range);
            let done = secrets.iter().any(|secret| secret.start <= part.start && part.end <= secret.end);
            if done || !value.get(part.clone()).is_some_and(|filled| can_be_secret(&one.variable, filled)) {
                continue;
            }
            self.hide_variable(value, one);
            if one.source == VariableSource::Fallback {
                self.hide_part(value, part, &variables, (origin, start));
            }
        }
    }

    /// Shows a value that is the name of a secret, unless it has the form of one.
    fn show_name(&mut self, value: &str, origin: Origin) {
        if secrets_of("", value).is_empty() {
            let places = self.sources.places(origin).into_iter().map(|place| place.span);
            self.hidden.names.extend(places);
        }
    }

    /// The variables in a value that starts at a byte of the value of its origin.
    fn variables(&self, start: usize, origin: Origin) -> Vec<VariableSubstitution> {
        let start = narrow(start);
        let inside = self.sources.substitutions(origin).into_iter().filter(|one| one.range.start >= start);
        inside
            .map(|one| VariableSubstitution { range: one.range.start - start..one.range.end - start, ..one })
            .collect()
    }

    /// Hides a value and whatever had a hand in it.
    fn hide_whole(&mut self, value: &str, variables: &[VariableSubstitution], origin: Origin) {
        self.hide_value(value);
        self.hide_places(origin, 0);
        variables.iter().for_each(|one| self.hide_variable(value, one));
    }

    /// Hides bytes of a value and the variables in them. The value starts at a byte of the value of its origin.
    fn hide_part(
        &mut self,
        value: &str,
        part: Range<usize>,
        variables: &[VariableSubstitution],
        (origin, start): (Origin, usize),
    ) {
        let Some(text) = value.get(part.clone()).filter(|text| !text.is_empty()) else { return };
        let inside = |one: &&VariableSubstitution| {
            (one.range.start as usize) < part.end && part.start < (one.range.end as usize)
        };
        let filled: Vec<&VariableSubstitution> = variables.iter().filter(inside).collect();
        self.hide_value(text);
        filled.iter().for_each(|one| self.hide_variable(value, one));
        let written = narrow(start + part.start)..narrow(start + part.end);
        let place = self.sources.part_span(origin, &written);
        // If the text there is another, as in a template, all of it goes, unless it is a mere name.
        match place.filter(|span| filled.is_empty() && self.sources.text_of(*span) == Some(text)) {
            Some(span) => self.hidden.spans.push(span),
            None => self.hide_places(origin, 0),
        }
    }

    fn hide_value(&mut self, value: &str) {
        if !value.trim().is_empty() {
            self.hidden.values.insert(value.into());
        }
    }

    fn hide_variable(&mut self, whole: &str, one: &VariableSubstitution) {
        let Some(value) = whole.get(range(&one.range)).filter(|value| !value.is_empty()) else { return };
        self.hide_value(value);
        self.hidden.variables.insert(one.variable.clone(), value.into());
        if let VariableSource::File(line) = one.source {
            self.hide_line(line);
        }
    }

    /// Hides what follows the name in a line of an env file.
    fn hide_line(&mut self, line: Span) {
        let name = self.sources.text_of(line).and_then(|text| text.find(['=', ':'])).map_or(0, |at| at + 1);
        let start = line.start + narrow(name);
        self.hidden.spans.push(Span { start: start.min(line.end), ..line });
    }

    /// Hides every place that a value has.
    fn hide_places(&mut self, origin: Origin, depth: usize) {
        if depth > DEPTH {
            return;
        }
        match &*self.sources.provenance(origin) {
            Provenance::Read(span) => {
                if !self.sources.text_of(*span).is_some_and(is_reference) {
                    self.hidden.spans.push(*span);
                }
            }
            Provenance::Part { of, range } => match self.sources.part_span(*of, range) {
                Some(span) => self.hidden.spans.push(span),
                None => self.hide_places(*of, depth + 1),
            },
            Provenance::Interpolated { template: of, .. }
            | Provenance::Alias { definition: of, .. }
            | Provenance::Extends { of, .. }
            | Provenance::Include { of, .. } => self.hide_places(*of, depth + 1),
            Provenance::Merged { winner, losers } => {
                self.hide_places(*winner, depth + 1);
                losers.iter().for_each(|loser| self.hide_places(*loser, depth + 1));
            }
            Provenance::Outside(VariableSource::File(line)) => self.hide_line(*line),
            Provenance::Nowhere
            | Provenance::Default { .. }
            | Provenance::Inferred { .. }
            | Provenance::Outside(_) => {}
        }
    }
}

fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn range(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// Whether a text as it stands in a file is nothing but the name of a variable: `"${NAME}"`, `$NAME`, `${NAME:?why}`.
pub fn is_reference(text: &str) -> bool {
    let text = text.trim().trim_matches(['"', '\'']);
    let Some(text) = text.strip_prefix('$') else { return false };
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
    };
    match text.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
        Some(inner) => {
            let name = inner.split(['?', ':']).next().unwrap_or_default();
            let rest = inner.get(name.len()..).unwrap_or_default();
            is_name(name) && (rest.is_empty() || rest.starts_with('?') || rest.starts_with(":?"))
        }
        None => is_name(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPOSE: &str = "A: hunter2\nB: \"${PW}\"\nC: 'x${PW}'\nD: postgres://u:p@h/d\n";
    const DOTENV: &str = "PW=letmein\n";

    fn shown(sources: &Sources) -> Vec<String> {
        let text = |span: &Span| sources.text_of(*span).unwrap().to_owned();
        sources.hidden().spans().iter().map(text).collect()
    }

    fn example() -> (Sources, impl Fn(&mut Sources, &str) -> Origin) {
        let mut sources = Sources::new();
        let compose = sources.add_file("c.yaml".into(), COMPOSE.to_owned());
        sources.add_file(".env".into(), DOTENV.to_owned());
        let at = move |sources: &mut Sources, needle: &str| {
            let start = COMPOSE.find(needle).unwrap();
            sources.read_at(Span::new(compose, start, start + needle.len()))
        };
        (sources, at)
    }

    fn guard(sources: &mut Sources, key: &str, value: &str, origin: Origin, place: GuardedPlace) {
        sources.guard(GuardedValue { key: key.into(), value: value.into(), origin, place });
    }

    fn filled(sources: &mut Sources, template: Origin, range: Range<u32>) -> Origin {
        let file = sources.files().nth(1).unwrap().0;
        let source = VariableSource::File(Span::new(file, 0, 10));
        let one =
            VariableSubstitution { range, expression: 0..5, variable: "PW".into(), fallback: None, source };
        sources.record(Provenance::Interpolated { template, substitutions: vec![one] })
    }

    #[test]
    fn a_secret_is_hidden_where_it_stands_and_where_it_comes_from() {
        let (mut sources, at) = example();
        let literal = at(&mut sources, "hunter2");
        guard(&mut sources, "DB_PASSWORD", "hunter2", literal, GuardedPlace::Keyed);
        let template = at(&mut sources, "\"${PW}\"");
        let value = filled(&mut sources, template, 0..7);
        guard(&mut sources, "DB_PASSWORD", "letmein", value, GuardedPlace::Keyed);
        assert_eq!(shown(&sources), ["hunter2", "letmein"], "the name of the variable is shown");
        assert_eq!(sources.hidden().of_variable("PW").map(|value| &**value), Some("letmein"));
        let template = at(&mut sources, "'x${PW}'");
        let value = filled(&mut sources, template, 1..8);
        guard(&mut sources, "DB_PASSWORD", "xletmein", value, GuardedPlace::Keyed);
        assert_eq!(shown(&sources)[2..], ["'x${PW}'", "letmein"]);
    }

    #[test]
    fn of_a_line_that_cannot_be_read_the_first_word_is_shown() {
        let text = "DB_PASS hunter2 x\n  export A!=b\nC=hunter2\n";
        let mut sources = Sources::new();
        let file = sources.add_file(".env".into(), text.to_owned());
        for start in [0, 20, 34] {
            sources.hide_faulty(Span::new(file, start, start + 1));
        }
        assert_eq!(shown(&sources), [""; 0], "no value is known");
        let text = |span: &Span| sources.text_of(*span).unwrap().to_owned();
        let faulty: Vec<String> = sources.hidden().faulty().iter().map(text).collect();
        assert_eq!(faulty, [" hunter2 x", "!=b"]);
    }

    #[test]
    fn the_name_of_a_secret_is_shown_and_a_token_is_not() {
        let (mut sources, at) = example();
        let name = at(&mut sources, "hunter2");
        guard(&mut sources, "secret", "prod/db", name, GuardedPlace::SecretName);
        assert_eq!(sources.hidden().names().len(), 1);
        guard(&mut sources, "secret", "ghp_0123456789abcdef", name, GuardedPlace::SecretName);
        assert_eq!(sources.hidden().names().len(), 1, "by its form it is a secret");
        assert_eq!(shown(&sources), ["hunter2"]);
    }

    #[test]
    fn the_name_in_an_item_of_a_list_says_what_is_hidden() {
        let text = "- \"DB_PASSWORD=a b\"\n- DB_PASSWORD=c$$d\n- LEVEL=debug\n";
        let mut sources = Sources::new();
        let file = sources.add_file("c.yaml".into(), text.to_owned());
        for (start, end, value) in
            [(2, 19, "DB_PASSWORD=a b"), (22, 38, "DB_PASSWORD=c$d"), (41, 52, "LEVEL=debug")]
        {
            let origin = sources.read_at(Span::new(file, start, end));
            guard(&mut sources, "[]", value, origin, GuardedPlace::ListItem);
        }
        let values: Vec<&str> = sources.hidden().values().map(|value| &**value).collect();
        assert_eq!(shown(&sources), ["a b", "DB_PASSWORD=c$$d"], "where the bytes differ, all of it");
        assert_eq!(values, ["a b", "c$d"]);
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        let (mut sources, at) = example();
        let literal = at(&mut sources, "hunter2");
        guard(&mut sources, "LOG_LEVEL", "hunter2", literal, GuardedPlace::Keyed);
        guard(&mut sources, "USE_PASSWORD", "true", literal, GuardedPlace::Keyed);
        assert_eq!(shown(&sources), [""; 0]);
        let url = at(&mut sources, "postgres://u:p@h/d");
        guard(&mut sources, "URL", "postgres://u:p@h/d", url, GuardedPlace::Keyed);
        assert_eq!(shown(&sources), ["p"]);
    }

    /// A value with one variable in it, under a key that says nothing.
    fn with_variable(value: &str, range: Range<u32>, source: VariableSource) -> (Vec<String>, Vec<String>) {
        let (mut sources, at) = example();
        let template = at(&mut sources, "'x${PW}'");
        let one =
            VariableSubstitution { range, expression: 0..5, variable: "PW".into(), fallback: None, source };
        let origin = sources.record(Provenance::Interpolated { template, substitutions: vec![one] });
        guard(&mut sources, "GREETING", value, origin, GuardedPlace::Keyed);
        let values = sources.hidden().values().map(|value| value.to_string()).collect();
        (shown(&sources), values)
    }

    #[test]
    fn the_name_of_a_variable_says_what_is_hidden_in_any_value() {
        let (sources, _) = example();
        let line = || VariableSource::File(Span::new(sources.files().nth(1).unwrap().0, 0, 10));
        let found = with_variable("xletmein", 1..8, line());
        assert_eq!(
            found,
            (vec!["letmein".to_owned()], vec!["letmein".to_owned()]),
            "its line, not the template"
        );
        let found = with_variable("xletmein", 1..8, VariableSource::Fallback);
        assert_eq!(
            found,
            (vec!["'x${PW}'".to_owned()], vec!["letmein".to_owned()]),
            "the fallback stands there"
        );
        assert_eq!(with_variable("xtrue", 1..5, line()), (vec![], vec![]), "no secret is `true`");
        let (_, values) = with_variable("postgres://u:p@h/letmein", 17..24, line());
        assert_eq!(values, ["letmein", "p"], "another secret in the value does not stand for it");
        let (_, values) = with_variable("postgres://u:letmein@h/", 13..20, line());
        assert_eq!(values, ["letmein"]);
    }

    #[test]
    fn a_variable_in_an_item_of_a_list_is_found_behind_the_name() {
        let (mut sources, at) = example();
        let template = at(&mut sources, "'x${PW}'");
        let value = filled(&mut sources, template, 13..20);
        guard(&mut sources, "[]", "DB_PASSWORD=aletmein", value, GuardedPlace::ListItem);
        let values: Vec<&str> = sources.hidden().values().map(|value| &**value).collect();
        assert_eq!(values, ["aletmein", "letmein"]);
        assert_eq!(sources.hidden().of_variable("PW").map(|value| &**value), Some("letmein"));
    }

    #[test]
    fn a_chain_of_origins_is_followed_to_its_end_and_a_circle_of_them_is_cut() {
        type Link = fn(Origin, Span) -> Provenance;
        let links: [Link; 4] = [
            |of, used| Provenance::Alias { used, definition: of },
            |of, _| Provenance::Merged { winner: of, losers: Vec::new() },
            |of, _| Provenance::Merged { winner: Origin::NOWHERE, losers: vec![of] },
            |of, _| Provenance::Part { of, range: 0..2 },
        ];
        for link in links {
            for (length, shows) in [(DEPTH - 1, 1), (DEPTH, 0)] {
                let (mut sources, at) = example();
                let mut origin = at(&mut sources, "'x${PW}'");
                origin = filled(&mut sources, origin, 1..8);
                let used = Span::new(sources.files().next().unwrap().0, 0, 1);
                for _ in 0..length {
                    origin = sources.record(link(origin, used));
                }
                let mut search = SecretSearch { sources: &sources, hidden: HiddenValues::default() };
                search.hide_places(origin, 0);
                let HiddenValues { spans, .. } = search.hidden;
                assert_eq!(spans.len(), shows, "{length}: {spans:?}");
            }
        }
    }

    #[test]
    fn references_show_no_value() {
        for (text, is) in [
            ("${A}", true),
            ("\"$A_1\"", true),
            ("${A:?say}", true),
            ("${A:-x}", false),
            ("$$A", false),
            ("x${A}", false),
            ("${A}${B}", false),
            ("$", false),
        ] {
            assert_eq!(is_reference(text), is, "{text}");
        }
    }
}
