"""A fault at every call of every kind of deployment: success or a true sentence, and the next run converges.

Every day a sample, the same each time; with TRANSHIP_EVERY_FAULT set, which `tests/run --all` does, all of them.
"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from beanstalk_case import BeanstalkCase  # noqa: E402
from faults import QUICK, SLOW, Faults, sample  # noqa: E402
from gateway import wait_until  # noqa: E402
from stacks import StackCase  # noqa: E402
from test_cloudformation import LAPTOP, MANIFEST  # noqa: E402


class Stacks(Faults, StackCase):
    """Create, update with a new secret, new tasks, down."""

    def setUp(self):
        super().setUp()
        self.write("compose.yaml", MANIFEST % LAPTOP)
        self.write("secret", "given\n")
        self.version = 0

    def at_work(self):
        state = self.state()
        return bool(state) and state.endswith("_IN_PROGRESS") and state != "REVIEW_IN_PROGRESS"

    def rest(self):
        wait_until(lambda: not self.at_work(), 60)

    def create(self):
        return ["deploy", "prod", "--yes", "--set", "APP_VERSION=1", *self.values("--set", "APP_VERSION=1")]

    def deployed(self, arguments):
        self.tranship(*arguments)
        self.assertIn(self.state(), ("CREATE_COMPLETE", "UPDATE_COMPLETE"))
        live = [one["StackName"] for one in self.stacks.describe_stacks()["Stacks"] if one["StackStatus"] != "DELETE_COMPLETE"]
        self.assertEqual(live, [self.stack])
        self.assertIn("no changes", self.tranship(*arguments).err)

    def calls(self, arguments):
        """The number of calls of a run that nothing happens to."""
        self.gateway.reset()
        self.tranship(*arguments)
        return self.gateway.count

    def each(self, faults_of_kind, share, arguments, prepare, converge):
        prepare()
        calls = self.calls(arguments())
        for index, fault in sample(calls, faults_of_kind, share):
            with self.subTest(call=index, fault=fault.__name__):
                prepare()
                words = arguments()
                self.one(index, fault, words, lambda run: (self.rest(), converge(words)))

    def test_a_first_deployment(self):
        self.values("--set", "APP_VERSION=1")
        self.each(QUICK, 79, self.create, self.clear, self.deployed)

    def test_an_update(self):
        self.tranship(*self.create())

        def update():
            self.version += 1
            self.write("secret", f"secret {self.version}\n")

        arguments = lambda: ["deploy", "prod", "--yes", "--set", f"APP_VERSION={self.version}", "--secret", "SESSION_PASSWORD=@secret"]
        self.each(QUICK, 79, arguments, update, self.deployed)

    def test_new_tasks(self):
        self.tranship(*self.create())
        arguments = lambda: ["deploy", "prod", "--yes", "--set", "APP_VERSION=1", "--force"]
        converge = lambda words: self.deployed(words[:-1])
        self.each(QUICK, 79, arguments, lambda: None, converge)

    def test_the_end(self):
        def prepare():
            if self.state() != "CREATE_COMPLETE":
                self.tranship(*self.create())

        def gone(words):
            self.tranship(*words)
            self.assertIn(self.state(), (None, "DELETE_COMPLETE"))

        self.values("--set", "APP_VERSION=1")
        self.each(QUICK, 79, lambda: ["down", "prod", "--yes"], prepare, gone)

    def test_what_takes_long(self):
        """A call that hangs after it was carried out, and a service that is down for good."""
        self.tranship(*self.create())

        def update():
            self.version += 1

        arguments = lambda: ["deploy", "prod", "--yes", "--set", f"APP_VERSION={self.version}"]
        self.each(SLOW, 61, arguments, update, self.deployed)


class Environments(Faults, BeanstalkCase):
    def at_work(self):
        return any(one["Status"] not in ("Ready", "Terminated") for one in self.live())

    def rest(self):
        wait_until(lambda: not self.at_work(), 60)

    def each(self, share, arguments, prepare, converge):
        prepare()
        self.gateway.reset()
        self.tranship(*arguments())
        calls = self.gateway.count
        for index, fault in sample(calls, QUICK, share):
            with self.subTest(call=index, fault=fault.__name__):
                prepare()
                words = arguments()
                self.one(index, fault, words, lambda run: (self.rest(), converge(words)))

    def test_a_first_deployment(self):
        self.arguments()
        secrets = self.secrets

        def prepare():
            self.setUp()
            self.secrets = secrets

        def deployed(words):
            self.tranship(*words)
            self.converged()

        self.each(97, lambda: ["deploy", "dev", "--yes", "--set", "APP_VERSION=1", *secrets], prepare, deployed)

    def test_an_update(self):
        self.tranship(*self.arguments("1"))
        self.version = 1

        def prepare():
            self.version += 1

        def deployed(words):
            self.tranship(*words)
            self.converged(str(self.version))

        self.each(61, lambda: ["deploy", "dev", "--yes", "--set", f"APP_VERSION={self.version}"], prepare, deployed)

    def test_the_end(self):
        self.arguments()

        def prepare():
            if not self.live():
                self.tranship(*self.arguments("1"))

        def gone(words):
            self.tranship(*words)
            self.assertEqual(self.live(), [])

        self.each(61, lambda: ["down", "dev", "--yes"], prepare, gone)


if __name__ == "__main__":
    unittest.main()
