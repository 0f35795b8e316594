"""Every task definition, in templates and in Dockerrun.aws.json, is one that ECS would register.

botocore's model judges the shape with enumerations, patterns and bounds enforced; `task_rules` and
`template_rules` judge what spans fields. The last class seeds faults, so that a rule cannot rot.
"""

import copy
import unittest

import api_model
import task_rules
import template_rules
from support import Intrinsic, every_dockerrun, every_whole_template, resources

TASK = api_model.input_of("ecs", "RegisterTaskDefinition")
DOCKERRUN_KEYS = {"AWSEBDockerrunVersion", "containerDefinitions", "volumes", "authentication", "executionRoleArn"}


def as_api(properties):
    """A task definition of a template as RegisterTaskDefinition takes it. CloudFormation names a family itself."""
    task = api_model.to_api(properties, TASK)
    return {"family": "named-by-cloudformation"} | task


def tasks_of(template):
    """{logical id: task definition as the API spells it}"""
    return {name: as_api(properties) for name, properties in resources(template, "AWS::ECS::TaskDefinition").items()}


def dockerrun_task(document):
    """A Dockerrun as the task definition that Elastic Beanstalk registers: bridge mode on instances."""
    task = {"family": "named-by-elastic-beanstalk", "networkMode": "bridge"}
    task["containerDefinitions"] = document["containerDefinitions"]
    task["volumes"] = document.get("volumes", [])
    if "executionRoleArn" in document:
        task["executionRoleArn"] = document["executionRoleArn"]
    return task


class InTemplates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.templates = every_whole_template()

    def test_the_fixture_has_tasks(self):
        found = sum(len(tasks_of(template)) for _, template in self.templates)
        self.assertGreaterEqual(found, 6, "app, migrate and xray on each of two targets")

    def test_the_api_model_accepts_them(self):
        for where, template in self.templates:
            for name, task in tasks_of(template).items():
                with self.subTest(where, task=name):
                    self.assertEqual([], api_model.faults(task, TASK))

    def test_their_fields_agree(self):
        for where, template in self.templates:
            for name, task in tasks_of(template).items():
                with self.subTest(where, task=name):
                    self.assertEqual([], task_rules.task_faults(task, name))

    def test_services_and_tasks_agree(self):
        for where, template in self.templates:
            with self.subTest(where):
                self.assertEqual([], template_rules.service_faults(template, tasks_of(template)))

    def test_roles_can_do_what_is_needed_and_not_everything(self):
        for where, template in self.templates:
            with self.subTest(where):
                raw = resources(template, "AWS::ECS::TaskDefinition")
                self.assertEqual([], template_rules.role_faults(template, raw))

    def test_nothing_is_open_to_the_world_but_load_balancers(self):
        for where, template in self.templates:
            with self.subTest(where):
                self.assertEqual([], template_rules.exposure_faults(template))


class InDockerruns(unittest.TestCase):
    def test_dockerruns(self):
        documents = every_dockerrun()
        self.assertTrue(documents, "the fixture's dev environment has one")
        for where, document in documents:
            with self.subTest(where):
                self.assertEqual(2, document["AWSEBDockerrunVersion"])
                self.assertIs(int, type(document["AWSEBDockerrunVersion"]))
                self.assertEqual(set(), set(document) - DOCKERRUN_KEYS)
                task = dockerrun_task(document)
                self.assertEqual([], api_model.faults(task, TASK))
                self.assertEqual([], task_rules.task_faults(task, where, ecr_by_instance=True))
                self.assertEqual([], [name for name, value in _values(document) if isinstance(value, Intrinsic)])


def _values(value, path=""):
    yield path, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from _values(member, f"{path}/{key}")


# ---- the rules themselves -----------------------------------------------------------------

