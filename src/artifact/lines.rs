//! Line-by-line comparison of two texts.

use similar::TextDiff;

/// A unified difference without file names; `None` if the texts are equal.
pub(super) fn unified(old: &str, new: &str) -> Option<String> {
    let diff = TextDiff::from_lines(old, new);
    let text = diff.unified_diff().context_radius(2).to_string();
    (!text.is_empty()).then_some(text)
}
