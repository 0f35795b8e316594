//! A file as diagnostics show it: what of it is hidden, and which lines enclose which.
//!
//! In: a file, and what its run hides. Out: pieces of its text that may be shown. Invariant: everything that needs the
//! whole file is found once for it, when it is first asked for; each question after that costs what it shows.

use super::mask::{secrets, starred};
use crate::source::SourceFile;
use aho_corasick::AhoCorasick;
use std::cell::OnceCell;
use std::ops::Range;
use std::rc::Rc;

/// A file of one run.
#[derive(Debug)]
pub(super) struct FileView<'a> {
    pub(super) file: &'a SourceFile,
    /// Places that the run knows to hold secrets.
    known: Vec<Range<usize>>,
    /// Places that hold the name of a secret, sorted, whatever the key beside them says.
    names: Vec<Range<usize>>,
    /// Rests of lines that nobody can read, sorted.
    faulty: Vec<Range<usize>>,
    /// Secret values that cannot be anything else.
    values: Option<Rc<AhoCorasick>>,
    hidden: OnceCell<Vec<Range<usize>>>,
    parents: OnceCell<Vec<Option<u32>>>,
}

impl<'a> FileView<'a> {
    pub(super) fn new(
        file: &'a SourceFile,
        known: Vec<Range<usize>>,
        values: Option<Rc<AhoCorasick>>,
    ) -> Self {
        let (names, faulty) = (Vec::new(), Vec::new());
        FileView { file, known, names, faulty, values, hidden: OnceCell::new(), parents: OnceCell::new() }
    }

    /// Adds places that hold the name of a secret, whatever the key beside them says, and rests of lines that could
    /// not be read.
    pub(super) fn with(mut self, names: Vec<Range<usize>>, faulty: Vec<Range<usize>>) -> Self {
        (self.names, self.faulty) = (names, faulty);
        self.names.sort_unstable_by_key(|range| range.start);
        self.faulty.sort_unstable_by_key(|range| range.start);
        self
    }

    /// Bytes that may not be shown: sorted, none within another.
    fn hidden(&self) -> &[Range<usize>] {
        self.hidden.get_or_init(|| {
            let mut all = secrets(self.file.text());
            all.retain(|range| !self.is_name(range));
            all.extend(self.known.iter().cloned());
            all.sort_unstable_by_key(|range| (range.start, range.end));
            let mut apart: Vec<Range<usize>> = Vec::new();
            for range in all {
                match apart.last_mut().filter(|last| range.start <= last.end) {
                    Some(last) => last.end = last.end.max(range.end),
                    None => apart.push(range),
                }
            }
            apart
        })
    }

    /// Whether a place only holds the name of a secret.
    fn is_name(&self, place: &Range<usize>) -> bool {
        let after = self.names.partition_point(|name| name.start <= place.start);
        let name = after.checked_sub(1).and_then(|at| self.names.get(at));
        name.is_some_and(|name| place.end <= name.end)
    }

    /// A piece of the text with its secrets starred out, byte for byte as long.
    pub(super) fn shown(&self, piece: Range<usize>) -> Option<String> {
        let text = self.file.text().get(piece.clone())?;
        let hidden = self.hidden();
        let first = hidden.partition_point(|range| range.end <= piece.start);
        let inside = hidden.iter().skip(first).take_while(|range| range.start < piece.end);
        let mut ranges: Vec<Range<usize>> = inside
            .map(|range| range.start.saturating_sub(piece.start)..range.end.min(piece.end) - piece.start)
            .collect();
        let faulty = self.faulty.iter().filter(|range| range.start < piece.end && piece.start < range.end);
        ranges
            .extend(faulty.map(|range| {
                range.start.saturating_sub(piece.start)..range.end.min(piece.end) - piece.start
            }));
        ranges.sort_unstable_by_key(|range| range.start);
        if let Some(values) = &self.values {
            ranges.extend(values.find_iter(text).map(|found| found.range()));
            ranges.sort_unstable_by_key(|range| range.start);
        }
        Some(starred(text, &ranges))
    }

    /// The secret that a place holds, if it holds one: quotes left out.
    pub(super) fn secret_at(&self, place: &Range<usize>) -> Option<&'a str> {
        let hidden = self.hidden();
        let first = hidden.partition_point(|range| range.end <= place.start);
        let range = hidden.get(first).filter(|range| range.start < place.end)?;
        let text = self.file.text().get(range.start.max(place.start)..range.end.min(place.end))?;
        Some(text.trim_matches(['"', '\'', ' ', '\n']))
    }

    /// The line of the key that encloses a line; both from 0.
    pub(super) fn parent(&self, line: usize) -> Option<usize> {
        let parents = self.parents.get_or_init(|| parents(self.file));
        parents.get(line).copied().flatten().map(|line| line as usize)
    }
}

