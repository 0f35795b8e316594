"""The bundle's `.config` files and hooks, really run, twice, in the platform's order: see `ebextensions_runner`."""

import json
import subprocess
import unittest

import yaml

from ebextensions_runner import DeploymentFailed, Instance
from registration import Environment, RegistrationFailed
from support import ROOT, compiled, scratch, written

# Everything that a shell, a template or an env file could trip over.
CANARY = """sp ace 'single' "double" $HOME $$ `id` \\n %s #not!
second line = {{x}} ü"""
HOST = "dbdatabase.abc.us-east-1.rds.amazonaws.com"
MIGRATE = ["python3", "manage.py", "migrate", "--no-input"]


def bundle():
    return compiled("dev") / "bundle"


def environment():
    """The environment of the bundle, whose password is hard to hand on."""
    return Environment(bundle(), password=CANARY)


def instance(**more):
    return Instance(scratch("instance-"), properties=environment().properties(), **more)


def jobs(on):
    return [call for call in on.calls("docker") if call["arguments"][:1] == ["run"]]


class Fixture(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.leader = instance()
        cls.leader.deploy(bundle())

    def test_a_second_deployment_makes_the_same_files(self):
        on = instance()
        on.deploy(bundle())
        first, calls = on.files(), len(on.calls())
        on.deploy(bundle())
        self.assertEqual(first, on.files())
        again = on.calls()[calls:]
        filling = ("create", "cp", "rm", "pull")
        once = [call for call in on.calls()[:calls] if not (call["name"] == "docker" and call["arguments"][0] in filling)]
        # The volume has content now: neither its registry nor its image is asked again.
        self.assertEqual([call["name"] for call in once if call["name"] not in ("aws", "docker")],
                         [call["name"] for call in again if call["name"] not in ("aws", "docker")])
        self.assertEqual(jobs(on)[0], jobs(on)[1])

    def test_the_containers_get_the_database_under_the_names_they_know(self):
        self.assertLessEqual({"MYSQL_HOST": HOST, "MYSQL_USER": "todo", "MYSQL_DATABASE": "todobackend",
                              "MYSQL_PASSWORD": CANARY, "DJANGO_SETTINGS_MODULE": "todobackend.settings_release"}.items(),
                             environment().task()["app"].items())

    def test_nothing_on_the_instance_changes_what_is_registered(self):
        name = "Dockerrun.aws.json"
        self.assertEqual((bundle() / name).read_bytes(), (self.leader.current / name).read_bytes())

    def test_the_migration_runs_once_with_the_new_image_and_the_database(self):
        runs = jobs(self.leader)
        self.assertEqual(1, len(runs), runs)
        words, given = runs[0]["arguments"], runs[0]["container"]
        self.assertEqual(MIGRATE, words[-4:])
        self.assertEqual("123456789012.dkr.ecr.us-east-1.amazonaws.com/todobackend:1.4.2", words[-5])
        self.assertLessEqual({"MYSQL_PASSWORD": CANARY, "MYSQL_HOST": HOST, "MYSQL_DATABASE": "todobackend"}.items(), given.items())
        self.assertIn("1000", words[words.index("--user") + 1] if "--user" in words else " ".join(words))

    def test_the_registry_is_logged_in_to_before_the_migration(self):
        order = [call["arguments"][0] for call in self.leader.calls("docker")]
        self.assertLess(order.index("login"), order.index("run"))
        login = next(call for call in self.leader.calls("docker") if call["arguments"][0] == "login")
        self.assertEqual("token-of-the-registry", login["stdin"].strip())
        self.assertIn("123456789012.dkr.ecr.us-east-1.amazonaws.com", " ".join(login["arguments"]))

    def test_only_the_leader_migrates(self):
        follower = instance(leader=False)
        follower.deploy(bundle())
        self.assertEqual([], jobs(follower))

    def test_a_migration_that_fails_stops_the_deployment(self):
        on = instance(fails=("manage.py migrate",))
        with self.assertRaises(DeploymentFailed):
            on.deploy(bundle())
        self.assertFalse(on.current.exists(), "the new version must not start")

    def test_a_refused_login_stops_the_deployment(self):
        with self.assertRaises(DeploymentFailed):
            instance(fails=("docker login",)).deploy(bundle())

    def test_the_volume_belongs_to_the_user_of_the_containers(self):
        document = json.loads((self.leader.current / "Dockerrun.aws.json").read_text())
        places = [volume["host"]["sourcePath"] for volume in document["volumes"] if "sourcePath" in volume.get("host", {})]
        self.assertTrue(places, document["volumes"])
        owned = [" ".join(call["arguments"]).replace(str(self.leader.root), "") for call in self.leader.calls("chown")]
        for place in places:
            self.assertTrue((self.leader.root / place.lstrip("/")).is_dir(), place)
            self.assertTrue(any("1000:1000" in words and place in words for words in owned), (place, owned))

    def test_an_empty_volume_gets_what_the_image_has_and_a_full_one_keeps_what_it_has(self):
        on = instance()
        on.deploy(bundle())
        place = on.root / "data/public"
        self.assertEqual("content", (place / "of-the-image").read_text())
        self.assertEqual((0o751, 0o640), (place.stat().st_mode & 0o777, (place / "of-the-image").stat().st_mode & 0o777))
        copied = [call["arguments"] for call in on.calls("docker") if call["arguments"][0] in ("create", "cp", "rm")]
        image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/todobackend:1.4.2"
        self.assertEqual([["create", image, "none"], ["cp", "made:/public", "-"], ["rm", "made"]], copied)
        (place / "of-the-image").write_text("changed")
        on.deploy(bundle())
        self.assertEqual("changed", (place / "of-the-image").read_text())

    def test_ec2_user_may_use_docker(self):
        calls = [call["arguments"] for call in self.leader.calls("usermod")]
        self.assertTrue(any("ec2-user" in words and "docker" in " ".join(words) for words in calls), calls)

    def test_the_password_is_in_no_argument_and_no_readable_file(self):
        for call in self.leader.calls():
            self.assertNotIn("sp ace 'single'", " ".join(call["arguments"]), call["name"])
        for path, (mode, content) in self.leader.files().items():
            if b"sp ace 'single'" in content:
                self.assertEqual(0, mode & 0o077, f"{path} holds the password and others may read it")

    def test_the_options_say_what_the_environment_needs(self):
        options = {}
        for path in sorted((bundle() / ".ebextensions").glob("*.config")):
            settings = (yaml.safe_load(path.read_text()) or {}).get("option_settings") or {}
            if isinstance(settings, list):
                settings = {(entry.get("namespace"), entry["option_name"]): entry["value"] for entry in settings}
            else:
                settings = {(space, name): value for space, values in settings.items() for name, value in values.items()}
            options |= settings
        wanted = {
            ("aws:elasticbeanstalk:environment", "LoadBalancerType"): "application",
            ("aws:elasticbeanstalk:environment:process:default", "HealthCheckPath"): "/todos",
        }
        self.assertLessEqual(wanted.items(), options.items(), options)
        types = [value for (_, name), value in options.items() if name in ("InstanceTypes", "InstanceType")]
        self.assertEqual(["t3.small"], types)


class EntryPointsThatReadAFolder(unittest.TestCase):
    """`init`: what an entry point finds when its container starts, read as targets/beanstalk/README.md shows."""

    BUNDLE = ROOT / "tests/golden/beanstalk-init/expected/bundle"

    def deployed(self, leader=True, on=None):
        on = on or Instance(scratch("instance-"), properties=Environment(self.BUNDLE, password=CANARY).properties(), leader=leader)
        on.deploy(self.BUNDLE)
        return on

    def started(self, on, container, program="#!/bin/sh\necho \"$@ as $MODE\" >>ran\n"):
        """Runs the entry point of the documentation on the container's folder: the variables, what ran first, the exit code."""
        place = scratch("container-")
        (place / "python3").write_text(program)
        (place / "python3").chmod(0o755)
        page = (ROOT / "targets/beanstalk/README.md").read_text()
        script = page.split("```sh\n#!/bin/sh\n")[1].split("```")[0].replace("/init/", f"{on.root}/opt/init/{container}/")
        (place / "entrypoint").write_text(script)
        done = subprocess.run(["sh", "entrypoint", "env", "-0"], cwd=place, capture_output=True, text=True, check=False,
                              env={"PATH": f"{place}:/usr/bin:/bin", "MODE": "web"})
        ran = (place / "ran").read_text() if (place / "ran").exists() else ""
        return dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry), ran, done.returncode

    def test_each_container_has_its_own_values(self):
        on = self.deployed()
        app, ran, _ = self.started(on, "app")
        wanted = {"DB_HOST": HOST, "DB_PASSWORD": CANARY, "API_TOKEN": "the 'value' of shop/app/API_TOKEN", "MODE": "web"}
        self.assertLessEqual(wanted.items(), app.items())
        self.assertEqual("manage.py migrate --no-input as migration\n", ran)
        mailer, ran, _ = self.started(on, "mailer")
        self.assertEqual(("the 'value' of shop/mailer/API_TOKEN", HOST, ""), (mailer["API_TOKEN"], mailer["DB_HOST"], ran))
        self.assertNotIn("DB_PASSWORD", mailer)
        self.assertEqual([], jobs(on))

    def test_only_the_leader_runs_the_commands_and_only_those_of_this_version(self):
        on = self.deployed()
        commands = on.root / "opt/init/app/commands"
        self.assertTrue(commands.exists())
        on.leader = False
        self.deployed(on=on)
        self.assertFalse(commands.exists())
        self.assertEqual("", self.started(on, "app")[1])

    def test_a_command_that_fails_ends_the_container(self):
        variables, _, code = self.started(self.deployed(), "app", program="#!/bin/sh\nexit 9\n")
        self.assertEqual(({}, 9), (variables, code))

    def test_a_change_of_the_configuration_writes_the_values_again(self):
        on = self.deployed()
        written = on.root / "opt/init/app/environment"
        before = written.read_text()
        written.unlink()
        hook = on.current / ".platform/confighooks/prebuild/20_init.sh"
        self.assertEqual(0, on._run([str(hook)], on.staging, on._variables()).returncode)
        self.assertEqual(before, written.read_text())
        self.assertEqual((0o700, 0o444), ((on.root / "opt/init").stat().st_mode & 0o777, written.stat().st_mode & 0o777))


