//! `interpolation/…`: `$` expressions and their values.

use crate::rules;

rules! {
    MALFORMED = Error "interpolation/malformed" "malformed `$` expression"
        what "The text contains `${` without a variable name, with an unknown operator, or without its closing brace."
        why "Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx:${TAG!latest}\n"
        fix "Use `:-`, `-`, `:+`, `+`, `:?` or `?`. For a literal dollar sign, write `$$`.";
    REQUIRED = Error "interpolation/required" "required variable without a value"
        what "`${NAME:?...}` and `${NAME?...}` require a value, and the variable has none."
        why "The author of the manifest declared it as required."
        example "services:\n  app:\n    image: nginx:${TAG:?set TAG to a release}\n"
        fix "Set the variable in the environment, in `.env`, or with `--set NAME=VALUE`.";
    UNSET = Warning "interpolation/unset-variable" "variable not set"
        what "The variable has neither a value nor a default, so it is replaced by an empty string."
        why "Docker Compose warns about it too. An empty string is rarely intended."
        example "services:\n  app:\n    image: nginx:${TAG}\n"
        fix "Set the variable, or give it a default: `${TAG:-latest}`. An empty default, `${TAG-}`, says that empty is intended.";
    NOT_OF_TYPE = Error "interpolation/not-of-type" "wrong type after interpolation"
        what "The key takes a number or a boolean, but the text is neither once its variables are replaced."
        why "Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx\n    deploy: { replicas: \"${REPLICAS}\" }\n"
        fix "Give the variable a value of that type, or a default: `${REPLICAS:-1}`.";
    OLD_BOOLEAN = Warning "interpolation/old-boolean" "YAML 1.1 boolean"
        what "The value is `yes`, `no`, `on`, `off`, `y` or `n` where a boolean is expected."
        why "YAML 1.2 reads these words as strings. Docker Compose accepts them here, with a warning."
        example "services:\n  app:\n    image: nginx\n    privileged: yes\n"
        fix "Write `true` or `false`.";
    TOO_LARGE = Error "interpolation/too-large" "value too large after interpolation"
        what "The variables in a value add more than 4 MiB to it, or all values together exceed the limit, which grows with the size of the manifest."
        why "A manifest of a few hundred kilobytes could otherwise ask for gigabytes of memory."
        example "services:\n  app:\n    image: nginx\n    environment: { A: \"${B}${B}${B}...\" }\n"
        fix "Mount large content as a file.";
}
