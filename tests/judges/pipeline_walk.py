"""The accounts and regions of a pipeline, with every stack that its files make, and what its roles may do there."""

import fnmatch
import json
import re

from pipelines import PipelineTemplate, flat, pseudo
from support import read_template

OWN = "111111111111"

# What each action calls on its stack, by its mode (CodePipeline User Guide, "Action structure reference").
CALLS = {
    "CREATE_UPDATE": ["cloudformation:CreateStack", "cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks",
                      "cloudformation:GetTemplate", "cloudformation:UpdateStack"],
    "CHANGE_SET_REPLACE": ["cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:DescribeChangeSet",
                           "cloudformation:DescribeStacks"],
    "CHANGE_SET_EXECUTE": ["cloudformation:DescribeChangeSet", "cloudformation:DescribeStacks", "cloudformation:ExecuteChangeSet"],
}
BUILD = ["codebuild:BatchGetBuilds", "codebuild:StartBuild"]
BEANSTALK = ["elasticbeanstalk:CreateApplicationVersion", "elasticbeanstalk:DescribeApplicationVersions",
             "elasticbeanstalk:DescribeEnvironments", "elasticbeanstalk:DescribeEvents", "elasticbeanstalk:UpdateEnvironment"]
READ, WRITE = ["s3:GetObject", "s3:GetObjectVersion"], ["s3:PutObject"]
DECRYPT, ENCRYPT = ["kms:Decrypt"], ["kms:Encrypt", "kms:GenerateDataKey"]


def as_list(value):
    return value if isinstance(value, list) else [value]


def statements(document):
    """[(actions, resources, condition)] of a policy document."""
    return [(as_list(one["Action"]), as_list(one.get("Resource", [])), one.get("Condition")) for one in document["Statement"]]


class Role:
    """A role: its ARN, whom it trusts, what it may do."""

    def __init__(self, arn, properties):
        self.arn = arn
        self.trusted = properties["AssumeRolePolicyDocument"]["Statement"]
        self.statements = [one for policy in properties["Policies"] for one in statements(policy["PolicyDocument"])]

    def allows(self, action, resource, **context):
        """Whether it may call an action on a resource; `context` are keys of conditions, their colons as underscores."""
        return any(action in actions and any(fnmatch.fnmatchcase(resource, pattern) for pattern in resources)
                   and met(condition, context) for actions, resources, condition in self.statements)

    def trusts(self, principal):
        """Whether a role of an account may assume it."""
        account = principal.split(":")[4]
        for one in self.trusted:
            named = as_list(one["Principal"].get("AWS", []))
            arns = as_list(one.get("Condition", {}).get("ArnEquals", {}).get("aws:PrincipalArn", []))
            if principal in named or f"arn:aws:iam::{account}:root" in named and principal in arns:
                return True
        return False

    def serves(self, service):
        """Whether a service may assume it, for the account of the role alone."""
        return any(one["Principal"].get("Service") == service
                   and one["Condition"]["StringEquals"]["aws:SourceAccount"] == self.arn.split(":")[4] for one in self.trusted)


def met(condition, context):
    for operator, keys in (condition or {}).items():
        assert operator == "StringEquals", operator
        for key, values in keys.items():
            if context.get(key.replace(":", "_")) not in as_list(values):
                return False
    return True


class Store:
    """A bucket of artifacts: its name, its region, its key or none, and the accounts that its policies admit."""

    def __init__(self, resources, bucket, key):
        self.bucket, self.key = bucket, key
        policy = resources["ArtifactBucketPolicy"]["Properties"]["PolicyDocument"]
        self.bucket_admits = admitted(policy)
        self.key_admits = admitted(resources["ArtifactKey"]["Properties"]["KeyPolicy"]) if "ArtifactKey" in resources else set()
        self.policy = policy
        self.properties = resources["ArtifactBucket"]["Properties"]


def admitted(document):
    """The accounts whose roots a resource's policy allows to read."""
    wanted = {"s3:GetObject", "kms:Decrypt", "kms:*"}
    found = set()
    for one in document["Statement"]:
        if one["Effect"] == "Allow" and wanted & set(as_list(one["Action"])):
            found |= {arn.split(":")[4] for arn in as_list(one["Principal"]["AWS"])}
    return found


