"""An application of independent stacks: created, changed, made smaller and deleted; nothing moves."""

import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from stacks import Agent, StackCase  # noqa: E402
from test_diff import READS  # noqa: E402
from test_operate import write  # noqa: E402
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
  stacks: %s
  environments:
    prod: { target: fargate, region: us-east-1 }
"""
WORKER = MANIFEST[MANIFEST.index("  worker:"):MANIFEST.index("x-tranship:")]

KEPT = """
name: shop
services:
  api:
    image: registry.example.org/api:1
    volumes: ["uploads:/data"]
x-tranship:
  stacks: %s
  environments:
    prod: { target: fargate, region: us-east-1 }
volumes: { uploads: {} }
"""

REFUSED = "{ resource: WorkerFromApi7000Tcp9b2a447dIngress, merge: { Properties: { Description: refuse this } } }"
JOB = """  reindex:
    image: registry.example.org/web:${APP_VERSION}
    command: [reindex]
    x-tranship: { job: manual }
x-tranship:
"""


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
        self.gateway.reset()
        self.assertEqual(self.diff("APP_VERSION=1", expect=0).out, "stack shop-prod: no changes\n")
        tagged = "  ~ APP_VERSION of service web: 1 -> 2  (compose.yaml:5)  new tasks\n"
        told = f"stack shop-prod: 1 change, 1 resource; at most: new tasks\n{tagged}"
        self.assertEqual(self.diff("APP_VERSION=2", "--plan", "reviewed.json").out, told)
        self.assertLessEqual({call.action for call in self.gateway.calls}, READS, "a diff changes nothing")
        run = self.again("--set", "APP_VERSION=2", "--plan", "reviewed.json", "--parameter", "AppVersion=3", expect=1)
        self.assertIn("the plan cannot be executed: the parameter AppVersion has another value than in the plan", run.err)
        self.assertEqual(self.created(), set())
        run = self.again("--set", "APP_VERSION=2", "--plan", "reviewed.json")
        self.assertIn(tagged, run.err)
        self.assertIn("~ change       shop-prod-WebStack (AWS::CloudFormation::Stack)\n", run.err, "the stack that is asked about")
        self.assertEqual(len(self.gateway.actions("CreateChangeSet")), 1, "only the stack of web changes")
        self.say("independent", MANIFEST.replace(WORKER, ""))
        self.assertIn("stack shop-prod has changed since the plan was made",
                      self.again("--set", "APP_VERSION=2", "--plan", "reviewed.json", expect=1).err)
        removed = self.diff("APP_VERSION=2").out
        self.assertRegex(removed, r"(?m)^  - service worker: 9 resources removed ")
        self.assertRegex(removed, r"(?m)^  ~ environment BACK of service api: http://worker\S+:7000 -> http://worker:7000  \(compose.yaml:12\)  new tasks$")
        self.again("--set", "APP_VERSION=2")
        gone = {name for name, place in places.items() if "Worker" in name or place == "shop-prod-WorkerStack"}
        self.assertEqual(self.places(), {name: place for name, place in places.items() if name not in gone})
        run = self.tranship("down", "prod", "--yes")
        self.assertRegex(run.err, r"(?m)^! 7 stacks of shop-prod will be deleted, with \d+ resources$")
        self.assertEqual(run.err.count("will be deleted"), 1, "all of it, before it is agreed to")
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

    def test_after_a_failure_nothing_begins_and_the_next_run_goes_on(self):
        self.say(f"independent\n  patch: [{REFUSED}]")
        run = self.deploy("--set", "APP_VERSION=1", expect=1)
        self.assertRegex(run.err, r"(?m)^error: WorkerFromApi7000Tcp9b2a447dIngress \(AWS::EC2::SecurityGroupIngress\) failed: refused")
        self.assertIn("in the stack shop-prod-ApiStack; the same command goes on from there", run.err)
        places = self.places()
        self.assertEqual((places.get("WorkerService"), places.get("Cluster")), ("shop-prod-WorkerStack", "shop-prod"), "what did not wait is finished")
        self.assertFalse([stack for stack in places.values() if "WebStack" in stack or "Listeners" in stack], "what waits for it did not begin")
        status = self.tranship("status", "prod", expect=1).out
        self.assertTrue(status.startswith("stack shop-prod: ROLLBACK_COMPLETE\n"), status)
        self.assertRegex(status, r"(?m)^  stack shop-prod-ApiStack: ROLLBACK_COMPLETE")
        self.assertRegex(status, r"(?m)^  service worker: 1/1 running")
        self.assertRegex(status, r"(?m)^  service web: 0/0 running, rollout MISSING")
        run = self.tranship("status", "prod", "--drift", expect=1)
        self.assertRegex(run.err, r"(?m)^\S* ?shop-prod-ApiStack could not be looked at: ")
        self.assertIn("\n  drift: none\n", run.out)
        events = self.tranship("events", "prod", "--last", "500").out
        self.assertRegex(events, r"(?m) CREATE_FAILED +ApiStack/WorkerFromApi7000Tcp9b2a447dIngress  .*refused")
        self.assertRegex(events, r"(?m) CREATE_COMPLETE +WorkerStack/WorkerService$")
        self.assertRegex(events, r"(?m) CREATE_COMPLETE +Cluster$")
        self.assertRegex(events, r"(?m) ROLLBACK_COMPLETE +ApiStack\b")
        times = [line.split(" ")[0] for line in events.splitlines()]
        self.assertEqual(times, sorted(times))
        self.say("independent")
        self.gateway.reset()
        self.again("--set", "APP_VERSION=1")
        self.assertEqual({"shop-prod-ApiStack", "shop-prod-WebStack"} - self.created(), set())
        self.assertEqual(self.created() & set(places.values()) - {"shop-prod-ApiStack"}, set(), "what is there is left alone")
        self.assertEqual(self.places().get("WebService"), "shop-prod-WebStack")
        self.assertIn("no changes", self.again("--set", "APP_VERSION=1").err)
        self.tranship("down", "prod", "--yes")
        self.assertEqual(self.places(), {})

    def test_operated_as_one(self):
        self.say("independent", MANIFEST.replace("x-tranship:\n", JOB, 1).replace("us-east-1 }", "us-east-1, exec: true }"))
        self.deploy("--set", "APP_VERSION=1")
        places = self.places()
        self.assertEqual((places["ReindexTaskDefinition"], places["Cluster"]), ("shop-prod-ReindexStack", "shop-prod"))
        status = json.loads(self.tranship("status", "prod", "--format", "json").out)
        self.assertEqual((status["state"], status["healthy"], status["variables"]), ("CREATE_COMPLETE", True, {"APP_VERSION": "1"}))
        self.assertEqual({one["name"]: one["running"] for one in status["services"]}, {"web": 1, "api": 1, "worker": 1})
        facts = status["facts"]
        self.assertEqual(facts["stacks"], str(len(set(places.values()))))
        self.assertRegex(facts["Url"], "^http://")
        self.assertEqual([name for name in facts if name.endswith("Ref") or name.endswith("GroupId")], [], "what stacks hand on")

        self.gateway.reset()
        for name in ("worker", "api"):
            client("logs", self.upstream).put_retention_policy(logGroupName=f"/shop-prod/ecs/{name}", retentionInDays=1)
        drift = json.loads(self.tranship("status", "prod", "--drift", "--format", "json", expect=None).out)["drift"]
        self.assertEqual([(one["name"], one["properties"]) for one in drift], [("ApiLogGroup", ["RetentionInDays"]), ("WorkerLogGroup", ["RetentionInDays"])])
        asked = self.gateway.actions("DetectStackDrift", "DescribeStackDriftDetectionStatus")
        self.assertEqual(asked, sorted(asked, key=lambda action: action.startswith("Describe")), "all are looked at before one is waited for")
        self.assertEqual(len(asked), 2 * len(set(places.values())))

        logs, now = client("logs", self.upstream), int(time.time() * 1000)
        write(logs, "/shop-prod/ecs/web", "ecs/web/0123456789ab", (now - 3000, "first"), (now - 1000, "third"))
        write(logs, "/shop-prod/ecs/worker", "ecs/worker/ba9876543210", (now - 2000, "second"))
        self.assertEqual(self.tranship("logs", "prod").out.splitlines(), ["web-012345 | first", "worker-ba9876 | second", "web-012345    | third"])
        self.assertEqual(self.tranship("logs", "prod", "worker").out, "worker-ba9876 | second\n")

        agent = Agent(self.upstream)
        agent.code = 3
        self.addCleanup(agent.stop)
        self.tranship("run", "prod", "reindex", "--", "reindex", "--all", expect=3)
        (call,) = [json.loads(call.body) for call in self.gateway.calls if call.action == "RunTask"]
        self.assertEqual(call["overrides"]["containerOverrides"], [{"name": "reindex", "command": ["reindex", "--all"]}])
        network = call["networkConfiguration"]["awsvpcConfiguration"]
        groups = client("ec2", self.upstream).describe_security_groups(GroupIds=network["securityGroups"])["SecurityGroups"]
        self.assertEqual([one["GroupName"] for one in groups if "Reindex" in one["GroupName"]], [one["GroupName"] for one in groups])
        self.assertTrue(network["subnets"])
        self.assertEqual(call["cluster"], client("ecs", self.upstream).list_clusters()["clusterArns"][0].rsplit("/", 1)[-1])
        agent.code = 0
        self.tranship("run", "prod", "web")
        self.assertIn("api, reindex, web, worker", self.tranship("run", "prod", "nobody", expect=2).err)
        self.assertIn("ECS Exec is off for web", self.tranship("exec", "prod", "web", expect=1).err, "the task of the service was found")

    def state(self, stack="shop-prod"):
        return self.stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]

    def version(self):
        (web,) = self.stacks.describe_stacks(StackName="shop-prod-WebStack")["Stacks"]
        return {one["ParameterKey"]: one["ParameterValue"] for one in web["Parameters"]}["AppVersion"]

    def test_a_failed_update_is_left_and_taken_back_and_one_service_goes_back(self):
        self.deploy("--set", "APP_VERSION=1")
        self.say(f"independent\n  patch: [{REFUSED}]")
        run = self.again("--set", "APP_VERSION=2", "--no-rollback", expect=1)
        self.assertEqual(self.state("shop-prod-ApiStack"), "UPDATE_FAILED")
        self.assertIn("  = or go back to what ran before with `tranship cancel prod`\n", run.err)
        self.gateway.reset()
        run = self.tranship("cancel", "prod", "--yes")
        self.assertIn("shop-prod-ApiStack is UPDATE_FAILED\n", run.err)
        self.assertIn("stacks whose update had ended keep it: `tranship deploy prod`", run.err)
        self.assertEqual((self.gateway.actions("RollbackStack", "CancelUpdateStack"), run.err.splitlines()[-1]), (["RollbackStack"], "cancelled"))
        self.assertEqual(self.state("shop-prod-ApiStack"), "UPDATE_ROLLBACK_COMPLETE")
        self.assertIn("nothing is in progress: no stack of shop-prod is being changed\n", self.tranship("cancel", "prod", "--yes").err)
        self.say("independent")
        self.again("--set", "APP_VERSION=2")
        self.assertEqual(self.version(), "2")
        self.gateway.reset()
        run = self.tranship("rollback", "prod", "--yes", expect=2)
        self.assertIn("the stack shop-prod cannot go back alone: other stacks use what it has\n", run.err)
        self.assertIn("`tranship deploy prod` with the manifest", run.err)
        self.assertIn("`--detach` is not possible for independent stacks", self.again("--set", "APP_VERSION=3", "--detach", expect=2).err)
        self.assertEqual(self.created(), set())
        self.tranship("rollback", "--stack", "shop-prod-WebStack", "--region", "us-east-1", "--yes")
        self.assertEqual(self.version(), "1")
        tags = self.stacks.describe_stacks(StackName="shop-prod-WebStack")["Stacks"][0]["Tags"]
        self.assertIn({"Key": "tranship:stage", "Value": "service"}, tags)

    def test_file_systems_that_were_kept_are_attached_again_whatever_interrupts_it(self):
        self.say("independent", KEPT)
        self.deploy()
        places, (first,) = self.places(), self.files()
        holder = places["UploadsFileSystem"]
        again = ["deploy", "prod", "--yes", *self.values(), "--reattach"]

        def interrupted(when, kind):
            run = self.tranship("down", "prod", "--yes")
            self.assertIn(f"\n! UploadsFileSystem (AWS::EFS::FileSystem) {first} will be kept, outside of any stack\n", run.err)
            self.killed("CreateChangeSet", when, *again, StackName=holder, ChangeSetType=kind)
            self.gateway.settle()
            self.gateway.reset()

        def whole(run):
            self.assertEqual((self.files(), self.places()), ([first], places), run)
            self.assertEqual({one["StackName"] for one in self.stacks.describe_stacks()["Stacks"] if not one["Tags"]}, set())

        interrupted("after", "IMPORT")
        self.assertEqual(self.state(holder), "REVIEW_IN_PROGRESS")
        run = self.tranship(*again)
        self.assertIn(f"was deleted and left {first}", run.err)
        whole(run)

        interrupted("before", "UPDATE")
        self.assertEqual((self.state(holder), self.files()), ("IMPORT_COMPLETE", [first]))
        status = self.tranship("status", "prod", expect=1).out
        self.assertTrue(status.startswith("stack shop-prod: IMPORT_COMPLETE\n"), status)
        told = f"(?m)^  stack {holder}: IMPORT_COMPLETE: only what was kept is attached again; `tranship deploy ENV` goes on from there$"
        self.assertRegex(status, told)
        self.assertRegex(self.tranship("events", "prod", "--last", "500").out, r"(?m) IMPORT_COMPLETE +\w+Stack/UploadsFileSystem")
        whole(self.tranship(*again[:-1]))
        self.assertIn("no changes", self.again().err)

        interrupted("before", "UPDATE")
        self.tranship("down", "prod", "--yes")
        self.assertEqual(self.places(), {})

        # What `patch` adds is with what it refers to.
        added = 'add: { Type: "AWS::EC2::SecurityGroupIngress", Properties: { Description: refuse this, GroupId: !Ref UploadsFileSystem } }'
        self.say(f"independent\n  patch: [{{ resource: Refused, {added} }}]", KEPT)
        self.assertIn("Refused (AWS::EC2::SecurityGroupIngress) failed: refused", self.tranship(*again, expect=1).err)
        self.assertEqual(self.state(holder), "UPDATE_ROLLBACK_COMPLETE")
        self.assertRegex(self.tranship("status", "prod", expect=1).out, f"(?m)^  stack {holder}: UPDATE_ROLLBACK_COMPLETE")
        self.say("independent", KEPT)
        whole(self.tranship(*again[:-1]))

    def files(self):
        """The file systems that stacks have."""
        live = [one for one in self.stacks.describe_stacks()["Stacks"] if one["StackStatus"] != "DELETE_COMPLETE"]
        found = [self.stacks.describe_stack_resources(StackName=one["StackId"])["StackResources"] for one in live]
        return [one["PhysicalResourceId"] for all in found for one in all if one["ResourceType"] == "AWS::EFS::FileSystem"]

    def diff(self, *arguments, expect=3):
        return self.tranship("diff", "prod", "--no-publish", "--set", *arguments, expect=expect)

    def created(self):
        """The names of the stacks that change sets were made for."""
        return {call.form["StackName"] for call in self.gateway.calls if call.action == "CreateChangeSet"}

    def test_killed_between_two_stacks_the_next_run_goes_on(self):
        flags = self.values("--set", "APP_VERSION=1")
        for action, when, skip in (("CreateChangeSet", "before", 1), ("ExecuteChangeSet", "after", 3)):
            self.killed(action, when, "deploy", "prod", "--yes", "--set", "APP_VERSION=1", *flags, skip=skip)
            self.gateway.settle()
        places = self.places()
        self.assertEqual(places.get("Cluster"), "shop-prod")
        self.assertNotIn("WebService", places)
        self.gateway.reset()
        self.deploy("--set", "APP_VERSION=1")
        self.assertNotIn("shop-prod", self.created(), "what is finished is left alone")
        self.assertEqual(self.places().get("WebService"), "shop-prod-WebStack")
        self.assertIn("no changes", self.again("--set", "APP_VERSION=1").err)
        self.killed("DeleteStack", "after", "down", "prod", "--yes", skip=2)
        self.gateway.settle()
        self.tranship("down", "prod", "--yes")
        self.assertEqual(self.places(), {})

    def test_on_instances_and_protected(self):
        text = MANIFEST.replace("target: fargate", "target: ecs-ec2").replace("region: us-east-1 }", "region: us-east-1, posture: prod }")
        self.say("independent", text)
        self.deploy("--set", "APP_VERSION=1")
        places = self.places()
        self.assertEqual({places[name] for name in places if name.endswith("AutoScalingGroup") or name == "LoadBalancer"}, {"shop-prod"})
        self.assertEqual(self.protection(), "true")
        self.assertIn("no changes", self.again("--set", "APP_VERSION=1").err)
        self.tranship("down", "prod", "--yes")
        self.assertEqual(self.places(), {})

    def protection(self):
        balancers = client("elbv2", self.upstream)
        (arn,) = [one["LoadBalancerArn"] for one in balancers.describe_load_balancers()["LoadBalancers"]]
        found = balancers.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        return {one["Key"]: one["Value"] for one in found}.get("deletion_protection.enabled")


if __name__ == "__main__":
    unittest.main()
