"""The second deployment on a CloudFormation engine: a change set lists what an edit changes, and what follows from it.

The edits are those of tests/judges/edits.py. The engine executes some of them one after the other, so that each begins at
what the one before has left.
"""

import json
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import edits  # noqa: E402
from stacks import RESTING, Agent, StackCase  # noqa: E402
from support import read_template  # noqa: E402
from template_rules import references  # noqa: E402
from world import TRANSHIP, client  # noqa: E402

STACK = "shop-again"
# Edits that the engine executes; it knows every resource in them.
EXECUTED = ["image", "new_variable", "add_service", "public_host", "path_of_api", "replicas", "container_port", "last_client_goes", "rename_worker",
            "remove_cache", "scale", "database_class"]
# What the engine has no resource for, or AWS refuses: another network (docs/changes.md).
NOT_THERE = ("AWS::EC2::NatGateway", "AWS::ElasticLoadBalancingV2::ListenerCertificate")
# What an engine of tests decides by another rule than CloudFormation: a resource that only an attribute of another moves.
MOVED = {"AutoScalingGroup"}
# And what it does not see: a policy that names another resource which is not there yet.
UNSEEN = {"AWS::IAM::Role"}


def different(old, new):
    """Resources that the texts of two templates have in another way. The order (`DependsOn`) is no change."""
    def plain(made, name):
        resource = made["Resources"].get(name, {})
        return json.dumps({key: value for key, value in resource.items() if key != "DependsOn"}, sort_keys=True)
    names = {*old["Resources"], *new["Resources"]}
    changed = {name for name in names if plain(old, name) != plain(new, name)}
    for name, parameter in new.get("Parameters", {}).items():
        if old.get("Parameters", {}).get(name) != parameter:
            changed |= {other for other, resource in new["Resources"].items() if name in set(references(resource))}
    return changed


def with_followers(template, names):
    """And what refers to them, at whatever distance."""
    found = set(names)
    while True:
        more = {name for name, resource in template["Resources"].items() if found & set(references(resource.get("Properties", {})))}
        if more <= found:
            return found
        found |= more


class SecondDeployment(StackCase):
    """Change sets of one stack, from one state of the manifest to the next."""

    def setUp(self):
        super().setUp()
        agent = Agent(self.upstream)  # the migration ends
        self.addCleanup(agent.stop)
        self.bucket = client("s3", self.upstream)
        self.bucket.create_bucket(Bucket="templates")

    def compiled(self, manifest, target="fargate"):
        self.write("compose.yaml", json.dumps(manifest))
        done = subprocess.run([str(TRANSHIP), "build", "--target", target, "--out", "built"], cwd=self.directory, capture_output=True, text=True,
                              env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})
        self.assertEqual(0, done.returncode, done.stderr)
        return (self.directory / "built" / "template.yaml").read_text()

    def values_of(self, text):
        """A value for every parameter that needs one."""
        found = []
        for name, parameter in read_template(text).get("Parameters", {}).items():
            if "Default" in parameter:
                continue
            subnets = ",".join(self.subnets)
            value = self.vpc if name == "VpcId" else subnets if "Subnet" in name else "a-value-of-test"
            found.append({"ParameterKey": name, "ParameterValue": value})
        return found

    def change_set(self, text, kind="UPDATE"):
        """Creates a change set, and returns the logical ids that it lists; none where there is no change."""
        self.count = getattr(self, "count", 0) + 1
        name = f"change-{self.count}"
        self.bucket.put_object(Bucket="templates", Key=name, Body=text.encode())
        self.stacks.create_change_set(StackName=STACK, ChangeSetName=name, ChangeSetType=kind, TemplateURL=f"{self.upstream}/templates/{name}",
                                      Parameters=self.values_of(text), Capabilities=["CAPABILITY_NAMED_IAM"])
        end = time.monotonic() + 30
        while True:
            found = self.stacks.describe_change_set(StackName=STACK, ChangeSetName=name)
            if found["Status"] in ("CREATE_COMPLETE", "FAILED"):
                break
            self.assertLess(time.monotonic(), end, found)
            time.sleep(0.05)
        if found["Status"] == "FAILED" and "didn't contain changes" not in found.get("StatusReason", ""):
            self.fail(f"{found.get('StatusReason')}")
        return name, {one["ResourceChange"]["LogicalResourceId"] for one in found.get("Changes", [])}

    def execute(self, name):
        self.stacks.execute_change_set(StackName=STACK, ChangeSetName=name)
        end = time.monotonic() + 120
        while not RESTING.search(state := self.stacks.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]):
            self.assertLess(time.monotonic(), end, state)
            time.sleep(0.1)
        reasons = [event.get("ResourceStatusReason") for event in self.stacks.describe_stack_events(StackName=STACK)["StackEvents"]
                   if "FAILED" in event["ResourceStatus"]]
        self.assertRegex(state, r"^(CREATE|UPDATE)_COMPLETE$", reasons)

    def listed_as_edited(self, old, new, listed):
        before, after = read_template(old), read_template(new)
        changed = different(before, after)
        seen = {name for name in changed if (after["Resources"].get(name) or before["Resources"][name])["Type"] not in UNSEEN}
        self.assertEqual(set(), seen - listed, "an edit that the change set does not list")
        allowed = with_followers(after, changed) | with_followers(before, changed) | MOVED
        self.assertEqual(set(), listed - allowed, "a change that no edit is about")

    def test_change_sets_list_what_an_edit_is_about(self):
        base = self.compiled(edits.base())
        name, _ = self.change_set(base, "CREATE")
        self.execute(name)
        judged = 0
        for edit in edits.edits_of("fargate"):
            with self.subTest(edit):
                text = self.compiled(edits.edited(edit, "fargate"))
                if any(kind in text for kind in NOT_THERE):
                    continue
                name, listed = self.change_set(text)
                self.listed_as_edited(base, text, listed)
                self.stacks.delete_change_set(StackName=STACK, ChangeSetName=name)
                judged += 1
        self.assertGreaterEqual(judged, 60)

    def test_edits_one_after_the_other(self):
        """What is executed is there, and the next edit begins at it."""
        old = self.compiled(edits.base())
        name, _ = self.change_set(old, "CREATE")
        self.execute(name)
        for edit in EXECUTED:
            for manifest in (edits.edited(edit, "fargate"), edits.base()):
                with self.subTest(edit):
                    text = self.compiled(manifest)
                    name, listed = self.change_set(text)
                    self.listed_as_edited(old, text, listed)
                    self.execute(name)
                    live = {one["LogicalResourceId"] for one in self.stacks.describe_stack_resources(StackName=STACK)["StackResources"]
                            if not re.match("DELETE_", one["ResourceStatus"])}
                    self.assertEqual(set(read_template(text)["Resources"]), live)
                    old = text
