"""The wire form of AWS's older services, Elastic Beanstalk among them: form parameters in, XML out.

Shapes are read from botocore's own model of a service, so that a request with an unknown,
missing or ill-typed member is refused, and an answer that the model does not describe cannot be given.
"""

import datetime
import re
import threading
import traceback
import uuid
from xml.sax.saxutils import escape

import botocore.loaders
import botocore.model
import botocore.validate


# How the models write the characters past U+FFFF, and how Python does.
PAIRS = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")


class ServiceError(Exception):
    """An error that the service answers with."""

    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def load_model(service):
    """The model of a service that ships with botocore."""
    description = botocore.loaders.Loader().load_service_model(service, "service-2")
    return botocore.model.ServiceModel(description, service)


def parse_request(operation, form):
    """The members of a request; raises ValidationError as the service does."""
    shape, used = operation.input_shape, set()
    members = _parse(shape, "", form, used) if shape else {}
    unknown = set(form) - used - {"Action", "Version"}
    if unknown:
        raise ServiceError("ValidationError", f"unknown parameters: {', '.join(sorted(unknown))}")
    if shape:
        report = botocore.validate.ParamValidator().validate(members, shape)
        if report.has_errors():
            raise ServiceError("ValidationError", report.generate_report())
        _strict(shape, members, shape.name)
    return members


def _parse(shape, prefix, form, used):
    if shape.type_name == "structure":
        return _parse_structure(shape, prefix, form, used)
    if shape.type_name == "list":
        return _parse_list(shape, prefix, form, used)
    value = form.get(prefix)
    if value is None:
        return None
    used.add(prefix)
    if shape.type_name == "boolean":
        return {"true": True, "false": False}[value.lower()]
    if shape.type_name in ("integer", "long"):
        return int(value)
    if shape.type_name == "timestamp":
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value


def _parse_structure(shape, prefix, form, used):
    found = {}
    for name, member in shape.members.items():
        key = member.serialization.get("name", name)
        value = _parse(member, f"{prefix}.{key}" if prefix else key, form, used)
        if value is not None:
            found[name] = value
    return found if found or not prefix else None


def _parse_list(shape, prefix, form, used):
    if form.get(prefix) == "":
        used.add(prefix)
        return []
    prefix, items = f"{prefix}.{shape.member.serialization.get('name', 'member')}", []
    while any(key == f"{prefix}.{len(items) + 1}" or key.startswith(f"{prefix}.{len(items) + 1}.") for key in form):
        items.append(_parse(shape.member, f"{prefix}.{len(items) + 1}", form, used))
    return items or None


def _strict(shape, value, path):
    """What botocore's validator leaves out: enums, patterns and the longest length."""
    if shape.type_name == "structure":
        for name, item in value.items():
            _strict(shape.members[name], item, f"{path}.{name}")
    elif shape.type_name == "list":
        for item in value:
            _strict(shape.member, item, path)
    elif shape.type_name == "string":
        rules = shape.metadata
        if rules.get("enum") and value not in rules["enum"]:
            raise ServiceError("ValidationError", f"{path}: {value!r} is not one of {rules['enum']}")
        if rules.get("pattern") and not re.fullmatch(rules["pattern"].replace(*PAIRS), value):
            raise ServiceError("ValidationError", f"{path}: {value!r} does not match {rules['pattern']}")
        if rules.get("max") and len(value) > rules["max"]:
            raise ServiceError("ValidationError", f"{path}: longer than {rules['max']}")


def render_response(operation, result, request_id):
    """The XML of an answer. One with a member too many or too few is a fault of the emulator."""
    shape, inner = operation.output_shape, ""
    if shape:
        wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result")
        inner = f"<{wrapper}>{_render(shape, result)}</{wrapper}>"
    meta = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    namespace = operation.service_model.metadata["xmlNamespace"]
    return f'<{operation.name}Response xmlns="{namespace}">{inner}{meta}</{operation.name}Response>'


def _render(shape, value):
    if shape.type_name == "structure":
        extra = set(value) - set(shape.members)
        if extra:
            raise AssertionError(f"{shape.name} has no member {sorted(extra)}")
        absent = [name for name in shape.required_members if value.get(name) is None]
        if absent:
            raise AssertionError(f"{shape.name} needs {absent}")
        return "".join(
            f"<{_name(member, name)}>{_render(member, value[name])}</{_name(member, name)}>"
            for name, member in shape.members.items()
            if value.get(name) is not None
        )
    if shape.type_name == "list":
        tag = _name(shape.member, "member")
        return "".join(f"<{tag}>{_render(shape.member, item)}</{tag}>" for item in value)
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if shape.type_name == "timestamp":
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if shape.type_name == "string" and shape.metadata.get("enum") and value not in shape.metadata["enum"]:
        raise AssertionError(f"{shape.name} has no value {value!r}")
    return escape(str(value))


def _name(shape, default):
    return shape.serialization.get("name", default)


def render_error(error, request_id):
    """The XML of an error."""
    kind = "Receiver" if error.status >= 500 else "Sender"
    return (
        f"<ErrorResponse><Error><Type>{kind}</Type><Code>{error.code}</Code>"
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )


class Service:
    """A service that a test plays: `do_NAME(request_id, **members)` carries out the operation of that name."""

    def __init__(self, name):
        self.model, self.lock, self.faults = load_model(name), threading.RLock(), []

    def advance(self):
        """Called before every operation."""

    def handle(self, form):
        """Answers one request: (status, body, request id). A fault of our own is kept for the test to see."""
        request_id = str(uuid.uuid4())
        try:
            if form.get("Action") not in self.model.operation_names:
                raise ServiceError("InvalidAction", f"no action {form.get('Action')!r}")
            operation = self.model.operation_model(form["Action"])
            members = parse_request(operation, form)
            with self.lock:
                self.advance()
                result = getattr(self, "do_" + operation.name)(request_id, **members)
            return 200, render_response(operation, result or {}, request_id), request_id
        except ServiceError as error:
            return error.status, render_error(error, request_id), request_id
        except Exception:
            self.faults.append(traceback.format_exc())
            # Not 500: the program would try again, and again.
            return 400, render_error(ServiceError("InternalFailure", "a fault of the emulator"), request_id), request_id
