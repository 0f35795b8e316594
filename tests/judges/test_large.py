"""Applications with more than one stack holds: each stack is a template that the linters accept, and they fit together."""

import functools
import json
import sys
import unittest

from support import ROOT, read_stacks, read_template, scratch, tranship, whole
from test_templates import Validator, findings

sys.path.insert(0, str(ROOT / "benches"))

import manifests  # noqa: E402

TARGETS = ("fargate", "ecs-ec2")


@functools.cache
def built(services, target, layout=None):
    """The directory of an application of so many services, or what was said where it is refused."""
    place = scratch()
    asked = f"x-tranship: {{ stacks: {layout} }}\n" if layout else ""
    (place / "compose.yaml").write_text(asked + manifests.application(services))
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
    fits(case, root, nested)
    case.assertLessEqual(sum(len(one["Resources"]) for one in (root, *nested.values())), 2_500)
    together(case, services, root, nested)


def fits(case, root, nested):
    """Holds that each stack is within the quotas."""
    for one in (root, *nested.values()):
        case.assertLessEqual(len(one["Resources"]), 500)
        case.assertLessEqual(len(one.get("Parameters", {})), 200)
        case.assertLessEqual(len(one.get("Outputs", {})), 200)


def together(case, services, root, nested):
    """Holds that each stack is given what it takes, and that no service is lost."""
    for name, stack in ((name, one) for name, one in root["Resources"].items() if name in nested):
        case.assertEqual(set(stack["Properties"].get("Parameters", {})), set(nested[name].get("Parameters", {})), name)
    both = whole(root, nested)["Resources"]
    case.assertEqual(sum(one["Type"] == "AWS::ECS::Service" for one in both.values()), services)


def independent(case, services, target, layout=None):
    """Holds that each independent stack is within the quotas, takes what an earlier one hands out, and that none is lost."""
    out = built(services, target, layout)
    stacks = json.loads((out / "stacks.json").read_text())["stacks"]
    templates = {one["stack"]: read_template((out / one["template"]).read_text()) for one in stacks}
    case.assertEqual(len(templates), 1 + len(list((out / "stacks").glob("*.yaml"))))
    known = json.loads((out / "parameters.json").read_text())["Parameters"] if (out / "parameters.json").exists() else {}
    before = []
    for one in stacks:
        template, given = templates[one["stack"]], one.get("parameters", {})
        case.assertEqual([], [name for name in one.get("after", []) if name not in before], one["stack"])
        for name, value in given.items():
            case.assertIn(name, template["Parameters"])
            if "output" in value:
                case.assertIn(value["stack"], [*one["after"], stacks[0]["stack"]])
                case.assertIn(value["output"], templates[value["stack"]]["Outputs"])
        free = [name for name, it in template.get("Parameters", {}).items() if "Default" not in it and name not in given]
        case.assertEqual([], [name for name in free if name not in known and name not in ("VpcId", "PublicSubnets", "PrivateSubnets")])
        before.append(one["stack"])
    fits(case, templates.pop(stacks[0]["stack"]), templates)
    owners = [key for template in templates.values() for key, it in template["Resources"].items() if it["Type"] == "AWS::ECS::Service"]
    case.assertEqual((len(owners), len(set(owners))), (services, services))


class Large(unittest.TestCase):
    def test_sixty_services_are_stacks_that_the_linters_accept(self):
        linted(self, built(60, "fargate"), 40)

    def test_stacks_are_within_the_quotas_and_fit_together(self):
        for target in TARGETS:
            with self.subTest(target):
                fit_together(self, 60, target)

    def test_independent_stacks_are_within_the_quotas_and_each_takes_what_an_earlier_one_hands_out(self):
        for target in TARGETS:
            with self.subTest(target):
                independent(self, 30, target, "independent")

    def test_independent_stacks_are_templates_that_the_linters_accept(self):
        linted(self, built(30, "fargate", "independent"), 24)

    def test_what_nested_stacks_do_not_hold_becomes_independent_stacks(self):
        independent(self, 400, "fargate")

    def test_what_does_not_fit_is_refused_with_the_quota(self):
        said = built(400, "fargate", "nested")
        self.assertIn("resources in a root stack and its nested stacks; CloudFormation allows 2500", said)
        self.assertIn("remove `stacks: nested`", said)


if __name__ == "__main__":
    unittest.main()
