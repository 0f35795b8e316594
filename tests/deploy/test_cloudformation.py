"""`tranship deploy`, `status` and `down` of stacks: the compiled template, unedited, on a CloudFormation engine."""

import json
import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import canary  # noqa: E402
from gateway import wait_until  # noqa: E402
from stacks import StackCase  # noqa: E402
from world import client  # noqa: E402

LAPTOP, GIVEN = "canary-of-the-laptop-77aa", "canary-given-to-deploy-55bb"
MANIFEST = """
name: shop
services:
  app:
    image: registry.example.org/shop:${APP_VERSION}
    ports: ["8000:8000"]
    environment:
      SESSION_PASSWORD: %s
      PEER: http://worker:9000
  worker:
    image: registry.example.org/worker:1
    expose: ["9000"]
x-tranship:
  late_bound: [APP_VERSION]
  environments:
    prod: { target: fargate, region: us-east-1 }
"""


class Small(StackCase):
    """Two services and a secret, on Fargate."""

    def setUp(self):
        super().setUp()
        self.write("compose.yaml", MANIFEST % LAPTOP)
        self.write("secret", GIVEN + "\n")

    def converged(self):
        self.assertIn(self.state(), ("CREATE_COMPLETE", "UPDATE_COMPLETE"))
        self.assertEqual(self.change_sets(), [])
        live = [one for one in self.stacks.describe_stacks()["Stacks"] if one["StackStatus"] != "DELETE_COMPLETE"]
        self.assertEqual([one["StackName"] for one in live], [self.stack])
        clusters = client("ecs", self.upstream).list_clusters()["clusterArns"]
        self.assertEqual(len(clusters), 1)


