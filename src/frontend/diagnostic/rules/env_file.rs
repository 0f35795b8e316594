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
    TOO_LARGE = Error "env-file/too-large" "env file too large"
        what "The variables in a value make it larger than 4 MiB, a file is larger than 64 MiB, or all values together exceed the limit, which grows with the size of the files."
        why "A file of a few hundred bytes could otherwise ask for gigabytes of memory."
        example "A=xxxxxxxxxx\nB=$A$A\nC=$B$B\n# ... and so on\n"
        fix "Write the values out, and give each service only the variables that it uses.";
}
