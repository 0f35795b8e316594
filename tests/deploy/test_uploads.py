"""Uploads in parts: continued after a kill, checked, and cleared up by a rule; old versions go by a rule too."""

import hashlib
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from beanstalk_case import BeanstalkCase  # noqa: E402
from world import ACCOUNT, REGION, client  # noqa: E402

BUCKET = f"tranship-{ACCOUNT}-{REGION}"
MIB = 1024 * 1024
MOUNTED = """
name: shop
services:
  app:
    image: registry.example.org/shop:${APP_VERSION}
    ports: ["80:8000"]
    volumes: ["./data:/data:ro"]
x-tranship:
  environments:
    dev: { target: beanstalk, region: us-east-1, instance_type: t3.small }
"""


class Uploads(BeanstalkCase):
    def setUp(self):
        super().setUp()
        self.write("compose.yaml", MOUNTED)
        place = self.directory / "data" / "noise.bin"
        place.parent.mkdir()
        place.write_bytes(random.Random(7).randbytes(17 * MIB))
        self.s3 = client("s3", self.upstream)

    def run_it(self, *arguments, **more):
        return self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=1", *arguments, **more)

    def object(self):
        (version,) = self.service.describe_application_versions(ApplicationName="shop")["ApplicationVersions"]
        source = version["SourceBundle"]
        return self.s3.get_object(Bucket=source["S3Bucket"], Key=source["S3Key"])["Body"].read()

    def test_a_large_bundle_goes_in_parts_and_is_whole(self):
        self.gateway.at("CompleteMultipartUpload", "after", lambda: None)  # the answer is lost
        run = self.run_it()
        self.assertRegex(run.err, r"uploading \d+ MiB: 100 %")
        self.assertEqual(len(self.gateway.actions("UploadPart")), 3)
        self.assertEqual(self.gateway.actions("PutObject"), [])
        self.tranship("build", "dev", "--set", "APP_VERSION=1")
        built = (self.directory / "dist" / "dev" / "bundle.zip").read_bytes()
        self.assertEqual(hashlib.sha256(self.object()).hexdigest(), hashlib.sha256(built).hexdigest())
        self.assertEqual(self.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []), [])

    def test_an_upload_that_was_cut_off_continues(self):
        self.killed("UploadPart", "after", "deploy", "dev", "--yes", "--set", "APP_VERSION=1", skip=1)
        # Parts that were on their way when the process was killed still arrive.
        self.gateway.settle()
        (upload,) = self.s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
        there = len(self.s3.list_parts(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])["Parts"])
        self.assertGreaterEqual(there, 1)
        self.gateway.reset()
        run = self.run_it()
        self.assertIn(f"continuing an upload: {there} of 3 parts are there", run.err)
        self.assertEqual(len(self.gateway.actions("UploadPart")), 3 - there)
        self.assertEqual(self.gateway.actions("CreateMultipartUpload"), [])
        self.tranship("build", "dev", "--set", "APP_VERSION=1")
        self.assertEqual(self.object(), (self.directory / "dist" / "dev" / "bundle.zip").read_bytes())

    def test_the_bucket_clears_up_after_itself(self):
        self.write("compose.yaml", MOUNTED.replace('    volumes: ["./data:/data:ro"]\n', ""))
        self.run_it()
        rules = {one["ID"]: one for one in self.s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]}
        self.assertEqual(rules["leftovers"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"], 7)
        self.assertEqual(rules["leftovers"]["NoncurrentVersionExpiration"]["NoncurrentDays"], 30)
        self.assertEqual({name: rules[name]["Expiration"]["Days"] for name in ("stacks", "down")}, {"stacks": 30, "down": 30})
        self.assertEqual(len(self.gateway.actions("PutBucketLifecycle")), 1)
        self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=2")
        self.assertEqual(len(self.gateway.actions("PutBucketLifecycle")), 1, "a bucket is set up once")

    def test_old_versions_go_and_those_that_run_stay(self):
        self.write("compose.yaml", MOUNTED.replace('    volumes: ["./data:/data:ro"]\n', ""))
        self.run_it()
        (first,) = self.service.describe_application_versions(ApplicationName="shop")["ApplicationVersions"]
        for number in range(60):
            label = f"tranship-{number:016}" if number else "release-of-a-person"
            self.service.create_application_version(ApplicationName="shop", VersionLabel=label, SourceBundle=first["SourceBundle"])
        run = self.tranship("deploy", "dev", "--yes", "--set", "APP_VERSION=2")
        self.assertIn("the newest 50 are kept", run.err)
        left = {one["VersionLabel"] for one in self.service.describe_application_versions(ApplicationName="shop")["ApplicationVersions"]}
        self.assertIn("release-of-a-person", left)
        self.assertIn(self.live()[0]["VersionLabel"], left)
        self.assertEqual(len([one for one in left if one.startswith("tranship-")]), 50)


if __name__ == "__main__":
    unittest.main()