class Deploy(Small):
    def test_what_aws_reads_back_is_what_was_compiled(self):
        self.deploy("--set", "APP_VERSION=1")
        self.tranship("build", "prod", "--set", "APP_VERSION=1")
        built = (self.directory / "dist" / "prod" / "template.yaml").read_text()
        back = self.aws("cloudformation", "get-template", "--stack-name", self.stack)["TemplateBody"]
        self.assertEqual(back if isinstance(back, str) else json.dumps(back), built)
        resources = self.aws("cloudformation", "describe-stack-resources", "--stack-name", self.stack)["StackResources"]
        self.assertEqual({one["ResourceStatus"] for one in resources}, {"CREATE_COMPLETE"})
        for one in resources:
            self.assertIn(f"\n  {one['LogicalResourceId']}:", built)
        (stack,) = self.aws("cloudformation", "describe-stacks", "--stack-name", self.stack)["Stacks"]
        read = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
        given = json.loads((self.directory / "dist" / "prod" / "parameters.json").read_text())["Parameters"]
        self.assertEqual({name: read.get(name) for name in given}, given)

    def test_create_then_nothing_then_a_new_image(self):
        first = self.deploy("--set", "APP_VERSION=1")
        self.assertTrue(self.changed(first))
        self.converged()
        self.gateway.reset()
        run = self.again("--set", "APP_VERSION=1")
        self.assertIn("no changes", run.err)
        self.assertEqual(self.gateway.actions("ExecuteChangeSet"), [])
        run = self.again("--set", "APP_VERSION=2")
        changed = self.changed(run)
        self.assertTrue(changed)
        self.assertEqual({kind for _, kind in changed.values()}, {"AWS::ECS::TaskDefinition", "AWS::ECS::Service"}, run)
        self.assertEqual(len(changed), 2, "the other service is left alone")
        self.assertNotIn("replace", {verb for verb, _ in changed.values()}, run)
        self.converged()
        run = self.again()
        self.assertIn("no changes", run.err, "what is not given is kept")

    def test_parameters_come_from_a_file_too_and_a_wrong_one_is_named(self):
        flags = self.values("--set", "APP_VERSION=1")
        pairs = dict(one.split("=", 1) for one in flags if "=" in one and "@" not in one)
        secrets = [word for index, word in enumerate(flags) if "--secret" in flags[max(index - 1, 0):index + 1]]
        self.write("values.json", json.dumps({"Parameters": {**pairs, "VpcIt": "x"}}))
        run = self.again("--set", "APP_VERSION=1", "--parameter-file", "values.json", *secrets, expect=2)
        self.assertIn("VpcIt", run.err)
        self.write("values.json", json.dumps({"Parameters": pairs}))
        self.again("--set", "APP_VERSION=1", "--parameter-file", "values.json", *secrets)
        self.converged()

    def test_nothing_is_done_without_a_yes_and_nothing_stays(self):
        flags = self.values("--set", "APP_VERSION=1")
        run = self.tranship("deploy", "prod", "--set", "APP_VERSION=1", *flags, expect=2)
        self.assertIn("--yes", run.err)
        self.assertEqual(self.gateway.actions("ExecuteChangeSet"), [])
        self.assertIn(self.state(), (None, "DELETE_COMPLETE"))

    def test_no_secret_is_anywhere(self):
        self.deploy("--set", "APP_VERSION=1")
        self.tranship("build", "prod", "--set", "APP_VERSION=1")
        self.tranship("status", "prod")
        self.assertEqual(canary.found(self, LAPTOP, GIVEN), [])
        secrets = client("secretsmanager", self.upstream)
        values = [secrets.get_secret_value(SecretId=one["ARN"])["SecretString"] for one in secrets.list_secrets()["SecretList"]]
        self.assertIn(GIVEN, values)
        self.assertNotIn(LAPTOP, values)

    def test_throttling_and_errors_of_the_service_are_tried_again(self):
        flags = self.values("--set", "APP_VERSION=1")
        for action in ("DescribeStacks", "CreateChangeSet", "DescribeStackEvents"):
            self.gateway.throttle(action, 2)
        self.gateway.unavailable("DescribeChangeSet", 1)
        self.tranship("deploy", "prod", "--yes", "--set", "APP_VERSION=1", *flags)
        self.converged()

    def test_credentials_that_are_missing_or_expired_say_what_to_run(self):
        nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        run = self.again("--set", "APP_VERSION=1", expect=4, **nothing)
        self.assertIn("aws sso login", run.err)
        self.gateway.refuse("GetCallerIdentity", "ExpiredToken", "The security token included in the request is expired")
        run = self.again("--set", "APP_VERSION=1", expect=4)
        self.assertIn("expired", run.err)
        self.assertIn("aws sso login", run.err)

    def test_what_is_refused_for_lack_of_a_permission_is_said(self):
        self.gateway.refuse("CreateChangeSet", "AccessDenied", "not authorized to perform: cloudformation:CreateChangeSet")
        run = self.deploy("--set", "APP_VERSION=1", expect=1)
        self.assertIn("cloudformation:CreateChangeSet", run.err)

    def test_what_keeps_data_is_not_removed_unless_it_is_named(self):
        self.write("compose.yaml", MANIFEST % LAPTOP + "volumes: { uploads: {} }\n")
        text = (self.directory / "compose.yaml").read_text()
        with_volume = text.replace("    expose: [\"9000\"]", "    expose: [\"9000\"]\n    volumes: [\"uploads:/data\"]")
        self.write("compose.yaml", with_volume)
        self.deploy("--set", "APP_VERSION=1")
        self.write("compose.yaml", text)
        run = self.again("--set", "APP_VERSION=1", expect=2)
        (name,) = [name for name, (_, kind) in self.changed(run).items() if kind == "AWS::EFS::FileSystem"]
        self.assertIn(f"--allow-replacement {name}", run.err)
        self.converged()
        self.again("--set", "APP_VERSION=1", "--allow-replacement", name)
        self.converged()

    def test_ctrl_c_stops_following_and_deletes_nothing(self):
        flags = self.values("--set", "APP_VERSION=1")
        started = []
        self.gateway.at("ExecuteChangeSet", "after", lambda: started[0].send_signal(signal.SIGINT))
        started.append(self.start("deploy", "prod", "--yes", "--set", "APP_VERSION=1", *flags))
        run = self.finish(started[0])
        self.assertEqual(run.code, 130, run)
        self.assertIn("continues at AWS", run.err)
        self.assertEqual(self.gateway.actions("DeleteStack"), [])
        wait_until(lambda: self.state() == "CREATE_COMPLETE")
        self.again("--set", "APP_VERSION=1")
        self.converged()

    def test_status_and_down(self):
        run = self.tranship("status", "prod", expect=1)
        self.assertIn("not deployed", run.out)
        self.deploy("--set", "APP_VERSION=1")
        run = self.tranship("status", "prod", "--format", "json")
        self.assertEqual(json.loads(run.out)["state"], "CREATE_COMPLETE")
        run = self.tranship("down", "prod", expect=2)
        self.assertIn("--yes", run.err)
        self.assertEqual(self.state(), "CREATE_COMPLETE")
        self.tranship("down", "prod", "--yes")
        self.assertIn(self.state(), (None, "DELETE_COMPLETE"))
        self.tranship("down", "prod", "--yes")

    def test_down_keeps_data_unless_it_is_named(self):
        text = (MANIFEST % LAPTOP).replace("expose: [\"9000\"]", "expose: [\"9000\"]\n    volumes: [\"uploads:/data\"]")
        self.write("compose.yaml", text + "volumes: { uploads: {} }\n")
        files = client("efs", self.upstream)
        before = {one["FileSystemId"] for one in files.describe_file_systems()["FileSystems"]}
        for named in ([], ["--delete-data"]):
            with self.subTest(named=named):
                self.deploy("--set", "APP_VERSION=1")
                (name, identity), = [
                    (one["LogicalResourceId"], one["PhysicalResourceId"])
                    for one in self.stacks.describe_stack_resources(StackName=self.stack)["StackResources"]
                    if one["ResourceType"] == "AWS::EFS::FileSystem"]
                run = self.tranship("down", "prod", "--yes", *named, *([name] if named else []))
                self.assertIn(f"{identity} will be {'deleted with all' if named else 'kept'}", run.err)
                left = {one["FileSystemId"] for one in files.describe_file_systems()["FileSystems"]}
                self.assertEqual(identity in left - before, not named)


