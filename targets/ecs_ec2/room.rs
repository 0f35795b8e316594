//! Whether the tasks fit on the machines: processor, CPU, memory, network interfaces.

use crate::Compilation;
use crate::ecs::plan::{Container, EcsPlan, NetworkMode, Service, Task};
use crate::ecs_ec2::rules;
use tranship_app::Application;
use tranship_facts::InstanceType;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// Asks every rule of this file.
pub fn check(
    application: &Application,
    plan: &EcsPlan,
    instance: &InstanceType,
    max: u32,
    cx: &mut Compilation<'_>,
) {
    let at = |name: &str| application.services.get(name).map(|service| service.origin).unwrap_or_default();
    let setting = application.settings.instance_type.as_ref().map(|kind| kind.origin).unwrap_or_default();
    for task in &plan.tasks {
        let found = processor(task, instance).into_iter().chain(size(task, instance));
        for diagnostic in found {
            cx.diagnostics
                .push(placed(diagnostic, at(&task.name), setting).service(&*task.name).target("ecs-ec2"));
        }
    }
    if let Some(diagnostic) = interfaces(plan, instance, max) {
        cx.diagnostics.push(placed(diagnostic, setting, Origin::NOWHERE).target("ecs-ec2"));
    }
}

fn placed(diagnostic: Diagnostic, first: Origin, second: Origin) -> Diagnostic {
    diagnostic.at(first).label(second, "the machines")
}

fn processor(task: &Task, instance: &InstanceType) -> Option<Diagnostic> {
    (task.architecture != instance.architecture).then(|| {
        let (wanted, has) = (task.architecture.as_str(), instance.architecture.as_str());
        Diagnostic::new(
            &rules::MIXED_PROCESSORS,
            format!("`{}` is built for {wanted}, but `{}` has {has}", task.name, instance.name),
        )
        .key(format!("services.{}.platform", task.name))
        .help("choose an `instance_type` with that processor, or build the image for the other one")
    })
}

/// What a task takes from a machine: CPU and memory that are kept for it.
fn reserved(task: &Task) -> (u64, u64) {
    let containers = || task.containers.iter();
    let sum = |each: fn(&Container) -> Option<u32>| containers().filter_map(each).map(u64::from).sum();
    let cpu = task.size.cpu.map_or_else(|| sum(|it| it.cpu), u64::from);
    let memory = task.size.memory.map_or_else(|| sum(|it| it.memory_reservation.or(it.memory)), u64::from);
    (cpu, memory)
}

/// Whether every task fits on a machine of this type.
pub fn fits(plan: &EcsPlan, instance: &InstanceType) -> bool {
    plan.tasks.iter().all(|task| size(task, instance).is_none())
}

fn size(task: &Task, instance: &InstanceType) -> Option<Diagnostic> {
    let (cpu, memory) = reserved(task);
    let room = u64::from(instance.usable_memory());
    let excess = if memory > room {
        format!("{memory} MiB of memory, of which `{}` has {room} to give", instance.name)
    } else if cpu > u64::from(instance.cpu_units()) {
        format!("{cpu} units of CPU, of which `{}` has {}", instance.name, instance.cpu_units())
    } else {
        return None;
    };
    let message = format!("the task of `{}` needs {excess}", task.name);
    let diagnostic = Diagnostic::new(&rules::TASK_TOO_LARGE, message);
    Some(diagnostic.help("choose a larger `instance_type`, or lower `deploy.resources` or `mem_limit`"))
}

/// How many tasks of a service run at most.
fn most(service: &Service) -> u64 {
    u64::from(service.scaling.map_or(service.desired.unwrap_or(1), |scaling| scaling.max))
}

/// How many tasks with an interface of their own run at most, one more while a service is deployed.
fn interfaces_needed(plan: &EcsPlan) -> u64 {
    let owns = |name: &str| plan.task(name).is_some_and(|task| task.mode == NetworkMode::AwsVpc);
    let running: u64 = plan.services.iter().filter(|service| owns(&service.name)).map(most).sum();
    let job = plan.jobs.iter().any(|job| owns(&job.name));
    if running == 0 && !job { 0 } else { running + 1 }
}

fn interfaces(plan: &EcsPlan, instance: &InstanceType, max: u32) -> Option<Diagnostic> {
    let needed = interfaces_needed(plan);
    let room = u64::from(max) * u64::from(instance.tasks_with_interface());
    (needed > room).then(|| {
        let name = &instance.name;
        Diagnostic::new(
            &rules::TOO_FEW_INTERFACES,
            format!(
                "tasks that are reached by name need {needed} network interfaces during a deployment, \
                 and {max} x `{name}` have {room} for them"
            ),
        )
        .key("x-tranship.instance_type")
        .help("choose a larger `instance_type`, or raise `instances`")
    })
}

