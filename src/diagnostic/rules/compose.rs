//! `compose/…`: what the front end refuses or warns of.

use crate::diagnostic::rule::rules;

rules! {
    UNKNOWN_KEY = Error "compose/unknown-key" "a key that Compose does not know"
        what "The key is not part of the Compose specification at this place."
        why "Docker Compose refuses it too: a misspelled key would otherwise be lost without a word."
        example "services:\n  app:\n    image: nginx\n    enviroment: { A: b }\n"
        fix "Correct the spelling (`environment`), or prefix a key of your own with `x-`.";
}
