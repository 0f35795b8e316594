"""A small stateful Elastic Beanstalk: applications, versions, and environments that take time.

It reads the bundles that are uploaded, as the service does: an environment's settings are the platform's
defaults, then the bundle's `.ebextensions`, then what came through the API, which wins for ever.
Failures are asked for by the test, per environment, and happen once.
"""

import collections
import datetime
import io
import json
import re
import time
import uuid
import zipfile

import botocore.exceptions
import yaml

from query_protocol import Service, ServiceError

ACCOUNT = "000000000000"
STACKS = [
    "64bit Amazon Linux 2023 v4.13.8 running Docker",
    "64bit Amazon Linux 2023 v4.7.8 running ECS",
    "64bit Amazon Linux 2023 v4.7.10 running ECS",
    "64bit Amazon Linux 2023 v4.13.10 running Docker",
    "64bit Amazon Linux 2023 v6.5.2 running Node.js 22",
]
EXTENSION_KEYS = {
    "option_settings", "packages", "groups", "users", "sources", "files", "commands", "services",
    "container_commands", "Resources", "Parameters", "Outputs", "Mappings", "Conditions",
}


def invalid(message):
    return ServiceError("InvalidParameterValue", message)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


class Bundle:
    """What the service would find in a source bundle."""

    def __init__(self, data):
        self.archive = zipfile.ZipFile(io.BytesIO(data))
        self.names = self.archive.namelist()

    def problem(self, stack):
        """Why this bundle cannot be deployed to a platform, or None."""
        if stack.endswith("running ECS"):
            if "Dockerrun.aws.json" not in self.names:
                return "the source bundle has no Dockerrun.aws.json"
            run = json.loads(self.archive.read("Dockerrun.aws.json"))
            if run.get("AWSEBDockerrunVersion") != 2 or not run.get("containerDefinitions"):
                return "Dockerrun.aws.json is not of version 2"
        elif stack.endswith("running Docker") and "docker-compose.yml" not in self.names:
            return "the source bundle has no docker-compose.yml"
        return None

    def settings(self):
        """The option settings of `.ebextensions`, in the order the service reads the files."""
        found = {}
        for name in sorted(self.names):
            if not re.fullmatch(r"\.ebextensions/[^/]+\.config", name):
                continue
            document = yaml.safe_load(self.archive.read(name)) or {}
            if set(document) - EXTENSION_KEYS:
                raise invalid(f"{name}: invalid keys {sorted(set(document) - EXTENSION_KEYS)}")
            settings = document.get("option_settings") or []
            if isinstance(settings, dict):
                settings = [
                    {"namespace": namespace, "option_name": option, "value": value}
                    for namespace, options in settings.items()
                    for option, value in options.items()
                ]
            for item in settings:
                namespace = item.get("namespace", "aws:elasticbeanstalk:application:environment")
                found[namespace, item["option_name"]] = _plain(item.get("value"))
        return found