LOG = {"logDriver": "awslogs", "options": {"awslogs-group": "/x", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "x"}}
LEGAL = {
    "family": "legal", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
    "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
    "containerDefinitions": [
        {"name": "app", "image": "busybox", "essential": True, "logConfiguration": LOG,
         "portMappings": [{"containerPort": 8000, "protocol": "tcp"}],
         "mountPoints": [{"sourceVolume": "public", "containerPath": "/public"}],
         "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}],
         "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 5}},
        {"name": "init", "image": "busybox", "essential": False, "logConfiguration": LOG,
         "mountPoints": [{"sourceVolume": "public", "containerPath": "/public"}]},
    ],
    "volumes": [{"name": "public"}],
}
# Each seeds one fault: (what the judge must say, where, the value there; None removes it).
SEEDED = [
    ("undefined volume", ["volumes"], []),
    ("two containers named app", ["containerDefinitions", 1, "name"], "app"),
    ("unknown init", ["containerDefinitions", 1, "name"], "setup"),
    ("essential", ["containerDefinitions", 1, "essential"], True),
    ("no health check", ["containerDefinitions", 0, "dependsOn", 0, "condition"], "HEALTHY"),
    ("cycle", ["containerDefinitions", 1, "dependsOn"], [{"containerName": "app", "condition": "HEALTHY"}]),
    ("illegal name", ["containerDefinitions", 0, "name"], "my.app"),
    ("no execution role", ["executionRoleArn"], None),
    ("awslogs-group", ["containerDefinitions", 0, "logConfiguration", "options"], {"awslogs-region": "x", "awslogs-stream-prefix": "x"}),
    ("no Fargate size", ["memory"], "4096"),
    ("needs awsvpc", ["networkMode"], "bridge"),
    ("links", ["containerDefinitions", 0, "links"], ["init"]),
    ("privileged", ["containerDefinitions", 0, "privileged"], True),
    ("stopTimeout", ["containerDefinitions", 0, "stopTimeout"], 600),
    ("interval 3", ["containerDefinitions", 0, "healthCheck", "interval"], 3),
    ("neither CMD", ["containerDefinitions", 0, "healthCheck", "command"], ["curl", "localhost"]),
    ("on the host", ["volumes", 0, "host"], {"sourcePath": "/data"}),
    ("more memory than the task", ["containerDefinitions", 0, "memory"], 1024),
    ("more CPU than the task", ["containerDefinitions", 0, "cpu"], 512),
    ("host port 80 differs", ["containerDefinitions", 0, "portMappings", 0, "hostPort"], 80),
    ("given twice", ["containerDefinitions", 0, "environment"], [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
    ("nothing mounts", ["volumes"], [{"name": "public"}, {"name": "other"}]),
    ("no essential container", ["containerDefinitions", 0, "essential"], False),
    ("log driver", ["containerDefinitions", 0, "logConfiguration", "logDriver"], "syslog"),
    ("is none of", ["containerDefinitions", 0, "dependsOn", 0, "condition"], "DONE"),
    ("Unknown parameter", ["containerDefinitions", 0, "colour"], "blue"),
    ("Invalid type", ["containerDefinitions", 0, "memory"], "512"),
]


def seeded(path, value):
    task = copy.deepcopy(LEGAL)
    inner = task
    for step in path[:-1]:
        inner = inner[step]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return task


class TheRulesThemselves(unittest.TestCase):
    def judged(self, task):
        return api_model.faults(task, TASK) or task_rules.task_faults(task)

    def test_a_legal_task_passes(self):
        self.assertEqual([], self.judged(LEGAL))

    def test_each_seeded_fault_is_named(self):
        for said, path, value in SEEDED:
            with self.subTest(said):
                self.assertIn(said, " | ".join(self.judged(seeded(path, value))))

    def test_pascal_case_and_intrinsics_become_the_api_form(self):
        task = as_api({"Cpu": "256", "NetworkMode": "awsvpc", "Tags": Intrinsic({"Ref": "AWS::NoValue"}),
                       "ContainerDefinitions": [{"Name": "a", "Image": Intrinsic({"Fn::Sub": "x/${Y}"}), "Kolor": 1}]})
        self.assertEqual([{"name": "a", "image": "x/x", "Kolor": 1}], task["containerDefinitions"])
        self.assertNotIn("tags", task)


BALANCED = {"Resources": {
    "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {}},
    "Group": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"TargetType": "ip"}},
    "Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener",
                 "Properties": {"DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Group"}}]}},
    "Service": {"Type": "AWS::ECS::Service", "DependsOn": ["Listener"], "Properties": {
        "TaskDefinition": {"Ref": "Task"}, "NetworkConfiguration": {}, "HealthCheckGracePeriodSeconds": 60,
        "DeploymentConfiguration": {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}},
        "LoadBalancers": [{"ContainerName": "app", "ContainerPort": 8000, "TargetGroupArn": {"Ref": "Group"}}]}},
}}
SEEDED_SERVICES = [
    ("in no port mapping", ["Service", "Properties", "LoadBalancers", 0, "ContainerPort"], 9000),
    ("target type instance", ["Group", "Properties", "TargetType"], "instance"),
    ("does not wait for a listener", ["Service", "DependsOn"], []),
    ("no listener forwards", ["Listener", "Properties", "DefaultActions"], []),
    ("goes with awsvpc", ["Service", "Properties", "NetworkConfiguration"], None),
    ("is no target group", ["Service", "Properties", "LoadBalancers", 0, "TargetGroupArn"], {"Ref": "Listener"}),
    ("circuit breaker", ["Service", "Properties", "DeploymentConfiguration"], {}),
    ("launch type", ["Service", "Properties"], BALANCED["Resources"]["Service"]["Properties"]
     | {"LaunchType": "FARGATE", "CapacityProviderStrategy": []}),
]


class TheTemplateRulesThemselves(unittest.TestCase):
    def test_a_legal_service_passes(self):
        self.assertEqual([], template_rules.service_faults(BALANCED, {"Task": LEGAL}))

    def test_each_seeded_fault_is_named(self):
        for said, path, value in SEEDED_SERVICES:
            with self.subTest(said):
                template = copy.deepcopy(BALANCED)
                inner = template["Resources"]
                for step in path[:-1]:
                    inner = inner[step]
                if value is None:
                    del inner[path[-1]]
                else:
                    inner[path[-1]] = value
                self.assertIn(said, " | ".join(template_rules.service_faults(template, {"Task": LEGAL})))

    def test_an_open_group_and_a_wrong_trust_are_named(self):
        template = {"Resources": {
            "Open": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"SecurityGroupIngress": [{"CidrIp": "0.0.0.0/0"}]}},
            "Role": {"Type": "AWS::IAM::Role", "Properties": {
                "AssumeRolePolicyDocument": {"Statement": [{"Principal": {"Service": "ec2.amazonaws.com"}}]}}},
        }}
        self.assertEqual(["Open: open to the world"], template_rules.exposure_faults(template))
        task = {"ExecutionRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "ContainerDefinitions": [{"Name": "a", "Secrets": [{"Name": "P", "ValueFrom": "x"}]}]}
        said = " | ".join(template_rules.role_faults(template, {"Task": task}))
        self.assertIn("not for ecs-tasks", said)
        self.assertIn("lacks secretsmanager:GetSecretValue", said)
