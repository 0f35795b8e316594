//! The directories of the instance behind volumes, found by name and by path.
//!
//! Invariant: a look-up does not depend on how many volumes there are. Of two volumes with one name or path, the first
//! is found.

use super::{HostVolume, ImageFolder};
use std::collections::BTreeMap;

/// Volumes in the order in which they were added.
#[derive(Debug, Clone, Default)]
pub(in crate::beanstalk) struct HostVolumes {
    list: Vec<HostVolume>,
    names: BTreeMap<String, usize>,
    paths: BTreeMap<String, usize>,
}

impl HostVolumes {
    /// Adds a volume.
    pub(in crate::beanstalk) fn push(&mut self, volume: HostVolume) {
        let index = self.list.len();
        self.names.entry(volume.name.clone()).or_insert(index);
        if let Some(path) = &volume.path {
            self.paths.entry(path.clone()).or_insert(index);
        }
        self.list.push(volume);
    }

    /// The volumes, in order.
    pub(in crate::beanstalk) fn iter(&self) -> std::slice::Iter<'_, HostVolume> {
        self.list.iter()
    }

    /// The volume of a name.
    pub(in crate::beanstalk) fn named(&self, name: &str) -> Option<&HostVolume> {
        self.names.get(name).and_then(|index| self.list.get(*index))
    }

    /// The volume of a directory.
    pub(in crate::beanstalk) fn at(&self, path: &str) -> Option<&HostVolume> {
        self.paths.get(path).and_then(|index| self.list.get(*index))
    }

    /// Fills a prepared volume that nothing else fills.
    pub(in crate::beanstalk) fn fill(&mut self, name: &str, folder: impl FnOnce() -> ImageFolder) {
        let index = self.names.get(name).copied();
        let volume = index.and_then(|index| self.list.get_mut(index)).filter(|volume| volume.prepared);
        if let Some(volume) = volume {
            volume.content.get_or_insert_with(folder);
        }
    }
}

impl FromIterator<HostVolume> for HostVolumes {
    fn from_iter<T: IntoIterator<Item = HostVolume>>(volumes: T) -> Self {
        let mut made = HostVolumes::default();
        volumes.into_iter().for_each(|volume| made.push(volume));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(name: &str, path: Option<&str>, prepared: bool) -> HostVolume {
        let path = path.map(str::to_owned);
        HostVolume { name: name.to_owned(), path, owner: None, prepared, content: None, from: String::new() }
    }

    fn folder(path: &str) -> ImageFolder {
        ImageFolder { image: "nginx".to_owned(), path: path.to_owned() }
    }

    #[test]
    fn the_first_of_a_name_or_a_path_is_found() {
        let list = [volume("a", Some("/x"), true), volume("b", None, false), volume("a", Some("/y"), false)];
        let volumes: HostVolumes = list.into_iter().chain([volume("c", Some("/x"), false)]).collect();
        assert_eq!(volumes.named("a").and_then(|found| found.path.as_deref()), Some("/x"));
        assert_eq!(volumes.at("/x").map(|found| found.name.as_str()), Some("a"));
        assert_eq!(volumes.at("/y").map(|found| found.name.as_str()), Some("a"));
        assert!(volumes.named("d").is_none() && volumes.at("/z").is_none());
        assert_eq!(volumes.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), ["a", "b", "a", "c"]);
    }

    #[test]
    fn a_prepared_volume_is_filled_once() {
        let mut volumes: HostVolumes =
            [volume("a", None, true), volume("b", None, false)].into_iter().collect();
        volumes.fill("a", || folder("/first"));
        volumes.fill("a", || folder("/second"));
        volumes.fill("b", || folder("/b"));
        let contents: Vec<_> = volumes.iter().map(|found| found.content.clone()).collect();
        assert_eq!(contents, [Some(folder("/first")), None]);
    }
}
