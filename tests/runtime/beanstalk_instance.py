"""An instance of the Docker platform of Elastic Beanstalk: what is in a bundle, run as the platform runs it.

The bundle is unpacked, its commands, hooks and container_commands run below a root of their own
(`ebextensions_runner`), the properties of the environment stand in `.env`, and the real Docker Compose starts
`docker-compose.yml`. What an instance has and this machine lacks is rewritten in the file: its folders are below the root,
and the output of containers stays with the engine in the place of CloudWatch Logs.
"""

import os
import re
import shutil
import sys
import zipfile

import yaml

import podman
from docker_project import HOST, Project, SOCKET
from ebextensions_runner import Instance
from registration import Environment
from sandbox import ROOM
from support import docker_compose, tranship

# `docker compose` of a command in the bundle is the real one; the rest of `docker` is not needed before the containers.
DOCKER = """\
#!{python}
import os, sys
if sys.argv[1:2] != ["compose"]:
    sys.exit(0)
os.environ["DOCKER_HOST"] = "unix://{socket}"
os.environ["PATH"] = {path!r}
os.execv({compose!r}, ["docker-compose", "-f", "docker-compose.yml"] + sys.argv[2:])
"""
PIN = "x-tranship: { platform: docker }\n"


class ElasticBeanstalk(Project):
    """An environment with one instance, which runs an application's bundle."""

    def __init__(self, name, folder, ports, values):
        self.out = ROOM / "bundles" / name
        copy = ROOM / "sources" / name
        shutil.copytree(folder, copy, symlinks=True)
        (copy / "platform.yaml").write_text(PIN)
        done = tranship("build", "--target", "beanstalk", "-f", "compose.yaml", "-f", "platform.yaml", "--out", self.out, cwd=copy)
        if done.returncode != 0:
            raise AssertionError(f"tranship build: exit {done.returncode}\n{done.stderr}")
        self.bundle = self.unpacked()
        self.environment = Environment(self.bundle)
        self.environment.given.update(self.given(values))
        properties = self.environment.properties()
        self.instance = Instance(ROOM / "instances" / name, properties=properties)
        self.instance._program(self.instance.tools / "docker", DOCKER.format(
            python=sys.executable, socket=SOCKET, path=os.environ["PATH"], compose=str(docker_compose())))
        document = yaml.safe_load((self.bundle / "docker-compose.yml").read_text())
        super().__init__(document["name"], self.instance.current, ports)
        self.rewrite(document)
        lines = [f"{key}={value}".replace("$", "$$") for key, value in properties.items()]
        (self.bundle / ".env").write_text("\n".join(lines) + "\n")

    def unpacked(self):
        """What is in the bundle, with its modes."""
        place = self.out / "unpacked"
        with zipfile.ZipFile(self.out / "bundle.zip") as archive:
            for entry in archive.infolist():
                path = archive.extract(entry, place)
                os.chmod(path, (entry.external_attr >> 16) & 0o777 or 0o644)
        return place

    def given(self, values):
        """Values of secrets that exist before the environment, by their names."""
        plain = {re.sub("[^a-z0-9]", "", name.lower()): value for name, value in values.items()}
        found = {}
        for arn in self.environment.references().values():
            name = arn.split(":secret:", 1)[-1].split(":")[0]
            for known, value in plain.items():
                if re.sub("[^a-z0-9]", "", name.lower()).endswith(known):
                    found[name] = value
        return found

    def rewrite(self, document):
        """Folders of the instance are below its root; the engine has no driver for CloudWatch Logs."""
        for service in document["services"].values():
            for mount in service.get("volumes", []):
                if mount.get("type") == "bind":
                    mount["source"] = self.instance.rooted(mount["source"])
            if service.pop("logging", {}).get("driver") != "awslogs":
                raise AssertionError("the output of a container goes nowhere")
        (self.bundle / "docker-compose.yml").write_text(yaml.safe_dump(document, sort_keys=False))

    def deploy(self, timeout=120):
        self.instance.deploy(self.bundle)
        super().deploy(timeout)

    def entrance(self, port):
        """Where the load balancer leads what comes in on its port: the port of the instance."""
        listener = self.ports[port or next(iter(self.ports))]
        space = "aws:elbv2:listener:" + ("default" if listener == 80 else str(listener))
        options = self.environment.options
        process = options.get((space, "DefaultProcess"), "default")
        return HOST, "127.0.0.1", int(options.get((f"aws:elasticbeanstalk:environment:process:{process}", "Port"), 80))

    def _compose(self, *arguments, timeout=60):
        return super()._compose("-f", "docker-compose.yml", *arguments, timeout=timeout)
