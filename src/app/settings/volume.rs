//! The keys of `x-tranship` in a named volume.

use super::ECS;
use super::choices::{VolumePlace, VolumeScope};
use super::declaration::setting_group;
use super::identifiers::{AccessPointId, FileSystemId, VolumeOwner};
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
        /// An existing file system of Amazon EFS that the volume is, by its id. Its mount targets must let the tasks in,
        /// on port 2049. An `external` volume whose name is such an id means the same.
        file_system: Option<At<FileSystemId>> {
            default: "none: a new file system",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n    volumes: [\"media:/srv/media:ro\"]\nvolumes:\n  media:\n    x-tranship:\n      file_system: fs-0123456789abcdef0\n",
            targets: Only(ECS),
        }
        /// The access point of that file system to mount, by its id.
        access_point: Option<At<AccessPointId>> {
            default: "none: the root of the file system",
            example: "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n    volumes: [\"media:/srv/media:ro\"]\nvolumes:\n  media:\n    x-tranship:\n      file_system: fs-0123456789abcdef0\n      access_point: fsap-0123456789abcdef0\n",
            targets: Only(ECS),
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
