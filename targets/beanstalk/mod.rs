//! The target `beanstalk`: an environment of Elastic Beanstalk, on its ECS or its Docker platform branch.
//!
//! In: the application. Out: `bundle.zip` and the same tree unpacked in `bundle/`. Invariant: everything
//! is decided in `plan`; the writers only spell it, and no secret is in what they spell.

mod compose;
mod container_bounds;
mod docker_run;
mod dockerrun;
mod environment_roles;
mod execution_role;
mod instance_json;
mod patches;
mod plan;
mod platform;
mod resources;
mod rules;
mod templates;

use super::{
    BeanstalkDeployment, Compilation, CompiledTarget, DeployParameter, OptionSettingName, RoleStack, Target,
    TargetDeployment, container, managed_database, support,
};
use container::{
    approximate_public_protocols, ignore_internal_protocol, internal_protocols, refuse_stack_balancers,
};
use plan::{ACCOUNT_PLACEHOLDER, BeanstalkPlan, BuiltImage, REGION_PLACEHOLDER};
use std::collections::BTreeMap;
use tranship_app::{Application, OutboundAccess, PlatformKind, SupportTable};
use tranship_artifact::{Artifact, ArtifactSet, FileMode, PathError};
use tranship_facts::ProcessorArchitecture;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::diagnostic::DiagnosticRule;
use tranship_frontend::diagnostic::rules::internal;
use tranship_images::{BaseImage, ImageRecipe};

/// Elastic Beanstalk.
#[derive(Debug)]
pub struct BeanstalkTarget;

impl Target for BeanstalkTarget {
    fn name(&self) -> &'static str {
        "beanstalk"
    }

    fn summary(&self) -> &'static str {
        "Elastic Beanstalk: all containers on every instance of one environment"
    }

    fn rules(&self) -> &'static [&'static [&'static DiagnosticRule]] {
        &[container::rules::ALL, managed_database::rules::ALL, rules::ALL]
    }

    fn support(&self) -> &'static SupportTable {
        &support::BEANSTALK
    }

    fn compile(&self, application: &Application, cx: &mut Compilation<'_>) -> Option<CompiledTarget> {
        for (_, _, spoken) in internal_protocols(application) {
            ignore_internal_protocol(cx, spoken);
        }
        approximate_public_protocols(application, cx);
        refuse_stack_balancers(application, "Elastic Beanstalk", cx);
        let mut plan = platform::decide(application, cx);
        if cx.diagnostics.has_errors() {
            patches::claim(application, cx);
            return None;
        }
        let patches = match patches::apply(application, &mut plan, cx) {
            Ok(reports) => reports,
            Err(error) => {
                let message = format!("cannot write the bundle: {error}");
                cx.diagnostics.push(Diagnostic::new(&internal::ARTIFACT, message));
                return None;
            }
        };
        if cx.diagnostics.has_errors() {
            return None;
        }
        match artifacts(&mut plan) {
            Ok(artifacts) => Some(CompiledTarget {
                artifacts,
                deployment: TargetDeployment::Beanstalk(deployment(&plan)),
                images: plan.built_images.iter().map(|image| recipe(image, &plan)).collect(),
                outbound: vec![OutboundAccess::everything(
                    "*",
                    "the security group of the instances, which Elastic Beanstalk creates",
                )],
                patches,
            }),
            Err(error) => {
                let message = format!("cannot write the bundle: {error}");
                cx.diagnostics.push(Diagnostic::new(&internal::ARTIFACT, message));
                None
            }
        }
    }
}

/// How an image is made that the deployment names.
fn recipe(image: &BuiltImage, plan: &BeanstalkPlan) -> ImageRecipe {
    ImageRecipe {
        name: image.service.clone(),
        services: vec![image.service.clone()],
        parameter: Some(image.parameter.clone()),
        base: BaseImage::Built(image.request.clone()),
        layer: None,
        platform: match plan.architecture {
            ProcessorArchitecture::X86 => "linux/amd64".to_owned(),
            ProcessorArchitecture::Arm => "linux/arm64".to_owned(),
        },
        base_user: None,
    }
}

/// The bundle, and the tree in it.
fn artifacts(plan: &mut BeanstalkPlan) -> Result<ArtifactSet, String> {
    let tree = tree(plan)?;
    let mut artifacts = ArtifactSet::new();
    let say = |error: PathError| error.to_string();
    artifacts.nest("bundle", tree).map_err(say)?;
    artifacts.pack("bundle.zip", "bundle").map_err(say)?;
    if let Some(role) = &plan.execution_role {
        artifacts.text(execution_role::FILE, execution_role::write(role)).map_err(say)?;
    }
    if let Some(roles) = environment_roles::write(&plan.roles) {
        artifacts.text(environment_roles::FILE, roles).map_err(say)?;
    }
    Ok(artifacts)
}

