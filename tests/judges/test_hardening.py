"""Hostile projects and awkward machines: nothing leaks, nothing is lost."""

import json
import os
import resource
import random
import subprocess
import time
import unittest
from pathlib import Path

from support import BARE, TRANSHIP, scratch, tranship, written

SERVICE = "services:\n  app:\n    image: nginx\n"
CANARY = "hunter2-canary"


def tree(place):
    """Every file below a directory, with its content."""
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


class Inputs(unittest.TestCase):
    def refused(self, place, *arguments, code, env=None):
        done = tranship(*arguments, cwd=place, env=env, timeout=20)
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertIn(f"error[{code}]", done.stderr)
        return done

    def test_links_never_leave_the_project(self):
        mount = SERVICE + "    volumes: [\"./conf:/c\"]\n"
        for target in ("/etc/passwd", "/etc", "/proc/self/environ", "../..", "/dev/zero"):
            with self.subTest(target=target):
                place = written({"compose.yaml": mount, "conf/a": "1"})
                (place / "conf/link").symlink_to(target)
                self.refused(place, "build", "--target", "beanstalk", code="beanstalk/outside-path")
                self.assertFalse((place / "dist").exists())
        place = written({"compose.yaml": mount})
        (place / "conf").symlink_to("/etc")
        self.refused(place, "build", "--target", "beanstalk", code="beanstalk/outside-path")

    def test_configs_come_from_the_project(self):
        for path in ("/etc/hostname", "../outside", "link"):
            with self.subTest(path=path):
                config = SERVICE + f"    configs: [c]\nconfigs: {{ c: {{ file: {path} }} }}\n"
                place = written({"p/compose.yaml": config, "outside": "x"}) / "p"
                (place / "link").symlink_to("../outside")
                self.refused(place, "build", "--target", "beanstalk", code="beanstalk/outside-path")

    def test_links_within_the_project_are_copied(self):
        place = written({"compose.yaml": SERVICE + "    volumes: [\"./conf:/c\"]\n", "shared/a": "1", "conf/b": "2"})
        (place / "conf/a").symlink_to("../shared/a")
        self.assertEqual(0, tranship("build", "--target", "beanstalk", "--out", "out", cwd=place).returncode)
        bundle = tree(place / "out/bundle")
        self.assertEqual((b"1", b"2"), (bundle["conf/a"], bundle["conf/b"]))

    def test_a_marker_hides_only_what_a_build_wrote(self):
        place = written({"compose.yaml": SERVICE + "    volumes: [\".:/c\"]\n", "conf/.tranship": "x", "conf/a": "1"})
        self.assertEqual(0, tranship("build", "--target", "beanstalk", "--out", "dist", cwd=place).returncode)
        first = tree(place / "dist")
        self.assertEqual(b"1", first["bundle/conf/a"])
        self.assertEqual(0, tranship("build", "--target", "beanstalk", "--out", "dist", cwd=place).returncode)
        self.assertEqual(first, tree(place / "dist"), "a bundle holds no earlier one")

    def test_pipes_and_devices_are_refused_at_once(self):
        for manifest in ("    env_file: pipe\n", "    label_file: pipe\n", "    extends: { file: pipe, service: x }\n"):
            with self.subTest(manifest=manifest):
                place = written({"compose.yaml": SERVICE + manifest})
                os.mkfifo(place / "pipe")
                self.refused(place, "check", "--target", "fargate", code="file/not-read")
        place = written({})
        os.mkfifo(place / "compose.yaml")
        self.refused(place, "config", code="file/not-read")
        self.refused(place, "config", "-f", "/dev/zero", code="file/not-read")
        place = written({"compose.yaml": SERVICE + "    env_file: /proc/self/environ\n"})
        self.refused(place, "check", "--target", "fargate", code="file/not-read")
        place = written({"compose.yaml": SERVICE})
        with open(place / "sparse.env", "wb") as file:
            file.truncate(1 << 40)
        self.refused(place, "--env-file", "sparse.env", "config", code="env-file/too-large")

    def test_names_of_environments_stay_below_the_output(self):
        for name in ("../../escaped", "/tmp/escaped", "a/b", "..", "a\\nb", "a\\x1b[31m"):
            with self.subTest(name=name):
                manifest = SERVICE + f'x-tranship: {{ environments: {{ "{name}": {{ target: fargate }} }} }}\n'
                place = written({"a/b/compose.yaml": manifest}) / "a/b"
                done = self.refused(place, "build", "--all", code="tranship/invalid-setting")
                self.assertNotIn("\x1b", done.stderr)
                self.assertEqual(["compose.yaml"], os.listdir(place))
                tranship("verify", "--bless", cwd=place)
                self.assertEqual(["compose.yaml"], os.listdir(place))

    def test_every_error_has_a_place_and_a_code(self):
        for files, arguments in (
            ({}, ["check"]),
            ({}, ["check", "-f", "nowhere.yaml"]),
            ({"compose.yaml": SERVICE}, ["check", "--project-name", "Not A Name"]),
            ({"compose.yaml": SERVICE}, ["check", "nowhere"]),
            ({"compose.yaml": f"name: {'a' * 2000}\n" + SERVICE}, ["check", "--target", "fargate"]),
            ({"compose.yaml": SERVICE + "    volumes: [\"./c:/c\"]\n", "c/a:b": ""}, ["check", "--target", "beanstalk"]),
            ({"compose.yaml": SERVICE, "out/mine": ""}, ["build", "--target", "fargate", "--out", "out"]),
        ):
            with self.subTest(arguments=arguments):
                done = tranship(*arguments, "--format", "json", cwd=written(files))
                self.assertIn(done.returncode, (1, 2), done.stderr)
                errors = [one for one in json.loads(done.stdout)["diagnostics"] if one["severity"] == "error"]
                self.assertTrue(errors)
                for error in errors:
                    self.assertRegex(error["code"], r"^[a-z-]+/[a-z-]+$")
                    self.assertGreaterEqual(error["spans"][0]["line"], 1, error)


