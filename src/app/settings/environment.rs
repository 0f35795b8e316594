//! The keys of an environment, which may also stand at the top of `x-tranship`, and those of one of the two.

use super::choices::{
    CapacityKind, DeploymentPosture, EnvironmentRoles, EnvironmentTier, MountedFiles, NameResolution,
    PlatformKind, RolloutKind, StackLayout, VolumePlace,
};
use super::declaration::{SettingForm, SettingNameForm, setting_group};
use super::delivery::{PIPELINE, PipelineSettings};
use super::egress::EgressSetting;
use super::exec::ExecSetting;
use super::identifiers::{
    AccountNumber, CertificateArn, ContainerFolder, FileLocation, FileSystemName, HostedZoneId, LogRetention,
    RegionName, RegistryPath, SubnetId, TargetName, VpcId,
};
use super::patch::PatchSettings;
use super::reader::SettingReader;
use super::registry::RegistryLogin;
use super::value::{
    NamedSettings, OpenText, SettingGroup, SettingValue, WholeNumber, is_collection, read_named,
};
use super::{ECS, FARGATE, MACHINES};
use crate::At;
use indexmap::IndexMap;
use std::sync::Arc;
use tranship_frontend::yaml::Node;

/// What becomes of a setting that the compiler itself heeds.
const COMPILE: &str = "settings of the compile";

setting_group! {
    /// What only the top of `x-tranship` may say.
    pub(super) TopSettings {
        /// Variables that are set at deployment. On ECS each becomes a parameter of the template. Elastic
        /// Beanstalk has no parameters, so there the value is fixed at build.
        late_bound: Vec<At<String>> {
            default: "none: every variable is resolved when the manifest is compiled",
            example: "services:\n  web:\n    image: acme/web:${APP_VERSION:-latest}\n    ports: [\"80:80\"]\nx-tranship:\n  late_bound: [APP_VERSION]\n",
            targets: CompilerFor("parameters", ECS),
        }
        /// The delivery pipeline that `tranship pipeline` writes.
        pipeline: Option<PipelineSettings> {
            default: "a pipeline on AWS CodePipeline, whose repository and connection are parameters",
            example: "x-tranship:\n  pipeline: { repository: acme/shop, branch: main }\n  environments:\n    production: { target: fargate }\n",
            targets: Compiler(PIPELINE),
        }
        /// Named places to deploy to. Each has a target and may set every key below. Keys that it leaves
        /// unset default to those at the top of `x-tranship`.
        environments: Option<NamedEnvironments> {
            default: "none: the manifest compiles for every target with the settings at the top",
            example: "x-tranship:\n  region: eu-central-1\n  environments:\n    staging: { target: fargate }\n    production: { target: fargate, posture: prod }\n",
            targets: All,
        }
    }
}

setting_group! {
    /// What only an environment may say.
    pub(super) EnvironmentFiles {
        /// Compose files that are merged on top of the manifest for this environment, like additional `-f`
        /// files of Docker Compose. Paths are relative to the project directory. An environment with `files` does
        /// not get the `compose.override.yaml` that is merged otherwise.
        files: Vec<At<String>> {
            default: "none",
            example: "x-tranship:\n  environments:\n    production:\n      target: fargate\n      files: [compose.production.yaml]\n",
            targets: Compiler(COMPILE),
        }
    }
}

