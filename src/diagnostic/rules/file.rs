//! `file/…`: finding and reading the files of a manifest.

use crate::diagnostic::rule::rules;

rules! {
    NOT_READ = Error "file/not-read" "a file that cannot be read"
        what "A file that the command line or the manifest names does not exist or cannot be read."
        why "What it holds would be missing from the application."
        example "services:\n  app:\n    image: nginx\n    env_file: missing.env\n"
        fix "Correct the path (relative paths start from the file that names them), or create the file.";
    NOT_WRITTEN = Error "file/not-written" "artifacts that cannot be written"
        what "The output directory holds files that no build wrote or belongs to the project, or the file system refuses."
        why "A build replaces its whole directory: what is not its own must not be lost. Nothing was written."
        example "tranship build --out .\n# in the project's own directory\n"
        fix "Name an empty directory with `--out`, or one that an earlier build wrote.";
    NONE = Error "file/none" "no Compose file"
        what "Neither this directory nor one above it has a `compose.yaml`, and none was named."
        why "There is nothing to compile."
        example "tranship check, in an empty directory"
        fix "Create a `compose.yaml`, or name a file with `-f`.";
    SEVERAL = Warning "file/several" "several Compose files in one directory"
        what "The directory has more than one file with a default name; only the first is read."
        why "A change in the other would have no effect."
        example "compose.yaml and docker-compose.yml side by side"
        fix "Delete or rename the others, or name one with `-f`.";
    EMPTY = Error "file/empty" "a manifest without content"
        what "The Compose files hold nothing."
        why "Docker Compose refuses an empty manifest too."
        example "a compose.yaml with comments only"
        fix "Define at least one service.";
    NOT_A_MAPPING = Error "file/not-a-mapping" "a file or a section that is not a mapping"
        what "A Compose file, its `services` and each service are mappings; this one is something else."
        why "Docker Compose refuses it too."
        example "services: web\n"
        fix "Write keys with values. A second `---` starts a new document: remove it where nothing follows.";
    OBSOLETE_VERSION = Note "file/obsolete-version" "the key `version`"
        what "The top-level key `version` is obsolete and ignored."
        why "Docker Compose warns of it too. It has had no meaning since 2020."
        example "version: \"3.8\"\nservices: {}\n"
        fix "Delete the line.";
}
