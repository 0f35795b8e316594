//! Whether the tasks fit on the machines: processor, CPU, memory, network interfaces.

use super::{gpus, rules};
use crate::ecs::plan::{ClusterLoad, EcsContainer, EcsServicePlan, MachineRequest, NetworkMode, TaskPlan};
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::At;
use tranship_facts::InstanceType;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// Asks every rule of this file.
pub(super) fn check(request: &MachineRequest<'_>, instance: &InstanceType, max: u32) -> Vec<Diagnostic> {
    let setting = request.instance_type.map(|requested| requested.origin).unwrap_or_default();
    // Without the setting, a platform decided the processor.
    let deciding = request.load.tasks.iter().filter(|task| task.architecture == instance.architecture);
    let deciding = deciding.filter_map(|task| task.platform.as_ref()).map(|platform| platform.origin).next();
    let decided = if setting == Origin::NOWHERE { deciding.unwrap_or_default() } else { setting };
    let daemons = DaemonTasks::of(&request.load);
    let mut found = Vec::new();
    for task in request.load.tasks {
        let platform = task.platform.as_ref().map_or(task.origin, |platform| platform.origin);
        let processor =
            processor(task, instance).map(|found| found.at(platform).label(decided, "the machines"));
        let size = size(task, daemons.beside(task), instance);
        let others = size.into_iter().chain(gpus::missing(task, instance));
        let others = others.map(|found| found.at(task.origin).label(setting, "the machines"));
        found.extend(processor.into_iter().chain(others).map(|found| found.service(&*task.name)));
    }
    found.extend(interfaces(&request.load, instance, max, setting));
    found
}

/// The platforms that no one type of machine has together, or that the chosen one lacks.
pub(super) fn rejected_platforms(
    tasks: &[TaskPlan],
    instance: &InstanceType,
) -> Vec<(At<String>, &'static str)> {
    let refused = tasks.iter().any(|task| processor(task, instance).is_some());
    let platforms = tasks.iter().filter(|_| refused).filter_map(|task| task.platform.clone());
    platforms.map(|platform| (platform, "all tasks run on instances with the same processor")).collect()
}

fn processor(task: &TaskPlan, instance: &InstanceType) -> Option<Diagnostic> {
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

/// CPU and memory that tasks take from a machine.
#[derive(Clone, Copy, Default)]
struct MachineShare {
    cpu: u64,
    memory: u64,
}

impl MachineShare {
    /// What is kept for a task.
    fn of(task: &TaskPlan) -> Self {
        let containers = || task.containers.iter();
        let sum = |each: fn(&EcsContainer) -> Option<u32>| containers().filter_map(each).map(u64::from).sum();
        MachineShare {
            cpu: task.size.cpu.map_or_else(|| sum(|it| it.cpu), u64::from),
            memory: task.size.memory.map_or_else(|| sum(|it| it.memory_reservation.or(it.memory)), u64::from),
        }
    }
}

/// The tasks that run on every machine.
struct DaemonTasks<'a> {
    names: BTreeSet<&'a str>,
    tasks: Vec<&'a TaskPlan>,
    /// What they take from each machine.
    together: MachineShare,
}

impl<'a> DaemonTasks<'a> {
    fn of(load: &ClusterLoad<'a>) -> Self {
        let ClusterLoad { tasks, services, .. } = *load;
        let names: BTreeSet<&str> =
            services.iter().filter(|service| service.daemon).map(|service| &*service.name).collect();
        let tasks: Vec<_> = tasks.iter().filter(|task| names.contains(&*task.name)).collect();
        let together =
            tasks.iter().map(|task| MachineShare::of(task)).fold(MachineShare::default(), |sum, one| {
                MachineShare { cpu: sum.cpu + one.cpu, memory: sum.memory + one.memory }
            });
        DaemonTasks { names, tasks, together }
    }

    /// What they take besides a task, which may be one of them.
    fn beside(&self, task: &TaskPlan) -> MachineShare {
        if !self.names.contains(&*task.name) {
            return self.together;
        }
        let own = MachineShare::of(task);
        MachineShare { cpu: self.together.cpu - own.cpu, memory: self.together.memory - own.memory }
    }

