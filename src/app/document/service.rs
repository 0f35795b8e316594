//! A Compose service as the container it describes. No inference: what the keys say.

use super::reader::{DocumentReader, scalar};
use super::{
    ComposeService, DocumentReading, NetworkAttachment, ServiceDescription, ServiceLink, entry_origin,
};
use crate::{
    At, BehaviourEffect, ContainerImage, ContainerSpec, DependencyCondition, EnvironmentVariable,
    LateBoundVariable, LoggingRequest, ManifestName, ResourceRequests, ServiceDependency, Text,
};
use indexmap::IndexMap;
use tranship_frontend::source::{Provenance, VariableSource};
use tranship_frontend::yaml::{MappingEntry, Node, NodeValue};

/// The most copies of a service, as `x-tranship.scale` has it: tasks that a service of Amazon ECS may have.
const MOST_REPLICAS: u32 = 5000;

impl DocumentReader<'_> {
    /// The service of an entry of `services`.
    pub(super) fn service(&mut self, entry: &MappingEntry) -> ComposeService {
        let (name, node) = (entry.key.text.clone(), &entry.value);
        let names = self.host_names(&name, entry);
        let host_names = DocumentReading { value: names, findings: std::mem::take(&mut self.findings) };
        let description = ServiceDescription {
            container: self.container(node),
            dependencies: self.dependencies(node),
            replicas: self.replicas(node),
            mode: self.string(node.at(&["deploy", "mode"])),
            resources: self.resources(node),
            start_hooks: self.start_hooks(node),
            stop_first: self
                .string(node.at(&["deploy", "update_config", "order"]))
                .map(|order| order.map(|order| order == "stop-first")),
        };
        ComposeService {
            host_names,
            networks: self.networks(node),
            links: links(node),
            provider: self.provider(node),
            profiles: node.get("profiles").map(|profiles| At::of(profiles, ())),
            empty_base: node.get("extends").map(|extends| At::of(extends, ())),
            node: node.id,
            origin: entry_origin(entry),
            description: DocumentReading { value: description, findings: std::mem::take(&mut self.findings) },
            name,
        }
    }

    fn container(&mut self, node: &Node) -> ContainerSpec {
        let (health_check, image_check) = self.health_check(node.get("healthcheck"));
        ContainerSpec {
            image: self.image(node),
            locked: None,
            pin: None,
            build: self.image_build(node),
            built_with_shell: false,
            never_pulled: node.get("pull_policy").and_then(Node::as_str) == Some("never"),
            platform: self.string(node.get("platform")),
            entrypoint: node.get("entrypoint").and_then(|node| self.arguments(node)),
            command: node.get("command").and_then(|node| self.arguments(node)),
            environment: self.environment(node),
            user: node.get("user").and_then(|node| self.text(node)),
            working_dir: self.working_dir(node),
            health_check,
            image_check,
            mounts: self.mounts(node),
            ports: self.ports(node),
            files: self.files(node),
            stop_grace_period: self.duration(node.get("stop_grace_period")),
            stop_signal: self.string(node.get("stop_signal")),
            restart: self.restart(node),
            init: self.truth(node.get("init")),
            read_only: self.truth(node.get("read_only")),
            privileged: self.truth(node.get("privileged")),
            tty: self.truth(node.get("tty")),
            stdin_open: self.truth(node.get("stdin_open")),
            cap_add: self.strings(node.get("cap_add")),
            cap_drop: self.strings(node.get("cap_drop")),
            hostname: self.string(node.get("hostname")),
            network_mode: self.namespace(node.get("network_mode")),
            pid: self.namespace(node.get("pid")),
            ipc: self.namespace(node.get("ipc")),
            device_requests: self.device_requests(node),
            storage_size: self.storage_size(node),
            shm_size: self.bytes(node.get("shm_size")),
            sysctls: self.sysctls(node),
            ulimits: self.ulimits(node),
            extra_hosts: self.extra_hosts(node),
            dns: self.strings(node.get("dns")),
            dns_search: self.strings(node.get("dns_search")),
            devices: self.devices(node),
            labels: self.labels(node),
            security_opt: self.strings(node.get("security_opt")),
            logging: self.logging(node),
        }
    }

    fn logging(&mut self, node: &Node) -> LoggingRequest {
        let options = node.at(&["logging", "options"]).and_then(Node::as_mapping).into_iter().flatten();
        let options =
            options.filter_map(|entry| Some((entry.key.text.clone(), self.string(Some(&entry.value))?)));
        let options = options.collect();
        LoggingRequest { driver: self.string(node.at(&["logging", "driver"])), options, service: None }
    }

    fn image(&mut self, node: &Node) -> ContainerImage {
        let named = node.get("image").and_then(|image| self.text(image));
        match (named, node.get("build")) {
            (Some(text), _) => ContainerImage::Named(text),
            (None, build) => {
                let build = build.unwrap_or(node);
                ContainerImage::Built { node: build.id, origin: build.origin }
            }
        }
    }

    /// With whom a namespace is shared. A container of the project may be named instead of its service.
    fn namespace(&mut self, node: Option<&Node>) -> Option<At<String>> {
        let shared = self.string(node)?;
        let service =
            shared.value.strip_prefix("container:").and_then(|name| self.service_of_container(name));
        Some(match service {
            Some(service) => shared.map(|_| format!("service:{service}")),
            None => shared,
        })
    }

    /// The service whose container has a name: `container_name`, else `PROJECT-SERVICE-1`.
    fn service_of_container(&self, name: &str) -> Option<&str> {
        let services = self.manifest.root.get("services").and_then(Node::as_mapping)?;
        let is_named = |entry: &&MappingEntry| match entry.value.get("container_name").and_then(scalar) {
            Some(own) => &*own == name,
            None => format!("{}-{}-1", self.manifest.name, entry.key.text) == name,
        };
        services.iter().find(is_named).map(|entry| &*entry.key.text)
    }

    /// The name of the plug-in that provides the service.
    fn provider(&self, node: &Node) -> Option<At<String>> {
        let provider = node.get("provider").filter(|provider| !provider.is_null())?;
        let kind = provider.get("type").unwrap_or(provider);
        Some(At::of(kind, scalar(kind).map(|kind| kind.to_string()).unwrap_or_default()))
    }

    /// `command` and `entrypoint`: null leaves the image's own, an empty list clears it.
    pub(super) fn arguments(&mut self, node: &Node) -> Option<At<Vec<Text>>> {
        match &node.value {
            NodeValue::Sequence(_) => Some(At::of(node, self.texts(node))),
            NodeValue::Null => None,
            _ => self.text(node).map(|text| At::of(node, vec![text])),
        }
    }

    pub(super) fn environment(&mut self, node: &Node) -> IndexMap<ManifestName, EnvironmentVariable> {
        let entries = node.get("environment").and_then(Node::as_mapping);
        entries
            .into_iter()
            .flatten()
            .map(|entry| {
                let (name, node) = (entry.key.text.clone(), &entry.value);
                let value = match self.passed_through(&name, node) {
                    true => {
                        let variable = LateBoundVariable { name: name.clone(), fallback: None };
                        self.findings.late_used.push(variable.clone());
                        let mut text = Text::empty(node.id, node.origin);
                        text.push(crate::TextPiece::LateBound(variable), node.origin);
                        Some(text)
                    }
                    false => self.text(node),
                };
                let origin = if value.is_some() { node.origin } else { entry.key.origin };
                (name, EnvironmentVariable { value, node: node.id, origin })
            })
            .collect()
    }

    /// Whether an entry has no value of its own, and the variable of its name is late-bound.
    fn passed_through(&self, name: &ManifestName, node: &Node) -> bool {
        let outside = match &*self.sources.provenance(node.origin) {
            Provenance::Outside(VariableSource::Environment(from) | VariableSource::Flag(from)) => {
                from == name
            }
            Provenance::Outside(VariableSource::Unset) => true,
            _ => false,
        };
        self.late.contains_key(name) && (node.is_null() || outside)
    }

    fn labels(&mut self, node: &Node) -> IndexMap<ManifestName, Text> {
        let entries = node.get("labels").and_then(Node::as_mapping);
        let entries = entries.into_iter().flatten();
        entries.filter_map(|entry| Some((entry.key.text.clone(), self.text(&entry.value)?))).collect()
    }

    /// Docker starts no process in a folder that is not named from the root.
    fn working_dir(&mut self, node: &Node) -> Option<Text> {
        let node = node.get("working_dir")?;
        let text = self.text(node)?;
        let is_relative = |path: &str| !path.is_empty() && !path.starts_with('/');
        if let Some(path) = text.literal().filter(|path| is_relative(path)) {
            let message =
                format!("`working_dir: {path}` is not an absolute path, so no process starts there");
            self.refuse_path(node, message, "write the path from the root of the container: `/app`");
        }
        Some(text)
    }

    fn restart(&mut self, node: &Node) -> Option<At<String>> {
        let policy = node.at(&["deploy", "restart_policy", "condition"]);
        let policy = self.either(policy, node.get("restart"));
        self.string(policy)
    }

    fn replicas(&mut self, node: &Node) -> Option<At<u32>> {
        let replicas = self.either(node.at(&["deploy", "replicas"]), node.get("scale"));
        let node = replicas?;
        match self.fixed(node)?.parse::<u32>() {
            Ok(count) if count <= MOST_REPLICAS => Some(At::of(node, count)),
            _ => {
                self.out_of_range(node, "a number of copies from 0 to 5000");
                None
            }
        }
    }

    fn resources(&mut self, node: &Node) -> ResourceRequests {
        let limit = |key| node.at(&["deploy", "resources", "limits", key]);
        let reservation = |key| node.at(&["deploy", "resources", "reservations", key]);
        let cpus = self.either(limit("cpus"), node.get("cpus"));
        let memory = self.either(limit("memory"), node.get("mem_limit"));
        let least = self.either(reservation("memory"), node.get("mem_reservation"));
        ResourceRequests {
            cpu_limit: self.cpus(cpus),
            cpu_reservation: self.cpus(reservation("cpus")),
            memory_limit: self.bytes(memory).filter(positive),
            memory_reservation: self.bytes(least).filter(positive),
        }
    }

    /// The value under `deploy`, else the older spelling, which says the same where both stand.
    fn either<'n>(&mut self, new: Option<&'n Node>, old: Option<&'n Node>) -> Option<&'n Node> {
        if let (Some(_), Some(old)) = (new, old) {
            self.findings.claims.ignored(
                old,
                "the value under `deploy` takes precedence",
                BehaviourEffect::Equivalent,
            );
        }
        new.or(old)
    }

    fn dependencies(&mut self, node: &Node) -> Vec<ServiceDependency> {
        let entries = node.get("depends_on").and_then(Node::as_mapping);
        let mut dependencies = Vec::new();
        for entry in entries.into_iter().flatten() {
            let condition = entry.value.get("condition");
            let value = match condition.and_then(scalar).as_deref() {
                Some("service_healthy") => DependencyCondition::Healthy,
                Some("service_completed_successfully") => DependencyCondition::Completed,
                _ => DependencyCondition::Started,
            };
            dependencies.push(ServiceDependency {
                on: entry.key.text.clone(),
                condition: At::of(condition.unwrap_or(&entry.value), value),
                required: entry.value.get("required").and_then(Node::as_bool).unwrap_or(true),
                node: entry.value.id,
            });
        }
        dependencies
    }

    /// Names under which Docker's own DNS knows the container.
    fn host_names(&mut self, name: &ManifestName, entry: &MappingEntry) -> Vec<At<ManifestName>> {
        let node = &entry.value;
        let mut names = vec![At::inferred(name.clone(), entry.key.origin)];
        for key in ["container_name", "hostname"] {
            names.extend(self.string(node.get(key)).map(|name| name.map(ManifestName::from)));
        }
        for attachment in self.networks(node) {
            names.extend(attachment.aliases.into_iter().map(|alias| alias.map(ManifestName::from)));
        }
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.value.clone()));
        names
    }

    /// The networks that it joins, in order.
    fn networks(&mut self, node: &Node) -> Vec<NetworkAttachment> {
        let entries = node.get("networks").and_then(Node::as_mapping).into_iter().flatten();
        let attachment = |entry: &MappingEntry| NetworkAttachment {
            network: entry.key.text.clone(),
            aliases: self.strings(entry.value.get("aliases")),
        };
        entries.map(attachment).collect()
    }
}

fn positive(size: &At<u64>) -> bool {
    size.value > 0
}

/// `links`: `service`, or `service:alias`.
fn links(node: &Node) -> Vec<ServiceLink> {
    let items = node.get("links").and_then(Node::as_sequence).unwrap_or_default();
    let link = |item: &Node| {
        let text = item.as_str()?;
        let (service, alias) = text.split_once(':').unwrap_or((text, text));
        Some(ServiceLink { service: service.into(), alias: alias.into() })
    };
    items.iter().filter_map(link).collect()
}
