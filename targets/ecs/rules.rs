//! `ecs/…`: what Amazon ECS and the services around it reject or do differently, on Fargate and on EC2.

use tranship_frontend::rules;

rules! {
    BROKEN_TEMPLATE = Error "internal/broken-template" "inconsistent template"
        what "Two resources of the template have one id, refer to one that does not exist, or wait for each other."
        why "CloudFormation would reject the template. The fault is Tranship's, not yours."
        example "a manifest that Tranship puts together wrongly"
        fix "Report it with the manifest. Renaming the service named in the message may help until then.";
    CHANGES_LOST = Warning "ecs/changes-lost" "changes to mounted files are lost"
        what "A file or folder of the project is mounted for writing. On ECS it becomes part of a derived image, so the container writes to its own copy, which is lost when it stops."
        why "Under Docker Compose, what the container writes stays on your machine for the next start."
        example "services:\n  app:\n    image: python:3.13\n    ports: [\"80:8000\"]\n    volumes: [\"./compose.yaml:/srv/app.db\"]\n"
        fix "Mount it with `:ro` if the container only reads it. Keep data that it writes in a named volume.";
    CREDENTIAL_FILE = Error "ecs/credential-file" "credential in an image"
        what "A mounted file, or a file in a mounted folder, is a private key, an access key, a login or another credential, or contains the value of a secret."
        why "Anyone who can pull the image can read it."
        example "services:\n  app:\n    image: acme/app\n    environment: { API_TOKEN: not-for-everyone-77 }\n    volumes: [\"./compose.yaml:/etc/app/compose.yaml:ro\"]\n"
        fix "Declare the file under `secrets` and mount it with `secrets: [{ source: NAME, target: PATH }]`, which writes it at its path when a task starts. Keep other files out of a mounted folder with a line in `.dockerignore`.";
    DATA_FOLDER = Warning "ecs/data-folder" "folder for data becomes an empty volume"
        what "A bind mount names a folder that does not exist in the project, a folder of your machine, or one in which a data store keeps its data. Docker would mount it, so it becomes a persistent volume on EFS. The content of the folder on your machine is not uploaded."
        why "The application starts without the data that it has locally."
        example "services:\n  db:\n    image: postgres:17\n    volumes: [\"./pgdata:/var/lib/postgresql/data\"]\n"
        fix "Nothing, if the application fills the volume itself. Otherwise copy the data after the deployment. A named volume under `volumes` has the same effect without the warning.";
    INSTANCE_VOLUME = Warning "ecs/instance-volume" "persistent volume on the disk of an instance"
        what "`storage: instance` or `volume_storage: instance` keeps a volume on the disk of the EC2 instance that runs the task."
        why "A task that starts on another instance finds an empty volume. Auto Scaling, a new machine image and a failed instance replace instances, and their disks go with them."
        example "services:\n  db: { image: 'postgres:17', volumes: ['data:/var/lib/postgresql/data'] }\nvolumes: { data: { x-tranship: { storage: instance } } }\nx-tranship: { target: ecs-ec2 }\n"
        fix "Use it for caches and for data that can be made again. Leave `storage` out for anything else, so that the volume is on EFS.";
    DISCOVERY_NAME = Note "ecs/discovery-name" "different host name on AWS"
        what "On a Compose network, a service is reachable under its own name. On AWS, it is reachable under a name in a private DNS namespace, which replaces its host name in every value."
        why "A running container sees the new name. A host name that the application builds at run time is not rewritten."
        example "services:\n  app: { image: app, environment: { CACHE: \"redis://cache:6379\" } }\n  cache: { image: redis }\n"
        fix "Nothing, if the name appears in the manifest. Otherwise pass it in through a variable. `x-tranship: { discovery: { namespace: ... } }` sets the namespace.";
    DYNAMIC_REFERENCE = Error "ecs/dynamic-reference" "text that CloudFormation would replace"
        what "A value contains `{{resolve:...}}`, which CloudFormation replaces with a parameter or a secret when it creates the stack."
        why "The application would read different text than under Compose, possibly a secret in plain text."
        example "services:\n  app:\n    image: app\n    environment: { HINT: \"{{resolve:ssm:/app/hint}}\" }\n"
        fix "To read an AWS parameter or secret, declare it under `secrets` with `external: true`. To pass the text itself, keep it in a file of the image.";
    EGRESS_BY_NAME = Warning "ecs/egress-by-name" "host name in `egress`"
        what "`egress.allow` names a host. Security group rules contain address ranges, and the addresses behind a name change."
        why "The port is open to every address, not to that host alone."
        example "services:\n  app: { image: app }\nx-tranship: { egress: { allow: [{ to: ldap.example.com, port: 636 }] } }\n"
        fix "Write the range of addresses: `to: 192.0.2.0/24`. If every address is fine, leave out `to`.";
    FILE_MOUNT = Error "ecs/file-mount" "file cannot be mounted at its path"
        what "A config or secret cannot be mounted at its path: `mounted_files: helper` derives no image, and a volume would hide the folder of the image around the file; or a tmpfs hides the path; or Amazon ECS writes the file itself."
        why "The container would lose files of its image, or not see this one."
        example "services:\n  web:\n    image: nginx\n    configs: [{ source: site, target: /etc/nginx/conf.d/default.conf }]\nconfigs:\n  site: { content: \"server {}\" }\nx-tranship: { mounted_files: helper }\n"
        fix "Remove `mounted_files: helper`, or mount the file under /run and configure the program to read it there.";
    HOST_IN_FILE = Warning "ecs/host-in-file" "host name in a file"
        what "A mounted file or config, such as the configuration of a proxy, names another service. On AWS the service has a different name, files are copied unchanged, and Amazon ECS Service Connect cannot make the name itself work."
        why "The name does not resolve. Some programs, such as nginx, do not even start."
        example "x-tranship: { discovery: { names: dns } }\nservices:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n    configs: [{ source: site, target: /etc/nginx/conf.d/default.conf }]\n  api: { image: acme/api:1.4, expose: [\"8000\"] }\nconfigs:\n  site: { content: \"server { location / { proxy_pass http://api:8000; } }\" }\n"
        fix "Write the name that the diagnostic shows into the file, and make it a network alias of the service (`networks: { default: { aliases: [api.shop.internal] } }`), so that it works under Docker Compose too. Or let the program read the name from a variable: nginx fills templates in `/etc/nginx/templates`. `x-tranship: { discovery: { namespace: ... } }` sets the suffix of the name.";
    CONNECT_NAME = Error "ecs/connect-name" "name of two services"
        what "Two services share a name, such as a network alias, on one port, in networks that are apart. Clients use the name as it is, so Amazon ECS Service Connect would have to give it to both."
        why "Service Connect has one namespace for all networks of the application: it refuses the second name."
        example "services:\n  a: { image: a, networks: [one], environment: { BACKEND: pool } }\n  b: { image: b, networks: [two], environment: { BACKEND: pool } }\n  red: { image: red, expose: [\"80\"], networks: { one: { aliases: [pool] } } }\n  blue: { image: blue, expose: [\"80\"], networks: { two: { aliases: [pool] } } }\nnetworks: { one: {}, two: {} }\n"
        fix "Use the names of the services, or different aliases.";
    HOST_AS_WRITTEN = Warning "ecs/host-as-written" "host name that does not lead to its service"
        what "A value, a command or an image uses the name of another service where it cannot be rewritten with certainty, and Amazon ECS Service Connect cannot let the name itself work: it serves TCP between services that are created one after the other, under one name for each port."
        why "The program looks the name up and does not find it."
        example "services:\n  web:\n    image: acme/web\n    ports: [\"80:80\"]\n    environment: { COLLECTOR: sink }\n  sink: { image: acme/sink, expose: [\"5140/udp\"] }\n"
        fix "Write the name that the diagnostic shows, and make it a network alias of the service (`networks: { default: { aliases: [sink.shop.internal] } }`), so that it works under Docker Compose, too. Or write the name where it is certain that it is a host: `COLLECTOR_HOST: sink`, `COLLECTOR: udp://sink:5140`.";
    HEALTH_CHECK_OF_IMAGE = Warning "ecs/health-check-of-image" "dependency on a health check defined only in the image"
        what "The container waits for another container of its task to become healthy, but the manifest defines no health check for that container. ECS ignores the one in the image."
        why "The container starts as soon as the other has started, healthy or not."
        example "services:\n  app: { image: app, depends_on: { cache: { condition: service_healthy } }, network_mode: \"service:cache\" }\n  cache: { image: redis }\n"
        fix "Copy the image's health check into `healthcheck` in the manifest.";
    HOST_NETWORK = Warning "ecs/host-network" "container on the network of its instance"
        what "The service has `network_mode: host`, so its containers use the network interface, the ports and the security group of the instance they run on. This exists on EC2 instances only."
        why "Two tasks with the same ports cannot share an instance, and a new task waits until the old one has stopped. The service has no host name of its own, and reaches other services by their discovery names instead of `localhost`. The container can use the credentials of the instance."
        example "services:\n  sip:\n    image: sip\n    network_mode: host\n    expose: [5060]\n# tranship check --target ecs-ec2\n"
        fix "Remove `network_mode` if the service only needs its own ports. Otherwise accept it: `accept: [ecs/host-network]`.";
    UNKNOWN_GPUS = Error "ecs/unknown-gpus" "unknown number of GPUs"
        what "The service asks for all GPUs of its instance, and the instance type is not in Tranship's table of sizes."
        why "A task definition requires a number of GPUs."
        example "services:\n  infer:\n    image: infer\n    gpus: all\nx-tranship: { instance_type: g9.xlarge }\n# tranship check --target ecs-ec2\n"
        fix "Write the number: `gpus: [{ count: 1 }]`.";
    LISTENER_COLLISION = Error "ecs/listener-collision" "conflicting public endpoints"
        what "Two endpoints match every request, or their rules have the same priority."
        why "A load balancer sends each request to only one of them, and rejects rules of equal priority."
        example "services:\n  a: { image: a, ports: [\"80\"], x-tranship: { public: { path: \"/*\" } } }\n  b: { image: b, ports: [\"80\"], x-tranship: { public: { path: \"/*\" } } }\n"
        fix "Give one of them its own host or path, or set `public: { priority: 10 }`.";
    LISTENER_RULE = Error "ecs/listener-rule" "hosts or paths that do not fit in a listener rule"
        what "A listener rule holds at most five hosts, paths and networks, of at most 128 characters each. More of them are spread over several rules, unless `priority` asks for one rule."
        why "The load balancer would reject the rule."
        example "services:\n  a: { image: a, ports: [\"80\"], x-tranship: { public: { path: [/a, /b, /c, /d, /e, /f], priority: 5 } } }\n"
        fix "Remove `priority`, or use fewer, with `*` for a shared prefix.";
    BALANCER_QUOTA = Warning "ecs/balancer-quota" "too many listeners or rules"
        what "Without a higher quota of your account, an Application Load Balancer has at most 100 rules, and a load balancer at most 50 listeners. Tranship needs one rule or listener for each target group besides those of the endpoints."
        why "AWS rejects the rule or the listener, unless your account has a higher quota."
        example "an application with sixty public hosts"
        fix "Request a higher quota, use fewer hosts and paths, with `*` for a shared part, or split the application.";
    DNS_RECORD = Error "ecs/dns-record" "impossible DNS record"
        what "`zone` asks for a DNS record, and no record can be made: there is no host, the host stands for names that a record cannot stand for, or two endpoints with one host have different load balancers."
        why "Route 53 has one record for a name, and `*` only in front of it."
        example "services:\n  web: { image: web, expose: [\"80\"], x-tranship: { public: { zone: Z0123456789ABCDEFGHIJ } } }\n"
        fix "Add `host: shop.example.org`, or remove `zone` and create the records yourself.";
    HEALTH_PATH = Note "ecs/health-path" "path of the load balancer's health check"
        what "No setting names the path that the load balancer asks. It is the path that the container's own health check requests on the same port, and then 200 to 399 is healthy. Otherwise it is `/`, and any answer up to 499 is: the server is there."
        why "ECS replaces a container that does not answer."
        example "services:\n  web:\n    image: acme/web\n    ports: [\"80:8000\"]\n"
        fix "Nothing, if the path is right. Otherwise set `x-tranship: { public: { health_check: { path: /healthz } } }`.";
    EXEC_READ_ONLY = Warning "ecs/exec-read-only" "no commands in a container whose file system is read-only"
        what "`exec` lets `tranship exec` open sessions, and the root file system of the container is read-only."
        why "The agent of ECS Exec writes to the file system of the container. Amazon ECS opens no session where it cannot."
        example "services:\n  web:\n    image: nginx\n    ports: [\"80:80\"]\n    read_only: true\nx-tranship: { exec: true }\n"
        fix "Remove `read_only: true`, if you need sessions in this service. Otherwise add `ecs/exec-read-only` to `accept`.";
    EXEC_KEY_REGION = Warning "ecs/exec-key-region" "key of sessions in another region"
        what "`exec.kms_key`, or `exec.log_key` of a log group, is the ARN of a KMS key in another region than the environment's."
        why "AWS KMS knows only the keys of its own region. With such a `kms_key`, no session opens; with such a `log_key`, CloudFormation cannot create the log group."
        example "services:\n  web:\n    image: nginx\n    ports: [\"80:80\"]\nx-tranship:\n  region: eu-central-1\n  exec: { kms_key: \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\" }\n"
        fix "Use a key in the region of the environment. A replica of a multi-Region key has an ARN of its own there.";
    NO_CERTIFICATE = Warning "ecs/no-certificate" "published port 443 without a certificate"
        what "A public service publishes port 443, and nothing gives a certificate. The load balancer serves HTTP on port 80, and asks the container by HTTPS where the container speaks TLS itself."
        why "`https://` does not work, and passwords travel unencrypted between clients and the load balancer."
        example "services:\n  web:\n    image: nginx\n    ports: [\"80:80\", \"443:443\"]\n"
        fix "Add a certificate of AWS Certificate Manager: `x-tranship: { https: { certificate: arn:aws:acm:... } }`. Or let the container end TLS, with `x-tranship: { public: { protocol: tcp, port: 443 } }`.";
    PASSED_ON = Warning "ecs/passed-on" "gRPC or HTTP/2 without a certificate"
        what "The container speaks gRPC or HTTP/2, and nothing gives a certificate. An Application Load Balancer accepts such requests over HTTPS only, so a Network Load Balancer passes the connections on, as under Docker Compose."
        why "Connections are not encrypted, and the load balancer balances connections instead of calls."
        example "services:\n  greeter:\n    image: acme/greeter\n    ports: [\"50051:50051\"]\n"
        fix "Add `x-tranship: { https: { certificate: arn:aws:acm:... } }`. To keep it as it is, write `public: { protocol: tcp }`.";
    PUBLIC_CERTIFICATE = Error "ecs/public-certificate" "public endpoint without a certificate"
        what "The endpoint asks for something that needs a certificate: `protocol: tls`, or gRPC or HTTP/2 with a `host` or `path`."
        why "Elastic Load Balancing would reject the listener."
        example "services:\n  broker: { image: acme/broker, expose: [\"8883\"], x-tranship: { public: { protocol: tls } } }\n"
        fix "Add `certificate: arn:aws:acm:...` to `public`, or `https: { certificate: ... }` to the environment.";
    PUBLIC_TWICE = Error "ecs/public-twice" "port public by TCP and UDP"
        what "One port of a container is public by TCP and by UDP."
        why "ECS maps a port of a container for one protocol, and registers it with the load balancer by this mapping."
        example "services:\n  dns:\n    image: acme/dns\n    ports: [\"53:53/udp\", \"53:53/tcp\"]\n    x-tranship: { public: [{ protocol: udp }, { protocol: tcp }] }\n"
        fix "Make one of the two public, or let the container listen on a second port.";
    NAMESPACE = Error "ecs/namespace" "invalid discovery namespace"
        what "Services are registered in a private DNS namespace, whose name is a domain name of at most 253 characters."
        why "Cloud Map could not create the namespace."
        example "services:\n  app: { image: app }\nx-tranship: { discovery: { namespace: \"my services\" } }\n"
        fix "Use labels of letters, digits and hyphens, such as `services.example.org`.";
    PORT_CONFLICT = Error "ecs/port-conflict" "port used twice in one task"
        what "The containers of a task share one network interface, and two of them listen on the same port."
        why "The second one to start would fail, and the task with it."
        example "services:\n  app: { image: app, ports: [\"80\"] }\n  proxy: { image: proxy, network_mode: \"service:app\", expose: [\"80\"] }\n"
        fix "Let one of them listen on another port, or move it to its own task.";
    PUBLIC_JOB = Error "ecs/public-job" "public job"
        what "A job or an init container has `public`. It exits on its own, so a load balancer has no target for requests."
        why "Its target group would never have a healthy target."
        example "services:\n  report: { image: app, ports: [\"80\"], x-tranship: { job: manual, public: true } }\n"
        fix "Remove `public`, or make it a service that keeps running.";
    PUBLIC_UDP = Error "ecs/public-udp" "public UDP port without a health check"
        what "A Network Load Balancer serves UDP, and finds out by TCP or HTTP whether a container is healthy. The service has no TCP port."
        why "AWS would reject the target group, or never find a healthy container."
        example "services:\n  game: { image: acme/game, ports: [\"34197:34197/udp\"], x-tranship: { public: { protocol: udp } } }\n"
        fix "List a port on which the container answers TCP or HTTP under `expose`, or name it: `public: { protocol: udp, health_check: { port: 8080, path: /healthz } }`.";
    SERVICE_CONNECT = Note "ecs/service-connect" "names by Service Connect"
        what "A service uses the name of another one where it cannot be rewritten with certainty: as a bare word, in a file, or only inside its image, when `depends_on` names a service that no value names. Amazon ECS Service Connect lets the name itself work."
        why "A proxy runs in the tasks of both services. On Fargate, it adds 256 CPU units and 64 MiB to the size of each task."
        example "services:\n  web:\n    image: acme/web\n    ports: [\"80:80\"]\n    environment: { BACKEND: api }\n  api: { image: acme/api, expose: [\"8000\"] }\n"
        fix "Nothing. To do without proxies, write the names where they are certain to be hosts (`BACKEND_HOST: api`, `BACKEND: http://api:8000`), and set `x-tranship: { discovery: { names: dns } }`.";
    SHARED_NAMESPACE = Warning "ecs/shared-namespace" "discovery namespace of two environments"
        what "Two environments name the same discovery namespace, and nothing says that they are in different VPCs."
        why "A VPC has each namespace once: the second stack that is created in it fails."
        example "services:\n  web: { image: web, environment: { API: \"http://api:80\" } }\n  api: { image: api, expose: [80] }\nx-tranship:\n  target: fargate\n  discovery: { namespace: services.example.org }\n  environments: { staging: {}, prod: {} }\n"
        fix "Give each environment a namespace of its own, or leave `discovery` out: it is `ENVIRONMENT.PROJECT.internal` then.";
    SHARED_EGRESS = Warning "ecs/shared-egress" "closed service shares an open security group"
        what "A service has `egress: declared`, and shares its security group with a service that may reach everything: in one task, or in bridge mode on one instance."
        why "Security groups belong to network interfaces, so every container behind the interface may reach everything."
        example "services:\n  app: { image: app, x-tranship: { egress: declared } }\n  agent: { image: agent, network_mode: \"service:app\", x-tranship: { egress: open } }\n"
        fix "Set `egress: declared` for all services that share the group, or give the service its own task; on the target `fargate`, every task has its own group.";
    STACK_NAME = Error "ecs/stack-name" "invalid stack name"
        what "A stack name is a letter followed by letters, digits and hyphens, 128 characters at most. Where the application is several stacks, that holds for each of their names, which begin with it."
        why "CloudFormation could not create the stack."
        example "services:\n  app: { image: app }\nx-tranship: { stack: my_stack }\n"
        fix "Write `my-stack`; a shorter one where the message says so.";
    START_ORDER = Note "ecs/start-order" "start order only during stack operations"
        what "`depends_on` between services sets the order in which CloudFormation creates and updates them. Afterwards, ECS replaces the tasks of each service independently, in any order."
        why "After a failure, a service may run while a service it depends on does not."
        example "services:\n  app: { image: app, depends_on: [api] }\n  api: { image: api }\n"
        fix "Let the application retry its connections.";
    SUBNETS = Error "ecs/subnets" "not enough subnets"
        what "Tasks and databases run in private subnets. A load balancer and a database each need two of them, in different Availability Zones."
        why "CloudFormation could not create the stack, or its tasks would need public addresses."
        example "services:\n  app: { image: app }\nx-tranship: { network: { vpc: vpc-0abc, public_subnets: [subnet-1] } }\n"
        fix "Name two private subnets, and two public ones if the application has a public endpoint.";
    LEFT_OUT = Note "ecs/left-out" "files left out of an image"
        what "Parts of a mounted folder are left out of the image: everything that `.gitignore` and `.dockerignore` list, `.git`, `.env`, `node_modules`, the files that the compile itself reads, and the output of earlier builds."
        why "Under Docker Compose the container sees them."
        example "services:\n  web:\n    image: nginx\n    ports: [\"80:80\"]\n    volumes: [\".:/usr/share/nginx/html:ro\"]\n"
        fix "Nothing, if the container does not need them. A file that is mounted by name is always included.";
    MACHINE_PATH = Warning "ecs/machine-path" "path of the instance in a container"
        what "A service mounts a path that every Linux machine has, such as `/proc`, `/var/log` or the Docker socket. On `ecs-ec2`, it sees the path of its instance."
        why "An attacker in the container sees the instance, and through the socket or `/` controls it and every container on it."
        example "services:\n  agent:\n    image: acme/agent\n    volumes: [\"/proc:/host/proc:ro\"]\nx-tranship: { target: ecs-ec2 }\n"
        fix "Nothing, if the service is an agent that must see its instance. Otherwise remove the mount.";
    OUTSIDE_PATH = Error "ecs/outside-path" "file that cannot be part of an image"
        what "A mounted file or folder is outside the project directory, cannot be read, or has a name that not every file system allows."
        why "The image would be incomplete, or contain files of your machine."
        example "services:\n  web:\n    image: nginx\n    volumes: [\"../elsewhere.conf:/etc/nginx/nginx.conf:ro\"]\n"
        fix "Move the file into the project directory, or name a directory that contains both with `--project-directory`.";
    TEMPLATE_QUOTA = Error "ecs/template-quota" "template exceeds a CloudFormation quota"
        what "A template has more resources, parameters, outputs or bytes than CloudFormation allows. An application with more resources than fit into one stack becomes a root stack and a nested stack for each service. One with more than fits into nested stacks becomes stacks that are deployed one after the other. It is refused if a setting (`stacks: single`, `stacks: nested`) forbids that, or if one of those stacks has more than CloudFormation allows. The line shown is where most of the resources come from."
        why "CloudFormation would reject the template, or the update of the stacks."
        example "services:\n  s1: { image: nginx }\n  s2: { image: nginx }\n  # and several hundred more\nx-tranship: { stacks: single }\n"
        fix "Remove `stacks: single` or `stacks: nested`. Or split the application into several, each with `x-tranship: { skip: [...] }` for the services of the others. `docs/large-applications.md` says how many services fit.";
    ACCOUNT_QUOTA = Warning "ecs/account-quota" "more than an account has by default"
        what "The application as a whole needs more of something than AWS gives an account in a region by default: security groups, IAM roles, target groups, rules of a security group, services, stacks, and the like. What else runs in the account counts too, and is not known here."
        why "The deployment fails half-way, unless AWS has raised the quota for your account."
        example "an application with a thousand services, each with two IAM roles"
        fix "Request a higher quota in the console of Service Quotas before you deploy. `accept: [ecs/account-quota]` hides the warning once it is raised.";
    FIXED_QUOTA = Error "ecs/fixed-quota" "more than AWS allows"
        what "An Application Load Balancer serves at most 100 target groups, and Tranship makes one for each public port of a service. AWS does not raise this quota."
        why "AWS would refuse the next target group."
        example "an application with more than a hundred public services"
        fix "Make fewer services public, put a proxy such as Traefik or nginx in front of them, or make some of them internal (`public: { internal: true }`): an internal load balancer has room for 100 more.";
    STACK_ORDER = Error "ecs/stack-order" "stacks that would wait for each other"
        what "The application is independent stacks (`stacks: independent`), which are deployed one after the other: what services share, then jobs that run before the deployment, then the services. A resource refers to one of a stack that is deployed later: a job before the deployment waits for a service, or a change in `patch` names a resource of another service."
        why "The first of the two stacks could not be created."
        example "services:\n  app: { image: acme/app, depends_on: { migrate: { condition: service_completed_successfully } } }\n  migrate: { image: acme/app, command: migrate, restart: \"no\", depends_on: [store] }\n  store: { image: \"redis:7\" }\nx-tranship: { stacks: independent }\n"
        fix "Deploy the service with the jobs that need it: `root_services: [store]`. Or replace it by a managed one.";
    DEFINITION_SIZE = Error "ecs/task-definition-size" "task definition too large"
        what "Amazon ECS limits a task definition to 64 KiB, with the variables, commands and labels of all its containers."
        why "Amazon ECS would refuse the task definition, and the deployment would fail."
        example "a service with two hundred long variables"
        fix "Let the application read some of the values from a file that `configs` mounts, or from S3 or Parameter Store.";
    TOO_MANY_CONTAINERS = Error "ecs/too-many-containers" "too many containers in a task"
        what "A task definition holds at most ten containers, including init containers and helpers."
        why "ECS would reject the task definition."
        example "services:\n  app: { image: app }\n  s1: { image: s, network_mode: \"service:app\" }\n  s2: { image: s, network_mode: \"service:app\" }\n  s3: { image: s, network_mode: \"service:app\" }\n  s4: { image: s, network_mode: \"service:app\" }\n  s5: { image: s, network_mode: \"service:app\" }\n  s6: { image: s, network_mode: \"service:app\" }\n  s7: { image: s, network_mode: \"service:app\" }\n  s8: { image: s, network_mode: \"service:app\" }\n  s9: { image: s, network_mode: \"service:app\" }\n  s10: { image: s, network_mode: \"service:app\" }\n"
        fix "Move some of them to their own task.";
    TOO_MANY_PUBLIC_PORTS = Error "ecs/too-many-public-ports" "too many public ports"
        what "An ECS service has at most five target groups."
        why "ECS would reject the service."
        example "services:\n  app: { image: app, ports: [\"80\"], x-tranship: { public: { path: \"/*\" } } }\n  s1: { image: s, network_mode: \"service:app\", expose: [\"9001\"], x-tranship: { public: { path: /s1 } } }\n  s2: { image: s, network_mode: \"service:app\", expose: [\"9002\"], x-tranship: { public: { path: /s2 } } }\n  s3: { image: s, network_mode: \"service:app\", expose: [\"9003\"], x-tranship: { public: { path: /s3 } } }\n  s4: { image: s, network_mode: \"service:app\", expose: [\"9004\"], x-tranship: { public: { path: /s4 } } }\n  s5: { image: s, network_mode: \"service:app\", expose: [\"9005\"], x-tranship: { public: { path: /s5 } } }\n"
        fix "Make fewer of them public, or put a proxy in front of them.";
    UNREACHED_SERVICE = Warning "ecs/unreached-service" "service that no other service reaches"
        what "A service listens on a port, but no value, command, file, link or `depends_on` says who connects to it, and it is not public. Or several services neither connect to anything nor are connected to."
        why "Under Docker Compose, services of one network reach each other by name without a word in the manifest. On ECS, a security group opens the ports that the manifest shows, and a name needs a record."
        example "services:\n  web: { image: acme/web, ports: [\"80:80\"] }\n  store: { image: \"mysql:8.4\" }\n"
        fix "Write `depends_on: [store]` in the service whose image knows the name, or pass the name in a variable: `DB_HOST: store`. If nobody connects to the service, accept: `accept: [ecs/unreached-service]`.";
    UNKNOWN_OUTBOUND_PORT = Warning "ecs/unknown-outbound-port" "external host without a port"
        what "With `egress: declared`, only the ports that values name are open. A value names a host outside the application, and no value names its port."
        why "The connection would time out, unless it is HTTPS or HTTP."
        example "services:\n  app:\n    image: app\n    environment: { DB_HOST: shop.db.example.com }\nx-tranship: { egress: declared }\n"
        fix "Write the port next to the host (`DB_PORT: \"5432\"`), name the kind of service (`DB_ENGINE: postgres`), or list it: `egress: { allow: [{ to: 10.0.0.0/8, port: 5432 }] }`.";
    VOLUME_CONTENT = Warning "ecs/volume-content" "volume that starts without the image's content"
        what "Docker fills an empty named volume with what the image has at the mount path. On AWS a container of the same image copies it, with a shell. Nothing shows that this image has one: `tranship.lock` and the table of known images do not say, and the manifest starts no shell in it."
        why "The volume starts empty, and belongs to root unless `user` or `owner` gives a number. Files that the image brings along are missing."
        example "services:\n  app:\n    image: acme/app\n    volumes: [\"assets:/srv/assets\"]\nvolumes: { assets: }\n"
        fix "If the image has nothing there, write the mount in its long form with `volume: { nocopy: true }`. Otherwise run `tranship lock`, which reads the image, or give the service a health check with `CMD-SHELL`.";
    STOP_FIRST = Note "ecs/stop-first" "old task stops before the new one starts"
        what "A service with one copy writes to a persistent volume. A deployment stops its task, then starts the new one (`MinimumHealthyPercent: 0`, `MaximumPercent: 100`), as Docker Compose does."
        why "Most programs lock their data, or damage it when two of them write. Meanwhile the service does not answer."
        example "services:\n  app:\n    image: acme/app\n    expose: [\"8080\"]\n    volumes: [\"data:/data\"]\nvolumes: { data: }\n"
        fix "Nothing, usually. If two tasks may write at once, write `deploy: { update_config: { order: start-first } }`.";
    SHARED_WRITERS = Warning "ecs/shared-writers" "several copies write to one volume"
        what "A service runs in several copies, or scales to several, and each of them mounts the same persistent volume for writing. On one machine Docker Compose does the same, but programs rarely expect it over a network file system."
        why "Two copies of a database, a queue or an index on one folder damage it."
        example "services:\n  app:\n    image: acme/app\n    volumes: [\"data:/data\"]\n    deploy: { replicas: 2 }\nvolumes: { data: }\n"
        fix "Run one copy, or keep the data in a database or in Amazon S3. If the program shares its files, `accept: [ecs/shared-writers]` hides the warning.";
    EXISTING_FILE_SYSTEM = Note "ecs/existing-file-system" "file system that is not of the stack"
        what "A volume is a file system of Amazon EFS that exists. The stack mounts it, and cannot open the security group of its mount targets."
        why "Until that group lets in the tasks on port 2049, they do not start."
        example "services:\n  app:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n    volumes: [\"media:/srv/media:ro\"]\nvolumes:\n  media: { external: true, name: fs-0123456789abcdef0 }\n"
        fix "Add a rule to the security group of the mount targets that allows port 2049 from the security groups of the tasks.";
}