def _plain(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


class Beanstalk(Service):
    """The service. `s3` is a boto3 client, `pace` the seconds between two steps of an environment."""

    def __init__(self, s3, pace=0.25, region="us-east-1"):
        super().__init__("elasticbeanstalk")
        self.s3, self.pace, self.region = s3, pace, region
        self.applications, self.versions = {}, {}
        self.environments, self.events = [], []
        self.steps = collections.deque()
        self.failures, self.bundles = {}, {}

    # -- for the tests -------------------------------------------------------------------------------

    def fail_next(self, environment, reason):
        """The next create or update of this environment fails with this reason."""
        self.failures[environment] = reason

    # -- time ----------------------------------------------------------------------------------------

    def advance(self):
        """Takes the steps whose time has come."""
        for step in sorted((s for s in self.steps if s[0] <= time.monotonic()), key=lambda s: s[0]):
            self.steps.remove(step)
            step[1]()

    def _later(self, *steps):
        due = time.monotonic()
        for step in steps:
            due += self.pace
            self.steps.append((due, step))

    def _event(self, environment, message, severity="INFO", request_id=None):
        self.events.append((environment["EnvironmentId"], {
            "EventDate": now(), "Message": message, "Severity": severity, "RequestId": request_id,
            "ApplicationName": environment["ApplicationName"],
            "EnvironmentName": environment["EnvironmentName"], "VersionLabel": environment["VersionLabel"],
        }))

    def _storage(self):
        return f"elasticbeanstalk-{self.region}-{ACCOUNT}"

    # -- applications and versions -------------------------------------------------------------------

    def do_CreateApplication(self, request_id, ApplicationName, Description=None, **_):
        if ApplicationName in self.applications:
            raise invalid(f"Application {ApplicationName} already exists.")
        self.applications[ApplicationName] = {
            "ApplicationName": ApplicationName, "Description": Description, "DateCreated": now(), "DateUpdated": now(),
            "ApplicationArn": f"arn:aws:elasticbeanstalk:{self.region}:{ACCOUNT}:application/{ApplicationName}",
        }
        return {"Application": self.applications[ApplicationName]}

    def do_DescribeApplications(self, request_id, ApplicationNames=None):
        return {"Applications": [
            dict(item, Versions=[label for (application, label) in self.versions if application == name])
            for name, item in self.applications.items() if not ApplicationNames or name in ApplicationNames
        ]}

    def do_DeleteApplication(self, request_id, ApplicationName, TerminateEnvByForce=False):
        if any(e["ApplicationName"] == ApplicationName and e["Status"] != "Terminated" for e in self.environments):
            raise ServiceError("OperationInProgressFailure", "the application has running environments")
        self.applications.pop(ApplicationName, None)
        for key in [key for key in self.versions if key[0] == ApplicationName]:
            del self.versions[key]

    def do_CreateStorageLocation(self, request_id):
        try:
            self.s3.head_bucket(Bucket=self._storage())
        except botocore.exceptions.ClientError:
            self.s3.create_bucket(Bucket=self._storage())
        return {"S3Bucket": self._storage()}

    def do_CreateApplicationVersion(self, request_id, ApplicationName, VersionLabel, SourceBundle=None,
                                    Description=None, Process=False, AutoCreateApplication=False, **_):
        if ApplicationName not in self.applications:
            raise invalid(f"No Application named '{ApplicationName}' found.")
        if (ApplicationName, VersionLabel) in self.versions:
            raise invalid(f"Application Version {VersionLabel} already exists.")
        try:
            data = self.s3.get_object(Bucket=SourceBundle["S3Bucket"], Key=SourceBundle["S3Key"])["Body"].read()
        except botocore.exceptions.ClientError:
            raise invalid(f"Unable to download from S3 location (Bucket: {SourceBundle['S3Bucket']}  "
                          f"Key: {SourceBundle['S3Key']}). Reason: Not Found") from None
        version = {
            "ApplicationName": ApplicationName, "VersionLabel": VersionLabel, "Description": Description,
            "SourceBundle": SourceBundle, "DateCreated": now(), "DateUpdated": now(),
            "Status": "Processing" if Process else "Unprocessed",
            "ApplicationVersionArn": f"arn:aws:elasticbeanstalk:{self.region}:{ACCOUNT}:applicationversion/"
                                     f"{ApplicationName}/{VersionLabel}",
        }
        self.versions[ApplicationName, VersionLabel] = version
        self.bundles[ApplicationName, VersionLabel] = data
        if Process:
            self._later(lambda: version.update(Status=self._processed(data), DateUpdated=now()))
        return {"ApplicationVersion": version}

    @staticmethod
    def _processed(data):
        try:
            Bundle(data).settings()
            return "Processed"
        except (ServiceError, zipfile.BadZipFile, yaml.YAMLError):
            return "Failed"

    def do_DescribeApplicationVersions(self, request_id, ApplicationName=None, VersionLabels=None, **_):
        return {"ApplicationVersions": [
            version for (application, label), version in reversed(self.versions.items())
            if (not ApplicationName or application == ApplicationName) and (not VersionLabels or label in VersionLabels)
        ]}

    def do_DeleteApplicationVersion(self, request_id, ApplicationName, VersionLabel, DeleteSourceBundle=False):
        if any(e.get("VersionLabel") == VersionLabel and e["Status"] != "Terminated" for e in self.environments):
            raise ServiceError("SourceBundleDeletionFailure", "the version is deployed")
        self.versions.pop((ApplicationName, VersionLabel), None)

    # -- platforms -----------------------------------------------------------------------------------

    def do_ListAvailableSolutionStacks(self, request_id):
        return {"SolutionStacks": STACKS,
                "SolutionStackDetails": [{"SolutionStackName": name, "PermittedFileTypes": ["zip"]} for name in STACKS]}

    def do_ListPlatformVersions(self, request_id, Filters=None, **_):
        rows = []
        for name in STACKS:
            system, version, kind = re.fullmatch(r"(.*) v([\d.]+) running (.*)", name).groups()
            rows.append({
                "PlatformArn": f"arn:aws:elasticbeanstalk:{self.region}::platform/{kind} running on {system}/{version}",
                "PlatformOwner": "AWSElasticBeanstalk", "PlatformStatus": "Ready", "PlatformCategory": kind,
                "PlatformVersion": version, "PlatformBranchName": f"{kind} running on {system}",
                "PlatformLifecycleState": "Recommended", "PlatformBranchLifecycleState": "Supported",
            })
        for rule in Filters or []:
            if rule.get("Operator", "=") == "=":
                rows = [row for row in rows if row.get(rule["Type"]) in rule["Values"]]
        return {"PlatformSummaryList": rows}

    def do_CheckDNSAvailability(self, request_id, CNAMEPrefix):
        name = f"{CNAMEPrefix}.{self.region}.elasticbeanstalk.com"
        taken = any(e["CNAME"] == name and e["Status"] != "Terminated" for e in self.environments)
        return {"Available": not taken, "FullyQualifiedCNAME": name}

    # -- environments --------------------------------------------------------------------------------

    def _find(self, EnvironmentName=None, EnvironmentId=None):
        for environment in self.environments:
            if environment["Status"] != "Terminated" and (
                environment["EnvironmentName"] == EnvironmentName or environment["EnvironmentId"] == EnvironmentId):
                return environment
        raise invalid(f"No Environment found for EnvironmentName = '{EnvironmentName or EnvironmentId}'.")

    def _public(self, environment):
        return {key: value for key, value in environment.items() if not key.startswith("_")}

    def _version(self, application, label):
        version = self.versions.get((application, label))
        if not version:
            raise invalid(f"No Application Version named '{label}' found.")
        if version["Status"] in ("Processing", "Building"):
            raise invalid(f"Application version {label} is not yet processed.")
        if version["Status"] == "Failed":
            raise invalid(f"Application version {label} is unusable and cannot be used with an environment")

    def do_CreateEnvironment(self, request_id, ApplicationName, EnvironmentName, VersionLabel=None,
                             SolutionStackName=None, PlatformArn=None, OptionSettings=None, CNAMEPrefix=None,
                             Tier=None, Description=None, Tags=None, **_):
        if ApplicationName not in self.applications:
            raise invalid(f"No Application named '{ApplicationName}' found.")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{2,38}[A-Za-z0-9]", EnvironmentName):
            raise invalid(f"Value {EnvironmentName} at 'EnvironmentName' failed to satisfy constraint")
        if any(e["EnvironmentName"] == EnvironmentName and e["Status"] != "Terminated" for e in self.environments):
            raise invalid(f"Environment {EnvironmentName} already exists.")
        if SolutionStackName not in STACKS:
            raise invalid(f"No Solution Stack named '{SolutionStackName}' found.")
        self._version(ApplicationName, VersionLabel)
        prefix = CNAMEPrefix or EnvironmentName
        environment = {
            "EnvironmentName": EnvironmentName, "EnvironmentId": "e-" + uuid.uuid4().hex[:10],
            "ApplicationName": ApplicationName, "SolutionStackName": SolutionStackName, "Description": Description,
            "CNAME": f"{prefix}.{self.region}.elasticbeanstalk.com", "DateCreated": now(), "DateUpdated": now(),
            "Status": "Launching", "Health": "Grey", "HealthStatus": "Pending", "AbortableOperationInProgress": False,
            "Tier": Tier or {"Name": "WebServer", "Type": "Standard", "Version": "1.0"},
            "EnvironmentArn": f"arn:aws:elasticbeanstalk:{self.region}:{ACCOUNT}:environment/"
                              f"{ApplicationName}/{EnvironmentName}",
            "VersionLabel": VersionLabel, "_previous": None, "_api": self._options(OptionSettings), "_draft": None,
            "_bundle": {}, "_causes": [], "_tags": {tag["Key"]: tag.get("Value", "") for tag in Tags or []},
        }
        self.environments.append(environment)
        self._event(environment, "createEnvironment is starting.", request_id=request_id)
        self._event(environment, f"Using {self._storage()} as Amazon S3 storage bucket for environment data.",
                    request_id=request_id)
        self._later(
            lambda: self._event(environment, "Created security group named: awseb-sg", request_id=request_id),
            lambda: self._event(environment, "Waiting for EC2 instances to launch. This may take a few minutes.",
                                request_id=request_id),
            lambda: self._finish(environment, request_id, "launch"),
        )
        return self._public(environment)

    def _tagged(self, arn):
        for environment in self.environments:
            if environment["EnvironmentArn"] == arn and environment["Status"] != "Terminated":
                return environment
        raise ServiceError("ResourceNotFoundException", f"No resource found for {arn}.")

    def do_ListTagsForResource(self, request_id, ResourceArn):
        tags = self._tagged(ResourceArn)["_tags"]
        return {"ResourceArn": ResourceArn, "ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def do_UpdateTagsForResource(self, request_id, ResourceArn, TagsToAdd=None, TagsToRemove=None):
        environment = self._tagged(ResourceArn)
        if environment["Status"] != "Ready":
            raise invalid(f"Environment named {environment['EnvironmentName']} is in an invalid state for this operation. Must be Ready.")
        environment["_tags"].update({tag["Key"]: tag.get("Value", "") for tag in TagsToAdd or []})
        for key in TagsToRemove or []:
            environment["_tags"].pop(key, None)
        environment["Status"] = "Updating"
        self._event(environment, "Environment tag update is starting.", request_id=request_id)
        self._later(lambda: environment.update(Status="Ready"))

    @staticmethod
    def _options(settings):
        return {(item["Namespace"], item["OptionName"]): item.get("Value", "") for item in settings or []}

    def _finish(self, environment, request_id, what):
        """The end of a launch or an update: Ready with what is new, or Ready and Red with what was."""
        name = environment["EnvironmentName"]
        bundle = Bundle(self.bundles[environment["ApplicationName"], environment["VersionLabel"]])
        reason = self.failures.pop(name, None) or bundle.problem(environment["SolutionStackName"])
        environment.update(Status="Ready", DateUpdated=now(), AbortableOperationInProgress=False)
        if what == "launch":
            environment.update(_bundle=bundle.settings())
            environment["EndpointURL"] = f"awseb-{name}.{self.region}.elb.amazonaws.com"
        if reason:
            environment.update(Health="Red", HealthStatus="Severe", _causes=[reason],
                               VersionLabel=environment["_previous"] or environment["VersionLabel"])
            if environment["_draft"]:
                environment["_draft"]["status"] = "failed"
            self._event(environment, f"[Instance: i-0abc] {reason}", "ERROR", request_id)
            failed = "Failed to launch environment." if what == "launch" else "Failed to deploy application."
            self._event(environment, failed, "ERROR", request_id)
            return
        if environment["_draft"]:
            environment.update(_api=environment["_draft"]["api"], _draft=None)
        environment.update(_bundle=bundle.settings(), Health="Green", HealthStatus="Ok", _causes=[])
        self._event(environment, {
            "launch": f"Successfully launched environment: {name}",
            "update": "Environment update completed successfully.",
        }[what], request_id=request_id)

    def do_UpdateEnvironment(self, request_id, EnvironmentName=None, EnvironmentId=None, VersionLabel=None,
                             OptionSettings=None, OptionsToRemove=None, SolutionStackName=None, **_):
        environment = self._find(EnvironmentName, EnvironmentId)
        if VersionLabel and (OptionSettings or OptionsToRemove):
            raise ServiceError("InvalidParameterCombination", "You cannot update the application version and make "
                               "configuration updates at the same time")
        if environment["Status"] != "Ready":
            raise invalid(f"Environment named {environment['EnvironmentName']} is in an invalid state for this "
                          "operation. Must be Ready.")
        if VersionLabel:
            self._version(environment["ApplicationName"], VersionLabel)
        environment.update(_draft=None, _previous=environment["VersionLabel"])
        environment["VersionLabel"] = VersionLabel or environment["VersionLabel"]
        if OptionSettings or OptionsToRemove:
            removed = {(item["Namespace"], item["OptionName"]) for item in OptionsToRemove or []}
            kept = {key: value for key, value in environment["_api"].items() if key not in removed}
            environment["_draft"] = {"status": "pending", "api": {**kept, **self._options(OptionSettings)}}
        if SolutionStackName:
            environment["SolutionStackName"] = SolutionStackName
        environment.update(Status="Updating", Health="Grey", HealthStatus="Info", DateUpdated=now(),
                           AbortableOperationInProgress=True)
        self._event(environment, "Environment update is starting.", request_id=request_id)

        def unless_aborted(step):
            return lambda: step() if environment["Status"] == "Updating" else None

        self._later(*map(unless_aborted, (
            lambda: self._event(environment, "Deploying new version to instance(s).", request_id=request_id),
            lambda: self._event(environment, "Instance deployment completed successfully.", request_id=request_id),
            lambda: self._finish(environment, request_id, "update"),
        )))
        return self._public(environment)

    def do_AbortEnvironmentUpdate(self, request_id, EnvironmentName=None, EnvironmentId=None):
        environment = self._find(EnvironmentName, EnvironmentId)
        if not environment["AbortableOperationInProgress"]:
            raise invalid(f"Environment named {environment['EnvironmentName']} is in an invalid state for this operation.")
        environment.update(Status="Aborting", AbortableOperationInProgress=False, _draft=None, DateUpdated=now())
        self._event(environment, "Environment update is aborting.", request_id=request_id)

        def back():
            environment.update(Status="Ready", Health="Green", HealthStatus="Ok", VersionLabel=environment["_previous"])
            self._event(environment, "The environment was reverted to the previous configuration setting.", request_id=request_id)

        self._later(lambda: self._event(environment, "Rolling back the deployment.", request_id=request_id), back)

    def do_TerminateEnvironment(self, request_id, EnvironmentName=None, EnvironmentId=None, **_):
        environment = self._find(EnvironmentName, EnvironmentId)
        if environment["Status"] not in ("Ready", "Launching"):
            raise invalid(f"Environment named {environment['EnvironmentName']} is in an invalid state for this "
                          "operation. Must be Ready.")
        environment.update(Status="Terminating", Health="Grey", DateUpdated=now())
        self._event(environment, "terminateEnvironment is starting.", request_id=request_id)

        def end():
            environment.update(Status="Terminated", DateUpdated=now())
            self._event(environment, "terminateEnvironment completed successfully.", request_id=request_id)

        self._later(
            lambda: self._event(environment, "Deleted security group named: awseb-sg", request_id=request_id), end)
        return self._public(environment)

    def do_DescribeEnvironments(self, request_id, ApplicationName=None, EnvironmentNames=None, EnvironmentIds=None,
                                VersionLabel=None, IncludeDeleted=True, **_):
        return {"Environments": [
            self._public(e) for e in self.environments
            if (not ApplicationName or e["ApplicationName"] == ApplicationName)
            and (not EnvironmentNames or e["EnvironmentName"] in EnvironmentNames)
            and (not EnvironmentIds or e["EnvironmentId"] in EnvironmentIds)
            and (IncludeDeleted or e["Status"] != "Terminated")
        ]}

    def do_DescribeEvents(self, request_id, ApplicationName=None, EnvironmentName=None, EnvironmentId=None,
                          RequestId=None, StartTime=None, MaxRecords=None, NextToken=None, Severity=None, **_):
        order = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
        rows = [
            event for identity, event in reversed(self.events)
            if (not ApplicationName or event["ApplicationName"] == ApplicationName)
            and (not EnvironmentName or event["EnvironmentName"] == EnvironmentName)
            and (not EnvironmentId or identity == EnvironmentId)
            and (not RequestId or event["RequestId"] == RequestId)
            and (not StartTime or event["EventDate"] >= StartTime)
            and (not Severity or order.index(event["Severity"]) >= order.index(Severity))
        ]
        start = int(NextToken or 0)
        stop = start + (MaxRecords or len(rows))
        return {"Events": rows[start:stop], "NextToken": str(stop) if stop < len(rows) else None}

    def do_DescribeConfigurationSettings(self, request_id, ApplicationName, EnvironmentName=None, **_):
        environment = self._find(EnvironmentName)
        draft = environment["_draft"]
        found = [self._configuration(environment, draft["status"], draft["api"])] if draft else []
        return {"ConfigurationSettings": [*found, self._configuration(environment, "deployed", environment["_api"])]}

    @staticmethod
    def _configuration(environment, status, api):
        settings = {
            ("aws:elasticbeanstalk:environment", "EnvironmentType"): "LoadBalanced",
            ("aws:autoscaling:asg", "MinSize"): "1",
            ("aws:autoscaling:asg", "MaxSize"): "4",
            **environment["_bundle"], **api,
        }
        return {
            "SolutionStackName": environment["SolutionStackName"], "ApplicationName": environment["ApplicationName"],
            "EnvironmentName": environment["EnvironmentName"], "DeploymentStatus": status,
            "DateCreated": environment["DateCreated"], "DateUpdated": environment["DateUpdated"],
            "OptionSettings": [{"Namespace": namespace, "OptionName": name, "Value": value}
                               for (namespace, name), value in sorted(settings.items())],
        }

    def do_DescribeEnvironmentHealth(self, request_id, EnvironmentName=None, EnvironmentId=None, AttributeNames=None):
        environment = self._find(EnvironmentName, EnvironmentId)
        return {"EnvironmentName": environment["EnvironmentName"], "HealthStatus": environment["HealthStatus"],
                "Color": environment["Health"], "Causes": environment["_causes"],
                "RefreshedAt": now()}

    def do_DescribeEnvironmentResources(self, request_id, EnvironmentName=None, EnvironmentId=None):
        environment = self._find(EnvironmentName, EnvironmentId)
        return {"EnvironmentResources": {"EnvironmentName": environment["EnvironmentName"],
                                         "Instances": [{"Id": "i-0abc"}], "LoadBalancers": [{"Name": "awseb-lb"}]}}
