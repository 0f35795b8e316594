"""AWS's own API models as judges: CloudFormation properties and Dockerrun documents, held against botocore.

botocore's ParamValidator checks members, types and required keys. Enumerations, patterns and bounds stand
in the same models, but it does not enforce them; `faults` does.
"""

import functools
import re

import botocore.session
from botocore.validate import ParamValidator

from support import Intrinsic

NO_VALUE = object()


@functools.cache
def service(name):
    return botocore.session.Session().get_service_model(name)


def shape_of(service_name, shape_name):
    return service(service_name).shape_for(shape_name)


def input_of(service_name, operation):
    return service(service_name).operation_model(operation).input_shape


def placeholder(intrinsic, shape):
    """A value of the right type in place of one that CloudFormation computes."""
    (function, argument), = intrinsic.items()
    if function == "Ref" and argument == "AWS::NoValue":
        return NO_VALUE
    if function == "Fn::If":
        chosen = [to_api(branch, shape) for branch in argument[1:]]
        return next((branch for branch in chosen if branch is not NO_VALUE), NO_VALUE)
    if shape is None:
        return "x"
    if shape.type_name in ("integer", "long", "float", "double"):
        return int(shape.metadata.get("min", 1))
    if shape.type_name == "boolean":
        return True
    if shape.type_name == "list":
        return []
    if shape.type_name in ("structure", "map"):
        return {}
    if shape.type_name == "string" and shape.enum:
        return shape.enum[0]
    if function == "Fn::Sub":
        text = argument if isinstance(argument, str) else argument[0]
        return re.sub(r"\$\{(!?)[^}]*\}", "x", text)
    return "x"


def to_api(value, shape):
    """CloudFormation's PascalCase as the API spells it, guided by the model. Unknown keys stay, to be found."""
    if isinstance(value, Intrinsic):
        return placeholder(value, shape)
    kind = getattr(shape, "type_name", None)
    if isinstance(value, dict) and kind == "structure":
        spelled = {name.lower(): name for name in shape.members}
        result = {}
        for key, member in value.items():
            name = spelled.get(key.lower(), key)
            converted = to_api(member, shape.members.get(name))
            if converted is not NO_VALUE:
                result[name] = converted
        return result
    if isinstance(value, dict):
        inner = shape.value if kind == "map" else None
        members = {key: to_api(member, inner) for key, member in value.items()}
        return {key: member for key, member in members.items() if member is not NO_VALUE}
    if isinstance(value, list):
        inner = shape.member if kind == "list" else None
        return [member for member in (to_api(member, inner) for member in value) if member is not NO_VALUE]
    if kind in ("integer", "long") and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)  # CloudFormation takes "80" for 80
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def faults(value, shape):
    """What the model has against a value in the API's own spelling."""
    report = ParamValidator().validate(value, shape)
    found = [line for line in report.generate_report().splitlines() if line]
    return found + list(_strict(value, shape, shape.name))


def _strict(value, shape, path):
    if shape is None:
        return
    bounds = shape.metadata
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, member in value.items():
            yield from _strict(member, shape.members.get(name), f"{path}.{name}")
    elif shape.type_name == "map" and isinstance(value, dict):
        for name, member in value.items():
            yield from _strict(name, shape.key, f"{path} key")
            yield from _strict(member, shape.value, f"{path}[{name}]")
    elif shape.type_name == "list" and isinstance(value, list):
        if len(value) > bounds.get("max", len(value)):
            yield f"{path}: {len(value)} entries, at most {bounds['max']}"
        for index, member in enumerate(value):
            yield from _strict(member, shape.member, f"{path}[{index}]")
    elif shape.type_name == "string" and isinstance(value, str):
        if shape.enum and value not in shape.enum:
            yield f"{path}: {value!r} is none of {', '.join(shape.enum)}"
        if len(value) > bounds.get("max", len(value)):
            yield f"{path}: {len(value)} characters, at most {bounds['max']}"
        if "pattern" in bounds and not _matches(bounds["pattern"], value):
            yield f"{path}: {value!r} does not match {bounds['pattern']}"
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if value > bounds.get("max", value):
            yield f"{path}: {value}, at most {bounds['max']}"


def _matches(pattern, value):
    try:
        return re.search(rf"^(?:{pattern})$", value) is not None
    except re.error:  # a Java pattern that Python cannot read says nothing here
        return True
