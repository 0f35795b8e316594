"""What every deploy test stands on: the engines, the program, the `aws` command line.

An engine is started once for the process, listens on an ephemeral port of 127.0.0.1, and is ended by its
id. A tool that is missing is an error, never a skip.
"""

import atexit
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

import boto3
import botocore.config

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import permissions_of_calls  # noqa: E402
from beanstalk_emulator import Beanstalk  # noqa: E402
from gateway import Gateway, wait_until  # noqa: E402

ROOT = HERE.parent.parent
TRANSHIP = pathlib.Path(os.environ.get("TRANSHIP", ROOT / "target" / "debug" / "tranship"))
REGION, ACCOUNT = "us-east-1", "000000000000"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def free_port():
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Engine:
    """A server in a process of its own, with a home, a log, and a port that it is told; the gateway in front of it."""

    name, beanstalk = "", None

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="tranship-deploy-"))
        self.port, self.log = free_port(), self.home / "server.log"
        self.upstream = f"http://127.0.0.1:{self.port}"
        command, environment = self.start()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.home,
                env={"HOME": str(self.home), "TMPDIR": str(self.home), "AWS_DEFAULT_REGION": REGION, **CREDENTIALS,
                     **environment})
        atexit.register(self.close)
        wait_until(self._answers, 60, f"{self.name}'s port")
        self.gateway = self.front()

    def start(self):
        """The command that starts it and its environment."""
        raise NotImplementedError

    def front(self):
        """The gateway."""
        return Gateway(self.port)

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended\n{self.log.read_text()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        """Ends the server by its id."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


class MiniStack(Engine):
    """CloudFormation and what it makes; Elastic Beanstalk runs in this process."""

    name = "MiniStack"

    def start(self):
        return [sys.executable, str(HERE / "ministack_server.py")], {
            "PATH": os.environ["PATH"], "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port), "LOG_LEVEL": "WARNING"}

    def front(self):
        self.beanstalk = Beanstalk(client("s3", self.upstream))
        return Gateway(self.port, elasticbeanstalk=self.beanstalk)


def offline(arguments):
    """A deployment that asks no registry: its images are another test's matter (test_images.py)."""
    return [*arguments[:1], "--no-publish", *arguments[1:]] if arguments[:1] == ("deploy",) else arguments


def client(service, url):
    """A boto3 client of a service behind a URL."""
    return boto3.client(service, endpoint_url=url, region_name=REGION, aws_access_key_id="test",
                        aws_secret_access_key="test",
                        config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}))


_running = {}


def running(engine):
    """The one engine of this kind of this process."""
    if engine not in _running:
        if not TRANSHIP.is_file():
            raise AssertionError(f"{TRANSHIP} is not built: cargo build")
        _running[engine] = engine()
    return _running[engine]


class Run:
    """A program that ran: exit code and what it said."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def said(self):
        return self.out + self.err

    def __repr__(self):
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


class DeployCase(unittest.TestCase):
    """A test with a directory of its own, an engine, and a clean record of calls."""

    engine = MiniStack
    # Whether deployments look up and push images.
    with_images = False

    def setUp(self):
        self.servers = running(self.engine)
        self.gateway, self.beanstalk, self.upstream = self.servers.gateway, self.servers.beanstalk, self.servers.upstream
        self.gateway.reset()
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=self.servers.home))
        self.transcript = []
        self.addCleanup(self.no_unlisted_calls)
        if self.beanstalk:
            self.addCleanup(self.no_faults)

    def no_unlisted_calls(self):
        """Whoever deploys needs a permission for each call."""
        made, self.gateway.made = self.gateway.made, set()
        self.assertEqual(permissions_of_calls.unlisted(made), [], "calls that tests/deploy/calls.txt lacks")

    def no_faults(self):
        """The emulator must have kept to the service's model."""
        faults, self.beanstalk.faults = self.beanstalk.faults, []
        self.assertEqual(faults, [])

    def environment(self, **more):
        """The environment of a program under test; nothing of ours leaks in."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.directory), "AWS_ENDPOINT_URL": self.gateway.url,
                "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true", "NO_COLOR": "1", **CREDENTIALS, **more}

    def write(self, path, text):
        """A file of the test's directory."""
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def start(self, *arguments, **more):
        """The program, started."""
        arguments = arguments if self.with_images else offline(arguments)
        return subprocess.Popen([str(TRANSHIP), *map(str, arguments)], cwd=self.directory,
                                env=self.environment(**more), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def finish(self, process, seconds=90):
        """Its end."""
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"no end after {seconds} s\n{out}\n{err}")
        run = Run(process.returncode, out, err)
        self.transcript.append(run.said)
        return run

    def tranship(self, *arguments, expect=0, **more):
        """Runs the program to its end and holds its exit code."""
        run = self.finish(self.start(*arguments, **more))
        if expect is not None:
            self.assertEqual(run.code, expect, run)
        return run

    def killed(self, action, when, *arguments, skip=0, **form):
        """Runs the program and kills it when it makes a call; `form` holds members that the call has."""
        started = []
        self.gateway.at(action, when, lambda: (started[0].kill(), started[0].wait()), skip=skip, **form)
        started.append(self.start(*arguments))
        run = self.finish(started[0])
        self.assertEqual(run.code, -signal.SIGKILL, f"{action} never came\n{run}")
        return run

    def aws(self, *arguments):
        """What the real `aws` command line reads."""
        tool = os.environ.get("TRANSHIP_AWS") or shutil.which("aws")
        self.assertTrue(tool, "there is no aws command line")
        done = subprocess.run([tool, *map(str, arguments), "--output", "json"], env=self.environment(
            AWS_DEFAULT_REGION=REGION, AWS_PAGER=""), capture_output=True, text=True, cwd=self.directory, timeout=60)
        self.assertEqual(done.returncode, 0, f"aws {' '.join(map(str, arguments))}\n{done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None
