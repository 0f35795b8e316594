//! The top-level `volumes`, `secrets` and `configs`.

use super::reader::{DocumentReader, scalar};
use super::{ComposeFile, ComposeVolume, DocumentReading, entry_origin};
use crate::{At, ExistingSecret, SecretSource};
use tranship_frontend::yaml::{MappingEntry, Node};

impl DocumentReader<'_> {
    /// An entry of `secrets` or `configs`.
    pub(super) fn file(&mut self, entry: &MappingEntry) -> ComposeFile {
        let source = self.source(&entry.value);
        ComposeFile {
            node: entry.value.id,
            origin: entry.value.origin,
            source: DocumentReading { value: source, findings: std::mem::take(&mut self.findings) },
        }
    }

    fn source(&mut self, node: &Node) -> Option<SecretSource> {
        if node.get("external").and_then(Node::as_bool) == Some(true) {
            return node
                .get("name")
                .and_then(|name| self.text(name))
                .map(|name| SecretSource::External(ExistingSecret::at(name)));
        }
        if let Some(file) = node.get("file") {
            return written(file).map(SecretSource::File);
        }
        if let Some(variable) = node.get("environment") {
            return written(variable).map(SecretSource::Environment);
        }
        node.get("content").and_then(|content| self.text(content)).map(SecretSource::Content)
    }
}

/// An entry of `volumes`.
pub(super) fn volume(entry: &MappingEntry) -> ComposeVolume {
    let node = &entry.value;
    let external = node.get("external").filter(|external| external.as_bool() == Some(true));
    let name = external.and_then(|external| written(node.get("name").unwrap_or(external)));
    let driver = node.get("driver").filter(|driver| driver.as_str().is_some_and(|name| name != "local"));
    let options =
        node.get("driver_opts").filter(|options| options.as_mapping().is_some_and(|it| !it.is_empty()));
    let foreign: Vec<&Node> = [external, driver, options].into_iter().flatten().collect();
    let entries = options.and_then(Node::as_mapping).into_iter().flatten();
    ComposeVolume {
        external: name,
        driver: driver.and_then(written),
        options: entries.filter_map(|it| Some((it.key.text.to_string(), written(&it.value)?))).collect(),
        foreign: foreign.iter().map(|node| node.id).collect(),
        foreign_at: foreign.first().map(|node| node.origin),
        node: node.id,
        origin: entry_origin(entry),
    }
}

/// A scalar as it is today, late-bound variables too.
fn written(node: &Node) -> Option<At<String>> {
    scalar(node).map(|text| At::of(node, text.to_string()))
}
