//! `interpolation/…`: `$` expressions and the values they get.

use crate::diagnostic::rule::rules;

rules! {
    MALFORMED = Error "interpolation/malformed" "a `$` expression that cannot be read"
        what "The text has `${` without a variable's name, with an operator Compose does not know, or without its closing brace."
        why "Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx:${TAG!latest}\n"
        fix "Use `:-`, `-`, `:+`, `+`, `:?` or `?`. For a dollar sign as such, write `$$`.";
    REQUIRED = Error "interpolation/required" "a required variable without a value"
        what "`${NAME:?...}` and `${NAME?...}` demand a value, and there is none."
        why "The author of the manifest said that it does not work without."
        example "services:\n  app:\n    image: nginx:${TAG:?set TAG to a release}\n"
        fix "Set the variable in the environment, in `.env`, or with `--set NAME=VALUE`.";
    UNSET = Warning "interpolation/unset-variable" "a variable that is not set"
        what "The text reads a variable that has no value and no default: it is read as empty."
        why "Docker Compose warns of it too. The empty text is rarely what is meant."
        example "services:\n  app:\n    image: nginx:${TAG}\n"
        fix "Set it, or give a default: `${TAG:-latest}`. An empty default, `${TAG-}`, says that empty is meant.";
    NOT_OF_TYPE = Error "interpolation/not-of-type" "a text that is not of the type its key takes"
        what "The key takes a number or a boolean, and the text, with its variables filled in, is not one."
        why "Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx\n    deploy: { replicas: \"${REPLICAS}\" }\n"
        fix "Give the variable a value of that type, or a default: `${REPLICAS:-1}`.";
    OLD_BOOLEAN = Warning "interpolation/old-boolean" "a boolean of YAML 1.1"
        what "`yes`, `no`, `on`, `off`, `y` or `n` stands where a boolean is taken."
        why "YAML 1.2 reads these words as text. Docker Compose takes them here, and warns."
        example "services:\n  app:\n    image: nginx\n    privileged: yes\n"
        fix "Write `true` or `false`.";
    TOO_LARGE = Error "interpolation/too-large" "values that variables make too large"
        what "The variables in a value add more than 4 MiB to it, or all of them together far more than what was read."
        why "A manifest of a few hundred kilobytes can otherwise ask for gigabytes."
        example "services:\n  app:\n    image: nginx\n    environment: { A: \"${B}${B}${B}...\" }\n"
        fix "Mount what is this large as a file.";
}
