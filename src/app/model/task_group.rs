//! Which containers share a task: init containers and sidecars move in with those they belong to.

use super::ManifestName;
use indexmap::IndexMap;
use std::collections::BTreeMap;

/// The containers of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskGroup {
    /// The service or job that the task is named after.
    pub leader: ManifestName,
    /// Everything that runs in it, in the order of the manifest; the leader is one of them.
    pub members: Vec<ManifestName>,
    /// Whether other tasks look it up by name, its own or a member's.
    pub looked_up: bool,
}

/// Every task of the application. Each service that is deployed is in at least one.
#[derive(Debug, Clone, Default)]
pub struct TaskGroups {
    groups: IndexMap<ManifestName, TaskGroup>,
    /// The leaders of each service's tasks.
    tasks: BTreeMap<ManifestName, Vec<ManifestName>>,
}

impl TaskGroups {
    /// The tasks of some groups, in their order.
    pub fn new(groups: impl IntoIterator<Item = TaskGroup>) -> Self {
        let mut all = TaskGroups::default();
        for group in groups {
            for member in &group.members {
                all.tasks.entry(member.clone()).or_default().push(group.leader.clone());
            }
            all.groups.insert(group.leader.clone(), group);
        }
        all
    }

    /// The tasks, in the order of their leaders in the manifest.
    pub fn iter(&self) -> impl Iterator<Item = &TaskGroup> {
        self.groups.values()
    }

    /// The leaders of the tasks that a service's container is in.
    pub fn tasks_of(&self, service: &str) -> &[ManifestName] {
        self.tasks.get(service).map(Vec::as_slice).unwrap_or_default()
    }

    /// The services whose containers are in the task of a leader, in the order of the manifest.
    pub fn members_of(&self, task: &str) -> &[ManifestName] {
        self.groups.get(task).map(|group| group.members.as_slice()).unwrap_or_default()
    }

    /// Whether a service's container is in the task of a leader.
    pub fn is_in(&self, service: &str, task: &str) -> bool {
        self.tasks_of(service).iter().any(|leader| **leader == *task)
    }

    /// Whether other tasks look up the task of a leader.
    pub fn is_looked_up(&self, task: &str) -> bool {
        self.groups.get(task).is_some_and(|group| group.looked_up)
    }
}
