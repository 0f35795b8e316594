//! Where the output of a container goes: to CloudWatch Logs, whatever Docker would do with it.

use crate::container::{ContainerPlan, ContainerPlanner, LogSupport};
use tranship_app::{At, BehaviourEffect, LoggingRequest, is_secret_arn};
use tranship_facts::quotas::ecs::AWSLOGS_OPTIONS;

/// Drivers that keep the output on the machine, which CloudWatch Logs does too.
const LOCAL_DRIVERS: &[&str] = &["json-file", "local", "journald"];

/// The driver that hands the output to a container of the task, which routes it.
const FIRELENS: &str = "awsfirelens";

/// The driver whose options Amazon ECS takes.
const AWSLOGS: &str = "awslogs";

/// Settles the driver and its options.
pub(super) fn plan<V, K>(planner: &mut ContainerPlanner<'_, '_>, container: &mut ContainerPlan<V, K>) {
    let logging = &planner.service().container.logging;
    let LogSupport { place, passes_options, .. } = planner.bounds.logging;
    let driver = logging.driver.as_ref().map_or("json-file", |driver| driver.peek().as_str());
    if let Some(given) = &logging.driver {
        if driver == FIRELENS {
            if !(planner.bounds.logging.routes && planner.request.has_router) {
                return refuse_router(planner, given);
            }
            return pass_on(planner, given, container);
        }
        if passed_on(planner, given, container) {
            return;
        }
        match driver {
            AWSLOGS => planner.cx.ledger.decided(given, place),
            _ => {
                let elsewhere = !LOCAL_DRIVERS.contains(&driver);
                let (value, reason) = (place, reason(planner, driver));
                let effect = BehaviourEffect::changed_if(elsewhere);
                planner.cx.ledger.approximated(given, effect, value, reason, place);
            }
        }
    }
    for (name, value) in &logging.options {
        if driver == AWSLOGS && passes_options && AWSLOGS_OPTIONS.contains(&&**name) {
            let value = planner.cx.ledger.exact(value, "task definition: LogConfiguration.Options").clone();
            container.log_options.insert(name.to_string(), value);
        } else {
            let (reason, effect) = lost(logging, driver, name);
            planner.cx.ledger.ignored(value, reason, effect);
        }
    }
}

/// FireLens sends nothing without its router, a container of the same task.
fn refuse_router(planner: &mut ContainerPlanner<'_, '_>, driver: &At<String>) {
    let options = &planner.service().container.logging.options;
    let routes = planner.bounds.logging.routes;
    let why = if routes {
        "its options are for a log router, and no container of the task is one"
    } else {
        "its options are for a log router, which only a task of Amazon ECS has"
    };
    for (_, value) in options {
        planner.cx.ledger.rejected(value, why);
    }
    let app = &planner.service().name;
    let remedy = if routes {
        format!(
            "add the router to the task, as a service with `image: public.ecr.aws/aws-observability/aws-for-fluent-bit:stable` and `x-tranship: {{ task: {app} }}`; or remove `logging`: the output goes to CloudWatch Logs, whose subscription filters pass it on"
        )
    } else {
        "remove `logging`: the output goes to CloudWatch Logs, whose subscription filters pass it on"
            .to_owned()
    };
    planner.reject(driver, "logging.driver: awsfirelens", why, &remedy);
}

/// A driver that the target has too, with all of its options: what is the ARN of a secret is read from there.
fn passed_on<V, K>(
    planner: &mut ContainerPlanner<'_, '_>,
    driver: &At<String>,
    container: &mut ContainerPlan<V, K>,
) -> bool {
    let has = planner.bounds.logging.drivers.contains(&driver.peek().as_str());
    if !has || planner.service().container.logging.service.is_some() {
        return false;
    }
    pass_on(planner, driver, container);
    true
}

/// The driver as it is, with its options.
fn pass_on<V, K>(
    planner: &mut ContainerPlanner<'_, '_>,
    driver: &At<String>,
    container: &mut ContainerPlan<V, K>,
) {
    container.log_driver =
        Some(planner.cx.ledger.exact(driver, "task definition: LogConfiguration.LogDriver").clone());
    for (name, value) in &planner.service().container.logging.options {
        let secret = is_secret_arn(value.peek());
        let place = if secret { "SecretOptions" } else { "Options" };
        let value =
            planner.cx.ledger.exact(value, format!("task definition: LogConfiguration.{place}")).clone();
        let options = if secret { &mut container.log_secrets } else { &mut container.log_options };
        options.insert(name.to_string(), value);
    }
}

fn reason(planner: &ContainerPlanner<'_, '_>, driver: &str) -> &'static str {
    if planner.bounds.logging.drivers.contains(&driver) {
        return "the driver runs outside the containers, where service names do not resolve";
    }
    "the logs of every container go there"
}

/// Why an option is not passed on, and whether that is a loss beyond that of its driver.
fn lost(logging: &LoggingRequest, driver: &str, name: &str) -> (&'static str, BehaviourEffect) {
    let told_by_driver = logging.driver.is_some() && driver != AWSLOGS;
    match name {
        "awslogs-create-group" => ("the stack creates the log group", BehaviourEffect::Equivalent),
        _ if LOCAL_DRIVERS.contains(&driver) => {
            ("logs are kept as long as `x-tranship.log_retention` says", BehaviourEffect::Equivalent)
        }
        _ if told_by_driver => ("it is an option of a driver that is not used", BehaviourEffect::Equivalent),
        _ => ("Tranship names the log group and its streams", BehaviourEffect::ChangesBehaviour),
    }
}
