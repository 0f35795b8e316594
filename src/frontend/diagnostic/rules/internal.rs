//! `internal/…`: faults of Tranship itself, told with the line that shows them.

use crate::rules;

rules! {
    UNACCOUNTED_KEY = Warning "internal/unaccounted-key" "a key that the target neither uses nor explains"
        what "No code of the target used this key, and its support table has no row for it."
        why "Tranship promises that nothing is lost in silence. This key would be: the fault is Tranship's, not yours."
        example "any manifest that uses the key"
        fix "Report it with the line shown. Until then, expect the key to have no effect.";
    ARTIFACT = Error "internal/artifact" "an artifact that could not be put together"
        what "Two parts of a target claim the same path of an artifact, or a path is not portable."
        why "Nothing is written rather than an artifact set with a part missing. The fault is Tranship's, not yours."
        example "a manifest whose names collide in a way that no rule foresaw"
        fix "Report it with the manifest. Renaming the service named in the message may help until then.";
}
