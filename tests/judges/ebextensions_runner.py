"""Runs an Elastic Beanstalk source bundle as the platform's instance would, below a root of its own.

Order, as AWS documents it: the `.config` files by name, of each file packages, groups, users, sources, files,
commands (by name), services; then the prebuild hooks, the container_commands of each file (by name, in the
staging directory, leader_only on one instance), the predeploy hooks, the start of the containers, the postdeploy
hooks. A command or hook that fails ends the deployment.

The shell of the bundle really runs, without privilege: every absolute path below a directory that an instance
lets a bundle touch is rewritten into the root, in commands and in the files they call. What would change the
machine (docker, aws, chown, usermod, systemctl, ...) is a recorder first on PATH.
"""

import base64
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

TOP_KEYS = {"packages", "groups", "users", "sources", "files", "commands", "services", "container_commands",
            "option_settings", "Resources", "Parameters", "Outputs", "Mappings", "Conditions"}
# Directories of an instance. A path counts where a word begins; behind a colon it is one inside a container.
ABSOLUTE = re.compile(r"(?<![\w/.:$}-])/(?=(?:opt|var|etc|data|mnt|srv|home|root|run|tmp)(?:/|\b))")
HOOKS = ".platform/hooks"
RECORDERS = ("aws", "chgrp", "chown", "curl", "docker", "dnf", "groupadd", "logger", "mount", "service", "systemctl", "useradd", "usermod", "yum")

RECORDER = """\
#!{python}
import json, os, sys
name, arguments = os.path.basename(sys.argv[0]), sys.argv[1:]

def passed(arguments):
    # What a container of `docker run` gets: -e NAME, -e NAME=VALUE, --env-file (one line a variable, no quoting).
    given, words = {{}}, list(arguments)
    while words:
        word = words.pop(0)
        flag, _, value = word.partition("=")
        if word in ("-e", "--env", "--env-file"):
            value = words.pop(0) if words else ""
        elif flag not in ("--env", "--env-file"):
            continue
        if flag == "--env-file":
            for line in open(value).read().split("\\n"):
                if line and not line.startswith("#"):
                    key, equals, text = line.partition("=")
                    given[key] = text if equals else os.environ.get(key, "")
        else:
            key, equals, text = value.partition("=")
            if equals or key in os.environ:
                given[key] = text if equals else os.environ[key]
    return given

standard_input = sys.stdin.read() if "--password-stdin" in arguments else ""
with open({log!r}, "a") as log:
    log.write(json.dumps({{"name": name, "arguments": arguments, "container": passed(arguments), "stdin": standard_input}}) + "\\n")
if name == "docker" and arguments[:1] == ["create"]:
    print("made")
if name == "docker" and arguments[:1] == ["cp"]:
    # What the image has in the place of a volume.
    import io, tarfile
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
        for member, data in ((tarfile.TarInfo("folder"), None), (tarfile.TarInfo("folder/of-the-image"), b"content")):
            member.uid, member.gid = os.getuid(), os.getgid()
            member.type, member.mode, member.size = (tarfile.DIRTYPE, 0o751, 0) if data is None else (tarfile.REGTYPE, 0o640, len(data))
            archive.addfile(member, io.BytesIO(data or b""))
if name == "aws" and "get-login-password" in arguments:
    print("token-of-the-registry")
if name == "aws" and "get-secret-value" in arguments:
    print(json.dumps({{"SecretString": "the 'value' of " + arguments[arguments.index("--secret-id") + 1]}}))
if any(pattern in " ".join([name, *arguments]) for pattern in json.loads(os.environ.get("RUNNER_FAILS", "[]"))):
    sys.exit(17)
"""

GET_CONFIG = """\
#!{python}
# get-config as the platform has it: environment, addons -a rds, container, platformconfig; -k for one value.
import json, sys
known = json.load(open({config!r}))
arguments = sys.argv[1:]
section, key = arguments[0], arguments[arguments.index("-k") + 1] if "-k" in arguments else None
if section == "addons":
    values = known["addons"][arguments[arguments.index("-a") + 1]]
else:
    values = known[section]
if key is None:
    print(json.dumps(values))
elif key in values:
    print(values[key])
else:
    sys.exit("get-config: key " + key + " not found")
"""


class DeploymentFailed(Exception):
    """A command or hook of the bundle failed; the platform would give the deployment up."""


