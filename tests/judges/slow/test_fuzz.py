"""The readers under many faulty inputs: the cargo test that runs everyday, with a thousand times the cases.

Each reader has its own test and its own seed, so that a failure is the same in the next run.
"""

import os
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CASES = "4000"


class Readers(unittest.TestCase):
    def test_no_input_is_answered_with_a_panic_or_a_fault_of_our_own(self):
        command = ["cargo", "test", "--locked", "--quiet", "--no-default-features", "--test", "fuzz"]
        run = subprocess.run(command, cwd=ROOT, env=os.environ | {"TRANSHIP_FUZZ_CASES": CASES}, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout[-4000:] + run.stderr[-4000:])
        self.assertRegex(run.stdout, r"test result: ok\. (1[0-9]|[2-9][0-9]) passed")
