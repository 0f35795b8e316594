"""The bundle's `.config` files under AWS's own cfn-init: does our runner read them as AWS does?

The platform hands each file to cfn-init as a config of its own; container_commands become commands that
run in the staging directory with the environment's variables.
"""

import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

import yaml

from ebextensions_runner import Instance
from support import scratch
from test_ebextensions import RDS, bundle, hand_made, instance

PLACE = os.environ["CFN_INIT_VENV"]
DRIVER = Path(__file__).parent / "cfn_init_driver.py"
SECTIONS = ("packages", "groups", "users", "sources", "files", "commands", "services")


def metadata(on, tree):
    """What the platform would hand to cfn-init, with the instance's paths below its root."""
    configs, first, second = {}, [], []
    for path in sorted((tree / ".ebextensions").glob("*.config")):
        config = yaml.safe_load(on.rooted(path.read_text())) or {}
        before, after = f"{path.stem}-prebuild", f"{path.stem}-postbuild"
        configs[before] = {section: config[section] for section in SECTIONS if section in config}
        for name, command in (config.get("container_commands") or {}).items():
            if command.pop("leader_only", False):
                command.pop("test", None)
                if not on.leader:
                    continue
            command.setdefault("cwd", str(on.staging))
            configs.setdefault(after, {}).setdefault("commands", {})[name] = command
        first.append(before)
        second += [after] if after in configs else []
    return {"AWS::CloudFormation::Init": {"configSets": {"prebuild": first, "postbuild": second}} | configs}


def applied(on, tree):
    """Runs cfn-init over a bundle; returns (exit code, what it said)."""
    shutil.rmtree(on.staging, ignore_errors=True)
    shutil.copytree(tree, on.staging)
    on._root_scripts()
    path = on.tools / "metadata.json"
    path.write_text(json.dumps(metadata(on, tree)))
    said = ""
    for configset in ("prebuild", "postbuild"):
        variables = on.properties | on.rds if configset == "postbuild" else {}
        env = {"PATH": f"{on.tools}:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "PYTHONPATH": PLACE,
               "RUNNER_FAILS": json.dumps(list(on.fails)), **variables}
        done = subprocess.run([os.environ["CFN_INIT_PYTHON"], DRIVER, path, configset], env=env, cwd=on.root, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        said += done.stdout
        if done.returncode != 0:
            return done.returncode, said
    return 0, said


def rootless(on):
    """The recorded calls, with the instance's own paths."""
    return [json.loads(json.dumps(call).replace(str(on.root), "")) for call in on.calls()]


class CfnInit(unittest.TestCase):
    def test_it_makes_what_our_runner_makes(self):
        ours, theirs = instance(), instance()
        ours.deploy(bundle())
        code, said = applied(theirs, bundle())
        self.assertEqual(0, code, said)
        made = {path: content for path, (_, content) in ours.files().items() if not path.startswith("/var/app/current")}
        got = {path: content for path, (_, content) in theirs.files().items()}
        self.assertEqual(made, got)
        self.assertEqual([call for call in rootless(ours) if call["name"] != "owner"], rootless(theirs))

    def test_twice(self):
        on = instance()
        self.assertEqual(0, applied(on, bundle())[0])
        before = on.files()
        self.assertEqual(0, applied(on, bundle())[0])
        self.assertEqual(before, on.files())

    def test_a_failing_migration_fails(self):
        code, said = applied(instance(fails=("manage.py migrate",)), bundle())
        self.assertNotEqual(0, code, said)

    def test_the_order_of_a_hand_made_bundle(self):
        on = Instance(scratch("instance-"), properties={"GIVEN": "v", "SECRET": "s"}, rds=dict(RDS))
        (on.root / "etc/env").write_text("A=1\n")
        code, said = applied(on, hand_made())
        self.assertEqual(0, code, said)
        self.assertEqual(["a", "b", "c", "leader", "in staging with v"], (on.root / "var/log/order").read_text().splitlines())
