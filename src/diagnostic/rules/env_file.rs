//! `env-file/…`: files that give variables or labels.

use crate::diagnostic::rule::rules;

rules! {
    SYNTAX = Error "env-file/syntax" "a line of an env file that cannot be read"
        what "The line is not `NAME=value`: its name has a character that may not stand there, or its quote is not closed."
        why "Docker Compose refuses the whole file."
        example "MY NAME=value\n"
        fix "Write `NAME=value`, with quotes around a value that spans lines.";
    MISSING = Error "env-file/missing" "an env file or label file that does not exist"
        what "The service names a file that is not there."
        why "Its variables would be missing in the container. Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx\n    env_file: absent.env\n"
        fix "Create it, correct the path, or write `env_file: [{ path: absent.env, required: false }]`.";
    FORMAT = Error "env-file/format" "a format of env files that Compose does not know"
        what "`format` of an env file is something else than `raw`."
        why "Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx\n    env_file: [{ path: a.env, format: toml }]\n"
        fix "Delete `format`, or write `raw` for values that are taken letter for letter.";
    TOO_LARGE = Error "env-file/too-large" "env files whose values are too large"
        what "A value grows beyond 4 MiB by the variables in it, a file is larger than 64 MiB, or all values together are far larger than what was read."
        why "A file of a few hundred bytes can otherwise ask for gigabytes."
        example "A=xxxxxxxxxx\nB=$A$A\nC=$B$B\n# ... and so on\n"
        fix "Write values out, and give each service the variables that it needs and no others.";
}
