"""Every template passes cfn-lint without a finding, and AWS's own validator without one above INFO."""

import re
import unittest

from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cloudformation_validate import RegoEngine, Severity, TemplateContent

from support import REGION, every_template

LIMIT_BYTES = 1_000_000


def uploaded(text):
    """The template with addresses in place of the paths of nested templates, as it is deployed: neither linter accepts a path."""
    return re.sub(r"TemplateURL: (stacks/\w+\.yaml)\n", r"TemplateURL: https://s3.us-east-1.amazonaws.com/bucket/\1\n", text)


def findings(text):
    """All that cfn-lint has to say, informational rules included."""
    matches = lint(uploaded(text), regions=[REGION], config=ManualArgs(regions=[REGION], include_checks=["I"]))
    return [f"{match.rule.id} line {match.linenumber}: {match.message}" for match in matches]


class Validator:
    """AWS's validator; compiling its rules takes longer than using them."""

    def __init__(self):
        self.engine = RegoEngine()

    def findings(self, text, name="template.yaml"):
        report = self.engine.validate_template(TemplateContent(uploaded(text), name))
        found = [f"{found.rule_id} {found.severity.name}: {found.message}"
                 for found in report.diagnostics if found.severity != Severity.INFO]
        # What a stack is given of a secret in another is its ARN, which is none; NoEcho would hide whether it changes.
        place = "(?:the root stack|another stack of the application)"
        arns = re.findall(rf"\n  (\w+Secret):\n    Type: String\n    Description: \"From {place}: \w+Secret\"", text)
        given = {f"W2509 WARN: Parameter '{name}' appears to be a password but does not have NoEcho set to true" for name in arns}
        # A key that the manifest names has the account that its owner wrote.
        if re.search(r"Resource: (arn:aws:kms:\S+)\n", text):
            given.add("W9013 WARN: Hardcoded account ID in ARN - use AWS::AccountId pseudo-parameter")
        return [line for line in found if line not in given]


class Templates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.validator = Validator()
        cls.templates = every_template()

    def test_there_are_templates(self):
        self.assertGreaterEqual(len(self.templates), 2, "the fixture compiles to a template for staging and one for prod")

    def test_cfn_lint_finds_nothing(self):
        for where, text in self.templates:
            with self.subTest(where):
                self.assertEqual([], findings(text))

    def test_cloudformation_validate_finds_nothing_above_info(self):
        for where, text in self.templates:
            with self.subTest(where):
                self.assertEqual([], self.validator.findings(text, where))

    def test_no_alias_and_no_tab(self):
        """CloudFormation refuses YAML aliases; the loaders here would follow them."""
        import yaml

        for where, text in self.templates:
            with self.subTest(where):
                anchors = [event for event in yaml.parse(text) if getattr(event, "anchor", None)]
                self.assertEqual([], anchors)
                self.assertNotIn("\t", text)
                self.assertLessEqual(len(text.encode()), LIMIT_BYTES)


BROKEN = """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: "256"
      Memory: "4096"
      ContainerDefinitions:
        - Name: app
          Image: public.ecr.aws/docker/library/busybox
          Colour: blue
"""


class TheLintersThemselves(unittest.TestCase):
    """A linter that finds nothing anywhere would pass every template."""

    def test_cfn_lint_sees_an_illegal_size_and_an_unknown_property(self):
        rules = {finding.split()[0] for finding in findings(BROKEN)}
        self.assertLessEqual({"E3047", "E3002"}, rules)

    def test_cloudformation_validate_sees_the_unknown_property(self):
        self.assertIn("Colour", " ".join(Validator().findings(BROKEN)))