class Secrets(unittest.TestCase):
    def test_no_diagnostic_shows_a_value_in_any_form(self):
        places = {
            "literal": ("    environment: { DB_PASS: VALUE }\n    broken: 1\n", ""),
            "quoted": ("    environment:\n      PASSWORD: \"#VALUE\"\n      broken: [x]\n", ""),
            "escaped": ("    environment:\n      PASSWORD: \"a\\\"VALUE\"\n      broken: [x]\n", ""),
            "tagged": ("    environment:\n      PASSWORD: !!str &p VALUE\n      broken: [x]\n", ""),
            "block": ("    environment:\n      PASSWORD: |\n        VALUE\n      broken: [x]\n", ""),
            "list": ("    environment: [\"API_TOKEN=VALUE\"]\n    broken: 1\n", ""),
            "variable": ("    environment: { PASSWORD: \"${PW}\" }\n", "PW=VALUE\n"),
            "refused": ("    mem_limit: ${REDIS_PASSWORD}\n", "REDIS_PASSWORD=VALUE\n"),
            "default": ("    mem_limit: ${REDIS_PASSWORD:-VALUE}\n", ""),
            "cast": ("    deploy: { replicas: \"${API_TOKEN}\" }\n", "API_TOKEN=VALUE\n"),
            "port": ("    ports: [\"${ADMIN_PASSWORD}:80\"]\n", "ADMIN_PASSWORD=VALUE\n"),
            "url": ("    environment: { URL: \"postgres://u:VALUE@db/x\" }\n    broken: 1\n", ""),
            "url of a variable": ("    environment: { URL: \"postgres://u:${PW}@db/x\" }\n    mem_limit: ${PW}\n", "PW=VALUE\n"),
            "command": ("    command: redis-server --requirepass VALUE\n", ""),
            "command in a list": ("    command: [redis-server, --requirepass, VALUE]\n", ""),
            "broken file": ("    environment:\n      DB_PASSWORD: VALUE\n     image: x\n", ""),
            "broken env file": ("", "DB_PASSWORD=VALUE\nbroken line!\n"),
        }
        for name, (manifest, env) in places.items():
            files = {"compose.yaml": SERVICE + manifest.replace("VALUE", CANARY), ".env": env.replace("VALUE", CANARY)}
            place = written(files)
            for flags in ([], ["-v"], ["--strict"], ["--format", "json"], ["--format", "sarif"], ["--format", "github"]):
                with self.subTest(name=name, flags=flags):
                    done = tranship("check", *flags, cwd=place)
                    self.assertNotIn(CANARY, done.stdout + done.stderr)


