"""An application of independent stacks: created, changed, made smaller and deleted; nothing moves."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from stacks import StackCase  # noqa: E402

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
  stacks: %s
  environments:
    prod: { target: fargate, region: us-east-1 }
"""
WORKER = MANIFEST[MANIFEST.index("  worker:"):MANIFEST.index("x-tranship:")]


class Separate(StackCase):
    def setUp(self):
        super().setUp()
        self.write("secret", "given-to-deploy\n")
        self.say("independent")

    def say(self, layout, manifest=MANIFEST):
        self.write("compose.yaml", manifest % layout)

    def places(self):
        """{logical id: name of its stack} of all live stacks."""
        found = {}
        for stack in self.stacks.describe_stacks()["Stacks"]:
            if stack["StackStatus"] != "DELETE_COMPLETE":
                for page in self.stacks.get_paginator("list_stack_resources").paginate(StackName=stack["StackId"]):
                    for one in page["StackResourceSummaries"]:
                        if one["ResourceStatus"] != "DELETE_COMPLETE":
                            found[one["LogicalResourceId"]] = stack["StackName"]
        return found

    def test_created_changed_made_smaller_and_deleted(self):
        run = self.deploy("--set", "APP_VERSION=1")
        places = self.places()
        expected = {"Cluster": "shop-prod", "Listener": "shop-prod", "WebTargetGroup": "shop-prod-WebStack",
                    "WebService": "shop-prod-WebStack", "ApiService": "shop-prod-ApiStack", "WorkerDiscovery": "shop-prod-WorkerStack"}
        self.assertEqual({name: places.get(name) for name in expected}, expected)
        self.assertRegex(run.err, r"CREATE_COMPLETE +WebStack/WebService \(AWS::ECS::Service\)")
        self.assertLess(run.err.index("ApiStack/ApiService"), run.err.index("WebStack/WebService"), "the order of the services")
        self.gateway.reset()
        self.assertIn("no changes", self.again("--set", "APP_VERSION=1").err)
        self.assertEqual(self.gateway.actions("CreateChangeSet"), [])
        self.again("--set", "APP_VERSION=2")
        self.assertEqual(len(self.gateway.actions("CreateChangeSet")), 1, "only the stack of web changes")
        self.say("independent", MANIFEST.replace(WORKER, ""))
        self.again("--set", "APP_VERSION=2")
        gone = {name for name, place in places.items() if "Worker" in name or place == "shop-prod-WorkerStack"}
        self.assertEqual(self.places(), {name: place for name, place in places.items() if name not in gone})
        run = self.tranship("down", "prod", "--yes")
        self.assertEqual(self.places(), {})

    def test_nothing_moves_into_independent_stacks(self):
        self.say("single")
        self.deploy("--set", "APP_VERSION=1")
        one = self.places()
        self.gateway.reset()
        self.say("independent")
        run = self.again("--set", "APP_VERSION=1", expect=1)
        self.assertIn("of shop-prod to other stacks", run.err)
        self.assertIn("stacks: single", run.err)
        self.assertEqual(self.gateway.actions("CreateChangeSet"), [])
        self.assertEqual(self.places(), one)


if __name__ == "__main__":
    unittest.main()
