"""Whose a stack or an environment is, and whose the credentials are: nothing of another project or account is touched."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from beanstalk_case import BeanstalkCase  # noqa: E402
from stacks import StackCase  # noqa: E402
from test_cloudformation import LAPTOP, MANIFEST  # noqa: E402

CHANGING = ("CreateChangeSet", "ExecuteChangeSet", "DeleteStack", "UpdateStack", "CreateBucket", "PutBucket", "PutObject")
ORIGIN = '[remote "origin"]\n\turl = %s\n'
OTHER = """
Resources:
  Precious:
    Type: AWS::SQS::Queue
"""


class Stacks(StackCase):
    def setUp(self):
        super().setUp()
        self.write("compose.yaml", MANIFEST % LAPTOP)
        self.write("secret", "given\n")

    def tags(self):
        (stack,) = self.stacks.describe_stacks(StackName=self.stack)["Stacks"]
        return {one["Key"]: one["Value"] for one in stack["Tags"]}

    def resources(self):
        return {one["LogicalResourceId"] for one in self.stacks.describe_stack_resources(StackName=self.stack)["StackResources"]}

    def foreign(self):
        """A stack of that name that another tool made."""
        self.stacks.create_stack(StackName=self.stack, TemplateBody=OTHER)
        self.assertEqual(self.settled(), "CREATE_COMPLETE")
        self.gateway.reset()

    def settled(self):
        from gateway import wait_until
        wait_until(lambda: not self.state().endswith("_IN_PROGRESS"))
        return self.state()

    def test_a_stack_that_others_made_is_refused_and_can_be_taken_over(self):
        flags = self.values("--set", "APP_VERSION=1")
        self.foreign()
        for command in (["deploy", "prod", "--yes", "--set", "APP_VERSION=1", *flags], ["down", "prod", "--yes"]):
            run = self.tranship(*command, expect=2)
            self.assertIn("the stack shop-prod was not deployed by this project", run.err)
            self.assertIn("`--adopt`", run.err)
        self.assertEqual(self.gateway.actions(*CHANGING), [])
        self.assertEqual(self.resources(), {"Precious"})
        run = self.deploy("--set", "APP_VERSION=1", "--adopt")
        self.assertEqual(self.changed(run)["Precious"], ("remove", "AWS::SQS::Queue"))
        self.assertNotIn("Precious", self.resources())
        self.assertIn("no changes", self.again("--set", "APP_VERSION=1").err)

    def test_the_mark_tells_projects_environments_and_repositories_apart(self):
        self.write(".git/config", ORIGIN % "git@github.com:acme/shop.git")
        self.deploy("--set", "APP_VERSION=1")
        tags = self.tags()
        self.assertEqual((tags["tranship:project"], tags["tranship:environment"]), ("shop", "prod"))
        self.assertRegex(tags["tranship:repository"], "^[0-9a-f]{16}$")
        self.gateway.reset()
        text = MANIFEST % LAPTOP
        self.write(".git/config", ORIGIN % "https://github.com/other/shop")
        self.assertIn("in another repository", self.again("--set", "APP_VERSION=1", expect=2).err)
        self.write(".git/config", ORIGIN % "https://me@github.com/acme/shop")
        self.write("compose.yaml", text.replace("name: shop", "name: blog").replace("region:", "stack: shop-prod, region:"))
        self.assertIn("belongs to the project `shop`", self.again("--set", "APP_VERSION=1", expect=2).err)
        self.write("compose.yaml", text.replace("prod:", "beta:").replace("region:", "stack: shop-prod, region:"))
        self.assertIn("environment `prod`", self.tranship("deploy", "beta", "--yes", "--set", "APP_VERSION=1", expect=2).err)
        self.assertEqual(self.gateway.actions(*CHANGING), [])
        self.write("compose.yaml", text)
        self.assertIn("no changes", self.again("--set", "APP_VERSION=1").err)

    def test_another_account_is_refused_before_anything_is_done(self):
        flags = self.values("--set", "APP_VERSION=1")
        self.gateway.reset()
        self.write("compose.yaml", (MANIFEST % LAPTOP).replace("region:", "account: '123456789012', region:"))
        for command in (["deploy", "prod", "--yes", "--set", "APP_VERSION=1", *flags], ["down", "prod", "--yes"], ["status", "prod"]):
            run = self.tranship(*command, expect=4)
            self.assertIn("the credentials are of account 000000000000, but `account` of the environment is 123456789012", run.err)
            self.assertIn("--aws-profile", run.err)
        self.assertEqual({call.action for call in self.gateway.calls}, {"GetCallerIdentity"})

    def test_a_region_that_does_not_exist_is_a_compile_error(self):
        self.write("compose.yaml", (MANIFEST % LAPTOP).replace("us-east-1", "us-east1-a"))
        run = self.again("--set", "APP_VERSION=1", expect=2)
        self.assertIn("us-east1-a", run.err)
        self.write("compose.yaml", (MANIFEST % LAPTOP).replace("us-east-1", "eu-west-9"))
        run = self.again("--set", "APP_VERSION=1", expect=2)
        self.assertIn("a region that AWS has", run.err)
        self.assertEqual(self.gateway.calls, [])

    def test_the_flag_wins_over_keys_in_the_environment_and_the_banner_says_so(self):
        self.write(".aws/config", "[profile ops]\nregion = us-east-1\n")
        self.write(".aws/credentials", "[ops]\naws_access_key_id = AKIDOFPROFILE\naws_secret_access_key = x\n")
        keys = []
        handle = self.gateway._answer
        self.addCleanup(setattr, self.gateway, "_answer", handle)

        def watch(request, *more):
            keys.append(request.headers["Authorization"].split("Credential=")[1].split("/")[0])
            return handle(request, *more)

        self.gateway._answer = watch
        run = self.tranship("status", "prod", "--aws-profile", "ops", expect=1)
        self.assertIn("credentials from profile ops (--aws-profile)", run.err)
        self.assertEqual(set(keys), {"AKIDOFPROFILE"})
        keys.clear()
        run = self.tranship("status", "prod", expect=1, AWS_PROFILE="ops")
        self.assertIn("credentials from AWS_ACCESS_KEY_ID; AWS_PROFILE=ops is not used", run.err)
        self.assertEqual(set(keys), {"test"})
        run = self.tranship("status", "prod", expect=1, AWS_PROFILE="ops", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
        self.assertIn("credentials from profile ops (AWS_PROFILE)", run.err)
        run = self.tranship("status", "prod", "--aws-profile", "nobody", expect=4)
        self.assertIn("nobody", run.err)
        self.assertIn("aws configure --profile nobody", run.err)
        self.assertLessEqual(len(run.err.splitlines()), 4, run)


class Environments(BeanstalkCase):
    def test_an_environment_of_another_project_is_refused_and_can_be_taken_over(self):
        self.tranship(*self.arguments())
        (environment,) = self.beanstalk.environments
        self.assertEqual(environment["_tags"], {"tranship:project": "shop", "tranship:environment": "dev"})
        environment["_tags"] = {"owner": "somebody"}
        self.gateway.reset()
        for command in (["deploy", "dev", "--yes", "--set", "APP_VERSION=2"], ["down", "dev", "--yes"]):
            run = self.tranship(*command, expect=2)
            self.assertIn("the environment shop-dev was not deployed by this project", run.err)
        self.assertEqual(self.gateway.actions("UpdateEnvironment", "TerminateEnvironment", "CreateApplicationVersion"), [])
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=2", "--adopt")
        self.converged("2")
        self.assertEqual(environment["_tags"]["tranship:project"], "shop")
        self.assertEqual(environment["_tags"]["owner"], "somebody")
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=3")
        self.converged("3")

    def test_force_deploys_the_same_version_again(self):
        self.tranship(*self.arguments("1"))
        self.gateway.reset()
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=1", "--force")
        self.assertEqual(len(self.gateway.actions("UpdateEnvironment")), 1)
        self.converged("1")
        run = self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=1", "--force", "--service", "app", expect=2)
        self.assertIn("as a whole", run.err)


if __name__ == "__main__":
    unittest.main()