class EveryGolden(unittest.TestCase):
    """What is blessed can be registered, with every value that a container needs."""

    def test_the_task_of_each_bundle_of_the_ecs_platform(self):
        found = sorted((ROOT / "tests/golden").rglob("bundle/Dockerrun.aws.json"))
        bundles = [path.parent for path in found if "containerDefinitions" in path.read_text()]
        self.assertLess(3, len(bundles))
        for bundle in bundles:
            with self.subTest(str(bundle)):
                for name, variables in Environment(bundle).task().items():
                    for variable, value in variables.items():
                        self.assertNotRegex(value, r"Fn::|\{\{resolve|^`", f"{name}: {variable}")


class TheRegistrationItself(unittest.TestCase):
    """It refuses what Elastic Beanstalk, CloudFormation or Amazon ECS would."""

    DOCKERRUN = json.dumps({"AWSEBDockerrunVersion": 2, "executionRoleArn": "arn:aws:iam::123456789012:role/r",
                            "containerDefinitions": [{"name": "a", "environment": [{"name": "A", "value": "1"}]}]})

    def made(self, config, dockerrun=DOCKERRUN):
        return Environment(written({"Dockerrun.aws.json": dockerrun, ".ebextensions/1.config": config}))

    def test_what_it_refuses(self):
        secrets = "option_settings: { 'aws:elasticbeanstalk:application:environmentsecrets': { B: '`{\"Ref\":\"S\"}`' } }"
        texts = "option_settings: { 'aws:elasticbeanstalk:application:environment': { A: '2' } }"
        kept = "Resources: { S: { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: x } } }"
        sub = "Resources: { S: { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: { 'Fn::Sub': x } } } }"
        for config, why in [(texts, "have two values"), (secrets, "which there is not"), (f"{secrets}\n{kept}", "may not read"),
                            (sub, "documents no Fn::Sub"), (texts.replace("'2'", "'" + "x" * 5000 + "'"), "bytes")]:
            with self.assertRaisesRegex(RegistrationFailed, why):
                self.made(config).task()
        with self.assertRaisesRegex(RegistrationFailed, "no role"):
            self.made(f"{secrets}\n{kept}", self.DOCKERRUN.replace("arn:aws:iam::123456789012", "")).task()


