"""An application of a root stack and nested stacks: deployed, changed, looked at and deleted as one; nothing moves."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from stacks import StackCase  # noqa: E402
from world import client  # noqa: E402

MANIFEST = """
name: shop
services:
  web:
    image: registry.example.org/web:${APP_VERSION}
    ports: ["8000:8000"]
    depends_on: [api]
    environment: { API: "http://api:9000" }
  api:
    image: registry.example.org/api:1
    expose: ["9000"]
    environment: { SESSION_PASSWORD: of-the-laptop, BACK: "http://worker:7000" }
  worker:
    image: registry.example.org/worker:1
    expose: ["7000"]
    environment: { API: "http://api:9000" }
x-tranship:
  late_bound: [APP_VERSION]
  %s
  environments:
    prod: { target: fargate, region: us-east-1 }
"""
NESTED = "stacks: nested"
WORKER = MANIFEST[MANIFEST.index("  worker:"):MANIFEST.index("x-tranship:")]


class Nested(StackCase):
    def setUp(self):
        super().setUp()
        self.write("secret", "given-to-deploy\n")
        self.say(NESTED)

    def say(self, settings, manifest=MANIFEST):
        self.write("compose.yaml", manifest % settings)

    def places(self):
        """{logical id: name of its stack} of all live stacks."""
        found = {}
        for stack in self.stacks.describe_stacks()["Stacks"]:
            if stack["StackStatus"] != "DELETE_COMPLETE":
                for page in self.stacks.get_paginator("list_stack_resources").paginate(StackName=stack["StackId"]):
                    for one in page["StackResourceSummaries"]:
                        if one["ResourceStatus"] != "DELETE_COMPLETE":
                            found[one["LogicalResourceId"]] = re.sub(r"^shop-prod-?(\w*?Stack)?.*$", r"\1", stack["StackName"])
        return found

    def test_deployed_changed_and_deleted_as_one(self):
        self.deploy("--set", "APP_VERSION=1")
        places = self.places()
        expected = {"Cluster": "", "Listener": "", "WebTargetGroup": "", "SessionPassword1Secret": "",
                    "WebService": "WebStack", "ApiService": "ApiStack", "WorkerLogGroup": "WorkerStack", "WebDiscovery": "WebStack"}
        self.assertEqual({name: places.get(name) for name in expected if name in places}, {n: s for n, s in expected.items() if n in places})
        self.assertLessEqual({"Cluster", "WebService", "ApiService"}, set(places))
        (group,) = [one["logGroupName"] for one in client("logs", self.upstream).describe_log_groups()["logGroups"] if one["logGroupName"].endswith("/api")]
        self.assertEqual(group, "/shop-prod/ecs/api", "named after the root stack")
        status = self.tranship("status", "prod", expect=None)
        print(status.out, status.err)
        for service in ("web", "api", "worker"):
            self.assertRegex(status.out, rf"(?m)\b{service}\b")
        run = self.again("--set", "APP_VERSION=1")
        self.assertIn("no changes", run.err)
        run = self.again("--set", "APP_VERSION=2")
        print(run.out, run.err)
        self.say(NESTED, MANIFEST.replace(WORKER, ""))
        run = self.again("--set", "APP_VERSION=2")
        print(run.out, run.err)
        self.say("stacks: single")
        run = self.again("--set", "APP_VERSION=2", expect=None)
        print(run.out, run.err)
        run = self.tranship("diff", "prod", "--set", "APP_VERSION=2", expect=None)
        print(run.out, run.err)
        run = self.tranship("down", "prod", "--yes", expect=None)
        print(run.out, run.err)
        print(self.places())
        self.fail()


if __name__ == "__main__":
    unittest.main()
