"""What the fixture becomes on each target: the promises of the README, read back from the artifacts.

The linters say that a template is legal; this says that it is the application that was asked for.
"""

import json
import unittest


import template_rules
from support import ROOT, compiled, read_template, resources

RELEASE_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/todobackend"
UWSGI = ["uwsgi", "--http=0.0.0.0:8000", "--module=todobackend.wsgi", "--master", "--die-on-term", "--processes=4", "--threads=2",
         "--check-static=/public"]
PASSWORD = "not-a-secret-on-a-laptop"


def refers(value, name):
    return name in set(template_rules.references(value))


class OnEcs:
    """What both ECS targets promise."""

    environment = None

    @classmethod
    def setUpClass(cls):
        cls.directory = compiled(cls.environment)
        cls.text = (cls.directory / "template.yaml").read_text()
        cls.template = read_template(cls.text)
        cls.tasks = resources(cls.template, "AWS::ECS::TaskDefinition")
        cls.services = resources(cls.template, "AWS::ECS::Service")

    def container(self, name):
        """(task definition id, container) of the container of that name."""
        found = [(task, made) for task, properties in self.tasks.items() for made in properties["ContainerDefinitions"] if made["Name"] == name]
        self.assertEqual(1, len(found), f"{name} in {[task for task, _ in found]}")
        return found[0]

    def service_of(self, task):
        return next(name for name, service in self.services.items() if refers(service["TaskDefinition"], task))

    def ingress(self):
        """(group, rule) of every ingress rule."""
        return list(template_rules.ingress_rules(self.template))

    def test_nothing_that_is_skipped_or_replaced_is_deployed(self):
        names = {made["Name"] for task in self.tasks.values() for made in task["ContainerDefinitions"]}
        self.assertEqual(set(), names & {"release", "test", "acceptance", "db"})
        self.assertLessEqual({"app", "collectstatic", "migrate", "xray"}, names)

    def test_commands_and_images(self):
        _, app = self.container("app")
        self.assertEqual(UWSGI, app["Command"])
        self.assertEqual(["python3", "manage.py", "migrate", "--no-input"], self.container("migrate")[1]["Command"])
        self.assertEqual(["python3", "manage.py", "collectstatic", "--no-input"], self.container("collectstatic")[1]["Command"])
        _, xray = self.container("xray")
        self.assertEqual(["-o"], xray["Command"])
        self.assertNotIn("EntryPoint", xray, "-o is appended to the image's own")
        for name in ("app", "migrate", "collectstatic"):
            made = self.container(name)[1]
            self.assertIn(RELEASE_IMAGE, json.dumps(made["Image"]))
            self.assertEqual("1000", str(made["User"]).split(":")[0])

    def test_the_version_is_a_parameter(self):
        text = json.dumps(self.container("app")[1]["Image"])
        parameter, = [name for name in self.template["Parameters"] if name.lower() == "appversion"]
        self.assertIn(parameter, text)
        self.assertNotIn("Default", self.template["Parameters"][parameter])
        values = json.loads((self.directory / "parameters.json").read_text())["Parameters"]
        self.assertEqual("1.4.2", values[parameter])

    def test_collectstatic_ends_before_the_application_starts_and_does_not_stop_it(self):
        task, app = self.container("app")
        inner, collectstatic = self.container("collectstatic")
        self.assertEqual(task, inner, "they share the volume, so the task")
        self.assertIs(False, collectstatic["Essential"])
        waits = {entry["ContainerName"]: entry["Condition"] for entry in app["DependsOn"]}
        self.assertEqual("SUCCESS", waits["collectstatic"])
        mounts = [{mount["SourceVolume"]: mount["ContainerPath"] for mount in made["MountPoints"]} for made in (app, collectstatic)]
        self.assertEqual(mounts[0], mounts[1])
        self.assertEqual(["/public"], list(mounts[0].values()))

    def test_the_migration_gates_the_application_and_no_more(self):
        app = self.service_of(self.container("app")[0])
        xray = self.service_of(self.container("xray")[0])
        migrate, _ = self.container("migrate")
        runs = [name for name, resource in self.template["Resources"].items() if resource["Type"].startswith("Custom::")
                and refers(resource["Properties"], migrate)]
        self.assertEqual(1, len(runs))
        self.assertIn(runs[0], template_rules.before(self.template, app))
        self.assertNotIn(runs[0], template_rules.before(self.template, xray))

    def test_the_task_runner_carries_the_source_that_is_tested(self):
        source = next(ROOT.glob("targets/**/task_runner/index.py")).read_text()
        runner = [function for function in resources(self.template, "AWS::Lambda::Function").values()
                  if function.get("Code", {}).get("ZipFile", "").strip() == source.strip()]
        self.assertEqual(1, len(runner))
        self.assertEqual("index.handler", runner[0]["Handler"])
        self.assertRegex(runner[0]["Runtime"], r"^python3\.1[3-9]$")
        role = next(template_rules.references(runner[0]["Role"]))
        roles = resources(self.template, "AWS::IAM::Role")
        policies = list(resources(self.template, "AWS::IAM::Policy").items())
        allowed = set(template_rules.actions(role, roles[role], policies))
        self.assertLessEqual({"ecs:RunTask", "ecs:DescribeTasks", "ecs:StopTask", "iam:PassRole", "cloudformation:DescribeStacks",
                              "lambda:InvokeFunction", "logs:GetLogEvents"}, allowed)

    def test_log_groups(self):
        groups = {json.dumps(group["LogGroupName"]): group for group in resources(self.template, "AWS::Logs::LogGroup").values()}
        for name in ("app", "migrate", "xray"):
            found = [group for text, group in groups.items() if f"/${{AWS::StackName}}/ecs/{name}" in text]
            self.assertEqual(1, len(found), (name, list(groups)))
            self.assertEqual(7, found[0]["RetentionInDays"])

    def test_the_tracing_daemon_has_its_permissions_and_only_it(self):
        roles = resources(self.template, "AWS::IAM::Role")
        policies = list(resources(self.template, "AWS::IAM::Policy").items())
        for name in ("app", "migrate", "xray"):
            role = next(template_rules.references(self.tasks[self.container(name)[0]].get("TaskRoleArn", {})), None)
            allowed = set(template_rules.actions(role, roles[role], policies)) if role else set()
            wanted = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
            self.assertEqual(wanted if name == "xray" else set(), allowed & wanted, name)

    def test_the_database(self):
        (name, database), = resources(self.template, "AWS::RDS::DBInstance").items()
        self.assertEqual(("mysql", "db.t4g.micro", True, False),
                         (database["Engine"], database["DBInstanceClass"], database["StorageEncrypted"], database["PubliclyAccessible"]))
        self.assertEqual("20", str(database["AllocatedStorage"]))
        self.assertRegex(str(database["EngineVersion"]), r"^8\.4")
        self.assertEqual("todobackend", database["DBName"])
        self.assertEqual({"Snapshot"}, {self.template["Resources"][name][key] for key in ("DeletionPolicy", "UpdateReplacePolicy")})
        self.assertTrue(resources(self.template, "AWS::RDS::DBSubnetGroup"))
        self.assertTrue(resources(self.template, "AWS::SecretsManager::SecretTargetAttachment"))
        secret, = [made for made in resources(self.template, "AWS::SecretsManager::Secret").values() if "GenerateSecretString" in made]
        self.assertIn("password", json.dumps(secret).lower())

    def test_the_containers_get_the_database_and_no_password(self):
        (name, _), = resources(self.template, "AWS::RDS::DBInstance").items()
        for container in ("app", "migrate"):
            _, made = self.container(container)
            plain = {entry["Name"]: entry["Value"] for entry in made["Environment"]}
            secret = {entry["Name"]: entry["ValueFrom"] for entry in made["Secrets"]}
            everything = plain | secret
            self.assertLessEqual({"MYSQL_HOST", "MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE", "DJANGO_SETTINGS_MODULE"}, set(everything))
            self.assertIn("MYSQL_PASSWORD", secret)
            self.assertTrue("MYSQL_HOST" in secret or refers(plain["MYSQL_HOST"], name))
        self.assertNotIn(PASSWORD, self.text)

    def test_the_daemons_name_is_known(self):
        _, app = self.container("app")
        value = {entry["Name"]: entry["Value"] for entry in app["Environment"]}["AWS_XRAY_DAEMON_ADDRESS"]
        self.assertRegex(json.dumps(value), r"xray\..*:2000")
        service = self.services[self.service_of(self.container("xray")[0])]
        registry, = service["ServiceRegistries"]
        discovery = resources(self.template, "AWS::ServiceDiscovery::Service")[next(template_rules.references(registry["RegistryArn"]))]
        self.assertEqual("xray", discovery["Name"])
        self.assertEqual([("A", 10)], [(record["Type"], int(record["TTL"])) for record in discovery["DnsConfig"]["DnsRecords"]])
        self.assertIn("HealthCheckCustomConfig", discovery)
        self.assertEqual("awsvpc", self.tasks[self.container("xray")[0]]["NetworkMode"])

    def test_services_roll(self):
        for name, service in self.services.items():
            deployment = service["DeploymentConfiguration"]
            # One copy that writes to a volume ends before its successor starts; on Fargate, the volume ends with its task.
            rolls = (0, 100) if name == "AppServiceOnInstance" else (100, 200)
            self.assertEqual(rolls, (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]), name)
            self.assertEqual((True, True), (deployment["DeploymentCircuitBreaker"]["Enable"], deployment["DeploymentCircuitBreaker"]["Rollback"]))

    def test_one_load_balancer_with_an_output(self):
        (name, _), = resources(self.template, "AWS::ElasticLoadBalancingV2::LoadBalancer").items()
        self.assertTrue(any(refers(output["Value"], name) for output in self.template["Outputs"].values()))
        group, = resources(self.template, "AWS::ElasticLoadBalancingV2::TargetGroup").values()
        self.assertEqual("/todos", group["HealthCheckPath"])

    def test_ports_are_open_along_the_edges_and_nowhere_else(self):
        opened = {(rule.get("IpProtocol"), rule.get("FromPort"), rule.get("ToPort")) for _, rule in self.ingress()}
        self.assertEqual({("tcp", 80, 80), ("udp", 2000, 2000), ("tcp", 3306, 3306), self.balancer_ports}, opened)
        world = [owner for owner, rule in self.ingress() if rule.get("CidrIp") == "0.0.0.0/0"]
        self.assertEqual(1, len(world), world)

    def test_the_health_check_is_raised_to_what_ecs_takes(self):
        _, app = self.container("app")
        self.assertEqual(["CMD-SHELL", "curl -fs localhost:8000"], app["HealthCheck"]["Command"])
        self.assertEqual(5, app["HealthCheck"]["Interval"])

    def test_each_resource_says_where_it_comes_from(self):
        self.assertRegex(self.text, r"(?m)^ *# services\.app")
        self.assertRegex(self.text, r"(?m)^ *# services\.xray")
        self.assertNotRegex(self.text, r"compose\.yaml:\d+")


