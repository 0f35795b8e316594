"""A deploy of ECS services tells the truth: rollouts, why tasks stop, what their containers said last."""

import itertools
import json
import pathlib
import re
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import canary  # noqa: E402
from stacks import StackCase  # noqa: E402
from target_health import Balancer  # noqa: E402
from test_cloudformation import GIVEN, LAPTOP, MANIFEST  # noqa: E402
from test_terminal import Terminal  # noqa: E402
from world import client  # noqa: E402

PULL = "CannotPullContainerError: pull access denied for registry.example.org/shop, repository does not exist"
SAID = [f"line {number}" for number in range(20)] + [f"\x1b[31mcannot log in with {GIVEN}\x1b[0m", "giving up"]
TYPED = "canary-typed-at-the-terminal"
CODES = "Health checks failed with these codes: [404]"
NUMBERS = itertools.count(1)
DENIED = "User: arn:aws:iam::000000000000:user/test is not authorized to perform: {}"


class Crashing(threading.Thread):
    """Plays the ECS agent for the service `app`: each of its tasks ends, a next one not before `go()`."""

    def __init__(self, case, containers, reason, go, lines=()):
        super().__init__(daemon=True)
        self.ecs, self.logs = client("ecs", case.upstream), client("logs", case.upstream)
        self.stack = case.stack
        self.containers, self.reason, self.go, self.lines = containers, reason, go, lines
        self.ended, self.fault, self.on = [], None, True
        self.start()

    def run(self):
        try:
            while self.on:
                for cluster in self.ecs.list_clusters()["clusterArns"]:
                    for arn in self.ecs.list_tasks(cluster=cluster, desiredStatus="RUNNING")["taskArns"]:
                        self.look(cluster, arn)
                time.sleep(0.1)
        except Exception as fault:  # a fault of the test itself, which must be seen
            self.fault = fault

    def look(self, cluster, arn):
        (task,) = self.ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
        if not re.search(r"-App[A-Za-z]*", task["group"]) or arn in self.ended or self.ended and not self.go():
            return
        self.write(arn.rsplit("/", 1)[-1])
        self.ended.append(arn)
        self.ecs.submit_task_state_change(cluster=cluster, task=arn, status="STOPPED", containers=self.containers,
                                          reason=self.reason)

    def write(self, task):
        """What the container logs, in the stream of the awslogs driver."""
        if self.lines:
            group, stream = f"/{self.stack}/ecs/app", f"ecs/app/{task}"
            self.logs.create_log_stream(logGroupName=group, logStreamName=stream)
            now = int(time.time() * 1000)
            self.logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[
                {"timestamp": now + at, "message": line} for at, line in enumerate(self.lines)])

    def stop(self):
        self.on = False
        self.join(10)
        if self.fault:
            raise self.fault


class Services(StackCase):
    """Two services, of which `app` is the one that fails."""

    def setUp(self):
        super().setUp()
        # ECS keeps stopped tasks for a while, by the name of the service: each test has names of its own.
        project = f"shop{next(NUMBERS)}"
        self.stack, self.manifest = f"{project}-prod", (MANIFEST % LAPTOP).replace("name: shop", f"name: {project}")
        self.write("compose.yaml", self.manifest)
        self.write("secret", GIVEN + "\n")
        self.values("--set", "APP_VERSION=1")
        self.steady(0)

    def steady(self, seconds, service=""):
        (self.servers.home / "steady").write_text(f"{seconds} {service}")

    def crash(self, exit_code=None, reason="Essential container in task exited", lines=(), after="DescribeTasks"):
        """From now on the tasks of `app` end; the second one when the program has made that call."""
        (container,) = containers = [{"containerName": "app", "status": "STOPPED"}]
        if exit_code is not None:
            container["exitCode"] = exit_code
        self.steady(30, "-App")
        agent = Crashing(self, containers, reason, lambda: self.gateway.actions(after), lines)
        self.addCleanup(agent.stop)
        self.gateway.reset()
        return agent

    def told(self, run, status):
        """What was told of `app` under a status."""
        return re.findall(rf"^\d\d:\d\d:\d\d {status} +app \(service\)  (.*)$", run.err, re.M)


