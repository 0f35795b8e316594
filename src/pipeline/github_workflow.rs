//! The workflow for GitHub Actions: checks and a plan for each pull request, and deliveries from the branch.
//!
//! Sources: GitHub Docs, "Workflow syntax for GitHub Actions", "Configuring OpenID Connect in Amazon Web Services",
//! "Managing environments for deployment"; AWS CLI Command Reference, `cloudformation deploy`; 2026-11. Invariants: no key
//! is stored; a value of GitHub reaches a shell through its environment alone; what an environment with approval executes
//! is the change set that was shown.

use super::MARK;
use super::buildspec::{commands, quoted};
use super::github_roles::{self, GithubRole};
use super::model::{DeliveryPlan, EnvironmentPlan, ParameterSource, StackDelivery};
use std::fmt::Write as _;
use tranship_cloudformation::scalar;
use tranship_facts::AwsPartition;

/// Where GitHub looks for it.
pub(super) const PATH: &str = ".github/workflows/tranship.yml";

/// Templates over this size go to AWS through a bucket: what fits in a request, in bytes.
const INLINE: usize = tranship_cloudformation::INLINE_BYTES;

/// A workflow that is being written.
#[derive(Debug, Default)]
struct WorkflowText(String);

impl WorkflowText {
    /// A line at a depth of two blanks each.
    fn line(&mut self, depth: usize, text: impl AsRef<str>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{:1$}{2}", "", depth * 2, text.as_ref());
    }

    /// A step that runs lines of a shell.
    fn run(&mut self, name: &str, environment: &[(String, String)], lines: &[String]) {
        self.line(3, format!("- name: {name}"));
        if !environment.is_empty() {
            self.line(4, "env:");
            environment.iter().for_each(|(key, value)| self.line(5, format!("{key}: {value}")));
        }
        self.line(4, "run: |");
        lines.iter().for_each(|line| self.line(5, line));
    }

    /// The steps that every job starts with.
    fn start(&mut self, plan: &DeliveryPlan) {
        self.line(2, "steps:");
        self.line(3, "- uses: actions/checkout@v5");
        self.line(4, "with:");
        self.line(5, "persist-credentials: false");
        let mut install = commands(plan).install;
        install.push("echo \"$HOME/.tranship\" >> \"$GITHUB_PATH\"".to_owned());
        self.run("Install tranship", &[], &install);
    }

    /// A step that assumes a role.
    fn role(&mut self, plan: &DeliveryPlan, environment: Option<&EnvironmentPlan>, role: GithubRole<'_>) {
        let region = github_roles::region(plan, environment);
        self.line(3, "- uses: aws-actions/configure-aws-credentials@v6");
        self.line(4, "with:");
        self.line(5, format!("role-to-assume: {}", github_roles::address(plan, environment, role)));
        self.line(5, format!("aws-region: {}", region.unwrap_or("${{ vars.AWS_REGION }}")));
    }

    /// A job up to its steps.
    fn job(&mut self, name: &str, when: Option<&str>, needs: &[String], permissions: &[&str]) {
        self.0.push('\n');
        self.line(1, format!("{name}:"));
        if let Some(when) = when {
            self.line(2, format!("if: {when}"));
        }
        if !needs.is_empty() {
            self.line(2, format!("needs: [{}]", needs.join(", ")));
        }
        self.line(2, "runs-on: ubuntu-latest");
        self.line(2, "timeout-minutes: 60");
        self.line(2, "permissions:");
        permissions.iter().for_each(|permission| self.line(3, *permission));
    }

    /// Takes the artifacts of the build.
    fn download(&mut self) {
        self.line(3, "- uses: actions/download-artifact@v7");
        self.line(4, "with:");
        self.line(5, "name: dist");
        self.line(5, "path: dist");
    }
}

const READ: &str = "contents: read";
const TOKEN: &str = "id-token: write";
const ON_PUSH: &str = "github.event_name == 'push'";
/// A pull request from a fork gets no token, so it has no plan.
const ON_PULL: &str = "github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository";

/// The workflow.
pub(super) fn text(plan: &DeliveryPlan) -> String {
    let mut out = WorkflowText(format!("{MARK}\n"));
    head(plan, &mut out);
    check(plan, &mut out);
    pull_request(plan, &mut out);
    publish(plan, &mut out);
    let mut needs = vec!["publish".to_owned()];
    for environment in &plan.environments {
        needs = deliver(plan, environment, &needs, &mut out);
    }
    out.0
}

fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| scalar::quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

