//! `extends/…` and `include/…`: manifests composed of other manifests.

use crate::rules;

rules! {
    EXTENDS_SYNTAX = Error "extends/syntax" "invalid `extends`"
        what "`extends` is the name of a service, or a mapping with `service` and optionally `file`."
        why "Docker Compose rejects anything else."
        example "services:\n  app:\n    extends: { file: base.yaml }\n"
        fix "Write `extends: { file: base.yaml, service: base }`.";
    EXTENDS_UNKNOWN = Error "extends/unknown-service" "`extends` of an unknown service"
        what "The file does not define a service with that name."
        why "There is nothing to extend. Docker Compose rejects it too."
        example "services:\n  app:\n    extends: bsae\n"
        fix "Correct the name, or the `file`.";
    EXTENDS_CYCLE = Error "extends/cycle" "circular `extends`"
        what "Following `extends` from a service leads back to it."
        why "There is no service to start from. Docker Compose rejects it too."
        example "services:\n  a: { extends: b }\n  b: { extends: a }\n"
        fix "Move the shared part to a third service that extends nothing.";
    EXTENDS_DEPTH = Error "extends/too-deep" "chain of `extends` too long"
        what "More than 200 services extend each other, one after the other."
        why "No real manifest needs that many, and following them would take unbounded memory."
        example "services:\n  s0: { image: nginx }\n  s1: { extends: s0 }\n  s2: { extends: s1 }\n  # ... and so on\n"
        fix "Extend the shared service directly.";
    EXTENDS_SIZE = Error "extends/too-large" "`extends` copies too much"
        what "Services extend large services so often that the copies exceed the limit, which grows with the size of the manifest."
        why "A file of a few hundred kilobytes could otherwise ask for gigabytes of memory."
        example "services with thousands of variables, which thousands of services extend"
        fix "Move the shared part to a smaller service, or to an env file.";
    INCLUDE_SYNTAX = Error "include/syntax" "invalid `include`"
        what "`include` is a list of paths, or of mappings with `path`, `project_directory` and `env_file`."
        why "Docker Compose rejects anything else."
        example "include: other.yaml\n"
        fix "Write `include: [other.yaml]`.";
    INCLUDE_CYCLE = Error "include/cycle" "circular `include`"
        what "Following `include` from a file leads back to it."
        why "Docker Compose rejects it too."
        example "a.yaml includes b.yaml, and b.yaml includes a.yaml"
        fix "Move the shared part to a third file that both include.";
    INCLUDE_DEPTH = Error "include/too-deep" "too many nested includes"
        what "Includes are nested more than 64 levels deep, or more than 1,000 files are included in total."
        why "No real manifest needs that many, and reading them would take unbounded time and memory."
        example "a chain of a hundred files"
        fix "Include the files from one place.";
    INCLUDE_CONFLICT = Error "include/conflict" "conflicting definitions"
        what "The file and one it includes, or two included files, define the same thing differently."
        why "`include` does not override. Docker Compose rejects it too."
        example "include: [other.yaml]   # which defines a service `app` too\nservices:\n  app: { image: nginx }\n"
        fix "Rename one of them. To change an included service, put the change in a file merged on top: `include: [{ path: [other.yaml, change.yaml] }]`.";
    REMOTE = Error "include/remote" "remote manifest"
        what "`include` or `extends` names a Git repository or a registry."
        why "Tranship reads local files only, so that the same input always gives the same output."
        example "include: [oci://example.org/app]\n"
        fix "Download the file first, and name the local copy.";
}
