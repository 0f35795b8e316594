"""Functions behind custom resources: the template's own code runs, with clients that know the runner's tasks.

CloudFormation's end of the conversation is a server on 127.0.0.1.
"""

import http.server
import json
import threading
import time
import types
import uuid

from tasks import Task


class CustomResource:
    """Asks the function of a custom resource to create it, and waits for its answer."""

    def __init__(self, world, key):
        self.world, self.key = world, key
        self.properties = world.stack.properties(key)
        self.function = world.stack.properties(self.properties["ServiceToken"])
        self.tasks = {}

    def deploy(self, timeout):
        answers = []
        server = _server(answers)
        event = {"RequestType": "Create", "RequestId": str(uuid.uuid4()), "StackId": f"arn:aws:cloudformation:us-east-1:123456789012:stack/{self.world.stack.name}/1",
                 "LogicalResourceId": self.key, "ResourceType": self.world.stack.resources[self.key]["Type"],
                 "ResponseURL": f"http://127.0.0.1:{server.server_port}/", "ResourceProperties": _texts(self.properties)}
        try:
            self._invoke(event, timeout)
        finally:
            server.shutdown()
            server.server_close()
            for task in self.tasks.values():
                task.stop("the function is done with it")
        if not answers or answers[-1]["Status"] != "SUCCESS":
            logs = "\n".join(task.logs() for task in self.tasks.values())
            raise RuntimeError(f"{self.key}: {answers[-1]['Reason'] if answers else 'no answer'}\n{logs}")

    def _invoke(self, event, timeout):
        module = types.ModuleType("index")
        module.__dict__["__builtins__"] = dict(vars(__import__("builtins")), __import__=self._import)
        exec(compile(self.function["Code"]["ZipFile"], "index.py", "exec"), module.__dict__)
        # The function looks every few seconds; nothing is lost by looking more often.
        module.time = types.SimpleNamespace(time=time.time, sleep=lambda seconds: time.sleep(seconds / 20))
        until = time.monotonic() + timeout
        context = types.SimpleNamespace(invoked_function_arn=self.key, get_remaining_time_in_millis=lambda: int((until - time.monotonic()) * 1000) + 60_000)
        module.handler(event, context)

    def _import(self, name, *arguments):
        return types.SimpleNamespace(client=self._client) if name == "boto3" else __import__(name, *arguments)

    # ---- what the function asks of AWS

    def _client(self, name):
        refusals = {kind: type(kind, (Exception,), {}) for kind in ("ClientException", "InvalidParameterException", "AccessDeniedException")}
        return {
            "ecs": types.SimpleNamespace(run_task=self._run_task, describe_tasks=self._describe_tasks, stop_task=self._stop_task,
                                         exceptions=types.SimpleNamespace(**refusals)),
            "cloudformation": types.SimpleNamespace(describe_stacks=lambda StackName: {"Stacks": [{"StackStatus": "CREATE_IN_PROGRESS"}]}),
            "logs": types.SimpleNamespace(get_log_events=lambda **_: {"events": []}),
            "lambda": types.SimpleNamespace(invoke=self._go_on),
        }[name]

    def _run_task(self, taskDefinition, networkConfiguration=None, **_):
        own = networkConfiguration and {"AwsvpcConfiguration": {"SecurityGroups": networkConfiguration["awsvpcConfiguration"]["securityGroups"]}}
        task = Task(self.world, taskDefinition, self.world.groups(own))
        self.tasks[task.name] = task
        return {"tasks": [{"taskArn": task.name}], "failures": []}

    def _describe_tasks(self, tasks, **_):
        task = self.tasks[tasks[0]]
        if not task.ended.is_set():
            return {"tasks": [{"taskArn": task.name, "lastStatus": "RUNNING", "containers": []}]}
        codes = task.exit_codes()
        containers = [{"name": name} | ({} if code is None else {"exitCode": code}) for name, code in codes.items()]
        return {"tasks": [{"taskArn": task.name, "lastStatus": "STOPPED", "containers": containers, "stoppedReason": task.reason}]}

    def _go_on(self, **_):
        raise TimeoutError("the task did not end in the time of the run")

    def _stop_task(self, task, reason, **_):
        self.tasks[task].stop(reason)


def _texts(value):
    """Numbers and booleans reach a custom resource as text."""
    if isinstance(value, dict):
        return {key: _texts(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_texts(member) for member in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _server(answers):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self):
            answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server
