"""A secret with another value reaches the tasks that read it, and `--force` starts new tasks of what has not changed."""

import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from stacks import StackCase  # noqa: E402
from test_cloudformation import LAPTOP, MANIFEST  # noqa: E402
from world import client  # noqa: E402

CALLS = ("CreateChangeSet", "ExecuteChangeSet", "UpdateService")


class NewTasks(StackCase):
    """`app` reads a secret, `worker` does not."""

    def setUp(self):
        super().setUp()
        self.write("compose.yaml", MANIFEST % LAPTOP)
        self.write("secret", "first\n")
        self.deploy("--set", "APP_VERSION=1")
        time.sleep(1.1)  # the engine dates secrets by whole seconds
        self.write("secret", "second\n")
        self.gateway.reset()

    def deployments(self):
        """The id of each service's newest deployment, by Compose name."""
        ecs, found = client("ecs", self.upstream), {}
        for cluster in ecs.list_clusters()["clusterArns"]:
            for arn in ecs.list_services(cluster=cluster)["serviceArns"]:
                (service,) = ecs.describe_services(cluster=cluster, services=[arn])["services"]
                (newest,) = [one for one in service["deployments"] if one["status"] == "PRIMARY"]
                self.assertEqual(newest["rolloutState"], "COMPLETED")
                found["app" if "App" in arn else "worker"] = newest["id"]
        return found

    def rolled(self, before):
        """The services with another deployment than before."""
        return {name for name, deployment in self.deployments().items() if before[name] != deployment}

    def test_a_rotated_secret_reaches_its_readers_once(self):
        before = self.deployments()
        run = self.again("--set", "APP_VERSION=1", "--secret", "SESSION_PASSWORD=@secret")
        self.assertNotIn("WorkerService", self.changed(run))
        self.assertIn("new tasks for app: SESSION_PASSWORD has another value", run.err)
        self.assertEqual(self.rolled(before), {"app"})
        self.gateway.reset()
        self.assertIn("no changes", self.again("--set", "APP_VERSION=1", "--secret", "SESSION_PASSWORD=@secret").err)
        self.assertEqual(self.gateway.actions("UpdateService", "ExecuteChangeSet"), [])

    def test_a_change_that_starts_the_tasks_anyway_starts_them_once(self):
        before = self.deployments()
        run = self.again("--set", "APP_VERSION=2", "--secret", "SESSION_PASSWORD=@secret")
        self.assertEqual(self.rolled(before), {"app"}, run)
        self.assertEqual(self.gateway.actions("UpdateService"), [])

    def test_a_run_that_died_between_the_secret_and_the_tasks_is_completed(self):
        for action, when in (("ExecuteChangeSet", "after"), ("UpdateService", "before"), ("UpdateService", "after")):
            with self.subTest(action=action, when=when):
                self.write("secret", f"{action} {when}\n")
                time.sleep(1.1)
                before = self.deployments()
                arguments = ["deploy", "prod", "--yes", "--set", "APP_VERSION=1", "--secret", "SESSION_PASSWORD=@secret"]
                self.killed(action, when, *arguments)
                self.tranship(*arguments)
                self.assertEqual(self.rolled(before), {"app"})

    def test_force_starts_new_tasks_of_what_is_the_same(self):
        before = self.deployments()
        run = self.again("--set", "APP_VERSION=1", "--force", "--service", "worker")
        self.assertEqual(self.changed(run), {"WorkerService": ("new tasks", "AWS::ECS::Service")}, run)
        self.assertEqual(self.rolled(before), {"worker"})
        before = self.deployments()
        self.again("--set", "APP_VERSION=1", "--force")
        self.assertEqual(self.rolled(before), {"app", "worker"})
        before = self.deployments()
        self.gateway.reset()
        self.again("--set", "APP_VERSION=2", "--force")
        self.assertEqual(self.rolled(before), {"app", "worker"})
        self.assertEqual(self.gateway.actions("UpdateService"), ["UpdateService"], "the new image has started `app` already")

    def test_what_cannot_be_forced_is_said_before_anything_is_done(self):
        run = self.again("--set", "APP_VERSION=1", "--force", "--service", "wroker", expect=2)
        self.assertIn("the stack has: app, worker", run.err)
        self.assertEqual(self.gateway.actions(*CALLS), [])
        self.again("--service", "worker", expect=2)

    def test_new_tasks_want_a_yes(self):
        run = self.tranship("deploy", "prod", "--set", "APP_VERSION=1", "--force", expect=2)
        self.assertIn("--yes", run.err)
        self.assertEqual(self.gateway.actions("UpdateService"), [])

    def test_without_the_permission_to_look_the_change_set_decides(self):
        self.gateway.refuse("ListSecretVersionIds", "AccessDeniedException", "not authorized to perform: secretsmanager:ListSecretVersionIds")
        before = self.deployments()
        run = self.again("--set", "APP_VERSION=1", "--secret", "SESSION_PASSWORD=@secret")
        self.assertIn("cannot tell whether each service runs with the newest secrets", run.err)
        self.assertEqual(self.rolled(before), {"app"})

    def test_new_tasks_that_may_not_start_are_a_failure_that_says_what_runs(self):
        self.gateway.refuse("UpdateService", "AccessDeniedException", "not authorized to perform: ecs:UpdateService")
        run = self.again("--set", "APP_VERSION=1", "--secret", "SESSION_PASSWORD=@secret", expect=1)
        self.assertIn("ecs:UpdateService", run.err)


if __name__ == "__main__":
    unittest.main()
