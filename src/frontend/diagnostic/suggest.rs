//! "Did you mean": the known name closest to a misspelled one.
//!
//! In: the given name and the known names. Out: the closest, if it is close enough to be what was meant.
//! Invariant: a pure function of its arguments; on a tie, the first name wins.

/// The known name that `given` was probably meant to be.
///
/// The limit is a third of the longer name's letters. A transposition counts as one edit. Case and the
/// difference between `-` and `_` do not count. An exact match yields no suggestion.
pub fn closest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = FoldedName::of(given);
    let mut best: Option<(usize, &'a str)> = None;
    for name in known {
        // The length of most names is known, and another, before their letters are looked at.
        if name == given
            || name.is_ascii() && wanted.letters.len().abs_diff(name.len()) > wanted.allowed(name.len())
        {
            continue;
        }
        let candidate = FoldedName::of(name);
        let allowed = wanted.allowed(candidate.letters.len());
        let least = best.map_or(allowed, |(least, _)| allowed.min(least.saturating_sub(1)));
        if wanted.least_distance(&candidate) > least {
            continue;
        }
        let distance = distance(&wanted.letters, &candidate.letters);
        let lone_letter = candidate.letters.len() == 1 && distance > 0;
        if distance <= least && !lone_letter && best.is_none_or(|(nearest, _)| distance < nearest) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// The letters of a name, without what does not count.
struct FoldedName {
    letters: Vec<char>,
    /// Which letters there are, as bits; letters with the same lowest bits share one.
    kinds: u64,
}

impl FoldedName {
    fn of(name: &str) -> FoldedName {
        let folded = name.chars().map(|letter| if letter == '-' { '_' } else { letter });
        let letters: Vec<char> = folded.flat_map(char::to_lowercase).collect();
        let kinds = letters.iter().fold(0, |kinds, letter| kinds | 1 << (u32::from(*letter) & 63));
        FoldedName { letters, kinds }
    }

    /// How far a name of so many letters may be away.
    fn allowed(&self, letters: usize) -> usize {
        (self.letters.len().max(letters) / 3).max(1)
    }

    /// No fewer steps lead to another name: each letter that only one of them has takes one.
    fn least_distance(&self, other: &FoldedName) -> usize {
        let only = |one: u64, other: u64| (one & !other).count_ones() as usize;
        let kinds = only(self.kinds, other.kinds).max(only(other.kinds, self.kinds));
        kinds.max(self.letters.len().abs_diff(other.letters.len()))
    }
}

/// The optimal string alignment distance: insertions, deletions, replacements and swaps of adjacent letters.
fn distance(left: &[char], right: &[char]) -> usize {
    let (mut before, mut line): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.iter().enumerate() {
        line.clear();
        line.push(row + 1);
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
        std::mem::swap(&mut before, &mut above);
        std::mem::swap(&mut above, &mut line);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// What the letters rule out, the distance rules out too.
        #[test]
        fn the_letters_rule_out_no_near_name(left in "[a-eé_-]{0,7}", right in "[a-eÉ_-]{0,7}") {
            let (one, other) = (FoldedName::of(&left), FoldedName::of(&right));
            prop_assert!(one.least_distance(&other) <= distance(&one.letters, &other.letters));
            let near = distance(&one.letters, &other.letters) <= one.allowed(other.letters.len());
            let meant = near && left != right && (other.letters.len() != 1 || one.letters == other.letters);
            prop_assert_eq!(closest(&left, [right.as_str()]).is_some(), meant, "{} {}", left, right);
        }
    }

    #[test]
    fn distances() {
        let of = |left: &str, right: &str| {
            let (left, right) = (FoldedName::of(left), FoldedName::of(right));
            let distance = distance(&left.letters, &right.letters);
            assert!(left.least_distance(&right) <= distance);
            distance
        };
        for (left, right, steps) in [("", "abc", 3), ("ab", "ba", 1), ("kitten", "sitting", 3), ("é", "e", 1)]
        {
            assert_eq!(of(left, right), steps, "{left} {right}");
        }
    }
}
