//! `compose/…`: what the front end refuses or warns of.

use crate::diagnostic::rule::rules;

rules! {
    UNKNOWN_KEY = Error "compose/unknown-key" "a key that Compose does not know"
        what "The key is not part of the Compose specification at this place."
        why "Docker Compose refuses it too: a misspelled key would otherwise be lost without a word."
        example "services:\n  app:\n    image: nginx\n    enviroment: { A: b }\n"
        fix "Correct the spelling (`environment`), or prefix a key of your own with `x-`.";
    WRONG_TYPE = Error "compose/wrong-type" "a value of the wrong type"
        what "The specification wants another type of value here, such as a list where a text stands."
        why "Docker Compose refuses it too; guessing what was meant would change the application in silence."
        example "services:\n  app:\n    image: 5\n"
        fix "Write the type the message names. Quote a value to make it a string: `image: \"5\"`.";
    INVALID_VALUE = Error "compose/invalid-value" "a value outside of what the key allows"
        what "The value has the right type, but is not one of the words, or not within the bounds, that the key allows."
        why "Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx\n    cgroup: hosts\n"
        fix "Use one of the values the message lists.";
    INVALID_NAME = Error "compose/invalid-name" "a name with characters that are not allowed"
        what "Names of services, volumes, networks and the like are made of letters, digits, `.`, `_` and `-`."
        why "Docker Compose refuses other characters."
        example "services:\n  my app:\n    image: nginx\n"
        fix "Rename it, everywhere it is used: `my-app`.";
    MISSING_KEY = Error "compose/missing-key" "a key that must be there is not"
        what "The mapping lacks a key without which it means nothing."
        why "Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx\n    depends_on:\n      db: {}\n"
        fix "Add the key the message names: `db: { condition: service_started }`.";
    DUPLICATE_ITEM = Error "compose/duplicate-item" "the same item twice in a list that holds each once"
        what "The list may hold each item once; this one stands in it twice, perhaps once in each of two files."
        why "Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx\n    group_add: [\"1000\", \"1000\"]\n"
        fix "Remove one of the two.";
    TOO_MANY_PORTS = Error "compose/too-many-ports" "ranges of ports that are too many"
        what "The ranges under `ports` become more than 65,536 ports altogether."
        why "Each port is an entry of its own: a line can otherwise ask for gigabytes."
        example "services:\n  a: { image: nginx, ports: [\"1-65535:1-65535\"] }\n  b: { image: nginx, ports: [\"1-65535\"] }\n"
        fix "Publish the ports that are used.";
    BAD_PORT = Error "compose/bad-port" "a port that cannot be read"
        what "The entry of `ports` is not of the form `[IP:][HOST:]CONTAINER[/PROTOCOL]`, or its numbers are no ports."
        why "Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx\n    ports: [\"localhost:8080:80\"]\n"
        fix "Write an IP address, not a name, before the ports; ports are numbers up to 65535, and two ranges are equally long: `\"127.0.0.1:8080:80\"`.";
    BAD_VOLUME = Error "compose/bad-volume" "a mount that cannot be read"
        what "The entry of a service's `volumes` is not of the form `SOURCE:TARGET[:OPTIONS]`."
        why "Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx\n    volumes: [\"./a::/b\"]\n"
        fix "Write `./a:/b`, or the long form with `type`, `source` and `target`.";
    BAD_DEVICE = Error "compose/bad-device" "a device that cannot be read"
        what "The entry of `devices` is not of the form `SOURCE[:TARGET[:PERMISSIONS]]`."
        why "Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx\n    devices: [\"/dev/a:/dev/b:r:w\"]\n"
        fix "Write `/dev/a:/dev/b:rw`, or the long form.";
    BAD_SYNTAX = Error "compose/bad-syntax" "a short form that cannot be read"
        what "The text in short syntax lacks a part, such as the value after `=`."
        why "Docker Compose refuses it too."
        example "services:\n  app:\n    build:\n      context: .\n      additional_contexts: [docs]\n"
        fix "Write all its parts: `docs=./docs`.";
    OLD_EXTERNAL = Warning "compose/old-external" "the old form of `external`"
        what "`external` holds a mapping with a name."
        why "The form is deprecated; Docker Compose warns of it too."
        example "volumes:\n  data:\n    external: { name: shared }\n"
        fix "Write `external: true` and `name: shared` beside it.";
    CONFLICTING_KEYS = Error "compose/conflicting-keys" "two keys that exclude each other"
        what "Two keys stand together of which only one may."
        why "Docker Compose refuses it too: it cannot follow both."
        example "configs:\n  site:\n    file: ./site.conf\n    content: \"server {}\"\n"
        fix "Keep one of the two.";
    UNDEFINED_REFERENCE = Error "compose/undefined-reference" "a name that is not defined"
        what "The service names another service, or a network, volume, secret, config or model that the manifest does not define."
        why "Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx\n    volumes: [\"data:/data\"]\n"
        fix "Define it at the top level (`volumes: { data: {} }`), or correct the name.";
    DEPENDENCY_CYCLE = Error "compose/dependency-cycle" "services that wait for each other"
        what "Following `depends_on`, `links` and shared namespaces from a service leads back to it."
        why "No order of starting satisfies them; Docker Compose refuses it too."
        example "services:\n  a: { image: nginx, depends_on: [b] }\n  b: { image: nginx, depends_on: [a] }\n"
        fix "Remove one of the dependencies the labels show.";
    NO_IMAGE = Error "compose/no-image" "a service with neither image nor build"
        what "The service has none of `image`, `build` and `provider`."
        why "There is nothing to run; Docker Compose refuses it too."
        example "services:\n  app:\n    ports: [\"80:80\"]\n"
        fix "Add `image: name:tag`, or `build: .`.";
    CONTAINER_NAME_TWICE = Error "compose/container-name-twice" "one container name for two containers"
        what "Two services have the same `container_name`, or one service has it and more than one container."
        why "Names of containers are unique on a host; Docker Compose refuses it too."
        example "services:\n  a: { image: nginx, container_name: web }\n  b: { image: nginx, container_name: web }\n"
        fix "Remove `container_name`: nothing but habit needs it.";
    TARGET_TWICE = Error "compose/target-twice" "two mounts on one path"
        what "Two mounts of a service have the same target."
        why "One would hide the other; Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx\n    tmpfs: /data\n    volumes: [\"data:/data\"]\nvolumes: { data: {} }\n"
        fix "Give one of the two another target, or remove it.";
    BAD_SIZE = Error "compose/bad-size" "a size that cannot be read"
        what "The size is not a number with one of the units b, k, m, g, t, p."
        why "Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx\n    mem_limit: 512 megabytes\n"
        fix "Write `512m`.";
    BAD_DURATION = Error "compose/bad-duration" "a duration that cannot be read"
        what "The duration is not made of numbers with units: ns, us, ms, s, m, h, d, w."
        why "Docker Compose refuses it too; a number without a unit says nothing."
        example "services:\n  app:\n    image: nginx\n    stop_grace_period: \"10\"\n"
        fix "Write `10s`, `1m30s`, `500ms`.";
    BAD_COMMAND = Error "compose/bad-command" "a command that cannot be split into words"
        what "A quote or bracket of the command line stays open."
        why "Docker Compose refuses it too."
        example "services:\n  app:\n    image: nginx\n    command: echo 'hello\n"
        fix "Close the quote, or write a list: `[echo, \"'hello\"]`.";
    CANNOT_OVERRIDE = Error "compose/cannot-override" "an override of another form"
        what "A file gives a text where an earlier one gives a list or mapping, and the key does not allow both."
        why "Docker Compose refuses it too: it does not know how to merge the two."
        example "# compose.yaml\nservices:\n  app:\n    image: nginx\n    cap_add: [NET_ADMIN]\n# compose.override.yaml\nservices:\n  app:\n    cap_add: SYS_TIME\n"
        fix "Write the same form in both, or `!override` before the value that shall replace the other.";
}
