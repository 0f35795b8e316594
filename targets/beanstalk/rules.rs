//! `beanstalk/…`: what Elastic Beanstalk does not have or does otherwise.

use tranship_frontend::rules;

rules! {
    LATE_BOUND_VALUE = Error "beanstalk/late-bound-value" "a late-bound variable without a value at build time"
        what "The bundle of an Elastic Beanstalk environment has no parameters, so a late-bound variable is fixed when it is built. This one has no value then."
        why "The container would start with an empty text in its place."
        example "services:\n  app:\n    image: nginx:${APP_VERSION}\nx-tranship:\n  late_bound: [APP_VERSION]\n"
        fix "Give it a value: in `.env`, in the environment, with `--set NAME=VALUE`, or a default in the manifest (`${APP_VERSION:-latest}`).";
    UNKNOWN_VALUE = Error "beanstalk/unknown-value" "a value that is not known when the bundle is built"
        what "The value depends on something that only AWS knows, and stands where the bundle needs it as text."
        why "A bundle is plain files: nothing replaces a placeholder in them."
        example "services:\n  app:\n    image: app\n    healthcheck: { test: [CMD, pg_isready, -h, db] }\n  db:\n    image: postgres:17\n    x-tranship: { database: { engine: postgres } }\n"
        fix "Write the value out, or take it from a variable of the environment, which the instance completes. Name the region in the settings where it is the region that is missing.";
    SECRET_CLASH = Error "beanstalk/secret-clash" "two different secrets under one variable name"
        what "Secrets of an Elastic Beanstalk environment are named by the variable that takes them, for all its containers. Two services use one name for two secrets."
        why "One of the two containers would get the other one's secret."
        example "services:\n  a:\n    image: nginx\n    environment: { TOKEN: first }\n  b:\n    image: nginx\n    environment: { TOKEN: second }\n"
        fix "Rename the variable in one of the services, or give both the same secret.";
    SECRET_FILE = Error "beanstalk/secret-file" "a secret as a file"
        what "The service mounts a secret as a file. Elastic Beanstalk hands secrets to containers as variables only."
        why "A file in the bundle would publish the secret."
        example "services:\n  app:\n    image: nginx\n    secrets: [key]\nsecrets:\n  key: { file: ./key.txt }\n"
        fix "Let the application read the secret from a variable, or deploy it to an ECS target.";
    BUILD_ONLY = Error "beanstalk/build-without-image" "a service to build that names no image"
        what "The service has `build` and no `image`. The ECS platform of Elastic Beanstalk pulls images and cannot build them."
        why "Nothing says where the image would be pulled from."
        example "services:\n  app:\n    build: .\n"
        fix "Push the image to a registry and name it in `image`, beside `build`.";
    SHARED_NAMESPACE = Error "beanstalk/network-mode" "a network mode that the ECS platform does not have"
        what "Containers on the ECS platform of Elastic Beanstalk are in Docker's bridge network. The service asks for another: the host's, none, or another container's."
        why "Ports and names would work otherwise than they do locally."
        example "services:\n  app:\n    image: nginx\n    network_mode: host\n"
        fix "Remove `network_mode` and publish the ports, or choose an ECS target.";
    SCHEDULED_JOB = Error "beanstalk/scheduled-job" "a scheduled job in a web environment"
        what "The job has a schedule. A web environment of Elastic Beanstalk has no scheduler that runs once whatever the number of instances."
        why "A cron entry on the instances would run the job once on each."
        example "services:\n  report:\n    image: report\n    x-tranship: { job: { schedule: rate(1 day) } }\n"
        fix "Leave the job out of this environment (`skip`), or choose an ECS target.";
    JOB_NEEDS_SERVICE = Error "beanstalk/job-needs-service" "a job that talks to another container"
        what "The job runs before the containers of the new version start, by itself. It talks to one of them."
        why "It would not find it."
        example "services:\n  cache: { image: redis }\n  migrate:\n    image: app\n    environment: { CACHE: \"redis://cache:6379\" }\n    x-tranship: { job: before-deploy }\n"
        fix "Let the job work without it, or choose an ECS target.";
    LINK_CYCLE = Error "beanstalk/link-cycle" "containers that need each other's names in a circle"
        what "Containers find each other by Docker links, and a link's target starts first. These form a circle."
        why "The task could never start."
        example "services:\n  a:\n    image: nginx\n    environment: { B: \"http://b:80\" }\n    expose: [80]\n  b:\n    image: nginx\n    environment: { A: \"http://a:80\" }\n    expose: [80]\n"
        fix "Let one direction go through the load balancer or a queue, or choose an ECS target.";
    SEVERAL_DATABASES = Error "beanstalk/several-databases" "more than one managed database"
        what "An Elastic Beanstalk environment has at most one database of its own."
        why "The second would have nowhere to live."
        example "services:\n  a: { image: mysql, x-tranship: { database: { engine: mysql } } }\n  b: { image: postgres, x-tranship: { database: { engine: postgres } } }\n"
        fix "Keep one, and reach the other by its address, or choose an ECS target.";
    PORT_CLASH = Error "beanstalk/port-clash" "two public endpoints on one port of the instance"
        what "Every public endpoint takes a port of the instance, and two ask for the same or for one that the instance needs itself (22, 2375, 2376, 51678-51680)."
        why "The second container could not start."
        example "services:\n  a: { image: nginx, ports: [\"8080:80\"], x-tranship: { public: true } }\n  b: { image: nginx, ports: [\"2375:81\"], x-tranship: { public: { path: /b } } }\n"
        fix "Publish them on different ports.";
    OUTSIDE_PATH = Error "beanstalk/outside-path" "a bind mount of a path that the bundle cannot hold"
        what "The service mounts a path of the local machine that is outside the project's directory, or does not exist."
        why "The bundle carries files of the project only; on the instance the path would be empty."
        example "services:\n  app:\n    image: nginx\n    volumes: [\"../shared:/shared\"]\n"
        fix "Move the files below the project's directory, or use a named volume.";
    INSTANCE_VOLUME = Warning "beanstalk/instance-volume" "a volume that lives as long as its instance"
        what "The named volume is a directory of the instance. Every instance has its own, and it goes when the instance is replaced."
        why "What the application keeps there is not shared and not safe."
        example "services:\n  app:\n    image: nginx\n    volumes: [\"uploads:/uploads\"]\nvolumes:\n  uploads:\n"
        fix "Keep the data in a database, in S3, or choose an ECS target, where the volume becomes EFS. Accept it if it only holds what can be made again.";
    COPIES = Warning "beanstalk/copies-per-instance" "copies of one service become copies of all"
        what "Every instance of the environment runs each container once, so a number of copies becomes a number of instances."
        why "All services of the manifest are multiplied, not this one alone."
        example "services:\n  app:\n    image: nginx\n    deploy: { replicas: 3 }\n"
        fix "Accept it, or choose an ECS target, which scales each service by itself.";
    MEMORY = Error "beanstalk/memory-exceeds-instance" "containers that need more memory than the instance has"
        what "The memory that the containers reserve adds up to more than an instance of the chosen type offers them."
        why "Elastic Container Service would place none of them, and the environment would stay Red."
        example "services:\n  app:\n    image: nginx\n    mem_limit: 64g\nx-tranship: { target: beanstalk, instance_type: t3.small }\n"
        fix "Choose a larger `instance_type` or reserve less.";
    CONTAINER_LIMIT = Error "beanstalk/too-many-containers" "more than ten containers"
        what "The containers of an instance are one ECS task, which has ten at most."
        why "Elastic Container Service refuses the task definition."
        example "a manifest of eleven services"
        fix "Skip some in this environment, or choose an ECS target, where every service is a task of its own.";
    PLATFORM = Error "beanstalk/unknown-platform" "a platform that is not built for"
        what "`platform` names something other than `ecs`, the ECS platform branch on Amazon Linux 2023."
        why "Another branch wants other files in the bundle."
        example "services:\n  app:\n    image: nginx\nx-tranship: { target: beanstalk, platform: docker }\n"
        fix "Write `platform: ecs` or leave it out.";
}
