//! `buildspec.yml`: tests, images, artifacts and the version file; and the project that runs it.
//!
//! Sources: CodeBuild User Guide, "Build specification reference", "Environment variables in build environments",
//! "Multiple input sources and output artifacts sample"; 2026-11. Invariant: every command fails the build where it fails,
//! and no phase follows one that failed.

use super::model::{DeliveryPlan, EnvironmentPlan, ManifestFlags};
use super::stack_configuration::{BUILD, VERSION_FILE};
use super::{MARK, artifact_store, codepipeline, pipeline_roles};
use tranship_cloudformation::{
    FnSub, LogicalId, PropertyMap, PseudoParameter, Resource, Template, TemplateValue, list, props,
};

/// The project.
pub(super) fn project() -> LogicalId {
    super::id("BuildProject")
}

/// Its log group.
pub(super) fn log_group() -> LogicalId {
    super::id("BuildLogGroup")
}

/// The artifact with the bundle of an environment.
pub(super) fn bundle(environment: &EnvironmentPlan) -> String {
    format!("{}Bundle", environment.stem)
}

/// The bundles of all Elastic Beanstalk environments: their artifacts, and their directories.
pub(super) fn bundles(plan: &DeliveryPlan) -> Vec<(String, String)> {
    let environments = plan.environments.iter().filter(|it| it.beanstalk().is_some());
    environments.map(|it| (bundle(it), format!("dist/{}/bundle", it.name))).collect()
}

/// What a build does, whoever runs it. `VERSION`, `COMMIT` and `REGISTRY` are set.
#[derive(Debug, Default)]
pub(super) struct BuildCommands {
    /// Gets the compiler.
    pub(super) install: Vec<String>,
    /// Logs in to registries.
    pub(super) login: Vec<String>,
    /// Runs the tests, one command each.
    pub(super) tests: Vec<String>,
    /// Stops what the tests started.
    pub(super) cleanup: Vec<String>,
    /// Compares with what is committed.
    pub(super) verify: Vec<String>,
    /// Compiles, and makes the images.
    pub(super) build: Vec<String>,
    /// Writes the version file, the configurations and the bundles.
    pub(super) record: Vec<String>,
}

/// How the archive is taken: checked against its checksum, on the path.
const INSTALL: [&str; 4] = [
    "mkdir -p \"$HOME/.tranship\"",
    "curl --fail --silent --show-error --location --retry 3 \"$TRANSHIP_ARCHIVE\" --output \"$HOME/.tranship/tranship.tar.gz\"",
    "curl --fail --silent --show-error --location --retry 3 \"$TRANSHIP_ARCHIVE.sha256\" | awk -v file=\"$HOME/.tranship/tranship.tar.gz\" '{ print $1 \"  \" file }' | sha256sum --check --strict",
    "tar --extract --gzip --file \"$HOME/.tranship/tranship.tar.gz\" --directory \"$HOME/.tranship\"",
];

/// The commands of a plan.
pub(super) fn commands(plan: &DeliveryPlan) -> BuildCommands {
    let ManifestFlags { tranship, compose, .. } = &plan.flags;
    let compose = |what: &str| format!("docker compose{compose} {what}");
    let tranship = |what: &str| format!("tranship{tranship} {what}");
    let mut commands =
        BuildCommands { install: INSTALL.map(str::to_owned).to_vec(), ..BuildCommands::default() };
    if !plan.repositories.is_empty() {
        let login = |region: &str, host: &str| {
            format!(
                "aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {host}"
            )
        };
        commands.login.push(login("\"$AWS_REGION\"", "\"$REGISTRY\""));
        commands.login.extend(plan.registries.iter().map(|(host, region)| login(region, host)));
    }
    commands
        .tests
        .extend(plan.tests.iter().map(|test| compose(&format!("run --build --rm {}", quoted(test)))));
    if !plan.tests.is_empty() {
        commands.cleanup.push(compose("down --volumes --remove-orphans"));
    }
    commands.verify.push(tranship("verify --all"));
    for service in &plan.composed {
        commands.build.push(compose(&format!("build {}", quoted(service))));
        commands.build.push(compose(&format!("push {}", quoted(service))));
    }
    commands.build.push(tranship("build --all"));
    for environment in plan.environments.iter().filter(|it| it.publishes) {
        // Repositories are in the pipeline's account, and other accounts pull from them.
        let elsewhere = environment.account.is_some() && !plan.repositories.is_empty();
        let account = if elsewhere { " --account \"$ACCOUNT\"" } else { "" };
        let name = quoted(&environment.name);
        commands.build.push(tranship(&format!("publish {name} --tag \"$VERSION\"{account}")));
    }
    commands.record.push(tranship(&format!("pipeline --provider {} --out dist/pipeline --record dist --build-version \"$VERSION\" --commit \"$COMMIT\" --account \"$ACCOUNT\"", super::plan::word(plan.provider))));
    commands
}

