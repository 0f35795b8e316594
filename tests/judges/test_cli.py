"""The command line as a user meets it: the README's first command, verify, explain, colours, streams, exit codes."""

import json
import os
import pty
import re
import shutil
import subprocess
import unittest

import yaml

from support import BARE, FIXTURE, ROOT, TRANSHIP, goldens, scratch, tranship, tree, written

ANSI = re.compile(r"\x1b\[")
PLAIN = "services:\n  web:\n    image: nginx:1.29\n    ports: [\"80:80\"]\n"


def fixture_copy():
    place = scratch() / "todobackend"
    shutil.copytree(FIXTURE, place, ignore=shutil.ignore_patterns("dist"))
    return place


def first_block():
    """The commands of the README's first `sh` block."""
    text = (ROOT / "README.md").read_text()
    return re.search(r"(?ms)^```sh\n(.*?)^```", text)[1]


class Readme(unittest.TestCase):
    def test_the_first_block_compiles_the_fixture_without_the_sdk(self):
        block = first_block()
        self.assertIn("--no-default-features", block)
        self.assertIn("fixtures/todobackend", block)

    def test_the_second_block_is_the_test_command(self):
        blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", (ROOT / "README.md").read_text())
        self.assertEqual("tests/run", blocks[1].strip())
        self.assertIn("tests/run", (ROOT / ".ci/run").read_text())


class Build(unittest.TestCase):
    def test_without_a_word_every_environment_is_built(self):
        place = fixture_copy()
        done = tranship("build", cwd=place)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(["dev", "prod", "staging"], sorted(path.name for path in (place / "dist").iterdir()))
        self.assertEqual("", done.stdout)

    def test_a_target_goes_to_a_directory_of_its_name(self):
        place = written({"compose.yaml": PLAIN})
        for target in ("fargate", "ecs-ec2", "beanstalk"):
            done = tranship("build", "--target", target, cwd=place)
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertTrue((place / "dist" / target / "report.json").exists())

    def test_an_ordinary_file_gives_at_most_five_lines_of_talk(self):
        place = written({"compose.yaml": PLAIN})
        for target in ("fargate", "ecs-ec2", "beanstalk"):
            done = tranship("build", "--target", target, cwd=place)
            self.assertLessEqual(len(done.stderr.splitlines()), 5, done.stderr)

    def test_a_variable_given_with_set_wins(self):
        place = fixture_copy()
        self.assertEqual(0, tranship("build", "dev", "--set", "APP_VERSION=9.9", cwd=place).returncode)
        self.assertIn("todobackend:9.9", (place / "dist/dev/bundle/Dockerrun.aws.json").read_text())
        self.assertEqual(0, tranship("build", "prod", "--set", "APP_VERSION=9.9", cwd=place).returncode)
        parameters = json.loads((place / "dist/prod/parameters.json").read_text())
        self.assertIn("9.9", parameters["Parameters"].values())

    def test_strict_makes_errors_of_warnings(self):
        place = fixture_copy()
        done = tranship("build", "prod", "--strict", cwd=place)
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertFalse((place / "dist").exists())

    def test_a_wrong_flag_is_a_usage_error(self):
        done = tranship("build", "--no-such-flag")
        self.assertEqual((2, ""), (done.returncode, done.stdout))

    def test_build_writes_nothing_outside_and_leaves_no_scraps(self):
        place = fixture_copy()
        before = {path for path in place.rglob("*")}
        tranship("build", "prod", cwd=place)
        new = {str(path.relative_to(place)) for path in place.rglob("*") if path not in before}
        self.assertEqual([], [path for path in new if not (path == "dist" or path.startswith("dist/prod"))])

    def test_a_directory_that_cannot_be_written_is_a_failure(self):
        place = fixture_copy()
        (place / "dist").write_text("in the way")
        done = tranship("build", "prod", cwd=place)
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn("dist", done.stderr)


