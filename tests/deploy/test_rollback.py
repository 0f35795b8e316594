"""Back to what ran before: a rollback without the manifest, an update that is cancelled, a deployment that nobody waits for."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from beanstalk_case import BeanstalkCase  # noqa: E402
from gateway import wait_until  # noqa: E402
from test_cloudformation import GIVEN, Small  # noqa: E402
from world import client  # noqa: E402


class OfStacks(Small):
    def version(self):
        """The version that the stack runs."""
        (stack,) = self.stacks.describe_stacks(StackName=self.stack)["Stacks"]
        return {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}["AppVersion"]

    def test_a_stack_goes_back_without_its_manifest(self):
        self.deploy("--set", "APP_VERSION=1")
        nothing = self.tranship("rollback", "prod", "--yes", expect=1)
        self.assertIn("no earlier deployment of shop-prod is recorded", nothing.err)
        for version in ("2", "3"):
            self.again("--set", f"APP_VERSION={version}")
        (self.directory / "compose.yaml").unlink()
        back = self.tranship("rollback", "--stack", self.stack, "--region", "us-east-1", "--yes")
        self.assertIn("image of service app: 3 -> 2", back.err)
        self.assertIn("data, secrets and images are not changed", back.err)
        self.assertEqual((self.version(), self.state()), ("2", "UPDATE_COMPLETE"))
        self.tranship("rollback", "--stack", self.stack, "--to", "1", "--yes")
        self.assertEqual(self.version(), "1")
        self.tranship("rollback", "--stack", self.stack, "--to", "9", "--yes", expect=2)
        kept = client("s3", self.upstream)
        (bucket,) = [one["Name"] for one in kept.list_buckets()["Buckets"] if one["Name"].startswith("tranship-")]
        for item in kept.list_objects_v2(Bucket=bucket, Prefix=f"history/{self.stack}/")["Contents"]:
            self.assertNotIn(GIVEN, kept.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode())

    def test_nobody_waits_for_a_detached_deployment_and_an_update_is_cancelled(self):
        self.deploy("--set", "APP_VERSION=1")
        idle = self.tranship("cancel", "prod", "--yes")
        self.assertIn("nothing is in progress", idle.err)
        (self.servers.home / "steady").write_text("600 App")
        self.addCleanup((self.servers.home / "steady").unlink)
        run = self.again("--set", "APP_VERSION=2", "--detach")
        self.assertIn("continues at AWS", run.err)
        wait_until(lambda: self.state() == "UPDATE_IN_PROGRESS", 20, "the update")
        self.gateway.reset()
        self.finish_cancel()

    def finish_cancel(self):
        """The engine does not stop a service that it waits for, so only the call is held."""
        process = self.start("cancel", "prod", "--yes")
        wait_until(lambda: self.gateway.actions("CancelUpdateStack"), 30, "the call")
        (self.servers.home / "steady").write_text("0 App")
        self.finish(process)


class Shown(Small):
    def test_a_failure_leaves_a_report_and_a_hint_and_json_ends_in_a_result(self):
        self.values("--set", "APP_VERSION=1")
        self.gateway.refuse("CreateChangeSet", "ValidationError", "The maximum number of VPCs has been reached")
        run = self.deploy("--set", "APP_VERSION=1", "--progress", "json", expect=1)
        lines = [json.loads(line) for line in run.out.splitlines()]
        self.assertEqual((lines[0]["type"], lines[0]["subject"]), ("banner", "stack shop-prod"))
        self.assertEqual((lines[-1]["type"], lines[-1]["status"], lines[-1]["exit_code"]), ("result", "failed", 1))
        self.assertRegex(lines[-1]["error"]["help"][-1], "^hint: a quota of the account is used up")
        (report,) = (self.directory / "dist" / "prod" / "deployments").glob("*.md")
        self.assertIn(f"a report without secrets is in dist/prod/deployments/{report.name}\n", run.err)
        self.assertIn("The maximum number of VPCs has been reached", report.read_text())
        self.assertNotIn(GIVEN, report.read_text())
        self.tranship("build", "prod", "--set", "APP_VERSION=1")
        self.assertTrue(report.is_file(), "a build leaves it")

    def test_the_tree_is_drawn_again_in_place(self):
        run = self.deploy("--set", "APP_VERSION=1", "--progress", "tty")
        screens = run.err.split("\x1b[J")
        self.assertGreater(len(screens), 3, run)
        last = [line for line in screens[-1].splitlines() if line.startswith("  ")]
        self.assertRegex(last[0], r"^  ✓ service app +done +\d+s$")
        self.assertRegex(last[1], r"^  ✓ service worker +done +\d+s$")
        self.assertTrue(any(line.startswith("  ✓ the rest") for line in last), screens[-1])


class OfEnvironments(BeanstalkCase):
    def test_an_environment_goes_back_to_the_version_before(self):
        self.tranship(*self.arguments("1"))
        self.tranship(*self.arguments("2"))
        self.converged("2")
        back = self.tranship("rollback", "dev", "--yes")
        self.assertIn("going back from tranship-", back.err)
        self.converged("1")
        self.tranship("rollback", "dev", "--to", "nothing", "--yes", expect=2)
        idle = self.tranship("cancel", "dev", "--yes")
        self.assertIn("nothing is in progress", idle.err)


if __name__ == "__main__":
    unittest.main()
