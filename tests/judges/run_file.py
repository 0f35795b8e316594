"""Runs the tests of one file and ends with the line `N passed, N failed`.

A skipped test, and a file without tests, count as failures: they judge nothing.
"""

import importlib.util
import sys
import unittest
from pathlib import Path


def load(path):
    sys.path[:0] = [str(path.parent), str(Path(__file__).parent)]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return unittest.defaultTestLoader.loadTestsFromModule(module)


def main(path):
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=0).run(load(Path(path).resolve()))
    bad = [*result.failures, *result.errors, *result.skipped]
    bad += [(test, "passed, though it is expected to fail") for test in result.unexpectedSuccesses]
    bad += [] if result.testsRun else [(path, "no test in this file")]
    # Several subtests of one test may fail: the test did not pass, and each of them is counted.
    fallen = {getattr(test, "test_case", test) for test, _ in bad}
    fallen = {test for test in fallen if isinstance(test, unittest.TestCase)}
    print(f"{max(result.testsRun - len(fallen), 0)} passed, {len(bad)} failed", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
