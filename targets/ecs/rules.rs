//! `ecs/…`: what Amazon ECS and the services around it refuse or do differently, on Fargate and on EC2.

use tranship_frontend::rules;

rules! {
    DATABASE_CLASS = Error "ecs/database-class" "an instance class that RDS does not offer"
        what "The class of a managed database is misspelled, or of a family that RDS has retired."
        why "The database could not be created."
        example "services:\n  db:\n    image: mysql:8.4\n    x-tranship: { database: { engine: mysql, class: db.t2.micro } }\n"
        fix "Choose a current class, such as `db.t4g.micro`.";
    DATABASE_NAME = Error "ecs/database-name" "a database or user name that RDS does not accept"
        what "RDS wants a letter, then letters, digits and underscores; users of MySQL and MariaDB have at most 16 characters, and some names are the engine's own."
        why "The database could not be created."
        example "services:\n  db:\n    image: postgres:17\n    x-tranship: { database: { engine: postgres, username: admin } }\n"
        fix "Give the database or the user another name, in the manifest and where the application uses it.";
    DATABASE_VERSION = Error "ecs/database-version" "a version of an engine that RDS does not support"
        what "RDS has no such version in standard support. Older ones cost extra, and are not chosen for you."
        why "The database could not be created, or would cost more than expected."
        example "services:\n  db:\n    image: mysql:5.7\n    x-tranship: { database: { engine: mysql, version: \"5.7\" } }\n"
        fix "Choose a supported version, run the same one locally, and test the application with it.";
    DISCOVERY_NAME = Note "ecs/discovery-name" "a host name that becomes another on AWS"
        what "A service of a Compose network is found under its own name. On AWS it is found under a name of a private DNS namespace, which takes the place of its host name in every value."
        why "Whoever looks at a running container sees that name, and a host name that is put together at run time is not rewritten."
        example "services:\n  app: { image: app, environment: { CACHE: \"redis://cache:6379\" } }\n  cache: { image: redis }\n"
        fix "Nothing, where the name stands in the manifest; else pass it in through a variable. `x-tranship: { discovery: { namespace: ... } }` chooses the namespace.";
    FILE_MOUNT = Error "ecs/file-mount" "a secret or config as a single file among the image's own"
        what "ECS mounts folders, not files. Mounting the file's folder would hide everything that the image has in it."
        why "The container would miss the files of its image."
        example "services:\n  web:\n    image: nginx\n    configs: [{ source: site, target: /etc/nginx/conf.d/default.conf }]\nconfigs:\n  site: { content: \"server {}\" }\n"
        fix "Give it a target below /run and let the program read it there, or put the file into the image.";
    HEALTH_CHECK_OF_IMAGE = Warning "ecs/health-check-of-image" "a wait for the health of a container without a check"
        what "The container waits until another one of its task is healthy, and the manifest has no health check of that one. ECS does not read the one in the image."
        why "The container starts as soon as the other has started."
        example "services:\n  app: { image: app, depends_on: { cache: { condition: service_healthy } }, network_mode: \"service:cache\" }\n  cache: { image: redis }\n"
        fix "Write the image's health check as `healthcheck` in the manifest.";
    HEALTH_CHECK_RANGE = Warning "ecs/health-check-range" "a health check outside of the ranges of ECS"
        what "ECS checks every 5 to 300 seconds, waits 2 to 60 seconds, retries 1 to 10 times, and lets a container start for at most 300 seconds. The nearest value is taken."
        why "A container is found unhealthy later, or earlier, than by Docker Compose."
        example "services:\n  app:\n    image: app\n    healthcheck: { test: curl -f localhost, interval: 3s }\n"
        fix "Write a value within the range, or accept the nearest: `x-tranship: { accept: [ecs/health-check-range] }`.";
    LISTENER_COLLISION = Error "ecs/listener-collision" "two public endpoints for the same requests"
        what "Two endpoints take every request, or their rules have the same priority."
        why "A load balancer sends a request to one of them only, and refuses rules of equal priority."
        example "services:\n  a: { image: a, ports: [\"80\"], x-tranship: { public: { path: \"/*\" } } }\n  b: { image: b, ports: [\"80\"], x-tranship: { public: { path: \"/*\" } } }\n"
        fix "Give one of them a host or a path of its own, or write `public: { priority: 10 }`.";
    LISTENER_RULE = Error "ecs/listener-rule" "hosts or paths that a listener rule cannot hold"
        what "A rule of a load balancer holds at most five hosts and paths, of at most 128 characters each."
        why "The load balancer would refuse the rule."
        example "services:\n  a: { image: a, ports: [\"80\"], x-tranship: { public: { path: [/a, /b, /c, /d, /e, /f] } } }\n"
        fix "Use fewer, with `*` where they share a start.";
    NAMESPACE = Error "ecs/namespace" "a discovery namespace that is not a domain name"
        what "Services are found under names of a private DNS namespace, which is a domain name of at most 253 characters."
        why "The namespace could not be created."
        example "services:\n  app: { image: app }\nx-tranship: { discovery: { namespace: \"my services\" } }\n"
        fix "Use labels of letters, digits and hyphens, such as `services.example.org`.";
    PORT_CONFLICT = Error "ecs/port-conflict" "two containers of a task on one port"
        what "Containers of one task share its network interface, and two of them listen on the same port."
        why "The second one to start would fail, and with it the task."
        example "services:\n  app: { image: app, ports: [\"80\"] }\n  proxy: { image: proxy, network_mode: \"service:app\", expose: [\"80\"] }\n"
        fix "Let one of them listen on another port, or give it a task of its own.";
    PUBLIC_UDP = Error "ecs/public-udp" "a public UDP port"
        what "An application load balancer speaks HTTP and HTTPS only."
        why "Nothing could reach the port from outside."
        example "services:\n  dns: { image: coredns, ports: [\"53:53/udp\"], x-tranship: { public: { port: 53 } } }\n"
        fix "Keep the port internal.";
    SECRET_IN_COMMAND = Error "ecs/secret-in-command" "a secret in a command"
        what "An argument of the command or the entrypoint holds a secret."
        why "Everyone who may read the task definition would read the secret."
        example "services:\n  app:\n    image: app\n    command: [run, --password, hunter2]\n"
        fix "Pass it as a variable of the environment and let the command read that.";
    STACK_NAME = Error "ecs/stack-name" "a name that a stack cannot have"
        what "A stack's name is a letter, then letters, digits and hyphens, at most 128."
        why "The stack could not be created."
        example "services:\n  app: { image: app }\nx-tranship: { stack: my_stack }\n"
        fix "Write `my-stack`.";
    START_ORDER = Note "ecs/start-order" "an order that holds for the stack, not for later"
        what "`depends_on` between services orders how CloudFormation creates and updates them. ECS replaces tasks of each service by itself, in any order."
        why "After a failure a service may run while the one it depends on does not."
        example "services:\n  app: { image: app, depends_on: [api] }\n  api: { image: api }\n"
        fix "Let the application retry its connections.";
    STOP_TIMEOUT = Warning "ecs/stop-timeout" "a grace period outside of what ECS allows"
        what "A container has from 2 seconds to stop; on Fargate at most 120. The nearest value is taken."
        why "A container that needs longer is killed."
        example "services:\n  worker: { image: worker, stop_grace_period: 10m }\n"
        fix "Make the program stop sooner, or use the target `ecs-ec2`, which has no such limit.";
    SUBNETS = Error "ecs/subnets" "too few subnets"
        what "Tasks and databases run in private subnets; a load balancer and a database need two of them in different zones."
        why "The stack could not be created, or its tasks would need public addresses."
        example "services:\n  app: { image: app }\nx-tranship: { network: { vpc: vpc-0abc, public_subnets: [subnet-1] } }\n"
        fix "Name two private subnets, and two public ones where something is public.";
    TEMPLATE = Error "ecs/template" "a template that CloudFormation would refuse"
        what "The template breaks a limit of CloudFormation, or names wait for each other."
        why "The stack could not be created."
        example "an application with several hundred services"
        fix "Split the application, or do what the message says.";
    TMPFS_SIZE = Note "ecs/tmpfs-size" "a tmpfs without a size"
        what "ECS wants a size for every tmpfs, and Compose does not. It gets 64 MiB."
        why "A program that writes more gets an error."
        example "services:\n  app: { image: app, tmpfs: /run }\n"
        fix "Give it a size: `tmpfs: /run:size=128m`.";
    TOO_MANY_CONTAINERS = Error "ecs/too-many-containers" "more containers than a task may have"
        what "A task definition holds at most ten containers, init containers and helpers included."
        why "ECS would refuse the task definition."
        example "services:\n  app: { image: app }\n  s1: { image: s, network_mode: \"service:app\" }\n  s2: { image: s, network_mode: \"service:app\" }\n  s3: { image: s, network_mode: \"service:app\" }\n  s4: { image: s, network_mode: \"service:app\" }\n  s5: { image: s, network_mode: \"service:app\" }\n  s6: { image: s, network_mode: \"service:app\" }\n  s7: { image: s, network_mode: \"service:app\" }\n  s8: { image: s, network_mode: \"service:app\" }\n  s9: { image: s, network_mode: \"service:app\" }\n  s10: { image: s, network_mode: \"service:app\" }\n"
        fix "Move some of them into a task of their own.";
    TOO_MANY_PUBLIC_PORTS = Error "ecs/too-many-public-ports" "more public ports than a service may have"
        what "An ECS service has at most five target groups."
        why "ECS would refuse the service."
        example "services:\n  app: { image: app, ports: [\"80\"], x-tranship: { public: { path: \"/*\" } } }\n  s1: { image: s, network_mode: \"service:app\", expose: [\"9001\"], x-tranship: { public: { path: /s1 } } }\n  s2: { image: s, network_mode: \"service:app\", expose: [\"9002\"], x-tranship: { public: { path: /s2 } } }\n  s3: { image: s, network_mode: \"service:app\", expose: [\"9003\"], x-tranship: { public: { path: /s3 } } }\n  s4: { image: s, network_mode: \"service:app\", expose: [\"9004\"], x-tranship: { public: { path: /s4 } } }\n  s5: { image: s, network_mode: \"service:app\", expose: [\"9005\"], x-tranship: { public: { path: /s5 } } }\n"
        fix "Make fewer of them public, or put a proxy before them.";
}