@dataclass
class Instance:
    """One instance: its root, what the environment gives it, and whether it leads."""

    root: Path
    properties: dict = field(default_factory=dict)
    rds: dict = field(default_factory=dict)
    leader: bool = True
    fails: tuple = ()

    def __post_init__(self):
        self.log = self.root / "calls.jsonl"
        self.staging = self.root / "var/app/staging"
        self.current = self.root / "var/app/current"
        self.tools = self.root / "tools"
        for place in ("opt/elasticbeanstalk/bin", "var/app", "var/log", "etc", "tmp", "run", "home/ec2-user", "root", "tools"):
            (self.root / place).mkdir(parents=True, exist_ok=True)
        config = self.root / "tools/config.json"
        known = {"environment": self.properties | self.rds, "addons": {"rds": self.rds}, "container": {}, "platformconfig": {}}
        config.write_text(json.dumps(known))
        self._program(self.root / "opt/elasticbeanstalk/bin/get-config", GET_CONFIG.format(python=sys.executable, config=str(config)))
        for name in RECORDERS:
            self._program(self.tools / name, RECORDER.format(python=sys.executable, log=str(self.log)))
        # Not promised on the platform: a bundle that needs it must fail here.
        self._program(self.tools / "jq", "#!/bin/sh\necho 'jq is not promised on this platform' >&2\nexit 127\n")

    @staticmethod
    def _program(path, text):
        path.write_text(text)
        path.chmod(0o755)

    # ---- the deployment

    def deploy(self, bundle):
        shutil.rmtree(self.staging, ignore_errors=True)
        configs = [(path, self._read(path)) for path in sorted((bundle / ".ebextensions").glob("*.config"))]
        for path, config in configs:
            self._files(config.get("files") or {})
            for name, command in sorted((config.get("commands") or {}).items()):
                self._command(f"{path.name}: commands.{name}", command, self.root, {})
        shutil.copytree(bundle, self.staging, symlinks=True)
        self._root_scripts()
        self._hooks("prebuild")
        for path, config in configs:
            for name, command in sorted((config.get("container_commands") or {}).items()):
                self._command(f"{path.name}: container_commands.{name}", command, self.staging, self._variables())
        self._hooks("predeploy")
        shutil.rmtree(self.current, ignore_errors=True)
        shutil.copytree(self.staging, self.current, symlinks=True)
        self._hooks("postdeploy")

    def _root_scripts(self):
        """Scripts of the bundle, and what they are told, speak of the instance's paths too; its other files are left alone."""
        for path in self.staging.rglob("*"):
            told = path.parent.name == ".ebextensions" and path.suffix == ".json"
            if path.is_file() and not path.is_symlink() and (told or path.read_bytes().startswith(b"#!")):
                path.write_text(self.rooted(path.read_text()))

    def _read(self, path):
        config = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        unknown = set(config) - TOP_KEYS
        if unknown:
            raise DeploymentFailed(f"{path.name}: the platform ignores a file with the key {', '.join(sorted(unknown))}")
        return config

    def _variables(self):
        return self.properties | self.rds

    def rooted(self, text):
        """The same text with an instance's absolute paths below the root."""
        return ABSOLUTE.sub(f"{self.root}/", text)

    def _files(self, files):
        for name, made in files.items():
            path = self.root / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = str(made.get("mode", "000644"))
            if not re.fullmatch(r"(?:100|120|000)[0-7]{3}", mode):
                raise DeploymentFailed(f"{name}: mode {mode} has not six digits")
            content = made.get("content", "")
            if made.get("encoding") == "base64":
                content = base64.b64decode(content).decode()
            path.write_text(self.rooted(content))
            path.chmod(int(mode[3:], 8))
            self._record("owner", f"{made.get('owner', 'root')}:{made.get('group', 'root')}", name)

    def _record(self, name, *arguments):
        with self.log.open("a") as log:
            log.write(json.dumps({"name": name, "arguments": list(arguments), "container": {}, "stdin": ""}) + "\n")

    def _command(self, where, made, directory, variables):
        if made.get("leader_only") and not self.leader:
            return
        command = made["command"]
        command = [self.rooted(word) for word in command] if isinstance(command, list) else self.rooted(command)
        # leader_only wins over test.
        if "test" in made and not made.get("leader_only") and self._run(self.rooted(made["test"]), directory, variables).returncode != 0:
            return
        if "env" in made:
            variables = {name: str(value) for name, value in made["env"].items()}
        where_to = self.root / str(made["cwd"]).lstrip("/") if str(made.get("cwd", "")).startswith("/") else directory / str(made.get("cwd", "."))
        done = self._run(command, where_to, variables)
        if done.returncode != 0 and str(made.get("ignoreErrors", "false")).lower() != "true":
            raise DeploymentFailed(f"{where}: exit {done.returncode}\n{done.stdout}{done.stderr}")

    def _hooks(self, phase):
        place = self.staging if phase != "postdeploy" else self.current
        for path in sorted((place / HOOKS / phase).glob("*")):
            if not path.stat().st_mode & stat.S_IXUSR:
                raise DeploymentFailed(f"{phase}/{path.name} is not executable")
            done = self._run([str(path)], place, self._variables())
            if done.returncode != 0:
                raise DeploymentFailed(f"{phase}/{path.name}: exit {done.returncode}\n{done.stdout}{done.stderr}")

    def _run(self, command, directory, variables):
        env = {"PATH": f"{self.tools}:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(self.root / "root"), "LANG": "C.UTF-8",
               "RUNNER_FAILS": json.dumps(list(self.fails)), **variables}
        words = command if isinstance(command, list) else ["/bin/sh", "-c", command]
        return subprocess.run(words, cwd=directory, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    # ---- what it left

    def calls(self, name=None):
        """The recorded calls, of one program or of all: {name, arguments, container, stdin}."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        made = [json.loads(line) for line in lines]
        return [call for call in made if name in (None, call["name"])]

    def files(self):
        """{path on the instance: (mode, bytes)} of all that the bundle made, its own copy apart."""
        apart = ("tools/", "calls.jsonl", "opt/elasticbeanstalk/bin/get-config")
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            if path.is_file() and not name.startswith(apart):
                found[f"/{name}"] = (path.stat().st_mode & 0o777, path.read_bytes().replace(os.fsencode(self.root), b""))
        return found