class OnFargate(OnEcs, unittest.TestCase):
    environment = "prod"
    balancer_ports = ("tcp", 8000, 8000)

    def test_tasks_are_fargate_tasks(self):
        for name, task in self.tasks.items():
            self.assertEqual((["FARGATE"], "awsvpc"), (task["RequiresCompatibilities"], task["NetworkMode"]), name)

    def test_the_namespace_is_the_one_asked_for(self):
        namespace, = resources(self.template, "AWS::ServiceDiscovery::PrivateDnsNamespace").values()
        self.assertEqual("services.example.org", namespace["Name"])

    def test_targets_are_addresses(self):
        group, = resources(self.template, "AWS::ElasticLoadBalancingV2::TargetGroup").values()
        self.assertEqual("ip", group["TargetType"])

    def test_egress_is_written(self):
        """A group without egress rules may reach everything."""
        explicit = {name for name, group in resources(self.template, "AWS::EC2::SecurityGroup").items() if "SecurityGroupEgress" in group}
        explicit |= {next(template_rules.references(rule["GroupId"])) for rule in resources(self.template, "AWS::EC2::SecurityGroupEgress").values()}
        self.assertEqual(set(resources(self.template, "AWS::EC2::SecurityGroup")), explicit)

    def test_no_public_address(self):
        for name, service in self.services.items():
            self.assertEqual("DISABLED", service["NetworkConfiguration"]["AwsvpcConfiguration"].get("AssignPublicIp", "DISABLED"), name)

    def test_public_is_writable_for_user_1000(self):
        """A task-local volume belongs to root: something must hand it over before collectstatic writes."""
        task, collectstatic = self.container("collectstatic")
        by_name = {made["Name"]: made for made in self.tasks[task]["ContainerDefinitions"]}
        before = [by_name[entry["ContainerName"]] for entry in collectstatic.get("DependsOn", [])]
        owners = [made for made in before if "1000:1000" in json.dumps(made) and made.get("User") in ("0", "root", "0:0")]
        self.assertEqual(1, len(owners), collectstatic.get("DependsOn"))


