//! The keys of `x-tranship` in a named volume.

use super::ECS;
use super::choices::{VolumePlace, VolumeScope};
use super::declaration::setting_group;
use super::identifiers::VolumeOwner;
use crate::At;

setting_group! {
    /// What `x-tranship` says of a volume.
    #[derive(Default)]
    pub VolumeSettings {
        /// The numeric user and group that own the volume, so that containers can write to it.
        owner: Option<At<VolumeOwner>> {
            default: "the numeric `user` of the services that mount it, if it is the same for all",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    volumes: [\"uploads:/srv/uploads\"]\nvolumes:\n  uploads:\n    x-tranship:\n      owner: \"1000:1000\"\n",
            targets: All,
        }
        /// The lifetime of the volume: `task` for the lifetime of the only task that mounts it,
        /// `persistent` to keep it.
        scope: Option<At<VolumeScope>> {
            default: "`task` if several containers of the same task share it and no other task does, else `persistent`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    volumes: [\"cache:/var/cache/web\"]\nvolumes:\n  cache:\n    x-tranship:\n      scope: task\n",
            targets: CompilerFor("how long the volume lives", ECS),
        }
        /// Where a persistent volume is: `efs` for a file system that every instance mounts, `instance` for the disk of
        /// the instance that the task runs on. That disk goes with its instance.
        storage: Option<At<VolumePlace>> {
            default: "`volume_storage` of the environment",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    volumes: [\"cache:/var/cache/web\"]\nvolumes:\n  cache:\n    x-tranship:\n      storage: instance\n",
            targets: Only(&["ecs-ec2"]),
        }
    }
}
