//! `compose/…`: errors and warnings of the Compose front end.

use crate::rules;

rules! {
    UNKNOWN_KEY = Error "compose/unknown-key" "unknown key"
        what "The Compose specification does not define this key here."
        why "Docker Compose rejects it too. Otherwise a misspelled key would be dropped silently."
        example "services:\n  app:\n    image: nginx\n    enviroment: { A: b }\n"
        fix "Correct the spelling (`environment`), or prefix a custom key with `x-`.";
    WRONG_TYPE = Error "compose/wrong-type" "wrong type"
        what "The specification requires a different type here, such as a list instead of a string."
        why "Docker Compose rejects it too. Guessing the intended value could silently change the application."
        example "services:\n  app:\n    image: 5\n"
        fix "Use the type that the message names. Quote a value to make it a string: `image: \"5\"`.";
    INVALID_VALUE = Error "compose/invalid-value" "invalid value"
        what "The value has the right type, but it is not one of the allowed values or is out of range."
        why "Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx\n    cgroup: hosts\n"
        fix "Use one of the values that the message lists.";
    INVALID_NAME = Error "compose/invalid-name" "invalid name"
        what "Names of services, volumes, networks and similar objects may contain letters, digits, `.`, `_` and `-`."
        why "Docker Compose rejects other characters."
        example "services:\n  my app:\n    image: nginx\n"
        fix "Rename it everywhere it is used: `my-app`.";
    MISSING_KEY = Error "compose/missing-key" "missing key"
        what "The mapping lacks a required key."
        why "Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx\n    depends_on:\n      db: {}\n"
        fix "Add the key that the message names: `db: { condition: service_started }`.";
    DUPLICATE_ITEM = Error "compose/duplicate-item" "duplicate item"
        what "The items of this list must be unique. This one appears twice, possibly once in each of two files."
        why "Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx\n    group_add: [\"1000\", \"1000\"]\n"
        fix "Remove one of them.";
    TOO_MANY_PORTS = Error "compose/too-many-ports" "too many ports"
        what "The ranges under `ports` add up to more than 65,536 ports."
        why "Every port becomes a separate entry, so a single line could require gigabytes of memory."
        example "services:\n  a: { image: nginx, ports: [\"1-65535:1-65535\"] }\n  b: { image: nginx, ports: [\"1-65535\"] }\n"
        fix "Publish only the ports that the service uses.";
    BAD_PORT = Error "compose/bad-port" "invalid port"
        what "The `ports` entry does not have the form `[IP:][HOST:]CONTAINER[/PROTOCOL]`, or its numbers are not valid ports."
        why "Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx\n    ports: [\"localhost:8080:80\"]\n"
        fix "Write an IP address, not a host name, in front of the ports. Ports go up to 65535, and two ranges must have the same length: `\"127.0.0.1:8080:80\"`.";
    BAD_VOLUME = Error "compose/bad-volume" "invalid mount"
        what "The `volumes` entry of the service does not have the form `SOURCE:TARGET[:OPTIONS]`."
        why "Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx\n    volumes: [\"./a::/b\"]\n"
        fix "Write `./a:/b`, or the long form with `type`, `source` and `target`.";
    BAD_DEVICE = Error "compose/bad-device" "invalid device"
        what "The `devices` entry does not have the form `SOURCE[:TARGET[:PERMISSIONS]]`."
        why "Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx\n    devices: [\"/dev/a:/dev/b:r:w\"]\n"
        fix "Write `/dev/a:/dev/b:rw`, or the long form.";
    BAD_SYNTAX = Error "compose/bad-syntax" "invalid short syntax"
        what "The short syntax is incomplete: for example, the value after `=` is missing."
        why "Docker Compose rejects it too."
        example "services:\n  app:\n    build:\n      context: .\n      additional_contexts: [docs]\n"
        fix "Write all of its parts: `docs=./docs`.";
    UNUSED_RESOURCE = Note "compose/unused-resource" "unused resource"
        what "No active service uses this network, volume, secret, config or model."
        why "Docker Compose leaves it out too, so it is not created."
        example "services:\n  app:\n    image: nginx\nvolumes:\n  data:\n    labels: { a: b }\n"
        fix "Remove it, or name it in a service: `volumes: [\"data:/data\"]`.";
    KEY_WITHOUT_EFFECT = Note "compose/key-without-effect" "key without effect"
        what "The specification defines this key, but Docker Compose does nothing with it."
        why "A value that is read and dropped looks as if it worked."
        example "services:\n  app:\n    image: nginx\n    pull_refresh_after: 24h\n"
        fix "Remove the key.";
    OLD_EXTERNAL = Warning "compose/old-external" "deprecated form of `external`"
        what "`external` is a mapping with a name."
        why "This form is deprecated. Docker Compose warns about it too."
        example "volumes:\n  data:\n    external: { name: shared }\n"
        fix "Write `external: true` and put `name: shared` next to it.";
    CONFLICTING_KEYS = Error "compose/conflicting-keys" "conflicting keys"
        what "Two mutually exclusive keys are both set."
        why "Docker Compose rejects it too, because it cannot honor both."
        example "configs:\n  site:\n    file: ./site.conf\n    content: \"server {}\"\n"
        fix "Keep one of them.";
    UNDEFINED_REFERENCE = Error "compose/undefined-reference" "undefined reference"
        what "The service refers to a service, network, volume, secret, config or model that the manifest does not define."
        why "Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx\n    volumes: [\"data:/data\"]\n"
        fix "Define it at the top level (`volumes: { data: {} }`), or correct the name.";
    DEPENDENCY_CYCLE = Error "compose/dependency-cycle" "circular dependency"
        what "Following `depends_on`, `links` and shared namespaces from a service leads back to it."
        why "No start order satisfies all of them. Docker Compose rejects it too."
        example "services:\n  a: { image: nginx, depends_on: [b] }\n  b: { image: nginx, depends_on: [a] }\n"
        fix "Remove one of the dependencies that the labels show.";
    NO_IMAGE = Error "compose/no-image" "neither `image` nor `build`"
        what "The service has none of `image`, `build` and `provider`."
        why "There is nothing to run. Docker Compose rejects it too."
        example "services:\n  app:\n    ports: [\"80:80\"]\n"
        fix "Add `image: name:tag`, or `build: .`.";
    CONTAINER_NAME_TWICE = Error "compose/container-name-twice" "duplicate container name"
        what "Two services share one `container_name`, or a service with more than one container has one."
        why "Container names are unique on a host. Docker Compose rejects it too."
        example "services:\n  a: { image: nginx, container_name: web }\n  b: { image: nginx, container_name: web }\n"
        fix "Remove `container_name`. It is almost never needed.";
    TARGET_TWICE = Error "compose/target-twice" "duplicate mount target"
        what "Two mounts of a service have the same target."
        why "One would hide the other. Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx\n    tmpfs: /data\n    volumes: [\"data:/data\"]\nvolumes: { data: {} }\n"
        fix "Give one of them another target, or remove it.";
    BAD_SIZE = Error "compose/bad-size" "invalid size"
        what "The size is not a number with one of the units b, k, m, g, t or p."
        why "Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx\n    mem_limit: 512 megabytes\n"
        fix "Write `512m`.";
    BAD_DURATION = Error "compose/bad-duration" "invalid duration"
        what "A duration consists of numbers with a unit: ns, us, ms, s, m, h, d or w."
        why "Docker Compose rejects it too. A number without a unit is ambiguous."
        example "services:\n  app:\n    image: nginx\n    stop_grace_period: \"10\"\n"
        fix "Write `10s`, `1m30s` or `500ms`.";
    BAD_COMMAND = Error "compose/bad-command" "unbalanced quotes in a command"
        what "A quote or bracket in the command line is not closed."
        why "Docker Compose rejects it too."
        example "services:\n  app:\n    image: nginx\n    command: echo 'hello\n"
        fix "Close the quote, or write a list: `[echo, \"'hello\"]`.";
    CANNOT_OVERRIDE = Error "compose/cannot-override" "incompatible override"
        what "A file sets a string where an earlier file has a list or a mapping, and the key does not allow both."
        why "Docker Compose rejects it too, because it cannot merge the two."
        example "# compose.yaml\nservices:\n  app:\n    image: nginx\n    cap_add: [NET_ADMIN]\n# compose.override.yaml\nservices:\n  app:\n    cap_add: SYS_TIME\n"
        fix "Use the same form in both files, or write `!override` before the value that replaces the other.";
}