class Output(unittest.TestCase):
    def test_the_project_is_never_taken_for_an_output(self):
        files = {"compose.yaml": SERVICE, "main.py": "print()\n"}
        place = written(files)
        sums = subprocess.run(["sha256sum", *files], cwd=place, capture_output=True, text=True, check=True).stdout
        (place / ".tranship").write_text(sums)
        done = tranship("build", "--target", "fargate", "--out", ".", cwd=place)
        self.assertEqual(1, done.returncode)
        self.assertIn("error[file/not-written]", done.stderr)
        self.assertEqual({*files, ".tranship"}, set(os.listdir(place)))

    def test_a_committed_list_deletes_nothing(self):
        place = written({"compose.yaml": SERVICE, "precious": "mine", "in/.tranship": "x  ../precious\n"})
        for out in ("in", place / "in"):
            self.assertEqual(0, tranship("build", "--target", "fargate", "--out", out, cwd=place).returncode)
            self.assertEqual("mine", (place / "precious").read_text())
        inside = place / "in"
        (inside / ".tranship").write_text("x  ../precious\n" + (inside / ".tranship").read_text())
        done = tranship("build", "-f", place / "compose.yaml", "--target", "fargate", "--out", ".", cwd=inside)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual("mine", (place / "precious").read_text())

    def test_a_shell_stays_in_its_directory(self):
        place = written({"compose.yaml": SERVICE})
        (place / "e").mkdir()
        before = (place / "e").stat().st_ino
        for _ in range(2):
            self.assertEqual(0, tranship("build", "-f", "../compose.yaml", "--target", "fargate", "--out", ".", cwd=place / "e").returncode)
        self.assertEqual(before, (place / "e").stat().st_ino)

    def test_files_that_look_like_ours_are_the_users(self):
        place = written({"compose.yaml": SERVICE, "out/.tranship-notes": "mine"})
        self.assertEqual(1, tranship("build", "--target", "fargate", "--out", "out", cwd=place).returncode)
        self.assertEqual("mine", (place / "out/.tranship-notes").read_text())

    def test_a_killed_build_leaves_the_old_files_or_the_new_ones(self):
        place = written({"a.yaml": SERVICE, "b.yaml": SERVICE.replace("nginx", "httpd")})
        wanted = []
        for name in ("a", "b"):
            self.assertEqual(0, tranship("build", "-q", "--target", "fargate", "-f", f"{name}.yaml", cwd=place).returncode)
            wanted.append(tree(place / "dist/fargate"))
        chance = random.Random(1)
        for number in range(60):
            process = subprocess.Popen([TRANSHIP, "build", "-q", "--target", "fargate", "-f", f"{'ab'[number % 2]}.yaml"], cwd=place, env=BARE)
            time.sleep(chance.uniform(0.002, 0.05))
            process.kill()
            process.wait()
            self.assertIn(tree(place / "dist/fargate"), wanted)
        self.assertEqual(0, tranship("build", "-q", "--target", "fargate", "-f", "a.yaml", cwd=place).returncode)
        self.assertEqual(["fargate"], os.listdir(place / "dist"), "what killed runs left is gone")

    def test_builds_at_once_all_succeed(self):
        for _ in range(5):
            place = written({"compose.yaml": SERVICE})
            builds = [subprocess.Popen([TRANSHIP, "build", "-q", "--target", "fargate"], cwd=place, env=BARE, stderr=subprocess.PIPE, text=True)
                      for _ in range(6)]
            self.assertEqual([(0, "")] * 6, [(build.wait(), build.communicate()[1]) for build in builds])
            self.assertEqual(["fargate"], os.listdir(place / "dist"))

    @unittest.skipUnless(Path("/dev/full").exists(), "needs a full device")
    def test_data_that_is_lost_is_a_failure(self):
        place = written({"compose.yaml": SERVICE})
        for arguments in (["config"], ["config", "--services"], ["check", "--format", "json"], ["check", "--format", "sarif"],
                          ["targets"], ["explain"], ["explain", "file/none"], ["schema"], ["completions", "bash"],
                          ["--help"], ["--version"]):
            with self.subTest(arguments=arguments), open("/dev/full", "w") as full:
                done = subprocess.run([TRANSHIP, *arguments], cwd=place, env=BARE, stdin=subprocess.DEVNULL, stdout=full,
                                      stderr=subprocess.PIPE, timeout=60)
                self.assertEqual(1, done.returncode, done.stderr)

    def test_a_limit_on_the_size_of_files_is_a_failure(self):
        place = written({"compose.yaml": SERVICE})
        done = subprocess.run([TRANSHIP, "build", "--target", "fargate"], cwd=place, env=BARE, capture_output=True, text=True,
                              timeout=60, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512)))
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn("error[file/not-written]", done.stderr)
        self.assertEqual([], os.listdir(place / "dist"), "nothing is left in the folder")

    def test_a_file_that_cannot_be_written_keeps_its_content(self):
        place = written({"compose.yaml": SERVICE, "old": "kept"})
        done = tranship("config", "-o", "none/new", cwd=place)
        self.assertEqual(1, done.returncode)
        self.assertIn("error[file/not-written]", done.stderr)
        self.assertEqual(0, tranship("config", "-o", "old", cwd=place).returncode)
        self.assertIn("nginx", (place / "old").read_text())
        self.assertEqual(["compose.yaml", "old"], sorted(os.listdir(place)))

    def test_data_in_a_pipe_is_as_it_is_and_names_steer_no_terminal(self):
        place = written({"compose.yaml": SERVICE.replace("nginx", '"a\\e[31mb"')})
        plain = tranship("config", "--images", cwd=place)
        self.assertEqual("a\x1b[31mb\n", plain.stdout)
        seen = tranship("config", "--images", "--color", "always", cwd=place)
        self.assertEqual("a\ufffd[31mb\n", seen.stdout)
        place = written({"x\x1b[31mEVIL.yaml": SERVICE + "    bad: 1\n"})
        for form in ("human", "github"):
            name = "x\x1b[31mEVIL.yaml"
            done = tranship("check", "--target", "fargate", "-f", name, "--format", form, cwd=place)
            self.assertNotIn("\x1b[31m", done.stdout + done.stderr)


class Comments(unittest.TestCase):
    def test_no_name_leaves_its_comment(self):
        import yaml
        hostile = "A\u2028Evil: 1\u2029B\u0085C\u007fD"
        manifest = "services:\n  app:\n    image: nginx\n    environment:\n      \"" + hostile.encode("unicode_escape").decode().replace(
            "\\x", "\\x") + "\": x\n"
        place = written({"compose.yaml": manifest})
        for target in ("fargate", "beanstalk"):
            out = scratch()
            done = tranship("build", "-q", "--target", target, "--out", out / "o", cwd=place)
            self.assertEqual(0, done.returncode, done.stderr)
            for path in [*(out / "o").rglob("*.yaml"), *(out / "o").rglob("*.config")]:
                text = path.read_text(encoding="utf-8", errors="strict")
                for letter in "\u2028\u2029\u0085\u007f":
                    self.assertNotIn(letter, text, path)
                self.assertTrue(list(yaml.parse(text)))


if __name__ == "__main__":
    unittest.main()
