"""checkov passes every template; what it skips is stated here, each with its reason."""

import json
import os
import subprocess
import unittest
from pathlib import Path

from pipelines import every_pipeline_template
from support import BARE, every_template, scratch

CHECKOV = Path(os.environ["CHECKOV_VENV"]) / "bin" / "checkov"
SKIPPED = {
    "CKV_AWS_2": "the fixture has no certificate, so its listener is HTTP",
    "CKV_AWS_103": "the same: no TLS without a certificate",
    "CKV_AWS_260": "a public load balancer is open on port 80",
    "CKV_AWS_91": "access logs need a bucket that the manifest would have to name",
    "CKV_AWS_158": "CloudWatch encrypts log groups; an own key is the user's choice",
    "CKV_AWS_149": "Secrets Manager encrypts secrets; an own key is the user's choice",
    "CKV_AWS_117": "the task runner calls AWS's APIs only and needs no network of the application",
    "CKV_AWS_115": "one invocation a deployment: concurrency need not be reserved",
    "CKV_AWS_116": "CloudFormation is told of every failure, so a dead letter queue would hold nothing",
    "CKV_AWS_118": "enhanced monitoring needs a role and costs; the manifest may ask for it",
    "CKV_AWS_157": "more zones are a matter of posture: only prod has them",
    "CKV_AWS_108": "CloudFormation reads secrets of the stack, whose names AWS completes when it makes them",
    "CKV_AWS_109": "a role that deploys an application makes the roles of its services, and only those whose names begin with the stack's",
    "CKV_AWS_111": "what AWS names itself when it makes it cannot be named by a policy before",
    "CKV_AWS_18": "access logs of the pipeline's artifacts need a bucket that the manifest would have to name",
    "CKV_AWS_26": "the key that AWS manages for SNS admits no notification; an own key is the user's choice",
    "CKV_AWS_161": "the containers log in with the generated password",
}


class Checkov(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        room = scratch("checkov-")
        cls.where = {}
        for number, (where, text) in enumerate([*every_template(), *every_pipeline_template()]):
            (room / f"{number}.yaml").write_text(text)
            cls.where[f"/{number}.yaml"] = where
        done = subprocess.run([CHECKOV, "-d", room, "--framework", "cloudformation", "--skip-download", "--compact", "--quiet", "-o", "json"],
                              env=BARE | {"HOME": str(room), "LANG": "C.UTF-8"}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
        report = json.loads(done.stdout)
        cls.report = report[0] if isinstance(report, list) else report

    def failed(self):
        return [(found["check_id"], self.where[found["file_path"]], found["resource"]) for found in self.report["results"]["failed_checks"]]

    def test_it_looked(self):
        self.assertEqual(0, self.report["summary"]["parsing_errors"])
        self.assertGreater(self.report["summary"]["passed"] + self.report["summary"]["failed"], 50)

    def test_nothing_but_the_stated_skips(self):
        self.assertEqual([], [found for found in self.failed() if found[0] not in SKIPPED])

    def test_no_skip_is_stale(self):
        self.assertEqual(set(), set(SKIPPED) - {check for check, _, _ in self.failed()}, "these pass now: take them off the list")