class OnEc2(OnEcs, unittest.TestCase):
    environment = "staging"
    balancer_ports = ("tcp", 32768, 60999)

    def test_the_application_is_in_bridge_mode_with_a_dynamic_port(self):
        task, app = self.container("app")
        self.assertEqual("bridge", self.tasks[task].get("NetworkMode", "bridge"))
        mapping, = app["PortMappings"]
        self.assertEqual((8000, 0), (mapping["ContainerPort"], mapping.get("HostPort", 0)))

    def test_what_runs_it(self):
        launch, = resources(self.template, "AWS::EC2::LaunchTemplate").values()
        data = launch["LaunchTemplateData"]
        self.assertEqual("required", data["MetadataOptions"]["HttpTokens"])
        disk = data["BlockDeviceMappings"][0]["Ebs"]
        self.assertEqual(("gp3", True), (disk["VolumeType"], disk["Encrypted"]))
        self.assertEqual("t3.small", data["InstanceType"])
        self.assertTrue(resources(self.template, "AWS::AutoScaling::AutoScalingGroup"))
        provider, = resources(self.template, "AWS::ECS::CapacityProvider").values()
        self.assertEqual("ENABLED", provider["AutoScalingGroupProvider"]["ManagedScaling"]["Status"])
        self.assertTrue(resources(self.template, "AWS::IAM::InstanceProfile"))
        images = [parameter for parameter in self.template["Parameters"].values()
                  if parameter["Type"] == "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"]
        self.assertIn("amazon-linux-2023", images[0]["Default"])

    def test_the_volume_lies_on_the_host_and_belongs_to_the_user(self):
        task, _ = self.container("app")
        volume, = self.tasks[task]["Volumes"]
        self.assertEqual("/data/public", volume["Host"]["SourcePath"])
        launch, = resources(self.template, "AWS::EC2::LaunchTemplate").values()
        prepared = json.dumps(launch["LaunchTemplateData"]["UserData"])
        self.assertIn("/data/public", prepared)
        self.assertRegex(prepared, r"1000:1000|-o 1000 -g 1000")


