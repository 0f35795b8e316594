"""What ECS, IAM and EC2 refuse in a template and no linter sees: services against their task definitions,
roles against what the tasks need, security groups against the promise that nothing is public by accident.

Sources: the ECS API reference (CreateService), the guide to task execution roles.
"""

import json
import re


def references(value):
    """Every logical id (or parameter) a value refers to."""
    if isinstance(value, dict):
        for key, member in value.items():
            if key == "Ref" and isinstance(member, str):
                yield member
            elif key == "Fn::GetAtt":
                yield member[0] if isinstance(member, list) else str(member).split(".")[0]
            elif key == "Fn::Sub":
                text = member if isinstance(member, str) else member[0]
                yield from (name.split(".")[0] for name in re.findall(r"\$\{([^!}][^}]*)\}", text))
                if isinstance(member, list):
                    yield from references(member[1])
            else:
                yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def before(template, name, seen=None):
    """All resources that CloudFormation makes before one, through references and DependsOn."""
    seen = set() if seen is None else seen
    resource = template["Resources"].get(name, {})
    depends = resource.get("DependsOn", [])
    for other in [*([depends] if isinstance(depends, str) else depends), *references(resource.get("Properties", {}))]:
        if other in template["Resources"] and other not in seen:
            seen.add(other)
            before(template, other, seen)
    return seen


def _of_type(template, kind):
    return {name: resource.get("Properties", {}) for name, resource in template["Resources"].items() if resource["Type"] == kind}


def service_faults(template, tasks):
    """Faults of the services of a template. `tasks`: {logical id: task definition as the API spells it}."""
    found = []
    for name, service in _of_type(template, "AWS::ECS::Service").items():
        task = tasks.get(next(references(service.get("TaskDefinition", {})), None))
        if task is None:
            found.append(f"{name}: its task definition is not in this template")
            continue
        found += [f"{name}: {fault}" for fault in _service_faults(template, name, service, task)]
    return found


def _service_faults(template, name, service, task):
    awsvpc = task.get("networkMode") == "awsvpc"
    if awsvpc != ("NetworkConfiguration" in service):
        yield "NetworkConfiguration goes with awsvpc and only with it"
    if "LaunchType" in service and "CapacityProviderStrategy" in service:
        yield "both a launch type and a capacity provider strategy"
    if "Role" in service:
        yield "Role is for the classic scheme only"
    deployment = service.get("DeploymentConfiguration", {})
    if not deployment.get("DeploymentCircuitBreaker", {}).get("Enable"):
        yield "no deployment circuit breaker"
    yield from _balancer_faults(template, name, service, task, awsvpc)
    yield from _registry_faults(template, service, task, awsvpc)
    scaled = [target for target in _of_type(template, "AWS::ApplicationAutoScaling::ScalableTarget").values()
              if name in set(references(target.get("ResourceId", "")))]
    if scaled and "DesiredCount" in service:
        yield "a scaled service with DesiredCount: each deployment would reset it"


def _port_known(task, container, port):
    for definition in task.get("containerDefinitions", []):
        if definition.get("name") == container:
            return any(mapping.get("containerPort") == port for mapping in definition.get("portMappings", []))
    return False


def _balancer_faults(template, name, service, task, awsvpc):
    groups = _of_type(template, "AWS::ElasticLoadBalancingV2::TargetGroup")
    earlier = before(template, name)
    for balancer in service.get("LoadBalancers", []):
        if not _port_known(task, balancer.get("ContainerName"), int(balancer.get("ContainerPort", 0))):
            yield f"the load balancer's {balancer.get('ContainerName')}:{balancer.get('ContainerPort')} is in no port mapping"
        group = next(references(balancer.get("TargetGroupArn", {})), None)
        if group not in groups:
            yield f"{group} is no target group"
            continue
        if groups[group].get("TargetType", "instance") != ("ip" if awsvpc else "instance"):
            yield f"target type {groups[group].get('TargetType', 'instance')} with network mode {task.get('networkMode')}"
        routes = {route for kind in ("Listener", "ListenerRule")
                  for route, value in _of_type(template, f"AWS::ElasticLoadBalancingV2::{kind}").items()
                  if group in set(references(value))}
        if not routes:
            yield f"no listener forwards to {group}"
        elif not routes & earlier:
            yield f"does not wait for a listener of {group}: ECS refuses a target group without load balancer"
    if service.get("LoadBalancers") and "HealthCheckGracePeriodSeconds" not in service:
        yield "no health check grace period behind a load balancer"


