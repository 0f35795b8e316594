//! Named volumes of the application: who mounts them, how long they live, who owns them.

use super::Name;
use crate::At;
use std::fmt;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// A named volume.
#[derive(Debug, Clone)]
pub struct Volume {
    /// Its name in the manifest.
    pub name: Name,
    /// Who mounts it: services that are deployed.
    pub users: Vec<Name>,
    /// How long it lives.
    pub scope: Scope,
    /// `x-tranship.owner`, else the one numeric `user:` of the services that mount it.
    pub owner: Option<At<FileOwner>>,
    /// `external` or `name`: a volume that exists already.
    pub external: Option<At<String>>,
    /// The volume's node.
    pub node: NodeId,
    /// Where it is declared.
    pub origin: Origin,
}

/// Who owns files: numbers of a user and a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileOwner {
    /// The user's number.
    pub user: u32,
    /// The group's number.
    pub group: u32,
}

impl FileOwner {
    /// Who owns everything that nobody was given.
    pub const ROOT: FileOwner = FileOwner { user: 0, group: 0 };

    /// `1000:1000`, or `1000` for both.
    pub fn parse(text: &str) -> Option<Self> {
        let (user, group) = text.split_once(':').unwrap_or((text, text));
        Some(FileOwner { user: user.parse().ok()?, group: group.parse().ok()? })
    }
}

impl fmt::Display for FileOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.user, self.group)
    }
}

/// How long a volume lives.
#[derive(Debug, Clone, PartialEq)]
pub enum Scope {
    /// Within one task: the service whose task holds all who mount it.
    Task(Name),
    /// Beyond any task.
    Persistent,
}
