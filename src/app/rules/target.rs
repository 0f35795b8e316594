//! `target/…`: what every target can say of a key.

use tranship_frontend::rules;

rules! {
    IGNORED_KEY = Warning "target/ignored-key" "a key without effect on the target"
        what "The target has nothing that corresponds to the key, so it changes nothing there."
        why "An application that relies on it behaves differently on AWS from how it does locally."
        example "services:\n  app:\n    image: nginx\n    cpuset: \"0\"\n"
        fix "Remove the key, or accept it: `x-tranship: { accept: [target/ignored-key] }`.";
    REJECTED_KEY = Error "target/rejected-key" "a key that the target cannot honour"
        what "The target cannot do what the key asks for, and without it the application would do something else."
        why "Dropping it would deploy an application that is not the one in the manifest."
        example "services:\n  app:\n    image: nginx\n    privileged: true\n"
        fix "Remove the key, override it in a Compose file of the environment, or choose a target that has it.";
}
