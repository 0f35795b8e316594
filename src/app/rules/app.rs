//! `app/…`: ambiguous or impossible meaning of the manifest.

use tranship_frontend::rules;

rules! {
    LITERAL_SECRET = Warning "app/literal-secret" "literal secret in the manifest"
        points_at_secrets true
        what "A value in the manifest looks like a secret, judging by its variable name or its format."
        why "Many people can read templates, bundles and logs. Tranship never writes such a value to any of them: it becomes a secret, and you supply its value when you deploy."
        example "services:\n  app:\n    image: nginx\n    environment: { STRIPE_API_KEY: not-for-everyone }\n"
        fix "Supply the value at deployment (`--secret NAME=@FILE`). The password of a database replaced through `x-tranship.database` needs nothing: it is generated.";
    PASSWORD_IN_FILE = Warning "app/password-in-file" "password in a mounted file"
        what "A mounted file, a file in a mounted folder or a config has a line in the form of a password: `password = x`, `requirepass x`, `DB_PASSWORD=x`, `<password>x</password>`, `\"password\": \"x\"`, a login in an address. It goes into an image, a template or a bundle as it is."
        why "Whoever can pull the image or read the bundle can read the line."
        example "services:\n  app:\n    image: acme/app\n    volumes: [\"./app.ini:/etc/app.ini:ro\"]\n# app.ini: password = walnut7\n"
        fix "Declare the file under `secrets` and mount it with `secrets: [{ source: NAME, target: PATH }]`, or let the program read the value from a variable. If the line holds nothing private, accept the warning: `x-tranship: { accept: [app/password-in-file] }`.";
    SECRET_IN_COMMAND = Error "app/secret-in-command" "secret in a command"
        points_at_secrets true
        what "A command, an entrypoint or a health check contains a literal secret."
        why "Commands are part of the template, and anyone who can describe a task can read them. Only environment variables can take their value from a secret."
        example "services:\n  cache:\n    image: acme/cache\n    command: cache-server --password hunter2\n"
        fix "Put the secret in `environment` and let a shell read it: `sh -c 'exec redis-server --requirepass \"$$REDIS_PASSWORD\"'`.";
    SECRET_BY_SHELL = Note "app/secret-by-shell" "a shell passes a secret to a command"
        what "A command or a health check contains a secret. On AWS, a variable of the container holds it, and `sh -c` starts the image's own entry point with the variable in its place."
        why "Anyone who can describe a task can read its commands, and Amazon ECS does not replace variables in them."
        example "services:\n  cache:\n    image: redis:7\n    command: redis-server --requirepass ${REDIS_PASSWORD:-local}\n"
        fix "Nothing. To control how the program starts, write `entrypoint: [sh, -c, ...]`, with the variable as `\"$$NAME\"`.";
    SECRET_IN_PLAIN_TEXT = Error "app/secret-in-plain-text" "secret in a readable value"
        points_at_secrets true
        what "A label, a logging option, a tag, a setting or another value that artifacts contain in plain text includes a secret: the value of a secret variable, a value that is a secret elsewhere in the manifest, or text with the format of a secret."
        why "Anyone who can describe a task, a stack or a container can read these values, and AWS cannot take them from a secret."
        example "services:\n  app:\n    image: nginx\n    labels: { api-token: ghp_0123456789abcdef0123456789abcdef0123 }\n"
        fix "Remove the value, or pass it as a variable of `environment` or a file of `secrets`, and let the program read it there.";
    SECRET_IN_BUILD = Warning "app/secret-in-build" "secret in a build argument"
        points_at_secrets true
        what "A build argument, a label of the image or another value under `build` contains a secret. No artifact contains it."
        why "The history of the image contains build arguments: anyone who can pull the image can read them."
        example "services:\n  app:\n    image: registry.example.com/app\n    build: { context: ., args: { NPM_TOKEN: not-for-everyone } }\n"
        fix "Use `build.secrets`, and mount the secret in the Dockerfile: `RUN --mount=type=secret,id=NAME`.";
    IMAGE_REFERENCE = Error "app/image-reference" "invalid image reference"
        what "The service's image begins with `-`, contains invalid characters, or is incomplete, perhaps because a variable is not set."
        why "Docker would reject it, or treat it as a command-line option."
        example "services:\n  app:\n    image: \"--privileged\"\n"
        fix "Write the image as `REGISTRY/NAME:TAG`.";
    VOLUME_NAME = Error "app/volume-name" "invalid volume name"
        what "The name of a volume does not begin with a letter or a digit."
        why "Docker would reject it, and on an instance it would be a folder outside the folder for volumes."
        example "services:\n  app:\n    image: nginx\n    volumes: [{ type: volume, source: \"..\", target: /host }]\nvolumes: { \"..\": {} }\n"
        fix "Rename the volume: a letter or a digit, then letters, digits, `.`, `_` and `-`.";
    LATE_BOUND_STRUCTURE = Error "app/late-bound-structure" "late-bound variable in a structural value"
        what "The value decides what is emitted, such as a port or a number of replicas, but it contains a variable that is only known at deployment."
        why "A template parameter can replace text. It cannot change the shape of the template."
        example "services:\n  app:\n    image: nginx\n    ports: [\"${PORT}:80\"]\nx-tranship:\n  late_bound: [PORT]\n"
        fix "Remove the variable from `late_bound`. Its value is then fixed at compile time.";
    AMBIGUOUS_PUBLIC = Warning "app/ambiguous-public" "several published ports, none marked public"
        what "Several published ports could be public, and the manifest does not say which. One is public without a word if it is the only one that is known to be HTTP: by its image, `app_protocol`, the health check of its container or its number."
        why "Local files publish ports for laptops. On AWS, nothing becomes public by accident."
        example "services:\n  web:\n    image: nginx\n    ports: [\"80:80\"]\n  admin:\n    image: acme/admin\n    ports: [\"81:8000\"]\n"
        fix "Add the lines that the diagnostic shows to each service that should be reachable from the internet, and `x-tranship: { public: false }` to the others.";
    INSIDE_PORT = Warning "app/inside-port" "published port that stays internal"
        what "Another port is public, and this one could be, but nothing asks for it: the other one is the only one that is known to be HTTP, or it takes every request."
        why "Clients that connect to the port under Compose cannot connect to it on AWS."
        example "services:\n  web:\n    image: acme/web\n    ports: [\"3000:3000\", \"9090:9090\"]\n"
        fix "Add the lines that the diagnostic shows, or `x-tranship: { public: false }` to a service that should stay internal. For a port of the same service, name the public one: `x-tranship: { public: { container_port: 3000 } }`.";
    CONSOLE_INSIDE = Warning "app/console-inside" "administration console that stays internal"
        what "The port is that of an administration console, or of the Docker API. It is not public unless `public` asks for it."
        why "Whoever reaches such a tool controls what it administers, and few of them are safe to expose to the internet."
        example "services:\n  adminer:\n    image: adminer\n    ports: [\"8080:8080\"]\n"
        fix "Reach it from within the VPC: `x-tranship: { public: { internal: true } }`. Or make it public for networks that you trust: `x-tranship: { public: { port: 8080, allow: [203.0.113.0/24] } }`. To keep it internal without a warning, set `x-tranship: { public: false }`.";
    PUBLIC_RANGE = Error "app/public-range" "too many public ports in a range"
        what "A load balancer serves at most five ports of an ECS service: each port needs a target group of its own."
        why "ECS would reject the service."
        example "services:\n  media:\n    image: acme/media\n    ports: [\"40000-40010:40000-40010/udp\"]\n    x-tranship: { public: { protocol: udp, container_port: 40000-40010 } }\n"
        fix "Let the container use at most five ports. Many media servers can send everything over one UDP port.";
    PUBLIC_PORT = Error "app/public-port" "ambiguous port of a public service"
        what "The service is public, but it has several ports, or none that the manifest names."
        why "The load balancer needs exactly one port to send requests to."
        example "services:\n  app:\n    image: acme/app\n    x-tranship: { public: true }\n"
        fix "Name the port: `x-tranship: { public: { container_port: 8000 } }`. For several ports, write a list, each with a `port` of the load balancer.";
    FOREIGN_TOOL = Note "app/foreign-tool" "key or label of another tool"
        what "Another tool reads this key or label: an earlier deployment tool, or a proxy or scheduler that reads Docker labels. Tranship does not. It is a warning for keys that request something from AWS."
        why "The key has no effect on AWS."
        example "services:\n  web:\n    image: web\n    labels: { traefik.enable: \"true\" }\n"
        fix "Use the replacement that the diagnostic names and remove the key, or accept it: `accept: [app/foreign-tool]`.";
    PROVIDED_SERVICE = Warning "app/provided-service" "service of a Docker Compose plug-in"
        what "A plug-in of Docker Compose provides the service (`provider`), for example a language model on your machine. The plug-in starts no container and does not run on AWS, so the service is not part of the deployment. It is a note if no dependent service misses a variable."
        why "Compose sets variables of the plug-in, such as `CHAT_URL`, in the services that depend on it. On AWS these variables are missing."
        example "services:\n  app:\n    image: app\n    depends_on: [chat]\n  chat:\n    provider: { type: model, options: { model: ai/smollm2 } }\n"
        fix "Provide the same service elsewhere, for example with an Amazon Bedrock model, and set the variables of the dependent services in a Compose file of the environment (`files`).";
    REGISTRY_LOGIN = Error "app/registry-login" "registry login that the target does not read"
        what "`x-tranship.registries` names a secret with the login for the registry of an image. ECS reads it. Elastic Beanstalk reads a file in S3 instead, which contains the logins of all registries, and only for containers that keep running, not for jobs."
        why "Elastic Beanstalk could not pull the image."
        example "services:\n  app:\n    image: ghcr.io/acme/app:1\nx-tranship:\n  registries:\n    ghcr.io: { secret: acme/ghcr }\n# tranship check --target beanstalk\n"
        fix "Name the file: `x-tranship: { dockercfg: s3://BUCKET/KEY }`. A registry of Amazon ECR needs no login.";
    IMAGE_ACCOUNT = Note "app/image-account" "image in Amazon ECR of a specific account"
        what "The image names the Amazon ECR registry of an account. The services may pull this image, and nothing else, from that registry."
        why "If you deploy to a different account, its permissions are not enough: the repository must allow that account too."
        example "services:\n  app:\n    image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:1\n"
        fix "In the account of the repository, set a repository policy that allows `ecr:BatchGetImage`, `ecr:GetDownloadUrlForLayer` and `ecr:BatchCheckLayerAvailability` to the account that you deploy to.";
    UNSET_VARIABLE = Warning "app/unset-variable" "variable without a value"
        what "`environment` passes the variable on from the shell, where it is not set. No container gets it."
        why "A program that needs the variable fails, or runs with an unintended default."
        example "services:\n  app:\n    image: app\n    environment: [API_TOKEN]\n"
        fix "Set it in the shell or in `.env`, give it a value, or name it in `late_bound` to set it at deployment.";
    UNREACHABLE_PORT = Warning "app/unreachable-port" "published port unreachable from outside"
        what "The port is published to every address, and uses UDP or a protocol other than HTTP. The load balancer of the application serves HTTP, so only the application's own services can reach the port."
        why "Clients that connect to the port under Compose cannot connect to it on AWS."
        example "services:\n  dns:\n    image: coredns/coredns\n    ports: [\"53:53/udp\"]\n"
        fix "On `fargate` and `ecs-ec2`, ask for a Network Load Balancer with the lines that the diagnostic shows: `x-tranship: { public: { protocol: udp, container_port: 53 } }`. If only services of the application use the port, list it under `expose`, or set `public: false`.";
    PUBLIC_BY_DEFAULT = Note "app/public-by-default" "published port becomes public"
        what "One published port is public without a word: the only one that does not belong to a data store, a debugger or an administration console and is not bound to a loopback or private address, or of several the only one that is known to be HTTP. It becomes the load balancer's catch-all."
        why "The manifest publishes it, so on AWS it is reachable from the internet."
        example "services:\n  web:\n    image: nginx\n    ports: [\"8080:80\"]\n"
        fix "If that is intended, nothing. Otherwise set `x-tranship: { public: false }` on the service.";
    ASSUMED_HTTP = Warning "app/assumed-http" "public port with an unknown protocol"
        what "The only published port becomes public, and nothing says that it speaks HTTP: not its image, not `app_protocol`, not the health check of its container, not its number. The load balancer serves it over HTTP, on port 80 or 443."
        why "A program with a protocol of its own is not reachable, and fails the health checks of the load balancer."
        example "services:\n  switch:\n    image: acme/switch\n    ports: [\"9050:9050\"]\n"
        fix "For HTTP, write `app_protocol: http` in the long form of the port, or `x-tranship: { public: true }`. For anything else, write `x-tranship: { public: { protocol: tcp, port: 9050 } }`, on `fargate` and `ecs-ec2`.";
    LOCAL_IMAGE = Warning "app/local-image" "image that only your machine has"
        what "The image is in a registry on your machine (`localhost:5000`, or a name that only its network knows), or `pull_policy: never` says that it is not pulled. Nothing builds it."
        why "AWS cannot pull the image, so the container does not start."
        example "services:\n  web: { image: \"localhost:5000/web:1\", ports: [\"80:80\"] }\n"
        fix "Push the image to a registry that AWS reaches, such as Amazon ECR, and name it there. Or add `build`: `tranship publish` then builds and pushes it.";
    MEMORY_LIMIT = Warning "app/memory-limit" "memory limit that ends its container"
        what "The limit is below 16 MiB, or below the heap that a variable or the command of the service configures. A number without a unit is in bytes."
        why "The kernel kills a container that reaches its limit."
        example "services:\n  web: { image: web, mem_limit: 7984000 }\n"
        fix "Raise the limit, with a unit: `mem_limit: 512m`. If the program needs as little as that, accept: `accept: [app/memory-limit]`.";
    USUAL_SIZE = Note "app/usual-size" "size of a service that needs more than the minimum"
        what "A database, a search engine, a message broker or a Java program has no size in the manifest, or a variable or a command sets a heap. Its task gets half a vCPU and the memory that it is known to need, at least 1 GiB."
        why "Under Docker Compose, a container may use the whole machine. The smallest task has a quarter of a vCPU and 512 MiB, and a process that needs more memory is killed."
        example "services:\n  search:\n    image: elasticsearch:8.15.0\n"
        fix "Set the size: `deploy: { resources: { limits: { cpus: \"1\", memory: 2g } } }`.";
    UNKNOWN_PORT = Warning "app/unknown-port" "connection to an unknown port"
        what "A service depends on another or names it, but no value, image, `expose`, variable such as `PORT`, command line or health check shows which port it listens on."
        why "Security groups open known ports only, so the connection times out. If the service only waits for the other one and never connects to it, ignore this."
        example "services:\n  web:\n    image: acme/web\n    depends_on: [orders]\n  orders:\n    image: acme/orders\n"
        fix "Add `expose` to the service that receives the connections.";
    MACHINE_HOST = Warning "app/machine-host" "name of the machine that Docker runs on"
        what "A value or a command contains `host.docker.internal` or another name of the machine that runs Docker. On AWS, no container has that name for anything of yours."
        why "What runs on your laptop beside Docker does not run on AWS. The connection fails."
        example "services:\n  web:\n    image: acme/web\n    environment: { API_URL: \"http://host.docker.internal:3000\" }\n"
        fix "Set the value for the environment in a Compose file of its own: `x-tranship: { environments: { prod: { target: fargate, files: [compose.prod.yaml] } } }`.";
    INFERRED_JOB = Note "app/inferred-job" "service that exits runs as a job"
        what "A service exits on its own: its `restart` is explicitly `no`, its `deploy.mode` is a job mode, or its command is known to exit, such as a migration. No service waits for it to complete. It is a warning if only the restart policy says that it exits."
        why "AWS restarts a service whenever it exits. So this one runs as a job, once per deployment, and delays nothing else. If it fails, the deployment fails."
        example "services:\n  web:\n    image: acme/web\n  seed:\n    image: acme/web\n    command: ./load-examples\n    restart: \"no\"\n"
        fix "If other services must wait for it, use `depends_on` with `service_completed_successfully`, or write `x-tranship: { job: before-deploy }`. If it keeps running, write `restart: always`.";
    UNCERTAIN_END = Warning "app/uncertain-end" "service that may exit"
        what "The restart policy or the name of a service says that it may exit, but its command is not known to exit; or its command exits, and its restart policy restarts it. No service reaches it by name or port."
        why "It runs as a service, which AWS restarts whenever it exits. A deployment is rolled back if its services keep exiting."
        example "services:\n  web:\n    image: acme/web\n  import:\n    image: acme/import\n    restart: on-failure\n"
        fix "If it exits, write `x-tranship: { job: before-deploy }`, `manual` or a schedule. If it keeps running, write `restart: always`.";
    SKIPPED_HOST = Warning "app/skipped-host" "host name of a service that is not deployed"
        what "A value uses a service as a host name, but that service is not deployed: `skip` excludes it, or its profile is not active."
        why "The name will not resolve."
        example "services:\n  app:\n    image: nginx\n    environment: { MAIL_HOST: mail }\n  mail: { image: mailpit }\nx-tranship:\n  skip: [mail]\n"
        fix "Override the value in a Compose file of the environment (`files`), or deploy the service: remove it from `skip`, or activate its profile with `--profile`.";
    DATABASE_ENGINE = Error "app/database-engine" "managed database without an engine"
        what "`x-tranship.database` replaces the service, but neither `engine` nor the service's image names the engine."
        why "Tranship would have to guess which database the application talks to."
        example "services:\n  db:\n    image: acme/db\n    x-tranship: { database: { storage: 20 } }\n"
        fix "Add `engine: mysql`, `mariadb` or `postgres`.";
    DATABASE_USER = Error "app/database-user" "existing database without a user"
        what "`x-tranship.database.existing` names a database that exists, and neither `username` nor a variable of the service says who uses it."
        why "A database that Tranship creates has a usual user. One that exists has the users that somebody gave it."
        example "services:\n  db:\n    image: postgres:17\n    x-tranship:\n      database:\n        existing: { host: shop.c1a2b3.eu-west-1.rds.amazonaws.com, secret: prod/shop }\n"
        fix "Add `username` under `x-tranship.database`, or the variable of the image, such as `POSTGRES_USER`.";
    DATABASE_LOSES = Warning "app/database-loses" "setting lost with the database container"
        what "The service has a command or initialization scripts, but a managed database replaces its container."
        why "Whatever they set up locally is missing on AWS."
        example "services:\n  db:\n    image: mysql:8.4\n    command: --max-connections=500\n    x-tranship: { database: true }\n"
        fix "Run scripts as a job (`x-tranship: { job: before-deploy }`). Drop the rest, or accept the loss: `accept: [app/database-loses]`.";
    NEGATIVE_DURATION = Error "app/negative-duration" "negative duration"
        what "Docker Compose accepts a negative duration. AWS does not support one."
        why "Dropping it would fall back to the target's default, which is not what the manifest says."
        example "services:\n  app:\n    image: nginx\n    stop_grace_period: -5s\n"
        fix "Write a duration of zero or more, such as `10s`.";
    OUT_OF_RANGE = Error "app/out-of-range" "value out of range"
        what "Docker Compose accepts the value, but no container can use it: a negative size, or a port above 65535."
        why "Dropping it would deploy something other than the manifest says."
        example "services:\n  app:\n    image: nginx\n    mem_limit: -1\n"
        fix "Write a value within the range, or leave the key out.";
    TASK_CYCLE = Error "app/task-cycle" "services share a task in a cycle"
        what "Each service runs in the task of the next one, through `task`, through `network_mode: service:` or as an init container, and the last one runs in the task of the first."
        why "A task is named after the service that leads it. In a cycle no service leads, so none of them would be deployed."
        example "services:\n  app:\n    image: nginx\n    x-tranship: { task: proxy }\n  proxy:\n    image: nginx\n    x-tranship: { task: app }\n"
        fix "Remove the setting from the service that should lead the task.";
    NOTHING_TO_DEPLOY = Error "app/nothing-to-deploy" "no service to deploy"
        what "The manifest has no services, or all of them are skipped or belong to inactive profiles."
        why "The result would be a stack that runs nothing."
        example "services:\n  app:\n    image: nginx\nx-tranship:\n  skip: [app]\n"
        fix "Add a service, remove one from `skip`, or activate its profile with `--profile`.";
    CONTAINER_PATH = Error "app/container-path" "invalid path in a container"
        what "The path at which something is mounted, or `working_dir`, does not start with `/`, or a mount would hide the root. A volume whose name has one letter is read as a drive of Windows: `v:/data` is a path, not a volume."
        why "Docker refuses to create the container."
        example "services:\n  web:\n    image: nginx\n    volumes: [\"data\"]\n"
        fix "Write the path from the root: `data:/data`.";
    MISSING_FILE = Error "app/missing-file" "missing mounted file"
        what "A bind mount names a file of the project that is not there, or `create_host_path: false` prevents that its source is created."
        why "Docker would mount an empty folder instead of the file, and the program would fail."
        example "services:\n  web:\n    image: nginx\n    volumes: [\"./missing.conf:/etc/nginx/nginx.conf:ro\"]\n"
        fix "Create the file, or correct the path. For data that the program creates, mount a folder or a named volume.";
    TIME_ZONE_FILE = Note "app/time-zone-file" "time zone of the local machine not mounted"
        what "The service mounts `/etc/localtime`, `/etc/timezone` or a file of the time zone database, to use the time zone of its host. Containers on AWS run in UTC, so there is nothing to mount."
        why "Programs that show local time show UTC."
        example "services:\n  web:\n    image: nginx\n    ports: [\"80:80\"]\n    volumes: [\"/etc/localtime:/etc/localtime:ro\"]\n"
        fix "Set the zone with `environment: { TZ: Europe/Berlin }`, which most programs and images support.";
    MACHINE_CERTIFICATES = Warning "app/machine-certificates" "certificates of the local machine not mounted"
        what "The service mounts `/etc/ssl/certs` or another folder of the authorities that its host trusts. On AWS there is no such folder to mount: an empty one would hide what the image has, so the image keeps its own."
        why "An image without certificates cannot connect by TLS, and an authority of your own is not trusted."
        example "services:\n  web:\n    image: nginx\n    ports: [\"80:80\"]\n    volumes: [\"/etc/ssl/certs:/etc/ssl/certs:ro\"]\n"
        fix "Install the certificates in the image (`ca-certificates`). For an authority of your own, mount its certificate from the project.";
    IMAGE_PLATFORM = Error "app/image-platform" "image for a different platform"
        what "According to `tranship.lock`, the image is not available for the platform of its task."
        why "The container could not start: `exec format error`."
        example "# tranship.lock says that acme/app:1 is made for linux/arm64 only\nservices:\n  app: { image: acme/app:1, platform: linux/amd64 }\n"
        fix "Set `platform` to one that the image supports, or use a different image. If the image has changed, run `tranship lock`.";
    FLOATING_IMAGE = Note "app/floating-image" "image that may change"
        what "The tag of the image names whatever was pushed last, and `tranship.lock` does not contain its digest."
        why "Two deployments of the same manifest can run different software."
        example "services:\n  app: { image: redis }\n"
        fix "Run `tranship lock` and commit the file, or name a version. `tranship deploy` looks up the digest of such an image when it deploys.";
    UNKEPT_DATA = Warning "app/unkept-data" "data that a deployment loses"
        what "A data store keeps its data in its container, in an anonymous volume, or in a volume that lives as long as a task. Docker Compose keeps such data while it recreates the container. On AWS each task starts without it."
        why "The data is gone after the next deployment, or when AWS replaces a task or an instance."
        example "services:\n  db:\n    image: mysql:8.4\n    volumes: [/var/lib/mysql]\n"
        fix "Mount a named volume where the data is. For a copy that may go, say so: `tmpfs`, or `x-tranship: { scope: task }` in the volume.";
    DATABASE_CONTAINER = Note "app/database-container" "database in a container"
        what "A MySQL, MariaDB or PostgreSQL database runs in a container, which Amazon RDS could run as a managed database. With `posture: prod` this is a warning."
        why "In a container, nobody makes backups, no standby takes over, and each deployment stops the database. A file system on a network is slower than the disk of a database."
        example "services:\n  db:\n    image: postgres:17\n    volumes: [\"data:/var/lib/postgresql/data\"]\nvolumes: { data: }\n"
        fix "Add `x-tranship: { database: true }` to the service. `database: false` keeps the container and hides the message.";
    FOREIGN_VOLUME = Error "app/foreign-volume" "volume that does not exist on AWS"
        what "A volume is `external`, or asks for a volume driver or for options of one. Tranship understands file systems of Amazon EFS: by their id (`name: fs-...`, `x-tranship.file_system`), or as the server of an NFS mount in `driver_opts`."
        why "A new, empty volume in its place would start the application without its data."
        example "services:\n  app:\n    image: app\n    volumes: [\"data:/data\"]\nvolumes:\n  data: { external: true, name: old-data }\n# tranship check --target fargate\n"
        fix "Name the file system. For a new volume, remove the key in a Compose file of the environment (`files`).";
    AWS_KEYS = Warning "app/aws-keys" "keys of AWS in the environment"
        what "A container has `AWS_ACCESS_KEY_ID` and the like in its environment. On AWS a container has the rights of a role, and the SDKs of AWS ask for them only if the environment has no keys."
        why "Keys expire or leak, and local stand-ins (`test`, `minioadmin`) make every call to AWS fail."
        example "services:\n  app:\n    image: acme/app:1.4\n    environment: { AWS_ACCESS_KEY_ID: test, AWS_SECRET_ACCESS_KEY: test }\n"
        fix "Leave the variables out on AWS, in a Compose file of the environment (`files`), and list what the application may do in `x-tranship.permissions`. If they are for another store with the interface of S3, add `app/aws-keys` to `accept`.";
    DATABASE_TLS = Warning "app/database-tls" "TLS switched off for a database that requires it"
        what "A connection string or a variable switches TLS off (`sslmode=disable`), and a managed database replaces the container. Amazon RDS refuses connections without TLS to PostgreSQL from version 15 on, and to MariaDB from 11.8 on."
        why "The database answers in the container and refuses the connection on AWS."
        example "services:\n  app:\n    image: acme/app\n    environment: { DATABASE_URL: \"postgres://shop:secret@db:5432/shop?sslmode=disable\" }\n  db:\n    image: postgres:17\n    environment: { POSTGRES_USER: shop, POSTGRES_PASSWORD: secret, POSTGRES_DB: shop }\n    x-tranship: { database: true }\n"
        fix "Leave the option out: most drivers use TLS where the server offers it. Or keep it in the local file, and set `sslmode=require` in a Compose file of the environment (`files`).";
}