setting_group! {
    /// The settings of one environment: its own over those at the top of `x-tranship`.
    #[derive(Default)]
    pub Settings {
        /// The target to compile for.
        target: Option<At<TargetName>> {
            default: "none: every environment needs one, its own or the one at the top",
            example: "x-tranship:\n  target: fargate\n",
            targets: Compiler(COMPILE),
        }
        /// The AWS region to deploy to.
        region: Option<At<RegionName>> {
            default: "`AWS_REGION` or the region of the AWS profile, at deployment",
            example: "x-tranship:\n  region: eu-central-1\n",
            targets: All,
        }
        /// How much protection the resources have. `prod` turns on deletion protection and database
        /// backups, and uses several Availability Zones.
        posture: Option<At<DeploymentPosture>> {
            default: "`dev`",
            example: "x-tranship:\n  posture: prod\n",
            targets: Compiler(COMPILE),
        }
        /// Whether the pipeline waits for the approval of a person before it deploys.
        protected: Option<At<bool>> {
            default: "`true` with `posture: prod`, else `false`",
            example: "x-tranship:\n  environments:\n    staging: { target: fargate, protected: true }\n",
            targets: Compiler(PIPELINE),
        }
        /// Services that are not deployed, such as tests or local tools. An environment adds to the list
        /// at the top.
        skip: Vec<At<String>> {
            default: "none: every service of the active profiles is deployed",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n  mailpit:\n    image: axllent/mailpit\nx-tranship:\n  skip: [mailpit]\n",
            targets: Compiler(COMPILE),
        }
        /// Warnings and notes to suppress, by name. An environment adds to the list at the top.
        accept: Vec<At<String>> {
            default: "none",
            example: "x-tranship:\n  accept: [app/public-by-default]\n",
            targets: Compiler(COMPILE),
        }
        /// The network to run in: an existing VPC with its subnets, or `new` to create a VPC with two
        /// public and two private subnets. Elastic Beanstalk does not support `new`.
        network: Option<NetworkSetting> {
            default: "template parameters on ECS; the default VPC of the account on Elastic Beanstalk",
            example: "x-tranship:\n  network:\n    vpc: vpc-0a1b2c3d\n    public_subnets: [subnet-0a1b, subnet-1a2b]\n    private_subnets: [subnet-2a3b, subnet-3a4b]\n",
            targets: All,
        }
        /// How services reach each other by name.
        discovery: Option<DiscoverySettings> {
            default: "a namespace named after the environment and the project",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n    environment: { API_URL: \"http://api:8000\" }\n  api:\n    image: acme/api:1.4\n    expose: [\"8000\"]\nx-tranship:\n  discovery: { namespace: services.example.org }\n",
            targets: Only(ECS),
        }
        /// What containers may reach outside of the application. `open`: everything, as under Docker
        /// Compose. `declared`: HTTPS, HTTP, DNS, the application's own connections, databases and volumes,
        /// and the addresses in its values. A mapping is `declared` with a list of what else to allow.
        /// What may come in is closed either way, except for the connections of the application.
        egress: Option<EgressSetting> {
            default: "`open`",
            example: "x-tranship:\n  egress:\n    allow:\n      - { to: 10.20.0.0/16, port: 5432 }\n      - { to: ldap.example.com, port: 636 }\n",
            targets: Only(ECS),
        }
        /// Serves the public endpoints over HTTPS. HTTP requests are redirected to HTTPS.
        https: Option<HttpsSettings> {
            default: "none: the load balancer serves HTTP",
            example: "x-tranship:\n  https:\n    certificate: arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012\n",
            targets: All,
        }
        /// The type of the EC2 instances that run the containers.
        instance_type: Option<At<String>> {
            default: "the smallest type that fits the containers",
            example: "x-tranship:\n  instance_type: t3.small\n",
            targets: Only(MACHINES),
        }
        /// The number of EC2 instances: a fixed number, or a range for Auto Scaling.
        instances: Option<InstanceRange> {
            default: "as many as the containers need, and at least two with `posture: prod`",
            example: "x-tranship:\n  instances: { min: 2, max: 6 }\n",
            targets: Only(MACHINES),
        }
        /// The number of days for which CloudWatch keeps the logs of the containers.
        log_retention: Option<At<LogRetention>> {
            default: "`7`",
            example: "x-tranship:\n  log_retention: 30\n",
            targets: All,
        }
        /// Whether `tranship exec` may run commands in the containers of services. Their roles get the rights of
        /// ECS Exec (`ssmmessages` and those of the log), and a container needs a file system that it may write to. A
        /// mapping turns it on and chooses a key and a log.
        exec: Option<ExecSetting> {
            default: "`false`",
            example: "x-tranship:\n  environments:\n    dev: { target: fargate, exec: true }\n",
            targets: Only(ECS),
        }
        /// The name of the CloudFormation stack or the Elastic Beanstalk environment.
        stack: Option<At<String>> {
            default: "the project and the environment, joined by a hyphen",
            example: "x-tranship:\n  stack: shop-production\n",
            targets: All,
        }
        /// How many CloudFormation stacks the application is. `nested`: a root stack with what services share, what keeps
        /// data and what has an address, and a nested stack for each service. `independent`: a stack of what services
        /// share, and then a stack for each service, without a limit to their number. `single`: one stack, which has
        /// room for about 50 services. What is deployed one way cannot become the other by itself: `docs/large-applications.md`.
        stacks: Option<At<StackLayout>> {
            default: "`single`; `nested` for an application with more than fits into one stack, `independent` with more than fits into nested stacks",
            example: "x-tranship:\n  stacks: nested\n",
            targets: Only(ECS),
        }
        /// Services whose resources stay in the root stack, although the application is several stacks: those that were
        /// deployed when it was one. With `stacks: independent`: services that jobs before the deployment wait for.
        root_services: Vec<At<String>> {
            default: "none: each service and each job that does not run before a deployment has a nested stack",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\nx-tranship:\n  stacks: nested\n  root_services: [web]\n",
            targets: Only(ECS),
        }
        /// The platform of the Elastic Beanstalk environment: `ecs` runs the containers as one Amazon ECS task,
        /// `docker` runs Docker Compose on each instance. The platform of a running environment cannot change.
        platform: Option<At<PlatformKind>> {
            default: "`ecs` if it fits the application, otherwise `docker`",
            example: "x-tranship:\n  platform: ecs\n",
            targets: Only(&["beanstalk"]),
        }
        /// The number of the AWS account to deploy to. `deploy` and `down` refuse credentials of another account, and a
        /// pipeline in another account deploys through a role of this one.
        account: Option<At<AccountNumber>> {
            default: "the account of the credentials",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    environment: { API_TOKEN: not-on-aws }\nx-tranship:\n  account: \"123456789012\"\n",
            targets: All,
        }
        /// How a new version replaces the old one on the instances of an Elastic Beanstalk environment. Without a load
        /// balancer, only `all-at-once` and `immutable` are possible.
        rollout: Option<At<RolloutKind>> {
            default: "`all-at-once`, and `rolling-with-additional-batch` with `posture: prod`",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\nx-tranship:\n  rollout: immutable\n",
            targets: Only(&["beanstalk"]),
        }
        /// What the Elastic Beanstalk environment is for. `web` serves requests. `worker` has no load balancer: it runs
        /// containers that work by themselves, on as many instances as `instances` says, and a daemon on each instance
        /// posts the messages of the environment's queue to port 80, where a container may publish it.
        tier: Option<At<EnvironmentTier>> {
            default: "`web`; one instance without a load balancer if no port is public",
            example: "services:\n  worker:\n    image: acme/worker:1.4\nx-tranship:\n  tier: worker\n  instances: { min: 2, max: 4 }\n",
            targets: Only(&["beanstalk"]),
        }
        /// Whose roles the Elastic Beanstalk environment and its instances have. `account` are the two that the console of
        /// Elastic Beanstalk creates once in an account. `own` are roles of this environment alone, with the same managed
        /// policies: `deploy` creates their stack, `environment-roles.yaml`, before the environment.
        roles: Option<At<EnvironmentRoles>> {
            default: "`account`",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\nx-tranship:\n  roles: own\n",
            targets: Only(&["beanstalk"]),
        }
        /// A folder in containers of the ECS platform for images whose entry point reads it: `environment` assigns the
        /// variables that are known at deployment, `commands` runs jobs first, on the leader.
        init: Option<At<ContainerFolder>> {
            default: "none: variables are properties of the environment, and jobs run in containers of their own",
            example: "services:\n  app:\n    image: acme/app:1.4\n    ports: [\"80:8000\"]\n    environment: { DB_HOST: db, DB_PASSWORD: not-on-aws-7 }\n  migrate:\n    image: acme/app:1.4\n    command: python3 manage.py migrate\n    environment: { DB_HOST: db, DB_PASSWORD: not-on-aws-7 }\n    x-tranship: { job: before-deploy }\n  db:\n    image: postgres:17\n    x-tranship: { database: { engine: postgres } }\nx-tranship:\n  platform: ecs\n  init: /init\n",
            targets: Only(&["beanstalk"]),
        }
        /// The EFS file system that keeps named volumes and folders for data: its id, or `new` to create one with the
        /// environment, which needs the subnets of `network`. Every instance mounts it.
        file_system: Option<At<FileSystemName>> {
            default: "none: volumes are on the disk of each instance and lost with it",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    volumes: [\"uploads:/srv/uploads\"]\nvolumes: { uploads: }\nx-tranship:\n  file_system: fs-0a1b2c3d\n",
            targets: Only(&["beanstalk"]),
        }
        /// Seconds after which the load balancer of HTTP closes a connection on which nothing is sent. WebSockets need more than
        /// their longest pause. On ECS, `public.idle_timeout` says it for one endpoint.
        idle_timeout: Option<At<WholeNumber<1, 4000>>> {
            default: "`60`",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\nx-tranship:\n  idle_timeout: 3600\n",
            targets: All,
        }
        /// The capacity for Fargate tasks. `spot` costs less, but AWS may stop the tasks with a warning of
        /// two minutes.
        capacity: Option<At<CapacityKind>> {
            default: "`fargate`",
            example: "x-tranship:\n  capacity: spot\n",
            targets: Only(FARGATE),
        }
        /// The logins of private registries, by the host that stands in the image's name: `ghcr.io`; `docker.io`
        /// for Docker Hub. Amazon ECR needs none. Elastic Beanstalk reads logins from a file instead: see
        /// `dockercfg`.
        registries: Option<NamedSettings<RegistryLogin>> {
            default: "none: images are pulled without a login, except from Amazon ECR",
            example: "services:\n  web:\n    image: ghcr.io/acme/web:1.4\n    ports: [\"80:80\"]\nx-tranship:\n  registries:\n    ghcr.io: { secret: acme/ghcr }\n",
            targets: RefusedElsewhere(ECS),
        }
        /// The file in S3 with the logins of private registries, in the format `.dockercfg`:
        /// `{"ghcr.io": {"auth": "..."}}`, where `auth` is the Base64 form of `USER:TOKEN`. It must be in the region of
        /// the environment.
        dockercfg: Option<At<FileLocation>> {
            default: "none: images are pulled without a login, except from Amazon ECR",
            example: "services:\n  web:\n    image: ghcr.io/acme/web:1.4\n    ports: [\"80:80\"]\nx-tranship:\n  dockercfg: \"s3://acme-config/dockercfg.json\"\n",
            targets: Only(&["beanstalk"]),
        }
        /// The registry that `tranship publish` pushes images to. The repository of an image is `REGISTRY/PROJECT/NAME`.
        registry: Option<At<RegistryPath>> {
            default: "Amazon ECR of the account and the region of the deployment",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\nx-tranship:\n  registry: ghcr.io/acme\n",
            targets: Compiler("where images are pushed"),
        }
        /// How `configs` and mounted files of the project reach containers. `image` derives an image with the
        /// files, which `images/` in the output describes. `helper` derives none: a container of the task writes
        /// configs before the others start, and mounted files are refused.
        mounted_files: Option<At<MountedFiles>> {
            default: "`helper` for a service with small configs below `/run/configs`, `/configs` or `/mnt/NAME` and no mounted file, else `image`",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n    configs: [{ source: site, target: /run/configs/site.conf }]\nconfigs:\n  site: { content: \"server {}\" }\nx-tranship:\n  mounted_files: image\n",
            targets: Only(ECS),
        }
        /// Where persistent volumes are, and folders for data: `efs` for file systems that every instance mounts,
        /// `instance` for the disk of the instance that a task runs on. That disk goes with its instance.
        volume_storage: Option<At<VolumePlace>> {
            default: "`efs`",
            example: "services:\n  db:\n    image: postgres:17\n    volumes: [\"./pgdata:/var/lib/postgresql/data\"]\nx-tranship:\n  instances: 1\n  volume_storage: instance\n",
            targets: Only(&["ecs-ec2"]),
        }
        /// Tags for every resource. Values may contain late-bound variables. An Elastic Beanstalk environment gets them
        /// when `deploy` creates it.
        tags: Option<NamedSettings<OpenText>> {
            default: "none",
            example: "x-tranship:\n  tags: { team: storefront, cost-center: \"4711\" }\n",
            targets: All,
        }
        /// Changes to what the target emits, for what no setting can say. Each names a resource, a parameter, an output or
        /// an option, and merges, replaces, appends, removes or adds, in order. An environment adds to the list at the top.
        patch: Vec<At<PatchSettings>> {
            default: "none",
            example: "x-tranship:\n  patch:\n    - resource: AlarmTopic\n      add:\n        Type: AWS::SNS::Topic\n        Properties: { DisplayName: Alarms }\n",
            targets: All,
        }
    }
}

impl Settings {
    /// Whether a deployment waits for an approval.
    pub fn is_protected(&self) -> bool {
        match &self.protected {
            Some(protected) => *protected.peek(),
            None => self.posture() == DeploymentPosture::Prod,
        }
    }

    /// How careful the resources are.
    pub fn posture(&self) -> DeploymentPosture {
        self.posture.as_ref().map(At::get).unwrap_or_default()
    }

    /// The private DNS namespace.
    pub fn namespace(&self) -> Option<&At<String>> {
        self.discovery.as_ref().and_then(|discovery| discovery.namespace.as_ref())
    }

    /// How services find each other, where the environment says it.
    pub fn names(&self) -> Option<&At<NameResolution>> {
        self.discovery.as_ref().and_then(|discovery| discovery.names.as_ref())
    }
}

setting_group! {
    /// An existing VPC with its subnets.
    pub ExistingNetwork {
        /// The VPC. DNS support and DNS host names must be enabled.
        vpc: At<VpcId> {
            example: "x-tranship:\n  network:\n    vpc: vpc-0a1b2c3d\n    public_subnets: [subnet-0a1b, subnet-1a2b]\n    private_subnets: [subnet-2a3b, subnet-3a4b]\n",
            targets: All,
        }
        /// Subnets with a route to an internet gateway, for the load balancer: at least two, in
        /// different Availability Zones.
        public_subnets: Vec<At<SubnetId>> {
            default: "none: no endpoint can be public",
            example: "x-tranship:\n  network:\n    vpc: vpc-0a1b2c3d\n    public_subnets: [subnet-0a1b, subnet-1a2b]\n    private_subnets: [subnet-2a3b, subnet-3a4b]\n",
            targets: All,
        }
        /// Subnets with a route to a NAT gateway, for containers and databases: at least two, in
        /// different Availability Zones.
        private_subnets: Vec<At<SubnetId>> {
            default: "none: ECS targets require them, Elastic Beanstalk uses the public subnets",
            example: "x-tranship:\n  network:\n    vpc: vpc-0a1b2c3d\n    public_subnets: [subnet-0a1b, subnet-1a2b]\n    private_subnets: [subnet-2a3b, subnet-3a4b]\n",
            targets: All,
        }
    }
}

setting_group! {
    /// `discovery`.
    pub DiscoverySettings {
        /// The private DNS namespace. Services are reachable as `SERVICE.NAMESPACE`.
        namespace: Option<At<String>> {
            default: "`ENVIRONMENT.PROJECT.internal`, without an environment `PROJECT.internal`",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n    environment: { API_URL: \"http://api:8000\" }\n  api:\n    image: acme/api:1.4\n    expose: [\"8000\"]\nx-tranship:\n  discovery: { namespace: services.example.org }\n",
            targets: Only(ECS),
        }
        /// How services find each other. `auto`: host names in values become names of the namespace; where a name
        /// cannot be rewritten with certainty, such as `BACKEND: api` or one in a file, Amazon ECS Service Connect
        /// lets the name itself work, with a proxy in the tasks at both ends. `dns`: no Service Connect; a warning shows each
        /// name that does not resolve. `service-connect`: Service Connect for every connection that it can carry.
        names: Option<At<NameResolution>> {
            default: "`auto`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    environment: { BACKEND: api }\n  api:\n    image: acme/api:1.4\n    expose: [\"8000\"]\nx-tranship:\n  discovery: { names: service-connect }\n",
            targets: Only(ECS),
        }
    }
}

setting_group! {
    /// `https`.
    pub HttpsSettings {
        /// The ARN of the certificate, in the region of the deployment.
        certificate: At<CertificateArn> {
            example: "x-tranship:\n  https:\n    certificate: arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012\n",
            targets: All,
        }
        /// Further certificates, by ARN, for hosts that the first one does not name.
        certificates: Vec<At<CertificateArn>> {
            default: "none",
            example: "x-tranship:\n  https:\n    certificate: arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012\n    certificates:\n      - arn:aws:acm:eu-central-1:123456789012:certificate/87654321-1234-1234-1234-123456789012\n",
            targets: Only(ECS),
        }
        /// The id of the Route 53 hosted zone in which `domain` gets a record that leads to the load balancer.
        zone: Option<At<HostedZoneId>> {
            default: "none: create the record of `domain` yourself",
            example: "x-tranship:\n  https:\n    certificate: arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012\n    domain: shop.example.org\n    zone: Z0123456789ABCDEFGHIJ\n",
            targets: Only(ECS),
        }
        /// The domain of the certificate, for the URL in the outputs of the stack. Without `zone`, create its DNS record
        /// yourself.
        domain: Option<At<String>> {
            default: "the name of the load balancer",
            example: "x-tranship:\n  https:\n    certificate: arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012\n    domain: shop.example.org\n",
            targets: Only(ECS),
        }
    }
}

/// `environments`. A name is also that of a directory, and a part of that of a stack.
#[derive(Debug, Clone)]
pub(super) struct NamedEnvironments(pub(super) IndexMap<Arc<str>, EnvironmentLayer>);

impl SettingValue for NamedEnvironments {
    const FORM: &'static SettingForm = &SettingForm::NamedBy(
        &SettingNameForm {
            what: "environment",
            words: "letters, digits, `-`, `_` and `.`, at most 64, and start with a letter or a digit",
            pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
            fits: is_environment_name,
        },
        EnvironmentLayer::FORM,
    );

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        read_named(node, Self::FORM, reader).map(NamedEnvironments)
    }
}

/// Whether a name has the form of the pattern.
fn is_environment_name(name: &str) -> bool {
    let letters = |letter: u8| letter.is_ascii_alphanumeric() || b"-_.".contains(&letter);
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(letters)
}

/// `network`.
#[derive(Debug, Clone)]
pub enum NetworkSetting {
    /// `new`: a VPC of the stack's own.
    New(At<()>),
    /// One that exists.
    Existing(ExistingNetwork),
}

impl SettingValue for NetworkSetting {
    const FORM: &'static SettingForm =
        &SettingForm::Either(&[&SettingForm::Words(&["new"]), ExistingNetwork::FORM]);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        if is_collection(node) {
            return ExistingNetwork::read(node, reader).map(NetworkSetting::Existing);
        }
        reader.scalar(node, Self::FORM, |text| (text == "new").then(|| NetworkSetting::New(At::of(node, ()))))
    }
}

/// How many EC2 instances: `min` is not greater than `max`.
#[derive(Debug, Clone)]
pub struct InstanceRange {
    /// The minimum.
    pub min: At<u32>,
    /// The maximum.
    pub max: At<u32>,
}

type InstanceCount = WholeNumber<1, 1000>;

setting_group! {
    /// `instances` as a mapping.
    pub(super) InstanceBounds check = InstanceBounds::check {
        /// The minimum.
        min: At<InstanceCount> {
            example: "x-tranship:\n  instances: { min: 2, max: 6 }\n",
            targets: Only(MACHINES),
        }
        /// The maximum.
        max: At<InstanceCount> {
            example: "x-tranship:\n  instances: { min: 2, max: 6 }\n",
            targets: Only(MACHINES),
        }
    }
}

impl InstanceBounds {
    fn check(&self, node: &Node, reader: &mut SettingReader<'_>) -> Option<()> {
        reader.check_range(node, self.min.value.get(), self.max.value.get())
    }
}

impl SettingValue for InstanceRange {
    const FORM: &'static SettingForm = &SettingForm::Either(&[InstanceCount::FORM, InstanceBounds::FORM]);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        if is_collection(node) {
            let InstanceBounds { min, max } = InstanceBounds::read(node, reader)?;
            return Some(InstanceRange {
                min: min.map(InstanceCount::get),
                max: max.map(InstanceCount::get),
            });
        }
        let count = At::<InstanceCount>::read(node, reader)?.map(InstanceCount::get);
        Some(InstanceRange { min: count.clone(), max: count })
    }
}

