//! What a service asks of the kernel and of the container's hosts file: `sysctls`, `ulimits`, `devices`, `extra_hosts`.

use super::reader::{DocumentReader, scalar};
use crate::{At, DeviceMapping, ExtraHost, ManifestName, UlimitPair};
use tranship_frontend::yaml::Node;

impl DocumentReader<'_> {
    pub(super) fn sysctls(&mut self, node: &Node) -> Vec<(ManifestName, At<String>)> {
        let entries = node.get("sysctls").and_then(Node::as_mapping).into_iter().flatten();
        entries.filter_map(|entry| Some((entry.key.text.clone(), self.string(Some(&entry.value))?))).collect()
    }

    pub(super) fn ulimits(&mut self, node: &Node) -> Vec<(ManifestName, At<UlimitPair>)> {
        let entries = node.get("ulimits").and_then(Node::as_mapping).into_iter().flatten();
        let mut limits = Vec::new();
        for entry in entries {
            let single = self
                .parsed::<i64>(Some(&entry.value))
                .map(|limit| UlimitPair { soft: limit.value, hard: limit.value });
            let pair = || {
                let (soft, hard) = (entry.value.get("soft")?, entry.value.get("hard")?);
                Some(UlimitPair { soft: number(soft)?, hard: number(hard)? })
            };
            if let Some(limit) = single.or_else(pair) {
                limits.push((entry.key.text.clone(), At::of(&entry.value, limit)));
            }
        }
        limits
    }

    /// `name=address`, as the canonical form has them.
    pub(super) fn extra_hosts(&mut self, node: &Node) -> Vec<At<ExtraHost>> {
        let listed = self.strings(node.get("extra_hosts"));
        let cut = |host: At<String>| {
            let (name, address) = host.value.split_once(['=', ':'])?;
            let cut = ExtraHost { name: name.to_owned(), address: address.to_owned() };
            Some(host.map(|_| cut))
        };
        listed.into_iter().filter_map(cut).collect()
    }

    pub(super) fn devices(&mut self, node: &Node) -> Vec<At<DeviceMapping>> {
        let items = node.get("devices").and_then(Node::as_sequence).unwrap_or_default();
        let mut devices = Vec::new();
        for item in items {
            let part = |key| item.get(key).and_then(scalar).map(|text| text.to_string());
            let Some(host_path) = part("source") else { continue };
            let container_path = part("target").unwrap_or_else(|| host_path.clone());
            let permissions = part("permissions").unwrap_or_else(|| "rwm".to_owned());
            devices.push(At::of(item, DeviceMapping { host_path, container_path, permissions }));
        }
        devices
    }
}

fn number(node: &Node) -> Option<i64> {
    scalar(node)?.parse().ok()
}
