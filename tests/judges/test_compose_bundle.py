"""The bundle of the Docker platform: the real Docker Compose reads it as it reads the manifest that it was made from,
but for what an instance changes: ports of public endpoints, paths of files, logs, secrets, jobs."""

import json
import re
import shlex
import shutil
import subprocess
import unittest
from pathlib import Path

from support import BARE, ROOT, docker_compose, scratch

GOLDENS = ROOT / "tests" / "golden"
# Everything that a shell, a template or an env file could trip over.
HOSTILE = ["plain", "", "sp ace #no comment", "single ' quote", "double \" quote", "both ' and \"", "$HOME ${X} $$ `id`",
           "back\\slash", "ends in \\", "\\' and \\\"", "two\nlines\n", "tab\there", "ü = {{x}} %s"]


# What a database listens on, by its image.
PORTS = {"postgres": 5432, "mysql": 3306, "mariadb": 3306}


def bundles():
    return sorted(path.parent for path in GOLDENS.rglob("expected/**/docker-compose.yml"))


def configured(project, *arguments, env=None):
    """What the real Docker Compose makes of a project, as a model."""
    before = [docker_compose(), *arguments]
    done = subprocess.run([*before, "config", "--format", "json"], cwd=project, env=BARE | (env or {}),
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=60, text=True, encoding="utf-8")
    if done.returncode != 0:
        raise AssertionError(f"docker compose config in {project}: {done.stderr}")
    return json.loads(done.stdout)


def properties(bundle):
    """The variables that the file takes, each with a value of its own."""
    names = set(re.findall(r"(?<!\$)\$\{(\w+)\}", (bundle / "docker-compose.yml").read_text()))
    told = bundle / ".platform" / "environment.json"
    names |= set(json.loads(told.read_text())) if told.exists() else set()
    return {name: f"value of {name}" for name in sorted(names)}


def case_of(bundle):
    return next(above for above in bundle.parents if (above / "command").exists())


def original(bundle):
    """The model of the manifest behind a golden."""
    case = case_of(bundle)
    words, arguments = shlex.split((case / "command").read_text()), []
    while words:
        word = words.pop(0)
        if word in ("--profile", "-f", "--env-file"):
            arguments += [word, words.pop(0)]
    room = scratch("manifest-") / "project"
    shutil.copytree(case / "input", room)
    return configured(room, *arguments), room


def with_databases(words, services):
    """Words in which a managed database stands under its own name, where the bundle has a property with its address."""
    names = {re.sub(r"\W", "_", name).upper(): name for name in services}
    port = r"value of (\w+)_DATABASE_HOST:value of \1_DATABASE_PORT"
    named = lambda found: f"{names[found[1]]}:{PORTS[services[names[found[1]]]['image'].split(':')[0]]}"
    return [re.sub(port, named, word) for word in words] if isinstance(words, list) else words


def relative(value, room):
    """Paths as the project sees them."""
    if isinstance(value, dict):
        return {key: relative(member, room) for key, member in value.items()}
    if isinstance(value, list):
        return [relative(member, room) for member in value]
    return value.replace(str(room), ".") if isinstance(value, str) else value


