"""What Elastic Beanstalk knows before an instance works: the bundle and the properties of its environment.

`Environment` reads a bundle, makes up the resources of its `.ebextensions`, and resolves the option settings as
CloudFormation does: `Ref`, `Fn::GetAtt` and `Fn::Join`, the functions that AWS documents for these files, and no other.
`task()` is the task that is registered on the ECS platform: the containers of `Dockerrun.aws.json` and the properties,
nothing that a command or a hook of the bundle would write.
"""

import json
import re

import yaml

PROPERTIES = "aws:elasticbeanstalk:application:environment"
SECRETS = "aws:elasticbeanstalk:application:environmentsecrets"
ACCOUNT, REGION = "123456789012", "us-east-1"
PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws"}
# Resources that Elastic Beanstalk makes itself (AWS documentation, "Modifying the resources that Elastic Beanstalk creates").
OWN = {"AWSEBSecurityGroup", "AWSEBV2LoadBalancer", "AWSEBV2LoadBalancerListener", "AWSEBAutoScalingGroup", "AWSEBRDSDatabase"}
DYNAMIC = re.compile(r"\{\{resolve:secretsmanager:((?:arn:aws:secretsmanager:[^:]+:\d+:secret:)?[^:}]+)(?::SecretString(?::([^:}]*))?(?::([^}]*))?)?\}\}")
LIMIT = 4096


class RegistrationFailed(Exception):
    """Elastic Beanstalk, CloudFormation or Amazon ECS would refuse the environment."""


