"""`tranship down` of a stack whose instances are protected from scale-in: an Auto Scaling that the test plays."""

import collections
import datetime
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from query_protocol import Service, ServiceError  # noqa: E402
from stacks import StackCase  # noqa: E402

MANIFEST = """
name: shop
services:
  app:
    image: registry.example.org/shop:1
    ports: ["8000:8000"]
x-tranship:
  environments:
    prod: { target: ecs-ec2, region: us-east-1, posture: prod }
"""
GROUP = "AWS::AutoScaling::AutoScalingGroup"
BATCH = 50


class Group(Service):
    """One Auto Scaling group. `instances` are id -> [state, whether it is protected]."""

    def __init__(self, name, *kinds):
        super().__init__("autoscaling")
        self.name, self.instances, self.batches, self.looks = name, {}, [], 0
        for number, state, protected in kinds:
            for _ in range(number):
                self.instances[f"i-{len(self.instances):017x}"] = [state, protected]
        self.meanwhile = lambda: None

    def those(self, state, protected=True):
        """The ids of the instances like this."""
        return [identity for identity, kind in self.instances.items() if kind == [state, protected]]

    def do_DescribeAutoScalingGroups(self, request_id, AutoScalingGroupNames=None, **_):
        assert AutoScalingGroupNames == [self.name], AutoScalingGroupNames
        self.looks += 1
        answer = {"AutoScalingGroups": [{
            "AutoScalingGroupName": self.name, "MinSize": 0, "MaxSize": 200, "DesiredCapacity": len(self.instances),
            "DefaultCooldown": 300, "AvailabilityZones": ["us-east-1a"], "HealthCheckType": "EC2",
            "CreatedTime": datetime.datetime.now(datetime.timezone.utc),
            "Instances": [{"InstanceId": identity, "AvailabilityZone": "us-east-1a", "LifecycleState": state,
                           "HealthStatus": "Healthy", "ProtectedFromScaleIn": protected}
                          for identity, (state, protected) in self.instances.items()],
        }]}
        self.meanwhile()
        return answer

    def do_SetInstanceProtection(self, request_id, AutoScalingGroupName, InstanceIds, ProtectedFromScaleIn):
        assert (AutoScalingGroupName, ProtectedFromScaleIn) == (self.name, False)
        if len(InstanceIds) > BATCH:
            raise ServiceError("ValidationError", f"{len(InstanceIds)} instances are more than {BATCH}")
        for identity in InstanceIds:
            if self.instances[identity][0] not in ("InService", "EnteringStandby", "Standby"):
                raise ServiceError("ValidationError", f"The instance {identity} is not in InService or EnteringStandby or Standby.")
        for identity in InstanceIds:
            self.instances[identity][1] = False
        self.batches.append(InstanceIds)


class Down(StackCase):
    def setUp(self):
        super().setUp()
        self.write("compose.yaml", MANIFEST)
        self.addCleanup(self.gateway.services.pop, "autoscaling", None)

    def given(self, *kinds):
        """A deployed stack whose group has these instances."""
        self.deploy()
        (self.logical, name), = [(one["LogicalResourceId"], one["PhysicalResourceId"])
                                 for one in self.stacks.describe_stack_resources(StackName=self.stack)["StackResources"]
                                 if one["ResourceType"] == GROUP]
        self.group = self.gateway.services["autoscaling"] = Group(name, *kinds)
        self.gateway.reset()

    def down(self, expect=0):
        run = self.tranship("down", "prod", "--yes", expect=None)
        self.assertEqual(self.group.faults, [])
        self.assertEqual(run.code, expect, run)
        return run

    def unprotected(self):
        """Before the deletion, each of them once, in batches that the service takes."""
        order = self.gateway.actions("SetInstanceProtection", "DeleteStack")
        self.assertEqual(order, ["SetInstanceProtection"] * (len(order) - 1) + ["DeleteStack"])
        counts = collections.Counter(identity for batch in self.group.batches for identity in batch)
        self.assertEqual(set(counts.values()) - {1}, set())
        self.assertIn(self.state(), (None, "DELETE_COMPLETE"))
        return set(counts)

    def test_every_protected_instance_is_unprotected_once_and_one_that_leaves_is_left_alone(self):
        self.given((101, "InService", True), (2, "Standby", True), (1, "EnteringStandby", True), (7, "InService", False),
                   (2, "Terminating:Wait", True), (1, "Detaching", True), (1, "Quarantined", True))
        expected = {one for state in ("InService", "Standby", "EnteringStandby") for one in self.group.those(state)}
        self.down()
        self.assertEqual(self.unprotected(), expected)
        self.assertEqual([len(batch) for batch in self.group.batches], [50, 50, 4])
        self.assertEqual(self.group.looks, 1)

    def test_an_instance_that_starts_is_waited_for(self):
        self.given((1, "InService", True), (1, "Pending:Wait", True), (1, "Pending", False))
        (starting,) = self.group.those("Pending:Wait")

        def comes():
            if self.group.looks == 2:
                self.group.instances[starting][0] = "InService"

        self.group.meanwhile = comes
        run = self.down()
        self.assertIn(f"waiting for 1 instances of {self.logical}", run.err)
        self.assertEqual(len(self.unprotected()), 2)

    def test_an_instance_that_leaves_in_between_takes_no_other_with_it(self):
        self.given((3, "InService", True))
        gone, *others = self.group.those("InService")

        def leaves():
            self.group.instances[gone][0] = "Terminating"

        self.group.meanwhile = leaves
        self.down()
        self.assertEqual(self.unprotected(), set(others))
        self.assertEqual(len(self.gateway.actions("SetInstanceProtection")), 2, "refused, then without the one that left")

    def test_where_nothing_is_protected_nothing_is_asked_for(self):
        for kinds in ([], [(60, "InService", False)]):
            with self.subTest(kinds=kinds):
                self.given(*kinds)
                self.down()
                self.assertEqual(self.unprotected(), set())

    def test_a_permission_that_is_denied_is_said_with_the_group(self):
        self.given((1, "InService", True))
        for action in ("DescribeAutoScalingGroups", "SetInstanceProtection"):
            with self.subTest(action=action):
                self.gateway.reset()
                self.gateway.refuse(action, "AccessDenied", f"not authorized to perform: autoscaling:{action}")
                run = self.down(expect=1)
                self.assertRegex(run.err, f"error: .*{self.logical}: .*autoscaling:{action}")
                self.assertIn("lack the permission", run.err)
                self.assertEqual(self.gateway.actions("DeleteStack"), [])
                self.assertEqual(len(self.group.those("InService")), 1)


if __name__ == "__main__":
    unittest.main()