fn head(plan: &DeliveryPlan, out: &mut WorkflowText) {
    let branch = list(std::slice::from_ref(&plan.branch));
    out.line(0, "name: delivery");
    out.line(0, "on:");
    out.line(1, "push:");
    out.line(2, format!("branches: {branch}"));
    if !plan.tags.is_empty() {
        out.line(2, format!("tags: {}", list(&plan.tags)));
    }
    if !plan.paths.is_empty() {
        out.line(2, format!("paths: {}", list(&plan.paths)));
    }
    out.line(1, "pull_request:");
    out.line(2, format!("branches: {branch}"));
    out.line(0, "permissions: {}");
    out.line(0, "concurrency:");
    out.line(1, "group: delivery-${{ github.event.pull_request.number || 'branch' }}");
    out.line(1, "cancel-in-progress: false");
    out.line(0, "defaults:");
    out.line(1, "run:");
    // With a name, GitHub adds `-e` and `pipefail`.
    out.line(2, "shell: bash");
    out.line(0, "env:");
    let archive = plan.archive.clone().unwrap_or_else(|| "${{ vars.TRANSHIP_ARCHIVE }}".to_owned());
    out.line(1, format!("TRANSHIP_ARCHIVE: {archive}"));
    for variable in &plan.variables {
        out.line(1, format!("{0}: ${{{{ vars.{0} }}}}", variable.name));
    }
    // The names of images: the version of the build takes their place where something is delivered.
    for version in &plan.versions {
        out.line(1, format!("{version}: ${{{{ github.sha }}}}"));
    }
    out.line(0, "jobs:");
}

/// Diagnostics as annotations, the tests, and what is committed.
fn check(plan: &DeliveryPlan, out: &mut WorkflowText) {
    let found = commands(plan);
    out.job("check", None, &[], &[READ]);
    out.start(plan);
    let flags = &plan.flags.tranship;
    out.run("Check the manifest", &[], &[format!("tranship{flags} check --all --format github")]);
    let verify = found.verify.join(" && ");
    let lines = [
        format!("if [ ! -d {} ]; then exit 0; fi", quoted(&plan.flags.golden)),
        format!("if {verify} > verify.txt; then exit 0; fi"),
        "cat verify.txt".to_owned(),
        "sed -n 's|^\\([^ ][^:]*\\):.*|::error file=\\1::not what the manifest compiles to: run tranship verify --bless|p' verify.txt".to_owned(),
        "exit 1".to_owned(),
    ];
    out.run("Verify what is committed", &[], &lines);
    if !found.tests.is_empty() {
        out.run("Test", &[], &found.tests);
        out.line(3, "- name: Stop what the tests started");
        out.line(4, "if: always()");
        out.line(4, format!("run: {}", found.cleanup.join(" && ")));
    }
}

/// The plan of each stack, as a comment on the pull request.
fn pull_request(plan: &DeliveryPlan, out: &mut WorkflowText) {
    let stacks: Vec<(&EnvironmentPlan, &StackDelivery)> =
        plan.environments.iter().filter_map(|it| Some((it, it.stack()?))).collect();
    if stacks.is_empty() {
        return;
    }
    let permissions = [READ, TOKEN, "pull-requests: write"];
    out.job("plan", Some(ON_PULL), &["check".to_owned()], &permissions);
    out.start(plan);
    out.run("Compile", &[], &[format!("tranship{} build --all", plan.flags.tranship)]);
    for (environment, stack) in stacks {
        out.role(plan, Some(environment), GithubRole::Plan);
        let mut lines = vec![format!("echo '### {}' >> plan.md", environment.name)];
        lines.push(format!(
            "if aws cloudformation describe-stacks --stack-name {} > /dev/null 2>&1; then",
            stack.stack
        ));
        lines.extend(change_set(environment, stack).into_iter().map(|line| format!("  {line}")));
        lines.push("  { echo '```'; cat changes.txt; echo '```'; } >> plan.md".to_owned());
        lines.push("  if [ -n \"$CHANGE_SET\" ]; then aws cloudformation delete-change-set --change-set-name \"$CHANGE_SET\"; fi".to_owned());
        lines.push("else".to_owned());
        lines.push("  echo 'The stack does not exist yet: everything is created.' >> plan.md".to_owned());
        lines.push("fi".to_owned());
        out.run(&format!("Plan {}", environment.name), &given(environment, stack), &lines);
    }
    let variables = [
        ("GH_TOKEN".to_owned(), "${{ github.token }}".to_owned()),
        ("NUMBER".to_owned(), "${{ github.event.pull_request.number }}".to_owned()),
        ("REPOSITORY".to_owned(), "${{ github.repository }}".to_owned()),
    ];
    let comment = "gh pr comment \"$NUMBER\" --repo \"$REPOSITORY\" --body-file plan.md";
    out.run("Comment", &variables, &[format!("{comment} --edit-last || {comment}")]);
}

/// Values that the repository's variables have for the parameters of a stack.
fn given(environment: &EnvironmentPlan, stack: &StackDelivery) -> Vec<(String, String)> {
    let given = stack.parameters.iter().filter(|it| matches!(it.source, ParameterSource::Pipeline(_)));
    given
        .map(|it| (it.name.clone(), format!("${{{{ vars.{} }}}}", variable(environment, &it.name))))
        .collect()
}

