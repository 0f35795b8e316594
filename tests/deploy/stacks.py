"""What the tests of CloudFormation deployments share: a network, the agent that ends tasks, a clean slate."""

import re
import threading
import time

from world import DeployCase, client

RESTING = re.compile(r"_(COMPLETE|FAILED)$")


class Agent(threading.Thread):
    """Plays the ECS agent: every task that no service runs ends with the exit code that is set."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.ecs, self.code, self.ended, self.on = client("ecs", url), 0, [], True
        self.start()

    def run(self):
        while self.on:
            for cluster in self.ecs.list_clusters()["clusterArns"]:
                for arn in self.ecs.list_tasks(cluster=cluster, desiredStatus="RUNNING")["taskArns"]:
                    self.end(cluster, arn)
            time.sleep(0.2)

    def end(self, cluster, arn):
        for task in self.ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]:
            if task["lastStatus"] == "RUNNING" and not task.get("group", "").startswith("service:"):
                containers = [{"containerName": one["name"], "exitCode": self.code, "status": "STOPPED"}
                              for one in task["containers"]]
                self.ecs.submit_task_state_change(cluster=cluster, task=arn, status="STOPPED", containers=containers,
                                                  reason="Essential container in task exited")
                self.ended.append((task["taskDefinitionArn"], self.code))

    def stop(self):
        self.on = False
        self.join(10)


class StackCase(DeployCase):
    """No stack of an earlier test, a network, and values for what a template asks for."""

    environment_name, stack = "prod", "shop-prod"

    def setUp(self):
        super().setUp()
        self.clear()
        ec2 = client("ec2", self.upstream)
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{'ab'[n]}")[
                "Subnet"]["SubnetId"] for n in range(2)]
        self.flags = None
        self.gateway.reset()

    def clear(self):
        """Deletes what is there, by the service's own means: again what another stack still used."""
        self.stacks = client("cloudformation", self.upstream)
        end = time.monotonic() + 30
        while live := [one for one in self.stacks.describe_stacks()["Stacks"] if one["StackStatus"] != "DELETE_COMPLETE"]:
            for stack in live:
                if stack["StackStatus"] != "DELETE_IN_PROGRESS":
                    self.stacks.delete_stack(StackName=stack["StackId"])
            self.assertLess(time.monotonic(), end, f"stacks stay: {[(one['StackName'], one['StackStatus']) for one in live]}")
            time.sleep(0.05)

    def values(self, *arguments):
        """The flags for everything that the program says is missing."""
        if self.flags is None:
            run = self.tranship("deploy", self.environment_name, "--yes", *arguments, expect=None)
            if run.code == 0:
                self.fail(f"nothing was asked for\n{run}")
            self.assertEqual(run.code, 2, run)
            self.flags = []
            for name in re.findall(r"--parameter (\S+)=VALUE", run.err):
                value = self.vpc if re.search("vpc", name, re.I) else ",".join(self.subnets)
                self.assertRegex(name, "(?i)vpc|subnet", run)
                self.flags += ["--parameter", f"{name}={value}"]
            for name in re.findall(r"--secret (\S+)=@FILE", run.err):
                self.flags += ["--secret", f"{name}=@secret"]
        return self.flags

    def deploy(self, *arguments, **more):
        """Deploys with all values given."""
        flags = self.values(*arguments)
        return self.tranship("deploy", self.environment_name, "--yes", *arguments, *flags, **more)

    def again(self, *arguments, **more):
        """Deploys with no value given but these."""
        return self.tranship("deploy", self.environment_name, "--yes", *arguments, **more)

    def state(self):
        """The stack's status, or None."""
        try:
            return self.stacks.describe_stacks(StackName=self.stack)["Stacks"][0]["StackStatus"]
        except self.stacks.exceptions.ClientError:
            return None

    def change_sets(self):
        """The names of change sets that wait."""
        found = self.stacks.list_change_sets(StackName=self.stack)["Summaries"]
        return [one["ChangeSetName"] for one in found if one.get("ExecutionStatus") == "AVAILABLE"]

    def changed(self, run):
        """The resources that the change set listed: name -> (verb, type)."""
        lines = re.findall(r"^[+~!-] (add|change|new revision|new tasks|replace|remove) +(\S+) \((\S+)\)", run.err, re.M)
        return {name: (verb, kind) for verb, name, kind in lines}
