"""The same input makes the same bytes: in another directory, under another HOME, time zone, locale and umask."""

import os
import shutil
import socket
import time
import unittest

from support import FIXTURE, TRANSHIP, scratch, tranship, tree

ENVIRONMENTS = ("dev", "staging", "prod")


def compile_all(directory, arguments=(), env=None, cwd=None, umask=0o022):
    """{environment/path: bytes} of all three environments of a copy of the fixture in `directory`."""
    shutil.copytree(FIXTURE, directory, ignore=shutil.ignore_patterns("dist"))
    out = directory.parent / "out"
    done = tranship("build", "--all", "--out", out, *arguments, cwd=cwd or directory, env=env, umask=umask)
    assert done.returncode == 0, done.stderr
    return {name: content for name, (_, content) in tree(out).items()}


class Determinism(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.first_room = scratch("one-")
        cls.first = compile_all(cls.first_room / "a", env={"HOME": "/home/one", "TZ": "UTC", "LANG": "C"})

    def same(self, other):
        self.assertEqual(sorted(self.first), sorted(other))
        for name, content in self.first.items():
            self.assertEqual(content, other[name], name)

    def test_all_three_environments_are_there(self):
        for name in ENVIRONMENTS:
            self.assertTrue(any(path.startswith(f"{name}/") for path in self.first), sorted(self.first))

    def test_other_directory_home_zone_locale_and_umask(self):
        time.sleep(1.1)  # a clock that leaked would show
        env = {"HOME": "/home/another", "TZ": "Asia/Kathmandu", "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "USER": "else",
               "AWS_REGION": "eu-west-1", "AWS_PROFILE": "other", "SOURCE_DATE_EPOCH": "1", "TERM": "xterm", "COLUMNS": "40"}
        self.same(compile_all(scratch("two-") / "a much longer name" / "b", env=env, umask=0o077))

    def test_on_one_processor(self):
        """Environments are compiled side by side where there are processors."""
        processors = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(processors)})
        try:
            alone = compile_all(scratch("six-") / "a")
            said = tranship("check", "--all", "-v", cwd=FIXTURE)
        finally:
            os.sched_setaffinity(0, processors)
        self.same(alone)
        again = tranship("check", "--all", "-v", cwd=FIXTURE)
        self.assertEqual((said.returncode, said.stdout, said.stderr), (again.returncode, again.stdout, again.stderr))

    def test_from_another_working_directory(self):
        room = scratch("three-")
        self.same(compile_all(room / "project", ("-f", room / "project" / "compose.yaml"), cwd=room))

    def test_twice_into_the_same_directory(self):
        room = scratch("four-")
        shutil.copytree(FIXTURE, room / "p")
        results = []
        for _ in range(2):
            done = tranship("build", "prod", cwd=room / "p")
            self.assertEqual(0, done.returncode, done.stderr)
            results.append(tree(room / "p" / "dist"))
        self.assertEqual(*results)

    def test_a_comment_in_the_manifest_changes_no_artifact_but_the_report(self):
        room = scratch("five-")
        shutil.copytree(FIXTURE, room / "p")
        path = room / "p" / "compose.yaml"
        path.write_text("# one line more\n\n" + path.read_text())
        done = tranship("build", "--all", "--out", room / "out", cwd=room / "p")
        self.assertEqual(0, done.returncode, done.stderr)
        other = {name: content for name, (_, content) in tree(room / "out").items()}
        self.assertEqual(sorted(self.first), sorted(other))
        # `.tranship` lists the hashes of the files beside it, the report's among them.
        moved = ("report.json", ".tranship")
        self.assertEqual([], [name for name, content in self.first.items() if other[name] != content and not name.endswith(moved)])

    def test_no_trace_of_the_machine(self):
        traces = [str(self.first_room), str(FIXTURE), str(os.path.dirname(TRANSHIP)), "/home/one", socket.gethostname()]
        version = tranship("--version").stdout.split()[-1]
        for name, content in self.first.items():
            for trace in traces:
                self.assertNotIn(trace.encode(), content, name)
            self.assertNotIn(f"tranship {version}".encode(), content.lower(), name)
