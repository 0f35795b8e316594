//! Targets: a target is a folder, and a line in [`all`].
//!
//! In: the [`Application`]. Out: [`CompiledTarget`], the artifact set and what a deployment needs to know of
//! it. Invariant: a target decides everything and asks every rule first (its plan), then emits
//! mechanically; emission cannot fail.

#![allow(unreachable_pub, reason = "the modules are private: `pub` in them is what the other modules use")]

mod beanstalk;
mod container;
mod ecs;
mod ecs_ec2;
mod fargate;
mod managed_database;
mod patches;
mod project_files;
#[cfg(test)]
mod support_tables;

/// The support tables, checked and compiled in by `build.rs`.
mod support {
    include!(concat!(env!("OUT_DIR"), "/support.rs"));
}

use tranship_app::{Application, ComposeTree, KeyPaths, Ledger, OutboundAccess, PatchReport, SupportTable};
use tranship_artifact::ArtifactSet;
use tranship_frontend::diagnostic::{Diagnostic, DiagnosticRule, Diagnostics};
use tranship_frontend::source::{Origin, Sources};
use tranship_frontend::world::ProjectFiles;
use tranship_images::ImageRecipe;

/// A place that an application can be compiled to.
pub trait Target: Sync {
    /// Its name in manifests and on the command line.
    fn name(&self) -> &'static str;

    /// One line saying what it is.
    fn summary(&self) -> &'static str;

    /// The diagnostics that it declares, family by family.
    fn rules(&self) -> &'static [&'static [&'static DiagnosticRule]];

    /// What becomes of the keys that no code of it claims.
    fn support(&self) -> &'static SupportTable;

    /// Decides, asks every rule, and emits. Nothing when there were errors.
    fn compile(&self, application: &Application, cx: &mut Compilation<'_>) -> Option<CompiledTarget>;
}

/// What a target works with besides the application.
#[derive(Debug)]
pub struct Compilation<'a> {
    /// Where the leaves of the manifest stand, for comments and diagnostics.
    pub keys: KeyPaths<'a>,
    /// The resolved manifest, for a platform that runs Docker Compose itself.
    pub compose: ComposeTree<'a>,
    /// Every origin, and room for inferred ones.
    pub sources: &'a mut Sources,
    /// What to tell the user.
    pub diagnostics: &'a mut Diagnostics,
    /// The account of every leaf.
    pub ledger: &'a mut Ledger,
    /// The files of the project, to put into a bundle.
    pub files: ProjectFiles<'a>,
    /// Whether the artifacts are kept. Otherwise only what is wrong with them counts: a target may leave out what it need not
    /// write to find that.
    pub keeps_artifacts: bool,
}

impl Compilation<'_> {
    /// Points a diagnostic at further values, but for those on the line that it points at first.
    pub fn point(&self, diagnostic: Diagnostic, others: impl IntoIterator<Item = Origin>) -> Diagnostic {
        let line = |origin: Origin| {
            let span = self.sources.place(origin)?;
            Some((span.file, self.sources.file(span.file)?.location(span.start).line))
        };
        let first = diagnostic.labels.first().and_then(|label| line(label.origin));
        others.into_iter().filter(|origin| line(*origin) != first).fold(diagnostic, Diagnostic::at)
    }
}

/// What a target made.
#[derive(Debug)]
pub struct CompiledTarget {
    /// The files.
    pub artifacts: ArtifactSet,
    /// What a deployment needs to know of them.
    pub deployment: TargetDeployment,
    /// The images that must be made first, in the order of the manifest's services.
    pub images: Vec<ImageRecipe>,
    /// What its containers may reach outside of the application, for the report.
    pub outbound: Vec<OutboundAccess>,
    /// What `x-tranship.patch` changed, for the report.
    pub patches: Vec<PatchReport>,
}

