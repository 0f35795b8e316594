"""What CloudFormation and AWS make of an update from one template to the next, worked out from both.

CloudFormation creates, replaces and updates in the order of the new template's references and DependsOn, and deletes
what is left of the old one at the very end. So two resources may hold one key at once, a listener may send requests
where nobody answers yet, and data may stay behind. `faults(old, new)` lists all that goes wrong.

What is replaced is said by the schemas of the CloudFormation registry that cfn-lint brings along (createOnlyProperties).
"""

import functools
import json
import re

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from support import REGION
from template_rules import references

# Properties of which a schema says "conditional", and that replace the resource (CloudFormation User Guide, AWS::RDS::DBInstance).
CONDITIONAL = {"AWS::RDS::DBInstance": ["Engine"]}
# Another value is another revision by design: nothing is lost, and what names the revision follows.
REVISIONS = {"AWS::ECS::TaskDefinition"}
# Attributes that an update in place changes.
MOVING = {("AWS::EC2::LaunchTemplate", "LatestVersionNumber")}

# Properties that AWS leaves as they are where an update does not name them.
# ECS: API reference, UpdateService ("If you do not specify ..., the service keeps"), aws-cdk#35446, #38771, #38776.
# RDS: API reference, ModifyDBInstance, CloudwatchLogsExportConfiguration: logs are turned off by name.
# Elastic Load Balancing: ModifyLoadBalancerAttributes and ModifyTargetGroupAttributes leave what they do not name.
# EFS: PutBackupPolicy is called for a policy that is written only.
KEPT_UNLESS_NAMED = {
    "AWS::ECS::Service": ["LoadBalancers", "ServiceRegistries", "NetworkConfiguration", "VolumeConfigurations", "PlacementConstraints",
                          "PlacementStrategies", "CapacityProviderStrategy", "PlatformVersion", "DeploymentConfiguration"],
    "AWS::RDS::DBInstance": ["EnableCloudwatchLogsExports", "DeletionProtection", "MultiAZ", "BackupRetentionPeriod"],
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ["LoadBalancerAttributes"],
    "AWS::ElasticLoadBalancingV2::TargetGroup": ["TargetGroupAttributes", "Matcher", "HealthCheckPath", "HealthCheckPort", "HealthCheckProtocol",
                                                 "HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds", "HealthyThresholdCount",
                                                 "UnhealthyThresholdCount"],
    # Of another protocol, an attribute of this one means nothing.
    "AWS::ElasticLoadBalancingV2::Listener": ["ListenerAttributes"],
    "AWS::EFS::FileSystem": ["BackupPolicy"],
    "AWS::AutoScaling::AutoScalingGroup": ["MaxInstanceLifetime", "NewInstancesProtectedFromScaleIn"],
}

# What keeps data; a generated secret cannot be generated again.
DATA = {"AWS::EFS::FileSystem", "AWS::RDS::DBInstance", "AWS::S3::Bucket", "AWS::DynamoDB::Table"}
KEEPS = {"Retain", "Snapshot", "RetainExceptOnCreate"}
# What others know by its address.
ADDRESSES = {"AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::EC2::EIP", "AWS::EC2::VPC"}

