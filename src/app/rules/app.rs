//! `app/…`: what the manifest means, where that is not clear or cannot be.

use tranship_frontend::rules;

rules! {
    LITERAL_SECRET = Warning "app/literal-secret" "a secret that stands in the manifest"
        what "The manifest holds a value that is a secret by its variable's name or by its form."
        why "Templates, bundles and logs are read by many. Tranship never writes such a value into one: it becomes a secret whose value is given when you deploy."
        example "services:\n  app:\n    image: nginx\n    environment: { STRIPE_API_KEY: not-for-everyone }\n"
        fix "Give the value at deployment (`--secret NAME=@FILE`). A password of a database that `x-tranship.database` replaces needs nothing: it is generated.";
    SECRET_IN_COMMAND = Error "app/secret-in-command" "a secret in a command"
        what "A command, an entrypoint or a health check holds a literal secret."
        why "Commands are part of the template, and anyone who may describe a task reads them. Only the environment can take a value from a secret."
        example "services:\n  cache:\n    image: redis\n    command: redis-server --requirepass hunter2\n"
        fix "Put the secret into `environment`, and let a shell read it: `sh -c 'exec redis-server --requirepass \"$$REDIS_PASSWORD\"'`.";
    LATE_BOUND_STRUCTURE = Error "app/late-bound-structure" "a late-bound variable where the value must be known"
        what "The value decides what is emitted, such as a port or a number of copies, and holds a variable that becomes known only at deployment."
        why "A template parameter can stand in for text, not for the shape of the template."
        example "services:\n  app:\n    image: nginx\n    ports: [\"${PORT}:80\"]\nx-tranship:\n  late_bound: [PORT]\n"
        fix "Take the variable out of `late_bound`; its value is then fixed when the application is compiled.";
    AMBIGUOUS_PUBLIC = Warning "app/ambiguous-public" "several published ports, none of them public"
        what "More than one port is published that could be meant for the world, and nothing says which."
        why "Local files publish ports for laptops. On AWS nothing becomes public by accident."
        example "services:\n  web:\n    image: nginx\n    ports: [\"80:80\"]\n  admin:\n    image: acme/admin\n    ports: [\"81:8000\"]\n"
        fix "Add `x-tranship: { public: true }` to each service that the world may reach, with `host` or `path` where there are several.";
    PUBLIC_PORT = Error "app/public-port" "a public service whose port is not clear"
        what "The service is public, and has several ports, or none that the manifest names."
        why "The load balancer needs one port to send requests to."
        example "services:\n  app:\n    image: acme/app\n    x-tranship: { public: true }\n"
        fix "Name the port: `x-tranship: { public: { container_port: 8000 } }`.";
    PUBLIC_BY_DEFAULT = Note "app/public-by-default" "a port that is public because it is the only one published"
        what "One port is published that is not a data store's, a debugger's or a loopback address's. It becomes the load balancer's catch-all."
        why "It is what the manifest says; on AWS the world can reach it."
        example "services:\n  web:\n    image: nginx\n    ports: [\"8080:80\"]\n"
        fix "Nothing, if it is meant. Otherwise `x-tranship: { public: false }` on the service.";
    UNKNOWN_PORT = Note "app/unknown-port" "a dependency without a port"
        what "A service depends on another, and neither a value, the image nor `expose` says on which port."
        why "Security groups open the ports that are known, and no others. Where the one only waits for the other, that is as it should be."
        example "services:\n  web:\n    image: acme/web\n    depends_on: [worker]\n  worker:\n    image: acme/worker\n"
        fix "Add `expose` to the service that is connected to.";
    SKIPPED_HOST = Warning "app/skipped-host" "a host name of a service that is never deployed"
        what "A value names a service as a host, and `skip` says that the service is never deployed."
        why "Nothing will answer to that name."
        example "services:\n  app:\n    image: nginx\n    environment: { MAIL_HOST: mail }\n  mail: { image: mailpit }\nx-tranship:\n  skip: [mail]\n"
        fix "Override the value in a Compose file of the environment (`files`), or deploy the service.";
    DATABASE_ENGINE = Error "app/database-engine" "a managed database without an engine"
        what "`x-tranship.database` replaces the service, and neither `engine` nor the service's image says by what."
        why "Tranship would have to guess what the application speaks to."
        example "services:\n  db:\n    image: acme/db\n    x-tranship: { database: { storage: 20 } }\n"
        fix "Add `engine: mysql`, `mariadb` or `postgres`.";
    DATABASE_LOSES = Warning "app/database-loses" "something of a replaced database that has no effect"
        what "The service has a command or start-up scripts, and a managed database replaces its container."
        why "Whatever they set up locally is not there on AWS."
        example "services:\n  db:\n    image: mysql:8.4\n    command: --max-connections=500\n    x-tranship: { database: true }\n"
        fix "Run scripts as a job (`x-tranship: { job: before-deploy }`); drop the rest, or accept it: `accept: [app/database-loses]`.";
    NEGATIVE_DURATION = Error "app/negative-duration" "a length of time below zero"
        what "Docker Compose takes a negative duration; nothing on AWS can wait for less than no time."
        why "Leaving it out would take the target's default, which is not what the manifest says."
        example "services:\n  app:\n    image: nginx\n    stop_grace_period: -5s\n"
        fix "Write a duration of zero or more, such as `10s`.";
    TASK_CIRCLE = Error "app/task-circle" "services that share a task in a circle"
        what "Each of the services runs in the task of the next, by `task`, `network_mode: service:` or as an init container, and the last in the task of the first."
        why "A task is named after the one service that leads it. In a circle none does, so none of them would be deployed."
        example "services:\n  app:\n    image: nginx\n    x-tranship: { task: proxy }\n  proxy:\n    image: nginx\n    x-tranship: { task: app }\n"
        fix "Remove the setting from the service that is to lead the task.";
    NOTHING_TO_DEPLOY = Error "app/nothing-to-deploy" "a manifest without a service to deploy"
        what "The manifest has no service, or every service is skipped or belongs to a profile that is not active."
        why "The result would be a stack that runs nothing."
        example "services:\n  app:\n    image: nginx\nx-tranship:\n  skip: [app]\n"
        fix "Add a service, take one out of `skip`, or activate its profile with `--profile`.";
}
