//! What Elastic Beanstalk and Amazon ECS would refuse: names, numbers, memory.

use super::{BeanstalkContainer, BeanstalkPlan, LatePart, LateValue, SecretVariable};
use crate::Compilation;
use crate::beanstalk::dockerrun;
use crate::beanstalk::rules;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use tranship_app::rules::target::{REJECTED_KEY, SMALL_INSTANCE};
use tranship_app::{AppService, Application, PlatformKind};
use tranship_facts::InstanceType;
use tranship_facts::quotas::beanstalk::{ENVIRONMENT_NAME, PROPERTIES_BYTES};
use tranship_facts::quotas::ecs::{CONTAINERS_PER_TASK, TASK_DEFINITION_BYTES};
use tranship_frontend::diagnostic::Diagnostic;

/// The environment's name: `stack` of the settings, else project and environment.
pub(super) fn environment_name(application: &Application) -> String {
    if let Some(stack) = &application.settings.stack {
        return stack.peek().clone();
    }
    let name = match &application.environment.name {
        Some(environment) => format!("{}-{environment}", application.name),
        None => application.name.to_string(),
    };
    legal_name(&name)
}

/// A name of letters, digits and hyphens, none at its ends, of 4 to 40 characters.
fn legal_name(name: &str) -> String {
    let letters = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    let mut legal: String = letters.collect::<String>().trim_matches('-').to_owned();
    if legal.len() < ENVIRONMENT_NAME.least {
        legal = format!("{legal}-environment").trim_start_matches('-').to_owned();
    }
    if legal.len() > ENVIRONMENT_NAME.most {
        let hash: String = Sha256::digest(name).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        legal = format!(
            "{}-{hash}",
            legal.chars().take(ENVIRONMENT_NAME.most - hash.len() - 1).collect::<String>()
        );
    }
    legal
}

/// Asks the rules that concern the plan as a whole.
pub(super) fn check(application: &Application, plan: &BeanstalkPlan, cx: &mut Compilation<'_>) {
    check_count(application, plan, cx);
    check_memory(application, plan, cx);
    check_usual_memory(application, plan, cx);
    check_properties(application, plan, cx);
    check_size(application, plan, cx);
    check_essential(application, plan, cx);
}

/// A task without an essential container is refused.
fn check_essential(application: &Application, plan: &BeanstalkPlan, cx: &mut Compilation<'_>) {
    let mut asked = application.services.values().filter_map(|service| service.essential.as_ref());
    let Some(first) = asked.next() else { return };
    if plan.containers.is_empty() || plan.containers.iter().any(|container| container.essential) {
        return;
    }
    let message =
        "`essential: false` of every container is not supported: Amazon ECS wants one that is essential";
    cx.diagnostics.push(
        Diagnostic::new(&REJECTED_KEY, message)
            .at(first.origin)
            .key(super::path(cx, first.node))
            .help("remove `essential` from the container without which the application does not work"),
    );
}

/// The task definition, with the properties that Elastic Beanstalk adds to each container, is limited.
fn check_size(application: &Application, plan: &BeanstalkPlan, cx: &mut Compilation<'_>) {
    if plan.platform != PlatformKind::Ecs {
        return;
    }
    let properties: usize =
        plan.late_values.iter().map(|(name, value)| name.len() + late_length(value)).sum();
    let file = dockerrun::write(plan).map_or(0, |text| compact(&text));
    let bytes = file + plan.containers.len() * properties;
    if !TASK_DEFINITION_BYTES.is_exceeded_by(bytes) {
        return;
    }
    let most = TASK_DEFINITION_BYTES.most;
    let message = format!("the task definition has {bytes} bytes, which Amazon ECS limits to {most}");
    let weight = |service: &&AppService| -> usize {
        let variables = service.container.environment.iter();
        variables.map(|(name, it)| name.len() + it.set().map_or(0, |set| set.peek().segments.len())).sum()
    };
    let largest = application.services.values().max_by_key(weight);
    let diagnostic = Diagnostic::new(&rules::TASK_SIZE, message);
    let diagnostic = largest.map_or(diagnostic.clone(), |service| {
        diagnostic.label(service.origin, "the most variables").service(&*service.name)
    });
    cx.diagnostics.push(
        diagnostic.help(
            "read some of the values from a file, or write `platform: docker`, which has no such limit",
        ),
    );
}

