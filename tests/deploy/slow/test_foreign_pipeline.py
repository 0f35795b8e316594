"""The pipelines on a CodePipeline that others wrote: fakecloud, a process of its own.

Nothing is bent. What it does not judge: it runs no action of ours, knows no other account, and keeps the stores of several
regions in a stack's pipeline as the template has them, which its own answers then cannot be read from: a pipeline of several
regions is judged by the requests of the API alone.
"""

import json
import pathlib
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "judges")]

from pipelines import PROJECTS, TWO_ACCOUNTS, flat, pseudo  # noqa: E402
from pipeline_walk import World  # noqa: E402
from support import FIXTURE, read_template  # noqa: E402
from test_foreign_beanstalk import Fakecloud  # noqa: E402
from world import ACCOUNT, REGION, DeployCase, client  # noqa: E402


def as_request(value, key=""):
    """Properties of a template as the API has them: members begin with a small letter, and stores are a map by region."""
    if key == "Configuration":
        return value
    if key == "ArtifactStores":
        return {one["Region"]: as_request(one["ArtifactStore"]) for one in value}
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: as_request(inner, name) for name, inner in value.items()}
    return [as_request(inner) for inner in value] if isinstance(value, list) else value


class Pipelines(DeployCase):
    engine = Fakecloud
    maxDiff = None

    def setUp(self):
        super().setUp()
        self.service, self.stacks = client("codepipeline", self.upstream), client("cloudformation", self.upstream)

    def written(self, project):
        place = self.directory / project.parent.name
        shutil.copytree(project, place, ignore=shutil.ignore_patterns("dist", "golden"))
        self.tranship("pipeline", "-f", str(place / "compose.yaml"), "--provider", "codepipeline", "--out", str(place / "out"))
        return place / "out"

    def names(self):
        return [one["name"] for one in self.service.list_pipelines()["pipelines"]]

    def test_a_request_with_the_same_pipeline_is_taken_and_answered(self):
        for number, (project, region) in enumerate(PROJECTS.items()):
            with self.subTest(project.parent.name):
                wanted = as_request(World(self.written(project), region).template.pipeline) | {"name": f"shop-{number}", "version": 1}
                self.service.create_pipeline(pipeline=wanted)
                self.assertEqual(wanted, self.service.get_pipeline(name=wanted["name"])["pipeline"])
                without = [stage for stage in wanted["stages"] if stage["name"] != wanted["stages"][-1]["name"]]
                changed = self.service.update_pipeline(pipeline=wanted | {"stages": without})["pipeline"]
                self.assertEqual((2, without), (changed["version"], changed["stages"]))
                self.service.delete_pipeline(name=wanted["name"])
                self.assertNotIn(wanted["name"], self.names())

    def wait(self, stack):
        for _ in range(200):
            (found,) = self.stacks.describe_stacks(StackName=stack)["Stacks"]
            if found["StackStatus"].endswith(("_COMPLETE", "_FAILED")):
                return found["StackStatus"]
            time.sleep(0.1)
        return "no end"

    def resolved(self, text, stack, given):
        """The pipeline of a template with the names that its stack's resources have."""
        template = read_template(text)
        parameters = {name: one.get("Default") for name, one in template["Parameters"].items()}
        names = pseudo(REGION, ACCOUNT) | parameters | given
        arns = {"AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/", "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/",
                "AWS::CodeBuild::Project": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/"}
        for one in self.stacks.describe_stack_resources(StackName=stack)["StackResources"]:
            name, real = one["LogicalResourceId"], one["PhysicalResourceId"]
            names[name] = real
            # The engine names a role by its ARN.
            names[f"{name}.Arn"] = real if real.startswith("arn:") else arns.get(one["ResourceType"], "") + real
        return names["Pipeline"], as_request(flat(template["Resources"]["Pipeline"]["Properties"], names))

    def test_a_stack_makes_the_pipeline_of_its_template_and_takes_it_away(self):
        for project in (FIXTURE, TWO_ACCOUNTS):
            with self.subTest(project.parent.name):
                text = (self.written(project) / "pipeline.yaml").read_text()
                values = {"TranshipArchive": "https://example.org/tranship.tar.gz", "ConnectionArn": f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/1",
                          "SourceRepository": "acme/todobackend"}
                needed = [name for name, one in read_template(text)["Parameters"].items() if "Default" not in one]
                given = {name: values.get(name, "value-1") for name in needed}
                stack = f"pipeline-{project.parent.name}"
                request = {"StackName": stack, "Capabilities": ["CAPABILITY_NAMED_IAM"],
                           "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]}
                self.stacks.create_stack(TemplateBody=text, **request)
                self.assertEqual("CREATE_COMPLETE", self.wait(stack))
                name, wanted = self.resolved(text, stack, given)
                found = self.service.get_pipeline(name=name)["pipeline"]
                self.assertEqual(wanted | {"name": name, "version": found["version"]}, found)
                state = self.service.get_pipeline_state(name=name)["stageStates"]
                self.assertEqual([one["name"] for one in wanted["stages"]], [one["stageName"] for one in state])
                self.stacks.delete_stack(StackName=stack)
                for _ in range(200):
                    if name not in self.names():
                        break
                    time.sleep(0.1)
                self.assertNotIn(name, self.names(), json.dumps(self.names()))