    /// How many have a network interface of their own.
    fn interfaces(&self) -> u64 {
        let count = self.tasks.iter().filter(|task| task.mode == NetworkMode::AwsVpc).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

/// Whether every task fits on a machine of this type.
pub(super) fn fits(load: &ClusterLoad<'_>, instance: &InstanceType) -> bool {
    let daemons = DaemonTasks::of(load);
    let fits = |task: &TaskPlan| {
        size(task, daemons.beside(task), instance).is_none() && gpus::missing(task, instance).is_none()
    };
    load.tasks.iter().all(fits)
}

fn size(task: &TaskPlan, beside: MachineShare, instance: &InstanceType) -> Option<Diagnostic> {
    let MachineShare { cpu, memory } = MachineShare::of(task);
    let usable = u64::from(instance.usable_memory()).saturating_sub(beside.memory);
    let cpus = u64::from(instance.cpu_units()).saturating_sub(beside.cpu);
    let excess = if memory > usable {
        format!("{memory} MiB of memory; `{}` has {usable} MiB for tasks", instance.name)
    } else if cpu > cpus {
        format!("{cpu} CPU units; `{}` has {cpus}", instance.name)
    } else {
        return None;
    };
    let message = format!("the task of `{}` needs {excess}", task.name);
    let diagnostic = Diagnostic::new(&rules::TASK_TOO_LARGE, message).key(format!("services.{}", task.name));
    Some(diagnostic.help("choose a larger `instance_type`, or lower `deploy.resources` or `mem_limit`"))
}

/// How many tasks of a service run at most.
fn most(service: &EcsServicePlan) -> u64 {
    u64::from(service.most_tasks())
}

/// The tasks that have a network interface of their own, by the name of the service or job.
fn with_interface<'l>(load: &ClusterLoad<'l>) -> BTreeMap<&'l str, &'l TaskPlan> {
    let mut tasks = load.tasks_by_name();
    tasks.retain(|_, task| task.mode == NetworkMode::AwsVpc);
    tasks
}

/// How many tasks with an interface of their own run at most, one more while a service is deployed.
fn interfaces_needed(load: &ClusterLoad<'_>, machines: u32) -> u64 {
    let every = DaemonTasks::of(load).interfaces().saturating_mul(u64::from(machines));
    let owning = with_interface(load);
    let owns = |name: &str| owning.contains_key(name);
    let running: u64 = load.services.iter().filter(|service| owns(&service.name)).map(most).sum();
    let job = load.jobs.iter().any(|job| owns(&job.name));
    every + if running == 0 && !job { 0 } else { running + 1 }
}

fn interfaces(
    load: &ClusterLoad<'_>,
    instance: &InstanceType,
    max: u32,
    setting: Origin,
) -> Option<Diagnostic> {
    let needed = interfaces_needed(load, max);
    let available = u64::from(max) * u64::from(instance.tasks_with_interface());
    (needed > available).then(|| {
        let name = &instance.name;
        let services = load.services.iter().map(|service| &service.name);
        let tasks = services.chain(load.jobs.iter().map(|job| &job.name));
        let owning = with_interface(load);
        let places = tasks.filter_map(|name| owning.get(&**name)).map(|task| task.origin);
        let found = Diagnostic::new(
            &rules::TOO_FEW_INTERFACES,
            format!(
                "a deployment needs {needed} network interfaces for tasks that are reached by name; \
                 the machines ({max} x `{name}`) have {available}"
            ),
        )
        .at(setting)
        .key("x-tranship.instance_type")
        .help("choose a larger `instance_type`, or raise `instances`");
        places.fold(found, Diagnostic::at)
    })
}

/// The number of machines that hold every service at its largest, with capacity to deploy the largest task.
pub(super) fn machines_needed(load: &ClusterLoad<'_>, instance: &InstanceType) -> u32 {
    let (mut cpu, mut memory) = (0, 0);
    let tasks = load.tasks_by_name();
    for service in load.services {
        let one = tasks.get(&*service.name).map(|task| MachineShare::of(task)).unwrap_or_default();
        cpu += one.cpu * most(service);
        memory += one.memory * most(service);
    }
    cpu += load.tasks.iter().map(|task| MachineShare::of(task).cpu).max().unwrap_or_default();
    memory += load.tasks.iter().map(|task| MachineShare::of(task).memory).max().unwrap_or_default();
    let daemons = DaemonTasks::of(load);
    let left = |capacity: u32, taken: u64| u64::from(capacity).saturating_sub(taken).max(1);
    let needed = interfaces_needed(load, 0)
        .div_ceil(left(instance.tasks_with_interface(), daemons.interfaces()))
        .max(cpu.div_ceil(left(instance.cpu_units(), daemons.together.cpu)))
        .max(memory.div_ceil(left(instance.usable_memory(), daemons.together.memory)))
        .max(gpus_needed(load, instance).div_ceil(u64::from(instance.gpus.max(1))))
        .max(on_machines_of_their_own(load));
    u32::try_from(needed).unwrap_or(u32::MAX)
}

/// GPUs of all services at their largest, with those of the largest task to spare for a deployment.
fn gpus_needed(load: &ClusterLoad<'_>, instance: &InstanceType) -> u64 {
    let taken = |task: &TaskPlan| gpus::taken(task, instance);
    let tasks = load.tasks_by_name();
    let running =
        load.services.iter().filter_map(|service| Some(most(service) * taken(tasks.get(&*service.name)?)));
    running.sum::<u64>() + load.tasks.iter().map(taken).max().unwrap_or_default()
}

/// Tasks of a service on the network of their machine: each has one of its own.
fn on_machines_of_their_own(load: &ClusterLoad<'_>) -> u64 {
    let tasks = load.tasks_by_name();
    let host = |name: &str| tasks.get(name).is_some_and(|task| task.mode == NetworkMode::Host);
    load.services.iter().filter(|service| host(&service.name)).map(most).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::plan::{JobPlan, JobTrigger, ReplacementPercent, ScalingPlan, TaskRun, TaskSize};
    use tranship_cloudformation::iam;
    use tranship_facts::ProcessorArchitecture;

    fn task(name: &str, mode: NetworkMode, memory: u32, cpu: u32) -> TaskPlan {
        TaskPlan {
            name: name.into(),
            origin: Origin::NOWHERE,
            from: Vec::new(),
            family: name.into(),
            mode,
            size: TaskSize { cpu: Some(cpu), memory: Some(memory) },
            architecture: ProcessorArchitecture::X86,
            platform: None,
            containers: Vec::new(),
            volumes: Vec::new(),
            execution: iam::IamPolicy::new(),
            permissions: iam::IamPolicy::new(),
            ephemeral_storage: None,
            pid_mode: None,
            ipc_mode: None,
        }
    }

    fn service(name: &str, desired: Option<u32>, most: Option<u32>) -> EcsServicePlan {
        let definition = task(name, NetworkMode::Bridge, 0, 0).id();
        EcsServicePlan {
            name: name.into(),
            from: Vec::new(),
            run: TaskRun { task_definition: definition, network: None, strategy: Vec::new() },
            daemon: false,
            desired,
            replacement: ReplacementPercent::START_FIRST,
            registry: None,
            connect: None,
            targets: Vec::new(),
            grace: None,
            after: Vec::new(),
            scaling: most.map(|max| ScalingPlan { min: 1, max, cpu: None, memory: None }),
        }
    }

    fn load<'a>(tasks: &'a [TaskPlan], services: &'a [EcsServicePlan]) -> ClusterLoad<'a> {
        ClusterLoad { tasks, services, jobs: &[] }
    }

    fn small() -> InstanceType {
        InstanceType::find("t3.small").unwrap()
    }

    #[test]
    fn a_task_must_fit_on_one_machine() {
        let cases = [(1_878, 2_048, false), (1_879, 0, true), (0, 2_049, true)];
        for (memory, cpu, refused) in cases {
            let found =
                size(&task("app", NetworkMode::Bridge, memory, cpu), MachineShare::default(), &small());
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
            let tasks = [task("a", NetworkMode::AwsVpc, 1, 1)];
            let services = [service("a", Some(desired), None)];
            let found = interfaces(&load(&tasks, &services), &small(), max, Origin::NOWHERE);
            assert_eq!(found.is_some(), refused, "{desired} tasks, {max} machines");
        }
        let tasks = [task("a", NetworkMode::Bridge, 1, 1)];
        let services = [service("a", Some(100), None)];
        assert!(interfaces(&load(&tasks, &services), &small(), 1, Origin::NOWHERE).is_none());
    }

    /// A job has an interface too, while it runs.
    #[test]
    fn jobs_need_an_interface() {
        let job = |name: &str| JobPlan {
            name: name.into(),
            from: Vec::new(),
            trigger: JobTrigger::Manual,
            run: service(name, None, None).run,
            family: name.into(),
            roles: task(name, NetworkMode::AwsVpc, 0, 0).roles(),
            after: Vec::new(),
        };
        for (mode, needed) in [(NetworkMode::AwsVpc, 1), (NetworkMode::Bridge, 0)] {
            let tasks = [task("job", mode, 1, 1)];
            let load = ClusterLoad { tasks: &tasks, services: &[], jobs: &[job("job")] };
            assert_eq!(interfaces_needed(&load, 1), needed);
        }
    }

    /// What runs on every machine takes its share of each, and its interface.
    #[test]
    fn daemons_take_a_share_of_every_machine() {
        let tasks = [task("app", NetworkMode::AwsVpc, 512, 0), task("agent", NetworkMode::AwsVpc, 1_000, 0)];
        let agent = EcsServicePlan { daemon: true, desired: None, ..service("agent", None, None) };
        let services = [service("app", Some(2), None), agent];
        let load = load(&tasks, &services);
        assert_eq!(interfaces_needed(&load, 4), 7);
        assert_eq!(machines_needed(&load, &small()), 3);
        assert!(fits(&load, &small()));
        let tasks =
            [task("app", NetworkMode::Bridge, 1_000, 0), task("agent", NetworkMode::Bridge, 1_000, 0)];
        assert!(!fits(&ClusterLoad { tasks: &tasks, ..load }, &small()));
    }

    #[test]
    fn a_machine_has_one_task_of_a_service_on_its_network() {
        let tasks = [task("sip", NetworkMode::Host, 1, 1)];
        let services = [service("sip", Some(3), None)];
        assert_eq!(machines_needed(&load(&tasks, &services), &small()), 3);
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
            let needed = machines_needed(&load(&tasks, &services), &small());
            assert_eq!(needed, machines);
        }
        let tasks = [task("a", NetworkMode::AwsVpc, u32::MAX, u32::MAX)];
        let services = [service("a", Some(u32::MAX), None)];
        let needed = machines_needed(&load(&tasks, &services), &small());
        assert_eq!(needed, u32::MAX);
    }
}
