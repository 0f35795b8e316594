"""Every line of shell in a bundle, before an instance runs it: ShellCheck reads hooks and the commands of `.config` files.

Programs in Python must be those of an instance, whose Python is 3.9.
"""

import ast
import subprocess
import sys
import unittest
from pathlib import Path

import yaml

from support import ROOT, compiled

SECTIONS = ("commands", "container_commands")


def bundles():
    """The tree of every bundle: those of the goldens, and that of the fixture."""
    found = [path.parent for path in (ROOT / "tests/golden").rglob("bundle/.ebextensions")]
    return [compiled("dev") / "bundle", *sorted(found)]


def shell(bundle):
    """{where: text} of all that a shell runs. A command that is a list of words has no shell."""
    found = {}
    for path in sorted((bundle / ".ebextensions").glob("*.config")):
        document = yaml.safe_load(path.read_text()) or {}
        for section in SECTIONS:
            for name, entry in (document.get(section) or {}).items():
                if isinstance(entry["command"], str):
                    found[f"{path}: {section}.{name}"] = entry["command"]
    for path in sorted(bundle.rglob("*")):
        if path.is_file() and path.read_bytes().startswith(b"#!/bin/sh"):
            found[str(path)] = path.read_text()
    return found


def complaints(text):
    checker = Path(sys.executable).parent / "shellcheck"
    done = subprocess.run([checker, "--shell=sh", "--format=gcc", "-"], input=text, capture_output=True, text=True)
    return done.stdout + done.stderr


class Scripts(unittest.TestCase):
    def test_shellcheck_has_nothing_to_say(self):
        scripts = {text: where for bundle in bundles() for where, text in shell(bundle).items()}
        self.assertLess(4, len(scripts))
        for text, where in scripts.items():
            with self.subTest(where):
                self.assertEqual("", complaints(text))

    def test_programs_are_those_of_an_instance(self):
        programs = sorted({path for bundle in bundles() for path in bundle.rglob("*.py") if ".ebextensions" in str(path) or ".platform" in str(path)})
        self.assertLess(1, len(programs))
        for program in programs:
            with self.subTest(str(program)):
                ast.parse(program.read_text(), feature_version=(3, 9))

    def test_what_shellcheck_refuses(self):
        self.assertIn("SC2086", complaints("#!/bin/sh\necho $1\n"))


if __name__ == "__main__":
    unittest.main()
