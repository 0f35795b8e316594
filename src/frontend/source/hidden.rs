//! Values that no diagnostic may show, and where they stand.
//!
//! In: values whose key, variable or form says that they are secret, with their origins. Out: the places in files that
//! hold them, the values, and the variables that brought them. Invariant: a place is known for every text of the
//! user's that had a hand in such a value: the value itself, those it overrides, and the line of the variable in it.

use super::{Origin, Provenance, Sources, Span, VariableSource, VariableSubstitution};
use crate::secrets::{can_be_secret, is_secret_name, secrets_of};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// What must not be shown.
#[derive(Debug, Default)]
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

    /// The values that stand in lines of env files.
    pub fn line_values(&self) -> impl Iterator<Item = &Arc<str>> {
        self.lines.iter()
    }

    /// The value of a variable that holds such a value.
    pub fn of_variable(&self, name: &str) -> Option<&Arc<str>> {
        self.variables.get(name)
    }
}

impl Sources {
    /// What must not be shown.
    pub fn hidden(&self) -> &HiddenValues {
        &self.hidden
    }

    /// Hides the secrets in a value: all of it if its name says so, what has the form of a secret, and the values of
    /// variables with secret names.
    pub fn guard(&mut self, name: &str, value: &str, origin: Origin) {
        let secrets = secrets_of(name, value);
        for part in &secrets {
            match *part == (0..value.len()) {
                true => self.hide(value, origin),
                false => self.hide_part(value, part.clone(), origin),
            }
        }
        for one in self.substitutions(origin).iter().filter(|one| is_secret_name(&one.variable)) {
            let part = range(&one.range);
            let done = secrets.iter().any(|secret| secret.start <= part.start && part.end <= secret.end);
            if done || !value.get(part.clone()).is_some_and(|filled| can_be_secret(&one.variable, filled)) {
                continue;
            }
            self.hide_variable(value, one);
            if one.source == VariableSource::Fallback {
                self.hide_part(value, part, origin);
            }
        }
    }

    /// Hides the value of a line of an env file, if it contains a secret.
    pub fn guard_line(&mut self, name: &str, value: &str, line: Span) {
        let secrets = secrets_of(name, value);
        if !secrets.is_empty() {
            self.hide_line(line);
        }
        for secret in secrets.into_iter().filter_map(|part| value.get(part)) {
            self.hide_value(secret);
            self.hidden.lines.insert(secret.into());
        }
    }

    /// Shows a value that is the name of a secret, unless it has the form of one.
    pub fn show_name(&mut self, value: &str, origin: Origin) {
        if secrets_of("", value).is_empty() {
            let places = self.places(origin).into_iter().map(|place| place.span);
            self.hidden.names.extend(places);
        }
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
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let span = Span { start: narrow(line.start + start + word), end: narrow(line.end), ..place };
        self.hidden.faulty.push(span);
    }

    /// Hides a value and whatever had a hand in it.
    pub fn hide(&mut self, value: &str, origin: Origin) {
        self.hide_value(value);
        self.hide_places(origin, 0);
        for one in self.substitutions(origin) {
            self.hide_variable(value, &one);
        }
    }

    /// Hides bytes of a value, and the variables in them.
    fn hide_part(&mut self, value: &str, part: Range<usize>, origin: Origin) {
        let Some(text) = value.get(part.clone()).filter(|text| !text.is_empty()) else { return };
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let found = self.substitutions(origin);
        let inside = |one: &&VariableSubstitution| {
            (one.range.start as usize) < part.end && part.start < (one.range.end as usize)
        };
        let variables: Vec<&VariableSubstitution> = found.iter().filter(inside).collect();
        self.hide_value(text);
        variables.iter().for_each(|one| self.hide_variable(value, one));
        match variables.is_empty() {
            true => {
                let of =
                    self.record(Provenance::Part { of: origin, range: narrow(part.start)..narrow(part.end) });
                self.hide_places(of, 0);
            }
            // Where the part stands in the template is not known: all of it goes, unless it is a mere name.
            false => self.hide_places(origin, 0),
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
        let name = self.text_of(line).and_then(|text| text.find(['=', ':'])).map_or(0, |at| at + 1);
        let start = line.start + u32::try_from(name).unwrap_or(0);
        self.hidden.spans.push(Span { start: start.min(line.end), ..line });
    }

    fn text_of(&self, span: Span) -> Option<&str> {
        self.file(span.file)?.text().get(span.start as usize..span.end as usize)
    }

    /// Hides every place that a value has.
    fn hide_places(&mut self, origin: Origin, depth: usize) {
        if depth > DEPTH {
            return;
        }
        let next: Vec<Origin> = match &*self.provenance(origin) {
            Provenance::Read(span) => {
                let span = *span;
                if !self.text_of(span).is_some_and(is_reference) {
                    self.hidden.spans.push(span);
                }
                Vec::new()
            }
            Provenance::Part { of, range } => match self.part_span(*of, range) {
                Some(span) => {
                    self.hidden.spans.push(span);
                    Vec::new()
                }
                None => vec![*of],
            },
            Provenance::Interpolated { template: of, .. }
            | Provenance::Alias { definition: of, .. }
            | Provenance::Extends { of, .. }
            | Provenance::Include { of, .. } => vec![*of],
            Provenance::Merged { winner, losers } => {
                std::iter::once(*winner).chain(losers.iter().copied()).collect()
            }
            Provenance::Outside(VariableSource::File(line)) => {
                let line = *line;
                self.hide_line(line);
                Vec::new()
            }
            Provenance::Nowhere
            | Provenance::Default { .. }
            | Provenance::Inferred { .. }
            | Provenance::Outside(_) => Vec::new(),
        };
        next.into_iter().for_each(|origin| self.hide_places(origin, depth + 1));
    }
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
        sources.guard("DB_PASSWORD", "hunter2", literal);
        let template = at(&mut sources, "\"${PW}\"");
        let value = filled(&mut sources, template, 0..7);
        sources.guard("DB_PASSWORD", "letmein", value);
        assert_eq!(shown(&sources), ["hunter2", "letmein"], "the name of the variable is shown");
        assert_eq!(sources.hidden().of_variable("PW").map(|value| &**value), Some("letmein"));
        let template = at(&mut sources, "'x${PW}'");
        let value = filled(&mut sources, template, 1..8);
        sources.guard("DB_PASSWORD", "xletmein", value);
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
        sources.show_name("prod/db", name);
        assert_eq!(sources.hidden().names().len(), 1);
        sources.show_name("ghp_0123456789abcdef", name);
        assert_eq!(sources.hidden().names().len(), 1, "by its form it is a secret");
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        let (mut sources, at) = example();
        let literal = at(&mut sources, "hunter2");
        sources.guard("LOG_LEVEL", "hunter2", literal);
        sources.guard("USE_PASSWORD", "true", literal);
        assert_eq!(shown(&sources), [""; 0]);
        let url = at(&mut sources, "postgres://u:p@h/d");
        sources.guard("URL", "postgres://u:p@h/d", url);
        assert_eq!(shown(&sources), ["p"]);
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
