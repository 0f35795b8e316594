//! A Compose service as the container it describes. No inference: what the keys say.

use super::Lowering;
use super::read::scalar;
use crate::settings::{ScaleSettings, ServiceSettings, WholeNumber};
use crate::{
    At, Condition, Container, Dependency, HealthCheck, HealthTest, Image, Name, Permission, Resources, Role,
    Scaling, Service, Text, Variant,
};
use indexmap::IndexMap;
use tranship_facts::ports::data_store_on;
use tranship_facts::{DataStoreKind, KnownImage};
use tranship_frontend::source::{Provenance, VariableSource};
use tranship_frontend::yaml::{Entry, Node, Value};

impl Lowering<'_> {
    /// The service of an entry of `services`.
    pub(super) fn service(&mut self, entry: &Entry) -> Service {
        let (name, node) = (entry.key.text.clone(), &entry.value);
        let container = self.container(node);
        let data_store = data_store(&container);
        let settings = self.document.service(&name);
        Service {
            host_names: self.host_names(&name, entry),
            dependencies: self.dependencies(node),
            replicas: self.replicas(node),
            scaling: settings.and_then(|settings| settings.scale.as_ref()).map(scaling),
            resources: self.resources(node),
            permissions: self.permissions(settings),
            stop_first: self
                .string(node.at(&["deploy", "update_config", "order"]))
                .map(|order| order.map(|order| order == "stop-first")),
            role: Role::Service,
            node: node.id,
            origin: if entry.key.origin == tranship_frontend::source::Origin::NOWHERE {
                node.origin
            } else {
                entry.key.origin
            },
            data_store,
            container,
            name,
        }
    }

    fn container(&mut self, node: &Node) -> Container {
        Container {
            image: self.image(node),
            platform: self.string(node.get("platform")),
            entrypoint: node.get("entrypoint").and_then(|node| self.arguments(node)),
            command: node.get("command").and_then(|node| self.arguments(node)),
            environment: self.environment(node),
            user: node.get("user").and_then(|node| self.text(node)),
            working_dir: node.get("working_dir").and_then(|node| self.text(node)),
            health_check: node.get("healthcheck").and_then(|node| self.health_check(node)),
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
            network_mode: self.string(node.get("network_mode")),
            pid: self.string(node.get("pid")),
            ipc: self.string(node.get("ipc")),
            shm_size: self.bytes(node.get("shm_size")),
            sysctls: self.sysctls(node),
            ulimits: self.ulimits(node),
            extra_hosts: self.extra_hosts(node),
            dns: self.strings(node.get("dns")),
            dns_search: self.strings(node.get("dns_search")),
            devices: self.devices(node),
            labels: self.labels(node),
            security_opt: self.strings(node.get("security_opt")),
        }
    }

    fn image(&mut self, node: &Node) -> Image {
        let named = node.get("image").and_then(|image| self.text(image));
        match (named, node.get("build")) {
            (Some(text), _) => Image::Named(text),
            (None, build) => {
                let build = build.unwrap_or(node);
                Image::Built { node: build.id, origin: build.origin }
            }
        }
    }

    /// `command` and `entrypoint`: null leaves the image's own, an empty list clears it.
    fn arguments(&mut self, node: &Node) -> Option<At<Vec<Text>>> {
        match &node.value {
            Value::Sequence(_) => Some(At::of(node, self.texts(node))),
            Value::Null => None,
            _ => self.text(node).map(|text| At::of(node, vec![text])),
        }
    }

    fn environment(&mut self, node: &Node) -> IndexMap<Name, Variant> {
        let entries = node.get("environment").and_then(Node::as_mapping);
        entries
            .into_iter()
            .flatten()
            .map(|entry| {
                let (name, node) = (entry.key.text.clone(), &entry.value);
                let value = match self.passed_through(&name, node) {
                    true => {
                        let variable = self.use_late(&name, None);
                        let mut text = Text { node: node.id, origin: node.origin, ..Text::default() };
                        text.push(crate::Piece::LateBound(variable), node.origin);
                        Some(text)
                    }
                    false => self.text(node),
                };
                let origin = if value.is_some() { node.origin } else { entry.key.origin };
                (name, Variant { value, node: node.id, origin })
            })
            .collect()
    }

    /// Whether an entry has no value of its own, and the variable of its name is late-bound.
    fn passed_through(&self, name: &Name, node: &Node) -> bool {
        let outside = match &*self.sources.provenance(node.origin) {
            Provenance::Outside(VariableSource::Environment(from) | VariableSource::Flag(from)) => {
                from == name
            }
            Provenance::Outside(VariableSource::Unset) => true,
            _ => false,
        };
        self.late.contains_key(name) && (node.is_null() || outside)
    }

    fn labels(&mut self, node: &Node) -> IndexMap<Name, Text> {
        let entries = node.get("labels").and_then(Node::as_mapping);
        let entries = entries.into_iter().flatten();
        entries.filter_map(|entry| Some((entry.key.text.clone(), self.text(&entry.value)?))).collect()
    }

    fn health_check(&mut self, node: &Node) -> Option<HealthCheck> {
        let disabled = self.truth(node.get("disable")).is_some_and(|disable| disable.value);
        let test = node.get("test").and_then(|test| self.health_test(test));
        if disabled || test.as_ref().is_none_or(|test| test.value.is_none()) {
            self.ledger.exact(node, "no health check");
            return None;
        }
        Some(HealthCheck {
            test: test
                .and_then(|test| Some(At { value: test.value?, node: test.node, origin: test.origin }))?,
            interval: self.duration(node.get("interval")),
            timeout: self.duration(node.get("timeout")),
            start_period: self.duration(node.get("start_period")),
            start_interval: self.duration(node.get("start_interval")),
            retries: self.parsed(node.get("retries")),
        })
    }

    /// The command of a health check; nothing inside for `NONE`.
    fn health_test(&mut self, node: &Node) -> Option<At<Option<HealthTest>>> {
        let Value::Sequence(items) = &node.value else {
            let line = self.text(node)?;
            return Some(At::of(node, Some(HealthTest::Shell(line))));
        };
        let (kind, rest) = items.split_first()?;
        let test = match kind.as_str()? {
            "CMD" => Some(HealthTest::Exec(rest.iter().filter_map(|item| self.text(item)).collect())),
            "CMD-SHELL" => Some(HealthTest::Shell(self.text(rest.first()?)?)),
            _ => None,
        };
        Some(At::of(node, test))
    }

    fn restart(&mut self, node: &Node) -> Option<At<String>> {
        let policy = node.at(&["deploy", "restart_policy", "condition"]);
        let policy = self.either(policy, node.get("restart"));
        self.string(policy)
    }

    fn replicas(&mut self, node: &Node) -> Option<At<u32>> {
        let replicas = self.either(node.at(&["deploy", "replicas"]), node.get("scale"));
        self.parsed(replicas)
    }

    fn resources(&mut self, node: &Node) -> Resources {
        let limit = |key| node.at(&["deploy", "resources", "limits", key]);
        let reservation = |key| node.at(&["deploy", "resources", "reservations", key]);
        let cpus = self.either(limit("cpus"), node.get("cpus"));
        let memory = self.either(limit("memory"), node.get("mem_limit"));
        let least = self.either(reservation("memory"), node.get("mem_reservation"));
        Resources {
            cpu_limit: self.cpus(cpus),
            cpu_reservation: self.cpus(reservation("cpus")),
            memory_limit: self.bytes(memory).filter(positive),
            memory_reservation: self.bytes(least).filter(positive),
        }
    }

    /// The value under `deploy`, else the older spelling, which says the same where both stand.
    fn either<'n>(&mut self, new: Option<&'n Node>, old: Option<&'n Node>) -> Option<&'n Node> {
        if let (Some(_), Some(old)) = (new, old) {
            self.ledger.ignored(old, "what stands under `deploy` counts", false);
        }
        new.or(old)
    }

    fn permissions(&mut self, settings: Option<&ServiceSettings>) -> Vec<Permission> {
        let statements = settings.into_iter().flat_map(|settings| &settings.permissions);
        let lowered = statements.map(|statement| Permission {
            actions: statement.value.actions.0.clone(),
            resources: statement.value.resources.0.iter().map(|arn| self.open_text(&arn.0)).collect(),
            node: statement.node,
            origin: statement.origin,
        });
        lowered.collect()
    }

    fn dependencies(&mut self, node: &Node) -> Vec<Dependency> {
        let entries = node.get("depends_on").and_then(Node::as_mapping);
        let mut dependencies = Vec::new();
        for entry in entries.into_iter().flatten() {
            let condition = entry.value.get("condition");
            let value = match condition.and_then(scalar).as_deref() {
                Some("service_healthy") => Condition::Healthy,
                Some("service_completed_successfully") => Condition::Completed,
                _ => Condition::Started,
            };
            dependencies.push(Dependency {
                on: entry.key.text.clone(),
                condition: At::of(condition.unwrap_or(&entry.value), value),
                required: entry.value.get("required").and_then(Node::as_bool).unwrap_or(true),
                node: entry.value.id,
            });
        }
        dependencies
    }

    /// Names under which Docker's own DNS knows the container.
    pub(super) fn host_names(&mut self, name: &Name, entry: &Entry) -> Vec<At<Name>> {
        let node = &entry.value;
        let mut names = vec![At::inferred(name.clone(), entry.key.origin)];
        for key in ["container_name", "hostname"] {
            names.extend(self.string(node.get(key)).map(|name| name.map(Name::from)));
        }
        for network in node.get("networks").and_then(Node::as_mapping).into_iter().flatten() {
            let aliases = self.strings(network.value.get("aliases"));
            names.extend(aliases.into_iter().map(|alias| alias.map(Name::from)));
        }
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.value.clone()));
        names
    }
}

fn positive(size: &At<u64>) -> bool {
    size.value > 0
}

fn scaling(scale: &ScaleSettings) -> Scaling {
    let percent = |at: &Option<At<WholeNumber<1, 100>>>| at.clone().map(|at| at.map(WholeNumber::get));
    Scaling {
        min: scale.min.clone().map(WholeNumber::get),
        max: scale.max.clone().map(WholeNumber::get),
        cpu: percent(&scale.cpu),
        memory: percent(&scale.memory),
    }
}

/// What data a container keeps, by its image, else by a port that only data stores have.
fn data_store(container: &Container) -> Option<DataStoreKind> {
    let image = match &container.image {
        Image::Named(text) => super::flat::shown(text),
        Image::Built { .. } => String::new(),
    };
    match KnownImage::find(&image) {
        Some(known) => known.data_store(),
        None => container.ports.iter().find_map(|port| data_store_on(port.container.value)),
    }
}
