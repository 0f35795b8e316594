"""Applications with more than one stack holds: each stack is a template that the linters accept, and they fit together."""

import functools
import sys
import unittest

from support import ROOT, read_stacks, scratch, tranship, whole
from test_templates import Validator, findings

sys.path.insert(0, str(ROOT / "benches"))

import manifests  # noqa: E402

TARGETS = ("fargate", "ecs-ec2")


@functools.cache
def built(services, target):
    """The directory of an application of so many services, or what was said where it is refused."""
    place = scratch()
    (place / "compose.yaml").write_text(manifests.application(services))
    done = tranship("build", "--target", target, "--out", place / "out", cwd=place)
    return place / "out" if done.returncode == 0 else done.stderr


def linted(case, out, step):
    """Holds that the linters find nothing in the root, and in one nested template of so many."""
    validator = Validator()
    paths = [out / "template.yaml", *sorted((out / "stacks").glob("*.yaml"))[::step]]
    case.assertGreater(len(paths), 2)
    for path in paths:
        text = path.read_text()
        case.assertLessEqual(len(text.encode()), 1_000_000)
        case.assertEqual(([], []), (findings(text), validator.findings(text)), path.name)


def fit_together(case, services, target):
    """Holds that each stack is within the quotas, that it is given what it takes, and that no service is lost."""
    root, nested = read_stacks(built(services, target))
    case.assertEqual(len(nested), services)
    for one in (root, *nested.values()):
        case.assertLessEqual(len(one["Resources"]), 500)
        case.assertLessEqual(len(one.get("Parameters", {})), 200)
        case.assertLessEqual(len(one.get("Outputs", {})), 200)
    case.assertLessEqual(sum(len(one["Resources"]) for one in (root, *nested.values())), 2_500)
    for name, stack in ((name, one) for name, one in root["Resources"].items() if name in nested):
        case.assertEqual(set(stack["Properties"].get("Parameters", {})), set(nested[name].get("Parameters", {})), name)
    together = whole(root, nested)["Resources"]
    case.assertEqual(sum(one["Type"] == "AWS::ECS::Service" for one in together.values()), services)


class Large(unittest.TestCase):
    def test_sixty_services_are_stacks_that_the_linters_accept(self):
        linted(self, built(60, "fargate"), 40)

    def test_stacks_are_within_the_quotas_and_fit_together(self):
        for target in TARGETS:
            with self.subTest(target):
                fit_together(self, 60, target)

    def test_what_does_not_fit_is_refused_with_the_quota(self):
        said = built(400, "fargate")
        self.assertIn("resources in a root stack and its nested stacks; CloudFormation allows 2500", said)


if __name__ == "__main__":
    unittest.main()
