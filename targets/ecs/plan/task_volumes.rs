//! Volumes of a task: its own, folders of the machine, or EFS; and binds that have no equivalent.

use super::{ComputePolicy, TaskVolume, VolumeStorage, names};
use crate::container::{ContainerPlanner, is_machine_path, is_machine_root};
use tranship_app::{Application, At, BehaviourEffect, ContainerMount, VolumeLifetime};

/// The volumes of one task as its containers ask for them.
pub(super) struct TaskVolumes<'a> {
    /// The application, for its volumes.
    pub(super) app: &'a Application,
    /// Where the data of a named volume is.
    pub(super) compute: &'a dyn ComputePolicy,
    /// The volumes so far, each once.
    pub(super) volumes: &'a mut Vec<TaskVolume>,
}

impl TaskVolumes<'_> {
    /// A named volume of the application.
    pub(super) fn named(
        &mut self,
        name: &str,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        let volume = self.app.volumes.get(name)?;
        let storage = self.compute.storage(volume, matches!(volume.scope, VolumeLifetime::Task(_)));
        let became = match &storage {
            VolumeStorage::Task => "task definition: a volume of the task",
            VolumeStorage::Host { .. } => "task definition: a folder of the machine",
            VolumeStorage::Efs(_) => "EFS: file system and access point",
        };
        planner.cx.ledger.exact(&mount.node, became);
        Some(self.add(names::container(name), storage))
    }

    /// A volume without a name: empty at each start.
    pub(super) fn anonymous(
        &mut self,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> String {
        planner.cx.ledger.exact(&mount.node, "task definition: a volume of the task");
        let own = names::container(&format!("{}{}", planner.service().name, mount.target.peek()));
        self.add(own, VolumeStorage::Task)
    }

    /// A path of the machine that runs Compose: nothing where it means nothing on AWS.
    pub(super) fn bind(
        &mut self,
        path: &At<String>,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        let of_machine = is_machine_path(path.peek()) || is_machine_root(path.peek());
        if !(planner.bounds.machine_paths && of_machine) {
            leave_out(path, mount, planner);
            return None;
        }
        planner.cx.ledger.exact(&mount.node, "task definition: a path of the machine");
        let storage = VolumeStorage::Host { path: path.peek().clone(), owner: None };
        Some(self.add(names::container(path.peek()), storage))
    }

    fn add(&mut self, name: String, storage: VolumeStorage) -> String {
        if !self.volumes.iter().any(|known| known.name == name) {
            self.volumes.push(TaskVolume { name: name.clone(), storage });
        }
        name
    }
}

/// Files of the machine that runs Compose are not on AWS. Beside `build` they are the sources that
/// the image holds anyway; without it the container would start without them.
fn leave_out(path: &At<String>, mount: &ContainerMount, planner: &mut ContainerPlanner<'_, '_>) {
    let service = planner.service();
    let built = service.container.build.is_some();
    let shown = format!("volumes: {}", mount.target.peek());
    if path.peek().ends_with("docker.sock") {
        let reason = "there is no Docker daemon to talk to";
        let remedy = "remove the mount in a Compose file of the environment (`files:`), or skip the service: `x-tranship: { skip: [...] }`";
        planner.reject(&mount.node, &shown, reason, remedy);
    } else if built {
        let reason = "the files exist only on your machine; those of the image are used";
        planner.ignore(&mount.node, &shown, reason, BehaviourEffect::ChangesBehaviour);
    } else {
        let reason = "the files exist only on your machine and are not part of the image";
        let remedy = "build an image that holds the files (`build:` with a Dockerfile that copies them), or keep data in a named volume";
        planner.reject(&mount.node, &shown, reason, remedy);
    }
}