/// The variable of the repository that holds the value of a parameter.
pub(super) fn variable(environment: &EnvironmentPlan, parameter: &str) -> String {
    format!("{}_{parameter}", environment.stem).to_ascii_uppercase()
}

/// The bucket that `deploy` uses too, as a word of the shell.
const BUCKET: &str = "\"tranship-$(aws sts get-caller-identity --query Account --output text)-$AWS_REGION\"";

/// Creates a change set, and leaves its ARN in `CHANGE_SET` and its changes in `changes.txt`. Parameters without a value
/// keep the one that the stack has.
fn change_set(environment: &EnvironmentPlan, stack: &StackDelivery) -> Vec<String> {
    let directory = format!("dist/{}", environment.name);
    let mut lines = Vec::new();
    let mut template = format!("{directory}/template.yaml");
    if stack.nested {
        let packaged = format!("{directory}/packaged.yaml");
        lines.push(format!("aws cloudformation package --template-file {template} --s3-bucket {BUCKET} --s3-prefix nested/{} --output-template-file {packaged}", stack.stack));
        template = packaged;
    }
    let mut flags = format!("--stack-name {} --template-file {template}", stack.stack);
    flags += " --no-execute-changeset --no-fail-on-empty-changeset";
    if !stack.capabilities.is_empty() {
        flags += &format!(" --capabilities {}", stack.capabilities.join(" "));
    }
    if !stack.parameters.is_empty() {
        lines.push(format!("cp {directory}/parameters.json parameters.json 2> /dev/null || echo '{{\"Parameters\": {{}}}}' > parameters.json"));
        let names: Vec<String> = given(environment, stack).into_iter().map(|(name, _)| name).collect();
        if !names.is_empty() {
            lines.push(format!("for name in {}; do", names.join(" ")));
            lines.push("  if [ -n \"${!name}\" ]; then jq --arg name \"$name\" --arg value \"${!name}\" '.Parameters[$name] = $value' parameters.json > merged.json && mv merged.json parameters.json; fi".to_owned());
            lines.push("done".to_owned());
        }
        flags += " --parameter-overrides file://parameters.json";
    }
    lines.push("BUCKET=()".to_owned());
    lines.push(format!("if [ \"$(wc -c < {template})\" -gt {INLINE} ]; then"));
    lines.push(format!("  BUCKET=(--s3-bucket {BUCKET} --s3-prefix templates)"));
    lines.push("fi".to_owned());
    lines.push(format!("aws cloudformation deploy {flags} \"${{BUCKET[@]}}\" | tee deploy.txt"));
    lines.push(
        "CHANGE_SET=$(grep --only-matching 'arn:[^ ]*:changeSet/[^ ]*' deploy.txt | head -n 1 || true)"
            .to_owned(),
    );
    lines.push("echo 'No changes.' > changes.txt".to_owned());
    lines.push("if [ -n \"$CHANGE_SET\" ]; then".to_owned());
    lines.push("  aws cloudformation describe-change-set --change-set-name \"$CHANGE_SET\" --query 'Changes[].ResourceChange.[Action,Replacement,LogicalResourceId,ResourceType]' --output text > changes.txt".to_owned());
    lines.push("fi".to_owned());
    lines
}

/// Images and artifacts, once for all environments.
fn publish(plan: &DeliveryPlan, out: &mut WorkflowText) {
    let found = commands(plan);
    out.job("publish", Some(ON_PUSH), &["check".to_owned()], &[READ, TOKEN]);
    out.start(plan);
    let pushes = !plan.repositories.is_empty();
    if pushes {
        out.role(plan, None, GithubRole::Publish);
    }
    let mut lines = vec![
        "export COMMIT=\"$GITHUB_SHA\"".to_owned(),
        "export VERSION=\"${COMMIT:0:12}.$GITHUB_RUN_NUMBER.$GITHUB_RUN_ATTEMPT\"".to_owned(),
    ];
    if pushes {
        lines.push("ACCOUNT=$(aws sts get-caller-identity --query Account --output text)".to_owned());
        let partition = AwsPartition::of_region(github_roles::region(plan, None).unwrap_or_default());
        let suffix = partition.url_suffix();
        lines.push(format!("export ACCOUNT REGISTRY=\"$ACCOUNT.dkr.ecr.$AWS_REGION.{suffix}\""));
    } else {
        lines.push("export ACCOUNT=".to_owned());
    }
    lines.extend(plan.versions.iter().map(|name| format!("export {name}=\"$VERSION\"")));
    lines.extend(found.login);
    lines.extend(found.build);
    lines.extend(found.record);
    out.run("Publish", &[], &lines);
    out.line(3, "- uses: actions/upload-artifact@v6");
    out.line(4, "with:");
    out.line(5, "name: dist");
    out.line(5, "path: dist");
    // Elastic Beanstalk reads folders whose names begin with a dot.
    out.line(5, "include-hidden-files: true");
    out.line(5, "if-no-files-found: error");
}

