"""Looking inside: logs of all services by time, one-off tasks, a session in a container, events."""

import json
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from beanstalk_case import BeanstalkCase  # noqa: E402
from gateway import wait_until  # noqa: E402
from stacks import Agent  # noqa: E402
from test_cloudformation import GIVEN, Small  # noqa: E402
from world import client  # noqa: E402

JOB = """  reindex:
    image: registry.example.org/shop:${APP_VERSION}
    command: [reindex]
    x-tranship: { job: manual }
x-tranship:
"""
PLUGIN = """#!/bin/sh
printf '%s\\n' "$@" > "$0.said"
exit 7
"""


def write(logs, group, stream, *lines):
    """Log lines with their times, in milliseconds."""
    try:
        logs.create_log_group(logGroupName=group)
    except logs.exceptions.ResourceAlreadyExistsException:
        pass
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(logGroupName=group, logStreamName=stream,
                        logEvents=[{"timestamp": at, "message": text} for at, text in lines])


class OfStacks(Small):
    def setUp(self):
        super().setUp()
        file = self.directory / "compose.yaml"
        file.write_text(file.read_text().replace("x-tranship:\n", JOB).replace(
            "region: us-east-1 }", "region: us-east-1, exec: true }\n    dev: { target: fargate, region: us-east-1 }"))

    def followed(self, *arguments):
        """Follows until the second environment was looked at, and presses Ctrl-C."""
        self.gateway.reset()
        process = self.start(*arguments, "--follow")
        wait_until(lambda: len(self.gateway.actions("GetCallerIdentity")) == 2, message="two sessions")
        wait_until(lambda: self.gateway.actions("DescribeStacks")[1:], message="a round")
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        run = self.finish(process)
        self.assertEqual((run.code, run.err), (130, "error: interrupted; nothing is being changed\n"))
        return run

    def abandoned(self, *arguments):
        """Follows until something was told, and closes the pipe as `head -n 1` does. Nothing changes after that."""
        process = self.start(*arguments, "--follow")
        self.assertTrue(process.stdout.readline(), f"{arguments} told nothing")
        process.stdout.close()
        at = time.monotonic()
        try:
            code = process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            self.fail(f"{arguments} went on although nobody read it")
        self.assertEqual((code, process.stderr.read()), (0, ""))
        self.assertLess(time.monotonic() - at, 4, "it noticed between two looks at AWS")
        process.stderr.close()

    def test_logs_runs_sessions_and_events(self):
        self.deploy("--set", "APP_VERSION=1")
        ecs, logs = client("ecs", self.upstream), client("logs", self.upstream)
        (cluster,) = ecs.list_clusters()["clusterArns"]
        now = int(time.time() * 1000)
        write(logs, f"/{self.stack}/ecs/app", "ecs/app/0123456789ab", (now - 3000, "first"), (now - 1000, "third"))
        write(logs, f"/{self.stack}/ecs/worker", "ecs/worker/ba9876543210", (now - 2000, "second"), (now - 7_200_000, "old"))
        write(logs, f"/{self.stack}/ecs/reindex", "ecs/reindex/cccccccccccc", (now - 500, f"with {GIVEN}"))

        run = self.tranship("logs", "prod")
        self.assertEqual(run.out.splitlines(), ["app-012345 | first", "worker-ba9876 | second", "app-012345    | third",
                                                f"reindex-cccccc | with {GIVEN}"])
        self.assertEqual(run.err, "")
        self.assertEqual(self.tranship("logs", "prod", "worker", "--since", "3h").out.splitlines(),
                         ["worker-ba9876 | old", "worker-ba9876 | second"])
        self.assertEqual(len(self.tranship("logs", "prod", "--job").out.splitlines()), 1)
        self.assertEqual(len(self.tranship("logs", "prod", "--previous", "--since", "1m").out.splitlines()), 4)
        self.tranship("logs", "prod", "--since", "soon", expect=2)

        agent = Agent(self.upstream)
        agent.code = 3
        self.addCleanup(agent.stop)
        run = self.tranship("run", "prod", "reindex", "--", "reindex", "--all", expect=3)
        self.assertIn("reindex ended with exit code 3", run.err)
        (call,) = [json.loads(call.body) for call in self.gateway.calls if call.action == "RunTask"]
        self.assertEqual(call["overrides"]["containerOverrides"], [{"name": "reindex", "command": ["reindex", "--all"]}])
        network = call["networkConfiguration"]["awsvpcConfiguration"]
        self.assertEqual(network["subnets"], self.subnets)
        self.assertEqual(len(network["securityGroups"]), 1)
        agent.code = 0
        self.tranship("run", "prod", "app")
        self.tranship("run", "prod", "nobody", expect=2)

        plugin = self.write("plugin", PLUGIN)
        plugin.chmod(0o755)

        def on(answer):
            for task in answer["tasks"]:
                task["enableExecuteCommand"] = True
                if not task.get("stopCode"):
                    task.pop("stopCode", None)
            return answer

        self.gateway.amend("DescribeTasks", on)
        self.tranship("exec", "prod", "app", "--plugin", str(plugin), "--", "ls", "a b", expect=7)
        said = (self.directory / "plugin.said").read_text().splitlines()
        self.assertEqual(said[1:4], ["us-east-1", "StartSession", ""])
        self.assertEqual(set(json.loads(said[0])), {"SessionId", "StreamUrl", "TokenValue"})
        self.assertRegex(json.loads(said[4])["Target"], rf"^ecs:{cluster.rsplit('/', 1)[-1]}_[0-9a-f-]+_")
        (call,) = [json.loads(call.body) for call in self.gateway.calls if call.action == "ExecuteCommand"]
        self.assertEqual((call["command"], call["container"]), ("ls 'a b'", "app"))
        self.tranship("build", "prod", "--set", "APP_VERSION=1")
        built = (self.directory / "dist" / "prod" / "template.yaml").read_text()
        self.assertEqual(built.count("EnableExecuteCommand: true"), 2)
        self.assertEqual(built.count("ssmmessages:OpenDataChannel"), 2, "services may, jobs need not")

        events = self.tranship("events", "prod", "--last", "3").out.splitlines()
        self.assertEqual(len(events), 3)
        self.assertEqual(self.tranship("events", "prod", "dev", expect=1).err.count("the stack shop-dev is not deployed"), 1)
        followed = self.followed("status", "prod", "dev", "--set", "APP_VERSION=1")
        self.assertRegex(followed.out, r"(?m)^\d\d:\d\d:\d\d prod \|   service app: 1/1 running, rollout COMPLETED$")
        self.assertRegex(followed.out, r"(?m)^\d\d:\d\d:\d\d dev \| stack shop-dev: not deployed$")
        documents = [json.loads(line) for line in self.followed("status", "prod", "dev", "--format", "json").out.splitlines()]
        self.assertEqual([one["environment"] for one in documents], ["prod", "dev"])
        followed = self.followed("events", "prod", "dev", "--last", "2")
        self.assertRegex(followed.out, r"^(\S+Z prod \| [A-Z_]+ +\S+.*\n){2}$")
        for command in ("status", "events", "logs"):
            self.abandoned(command, "prod")
        self.assertRegex(events[0], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [A-Z_]+ +\S+")
        self.tranship("logs", "prod", "-f", "compose.yaml", "--aws-profile", "nobody", expect=4)


class OfEnvironments(BeanstalkCase):
    def test_the_group_of_the_containers_is_read(self):
        self.tranship(*self.arguments("1"))
        now = int(time.time() * 1000)
        group = "/aws/elasticbeanstalk/shop-dev/containers"
        logs = client("logs", self.upstream)
        self.addCleanup(logs.delete_log_group, logGroupName=group)
        write(logs, group, "containers/app/0123456789ab", (now - 3000, "hello"))
        self.assertEqual(self.tranship("logs", "dev").out, "app-012345 | hello\n")
        self.assertIn("environment shop-dev", self.tranship("events", "dev", "--verbose").err)
        refused = self.tranship("run", "dev", "app", expect=2)
        self.assertIn("not possible on Elastic Beanstalk", refused.err)
        self.assertIn("  = in the shell: `sudo docker exec -it $(sudo docker ps -qf label=com.amazonaws.ecs.container-name=app", refused.err)


if __name__ == "__main__":
    unittest.main()
