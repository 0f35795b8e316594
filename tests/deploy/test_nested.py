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
        run = self.deploy("--set", "APP_VERSION=1")
        self.assertRegex(run.err, r"CREATE_COMPLETE +WebStack/WebService \(AWS::ECS::Service\)", "the events of a nested stack")
        self.assertLess(run.err.index("IN_PROGRESS   WebStack "), run.err.index("IN_PROGRESS   WebStack/"), "a stack before what is in it")
        places = self.places()
        expected = {"Cluster": "", "Listener": "", "WebTargetGroup": "", "WebSecurityGroup": "", "WebStack": "", "WebService": "WebStack",
                    "ApiDiscovery": "ApiStack", "ApiService": "ApiStack", "WorkerTaskDefinition": "WorkerStack"}
        self.assertEqual({name: places.get(name) for name in expected}, expected)
        groups = client("logs", self.upstream).describe_log_groups(logGroupNamePrefix="/shop-prod/")["logGroups"]
        self.assertEqual(sorted(one["logGroupName"] for one in groups), [f"/shop-prod/ecs/{name}" for name in ("api", "web", "worker")])
        status = self.tranship("status", "prod")
        for service in ("web", "api", "worker"):
            self.assertIn(f"service {service}: 1/1 running", status.out)
        self.assertIn("no changes", self.again("--set", "APP_VERSION=1").err)
        run = self.again("--set", "APP_VERSION=2")
        self.assertIn("APP_VERSION of service web: 1 -> 2", run.err)
        self.assertEqual({name: kind for name, (_, kind) in self.changed(run).items()}, {"WebStack": "AWS::CloudFormation::Stack"})
        self.say(NESTED, MANIFEST.replace(WORKER, ""))
        self.again("--set", "APP_VERSION=2")
        left = self.places()
        gone = {name for name, place in places.items() if "Worker" in name or place == "WorkerStack"}
        self.assertEqual(left, {name: place for name, place in places.items() if name not in gone})
        self.say(NESTED)
        run = self.tranship("rollback", "prod", "--yes")
        self.assertEqual(self.places(), places, run)
        run = self.tranship("down", "prod", "--yes")
        self.assertIn(f"! {len(places)} resources will be deleted", run.err)
        self.assertEqual(self.places(), {})

    def test_nothing_moves_between_stacks(self):
        without = MANIFEST.replace(WORKER, "")
        self.say("stacks: single", without)
        self.deploy("--set", "APP_VERSION=1")
        one = self.places()
        self.gateway.reset()
        self.say(NESTED, without)
        run = self.again("--set", "APP_VERSION=1", expect=1)
        self.assertIn("of the stack shop-prod to other stacks", run.err)
        self.assertIn("root_services: [api, web]", run.err)
        self.assertEqual(self.gateway.actions("CreateChangeSet"), [])
        self.assertEqual(self.tranship("diff", "prod", "--set", "APP_VERSION=1", expect=1).err.count("to other stacks"), 1)
        self.say("stacks: nested\n  root_services: [web, api]")
        self.again("--set", "APP_VERSION=1")
        now = self.places()
        self.assertEqual({name: now.get(name) for name in one}, one)
        self.assertEqual({place for name, place in now.items() if name not in one}, {"", "WorkerStack", "ApiStack"} & set(now.values()))
        self.assertEqual(now["WorkerService"], "WorkerStack")
        self.say("stacks: single")
        self.assertIn("stacks: nested", self.again("--set", "APP_VERSION=1", expect=1).err)

    def test_a_failure_inside_a_nested_stack_is_explained(self):
        self.deploy("--set", "APP_VERSION=1")
        refused = "{ resource: WorkerFromApi7000Tcp9b2a447dIngress, merge: { Properties: { Description: refuse this } } }"
        self.say(f"stacks: nested\n  patch: [{refused}]")
        run = self.again("--set", "APP_VERSION=1", expect=1)
        self.assertRegex(run.err, r"(?m)^error: ApiStack/WorkerFromApi7000Tcp9b2a447dIngress \(AWS::EC2::SecurityGroupIngress\) failed: refused")
        self.assertRegex(run.err, r"  = the stack shop-prod ended as UPDATE_ROLLBACK_\w+")


if __name__ == "__main__":
    unittest.main()
