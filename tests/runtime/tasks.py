"""One task as ECS runs it: its containers in one network namespace, started as they depend on each other, ended together.

What a container definition asks for and the runner does not know is an error: nothing is passed over.
"""

import contextlib
import itertools
import re
import subprocess
import threading
import time

import connect
import network
import podman
import storage
from network import RESOLVER
from sandbox import ROOM

NUMBERS = itertools.count(1)
# Sizes, logs and roles are for AWS to enforce; names of ports are for Service Connect.
WITHOUT_EFFECT = {"Name", "Image", "Essential", "Cpu", "Memory", "MemoryReservation", "LogConfiguration", "PortMappings", "DependsOn",
                  "HealthCheck", "StartTimeout", "StopTimeout", "DockerLabels", "Interactive", "PseudoTerminal", "RestartPolicy"}
TASK_KEYS = {"Family", "RequiresCompatibilities", "NetworkMode", "Cpu", "Memory", "RuntimePlatform", "ExecutionRoleArn", "TaskRoleArn",
             "Volumes", "ContainerDefinitions", "EphemeralStorage", "Tags", "PidMode", "IpcMode"}
LOOK = 0.1
# The first port that Docker publishes by itself.
DYNAMIC_PORTS = 32768


class Container:
    """A container of a task, from its definition."""

    def __init__(self, task, definition):
        self.task, self.definition = task, definition
        self.name = definition["Name"]
        self.full_name = f"{task.name}-{self.name}"
        self.log = task.place / f"{self.name}.log"
        self.pid_file = task.place / f"{self.name}.pid"
        self.process = None
        self.healthy = None if "HealthCheck" in definition else True

    @property
    def essential(self):
        return self.definition.get("Essential", True)

    @property
    def started(self):
        return self.pid_file.exists()

    @property
    def exit_code(self):
        return self.process.poll() if self.process else None

    def start(self):
        command = list(_arguments(self.task, self.definition))
        self.process = podman.attached(["run", "--name", self.full_name, "--pidfile", self.pid_file, *command], self.log)
        if "HealthCheck" in self.definition:
            threading.Thread(target=self._check, daemon=True).start()

    def execute(self, command, timeout=20):
        return podman.run("exec", self.full_name, *command, check=False, timeout=timeout)

    def satisfies(self, condition):
        """Whether a container that depends on this one may start; None while that is open."""
        if condition == "START":
            return True if self.started else None
        if condition == "HEALTHY":
            return False if self.exit_code is not None else self.healthy
        if self.exit_code is None:
            return None
        return condition == "COMPLETE" or self.exit_code == 0

    def _check(self):
        """The health check, by the runner's own clock: soon healthy, unhealthy as late as ECS would say so."""
        check = self.definition["HealthCheck"]
        kind, *words = check["Command"]
        command = ["sh", "-c", words[0]] if kind == "CMD-SHELL" else words
        interval, retries = int(check.get("Interval", 30)), int(check.get("Retries", 3))
        good = time.monotonic() + int(check.get("StartPeriod", 0))
        while self.exit_code is None and not self.task.ending:
            with contextlib.suppress(subprocess.TimeoutExpired):
                if self.started and self.execute(command, int(check.get("Timeout", 5))).returncode == 0:
                    self.healthy, good = True, time.monotonic()
            if time.monotonic() - good > interval * retries:
                self.healthy = False
            time.sleep(min(interval, 2) if self.healthy else 0.5)


