"""The bundle's `.config` files and hooks, really run, twice, in the platform's order: see `ebextensions_runner`."""

import json
import unittest

import yaml

from ebextensions_runner import DeploymentFailed, Instance
from support import compiled, scratch, written

# Everything that a shell, a template or an env file could trip over.
CANARY = """sp ace 'single' "double" $HOME $$ `id` \\n %s #not!
second line = {{x}} ü"""
RDS = {"RDS_HOSTNAME": "db.example.internal", "RDS_PORT": "3306", "RDS_DB_NAME": "ebdb", "RDS_USERNAME": "ebroot", "RDS_PASSWORD": CANARY}
MIGRATE = ["python3", "manage.py", "migrate", "--no-input"]


def bundle():
    return compiled("dev") / "bundle"


def instance(**more):
    return Instance(scratch("instance-"), rds=dict(RDS), **more)


def started(on, name):
    """The environment that ECS would start a container of the deployed Dockerrun with."""
    document = json.loads((on.current / "Dockerrun.aws.json").read_text())
    container = next(made for made in document["containerDefinitions"] if made["name"] == name)
    return {entry["name"]: entry["value"] for entry in container.get("environment", [])}


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
        self.assertEqual(on.calls()[:calls], on.calls()[calls:])

    def test_the_containers_get_the_database_under_the_names_they_know(self):
        self.assertLessEqual({"MYSQL_HOST": RDS["RDS_HOSTNAME"], "MYSQL_USER": "ebroot", "MYSQL_DATABASE": "ebdb",
                              "MYSQL_PASSWORD": CANARY, "DJANGO_SETTINGS_MODULE": "todobackend.settings_release"}.items(),
                             started(self.leader, "app").items())
        self.assertNotIn("MYSQL_PASSWORD", started(self.leader, "xray"))

    def test_the_migration_runs_once_with_the_new_image_and_the_database(self):
        runs = jobs(self.leader)
        self.assertEqual(1, len(runs), runs)
        words, given = runs[0]["arguments"], runs[0]["container"]
        self.assertEqual(MIGRATE, words[-4:])
        self.assertEqual("123456789012.dkr.ecr.us-east-1.amazonaws.com/todobackend:1.4.2", words[-5])
        self.assertLessEqual({"MYSQL_PASSWORD": CANARY, "MYSQL_HOST": RDS["RDS_HOSTNAME"], "MYSQL_DATABASE": "ebdb"}.items(), given.items())
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
        self.assertEqual(started(self.leader, "app"), started(follower, "app"))

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
            ("aws:rds:dbinstance", "DBEngine"): "mysql",
            ("aws:rds:dbinstance", "DBInstanceClass"): "db.t4g.micro",
        }
        self.assertLessEqual(wanted.items(), options.items(), options)
        types = [value for (_, name), value in options.items() if name in ("InstanceTypes", "InstanceType")]
        self.assertEqual(["t3.small"], types)


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
