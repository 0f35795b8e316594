//! `ecs/…`: what Amazon ECS and the services around it refuse or do differently, on Fargate and on EC2.

use tranship_frontend::rules;

rules! {
    BROKEN_TEMPLATE = Error "internal/broken-template" "a template with names that do not fit together"
        what "Two resources of the template have one id, refer to one that does not exist, or wait for each other."
        why "CloudFormation would refuse the template. The fault is Tranship's, not yours."
        example "a manifest that Tranship puts together wrongly"
        fix "Report it with the manifest. Renaming the service named in the message may help until then.";
    DATABASE_CLASS = Error "ecs/database-class" "an instance class that RDS does not offer"
        what "The class of a managed database is misspelled, or belongs to a family that RDS has retired."
        why "RDS would not create the database."
        example "services:\n  db:\n    image: mysql:8.4\n    x-tranship: { database: { engine: mysql, class: db.t2.micro } }\n"
        fix "Choose a current class, such as `db.t4g.micro`.";
    DATABASE_NAME = Error "ecs/database-name" "a database or user name that RDS does not accept"
        what "RDS accepts names of a letter followed by letters, digits and underscores. Users of MySQL and MariaDB have at most 16 characters, and each engine reserves some names."
        why "RDS would not create the database."
        example "services:\n  db:\n    image: postgres:17\n    x-tranship: { database: { engine: postgres, username: admin } }\n"
        fix "Rename the database or the user, in the manifest and where the application uses it.";
    DATABASE_VERSION = Error "ecs/database-version" "an engine version that RDS does not support"
        what "RDS has no such version in standard support. Tranship does not choose versions in extended support, which cost extra."
        why "RDS would not create the database, or it would cost more than expected."
        example "services:\n  db:\n    image: mysql:5.7\n    x-tranship: { database: { engine: mysql, version: \"5.7\" } }\n"
        fix "Choose a supported version, run the same one locally, and test the application with it.";
    DISCOVERY_NAME = Note "ecs/discovery-name" "a host name that changes on AWS"
        what "Under Compose a service is reached by its own name. On AWS it is reached by a name in a private DNS namespace, which replaces its host name in every value."
        why "You see the new name in a running container. A host name that the program puts together at run time is not rewritten."
        example "services:\n  app: { image: app, environment: { CACHE: \"redis://cache:6379\" } }\n  cache: { image: redis }\n"
        fix "Nothing, if the manifest contains the name; otherwise pass the name to the program in a variable. `x-tranship: { discovery: { namespace: ... } }` sets the namespace.";
    DYNAMIC_REFERENCE = Error "ecs/dynamic-reference" "text that CloudFormation would replace"
        what "A value contains `{{resolve:...}}`, which CloudFormation replaces by a parameter or a secret when it creates the stack."
        why "The application would read another text than under Compose, perhaps a secret in plain text."
        example "services:\n  app:\n    image: app\n    environment: { HINT: \"{{resolve:ssm:/app/hint}}\" }\n"
        fix "To read a parameter or secret of AWS, declare it under `secrets` with `external: true`. To pass the text itself, keep it in a file of the image.";
    FILE_MOUNT = Error "ecs/file-mount" "a secret or config as a single file among the image's own"
        what "ECS mounts folders, not files. Mounting the file's folder would hide everything that the image has in it."
        why "The container would miss the files of its image."
        example "services:\n  web:\n    image: nginx\n    configs: [{ source: site, target: /etc/nginx/conf.d/default.conf }]\nconfigs:\n  site: { content: \"server {}\" }\n"
        fix "Give it a target below /run and let the program read it there, or put the file into the image.";
    HEALTH_CHECK_OF_IMAGE = Warning "ecs/health-check-of-image" "a wait for a health check that is only in the image"
        what "A container waits until another one of its task is healthy, and the manifest has no health check for that one. ECS does not use the one in the image."
        why "The container starts as soon as the other has started, healthy or not."
        example "services:\n  app: { image: app, depends_on: { cache: { condition: service_healthy } }, network_mode: \"service:cache\" }\n  cache: { image: redis }\n"
        fix "Copy the image's health check to `healthcheck` in the manifest.";
    HEALTH_CHECK_RANGE = Warning "ecs/health-check-range" "a health check outside of the ranges of ECS"
        what "ECS checks every 5 to 300 seconds, waits 2 to 60 seconds, retries 1 to 10 times, and lets a container start for at most 300 seconds. The nearest value is taken."
        why "A container is found unhealthy later, or earlier, than by Docker Compose."
        example "services:\n  app:\n    image: app\n    healthcheck: { test: curl -f localhost, interval: 3s }\n"
        fix "Write a value within the range, or accept the nearest: `x-tranship: { accept: [ecs/health-check-range] }`.";
    LISTENER_COLLISION = Error "ecs/listener-collision" "two public endpoints for the same requests"
        what "Two endpoints both take every request of a listener, or their rules have the same priority."
        why "A load balancer sends each request to one target, and refuses rules of equal priority."
        example "services:\n  a: { image: a, ports: [\"80\"], x-tranship: { public: { path: \"/*\" } } }\n  b: { image: b, ports: [\"80\"], x-tranship: { public: { path: \"/*\" } } }\n"
        fix "Give one of them a host or a path of its own, or set `public: { priority: 10 }`.";
    LISTENER_RULE = Error "ecs/listener-rule" "too many or too long hosts and paths"
        what "A listener rule holds at most five hosts and paths, each of at most 128 characters."
        why "The load balancer would refuse the rule."
        example "services:\n  a: { image: a, ports: [\"80\"], x-tranship: { public: { path: [/a, /b, /c, /d, /e, /f] } } }\n"
        fix "Use fewer or shorter ones, with `*` for what they share.";
    LOG_RETENTION = Error "ecs/log-retention" "a log retention that CloudWatch does not support"
        what "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180 or 365 days, or for certain longer periods."
        why "CloudFormation could not create the log groups."
        example "services:\n  app: { image: app }\nx-tranship: { log_retention: 10 }\n"
        fix "Choose one of these periods.";
    NAMESPACE = Error "ecs/namespace" "a discovery namespace that is not a domain name"
        what "The private DNS namespace of the services is a domain name of at most 253 characters."
        why "CloudFormation could not create the namespace."
        example "services:\n  app: { image: app }\nx-tranship: { discovery: { namespace: \"my services\" } }\n"
        fix "Use labels of letters, digits and hyphens, such as `services.example.org`.";
    PORT_CONFLICT = Error "ecs/port-conflict" "two containers of a task on the same port"
        what "The containers of a task share its network interface, and two of them listen on the same port."
        why "The second one would fail to start, and the task with it."
        example "services:\n  app: { image: app, ports: [\"80\"] }\n  proxy: { image: proxy, network_mode: \"service:app\", expose: [\"80\"] }\n"
        fix "Change the port of one of them, or give it a task of its own.";
    PUBLIC_JOB = Error "ecs/public-job" "a public service that runs to completion"
        what "A job or an init container has `public`. It ends by itself, so a load balancer has nothing to send requests to."
        why "Its target group would never have a healthy target."
        example "services:\n  report: { image: app, ports: [\"80\"], x-tranship: { job: manual, public: true } }\n"
        fix "Remove `public`, or make it a service that keeps running.";
    PUBLIC_UDP = Error "ecs/public-udp" "a public UDP port"
        what "An application load balancer serves HTTP and HTTPS only."
        why "The port would not be reachable from outside."
        example "services:\n  dns: { image: coredns, ports: [\"53:53/udp\"], x-tranship: { public: { container_port: 53 } } }\n"
        fix "Keep the port internal.";
    SCALE = Error "ecs/scale" "an invalid scaling range or target"
        what "`min` is greater than `max`, or a target is not a percentage."
        why "Application Auto Scaling would refuse it."
        example "services:\n  app: { image: app, x-tranship: { scale: { min: 5, max: 2 } } }\n"
        fix "Write `scale: { min: 2, max: 8, cpu: 60 }`.";
    SCHEDULE = Error "ecs/schedule" "an invalid schedule"
        what "A schedule is `rate(1 hour)`, or `cron(...)` with six fields, where the day of the month or the day of the week is `?`."
        why "EventBridge Scheduler would refuse it."
        example "services:\n  report: { image: app, x-tranship: { job: { schedule: \"0 3 * * *\" } } }\n"
        fix "Write `cron(0 3 * * ? *)`.";
    STACK_NAME = Error "ecs/stack-name" "an invalid stack name"
        what "The name of a stack is a letter followed by letters, digits and hyphens, at most 128 characters."
        why "CloudFormation would not create the stack."
        example "services:\n  app: { image: app }\nx-tranship: { stack: my_stack }\n"
        fix "Write `my-stack`.";
    START_ORDER = Note "ecs/start-order" "a start order that holds only during a deployment"
        what "`depends_on` between services sets the order in which CloudFormation creates and updates them. ECS itself replaces the tasks of each service in any order."
        why "After a failure, a service may run while one that it depends on does not."
        example "services:\n  app: { image: app, depends_on: [api] }\n  api: { image: api }\n"
        fix "Let the application retry its connections.";
    STOP_TIMEOUT = Warning "ecs/stop-timeout" "a grace period outside of what ECS allows"
        what "A container has from 2 seconds to stop; on Fargate at most 120. The nearest value is taken."
        why "A container that needs longer is killed."
        example "services:\n  worker: { image: worker, stop_grace_period: 10m }\n"
        fix "Make the program stop sooner, or use the target `ecs-ec2`, which has no such limit.";
    SUBNETS = Error "ecs/subnets" "too few subnets"
        what "Tasks and databases run in private subnets. A load balancer and a database each need two subnets in different zones."
        why "CloudFormation could not create the stack, or its tasks would need public addresses."
        example "services:\n  app: { image: app }\nx-tranship: { network: { vpc: vpc-0abc, public_subnets: [subnet-1] } }\n"
        fix "Name two private subnets, and two public ones if something is public.";
    TEMPLATE_QUOTA = Error "ecs/template-quota" "a template that exceeds a quota of CloudFormation"
        what "The template has more resources, parameters, outputs or bytes than CloudFormation allows. The line shown is where most of its resources come from."
        why "CloudFormation would refuse the template."
        example "an application with several hundred services"
        fix "Split the application into several, or leave services out with `x-tranship: { skip: [...] }`.";
    TMPFS_SIZE = Note "ecs/tmpfs-size" "a tmpfs without a size"
        what "ECS wants a size for every tmpfs, and Compose does not. It gets 64 MiB."
        why "A program that writes more gets an error."
        example "services:\n  app: { image: app, tmpfs: /run }\n"
        fix "Give it a size: `tmpfs: /run:size=128m`.";
    TOO_MANY_CONTAINERS = Error "ecs/too-many-containers" "more containers than a task may have"
        what "A task definition holds at most ten containers, including init containers and the helpers that Tranship adds."
        why "ECS would refuse the task definition."
        example "services:\n  app: { image: app }\n  s1: { image: s, network_mode: \"service:app\" }\n  s2: { image: s, network_mode: \"service:app\" }\n  s3: { image: s, network_mode: \"service:app\" }\n  s4: { image: s, network_mode: \"service:app\" }\n  s5: { image: s, network_mode: \"service:app\" }\n  s6: { image: s, network_mode: \"service:app\" }\n  s7: { image: s, network_mode: \"service:app\" }\n  s8: { image: s, network_mode: \"service:app\" }\n  s9: { image: s, network_mode: \"service:app\" }\n  s10: { image: s, network_mode: \"service:app\" }\n"
        fix "Move some of them to a task of their own.";
    TOO_MANY_PUBLIC_PORTS = Error "ecs/too-many-public-ports" "more public ports than a service may have"
        what "An ECS service has at most five target groups."
        why "ECS would refuse the service."
        example "services:\n  app: { image: app, ports: [\"80\"], x-tranship: { public: { path: \"/*\" } } }\n  s1: { image: s, network_mode: \"service:app\", expose: [\"9001\"], x-tranship: { public: { path: /s1 } } }\n  s2: { image: s, network_mode: \"service:app\", expose: [\"9002\"], x-tranship: { public: { path: /s2 } } }\n  s3: { image: s, network_mode: \"service:app\", expose: [\"9003\"], x-tranship: { public: { path: /s3 } } }\n  s4: { image: s, network_mode: \"service:app\", expose: [\"9004\"], x-tranship: { public: { path: /s4 } } }\n  s5: { image: s, network_mode: \"service:app\", expose: [\"9005\"], x-tranship: { public: { path: /s5 } } }\n"
        fix "Make fewer of them public, or put a proxy in front of them.";
}
