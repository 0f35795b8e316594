"""Every template of an application of 200 services passes the linters."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from test_large import TARGETS, built, fit_together, linted  # noqa: E402


class All(unittest.TestCase):
    def test_every_stack_of_two_hundred_services(self):
        for target in TARGETS:
            with self.subTest(target):
                fit_together(self, 200, target)
                linted(self, built(200, target), 1)


if __name__ == "__main__":
    unittest.main()
