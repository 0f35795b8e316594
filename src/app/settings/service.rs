//! The keys of `x-tranship` in a service.

use super::ECS;
use super::choices::{NameResolution, SwitchSetting};
use super::declaration::{SettingForm, setting_group};
use super::egress::EgressSetting;
use super::existing_secret::ExistingSecretSettings;
use super::identifiers::{DatabaseClass, ForeignHost, ScheduleExpression, SecurityGroupId, SnapshotName};
use super::patch::PatchSettings;
use super::public::PublicSetting;
use super::reader::SettingReader;
use super::value::{
    NamedSettings, OneOrMore, OpenText, PortNumber, SettingValue, WholeNumber, is_collection,
};
use crate::At;
use tranship_facts::DatabaseEngine;
use tranship_facts::database_engines::STORAGE_GIB;
use tranship_frontend::yaml::Node;

setting_group! {
    /// What `x-tranship` says of a service.
    #[derive(Default)]
    pub ServiceSettings {
        /// Whether the load balancer serves the service to the internet, and under which hosts and paths:
        /// `true`, `false`, one endpoint, or a list of endpoints.
        public: Option<PublicSetting> {
            default: "`true` for the one published port that can be meant, else `false`: see [Exposing a service](exposing.md)",
            example: "services:\n  web:\n    image: nginx:1.27\n    expose: [\"80\"]\n    x-tranship:\n      public: true\n",
            targets: All,
        }
        /// Automatic scaling. Elastic Beanstalk scales its instances, and with them every service.
        scale: Option<ScaleSettings> {
            default: "none: the service has the number of copies in `deploy.replicas`",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n    x-tranship:\n      scale: { min: 2, max: 8, cpu: 60 }\n",
            targets: All,
        }
        /// What the containers may do on AWS: IAM statements for their role.
        permissions: Vec<At<PermissionSetting>> {
            default: "none, apart from what the application needs to run",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    x-tranship:\n      permissions:\n        - actions: [s3:GetObject, s3:PutObject]\n          resources: [\"arn:aws:s3:::shop-images/*\"]\n",
            targets: All,
        }
        /// Variables whose values are kept in Secrets Manager or the SSM Parameter Store already. A value that
        /// `environment` gives one of them holds for Docker Compose alone.
        secrets: Option<NamedSettings<At<ExistingSecretSettings>>> {
            default: "none: a deployment asks for the value of each secret of the manifest",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    environment: { DB_PASSWORD: local }\n    x-tranship:\n      secrets:\n        DB_PASSWORD: { from: prod/db, key: password }\n        JWT_KEY: { parameter: /prod/web/jwt }\n",
            targets: All,
        }
        /// What this service may reach outside of the application, in place of what the environment says.
        egress: Option<EgressSetting> {
            default: "the `egress` of the environment, else `open`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    x-tranship:\n      egress: declared\n",
            targets: Only(ECS),
        }
        /// How this service finds others, in place of what `discovery.names` of the environment says: `auto`, `dns` or
        /// `service-connect`.
        names: Option<At<NameResolution>> {
            default: "the `discovery.names` of the environment, else `auto`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    environment: { BACKEND: api }\n    x-tranship:\n      names: service-connect\n  api:\n    image: acme/api:1.4\n    expose: [\"8000\"]\n",
            targets: Only(ECS),
        }
        /// Makes the service a job, which runs to completion. `before-deploy` runs once per deployment,
        /// before services are updated. `manual` runs when you start it. A schedule runs it at fixed times.
        job: Option<JobSetting> {
            default: "`before-deploy` if others depend on its completion (`service_completed_successfully`), else not a job",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n  migrate:\n    image: acme/web:1.4\n    command: [./manage, migrate]\n    x-tranship:\n      job: before-deploy\n",
            targets: All,
        }
        /// Makes the service a sidecar of another one. Both run in one task: they share the network, and
        /// start and stop together.
        task: Option<At<String>> {
            default: "its own task",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n  metrics:\n    image: prom/statsd-exporter:v0.28.0\n    x-tranship:\n      task: web\n",
            targets: CompilerFor("the task that it shares", ECS),
        }
        /// Whether the containers of an instance start again when this one ends, on the ECS platform of Elastic
        /// Beanstalk. An agent beside a site need not take it down.
        essential: Option<At<bool>> {
            default: "`true` for a service that is public, that another one connects to or that has a restart policy, else `false`",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n  agent:\n    image: acme/agent:1.4\n    x-tranship:\n      essential: false\n",
            targets: Only(&["beanstalk"]),
        }
        /// Whether the service is a test of the others. The build of the pipeline runs it with Docker Compose, and ends
        /// where it fails. List it under `skip` too, since it is not deployed.
        test: Option<At<bool>> {
            default: "`false`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n  unit:\n    image: acme/web:1.4\n    command: [./manage, test]\n    x-tranship:\n      test: true\n",
            targets: Compiler("the tests of the pipeline"),
        }
        /// Replaces the container with a managed database (Amazon RDS): `true`, or its settings.
        database: Option<DatabaseSetting> {
            default: "`false`: the database runs in its container",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    environment: { DATABASE_URL: \"postgres://shop:secret@db:5432/shop\" }\n  db:\n    image: postgres:17\n    environment: { POSTGRES_USER: shop, POSTGRES_PASSWORD: secret, POSTGRES_DB: shop }\n    x-tranship:\n      database: true\n",
            targets: All,
        }
        /// Changes to what the target emits for this service, for what no setting can say: see `patch` of an
        /// environment. A type in `resource` means the resources of this service.
        patch: Vec<At<PatchSettings>> {
            default: "none",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n  db:\n    image: postgres:17\n    environment: { POSTGRES_PASSWORD: local-only-4711 }\n    x-tranship:\n      database: true\n      patch:\n        - resource: AWS::RDS::DBInstance\n          merge:\n            Properties: { BackupRetentionPeriod: 14 }\n",
            targets: All,
        }
    }
}

setting_group! {
    /// `scale`: `min` is not greater than `max`.
    pub ScaleSettings check = ScaleSettings::check {
        /// The minimum number of copies.
        min: At<WholeNumber<0, 5000>> {
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n    x-tranship:\n      scale: { min: 2, max: 8 }\n",
            targets: All,
        }
        /// The maximum number of copies.
        max: At<WholeNumber<1, 5000>> {
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n    x-tranship:\n      scale: { min: 2, max: 8 }\n",
            targets: All,
        }
        /// The average CPU utilization to maintain, in percent.
        cpu: Option<At<WholeNumber<1, 100>>> {
            default: "`60` on ECS if `memory` is unset too, else unused",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n    x-tranship:\n      scale: { min: 2, max: 8, cpu: 70 }\n",
            targets: All,
        }
        /// The average memory utilization to maintain, in percent.
        memory: Option<At<WholeNumber<1, 100>>> {
            default: "unused",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n    x-tranship:\n      scale: { min: 2, max: 8, memory: 75 }\n",
            targets: Only(ECS),
        }
    }
}

impl ScaleSettings {
    fn check(&self, node: &Node, reader: &mut SettingReader<'_>) -> Option<()> {
        reader.check_range(node, self.min.value.get(), self.max.value.get())
    }
}

setting_group! {
    /// One statement of `permissions`.
    pub PermissionSetting {
        /// The actions to allow.
        actions: OneOrMore<At<String>> {
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    x-tranship:\n      permissions:\n        - { actions: \"xray:PutTraceSegments\", resources: \"*\" }\n",
            targets: All,
        }
        /// The ARNs of the resources, or `*`. They may contain late-bound variables.
        resources: OneOrMore<OpenText> {
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    x-tranship:\n      permissions:\n        - actions: [sqs:SendMessage]\n          resources: [\"arn:aws:sqs:eu-central-1:123456789012:orders\"]\n",
            targets: All,
        }
    }
}

/// `job`.
#[derive(Debug, Clone)]
pub enum JobSetting {
    /// Once in each deployment, before services are updated.
    BeforeDeploy(At<()>),
    /// When someone starts it.
    Manual(At<()>),
    /// By the clock.
    Schedule(At<JobSchedule>),
}

setting_group! {
    /// `job` as a mapping.
    pub JobSchedule {
        /// When the job runs: a schedule expression of Amazon EventBridge Scheduler, in UTC.
        schedule: At<ScheduleExpression> {
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n  report:\n    image: acme/report:1.4\n    x-tranship:\n      job: { schedule: cron(0 3 * * ? *) }\n",
            targets: RefusedElsewhere(ECS),
        }
    }
}

impl SettingValue for JobSetting {
    const FORM: &'static SettingForm =
        &SettingForm::Either(&[&SettingForm::Words(&["before-deploy", "manual"]), JobSchedule::FORM]);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        if is_collection(node) {
            return At::read(node, reader).map(JobSetting::Schedule);
        }
        reader.scalar(node, Self::FORM, |text| match text {
            "before-deploy" => Some(JobSetting::BeforeDeploy(At::of(node, ()))),
            "manual" => Some(JobSetting::Manual(At::of(node, ()))),
            _ => None,
        })
    }
}

/// `database`.
#[derive(Debug, Clone)]
pub enum DatabaseSetting {
    /// `false`: the database runs in its container.
    Container(At<()>),
    /// A managed one takes its place.
    Managed(Box<At<DatabaseSettings>>),
}

impl SettingValue for DatabaseSetting {
    const FORM: &'static SettingForm = &SettingForm::Either(&[&SettingForm::Truth, DatabaseSettings::FORM]);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        if is_collection(node) {
            return At::read(node, reader).map(Box::new).map(DatabaseSetting::Managed);
        }
        Some(match SwitchSetting::read_as(node, Self::FORM, reader)? {
            SwitchSetting::On => {
                DatabaseSetting::Managed(Box::new(At::of(node, DatabaseSettings::default())))
            }
            SwitchSetting::Off => DatabaseSetting::Container(At::of(node, ())),
        })
    }
}

setting_group! {
    /// `database` as a mapping.
    #[derive(Default)]
    pub DatabaseSettings check = DatabaseSettings::check {
        /// The database engine.
        engine: Option<At<DatabaseEngine>> {
            default: "the engine in the image",
            example: "services:\n  db:\n    image: acme/shop-database:1.4\n    x-tranship:\n      database: { engine: postgres, version: \"17\" }\n",
            targets: All,
        }
        /// The version of the engine.
        version: Option<At<String>> {
            default: "the version in the tag of the image, else a current version in standard support",
            example: "services:\n  db:\n    image: mysql:8.4\n    x-tranship:\n      database: { version: \"8.4\" }\n",
            targets: All,
        }
        /// The instance class.
        class: Option<At<DatabaseClass>> {
            default: "`db.t4g.micro`",
            example: "services:\n  db:\n    image: postgres:17\n    x-tranship:\n      database: { class: db.m7g.large }\n",
            targets: All,
        }
        /// The storage in GiB.
        storage: Option<At<WholeNumber<{ STORAGE_GIB.least }, { STORAGE_GIB.most }>>> {
            default: "`20`",
            example: "services:\n  db:\n    image: postgres:17\n    x-tranship:\n      database: { storage: 100 }\n",
            targets: All,
        }
        /// The name of the database in the instance.
        name: Option<At<String>> {
            default: "from the variables of the container, such as `POSTGRES_DB`",
            example: "services:\n  db:\n    image: postgres:17\n    x-tranship:\n      database: { name: shop }\n",
            targets: All,
        }
        /// The name of the master user.
        username: Option<At<String>> {
            default: "from the variables of the container, such as `POSTGRES_USER`",
            example: "services:\n  db:\n    image: postgres:17\n    x-tranship:\n      database: { username: shop }\n",
            targets: All,
        }
        /// Whether the engine may be past its standard support, which Amazon RDS charges extra for. Then `version` is the
        /// exact version, such as `5.7.44-rds.20250103`.
        extended_support: Option<At<bool>> {
            default: "`false`: a version that is past its standard support is refused",
            example: "services:\n  db:\n    image: mysql:8.4\n    x-tranship:\n      database: { version: \"8.4.7\", extended_support: true }\n",
            targets: All,
        }
        /// The snapshot of Amazon RDS that the database is restored from, with its users and data, by name or ARN. The user
        /// has to be the same. Keep the key: taking it away, or changing it, replaces the database.
        snapshot: Option<At<SnapshotName>> {
            default: "none: the database starts empty",
            example: "services:\n  db:\n    image: postgres:17\n    x-tranship:\n      database: { snapshot: shop-before-the-move }\n",
            targets: All,
        }
        /// A database that exists already, on Amazon RDS or elsewhere: nothing is created, and clients get its address and a
        /// password that Secrets Manager keeps.
        existing: Option<At<ExistingDatabaseSettings>> {
            default: "none: the database is created with the application",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    environment: { DATABASE_URL: \"postgres://shop:local@db:5432/shop\" }\n  db:\n    image: postgres:17\n    environment: { POSTGRES_USER: shop, POSTGRES_PASSWORD: local, POSTGRES_DB: shop }\n    x-tranship:\n      database:\n        existing: { host: shop.c1a2b3.eu-west-1.rds.amazonaws.com, secret: prod/shop }\n",
            targets: All,
        }
        /// Whether the database belongs to the Elastic Beanstalk environment and goes with it. AWS advises against
        /// it for production. Only the Docker platform supports it, and the name of the database is `ebdb`.
        coupled: Option<At<bool>> {
            default: "`false`: an RDS instance of its own, with a generated password, which a snapshot outlives",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    environment: { DB_HOST: db }\n  db:\n    image: postgres:17\n    x-tranship:\n      database: { coupled: true }\n",
            targets: Only(&["beanstalk"]),
        }
    }
}

setting_group! {
    /// `database.existing`.
    pub ExistingDatabaseSettings {
        /// The name of the host.
        host: At<ForeignHost> {
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    environment: { DB_HOST: db, DB_PASSWORD: local }\n  db:\n    image: postgres:17\n    environment: { POSTGRES_USER: shop, POSTGRES_PASSWORD: local }\n    x-tranship:\n      database:\n        existing: { host: shop.c1a2b3.eu-west-1.rds.amazonaws.com, secret: prod/shop }\n",
            targets: All,
        }
        /// The port.
        port: Option<At<PortNumber>> {
            default: "that of the engine",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    environment: { DB_HOST: db, DB_PASSWORD: local }\n  db:\n    image: postgres:17\n    environment: { POSTGRES_USER: shop, POSTGRES_PASSWORD: local }\n    x-tranship:\n      database:\n        existing: { host: shop.c1a2b3.eu-west-1.rds.amazonaws.com, port: 6432, secret: prod/shop }\n",
            targets: All,
        }
        /// The secret of Secrets Manager that holds the password, by name or ARN.
        secret: OpenText {
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    environment: { DB_HOST: db, DB_PASSWORD: local }\n  db:\n    image: postgres:17\n    environment: { POSTGRES_USER: shop, POSTGRES_PASSWORD: local }\n    x-tranship:\n      database:\n        existing: { host: shop.c1a2b3.eu-west-1.rds.amazonaws.com, secret: prod/shop }\n",
            targets: All,
        }
        /// The key of the password in the secret.
        key: Option<At<String>> {
            default: "`password`, as in the secrets that Amazon RDS makes",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    environment: { DB_HOST: db, DB_PASSWORD: local }\n  db:\n    image: postgres:17\n    environment: { POSTGRES_USER: shop, POSTGRES_PASSWORD: local }\n    x-tranship:\n      database:\n        existing: { host: shop.c1a2b3.eu-west-1.rds.amazonaws.com, secret: prod/shop, key: db_password }\n",
            targets: All,
        }
        /// The security group of the database: each service that connects is let in. Elastic Beanstalk leaves the group alone.
        security_group: Option<At<SecurityGroupId>> {
            default: "none: the database has to let the application in",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    environment: { DB_HOST: db, DB_PASSWORD: local }\n  db:\n    image: postgres:17\n    environment: { POSTGRES_USER: shop, POSTGRES_PASSWORD: local }\n    x-tranship:\n      database:\n        existing: { host: shop.c1a2b3.eu-west-1.rds.amazonaws.com, secret: prod/shop, security_group: sg-0123456789abcdef0 }\n",
            targets: Only(&["fargate", "ecs-ec2"]),
        }
    }
}

impl DatabaseSettings {
    /// What exists is not created.
    fn check(&self, node: &Node, reader: &mut SettingReader<'_>) -> Option<()> {
        let creates = [
            ("version", self.version.is_some()),
            ("class", self.class.is_some()),
            ("storage", self.storage.is_some()),
            ("extended_support", self.extended_support.is_some()),
            ("snapshot", self.snapshot.is_some()),
            ("coupled", self.coupled.is_some()),
        ];
        let found = creates.into_iter().find(|(_, given)| *given && self.existing.is_some());
        let Some((key, _)) = found else { return Some(()) };
        let message =
            format!("`{key}` is for a database that is created, and `existing` names one that exists");
        reader.report(node, message, format!("remove `{key}` or `existing`"));
        None
    }
}
