"""What builds, runs: each application of `apps` under the real Docker Compose, and from the templates of both ECS targets.

Clients must see the same everywhere, and what `expect.yaml` says. The runner of the template honours what ECS does and Compose
does not: an address for each task, names by the template's records alone, security groups, empty task volumes, access points
with their owners, jobs before services. Breaking one of them in the template must show.
"""

import os
import re
import unittest
from concurrent.futures import ThreadPoolExecutor

import packages
import sandbox

packages.tree()
sandbox.enter()

import docker_project  # noqa: E402: from here on everything happens in the sandbox
import images  # noqa: E402
import podman  # noqa: E402
from run_application import every_application  # noqa: E402

TARGETS = ("fargate", "ecs-ec2")


def chosen():
    names = os.environ.get("RUNTIME_APPLICATIONS", "").split()
    return [application for application in every_application() if not names or application.name in names]


class Runtime(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        podman.configure()
        images.build()
        for application in chosen():
            application.build_images()
        cls.engine = docker_project.Engine()
        # One application at a time in each world; the worlds side by side.
        cls.pools = [ThreadPoolExecutor(1) for _ in range(1 + len(TARGETS))]
        first, *others = cls.pools
        cls.under_compose = {application.name: first.submit(application.under_compose) for application in chosen()}
        cls.from_template = {(application.name, target): pool.submit(application.from_template, target)
                             for pool, target in zip(others, TARGETS) for application in chosen()}

    @classmethod
    def tearDownClass(cls):
        for pool in cls.pools:
            pool.shutdown(cancel_futures=True)
        cls.engine.close()

    def test_every_world(self):
        for application in chosen():
            for target in TARGETS:
                with self.subTest(application.name, target=target):
                    steps = application.expected["steps"] + application.expected.get("again", {}).get("steps", [])
                    seen = zip(steps, self.under_compose[application.name].result(), strict=True)
                    wanted = [result for step, result in seen if step.get("on", target) == target]
                    self.assertEqual(wanted, self.from_template[application.name, target].result())

    def test_a_missing_rule_shows(self):
        """Without the rule that lets the worker in, the queue is silent to it."""
        self.shows("queue", lambda text: without(text, r"QueueFromWorker\w+Ingress"), "GET /words/tranship")

    def test_a_missing_record_shows(self):
        """Under another name the queue is not found, and nothing that needs it comes up."""
        self.shows("queue", lambda text: changed(text, r"(QueueDiscovery:\n.*\n.*\n      Name: )queue", r"\1cache"), "Name or service not known")

    def test_a_wrong_owner_shows(self):
        """A folder of root's takes no uploads from the access point's user."""
        self.shows("uploads", lambda text: changed(
            changed(text, r'OwnerUid: "1000"', 'OwnerUid: "0"'), r'Permissions: "0777"', 'Permissions: "0755"'), "PUT /letter")

    def test_a_missing_alias_shows(self):
        """The word that a value uses is a name only because the server offers it."""
        self.shows("words", lambda text: changed(text, "DnsName: api$", "DnsName: other"), "GET /hello")

    def test_a_client_without_a_proxy_shows(self):
        """The name inside the image is found by the client's proxy alone."""
        self.shows("inside", lambda text: changed(text, r"(WebService:\n(?:.*\n)+?      ServiceConnectConfiguration:\n        Enabled:) true", r"\1 false"), "GET /store")

    def test_a_rule_of_the_machines_shows(self):
        """A proxy in bridge mode reaches its upstream from the machine's group."""
        self.shows("gateway", lambda text: without(text, r"ApiFrom\w+Ingress"), "GET /api", "ecs-ec2")

    def test_another_path_of_the_health_check_shows(self):
        """At `/` the server says that nothing is there, so it never becomes healthy."""
        self.shows("ready", lambda text: changed(text, "HealthCheckPath: /up", "HealthCheckPath: /"), "did not stabilize")

    def test_a_load_balancer_that_speaks_in_clear_shows(self):
        """The container answers by HTTPS alone."""
        self.shows("sealed", lambda text: changed(text, "Protocol: HTTPS", "Protocol: HTTP"), "did not stabilize")

    def test_a_port_that_is_not_open_to_the_health_check_shows(self):
        """The health of a UDP port is asked by HTTP on another one."""
        self.shows("lines", lambda text: without(text, r"Datagram\w+7002Tcp\w+Ingress"), "did not stabilize")

    def test_a_volume_that_starts_anew_shows(self):
        """The next version of the database finds an empty folder where the file system is another one."""
        numbers = iter(range(9))
        self.shows("ledger", lambda text: changed(text, r"^(        Path: )(\S*)$", rf"\g<1>/{next(numbers)}"), "SELECT text FROM entries")

    def shows(self, name, change, where, target="fargate"):
        application = next(one for one in every_application() if one.name == name)
        application.build_images()
        with self.assertRaisesRegex(AssertionError, where):
            application.from_template(target, change, patience=6)


def without(template, name):
    """The template without one resource, and without who waits for it."""
    key, = re.findall(rf"^  ({name}):$", template, re.M)
    left = re.sub(rf"^  {key}:\n(?:    .*\n)+", "", template, flags=re.M)
    return changed(left, rf"^ +- {key}\n", "")


def changed(template, pattern, replacement):
    made, count = re.subn(pattern, replacement, template, flags=re.M)
    if not count:
        raise LookupError(f"nothing in the template matches {pattern}")
    return made


if __name__ == "__main__":
    unittest.main()
