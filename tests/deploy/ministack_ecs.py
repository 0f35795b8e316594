"""What MiniStack lacks of ECS services: tasks that a test ends, rollouts that take time, and a CloudFormation that
waits for them.

A deployment of a service is IN_PROGRESS until its tasks have run for as long as the file `steady` of the working
directory says, in seconds and perhaps of which services (none: not at all). CloudFormation says that it has begun, waits, and fails where the
circuit breaker gave it up.
"""

import datetime
import pathlib
import time

BREAKER = ('Resource handler returned message: "Error occurred during operation \'ECS Deployment Circuit Breaker was '
           'triggered\'." (RequestToken: 0, HandlerErrorCode: GeneralServiceException)')


def steady(service):
    """Seconds that the tasks of a service's deployment must run."""
    # A test that writes it truncates it first.
    words, end = [], time.monotonic() + 5
    while not words and time.monotonic() < end:
        try:
            words = pathlib.Path("steady").read_text().split()
        except FileNotFoundError:
            return 0.0
    seconds, *names = words
    return float(seconds) if all(name in service for name in names) else 0.0


def agent():
    """Lets a test play the ECS agent, as no container engine runs: SubmitTaskStateChange ends a task."""
    from ministack.core.responses import json_response
    from ministack.services import ecs

    def submit(data):
        task = ecs._resolve_task(data["task"], ecs._resolve_cluster_name(data.get("cluster", "default")))
        ended = {one["containerName"]: one for one in data.get("containers", [])}
        for container in task["containers"]:
            said = ended.get(container["name"], {})
            container["exitCode"] = said.get("exitCode")
            if said.get("reason"):
                container["reason"] = said["reason"]
        ran = any(one.get("exitCode") is not None for one in ended.values())
        code = "EssentialContainerExited" if ran else "TaskFailedToStart"
        ecs._mark_task_stopped(task["taskArn"], task, data.get("reason", ""), code)
        return json_response({"acknowledgment": "ACCEPT"})

    ecs._ACTION_MAP["SubmitTaskStateChange"] = submit


def rollouts():
    """Makes a service's deployment take the time that its tasks need to be steady."""
    from ministack.services import ecs

    make, complete = ecs._make_deployment, ecs._complete_service_deployment

    def begin(*arguments, **more):
        return make(*arguments, **more) | {"rolloutState": "IN_PROGRESS", "rolloutStateReason": "in progress"}

    def end(cluster, key, expected=None, **more):
        if _ages(key) >= steady(key):
            complete(cluster, key, expected, **more)

    def _ages(key):
        """For how long the youngest task of the newest deployment has run."""
        primary = ecs._primary_deployment(ecs._services.get(key) or {}) or {}
        now = datetime.datetime.now(datetime.timezone.utc)
        begun = [datetime.datetime.fromisoformat(task["createdAt"].replace("Z", "+00:00"))
                 for task in list(ecs._tasks.values()) if task.get("_deployment_id") == primary.get("id")]
        return min(((now - one).total_seconds() for one in begun), default=float("inf"))

    ecs._make_deployment, ecs._complete_service_deployment = begin, end


def stabilisation():
    """Makes CloudFormation wait for the services that it creates and updates."""
    from ministack.services import ecs
    from ministack.services.cloudformation import _stacks, provisioners, stacks

    handler = provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"]
    create, update, delete = handler["create"], handler["update"], handler["delete"]
    on_thread = stacks._runs_on_worker_thread

    def created(logical_id, properties, stack_name):
        arn, attributes = create(logical_id, properties, stack_name)
        begun(stack_name, logical_id, "CREATE_IN_PROGRESS", "Resource creation Initiated", arn)
        try:
            wait(arn)
        except ValueError:
            delete(arn, properties)
            raise
        return arn, attributes

    def updated(arn, old, new, stack_name, logical_id):
        begun(stack_name, logical_id, "UPDATE_IN_PROGRESS", "", arn)
        answer = update(arn, old, new, stack_name)
        wait(arn)
        return answer

    def begun(stack_name, logical_id, status, reason, arn):
        stack_id = _stacks[stack_name]["StackId"]
        stacks._add_event(stack_id, stack_name, logical_id, "AWS::ECS::Service", status, reason, arn)

    def wait(arn):
        cluster, name = arn.split(":service/")[1].split("/")
        key = f"{cluster}/{name}"
        begun_as = ecs._primary_deployment(ecs._services[key])
        while begun_as["rolloutState"] == "IN_PROGRESS":
            time.sleep(0.05)
            ecs._complete_service_deployment(cluster, key)
        if begun_as["rolloutState"] == "FAILED":
            raise ValueError(BREAKER)

    handler.update(create=created, update=updated, update_with_logical_id=True)
    stacks._runs_on_worker_thread = lambda kind: kind == "AWS::ECS::Service" or on_thread(kind)


def install():
    """All of it."""
    agent()
    rollouts()
    stabilisation()
