//! A range of values that a service accepts.

/// The smallest and the largest value that a service accepts, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueRange<T> {
    /// The smallest.
    pub least: T,
    /// The largest.
    pub most: T,
}

impl<T: Copy + Ord> ValueRange<T> {
    /// Whether the value is accepted.
    pub fn contains(self, value: T) -> bool {
        self.least <= value && value <= self.most
    }

    /// The accepted value that is nearest to this one.
    pub fn nearest(self, value: T) -> T {
        value.max(self.least).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::ValueRange;

    #[test]
    fn both_ends_are_included() {
        let range = ValueRange { least: 2, most: 60 };
        for (value, contained, nearest) in [(1, false, 2), (2, true, 2), (60, true, 60), (61, false, 60)] {
            assert_eq!((range.contains(value), range.nearest(value)), (contained, nearest), "{value}");
        }
    }
}
