//! `internal/…`: faults of Tranship itself, told with the line that shows them.

use crate::diagnostic::rule::rules;

rules! {
    UNACCOUNTED_KEY = Warning "internal/unaccounted-key" "a key that the target neither uses nor explains"
        what "No code of the target used this key, and its support table has no row for it."
        why "Tranship promises that nothing is lost in silence. This key would be: the fault is Tranship's, not yours."
        example "any manifest that uses the key"
        fix "Report it with the line shown. Until then, expect the key to have no effect.";
}
