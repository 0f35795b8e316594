"""Back to what ran before: a rollback without the manifest, an update that is cancelled, a deployment that nobody waits for."""

import json
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from beanstalk_case import BeanstalkCase  # noqa: E402
from gateway import wait_until  # noqa: E402
from test_cloudformation import GIVEN, LAPTOP, MANIFEST, Small  # noqa: E402
from test_services import Services  # noqa: E402
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
        (found,) = self.stacks.describe_stacks(StackName=self.stack)["Stacks"]
        folder = f"history/{self.stack}/{found['StackId'].rsplit('/', 1)[-1]}/"

        def keys(prefix=f"history/{self.stack}/"):
            return [item["Key"] for item in kept.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]

        self.assertEqual(keys(), keys(folder), "records of an earlier stack of this name are gone")
        for key in keys():
            self.assertNotIn(GIVEN, kept.get_object(Bucket=bucket, Key=key)["Body"].read().decode())
        old = [f"{folder}20200101T{number:06}Z.json" for number in range(50)]
        for key in old:
            kept.put_object(Bucket=bucket, Key=key, Body=b"{}")
        before = keys()
        self.write("compose.yaml", MANIFEST % LAPTOP)
        self.again("--set", "APP_VERSION=4")
        self.assertEqual(len(before), 50 + len(set(before) - set(old)))
        self.assertEqual(set(before) - set(keys()), set(old[:len(before) - 49]), "the newest 50 stay")
        self.assertEqual(len(keys()), 50)
        self.tranship("down", "prod", "--yes")
        self.assertEqual(keys(), [], "nothing to go back to")

    def test_nobody_waits_for_a_detached_deployment_and_an_update_is_cancelled(self):
        self.deploy("--set", "APP_VERSION=1")
        idle = self.tranship("cancel", "prod", "--yes")
        self.assertIn("nothing is in progress", idle.err)
        (self.servers.home / "steady").write_text("600 App")
        self.addCleanup((self.servers.home / "steady").unlink)
        run = self.again("--set", "APP_VERSION=2", "--detach")
        self.assertIn("the deployment of the stack shop-prod continues at AWS; `tranship status prod` and `tranship events prod` show "
                      "it, and `tranship deploy prod` follows it and does what is left\n", run.err)
        wait_until(lambda: self.state() == "UPDATE_IN_PROGRESS", 20, "the update")
        process = self.start("cancel", "prod", "--yes")
        wait_until(lambda: self.gateway.actions("CancelUpdateStack"), 30, "the call")
        # The engine looks for the cancellation before the next resource.
        (self.servers.home / "steady").write_text("0 App")
        run = self.finish(process)
        self.assertEqual((run.code, run.err.splitlines()[-1]), (0, "cancelled"), run)
        self.assertEqual((self.version(), self.state()), ("1", "UPDATE_ROLLBACK_COMPLETE"))
        for state in ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"):
            self.assertRegex(run.err, rf"(?m)^\d\d:\d\d:\d\d {state} +{self.stack} \(AWS::CloudFormation::Stack\)")

    def test_a_creation_is_not_cancelled_and_an_update_may_end_first(self):
        steady = self.servers.home / "steady"
        steady.write_text("600 App")
        self.addCleanup(steady.unlink)
        self.deploy("--set", "APP_VERSION=1", "--detach")
        run = self.tranship("cancel", "prod", "--yes", expect=1)
        self.assertIn("error: the stack shop-prod is CREATE_IN_PROGRESS, which cannot be cancelled\n", run.err)
        self.assertIn("  = `tranship down prod` deletes what is being created\n", run.err)
        steady.write_text("0 App")
        wait_until(lambda: self.state() == "CREATE_COMPLETE", 20, "the creation")
        steady.write_text("600 App")
        self.again("--set", "APP_VERSION=2", "--detach")

        def end():
            steady.write_text("0 App")
            wait_until(lambda: self.state() == "UPDATE_COMPLETE", 20, "the end of the update")

        self.gateway.at("CancelUpdateStack", "before", end)
        run = self.tranship("cancel", "prod", "--yes")
        self.assertIn("! the update ended before it could be cancelled: `tranship rollback prod` goes back\n", run.err)
        self.assertEqual((run.err.splitlines()[-1], self.version()), ("nothing to cancel", "2"))


