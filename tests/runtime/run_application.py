"""One application from start to end in each of the two worlds."""

import contextlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

import images
import probes
from cloud import Cloud
from docker_project import Project
from sandbox import ROOM
from support import for_target, read_template, resources

APPLICATIONS = Path(__file__).parent / "apps"


@dataclass
class Application:
    """A folder of `apps`: `compose.yaml` with its files, `expect.yaml`, and what its images are built from."""

    name: str

    @property
    def folder(self):
        return APPLICATIONS / self.name

    @property
    def expected(self):
        return yaml.safe_load((self.folder / "expect.yaml").read_text())

    def build_images(self):
        for place in sorted((self.folder / "images").glob("*/Dockerfile")):
            images.build_from(place.parent, f"example/{place.parent.name}:1")

    def under_compose(self):
        """What clients see under Docker Compose, step by step."""
        copy = ROOM / "projects" / self.name
        shutil.copytree(self.folder, copy, symlinks=True)
        with closing(Project(self.name, copy, self.expected["ports"])) as project:
            seen = probes.run(project, self.expected["steps"])
            if again := self.expected.get("again"):
                replaced(copy, again)
                project.up()
                seen += probes.run(project, again["steps"])
            return seen

    def steps(self, target):
        """What clients do there: a step with `on` is for one target alone."""
        return [step for step in self.expected["steps"] if step.get("on", target) == target]

    def from_template(self, target="fargate", change=None, patience=probes.PATIENCE):
        """What clients see of a target's emitted template; `change` rewrites its text first."""
        name = f"{self.name}-changed" if change else f"{self.name}-{target}"
        seen = self._from_template_of(self.folder, name, target, self.steps(target), change, patience)
        if again := self.expected.get("again"):
            copy = ROOM / "again" / name
            shutil.copytree(self.folder, copy, symlinks=True)
            replaced(copy, again)
            # The first world's tasks are gone, as those of one copy on a volume are before the next starts; its file systems stay.
            seen += self._from_template_of(copy, name, target, again["steps"], change, patience)
        return seen

    def _from_template_of(self, folder, name, target, steps, change, patience):
        artifacts = for_target(target, folder)
        text = (artifacts / "template.yaml").read_text()
        text = change(text) if change else text
        parameters = self._values(text) | self._derived_images(artifacts, text, target)
        with closing(Cloud(name, artifacts, parameters, self.expected["ports"], text), timeout=patience * 3) as cloud:
            seen = probes.run(cloud, steps, patience)
            cloud.check()
            return seen

    def _derived_images(self, artifacts, text, target):
        """Build what the artifacts say how to build: the images that containers of those names take as a parameter."""
        definitions = [made for task in resources(read_template(text), "AWS::ECS::TaskDefinition").values() for made in task["ContainerDefinitions"]]
        taken = {made["Name"]: made["Image"]["Ref"] for made in definitions if isinstance(made["Image"], dict)}
        built = {}
        for place in sorted(artifacts.glob("images/*/Dockerfile")):
            name = f"{self.name}/{place.parent.name}:{target}"
            images.build_from(place.parent, name)
            built[taken[place.parent.name]] = name
        return built

    def _values(self, text):
        """Values for the secrets that the template asks for: `values` of expect.yaml, by the name in the manifest."""
        asked = re.findall(r"^  (\w+Value):\n    Type: String\n", text, re.M)
        values = {re.sub("[^a-z0-9]", "", name.lower()): value for name, value in self.expected.get("values", {}).items()}
        return {parameter: value for parameter in asked for name, value in values.items() if parameter.lower().startswith(name)}


def replaced(folder, again):
    """The manifest of the next version."""
    old, new = again["replace"]
    manifest = folder / "compose.yaml"
    text = manifest.read_text()
    if old not in text:
        raise LookupError(f"{manifest} has no {old}")
    manifest.write_text(text.replace(old, new))


@contextlib.contextmanager
def closing(world, **deployment):
    """Deploy a world and take it down again; a failure shows what the containers wrote."""
    try:
        world.deploy(**deployment)
        yield world
    except Exception as error:
        raise AssertionError(f"{error}\n{world.logs()}") from error
    finally:
        world.close()


def every_application():
    return [Application(place.parent.name) for place in sorted(APPLICATIONS.glob("*/compose.yaml"))]
