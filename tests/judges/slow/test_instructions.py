"""A release runs no more instructions than the committed baseline, and its work grows in line with its input."""

import json
import shutil
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "benches"))
import instructions  # noqa: E402


class Judgement(unittest.TestCase):
    """What counts as a rise, whatever the machine."""

    def test_a_rise_of_more_than_a_twentieth_is_a_fault(self):
        counts = {"config": {"100": 1050, "400": 4000}}
        self.assertEqual(instructions.faults(counts, {"config": {"100": 1000, "400": 4000}}), [])
        self.assertEqual(instructions.faults(counts, {"config": {"100": 999, "400": 4000}}),
                         ["config: 1,050 instructions for 100 services, 5.1% more than 999"])

    def test_growth_worse_than_linear_is_a_fault(self):
        slow = {"config": {"100": 1000, "400": 4700}}
        self.assertEqual(instructions.faults(slow, slow), ["config: growth exponent 1.12, at most 1.1 is allowed"])

    def test_a_case_without_a_baseline_is_a_fault(self):
        counts = {"config": {"100": 1000, "400": 4000}}
        self.assertEqual(instructions.faults(counts, {}),
                         ["config: no baseline for 100 services", "config: no baseline for 400 services"])


class Instructions(unittest.TestCase):
    def test_no_case_runs_more_than_the_baseline(self):
        self.assertTrue(shutil.which("valgrind"), "valgrind is not installed (Debian: valgrind)")
        counts = instructions.count(instructions.build(), say=lambda line: print(line, flush=True))
        baseline = json.loads(instructions.BASELINE.read_text())["counts"]
        self.assertEqual(instructions.faults(counts, baseline), [])
