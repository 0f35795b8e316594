//! Repairs what go-yaml accepts but the parser crate does not: quoted strings that continue at the indentation of
//! their parent, or left of it, and comments without a space before them (`"a"#b`).
//!
//! YAML 1.2 forbids both, but real manifests contain them. In: the position of the parse error. Out: the same text
//! with spaces inserted before the line or the comment, which changes no value, and the mapping from its offsets
//! back to those of the file.

use std::borrow::Cow;

/// The inserted spaces: wider than the indentation of any line in a manifest.
const SPACES: &str = "                                                                                ";

/// The most bytes that parsing repaired lines may cost in total.
const BUDGET: usize = 64 << 20;

/// A text and the positions of inserted spaces.
pub(super) struct RepairedText<'a> {
    text: Cow<'a, str>,
    /// Offsets in the repaired text where [`SPACES`] were inserted, in order.
    inserted: Vec<usize>,
    spent: usize,
}

impl<'a> RepairedText<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        RepairedText { text: Cow::Borrowed(text), inserted: Vec::new(), spent: 0 }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Maps an offset in the repaired text to one in the file.
    pub(super) fn original(&self, offset: usize) -> usize {
        let before = self.inserted.partition_point(|at| *at < offset);
        let shift = before * SPACES.len();
        match before.checked_sub(1).and_then(|last| self.inserted.get(last)) {
            Some(at) if offset < at + SPACES.len() => at - (before - 1) * SPACES.len(),
            _ => offset - shift,
        }
    }

    /// Indents the line at an offset; returns false if that was done before or costs too much.
    pub(super) fn indent_line(&mut self, offset: usize) -> bool {
        let before = self.text.get(..offset).unwrap_or_default();
        self.insert(before.rfind('\n').map_or(0, |at| at + 1))
    }

    /// Inserts spaces before the comment at an offset; returns false if there is none or it costs too much.
    pub(super) fn separate_comment(&mut self, offset: usize) -> bool {
        self.text.get(offset..).is_some_and(|rest| rest.starts_with('#')) && self.insert(offset)
    }

    fn insert(&mut self, start: usize) -> bool {
        let at = self.inserted.partition_point(|at| *at < start);
        self.spent += self.text.len();
        if self.inserted.get(at) == Some(&start) || self.spent > BUDGET {
            return false;
        }
        for later in self.inserted.iter_mut().skip(at) {
            *later += SPACES.len();
        }
        self.inserted.insert(at, start);
        self.text.to_mut().insert_str(start, SPACES);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_set_apart() {
        let mut repaired = RepairedText::new("a: \"b\"#c");
        assert!(!repaired.separate_comment(5));
        assert!(repaired.separate_comment(6));
        let text = repaired.text().to_owned();
        assert!(text.ends_with(" #c"));
        assert_eq!(repaired.original(text.len() - 2), 6);
    }

    #[test]
    fn offsets_find_their_way_back() {
        let mut repaired = RepairedText::new("ab\ncd\nef");
        assert!(repaired.indent_line(7));
        assert!(repaired.indent_line(4));
        assert!(!repaired.indent_line(4));
        let text = repaired.text().to_owned();
        for (at, letter) in text.char_indices().filter(|(_, letter)| letter.is_ascii_alphabetic()) {
            let original = repaired.original(at);
            assert_eq!("ab\ncd\nef".chars().nth(original), Some(letter));
        }
    }
}