class World:
    """What the stacks of a pipeline make: the pipeline, its stores by region, its roles by ARN."""

    def __init__(self, directory, region):
        self.directory, self.region = directory, region
        self.stores, self.roles, names = {}, {}, {}
        for path in sorted(directory.glob("artifacts-*.yaml")):
            other = path.stem.removeprefix("artifacts-")
            stem = "".join(word.capitalize() for word in other.split("-"))
            template = read_template(path.read_text())
            assert not template.get("Parameters"), path
            given = pseudo(other) | {"ArtifactBucket": f"bucket-{other}", "ArtifactBucket.Arn": f"arn:aws:s3:::bucket-{other}",
                                     "ArtifactKey.Arn": f"arn:aws:kms:{other}:{OWN}:key/{other}"}
            outputs = {name: flat(one["Value"], given) for name, one in template["Outputs"].items()}
            names[f"{stem}ArtifactBucket"] = outputs["ArtifactBucketName"]
            if "ArtifactKeyArn" in outputs:
                names[f"{stem}ArtifactKey"] = outputs["ArtifactKeyArn"]
            self.stores[other] = Store(flat(template["Resources"], given), outputs["ArtifactBucketName"], outputs.get("ArtifactKeyArn"))
        self.template = PipelineTemplate(directory, region, names)
        self.stores[region] = Store(self.template.resources, "bucket", self.template.key())
        for name, resource in self.template.resources.items():
            if resource["Type"] == "AWS::IAM::Role":
                role = Role(self.template.role_arn(name), resource["Properties"])
                role.statements = self.template.statements(name)
                self.roles[role.arn] = role
        for environment, stack in self.environments().items():
            self.foreign_roles(environment, stack)

    def environments(self):
        """The environments by the names of their files, with the region and the action role of their last action."""
        found = {}
        for stage in self.template.pipeline["Stages"]:
            action = stage["Actions"][-1]
            found[stage["Name"].lower()] = (action.get("Region", self.region), action.get("RoleArn"))
        return found

    def foreign_roles(self, environment, place):
        path = self.directory / f"roles-{environment}.yaml"
        if not path.exists():
            return
        region, action_role = place
        account, store = action_role.split(":")[4], self.stores[region]
        template = read_template(path.read_text())
        given = pseudo(region, account) | {"ArtifactBucket": store.bucket, "ArtifactKey": store.key, "PipelineAccount": OWN}
        assert set(template["Parameters"]) <= set(given), path
        roles = {name: resource["Properties"] for name, resource in template["Resources"].items()}
        arns = {name: f"arn:aws:iam::{account}:role/{properties['RoleName']}" for name, properties in roles.items()}
        given |= {f"{name}.Arn": arn for name, arn in arns.items()}
        for name, arn in arns.items():
            self.roles[arn] = Role(arn, flat(roles[name], given))

    def role(self, name):
        return self.roles[self.template.role_arn(name)]

    def steps(self):
        """Every action with its region, and the role that does its work: (stage, action, region, role)."""
        for stage, action in self.template.actions():
            arn = action.get("RoleArn")
            yield stage, action, action.get("Region", self.region), self.roles[arn] if arn else self.role("PipelineRole")

    def calls(self, action, region, account):
        """What an action calls: [(call, resource, context)]."""
        given, provider = action["Configuration"], action["ActionTypeId"]["Provider"]
        if provider == "CloudFormation":
            stack = f"arn:aws:cloudformation:{region}:{account}:stack/{given['StackName']}/0"
            context = {"cloudformation_ChangeSetName": given.get("ChangeSetName")}
            made = [(call, stack, context) for call in CALLS[given["ActionMode"]]]
            if "RoleArn" in given:
                made.append(("iam:PassRole", given["RoleArn"], {"iam_PassedToService": "cloudformation.amazonaws.com"}))
            return made
        if provider == "CodeBuild":
            project = f"arn:aws:codebuild:{region}:{account}:project/{given['ProjectName']}"
            return [(call, project, {}) for call in BUILD]
        if provider == "CodeStarSourceConnection":
            return [("codeconnections:UseConnection", given["ConnectionArn"], {})]
        if provider == "ElasticBeanstalk":
            application, environment = given["ApplicationName"], given["EnvironmentName"]
            arn = f"arn:aws:elasticbeanstalk:{region}:{account}"
            places = {"Application": f"{arn}:applicationversion/{application}/1", "Environment": f"{arn}:environment/{application}/{environment}"}
            storage = f"arn:aws:s3:::elasticbeanstalk-{region}-{account}/x"
            return [(call, places["Application" if "Version" in call else "Environment"], {}) for call in BEANSTALK] + [("s3:PutObject", storage, {})]
        assert provider == "Manual", provider
        return []

    def access(self, action, region, role):
        """What a role calls on the artifacts of an action: [(call, resource)]."""
        store = self.stores[region]
        objects, found = f"arn:aws:s3:::{store.bucket}/run/x", []
        if action.get("InputArtifacts"):
            found += [(call, objects) for call in READ] + [(call, store.key) for call in DECRYPT if store.key]
        if action.get("OutputArtifacts"):
            found += [(call, objects) for call in WRITE] + [(call, store.key) for call in ENCRYPT if store.key]
        return found


def resolved_secrets(configuration):
    """The secrets that a template configuration names."""
    return set(re.findall(r"resolve:secretsmanager:([^:]+):", json.dumps(configuration)))
