//! `file/…`: finding and reading the files of a manifest.

use crate::rules;

rules! {
    NOT_READ = Error "file/not-read" "unreadable file"
        what "A file named by the command line or the manifest does not exist or cannot be read."
        why "Its content would be missing from the application."
        example "services:\n  app:\n    image: nginx\n    env_file: missing.env\n"
        fix "Correct the path (relative paths start at the file that names them), or create the file.";
    NOT_WRITTEN = Error "file/not-written" "artifacts could not be written"
        what "The output directory contains files that no build wrote, or it contains the manifest, or the file system reported an error. Nothing was written."
        why "A build replaces the whole directory, so files that are not its own would be lost."
        example "tranship build --out .\n# in the project directory\n"
        fix "Name an empty directory with `--out`, or one that an earlier build wrote.";
    NONE = Error "file/none" "no Compose file"
        what "Neither this directory nor any parent directory has a `compose.yaml`, and no file was given."
        why "There is nothing to compile."
        example "tranship check, in an empty directory"
        fix "Create a `compose.yaml`, or name a file with `-f`.";
    SEVERAL = Warning "file/several" "several Compose files in one directory"
        what "The directory has more than one file with a default name. Only the first is read."
        why "Changes to the other files have no effect."
        example "compose.yaml and docker-compose.yml side by side"
        fix "Delete or rename the others, or name one with `-f`.";
    EMPTY = Error "file/empty" "empty manifest"
        what "The Compose files have no content."
        why "Docker Compose rejects an empty manifest too."
        example "a compose.yaml with comments only"
        fix "Define at least one service.";
    NOT_A_MAPPING = Error "file/not-a-mapping" "not a mapping"
        what "A Compose file, its `services` and each service must be mappings. This one is something else."
        why "Docker Compose rejects it too."
        example "services: web\n"
        fix "Write keys with values. A second `---` starts a new document: remove it if nothing follows.";
    OBSOLETE_VERSION = Note "file/obsolete-version" "obsolete `version` key"
        what "The top-level key `version` is obsolete and ignored."
        why "Docker Compose warns about it too. It has had no meaning since 2020."
        example "version: \"3.8\"\nservices: {}\n"
        fix "Delete the line.";
}
