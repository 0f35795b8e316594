//! Takes out of text what would steer a terminal or forge a line: all of it quotes the user's own.

use std::borrow::Cow;

/// Stands where a character was taken out.
const REPLACEMENT: char = '\u{fffd}';

/// The text without control characters but tabs and line feeds, and without those that turn the direction of text
/// around, so that it reads otherwise than it is.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|letter| if steers(letter) { REPLACEMENT } else { letter }).collect())
}

/// The same, on one line.
pub fn one_line(text: &str) -> String {
    let spaces = |letter| {
        if matches!(letter, '\n' | '\r' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}') { ' ' } else { letter }
    };
    printable(&text.chars().map(spaces).collect::<String>()).into_owned()
}

fn steers(letter: char) -> bool {
    matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || letter.is_control() && !matches!(letter, '\n' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_steers() {
        for (text, shown) in [
            ("plain é\ttext\n", "plain é\ttext\n"),
            ("\u{1b}]0;title\u{7}", "\u{fffd}]0;title\u{fffd}"),
            ("\u{9b}31m\u{7f}\r", "\u{fffd}31m\u{fffd}\u{fffd}"),
            ("a\u{202e}b", "a\u{fffd}b"),
            ("a\u{2028}b\u{2029}", "a\u{fffd}b\u{fffd}"),
        ] {
            assert_eq!(printable(text), shown);
        }
        assert_eq!(one_line("a\r\nb\u{2028}c\u{1b}"), "a  b c\u{fffd}");
    }
}