/// The number of machines that hold every task at its most, with room to deploy the largest.
pub fn machines_needed(plan: &EcsPlan, instance: &InstanceType) -> u32 {
    let (mut cpu, mut memory) = (0, 0);
    for service in &plan.services {
        let one = plan.task(&service.name).map(reserved).unwrap_or_default();
        cpu += one.0 * most(service);
        memory += one.1 * most(service);
    }
    cpu += plan.tasks.iter().map(|task| reserved(task).0).max().unwrap_or_default();
    memory += plan.tasks.iter().map(|task| reserved(task).1).max().unwrap_or_default();
    let machines = |sum: u64, room: u32| sum.div_ceil(u64::from(room.max(1)));
    let needed = machines(interfaces_needed(plan), instance.tasks_with_interface())
        .max(machines(cpu, instance.cpu_units()))
        .max(machines(memory, instance.usable_memory()));
    u32::try_from(needed).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::plan::{Capacity, Network, Scaling, Size};
    use tranship_cloudformation::{LogicalId, Role, Value, iam};
    use tranship_facts::ProcessorArchitecture;

    fn task(name: &str, mode: NetworkMode, memory: u32, cpu: u32) -> Task {
        Task {
            name: name.into(),
            from: Vec::new(),
            family: name.into(),
            mode,
            size: Size { cpu: Some(cpu), memory: Some(memory) },
            architecture: ProcessorArchitecture::X86,
            containers: Vec::new(),
            volumes: Vec::new(),
            execution: iam::Policy::new(),
            permissions: iam::Policy::new(),
            pid_mode: None,
            ipc_mode: None,
            storage: None,
            group: LogicalId::only(Role::InstanceSecurityGroup),
            subnets: Value::List(Vec::new()),
            after: Vec::new(),
        }
    }

    fn service(name: &str, desired: Option<u32>, most: Option<u32>) -> Service {
        Service {
            name: name.into(),
            from: Vec::new(),
            mode: NetworkMode::Bridge,
            desired,
            min_percent: 100,
            max_percent: 200,
            discovered: false,
            targets: Vec::new(),
            grace: None,
            after: Vec::new(),
            scaling: most.map(|max| Scaling { min: 1, max, cpu: None, memory: None }),
        }
    }

    fn plan(tasks: Vec<Task>, services: Vec<Service>) -> EcsPlan {
        EcsPlan {
            project: "p".into(),
            stack: "p".to_owned(),
            region: None,
            description: String::new(),
            log_retention: 7,
            network: Network {
                vpc: "v".into(),
                public: "p".into(),
                private: "s".into(),
                private_count: None,
                created: None,
                after: Vec::new(),
            },
            capacity: Capacity::default(),
            namespace: None,
            tasks,
            services,
            jobs: Vec::new(),
            load_balancer: None,
            groups: Vec::new(),
            rules: Vec::new(),
            databases: Vec::new(),
            file_systems: Vec::new(),
            secrets: Vec::new(),
            parameters: Vec::new(),
            own: Vec::new(),
            tags: Vec::new(),
        }
    }

    fn small() -> InstanceType {
        InstanceType::find("t3.small").unwrap()
    }

    #[test]
    fn a_task_must_fit_on_one_machine() {
        let cases = [(1_878, 2_048, false), (1_879, 0, true), (0, 2_049, true)];
        for (memory, cpu, refused) in cases {
            let found = size(&task("app", NetworkMode::Bridge, memory, cpu), &small());
            assert_eq!(found.is_some(), refused, "{memory} MiB, {cpu} units");
        }
    }

    #[test]
    fn a_processor_must_match() {
        let mut arm = task("app", NetworkMode::Bridge, 1, 1);
        assert!(processor(&arm, &small()).is_none());
        arm.architecture = ProcessorArchitecture::Arm;
        assert_eq!(
            processor(&arm, &small()).map(|it| it.message).as_deref(),
            Some("`app` is built for ARM64, but `t3.small` has X86_64")
        );
    }

    /// A t3.small has three interfaces, so two tasks with one of their own; a deployment needs one to spare.
    #[test]
    fn interfaces_are_counted_with_one_to_spare() {
        let cases = [(1, 1, false), (2, 1, true), (3, 2, false), (4, 2, true)];
        for (desired, max, refused) in cases {
            let plan =
                plan(vec![task("a", NetworkMode::AwsVpc, 1, 1)], vec![service("a", Some(desired), None)]);
            assert_eq!(
                interfaces(&plan, &small(), max).is_some(),
                refused,
                "{desired} tasks, {max} machines"
            );
        }
        let bridge = plan(vec![task("a", NetworkMode::Bridge, 1, 1)], vec![service("a", Some(100), None)]);
        assert!(interfaces(&bridge, &small(), 1).is_none());
    }

    #[test]
    fn as_many_machines_as_the_tasks_need() {
        let app = || task("app", NetworkMode::Bridge, 512, 0);
        let cases = [
            (vec![app()], vec![service("app", Some(1), None)], 1),
            (vec![app()], vec![service("app", None, Some(8))], 3),
            (vec![task("x", NetworkMode::AwsVpc, 128, 0)], vec![service("x", Some(4), None)], 3),
            (vec![task("cpu", NetworkMode::Bridge, 1, 2_048)], vec![service("cpu", Some(2), None)], 3),
            (vec![], vec![], 0),
        ];
        for (tasks, services, machines) in cases {
            assert_eq!(machines_needed(&plan(tasks, services), &small()), machines);
        }
        let many = plan(
            vec![task("a", NetworkMode::AwsVpc, u32::MAX, u32::MAX)],
            vec![service("a", Some(u32::MAX), None)],
        );
        assert_eq!(machines_needed(&many, &small()), u32::MAX);
    }
}