/// For every line the nearest line above it that opens the mapping or list it stands in, by indentation.
fn parents(file: &SourceFile) -> Vec<Option<u32>> {
    let mut parents = Vec::with_capacity(file.lines());
    // Lines that open something, each indented at least as far as the one before.
    let mut open: Vec<(LineIndentation, u32)> = Vec::new();
    for number in 0..file.lines() {
        let line = file.text().get(file.line_range(number)).unwrap_or_default();
        let Some(depth) = indentation(line) else {
            parents.push(None);
            continue;
        };
        let within = open.partition_point(|(outer, _)| depth.stands_in(*outer));
        parents.push(within.checked_sub(1).and_then(|at| open.get(at)).map(|(_, line)| *line));
        if is_key_line(line) {
            open.truncate(within);
            open.push((depth, u32::try_from(number).unwrap_or(u32::MAX)));
        }
    }
    parents
}

/// How far a line is indented, and whether it is a list's item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LineIndentation {
    spaces: usize,
    item: bool,
}

impl LineIndentation {
    /// Whether a line stands in what another opens: it is indented further, or is an item beside its key.
    fn stands_in(self, outer: LineIndentation) -> bool {
        outer.spaces < self.spaces || self.item && outer.spaces == self.spaces && !outer.item
    }
}

/// The indentation of a line; nothing for an empty line or a comment.
fn indentation(line: &str) -> Option<LineIndentation> {
    let content = line.trim_start_matches(' ');
    let counts = !content.trim_end().is_empty() && !content.starts_with('#');
    counts.then(|| LineIndentation { spaces: line.len() - content.len(), item: content.starts_with("- ") })
}

/// Whether the line opens a mapping or a list: `key:` with nothing behind it but a tag, an anchor, a comment.
fn is_key_line(line: &str) -> bool {
    let line = line.split(" #").next().unwrap_or_default().trim_end();
    let line = line.trim_start().trim_start_matches("- ");
    match line.split_once(':') {
        Some((_, rest)) => rest.trim().is_empty() || rest.trim_start().starts_with(['&', '!']),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    #[test]
    fn lines_know_the_key_that_encloses_them() {
        let text = "services:\n  web:\n    ports:\n    - 80\n    - a:\n        b: 1\n\n    # note\n    image: x\nvolumes:\n- c";
        let mut sources = Sources::new();
        let id = sources.add_file("c.yaml".into(), text.to_owned());
        let view = FileView::new(sources.file(id).unwrap(), Vec::new(), None);
        let parents: Vec<Option<usize>> = (0..11).map(|line| view.parent(line)).collect();
        let wanted = [None, Some(0), Some(1), Some(2), Some(2), Some(4), None, None, Some(1), None, Some(9)];
        assert_eq!(parents, wanted);
    }

    #[test]
    fn hidden_places_and_values_are_starred() {
        let text = "a: plain\nb: known\nPASSWORD: named\nc: hunter2-canary!\n";
        let mut sources = Sources::new();
        let id = sources.add_file("c.yaml".into(), text.to_owned());
        let values = AhoCorasick::new(["hunter2-canary"]).unwrap();
        let known = std::iter::once(12..17).collect();
        let view = FileView::new(sources.file(id).unwrap(), known, Some(Rc::new(values)));
        assert_eq!(
            view.shown(0..text.len()).unwrap(),
            "a: plain\nb: *****\nPASSWORD: *****\nc: **************!\n"
        );
        assert_eq!(view.shown(14..18).unwrap(), "***\n");
        assert_eq!(view.secret_at(&(10..17)), Some("known"));
        assert_eq!(view.secret_at(&(0..8)), None);
    }

    #[test]
    fn names_of_secrets_are_shown_and_rests_of_faulty_lines_are_not() {
        let text = "secret: acme/ghcr\nsecret: other\nA b c\n";
        let mut sources = Sources::new();
        let id = sources.add_file("c.yaml".into(), text.to_owned());
        let name = std::iter::once(8..17).collect();
        let faulty = std::iter::once(33..37).collect();
        let view = FileView::new(sources.file(id).unwrap(), Vec::new(), None).with(name, faulty);
        assert_eq!(view.shown(0..text.len()).unwrap(), "secret: acme/ghcr\nsecret: *****\nA * *\n");
        assert_eq!(view.shown(32..35).unwrap(), "A *", "a piece that cuts it");
        assert_eq!(view.secret_at(&(32..37)), None, "no value that a message could quote");
    }
}