class Left(Services):
    """A failed update that nobody rolled back."""

    def version(self):
        return OfStacks.version(self)

    def test_it_is_rolled_back_later_or_goes_on(self):
        self.deploy("--set", "APP_VERSION=1")
        agent = self.crash(exit_code=1)
        run = self.again("--set", "APP_VERSION=2", "--no-rollback", expect=1)
        self.assertEqual(self.state(), "UPDATE_FAILED")
        self.assertIn("  = nothing was rolled back: correct the cause, and go on with `tranship deploy prod`\n", run.err)
        self.assertIn("  = or go back to what ran before with `tranship cancel prod`\n", run.err)
        agent.stop()
        self.steady(0)
        self.gateway.reset()
        run = self.tranship("cancel", "prod", "--yes", "--progress", "json")
        lines = [json.loads(line) for line in run.out.splitlines()]
        told = [one["status"] for one in lines if one.get("kind") == "AWS::CloudFormation::Stack"]
        self.assertEqual((told[0], told[-1]), ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"))
        self.assertEqual((lines[-1]["type"], lines[-1]["status"], lines[-1]["changed"]), ("result", "succeeded", True))
        self.assertEqual(self.gateway.actions("RollbackStack", "CancelUpdateStack"), ["RollbackStack"])
        self.assertEqual((self.version(), self.state()), ("1", "UPDATE_ROLLBACK_COMPLETE"))
        agent = self.crash(exit_code=1)
        self.again("--set", "APP_VERSION=2", "--no-rollback", expect=1)
        agent.stop()
        self.steady(0)
        self.again("--set", "APP_VERSION=3")
        self.assertEqual((self.version(), self.state()), ("3", "UPDATE_COMPLETE"))


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

    def slow(self, operation):
        """From this operation on, what takes time takes very long."""
        usual = getattr(self.beanstalk, f"do_{operation}")

        def slowly(*arguments, **members):
            self.beanstalk.pace = 60
            return usual(*arguments, **members)

        setattr(self.beanstalk, f"do_{operation}", slowly)
        self.addCleanup(delattr, self.beanstalk, f"do_{operation}")

    def hasten(self):
        """What takes time ends now."""
        self.beanstalk.pace = 0.1
        with self.beanstalk.lock:
            steps = sorted(self.beanstalk.steps, key=lambda step: step[0])
            self.beanstalk.steps.clear()
            self.beanstalk.steps.extend((0, step) for _, step in steps)

    def test_an_update_is_aborted_and_a_launch_is_not(self):
        self.slow("CreateEnvironment")
        launch = self.start(*self.arguments("1"))
        wait_until(lambda: [one for one in self.live() if one["Status"] == "Launching"], 20, "the launch")
        run = self.tranship("cancel", "dev", "--yes", expect=1)
        self.assertIn("error: the environment shop-dev is Launching, which cannot be cancelled\n", run.err)
        self.assertIn("  = `tranship down dev` deletes what is being created\n", run.err)
        self.hasten()
        self.assertEqual(self.finish(launch).code, 0)
        self.slow("UpdateEnvironment")
        self.tranship(*self.arguments("2"), "--detach")
        self.beanstalk.pace = 0.1
        run = self.tranship("cancel", "dev", "--yes")
        self.assertEqual(self.gateway.actions("AbortEnvironmentUpdate"), ["AbortEnvironmentUpdate"])
        told = re.findall(r"(?m)^\d\d:\d\d:\d\d INFO +shop-dev  (.*)$", run.err)
        self.assertEqual(told[-2:], ["Rolling back the deployment.",
                                     "The environment was reverted to the previous configuration setting."], run)
        self.assertEqual(run.err.splitlines()[-1], "cancelled")
        self.assertIn(f"shop-dev runs {self.converged('1')}", run.err)


if __name__ == "__main__":
    unittest.main()
