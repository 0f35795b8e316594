//! Line-by-line comparison of two texts.
//!
//! In: two texts. Out: the hunks of a unified difference. One algorithm is named here: the entry point that takes it as
//! a value brings all of them into the program, which is 5 % of its size.

use similar::algorithms::{Capture, Compact, Replace, myers};
use similar::{DiffOp, DiffTag};
use std::fmt::Write;
use std::ops::Range;

/// So many equal lines are shown around a change.
const CONTEXT: usize = 2;

/// A unified difference without file names; `None` if the texts are equal.
pub(super) fn unified(old: &str, new: &str) -> Option<String> {
    let (old, new) = (lines(old), lines(new));
    let (old, new) = (old.as_slice(), new.as_slice());
    let mut captured = Compact::new(Replace::new(Capture::new()), old, new);
    let Ok(()) = myers::diff(&mut captured, old, 0..old.len(), new, 0..new.len());
    let mut text = String::new();
    for hunk in captured.into_inner().into_inner().into_grouped_ops(CONTEXT) {
        if hunk.iter().any(|change| change.tag() != DiffTag::Equal) {
            write_hunk(&mut text, &hunk, old, new);
        }
    }
    (!text.is_empty()).then_some(text)
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn write_hunk(text: &mut String, hunk: &[DiffOp], old: &[&str], new: &[&str]) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { return };
    let old_lines = position(first.old_range().start..last.old_range().end);
    let new_lines = position(first.new_range().start..last.new_range().end);
    let _ = writeln!(text, "@@ -{old_lines} +{new_lines} @@");
    for change in hunk {
        let (old, new) = (old.get(change.old_range()), new.get(change.new_range()));
        match change.tag() {
            DiffTag::Equal => write_lines(text, ' ', old),
            DiffTag::Delete => write_lines(text, '-', old),
            DiffTag::Insert => write_lines(text, '+', new),
            DiffTag::Replace => {
                write_lines(text, '-', old);
                write_lines(text, '+', new);
            }
        }
    }
}

/// The first line from 1, and the number of lines unless it is one. No lines are counted from the line before.
fn position(lines: Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => (lines.start + 1).to_string(),
        count => format!("{},{count}", lines.start + 1),
    }
}

fn write_lines(text: &mut String, mark: char, lines: Option<&[&str]>) {
    for line in lines.unwrap_or_default() {
        text.push(mark);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_are_those_of_diff() {
        assert_eq!(unified("a\nb\n", "a\nb\n"), None);
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let new = "1\n2\n3\nfour\n5\n6\n7\n8\n9\nten";
        assert_eq!(
            unified(old, new).as_deref(),
            Some(
                "@@ -2,5 +2,5 @@\n 2\n 3\n-4\n+four\n 5\n 6\n\
                 @@ -8,2 +8,3 @@\n 8\n 9\n+ten\n\\ No newline at end of file\n"
            )
        );
        assert_eq!(unified("", "a\n").as_deref(), Some("@@ -0,0 +1 @@\n+a\n"));
    }
}
