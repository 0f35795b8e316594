//! `build` of a service.

use super::reader::{DocumentReader, scalar};
use crate::{At, ImageBuild, ManifestName, Text};
use indexmap::IndexMap;
use tranship_frontend::yaml::{MappingEntry, Node};

impl DocumentReader<'_> {
    /// `build`, in its long form.
    pub(super) fn image_build(&mut self, node: &Node) -> Option<At<ImageBuild>> {
        let build = node.get("build").filter(|build| !build.is_null())?;
        let word = |key: &str| build.get(key).and_then(written);
        let context = word("context");
        let here = At::inferred(self.manifest.directory.to_string(), build.origin);
        let entries = |key: &str| build.get(key).and_then(Node::as_mapping).into_iter().flatten();
        let args: Vec<&MappingEntry> = entries("args").collect();
        let labels: Vec<&MappingEntry> = entries("labels").collect();
        let contexts = entries("additional_contexts");
        let made = ImageBuild {
            context: context.unwrap_or(here),
            dockerfile: word("dockerfile"),
            dockerfile_inline: word("dockerfile_inline"),
            target: word("target"),
            additional_contexts: contexts
                .filter_map(|entry| Some((entry.key.text.clone(), written(&entry.value)?)))
                .collect(),
            args: self.build_args(&args),
            labels: labels
                .into_iter()
                .filter_map(|entry| Some((entry.key.text.clone(), self.built_text(&entry.value)?)))
                .collect(),
        };
        Some(At::of(build, made))
    }

    fn build_args(&self, entries: &[&MappingEntry]) -> IndexMap<ManifestName, At<Option<Text>>> {
        let arg = |entry: &&MappingEntry| {
            (entry.key.text.clone(), At::of(&entry.value, self.built_text(&entry.value)))
        };
        entries.iter().map(arg).collect()
    }

    /// A scalar in pieces. What is late-bound in it becomes no parameter: the builder gets its value.
    fn built_text(&self, node: &Node) -> Option<Text> {
        Some(super::reader::open_text(&At::of(node, scalar(node)?), self.sources, self.late))
    }
}

/// A scalar as it is today, late-bound variables too.
fn written(node: &Node) -> Option<At<String>> {
    scalar(node).map(|text| At::of(node, text.to_string()))
}
