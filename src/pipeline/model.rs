//! What is decided of a delivery pipeline, before anything is written.

use std::collections::BTreeSet;
use tranship_app::PipelineProvider;
use tranship_cloudformation::LogicalId;
use tranship_facts::resource_actions::ActionGrant;
use tranship_frontend::diagnostic::{Diagnostic, DiagnosticRule};
use tranship_frontend::source::Origin;
use tranship_images::ContentDigest;

/// Letters that a role's name may have (IAM quotas).
const LONGEST_NAME: usize = 64;

/// A pipeline, complete.
#[derive(Debug, Clone)]
pub(super) struct DeliveryPlan {
    /// Who runs it.
    pub(super) provider: PipelineProvider,
    /// The project's name.
    pub(super) project: String,
    /// What names of roles and the pipeline begin with: the project, as IAM takes it.
    pub(super) prefix: String,
    /// The repository of the sources; a parameter where the manifest does not name it.
    pub(super) repository: Option<String>,
    /// The branch.
    pub(super) branch: String,
    /// The files whose changes start a run; all where there is none.
    pub(super) paths: Vec<String>,
    /// The Git tags that start a run.
    pub(super) tags: Vec<String>,
    /// The connection to the host of the repository; a parameter where the manifest does not name it.
    pub(super) connection: Option<String>,
    /// The account of the pipeline, where the manifest names it.
    pub(super) account: Option<String>,
    /// The region of the pipeline, where the manifest says it.
    pub(super) region: Option<String>,
    /// How many releases of an image are kept.
    pub(super) releases: u32,
    /// Who is told of failures and approvals.
    pub(super) notify: Option<NotificationPlan>,
    /// The archive with the compiler; a parameter where the manifest does not name it.
    pub(super) archive: Option<String>,
    /// The flags that make a command read the same manifest, with a leading blank each.
    pub(super) flags: ManifestFlags,
    /// The environments, in the order of the manifest.
    pub(super) environments: Vec<EnvironmentPlan>,
    /// The repositories of images.
    pub(super) repositories: Vec<RepositoryPlan>,
    /// The services that test.
    pub(super) tests: Vec<String>,
    /// The services whose images Docker Compose builds and pushes.
    pub(super) composed: Vec<String>,
    /// Late-bound variables that hold the version of the build.
    pub(super) versions: Vec<String>,
    /// Late-bound variables whose value the pipeline is given.
    pub(super) variables: Vec<VariablePlan>,
    /// Hosts of Amazon ECR that images name, each with its region.
    pub(super) registries: Vec<(String, String)>,
    /// Hosts of other registries that images are pushed to, which the build does not log in to.
    pub(super) other_registries: Vec<String>,
}

impl DeliveryPlan {
    /// The accounts of the environments that are not the pipeline's, each once.
    pub(super) fn other_accounts(&self) -> Vec<&str> {
        let mut accounts: Vec<&str> =
            self.environments.iter().filter_map(|it| it.account.as_deref()).collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }

    /// The regions of the environments that are not the pipeline's, each once.
    pub(super) fn other_regions(&self) -> Vec<&str> {
        let regions: BTreeSet<&str> = self.environments.iter().filter_map(|it| self.elsewhere(it)).collect();
        regions.into_iter().collect()
    }

    /// The region of an environment, where that is not the pipeline's.
    pub(super) fn elsewhere<'a>(&self, environment: &'a EnvironmentPlan) -> Option<&'a str> {
        environment.region.as_deref().filter(|region| Some(*region) != self.region.as_deref())
    }

    /// The regions whose repositories images are pushed to, each once; none for the pipeline's own.
    pub(super) fn image_regions(&self) -> BTreeSet<Option<&str>> {
        self.repositories.iter().flat_map(|it| &it.regions).map(Option::as_deref).collect()
    }

    /// The name of a role or another thing that a person must recognize.
    pub(super) fn named(&self, what: &str) -> String {
        format!("{}-{what}", self.prefix)
    }

    /// The name of a role. One that is too long keeps its start, and what tells it from others with that start.
    pub(super) fn role_name(&self, what: &str) -> String {
        let name = self.named(what);
        if name.len() <= LONGEST_NAME {
            return name;
        }
        let rest = ContentDigest::of(name.as_bytes()).short().to_owned();
        let start: String = name.chars().take(LONGEST_NAME - rest.len() - 1).collect();
        format!("{start}-{rest}")
    }
}

