"""What ECS refuses in a task definition and neither a linter nor the API model sees, because it spans two fields.

A task definition here is spelled as the API spells it.
Sources: the ECS API reference (RegisterTaskDefinition) and the guide to task definitions on Fargate.
"""

import json
import re

FARGATE_SIZES = {
    256: {512, 1024, 2048},
    512: set(range(1024, 4097, 1024)),
    1024: set(range(2048, 8193, 1024)),
    2048: set(range(4096, 16385, 1024)),
    4096: set(range(8192, 30721, 1024)),
    8192: set(range(16384, 61441, 4096)),
    16384: set(range(32768, 122881, 8192)),
    32768: {61440, 122880, 249856},
}
FARGATE_LOG_DRIVERS = {"awslogs", "splunk", "awsfirelens"}
NOT_ON_FARGATE = ("links", "extraHosts", "dnsServers", "dnsSearchDomains", "dockerSecurityOptions", "disableNetworking")
HEALTH_RANGES = {"interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "startPeriod": (0, 300)}
RESERVED_HOST_PORTS = {22, 2375, 2376, 51678, 51679, 51680}
MAX_CONTAINERS = 10
MAX_BYTES = 64 * 1024
MIN_MEMORY_MIB = 6


def task_faults(task, where="task", ecr_by_instance=False):
    """Faults of one task definition. `ecr_by_instance`: the instance's role pulls and logs (ECS on EC2)."""
    containers = task.get("containerDefinitions", [])
    names = [container.get("name", "") for container in containers]
    fargate = "FARGATE" in task.get("requiresCompatibilities", [])
    found = []
    if not containers:
        found.append("no container")
    if len(containers) > MAX_CONTAINERS:
        found.append(f"{len(containers)} containers, at most {MAX_CONTAINERS}")
    if len(json.dumps(task)) > MAX_BYTES:
        found.append("larger than 64 KB")
    found += [f"two containers named {name}" for name in sorted(set(names)) if names.count(name) > 1]
    if containers and not any(container.get("essential", True) for container in containers):
        found.append("no essential container")
    found += _volume_faults(task)
    found += _dependency_faults(containers)
    for container in containers:
        label = container.get("name", "?")
        found += [f"{label}: {fault}" for fault in _container_faults(container, task, fargate, names)]
    if not task.get("executionRoleArn") and (reason := _needs_execution_role(containers, fargate or not ecr_by_instance)):
        found.append(f"no execution role, but {reason}")
    found += _fargate_faults(task) if fargate else []
    return [f"{where}: {fault}" for fault in found]


def _volume_faults(task):
    volumes = [volume.get("name", "") for volume in task.get("volumes", [])]
    found = [f"two volumes named {name}" for name in sorted(set(volumes)) if volumes.count(name) > 1]
    used = set()
    for container in task.get("containerDefinitions", []):
        paths = [mount.get("containerPath", "") for mount in container.get("mountPoints", [])]
        found += [f"{container.get('name')}: two mounts on {path}" for path in sorted(set(paths)) if paths.count(path) > 1]
        found += [f"{container.get('name')}: {path!r} is not absolute" for path in paths if not path.startswith("/")]
        for mount in container.get("mountPoints", []):
            used.add(mount.get("sourceVolume"))
            # Elastic Beanstalk defines the volume of a container's log directory itself.
            if mount.get("sourceVolume") not in volumes and mount.get("sourceVolume") != f"awseb-logs-{container.get('name')}":
                found.append(f"{container.get('name')}: mounts the undefined volume {mount.get('sourceVolume')}")
    return found + [f"nothing mounts the volume {name}" for name in volumes if name not in used]


def _dependency_faults(containers):
    by_name = {container.get("name"): container for container in containers}
    found, graph = [], {}
    for container in containers:
        name = container.get("name")
        graph[name] = [entry.get("containerName") for entry in container.get("dependsOn", [])]
        for entry in container.get("dependsOn", []):
            target, condition = by_name.get(entry.get("containerName")), entry.get("condition")
            if target is None:
                found.append(f"{name}: depends on the unknown {entry.get('containerName')}")
            elif condition in ("COMPLETE", "SUCCESS") and target.get("essential", True):
                found.append(f"{name}: waits for the end of {target['name']}, which is essential")
            elif condition == "HEALTHY" and not target.get("healthCheck"):
                found.append(f"{name}: waits for the health of {target['name']}, which has no health check")
    return found + (["dependencies form a cycle"] if _has_cycle(graph) else [])


def _has_cycle(graph):
    state = {}

    def visit(node):
        if state.get(node) == "open":
            return True
        if state.get(node) == "done":
            return False
        state[node] = "open"
        cyclic = any(visit(after) for after in graph.get(node, []))
        state[node] = "done"
        return cyclic

    return any(visit(node) for node in graph)


def _container_faults(container, task, fargate, names):
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", container.get("name", "")):
        yield "illegal name"
    if not container.get("image"):
        yield "no image"
    yield from _memory_faults(container, task)
    yield from _health_faults(container.get("healthCheck"))
    yield from _port_faults(container.get("portMappings", []), task.get("networkMode", "bridge"))
    yield from _variable_faults(container)
    if task.get("networkMode") == "awsvpc":
        yield from (f"{key} does not go with awsvpc" for key in ("hostname", "links", "extraHosts") if container.get(key))
    yield from (f"links to the unknown {link}" for link in container.get("links", []) if link.split(":")[0] not in names)
    log = container.get("logConfiguration", {})
    if log.get("logDriver") == "awslogs":
        wanted = ["awslogs-group", "awslogs-region", *(["awslogs-stream-prefix"] if fargate else [])]
        yield from (f"awslogs without {key}" for key in wanted if not log.get("options", {}).get(key))
    if fargate:
        yield from _fargate_container_faults(container)


def _memory_faults(container, task):
    hard, soft, whole = container.get("memory"), container.get("memoryReservation"), int(task.get("memory") or 0)
    if not whole and not hard and not soft:
        yield "neither memory nor memoryReservation, and the task has no memory"
    yield from (f"{size} MiB of memory, at least {MIN_MEMORY_MIB}" for size in (hard, soft) if size and size < MIN_MEMORY_MIB)
    if hard and soft and soft > hard:
        yield "memoryReservation above memory"
    if whole and max(hard or 0, soft or 0) > whole:
        yield "more memory than the task"


def _health_faults(check):
    if not check:
        return
    command = check.get("command") or [""]
    if command[0] not in ("CMD", "CMD-SHELL") or len(command) < 2:
        yield f"health check {command}: begins with neither CMD nor CMD-SHELL and a command"
    if command[0] == "CMD-SHELL" and len(command) != 2:
        yield "CMD-SHELL takes one string"
    for key, (low, high) in HEALTH_RANGES.items():
        if key in check and not low <= check[key] <= high:
            yield f"health check {key} {check[key]}, from {low} to {high}"


def _port_faults(mappings, mode):
    seen = {}
    for mapping in mappings:
        port, host, protocol = mapping.get("containerPort"), mapping.get("hostPort"), mapping.get("protocol", "tcp")
        if port is None:
            continue
        if not 1 <= port <= 65535:
            yield f"port {port}"
        if mode in ("awsvpc", "host") and host not in (None, port):
            yield f"host port {host} differs from container port {port} under {mode}"
        if host in RESERVED_HOST_PORTS:
            yield f"host port {host} is reserved"
        if seen.setdefault(port, protocol) != protocol:
            yield f"port {port} mapped for two protocols"
    used = [mapping["name"] for mapping in mappings if mapping.get("name")]
    yield from (f"two ports named {name}" for name in sorted(set(used)) if used.count(name) > 1)


def _variable_faults(container):
    names = [entry.get("name") for key in ("environment", "secrets") for entry in container.get(key, [])]
    yield from (f"variable {name} given twice" for name in sorted(set(names)) if names.count(name) > 1)


def _needs_execution_role(containers, pulls):
    for container in containers:
        if container.get("secrets"):
            return f"{container.get('name')} has secrets"
        if pulls and container.get("logConfiguration", {}).get("logDriver") == "awslogs":
            return f"{container.get('name')} logs to CloudWatch"
        if pulls and ".dkr.ecr." in container.get("image", ""):
            return f"the image of {container.get('name')} is in ECR"
    return None


def _fargate_container_faults(container):
    yield from (f"{key} is not for Fargate" for key in NOT_ON_FARGATE if container.get(key))
    if container.get("privileged"):
        yield "privileged is not for Fargate"
    linux = container.get("linuxParameters", {})
    yield from (f"linuxParameters.{key} is not for Fargate" for key in ("devices", "sharedMemorySize", "maxSwap", "swappiness") if linux.get(key))
    if set(linux.get("capabilities", {}).get("add", [])) - {"SYS_PTRACE"}:
        yield "Fargate adds no capability but SYS_PTRACE"
    if any(need.get("type") == "GPU" for need in container.get("resourceRequirements", [])):
        yield "Fargate has no GPU"
    for key in ("stopTimeout", "startTimeout"):
        if key in container and not 2 <= container[key] <= 120:
            yield f"{key} {container[key]}, from 2 to 120"
    driver = container.get("logConfiguration", {}).get("logDriver")
    if driver and driver not in FARGATE_LOG_DRIVERS:
        yield f"log driver {driver} is not for Fargate"


def _fargate_faults(task):
    cpu, memory = int(task.get("cpu") or 0), int(task.get("memory") or 0)
    if memory not in FARGATE_SIZES.get(cpu, ()):
        yield f"{cpu} CPU units with {memory} MiB is no Fargate size"
    if task.get("networkMode") != "awsvpc":
        yield "Fargate needs awsvpc"
    if sum(container.get("cpu", 0) for container in task.get("containerDefinitions", [])) > cpu:
        yield "the containers have more CPU than the task"
    if sum(container.get("memoryReservation", 0) for container in task.get("containerDefinitions", [])) > memory:
        yield "the containers reserve more memory than the task has"
    if task.get("ipcMode") or task.get("pidMode") not in (None, "task"):
        yield "ipcMode, or a pidMode other than task, is not for Fargate"
    size = task.get("ephemeralStorage", {}).get("sizeInGiB", 21)
    if not 21 <= size <= 200:
        yield f"{size} GiB of ephemeral storage, from 21 to 200"
    for volume in task.get("volumes", []):
        if volume.get("host", {}).get("sourcePath") or volume.get("dockerVolumeConfiguration"):
            yield f"volume {volume.get('name')} lies on the host"
