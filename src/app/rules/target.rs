//! `target/…`: keys that a target ignores or rejects.

use tranship_frontend::rules;

rules! {
    IGNORED_KEY = Warning "target/ignored-key" "ignored key"
        what "The target has no equivalent of this key, so the key has no effect there."
        why "An application that relies on it behaves differently on AWS than it does locally."
        example "services:\n  app:\n    image: nginx\n    cpuset: \"0\"\n"
        fix "Remove the key, or accept it: `x-tranship: { accept: [target/ignored-key] }`.";
    APPROXIMATED_KEY = Warning "target/approximated-key" "approximated key"
        what "The target has only a near equivalent of this value. It is a warning where the application behaves differently for it, otherwise a note. `--strict` refuses both."
        why "An application that relies on the exact meaning behaves differently on AWS than it does locally."
        example "services:\n  migrate:\n    image: app\n    restart: \"no\"\n"
        fix "Write a value that the target has, choose another target, or accept the equivalent: `x-tranship: { accept: [target/approximated-key] }`.";
    REJECTED_KEY = Error "target/rejected-key" "unsupported key"
        what "The target does not support this key, and the application would behave differently without it."
        why "Dropping it would deploy a different application from the one in the manifest."
        example "services:\n  app:\n    image: nginx\n    privileged: true\n"
        fix "Remove the key, override it in a Compose file of the environment, or choose a target that supports it.";
}
