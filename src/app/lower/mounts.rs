//! Mounts, ports, files and the small lists of a container.

use super::Lowering;
use super::read::scalar;
use crate::{At, FileMount, Mount, MountSource, Name, Port};
use tranship_facts::TransportProtocol;
use tranship_frontend::yaml::{Node, Value};

impl Lowering<'_> {
    /// `volumes` and `tmpfs`.
    pub(super) fn mounts(&mut self, node: &Node) -> Vec<Mount> {
        let listed = node.get("volumes").and_then(Node::as_sequence).unwrap_or_default();
        let mut mounts: Vec<Mount> = listed.iter().filter_map(|item| self.mount(item)).collect();
        let memory = node
            .get("tmpfs")
            .map(|node| node.as_sequence().unwrap_or(std::slice::from_ref(node)))
            .unwrap_or_default();
        for item in memory {
            let Some(written) = self.string(Some(item)) else { continue };
            let (path, options) = match written.value.split_once(':') {
                Some((path, options)) => (path.to_owned(), options.to_owned()),
                None => (written.value.clone(), String::new()),
            };
            let size = options.split(',').find_map(|option| option.strip_prefix("size="));
            let size = size
                .and_then(|size| u64::try_from(tranship_frontend::compose::value::parse_bytes(size)?).ok());
            mounts.push(Mount {
                source: MountSource::Tmpfs { size: size.map(|size| At::of(item, size)) },
                target: written.map(|_| path),
                read_only: false,
                node: item.id,
                origin: item.origin,
            });
        }
        mounts
    }

    fn mount(&mut self, node: &Node) -> Option<Mount> {
        let source = self.string(node.get("source")).filter(|source| !source.value.is_empty());
        let kind = self.string(node.get("type"))?;
        let source = match (kind.value.as_str(), source) {
            ("volume", Some(name)) => MountSource::Volume(name.value.into()),
            ("volume", None) => MountSource::Anonymous,
            ("bind", Some(path)) => MountSource::Bind(path),
            ("tmpfs", _) => MountSource::Tmpfs { size: self.bytes(node.at(&["tmpfs", "size"])) },
            _ => MountSource::Other(kind),
        };
        Some(Mount {
            source,
            target: self.string(node.get("target"))?,
            read_only: self.truth(node.get("read_only")).is_some_and(|read_only| read_only.value),
            node: node.id,
            origin: node.origin,
        })
    }

    /// `ports`, then `expose`.
    pub(super) fn ports(&mut self, node: &Node) -> Vec<Port> {
        let published = node.get("ports").and_then(Node::as_sequence).unwrap_or_default();
        let mut ports: Vec<Port> = published.iter().filter_map(|item| self.published(item)).collect();
        for item in node.get("expose").and_then(Node::as_sequence).unwrap_or_default() {
            let Some(text) = self.fixed(item) else { continue };
            let (range, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
            let protocol = TransportProtocol::of(protocol);
            let Some((first, last)) = port_range(range) else { continue };
            for number in first..=last {
                if ports.iter().any(|port| port.container.value == number && port.protocol == protocol) {
                    self.ledger.exact(item, "a port that `ports` names too");
                    continue;
                }
                let container = At::of(item, number);
                let (node, origin) = (item.id, item.origin);
                ports.push(Port { container, published: None, host_ip: None, protocol, node, origin });
            }
        }
        ports
    }

    fn published(&mut self, node: &Node) -> Option<Port> {
        let published = node.get("published");
        let range = published.and_then(|node| self.fixed(node)).and_then(|text| port_range(&text));
        Some(Port {
            container: self.parsed(node.get("target"))?,
            // A port without `published` gets one of the host's own choice: 0.
            published: Some(match published {
                Some(published) => At::of(published, range.unwrap_or((0, 0))),
                None => At::of(node, (0, 0)),
            }),
            host_ip: self.string(node.get("host_ip")).filter(|address| !address.value.is_empty()),
            protocol: self
                .string(node.get("protocol"))
                .map_or(TransportProtocol::Tcp, |protocol| TransportProtocol::of(&protocol.value)),
            node: node.id,
            origin: node.origin,
        })
    }

    /// `secrets` and `configs`. Without a target they land where Compose puts them.
    pub(super) fn files(&mut self, node: &Node) -> Vec<FileMount> {
        let mut files = Vec::new();
        for (key, folder) in [("secrets", "/run/secrets/"), ("configs", "/")] {
            for item in node.get(key).and_then(Node::as_sequence).unwrap_or_default() {
                let Some(source) = self.string(item.get("source")) else { continue };
                let target = self.string(item.get("target")).unwrap_or_else(|| source.clone());
                files.push(FileMount {
                    secret: source.value.into(),
                    config: key == "configs",
                    target: target
                        .map(|path| if path.starts_with('/') { path } else { format!("{folder}{path}") }),
                    uid: self.string(item.get("uid")),
                    gid: self.string(item.get("gid")),
                    mode: item.get("mode").and_then(|mode| self.mode(mode)),
                    node: item.id,
                    origin: item.origin,
                });
            }
        }
        files
    }

    /// Permission bits: octal where they are text, as the canonical form has them.
    fn mode(&mut self, node: &Node) -> Option<At<u32>> {
        let text = self.fixed(node)?;
        let bits = match &node.value {
            Value::Integer(_) => text.parse().ok(),
            _ => u32::from_str_radix(text.trim_start_matches("0o"), 8).ok(),
        };
        bits.map(|bits| At::of(node, bits))
    }

    pub(super) fn sysctls(&mut self, node: &Node) -> Vec<(Name, At<String>)> {
        let entries = node.get("sysctls").and_then(Node::as_mapping).into_iter().flatten();
        entries.filter_map(|entry| Some((entry.key.text.clone(), self.string(Some(&entry.value))?))).collect()
    }

    pub(super) fn ulimits(&mut self, node: &Node) -> Vec<(Name, At<(i64, i64)>)> {
        let entries = node.get("ulimits").and_then(Node::as_mapping).into_iter().flatten();
        let mut limits = Vec::new();
        for entry in entries {
            let single = self.parsed::<i64>(Some(&entry.value)).map(|limit| (limit.value, limit.value));
            let pair = || Some((number(entry.value.get("soft")?)?, number(entry.value.get("hard")?)?));
            if let Some(limit) = single.or_else(pair) {
                limits.push((entry.key.text.clone(), At::of(&entry.value, limit)));
            }
        }
        limits
    }

    /// `name=address`, as the canonical form has them.
    pub(super) fn extra_hosts(&mut self, node: &Node) -> Vec<At<(String, String)>> {
        let listed = self.strings(node.get("extra_hosts"));
        let cut = |host: At<String>| {
            let (name, address) = host.value.split_once(['=', ':'])?;
            let pair = (name.to_owned(), address.to_owned());
            Some(host.map(|_| pair))
        };
        listed.into_iter().filter_map(cut).collect()
    }

    pub(super) fn devices(&mut self, node: &Node) -> Vec<At<(String, String, String)>> {
        let items = node.get("devices").and_then(Node::as_sequence).unwrap_or_default();
        let mut devices = Vec::new();
        for item in items {
            let part = |key| item.get(key).and_then(scalar).map(|text| text.to_string());
            let Some(source) = part("source") else { continue };
            let target = part("target").unwrap_or_else(|| source.clone());
            let permissions = part("permissions").unwrap_or_else(|| "rwm".to_owned());
            devices.push(At::of(item, (source, target, permissions)));
        }
        devices
    }
}

fn number(node: &Node) -> Option<i64> {
    scalar(node)?.parse().ok()
}

/// `8000`, or `8000-8010`.
fn port_range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}
