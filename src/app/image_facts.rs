//! What is known of a container's image: what the lock file says, otherwise what its name tells.
//!
//! In: a [`ContainerSpec`]. Out: answers, or `None` where neither knows. Invariant: nobody else asks the lock file or the
//! tables about an image of a container.

use crate::{
    At, ContainerImage, ContainerSpec, HealthCheck, HealthTest, HealthTiming, PortSpec, Text, VolumeOwner,
    lower,
};
use std::time::Duration;
use tranship_facts::{ImageDetails, ImageReference, KnownImage, TransportProtocol};
use tranship_frontend::compose::value::duration_of;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;
use tranship_images::LockedImage;

/// What is known of an image.
#[derive(Debug)]
pub struct ImageFacts<'a> {
    /// Its reference; empty for an image that is built.
    reference: String,
    locked: Option<&'a LockedImage>,
}

impl ContainerSpec {
    /// Whether its image has a shell: by what is known of the image, else because its Dockerfile runs one, or the manifest
    /// starts one in it.
    pub fn has_shell(&self) -> Option<bool> {
        let shows = || self.built_with_shell || self.starts_shell();
        self.image_facts().has_shell().or_else(|| shows().then_some(true))
    }

    fn starts_shell(&self) -> bool {
        let is_shell = |word: Option<&Text>| {
            let word = word.and_then(Text::literal);
            word.is_some_and(|word| matches!(word.rsplit('/').next(), Some("sh" | "bash" | "ash")))
        };
        let check = self.health_check.as_ref().is_some_and(|check| match &check.test.value {
            HealthTest::Shell(_) => true,
            HealthTest::Exec(words) => is_shell(words.first()),
        });
        let commands = [&self.entrypoint, &self.command].into_iter().flatten();
        check || commands.into_iter().any(|words| is_shell(words.value.first()))
    }

    /// What is known of its image.
    pub fn image_facts(&self) -> ImageFacts<'_> {
        let reference = match &self.image {
            ContainerImage::Named(text) => lower::shown_text(text),
            ContainerImage::Built { .. } => String::new(),
        };
        ImageFacts { reference, locked: self.locked.as_deref() }
    }
}

impl ImageFacts<'_> {
    /// What software it is, by its name.
    pub fn software(&self) -> Option<&'static KnownImage> {
        KnownImage::find(&self.reference)
    }

    /// The ports that the software listens on by its name. Where the image says which ports it exposes, only those.
    pub fn software_ports(&self) -> Vec<PortSpec> {
        let known = self.software().map(|software| software.ports).unwrap_or_default();
        let known: Vec<PortSpec> = known.iter().map(PortSpec::known).collect();
        let exposed = self.exposed_ports();
        let both: Vec<PortSpec> = known.iter().copied().filter(|port| exposed.contains(port)).collect();
        if both.is_empty() { known } else { both }
    }

    /// The ports that the image exposes, by the lock file.
    pub fn exposed_ports(&self) -> Vec<PortSpec> {
        self.locked.into_iter().flat_map(|locked| &locked.ports).filter_map(|port| exposed(port)).collect()
    }

    /// Its `ENTRYPOINT`; an empty one where the lock file says that it has none.
    pub fn entry_point(&self) -> Option<Vec<String>> {
        if let Some(locked) = self.locked {
            return Some(locked.entrypoint.clone());
        }
        let words = self.details()?.entry_point?;
        Some(words.iter().map(|&word| word.to_owned()).collect())
    }

    /// Whether it has `/bin/sh`.
    pub fn has_shell(&self) -> Option<bool> {
        let tag = ImageReference::parse(&self.reference).tag;
        self.locked.and_then(|locked| locked.shell).or_else(|| self.details()?.has_shell(tag))
    }

    /// Whom its process starts as, in numbers: by the lock file, where one that names nobody is root, else by what is
    /// known of the image.
    pub fn user(&self) -> Option<VolumeOwner> {
        match self.locked.map(|locked| &locked.user) {
            Some(None) => Some(VolumeOwner::ROOT),
            Some(Some(user)) => Some(VolumeOwner { user: user.uid?, group: user.gid? }),
            None => {
                let tag = ImageReference::parse(&self.reference).tag;
                let user = self.details()?.user(tag)?;
                let starts_as = VolumeOwner { user: user.uid, group: user.gid };
                Some(if user.steps_down { VolumeOwner::ROOT } else { starts_as })
            }
        }
    }

    /// Whether it starts as root and prepares a folder for its data itself.
    pub fn prepares_data(&self, path: &str) -> bool {
        let tag = ImageReference::parse(&self.reference).tag;
        self.details().is_some_and(|details| {
            let steps_down = details.user(tag).is_some_and(|user| user.steps_down);
            steps_down && details.data_paths.contains(&path)
        })
    }

    /// Whether several copies of it may write to one folder: it stores separate files, and its state elsewhere.
    pub fn shares_data(&self) -> bool {
        self.details().is_some_and(|details| details.shares_data)
    }

    /// Its `HEALTHCHECK` by the lock file, at the times that the manifest gives, else those of the image.
    pub fn health_check(&self, origin: Origin, given: HealthTiming) -> Option<HealthCheck> {
        let check = self.locked?.healthcheck.as_ref()?;
        let text = |word: &String| Text::known(word.as_str(), NodeId::UNNUMBERED, origin);
        let (kind, rest) = check.test.split_first()?;
        let test = match kind.as_str() {
            "CMD" => HealthTest::Exec(rest.iter().map(text).collect()),
            "CMD-SHELL" => HealthTest::Shell(text(rest.first()?)),
            _ => return None,
        };
        let time = |given: Option<At<Duration>>, own: &Option<String>| {
            let own = || own.as_deref().and_then(duration_of);
            given.or_else(|| Some(At::inferred(own()?, origin)))
        };
        let timing = HealthTiming {
            interval: time(given.interval, &check.interval),
            timeout: time(given.timeout, &check.timeout),
            start_period: time(given.start_period, &check.start_period),
            start_interval: given.start_interval,
            retries: given.retries.or_else(|| Some(At::inferred(check.retries?, origin))),
        };
        Some(HealthCheck { test: At::inferred(test, origin), timing })
    }

    /// The owner of a folder that the image declares as a volume, by the lock file.
    pub fn volume_owner(&self, path: &str) -> Option<VolumeOwner> {
        let volume = self.locked?.volumes.get(path)?;
        Some(VolumeOwner { user: volume.uid, group: volume.gid })
    }

    /// Folders with data that should outlive the container: what the image declares as volumes, and what is known of it.
    pub fn data_paths(&self) -> impl Iterator<Item = &str> {
        let declared = self.locked.into_iter().flat_map(|locked| locked.volumes.keys().map(String::as_str));
        let known = self.details().map(|details| details.data_paths).unwrap_or_default();
        declared.chain(known.iter().copied())
    }

    /// The platforms that it is made for, by the lock file.
    pub fn platforms(&self) -> &[String] {
        self.locked.map_or(&[], |locked| locked.platforms.as_slice())
    }

    fn details(&self) -> Option<&'static ImageDetails> {
        ImageDetails::find(&ImageReference::parse(&self.reference))
    }
}

/// `80/tcp`, or `80`.
fn exposed(port: &str) -> Option<PortSpec> {
    let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    let protocol = match protocol {
        "tcp" => TransportProtocol::Tcp,
        "udp" => TransportProtocol::Udp,
        _ => return None,
    };
    Some(PortSpec { number: number.parse().ok()?, protocol })
}