/// A name as a word of the shell.
pub(super) fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    match !name.is_empty() && name.chars().all(plain) {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\'', "'\\''")),
    }
}

/// The specification.
pub(super) fn text(plan: &DeliveryPlan) -> String {
    format!("{MARK}\n{}", document(plan).to_yaml())
}

fn document(plan: &DeliveryPlan) -> PropertyMap {
    let commands = commands(plan);
    let mut install = commands.install;
    install.insert(0, "set -o pipefail".to_owned());
    install.push("export PATH=\"$HOME/.tranship:$PATH\"".to_owned());
    install.push("tranship --version".to_owned());
    let mut before = vec![
        "export COMMIT=\"$CODEBUILD_RESOLVED_SOURCE_VERSION\"".to_owned(),
        // A build is `PROJECT:UUID`. Tags have no colon.
        "BUILD=\"${CODEBUILD_BUILD_ID##*:}\"".to_owned(),
        "export VERSION=\"${COMMIT:0:12}.${BUILD:0:8}\"".to_owned(),
        "export ACCOUNT=\"$(echo \"$CODEBUILD_BUILD_ARN\" | cut -d : -f 5)\"".to_owned(),
    ];
    before.extend(plan.versions.iter().map(|name| format!("export {name}=\"$VERSION\"")));
    before.extend(commands.login);
    before.extend(commands.tests);
    let verify = commands.verify.join(" && ");
    let mut build = vec![format!("if [ -d {} ]; then {verify}; fi", quoted(&plan.flags.golden))];
    build.extend(commands.build);
    build.extend(commands.record);
    let phase = |commands: Vec<String>, cleanup: Vec<String>| {
        props! { "on-failure" => "ABORT", "commands" => commands }.with_list("finally", cleanup)
    };
    props! {
        "version" => "0.2",
        "env" => props! { "shell" => "bash", "exported-variables" => list!["VERSION", "COMMIT"] },
        "phases" => props! {
            "install" => phase(install, Vec::new()),
            "pre_build" => phase(before, commands.cleanup),
            "build" => phase(build, Vec::new()),
        },
        "artifacts" => artifacts(plan),
    }
}

/// The version file, the templates and their configurations; and the bundles, each an artifact of its own.
fn artifacts(plan: &DeliveryPlan) -> PropertyMap {
    let mut files = vec![VERSION_FILE.to_owned()];
    for environment in plan.environments.iter().filter(|it| it.stack().is_some()) {
        files.push(format!("{}/template.yaml", environment.name));
        files.push(format!("pipeline/{}.json", environment.name));
    }
    let main = props! { "base-directory" => "dist", "files" => files };
    let bundles = bundles(plan);
    if bundles.is_empty() {
        return main;
    }
    // Where there are several artifacts, CodePipeline takes only those with a name.
    let mut named = PropertyMap::new().with(BUILD, main.clone());
    for (name, directory) in bundles {
        named.set(name, props! { "base-directory" => directory, "files" => list!["**/*"] });
    }
    main.with("secondary-artifacts", named)
}

/// Adds the project.
pub(super) fn add(plan: &DeliveryPlan, template: &mut Template) {
    let variable = |name: &str, value: TemplateValue| props! { "Name" => name, "Value" => value };
    let registry = FnSub::new()
        .pseudo(PseudoParameter::AccountId)
        .then(".dkr.ecr.")
        .pseudo(PseudoParameter::Region)
        .then(".")
        .pseudo(PseudoParameter::UrlSuffix);
    let mut variables = vec![
        variable("TRANSHIP_ARCHIVE", codepipeline::archive().reference()),
        variable("REGISTRY", registry.into()),
    ];
    variables.extend(plan.variables.iter().map(|it| variable(&it.name, it.parameter.reference())));
    let environment = props! {
        "Type" => "LINUX_CONTAINER",
        "ComputeType" => "BUILD_GENERAL1_MEDIUM",
        "Image" => codepipeline::build_image().reference(),
        // Docker runs inside.
        "PrivilegedMode" => true,
        "EnvironmentVariables" => variables,
    };
    let properties = props! {
        "Description" => format!("Tests, images and artifacts of {}", plan.project),
        "ServiceRole" => pipeline_roles::build().arn(),
        "EncryptionKey" => ?artifact_store::project_key(plan),
        "Artifacts" => props! { "Type" => "CODEPIPELINE" },
        "Source" => props! { "Type" => "CODEPIPELINE", "BuildSpec" => text(plan) },
        "Environment" => environment,
        "LogsConfig" => pipeline_roles::logs_config(&log_group()),
        "TimeoutInMinutes" => 60,
    };
    template.add(&log_group(), pipeline_roles::log_resource());
    template.add(&project(), Resource::new("AWS::CodeBuild::Project", properties));
}
