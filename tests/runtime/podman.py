"""podman, with its configuration, storage and networks in the sandbox."""

import os
import subprocess

from sandbox import ROOM

CONTAINERS = """\
[containers]
default_capabilities = ["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
                        "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
http_proxy = false
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
image_default_transport = "docker://"
[network]
network_backend = "netavark"
network_config_dir = "{room}/networks"
"""
STORAGE = """\
[storage]
driver = "overlay"
runroot = "/run/containers/storage"
graphroot = "{room}/images"
"""
REGISTRIES = 'unqualified-search-registries = ["docker.io"]\nshort-name-mode = "disabled"\n'
# A health check's timer needs systemd: who runs the containers runs their checks.
VARIABLES = {"CONTAINERS_CONF": f"{ROOM}/containers.conf", "CONTAINERS_STORAGE_CONF": f"{ROOM}/storage.conf",
             "CONTAINERS_REGISTRIES_CONF": f"{ROOM}/registries.conf", "DISABLE_HC_SYSTEMD": "true"}


def environment():
    return {"PATH": os.environ["PATH"], "HOME": str(ROOM)} | VARIABLES


def configure():
    for name, text in (("containers", CONTAINERS), ("storage", STORAGE), ("registries", REGISTRIES)):
        (ROOM / f"{name}.conf").write_text(text.format(room=ROOM) if name != "registries" else text)


def run(*arguments, check=True, timeout=60, **more):
    """Run podman to its end; returns what it answered."""
    done = subprocess.run(["podman", *map(str, arguments)], env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", timeout=timeout, **more)
    if check and done.returncode != 0:
        raise RuntimeError(f"podman {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def attached(arguments, log):
    """Run podman beside this program; both outputs of the container go to a file."""
    with log.open("ab") as output:
        return subprocess.Popen(["podman", *map(str, arguments)], env=environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