class Environment:
    """A bundle's environment, once its resources exist. `given` are the values of secrets that exist before it, by name."""

    def __init__(self, bundle, given=(), password="generated-Pa55word"):
        self.bundle, self.given, self.password = bundle, dict(given), password
        documents = [yaml.safe_load(path.read_text()) or {} for path in sorted((bundle / ".ebextensions").glob("*.config"))]
        self.resources, self.options = {}, {}
        for document in documents:
            for name, resource in (document.get("Resources") or {}).items():
                if name in self.resources:
                    raise RegistrationFailed(f"two resources are named {name}")
                self.resources[name] = resource
            for space, values in (document.get("option_settings") or {}).items():
                for name, value in values.items():
                    self.options[space, name] = value
        for name, resource in self.resources.items():
            self.check(name, resource.get("Properties"))

    # ---- CloudFormation

    def check(self, name, value):
        """Every function is documented and refers to a resource that there is."""
        if isinstance(value, list):
            for item in value:
                self.check(name, item)
        elif isinstance(value, dict):
            functions = [key for key in value if key == "Ref" or key.startswith("Fn::")]
            for function in functions:
                if function not in ("Ref", "Fn::GetAtt", "Fn::Join"):
                    raise RegistrationFailed(f"{name}: AWS documents no {function} for .ebextensions")
                if function != "Fn::Join":
                    to = value[function] if function == "Ref" else value[function][0]
                    if to not in self.resources and to not in OWN and to not in PSEUDO:
                        raise RegistrationFailed(f"{name}: refers to {to}, which there is not")
            for item in value.values():
                self.check(name, item)

    def resolved(self, value):
        """The text of a value, which may be a function."""
        if isinstance(value, (str, int)):
            return str(value)
        (function, argument), = value.items()
        if function == "Ref":
            return PSEUDO.get(argument) or self.reference(argument)
        if function == "Fn::GetAtt":
            return self.attribute(*argument)
        if function == "Fn::Join":
            return argument[0].join(self.resolved(item) for item in argument[1])
        raise RegistrationFailed(f"no function of .ebextensions: {function}")

    def reference(self, name):
        kind = self.resources[name]["Type"]
        if kind == "AWS::SecretsManager::Secret":
            return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-Ab3dEf"
        return f"{name.lower()}-made"

    def attribute(self, name, attribute):
        if name in self.resources and self.resources[name]["Type"] == "AWS::RDS::DBInstance":
            port = {"postgres": "5432"}.get(self.resources[name]["Properties"]["Engine"], "3306")
            return {"Endpoint.Address": f"{name.lower()}.abc.{REGION}.rds.amazonaws.com", "Endpoint.Port": port}[attribute]
        return f"{name}.{attribute}"

    # ---- Secrets Manager

    def secret(self, arn):
        """The value of a secret, by its ARN with a JSON key behind it, or by its name; of a parameter, by its ARN."""
        if ":ssm:" in arn:
            return self.given.get(arn.split(":parameter", 1)[1], f"the value of {arn}")
        short = arn.split(":secret:", 1)[-1]
        name, _, rest = short.partition(":")
        key = rest.split(":")[0]
        whole = self.whole(re.sub(r"-Ab3dEf$", "", name))
        return f"{key} of {name}" if key and not whole.startswith("{") else json.loads(whole)[key] if key else whole

    def whole(self, name):
        if name in self.given:
            return self.given[name]
        properties = self.resources.get(name, {}).get("Properties")
        if properties is None and "/" in name:
            return f"the value of {name}"
        if properties is None:
            raise RegistrationFailed(f"there is no secret {name}")
        if "GenerateSecretString" in properties:
            generate = properties["GenerateSecretString"]
            return json.dumps({**json.loads(generate["SecretStringTemplate"]), generate["GenerateStringKey"]: self.password})
        return self.dynamic(self.resolved(properties["SecretString"]))

    def dynamic(self, text):
        def value(found):
            name, key = found.group(1), found.group(2)
            return self.secret(name + (f":{key}" if key else ""))
        return DYNAMIC.sub(value, text)

    # ---- Elastic Beanstalk

    def option(self, value):
        """An option's value: text, or a function between back-ticks."""
        if value.startswith("`") and value.endswith("`"):
            function = json.loads(value[1:-1])
            self.check("option_settings", function)
            return self.resolved(function)
        return value

    def texts(self):
        return {name: self.option(value) for (space, name), value in self.options.items() if space == PROPERTIES}

    def references(self):
        return {name: self.option(value) for (space, name), value in self.options.items() if space == SECRETS}

    def properties(self):
        """All properties with their values, as instances know them."""
        texts, references = self.texts(), self.references()
        if set(texts) & set(references):
            raise RegistrationFailed(f"two properties have one name: {set(texts) & set(references)}")
        length = sum(len(name) + len(value) for name, value in (texts | references).items())
        if length > LIMIT:
            raise RegistrationFailed(f"the properties take {length} bytes")
        return texts | {name: self.secret(arn) for name, arn in references.items()}

    # ---- Amazon ECS

    def task(self):
        """The task as it is registered: {container: its variables}."""
        document = json.loads((self.bundle / "Dockerrun.aws.json").read_text())
        properties, references = self.properties(), self.references()
        role = document.get("executionRoleArn", "").replace("${AccountId}", ACCOUNT)
        if references and not re.fullmatch(r"arn:aws:iam::\d{12}:role/[\w+=,.@-]{1,64}", role):
            raise RegistrationFailed(f"the task has secrets and no role that reads them: {role!r}")
        if references:
            self.readable(role.rsplit("/", 1)[1], references.values())
        containers = {}
        for container in document["containerDefinitions"]:
            own = {entry["name"]: entry["value"] for entry in container.get("environment", [])}
            if set(own) & set(properties):
                raise RegistrationFailed(f"{container['name']}: {set(own) & set(properties)} have two values")
            containers[container["name"]] = own | properties
        return containers

    def readable(self, role, arns):
        """The policies of the environment let a role and the instance read every secret."""
        for name in (role, "aws-elasticbeanstalk-ec2-role"):
            allowed = [self.resolved(resource)
                       for policy in self.resources.values()
                       if policy["Type"] == "AWS::IAM::Policy" and name in policy["Properties"]["Roles"]
                       for statement in policy["Properties"]["PolicyDocument"]["Statement"]
                       if {"secretsmanager:GetSecretValue", "ssm:GetParameters"} & set(statement["Action"])
                       for resource in (statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]])]
            for arn in arns:
                whole = ":".join(arn.split(":")[:7])
                if not any(whole.startswith(resource.removesuffix("-??????")) for resource in allowed):
                    raise RegistrationFailed(f"{name} may not read {whole}: {allowed}")