impl CompiledTarget {
    /// The images that the deployment takes. A template takes one by a parameter, and a bundle names it. An image whose name
    /// in the manifest has a late-bound variable is another's to push.
    pub fn taken_images(&self) -> impl Iterator<Item = &ImageRecipe> {
        let named = matches!(self.deployment, TargetDeployment::Beanstalk(_));
        self.images.iter().filter(move |recipe| named || recipe.parameter.is_some())
    }
}

/// What a deployment needs to know.
#[derive(Debug, Clone)]
pub enum TargetDeployment {
    /// A CloudFormation stack from `template.yaml`.
    Stack(StackDeployment),
    /// An Elastic Beanstalk environment from `bundle.zip`.
    Beanstalk(BeanstalkDeployment),
}

impl TargetDeployment {
    /// The region, where the environment names one.
    pub fn region(&self) -> Option<&str> {
        match self {
            TargetDeployment::Stack(stack) => stack.region.as_deref(),
            TargetDeployment::Beanstalk(environment) => environment.region.as_deref(),
        }
    }

    /// What to call it: `stack shop-prod`, `environment shop-prod`.
    pub fn subject(&self) -> String {
        match self {
            TargetDeployment::Stack(stack) => format!("stack {}", stack.stack),
            TargetDeployment::Beanstalk(target) => format!("environment {}", target.environment),
        }
    }

    /// The account, where the environment names one.
    pub fn account(&self) -> Option<&str> {
        match self {
            TargetDeployment::Stack(stack) => stack.account.as_deref(),
            TargetDeployment::Beanstalk(environment) => environment.account.as_deref(),
        }
    }
}

/// A CloudFormation stack.
#[derive(Debug, Clone, Default)]
pub struct StackDeployment {
    /// The stack's name.
    pub stack: String,
    /// The region, where the environment names one.
    pub region: Option<String>,
    /// The account, where the environment names one.
    pub account: Option<String>,
    /// The template's parameters.
    pub parameters: Vec<DeployParameter>,
    /// What the template asks to be allowed, such as `CAPABILITY_IAM`.
    pub capabilities: Vec<&'static str>,
    /// What keeps data.
    pub data_stores: Vec<StackDataStore>,
    /// Services whose tasks explain a failure.
    pub services: Vec<StackService>,
    /// The nested stacks of services and jobs, where the application is several stacks.
    pub nested: Vec<StackService>,
    /// The stacks that are deployed after the first one, in their order, where the application is independent stacks.
    pub separate: Vec<SeparateDeployment>,
    /// The types of the template's resources, each once, in order: what a role that deploys it must be allowed.
    pub resource_types: Vec<String>,
    /// The ARN of the KMS key that encrypts sessions in containers.
    pub session_key: Option<String>,
}

/// A stack of an application that is independent stacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeparateDeployment {
    /// Its name.
    pub stack: String,
    /// The path of its template in the artifacts.
    pub template: String,
    /// When it is deployed: `shared`, then `before`, `service` and `listeners`.
    pub stage: &'static str,
    /// The service or the job whose stack it is.
    pub service: Option<String>,
    /// The stacks, besides the first one, that are deployed before it.
    pub after: Vec<String>,
    /// What it takes from other stacks, by the name of its parameter.
    pub given: Vec<(String, GivenParameter)>,
}

/// What a parameter of a stack takes from another stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenParameter {
    /// A text that is known.
    Value(String),
    /// The output of a stack.
    Output {
        /// The stack's name.
        stack: String,
        /// The output.
        output: String,
    },
}

/// A resource of a stack that keeps data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackDataStore {
    /// Its logical id.
    pub logical_id: String,
    /// The key path of what it is for: `services.db`.
    pub key: String,
}

/// An ECS service of a stack, or the nested stack of a service or a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackService {
    /// The Compose name.
    pub name: String,
    /// Its logical id.
    pub logical_id: String,
}

