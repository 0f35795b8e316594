"""Two deployments at once, and answers that are lost: nothing is done twice, nothing of another run is swept away."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from beanstalk_case import BeanstalkCase  # noqa: E402
from stacks import StackCase  # noqa: E402
from test_cloudformation import LAPTOP, MANIFEST  # noqa: E402
from test_terminal import Terminal  # noqa: E402
from world import client  # noqa: E402


class Stacks(StackCase):
    def setUp(self):
        super().setUp()
        self.write("compose.yaml", MANIFEST % LAPTOP)
        self.write("secret", "given\n")
        self.deploy("--set", "APP_VERSION=1")
        self.gateway.reset()

    def image(self):
        (stack,) = self.stacks.describe_stacks(StackName=self.stack)["Stacks"]
        return {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}["AppVersion"]

    def reviewing(self, version):
        """A run that waits at its question."""
        terminal = Terminal(self, "deploy", "prod", "--set", f"APP_VERSION={version}")
        terminal.read(r"\[y/N\] $")
        return terminal

    def test_a_plan_under_review_is_not_swept_away(self):
        first = self.reviewing("2")
        (plan,) = self.change_sets()
        self.assertRegex(plan, r"^tranship-\d+-[0-9a-f]{8}-\d+-root$")
        second = self.reviewing("3")
        self.assertRegex(second.said, r"another plan is waiting: by root, 0 minutes ago")
        self.assertEqual(len(self.change_sets()), 2)
        second.answer(r"\[y/N\] $", "n")
        self.assertEqual(second.finish(), 1)
        self.assertEqual(self.change_sets(), [plan])
        first.answer(r"\[y/N\] $", "y")
        self.assertEqual(first.finish(), 0, first.said)
        self.assertEqual(self.image(), "2")

    def test_the_loser_is_told_who_was_faster(self):
        loser = self.reviewing("2")
        self.again("--set", "APP_VERSION=3")
        loser.answer(r"\[y/N\] $", "y")
        self.assertEqual(loser.finish(), 1, loser.said)
        self.assertIn("another deployment of the stack, by root, began first: this plan is void", loser.said)
        self.assertIn("nothing of this plan was done", loser.said)
        self.assertEqual(self.image(), "3")
        self.assertEqual(self.change_sets(), [])

    def test_what_a_killed_run_left_is_swept(self):
        self.killed("DescribeChangeSet", "after", "deploy", "prod", "--yes", "--set", "APP_VERSION=2")
        self.assertEqual(len(self.change_sets()), 1)
        self.again("--set", "APP_VERSION=1")
        self.assertEqual(self.change_sets(), [])

    def test_a_busy_stack_says_whose_work_it_is(self):
        self.killed("ExecuteChangeSet", "after", "deploy", "prod", "--yes", "--set", "APP_VERSION=2")
        run = self.again("--set", "APP_VERSION=2")
        if "waiting for it to finish" in run.err:
            self.assertIn("by root: waiting for it to finish", run.err)
        self.assertEqual(self.image(), "2")

    def test_lost_answers_are_recognised(self):
        for version, action in ((2, "CreateChangeSet"), (3, "ExecuteChangeSet")):
            with self.subTest(action=action):
                self.gateway.at(action, "after", lambda: None)
                run = self.again("--set", f"APP_VERSION={version}")
                self.assertEqual(len(self.gateway.actions(action)), 2, run)
                self.assertEqual(self.image(), str(version))
                self.gateway.reset()
                self.assertIn("no changes", self.again("--set", f"APP_VERSION={version}").err)
                self.gateway.reset()


class Environments(BeanstalkCase):
    def test_lost_answers_are_recognised(self):
        arguments = self.arguments("1")
        self.gateway.at("CreateEnvironment", "after", lambda: None)
        self.tranship(*arguments)
        self.converged("1")
        self.gateway.reset()
        self.gateway.at("UpdateEnvironment", "after", lambda: None)
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=2")
        self.converged("2")
        self.assertEqual(len(self.gateway.actions("UpdateEnvironment")), 2)
        self.gateway.reset()
        self.gateway.at("TerminateEnvironment", "after", lambda: None)
        self.tranship("down", "dev", "--yes")
        self.assertEqual(self.live(), [])

    def test_another_update_that_comes_first_is_waited_for(self):
        self.tranship(*self.arguments("1"))
        (environment,) = self.beanstalk.environments
        before = []

        def first():
            before.append(environment["VersionLabel"])
            self.beanstalk.pace = 1
            client("elasticbeanstalk", self.gateway.url).update_environment(EnvironmentName="shop-dev", OptionSettings=[
                {"Namespace": "aws:elasticbeanstalk:application:environment", "OptionName": "COLOUR", "Value": "red"}])

        self.gateway.at("UpdateEnvironment", "before", first)
        run = self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=2")
        self.assertIn("shop-dev is being updated: waiting for it to finish", run.err)
        self.converged("2")
        self.assertEqual(len(before), 1)


if __name__ == "__main__":
    unittest.main()
