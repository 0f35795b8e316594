"""The real Docker Compose beside the compiler: the same project, the same arguments, the same answer?

Each runs in a copy of the project at the same path, and the path above the copy is cut out of what it prints. Lists are
compared in order, mappings without; 1 equals 1.0, while "1", 1 and true are three things.
"""

import difflib
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from support import BARE, TRANSHIP, FastLoader, docker_compose, scratch

LOCATED = re.compile(r"[\w./-]+:\d+:\d+")
PANIC = re.compile(r"panicked at|RUST_BACKTRACE")
# Flags that Docker Compose takes before the subcommand, and whether a value follows.
GLOBAL_FLAGS = {"-f": 1, "--file": 1, "--env-file": 1, "--profile": 1, "--project-directory": 1, "-p": 1, "--project-name": 1}
# Flags that print lines instead of a model, in no fixed order.
TEXT_FLAGS = {"--services", "--volumes", "--networks", "--profiles", "--images", "--variables", "--hash"}


class Text(FastLoader):
    """A date is compared as the text it was printed as."""


Text.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass
class Answer:
    code: int
    output: str
    errors: str
    form: str  # json, yaml, or text for a flag that prints lines

    @property
    def valid(self):
        return self.code == 0

    def model(self):
        if self.form == "text":
            return sorted(self.output.split("\n"))
        return json.loads(self.output) if self.form == "json" else yaml.load(self.output, Loader=Text)


def _split(arguments):
    before, after, left = [], [], list(arguments)
    while left:
        flag = left.pop(0)
        into = before if flag.split("=")[0] in GLOBAL_FLAGS else after
        into.append(flag)
        if flag in GLOBAL_FLAGS and left:
            into.append(left.pop(0))
    return before, after


def _run(command, project, env, form, room):
    room = room or scratch("compose-")
    place = room / "project"
    try:
        shutil.copytree(project, place)
        done = subprocess.run(command, cwd=place, env=BARE | env, capture_output=True, stdin=subprocess.DEVNULL,
                              timeout=60, text=True, encoding="utf-8", errors="replace")
        return Answer(done.returncode, done.stdout.replace(str(room), ""), done.stderr.replace(str(room), ""), form)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _form(arguments, form):
    """(form, flags): a flag that prints lines has no format."""
    return ("text", []) if TEXT_FLAGS & set(arguments) else (form, ["--format", form])


def real(project, arguments=(), env=None, form="json", room=None):
    before, after = _split(arguments)
    form, flags = _form(arguments, form)
    return _run([docker_compose(), *before, "config", *after, *flags], project, env or {}, form, room)


def ours(project, arguments=(), env=None, form="json", room=None):
    form, flags = _form(arguments, form)
    return _run([TRANSHIP, "config", *arguments, *flags], project, env or {}, form, room)


def same(left, right):
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


def disagreement(project, arguments=(), env=None, form="json"):
    """Why the two do not agree, or an empty string."""
    # One after the other at the same path: hashes of services depend on it.
    room = scratch("compose-")
    theirs, mine = (read(project, arguments, env, form, room) for read in (real, ours))
    shutil.rmtree(room, ignore_errors=True)
    if mine.code not in (0, 1, 2) or PANIC.search(mine.errors):
        return f"crashed, exit {mine.code}\n{mine.errors}"
    if theirs.valid != mine.valid:
        return f"Docker Compose exits {theirs.code}, tranship {mine.code}\n--- {theirs.errors}\n+++ {mine.errors}"
    if not theirs.valid:
        if mine.code != 2:
            return f"refused with exit {mine.code}, not 2\n{mine.errors}"
        return "" if LOCATED.search(mine.errors) else f"refused without file:line:column\n{mine.errors}"
    try:
        model = mine.model()
    except (ValueError, yaml.YAMLError) as error:
        return f"not {mine.form}: {error}\n{mine.output[:500]}"
    if same(theirs.model(), model):
        return ""
    lines = [json.dumps(answer, indent=1, sort_keys=True, default=str).splitlines() for answer in (theirs.model(), model)]
    return "\n".join(difflib.unified_diff(*lines, "docker compose", "tranship", lineterm="", n=4))


def case_arguments(case: Path):
    """(arguments, environment) of a case: the words of `args`, the NAME=VALUE lines of `env`."""
    import shlex

    args, env = case / "args", case / "env"
    words = shlex.split(args.read_text()) if args.exists() else []
    lines = env.read_text().splitlines() if env.exists() else []
    return words, dict(line.split("=", 1) for line in lines if line)
