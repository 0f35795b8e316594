"""The life of a Beanstalk environment. Every engine must agree with these tests; each adds a case to the class."""

import hashlib

from beanstalk_emulator import Bundle

CHANGING = ("CreateApplication", "CreateApplicationVersion", "CreateEnvironment", "UpdateEnvironment", "PutObject")


class Life:
    """Created, left alone, updated, gone back, looked at, taken down."""

    # Whether the engine reads the settings in the bundles, as the service does.
    reads_bundles = True

    def test_create_then_nothing_then_a_new_version(self):
        first = self.tranship(*self.arguments("1"))
        self.assertIn("address=http://", first.out)
        self.assertIn("Successfully launched environment", first.err)
        self.assertIn("v4.7.10 running ECS", first.err)
        label = self.converged("1")

        self.gateway.reset()
        again = self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=1")
        self.assertIn("no changes", again.err)
        self.assertEqual(self.gateway.actions(*CHANGING), [])

        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=2")
        self.assertNotEqual(self.converged("2"), label)
        self.assertEqual(self.changes(), ["PutObject", "CreateApplicationVersion", "UpdateEnvironment"])

        self.gateway.reset()
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=1")
        self.assertEqual(self.converged("1"), label)
        self.assertEqual(self.changes(), ["UpdateEnvironment"], "going back uploads nothing")

    def test_what_aws_reads_back_is_what_was_compiled(self):
        self.tranship(*self.arguments())
        self.tranship("build", "dev", "--set", "APP_VERSION=1")
        built = (self.directory / "dist" / "dev" / "bundle.zip").read_bytes()
        (environment,) = self.aws("elasticbeanstalk", "describe-environments", "--application-name", "shop",
                                  "--no-include-deleted")["Environments"]
        (version,) = self.aws("elasticbeanstalk", "describe-application-versions")["ApplicationVersions"]
        self.assertEqual(environment["VersionLabel"], version["VersionLabel"])
        self.assertEqual(version["Status"], "Processed")
        source = version["SourceBundle"]
        self.aws("s3api", "get-object", "--bucket", source["S3Bucket"], "--key", source["S3Key"], "back.zip")
        back = (self.directory / "back.zip").read_bytes()
        self.assertEqual(hashlib.sha256(back).hexdigest(), hashlib.sha256(built).hexdigest())
        compiled = Bundle(built).settings()
        self.assertTrue(compiled)
        read = self.settings("shop", environment["EnvironmentName"])
        if self.reads_bundles:
            self.assertEqual({key: read.get(key) for key in compiled}, compiled)
        else:
            self.assertEqual(read, {}, "the bundle carries every setting that it can")

    def test_status_and_down(self):
        run = self.tranship("status", "dev", expect=1)
        self.assertIn("not deployed", run.out)
        self.tranship(*self.arguments())
        run = self.tranship("status", "dev")
        self.assertIn("Ready", run.out)
        self.assertIn("Green", run.out)
        self.gateway.reset()
        run = self.tranship("down", "dev", expect=2)
        self.assertIn("--yes", run.err)
        self.assertEqual(self.gateway.actions("TerminateEnvironment"), [])
        self.taken_down(self.tranship("down", "dev", "--yes"))
        self.assertEqual(self.live(), [])
        run = self.tranship("down", "dev", "--yes")
        self.assertIn("nothing to do", run.err)

    def changes(self):
        """The calls that change an environment. The records of its stacks are not counted: an engine may list what did not change."""
        calls = [call for call in self.gateway.calls if call.action in CHANGING]
        return [call.action for call in calls if call.action != "PutObject" or call.body.startswith(b"PK")]

    def taken_down(self, run):
        """What more the output of `down` must hold."""

    def settings(self, application, environment):
        """The option settings of an environment, as the `aws` command line reads them."""
        found = self.aws("elasticbeanstalk", "describe-configuration-settings", "--application-name", application,
                         "--environment-name", environment)["ConfigurationSettings"]
        return {(one["Namespace"], one["OptionName"]): one.get("Value")
                for configuration in found for one in configuration["OptionSettings"]}


class Killed:
    """Killed at every step that changes something, before AWS heard of it and after; the next run converges."""

    steps = ("CreateSecret", "CreateApplication", "PutBucket", "PutBucketPolicy", "PutObject",
             "CreateApplicationVersion", "CreateEnvironment")

    def test_a_first_deploy_that_died_anywhere_is_completed_by_the_next(self):
        for action in self.steps:
            for when in ("before", "after"):
                with self.subTest(action=action, when=when):
                    self.setUp()
                    self.killed(action, when, *self.arguments())
                    self.tranship(*self.arguments())
                    self.converged()

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

    def test_a_down_that_died_is_completed_by_the_next(self):
        for when in ("before", "after"):
            with self.subTest(when=when):
                self.setUp()
                self.tranship(*self.arguments())
                self.killed("TerminateEnvironment", when, "down", "dev", "--yes")
                self.tranship("down", "dev", "--yes")
                self.assertEqual(self.live(), [])
