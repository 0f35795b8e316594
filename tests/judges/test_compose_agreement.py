"""`tranship config` reads a manifest as the real Docker Compose does.

The fixture; every case below tests/compose (README.md there says what a case is); and manifests made up at
random, where JUDGES_SEED=N tries others than the usual ones.
"""

import os
import shutil
import unittest
from concurrent.futures import ThreadPoolExecutor

import compose_oracle
from manifests import Generator
from support import FIXTURE, ROOT, scratch

CASES = ROOT / "tests" / "compose"
SEED = int(os.environ.get("JUDGES_SEED", "20261121"))
MADE_UP = int(os.environ.get("JUDGES_MANIFESTS", "100"))


def side_by_side(function, items):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(function, items))


class Fixture(unittest.TestCase):
    def test_docker_compose_accepts_it(self):
        answer = compose_oracle.real(FIXTURE)
        self.assertEqual((0, ""), (answer.code, answer.errors))

    def test_both_read_it_alike(self):
        for arguments in ((), ("--services",), ("--variables",), ("--no-interpolate",)):
            with self.subTest(arguments):
                said = compose_oracle.disagreement(FIXTURE, arguments)
                self.assertFalse(said, said)


class Cases(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cases = sorted(path for path in CASES.iterdir() if path.is_dir())

    def test_there_are_cases(self):
        self.assertGreaterEqual(len(self.cases), 25)

    def test_both_read_each_case_alike(self):
        answers = side_by_side(lambda case: compose_oracle.disagreement(case, *compose_oracle.case_arguments(case)), self.cases)
        for case, answer in zip(self.cases, answers):
            with self.subTest(case.name):
                self.assertFalse(answer, answer)

    def test_both_print_the_same_yaml(self):
        answers = side_by_side(lambda case: compose_oracle.disagreement(case, *compose_oracle.case_arguments(case), form="yaml"), self.cases)
        for case, answer in zip(self.cases, answers):
            with self.subTest(case.name):
                self.assertFalse(answer, answer)

    def test_a_case_tests_what_its_name_says(self):
        answers = side_by_side(lambda case: compose_oracle.real(case, *compose_oracle.case_arguments(case)), self.cases)
        for case, answer in zip(self.cases, answers):
            with self.subTest(case.name):
                self.assertEqual(case.name.startswith("refuse-"), not answer.valid, answer.errors)


class MadeUp(unittest.TestCase):
    def test_both_read_manifests_made_up_at_random_alike(self):
        print(f"JUDGES_SEED={SEED}, {MADE_UP} manifests")

        def judged(number):
            project = scratch("made-up-")
            arguments, env = Generator(f"{SEED}/{number}").write(project)
            said = compose_oracle.disagreement(project, arguments, env)
            if said:
                said = "\n".join([said, *(f"== {path.name}\n{path.read_text()}" for path in sorted(project.iterdir()))])
            shutil.rmtree(project, ignore_errors=True)
            return said, arguments, env

        for number, (said, arguments, env) in enumerate(side_by_side(judged, range(MADE_UP))):
            with self.subTest(seed=SEED, number=number, arguments=arguments, env=env):
                self.assertFalse(said, said)


class TheComparisonItself(unittest.TestCase):
    def test_types_and_order_matter_and_key_order_does_not(self):
        same = compose_oracle.same
        self.assertTrue(same({"a": 1, "b": [1.0]}, {"b": [1], "a": 1}))
        for left, right in [(1, "1"), (1, True), ([1, 2], [2, 1]), ({"a": None}, {})]:
            self.assertFalse(same(left, right), (left, right))

    def test_most_manifests_made_up_are_valid(self):
        """A generator whose manifests were all refused would compare nothing."""
        def valid(number):
            project = scratch("made-up-")
            answer = compose_oracle.real(project, *Generator(f"{SEED}/{number}").write(project))
            shutil.rmtree(project, ignore_errors=True)
            return answer.valid, answer.errors

        answers = side_by_side(valid, range(20))
        self.assertGreaterEqual(sum(good for good, _ in answers), 15, [errors for good, errors in answers if not good])
