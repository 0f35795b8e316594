"""Runs one ECS task to its end, as a CloudFormation custom resource.

Create and Update start the task and wait for it; the deployment fails when it does.
Delete does nothing, nor does an Update that belongs to a rollback.
"""
import json
import time
import urllib.request

import boto3

cloudformation, ecs, functions, logs = map(boto3.client, ("cloudformation", "ecs", "lambda", "logs"))

MARGIN = 60_000  # milliseconds of the invocation left when the next one takes over
PAUSE = 5  # seconds between two looks at the task
ATTEMPTS = 4  # at starting it: a new role takes a moment until it may be assumed


class Failed(Exception):
    """The task cannot succeed any more; the message is for the stack's events."""


def handler(event, context):
    try:
        if event["RequestType"] == "Delete" or ("Run" not in event and rolls_back(event["StackId"])):
            return respond(event, "SUCCESS")
        if run(event, context):
            return respond(event, "SUCCESS")
        functions.invoke(FunctionName=context.invoked_function_arn, InvocationType="Event", Payload=json.dumps(event))
    except Exception as error:  # whatever it is, CloudFormation must hear of it
        respond(event, "FAILED", str(error) or type(error).__name__)


def rolls_back(stack):
    """Asks again while it is refused: a new policy takes some seconds until it holds everywhere."""
    refusal = None
    for pause in (0, 1, 2, 4, 8, 16):
        time.sleep(pause)
        try:
            return "ROLLBACK" in cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        except Exception as error:
            refusal = refusal or error
            if not getattr(error, "response", {}).get("Error", {}).get("Code", "").startswith("AccessDenied"):
                break
    raise refusal


def run(event, context):
    """True when the task succeeded, False when the invocation ends before the task does."""
    wanted = event["ResourceProperties"]
    state = event.setdefault("Run", {"attempt": 0, "until": time.time() + int(wanted["Timeout"])})
    while context.get_remaining_time_in_millis() > MARGIN:
        if "task" not in state:
            start(event, wanted, state)
        else:
            found = ecs.describe_tasks(cluster=wanted["Cluster"], tasks=[state["task"]])["tasks"]
            if found and found[0]["lastStatus"] == "STOPPED" and ended(wanted, state, found[0]):
                return True
        if time.time() >= state["until"]:
            if "task" in state:
                ecs.stop_task(cluster=wanted["Cluster"], task=state["task"], reason="it takes too long")
            raise Failed(f"{wanted['Container']} did not end within {wanted['Timeout']} seconds{tail(wanted, state)}")
        time.sleep(PAUSE)
    return False


def start(event, wanted, state):
    """Starts the task. The token makes a repeated request find the task that the first one started."""
    request = {
        "cluster": wanted["Cluster"],
        "taskDefinition": wanted["TaskDefinition"],
        "clientToken": f"{event['RequestId']}-{state['attempt']}",
        "capacityProviderStrategy": [
            {"capacityProvider": item["Provider"], "weight": int(item["Weight"])} for item in wanted["Capacity"]
        ],
    }
    if "Subnets" in wanted:
        network = {"subnets": wanted["Subnets"], "securityGroups": wanted["SecurityGroups"]}
        request["networkConfiguration"] = {"awsvpcConfiguration": {**network, "assignPublicIp": wanted["PublicIp"]}}
    refusals = ecs.exceptions
    try:
        answer = ecs.run_task(**request)
        if answer["tasks"]:
            state["task"] = answer["tasks"][0]["taskArn"]
            return
        reason = "; ".join(failure.get("reason", "") for failure in answer["failures"])
    except (refusals.ClientException, refusals.InvalidParameterException, refusals.AccessDeniedException) as error:
        reason = str(error)
    again(wanted, state, reason)


def ended(wanted, state, task):
    """True when it succeeded, False when it never started and is tried again."""
    codes = {container["name"]: container.get("exitCode") for container in task["containers"]}
    if codes.get(wanted["Container"]) == 0:
        return True
    reasons = [task.get("stoppedReason"), *(container.get("reason") for container in task["containers"])]
    reason = ". ".join(filter(None, reasons))
    if task.get("stopCode") == "TaskFailedToStart" and not any(code is not None for code in codes.values()):
        again(wanted, state, reason)
        return False
    ends = ", ".join(f"{name} ended with exit code {code}" for name, code in codes.items() if code)
    raise Failed(f"{ends or wanted['Container'] + ' ended without an exit code'} ({reason}){tail(wanted, state)}")


def again(wanted, state, reason):
    state.pop("task", None)
    state["attempt"] += 1
    if state["attempt"] >= ATTEMPTS:
        raise Failed(f"{wanted['Container']} could not be started: {reason}")
    time.sleep(PAUSE * state["attempt"])


def tail(wanted, state):
    """The last lines the container wrote, as far as they can be read."""
    if "task" not in state or "LogGroup" not in wanted:
        return ""
    stream = f"{wanted['LogPrefix']}/{wanted['Container']}/{state['task'].rsplit('/', 1)[-1]}"
    try:
        events = logs.get_log_events(logGroupName=wanted["LogGroup"], logStreamName=stream, limit=15)["events"]
    except Exception as error:
        return f"\n(no log lines: {error})"
    return "".join(f"\n{event['message'].rstrip()[:200]}" for event in events)


def respond(event, status, reason=""):
    """Tells CloudFormation, in the 4,096 bytes it reads."""
    physical = event.get("PhysicalResourceId") or f"{event['LogicalResourceId']}-{event['StackId'].rsplit('/', 1)[-1]}"
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": status, "PhysicalResourceId": physical, "Reason": reason or "done"}
    while len(body := json.dumps(answer, ensure_ascii=False).encode()) > 4_000:
        head, _, rest = answer["Reason"].partition("\n")
        answer["Reason"] = f"{head}\n{rest.partition(chr(10))[2]}" if "\n" in rest else answer["Reason"][:500]
    for pause in (1, 4, 16, 0):
        try:
            request = urllib.request.Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT")
            return urllib.request.urlopen(request, timeout=30).close()
        except OSError:
            if not pause:
                raise
            time.sleep(pause)
