"""What comes into the binary: every crate of the lock file, on every platform, against the rules of `deny.toml`."""

import json
import re
import subprocess
import tomllib
import unittest

from support import ROOT

REGISTRY = "registry+"


def packages():
    """The crates of the lock file that are not ours."""
    command = ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [one for one in json.loads(answer.stdout)["packages"] if one["source"]]


def permits(expression, allowed):
    """Whether an SPDX expression can be met with these licences; `MIT/Apache-2.0` is the old way to say OR."""
    words = re.findall(r"\(|\)|[\w.+-]+(?: WITH [\w.+-]+)?", expression.replace("/", " OR "))

    def either():
        met = both()
        while words and words[0] == "OR":
            words.pop(0)
            met = both() or met
        return met

    def both():
        met = one()
        while words and words[0] == "AND":
            words.pop(0)
            met = one() and met
        return met

    def one():
        word = words.pop(0)
        if word != "(":
            return word in allowed
        met = either()
        words.pop(0)
        return met

    return either() and not words


class Dependencies(unittest.TestCase):
    def setUp(self):
        self.rules = tomllib.loads((ROOT / "deny.toml").read_text())

    def test_expressions_are_read_as_spdx_says(self):
        allowed = {"MIT", "ISC", "Apache-2.0 WITH LLVM-exception"}
        for expression, met in [
            ("MIT", True), ("GPL-3.0", False), ("GPL-3.0 OR MIT", True), ("MIT AND GPL-3.0", False),
            ("Unlicense/MIT", True), ("ISC AND (GPL-3.0 OR MIT)", True), ("MIT OR ISC AND GPL-3.0", True),
            ("(MIT OR ISC) AND GPL-3.0", False), ("Apache-2.0 WITH LLVM-exception", True), ("Apache-2.0", False),
        ]:
            with self.subTest(expression=expression):
                self.assertEqual(permits(expression, allowed), met)

    def test_every_licence_asks_for_no_more_than_its_own_text(self):
        allowed = set(self.rules["licenses"]["allow"])
        wrong = [f"{one['name']} {one['version']}: {one['license']}" for one in packages()
                 if not one["license"] or not permits(one["license"], allowed)]
        self.assertEqual(wrong, [])

    def test_every_licence_that_is_allowed_is_needed(self):
        texts = " ".join(one["license"] or "" for one in packages())
        self.assertEqual([name for name in self.rules["licenses"]["allow"] if name not in texts], [])

    def test_every_crate_comes_from_the_registry(self):
        strangers = [f"{one['name']}: {one['source']}" for one in packages() if not one["source"].startswith(REGISTRY)]
        self.assertEqual(strangers, [])


if __name__ == "__main__":
    unittest.main()
