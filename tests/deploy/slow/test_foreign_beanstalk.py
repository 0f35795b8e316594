"""The same life of an environment on an Elastic Beanstalk that others wrote: fakecloud, a process of its own.

The test bends to the engine, the product does not. All that is bent:

- it lists no platform that runs ECS: the gateway adds one to the answer of ListAvailableSolutionStacks
  (the engine takes any name when it makes an environment);
- it forgets a stack that is deleted, which AWS describes by its id for 90 days: the gateway says that it is deleted.

What it does not judge: it reads no bundle, so that an environment has the settings of API calls only; it
accepts a version without an object; it takes an update or a termination at any time; nothing ever fails on
it; its events do not know their request.
"""

import contextlib
import os
import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import beanstalk_life  # noqa: E402
from beanstalk_case import BeanstalkCase  # noqa: E402
from beanstalk_life import Life  # noqa: E402
from gateway import Gateway, wait_until  # noqa: E402
from world import ACCOUNT, REGION, ROOT, Engine, running  # noqa: E402

STACK = "64bit Amazon Linux 2023 v4.7.10 running ECS"
DATABASE = "aws:rds:dbinstance"
DELETED = (
    '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>'
    "<StackId>{id}</StackId><StackName>{name}</StackName><CreationTime>2026-11-01T00:00:00Z</CreationTime>"
    "<StackStatus>DELETE_COMPLETE</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>")


class Fakecloud(Engine):
    name = "fakecloud"

    def start(self):
        program = os.environ.get("FAKECLOUD")
        if not program:
            raise AssertionError("there is no fakecloud: tests/run installs it")
        # Nothing is on its PATH: it must find no container engine.
        return [program, "--addr", f"127.0.0.1:{self.port}", "--account-id", ACCOUNT, "--region", REGION,
                "--log-level", "warn"], {"PATH": str(self.home)}

    def front(self):
        return Bent(self.port)


class Bent(Gateway):
    """The engine's own answers, but for the one that is bent."""

    def _carry_out(self, request, service, form, body):
        status, data, headers = super()._carry_out(request, service, form, body)
        if form.get("Action") == "ListAvailableSolutionStacks":
            assert b"running ECS" not in data, "the engine has learnt it: bend it no more"
            data = data.replace(b"<SolutionStacks>", f"<SolutionStacks><member>{STACK}</member>".encode(), 1)
        name = form.get("StackName", "")
        if form.get("Action") == "DescribeStacks" and name.startswith("arn:") and b"does not exist" in data:
            return 200, DELETED.format(id=name, name=name.split("/")[1]).encode(), headers
        return status, data, headers


class ForeignCase(BeanstalkCase):
    engine = Fakecloud

    def start_afresh(self):
        for application in self.service.describe_applications()["Applications"]:
            self.service.delete_application(ApplicationName=application["ApplicationName"], TerminateEnvByForce=True)
        wait_until(lambda: not self.live(), 30, "the end of the environments")


class Deploy(Life, ForeignCase):
    reads_bundles = False

    def test_no_password_goes_through_the_api_and_a_database_is_not_lost_by_accident(self):
        self.write("compose.yaml", (ROOT / "fixtures" / "todobackend" / "compose.yaml").read_text())
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=1")
        (environment,) = self.live()
        names = environment["ApplicationName"], environment["EnvironmentName"]
        self.assertEqual(self.settings(*names), {}, "the password of the database is a secret that CloudFormation makes")
        # What the service would have read in the bundle, made worse: nothing is kept.
        self.aws("elasticbeanstalk", "update-environment", "--environment-name", names[1], "--option-settings",
                 f"Namespace={DATABASE},OptionName=HasCoupledDatabase,Value=true",
                 f"Namespace={DATABASE},OptionName=DBDeletionPolicy,Value=Delete")
        run = self.tranship("down", "dev", "--yes", "--set", "APP_VERSION=2", expect=2)
        self.assertIn("--delete-data database", run.err)
        self.assertEqual(self.gateway.actions("TerminateEnvironment"), [])
        self.tranship("down", "dev", "--yes", "--set", "APP_VERSION=2", "--delete-data", "database")
        self.assertEqual(self.live(), [])


class Killed(beanstalk_life.Killed, ForeignCase):
    steps = ("CreateSecret", "CreateApplicationVersion", "CreateEnvironment")


class Confined(unittest.TestCase):
    def test_it_listens_on_one_port_of_this_machine_alone(self):
        engine = running(Fakecloud)
        self.assertEqual(listening(engine.process.pid), {("127.0.0.1", engine.port)})


def listening(pid):
    """Where a process takes connections or datagrams, from Linux's tables of sockets."""
    held, found = set(), set()
    for handle in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a connection that has just ended
            held.add(os.readlink(handle))
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if f"socket:[{rest[5]}]" in held and (state == "0A" or table.startswith("udp")):
                address, port = local.split(":")
                found.add((readable(bytes.fromhex(address)), int(port, 16)))
    return found


def readable(address):
    """An address of the kernel's table: words in the machine's byte order."""
    words = [address[start:start + 4][::-1 if sys.byteorder == "little" else 1] for start in range(0, len(address), 4)]
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, b"".join(words))


if __name__ == "__main__":
    unittest.main()