HAND_MADE = {
    ".ebextensions/10-first.config": """\
files:
  /etc/made.sh:
    mode: "000755"
    content: |
      #!/bin/sh
      echo "$1" >>/var/log/order
commands:
  b: { command: /etc/made.sh b }
  a: { command: [/etc/made.sh, a] }
container_commands:
  z: { command: /etc/made.sh "in $(basename "$PWD") with $GIVEN" }
  y: { command: /etc/made.sh leader, leader_only: true, test: "false" }
  x: { command: /etc/made.sh never, test: "false" }
  w: { command: "exit 3", ignoreErrors: true }
""",
    ".ebextensions/20-second.config": """\
commands:
  0: { command: /etc/made.sh c }
container_commands:
  run: { command: docker run -e SECRET --env-file /etc/env image }
""",
    ".platform/hooks/prebuild/01.sh": "#!/bin/sh\n/etc/made.sh prebuild\n",
    ".platform/hooks/postdeploy/01.sh": "#!/bin/sh\n/opt/elasticbeanstalk/bin/get-config environment -k GIVEN >>/var/log/order\n",
}


def hand_made(**changed):
    place = written(HAND_MADE | {f".ebextensions/{name}.config": text for name, text in changed.items()})
    for hook in (place / ".platform").rglob("*.sh"):
        hook.chmod(0o755)
    return place


