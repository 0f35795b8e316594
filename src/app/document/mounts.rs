//! `volumes` and `tmpfs` of a service, with what bind mounts find.

use super::reader::DocumentReader;
use crate::rules;
use crate::{At, BindMeaning, BindMount, BindSource, ContainerMount, MountSource};
use camino::Utf8Path;
use tranship_frontend::compose::value::parse_bytes;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::world::{PathKind, normalise};
use tranship_frontend::yaml::Node;

impl DocumentReader<'_> {
    /// `volumes` and `tmpfs`.
    pub(super) fn mounts(&mut self, node: &Node) -> Vec<ContainerMount> {
        let listed = node.get("volumes").and_then(Node::as_sequence).unwrap_or_default();
        let mut mounts: Vec<ContainerMount> = listed.iter().filter_map(|item| self.mount(item)).collect();
        let memory = node.get("tmpfs").map(|node| node.as_sequence().unwrap_or(std::slice::from_ref(node)));
        for item in memory.unwrap_or_default() {
            let Some(written) = self.string(Some(item)) else { continue };
            let (path, options) = match written.value.split_once(':') {
                Some((path, options)) => (path.to_owned(), options.to_owned()),
                None => (written.value.clone(), String::new()),
            };
            let (sizes, others): (Vec<&str>, Vec<&str>) = options
                .split(',')
                .filter(|option| !option.is_empty())
                .partition(|option| option.starts_with("size="));
            self.check_target(item, &path);
            let size = sizes.last().and_then(|option| option.strip_prefix("size="));
            let size = size.and_then(|size| u64::try_from(parse_bytes(size)?).ok());
            let options: Vec<At<String>> =
                others.iter().map(|option| At::of(item, (*option).to_owned())).collect();
            mounts.push(ContainerMount {
                source: MountSource::Tmpfs { size: size.map(|size| At::of(item, size)), options },
                target: written.map(|_| path),
                read_only: false,
                read_only_key: None,
                nocopy: None,
                node: item.id,
                origin: item.origin,
            });
        }
        mounts
    }

    fn mount(&mut self, node: &Node) -> Option<ContainerMount> {
        let source = self.string(node.get("source")).filter(|source| !source.value.is_empty());
        let kind = self.string(node.get("type"))?;
        let source = match (kind.value.as_str(), source) {
            ("volume", Some(name)) => MountSource::Volume(name.value.into()),
            ("volume", None) => MountSource::Anonymous,
            ("bind", Some(path)) => MountSource::Bind(self.bind(path, node)),
            ("tmpfs", _) => MountSource::Tmpfs {
                size: self.bytes(node.at(&["tmpfs", "size"])),
                options: self.tmpfs_mode(node).into_iter().collect(),
            },
            _ => MountSource::Other(kind),
        };
        let read_only = self.truth(node.get("read_only"));
        let target = self.string(node.get("target"))?;
        self.check_target(node.get("target").unwrap_or(node), &target.value);
        Some(ContainerMount {
            source,
            target,
            read_only: read_only.as_ref().is_some_and(|read_only| read_only.value),
            read_only_key: read_only,
            nocopy: self.truth(node.at(&["volume", "nocopy"])),
            node: node.id,
            origin: node.origin,
        })
    }

    /// Docker mounts nothing at a path that does not start at the root, and nothing over the root itself.
    fn check_target(&mut self, node: &Node, target: &str) {
        let message = match target.strip_prefix('/') {
            Some(below) if below.trim_matches('/').is_empty() => {
                "nothing can be mounted over the root of a container".to_owned()
            }
            Some(_) => return,
            None => format!("`{target}` is not an absolute path, so nothing can be mounted there"),
        };
        // A drive of Windows, as Docker Compose reads it.
        let help = match target.split_once(':') {
            Some((drive, _)) if drive.len() == 1 => {
                "Docker Compose reads one letter before a colon as a drive of Windows: give the volume a longer name, or use the long form"
            }
            _ => "write the path from the root of the container: `/data`",
        };
        self.refuse_path(node, message, help);
    }

    /// A path in a container that Docker does not take.
    pub(super) fn refuse_path(&mut self, node: &Node, message: String, help: &str) {
        let key = self.manifest.nodes.path(node.id).to_string();
        self.findings.claims.rejected(node, "it must be an absolute path");
        let diagnostic = Diagnostic::new(&rules::app::CONTAINER_PATH, message).at(node.origin).key(key);
        self.findings.diagnostics.push(diagnostic.help(help));
    }

    /// The mode of a tmpfs, as `mount` takes it: in octal digits.
    fn tmpfs_mode(&mut self, node: &Node) -> Option<At<String>> {
        let mode: At<u32> = self.parsed(node.at(&["tmpfs", "mode"]))?;
        Some(mode.map(|mode| format!("mode={mode:o}")))
    }

    /// A bind mount with what is there.
    fn bind(&self, path: At<String>, mount: &Node) -> BindMount {
        // `/dev/../etc/shadow` is what it leads to, for every list of paths and in every artifact.
        let path = path.map(|path| match path.starts_with('/') {
            true => normalise(Utf8Path::new(&path)).into_string(),
            false => path,
        });
        let local = Utf8Path::new(&path.value);
        let source = match (local.strip_prefix(&self.manifest.directory), self.world.kind(local)) {
            (Err(_), _) => BindSource::HostPath,
            (Ok(relative), Some(PathKind::File)) => BindSource::ProjectFile(relative.to_owned()),
            (Ok(relative), Some(PathKind::Directory)) => BindSource::ProjectFolder(relative.to_owned()),
            (Ok(relative), None) => BindSource::Missing(relative.to_owned()),
        };
        // The canonical form leaves `false` out; with options and without `true`, Docker makes no folder.
        let creates = mount.at(&["bind", "create_host_path"]).and_then(Node::as_bool) == Some(true);
        let must_exist = mount.get("bind").is_some() && !creates;
        BindMount { path, source, must_exist, meaning: BindMeaning::Content }
    }
}
