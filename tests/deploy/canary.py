"""Looks for values that must not be found: in artifacts, uploads, templates, events, logs, output."""

import io
import zipfile

from world import client


def blobs(case):
    """Everything that a deployment leaves behind, with where it is, but for the secrets' own store."""
    url = case.gateway.url
    yield from directory(case.directory / "dist")
    for number, text in enumerate(case.transcript):
        yield f"output of run {number}", text.encode()
    s3 = client("s3", url)
    for bucket in s3.list_buckets()["Buckets"]:
        for item in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            body = s3.get_object(Bucket=bucket["Name"], Key=item["Key"])["Body"].read()
            yield from unpacked(f"s3://{bucket['Name']}/{item['Key']}", body)
    stacks = client("cloudformation", url)
    for stack in stacks.describe_stacks()["Stacks"]:
        name = stack["StackName"]
        yield f"stack {name}", repr(stack).encode()
        yield f"template of {name}", repr(stacks.get_template(StackName=name)["TemplateBody"]).encode()
        yield f"events of {name}", repr(stacks.describe_stack_events(StackName=name)["StackEvents"]).encode()
    ecs = client("ecs", url)
    for arn in ecs.list_task_definitions()["taskDefinitionArns"]:
        yield arn, repr(ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]).encode()
    logs = client("logs", url)
    for group in logs.describe_log_groups()["logGroups"]:
        yield f"log {group['logGroupName']}", repr(logs.filter_log_events(logGroupName=group["logGroupName"])).encode()
    yield "events of Elastic Beanstalk", repr(case.beanstalk.events).encode()
    for environment in case.beanstalk.environments:
        yield f"settings of {environment['EnvironmentName']}", repr(environment).encode()


def directory(root):
    """The files below a directory, archives unpacked."""
    for path in sorted(root.rglob("*")) if root.exists() else []:
        if path.is_file():
            yield from unpacked(str(path.relative_to(root)), path.read_bytes())


def unpacked(name, data):
    """The bytes, and those of the files in it where it is a zip."""
    yield name, data
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.namelist():
                yield f"{name}!{entry}", archive.read(entry)


def found(case, *values):
    """Where any of the values is."""
    places, seen = [], 0
    for name, data in blobs(case):
        seen += 1
        places += [name for value in values if value.encode() in data or value.encode() in name.encode()]
    assert seen > 3, "there was nothing to look into"
    return places