class TheRunnerItself(unittest.TestCase):
    def deployed(self, leader=True):
        on = Instance(scratch("instance-"), properties={"GIVEN": "v", "SECRET": CANARY}, leader=leader)
        (on.root / "etc/env").write_text("A=1 2\n# no\n")
        on.deploy(hand_made())
        return on, (on.root / "var/log/order").read_text().splitlines()

    def test_the_order(self):
        self.assertEqual(["a", "b", "c", "prebuild", "leader", "in staging with v", "v"], self.deployed()[1])

    def test_leader_only(self):
        self.assertNotIn("leader", self.deployed(leader=False)[1])

    def test_what_a_container_gets(self):
        on, _ = self.deployed()
        self.assertEqual({"SECRET": CANARY, "A": "1 2"}, jobs(on)[0]["container"])

    def test_a_failing_command_stops_the_deployment(self):
        on = Instance(scratch("instance-"), properties={"GIVEN": "v"})
        with self.assertRaisesRegex(DeploymentFailed, "15-fails.config: commands.x: exit 3"):
            on.deploy(hand_made(**{"15-fails": "commands: { x: { command: exit 3 } }"}))
        self.assertEqual("a\nb\n", (on.root / "var/log/order").read_text())

    def test_a_file_with_an_unknown_key_is_refused(self):
        with self.assertRaises(DeploymentFailed):
            Instance(scratch("instance-")).deploy(hand_made(**{"15-typo": "comands: {}"}))

    def test_a_command_that_needs_jq_fails(self):
        with self.assertRaisesRegex(DeploymentFailed, "jq is not promised"):
            Instance(scratch("instance-")).deploy(hand_made(**{"15-jq": "commands: { x: { command: jq . } }"}))

    def test_files_are_compared_without_the_root(self):
        self.assertEqual(self.deployed()[0].files(), self.deployed()[0].files())