/// The jobs of an environment; the names of those that the next one waits for.
fn deliver(
    plan: &DeliveryPlan,
    environment: &EnvironmentPlan,
    needs: &[String],
    out: &mut WorkflowText,
) -> Vec<String> {
    let job = format!("deploy-{}", environment.stem.to_ascii_lowercase());
    match environment.stack().filter(|_| environment.protected) {
        Some(stack) => approved(plan, environment, stack, needs, &job, out),
        None => {
            out.job(&job, Some(ON_PUSH), needs, &[READ, TOKEN]);
            out.line(2, format!("environment: {}", scalar::quoted(&environment.name)));
            out.start(plan);
            out.download();
            out.role(plan, Some(environment), GithubRole::Deploy(environment));
            let (variables, lines) = deploy(plan, environment);
            out.run("Deploy", &variables, &lines);
        }
    }
    vec![job]
}

/// The deployment of exactly the artifacts of this run: with the version that the images have.
fn deploy(plan: &DeliveryPlan, environment: &EnvironmentPlan) -> (Vec<(String, String)>, Vec<String>) {
    let variables = environment.stack().map(|stack| given(environment, stack)).unwrap_or_default();
    let mut lines = Vec::new();
    if !plan.versions.is_empty() {
        lines.push("VERSION=$(jq --raw-output .Version dist/version.json)".to_owned());
        lines.extend(plan.versions.iter().map(|name| format!("export {name}=\"$VERSION\"")));
    }
    lines.push("VALUES=()".to_owned());
    if !variables.is_empty() {
        let names: Vec<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
        lines.push(format!("for name in {}; do", names.join(" ")));
        lines.push("  if [ -n \"${!name}\" ]; then VALUES+=(--parameter \"$name=${!name}\"); fi".to_owned());
        lines.push("done".to_owned());
    }
    let name = quoted(&environment.name);
    lines
        .push(format!("tranship{} deploy {name} --yes --no-publish \"${{VALUES[@]}}\"", plan.flags.tranship));
    (variables, lines)
}

/// Two jobs: one shows a change set, and one executes it once its environment has the approval.
fn approved(
    plan: &DeliveryPlan,
    environment: &EnvironmentPlan,
    stack: &StackDelivery,
    needs: &[String],
    job: &str,
    out: &mut WorkflowText,
) {
    let planning = format!("plan-{}", environment.stem.to_ascii_lowercase());
    out.job(&planning, Some(ON_PUSH), needs, &[READ, TOKEN]);
    out.line(2, "outputs:");
    out.line(3, "change-set: ${{ steps.plan.outputs.change-set }}");
    out.start(plan);
    out.download();
    out.role(plan, Some(environment), GithubRole::Plan);
    let mut lines = change_set(environment, stack);
    lines.push("{ echo '```'; cat changes.txt; echo '```'; } >> \"$GITHUB_STEP_SUMMARY\"".to_owned());
    lines.push("echo \"change-set=$CHANGE_SET\" >> \"$GITHUB_OUTPUT\"".to_owned());
    let before = out.0.len();
    out.run("Plan", &given(environment, stack), &lines);
    // The step is named for its output.
    let step = out.0.split_off(before);
    out.0.push_str(&step.replacen("- name: Plan\n", "- name: Plan\n        id: plan\n", 1));
    out.job(job, Some(ON_PUSH), std::slice::from_ref(&planning), &[TOKEN]);
    out.line(2, format!("environment: {}", scalar::quoted(&environment.name)));
    out.line(2, "steps:");
    out.role(plan, Some(environment), GithubRole::Deploy(environment));
    let variables = [("CHANGE_SET".to_owned(), format!("${{{{ needs.{planning}.outputs.change-set }}}}"))];
    let name = &stack.stack;
    let lines = [
        "if [ -z \"$CHANGE_SET\" ]; then echo 'No changes.'; exit 0; fi".to_owned(),
        format!(
            "KIND=$(aws cloudformation describe-stacks --stack-name {name} --query 'Stacks[0].StackStatus' --output text)"
        ),
        "aws cloudformation execute-change-set --change-set-name \"$CHANGE_SET\"".to_owned(),
        format!(
            "if [ \"$KIND\" = REVIEW_IN_PROGRESS ]; then aws cloudformation wait stack-create-complete --stack-name {name}; else aws cloudformation wait stack-update-complete --stack-name {name}; fi"
        ),
    ];
    out.run("Execute what was approved", &variables, &lines);
}
