"""Every template of an application of 200 and of 1,000 services passes the linters."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from test_large import TARGETS, built, fit_together, independent, linted  # noqa: E402


class All(unittest.TestCase):
    def test_every_stack_of_two_hundred_services(self):
        for target in TARGETS:
            with self.subTest(target):
                fit_together(self, 200, target)
                linted(self, built(200, target), 1)

    def test_every_stack_of_a_thousand_services(self):
        for target, step in zip(TARGETS, (1, 10), strict=True):
            with self.subTest(target):
                independent(self, 1_000, target)
                linted(self, built(1_000, target), step)


if __name__ == "__main__":
    unittest.main()
