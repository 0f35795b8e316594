"""What a person sees of each command: against the engines, off a terminal and on terminals of 60, 80 and 200 columns.

The transcripts are in tests/transcripts/commands, one for each command; TRANSHIP_BLESS=1 writes them anew. What differs from run to
run (times, ids, durations) is written as if it were always the same. Of a tree that is drawn again, the last screen is kept.
"""

import os
import pathlib
import re
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from gateway import wait_until  # noqa: E402
from stacks import Agent  # noqa: E402
from test_cloudformation import GIVEN, MANIFEST, Small  # noqa: E402
from test_operate import JOB, PLUGIN, write  # noqa: E402
from test_terminal import Terminal  # noqa: E402
from world import ROOT, client  # noqa: E402

PLACE = ROOT / "tests" / "transcripts" / "commands"
WIDTHS = (60, 80, 200)
SAME = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "2026-11-27T21:04:05Z"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b(?!Z)"), "21:04:05"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"),
    (re.compile(r"(reindex)-[0-9a-f]{6} "), r"\1-0f1e2d "),
    (re.compile(r"loadbalan[0-9a-z]+-[0-9a-z]+\."), "loadbalan-1."),
    (re.compile(r"\b\d+s(?=$|  )", re.M), "0s"),
    (re.compile(r"/\S*/plugin\b"), "/usr/local/bin/plugin"),
]


