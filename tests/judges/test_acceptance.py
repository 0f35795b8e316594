"""The acceptance command: it finds applications, compiles each for each target, and counts what becomes of them."""

import json
import os
import subprocess
import sys
import unittest

from support import BARE, ROOT, TRANSHIP, scratch, written

COMMAND = ROOT / "tests" / "acceptance"


def acceptance(*arguments):
    return subprocess.run([sys.executable, str(COMMAND), "--binary", TRANSHIP, *map(str, arguments)], env=BARE, timeout=300,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)


def measured(*arguments):
    done = acceptance("--format", "json", *arguments)
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


class Acceptance(unittest.TestCase):
    def test_the_fixtures_build_for_every_target(self):
        fixtures = ROOT / "fixtures"
        before = sorted(str(path) for path in fixtures.rglob("*"))
        [one] = measured(f"ours={fixtures}")
        self.assertEqual(("ours", 1, 1), (one["name"], one["found"], one["accepted"]))
        for target in ("fargate", "ecs-ec2", "beanstalk"):
            self.assertEqual(1, one["targets"][target]["built"], one["targets"][target])
        self.assertEqual(before, sorted(str(path) for path in fixtures.rglob("*")), "something was written")

    def test_each_application_is_counted_once_by_what_becomes_of_it(self):
        place = written({
            "plain/compose.yaml": "services:\n  web: { image: nginx, deploy: { resources: { limits: { cpus: '0.25', memory: 512M } } } }\n",
            "deep/er/docker-compose.yml": "services:\n  web: { image: nginx, cpuset: '0' }\n",
            "refused/compose.yml": "services:\n  web: { image: nginx, privileged: true }\n  vpn: { image: vpn, cap_add: [NET_ADMIN] }\n",
            "broken/compose.yaml": "services:\n  web: { image: nginx, env_file: missing.env }\n",
            "node_modules/other/compose.yaml": "services:\n  web: { image: nginx }\n",
            "override-only/compose.override.yaml": "services:\n  web: { image: nginx }\n",
        })
        [one] = measured(place, "--target", "fargate")
        fargate = one["targets"].pop("fargate")
        self.assertEqual({}, one["targets"])
        self.assertEqual((4, 3), (one["found"], one["accepted"]))
        self.assertEqual((2, 1, {"target/rejected-key": 1}), (fargate["built"], fargate["same"], fargate["codes"]))
        self.assertEqual(["refused"], list(fargate["refused"]))
        self.assertEqual(2, len(fargate["refused"]["refused"]))

    def test_the_table_sums_what_several_folders_hold(self):
        one = written({"compose.yaml": "services:\n  web: { image: nginx, privileged: true }\n"})
        two = written({"a/compose.yaml": "services:\n  web: { image: nginx }\n"})
        done = acceptance(f"first={one}", f"second={two}", "--target", "fargate", "--refused")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("| first | 1 | 1 | 0 (0 %) / 0 (0 %) |\n", done.stdout)
        self.assertIn("| all | 2 | 2 | 1 (50 %) / 1 (50 %) |\n", done.stdout)
        self.assertIn("| `target/rejected-key` | 1 |\n", done.stdout)
        self.assertIn("first: .: fargate\n    target/rejected-key: `privileged` of `web`", done.stdout)

    def test_mistakes_of_the_call_are_usage_errors(self):
        self.assertEqual(2, acceptance(scratch() / "missing").returncode)
        self.assertEqual(2, subprocess.run([sys.executable, str(COMMAND), "--binary", os.devnull, str(ROOT / "fixtures")],
                                           capture_output=True, timeout=60).returncode)


if __name__ == "__main__":
    unittest.main()