# Names that are unique in an account and region.
NAMES = {
    "AWS::ECS::CapacityProvider": "Name", "AWS::ECS::Cluster": "ClusterName", "AWS::IAM::Role": "RoleName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName", "AWS::Logs::LogGroup": "LogGroupName", "AWS::SecretsManager::Secret": "Name",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier", "AWS::RDS::DBSubnetGroup": "DBSubnetGroupName", "AWS::Lambda::Function": "FunctionName",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name", "AWS::ElasticLoadBalancingV2::TargetGroup": "Name",
    "AWS::Scheduler::Schedule": "Name", "AWS::AutoScaling::AutoScalingGroup": "AutoScalingGroupName",
    "AWS::EC2::LaunchTemplate": "LaunchTemplateName", "AWS::EC2::SecurityGroup": "GroupName", "AWS::ECR::Repository": "RepositoryName",
}
# What AWS allows once for what these properties say together.
ONCE = {
    "AWS::ElasticLoadBalancingV2::Listener": ["LoadBalancerArn", "Port"],
    "AWS::ElasticLoadBalancingV2::ListenerRule": ["ListenerArn", "Priority"],
    "AWS::ServiceDiscovery::PrivateDnsNamespace": ["Vpc", "Name"],
    "AWS::EFS::MountTarget": ["FileSystemId", "SubnetId"],
    "AWS::ApplicationAutoScaling::ScalableTarget": ["ServiceNamespace", "ResourceId", "ScalableDimension"],
    "AWS::ApplicationAutoScaling::ScalingPolicy": ["ScalingTargetId", "PolicyName"],
    "AWS::ECS::ClusterCapacityProviderAssociations": ["Cluster"],
    "AWS::SecretsManager::SecretTargetAttachment": ["SecretId"],
    "AWS::EC2::Route": ["RouteTableId", "DestinationCidrBlock"],
    "AWS::EC2::SubnetRouteTableAssociation": ["SubnetId"],
    "AWS::EC2::Subnet": ["VpcId", "CidrBlock"],
    "AWS::EC2::VPCGatewayAttachment": ["VpcId"],
    "AWS::ElasticLoadBalancingV2::ListenerCertificate": ["ListenerArn", "Certificates"],
    "AWS::Route53::RecordSet": ["HostedZoneId", "HostedZoneName", "Name", "Type"],
}
RULE_KEY = ["IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "SourceSecurityGroupId", "DestinationSecurityGroupId"]
DIRECTION = {"AWS::EC2::SecurityGroupIngress": "SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress": "SecurityGroupEgress"}

# Quotas that count old and new together. Elastic Load Balancing User Guide, "Quotas for your Application Load Balancers";
# Amazon VPC User Guide, "Amazon VPC quotas".
RULES_PER_BALANCER = 100
LISTENERS_PER_BALANCER = 50
RULES_PER_GROUP = 60


@functools.cache
def create_only(kind):
    """Paths of the properties that CloudFormation cannot change in place."""
    if kind.startswith("Custom::"):
        return []
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    paths = [path.removeprefix("/properties/") for path in schema.get("createOnlyProperties", [])]
    return [*paths, *CONDITIONAL.get(kind, [])]


def at(value, path):
    for key in path.split("/"):
        value = value.get(key) if isinstance(value, dict) else None
    return value


class World:
    """A template whose references name the very resource that they mean: `#1` is one that the update made."""

    def __init__(self, template, generation=None, moved=()):
        self.template = template
        self.resources = template.get("Resources", {})
        self.generation = generation or {}
        self.moved = moved
        self.known = {}

    def properties(self, name):
        """What a resource is given; to be read, not changed."""
        if name not in self.known:
            self.known[name] = self.resolved(self.resources[name].get("Properties", {}))
        return self.known[name]

    def identity(self, name):
        return f"{name}#{self.generation.get(name, 0)}"

    def reference(self, name, attribute=""):
        if name in self.resources:
            moves = (self.resources[name]["Type"], attribute) in MOVING and name in self.moved
            return f"<{self.identity(name)}{'.' + attribute if attribute else ''}{'+' if moves else ''}>"
        parameter = self.template.get("Parameters", {}).get(name)
        return f"<{name}={parameter.get('Default', '')}>" if parameter is not None else f"<{name}>"

    def resolved(self, value):
        if isinstance(value, list):
            return [self.resolved(member) for member in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"}:
            return self.reference(value["Ref"])
        if set(value) == {"Fn::GetAtt"}:
            name, attribute = value["Fn::GetAtt"] if isinstance(value["Fn::GetAtt"], list) else value["Fn::GetAtt"].split(".", 1)
            return self.reference(name, attribute)
        if set(value) == {"Fn::Sub"}:
            text, variables = value["Fn::Sub"] if isinstance(value["Fn::Sub"], list) else (value["Fn::Sub"], {})
            return re.sub(r"\$\{([^!}]+)\}", lambda found: self.substituted(found[1], variables), text)
        if set(value) == {"Fn::Select"} and isinstance(value["Fn::Select"][1], list):
            index, members = value["Fn::Select"]
            return self.resolved(members[int(index)])
        return {key: self.resolved(member) for key, member in value.items()}

    def substituted(self, name, variables):
        if name in variables:
            return json.dumps(self.resolved(variables[name]))
        return self.reference(*name.split(".", 1))

    def of_type(self, *kinds):
        return [name for name, resource in self.resources.items() if resource["Type"] in kinds]


class Update:
    """What happens to each resource: `create`, `replace`, `update`, `keep` or `delete`."""

    def __init__(self, old, new):
        self.old = World(old)
        self.actions, self.new = {}, World(new)
        self.settle(new)
        self.earlier = {}

    def settle(self, new):
        """A replacement changes what refers to the resource, which may be replaced for it: until nothing more changes."""
        while True:
            actions = {name: self.action(name) for name in self.new.resources}
            actions |= {name: "delete" for name in self.old.resources if name not in self.new.resources}
            made = {name: 1 for name, action in actions.items() if action in ("create", "replace")}
            moved = {name for name, action in actions.items() if action == "update"}
            self.new = World(new, made, moved)
            if actions == self.actions:
                return
            self.actions = actions

    def action(self, name):
        if name not in self.old.resources:
            return "create"
        before, after = self.old.properties(name), self.new.properties(name)
        if before == after:
            return "keep"
        kind = self.new.resources[name]["Type"]
        if kind in REVISIONS or any(at(before, path) != at(after, path) for path in create_only(kind)):
            return "replace"
        return "update"

    def before(self, name):
        """All that is done before the resource is created or updated."""
        if name not in self.earlier:
            self.earlier[name] = set()
            resource = self.new.resources.get(name, {})
            depends = resource.get("DependsOn", [])
            direct = {*([depends] if isinstance(depends, str) else depends), *references(resource.get("Properties", {}))}
            found = set()
            for other in direct & set(self.new.resources):
                found |= {other} | self.before(other)
            self.earlier[name] = found
        return self.earlier[name]

    def stays(self, name):
        return self.actions.get(name) in ("keep", "update")


def faults(old, new):
    """Everything that goes wrong, as `(kind, logical id, what)`."""
    update = Update(old, new)
    found = []
    for check in CHECKS:
        found += [(check.__name__, name, what) for name, what in check(update)]
    return found


# ---- unique keys ---------------------------------------------------------------------------


def keys(world, name):
    """What AWS allows once, and this resource has."""
    kind, properties = world.resources[name]["Type"], world.properties(name)
    if properties.get(NAMES.get(kind)):
        yield kind, str(properties[NAMES[kind]])
    if kind in ONCE:
        yield kind, *(json.dumps(properties.get(key)) for key in ONCE[kind])
    if kind == "AWS::ServiceDiscovery::Service":
        yield kind, properties.get("NamespaceId") or at(properties, "DnsConfig/NamespaceId"), properties.get("Name")
    if kind == "AWS::ECS::Service" and properties.get("ServiceName"):
        yield kind, properties.get("Cluster"), properties["ServiceName"]
    if kind in DIRECTION:
        yield DIRECTION[kind], properties.get("GroupId"), *(json.dumps(properties.get(key)) for key in RULE_KEY)
    if kind == "AWS::EC2::SecurityGroup":
        for direction in DIRECTION.values():
            for rule in properties.get(direction, []):
                yield direction, world.reference(name, "GroupId"), *(json.dumps(rule.get(key)) for key in RULE_KEY)
    if kind == "AWS::IAM::Policy":
        for role in properties.get("Roles", []):
            yield kind, role, properties.get("PolicyName")


def key_held_twice(update):
    holders = {}
    for name in update.old.resources:
        for key in keys(update.old, name):
            holders.setdefault(key, []).append(name)
    claimed = {}
    for name in update.new.resources:
        for key in set(keys(update.new, name)):
            if key in claimed:
                yield name, f"{key} is that of {claimed[key]}, too"
            claimed[key] = name
            for holder in holders.get(key, []):
                if holder == name and update.stays(name):
                    continue
                kept = update.stays(holder)
                freed = kept and key not in set(keys(update.new, holder)) and holder in update.before(name)
                if not freed:
                    yield name, f"{key} is still held by {'the old ' if holder == name else ''}{holder}"


# ---- absence, and what cannot be changed -----------------------------------------------------


def kept_unless_named(update):
    for name, action in update.actions.items():
        if action != "update":
            continue
        kind = update.new.resources[name]["Type"]
        before, after = update.old.properties(name), update.new.properties(name)
        if kind == "AWS::ElasticLoadBalancingV2::Listener" and before.get("Protocol") != after.get("Protocol"):
            continue
        for key in KEPT_UNLESS_NAMED.get(kind, []):
            if before.get(key) not in (None, []) and key not in after:
                yield name, f"{key} is no longer named, so AWS leaves it as it is"


def network_mode(world, service):
    task = next(references(world.resources[service]["Properties"].get("TaskDefinition", {})), None)
    return world.resources.get(task, {}).get("Properties", {}).get("NetworkMode")


def refused_by_aws(update):
    for name, resource in update.new.resources.items():
        kind, action = resource["Type"], update.actions[name]
        if name in update.old.resources and update.old.resources[name]["Type"] != kind:
            yield name, f"{update.old.resources[name]['Type']} cannot become {kind}"
        if action != "update":
            continue
        before, after = update.old.properties(name), update.new.properties(name)
        if kind == "AWS::ECS::Service" and (network_mode(update.old, name) == "awsvpc") != (network_mode(update.new, name) == "awsvpc"):
            yield name, "a service never changes between awsvpc and another network mode"
        if kind == "AWS::RDS::DBInstance":
            yield from ((name, what) for what in database_refusals(before, after))
        if kind in ("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::RDS::DBSubnetGroup") and network(update.old) != network(update.new):
            yield name, "it cannot move to another network"


def network(world):
    """The VPC of a stack, as its security groups have it."""
    return {json.dumps(world.properties(name).get("VpcId")) for name in world.of_type("AWS::EC2::SecurityGroup")}


def numbers(version):
    return [int(part) for part in re.findall(r"\d+", str(version))]


def database_refusals(before, after):
    old, new = numbers(before.get("EngineVersion")), numbers(after.get("EngineVersion"))
    major = 1 if after.get("Engine") == "postgres" else 2
    shared = min(len(old), len(new))
    if new[:shared] < old[:shared]:
        yield f"version {before.get('EngineVersion')} cannot become {after.get('EngineVersion')}: RDS has no downgrade"
    elif old[:major] != new[:major] and after.get("AllowMajorVersionUpgrade") is not True:
        yield "a major upgrade that is not allowed (AllowMajorVersionUpgrade)"
    if int(after.get("AllocatedStorage", 0)) < int(before.get("AllocatedStorage", 0)):
        yield "RDS never takes storage away"


def looks_like_a_downgrade_later(update):
    """A whole version beside automatic upgrades of minor versions: the database is newer than its template one day."""
    for name in update.new.of_type("AWS::RDS::DBInstance"):
        properties = update.new.properties(name)
        whole = 2 if properties.get("Engine") == "postgres" else 3
        if len(numbers(properties.get("EngineVersion"))) >= whole and properties.get("AutoMinorVersionUpgrade", True) is not False:
            yield name, f"version {properties.get('EngineVersion')} with automatic minor upgrades"


def old_value_is_kept(update):
    """A deployment keeps the value of a parameter that it knows: another default changes nothing."""
    for name, parameter in update.new.template.get("Parameters", {}).items():
        before = update.old.template.get("Parameters", {}).get(name)
        if before and parameter["Type"].startswith("AWS::SSM::") and before.get("Default") != parameter.get("Default"):
            yield name, f"it goes on naming {before.get('Default')}"


# ---- data and addresses ----------------------------------------------------------------------


def data_left_behind(update):
    for name, action in update.actions.items():
        resource = update.old.resources.get(name)
        if resource is None or resource["Type"] not in DATA:
            continue
        if action == "replace":
            yield name, f"it is replaced by an empty one; UpdateReplacePolicy is {resource.get('UpdateReplacePolicy')}"
        if action == "delete" and resource.get("DeletionPolicy") not in KEEPS:
            yield name, f"it is deleted with its data; DeletionPolicy is {resource.get('DeletionPolicy')}"
    for name in update.old.of_type("AWS::SecretsManager::Secret"):
        generated = "GenerateSecretString" in update.old.resources[name]["Properties"]
        if generated and update.actions[name] == "replace":
            yield name, "a generated secret is generated anew"
        attached = [store for store in update.new.of_type("AWS::RDS::DBInstance") if name in set(references(update.old.resources.get(store, {})))]
        if generated and update.actions[name] == "delete" and attached:
            yield name, f"the password of {attached} is gone"


def data_moves(update):
    """A folder of a file system is another one, or belongs to someone who keeps the new owner out."""
    for name in update.new.of_type("AWS::EFS::AccessPoint"):
        if update.actions[name] != "replace":
            continue
        before, after = update.old.properties(name), update.new.properties(name)
        path = [at(one, "RootDirectory/Path") for one in (before, after)]
        if path[0] != path[1]:
            yield name, f"folder {path[0]} becomes {path[1]}"
        owner = [at(one, "PosixUser/Uid") for one in (before, after)]
        mode = at(before, "RootDirectory/CreationInfo/Permissions")
        if owner[0] != owner[1] and owner[1] not in (None, "0") and (mode is None or int(mode, 8) & 0o007 != 0o007):
            yield name, f"{owner[1]} is locked out of the folder of {owner[0]} ({mode})"


def address_changes(update):
    for name, action in update.actions.items():
        resource = update.old.resources.get(name)
        if resource and resource["Type"] in ADDRESSES and action == "replace":
            yield name, "it is replaced by one with another address"


# ---- order ---------------------------------------------------------------------------------


def forwards(properties):
    for action in properties.get("DefaultActions", []) + properties.get("Actions", []):
        if action.get("TargetGroupArn"):
            yield action["TargetGroupArn"]


def serving(world):
    """{target group: services}."""
    found = {}
    for name in world.of_type("AWS::ECS::Service"):
        for target in world.properties(name).get("LoadBalancers", []):
            found.setdefault(target.get("TargetGroupArn"), []).append(name)
    return found


def open_listeners(world):
    """Listeners on ports that the load balancer's security groups let in."""
    inside = set()
    for name in world.of_type("AWS::EC2::SecurityGroup"):
        inside |= {rule.get("FromPort") for rule in world.properties(name).get("SecurityGroupIngress", []) if "CidrIp" in rule}
    return {name for name in world.of_type("AWS::ElasticLoadBalancingV2::Listener") if world.properties(name).get("Port") in inside}


def switched_too_early(update):
    """Requests go to a target group before the service registers there."""
    reachable = open_listeners(update.new)
    had = set(update.old.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"))
    services, served = serving(update.new), serving(update.old)
    for name in update.new.of_type("AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule"):
        resource = update.new.resources[name]
        listener = name if resource["Type"].endswith("::Listener") else next(references(resource["Properties"]["ListenerArn"]), None)
        if update.actions[name] == "keep" or listener not in reachable or not had:
            continue
        for target in forwards(update.new.properties(name)):
            ready = [one for one in services.get(target, []) if one in update.before(name)]
            ready += [one for one in served.get(target, []) if update.actions.get(one) in ("keep", "update", "delete", "replace")]
            if not ready:
                yield name, f"{target} has no targets when requests come"


def redirected_too_early(update):
    for name in update.new.of_type("AWS::ElasticLoadBalancingV2::Listener"):
        if update.actions[name] == "keep":
            continue
        for action in update.new.properties(name).get("DefaultActions", []):
            port = action.get("RedirectConfig", {}).get("Port")
            leads = [other for other in update.new.of_type("AWS::ElasticLoadBalancingV2::Listener")
                     if str(update.new.properties(other).get("Port")) == str(port)]
            if port and any(update.actions[other] == "create" and other not in update.before(name) for other in leads):
                yield name, f"port {port} has no listener yet"


def unattached_target_group(update):
    """ECS refuses a target group that no listener uses, while the service is created or updated."""
    routes = {}
    for name in update.new.of_type("AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule"):
        for target in forwards(update.new.properties(name)):
            routes.setdefault(target, set()).add(name)
    for target, services in serving(update.new).items():
        for service in services:
            ready = {route for route in routes.get(target, ()) if update.actions[route] == "keep" or route in update.before(service)}
            if update.actions[service] != "keep" and not ready:
                yield service, f"{target} has no load balancer yet"


def reader_not_rolled(update):
    """Tasks read a secret when they start: where its content changes by the template, their definition must, too."""
    changed = {name for name in update.new.of_type("AWS::SecretsManager::Secret") if update.actions[name] == "update"
               and update.old.properties(name).get("SecretString") != update.new.properties(name).get("SecretString")}
    for name in update.new.of_type("AWS::ECS::TaskDefinition"):
        read = {other for container in update.new.resources[name]["Properties"].get("ContainerDefinitions", [])
                for other in references(container.get("Secrets", []))}
        if update.actions[name] == "keep" and read & changed:
            yield name, f"{sorted(read & changed)} changes, and its tasks go on with the old value"


def switched_before_it_runs(update):
    """A job that must not be stopped midway runs on capacity that AWS takes back."""
    for name, resource in update.new.resources.items():
        if resource["Type"] == "Custom::TaskRun" and "FARGATE_SPOT" in json.dumps(resource["Properties"].get("Capacity", [])):
            yield name, "it runs on Spot, and nobody starts it again"


def client_before_server(update):
    """A service that is new is named by one that starts anew: it must be there, or the client finds nobody."""
    names = {}
    for name in update.new.of_type("AWS::ECS::Service"):
        for registry in update.new.resources[name]["Properties"].get("ServiceRegistries", []):
            discovery = next(references(registry), None)
            found = update.new.properties(discovery) if discovery in update.new.resources else {}
            space = next(references(update.new.resources.get(discovery, {}).get("Properties", {}).get("DnsConfig", {})), None)
            domain = update.new.properties(space).get("Name") if space in update.new.resources else ""
            names[name] = f"{found.get('Name')}.{domain}"
    for client in update.new.of_type("AWS::ECS::Service"):
        task = next(references(update.new.resources[client]["Properties"].get("TaskDefinition", {})), None)
        text = json.dumps(update.new.resources.get(task, {}).get("Properties", {}))
        for server, address in names.items():
            mutual = client in update.before(server)
            if server != client and address in text and update.actions[server] == "create" and not mutual \
                    and update.actions[client] != "keep" and server not in update.before(client):
                yield client, f"it starts before {server}, which it calls as {address}"


def old_address_lives_on(update):
    """Resolvers keep an address for as long as its record says, and clients go on connecting to a task that is gone."""
    for name in update.new.of_type("AWS::ServiceDiscovery::Service"):
        for record in at(update.new.properties(name), "DnsConfig/DnsRecords") or []:
            if int(record.get("TTL", 0)) > 10:
                yield name, f"a record lives {record['TTL']} seconds"


def protected_from_deletion(update):
    """What is protected cannot be deleted, and CloudFormation leaves it behind, outside of any stack."""
    for name, action in update.actions.items():
        resource = update.old.resources.get(name)
        if resource and action in ("delete", "replace"):
            properties = json.dumps(resource.get("Properties", {}))
            if '"DeletionProtection": true' in properties or '"deletion_protection.enabled", "Value": "true"' in properties:
                yield name, "it is protected from deletion"


def same_data_twice(update):
    """A service takes the place of another one while that still runs, both on one folder of a file system."""
    gone = [name for name, action in update.actions.items()
            if name in update.old.resources and update.old.resources[name]["Type"] == "AWS::ECS::Service" and action in ("delete", "replace")]
    come = [name for name in update.new.of_type("AWS::ECS::Service") if update.actions[name] in ("create", "replace")]
    for new in come:
        for old in gone:
            shared = folders(update.old, old) & folders(update.new, new)
            if shared and not update.old.properties(old).get("DesiredCount") == 0 and stops_first(update.new, new):
                yield new, f"it starts on {sorted(shared)} while {old} still runs"


def stops_first(world, service):
    return at(world.properties(service), "DeploymentConfiguration/MaximumPercent") == 100


def folders(world, service):
    task = next(references(world.resources[service]["Properties"].get("TaskDefinition", {})), None)
    volumes = world.resources.get(task, {}).get("Properties", {}).get("Volumes", [])
    return {at(volume, "EFSVolumeConfiguration/FilesystemId/Ref") or at(volume, "Host/SourcePath") for volume in volumes} - {None}


# ---- quotas ----------------------------------------------------------------------------------


def too_many_at_once(update):
    """Old and new exist together until the end."""
    def together(*kinds):
        there = update.old.of_type(*kinds)
        return there + [name for name in update.new.of_type(*kinds) if update.actions[name] in ("create", "replace")]

    for kind, most in (("Listener", LISTENERS_PER_BALANCER), ("ListenerRule", RULES_PER_BALANCER)):
        found = together(f"AWS::ElasticLoadBalancingV2::{kind}")
        if len(found) > most:
            yield kind, f"{len(found)} of them while the update lasts, {most} are allowed"
    for kind in DIRECTION:
        groups = {}
        for name in together(kind):
            world = update.new if name in update.new.resources else update.old
            groups.setdefault(world.properties(name)["GroupId"], []).append(name)
        for group, rules in groups.items():
            if len(rules) > RULES_PER_GROUP:
                yield group, f"{len(rules)} rules while the update lasts, {RULES_PER_GROUP} are allowed"


CHECKS = [key_held_twice, kept_unless_named, refused_by_aws, looks_like_a_downgrade_later, old_value_is_kept, data_left_behind, data_moves,
          address_changes, switched_too_early, redirected_too_early, unattached_target_group, reader_not_rolled, switched_before_it_runs,
          client_before_server, old_address_lives_on, protected_from_deletion, same_data_twice, too_many_at_once]