class Failing(Services):
    def test_a_container_that_ends_shows_its_last_lines_without_secrets(self):
        agent = self.crash(exit_code=1, lines=SAID, after="GetLogEvents")
        run = self.deploy("--set", "APP_VERSION=1", expect=1)
        self.assertEqual(self.state(), "ROLLBACK_COMPLETE")
        end = run.err[run.err.index("error: "):].splitlines()
        self.assertEqual(end[0], "error: service app: container app exited with code 1")
        self.assertRegex(end[1], r"^  = \S*App\S* \(AWS::ECS::Service\) failed: .*Circuit Breaker was triggered")
        self.assertRegex(end[2], f"^  = the stack {self.stack} ended as ROLLBACK_COMPLETE")
        self.assertRegex(run.err, r"  = service app: \d tasks? stopped: Essential container in task exited; "
                                  "container app: exit code 1\n")
        self.assertRegex(run.err, rf"  = last log lines of container app, from /{self.stack}/ecs/app ecs/app/[0-9a-f-]+:\n")
        shown = [line.removeprefix("  =   | ") for line in end if line.startswith("  =   | ")]
        self.assertEqual(shown, [f"line {number}" for number in range(12, 20)] + ["cannot log in with ***", "giving up"])
        self.assertEqual(len(self.told(run, "TASK_STOPPED")), len(set(self.told(run, "TASK_STOPPED"))), run)
        self.assertGreaterEqual(len(agent.ended), 3)
        self.assertNotIn("worker (service)", run.err[run.err.index("error: "):])
        self.assertEqual(canary.found(self, GIVEN), [])
        run = self.tranship("status", "prod", "--format", "json", expect=1)
        self.assertEqual({one["rollout"] for one in json.loads(run.out)["services"]}, {"MISSING"})
        self.assertNotIn("cannot read", run.err)

    def test_an_image_that_cannot_be_pulled_is_the_root(self):
        self.deploy("--set", "APP_VERSION=1")
        agent = self.crash(reason=PULL)
        run = self.again("--set", "APP_VERSION=2", expect=1)
        self.assertEqual(self.state(), "UPDATE_ROLLBACK_COMPLETE")
        self.assertIn(f"error: service app: cannot pull the image of container app: {PULL}\n", run.err)
        self.assertRegex(run.err, r"  = \S+ \(AWS::ECS::Service\) failed: .*Circuit Breaker was triggered")
        stopped = self.told(run, "TASK_STOPPED")
        self.assertTrue(stopped, run)
        self.assertEqual(len(stopped), len(set(stopped)), "each task once")
        for line in stopped:
            self.assertRegex(line, rf"^task [0-9a-f-]+: {re.escape(PULL)}$")
        self.assertTrue(set(re.findall(r"task ([0-9a-f-]+):", run.err)) <= {arn.rsplit("/", 1)[-1] for arn in agent.ended})
        self.assertEqual(self.gateway.actions("GetLogEvents"), [], "what never ran has no log")

    def test_a_secret_typed_at_the_terminal_is_masked_too(self):
        self.crash(exit_code=1, lines=[f"postgres://app:{TYPED}@db/app"], after="GetLogEvents")
        given = [flag for flag in self.flags if "secret" not in flag.lower()]
        terminal = Terminal(self, "deploy", "prod", "--set", "APP_VERSION=1", *given)
        terminal.answer(r"SESSION_PASSWORD.*: $", TYPED)
        shown = terminal.answer(r"\[y/N\] $", "y")
        self.assertEqual(terminal.finish(), 1, terminal.said)
        self.assertIn("  =   | postgres://app:***@db/app", terminal.said)
        self.assertNotIn(TYPED, shown + terminal.said)

    def test_a_task_that_is_ill_is_told_with_what_it_logged(self):
        """The service does this; here only the agent's reason is put in place of its own."""
        health = "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:x)"

        def ill(answer):
            for task in answer["tasks"]:
                task.update(stopCode="ServiceSchedulerInitiated", stoppedReason=health)
            return answer

        self.crash(exit_code=137, lines=["listening on 8001"], after="GetLogEvents")
        self.gateway.amend("DescribeTasks", ill)
        balancer = Balancer(self, ("unhealthy", "Target.ResponseCodeMismatch", CODES), ("draining", "", ""))
        run = self.deploy("--set", "APP_VERSION=1", expect=1)
        self.assertIn(f"error: service app: a task was stopped: {health}\n", run.err)
        self.assertIn("  =   | listening on 8001\n", run.err)
        said = f"0/1 targets healthy: {CODES}"
        self.assertEqual(self.told(run, "TARGET_HEALTH"), [said], "told once")
        self.assertIn(f"  = service app: {said}\n", run.err)
        self.assertIn("hint: the health check gets another answer than it wants", run.err)
        self.assertEqual(len(set(balancer.asked)), 1, "the worker has no target group")

    def test_targets_that_may_not_be_read_are_named_once(self):
        self.steady(5, "-App")
        self.gateway.refuse("DescribeTargetHealth", "AccessDenied", DENIED.format("elasticloadbalancing:DescribeTargetHealth"))
        run = self.deploy("--set", "APP_VERSION=1")
        self.assertEqual(run.err.count("cannot read the health of targets"), 1, run)
        self.assertEqual(len(self.gateway.actions("DescribeTargetHealth")), 1)

    def test_a_log_that_may_not_be_read_leaves_the_root(self):
        self.crash(exit_code=1, lines=SAID, after="GetLogEvents")
        self.gateway.refuse("GetLogEvents", "AccessDeniedException", DENIED.format("logs:GetLogEvents"))
        run = self.deploy("--set", "APP_VERSION=1", expect=1)
        self.assertIn("error: service app: container app exited with code 1\n", run.err)
        self.assertEqual(run.err.count("logs:GetLogEvents"), 1, run)
        self.assertEqual(self.gateway.actions("GetLogEvents"), ["GetLogEvents"])
        self.assertNotIn("  = last log lines", run.err)