/// Bytes of a document without the spaces that make it readable.
fn compact(text: &str) -> usize {
    serde_json::from_str::<serde_json::Value>(text).map_or(text.len(), |document| document.to_string().len())
}

/// Letters of the ARN of a secret of Secrets Manager besides its name: `arn:aws:secretsmanager:us-east-1:...:secret:`
/// and the six letters at its end.
const ARN_LETTERS: usize = 60;

/// Letters of the address of an RDS instance: `db.c0a1b2c3d4e5.us-east-1.rds.amazonaws.com`, with a generated name.
const ADDRESS_LETTERS: usize = 90;

/// Letters of a value that exists once the environment is created.
fn late_length(value: &LateValue) -> usize {
    let part = |part: &LatePart| match part {
        LatePart::Known(text) => text.len(),
        LatePart::Database(_) | LatePart::Secret(_) => ADDRESS_LETTERS,
    };
    match value {
        LateValue::Text(parts) => parts.iter().map(part).sum(),
        LateValue::Password(_) | LateValue::Derived(_) => ARN_LETTERS + ADDRESS_LETTERS,
    }
}

/// Names and values of all properties together are limited.
fn check_properties(application: &Application, plan: &BeanstalkPlan, cx: &mut Compilation<'_>) {
    let length = |secret: &SecretVariable| {
        let name = &secret.location.name;
        if name.starts_with("arn:") { name.len() } else { name.len() + ARN_LETTERS }
    };
    let secrets: usize = plan.secrets.iter().map(|(name, secret)| name.len() + length(secret)).sum();
    let late: usize = plan.late_values.iter().map(|(name, value)| name.len() + late_length(value)).sum();
    let bytes = secrets + late;
    if !PROPERTIES_BYTES.is_exceeded_by(bytes) {
        return;
    }
    let (count, most) = (plan.secrets.len() + plan.late_values.len(), PROPERTIES_BYTES.most);
    let message = format!(
        "{count} secrets and values of databases take {bytes} bytes of the environment's properties, which are limited to {most} bytes"
    );
    let mut diagnostic = Diagnostic::new(&rules::PROPERTIES, message);
    for secret in plan.secrets.values().filter_map(|it| application.secrets.get(it.name.as_str())).take(3) {
        diagnostic = diagnostic.at(secret.origin);
    }
    cx.diagnostics.push(diagnostic.help(
        "put several values into one secret, or choose the target `fargate` or `ecs-ec2`, which have no such limit",
    ));
}

fn check_count(application: &Application, plan: &BeanstalkPlan, cx: &mut Compilation<'_>) {
    let (count, most) = (plan.containers.len(), CONTAINERS_PER_TASK.most);
    if !CONTAINERS_PER_TASK.is_exceeded_by(count) {
        return;
    }
    let beyond = application.services.values().nth(most);
    let diagnostic = Diagnostic::new(
        &rules::CONTAINER_LIMIT,
        format!("{count} containers share one task, but a task is limited to {most}"),
    );
    cx.diagnostics.push(
        diagnostic
            .label(beyond.map_or(application.environment.origin, |service| service.origin), "one too many")
            .help("skip some of them with `skip`, or choose the target `fargate` or `ecs-ec2`"),
    );
}

/// MiB that an instance offers its containers; nothing for a type that the table does not know.
fn offered_by(instance: &str) -> Option<u64> {
    InstanceType::find(instance).map(|instance| instance.usable_memory().into())
}

/// The instance type that holds what the containers reserve, where the settings name none.
pub(super) fn usual_instance(plan: &BeanstalkPlan) -> String {
    let choices = InstanceType::choices(plan.architecture);
    let fits = |it: &&InstanceType| reserved(plan) <= u64::from(it.usable_memory());
    choices.iter().find(fits).or(choices.last()).map(|it| it.name.clone()).unwrap_or_default()
}

/// MiB that each container of the task keeps for itself.
pub(super) fn shares(containers: &[BeanstalkContainer]) -> Vec<(String, u64)> {
    let share = |it: &BeanstalkContainer| it.memory_reservation.or(it.memory).map_or(0, u64::from);
    containers.iter().map(|container| (container.name.clone(), share(container))).collect()
}

