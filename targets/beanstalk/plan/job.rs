//! A job that runs before the containers are replaced -> a container of its own, on the leader only.

use super::container::image;
use super::values::{Part, Taken, Value, known, taken, values};
use super::{Job, Plan, container_name, mounts, path};
use crate::Compilation;
use crate::beanstalk::rules;
use indexmap::IndexMap;
use tranship_app::{Application, Condition, Role, Service};
use tranship_frontend::diagnostic::Diagnostic;

const MIB: u64 = 1024 * 1024;

/// Decides how a job runs.
pub(super) fn decide(
    application: &Application,
    service: &Service,
    plan: &mut Plan,
    cx: &mut Compilation<'_>,
) {
    check_reach(application, service, cx);
    let image = image(application, service, cx).unwrap_or_default();
    let (options, command) = run(application, service, plan, cx);
    let environment = environment(application, service, cx);
    if let Some(check) = &service.container.health_check {
        cx.ledger.ignored(&check.test, "a job is watched by its exit code", false);
        for at in [&check.interval, &check.timeout, &check.start_period, &check.start_interval]
            .into_iter()
            .flatten()
        {
            cx.ledger.ignored(at, "a job is watched by its exit code", false);
        }
        if let Some(retries) = &check.retries {
            cx.ledger.ignored(retries, "a job is watched by its exit code", false);
        }
    }
    let from = path(cx, service.node);
    plan.jobs.push(Job { name: container_name(&service.name), image, options, command, environment, from });
}

/// A job runs by itself: a container that it talks to is not there.
fn check_reach(application: &Application, service: &Service, cx: &mut Compilation<'_>) {
    for dependency in &service.dependencies {
        let started =
            application.services.get(&dependency.on).is_some_and(|on| !matches!(on.role, Role::Job(_)));
        match (started, dependency.condition.peek()) {
            (true, Condition::Started | Condition::Healthy) => {
                cx.ledger.rejected(&dependency.node, "the job runs before the containers start");
            }
            _ => cx
                .ledger
                .exact(&dependency.node, "the database and earlier jobs are there before the job runs"),
        }
    }
    for edge in application.edges.iter().filter(|edge| edge.from == service.name) {
        if application.services.get(&edge.to).is_some_and(|to| !matches!(to.role, Role::Job(_))) {
            cx.diagnostics.push(
                Diagnostic::new(
                    &rules::JOB_NEEDS_SERVICE,
                    format!("job `{}` talks to `{}`, which is not there when it runs", service.name, edge.to),
                )
                .at(edge.origin)
                .service(&*service.name)
                .help("let the job work without it, or choose the target `fargate` or `ecs-ec2`"),
            );
        }
    }
}

/// The options of `docker run`, and the words after the image.
fn run(
    application: &Application,
    service: &Service,
    plan: &mut Plan,
    cx: &mut Compilation<'_>,
) -> (Vec<String>, Vec<Value>) {
    let container = &service.container;
    let (mut options, mut command) = (Vec::new(), Vec::new());
    let mut option = |name: &str, value: String| options.extend([name.to_owned(), value]);
    if let Some(user) = &container.user {
        cx.ledger.exact(user, "docker run --user");
        option("--user", known(user, application, cx).unwrap_or_default());
    }
    if let Some(directory) = &container.working_dir {
        cx.ledger.exact(directory, "docker run --workdir");
        option("--workdir", known(directory, application, cx).unwrap_or_default());
    }
    if let Some(limit) = &service.resources.memory_limit {
        cx.ledger.exact(limit, "docker run --memory");
        option("--memory", format!("{}m", limit.peek().div_ceil(MIB)));
    }
    if let Some(entrypoint) = &container.entrypoint {
        cx.ledger.exact(entrypoint, "docker run --entrypoint");
        // Docker takes one word here; the others go before the command.
        if let Some((first, rest)) = entrypoint.peek().split_first() {
            option("--entrypoint", known(first, application, cx).unwrap_or_default());
            command.extend(values(rest, application, cx).unwrap_or_default());
        }
    }
    if let Some(words) = &container.command {
        cx.ledger.exact(words, "docker run: command");
        command.extend(values(words.peek(), application, cx).unwrap_or_default());
    }
    for mount in mounts::of_job(service, plan, cx) {
        option("--volume", mount);
    }
    (options, command)
}

fn environment(
    application: &Application,
    service: &Service,
    cx: &mut Compilation<'_>,
) -> IndexMap<String, Value> {
    let mut environment = IndexMap::new();
    for (name, variant) in &service.container.environment {
        let Some(text) = &variant.value else {
            cx.ledger.ignored(&variant.node, "the variable is unset where the manifest is compiled", false);
            continue;
        };
        let value = match taken(text, application, cx) {
            Some(Taken::Known(text)) => Value(vec![Part::Known(text)]),
            Some(Taken::Deferred(value)) => value,
            Some(Taken::Secret(secret)) => Value(vec![Part::Secret { secret: secret.location }]),
            None => continue,
        };
        cx.ledger.exact(&variant.node, "containers.json: environment of the job");
        environment.insert(name.to_string(), value);
    }
    environment
}
