//! The keys of `x-tranship`, as one table.
//!
//! The validator ([`super::check`]) and the published JSON Schema ([`super::published`]) both read it,
//! so they cannot disagree.

/// What may stand at a place.
#[derive(Debug)]
pub(super) enum Shape {
    /// Text, with the start that it must have; empty for any.
    Text(&'static str),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number within bounds.
    Integer(u32, u32),
    /// `true` or `false`.
    Truth,
    /// A list.
    List(&'static Shape),
    /// One, or a list.
    OneOrMore(&'static Shape),
    /// A mapping with these keys, table after table.
    Map(&'static [&'static [Field]]),
    /// A mapping of names of the user's choice.
    Named(&'static Shape),
    /// A mapping of names that fit a pattern.
    NamedBy(&'static str, &'static Shape),
    /// One of these.
    Either(&'static [Shape]),
}

/// A key, what may stand there, and what it is for.
#[derive(Debug)]
pub(super) struct Field {
    /// The key.
    pub(super) name: &'static str,
    /// What may stand there.
    pub(super) shape: Shape,
    /// Whether it must be there.
    pub(super) required: bool,
    /// What it is for: a sentence of the published schema.
    pub(super) doc: &'static str,
}

const fn field(name: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { name, shape, required: false, doc }
}

const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { name, shape, required: true, doc }
}

/// `x-tranship` at the top of the manifest.
pub(super) static TOP: Shape = Shape::Map(&[
    &[
        field("late_bound", Shape::List(&ANY_TEXT), "Variables that become deploy-time parameters."),
        field(
            "environments",
            Shape::NamedBy(ENVIRONMENT_NAME, &ENVIRONMENT),
            "Named places to deploy to; each chooses a target and its settings.",
        ),
    ],
    SETTINGS,
]);

/// What an environment may be called: it names a directory, and a part of a stack.
pub(super) const ENVIRONMENT_NAME: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";

/// One environment.
static ENVIRONMENT: Shape = Shape::Map(&[
    &[field("files", Shape::List(&ANY_TEXT), "Compose files merged on top, relative to the project.")],
    SETTINGS,
]);

static ANY_TEXT: Shape = Shape::Text("");
static SUBNET: Shape = Shape::Text("subnet-");

/// Keys of an environment; at the top they are the default of all environments.
static SETTINGS: &[Field] = &[
    field("target", Shape::Choice(&["fargate", "ecs-ec2", "beanstalk"]), "What to compile for."),
    field("region", ANY, "The AWS region to deploy to."),
    field("posture", Shape::Choice(&["dev", "prod"]), "How careful the resources are: protection, backups."),
    field("skip", Shape::List(&ANY_TEXT), "Services that are never deployed."),
    field("accept", Shape::List(&ANY_TEXT), "Diagnostics, by name, that are not told."),
    field(
        "network",
        Shape::Either(&[Shape::Choice(&["new"]), Shape::Map(&[NETWORK])]),
        "`new`, or the VPC and subnets to use; without it they are template parameters.",
    ),
    field("discovery", Shape::Map(&[DISCOVERY]), "How services find each other."),
    field("https", Shape::Map(&[HTTPS]), "The certificate of the load balancer."),
    field("instance_type", ANY, "The type of the machines, such as `t3.small`."),
    field(
        "instances",
        Shape::Either(&[Shape::Integer(1, 1000), Shape::Map(&[INSTANCES])]),
        "How many machines: a number, or the fewest and the most.",
    ),
    field("log_retention", Shape::Integer(1, 3653), "How long logs are kept, in days."),
    field("stack", ANY, "The name of the CloudFormation stack or Elastic Beanstalk environment."),
    field("platform", Shape::Choice(&["ecs", "docker"]), "The platform of Elastic Beanstalk."),
    field("capacity", Shape::Choice(&["fargate", "spot"]), "Whether Fargate tasks run on Spot capacity."),
    field("tags", Shape::Named(&ANY_TEXT), "Tags of every resource."),
];

/// Text of any kind, where a constant is needed.
const ANY: Shape = Shape::Text("");

static NETWORK: &[Field] = &[
    required("vpc", Shape::Text("vpc-"), "The VPC."),
    field("public_subnets", Shape::List(&SUBNET), "Subnets with a route to an internet gateway."),
    field("private_subnets", Shape::List(&SUBNET), "Subnets without one."),
];

static DISCOVERY: &[Field] = &[required("namespace", ANY, "The private DNS namespace.")];

static HTTPS: &[Field] = &[
    required("certificate", Shape::Text("arn:"), "The ARN of the certificate."),
    field("domain", ANY, "The domain it is for."),
];

static INSTANCES: &[Field] = &[
    required("min", Shape::Integer(1, 1000), "The fewest machines."),
    required("max", Shape::Integer(1, 1000), "The most machines."),
];

/// `x-tranship` of a service.
pub(super) static SERVICE: Shape = Shape::Map(&[&[
    field(
        "public",
        Shape::Either(&[Shape::Truth, Shape::OneOrMore(&PUBLIC_ENTRY)]),
        "What of it the load balancer serves to the world.",
    ),
    field("scale", Shape::Map(&[SCALE]), "Automatic scaling."),
    field("permissions", Shape::List(&PERMISSION_ENTRY), "What its task role may do."),
    field(
        "job",
        Shape::Either(&[Shape::Choice(&["before-deploy", "manual"]), Shape::Map(&[JOB])]),
        "When it runs to completion.",
    ),
    field("task", ANY, "The service whose task it shares."),
    field(
        "database",
        Shape::Either(&[Shape::Truth, Shape::Map(&[DATABASE])]),
        "A managed database that replaces it.",
    ),
]]);

static PUBLIC_ENTRY: Shape = Shape::Map(&[PUBLIC]);
static PERMISSION_ENTRY: Shape = Shape::Map(&[PERMISSION]);

static PUBLIC: &[Field] = &[
    field("host", Shape::OneOrMore(&ANY_TEXT), "Host names that it answers to."),
    field("path", Shape::OneOrMore(&ANY_TEXT), "Path patterns that it answers to."),
    field("port", Shape::Integer(1, 65535), "The listener's port, where it is not 80 or 443."),
    field("container_port", Shape::Integer(1, 65535), "The container's port, where it has several."),
    field("health_check", Shape::Map(&[HEALTH]), "How the load balancer tells that it is healthy."),
    field("priority", Shape::Integer(1, 50000), "The listener rule's priority, where two rules collide."),
];

static HEALTH: &[Field] = &[
    field("path", Shape::Text("/"), "The path it asks for."),
    field("codes", ANY, "The status codes that count as healthy, such as `200-399`."),
];

static SCALE: &[Field] = &[
    required("min", Shape::Integer(0, 5000), "The fewest copies."),
    required("max", Shape::Integer(1, 5000), "The most copies."),
    field("cpu", Shape::Integer(1, 100), "Average CPU to hold, in percent."),
    field("memory", Shape::Integer(1, 100), "Average memory to hold, in percent."),
];

static PERMISSION: &[Field] = &[
    required("actions", Shape::OneOrMore(&ANY_TEXT), "Such as `s3:GetObject`."),
    required("resources", Shape::OneOrMore(&ANY_TEXT), "ARNs, or `*`."),
];

static JOB: &[Field] = &[required("schedule", ANY, "A schedule expression: `cron(0 3 * * ? *)`.")];

static DATABASE: &[Field] = &[
    field("engine", Shape::Choice(&["mysql", "mariadb", "postgres"]), "The engine; else the image says."),
    field("version", ANY, "The engine's version; else the image's tag says."),
    field("class", Shape::Text("db."), "The instance class, such as `db.t4g.micro`."),
    field("storage", Shape::Integer(20, 65536), "In GiB."),
    field("name", ANY, "The database inside the instance."),
    field("username", ANY, "The master user."),
];

/// `x-tranship` of a volume.
pub(super) static VOLUME: Shape = Shape::Map(&[&[
    field("owner", ANY, "`uid:gid` that may write to it."),
    field(
        "scope",
        Shape::Choice(&["task", "persistent"]),
        "Whether it lives as long as a task, or beyond any.",
    ),
]]);
