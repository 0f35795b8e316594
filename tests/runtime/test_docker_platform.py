"""What builds for the Docker platform of Elastic Beanstalk, runs: each application of `apps` from its bundle, answering as it
does under Docker Compose. `expect.yaml` says what clients see in both.
"""

import os
import unittest

import packages
import sandbox

packages.tree()
sandbox.enter()

import docker_project  # noqa: E402: from here on everything happens in the sandbox
import images  # noqa: E402
import podman  # noqa: E402
import probes  # noqa: E402
from beanstalk_instance import ElasticBeanstalk  # noqa: E402
from run_application import closing, every_application  # noqa: E402

# Applications whose clients need more than an instance, with the reason.
ELSEWHERE = {
    "hosts": "its requests differ by their host, and the rules of the load balancer are not run here",
}
# Applications that the platform does not support, with the key that the refusal names.
REFUSED = {"lines": "public.protocol"}


def chosen():
    names = os.environ.get("RUNTIME_APPLICATIONS", "").split()
    return [application for application in every_application()
            if application.name not in ELSEWHERE | REFUSED and (not names or application.name in names)]


class DockerPlatform(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        podman.configure()
        images.build()
        cls.engine = docker_project.Engine()

    @classmethod
    def tearDownClass(cls):
        cls.engine.close()

    def test_each_application_answers_from_its_bundle(self):
        for application in chosen():
            with self.subTest(application.name):
                application.build_images()
                expected = application.expected
                world = ElasticBeanstalk(application.name, application.folder, expected["ports"], expected.get("values", {}))
                with closing(world) as project:
                    probes.run(project, expected["steps"])

    def test_what_the_platform_does_not_support_is_refused(self):
        for application in every_application():
            if application.name in REFUSED:
                with self.assertRaisesRegex(AssertionError, rf"exit 2\n(.*\n)*.*`{REFUSED[application.name]}` of"):
                    ElasticBeanstalk(application.name, application.folder, application.expected["ports"], {})


if __name__ == "__main__":
    unittest.main()
