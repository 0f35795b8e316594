//! Blocks of lines beside each other, or one below the other where they have no room.
//!
//! In: a block for each environment, and the width of the screen. Out: lines. Pure.

/// The narrowest column that can be read.
const LEAST: usize = 44;

/// Between two columns.
const GAP: &str = " │ ";

/// How far a line that goes on is moved in.
const MORE: &str = "      ";

/// Lays blocks out within a width, in characters: a long line goes on below.
pub fn side_by_side(blocks: &[Vec<String>], width: usize) -> Vec<String> {
    let count = blocks.len().max(1);
    let gaps = GAP.chars().count() * (count - 1);
    let column = width.saturating_sub(gaps) / count;
    if count == 1 || column < LEAST {
        return below(blocks, width);
    }
    let blocks: Vec<Vec<String>> = blocks.iter().map(|block| wrapped(block, column)).collect();
    let height = blocks.iter().map(Vec::len).max().unwrap_or_default();
    let row = |at: usize| {
        let cells = blocks.iter().map(|block| block.get(at).map_or("", String::as_str));
        let cells: Vec<String> = cells.map(|cell| format!("{cell:<column$}")).collect();
        cells.join(GAP).trim_end().to_owned()
    };
    (0..height).map(row).collect()
}

fn below(blocks: &[Vec<String>], width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        if at > 0 {
            lines.push(String::new());
        }
        lines.extend(wrapped(block, width));
    }
    lines
}

fn wrapped(block: &[String], width: usize) -> Vec<String> {
    block.iter().flat_map(|line| wrap(line, width)).collect()
}

/// A line in pieces of at most so many characters, cut at spaces where there are some.
pub fn wrap(line: &str, width: usize) -> Vec<String> {
    let (mut lines, mut rest) = (Vec::new(), line.trim_end().to_owned());
    while rest.chars().count() > width {
        let letters: Vec<char> = rest.chars().collect();
        let lead = letters.iter().take_while(|letter| **letter == ' ').count().max(MORE.len());
        let fitting = letters.iter().take(width + 1).rposition(|letter| *letter == ' ');
        let end = fitting.filter(|end| *end > lead).unwrap_or(width);
        let (head, tail) = letters.split_at(end.min(letters.len()));
        let tail: String = tail.iter().collect();
        lines.push(head.iter().collect::<String>().trim_end().to_owned());
        // Without room for more than the indent, nothing would ever be left over.
        let more = if width > MORE.len() * 2 { MORE } else { "" };
        rest = format!("{more}{}", tail.trim_start());
    }
    lines.push(rest);
    lines
}

/// The lines of a block that are new since the last look, in their order.
pub fn changed<'a>(before: &[String], now: &'a [String]) -> Vec<&'a str> {
    now.iter().filter(|line| !before.contains(line)).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks() -> Vec<Vec<String>> {
        let lines = |text: &str| text.lines().map(str::to_owned).collect();
        vec![
            lines(
                "dev  stack shop-dev: UPDATE_IN_PROGRESS\n  service web: 1/2 running, 1 pending, 0/1 targets healthy: \
                 Health checks failed with these codes: [404]\n  service worker: 1/1 running",
            ),
            lines("prod  stack shop-prod: UPDATE_COMPLETE\n  service web: 2/2 running"),
        ]
    }

    #[test]
    fn blocks_stand_beside_each_other_where_there_is_room() {
        let lines = side_by_side(&blocks(), 100);
        assert_eq!(
            lines,
            [
                "dev  stack shop-dev: UPDATE_IN_PROGRESS          │ prod  stack shop-prod: UPDATE_COMPLETE",
                "  service web: 1/2 running, 1 pending, 0/1       │   service web: 2/2 running",
                "      targets healthy: Health checks failed with │",
                "      these codes: [404]                         │",
                "  service worker: 1/1 running                    │",
            ]
        );
    }

    #[test]
    fn blocks_stand_below_each_other_where_there_is_none() {
        for (width, beside) in [(90, false), (91, true)] {
            let lines = side_by_side(&blocks(), width);
            assert_eq!(lines.iter().any(|line| line.contains(GAP.trim_end())), beside, "{width}");
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{lines:?}");
        }
        let lines = side_by_side(&blocks(), 60);
        assert_eq!(
            lines[3..],
            [
                "  service worker: 1/1 running",
                "",
                "prod  stack shop-prod: UPDATE_COMPLETE",
                "  service web: 2/2 running"
            ]
        );
        assert_eq!(side_by_side(&blocks()[..1], 200).len(), 3);
        assert_eq!(side_by_side(&[], 80), Vec::<String>::new());
    }

    #[test]
    fn two_environments_at_each_width_are_the_transcript() {
        for width in crate::operation::transcripts::WIDTHS {
            let text = side_by_side(&blocks(), width).join("\n") + "\n";
            crate::operation::transcripts::golden(&format!("follow-{width}.txt"), &text);
        }
    }

    #[test]
    fn a_line_is_cut_at_spaces_or_where_it_must_be() {
        assert_eq!(wrap("short", 5), ["short"]);
        assert_eq!(wrap("  one two three four", 14), ["  one two", "      three", "      four"]);
        assert_eq!(
            wrap("abcdefghijklmnopqrstuvwxyz", 14),
            ["abcdefghijklmn", "      opqrstuv", "      wxyz"]
        );
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("größer ist länger", 14), ["größer ist", "      länger"]);
    }

    #[test]
    fn only_new_lines_are_told() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(changed(&lines("a\nb"), &lines("a\nc\nb\nd")), ["c", "d"]);
        assert_eq!(changed(&lines("a\nb"), &lines("b\na")), Vec::<&str>::new());
    }
}
