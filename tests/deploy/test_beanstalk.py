"""`tranship deploy`, `status` and `down` of the target beanstalk, against an Elastic Beanstalk that takes time."""

import json
import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import beanstalk_life  # noqa: E402
import canary  # noqa: E402
from beanstalk_case import GIVEN, LAPTOP, MANIFEST, BeanstalkCase  # noqa: E402
from beanstalk_emulator import Bundle  # noqa: E402
from beanstalk_life import Life  # noqa: E402
from world import ACCOUNT, REGION, client  # noqa: E402


class Deploy(Life, BeanstalkCase):
    def taken_down(self, run):
        self.assertIn("terminateEnvironment completed successfully", run.err)
        self.assertNotIn("createEnvironment is starting", run.err, "only the events of this termination")

    def test_nothing_that_the_bundle_can_carry_goes_through_the_api(self):
        self.tranship(*self.arguments())
        self.assertEqual(self.beanstalk.environments[0]["_api"], {})

    def test_the_role_of_the_task_exists_before_its_environment_and_goes_after_it(self):
        self.write("compose.yaml", (MANIFEST % LAPTOP).replace(f', account: "{ACCOUNT}"', ""))
        self.tranship(*self.arguments())
        label = self.live()[0]["VersionLabel"]
        run = json.loads(Bundle(self.bundle(label)).archive.read("Dockerrun.aws.json"))
        self.assertEqual(run["executionRoleArn"], f"arn:aws:iam::{ACCOUNT}:role/shop-dev-execution")
        self.assertEqual(self.roles(), ["shop-dev-execution"])
        order = self.gateway.actions("ExecuteChangeSet", "CreateApplicationVersion", "CreateEnvironment")
        self.assertEqual(order, ["ExecuteChangeSet", "CreateApplicationVersion", "CreateEnvironment"])
        self.tranship("down", "dev", "--yes")
        self.assertEqual(self.roles(), [])

    def roles(self):
        stacks = client("cloudformation", self.gateway.url).list_stacks()["StackSummaries"]
        return [one["StackName"] for one in stacks if one["StackName"] == "shop-dev-execution" and one["StackStatus"] != "DELETE_COMPLETE"]

    def test_the_bucket_is_private_encrypted_and_tls_only(self):
        self.tranship(*self.arguments())
        bucket = f"tranship-{ACCOUNT}-{REGION}"
        closed = self.aws("s3api", "get-public-access-block", "--bucket", bucket)["PublicAccessBlockConfiguration"]
        self.assertEqual(set(closed.values()), {True})
        self.aws("s3api", "get-bucket-encryption", "--bucket", bucket)
        self.assertIn("aws:SecureTransport", self.aws("s3api", "get-bucket-policy", "--bucket", bucket)["Policy"])
        self.assertEqual(self.aws("s3api", "get-bucket-versioning", "--bucket", bucket)["Status"], "Enabled")

    def test_a_failed_launch_and_a_failed_update_are_failures_with_their_own_reason(self):
        arguments = self.arguments("1")
        self.beanstalk.fail_next("shop-dev", "the image cannot be pulled")
        run = self.tranship(*arguments, expect=1)
        self.assertIn("the image cannot be pulled", run.err.splitlines()[-4:][0] + run.err)
        self.assertIn("error:", run.err)
        self.tranship(*self.arguments("1"))
        self.converged("1")
        self.beanstalk.fail_next("shop-dev", "the container does not start")
        run = self.tranship(*self.arguments("2"), expect=1)
        self.assertRegex(run.err, r"error: .*the container does not start")
        self.tranship(*self.arguments("2"))
        self.converged("2")

    def test_no_secret_is_anywhere(self):
        self.tranship(*self.arguments())
        self.tranship("build", "dev", "--set", "APP_VERSION=1")
        self.tranship("status", "dev")
        self.beanstalk.fail_next("shop-dev", "broken")
        self.tranship(*self.arguments("2"), expect=1)
        self.assertEqual(canary.found(self, LAPTOP, GIVEN), [])
        (secret,) = client("secretsmanager", self.gateway.url).list_secrets()["SecretList"]
        value = client("secretsmanager", self.gateway.url).get_secret_value(SecretId=secret["ARN"])
        self.assertEqual(value["SecretString"], GIVEN)

    def test_throttling_and_errors_of_the_service_are_tried_again(self):
        arguments = self.arguments()
        for action in ("DescribeEnvironments", "CreateApplicationVersion", "DescribeEvents", "PutObject"):
            self.gateway.throttle(action, 2)
        self.gateway.unavailable("CreateEnvironment", 1)
        self.tranship(*arguments)
        self.converged()

    def test_ctrl_c_and_the_end_of_patience_leave_the_deployment_going(self):
        arguments = self.arguments("1")
        started = []
        self.gateway.at("DescribeEvents", "after", lambda: started[0].send_signal(signal.SIGINT))
        started.append(self.start(*arguments))
        run = self.finish(started[0])
        self.assertEqual(run.code, 130, run)
        self.assertIn("continues at AWS", run.err)
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=1")
        self.converged("1")
        run = self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=2", "--timeout", "0", expect=5)
        self.assertIn("continues at AWS", run.err)
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=2")
        self.converged("2")
        self.assertEqual(self.gateway.actions("TerminateEnvironment"), [])

    def test_nothing_is_done_without_a_yes(self):
        arguments = [word for word in self.arguments() if word != "--yes"]
        run = self.tranship(*arguments, expect=2)
        self.assertIn("--yes", run.err)
        changing = ("CreateApplication", "CreateApplicationVersion", "CreateEnvironment", "PutObject", "CreateSecret")
        self.assertEqual(self.gateway.actions(*changing), [])


class Killed(beanstalk_life.Killed, BeanstalkCase):
    pass


if __name__ == "__main__":
    unittest.main()