class Verify(unittest.TestCase):
    def setUp(self):
        self.place = fixture_copy()

    def test_the_committed_goldens_hold(self):
        done = tranship("verify", "--all", cwd=self.place)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_a_difference_is_exit_3_and_readable(self):
        manifest = self.place / "compose.yaml"
        manifest.write_text(manifest.read_text().replace("--processes=4", "--processes=8"))
        before = tree(self.place)
        done = tranship("verify", "prod", cwd=self.place)
        self.assertEqual(3, done.returncode, done.stdout + done.stderr)
        said = done.stdout + done.stderr
        self.assertIn("--processes=4", said)
        self.assertIn("--processes=8", said)
        self.assertRegex(said, r"template\.yaml|ContainerDefinitions")
        self.assertLess(len(said.splitlines()), 40, "what differs, not both files")
        self.assertEqual(before, tree(self.place), "verify writes nothing")

    def test_bless_makes_it_hold(self):
        manifest = self.place / "compose.yaml"
        manifest.write_text(manifest.read_text().replace("--processes=4", "--processes=8"))
        self.assertEqual(0, tranship("verify", "--all", "--bless", cwd=self.place).returncode)
        self.assertEqual(0, tranship("verify", "--all", cwd=self.place).returncode)

    def test_a_missing_golden_is_a_difference(self):
        shutil.rmtree(self.place / "golden")
        done = tranship("verify", "prod", cwd=self.place)
        self.assertEqual(3, done.returncode, done.stdout + done.stderr)
        self.assertIn("--bless", done.stdout + done.stderr)

    def test_the_environment_has_no_say(self):
        """`verify` reads files and --set only."""
        done = tranship("verify", "--all", cwd=self.place, env={"APP_VERSION": "6.6.6"})
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)


class Check(unittest.TestCase):
    def test_every_target_without_a_word(self):
        done = tranship("check", cwd=written({"compose.yaml": PLAIN}))
        self.assertEqual(0, done.returncode, done.stderr)

    def test_json_is_one_object_on_standard_output(self):
        done = tranship("check", "prod", "--format", "json")
        self.assertEqual(0, done.returncode, done.stderr)
        for found in json.loads(done.stdout)["diagnostics"]:
            self.assertEqual({"code", "severity", "message", "service", "key", "target", "spans", "notes", "help"}, set(found))
            self.assertRegex(found["code"], r"^[a-z0-9-]+/[a-z0-9-]+$")

    def test_sarif_has_rules_and_places(self):
        done = tranship("check", "prod", "--format", "sarif")
        log = json.loads(done.stdout)
        self.assertEqual("2.1.0", log["version"])
        run, = log["runs"]
        rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
        for result in run["results"]:
            self.assertIn(result["ruleId"], rules)
            self.assertTrue(result["locations"][0]["physicalLocation"]["region"]["startLine"])

    def test_github_writes_workflow_commands(self):
        done = tranship("check", "--target", "fargate", "--format", "github", cwd=written({"compose.yaml": "services:\n  a: {imagine: x}\n"}))
        self.assertEqual(2, done.returncode)
        self.assertRegex(done.stdout, r"(?m)^::error .*file=compose\.yaml,.*line=2")

    def test_the_interval_below_the_limit_is_said(self):
        done = tranship("check", "prod", "-v")
        self.assertRegex(done.stderr, r"interval")
        self.assertRegex(done.stderr, r"\b5s\b")


class Explain(unittest.TestCase):
    def test_every_diagnostic_has_a_page(self):
        listed = re.findall(r"(?m)^\s*([a-z0-9-]+/[a-z0-9-]+)\b", tranship("explain").stdout)
        self.assertGreater(len(listed), 20)
        for name in listed:
            with self.subTest(name):
                done = tranship("explain", name)
                self.assertEqual(0, done.returncode)
                self.assertGreater(len(done.stdout.split()), 20)

    def test_a_name_that_is_not_there(self):
        done = tranship("explain", "compose/unknown-kee")
        self.assertEqual(2, done.returncode)
        self.assertIn("compose/unknown-key", done.stderr)