/// The stacks that exist before the environment does.
fn role_stacks(plan: &BeanstalkPlan) -> Vec<RoleStack> {
    let own = plan.roles.own.as_ref().map(|_| RoleStack {
        stack: environment_roles::stack(&plan.environment),
        template: environment_roles::FILE.to_owned(),
    });
    let execution = plan
        .execution_role
        .as_ref()
        .map(|role| RoleStack { stack: role.name.clone(), template: execution_role::FILE.to_owned() });
    own.into_iter().chain(execution).collect()
}

/// The tree; the files of the project move into it.
fn tree(plan: &mut BeanstalkPlan) -> Result<ArtifactSet, String> {
    let mut tree = ArtifactSet::new();
    let say = |error: PathError| error.to_string();
    match &plan.compose {
        Some(compose) => {
            tree.text(compose::COMPOSE_FILE, compose::write(compose)).map_err(say)?;
            if let Some(logins) = &plan.logins {
                tree.text("Dockerrun.aws.json", dockerrun::write_logins(logins)?).map_err(say)?;
            }
        }
        None => tree.text("Dockerrun.aws.json", dockerrun::write(plan)?).map_err(say)?,
    }
    let rendered = plan.rendered.take();
    for (path, text) in rendered.map_or_else(|| templates::render(plan), Ok)? {
        let add = if is_hook(&path) { ArtifactSet::executable } else { ArtifactSet::file };
        add(&mut tree, &path, text.into_bytes()).map_err(say)?;
    }
    for (path, file) in std::mem::take(&mut plan.files) {
        // Where the file system has no modes, what says how it is run is to be run, and so is a program.
        let mode = if file.executable || file.is_program { FileMode::Executable } else { FileMode::File };
        let added = match file.copy(mode) {
            Some(copy) => tree.copy(&path, copy),
            None => tree.add(&path, Artifact { mode, bytes: file.into_held() }),
        };
        added.map_err(say)?;
    }
    Ok(tree)
}

/// The value that names an image.
fn image_parameter(image: &BuiltImage) -> DeployParameter {
    DeployParameter {
        name: image.parameter.clone(),
        description: format!("the image of `{}`: registry, name and digest", image.service),
        ..DeployParameter::default()
    }
}

/// Whether the platform runs a file of the bundle by itself.
fn is_hook(path: &str) -> bool {
    path.starts_with(".platform/") && path.contains("hooks/")
}

/// What a deployment must know besides the bundle.
fn deployment(plan: &BeanstalkPlan) -> BeanstalkDeployment {
    let text = |text: &str| text.to_owned();
    let mut named: BTreeMap<&str, (&str, String)> = BTreeMap::new();
    let indirect = plan.read_secrets.values().chain(plan.source_secrets.values());
    for secret in indirect.filter(|secret| secret.given) {
        named.insert(&secret.location.name, (&secret.name, format!("the secret `{}`", secret.name)));
    }
    for (variable, secret) in plan.secrets.iter().filter(|(_, secret)| secret.given) {
        let description = match plan.platform {
            PlatformKind::Ecs => format!("the value of `{variable}`"),
            PlatformKind::Docker => format!("the secret `{}`", secret.name),
        };
        named.insert(&secret.location.name, (&secret.name, description));
    }
    let given = named.into_iter().map(|(location, (alias, description))| DeployParameter {
        name: location.to_owned(),
        description,
        alias: Some(alias.to_owned()),
        secret: true,
        ..DeployParameter::default()
    });
    let password = plan.is_coupled.then(|| DeployParameter {
        name: text("DBPassword"),
        description: text("the master password of the environment's database"),
        secret: true,
        option: Some(OptionSettingName { namespace: text("aws:rds:dbinstance"), name: text("DBPassword") }),
        generated: true,
        ..DeployParameter::default()
    });
    let branch = platform::branch(plan.platform);
    BeanstalkDeployment {
        application: plan.application.clone(),
        environment: plan.environment.clone(),
        region: plan.region.clone(),
        account: plan.account.clone(),
        platform_branch: text(branch.name),
        solution_stacks: branch.stacks,
        images: plan.built_images.iter().map(image_parameter).collect(),
        role_stacks: role_stacks(plan),
        passed_roles: vec![plan.roles.instance.clone(), plan.roles.service.clone()],
        account_placeholder: plan.execution_role.as_ref().map(|_| ACCOUNT_PLACEHOLDER.to_owned()),
        region_placeholder: plan
            .container_logs
            .as_ref()
            .and_then(|logs| (logs.region == REGION_PLACEHOLDER).then(|| REGION_PLACEHOLDER.to_owned())),
        is_worker: plan.is_worker,
        tags: plan.tags.clone(),
        secrets: given.chain(password).collect(),
    }
}

#[cfg(test)]
mod tests;
