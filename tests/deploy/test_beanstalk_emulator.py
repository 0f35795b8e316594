"""The Elastic Beanstalk emulator against botocore's client: every operation, its errors, its strictness."""

import pathlib
import sys
import time
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import botocore.exceptions  # noqa: E402
from beanstalk_emulator import STACKS  # noqa: E402
from gateway import wait_until  # noqa: E402
from query_protocol import ServiceError, load_model, parse_request  # noqa: E402
from world import DeployCase, client  # noqa: E402


class Emulator(DeployCase):
    def setUp(self):
        super().setUp()
        self.beanstalk.__init__(self.beanstalk.s3, pace=0.05)
        self.eb = client("elasticbeanstalk", self.gateway.url)

    def tearDown(self):
        self.beanstalk.__init__(self.beanstalk.s3)

    def version(self, label, extensions=""):
        bucket = self.eb.create_storage_location()["S3Bucket"]
        path = self.directory / "bundle.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("Dockerrun.aws.json", '{"AWSEBDockerrunVersion": 2, "containerDefinitions": [{"name": "a"}]}')
            archive.writestr(".ebextensions/a.config", extensions)
        client("s3", self.gateway.url).put_object(Bucket=bucket, Key=f"{label}.zip", Body=path.read_bytes())
        return self.eb.create_application_version(ApplicationName="shop", VersionLabel=label, Process=True, SourceBundle={
            "S3Bucket": bucket, "S3Key": f"{label}.zip"})["ApplicationVersion"]

    def processed(self, label):
        def status():
            (found,) = self.eb.describe_application_versions(ApplicationName="shop", VersionLabels=[label])["ApplicationVersions"]
            return found["Status"] != "Processing" and found["Status"]
        return wait_until(status)

    def test_an_environment_lives(self):
        self.eb.create_application(ApplicationName="shop")
        self.assertEqual(self.version("1", "option_settings: {a:b: {C: 1}}")["Status"], "Processing")
        self.assertEqual(self.processed("1"), "Processed")
        self.assertTrue(self.eb.check_dns_availability(CNAMEPrefix="shop-dev")["Available"])
        made = self.eb.create_environment(ApplicationName="shop", EnvironmentName="shop-dev", VersionLabel="1",
                                          SolutionStackName=STACKS[1], OptionSettings=[
                                              {"Namespace": "a:b", "OptionName": "D", "Value": "2"}])
        self.assertEqual((made["Status"], made["Health"], made["VersionLabel"]), ("Launching", "Grey", "1"))
        with self.assertRaisesRegex(botocore.exceptions.ClientError, "Must be Ready"):
            self.eb.update_environment(EnvironmentName="shop-dev", VersionLabel="1")
        ready = wait_until(self.ready)
        self.assertEqual((ready["VersionLabel"], ready["Health"]), ("1", "Green"))
        (settings,) = self.eb.describe_configuration_settings(ApplicationName="shop", EnvironmentName="shop-dev")["ConfigurationSettings"]
        ours = {one["OptionName"]: one["Value"] for one in settings["OptionSettings"] if one["Namespace"] == "a:b"}
        self.assertEqual(ours, {"C": "1", "D": "2"})
        self.version("2")
        self.processed("2")
        self.beanstalk.fail_next("shop-dev", "no such image")
        answer = self.eb.update_environment(EnvironmentName="shop-dev", VersionLabel="2")
        self.assertEqual((answer["Status"], answer["VersionLabel"]), ("Updating", "2"), "as in AWS's own example")
        failed = wait_until(self.ready)
        self.assertEqual((failed["VersionLabel"], failed["Health"]), ("1", "Red"))
        request = answer["ResponseMetadata"]["RequestId"]
        events = self.eb.describe_events(EnvironmentName="shop-dev", RequestId=request)["Events"]
        self.assertEqual(events[0]["Message"], "Failed to deploy application.")
        self.assertEqual({event["RequestId"] for event in events}, {request})
        self.assertEqual(self.eb.describe_events(EnvironmentId="e-another")["Events"], [])
        health = self.eb.describe_environment_health(EnvironmentName="shop-dev", AttributeNames=["All"])
        self.assertEqual((health["Color"], health["Causes"]), ("Red", ["no such image"]))
        self.assertTrue(self.eb.describe_environment_resources(EnvironmentName="shop-dev")["EnvironmentResources"])
        self.eb.terminate_environment(EnvironmentName="shop-dev")
        wait_until(lambda: not self.eb.describe_environments(IncludeDeleted=False)["Environments"])
        self.eb.delete_application_version(ApplicationName="shop", VersionLabel="1")
        self.eb.delete_application(ApplicationName="shop")
        self.assertEqual(self.eb.describe_applications()["Applications"], [])

    def test_settings_are_a_draft_until_they_are_deployed(self):
        self.eb.create_application(ApplicationName="shop")
        self.version("1")
        self.processed("1")
        self.eb.create_environment(ApplicationName="shop", EnvironmentName="shop-dev", VersionLabel="1",
                                   SolutionStackName=STACKS[1], OptionSettings=self.option("old"))
        wait_until(self.ready)
        with self.assertRaisesRegex(botocore.exceptions.ClientError, "InvalidParameterCombination"):
            self.eb.update_environment(EnvironmentName="shop-dev", VersionLabel="1", OptionSettings=self.option("new"))
        for failure, after in (("broken", {"deployed": "old", "failed": "new"}), (None, {"deployed": "new"})):
            if failure:
                self.beanstalk.fail_next("shop-dev", failure)
            self.eb.update_environment(EnvironmentName="shop-dev", OptionSettings=self.option("new"))
            self.assertEqual(self.described(), {"deployed": "old", "pending": "new"})
            wait_until(self.ready)
            self.assertEqual(self.described(), after)

    @staticmethod
    def option(value):
        return [{"Namespace": "a:b", "OptionName": "C", "Value": value}]

    def described(self):
        """The option's value by the status of the configuration."""
        found = self.eb.describe_configuration_settings(ApplicationName="shop", EnvironmentName="shop-dev")["ConfigurationSettings"]
        return {one["DeploymentStatus"]: option["Value"] for one in found for option in one["OptionSettings"]
                if option["OptionName"] == "C"}

    def ready(self):
        (found,) = self.eb.describe_environments(EnvironmentNames=["shop-dev"])["Environments"]
        return found["Status"] == "Ready" and found

    def test_platforms(self):
        self.assertEqual(self.eb.list_available_solution_stacks()["SolutionStacks"], STACKS)
        branch = {"Type": "PlatformBranchName", "Operator": "=", "Values": ["ECS running on 64bit Amazon Linux 2023"]}
        found = self.eb.list_platform_versions(Filters=[branch])["PlatformSummaryList"]
        self.assertEqual(sorted(one["PlatformVersion"] for one in found), ["4.7.10", "4.7.8"])

    def test_a_broken_configuration_file_is_not_processed(self):
        self.eb.create_application(ApplicationName="shop")
        self.version("1", "option_setings: {}")
        self.assertEqual(self.processed("1"), "Failed")

    def test_what_the_model_does_not_know_is_refused(self):
        operation = load_model("elasticbeanstalk").operation_model("CreateEnvironment")
        for form, message in (
            ({"EnvironmentName": "shop-dev"}, "ApplicationName"),
            ({"ApplicationName": "shop", "Colour": "red"}, "unknown parameters: Colour"),
            ({"ApplicationName": "shop", "EnvironmentName": "a" * 41}, "longer than 40"),
        ):
            with self.assertRaisesRegex(ServiceError, message):
                parse_request(operation, form)

    def test_time_passes_only_when_it_passes(self):
        def status():
            return self.eb.describe_application_versions()["ApplicationVersions"][0]["Status"]

        # An hour a step: no machine is so slow that it passes by itself.
        self.beanstalk.pace = 3600
        self.eb.create_application(ApplicationName="shop")
        self.version("1")
        self.assertEqual([status(), status()], ["Processing", "Processing"])
        self.beanstalk.steps = [(0, *step[1:]) for step in self.beanstalk.steps]
        self.assertEqual(status(), "Processed")


if __name__ == "__main__":
    unittest.main()