class Kept(Small):
    """File systems that `down` left, and a stack that comes again."""

    def files(self):
        found = self.stacks.describe_stack_resources(StackName=self.stack)["StackResources"]
        return [one["PhysicalResourceId"] for one in found if one["ResourceType"] == "AWS::EFS::FileSystem"]

    def test_a_new_stack_attaches_them_again_where_that_is_wanted(self):
        text = (MANIFEST % LAPTOP).replace("expose: [\"9000\"]", "expose: [\"9000\"]\n    volumes: [\"uploads:/data\"]")
        text = text.replace("us-east-1 }", "us-east-1, posture: prod }")
        self.write("compose.yaml", text + "volumes: { uploads: {} }\n")
        self.deploy("--set", "APP_VERSION=1")
        (first,) = self.files()
        self.tranship("down", "prod", "--yes")
        run = self.deploy("--set", "APP_VERSION=1", "--reattach")
        self.assertIn(f"was deleted and left {first}", run.err)
        self.assertEqual(self.files(), [first])
        self.assertIn("no changes", self.again("--set", "APP_VERSION=1").err)
        self.tranship("down", "prod", "--yes")
        flags = ["--set", "APP_VERSION=1", *self.values()]
        self.killed("CreateChangeSet", "before", "deploy", "prod", "--yes", *flags, "--reattach", ChangeSetType="UPDATE")
        status = self.tranship("status", "prod", expect=1).out
        self.assertIn("\n  reason: only what was kept is attached again; `tranship deploy ENV` goes on from there\n", status)
        self.gateway.reset()
        run = self.tranship("deploy", "prod", "--yes", *flags)
        self.assertIn("turning on the protection against deletion", run.err, "as after any first creation, which must be able to roll back")
        self.assertEqual((self.files(), len(self.gateway.actions("CreateChangeSet"))), ([first], 2))
        self.tranship("down", "prod", "--yes")
        run = self.deploy("--set", "APP_VERSION=1")
        self.assertIn("`--reattach` attaches those that were left", run.err)
        (second,) = self.files()
        self.assertNotEqual(second, first)
        self.converged()


class Killed(Small):
    """Killed at every step that changes something, before AWS heard of it and after; the next run converges."""

    def test_a_first_deploy_that_died_anywhere_is_completed_by_the_next(self):
        for action in ("CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DescribeStackEvents"):
            for when in ("before", "after"):
                with self.subTest(action=action, when=when):
                    self.clear()
                    self.killed(action, when, "deploy", "prod", "--yes", "--set", "APP_VERSION=1",
                                *self.values("--set", "APP_VERSION=1"))
                    self.deploy("--set", "APP_VERSION=1")
                    self.converged()

    def test_an_update_that_died_anywhere_is_completed_by_the_next(self):
        self.deploy("--set", "APP_VERSION=0")
        version = 0
        for action in ("CreateChangeSet", "ExecuteChangeSet"):
            for when in ("before", "after"):
                with self.subTest(action=action, when=when):
                    version += 1
                    self.killed(action, when, "deploy", "prod", "--yes", "--set", f"APP_VERSION={version}")
                    self.again("--set", f"APP_VERSION={version}")
                    self.converged()
                    self.assertIn("no changes", self.again("--set", f"APP_VERSION={version}").err)

    def test_a_down_that_died_is_completed_by_the_next(self):
        for when in ("before", "after"):
            with self.subTest(when=when):
                self.deploy("--set", "APP_VERSION=1")
                self.killed("DeleteStack", when, "down", "prod", "--yes")
                self.tranship("down", "prod", "--yes")
                self.assertIn(self.state(), (None, "DELETE_COMPLETE"))


class Large(Small):
    """A template past the inline limit goes through the bucket."""

    def test_a_large_template_is_uploaded_once(self):
        more = "".join(f"  worker{n}:\n    image: registry.example.org/worker:1\n    expose: [\"9000\"]\n" for n in range(25))
        self.write("compose.yaml", (MANIFEST % LAPTOP).replace("x-tranship:", more + "x-tranship:"))
        self.killed("PutObject", "before", "deploy", "prod", "--yes", "--set", "APP_VERSION=1",
                    *self.values("--set", "APP_VERSION=1"))
        self.deploy("--set", "APP_VERSION=1")
        self.converged()
        self.gateway.reset()
        self.assertIn("no changes", self.again("--set", "APP_VERSION=1").err)
        self.assertEqual(self.gateway.actions("PutObject", "CreateBucket", "PutBucket"), [])


if __name__ == "__main__":
    unittest.main()