def _registry_faults(template, service, task, awsvpc):
    discovery = _of_type(template, "AWS::ServiceDiscovery::Service")
    for registry in service.get("ServiceRegistries", []):
        entry = discovery.get(next(references(registry.get("RegistryArn", {})), None))
        if entry is None:
            yield "its registry is not in this template"
            continue
        kinds = {record.get("Type") for record in entry.get("DnsConfig", {}).get("DnsRecords", [])}
        if not awsvpc and kinds != {"SRV"}:
            yield f"{', '.join(sorted(kinds))} records with network mode {task.get('networkMode')}: only SRV"
        if "SRV" in kinds and "ContainerPort" not in registry and "Port" not in registry:
            yield "an SRV record needs a port"
        if kinds == {"A"} and "ContainerPort" in registry:
            yield "an A record has no port"


def role_faults(template, tasks_raw):
    """Faults of the roles of task definitions: who may take them, and what an execution role must be able to do."""
    roles = _of_type(template, "AWS::IAM::Role")
    policies = [*_of_type(template, "AWS::IAM::Policy").items()]
    found = []
    for task_name, task in tasks_raw.items():
        for key in ("ExecutionRoleArn", "TaskRoleArn"):
            role = next(references(task.get(key, {})), None)
            if role in roles and not _trusts(roles[role], "ecs-tasks.amazonaws.com"):
                found.append(f"{task_name}: {key} {role} is not for ecs-tasks.amazonaws.com")
        execution = next(references(task.get("ExecutionRoleArn", {})), None)
        if execution not in roles:
            continue
        if execution == next(references(task.get("TaskRoleArn", {})), None):
            found.append(f"{task_name}: execution role and task role are one")
        allowed = set(actions(execution, roles[execution], policies))
        for action, reason in _needed_actions(task):
            if action not in allowed:
                found.append(f"{task_name}: {execution} lacks {action} ({reason})")
    for name, role in roles.items():
        found += [f"{name}: allows {action}" for action in actions(name, role, policies) if action == "*" or action.endswith(":*")]
    return found


def _trusts(role, principal):
    trusted = [statement.get("Principal", {}).get("Service") for statement in _statements(role.get("AssumeRolePolicyDocument", {}))]
    return any(principal in (entry if isinstance(entry, list) else [entry]) for entry in trusted)


def _statements(document):
    statement = document.get("Statement", [])
    return statement if isinstance(statement, list) else [statement]


def actions(name, role, policies):
    documents = [policy.get("PolicyDocument", {}) for policy in role.get("Policies", [])]
    documents += [policy.get("PolicyDocument", {}) for _, policy in policies if name in set(references(policy.get("Roles", [])))]
    for document in documents:
        for statement in _statements(document):
            action = statement.get("Action", [])
            yield from action if isinstance(action, list) else [action]


def _needed_actions(task):
    for container in task.get("ContainerDefinitions", []):
        name = container.get("Name")
        if container.get("LogConfiguration", {}).get("LogDriver") == "awslogs":
            yield "logs:CreateLogStream", f"{name} logs to CloudWatch"
            yield "logs:PutLogEvents", f"{name} logs to CloudWatch"
        if ".dkr.ecr." in json.dumps(container.get("Image", "")):
            for action in ("ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"):
                yield action, f"the image of {name} is in ECR"
        if container.get("Secrets"):
            yield "secretsmanager:GetSecretValue", f"{name} has secrets"


def exposure_faults(template):
    """Ingress open to the world anywhere but on a load balancer's group, and ranges upside down."""
    balancers = {group for balancer in _of_type(template, "AWS::ElasticLoadBalancingV2::LoadBalancer").values()
                 for group in references(balancer.get("SecurityGroups", []))}
    found = []
    for owner, rule in ingress_rules(template):
        world = rule.get("CidrIp") == "0.0.0.0/0" or rule.get("CidrIpv6") == "::/0"
        if world and owner not in balancers:
            found.append(f"{owner}: open to the world")
        low, high = rule.get("FromPort"), rule.get("ToPort")
        if isinstance(low, int) and isinstance(high, int) and low > high:
            found.append(f"{owner}: ports {low} to {high}")
    return found


def ingress_rules(template):
    for name, group in _of_type(template, "AWS::EC2::SecurityGroup").items():
        yield from ((name, rule) for rule in group.get("SecurityGroupIngress", []))
    for rule in _of_type(template, "AWS::EC2::SecurityGroupIngress").values():
        yield next(references(rule.get("GroupId", {})), "?"), rule
