//! Names in a message: a few of them, and how many more there are.

/// So many names are shown. With thousands of services, a line that names them all helps no one.
const SHOWN: usize = 8;

/// The names one after the other: all of them up to eight, otherwise eight and the number of the others.
pub fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let joined = |names: &[T]| names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match names.split_at_checked(SHOWN) {
        Some((shown, rest)) if !rest.is_empty() => format!("{} and {} more", joined(shown), rest.len()),
        _ => joined(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        let names = |count: usize| (0..count).map(|at| at.to_string()).collect::<Vec<_>>();
        assert_eq!(listed(&names(0)), "");
        assert_eq!(listed(&names(1)), "0");
        assert_eq!(listed(&names(8)), "0, 1, 2, 3, 4, 5, 6, 7");
        assert_eq!(listed(&names(9)), "0, 1, 2, 3, 4, 5, 6, 7 and 1 more");
        assert_eq!(listed(&["a"; 5_000]), "a, a, a, a, a, a, a, a and 4992 more");
    }
}
