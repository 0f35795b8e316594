"""Walks each pipeline as CodePipeline would: in one account, in two, in two regions; stacks and Elastic Beanstalk."""

import functools
import json
import os
import re
import subprocess
import unittest

import yaml

from pipeline_walk import DECRYPT, ENCRYPT, OWN, READ, WRITE, World, resolved_secrets
from pipelines import PROJECTS, TWO_ACCOUNTS, TWO_REGIONS, configuration, pipeline
from support import FIXTURE, TRANSHIP, read_template

SERVICES = ("cloudformation:", "elasticbeanstalk:", "codebuild:", "codeconnections:", "iam:", "sts:", "kms:", "ecr:")
# What CodePipeline and CodeBuild call beside what an action does: they look at a bucket and a key before they use it.
LOOKS = {"kms:DescribeKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"}


@functools.cache
def world(project):
    return World(pipeline("codepipeline", project) / "dist" / "pipeline", PROJECTS[project])


@functools.cache
def built(project):
    """The artifacts of a project's environments, as its build makes them."""
    place = pipeline("codepipeline", project)
    subprocess.run([TRANSHIP, "build", "--all", "-q", "--out", place / "compiled"], cwd=place, check=True,
                   env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LOG_LEVEL": "info", "APP_VERSION": "1"})
    return place / "compiled"


class Walk(unittest.TestCase):
    """Each action in turn, with what those before it made."""

    def each(self):
        for project in PROJECTS:
            yield project, world(project)

    def test_inputs_exist_and_configurations_parse(self):
        for project, place in self.each():
            made, namespaces = set(), set()
            spec = yaml.safe_load(place.template.buildspec())
            for stage, action, region, _ in place.steps():
                with self.subTest(f"{project.parent.name} {stage} {action['Name']}"):
                    for artifact in action.get("InputArtifacts", []):
                        self.assertIn(artifact["Name"], made)
                    for used in re.findall(r"#\{(\w+)\.\w+\}", json.dumps(action["Configuration"])):
                        self.assertIn(used, namespaces)
                    given = action["Configuration"]
                    for key in ("TemplatePath", "TemplateConfiguration"):
                        if key in given:
                            artifact, path = given[key].split("::")
                            self.assertEqual("Build", artifact)
                            files = spec["artifacts"].get("secondary-artifacts", {}).get("Build", spec["artifacts"])["files"]
                            self.assertIn(path, files)
                    if "EnvironmentVariables" in given:
                        variables = {one["name"]: one["value"] for one in json.loads(given["EnvironmentVariables"])}
                        last = place.environments()[stage.lower()]
                        self.assertEqual({"STACK", "CHANGE_SET", "REGION", "ROLE"}, set(variables))
                        self.assertEqual((last[0], last[1] or ""), (variables["REGION"], variables["ROLE"]))
                    if "CustomData" in given:
                        self.assertLess(len(given["CustomData"]), 200)
                        region = place.environments()[stage.lower()][0]
                        self.assertTrue(given["ExternalEntityLink"].startswith(f"https://{region}.console.aws.amazon.com/"))
                        self.assertIn(f"/home?region={region}#", given["ExternalEntityLink"])
                made |= {artifact["Name"] for artifact in action.get("OutputArtifacts", [])}
                namespaces |= {action.get("Namespace")}
            secondary = spec["artifacts"].get("secondary-artifacts", {})
            self.assertEqual(made - {"Source"}, set(secondary) or {"Build"})

    def test_source_build_and_approval_stay_in_the_region_of_the_pipeline(self):
        for _, place in self.each():
            for _, action, region, _ in place.steps():
                if action["ActionTypeId"]["Category"] != "Deploy":
                    self.assertEqual(place.region, region, action["Name"])

    def test_every_region_has_a_store_of_artifacts(self):
        for project, place in self.each():
            given = place.template.pipeline
            stores = {one["Region"]: one["ArtifactStore"] for one in given.get("ArtifactStores", [])} or {place.region: given["ArtifactStore"]}
            self.assertEqual(1, ("ArtifactStore" in given) + ("ArtifactStores" in given), "one of the two")
            self.assertEqual({region for _, _, region, _ in place.steps()}, set(stores))
            for region, store in stores.items():
                with self.subTest(f"{project.parent.name} {region}"):
                    self.assertEqual(place.stores[region].bucket, store["Location"])
                    self.assertEqual(place.stores[region].key, store.get("EncryptionKey", {}).get("Id"))
        self.assertEqual({"eu-central-1", "us-east-1"}, set(world(TWO_REGIONS).stores))

    def test_environments_come_in_order_and_protected_ones_wait(self):
        template = world(FIXTURE).template
        stages = {stage["Name"]: [action["Name"] for action in stage["Actions"]] for stage in template.pipeline["Stages"]}
        self.assertEqual(["Source", "Build", "Dev", "Staging", "Prod"], list(stages))
        self.assertEqual((["Deploy"], ["Deploy"], ["CreateChangeSet", "Plan", "Approve", "ExecuteChangeSet"]),
                         (stages["Dev"], stages["Staging"], stages["Prod"]))
        change_sets = {action["Configuration"].get("ChangeSetName") for stage, action in template.actions() if stage == "Prod" and action["ActionTypeId"]["Provider"] == "CloudFormation"}
        self.assertEqual(1, len(change_sets))

    def test_stacks_have_the_names_that_a_deployment_gives_them(self):
        template = world(FIXTURE).template
        names = {action["Configuration"]["StackName"] for _, action in template.actions() if "StackName" in action["Configuration"]}
        self.assertEqual({"todobackend-staging", "todobackend-prod"}, names)
        beanstalk = [action["Configuration"] for _, action in template.actions() if action["ActionTypeId"]["Provider"] == "ElasticBeanstalk"]
        self.assertEqual([{"ApplicationName": "todobackend", "EnvironmentName": "todobackend-dev"}], beanstalk)

    def test_every_parameter_has_a_value_in_the_file_or_the_overrides(self):
        seen = 0
        for project, place in self.each():
            for _, action in place.template.actions():
                path = action["Configuration"].get("TemplatePath")
                if not path:
                    continue
                environment = path.split("::")[1].split("/")[0]
                with self.subTest(f"{project.parent.name} {environment}"):
                    parameters = read_template((built(project) / environment / "template.yaml").read_text())["Parameters"]
                    given = set(configuration(place.directory, environment)["Parameters"])
                    given |= set(json.loads(action["Configuration"].get("ParameterOverrides", "{}")))
                    self.assertEqual(set(), given - set(parameters))
                    self.assertEqual(set(), {name for name, one in parameters.items() if "Default" not in one} - given)
                    seen += 1
        self.assertEqual(8, seen)

    def test_templates_ask_for_the_capabilities_that_their_actions_give(self):
        for project, place in self.each():
            for _, action in place.template.actions():
                given = action["Configuration"]
                if "TemplatePath" in given:
                    template = read_template((built(project) / given["TemplatePath"].split("::")[1]).read_text())
                    roles = [one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::IAM::Role"]
                    self.assertTrue(roles)
                    named = any("RoleName" in role for role in roles)
                    self.assertEqual("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM", given["Capabilities"])


class Rights(unittest.TestCase):
    """Roles allow exactly the calls that each action makes."""

    def test_each_action_may_do_what_it_calls_and_nothing_is_allowed_that_none_calls(self):
        for project in PROJECTS:
            place = world(project)
            used = {arn: set() for arn in place.roles}
            pipeline_role = place.role("PipelineRole")

            def call(role, action, resource, **context):
                with self.subTest(f"{project.parent.name} {role.arn} {action} {resource}"):
                    self.assertTrue(role.allows(action, resource, **context))
                used[role.arn].add((action, resource))

            self.assertTrue(pipeline_role.serves("codepipeline.amazonaws.com"))
            for stage, action, region, role in place.steps():
                account = role.arn.split(":")[4]
                if role is not pipeline_role:
                    call(pipeline_role, "sts:AssumeRole", role.arn)
                    self.assertTrue(role.trusts(pipeline_role.arn), role.arn)
                for name, resource, context in place.calls(action, region, account):
                    call(role, name, resource, **context)
                for name, resource in place.access(action, region, role):
                    call(role, name, resource)
                if region != place.region:  # the pipeline copies there what the action takes
                    store = place.stores[region]
                    call(pipeline_role, "s3:PutObject", f"arn:aws:s3:::{store.bucket}/run/x")
                    for name in ENCRYPT + DECRYPT if store.key else []:
                        call(pipeline_role, name, store.key)
                self.admitted(place, region, account)
                deploy = action["Configuration"].get("RoleArn")
                if deploy:
                    self.deploys(place, stage, region, deploy, used)
            self.builds(place, call)
            self.plans(place, call)
            for arn, made in used.items():
                self.exact(place, arn, made)

    def admitted(self, place, region, account):
        """What another account reads, the policies of the bucket and its key admit; and no account that reads nothing."""
        store = place.stores[region]
        if account != OWN:
            self.assertIn(account, store.bucket_admits)
            self.assertIn(account, store.key_admits)

    def deploys(self, place, stage, region, arn, used):
        """CloudFormation's role: in the account of the stack, for CloudFormation, with the secrets of the stack's parameters."""
        role = place.roles[arn]
        self.assertTrue(role.serves("cloudformation.amazonaws.com"))
        account = arn.split(":")[4]
        for secret in resolved_secrets(configuration(place.directory, stage.lower())):
            self.assertTrue(role.allows("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{region}:{account}:secret:{secret}-AbCdEf"))
        for actions, resources, _ in role.statements:
            for resource in (one for one in resources if one.count(":") > 4):
                self.assertIn(resource.split(":")[3], ("", region), f"{arn} reaches another region by {resource}")
                self.assertIn(resource.split(":")[4], ("", account), f"{arn} reaches another account by {resource}")
        used.pop(arn, None)

    def builds(self, place, call):
        role, store = place.role("BuildRole"), place.stores[place.region]
        self.assertTrue(role.serves("codebuild.amazonaws.com"))
        for name in READ + WRITE:
            call(role, name, f"arn:aws:s3:::{store.bucket}/run/x")
        for name in DECRYPT + ENCRYPT:
            if store.key:
                call(role, name, store.key)
        spec = place.template.buildspec()
        regions = {environment: region for environment, (region, _) in place.environments().items()}
        published = {regions[name] for name in re.findall(r"tranship publish (\S+) --tag", spec)}
        composed = {place.region} if "docker compose push" in spec else set()
        repositories = [one["Properties"]["RepositoryName"] for one in read_template((place.directory / "ecr.yaml").read_text())["Resources"].values()]
        self.assertTrue(repositories and published | composed)
        call(role, "ecr:GetAuthorizationToken", "*")
        pushes = {name for actions, _, _ in role.statements for name in actions if name.startswith("ecr:")} - {"ecr:GetAuthorizationToken"}
        self.assertLess({"ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:BatchGetImage"}, pushes)
        for region in published | composed:
            for repository in repositories:
                for name in pushes:
                    call(role, name, f"arn:aws:ecr:{region}:{OWN}:repository/{repository}")
        self.assertFalse(role.allows("ecr:PutImage", f"arn:aws:ecr:{place.region}:{OWN}:repository/other"))

    def plans(self, place, call):
        """The project that reads change sets, with its own role or, in another account, with that of the action."""
        role, store = place.role("PlanRole"), place.stores[place.region]
        self.assertTrue(role.serves("codebuild.amazonaws.com"))
        for stage, action, _, _ in place.steps():
            if action["Name"] != "Plan":
                continue
            for name in READ:
                call(role, name, f"arn:aws:s3:::{store.bucket}/run/x")
            if store.key:
                call(role, "kms:Decrypt", store.key)
            given = {one["name"]: one["value"] for one in json.loads(action["Configuration"]["EnvironmentVariables"])}
            reader = role
            if given["ROLE"]:
                call(role, "sts:AssumeRole", given["ROLE"])
                reader = place.roles[given["ROLE"]]
                self.assertTrue(reader.trusts(role.arn))
            stack = f"arn:aws:cloudformation:{given['REGION']}:{reader.arn.split(':')[4]}:stack/{given['STACK']}/0"
            call(reader, "cloudformation:DescribeChangeSet", stack, cloudformation_ChangeSetName=given["CHANGE_SET"])

    def exact(self, place, arn, made):
        """Every right of a role is one that is used: by its action, on every resource that it names."""
        import fnmatch

        role = place.roles[arn]
        if any("awseb-e-" in resource for _, resources, _ in role.statements for resource in resources):
            # Elastic Beanstalk works with the caller's rights on what its bundle adds, and no table says on which resource each call needs them.
            given = {action for actions, _, _ in role.statements for action in actions if action.startswith("elasticbeanstalk:")}
            self.assertEqual(given, {name for name, _ in made if name.startswith("elasticbeanstalk:")}, arn)
            return
        for actions, resources, _ in role.statements:
            for action in (one for one in actions if one.startswith(SERVICES) and one not in LOOKS):
                for pattern in resources:
                    with self.subTest(f"{arn} {action} {pattern}"):
                        self.assertTrue(any(action == name and fnmatch.fnmatchcase(resource, pattern) for name, resource in made), "it is never called")

    def test_nobody_else_is_admitted_or_trusted(self):
        for place in map(world, PROJECTS):
            accounts = {arn.split(":")[4] for _, arn in place.environments().values() if arn} - {OWN}
            for region, store in place.stores.items():
                read = {role.arn.split(":")[4] for _, _, where, role in place.steps() if where == region} - {OWN}
                self.assertEqual(read, store.bucket_admits, region)
                self.assertEqual(read, store.key_admits - {OWN}, region)
            for arn, role in place.roles.items():
                for stranger in (f"arn:aws:iam::{OWN}:role/other", "arn:aws:iam::999999999999:role/shop-pipeline"):
                    self.assertFalse(role.trusts(stranger), arn)
            ecr = read_template((place.directory / "ecr.yaml").read_text())["Resources"].values()
            for repository in ecr:
                pulls = {number for one in repository["Properties"]["RepositoryPolicyText"]["Statement"]
                         for number in re.findall(r"iam::(\d+):root", json.dumps(one["Principal"]))}
                self.assertEqual(accounts, pulls)

    def test_a_change_set_of_another_name_is_nobodys(self):
        place = world(TWO_ACCOUNTS)
        for stage, action, region, role in place.steps():
            if action["Name"] == "ExecuteChangeSet":
                stack = f"arn:aws:cloudformation:{region}:{role.arn.split(':')[4]}:stack/{action['Configuration']['StackName']}/0"
                self.assertFalse(role.allows("cloudformation:ExecuteChangeSet", stack, cloudformation_ChangeSetName="mine"))
                return
        self.fail("no change set is executed")


class Artifacts(unittest.TestCase):
    def test_they_are_encrypted_versioned_and_go(self):
        for place in map(world, PROJECTS):
            for store in place.stores.values():
                bucket = store.properties
                self.assertEqual("Enabled", bucket["VersioningConfiguration"]["Status"])
                encryption = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]["ServerSideEncryptionByDefault"]
                self.assertEqual(("aws:kms", store.key), (encryption["SSEAlgorithm"], encryption.get("KMSMasterKeyID")))
                self.assertTrue(bucket["LifecycleConfiguration"]["Rules"])
                deny = store.policy["Statement"][0]
                self.assertEqual(("Deny", {"Bool": {"aws:SecureTransport": "false"}}), (deny["Effect"], deny["Condition"]))

    def test_the_specification_is_the_one_beside_the_template(self):
        for place in map(world, PROJECTS):
            self.assertEqual((place.directory / "buildspec.yml").read_text(), place.template.buildspec())


if __name__ == "__main__":
    unittest.main()