/// MiB that all containers keep for themselves.
fn reserved(plan: &BeanstalkPlan) -> u64 {
    plan.memory.iter().fold(0, |sum, (_, share)| sum.saturating_add(*share))
}

fn check_memory(application: &Application, plan: &BeanstalkPlan, cx: &mut Compilation<'_>) {
    let instance = application.settings.instance_type.as_ref();
    let name = instance.map_or_else(|| usual_instance(plan), |at| at.peek().clone());
    let Some(offered) = offered_by(&name) else { return };
    let needed = reserved(plan);
    if needed <= offered {
        return;
    }
    let largest = application.services.values().find(|service| {
        let most = plan.memory.iter().max_by_key(|(_, share)| *share);
        most.is_some_and(|(name, _)| *name == super::container_name(&service.name) || **name == *service.name)
    });
    let asked = largest.and_then(|service| {
        let resources = &service.resources;
        resources.memory_reservation.as_ref().or(resources.memory_limit.as_ref())
    });
    let origin = asked.map_or(application.environment.origin, |at| at.origin);
    let mut diagnostic = Diagnostic::new(
        &rules::MEMORY,
        format!(
            "the containers reserve {needed} MiB of memory, but `{name}` only has {offered} MiB available"
        ),
    )
    .label(origin, "the largest share");
    if let Some(at) = instance {
        diagnostic = diagnostic.label(at.origin, "the instance type");
    }
    cx.diagnostics.push(diagnostic.help("choose a larger `instance_type`, or reserve less memory"));
}

/// What the containers are known to need, on an instance type that the environment sets.
fn check_usual_memory(application: &Application, plan: &BeanstalkPlan, cx: &mut Compilation<'_>) {
    let Some(instance) = &application.settings.instance_type else { return };
    let Some(offered) = offered_by(instance.peek()) else { return };
    let usual = || application.services.values().filter_map(|service| Some((service, service.usual_size?)));
    let known: u64 = usual().map(|(_, size)| u64::from(size.memory)).sum();
    let counted: BTreeSet<String> = usual()
        .flat_map(|(service, _)| [super::container_name(&service.name), service.name.to_string()])
        .collect();
    let rest = plan.memory.iter().filter(|(name, _)| !counted.contains(name));
    let others = rest.fold(0, |sum: u64, (_, share)| sum.saturating_add(*share));
    if known == 0 || known + others <= offered {
        return;
    }
    let message = format!(
        "the containers are known to need {} MiB of memory, but `{}` only has {offered} MiB available",
        known + others,
        instance.peek()
    );
    let diagnostic = Diagnostic::new(&SMALL_INSTANCE, message).label(instance.origin, "the instance type");
    let placed = usual()
        .fold(diagnostic, |one, (service, size)| one.label(service.origin, format!("{} MiB", size.memory)));
    cx.diagnostics.push(placed.help("choose a larger `instance_type`, or set `mem_limit` if they need less"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_legal_whatever_the_project_is_called() {
        for (given, legal) in
            [("todobackend-dev", "todobackend-dev"), ("my_app", "my-app"), ("db", "db-environment")]
        {
            assert_eq!(legal_name(given), legal);
        }
        let long = legal_name(&"a".repeat(50));
        assert!(long.len() <= ENVIRONMENT_NAME.most, "{long}");
        assert_ne!(long, legal_name(&"a".repeat(51)));
    }

    #[test]
    fn memory_of_known_types() {
        for (name, offered) in [("t3.small", Some(1_878)), ("m7g.xlarge", Some(15_019)), ("z9.tiny", None)] {
            assert_eq!(offered_by(name), offered, "{name}");
        }
    }

    #[test]
    fn the_usual_instance_holds_what_is_reserved() {
        let plan = |reserved| {
            let mut container = BeanstalkContainer::new("app".to_owned(), "app".to_owned());
            container.memory_reservation = Some(reserved);
            BeanstalkPlan { memory: shares(&[container]), ..BeanstalkPlan::default() }
        };
        for (reserved, name) in
            [(128, "t3.small"), (1_878, "t3.small"), (1_879, "t3.medium"), (40_000, "m7i.4xlarge")]
        {
            assert_eq!(usual_instance(&plan(reserved)), name, "{reserved} MiB");
        }
        assert_eq!(usual_instance(&plan(u32::MAX)), "m7i.16xlarge");
    }
}