class Succeeding(Services):
    def test_a_rollout_is_told_when_it_changes_and_nothing_else_is(self):
        self.steady(7)
        run = self.deploy("--set", "APP_VERSION=1")
        self.assertEqual(self.state(), "CREATE_COMPLETE")
        for name in ("app", "worker"):
            told = re.findall(rf"^\d\d:\d\d:\d\d (\S+) +{name} \(service\)  (.*)$", run.err, re.M)
            self.assertEqual(told[0], ("ROLLOUT_IN_PROGRESS", "1/1 running"), run)
            self.assertLessEqual(len(told), 2, run)
            self.assertEqual(set(told) - {("ROLLOUT_IN_PROGRESS", "1/1 running"), ("ROLLOUT_COMPLETED", "1/1 running")},
                             set(), run)
        self.assertNotIn("!", "".join(line[:1] for line in run.err.splitlines()), run)
        asked = len(self.gateway.actions("DescribeServices"))
        self.assertLess(asked, len(self.gateway.actions("DescribeStackEvents")), "ECS has a pace of its own")
        self.assertEqual(self.gateway.actions("GetLogEvents", "DescribeTaskDefinition"), [])

    def test_without_permission_a_deploy_goes_on_and_says_it_once(self):
        self.steady(5)
        self.gateway.refuse("DescribeServices", "AccessDeniedException", DENIED.format("ecs:DescribeServices"))
        run = self.deploy("--set", "APP_VERSION=1")
        self.assertEqual(self.state(), "CREATE_COMPLETE")
        self.assertEqual(run.err.count("ecs:DescribeServices"), 1, run)
        self.assertRegex(run.err, r"(?m)^! cannot read service rollouts: User: .* not authorized")
        self.assertEqual(self.gateway.actions("DescribeServices"), ["DescribeServices"])

    def test_ecs_that_fails_or_does_not_answer_holds_nothing_up(self):
        self.steady(3)
        for trouble in (lambda: self.gateway.unavailable("DescribeServices", 1000),
                        lambda: self.gateway.amend("DescribeServices", lambda answer: time.sleep(40) or answer)):
            with self.subTest():
                self.clear()
                self.gateway.reset()
                trouble()
                begun = time.monotonic()
                run = self.deploy("--set", "APP_VERSION=1")
                self.assertLess(time.monotonic() - begun, 30)
                self.assertEqual(self.state(), "CREATE_COMPLETE")
                self.assertLessEqual(run.err.count("cannot read service rollouts"), 1, run)


