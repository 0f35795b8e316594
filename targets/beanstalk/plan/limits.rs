//! What Elastic Beanstalk and Amazon ECS would refuse: names, numbers, memory.

use super::{Container, Plan};
use crate::Compilation;
use crate::beanstalk::rules;
use sha2::{Digest, Sha256};
use tranship_app::Application;
use tranship_frontend::diagnostic::Diagnostic;

/// Containers in a task (AWS documentation, "Amazon ECS service quotas").
const CONTAINERS: usize = 10;

/// Characters of an environment's name, fewest and most (Elastic Beanstalk API, CreateEnvironment).
const NAME: (usize, usize) = (4, 40);

/// Types that are taken where the settings name none: the smallest that holds the containers.
const USUAL_INSTANCES: &[&str] = &["t3.small", "t3.medium", "t3.large", "t3.xlarge", "t3.2xlarge"];

/// MiB of memory of instance types, by size (AWS documentation, "Amazon EC2 instance types").
const MEMORY: &[(&str, &[(&str, u64)])] = &[
    (
        "t2 t3 t3a t4g",
        &[
            ("nano", 512),
            ("micro", 1024),
            ("small", 2048),
            ("medium", 4096),
            ("large", 8192),
            ("xlarge", 16384),
            ("2xlarge", 32768),
        ],
    ),
    (
        "m5 m5a m6a m6g m6i m7a m7g m7i m8g",
        &[("large", 8192), ("xlarge", 16384), ("2xlarge", 32768), ("4xlarge", 65536)],
    ),
    (
        "c5 c5a c6a c6g c6i c7a c7g c7i c8g",
        &[("large", 4096), ("xlarge", 8192), ("2xlarge", 16384), ("4xlarge", 32768)],
    ),
    (
        "r5 r5a r6a r6g r6i r7a r7g r7i r8g",
        &[("large", 16384), ("xlarge", 32768), ("2xlarge", 65536), ("4xlarge", 131_072)],
    ),
];

/// The environment's name: `stack` of the settings, else project and environment.
pub(super) fn environment_name(application: &Application) -> String {
    if let Some(stack) = &application.settings.stack {
        return stack.value.clone();
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
    if legal.len() < NAME.0 {
        legal = format!("{legal}-environment").trim_start_matches('-').to_owned();
    }
    if legal.len() > NAME.1 {
        let hash: String = Sha256::digest(name).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        legal = format!("{}-{hash}", legal.chars().take(NAME.1 - hash.len() - 1).collect::<String>());
    }
    legal
}

/// Asks the rules that concern the plan as a whole.
pub(super) fn check(application: &Application, plan: &Plan, cx: &mut Compilation<'_>) {
    check_count(application, plan, cx);
    check_memory(application, plan, cx);
}

fn check_count(application: &Application, plan: &Plan, cx: &mut Compilation<'_>) {
    if plan.containers.len() <= CONTAINERS {
        return;
    }
    let beyond = application.services.values().nth(CONTAINERS);
    let count = plan.containers.len();
    let diagnostic = Diagnostic::new(
        &rules::CONTAINER_LIMIT,
        format!("{count} containers share an instance's task, and a task has {CONTAINERS} at most"),
    );
    cx.diagnostics.push(
        diagnostic
            .label(beyond.map_or(application.environment.origin, |service| service.origin), "one too many")
            .help("leave some out with `skip`, or choose the target `fargate` or `ecs-ec2`"),
    );
}

/// MiB of an instance type that the table knows.
fn memory_of(instance: &str) -> Option<u64> {
    let (family, size) = instance.split_once('.')?;
    let (_, sizes) = MEMORY.iter().find(|(families, _)| families.split(' ').any(|known| known == family))?;
    sizes.iter().find(|(name, _)| *name == size).map(|(_, memory)| *memory)
}

/// MiB that an instance offers its containers: the rest is the system's and the agent's.
fn offered_by(instance: &str) -> Option<u64> {
    memory_of(instance).map(|memory| memory * 9 / 10)
}

/// The instance type that holds what the containers reserve, where the settings name none.
pub(super) fn usual_instance(plan: &Plan) -> &'static str {
    let fits = |name: &&&str| offered_by(name).is_some_and(|offered| reserved(plan) <= offered);
    USUAL_INSTANCES.iter().find(fits).or(USUAL_INSTANCES.last()).copied().unwrap_or_default()
}

/// MiB that a container keeps for itself.
fn share(container: &Container) -> u64 {
    container.definition.memory_reservation.or(container.definition.memory).unwrap_or(0)
}

/// MiB that all containers keep for themselves.
fn reserved(plan: &Plan) -> u64 {
    plan.containers.iter().map(share).sum()
}

fn check_memory(application: &Application, plan: &Plan, cx: &mut Compilation<'_>) {
    let instance = application.settings.instance_type.as_ref();
    let name = instance.map_or_else(|| usual_instance(plan), |at| at.value.as_str());
    let Some(offered) = offered_by(name) else { return };
    let needed = reserved(plan);
    if needed <= offered {
        return;
    }
    let largest = application.services.values().find(|service| {
        let most = plan.containers.iter().max_by_key(|container| share(container));
        most.is_some_and(|container| container.definition.name == super::container_name(&service.name))
    });
    let asked = largest.and_then(|service| {
        let resources = &service.resources;
        resources.memory_reservation.as_ref().or(resources.memory_limit.as_ref())
    });
    let origin = asked.map_or(application.environment.origin, |at| at.origin);
    let mut diagnostic = Diagnostic::new(
        &rules::MEMORY,
        format!("the containers reserve {needed} MiB of memory, and a {name} offers {offered}"),
    )
    .label(origin, "the largest share");
    if let Some(at) = instance {
        diagnostic = diagnostic.label(at.origin, "the instance type");
    }
    cx.diagnostics.push(diagnostic.help("choose a larger `instance_type` or reserve less"));
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
        assert!(long.len() <= NAME.1, "{long}");
        assert_ne!(long, legal_name(&"a".repeat(51)));
    }

    #[test]
    fn memory_of_known_types() {
        assert_eq!(memory_of("t3.small"), Some(2048));
        assert_eq!(memory_of("m7g.xlarge"), Some(16384));
        assert_eq!(memory_of("z9.tiny"), None);
    }
}
