"""What is asked at a terminal, and never asked off one."""

import codecs
import fcntl
import os
import pathlib
import pty
import re
import select
import struct
import sys
import termios
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from beanstalk_case import BeanstalkCase  # noqa: E402
from world import TRANSHIP, offline  # noqa: E402

TYPED = "canary-typed-at-the-terminal"


class Terminal:
    """The program at a terminal of its own, of 40 rows where its columns are given."""

    def __init__(self, case, *arguments, columns=None):
        self.said, self.letters = "", codecs.getincrementaldecoder("utf-8")(errors="replace")
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.chdir(case.directory)
            if columns:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
            os.execve(TRANSHIP, [str(TRANSHIP), *map(str, offline(arguments))], case.environment(TERM="xterm"))

    def read(self, until=None, seconds=30):
        """Reads until a text comes, or to the end."""
        limit = time.monotonic() + seconds
        while until is None or not re.search(until, self.said):
            if time.monotonic() > limit:
                raise AssertionError(f"{until!r} never came:\n{self.said}")
            if not select.select([self.end], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self.end, 65536)
            except OSError:
                data = b""
            if not data:
                break
            self.said += self.letters.decode(data)
        return self.said

    def answer(self, until, text):
        """Waits for a question and types."""
        self.read(until)
        self.said, before = "", self.said
        time.sleep(0.1)
        os.write(self.end, f"{text}\n".encode())
        return before

    def finish(self):
        """The exit code; what was said is kept."""
        self.read()
        os.close(self.end)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class AtATerminal(BeanstalkCase):
    def test_a_secret_is_typed_unseen_and_the_changes_are_confirmed(self):
        terminal = Terminal(self, "deploy", "dev", "--set", "APP_VERSION=1")
        terminal.answer(r"SESSION_PASSWORD.*: $", TYPED)
        shown = terminal.answer(r"\[y/N\] $", "y")
        self.assertIn("shop-dev", shown)
        self.assertNotIn(TYPED, shown)
        self.assertEqual(terminal.finish(), 0, terminal.said)
        self.assertNotIn(TYPED, terminal.said)
        self.converged()

    def test_a_no_changes_nothing(self):
        self.tranship(*self.arguments("1"))
        terminal = Terminal(self, "deploy", "dev", "--set", "APP_VERSION=2")
        terminal.answer(r"\[y/N\] $", "")
        self.assertEqual(terminal.finish(), 1)
        self.assertIn("nothing was changed", terminal.said)
        self.converged("1")

    def test_down_wants_the_name_typed(self):
        self.tranship(*self.arguments("1"))
        terminal = Terminal(self, "down", "dev", "--set", "APP_VERSION=1")
        terminal.answer(r"type `dev` to continue: $", "yes")
        self.assertEqual(terminal.finish(), 1)
        self.converged("1")
        terminal = Terminal(self, "down", "dev", "--set", "APP_VERSION=1")
        terminal.answer(r"type `dev` to continue: $", "dev")
        self.assertEqual(terminal.finish(), 0, terminal.said)
        self.assertEqual(self.live(), [])

    def test_ctrl_c_at_a_question_ends_it(self):
        self.tranship(*self.arguments("1"))
        terminal = Terminal(self, "deploy", "dev", "--set", "APP_VERSION=2")
        terminal.read(r"\[y/N\] $")
        os.write(terminal.end, b"\x03")
        self.assertEqual(terminal.finish(), 130, terminal.said)
        self.converged("1")


if __name__ == "__main__":
    unittest.main()