/// A value that a deployment gives.
#[derive(Debug, Clone, Default)]
pub struct DeployParameter {
    /// Its name: the logical id of a template's parameter.
    pub name: String,
    /// What it is for, in words.
    pub description: String,
    /// The key of the manifest that it comes from, or that would set it.
    pub key: Option<String>,
    /// What the manifest calls the secret that it feeds; flags take this name too.
    pub alias: Option<String>,
    /// The value known at build time.
    pub value: Option<String>,
    /// Whether it may be left out.
    pub has_default: bool,
    /// The value of a secret: never shown, given by `--secret`.
    pub secret: bool,
    /// The late-bound variable behind it, given by `--set NAME=VALUE`.
    pub variable: Option<String>,
    /// The option setting of Elastic Beanstalk that takes it; else it is a secret of Secrets Manager called `name`.
    pub option: Option<OptionSettingName>,
    /// Whether the deployment makes up a value where none is given and none is there yet: 32 letters and
    /// digits.
    pub generated: bool,
}

/// The name of an option setting of Elastic Beanstalk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionSettingName {
    /// Its namespace: `aws:rds:dbinstance`.
    pub namespace: String,
    /// Its name within it: `DBPassword`.
    pub name: String,
}

impl DeployParameter {
    /// The names that flags take, the shortest to remember first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.alias.as_deref().into_iter().chain([self.name.as_str()])
    }

    /// What to call it when talking to a person.
    pub fn called(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }
}

/// An Elastic Beanstalk environment.
#[derive(Debug, Clone, Default)]
pub struct BeanstalkDeployment {
    /// The application's name.
    pub application: String,
    /// The environment's name.
    pub environment: String,
    /// The region, where the environment names one.
    pub region: Option<String>,
    /// The account, where the environment names one.
    pub account: Option<String>,
    /// The platform branch whose newest version is taken: `ECS running on 64bit Amazon Linux 2023`.
    pub platform_branch: String,
    /// What the branch calls its solution stacks.
    pub solution_stacks: SolutionStackNames,
    /// Images that stand in the bundle as `${NAME}`, as the value of `image`: filled before it is uploaded.
    pub images: Vec<DeployParameter>,
    /// Secrets that must exist before the environment starts.
    pub secrets: Vec<DeployParameter>,
    /// The stacks of roles that must exist before the environment does, in order.
    pub role_stacks: Vec<RoleStack>,
    /// The names of the roles that Elastic Beanstalk gives to instances, to itself and to tasks.
    pub passed_roles: Vec<String>,
    /// What stands in the bundle for the number of the account, in the ARN of a role.
    pub account_placeholder: Option<String>,
    /// What stands in the bundle for the region of the logs, where the manifest does not name it.
    pub region_placeholder: Option<String>,
    /// Whether it is of the tier for workers, which only its creation can say.
    pub is_worker: bool,
    /// The tags of the environment.
    pub tags: Vec<EnvironmentTag>,
}

/// How the solution stacks of a platform branch are called: a version stands between the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SolutionStackNames {
    /// What they start with: `64bit Amazon Linux 2023 v`.
    pub prefix: &'static str,
    /// What they end with: ` running ECS`.
    pub suffix: &'static str,
}

impl SolutionStackNames {
    /// The version in a name; `None` if the name belongs to another branch.
    pub fn version(&self, name: &str) -> Option<Vec<u64>> {
        let middle = name.strip_prefix(self.prefix)?.strip_suffix(self.suffix)?;
        middle.split('.').map(|part| part.parse().ok()).collect()
    }
}

/// A tag of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentTag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// A stack with roles of an environment, which names them before it exists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleStack {
    /// The stack's name.
    pub stack: String,
    /// The artifact with its template.
    pub template: String,
}

/// The registry. Adding a target is adding a folder and a line here.
pub fn all() -> &'static [&'static dyn Target] {
    &[&beanstalk::BeanstalkTarget, &ecs_ec2::EcsEc2Target, &fargate::FargateTarget]
}

/// The target of a name.
pub fn find(name: &str) -> Option<&'static dyn Target> {
    all().iter().copied().find(|target| target.name() == name)
}
