"""Back to what ran before: a rollback without the manifest, an update that is cancelled, a deployment that nobody waits for."""

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
