//! Volumes of a task: its own, folders of the machine, or EFS; and binds that have no equivalent.

use super::{ComputePolicy, TaskVolume, VolumeStorage, names};
use crate::container::ContainerPlanner;
use crate::ecs::rules;
use tranship_app::{Application, BehaviourEffect, BindMeaning, BindMount, BindSource, ContainerMount};
use tranship_facts::MachinePath;

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
        let storage = self.compute.storage(volume);
        let became = match &storage {
            VolumeStorage::Task => "task definition: a volume of the task",
            VolumeStorage::Host { .. } => "task definition: a folder of the instance",
            VolumeStorage::Efs(_) => "EFS: file system and access point",
            VolumeStorage::Existing(_) => "EFS: a file system that exists",
        };
        match &volume.folder {
            None => planner.cx.ledger.decided(&mount.node, became),
            Some(_) => starts_empty(name, became, mount, planner),
        }
        Some(self.add(names::container(name), storage))
    }

    /// A volume without a name: empty at each start.
    pub(super) fn anonymous(
        &mut self,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> String {
        planner.cx.ledger.decided(&mount.node, "task definition: a volume of the task");
        let own = names::container(&format!("{}{}", planner.service().name, mount.target.peek()));
        self.add(own, VolumeStorage::Task)
    }

    /// A path of the machine that runs Compose: nothing where it means nothing on AWS.
    pub(super) fn bind(
        &mut self,
        bind: &BindMount,
        mount: &ContainerMount,
        planner: &mut ContainerPlanner<'_, '_>,
    ) -> Option<String> {
        let path = bind.path.peek();
        match bind.meaning {
            BindMeaning::Machine(_) if planner.bounds.machine_paths => {
                planner.cx.ledger.decided(&mount.node, "task definition: a path of the instance");
                let storage = VolumeStorage::Host { path: path.clone(), owner: None };
                return Some(self.add(names::container(path), storage));
            }
            _ => leave_out(bind, mount, planner),
        }
        None
    }

    fn add(&mut self, name: String, storage: VolumeStorage) -> String {
        if !self.volumes.iter().any(|known| known.name == name) {
            self.volumes.push(TaskVolume { name: name.clone(), storage });
        }
        name
    }
}

/// A folder for data becomes a volume, which one warning says for all of them.
fn starts_empty(name: &str, became: &str, mount: &ContainerMount, planner: &mut ContainerPlanner<'_, '_>) {
    let reason = "the content of the folder stays on your machine: the volume starts empty";
    let (value, effect) = (format!("the volume {name}"), BehaviourEffect::ChangesBehaviour);
    planner.cx.ledger.approximated(&mount.node, effect, value, reason, became.to_owned());
    planner.cx.ledger.reported(&mount.node);
}

/// What of the machine that runs Compose is not on AWS, with what to do.
fn leave_out(bind: &BindMount, mount: &ContainerMount, planner: &mut ContainerPlanner<'_, '_>) {
    let meaning = bind.meaning;
    let shown = format!("volumes: {}", mount.target.peek());
    let (reason, remedy) = match meaning {
        BindMeaning::DevelopmentCode => {
            let reason = match bind.source {
                BindSource::Missing(_) => "nothing exists at the path; the content of the image is used",
                _ => "the image already contains the code that it is built from",
            };
            return planner.ignore(&mount.node, &shown, reason, BehaviourEffect::ChangesBehaviour);
        }
        BindMeaning::Machine(MachinePath::EngineSocket) => (
            "there is no Docker daemon to talk to",
            "remove the mount in a Compose file of the environment (`files:`), or skip the service: `x-tranship: { skip: [...] }`",
        ),
        BindMeaning::Machine(_) => (
            "tasks have no access to their host",
            "run the service on the target `ecs-ec2`, or remove the mount",
        ),
        BindMeaning::OutsideProject => return outside(bind, mount, planner),
        // What holds content is a part of the image; of what is missing an error tells.
        BindMeaning::Content | BindMeaning::MissingFile => return,
    };
    planner.reject(&mount.node, &shown, reason, remedy);
}

/// A file or folder of the machine that runs Compose, which no image can hold.
fn outside(bind: &BindMount, mount: &ContainerMount, planner: &mut ContainerPlanner<'_, '_>) {
    planner.cx.ledger.rejected(&mount.node, "it is outside the project directory");
    let message = format!(
        "`{}` mounts a file or folder of your machine at `{}`, which is outside the project directory",
        planner.service().name,
        mount.target.peek()
    );
    let diagnostic = planner.about(&rules::OUTSIDE_PATH, &bind.path, message);
    let diagnostic = planner.cx.point(diagnostic, [mount.target.origin]);
    planner.cx.diagnostics.push(
        diagnostic.help(
            "move it into the project, or name a directory that contains both with `--project-directory`",
        ),
    );
}