class OnBeanstalk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = compiled("dev") / "bundle"
        cls.document = json.loads((cls.directory / "Dockerrun.aws.json").read_text())
        cls.containers = {made["name"]: made for made in cls.document["containerDefinitions"]}

    def test_the_containers(self):
        self.assertEqual({"app", "collectstatic", "xray"}, set(self.containers))
        self.assertEqual(UWSGI, self.containers["app"]["command"])
        self.assertEqual(f"{RELEASE_IMAGE}:1.4.2", self.containers["app"]["image"])
        self.assertIs(False, self.containers["collectstatic"]["essential"])
        self.assertNotIn("entryPoint", self.containers["xray"])
        self.assertEqual(["-o"], self.containers["xray"]["command"])

    def test_port_80_goes_to_the_application(self):
        mapping, = self.containers["app"]["portMappings"]
        self.assertEqual((80, 8000), (mapping["hostPort"], mapping["containerPort"]))

    def test_the_daemon_is_reached_by_its_name(self):
        self.assertTrue(any(link.split(":")[-1] == "xray" for link in self.containers["app"]["links"]))
        environment = {entry["name"]: entry["value"] for entry in self.containers["app"]["environment"]}
        self.assertEqual("xray:2000", environment["AWS_XRAY_DAEMON_ADDRESS"])

    def test_no_password(self):
        for path in compiled("dev").rglob("*"):
            if path.is_file():
                self.assertNotIn(PASSWORD.encode(), path.read_bytes(), path)

    def test_the_instances_may_pull_the_image(self):
        text = "".join(path.read_text() for path in sorted((self.directory / ".ebextensions").glob("*.config")))
        self.assertIn("ecr:BatchGetImage", text)
        self.assertIn("ecr:GetAuthorizationToken", text)


class Report(unittest.TestCase):
    DISPOSITIONS = {"exact", "approximated", "ignored", "rejected"}

    @staticmethod
    def leaves(value, path=""):
        if isinstance(value, dict) and value:
            for key, member in value.items():
                yield from Report.leaves(member, f"{path}.{key}" if path else str(key))
        elif isinstance(value, list) and value:
            for index, member in enumerate(value):
                yield from Report.leaves(member, f"{path}[{index}]")
        else:
            yield path

    def entries(self, environment):
        report = json.loads((compiled(environment) / "report.json").read_text())
        found = next(value for value in report.values() if isinstance(value, list) and value and "disposition" in json.dumps(value[0]))
        return {entry.get("key") or entry["path"]: entry for entry in found}

    def test_every_leaf_has_its_disposition(self):
        for environment in ("dev", "staging", "prod"):
            with self.subTest(environment):
                entries = self.entries(environment)
                self.assertEqual(set(), {entry["disposition"] for entry in entries.values()} - self.DISPOSITIONS)
                for key in ("services.app.image", "services.app.healthcheck.interval", "services.app.command[0]", "services.xray.environment.AWS_REGION",
                            "services.db.healthcheck.retries", "services.release.build.context", "x-tranship.skip[0]"):
                    self.assertIn(key, entries)
                for entry in entries.values():
                    self.assertRegex(json.dumps(entry), r"compose\.yaml|default|inferred")

    def test_what_is_approximated_says_with_what(self):
        interval = self.entries("prod")["services.app.healthcheck.interval"]
        self.assertEqual("approximated", interval["disposition"])
        self.assertRegex(json.dumps(interval), r"\b5\b")

    def test_no_password(self):
        for environment in ("dev", "staging", "prod"):
            self.assertNotIn(PASSWORD, (compiled(environment) / "report.json").read_text())
