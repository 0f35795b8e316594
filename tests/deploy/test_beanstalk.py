"""`tranship deploy`, `status` and `down` of the target beanstalk, against an Elastic Beanstalk that takes time."""

import hashlib
import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import canary  # noqa: E402
from beanstalk_case import GIVEN, LAPTOP, BeanstalkCase  # noqa: E402
from beanstalk_emulator import Bundle  # noqa: E402
from world import ACCOUNT, REGION, client  # noqa: E402


class Deploy(BeanstalkCase):
    def test_create_then_nothing_then_a_new_version(self):
        first = self.tranship(*self.arguments("1"))
        self.assertIn("address=http://", first.out)
        self.assertIn("Successfully launched environment", first.err)
        self.assertIn("v4.7.10 running ECS", first.err)
        label = self.converged("1")

        self.gateway.reset()
        again = self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=1")
        self.assertIn("no changes", again.err)
        changing = ("CreateApplication", "CreateApplicationVersion", "CreateEnvironment", "UpdateEnvironment", "PutObject")
        self.assertEqual(self.gateway.actions(*changing), [])

        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=2")
        self.assertNotEqual(self.converged("2"), label)
        self.assertEqual(self.gateway.actions(*changing), ["PutObject", "CreateApplicationVersion", "UpdateEnvironment"])

        self.gateway.reset()
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=1")
        self.assertEqual(self.converged("1"), label)
        self.assertEqual(self.gateway.actions(*changing), ["UpdateEnvironment"], "going back uploads nothing")

    def test_what_aws_reads_back_is_what_was_compiled(self):
        self.tranship(*self.arguments())
        self.tranship("build", "dev", "--set", "APP_VERSION=1")
        built = (self.directory / "dist" / "dev" / "bundle.zip").read_bytes()
        (environment,) = self.aws("elasticbeanstalk", "describe-environments", "--application-name", "shop")["Environments"]
        (version,) = self.aws("elasticbeanstalk", "describe-application-versions")["ApplicationVersions"]
        self.assertEqual(environment["VersionLabel"], version["VersionLabel"])
        self.assertEqual(version["Status"], "Processed")
        source = version["SourceBundle"]
        self.aws("s3api", "get-object", "--bucket", source["S3Bucket"], "--key", source["S3Key"], "back.zip")
        back = (self.directory / "back.zip").read_bytes()
        self.assertEqual(hashlib.sha256(back).hexdigest(), hashlib.sha256(built).hexdigest())
        (settings,) = self.aws("elasticbeanstalk", "describe-configuration-settings", "--application-name", "shop",
                               "--environment-name", environment["EnvironmentName"])["ConfigurationSettings"]
        read = {(one["Namespace"], one["OptionName"]): one["Value"] for one in settings["OptionSettings"]}
        compiled = Bundle(built).settings()
        self.assertTrue(compiled)
        self.assertEqual({key: read.get(key) for key in compiled}, compiled)
        self.assertEqual(self.live()[0]["_api"], {}, "the bundle carries every setting that it can")

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
        self.tranship("status", "dev", "--set", "APP_VERSION=1")
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

    def test_status_and_down(self):
        run = self.tranship("status", "dev", "--set", "APP_VERSION=1", expect=1)
        self.assertIn("not deployed", run.out)
        self.tranship(*self.arguments())
        run = self.tranship("status", "dev", "--set", "APP_VERSION=1")
        self.assertIn("Ready", run.out)
        self.assertIn("Green", run.out)
        self.gateway.reset()
        run = self.tranship("down", "dev", "--set", "APP_VERSION=1", expect=2)
        self.assertIn("--yes", run.err)
        self.assertEqual(self.gateway.actions("TerminateEnvironment"), [])
        run = self.tranship("down", "dev", "--yes", "--set", "APP_VERSION=1")
        self.assertIn("terminateEnvironment completed successfully", run.err)
        self.assertNotIn("createEnvironment is starting", run.err, "only the events of this termination")
        self.assertEqual(self.live(), [])
        self.tranship("down", "dev", "--yes", "--set", "APP_VERSION=1")

    def test_ctrl_c_and_the_end_of_patience_leave_the_deployment_going(self):
        arguments = self.arguments("1")
        started = []
        self.gateway.at("DescribeEvents", "after", lambda: started[0].send_signal(signal.SIGINT))
        started.append(self.start(*arguments))
        run = self.finish(started[0])
        self.assertEqual(run.code, 130, run)
        self.assertIn("goes on at AWS", run.err)
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=1")
        self.converged("1")
        run = self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=2", "--timeout", "0", expect=5)
        self.assertIn("goes on at AWS", run.err)
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=2")
        self.converged("2")
        self.assertEqual(self.gateway.actions("TerminateEnvironment"), [])

    def test_nothing_is_done_without_a_yes(self):
        arguments = [word for word in self.arguments() if word != "--yes"]
        run = self.tranship(*arguments, expect=2)
        self.assertIn("--yes", run.err)
        changing = ("CreateApplication", "CreateApplicationVersion", "CreateEnvironment", "PutObject", "CreateSecret")
        self.assertEqual(self.gateway.actions(*changing), [])


class Killed(BeanstalkCase):
    """Killed at every step that changes something, before AWS heard of it and after; the next run converges."""

    STEPS = ("CreateSecret", "CreateApplication", "PutBucket", "PutBucketPolicy", "PutObject",
             "CreateApplicationVersion", "CreateEnvironment")

    def test_a_first_deploy_that_died_anywhere_is_completed_by_the_next(self):
        for action in self.STEPS:
            for when in ("before", "after"):
                with self.subTest(action=action, when=when):
                    self.setUp()
                    self.killed(action, when, *self.arguments())
                    self.tranship(*self.arguments())
                    self.converged()
                    self.assertEqual(len(self.beanstalk.environments), 1, "no second one was made")

    def test_an_update_that_died_is_followed_and_completed(self):
        self.tranship(*self.arguments("1"))
        for version, action, when in (("2", "UpdateEnvironment", "before"), ("3", "UpdateEnvironment", "after"),
                                      ("4", "DescribeEvents", "after")):
            with self.subTest(action=action, when=when):
                self.killed(action, when, *self.arguments(version))
                self.gateway.reset()
                self.tranship("deploy", "dev", "--yes", "--set", f"APP_VERSION={version}")
                self.converged(version)
                updates = 1 if when == "before" else 0
                self.assertEqual(len(self.gateway.actions("UpdateEnvironment")), updates)


if __name__ == "__main__":
    unittest.main()
