//! What was answered about names: the services of a manifest have mostly the same, and each is asked for several times.
//!
//! In: a name, and how to answer. Out: the answer. Invariant: the same as without a memory, which is bounded.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// So many answers are remembered for names of one length.
const REMEMBERED: usize = 256;

/// Names that are longer are asked for anew.
const LONGEST: usize = 64;

/// Answers about names, by the length of the name, so that a look-up compares few.
#[derive(Debug)]
pub struct NameAnswers<T>(RefCell<[BTreeMap<Box<str>, T>; LONGEST]>);

impl<T: Clone> NameAnswers<T> {
    /// No answers yet.
    pub const fn new() -> Self {
        NameAnswers(RefCell::new([const { BTreeMap::new() }; LONGEST]))
    }

    /// The answer for a name, which a pure function of it gives.
    pub fn of(&self, name: &str, answer: impl FnOnce() -> T) -> T {
        let known = self.0.borrow().get(name.len()).and_then(|answers| answers.get(name).cloned());
        known.unwrap_or_else(|| {
            let found = answer();
            let mut all = self.0.borrow_mut();
            if let Some(answers) = all.get_mut(name.len()).filter(|answers| answers.len() < REMEMBERED) {
                answers.insert(name.into(), found.clone());
            }
            found
        })
    }
}

impl<T: Clone> Default for NameAnswers<T> {
    fn default() -> Self {
        NameAnswers::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_name_is_answered_once_within_bounds() {
        let asked = Cell::new(0);
        let answers = NameAnswers::new();
        let ask = |name: &str| {
            answers.of(name, || {
                asked.set(asked.get() + 1);
                name.len()
            })
        };
        assert_eq!((ask("DB_HOST"), ask("DB_HOST"), ask("DB_PORT"), ask("")), (7, 7, 7, 0));
        assert_eq!(asked.get(), 3);
        let long = "x".repeat(LONGEST);
        assert_eq!((ask(&long), ask(&long), asked.get()), (LONGEST, LONGEST, 5));
        for number in 100..100 + REMEMBERED {
            ask(&number.to_string());
        }
        let before = asked.get();
        assert_eq!((ask("100"), asked.get()), (3, before));
        assert_eq!((ask("abc"), ask("abc"), asked.get()), (3, 3, before + 2));
    }
}
