"""Starts MiniStack with the few resource types that it lacks, and with ECS services whose tasks the test ends.

The list is closed: a template that uses any other unknown type fails, as it would with the service.
Nothing reads what these resources do, so they only exist: created, updated, deleted, shown in change sets.
"""

import os
import uuid

import ministack_ecs

# A type, and what a `Ref` of it looks like.
MISSING = {
    "AWS::ApplicationAutoScaling::ScalableTarget": "{name}",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:{name}",
    "AWS::CodePipeline::Pipeline": "{name}",
    "AWS::CodeStarNotifications::NotificationRule": "arn:aws:codestar-notifications:us-east-1:000000000000:notificationrule/{hash}",
    "AWS::EC2::SecurityGroupEgress": "sgr-{hash}",
    "AWS::EC2::SecurityGroupIngress": "sgr-{hash}",
    "AWS::ECS::CapacityProvider": "{name}",
    "AWS::ECS::ClusterCapacityProviderAssociations": "{name}",
    "AWS::IAM::OIDCProvider": "arn:aws:iam::000000000000:oidc-provider/{hash}",
}

# Names under which AWS publishes the images of ECS instances.
IMAGES = [
    "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
    "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
]


def asked_to_refuse(properties):
    """What a test writes to have a resource fail."""
    if properties.get("Description") == "refuse this":
        raise ValueError("refused")


def handlers(form):
    """The three operations of a resource that merely exists, unless its description asks to be refused."""

    def create(logical_id, properties, stack_name, **_):
        asked_to_refuse(properties)
        unique = uuid.uuid4().hex[:12]
        identity = form.format(name=f"{stack_name}-{logical_id}-{unique}", hash=unique)
        return identity, {"Id": identity, "Arn": identity}

    def update(identity, old, new, stack_name, **_):
        asked_to_refuse(new)
        return identity, {"Id": identity, "Arn": identity}

    def delete(identity, properties, **_):
        return None

    return {"create": create, "update": update, "delete": delete}


def images():
    """Publishes them: no account can set a parameter of these names."""
    from ministack.services import ssm

    ssm._PUBLIC_AMI_PARAMETERS.update({name: "ami-0123456789abcdef0" for name in IMAGES})


def importable():
    """File systems can be imported into a stack, as CloudFormation can (FileSystemId identifies them)."""
    from ministack.services import efs
    from ministack.services.cloudformation import changesets, provisioners

    def problem(identity):
        return None if identity in efs._file_systems else f"Resource of type 'AWS::EFS::FileSystem' with identifier '{identity}' was not found."

    def adopt(identifier):
        identity = identifier["FileSystemId"]
        return identity, {"FileSystemId": identity, "Arn": f"arn:aws:elasticfilesystem:us-east-1:000000000000:file-system/{identity}"}

    changesets._IMPORT_LOOKUPS["AWS::EFS::FileSystem"] = (("FileSystemId",), problem)
    provisioners._RESOURCE_HANDLERS["AWS::EFS::FileSystem"]["import"] = adopt


def nested():
    """An update of a nested stack leaves what does not change alone, as one of a stack does, and keeps the attributes."""
    from ministack.services.cloudformation import _stacks, provisioners

    original = provisioners._update_resource

    def update(kind, identity, old, new, stack, name):
        before = _stacks.get(stack, {}).get("_resources", {}).get(name, {}).get("Attributes", {})
        if old == new and kind != "AWS::CloudFormation::Stack":
            return identity, before
        identity, attributes = original(kind, identity, old, new, stack, name)
        return identity, attributes or before

    provisioners._update_resource = update


def remembered():
    """A deleted stack stays known by its id when another one takes its name."""
    from ministack.services.cloudformation import _stacks, handlers

    original = handlers._ACTION_HANDLERS["CreateChangeSet"]

    def create(params):
        found = params.get("StackName", "")
        name = found[0] if isinstance(found, list) else found
        before = _stacks.get(name)
        answer = original(params)
        if before is not None and _stacks.get(name) is not before:
            _stacks[before["StackId"]] = before
        return answer

    handlers._ACTION_HANDLERS["CreateChangeSet"] = create


def main():
    """Registers the types and serves until it is ended."""
    from ministack.services.cloudformation import provisioners

    known = set(MISSING) & set(provisioners._RESOURCE_HANDLERS)
    if known:
        raise SystemExit(f"the emulator has learnt {sorted(known)}: take them out of this list")
    provisioners._RESOURCE_HANDLERS.update({kind: handlers(form) for kind, form in MISSING.items()})
    if os.environ.get("BIND_HOST") != "127.0.0.1":
        raise SystemExit("BIND_HOST must be 127.0.0.1")
    ministack_ecs.install()
    importable()
    nested()
    remembered()
    images()
    from ministack import app

    app.main()


if __name__ == "__main__":
    main()
