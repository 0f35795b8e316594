"""`tranship permissions`: what the program calls, and what the resources of an environment need; no more and no less."""

import json
import pathlib
import re
import sys
import unittest

import botocore.session

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import permissions_of_calls  # noqa: E402
from stacks import StackCase  # noqa: E402
from test_cloudformation import LAPTOP, MANIFEST  # noqa: E402

# Actions that are no operation of an API. Source: Service Authorization Reference.
WITHOUT_OPERATION = {
    "iam:PassRole", "s3:ListBucket", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration", "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts", "elasticbeanstalk:AddTags", "cloudformation:TagResource", "cloudformation:UntagResource", "lambda:InvokeFunction",
    "s3:PutBucketPublicAccessBlock",
}
SERVICES = {"elasticloadbalancing": "elbv2", "elasticfilesystem": "efs"}
# Not recorded where an engine of tests stands in, or given to what an upload or a tag needs beside its call.
BESIDE = {"cloudformation:TagResource", "cloudformation:UntagResource", "s3:AbortMultipartUpload"}
REGISTRY = {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload",
            "ecr:PutImage", "ecr:TagResource", "ecr:UploadLayerPart"}
EVERY = """
name: shop
services:
  app: { build: ., ports: ["80:8000"], environment: { SESSION_PASSWORD: x } }
  db:
    image: postgres:17
    environment: { POSTGRES_PASSWORD: x }
    x-tranship: { database: { coupled: true } }
x-tranship:
  region: eu-central-1
  account: "123456789012"
  environments:
    fargate: { target: fargate }
    machines: { target: ecs-ec2 }
    beanstalk: { target: beanstalk, platform: docker }
"""


class Permissions(StackCase):
    def policy(self, environment, *more):
        return json.loads(self.tranship("permissions", environment, *more).out)

    def actions(self, policy, resources):
        return {action for one in policy["Statement"] if one["Sid"].startswith("Resources") == resources for action in one["Action"]}

    def test_the_policies_have_exactly_the_calls_that_are_made(self):
        self.write("Dockerfile", "FROM scratch\n")
        self.write("compose.yaml", EVERY)
        own = set()
        for environment in ("fargate", "machines", "beanstalk"):
            policy = self.policy(environment)
            own |= self.actions(policy, False)
            size = len(json.dumps(policy, separators=(",", ":")))
            self.assertLess(size, 10_240, "the longest inline policy of a role")
        self.assertEqual(own - BESIDE - REGISTRY, permissions_of_calls.listed())
        self.assertEqual(self.gateway.calls, [])

    def test_every_action_exists(self):
        self.write("Dockerfile", "FROM scratch\n")
        self.write("compose.yaml", EVERY)
        session, known = botocore.session.Session(), {}
        for environment in ("fargate", "machines", "beanstalk"):
            policy = self.policy(environment)
            for action in sorted(self.actions(policy, True) | self.actions(policy, False)):
                service, name = action.split(":")
                if action in WITHOUT_OPERATION:
                    continue
                if service not in known:
                    known[service] = set(session.get_service_model(SERVICES.get(service, service)).operation_names)
                self.assertIn(name, known[service], action)

    def test_every_type_of_a_template_has_its_actions(self):
        self.write("Dockerfile", "FROM scratch\n")
        self.write("compose.yaml", EVERY)
        for environment in ("fargate", "machines"):
            self.tranship("build", environment)
            text = (self.directory / "dist" / environment / "template.yaml").read_text()
            kinds = set(re.findall(r"^    Type: (AWS::\S+)$", text.partition("\nResources:\n")[2], re.M))
            allowed = self.actions(self.policy(environment), True)
            for kind in kinds:
                service, name = kind.split("::")[1:]
                prefix = {"ElasticLoadBalancingV2": "elasticloadbalancing", "EFS": "elasticfilesystem"}.get(service, service.lower())
                self.assertTrue([one for one in allowed if one.startswith(f"{prefix.replace('applicationautoscaling', 'application-autoscaling')}:")], kind)

    def test_names_are_those_of_the_environment(self):
        self.write("compose.yaml", (MANIFEST % LAPTOP).replace("region:", "account: '123456789012', region:"))
        policy = self.policy("prod")
        by_sid = {one["Sid"]: one for one in policy["Statement"]}
        self.assertEqual(by_sid["Stack"]["Resource"], ["arn:aws:cloudformation:us-east-1:123456789012:stack/shop-prod/*"])
        self.assertEqual(by_sid["ArtifactBucket"]["Resource"][0], "arn:aws:s3:::tranship-123456789012-us-east-1")
        self.assertNotIn("Instances", by_sid)
        trust = self.policy("prod", "--trust", "github:acme/shop")["Statement"][0]
        self.assertEqual(trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"], "repo:acme/shop:environment:prod")
        self.tranship("permissions", "prod", "--trust", "acme", expect=2)


if __name__ == "__main__":
    unittest.main()
