"""Volumes as ECS mounts them: task volumes empty and root's, access points of a file system with their owner and user."""

import os
import re
import subprocess

from sandbox import ROOM

NFS = 2049


class Unmountable(Exception):
    """A task with this volume does not start."""


class FileSystems:
    """The file systems of a stack, and the access points to them."""

    def __init__(self, stack, network):
        self.stack, self.network = stack, network
        self.place = ROOM / stack.name / "file-systems"
        self.points = stack.of_type("AWS::EFS::AccessPoint")
        self.targets = list(stack.of_type("AWS::EFS::MountTarget").values())
        self.known = stack.of_type("AWS::EFS::FileSystem")

    def mount(self, configuration, role, groups, users, mounts):
        """The directory that a task of these groups and this role mounts; `users` are those its containers run as."""
        system, point = configuration["FilesystemId"], self._point(configuration)
        reached = [target for target in self.targets if target["FileSystemId"] == system]
        if not any(self.network.allows(groups, target["SecurityGroups"], "tcp", NFS) for target in reached):
            raise Unmountable(f"{system} cannot be reached from {groups}: mount.nfs4: Connection timed out")
        if configuration.get("AuthorizationConfig", {}).get("IAM") == "ENABLED":
            self._authorized(role, system)
        folder = self._folder(system, point)
        posix = point.get("PosixUser")
        return self._as_user(folder, posix, users, mounts) if posix else folder

    def _point(self, configuration):
        key = configuration.get("AuthorizationConfig", {}).get("AccessPointId")
        if not key:
            return {"RootDirectory": {"Path": configuration.get("RootDirectory", "/")}}
        if configuration.get("RootDirectory", "/") != "/":
            raise Unmountable("a root directory beside an access point is refused")
        if self.points[key]["FileSystemId"] != configuration["FilesystemId"]:
            raise Unmountable(f"{key} is an access point of another file system")
        return self.points[key]

    def _folder(self, system, point):
        """The root of an access point. It is made at first use, where the template says with which owner."""
        root = self.place / system
        if not root.exists():
            root.mkdir(parents=True)
            root.chmod(0o755)
        folder = root / point["RootDirectory"]["Path"].strip("/")
        if not folder.exists():
            creation = point["RootDirectory"].get("CreationInfo")
            if not creation:
                raise Unmountable(f"{folder.name} does not exist in {system}, and nothing says who shall own it")
            folder.mkdir(parents=True)
            os.chown(folder, int(creation["OwnerUid"]), int(creation["OwnerGid"]))
            folder.chmod(int(creation["Permissions"], 8))
        return folder

    @staticmethod
    def _as_user(folder, posix, users, mounts):
        """A view of the folder in which whoever asks is the access point's user, in rights and as the owner of what is new.

        The file system in user space runs as that user. Its kernel side compares owners too, so each user of a container is
        shown as the owner.
        """
        user, group = posix["Uid"], posix["Gid"]
        mounts.mkdir(parents=True, exist_ok=True)
        place = mounts / f"{len(list(mounts.iterdir()))}"
        place.mkdir()
        os.chown(place, int(user), int(group))
        others = sorted(set(users) - {str(user), "0"})
        mirror = [f"--mirror={':'.join(others)}"] if others else []
        groups = ",".join(map(str, posix.get("SecondaryGids", [])))
        subprocess.run(["setpriv", f"--reuid={user}", f"--regid={group}", f"--groups={groups}" if groups else "--clear-groups",
                        "bindfs", *mirror, "-o", "allow_other", str(folder), str(place)], check=True)
        return place

    def _authorized(self, role, system):
        """Mounting with the role's rights needs the role to have them."""
        policies = [*self.stack.properties(role).get("Policies", []),
                    *(made for made in self.stack.of_type("AWS::IAM::Policy").values() if role in made["Roles"])] if role else []
        statements = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
        allowed = {action for statement in statements if system in str(statement["Resource"])
                   for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])}
        if "elasticfilesystem:ClientMount" not in allowed:
            raise Unmountable(f"{role} may not mount {system}: access denied by server")


def task_volume(place):
    """An empty folder that is root's, as every task gets it."""
    place.mkdir(parents=True)
    place.chmod(0o755)
    return place


def machine_folder(stack, source):
    """A folder of the one machine: its owner's if the machine prepares it, else root's, as Docker makes it."""
    place = ROOM / stack.name / "machine" / source.strip("/")
    if not place.exists():
        place.mkdir(parents=True)
        place.chmod(0o755)
        prepared = re.search(rf"install -d -o (\d+) -g (\d+) -m (\d+) '?{re.escape(source)}'?\n", stack.user_data())
        if prepared:
            os.chown(place, int(prepared[1]), int(prepared[2]))
            place.chmod(int(prepared[3], 8))
    return place


def unmount(mounts):
    """Let go of what was mounted for a task."""
    for place in sorted(mounts.iterdir()) if mounts.exists() else ():
        subprocess.run(["umount", "--lazy", str(place)], check=True)
