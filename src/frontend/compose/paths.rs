//! Resolves relative paths: makes them absolute or relative to another directory.
//!
//! In: a tree in long syntax and the directory its paths start from. Out: the tree with that directory prepended
//! to every path listed below. Source: compose-go's `paths` package. Windows paths stay unchanged.

use super::LoadContext;
use super::value::clean_path;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::rules::compose as rules;
use crate::yaml::{Mapping, Node, NodeValue};

/// Resolves the paths of a tree against `base`, which may itself be relative.
pub(super) fn resolve(root: &mut Node, base: &str, cx: &mut LoadContext<'_>) {
    require_sources(root, cx);
    let home = cx.world.variable("HOME").filter(|_| !cx.options.ignore_process_environment);
    let resolver = PathResolver { base, home };
    let Some(root) = root.as_mapping_mut() else { return };
    each(root.get_mut("services"), |service| resolver.service(service));
    for room in ["configs", "secrets"] {
        each(root.get_mut(room), |resource| key(resource, "file", |path| resolver.unix(path)));
    }
    each(root.get_mut("volumes"), |volume| resolver.bind_volume(volume));
}

/// Reports bind mounts without a source.
fn require_sources(root: &Node, cx: &mut LoadContext<'_>) {
    for service in root.get("services").and_then(Node::as_mapping).into_iter().flatten() {
        let mounts = service.value.get("volumes").and_then(Node::as_sequence).unwrap_or_default();
        for (index, mount) in mounts.iter().enumerate() {
            let Some(bind) = mount.as_mapping().filter(|mount| is_text(mount, "type", "bind")) else {
                continue;
            };
            if !bind.contains_key("source") {
                let name = &service.key.text;
                let message = format!("service `{name}`: a `bind` mount has no `source`");
                let fault = Diagnostic::new(&rules::MISSING_KEY, message).at(mount.origin).service(&**name);
                let fault = fault.key(format!("services.{name}.volumes[{index}]"));
                cx.report(fault.help("add `source: PATH`, the host file or directory to mount"));
            }
        }
    }
}

/// Calls `change` for every value of a mapping and every item of a list.
fn each(node: Option<&mut Node>, mut change: impl FnMut(&mut Node)) {
    match node.map(|node| &mut node.value) {
        Some(NodeValue::Mapping(mapping)) => mapping.values_mut().for_each(|(_, value)| change(value)),
        Some(NodeValue::Sequence(items)) => items.iter_mut().for_each(change),
        _ => {}
    }
}

fn key(node: &mut Node, name: &str, change: impl FnOnce(&mut Node)) {
    if let Some(value) = node.as_mapping_mut().and_then(|mapping| mapping.get_mut(name)) {
        change(value);
    }
}

fn is_text(mapping: &Mapping, key: &str, text: &str) -> bool {
    mapping.get(key).and_then(Node::as_str) == Some(text)
}

struct PathResolver<'a> {
    base: &'a str,
    home: Option<String>,
}

impl PathResolver<'_> {
    fn service(&self, service: &mut Node) {
        let Some(service) = service.as_mapping_mut() else { return };
        if let Some(build) = service.get_mut("build") {
            key(build, "context", |context| self.context(context));
            key(build, "additional_contexts", |contexts| each(Some(contexts), |path| self.context(path)));
            key(build, "ssh", |keys| each(Some(keys), |path| self.unix(path)));
        }
        each(service.get_mut("env_file"), |file| key(file, "path", |path| self.absolute(path)));
        each(service.get_mut("label_file"), |path| self.absolute(path));
        if let Some(extends) = service.get_mut("extends") {
            key(extends, "file", |path| self.absolute(path));
        }
        if let Some(develop) = service.get_mut("develop") {
            key(develop, "watch", |rules| {
                each(Some(rules), |rule| key(rule, "path", |path| self.absolute(path)));
            });
        }
        each(service.get_mut("volumes"), |mount| self.mount(mount));
    }

    fn mount(&self, mount: &mut Node) {
        let Some(mount) = mount.as_mapping_mut() else { return };
        if is_text(mount, "type", "bind")
            && let Some(source) = mount.get_mut("source")
        {
            self.unix(source);
        }
    }

    /// A `local` volume with `o: bind` mounts the directory named by `device`.
    fn bind_volume(&self, volume: &mut Node) {
        let Some(volume) = volume.as_mapping_mut() else { return };
        if !is_text(volume, "driver", "local") {
            return;
        }
        if let Some(options) = volume.get_mut("driver_opts").and_then(Node::as_mapping_mut)
            && is_text(options, "o", "bind")
            && let Some(device) = options.get_mut("device")
        {
            self.unix(device);
        }
    }

    /// A build context. Remote contexts and other services stay unchanged.
    fn context(&self, node: &mut Node) {
        const REMOTE: [&str; 5] = ["ssh://", "github.com/", "git@", "service:", "git://"];
        let remote =
            |path: &str| path.contains("://") || REMOTE.iter().any(|prefix| path.starts_with(prefix));
        if !node.as_str().is_some_and(remote) {
            self.absolute(node);
        }
    }

    fn absolute(&self, node: &mut Node) {
        let Some(path) = node.as_str() else { return };
        let path = self.expand_home(path);
        let resolved = if path.starts_with('/') || path.is_empty() { path } else { self.join(&path) };
        set(node, resolved);
    }

    /// Like `absolute`, but leaves a Windows path alone; an empty path means the directory itself.
    fn unix(&self, node: &mut Node) {
        let Some(path) = node.as_str() else { return };
        let path = self.expand_home(path);
        let resolved =
            if path.starts_with('/') || is_windows_absolute(&path) { path } else { self.join(&path) };
        set(node, resolved);
    }

    fn join(&self, path: &str) -> String {
        clean_path(&match (self.base, path) {
            ("", path) => path.to_owned(),
            (base, path) => format!("{base}/{path}"),
        })
    }

    fn expand_home(&self, path: &str) -> String {
        match (path.strip_prefix('~'), &self.home) {
            (Some(rest), Some(home)) => clean_path(&format!("{home}/{rest}")),
            _ => path.to_owned(),
        }
    }
}

fn set(node: &mut Node, path: String) {
    if node.as_str() != Some(&path) {
        node.value = NodeValue::String(path.into());
    }
}

/// Whether the path is an absolute Windows path: `C:\x`, `C:/x`, `\\server\share`.
pub(super) fn is_windows_absolute(path: &str) -> bool {
    let is_separator = |byte: Option<&u8>| matches!(byte, Some(b'\\' | b'/'));
    let bytes = path.as_bytes();
    if bytes.get(1) == Some(&b':') {
        return is_separator(bytes.get(2));
    }
    is_separator(bytes.first()) && is_separator(bytes.get(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_paths_are_known() {
        for (path, absolute) in
            [(r"C:\x", true), ("c:/x", true), (r"\\s\t", true), ("c:x", false), ("./x", false), ("", false)]
        {
            assert_eq!(is_windows_absolute(path), absolute, "{path}");
        }
    }
}
