"""An application under the real Docker Compose: its binary speaks to podman's service, in a network namespace of its own."""

import os
import re
import subprocess
import threading
import time

import network
import podman
from sandbox import ROOM
from support import docker_compose

HOST = "docker"
SOCKET = ROOM / "podman.sock"


class Engine:
    """podman's service. What Compose publishes is published in this namespace."""

    def __init__(self):
        network.add_namespace(HOST)
        command = ["nsenter", f"--net=/run/netns/{HOST}", "podman", "system", "service", "--time", "0", f"unix://{SOCKET}"]
        self.log = (ROOM / "engine.log").open("wb")
        self.process = subprocess.Popen(command, env=podman.environment(), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        until = time.monotonic() + 20
        while not SOCKET.exists():
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError((ROOM / "engine.log").read_text())
            time.sleep(0.05)

    def close(self):
        self.process.terminate()
        self.process.wait()


class Project:
    """A running project of Docker Compose."""

    def __init__(self, name, folder, ports):
        self.name, self.folder, self.ports = name, folder, ports
        self.ending = False
        self.checker = threading.Thread(target=self._check, daemon=True)

    def deploy(self, timeout=90):
        self.checker.start()
        self.up(timeout)

    def up(self, timeout=90):
        """Start what the manifest says, or change what runs to what it says now."""
        done = self._compose("up", "--detach", "--no-build", "--pull", "never", timeout=timeout)
        if done.returncode != 0:
            raise RuntimeError(f"docker compose up: exit {done.returncode}\n{done.stdout}{done.stderr}\n{self.logs()}")

    def entrance(self, port):
        return HOST, "127.0.0.1", port or next(iter(self.ports))

    def execute(self, name, command):
        return podman.run("exec", f"{self.name}-{name}-1", *command, check=False, timeout=20)

    def logs(self):
        return self._compose("logs", "--no-color", "--tail", "15").stdout

    def close(self):
        self.ending = True
        self._compose("down", "--volumes", "--timeout", "0", "--remove-orphans")

    def _compose(self, *arguments, timeout=60):
        variables = {"PATH": os.environ["PATH"], "HOME": str(ROOM), "DOCKER_HOST": f"unix://{SOCKET}"}
        return subprocess.run([docker_compose(), "--project-name", self.name, *arguments], cwd=self.folder, env=variables, timeout=timeout,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")

    def _check(self):
        """Run the health checks: podman leaves that to systemd's timers."""
        while not self.ending:
            said = podman.run("ps", "--filter", f"name=^{re.escape(self.name)}-", "--format", "{{.Names}}\t{{.Status}}").stdout
            for line in said.splitlines():
                name, status = line.split("\t")
                if "(starting)" in status or "(unhealthy)" in status:
                    podman.run("healthcheck", "run", name, check=False)
            time.sleep(0.5)