/// The flags that make Tranship and Docker Compose read the same manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManifestFlags {
    /// For `tranship`, with a leading blank each.
    pub tranship: String,
    /// For `docker compose`, with a leading blank each.
    pub compose: String,
    /// The directory of committed artifacts that `verify` compares with.
    pub golden: String,
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotificationPlan {
    /// A topic that exists.
    Topic(String),
    /// A mail address, through a topic of the pipeline's own.
    Mail(String),
}

/// A late-bound variable that someone must give the pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VariablePlan {
    /// Its name.
    pub(super) name: String,
    /// The parameter of the pipeline's template.
    pub(super) parameter: LogicalId,
}

/// An environment of the pipeline.
#[derive(Debug, Clone)]
pub(super) struct EnvironmentPlan {
    /// Its name.
    pub(super) name: String,
    /// What ids of it begin with: `Prod`.
    pub(super) stem: String,
    /// Whether a person approves first.
    pub(super) protected: bool,
    /// Its account, where that is not the pipeline's.
    pub(super) account: Option<String>,
    /// Its region, where the manifest names it.
    pub(super) region: Option<String>,
    /// Whether `tranship publish` makes images of it.
    pub(super) publishes: bool,
    /// Where the manifest declares it.
    pub(super) origin: Origin,
    /// What is deployed.
    pub(super) delivery: DeliveryKind,
}

impl EnvironmentPlan {
    /// A diagnostic at its declaration.
    pub(super) fn refused(&self, rule: &'static DiagnosticRule, message: String) -> Diagnostic {
        Diagnostic::new(rule, message).at(self.origin).key(format!("x-tranship.environments.{}", self.name))
    }

    /// An id that begins with the environment.
    pub(super) fn id(&self, end: &str) -> LogicalId {
        super::id(&format!("{}{end}", self.stem))
    }

    /// Its stack, where it has one.
    pub(super) fn stack(&self) -> Option<&StackDelivery> {
        match &self.delivery {
            DeliveryKind::Stack(stack) => Some(stack),
            DeliveryKind::Beanstalk(_) => None,
        }
    }

    /// Its Elastic Beanstalk environment, where it has one.
    pub(super) fn beanstalk(&self) -> Option<&BeanstalkDelivery> {
        match &self.delivery {
            DeliveryKind::Stack(_) => None,
            DeliveryKind::Beanstalk(beanstalk) => Some(beanstalk),
        }
    }
}

/// What is deployed.
#[derive(Debug, Clone)]
pub(super) enum DeliveryKind {
    /// A stack.
    Stack(StackDelivery),
    /// A version of an Elastic Beanstalk application.
    Beanstalk(BeanstalkDelivery),
}

/// A stack that the pipeline deploys.
#[derive(Debug, Clone)]
pub(super) struct StackDelivery {
    /// Its name, as `deploy` has it.
    pub(super) stack: String,
    /// What the template asks to be allowed.
    pub(super) capabilities: Vec<&'static str>,
    /// The values of its parameters. What is not here keeps the template's default.
    pub(super) parameters: Vec<StackParameter>,
    /// What CloudFormation must be allowed.
    pub(super) grants: Vec<ActionGrant>,
    /// Whether it has nested stacks, whose templates must be uploaded first.
    pub(super) nested: bool,
    /// Whether it is several stacks that are deployed one after the other.
    pub(super) separate: bool,
}

impl StackDelivery {
    /// The secret that holds the values of its secret parameters.
    pub(super) fn secret(&self) -> String {
        format!("{}/parameters", self.stack)
    }

    /// Whether it has secret parameters.
    pub(super) fn has_secrets(&self) -> bool {
        self.parameters.iter().any(|it| it.source == ParameterSource::Secret)
    }
}

/// A parameter of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StackParameter {
    /// Its name.
    pub(super) name: String,
    /// What it is for.
    pub(super) description: String,
    /// Where its value comes from.
    pub(super) source: ParameterSource,
}

/// Where the value of a parameter comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ParameterSource {
    /// The manifest.
    Known(String),
    /// The build: an image, or a late-bound variable.
    Build,
    /// A parameter of the pipeline's own stack.
    Pipeline(LogicalId),
    /// A field of the secret of the stack.
    Secret,
}

/// An Elastic Beanstalk environment that the pipeline deploys to.
#[derive(Debug, Clone)]
pub(super) struct BeanstalkDelivery {
    /// The application.
    pub(super) application: String,
    /// The environment.
    pub(super) environment: String,
}

/// A repository of images in Amazon ECR.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RepositoryPlan {
    /// Its name.
    pub(super) name: String,
    /// The services whose images it holds.
    pub(super) services: Vec<String>,
    /// The regions that it is in: those of the environments that run its images. None stands for the pipeline's own.
    pub(super) regions: BTreeSet<Option<String>>,
}
