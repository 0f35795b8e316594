"""The emitted template, as CloudFormation reads it: parameters, conditions, intrinsics and the order of creation.

A resource is known by its logical id: `Ref` and every `GetAtt` that names it give that id, but for those that hold text.
"""

import json
import re

from support import Intrinsic, read_template

PSEUDO = {"AWS::Region": "us-east-1", "AWS::AccountId": "123456789012", "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
# Two of each, as the template's parameters ask for.
NETWORK = {"AWS::EC2::VPC::Id": "vpc-1", "List<AWS::EC2::Subnet::Id>": ["subnet-1", "subnet-2"]}
NOTHING = object()


class Stack:
    """A template with its parameters; properties are resolved when they are read."""

    def __init__(self, text, name, parameters):
        self.name = name
        self.template = read_template(text)
        self.parameters = {key: self._parameter(key, declared, parameters) for key, declared in self.template.get("Parameters", {}).items()}
        self.resources = {key: made for key, made in self.template["Resources"].items()
                          if "Condition" not in made or self._condition(made["Condition"])}

    @staticmethod
    def _parameter(key, declared, given):
        for value in (given.get(key), declared.get("Default"), NETWORK.get(declared["Type"])):
            if value is not None:
                return value.split(",") if declared["Type"] == "CommaDelimitedList" and isinstance(value, str) else value
        raise KeyError(f"the parameter {key} has no value: {declared.get('Description')}")

    def of_type(self, kind):
        """{logical id: resolved properties}."""
        return {key: self.properties(key) for key, made in self.resources.items() if made["Type"] == kind}

    def user_data(self):
        """What machines do at their start, as the template has it."""
        return "".join(str(made["LaunchTemplateData"].get("UserData", "")) for made in self.of_type("AWS::EC2::LaunchTemplate").values())

    def properties(self, key):
        return self.resolve(self.resources[key].get("Properties", {}))

    def depends_on(self, key):
        """The logical ids that must exist first: written out, and those that a property names."""
        resource = self.resources[key]
        written = resource.get("DependsOn", [])
        named = set(_named(resource.get("Properties", {}))) | set([written] if isinstance(written, str) else written)
        return named & self.resources.keys() - {key}

    def before(self, key):
        """Every resource that is created before this one."""
        found, left = set(), [key]
        while left:
            for earlier in self.depends_on(left.pop()) - found:
                found.add(earlier)
                left.append(earlier)
        return found

    # ---- intrinsics

    def resolve(self, value):
        if isinstance(value, Intrinsic):
            (name, argument), = value.items()
            return self._intrinsic(name.removeprefix("Fn::"), argument)
        if isinstance(value, dict):
            members = {key: self.resolve(member) for key, member in value.items()}
            return {key: member for key, member in members.items() if member is not NOTHING}
        if isinstance(value, list):
            return [member for member in map(self.resolve, value) if member is not NOTHING]
        return value

    def _intrinsic(self, name, argument):
        if name == "Sub":
            text, values = argument if isinstance(argument, list) else (argument, {})
            return re.sub(r"\$\{([^!}]+)\}", lambda found: self._substitute(found[1], values), text).replace("${!", "${")
        if name == "If":
            condition, yes, no = argument
            return self.resolve(yes if self._condition(condition) else no)
        if name == "GetAtt":
            resource, attribute = self.resolve(argument)
            return self._attribute(resource, attribute)
        argument = self.resolve(argument)
        if name == "Ref":
            return self._reference(argument)
        if name == "Join":
            return argument[0].join(map(str, argument[1]))
        if name == "Select":
            return argument[1][int(argument[0])]
        if name == "Split":
            return argument[1].split(argument[0])
        if name == "FindInMap":
            return self.template["Mappings"][argument[0]][argument[1]][argument[2]]
        if name == "Base64":
            return argument
        if name == "ToJsonString":
            return json.dumps(argument)
        raise NotImplementedError(f"the runner does not know Fn::{name}")

    def _substitute(self, name, values):
        if name in values:
            return str(self.resolve(values[name]))
        resource, _, attribute = name.partition(".")
        return str(self._attribute(resource, attribute) if attribute else self._reference(name))

    def _reference(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        if name in ("AWS::StackName", "AWS::StackId"):
            return self.name
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        if name not in self.resources:
            raise KeyError(f"Ref of {name}, which the template does not have")
        return name

    def _attribute(self, resource, attribute):
        self._reference(resource)
        return host_name(resource) if attribute == "DNSName" else resource

    def _condition(self, value):
        if isinstance(value, str):
            return self._condition(self.template["Conditions"][value])
        (name, argument), = value.items()
        if name == "Condition":
            return self._condition(argument)
        if name == "Fn::Equals":
            left, right = self.resolve(argument)
            return left == right
        asked = {"Fn::And": all, "Fn::Or": any, "Fn::Not": lambda values: not any(values)}[name]
        return asked([self._condition(member) for member in argument])


def host_name(balancer):
    """The name that AWS gives to a load balancer."""
    return f"{balancer.lower()}.us-east-1.elb.amazonaws.com"


def _named(value):
    """Every name that the intrinsics of a value refer to."""
    if isinstance(value, Intrinsic):
        (name, argument), = value.items()
        if name == "Ref":
            yield argument
        elif name == "Fn::GetAtt":
            yield argument[0]
        elif name == "Fn::Sub":
            text = argument if isinstance(argument, str) else argument[0]
            yield from (found.partition(".")[0] for found in re.findall(r"\$\{([^!}]+)\}", text))
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _named(member)
