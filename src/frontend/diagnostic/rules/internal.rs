//! `internal/…`: bugs in Tranship itself, reported with the line that shows them.

use crate::rules;

rules! {
    UNACCOUNTED_KEY = Warning "internal/unaccounted-key" "key not accounted for"
        what "The target's code did not use this key, and its support table has no row for it."
        why "Tranship promises that nothing is lost silently, and this key would be. This is a bug in Tranship, not a mistake of yours."
        example "any manifest that uses the key"
        fix "Report it with the line shown. Until it is fixed, expect the key to have no effect.";
    ARTIFACT = Error "internal/artifact" "artifact could not be assembled"
        what "Two parts of a target write to the same path of an artifact, or a path is not portable."
        why "Tranship writes nothing rather than an incomplete set of artifacts. This is a bug in Tranship, not a mistake of yours."
        example "a manifest whose names collide in a way that no rule foresaw"
        fix "Report it with the manifest. Until it is fixed, renaming the service that the message names may help.";
    LEAK = Error "internal/leak" "secret in an artifact"
        what "An artifact would contain the value of a secret, plain or encoded. Nothing is written."
        why "This is a bug in Tranship. Secrets must never reach artifacts."
        example "none: no input should trigger this"
        fix "Give the secret a value that occurs nowhere else, and report the manifest.";
}
