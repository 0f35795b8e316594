//! `extends/…` and `include/…`: manifests made of other manifests.

use crate::diagnostic::rule::rules;

rules! {
    EXTENDS_SYNTAX = Error "extends/syntax" "an `extends` that names no service"
        what "`extends` is the name of a service, or a mapping with `service` and perhaps `file`."
        why "Docker Compose refuses anything else."
        example "services:\n  app:\n    extends: { file: base.yaml }\n"
        fix "Write `extends: { file: base.yaml, service: base }`.";
    EXTENDS_UNKNOWN = Error "extends/unknown-service" "an `extends` of a service that does not exist"
        what "The file has no service of that name."
        why "There is nothing to extend. Docker Compose refuses it too."
        example "services:\n  app:\n    extends: bsae\n"
        fix "Correct the name, or the `file`.";
    EXTENDS_CYCLE = Error "extends/cycle" "services that extend each other"
        what "Following `extends` from a service leads back to it."
        why "There is no service to start from. Docker Compose refuses it too."
        example "services:\n  a: { extends: b }\n  b: { extends: a }\n"
        fix "Move what they share into a third service that extends nothing.";
    EXTENDS_DEPTH = Error "extends/too-deep" "services that extend each other in a long chain"
        what "More than 200 services extend each other, one after the other."
        why "No manifest needs it; following it would cost memory without bound."
        example "services:\n  s0: { image: nginx }\n  s1: { extends: s0 }\n  s2: { extends: s1 }\n  # ... and so on\n"
        fix "Let services extend what they share directly.";
    EXTENDS_SIZE = Error "extends/too-large" "an `extends` that multiplies the file beyond reason"
        what "Services that extend large ones copy so much of the file that the result would fill the memory."
        why "A file of a few hundred kilobytes can otherwise ask for gigabytes."
        example "services with thousands of variables, which thousands of services extend"
        fix "Move what they share into a smaller service, or into an env file.";
    INCLUDE_SYNTAX = Error "include/syntax" "an `include` that cannot be read"
        what "`include` is a list of paths, or of mappings with `path`, `project_directory` and `env_file`."
        why "Docker Compose refuses anything else."
        example "include: other.yaml\n"
        fix "Write `include: [other.yaml]`.";
    INCLUDE_CYCLE = Error "include/cycle" "files that include each other"
        what "Following `include` from a file leads back to it."
        why "Docker Compose refuses it too."
        example "a.yaml includes b.yaml, and b.yaml includes a.yaml"
        fix "Move what both need into a third file that both include.";
    INCLUDE_DEPTH = Error "include/too-deep" "includes nested too deeply"
        what "Files include files more than 64 levels deep, or more than 1,000 files altogether."
        why "No manifest needs it; reading it would cost time and memory without bound."
        example "a chain of a hundred files"
        fix "Include the files from one place.";
    INCLUDE_CONFLICT = Error "include/conflict" "a name that an included file defines differently"
        what "The file and one it includes, or two included files, define the same thing in different ways."
        why "`include` does not override. Docker Compose refuses it too."
        example "include: [other.yaml]   # which defines a service `app` too\nservices:\n  app: { image: nginx }\n"
        fix "Rename one. To change an included service, put the change in a file merged on top: `include: [{ path: [other.yaml, change.yaml] }]`.";
    REMOTE = Error "include/remote" "a manifest that lives elsewhere"
        what "`include` or `extends` names a Git repository or a registry."
        why "Compiling reads local files only, so that the same input always gives the same output."
        example "include: [oci://example.org/app]\n"
        fix "Fetch the file first, and name the local copy.";
}
