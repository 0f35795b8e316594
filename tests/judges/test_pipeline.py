"""Judges the files of a pipeline, and runs the commands of its build with stand-ins."""

import json
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

import yaml

from build_sandbox import CODEBUILD, Sandbox
from pipelines import PROJECTS, TWO_ACCOUNTS, PipelineTemplate, configuration, every_pipeline_template, pipeline
from support import FIXTURE, ROOT, read_template, scratch
from test_templates import Validator, findings

# IAM's quota for the inline policies of one role, blanks not counted.
ROLE_LIMIT = 10240


def directory():
    return pipeline("codepipeline") / "dist" / "pipeline"


def template():
    return PipelineTemplate(directory(), "us-east-1")


class Templates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.validator = Validator()
        cls.templates = every_pipeline_template()

    def test_all_are_there(self):
        names = {where.split()[-1] for where, _ in self.templates}
        self.assertEqual({"ecr.yaml", "pipeline.yaml", "github.yaml", "github-222222222222.yaml", "roles-production.yaml", "roles-web.yaml",
                          "artifacts-us-east-1.yaml", "roles-europe.yaml", "roles-pacific.yaml", "roles-partner.yaml"}, names)

    def test_cfn_lint_finds_nothing(self):
        for where, text in self.templates:
            with self.subTest(where):
                self.assertEqual([], findings(text))

    def test_cloudformation_validate_finds_nothing_above_info(self):
        for where, text in self.templates:
            with self.subTest(where):
                self.assertEqual([], self.validator.findings(text, where))

    def test_a_role_fits_the_quota_of_its_policies(self):
        for where, text in self.templates:
            for name, resource in read_template(text)["Resources"].items():
                if resource["Type"] == "AWS::IAM::Role":
                    with self.subTest(f"{where} {name}"):
                        documents = [json.dumps(policy["PolicyDocument"], separators=(",", ":")) for policy in resource["Properties"]["Policies"]]
                        self.assertLess(sum(map(len, documents)), ROLE_LIMIT)


