"""The stacks of a delivery pipeline on the CloudFormation engine: created, updated and deleted."""

import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "judges"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from pipelines import TWO_ACCOUNTS, TWO_REGIONS  # noqa: E402
from support import read_template  # noqa: E402
from world import DeployCase, client  # noqa: E402


class PipelineStacks(DeployCase):
    def setUp(self):
        super().setUp()
        self.cloudformation = client("cloudformation", self.upstream)
        self.values = {}

    def written(self, project, provider, change=lambda text: text):
        place = self.directory / f"{project.parent.name}-{provider}"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(project, place, ignore=shutil.ignore_patterns("dist", "golden"))
        manifest = place / "compose.yaml"
        manifest.write_text(change(manifest.read_text()))
        run = self.tranship("pipeline", "-f", str(manifest), "--provider", provider, "--out", str(place / "out"), "--force")
        self.assertEqual(0, run.code, run)
        return place / "out"

    def wait(self, stack, wanted):
        for _ in range(200):
            found = self.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
            if found["StackStatus"].endswith(("_COMPLETE", "_FAILED")):
                break
            time.sleep(0.1)
        events = [(event["LogicalResourceId"], event.get("ResourceStatusReason")) for event in
                  self.cloudformation.describe_stack_events(StackName=stack)["StackEvents"] if "FAILED" in event["ResourceStatus"]]
        self.assertEqual(wanted, found["StackStatus"], events)
        return found

    def parameters(self, text):
        """A value for each parameter that has no default."""
        values = {"TranshipArchive": "https://example.org/tranship.tar.gz", "ConnectionArn": "arn:aws:codeconnections:us-east-1:000000000000:connection/1",
                  "SourceRepository": "acme/todobackend", "PipelineAccount": "000000000000", "ArtifactKey": "arn:aws:kms:us-east-1:000000000000:key/1"} | self.values
        needed = [name for name, one in read_template(text).get("Parameters", {}).items() if "Default" not in one]
        return [{"ParameterKey": name, "ParameterValue": values.get(name, "value-1")} for name in needed]

    def body(self, text):
        """A template as a request takes it: over the limit by its address in a bucket."""
        if len(text) <= 51_200:
            return {"TemplateBody": text}
        storage = client("s3", self.upstream)
        storage.create_bucket(Bucket="templates")
        storage.put_object(Bucket="templates", Key=str(hash(text)), Body=text.encode())
        return {"TemplateURL": f"https://s3.us-east-1.amazonaws.com/templates/{hash(text)}"}

    def life(self, stack, first, second):
        """Creates a stack of a template, updates it to another, and deletes it."""
        given = {"StackName": stack, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
        self.cloudformation.create_stack(**self.body(first), Parameters=self.parameters(first), **given)
        made = self.wait(stack, "CREATE_COMPLETE")
        resources = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in
                     self.cloudformation.describe_stack_resources(StackName=stack)["StackResources"]}
        self.assertEqual(set(read_template(first)["Resources"]), set(resources))
        self.cloudformation.update_stack(**self.body(second), Parameters=self.parameters(second), **given)
        self.wait(stack, "UPDATE_COMPLETE")
        after = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in
                 self.cloudformation.describe_stack_resources(StackName=stack)["StackResources"]}
        self.assertEqual(set(read_template(second)["Resources"]), set(after))
        self.cloudformation.delete_stack(StackName=stack)
        for _ in range(200):
            left = [one["StackName"] for one in self.cloudformation.describe_stacks()["Stacks"] if one["StackStatus"] != "DELETE_COMPLETE"]
            if stack not in left:
                return resources, after, made
            time.sleep(0.1)
        self.fail(f"{stack} is not deleted")

    def test_the_repositories_outlive_their_stack(self):
        first = self.written(TWO_ACCOUNTS, "codepipeline")
        text = (first / "ecr.yaml").read_text()
        resources, after, _ = self.life("shop-images", text, text.replace('\\"countNumber\\":20', '\\"countNumber\\":30'))
        self.assertEqual(resources, after, "an update of the lifecycle replaces nothing")
        names = [one["repositoryName"] for one in client("ecr", self.upstream).describe_repositories()["repositories"]]
        self.assertIn("shop/web", names)

    def test_a_pipeline_gains_an_environment(self):
        first = (self.written(TWO_ACCOUNTS, "codepipeline") / "pipeline.yaml").read_text()
        line = "    staging: { target: fargate, network: new, account: \"111111111111\" }\n"
        more = lambda text: text.replace(line, line + line.replace("staging", "demo"))
        second = (self.written(TWO_ACCOUNTS, "codepipeline", more) / "pipeline.yaml").read_text()
        resources, after, made = self.life("shop-pipeline", first, second)
        self.assertEqual({"DemoDeployRole"}, set(after) - set(resources))
        kept = {name: one for name, one in resources.items() if after.get(name) == one}
        self.assertEqual(resources, kept, "nothing is replaced")
        self.assertIn("PipelineName", {one["OutputKey"] for one in made["Outputs"]})

    def test_a_pipeline_in_two_regions_after_the_store_of_the_other(self):
        directory = self.written(TWO_REGIONS, "codepipeline")
        text = (directory / "artifacts-us-east-1.yaml").read_text()
        given = {"StackName": "shop-artifacts", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
        self.cloudformation.create_stack(TemplateBody=text, **given)
        made = self.wait("shop-artifacts", "CREATE_COMPLETE")
        outputs = {one["OutputKey"]: one["OutputValue"] for one in made["Outputs"]}
        self.assertEqual({"ArtifactBucketName", "ArtifactKeyArn"}, set(outputs))
        self.values = {"UsEast1ArtifactBucket": outputs["ArtifactBucketName"], "UsEast1ArtifactKey": outputs["ArtifactKeyArn"]}
        pipeline = (directory / "pipeline.yaml").read_text()
        needed = {one["ParameterKey"]: one["ParameterValue"] for one in self.parameters(pipeline)}
        self.assertEqual(self.values, needed, "nothing else is asked")
        resources, after, _ = self.life("shop-pipeline", pipeline, pipeline.replace("TimeoutInMinutes: 60", "TimeoutInMinutes: 90"))
        self.assertEqual(resources, after, "nothing is replaced")
        role = client("iam", self.upstream)
        self.assertEqual([], [one["RoleName"] for one in role.list_roles()["Roles"] if one["RoleName"] == "shop-pipeline"])
        self.cloudformation.delete_stack(StackName="shop-artifacts")
        names = [one["Name"] for one in client("s3", self.upstream).list_buckets()["Buckets"]]
        self.assertIn(outputs["ArtifactBucketName"], names, "artifacts outlive their stack")

    def test_roles_of_another_account_and_of_github(self):
        directory = self.written(TWO_ACCOUNTS, "codepipeline")
        for name in ("roles-production", "roles-web"):
            text = (directory / f"{name}.yaml").read_text()
            self.life(f"shop-{name}", text, text.replace("- s3:GetObjectVersion\n", "- s3:GetObjectTagging\n", 1))
        text = (self.written(TWO_ACCOUNTS, "github") / "github.yaml").read_text()
        resources, _, _ = self.life("shop-github", text, text.replace("ecr:GetAuthorizationToken", "ecr:DescribeImages", 1))
        self.assertEqual({"IdentityProvider", "PlanRole", "PublishRole", "StagingDeployRole"}, set(resources))