class Bundles(unittest.TestCase):
    def test_there_are_bundles(self):
        self.assertGreaterEqual(len(bundles()), 7)

    def test_docker_compose_reads_each_as_it_reads_the_manifest(self):
        for bundle in bundles():
            with self.subTest(case_of(bundle).name):
                room = scratch("bundle-") / "project"
                shutil.copytree(bundle, room)
                mine = relative(configured(room, "--profile", "job", env=properties(bundle)), room)
                theirs, place = original(bundle)
                self.assert_same(mine, relative(theirs, place))

    def assert_same(self, mine, theirs):
        self.assertEqual(theirs["name"], mine["name"])
        self.assertLessEqual(set(mine["services"]), set(theirs["services"]))
        self.assertLessEqual(set(mine.get("networks", {})), set(theirs.get("networks", {})))
        for name, service in mine["services"].items():
            given = theirs["services"][name]
            with self.subTest(service=name):
                self.assert_service(service, given, theirs["services"])

    def assert_service(self, mine, theirs, services):
        decided = {"build", "depends_on", "environment", "links", "logging", "ports", "profiles", "volumes"}
        extensions = {key for key in theirs if key.startswith("x-")}
        for key in set(mine) | set(theirs) - extensions - decided:
            if key not in decided:
                own = mine.get(key)
                own = with_databases(own, services) if key in ("command", "entrypoint") else own
                self.assertEqual(theirs.get(key), own, key)
        for key, value in (mine.get("environment") or {}).items():
            if value is not None and "value of " not in value:
                self.assertEqual(theirs["environment"][key], value)
        self.assertEqual({key for key, value in (theirs.get("environment") or {}).items() if value is not None},
                         set(mine.get("environment") or {}))
        # An instance has the time zone of every container.
        given = [mount for mount in theirs.get("volumes", []) if mount["target"] != "/etc/localtime"]
        self.assertEqual([mount["target"] for mount in given], [mount["target"] for mount in mine.get("volumes", [])])
        for one, other in zip(mine.get("volumes", []), given):
            if not one.get("source", "").startswith("/data/"):
                self.assertEqual(other, one)
        targets = [port["target"] for port in mine.get("ports", [])]
        self.assertEqual([port["target"] for port in theirs.get("ports", [])], targets)
        for name, waits in (mine.get("depends_on") or {}).items():
            self.assertEqual(theirs["depends_on"][name], waits)
        if "build" in theirs:
            self.assertEqual(theirs["build"], mine["build"])

    def test_what_is_built_is_there(self):
        for bundle in bundles():
            model = configured(bundle, env=properties(bundle))
            for name, service in model["services"].items():
                build = service.get("build")
                if build:
                    with self.subTest(case=case_of(bundle).name, service=name):
                        self.assertTrue((Path(build["context"]) / build["dockerfile"]).is_file())


class Environment(unittest.TestCase):
    """The hook that completes `.env`, with values that are hard to write."""

    def completed(self, values, wanted=None, before=""):
        """What Docker Compose takes from `.env` after the hook."""
        room = scratch("hook-")
        (room / ".platform").mkdir()
        wanted = wanted or {name: {"property": name} for name in values}
        (room / ".platform" / "environment.json").write_text(json.dumps(wanted))
        if before:
            (room / ".env").write_text(before)
        (room / "listed.json").write_text(json.dumps(values))
        get_config = room / "get-config"
        get_config.write_text("#!/bin/sh\ncat listed.json\n")
        get_config.chmod(0o755)
        program = room / "environment.py"
        text = (ROOT / "ebextensions" / "environment.py").read_text()
        program.write_text(text.replace("/opt/elasticbeanstalk/bin/get-config", str(get_config)))
        done = subprocess.run(["python3", program], cwd=room, env=BARE, capture_output=True, text=True)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual(0o600, (room / ".env").stat().st_mode & 0o777)
        names = sorted(set(wanted) | {line.split("=")[0] for line in before.splitlines() if "=" in line})
        lines = "".join(f"      {name}: ${{{name}}}\n" for name in names)
        (room / "docker-compose.yml").write_text(f"name: a\nservices:\n  a:\n    image: a\n    environment:\n{lines}")
        environment = configured(room)["services"]["a"]["environment"]
        return {name: value.replace("$$", "$") for name, value in environment.items()}

    def test_every_character_arrives(self):
        values = {f"V{number}": value for number, value in enumerate(HOSTILE)}
        self.assertEqual(values, self.completed(values))

    def test_lines_of_other_variables_stay(self):
        found = self.completed({"SECRET_A": "new\nvalue"}, before="OTHER=kept\nSECRET_A=old\nOTHERS=too\n")
        self.assertEqual({"OTHER": "kept", "OTHERS": "too", "SECRET_A": "new\nvalue"}, found)

    def test_a_part_of_a_url_is_encoded(self):
        wanted = {"RDS_PASSWORD_ENCODED": {"property": "RDS_PASSWORD", "encoded": True}}
        self.assertEqual({"RDS_PASSWORD_ENCODED": "a%2Fb%20%24%25"},
                         self.completed({"RDS_PASSWORD": "a/b $%"}, wanted))

    def test_a_property_that_is_missing_ends_it(self):
        with self.assertRaises(AssertionError):
            self.completed({}, {"A": {"property": "A"}})


if __name__ == "__main__":
    unittest.main()