class BuildSpecification(unittest.TestCase):
    def test_the_build_tests_publishes_and_records(self):
        box = Sandbox(FIXTURE)
        code = box.run((directory() / "buildspec.yml").read_text())
        self.assertEqual(0, code, box.said)
        called = box.called()
        login = [line for line in called if line.startswith("docker login")]
        self.assertIn("docker login --username AWS --password-stdin 123456789012.dkr.ecr.us-east-1.amazonaws.com", login)
        order = [line for line in called if "compose" in line]
        self.assertEqual(["docker compose run --build --rm test", "docker compose run --build --rm acceptance"], order[:2])
        self.assertEqual("docker compose down --volumes --remove-orphans", order[2])
        self.assertRegex(order[3], "^docker compose build ")
        self.assertRegex(order[4], "^docker compose push ")
        version = json.loads((box.place / "dist/version.json").read_text())
        self.assertEqual("0a1b2c3d4e5f.9c1f2a3b", version["Version"])
        self.assertEqual("0a1b2c3d4e5f.9c1f2a3b", version["prod.AppVersion"])
        self.assertEqual(CODEBUILD["CODEBUILD_RESOLVED_SOURCE_VERSION"], version["Commit"])
        self.assertEqual({"Parameters": {"AppVersion": "0a1b2c3d4e5f.9c1f2a3b"}}, configuration(box.place / "dist/pipeline", "prod"))
        bundle = (box.place / "dist/dev/bundle/Dockerrun.aws.json").read_text()
        self.assertIn("todobackend:0a1b2c3d4e5f.9c1f2a3b", bundle)
        self.assertIn("arn:aws:iam::123456789012:role/", bundle)
        self.assertNotIn("secret-token", box.said)
        self.assertIn("VERSION=0a1b2c3d4e5f.9c1f2a3b", (box.place / "exported.txt").read_text())
        spec = yaml.safe_load((directory() / "buildspec.yml").read_text())
        for artifact in [spec["artifacts"], *spec["artifacts"]["secondary-artifacts"].values()]:
            for pattern in artifact["files"]:
                self.assertTrue(list((box.place / artifact["base-directory"]).glob(pattern)), pattern)

    def test_what_the_overrides_ask_for_is_in_the_version_file(self):
        box = Sandbox(FIXTURE)
        self.assertEqual(0, box.run((directory() / "buildspec.yml").read_text()), box.said)
        version = json.loads((box.place / "dist/version.json").read_text())
        asked = 0
        for _, action in template().actions():
            for value in json.loads(action["Configuration"].get("ParameterOverrides", "{}")).values():
                if isinstance(value, dict):
                    artifact, file, key = value["Fn::GetParam"]
                    self.assertEqual(("Build", "version.json"), (artifact, file))
                    self.assertIn(key, version)
                    asked += 1
        self.assertEqual(2, asked)

    def test_a_test_that_fails_ends_the_build_and_is_cleaned_up(self):
        box = Sandbox(FIXTURE, TEST_EXIT="3")
        self.assertEqual(1, box.run((directory() / "buildspec.yml").read_text()))
        called = box.called()
        self.assertEqual(1, len([line for line in called if "compose run" in line]))
        self.assertIn("docker compose down --volumes --remove-orphans", called)
        self.assertFalse([line for line in called if "push" in line])
        self.assertFalse((box.place / "dist").exists())

    def test_an_archive_without_its_checksum_ends_the_build(self):
        box = Sandbox(FIXTURE)
        box.archive.with_name("tranship.tar.gz.sha256").write_text("0" * 64 + "  tranship.tar.gz\n")
        self.assertEqual(1, box.run((directory() / "buildspec.yml").read_text()))
        self.assertEqual([], box.called())

    def test_a_golden_that_differs_ends_the_build(self):
        box = Sandbox(FIXTURE)
        manifest = box.place / "compose.yaml"
        manifest.write_text(manifest.read_text().replace("--processes=4", "--processes=8"))
        self.assertEqual(1, box.run((directory() / "buildspec.yml").read_text()))
        self.assertFalse([line for line in box.called() if "push" in line])

    def test_the_plan_counts_and_names_what_changes(self):
        box = Sandbox(FIXTURE, STACK="todobackend-prod", CHANGE_SET="tranship-pipeline", REGION="eu-west-1", ROLE="")
        self.assertEqual(0, box.run(template().resources["PlanProject"]["Properties"]["Source"]["BuildSpec"]), box.said)
        exported = dict(line.split("=", 1) for line in (box.place / "exported.txt").read_text().splitlines())
        self.assertEqual({"SUMMARY": "1 to add, 1 to change, 1 to replace, 1 to remove: +Queue !Db ~App -Old", "STACK_ID": "arn:stack", "CHANGE_SET_ID": "arn:change-set"}, exported)
        described = [line for line in box.called() if "describe-change-set" in line]
        self.assertEqual(2, len([line for line in described if "--region eu-west-1 --stack-name todobackend-prod --change-set-name tranship-pipeline" in line]), described)
        self.assertFalse([line for line in box.called() if "assume-role" in line], "it is this account's")

    def test_the_plan_of_another_account_is_read_with_its_role(self):
        box = Sandbox(FIXTURE, STACK="shop-production", CHANGE_SET="tranship-pipeline", REGION="us-east-1", ROLE="arn:aws:iam::222222222222:role/shop-production-action")
        self.assertEqual(0, box.run(template().resources["PlanProject"]["Properties"]["Source"]["BuildSpec"]), box.said)
        called = box.called()
        self.assertIn("sts assume-role --role-arn arn:aws:iam::222222222222:role/shop-production-action", called[0])
        self.assertEqual([""] + ["key-of-the-role"] * 2, [line.rsplit(" ", 1)[-1].removeprefix("as:") for line in called])


