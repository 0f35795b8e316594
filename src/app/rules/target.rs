//! `target/…`: keys that a target ignores or rejects.

use tranship_frontend::rules;

rules! {
    IGNORED_KEY = Warning "target/ignored-key" "ignored key"
        what "The target has no equivalent of this key, so the key has no effect there."
        why "An application that relies on it behaves differently on AWS than it does locally."
        example "services:\n  app:\n    image: nginx\n    cpuset: \"0\"\n"
        fix "Remove the key, or accept it: `x-tranship: { accept: [target/ignored-key] }`.";
    APPROXIMATED_KEY = Warning "target/approximated-key" "approximated key"
        what "The target has only a near equivalent of this value. It is a warning if the application behaves differently as a result, otherwise a note. `--strict` rejects both."
        why "An application that relies on the exact meaning behaves differently on AWS than it does locally."
        example "services:\n  orders:\n    image: app\n    restart: \"no\"\n    expose: [\"8000\"]\n"
        fix "Write a value that the target supports, choose another target, or accept the equivalent: `x-tranship: { accept: [target/approximated-key] }`.";
    REJECTED_KEY = Error "target/rejected-key" "unsupported key"
        what "The target does not support this key, and the application would behave differently without it."
        why "Dropping it would deploy a different application from the one in the manifest."
        example "services:\n  app:\n    image: nginx\n    privileged: true\n"
        fix "Remove the key, override it in a Compose file of the environment, or choose a target that supports it.";
    SMALL_INSTANCE = Warning "target/small-instance" "instance smaller than the known need of its containers"
        what "The environment sets an `instance_type` that has less memory than the containers on it are known to need: by their images, or by a heap that a variable or a command sets."
        why "When an instance runs out of memory, the kernel kills one of its processes."
        example "services:\n  app: { image: app, environment: { JAVA_TOOL_OPTIONS: -Xmx1500m } }\n  db: { image: postgres:17 }\nx-tranship: { instance_type: t3.micro }\n"
        fix "Choose a larger `instance_type`, or leave it out: Tranship then chooses the smallest one that fits. If the containers need less, set `mem_limit`.";
}
