//! Names of Git that start a run of the pipeline: a branch, and patterns of tags.

use super::declaration::SettingForm;
use super::identifiers::checked_text;
use super::reader::SettingReader;
use super::value::SettingValue;
use std::fmt;
use tranship_frontend::yaml::Node;

checked_text!(
    /// A branch. It is part of what a role trusts, so it is no pattern.
    BranchName,
    "the name of a branch, such as `main`",
    "^[^ ~^:?*\\[\\\\/]+(/[^ ~^:?*\\[\\\\/]+)*$",
    |text| is_ref(text) && !text.contains(['*', '?', '['])
);

checked_text!(
    /// A pattern of tags.
    TagPattern,
    "a pattern of Git tags, such as `v*`",
    "^[^ ~^:\\\\/]+(/[^ ~^:\\\\/]+)*$",
    is_ref
);

/// Whether Git could have a name like this. Source: git-check-ref-format(1).
fn is_ref(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let refused = |letter: char| letter.is_whitespace() || letter.is_control() || "~^:\\".contains(letter);
    text.split('/').all(is_part)
        && !text.contains(refused)
        && !text.contains("..")
        && !text.contains("@{")
        && !text.starts_with('-')
        && !text.ends_with('.')
        && text != "@"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_git_takes() {
        for text in ["main", "release/1.2", "feature/a_b#3", "v*", "v[0-9]?", "it's", "a.b", "ä", "a@b"] {
            assert!(is_ref(text), "{text}");
        }
        for text in [
            "", "a b", "a\tb", "/a", "a/", "a//b", "a..b", ".a", "a/.b", "a.lock", "a.lock/b", "a.", "-a",
            "a~1", "a^", "a:b", "a\\b", "a@{1}", "@", "a\u{1}",
        ] {
            assert!(!is_ref(text), "{text:?}");
        }
    }
}
