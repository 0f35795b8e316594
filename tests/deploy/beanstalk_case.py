"""What the tests of Beanstalk deployments share: a manifest with a secret, a clean service, what must hold at the end.

What stands at AWS is read through its API, so that the same tests hold on any engine.
"""

import re

from beanstalk_emulator import Bundle
from gateway import wait_until
from world import ACCOUNT, REGION, DeployCase, client

LAPTOP, GIVEN = "canary-of-the-laptop-1f2e", "canary-given-to-deploy-9a8b"
MANIFEST = """
name: shop
services:
  app:
    image: registry.example.org/shop:${APP_VERSION}
    ports: ["80:8000"]
    environment:
      GREETING: hello
      SESSION_PASSWORD: %s
x-tranship:
  environments:
    dev: { target: beanstalk, region: us-east-1, account: "000000000000", instance_type: t3.small }
"""


class BeanstalkCase(DeployCase):
    """A clean Elastic Beanstalk, the manifest, and the file of its secret."""

    def setUp(self):
        super().setUp()
        self.service = client("elasticbeanstalk", self.gateway.url)
        self.start_afresh()
        self.empty()
        self.known = self.identities()
        self.write("compose.yaml", MANIFEST % LAPTOP)
        self.write("secret", GIVEN + "\n")
        self.secrets = []

    def start_afresh(self):
        """No application and no environment of an earlier test."""
        self.beanstalk.__init__(self.beanstalk.s3, pace=0.1)

    def empty(self):
        """No bucket, no secret and no stack of an earlier test."""
        s3 = client("s3", self.gateway.url)
        for bucket in s3.list_buckets()["Buckets"]:
            listed = s3.list_object_versions(Bucket=bucket["Name"])
            for item in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
                s3.delete_object(Bucket=bucket["Name"], Key=item["Key"], VersionId=item["VersionId"])
            s3.delete_bucket(Bucket=bucket["Name"])
        secrets = client("secretsmanager", self.gateway.url)
        for secret in secrets.list_secrets()["SecretList"]:
            secrets.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)
        stacks = client("cloudformation", self.gateway.url)
        left = lambda: [one for one in stacks.describe_stacks()["Stacks"] if one["StackStatus"] != "DELETE_COMPLETE"]
        for stack in left():
            stacks.delete_stack(StackName=stack["StackId"])
        wait_until(lambda: not left(), 30, "the end of every stack")
        self.gateway.reset()

    def arguments(self, version="1"):
        """The arguments of a first deploy; the names of its secrets are taken from what the program asks for."""
        if not self.secrets:
            run = self.tranship("deploy", "dev", "--yes", "--set", f"APP_VERSION={version}", expect=2)
            names = re.findall(r"--secret (\S+)=@FILE", run.err)
            self.assertTrue(names, run)
            self.secrets = [word for name in names for word in ("--secret", f"{name}=@secret")]
            self.assertEqual(self.gateway.actions("CreateApplication", "CreateEnvironment", "PutBucket"), [])
        return ["deploy", "dev", "--yes", "--set", f"APP_VERSION={version}", *self.secrets]

    def live(self):
        """The environments that are not terminated."""
        found = self.service.describe_environments(IncludeDeleted=False)["Environments"]
        return [one for one in found if one["Status"] != "Terminated"]

    def identities(self):
        """The ids of all environments that ever were."""
        found = self.service.describe_environments(IncludeDeleted=True)["Environments"]
        return {one["EnvironmentId"] for one in found}

    def bundle(self, label, application="shop"):
        """The bytes of a version's source bundle."""
        (version,) = self.service.describe_application_versions(ApplicationName=application, VersionLabels=[label])[
            "ApplicationVersions"]
        source = version["SourceBundle"]
        s3 = client("s3", self.gateway.url)
        return s3.get_object(Bucket=source["S3Bucket"], Key=source["S3Key"])["Body"].read()

    def converged(self, version="1"):
        """One of each thing, and the environment serves the version that was compiled."""
        (environment,) = self.live()
        self.assertEqual((environment["Status"], environment["Health"]), ("Ready", "Green"))
        self.assertEqual(len(self.identities() - self.known), 1, "no second environment was made")
        applications = self.service.describe_applications()["Applications"]
        self.assertEqual([one["ApplicationName"] for one in applications], ["shop"])
        label = environment["VersionLabel"]
        run = Bundle(self.bundle(label)).archive.read("Dockerrun.aws.json").decode()
        self.assertIn(f"shop:{version}\"", run)
        names = [one["Name"] for one in client("s3", self.gateway.url).list_buckets()["Buckets"]]
        self.assertEqual([name for name in names if name.startswith("tranship-")], [f"tranship-{ACCOUNT}-{REGION}"])
        secrets = client("secretsmanager", self.gateway.url)
        self.assertEqual(len(secrets.list_secrets()["SecretList"]), 1)
        return label
