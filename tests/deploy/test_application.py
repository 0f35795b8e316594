"""The application that every target is tried on, through its life on a CloudFormation engine.

The task runner's Lambda really runs; the test plays the ECS agent and ends the migration's task.
"""

import json
import pathlib
import shutil
import sys
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import canary  # noqa: E402
from beanstalk_case import BeanstalkCase  # noqa: E402
from beanstalk_emulator import Bundle  # noqa: E402
from stacks import Agent, StackCase  # noqa: E402
from world import ROOT, client  # noqa: E402

GIVEN = "canary-given-to-deploy-33cc"
REVISED = {"AWS::ECS::TaskDefinition", "AWS::ECS::Service", "Custom::TaskRun"}


class Application(StackCase):
    """The application that every target is tried on: a database, a migration, a sidecar, an init container."""

    def setUp(self):
        super().setUp()
        shutil.copy(ROOT / "fixtures" / "todobackend" / "compose.yaml", self.directory / "compose.yaml")
        self.write("secret", GIVEN + "\n")
        self.agent = Agent(self.upstream)
        self.addCleanup(self.agent.stop)

    def lifecycle(self):
        """Create, update with a migration that fails, update with one that succeeds, down."""
        self.agent.code = 1
        run = self.deploy("--set", "APP_VERSION=1", expect=1)
        self.assertRegex(run.err, r"error: .*exit code 1")
        self.assertEqual(self.state(), "ROLLBACK_COMPLETE")
        self.agent.code = 0
        run = self.deploy("--set", "APP_VERSION=1")
        self.assertIn("cleaning up", run.err)
        self.assertEqual(self.state(), self.created)
        self.assertEqual([one["DeletionProtection"] for one in client("rds", self.upstream).describe_db_instances()["DBInstances"]],
                         [self.created == "UPDATE_COMPLETE"], "protection comes after the first success")
        migrated = len(self.agent.ended)
        self.assertGreaterEqual(migrated, 2)
        self.assertIn("no changes", self.again("--set", "APP_VERSION=1").err)

        self.agent.code = 1
        run = self.again("--set", "APP_VERSION=2", expect=1)
        self.assertRegex(run.err, r"error: .*exit code 1")
        self.assertEqual(self.state(), "UPDATE_ROLLBACK_COMPLETE")
        self.assertEqual(len(self.agent.ended), migrated + 1, "the rollback does not run the old migration")
        self.agent.code = 0
        run = self.again("--set", "APP_VERSION=2")
        changed = self.changed(run)
        self.assertTrue(changed)
        self.assertEqual({kind for _, kind in changed.values()}, REVISED, run)
        self.assertEqual({name for name in changed if "Xray" in name}, set(), "the sidecar's image is the same")
        self.assertEqual(self.agent.ended[-1][1], 0)

        self.assertEqual(canary.found(self, "not-a-secret-on-a-laptop", GIVEN), [])
        before = len(self.agent.ended)
        run = self.tranship("down", self.environment_name, "--yes")
        self.assertRegex(run.err, r"AWS::RDS::DBInstance\) \S+ will be (kept|deleted; a snapshot)")
        self.assertIn(self.state(), (None, "DELETE_COMPLETE"))
        self.assertEqual(len(self.agent.ended), before, "a deletion runs no migration")


class ApplicationOnFargate(Application):
    environment_name, stack = "prod", "todobackend-prod"
    created = "UPDATE_COMPLETE"  # the protection against deletion is turned on

    def test_lifecycle(self):
        self.lifecycle()


class ApplicationOnInstances(Application):
    environment_name, stack = "staging", "todobackend-staging"
    created = "CREATE_COMPLETE"

    def test_lifecycle(self):
        self.lifecycle()


class ApplicationWithItsDatabase(BeanstalkCase):
    """The application as it is: its database is an RDS instance among the environment's resources."""

    def test_lifecycle(self):
        shutil.copy(ROOT / "fixtures" / "todobackend" / "compose.yaml", self.directory / "compose.yaml")
        for version in ("1", "2"):
            self.tranship("deploy", "dev", "--yes", "--set", f"APP_VERSION={version}")
            (environment,) = self.live()
            self.assertTrue(environment["VersionLabel"], environment)
            self.assertEqual(self.beanstalk.environments[0]["_api"], {}, "the bundle carries every setting")
        bundle = Bundle(self.bundle(environment["VersionLabel"], environment["ApplicationName"])).archive
        resources = bundle.read(".ebextensions/25-databases.config").decode()
        self.assertIn("AWS::RDS::DBInstance", resources)
        self.assertIn('todobackend:2"', bundle.read("Dockerrun.aws.json").decode())
        self.assertEqual(canary.found(self, "not-a-secret-on-a-laptop"), [])
        self.tranship("down", "dev", "--yes", "--set", "APP_VERSION=2")
        self.assertEqual(self.live(), [])


