"""The function that runs a task to its end, against botocore's models of what it calls.

Its clock is moved by hand; CloudFormation's end of the conversation is a server on 127.0.0.1.
"""

import http.server
import importlib.util
import json
import sys
import threading
import types
import unittest
from pathlib import Path

import botocore.session
from botocore.stub import ANY, Stubber

SOURCE = Path(__file__).resolve().parents[2] / "targets" / "ecs" / "task_runner" / "index.py"
STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/todo/0a1b"
TASK = "arn:aws:ecs:us-east-1:123456789012:task/todo/11"
SECOND = "arn:aws:ecs:us-east-1:123456789012:task/todo/22"


def load():
    """The function, with clients that can reach nothing."""
    session = botocore.session.Session()

    def client(name):
        return session.create_client(name, "us-east-1", aws_access_key_id="x", aws_secret_access_key="x",
                                     endpoint_url="http://127.0.0.1:9")

    sys.modules["boto3"] = types.SimpleNamespace(client=client)
    spec = importlib.util.spec_from_file_location("index", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Clock:
    """Time that passes when someone sleeps."""

    def __init__(self):
        self.now = 1_000_000.0

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Context:
    """One invocation of at most 900 seconds."""

    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:runner"

    def __init__(self, clock):
        self.clock, self.end = clock, clock.now + 900

    def get_remaining_time_in_millis(self):
        return int((self.end - self.clock.now) * 1000)


class CloudFormation(http.server.BaseHTTPRequestHandler):
    """Keeps what it is told; the first answers may be refusals."""

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        refused = self.server.refusals > 0
        self.server.refusals -= refused
        if not refused:
            self.server.told.append((body, self.headers["Content-Type"]))
        self.send_response(503 if refused else 200)
        self.end_headers()

    def log_message(self, *arguments):
        pass


class TaskRunner(unittest.TestCase):
    def setUp(self):
        self.index, self.clock = load(), Clock()
        self.index.time = self.clock
        self.stubs = {name: Stubber(getattr(self.index, name)) for name in ("cloudformation", "ecs", "functions", "logs")}
        for stub in self.stubs.values():
            stub.activate()
        self.server = http.server.HTTPServer(("127.0.0.1", 0), CloudFormation)
        self.server.told, self.server.refusals = [], 0
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    # ---- what CloudFormation asks, and what the services answer

    def event(self, kind="Create", **properties):
        wanted = {
            "Cluster": "todo", "TaskDefinition": "migrate:3", "Container": "migrate", "Timeout": "3300",
            "Capacity": [{"Provider": "FARGATE", "Weight": "1"}], "Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"],
            "PublicIp": "DISABLED", "LogGroup": "/todo/ecs/migrate", "LogPrefix": "ecs",
        }
        event = {
            "RequestType": kind, "RequestId": "0f8fad5b-d9cb-469f-a165-70867728950e", "StackId": STACK,
            "LogicalResourceId": "MigrateRun", "ResponseURL": f"http://127.0.0.1:{self.server.server_port}/answer?X-Amz-Signature=a%2Bb",
            "ResourceType": "Custom::TaskRun", "ResourceProperties": wanted | properties,
        }
        if kind != "Create":
            event |= {"PhysicalResourceId": "MigrateRun-0a1b", "OldResourceProperties": wanted}
        return event

    def stack(self, status):
        answer = {"Stacks": [{"StackName": "todo", "CreationTime": "2026-11-21T12:00:00Z", "StackStatus": status}]}
        self.stubs["cloudformation"].add_response("describe_stacks", answer, {"StackName": STACK})

    def request(self, attempt=0):
        return {
            "cluster": "todo", "taskDefinition": "migrate:3",
            "clientToken": f"0f8fad5b-d9cb-469f-a165-70867728950e-{attempt}",
            "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}],
            "networkConfiguration": {"awsvpcConfiguration": {
                "subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}},
        }

    def starts(self, attempt=0, task=TASK):
        self.stubs["ecs"].add_response("run_task", {"tasks": [{"taskArn": task}], "failures": []}, self.request(attempt))

    def looks(self, status, containers=(), task=TASK, **more):
        found = {"taskArn": task, "lastStatus": status, "containers": list(containers)} | more
        self.stubs["ecs"].add_response("describe_tasks", {"tasks": [found], "failures": []}, {"cluster": "todo", "tasks": [task]})

    def stops(self, code, **more):
        self.looks("STOPPED", [{"name": "migrate", "exitCode": code}], stoppedReason="Essential container in task exited", **more)

    def writes(self, *lines):
        events = [{"timestamp": 1, "message": line, "ingestionTime": 1} for line in lines]
        wanted = {"logGroupName": "/todo/ecs/migrate", "logStreamName": "ecs/migrate/11", "limit": 15}
        self.stubs["logs"].add_response("get_log_events", {"events": events}, wanted)

    def invoke(self, event):
        self.index.handler(event, Context(self.clock))
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()
        return [json.loads(body) for body, _ in self.server.told]

    def answer(self, event):
        answer, = self.invoke(event)
        self.assertEqual(answer["StackId"], STACK)
        self.assertEqual(answer["RequestId"], event["RequestId"])
        self.assertEqual(answer["PhysicalResourceId"], "MigrateRun-0a1b", "a new id would make CloudFormation delete the old one")
        return answer["Status"], answer["Reason"]

    # ---- the cases

    def test_success_waits_for_the_end(self):
        self.stack("CREATE_IN_PROGRESS")
        self.starts()
        self.looks("PROVISIONING")
        self.looks("RUNNING")
        self.stops(0)
        self.assertEqual(("SUCCESS", "done"), self.answer(self.event()))
        _, content_type = self.server.told[0]
        self.assertEqual("", content_type, "the signed URL was made for an empty content type")

    def test_bridge_mode_sends_no_network(self):
        self.stack("UPDATE_IN_PROGRESS")
        request = self.request()
        del request["networkConfiguration"]
        self.stubs["ecs"].add_response("run_task", {"tasks": [{"taskArn": TASK}], "failures": []}, request)
        self.stops(0)
        event = self.event("Update")
        for key in ("Subnets", "SecurityGroups", "PublicIp"):
            del event["ResourceProperties"][key]
        self.assertEqual("SUCCESS", self.answer(event)[0])

    def test_exit_code_fails_with_the_log(self):
        self.stack("UPDATE_IN_PROGRESS")
        self.starts()
        self.stops(1)
        self.writes("Applying 0007...", "OperationalError: no such column\n")
        status, reason = self.answer(self.event("Update"))
        self.assertEqual("FAILED", status)
        self.assertEqual("migrate ended with exit code 1 (Essential container in task exited)\n"
                         "Applying 0007...\nOperationalError: no such column", reason)

    def test_another_container_fails(self):
        self.stack("UPDATE_IN_PROGRESS")
        self.starts()
        self.looks("STOPPED", [{"name": "migrate"}, {"name": "prepare", "exitCode": 3, "reason": "no disk"}],
                   stopCode="TaskFailedToStart", stoppedReason="dependency failed")
        self.writes()
        self.assertEqual("prepare ended with exit code 3 (dependency failed. no disk)", self.answer(self.event("Update"))[1])

    def test_a_log_that_cannot_be_read_hides_nothing(self):
        self.stack("UPDATE_IN_PROGRESS")
        self.starts()
        self.stops(137)
        self.stubs["logs"].add_client_error("get_log_events", "ResourceNotFoundException", "no such stream")
        status, reason = self.answer(self.event("Update"))
        self.assertEqual("FAILED", status)
        self.assertRegex(reason, r"^migrate ended with exit code 137 \(.*\)\n\(no log lines: .*no such stream\)$")

    def test_a_task_that_never_started_is_tried_again(self):
        self.stack("CREATE_IN_PROGRESS")
        self.starts()
        self.looks("STOPPED", [{"name": "migrate"}], stopCode="TaskFailedToStart", stoppedReason="unable to assume the role")
        self.starts(1, SECOND)
        self.looks("STOPPED", [{"name": "migrate", "exitCode": 0}], task=SECOND)
        self.assertEqual("SUCCESS", self.answer(self.event())[0])

    def test_a_task_that_never_starts_fails(self):
        self.stack("CREATE_IN_PROGRESS")
        for attempt in range(2):
            self.starts(attempt)
            self.looks("STOPPED", [{"name": "migrate", "reason": "CannotPullContainerError: not found"}], stopCode="TaskFailedToStart")
        self.stubs["ecs"].add_client_error("run_task", "ClientException", "no container instances", expected_params=self.request(2))
        self.stubs["ecs"].add_response("run_task", {"tasks": [], "failures": [{"reason": "RESOURCE:ENI"}]}, self.request(3))
        self.assertEqual(("FAILED", "migrate could not be started: RESOURCE:ENI"), self.answer(self.event()))

    def test_a_permission_that_is_new_takes_a_moment(self):
        for _ in range(3):
            self.stubs["cloudformation"].add_client_error("describe_stacks", "AccessDenied", "not authorized")
        self.stack("UPDATE_ROLLBACK_IN_PROGRESS")
        self.assertEqual("SUCCESS", self.answer(self.event())[0])

    def test_another_error_is_not_asked_again(self):
        self.stubs["cloudformation"].add_client_error("describe_stacks", "ValidationError", "no such stack")
        status, reason = self.answer(self.event())
        self.assertEqual("FAILED", status)
        self.assertIn("no such stack", reason)

    def test_no_permission_is_said(self):
        for _ in range(6):
            self.stubs["cloudformation"].add_client_error("describe_stacks", "AccessDenied", "not authorized")
        status, reason = self.answer(self.event())
        self.assertEqual("FAILED", status)
        self.assertIn("not authorized", reason)

    def test_a_long_task_goes_on_in_another_invocation(self):
        self.stack("UPDATE_IN_PROGRESS")
        self.starts()
        for _ in range(167):
            self.looks("RUNNING")
        passed_on = {}
        self.stubs["functions"].add_response("invoke", {"StatusCode": 202}, {
            "FunctionName": Context.invoked_function_arn, "InvocationType": "Event", "Payload": ANY})
        self.index.functions.meta.events.register(
            "provide-client-params.lambda.Invoke", lambda params, **_: passed_on.update(json.loads(params["Payload"])))
        event = self.event("Update")
        self.assertEqual([], self.invoke(event), "nobody is told anything yet")
        self.assertEqual(TASK, passed_on["Run"]["task"])
        # The next invocation neither asks for the stack nor starts a task.
        self.stops(0)
        self.assertEqual("SUCCESS", self.answer(passed_on)[0])

    def test_time_out_stops_the_task(self):
        self.stack("UPDATE_IN_PROGRESS")
        self.starts()
        for _ in range(12):
            self.looks("RUNNING")
        self.stubs["ecs"].add_response("stop_task", {}, {"cluster": "todo", "task": TASK, "reason": ANY})
        self.writes("waiting for a lock")
        self.assertEqual(("FAILED", "migrate did not end within 60 seconds\nwaiting for a lock"),
                         self.answer(self.event("Update", Timeout="60")))

    def test_a_rollback_runs_nothing(self):
        for status in ("UPDATE_ROLLBACK_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"):
            with self.subTest(status):
                self.server.told.clear()
                self.stack(status)
                self.assertEqual("SUCCESS", self.answer(self.event("Update"))[0])

    def test_a_delete_runs_nothing(self):
        self.assertEqual("SUCCESS", self.answer(self.event("Delete"))[0])

    def test_a_repeated_request_finds_its_task(self):
        """Lambda may deliver an event twice: the same token makes ECS answer with the same task."""
        for _ in range(2):
            self.server.told.clear()
            self.stack("CREATE_IN_PROGRESS")
            self.starts()
            self.stops(0)
            self.assertEqual("SUCCESS", self.answer(self.event())[0])

    def test_the_answer_always_fits(self):
        for lines in (["é\n" * 400] * 15, ["x" * 5000] * 15, ["\0" * 200] * 15, []):
            with self.subTest(len(lines)):
                self.server.told.clear()
                self.stack("UPDATE_IN_PROGRESS")
                self.starts()
                self.looks("STOPPED", [{"name": "migrate", "exitCode": 1}], stoppedReason="\1" * 3000 if not lines else "ended")
                self.writes(*lines)
                self.answer(self.event("Update"))
                self.assertLessEqual(len(self.server.told[0][0]), 4096)

    def test_a_refused_answer_is_sent_again(self):
        self.server.refusals = 2
        self.assertEqual("SUCCESS", self.answer(self.event("Delete"))[0])

    def test_it_fits_inline(self):
        self.assertLess(len(SOURCE.read_bytes()), 8_000, "it travels inside every template, of which 51,200 bytes go inline")


if __name__ == "__main__":
    unittest.main()