class Workflows(unittest.TestCase):
    def paths(self):
        own = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
        return own + [pipeline("github", project) / ".github/workflows/tranship.yml" for project in PROJECTS]

    def tool(self, name, *arguments):
        return subprocess.run([Path(sys.executable).parent / name, *map(str, arguments)], capture_output=True, text=True, timeout=120)

    def test_they_fit_the_schema_of_github(self):
        done = self.tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *self.paths())
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        done = self.tool("check-jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_actionlint_finds_nothing(self):
        """Expressions, inputs of actions, and actions whose runtime GitHub has removed. The shell of the steps is judged below."""
        done = self.tool("actionlint", "-no-color", "-oneline", "-shellcheck=", "-pyflakes=", *self.paths())
        self.assertEqual((0, ""), (done.returncode, done.stdout + done.stderr))
        broken = scratch() / "broken.yml"
        broken.write_text(self.paths()[-1].read_text().replace("actions/checkout@v5", "actions/checkout@v4").replace("outputs.change-set", "outputs.changeset"))
        said = self.tool("actionlint", "-no-color", "-oneline", "-shellcheck=", "-pyflakes=", broken).stdout
        self.assertIn("node20", said)
        self.assertIn('property "changeset" is not defined', said)

    def test_an_audit_finds_nothing_but_tags_of_actions(self):
        """Actions are named by their major version, as their publishers advise; a project may pin them to a commit."""
        done = self.tool("zizmor", "--offline", "--no-progress", "--format", "json", ROOT / "action.yml", *self.paths())
        found = [(one["ident"], Path(one["locations"][0]["symbolic"]["key"]["Local"]["verbatim_path"]).name) for one in json.loads(done.stdout)]
        self.assertTrue(found, "it looked")
        # The action puts the program on the path, in a directory of the runner's own.
        self.assertEqual([("github-env", "action.yml")], [one for one in found if one[0] != "unpinned-uses"])

    def test_the_shell_of_every_step_is_sound(self):
        for path in [*self.paths(), ROOT / "action.yml"]:
            document = yaml.safe_load(path.read_text())
            jobs = document.get("jobs", {"": document.get("runs")})
            scripts = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
            self.assertTrue(scripts)
            for number, script in enumerate(scripts):
                with self.subTest(f"{path.name} {number}"):
                    self.assertNotIn("${{", script, "a value of GitHub reaches a shell by its environment")
                    done = subprocess.run([Path(sys.executable).parent / "shellcheck", "--shell=bash", "--exclude=SC2016,SC2034,SC2153,SC2154", "-"], input=script, capture_output=True, text=True)
                    self.assertEqual(0, done.returncode, done.stdout)

    def test_every_job_waits_for_jobs_that_exist_and_no_job_has_a_key(self):
        for path in self.paths():
            text = path.read_text()
            jobs = yaml.safe_load(text)["jobs"]
            for name, job in jobs.items():
                for needed in job.get("needs", []):
                    self.assertIn(needed, jobs, f"{path.name} {name}")
            self.assertNotRegex(text, "(?i)aws[_-]access[_-]key|secrets\\.")

    def test_protected_environments_execute_the_change_set_that_was_shown(self):
        jobs = yaml.safe_load((pipeline("github") / ".github/workflows/tranship.yml").read_text())["jobs"]
        self.assertEqual("prod", jobs["deploy-prod"]["environment"])
        self.assertEqual(["plan-prod"], jobs["deploy-prod"]["needs"])
        self.assertNotIn("environment", jobs["plan-prod"])
        execute = jobs["deploy-prod"]["steps"][-1]
        self.assertEqual("${{ needs.plan-prod.outputs.change-set }}", execute["env"]["CHANGE_SET"])
        self.assertIn('execute-change-set --change-set-name "$CHANGE_SET"', execute["run"])
        self.assertEqual(["deploy-staging"], jobs["plan-prod"]["needs"])

    def test_a_file_of_another_hand_is_not_replaced(self):
        from support import tranship

        place = scratch() / "project"
        shutil.copytree(FIXTURE, place, ignore=shutil.ignore_patterns("dist"))
        workflow = place / ".github/workflows/tranship.yml"
        workflow.parent.mkdir(parents=True)
        workflow.write_text("name: mine\n")
        done = tranship("pipeline", "--provider", "github", cwd=place)
        self.assertEqual((2, "name: mine\n", False), (done.returncode, workflow.read_text(), (place / "dist").exists()))
        self.assertIn("--force", done.stderr)
        self.assertEqual(0, tranship("pipeline", "--provider", "github", "--force", cwd=place).returncode)
        first = workflow.read_text()
        self.assertEqual(0, tranship("pipeline", "--provider", "github", cwd=place).returncode)
        self.assertEqual(first, workflow.read_text())


class Trust(unittest.TestCase):
    def test_a_role_of_github_trusts_one_repository_and_one_place_in_it(self):
        text = (pipeline("github", TWO_ACCOUNTS) / "dist/pipeline/github.yaml").read_text()
        resources = read_template(text)["Resources"]
        subjects = {name: resource["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringLike"]["token.actions.githubusercontent.com:sub"]
                    for name, resource in resources.items() if resource["Type"] == "AWS::IAM::Role"}
        branch = ["repo:acme/shop:ref:refs/heads/release", "repo:acme/shop:ref:refs/tags/v*"]
        self.assertEqual({"PlanRole": ["repo:acme/shop:pull_request", *branch], "PublishRole": branch, "StagingDeployRole": ["repo:acme/shop:environment:staging"]}, subjects)
