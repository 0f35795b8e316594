//! `project/…`: the project's name, profiles and selection of services.

use crate::rules;

rules! {
    NO_NAME = Error "project/no-name" "project without a name"
        what "None of the flag, `COMPOSE_PROJECT_NAME`, `name:` and the directory gives a usable project name."
        why "Networks, volumes and all AWS resources are named after the project."
        example "name: \"...\"\n"
        fix "Write `name:` at the top of the Compose file.";
    BAD_NAME = Error "project/bad-name" "invalid project name"
        what "The name given by a flag or by `COMPOSE_PROJECT_NAME` contains characters that are not allowed, such as upper-case letters."
        why "Docker Compose rejects it too. It only lower-cases names written in a file."
        example "tranship check --project-name My/App"
        fix "Use lower-case letters, digits, `-` and `_`, and start with a letter or a digit.";
    NO_SUCH_SERVICE = Error "project/no-such-service" "unknown service"
        what "The command names a service that the manifest does not define."
        why "There is nothing to select."
        example "tranship config wbe"
        fix "Correct the name.";
}
