//! `project/…`: the project's name, profiles and selection of services.

use crate::rules;

rules! {
    NO_NAME = Error "project/no-name" "a project without a name"
        what "Neither a flag, `COMPOSE_PROJECT_NAME`, `name:` nor the directory gives a usable name."
        why "Networks, volumes and everything on AWS are named after the project."
        example "name: \"...\"\n"
        fix "Write `name:` at the top of the Compose file.";
    BAD_NAME = Error "project/bad-name" "a project name with characters that are not allowed"
        what "The name given by a flag or by `COMPOSE_PROJECT_NAME` is not normal already."
        why "Docker Compose refuses it too; it lower-cases only names written in a file."
        example "tranship check --project-name My/App"
        fix "Use lower-case letters, digits, `-` and `_`, and start with a letter or a digit.";
    NO_SUCH_SERVICE = Error "project/no-such-service" "a service that does not exist"
        what "The command names a service that the manifest does not define."
        why "There is nothing to select."
        example "tranship config wbe"
        fix "Correct the name.";
}