class Others(unittest.TestCase):
    def test_schema_is_a_json_schema_that_knows_the_fixture(self):
        schema = json.loads(tranship("schema").stdout)
        self.assertIn("$schema", schema)
        text = json.dumps(schema)
        extension = yaml.safe_load((FIXTURE / "compose.yaml").read_text())["x-tranship"]
        for key in [*extension, "target", "region", "posture", "discovery"]:
            self.assertIn(f'"{key}"', text)

    def test_completions(self):
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("tranship", tranship("completions", shell).stdout)

    def test_config_prints_no_secret_of_a_variable_however_it_is_asked(self):
        canary = "canary-of-an-env-file-31d0"
        place = written({
            "compose.yaml": "include: [{ path: in/compose.yaml, env_file: in/secret.env }]\n"
                            "services: { web: { image: nginx, secrets: [mine] } }\n"
                            "secrets: { mine: { environment: MINE } }\n",
            "in/compose.yaml": "services: { db: { image: redis, secrets: [inner] } }\n"
                               "secrets: { inner: { environment: INNER } }\n",
            "in/secret.env": f"INNER={canary}\n",
        })
        for flags in ([], ["--no-interpolate"], ["--no-normalize"], ["--no-consistency"], ["--format", "json"],
                      ["--no-interpolate", "--format", "json"], ["--variables"], ["--hash", "*"]):
            with self.subTest(flags=flags):
                done = tranship("config", *flags, cwd=place, env={"MINE": canary})
                self.assertEqual(0, done.returncode, done.stderr)
                self.assertNotIn(canary, done.stdout + done.stderr)

    def test_environments_and_targets_list_their_names(self):
        self.assertTrue(all(name in tranship("environments").stdout for name in ("dev", "staging", "prod")))
        self.assertTrue(all(name in tranship("targets").stdout for name in ("fargate", "ecs-ec2", "beanstalk")))

    def test_help_and_version_are_data(self):
        for flag in ("--help", "--version"):
            done = tranship(flag)
            self.assertEqual((0, ""), (done.returncode, done.stderr))

    def test_goldens_of_the_fixture_are_three(self):
        self.assertEqual({"dev", "staging", "prod"}, {path.parts[len(FIXTURE.parts) + 1] for path in goldens() if FIXTURE in path.parents})


class Colours(unittest.TestCase):
    BAD = "services:\n  a: {imagine: x}\n"

    def on_a_terminal(self, env):
        leader, follower = pty.openpty()
        process = subprocess.Popen([TRANSHIP, "check", "--target", "fargate"], cwd=written({"compose.yaml": self.BAD}), env=BARE | env,
                                   stdin=subprocess.DEVNULL, stdout=follower, stderr=follower)
        os.close(follower)
        said = b""
        while True:
            try:
                part = os.read(leader, 4096)
            except OSError:
                break
            if not part:
                break
            said += part
        process.wait()
        os.close(leader)
        return said.decode()

    def test_on_a_terminal_unless_no_color(self):
        self.assertRegex(self.on_a_terminal({"TERM": "xterm"}), ANSI)
        self.assertNotRegex(self.on_a_terminal({"TERM": "xterm", "NO_COLOR": "1"}), ANSI)
        self.assertNotRegex(self.on_a_terminal({"TERM": "dumb"}), ANSI)

    def test_not_in_a_pipe_unless_asked(self):
        place = written({"compose.yaml": self.BAD})
        self.assertNotRegex(tranship("check", "--target", "fargate", cwd=place).stderr, ANSI)
        self.assertRegex(tranship("check", "--target", "fargate", "--color", "always", cwd=place).stderr, ANSI)

    def test_a_reader_that_goes_away_is_no_crash(self):
        process = subprocess.Popen([TRANSHIP, "explain"], env=BARE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        said = process.stderr.read()
        process.wait()
        process.stderr.close()
        self.assertNotIn(b"panicked", said)