class Status(Services):
    def status(self, expect):
        """The services, by name."""
        run = self.tranship("status", "prod", "--format", "json", expect=expect)
        document = json.loads(run.out)
        self.assertEqual(document["healthy"], expect == 0, run)
        self.assertEqual(set(document), {"environment", "subject", "state", "healthy", "facts", "services", "variables", "drift"})
        return {one["name"]: one for one in document["services"]}

    def test_a_service_that_is_well(self):
        self.deploy("--set", "APP_VERSION=1")
        well = {"rollout": "COMPLETED", "running": 1, "desired": 1, "pending": 0, "reason": None, "healthy": True, "targets": None}
        found = self.status(0)
        images = {name: (one.pop("image"), bool(one.pop("since")), one.pop("digest") is None) for name, one in found.items()}
        self.assertEqual({name: image for name, (image, *_) in images.items()},
                         {"app": "registry.example.org/shop:1", "worker": "registry.example.org/worker:1"})
        self.assertEqual(found, {name: {"name": name, **well} for name in ("app", "worker")})
        run = self.tranship("status", "prod")
        self.assertIn("\n  service app: 1/1 running, rollout COMPLETED\n    image registry.example.org/shop:1, ", run.out)
        self.assertIn("\n  APP_VERSION: 1\n", run.out)
        drifted = self.tranship("status", "prod", "--drift", "--format", "json")
        self.assertIsInstance(json.loads(drifted.out)["drift"], list)

    def test_an_unhealthy_target_is_told_with_its_cause(self):
        self.deploy("--set", "APP_VERSION=1")
        Balancer(self, ("healthy", "", ""), ("unhealthy", "Target.Timeout", "Request timed out"), ("initial", "Elb.RegistrationInProgress", ""))
        found = self.status(1)
        self.assertEqual(found["app"]["targets"], {"healthy": 1, "unhealthy": 1, "total": 3, "cause": "Request timed out"})
        self.assertEqual((found["app"]["healthy"], found["worker"]["healthy"], found["worker"]["targets"]), (False, True, None))
        run = self.tranship("status", "prod", expect=1)
        self.assertIn("  service app: 1/1 running, rollout COMPLETED, 1/3 targets healthy: Request timed out\n", run.out)

    def test_a_service_with_too_few_tasks_says_why_the_last_one_stopped(self):
        self.deploy("--set", "APP_VERSION=1")
        agent = self.crash(exit_code=3, after="never")
        while not agent.ended:
            time.sleep(0.05)

        def short(answer):
            for service in answer["services"]:
                if "App" in service["serviceName"]:
                    service.update(runningCount=0, pendingCount=1)
            return answer

        self.gateway.amend("DescribeServices", short)
        found = self.status(1)
        self.assertEqual((found["app"]["running"], found["app"]["pending"], found["app"]["healthy"]), (0, 1, False))
        self.assertEqual(found["app"]["reason"], "Essential container in task exited; container app: exit code 3")
        self.assertEqual((found["worker"]["healthy"], found["worker"]["reason"]), (True, None))
        run = self.tranship("status", "prod", expect=1)
        self.assertIn("  service app: 0/1 running, 1 pending, rollout COMPLETED; Essential container", run.out)

    def test_a_service_whose_rollout_failed_or_that_is_gone_is_not_healthy(self):
        self.deploy("--set", "APP_VERSION=1")
        reason = "ECS deployment circuit breaker: tasks failed to start."

        def failed(answer):
            for service in answer["services"]:
                service["deployments"][0].update(rolloutState="FAILED", rolloutStateReason=reason)
            return answer

        def gone(answer):
            arns = [service["serviceArn"] for service in answer["services"]]
            return {"services": [], "failures": [{"arn": arn, "reason": "MISSING"} for arn in arns]}

        self.gateway.amend("DescribeServices", failed, times=1)
        self.assertEqual({(one["rollout"], one["reason"]) for one in self.status(1).values()}, {("FAILED", reason)})
        self.gateway.amend("DescribeServices", gone, times=1)
        self.assertEqual({one["rollout"] for one in self.status(1).values()}, {"MISSING"})

    def test_without_permission_the_stack_is_told(self):
        self.deploy("--set", "APP_VERSION=1")
        for action in ("ecs:DescribeServices", "cloudformation:ListStackResources"):
            self.gateway.refuse(action.split(":")[1], "AccessDeniedException", DENIED.format(action))
            run = self.tranship("status", "prod", "--format", "json")
            self.assertEqual(json.loads(run.out)["services"], [])
            self.assertEqual(run.err.count(action), 1, run)

    def test_many_services_are_asked_for_in_tens(self):
        more = "".join(f"  worker{n}:\n    image: registry.example.org/worker:1\n    expose: [\"9000\"]\n" for n in range(21))
        self.write("compose.yaml", self.manifest.replace("x-tranship:", more + "x-tranship:"))
        self.deploy("--set", "APP_VERSION=1")
        self.gateway.reset()
        self.assertEqual(len(self.status(0)), 23)
        asked = [json.loads(call.body) for call in self.gateway.calls if call.action == "DescribeServices"]
        self.assertEqual([len(one["services"]) for one in asked], [10, 10, 3])
        self.assertEqual(self.gateway.actions("ListTasks", "DescribeTasks"), ["ListTasks", "DescribeTasks"], "one look at all of them")


if __name__ == "__main__":
    unittest.main()
