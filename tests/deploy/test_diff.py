"""`tranship diff` tells by value what a deployment would change, and `deploy --plan` executes what was reviewed, or nothing."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from beanstalk_case import GIVEN as TYPED  # noqa: E402
from beanstalk_case import BeanstalkCase  # noqa: E402
from gateway import wait_until  # noqa: E402
from test_cloudformation import GIVEN, LAPTOP, Small  # noqa: E402

READS = {"DescribeStacks", "GetTemplate", "GetTemplateSummary", "GetCallerIdentity"}


class OfStacks(Small):
    def diff(self, *arguments, expect=3):
        run = self.tranship("diff", "prod", "--no-publish", "--set", *arguments, expect=expect)
        self.assertLessEqual({call.action for call in self.gateway.calls}, READS, "a diff changes nothing")
        for canary in (GIVEN, LAPTOP):
            self.assertNotIn(canary, run.said)
        return run

    def test_a_diff_tells_values_and_a_plan_is_executed_as_it_was_reviewed(self):
        first = self.diff("APP_VERSION=1")
        self.assertIn("stack shop-prod: first deployment, ", first.out)
        self.assertIn("+ service app: ", first.out)
        self.deploy("--set", "APP_VERSION=1")
        self.gateway.reset()
        self.assertEqual(self.diff("APP_VERSION=1", expect=0).out, "stack shop-prod: no changes\n")

        tagged = self.diff("APP_VERSION=2", "--plan", "reviewed.json")
        self.assertEqual(tagged.out, "stack shop-prod: 1 change, 1 resource; at most: new tasks\n"
                                     "  ~ APP_VERSION of service app: 1 -> 2  (compose.yaml:5)  new tasks\n")
        secret = self.diff("APP_VERSION=1", "--secret", "SESSION_PASSWORD=@secret", "--format", "json")
        (change,) = json.loads(secret.out)["changes"]
        self.assertEqual((change["secret"], change["old"], change["new"]), (True, None, None))

        self.gateway.reset()
        moved = self.tranship("deploy", "prod", "--yes", "--plan", "reviewed.json", "--set", "APP_VERSION=2",
                              "--parameter", "AppVersion=3", expect=1)
        self.assertIn("the plan cannot be executed: the parameter AppVersion has another value than in the plan", moved.err)
        self.assertEqual(self.gateway.actions("CreateChangeSet"), [])
        done = self.tranship("deploy", "prod", "--yes", "--plan", "reviewed.json", "--set", "APP_VERSION=2")
        self.assertIn("  ~ APP_VERSION of service app: 1 -> 2  (compose.yaml:5)  new tasks\n", done.err)
        late = self.tranship("deploy", "prod", "--yes", "--plan", "reviewed.json", "--set", "APP_VERSION=2", expect=1)
        self.assertIn("stack shop-prod has changed since the plan was made", late.err)

    def test_an_edit_is_told_at_its_line(self):
        self.deploy("--set", "APP_VERSION=1")
        file = self.directory / "compose.yaml"
        file.write_text(file.read_text().replace("PEER: http://worker:9000", "PEER: http://worker:9000/v2"))
        self.gateway.reset()
        run = self.diff("APP_VERSION=1")
        self.assertRegex(run.out, r"\n  ~ environment PEER of service app: http://worker\.\S+:9000 -> http://worker\.\S+:9000/v2"
                                  r"  \(compose\.yaml:9\)  new tasks\n$")


class OfEnvironments(BeanstalkCase):
    def test_the_bundle_that_runs_is_compared_by_value(self):
        self.tranship(*self.arguments("1"))
        same = self.tranship("diff", "dev", "--no-publish", "--set", "APP_VERSION=1")
        self.assertEqual(same.out, "environment shop-dev: no changes\n")
        self.service.update_environment(EnvironmentName="shop-dev", OptionSettings=[
            {"Namespace": "aws:ec2:instances", "OptionName": "InstanceTypes", "Value": "t3.large"}])
        wait_until(lambda: self.live()[0]["Status"] == "Ready", 20, "the change by hand")
        told = ("  ! aws:ec2:instances InstanceTypes stays t3.large, not t3.small: it was set through the API or the console, "
                "which wins over the bundle\n")
        same = self.tranship("diff", "dev", "--no-publish", "--set", "APP_VERSION=1")
        self.assertEqual(same.out, "environment shop-dev: no changes\n" + told)
        run = self.tranship("diff", "dev", "--no-publish", "--set", "APP_VERSION=2", "--format", "json", expect=3)
        self.assertEqual(json.loads(run.out)["overridden"], [
            {"namespace": "aws:ec2:instances", "option": "InstanceTypes", "value": "t3.large", "bundle": "t3.small"}])
        run = self.tranship("diff", "dev", "--no-publish", "--set", "APP_VERSION=2", "--plan", "plan.json", expect=3)
        self.assertTrue(run.out.endswith(told), run)
        self.assertIn("  ~ image of service app: registry.example.org/shop:1 -> registry.example.org/shop:2  (compose.yaml:5)"
                      "  new tasks\n", run.out)
        self.assertNotIn(TYPED, run.said + (self.directory / "plan.json").read_text())
        refused = self.tranship("deploy", "dev", "--yes", "--plan", "plan.json", "--set", "APP_VERSION=3", expect=1)
        self.assertIn("the artifacts are not those of the plan", refused.err)
        self.tranship("deploy", "dev", "--yes", "--plan", "plan.json", "--set", "APP_VERSION=2")
        self.converged("2")


if __name__ == "__main__":
    unittest.main()