/// A mapping that has keys of its own and those of [`Settings`].
#[derive(Debug, Clone)]
pub(super) struct WithSettings<T> {
    /// Its own.
    pub own: T,
    /// The settings.
    pub settings: Settings,
}

impl<T: SettingGroup> SettingValue for WithSettings<T> {
    const FORM: &'static SettingForm = &SettingForm::Group(&[T::DECLARATIONS, Settings::DECLARATIONS]);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.open(node, Self::FORM)?;
        Some(WithSettings { own: T::read_keys(node, reader)?, settings: Settings::read_keys(node, reader)? })
    }
}

/// `x-tranship` at the top of the manifest.
pub(super) type TopLevel = WithSettings<TopSettings>;

/// One environment.
pub(super) type EnvironmentLayer = WithSettings<EnvironmentFiles>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_names_stay_in_their_directory() {
        for name in ["dev", "prod-2", "eu_west", "v1.2", "a..b", "9"] {
            assert!(is_environment_name(name), "{name}");
        }
        let long = "a".repeat(65);
        for name in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "/tmp/x",
            "a\\b",
            "a b",
            "a\nb",
            "a\u{1b}[31m",
            "-a",
            ".a",
            "é",
            "a:b",
            &long,
        ] {
            assert!(!is_environment_name(name), "{name:?}");
        }
    }
}
