//! `secrets` and `configs` of a service: files in its container.

use super::reader::DocumentReader;
use crate::{At, FileMount, FileMountKind, SecretId};
use tranship_frontend::yaml::{Node, NodeValue};

impl DocumentReader<'_> {
    /// `secrets` and `configs`. Without a target they land where Compose puts them.
    pub(super) fn files(&mut self, node: &Node) -> Vec<FileMount> {
        let mut files = Vec::new();
        let sections =
            [("secrets", FileMountKind::Secret, "/run/secrets/"), ("configs", FileMountKind::Config, "/")];
        for (key, kind, folder) in sections {
            for item in node.get(key).and_then(Node::as_sequence).unwrap_or_default() {
                let Some(source) = self.string(item.get("source")) else { continue };
                let target = self.string(item.get("target")).unwrap_or_else(|| source.clone());
                files.push(FileMount {
                    secret: SecretId::new(source.value),
                    kind,
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
            NodeValue::Integer(_) => text.parse().ok(),
            _ => u32::from_str_radix(text.trim_start_matches("0o"), 8).ok(),
        };
        bits.map(|bits| At::of(node, bits))
    }
}
