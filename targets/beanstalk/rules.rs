//! `beanstalk/…`: what Elastic Beanstalk does not support or does differently.

use tranship_frontend::rules;

rules! {
    LATE_BOUND_VALUE = Error "beanstalk/late-bound-value" "late-bound variable without a value at build time"
        what "An Elastic Beanstalk bundle has no parameters, so late-bound variables are fixed when the bundle is built. This one has no value at that point."
        why "The container would start with an empty string in its place."
        example "services:\n  app:\n    image: nginx:${APP_VERSION}\nx-tranship:\n  late_bound: [APP_VERSION]\n"
        fix "Set a value in `.env`, in the environment or with `--set NAME=VALUE`, or give it a default in the manifest (`${APP_VERSION:-latest}`).";
    UNKNOWN_VALUE = Error "beanstalk/unknown-value" "value not known at build time"
        what "The value depends on something that only AWS knows, but the bundle needs it as plain text here."
        why "A bundle consists of plain files. Nothing replaces placeholders in them."
        example "services:\n  app:\n    image: app\n    healthcheck: { test: [CMD, pg_isready, -h, db] }\n  db:\n    image: postgres:17\n    x-tranship: { database: { engine: postgres } }\nx-tranship: { target: beanstalk, platform: ecs }\n"
        fix "Write the value out, or read it from an environment variable, which is filled in on the instance. If only the region is missing, set `region`.";
    SECRET_CLASH = Error "beanstalk/secret-clash" "one variable name for two values"
        what "On the ECS platform a secret, and a value that is only known at deployment, is a property of the environment, named after the variable that receives it. All containers get all properties. Two services use the same name for different values."
        why "One of the two containers would receive the wrong value."
        example "services:\n  a:\n    image: nginx\n    environment: { TOKEN: first }\n  b:\n    image: nginx\n    environment: { TOKEN: second }\nx-tranship: { target: beanstalk, platform: ecs }\n"
        fix "Rename the variable in one of the services, give both the same secret, or write `platform: docker`, which keeps them apart.";
    SECRET_FILE = Error "beanstalk/secret-file" "secret mounted as a file"
        what "The service mounts a secret as a file. Elastic Beanstalk passes secrets to containers as environment variables only."
        why "A file in the bundle would expose the secret."
        example "services:\n  app:\n    image: nginx\n    secrets: [key]\nsecrets:\n  key: { file: ./key.txt }\nx-tranship: { target: beanstalk, platform: ecs }\n"
        fix "Let the application read the secret from an environment variable, or deploy to an ECS target.";
    CREDENTIAL_FILE = Error "beanstalk/credential-file" "credentials in the bundle"
        what "A container mounts a file or a folder of the project that contains credentials: a private key, an environment file, a registry login, a token, or the value of a secret of the manifest. Tranship checks names and contents."
        why "The bundle is stored in S3 and unpacked on every instance. Anyone who can read either of them would have the credentials."
        example "services:\n  app:\n    image: nginx\n    volumes: [\"./.env:/app/.env\"]\n"
        fix "Pass the value as a secret variable: name it in `environment`, and set its value at deployment with `--secret NAME=@FILE`. Keep the file out of a mounted folder with a line in `.ebignore`.";
    LEFT_OUT = Note "beanstalk/left-out" "parts of a mounted folder left out of the bundle"
        what "A container mounts a folder of the project. The bundle leaves out the Compose files, env files and secrets that the compile reads, `.env` files, `.git`, `node_modules`, and everything that `.ebignore` lists (without it, `.gitignore` and `.dockerignore`)."
        why "The bundle should contain the program and nothing private."
        example "services:\n  app:\n    image: nginx\n    volumes: [\".:/app\"]\n"
        fix "Nothing, if the program does not need them. A file that is mounted by name is always included, unless it is a credential.";
    SHARED_NAMESPACE = Error "beanstalk/network-mode" "unsupported network mode"
        what "Containers on the ECS platform of Elastic Beanstalk use Docker's bridge network. The service asks for the host's network, another container's network, or none."
        why "Ports and host names would behave differently than they do locally."
        example "services:\n  app:\n    image: nginx\n    network_mode: host\nx-tranship: { target: beanstalk, platform: ecs }\n"
        fix "Remove `network_mode` and publish the ports, or choose an ECS target.";
    SCHEDULED_JOB = Error "beanstalk/scheduled-job" "scheduled job in a web environment"
        what "The job has a schedule. An Elastic Beanstalk web environment has no scheduler that runs a job once for the whole environment."
        why "A cron entry would run the job once on every instance."
        example "services:\n  report:\n    image: report\n    x-tranship: { job: { schedule: rate(1 day) } }\n"
        fix "Leave the job out of this environment (`skip`), or choose an ECS target.";
    JOB_NEEDS_SERVICE = Error "beanstalk/job-needs-service" "job that connects to another container"
        what "The job runs before the containers of the new version start, but it connects to one of them."
        why "The container would not be running yet."
        example "services:\n  cache: { image: redis }\n  migrate:\n    image: app\n    environment: { CACHE: \"redis://cache:6379\" }\n    x-tranship: { job: before-deploy }\nx-tranship: { target: beanstalk, platform: ecs }\n"
        fix "Remove the dependency from the job, or choose an ECS target.";
    JOB_BESIDE = Warning "beanstalk/job-beside" "service that exits runs on every instance"
        what "A service exits on its own, no service waits for it, and it connects to another container. A job runs before the containers start, so it could not reach that container. It runs next to the other containers instead."
        why "It runs on every instance, and again whenever the containers start: after a deployment, a restart, or when an instance is added."
        example "services:\n  web:\n    image: acme/web\n    ports: [\"80:80\"]\n  cache: { image: redis }\n  warm:\n    image: acme/web\n    command: ./warm-cache\n    restart: \"no\"\n    environment: { CACHE: \"redis://cache:6379\" }\n"
        fix "Make it safe to run several times, or choose the target `fargate` or `ecs-ec2`, where it runs once per deployment.";
    UNLINKED_SERVICE = Warning "beanstalk/unlinked-service" "service that no other container finds"
        what "Under Docker Compose every service finds every other one by its name. On the ECS platform a container finds those that it has a link to, and Tranship makes links of what the manifest says: `depends_on`, `links` and names in values. Nothing leads to this service."
        why "A container whose image knows the name cannot connect."
        example "services:\n  web: { image: acme/web, ports: [\"80:80\"] }\n  store: { image: \"redis:7\" }\nx-tranship: { target: beanstalk, platform: ecs }\n"
        fix "Write `depends_on: [store]` in the service whose image knows the name, or `platform: docker`, where every name works. If nobody connects to the service, accept: `accept: [beanstalk/unlinked-service]`.";
    SUBNETS = Error "beanstalk/subnets" "missing subnets"
        what "The network has too few subnets: a load balancer needs two public ones in different availability zones, an instance without a load balancer needs a public one to be reached, and other instances need any."
        why "Elastic Beanstalk could not create the environment, or nobody could reach it."
        example "services:\n  web: { image: nginx, ports: [\"80:80\"] }\nx-tranship: { target: beanstalk, network: { vpc: vpc-0abc1234, private_subnets: [subnet-0aaa1111, subnet-0bbb2222] } }\n"
        fix "Add `public_subnets` to `network`.";
    STOPS_OTHERS = Warning "beanstalk/stops-others" "container whose end restarts the others"
        what "Docker Compose starts a container with a restart policy again by itself. Amazon ECS has no such policy for the containers of an instance: when this one ends, it stops all of them and starts them again."
        why "A crash of this container interrupts the site."
        example "services:\n  web: { image: nginx, ports: [\"80:80\"] }\n  worker: { image: acme/worker, restart: always }\nx-tranship: { target: beanstalk, platform: ecs }\n"
        fix "Write `platform: docker`, where each container starts again by itself, or `x-tranship: { essential: false }` on the service: the others then keep running, and this one stays stopped. Or accept: `accept: [beanstalk/stops-others]`.";
    LINK_CYCLE = Error "beanstalk/link-cycle" "circular links between containers"
        what "Containers find each other through Docker links, and the target of a link starts first. These links form a cycle."
        why "The task could never start."
        example "services:\n  a:\n    image: nginx\n    environment: { B: \"http://b:80\" }\n    expose: [80]\n  b:\n    image: nginx\n    environment: { A: \"http://a:80\" }\n    expose: [80]\nx-tranship: { target: beanstalk, platform: ecs }\n"
        fix "Send one direction through the load balancer or a queue, or choose an ECS target.";
    SEVERAL_DATABASES = Error "beanstalk/several-databases" "more than one coupled database"
        what "With `coupled: true` a database belongs to its Elastic Beanstalk environment, which supports a single one."
        why "There is no place for the second one."
        example "services:\n  a: { image: mysql, x-tranship: { database: { engine: mysql, coupled: true } } }\n  b: { image: postgres, x-tranship: { database: { engine: postgres, coupled: true } } }\nx-tranship: { target: beanstalk, platform: docker }\n"
        fix "Remove `coupled` from one of them: it becomes an RDS instance of its own.";
    COUPLED_DATABASE = Error "beanstalk/coupled-database" "coupled database that is not supported"
        what "With `coupled: true` a database belongs to its Elastic Beanstalk environment. AWS advises against that for production, and on the ECS platform containers could not get its password under the names that they read."
        why "The database would go with the environment, or the containers could not log in."
        example "services:\n  web: { image: nginx, ports: [\"80:80\"] }\n  db: { image: mysql, x-tranship: { database: { engine: mysql, coupled: true } } }\nx-tranship: { target: beanstalk, platform: docker, posture: prod }\n"
        fix "Remove `coupled`.";
    LATE_VALUE = Error "beanstalk/late-value" "value that comes too late for the ECS platform"
        what "The value is only known at deployment: the address of a database, a password, a secret. Elastic Beanstalk registers the containers of the ECS platform from the bundle and the properties of the environment, before anything runs on an instance. A variable takes such a value from a property; a word of a command cannot, nor can a value that includes a parameter of Parameter Store."
        why "The container would start without the value."
        example "services:\n  web:\n    image: acme/web\n    ports: [\"80:80\"]\n    command: [serve, --database, \"db:5432\"]\n    environment: { DB_HOST: db }\n  db:\n    image: postgres:17\n    x-tranship: { database: { engine: postgres } }\nx-tranship: { target: beanstalk, platform: ecs }\n"
        fix "Let the program read the value from an environment variable, or write `platform: docker`, where Docker Compose puts it in.";
    INIT_ORDER = Warning "beanstalk/init-order" "service that starts without waiting for a job"
        what "With `init`, a job that has the image of a service runs in the container of that service, before its own command. Another service waits for the job, but the containers of a task start side by side."
        why "It may start before the job has ended, for example before a migration."
        example "services:\n  app:\n    image: acme/app:1.4\n    ports: [\"80:8000\"]\n    depends_on: { migrate: { condition: service_completed_successfully } }\n  work:\n    image: acme/app:1.4\n    command: work\n    depends_on: { migrate: { condition: service_completed_successfully } }\n  migrate:\n    image: acme/app:1.4\n    command: migrate\nx-tranship: { target: beanstalk, platform: ecs, init: /init }\n"
        fix "Let it wait for the service that runs the job, with `condition: service_healthy`, or remove `init`: the job then runs before all containers.";
    INIT_MOUNT = Error "beanstalk/init-mount" "volume at the path of `init`"
        what "A service mounts a volume at the path that `init` names, or below it."
        why "One of the two would hide the other."
        example "services:\n  app:\n    image: acme/app:1.4\n    ports: [\"80:8000\"]\n    volumes: [\"state:/init/state\"]\n    environment: { API_TOKEN: not-for-everyone-77 }\nvolumes: { state: }\nx-tranship: { target: beanstalk, platform: ecs, init: /init }\n"
        fix "Choose another path for `init`.";
    PLACEHOLDER = Note "beanstalk/placeholder" "value that the deployment fills in"
        what "`Dockerrun.aws.json` needs the number of the account, for the ARN of the role that reads the secrets, and the region, for the logs of the containers. Where the manifest does not name them, the bundle has a placeholder."
        why "A bundle that is uploaded without `tranship deploy` would not start."
        example "services:\n  web:\n    image: nginx\n    ports: [\"80:80\"]\n    environment: { API_TOKEN: not-for-everyone-77 }\nx-tranship: { target: beanstalk, platform: ecs }\n"
        fix "Nothing for `tranship deploy`, which takes both from the credentials and the profile. Otherwise set `account` and `region`, and create the stack of `execution-role.yaml` before the environment.";
    PORT_CLASH = Error "beanstalk/port-clash" "duplicate instance port"
        what "Every public endpoint takes a port of the instance. Two containers in the network of their instance (`network_mode: host`) use the same port, or one uses a port reserved by the instance (22, and on the ECS platform 2375, 2376, 51678-51680). Of other containers Tranship chooses a free port."
        why "The container could not bind the port."
        example "services:\n  a: { image: nginx, network_mode: host, x-tranship: { public: { container_port: 80 } } }\n  b: { image: nginx, network_mode: host, x-tranship: { public: { container_port: 80, path: /b } } }\nx-tranship: { target: beanstalk, platform: docker }\n"
        fix "Let them listen on different ports.";
    OUTSIDE_PATH = Error "beanstalk/outside-path" "bind mount outside the project"
        what "The service mounts a local path that is outside the project directory or does not exist."
        why "The bundle contains project files only. On the instance, the path would be empty."
        example "services:\n  app:\n    image: nginx\n    volumes: [\"../shared:/shared\"]\nx-tranship: { target: beanstalk, platform: ecs }\n"
        fix "Move the files into the project directory, or use a named volume.";
    INSTANCE_VOLUME = Warning "beanstalk/instance-volume" "volume lost with its instance"
        what "The named volume is a directory on the instance. Each instance has its own, and the data is lost when the instance is replaced."
        why "Data in this volume is neither shared nor durable."
        example "services:\n  app:\n    image: nginx\n    volumes: [\"uploads:/uploads\"]\nvolumes:\n  uploads:\n"
        fix "Keep the data in a database or in S3, or choose an ECS target, where the volume becomes EFS. If the data can be recreated, accept the diagnostic.";
    STATEFUL_COPIES = Error "beanstalk/stateful-copies" "data store on several instances"
        what "A container is a data store with a volume, and the environment may have more than one instance. Each instance runs every container, with volumes of its own."
        why "A request finds other data, or none, when the load balancer leads it to another instance."
        example "services:\n  web:\n    image: acme/web\n    ports: [\"80:80\"]\n  db:\n    image: postgres:17\n    volumes: [\"data:/var/lib/postgresql/data\"]\nvolumes:\n  data:\nx-tranship: { target: beanstalk, instances: 2 }\n"
        fix "Set `instances: 1`, replace the container with a managed database, or accept it with `accept: [beanstalk/stateful-copies]`.";
    COPIES = Warning "beanstalk/copies-per-instance" "replicas scale every service"
        what "Every instance of the environment runs all containers once, so `replicas` becomes a number of instances."
        why "Every service in the manifest is scaled, not only this one."
        example "services:\n  app:\n    image: nginx\n    deploy: { replicas: 3 }\n"
        fix "Accept it, or choose an ECS target, which scales each service independently.";
    MEMORY = Error "beanstalk/memory-exceeds-instance" "not enough memory on the instance"
        what "Together, the containers reserve more memory than an instance of the chosen type has available."
        why "Amazon ECS could not place the task, and the environment would stay Red."
        example "services:\n  app:\n    image: nginx\n    mem_limit: 64g\nx-tranship: { target: beanstalk, instance_type: t3.small }\n"
        fix "Choose a larger `instance_type`, or reserve less memory.";
    CONTAINER_LIMIT = Error "beanstalk/too-many-containers" "more than ten containers"
        what "All containers of an instance belong to one ECS task, which is limited to ten containers."
        why "Amazon ECS rejects the task definition."
        example "a manifest of eleven services"
        fix "Skip some services in this environment, or choose an ECS target, where each service has its own task.";
    TASK_SIZE = Error "beanstalk/task-definition-size" "task definition too large"
        what "All containers of an instance belong to one task definition, which Amazon ECS limits to 64 KiB. Elastic Beanstalk adds the properties of the environment to each container."
        why "Amazon ECS rejects the task definition."
        example "a manifest with 64 KiB of variables"
        fix "Keep large values in files or in secrets, or write `platform: docker`.";
    PROPERTIES = Error "beanstalk/properties-too-large" "too many properties"
        what "Each secret is a property of the Elastic Beanstalk environment: a name, and the ARN of the secret. All names and values together are limited to 4,096 bytes."
        why "Elastic Beanstalk rejects the environment."
        example "a manifest with fifty secrets"
        fix "Put several values into one secret, or choose an ECS target.";
    PLATFORM_CHOSEN = Warning "beanstalk/platform-chosen" "Docker platform chosen"
        what "`platform` is not set. The ECS platform of Elastic Beanstalk does not support something that the manifest uses, so the environment gets the Docker platform, which runs Docker Compose itself."
        why "The platform of a running environment cannot change. A later edit of the manifest could choose the other one."
        example "services:\n  app:\n    image: nginx\n    ports: [\"80:80\"]\n    group_add: [staff]\n"
        fix "Pin the choice with `platform: docker` in `x-tranship`, or write `platform: ecs` and change the lines that it then rejects.";
    SSH_BUILD = Error "beanstalk/build-ssh" "build that needs an SSH agent"
        what "`build.ssh` forwards keys of your SSH agent into the build. The Elastic Beanstalk instances build the image, and do not have these keys."
        why "The build would fail on every instance."
        example "services:\n  app:\n    build: { context: ., ssh: [default] }\nx-tranship: { target: beanstalk, platform: docker }\n"
        fix "Build and push the image elsewhere, name it in `image` and remove `build`, or pass a token with `build.secrets`.";
    BUILD_FILES = Error "beanstalk/build-context" "build context that cannot be bundled"
        what "The instances build the image from files in the bundle. This context, or its Dockerfile, is outside the project directory or does not exist."
        why "The build would fail on every instance."
        example "services:\n  app:\n    build: ../other\nx-tranship: { target: beanstalk, platform: docker }\n"
        fix "Run Tranship with `--project-directory` set to a directory that contains the context, or name a pushed image.";
    NO_CERTIFICATE = Warning "beanstalk/no-certificate" "published port 443 without a certificate"
        what "A public service publishes port 443, and nothing gives a certificate. Port 80 serves it in clear. Where the container speaks TLS itself, the load balancer asks it by HTTPS."
        why "`https://` does not work, and passwords travel unencrypted between clients and the environment."
        example "services:\n  web:\n    image: nginx\n    ports: [\"80:80\", \"443:443\"]\nx-tranship: { target: beanstalk }\n"
        fix "Add a certificate of AWS Certificate Manager: `x-tranship: { https: { certificate: arn:aws:acm:... } }`.";
    READ_ONLY_SECRET = Error "beanstalk/read-only-secret" "secret file in a read-only container"
        what "Docker Compose copies a secret that does not come from a file into the container, and cannot do so where `read_only: true` is set."
        why "Docker Compose refuses to start the container."
        example "services:\n  app:\n    image: nginx\n    read_only: true\n    secrets: [key]\nsecrets:\n  key: { environment: KEY }\nx-tranship: { target: beanstalk, platform: docker }\n"
        fix "Remove `read_only`, or let the application read the secret from an environment variable.";
}
