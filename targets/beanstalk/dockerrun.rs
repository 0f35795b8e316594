//! The writer of `Dockerrun.aws.json`, version 2: container definitions as the Amazon ECS API spells them.
//! What exists only once the environment is created is left out: its properties have it.
//!
//! Source: AWS documentation, "Configuring the Dockerrun.aws.json v2 file", and Amazon ECS API Reference,
//! `ContainerDefinition` (read 2026-11).

use super::plan::{BeanstalkContainer, BeanstalkPlan, HostVolume, InstanceText, LoginFile};
use crate::container::{HealthCheckPlan, LinuxParameters, MountPoint, PortMapping};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

/// The file's text.
///
/// # Errors
/// Never for a plan; the serializer's own words.
pub(super) fn write(plan: &BeanstalkPlan) -> Result<String, String> {
    let dockerrun = JsonObject::default()
        .with("AWSEBDockerrunVersion", 2)
        .with_some("executionRoleArn", plan.execution_role.as_ref().map(|role| role.arn.as_str()))
        .with_some("authentication", plan.logins.as_ref().map(authentication))
        .with_list("volumes", plan.volumes.iter().map(volume))
        .with(
            "containerDefinitions",
            plan.containers.iter().map(|it| definition(it, plan)).collect::<Vec<_>>(),
        );
    let text = serde_json::to_string_pretty(&Json::from(dockerrun)).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

/// The text of version 3, which beside a Compose file says where the logins of registries are
/// (AWS documentation, "Using images from a private repository in Elastic Beanstalk").
///
/// # Errors
/// Never; the serializer's own words.
pub(super) fn write_logins(file: &LoginFile) -> Result<String, String> {
    let dockerrun =
        JsonObject::default().with("AWSEBDockerrunVersion", "3").with("authentication", authentication(file));
    let text = serde_json::to_string_pretty(&Json::from(dockerrun)).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

/// An object whose keys keep their order, and that leaves out what is not set.
#[derive(Default)]
struct JsonObject(Map<String, Json>);

impl JsonObject {
    fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    fn with_some(self, key: &str, value: Option<impl Into<Json>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    fn with_flag(self, key: &str, set: bool) -> Self {
        self.with_some(key, set.then_some(true))
    }

    fn with_list<T: Into<Json>>(self, key: &str, items: impl IntoIterator<Item = T>) -> Self {
        let items: Vec<Json> = items.into_iter().map(Into::into).collect();
        self.with_some(key, (!items.is_empty()).then_some(items))
    }

    fn with_object(self, key: &str, object: JsonObject) -> Self {
        self.with_some(key, (!object.0.is_empty()).then_some(object))
    }
}

impl From<JsonObject> for Json {
    fn from(object: JsonObject) -> Json {
        Json::Object(object.0)
    }
}

/// Where the logins of registries are.
fn authentication(file: &LoginFile) -> JsonObject {
    JsonObject::default().with("bucket", file.bucket.as_str()).with("key", file.key.as_str())
}

fn volume(volume: &HostVolume) -> JsonObject {
    let host = JsonObject::default().with_some("sourcePath", volume.path.as_deref());
    JsonObject::default().with("name", volume.name.as_str()).with("host", host)
}

fn definition(it: &BeanstalkContainer, plan: &BeanstalkPlan) -> JsonObject {
    let made = JsonObject::default()
        .with("name", it.name.as_str())
        .with("image", it.image.as_str())
        .with("essential", it.essential)
        .with_some("memory", it.memory)
        .with_some("memoryReservation", it.memory_reservation)
        .with_some("cpu", it.cpu)
        .with_some("entryPoint", it.entrypoint.as_deref().and_then(words))
        .with_some("command", words(&it.command))
        .with_list("environment", environment(&it.environment))
        .with_some("user", it.user.as_deref())
        .with_some("workingDirectory", it.working_dir.as_deref())
        .with_some("hostname", it.hostname.as_deref())
        .with_list("links", it.links.iter().map(String::as_str))
        .with_list(
            "dependsOn",
            it.depends_on.iter().map(
                |other| json!({ "containerName": other.container, "condition": other.condition.as_str() }),
            ),
        )
        .with_list("portMappings", it.ports.iter().map(port))
        .with_list("mountPoints", it.mounts.iter().map(mount))
        .with_some("healthCheck", it.health.as_ref().map(health))
        .with_some("stopTimeout", it.stop_timeout);
    let made = it.plain.flags().fold(made, |made, flag| made.with(&flag.camel_case(), true));
    let made = made.with_object("dockerLabels", labels(&it.labels)).with_list(
        "extraHosts",
        it.extra_hosts.iter().map(|it| json!({ "hostname": it.hostname, "ipAddress": it.address })),
    );
    let made = it.plain.lists().fold(made, |made, (field, items)| {
        made.with_list(&field.camel_case(), items.iter().map(String::as_str))
    });
    made.with_list(
        "ulimits",
        it.ulimits.iter().map(|it| json!({ "name": it.name, "softLimit": it.soft, "hardLimit": it.hard })),
    )
    .with_list(
        "systemControls",
        it.sysctls.iter().map(|it| json!({ "namespace": it.namespace, "value": it.value })),
    )
    .with_object("linuxParameters", linux(&it.linux))
    .with_some("logConfiguration", logs(it, plan))
}

/// Where the output goes: where the manifest says, else to the log group of the environment.
fn logs(it: &BeanstalkContainer, plan: &BeanstalkPlan) -> Option<JsonObject> {
    let own = |usual: JsonObject| {
        it.log_options.iter().fold(usual, |made, (name, value)| made.with(name, value.as_str()))
    };
    let secrets = it.log_secrets.iter().map(|(name, value)| json!({ "name": name, "valueFrom": value }));
    let made = |driver: &str, options: JsonObject| {
        JsonObject::default().with("logDriver", driver).with_object("options", options)
    };
    if let Some(driver) = &it.log_driver {
        return Some(made(driver, own(JsonObject::default())).with_list("secretOptions", secrets));
    }
    let logs = plan.container_logs.as_ref()?;
    let usual = JsonObject::default()
        .with("awslogs-group", logs.group.as_str())
        .with("awslogs-region", logs.region.as_str())
        .with("awslogs-stream-prefix", "containers")
        .with("awslogs-create-group", "true");
    Some(made("awslogs", own(usual)))
}

/// Words that are all known now.
fn words(words: &[InstanceText]) -> Option<Vec<&str>> {
    let known: Option<Vec<&str>> = words.iter().map(InstanceText::text).collect();
    known.filter(|known| !known.is_empty())
}

fn environment(variables: &IndexMap<String, InstanceText>) -> impl Iterator<Item = Json> {
    let known = |(name, text): (&String, &InstanceText)| Some(json!({ "name": name, "value": text.text()? }));
    variables.iter().filter_map(known)
}

fn labels(labels: &IndexMap<String, String>) -> JsonObject {
    labels.iter().fold(JsonObject::default(), |made, (name, value)| made.with(name, value.as_str()))
}

fn port(port: &PortMapping) -> JsonObject {
    JsonObject::default()
        .with("containerPort", port.container)
        .with_some("hostPort", port.host)
        .with("protocol", port.protocol.as_str())
}

fn mount(mount: &MountPoint) -> JsonObject {
    JsonObject::default()
        .with("sourceVolume", mount.volume.as_str())
        .with("containerPath", mount.path.as_str())
        .with_flag("readOnly", mount.read_only)
}

fn health(check: &HealthCheckPlan<String>) -> JsonObject {
    JsonObject::default()
        .with("command", check.command.clone())
        .with_some("interval", check.interval)
        .with_some("timeout", check.timeout)
        .with_some("retries", check.retries)
        .with_some("startPeriod", check.start_period)
}

fn linux(linux: &LinuxParameters) -> JsonObject {
    let capabilities = JsonObject::default()
        .with_list("add", linux.cap_add.iter().map(String::as_str))
        .with_list("drop", linux.cap_drop.iter().map(String::as_str));
    let tmpfs = linux.tmpfs.iter().map(|it| {
        JsonObject::default()
            .with("containerPath", it.path.as_str())
            .with_some("size", it.size)
            .with_list("mountOptions", it.options.iter().map(String::as_str))
    });
    let devices = linux.devices.iter().map(
        |it| json!({ "hostPath": it.host_path, "containerPath": it.path, "permissions": it.permissions }),
    );
    JsonObject::default()
        .with_flag("initProcessEnabled", linux.init)
        .with_some("sharedMemorySize", linux.shared_memory)
        .with_object("capabilities", capabilities)
        .with_list("tmpfs", tmpfs)
        .with_list("devices", devices)
}
