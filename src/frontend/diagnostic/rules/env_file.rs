//! `env-file/…`: env files and label files.

use crate::rules;

rules! {
    SYNTAX = Error "env-file/syntax" "invalid line in an env file"
        what "The line is not `NAME=value`: the name contains an invalid character, or a quote is not closed."
        why "Docker Compose rejects the whole file."
        example "MY NAME=value\n"
        fix "Write `NAME=value`, and quote a value that spans several lines.";
    MISSING = Error "env-file/missing" "missing env file or label file"
        what "The service names a file that does not exist."
        why "Its variables would be missing from the container. Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx\n    env_file: absent.env\n"
        fix "Create the file, correct the path, or write `env_file: [{ path: absent.env, required: false }]`.";
    FORMAT = Error "env-file/format" "unknown env file format"
        what "The `format` of an env file is something other than `raw`."
        why "Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx\n    env_file: [{ path: a.env, format: toml }]\n"
        fix "Remove `format`, or write `raw` to take values literally.";
}