class Task:
    """A running task. `ended` is set when its containers are gone; `reason` says why."""

    def __init__(self, world, definition, groups, connections=None):
        self.world, self.definition = world, world.stack.properties(definition)
        if unknown := self.definition.keys() - TASK_KEYS:
            raise NotImplementedError(f"the runner does not know {sorted(unknown)} of {definition}")
        self.name = f"{world.stack.name}-{next(NUMBERS)}"
        self.family, self.groups, self.connections = definition, groups, connections
        self.place = ROOM / world.stack.name / "tasks" / self.name
        self.place.mkdir(parents=True)
        self.containers = {made["Name"]: Container(self, made) for made in self.definition["ContainerDefinitions"]}
        self.reason, self.ending = "", False
        self.ended = threading.Event()
        self.since = None
        self.endpoint = world.network.attach(self.name, groups)
        self.host_ports = self._publish() if self.definition.get("NetworkMode") == "bridge" else {}
        self.volumes = {}
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()

    def port(self, container_port):
        """Where the load balancer finds a port of a container."""
        return self.host_ports.get(container_port, container_port)

    def _publish(self):
        """In bridge mode, Docker publishes each port on a free one of the machine. The machine has one address for each task
        here, so that they do not get into each other's way; its security group is the same."""
        ports = [int(made["ContainerPort"]) for definition in self.definition["ContainerDefinitions"] for made in definition.get("PortMappings", [])]
        found = {port: DYNAMIC_PORTS + number for number, port in enumerate(ports)}
        rules = [f"tcp dport {host} redirect to :{port}" for port, host in found.items()]
        if rules:
            lines = ["table ip published {", "chain prerouting {", "type nat hook prerouting priority -100;", *rules, "}", "}"]
            network.in_namespace(self.endpoint.namespace, "nft", "-f", "-", text="\n".join(lines))
        return found

    @property
    def running(self):
        """Every container runs, or has done what others waited for."""
        return not self.ended.is_set() and all(made.started and (made.exit_code is None or not made.essential)
                                               for made in self.containers.values())

    @property
    def healthy(self):
        return self.running and all(made.healthy for made in self.containers.values() if made.essential)

    @property
    def age(self):
        """For how many seconds it has been running."""
        self.since = self.since or time.monotonic()
        return time.monotonic() - self.since

    def stop(self, reason):
        self.reason = self.reason or reason
        self.ending = True

    def exit_codes(self):
        return {name: made.exit_code for name, made in self.containers.items()}

    def logs(self, last=15):
        """The last lines of each container."""
        return "\n".join(f"  [{self.family} {name}] {line}" for name, made in self.containers.items() if made.log.exists()
                         for line in made.log.read_text(errors="replace").splitlines()[-last:])

    # ---- its life

    def _watch(self):
        try:
            self._prepare()
            while not self.ending:
                self._step()
                time.sleep(LOOK)
        except Exception as error:  # whatever it is, the service must hear of it
            self.reason = f"{type(error).__name__}: {error}"
        self.ending = True
        self._clear()
        self.ended.set()

    def _prepare(self):
        users = [re.split(":", made.definition.get("User", "0"))[0] for made in self.containers.values()]
        for volume in self.definition.get("Volumes", []):
            place = self.place / "volumes" / volume["Name"]
            if efs := volume.get("EFSVolumeConfiguration"):
                self.volumes[volume["Name"]] = self.world.file_systems.mount(
                    efs, self.definition.get("TaskRoleArn"), self.groups, users, self.place / "mounts")
            elif source := volume.get("Host", {}).get("SourcePath"):
                self.volumes[volume["Name"]] = storage.machine_folder(self.world.stack, source)
            elif volume.keys() - {"Name", "Host"}:
                raise NotImplementedError(f"the runner does not know the volume {volume}")
            else:
                self.volumes[volume["Name"]] = storage.task_volume(place)
        aliases = connect.join(self, self.connections) if self.connections else ""
        host = f"ip-{self.endpoint.address.replace('.', '-')}.ec2.internal"
        (self.place / "hosts").write_text(f"127.0.0.1 localhost\n{self.endpoint.address} {host}\n{aliases}")
        (self.place / "resolv.conf").write_text(f"search ec2.internal\nnameserver {RESOLVER}\n")

    def _step(self):
        for made in self.containers.values():
            if made.process is None:
                waits = [self.containers[entry["ContainerName"]].satisfies(entry["Condition"]) for entry in made.definition.get("DependsOn", [])]
                if False in waits:
                    return self.stop(f"{made.name} waits for a container that ended otherwise: {self.exit_codes()}")
                if all(waits):
                    made.start()
            elif made.essential and made.exit_code is not None:
                return self.stop(f"Essential container in task exited: {made.name} with {made.exit_code}")
            elif made.essential and made.healthy is False:
                return self.stop(f"Task failed container health checks: {made.name}")

    def _clear(self):
        started = [made for made in self.containers.values() if made.process]
        if started:
            podman.run("rm", "--force", "--time", "0", "--volumes", "--ignore", *(made.full_name for made in started), check=False)
        for made in started:
            made.process.wait()
        storage.unmount(self.place / "mounts")
        self.world.network.detach(self.endpoint)


def _arguments(task, definition):
    """What `podman run` is told for a container definition."""
    yield from ("--network", f"ns:/run/netns/{task.endpoint.namespace}", "--no-hosts", "--pull", "never", "--cgroupns", "host")
    for name in ("hosts", "resolv.conf"):
        yield from ("--volume", f"{task.place / name}:/etc/{name}")
    yield from ("--hostname", f"ip-{task.endpoint.address.replace('.', '-')}.ec2.internal")
    for key, value in definition.items():
        if key in WITHOUT_EFFECT or key in ("Command", "EntryPoint"):
            continue
        if key not in FLAGS:
            raise NotImplementedError(f"the runner does not know {key} of a container")
        yield from FLAGS[key](task, value)
    entry, command = definition.get("EntryPoint"), definition.get("Command", [])
    if entry:
        yield from ("--entrypoint", entry[0])
        command = [*entry[1:], *command]
    yield task.world.image(definition["Image"])
    yield from command


def _mounts(task, mounts):
    for mount in mounts:
        mode = ":ro" if mount.get("ReadOnly") else ""
        yield from ("--volume", f"{task.volumes[mount['SourceVolume']]}:{mount['ContainerPath']}{mode}")


def _linux(task, parameters):
    for key, value in parameters.items():
        if key == "Capabilities":
            yield from (f"--cap-{kind.lower()}={name}" for kind, names in value.items() for name in names)
        elif key == "InitProcessEnabled":
            yield from ["--init"] if value else []
        elif key == "Tmpfs":
            for place in value:
                yield from ("--tmpfs", f"{place['ContainerPath']}:" + ",".join([f"size={place['Size']}m", *place.get("MountOptions", [])]))
        else:
            raise NotImplementedError(f"the runner does not know {key} of the Linux parameters")


def _secrets(task, secrets):
    for secret in secrets:
        yield from ("--env", f"{secret['Name']}={task.world.secrets.value(secret['ValueFrom'])}")


FLAGS = {
    "Environment": lambda task, pairs: [word for pair in pairs for word in ("--env", f"{pair['Name']}={pair['Value']}")],
    "Secrets": _secrets,
    "User": lambda task, user: ["--user", user],
    "WorkingDirectory": lambda task, folder: ["--workdir", folder],
    "MountPoints": _mounts,
    "ReadonlyRootFilesystem": lambda task, wanted: ["--read-only", "--read-only-tmpfs=false"] if wanted else [],
    "LinuxParameters": _linux,
    # The run has no right to raise a limit.
    "Ulimits": lambda task, limits: [],
    "SystemControls": lambda task, controls: [word for one in controls for word in ("--sysctl", f"{one['Namespace']}={one['Value']}")],
}
