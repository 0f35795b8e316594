"""What the judges of pipelines share: the projects that have one, and CodePipeline's reading of a template."""

import functools
import json
import re

from support import FIXTURE, ROOT, read_template, scratch, tranship

TWO_ACCOUNTS = ROOT / "tests" / "golden" / "pipeline-two-accounts-codepipeline" / "input"
TWO_REGIONS = ROOT / "tests" / "golden" / "pipeline-two-regions-codepipeline" / "input"
# Every project with a pipeline, and the region that it is in.
PROJECTS = {FIXTURE: "us-east-1", TWO_ACCOUNTS: "eu-central-1", TWO_REGIONS: "eu-central-1"}


@functools.cache
def pipeline(provider, project=FIXTURE):
    """The directory that `tranship pipeline` wrote, and below it the repository for a host."""
    import shutil

    place = scratch() / "project"
    shutil.copytree(project, place, ignore=shutil.ignore_patterns("dist", "golden"))
    done = tranship("pipeline", "--provider", provider, cwd=place)
    if done.returncode != 0:
        raise AssertionError(f"tranship pipeline: exit {done.returncode}\n{done.stderr}")
    return place


def every_pipeline_template():
    """Every template of every provider, each text once: [(where, text)]."""
    found = {}
    for project in PROJECTS:
        # The roles of GitHub differ by the names of regions alone.
        for provider in ("codepipeline", "github") if project != TWO_REGIONS else ("codepipeline",):
            for path in sorted((pipeline(provider, project) / "dist" / "pipeline").glob("*.yaml")):
                found.setdefault(path.read_text(), f"{project.parent.name} {provider} {path.name}")
    return [(where, text) for text, where in found.items()]


def flat(value, names):
    """A value with its intrinsics resolved: parameters and attributes by `names`, others by their own name."""
    if isinstance(value, dict):
        if set(value) == {"Ref"}:
            return names.get(value["Ref"], value["Ref"])
        if set(value) == {"Fn::GetAtt"}:
            return names.get(".".join(value["Fn::GetAtt"]), ".".join(value["Fn::GetAtt"]))
        if set(value) == {"Fn::Sub"}:
            return re.sub(r"\$\{([^}!]+)\}", lambda found: str(names.get(found[1], found[1])), value["Fn::Sub"])
        return {key: flat(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [flat(inner, names) for inner in value]
    return value


def pseudo(region, account="111111111111"):
    """The pseudo parameters of a stack."""
    return {"AWS::Partition": "aws", "AWS::Region": region, "AWS::AccountId": account, "AWS::URLSuffix": "amazonaws.com"}


class PipelineTemplate:
    """`pipeline.yaml`, with everything resolved."""

    def __init__(self, directory, region, given=None):
        self.directory = directory
        self.text = (directory / "pipeline.yaml").read_text()
        template = read_template(self.text)
        names = pseudo(region) | {name: f"value-of-{name}" for name in template["Parameters"]} | (given or {})
        for name, resource in template["Resources"].items():
            kind = resource["Type"]
            arn = {"AWS::S3::Bucket": "arn:aws:s3:::bucket", "AWS::KMS::Key": f"arn:aws:kms:{region}:111111111111:key/own",
                   "AWS::CodeBuild::Project": f"arn:aws:codebuild:{region}:111111111111:project/{name}"}
            if kind == "AWS::IAM::Role":
                arn[kind] = f"arn:aws:iam::111111111111:role/{resource['Properties'].get('RoleName', name)}"
            if kind == "AWS::S3::Bucket":
                names[name] = "bucket"
            names[f"{name}.Arn"] = arn.get(kind, f"arn:of:{name}")
        self.names = names
        self.resources = {name: flat(resource, names) for name, resource in template["Resources"].items()}
        self.pipeline = self.resources["Pipeline"]["Properties"]

    def role_arn(self, name):
        return self.names[f"{name}.Arn"]

    def key(self):
        """The ARN of the key of the artifacts, or none."""
        return self.names.get("ArtifactKey.Arn")

    def actions(self):
        """Every action in the order in which CodePipeline runs them: (stage, action)."""
        for stage in self.pipeline["Stages"]:
            for action in sorted(stage["Actions"], key=lambda action: action["RunOrder"]):
                yield stage["Name"], action

    def statements(self, role):
        """What a role may do: [(actions, resources, condition)]."""
        found = []
        for policy in self.resources[role]["Properties"]["Policies"]:
            found += policy["PolicyDocument"]["Statement"]
        for resource in self.resources.values():
            if resource["Type"] == "AWS::IAM::Policy" and role in resource["Properties"]["Roles"]:
                found += resource["Properties"]["PolicyDocument"]["Statement"]
        as_list = lambda value: value if isinstance(value, list) else [value]
        return [(as_list(one["Action"]), as_list(one["Resource"]), one.get("Condition")) for one in found]

    def allows(self, role, action, resource):
        """Whether a role may call an action on a resource."""
        import fnmatch

        return any(action in actions and any(fnmatch.fnmatchcase(resource, pattern) for pattern in resources)
                   for actions, resources, _ in self.statements(role))

    def buildspec(self):
        return self.resources["BuildProject"]["Properties"]["Source"]["BuildSpec"]


def configuration(directory, environment):
    return json.loads((directory / f"{environment}.json").read_text())
