"""Where values come from: what `--set` may name, what is shown, what asks, and what a terminal is asked for."""

import os
import pathlib
import re
import sys
import termios
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from stacks import StackCase  # noqa: E402
from test_cloudformation import LAPTOP, MANIFEST  # noqa: E402
from test_terminal import TYPED, Terminal  # noqa: E402


class Values(StackCase):
    def setUp(self):
        super().setUp()
        self.write("compose.yaml", MANIFEST % LAPTOP)
        self.write("secret", "given\n")

    def given(self):
        (stack,) = self.stacks.describe_stacks(StackName=self.stack)["Stacks"]
        return {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}["AppVersion"]

    def test_a_mistyped_set_is_refused_by_every_command(self):
        for command in (["deploy", "prod", "--yes"], ["build", "prod"], ["check", "prod"], ["down", "prod", "--yes"], ["verify", "prod"]):
            with self.subTest(command=command[0]):
                run = self.tranship(*command, "--set", "APP_VERSOIN=1", expect=2)
                self.assertIn("the manifest reads no variable `APP_VERSOIN`", run.err)
                self.assertIn("did you mean `APP_VERSION`?", run.err)
        self.assertEqual(self.gateway.calls, [])

    def test_every_value_is_shown_with_its_source(self):
        self.assertIn("APP_VERSION=1 (from --set)", self.deploy("--set", "APP_VERSION=1").err)
        self.assertIn("APP_VERSION=1 (kept from the last deployment)", self.again().err)
        run = self.again(APP_VERSION="2")
        self.assertIn("APP_VERSION=2 (from the environment of this shell; before: 1)", run.err)
        self.write(".env", "APP_VERSION=1\n")
        run = self.tranship("deploy", "prod", expect=2)
        self.assertIn("APP_VERSION=1 (from .env; before: 2)", run.err)
        self.assertIn("APP_VERSION would go from 2 to 1, as .env says", run.err)
        self.assertEqual(self.given(), "2")
        self.again()
        self.assertEqual(self.given(), "1")

    def test_a_value_that_a_file_sets_back_asks(self):
        self.deploy("--set", "APP_VERSION=2")
        self.write(".env", "APP_VERSION=1\n")
        self.gateway.reset()
        terminal = Terminal(self, "deploy", "prod")
        terminal.answer(r"deploy with the values of the file\? \[y/N\] $", "n")
        self.assertEqual(terminal.finish(), 1, terminal.said)
        self.assertEqual(self.gateway.actions("CreateChangeSet"), [])
        self.assertEqual(self.given(), "2")

    def test_a_terminal_is_asked_for_plain_values_before_secrets(self):
        flags = self.values("--set", "APP_VERSION=1")
        pairs = dict(one.split("=", 1) for one in flags if "=" in one and "@" not in one)
        terminal = Terminal(self, "deploy", "prod")
        asked = []
        while True:
            terminal.read(r"\): $|\[y/N\] $")
            if re.search(r"\[y/N\] $", terminal.said):
                break
            name = re.search(r"(\S+) \([^()]*\): $", terminal.said)[1]
            asked.append(name)
            terminal.answer(r": $", {"APP_VERSION": "7", "SESSION_PASSWORD": TYPED}.get(name) or pairs[name])
        self.assertEqual(asked[-1], "SESSION_PASSWORD")
        self.assertEqual(set(asked), {"APP_VERSION", "SESSION_PASSWORD", *pairs})
        terminal.answer(r"\[y/N\] $", "y")
        self.assertEqual(terminal.finish(), 0, terminal.said)
        self.assertEqual(self.given(), "7")

    def test_ctrl_c_at_any_question_is_130_and_leaves_nothing(self):
        flags = self.values("--set", "APP_VERSION=1")
        plain = [word for index, word in enumerate(flags) if "--secret" not in flags[max(index - 1, 0):index + 1]]
        for arguments, question in (
            (["--set", "APP_VERSION=1"], r"VpcId \(.*\): $"),
            (["--set", "APP_VERSION=1", *plain], r"SESSION_PASSWORD .*: $"),
            (["--set", "APP_VERSION=1", *flags], r"\[y/N\] $"),
        ):
            with self.subTest(question=question):
                terminal = Terminal(self, "deploy", "prod", *arguments)
                terminal.read(question)
                hidden = not termios.tcgetattr(terminal.end)[3] & termios.ECHO
                self.assertEqual(hidden, "PASSWORD" in question, "a secret is hidden from its first letter on")
                os.write(terminal.end, b"\x03")
                terminal.read()
                shown = termios.tcgetattr(terminal.end)[3] & termios.ECHO
                self.assertTrue(shown, "what is typed next must be seen")
                self.assertEqual(terminal.finish(), 130, terminal.said)
                self.assertIn("interrupted; nothing is being changed", terminal.said)
                self.assertIn(self.state(), (None, "DELETE_COMPLETE"))

    def test_ctrl_c_at_an_update_leaves_no_plan(self):
        self.deploy("--set", "APP_VERSION=1")
        terminal = Terminal(self, "deploy", "prod", "--set", "APP_VERSION=2")
        terminal.read(r"\[y/N\] $")
        self.assertEqual(len(self.change_sets()), 1)
        os.write(terminal.end, b"\x03")
        self.assertEqual(terminal.finish(), 130, terminal.said)
        self.assertEqual(self.change_sets(), [])
        self.assertEqual(self.given(), "1")


if __name__ == "__main__":
    unittest.main()
