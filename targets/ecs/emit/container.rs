//! A container definition: `RegisterTaskDefinition` of the Amazon ECS API, as CloudFormation spells it.

use super::super::plan::{EcsContainer, MountPoint, PortMapping, TaskPlan};
use crate::container::{GpuCount, HealthCheckPlan, LinuxParameters, PlannedDevice, TmpfsMount};
use indexmap::IndexMap;
use tranship_cloudformation::{PropertyMap, PseudoParameter, TemplateValue, props};

/// The prefix of every container's log stream: `ecs/<container>/<task id>`.
pub(in crate::ecs) const LOG_PREFIX: &str = "ecs";

/// One entry of `ContainerDefinitions`.
pub(super) fn definition(task: &TaskPlan, it: &EcsContainer) -> PropertyMap {
    let made = PropertyMap::new()
        .with("Name", it.name.as_str())
        .with("Image", &it.image)
        .with_some(
            "RepositoryCredentials",
            it.pull_secret.as_ref().map(|secret| props! { "CredentialsParameter" => secret }),
        )
        .with("Essential", it.essential)
        .with_some("Cpu", it.cpu)
        .with_some("Memory", it.memory)
        .with_some("MemoryReservation", it.memory_reservation)
        .with_list("EntryPoint", it.entrypoint.iter().flatten())
        .with_list("Command", &it.command)
        .with_some("WorkingDirectory", it.working_dir.as_ref())
        .with_some("User", it.user.as_ref())
        .with_some("Hostname", it.hostname.as_deref())
        .with_list("Environment", pairs(&it.environment, "Value"))
        .with_list("Secrets", pairs(&it.secrets, "ValueFrom"))
        .with_list("Links", &it.links)
        .with_list("PortMappings", it.ports.iter().map(port))
        .with_list("MountPoints", it.mounts.iter().map(mount))
        .with_list(
            "DependsOn",
            it.depends_on.iter().map(|other| {
                props! { "ContainerName" => other.container.as_str(), "Condition" => other.condition.as_str() }
            }),
        )
        .with_some("HealthCheck", it.health.as_ref().map(health))
        .with_some("RestartPolicy", it.restarts.then(|| props! { "Enabled" => true }))
        .with_some("StopTimeout", it.stop_timeout);
    let made = it.plain.flags().fold(made, |made, flag| made.with(flag.property, true));
    let made = made
        .with_some("LinuxParameters", (!it.linux.is_empty()).then(|| linux(&it.linux)))
        .with_list("ResourceRequirements", gpus(it))
        .with_list(
            "Ulimits",
            it.ulimits.iter().map(|limit| {
                props! { "Name" => limit.name.as_str(), "SoftLimit" => limit.soft, "HardLimit" => limit.hard }
            }),
        )
        .with_list(
            "SystemControls",
            it.sysctls.iter().map(|control| {
                props! { "Namespace" => control.namespace.as_str(), "Value" => control.value.as_str() }
            }),
        )
        .with_list(
            "ExtraHosts",
            it.extra_hosts.iter().map(|host| {
                props! { "Hostname" => host.hostname.as_str(), "IpAddress" => host.address.as_str() }
            }),
        );
    let made = it.plain.lists().fold(made, |made, (field, items)| made.with_list(field.property, items));
    made.with_some("DockerLabels", own_map(&it.labels))
        .with("LogConfiguration", log(task, it))
        .with_some("FirelensConfiguration", it.log_router.map(|router| props! { "Type" => router.as_str() }))
}

fn pairs<'a>(
    values: &'a IndexMap<String, TemplateValue>,
    key: &'static str,
) -> impl Iterator<Item = PropertyMap> + 'a {
    values.iter().map(move |(name, value)| PropertyMap::new().with("Name", name).with(key, value))
}

/// The map of what has names of its own, unless there is none.
fn own_map<V: Clone + Into<TemplateValue>>(entries: &IndexMap<String, V>) -> Option<PropertyMap> {
    let own = || entries.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    (!entries.is_empty()).then(own)
}

fn log(task: &TaskPlan, it: &EcsContainer) -> PropertyMap {
    if let Some(driver) = &it.log_driver {
        let secrets = it
            .log_secrets
            .iter()
            .map(|(name, arn)| props! { "Name" => name.as_str(), "ValueFrom" => arn.as_str() });
        return props! { "LogDriver" => driver.as_str() }
            .with_some("Options", own_map(&it.log_options))
            .with_list("SecretOptions", secrets);
    }
    let own = props! {
        "awslogs-group" => task.log_group().reference(),
        "awslogs-region" => PseudoParameter::Region,
        "awslogs-stream-prefix" => LOG_PREFIX,
    };
    let options =
        it.log_options.iter().fold(own, |options, (name, value)| options.with(name.clone(), value.as_str()));
    props! { "LogDriver" => "awslogs", "Options" => options }
}

fn port(port: &PortMapping) -> PropertyMap {
    props! {
        "ContainerPort" => port.container,
        "HostPort" => ?port.host,
        "Protocol" => port.protocol.as_str(),
        "Name" => ?port.name.as_deref(),
        "AppProtocol" => ?port.app_protocol,
    }
}

/// The plan has settled how many all of a machine's GPUs are.
fn gpus(it: &EcsContainer) -> Option<PropertyMap> {
    match it.gpus {
        Some(GpuCount::Exactly(number)) => Some(props! { "Type" => "GPU", "Value" => number.to_string() }),
        Some(GpuCount::All) | None => None,
    }
}

fn mount(mount: &MountPoint) -> PropertyMap {
    props! {
        "SourceVolume" => mount.volume.as_str(),
        "ContainerPath" => mount.path.as_str(),
        "ReadOnly" => mount.read_only,
    }
}

fn health(health: &HealthCheckPlan<TemplateValue>) -> PropertyMap {
    props! {
        "Command" => health.command.clone(),
        "Interval" => ?health.interval,
        "Timeout" => ?health.timeout,
        "Retries" => ?health.retries,
        "StartPeriod" => ?health.start_period,
    }
}

fn linux(linux: &LinuxParameters) -> PropertyMap {
    let capabilities = PropertyMap::new().with_list("Add", &linux.cap_add).with_list("Drop", &linux.cap_drop);
    PropertyMap::new()
        .with_some("InitProcessEnabled", linux.init.then_some(true))
        .with_some("Capabilities", (!capabilities.is_empty()).then_some(capabilities))
        .with_some("SharedMemorySize", linux.shared_memory)
        .with_list("Tmpfs", linux.tmpfs.iter().map(tmpfs))
        .with_list("Devices", linux.devices.iter().map(device))
}

fn tmpfs(mount: &TmpfsMount) -> PropertyMap {
    PropertyMap::new()
        .with("ContainerPath", mount.path.as_str())
        .with_some("Size", mount.size)
        .with_list("MountOptions", mount.options.iter().map(String::as_str))
}

fn device(device: &PlannedDevice) -> PropertyMap {
    PropertyMap::new()
        .with("HostPath", device.host_path.as_str())
        .with("ContainerPath", device.path.as_str())
        .with_list("Permissions", device.permissions.iter().copied())
}