class ApplicationOnBeanstalk(BeanstalkCase):
    """The same application with the environment's own database."""

    def setUp(self):
        super().setUp()
        manifest = yaml.safe_load((ROOT / "fixtures" / "todobackend" / "compose.yaml").read_text())
        for service in manifest["services"].values():
            if "image" in service:
                service.pop("build", None)
        manifest["services"]["db"]["x-tranship"]["database"]["coupled"] = True
        manifest["x-tranship"]["environments"]["dev"]["platform"] = "docker"
        self.write("compose.yaml", json.dumps(manifest))

    def test_lifecycle(self):
        """The database gets a password that nobody knows, once, and is not lost by accident."""
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=1")
        (environment,) = self.beanstalk.environments
        password = environment["_api"].pop(("aws:rds:dbinstance", "DBPassword"))
        self.assertRegex(password, r"^[A-Za-z0-9]{32}$")
        self.assertEqual(environment["_api"], {}, "the bundle carries every other setting")
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=2")
        self.assertEqual(environment["_api"], {}, "the password is given once")
        self.assertEqual(canary.found(self, "not-a-secret-on-a-laptop", password), [])
        run = self.tranship("down", "dev", "--yes", "--set", "APP_VERSION=2")
        self.assertRegex(run.err, "database will be (kept|deleted; a snapshot)")
        self.assertEqual(self.live(), [])

    def test_a_database_that_comes_later_gets_its_password(self):
        whole = (self.directory / "compose.yaml").read_text()
        self.write("compose.yaml", json.dumps({
            "name": "todobackend", "services": {"app": {"image": "todobackend:1", "ports": ["8000:8000"]}},
            "x-tranship": {"environments": {"dev": {"target": "beanstalk", "platform": "docker", "region": "us-east-1"}}}}))
        self.tranship("deploy", "dev", "--yes")
        (environment,) = self.beanstalk.environments
        self.assertEqual(environment["_api"], {})
        self.write("compose.yaml", whole)
        for version, updates in (("2", 2), ("3", 1)):
            self.gateway.reset()
            self.tranship("deploy", "dev", "--yes", "--set", f"APP_VERSION={version}")
            self.assertEqual(len(self.gateway.actions("UpdateEnvironment")), updates)
            self.assertRegex(environment["_api"]["aws:rds:dbinstance", "DBPassword"], r"^[A-Za-z0-9]{32}$")
        self.assertEqual(self.bundle_settings(environment)["aws:rds:dbinstance", "HasCoupledDatabase"], "true")

    def bundle_settings(self, environment):
        """The settings in the bundle that an environment runs."""
        return Bundle(self.bundle(environment["VersionLabel"], environment["ApplicationName"])).settings()

    def test_settings_come_before_the_version_for_one_call_may_not_carry_both(self):
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=1")
        self.write("secret", GIVEN + "\n")
        update = ["deploy", "dev", "--yes", "--set", "APP_VERSION=2", "--secret", "DBPassword=@secret"]
        self.killed("UpdateEnvironment", "after", *update)
        self.gateway.reset()
        self.tranship(*update)
        made = [call.form for call in self.gateway.calls if call.action == "UpdateEnvironment"]
        self.assertEqual([("VersionLabel" in one, "OptionSettings.member.1.Value" in one) for one in made],
                         [(False, True), (True, False)])
        (environment,) = self.beanstalk.environments
        self.assertEqual(environment["_api"], {("aws:rds:dbinstance", "DBPassword"): GIVEN})
        self.assertRegex(self.bundled(environment), r"todobackend:2\b")

    def bundled(self, environment):
        """The Compose file that an environment runs."""
        data = self.bundle(environment["VersionLabel"], environment["ApplicationName"])
        return Bundle(data).archive.read("docker-compose.yml").decode()

    def test_settings_that_fail_are_a_failure_and_not_what_runs(self):
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=1")
        (environment,) = self.live()
        self.write("secret", GIVEN + "\n")
        self.beanstalk.fail_next(environment["EnvironmentName"], "the password is too simple")
        run = self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=2", "--secret", "DBPassword=@secret", expect=1)
        self.assertRegex(run.err, "error: .*applying the new settings failed: .*the password is too simple")
        self.assertEqual(self.live()[0]["VersionLabel"], environment["VersionLabel"], "the version was not touched")
        # A draft that failed says that nothing is kept; what runs says that a snapshot is.
        self.beanstalk.fail_next(environment["EnvironmentName"], "no")
        self.aws("elasticbeanstalk", "update-environment", "--environment-name", environment["EnvironmentName"],
                 "--option-settings", "Namespace=aws:rds:dbinstance,OptionName=DBDeletionPolicy,Value=Delete")
        run = self.tranship("down", "dev", "--yes", "--set", "APP_VERSION=1")
        self.assertRegex(run.err, "database will be deleted; a snapshot")


if __name__ == "__main__":
    unittest.main()