def same(text):
    """The text of another run, without the spaces at the ends of lines."""
    for form, always in SAME:
        text = form.sub(always, text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def screen(said):
    """What stands on a terminal at the end."""
    lines = []
    for piece in re.split(r"(\x1b\[\d+A\x1b\[J)", said.replace("\r\n", "\n")):
        up = re.fullmatch(r"\x1b\[(\d+)A\x1b\[J", piece)
        if up:
            del lines[max(len(lines) - int(up[1]), 0):]
        else:
            lines += piece.splitlines()
    return "\n".join(lines) + "\n"


class Logging(Agent):
    """An agent whose tasks say something before they end."""

    def __init__(self, case):
        self.logs, self.group = client("logs", case.upstream), f"/{case.stack}/ecs/reindex"
        super().__init__(case.upstream)

    def end(self, cluster, arn):
        (task,) = self.ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
        if task["lastStatus"] == "RUNNING" and not task.get("group", "").startswith("service:"):
            now = int(time.time() * 1000)
            write(self.logs, self.group, f"ecs/reindex/{arn.rsplit('/', 1)[-1]}", (now, "indexed 1200 todos"), (now + 1, "no room left"))
        super().end(cluster, arn)


class Transcripts(Small):
    def setUp(self):
        super().setUp()
        text = MANIFEST.replace("x-tranship:\n", JOB) % "canary"
        self.write("compose.yaml", text.replace(
            "region: us-east-1 }", "region: us-east-1, exec: true }\n    dev: { target: fargate, region: us-east-1 }"))
        self.maxDiff = None

    def plain(self, process, code=0):
        """Both streams, off a terminal."""
        run = self.finish(process)
        self.assertEqual(run.code, code, run)
        return f"--- standard error\n{run.err}--- standard output\n{run.out}"

    def at(self, columns, terminal, code=0, answer=None):
        """The screen at the end, of a terminal of this width."""
        said = terminal.answer(r"\[y/N\] $", answer) if answer else ""
        self.assertEqual(terminal.finish(), code, said + terminal.said)
        shown = screen(said + terminal.said)
        self.assertNotIn("\x1b", shown, "no colours were asked for")
        self.assertNotIn(GIVEN, shown)
        return f"--- terminal, {columns} columns\n{shown}"

    def everywhere(self, *arguments, **more):
        """A command that only reads, off a terminal and at each width, all at once."""
        process = self.start(*arguments)
        terminals = [(columns, Terminal(self, *arguments, columns=columns)) for columns in WIDTHS]
        return [self.plain(process, **more)] + [self.at(*one, **more) for one in terminals]

    def hold(self, name, arguments, parts):
        """Compares with the transcript, or writes it."""
        found, file = same(f"$ tranship {' '.join(arguments)}\n" + "".join(parts)), PLACE / f"{name}.txt"
        if os.environ.get("TRANSHIP_BLESS"):
            PLACE.mkdir(exist_ok=True)
            file.write_text(found)
        self.assertEqual(found, file.read_text() if file.is_file() else "", f"tests/transcripts/commands/{name}.txt")

    def test_each_command_reads_as_its_transcript_says(self):
        self.deploy("--set", "APP_VERSION=1")
        now, logs = int(time.time() * 1000), client("logs", self.upstream)
        write(logs, f"/{self.stack}/ecs/app", "ecs/app/0123456789ab", (now - 3000, "GET /todos 200"), (now - 1000, "GET /todos 500"))
        write(logs, f"/{self.stack}/ecs/worker", "ecs/worker/ba9876543210", (now - 2000, "took order 4711"))
        self.hold("logs", ["logs", "prod"], self.everywhere("logs", "prod"))
        for name, code in (("status", 0), ("diff", 3)):
            arguments = [name, "prod", "--set", "APP_VERSION=2"]
            self.hold(name, arguments, self.everywhere(*arguments, code=code))
        arguments = ["events", "prod", "--last", "4"]
        self.hold("events", arguments, self.everywhere(*arguments))
        self.hold_run()
        self.hold_exec()
        arguments = ["rollback", "prod"]
        self.again("--set", "APP_VERSION=2")
        # The engine tells of every resource: those that change are kept.
        plain = self.plain(self.start(*arguments, "--yes")).splitlines(keepends=True)
        parts = [line for line in plain if not re.match(r"\S+ UPDATE_\w+ +(?!AppService|AppTask|ReindexTask|shop)", line)]
        for columns in WIDTHS:
            parts.append(self.at(columns, Terminal(self, *arguments, columns=columns), answer="y"))
        self.hold("rollback", arguments, parts)
        self.hold_cancel()

    def hold_run(self):
        agent = Logging(self)
        self.addCleanup(agent.stop)
        agent.code = 3
        arguments = ["run", "prod", "reindex", "--", "reindex", "--all"]
        parts = self.everywhere(*arguments, code=3)
        agent.stop()
        terminal = Terminal(self, *arguments, columns=80)
        terminal.read("the task is running")
        os.write(terminal.end, b"\x03")
        self.hold("run", arguments, [*parts, self.at("80", terminal, code=130).replace(" columns", " columns, and Ctrl-C")])

    def hold_exec(self):
        plugin = self.write("plugin", PLUGIN.replace("exit 7", "echo '# ls'\nexit 7"))
        plugin.chmod(0o755)

        def on(answer):
            for task in answer["tasks"]:
                task["enableExecuteCommand"] = True
                if not task.get("stopCode"):
                    task.pop("stopCode", None)
            return answer

        self.gateway.amend("DescribeTasks", on, times=len(WIDTHS) + 1)
        arguments = ["exec", "prod", "app", "--plugin", plugin]
        self.hold("exec", [str(one) for one in arguments], self.everywhere(*arguments, code=7))

    def hold_cancel(self):
        parts = self.everywhere("cancel", "prod")
        steady = self.servers.home / "steady"
        steady.write_text("600 App")
        self.addCleanup(steady.unlink, missing_ok=True)
        self.again("--set", "APP_VERSION=3", "--detach")
        wait_until(lambda: self.state() == "UPDATE_IN_PROGRESS", 20, "the update")
        terminal = Terminal(self, "cancel", "prod", columns=80)
        said = terminal.answer(r"\[y/N\] $", "y")
        wait_until(lambda: self.gateway.actions("CancelUpdateStack"), 30, "the call")
        steady.write_text("0 App")
        self.assertEqual(terminal.finish(), 0, terminal.said)
        # How many tasks the engine starts and stops meanwhile differs.
        shown = re.sub(r"  \d/\d running.*|  ! app: .*\n", "", screen(said + terminal.said))
        parts.append(f"--- terminal, 80 columns, while an update is in progress\n{shown}")
        self.hold("cancel", ["cancel", "prod"], parts)


if __name__ == "__main__":
    unittest.main()
