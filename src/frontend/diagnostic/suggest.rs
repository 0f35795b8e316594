//! "Did you mean": the known name closest to a misspelled one.
//!
//! In: the given name and the known names. Out: the closest, if it is close enough to be what was meant.
//! Invariant: a pure function of its arguments; on a tie, the first name wins.

/// The known name that `given` was probably meant to be.
///
/// The limit is a third of the longer name's letters. A transposition counts as one edit. Case and the
/// difference between `-` and `_` do not count. An exact match yields no suggestion.
pub fn closest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = folded(given);
    let mut best: Option<(usize, &'a str)> = None;
    for name in known {
        let candidate = folded(name);
        let allowed = (wanted.len().max(candidate.len()) / 3).max(1);
        if name == given || wanted.len().abs_diff(candidate.len()) > allowed {
            continue;
        }
        let distance = distance(&wanted, &candidate);
        let lone_letter = candidate.len() == 1 && distance > 0;
        if distance <= allowed && !lone_letter && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

fn folded(name: &str) -> Vec<char> {
    name.chars().map(|letter| if letter == '-' { '_' } else { letter }).flat_map(char::to_lowercase).collect()
}

/// The optimal string alignment distance: insertions, deletions, replacements and swaps of adjacent letters.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let at = |list: &[usize], index: usize| list.get(index).copied().unwrap_or(usize::MAX);
            let replaced = at(&above, column) + usize::from(letter != other);
            let mut least = replaced.min(at(&above, column + 1) + 1).min(at(&line, column) + 1);
            let swapped = row > 0
                && column > 0
                && right.get(column - 1) == Some(letter)
                && left.get(row - 1) == Some(other);
            if swapped {
                least = least.min(at(&before, column - 1) + 1);
            }
            line.push(least);
        }
        before = std::mem::replace(&mut above, line);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_when_it_is_near() {
        let keys = ["environment", "env_file", "image", "ports", "user", "volumes", "a"];
        for (given, meant) in [
            ("enviroment", Some("environment")),
            ("Image", Some("image")),
            ("imgae", Some("image")),
            ("env-file", Some("env_file")),
            ("port", Some("ports")),
            ("volume", Some("volumes")),
            ("image", None),
            ("restart", None),
            ("b", None),
            ("", None),
        ] {
            assert_eq!(closest(given, keys), meant, "{given}");
        }
    }

    #[test]
    fn distances() {
        let of = |left: &str, right: &str| distance(&folded(left), &folded(right));
        for (left, right, steps) in [("", "abc", 3), ("ab", "ba", 1), ("kitten", "sitting", 3), ("é", "e", 1)]
        {
            assert_eq!(of(left, right), steps, "{left} {right}");
        }
    }
}
