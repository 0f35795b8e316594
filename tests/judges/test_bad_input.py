"""Bad manifests: each an error with its name, file:line:column, snippet and help; exit 2; nothing written.

And all errors of a run together. `^^^` in a manifest below is no YAML: it stands under the place that the
error must point at, and is taken out before the manifest is written.
"""

import json
import re
import shutil
import unittest

from support import FIXTURE, scratch, tranship, written

# (name, the rule, manifest with its mark, words that the message or the help must hold)
TABLE = [
    ("broken yaml", "yaml/", """\
services:
  web:
    image: nginx
   ports: ["80"]
   ^
""", []),
    ("a tab", "yaml/", """\
services:
  web:
\t    image: nginx
^
""", []),
    ("unclosed quote", "yaml/", """\
services:
  web:
    image: "nginx
           ^
""", []),
    ("duplicate key", "yaml/duplicate-key", """\
services:
  web:
    image: nginx
    image: busybox
    ^^^^^
""", ["image"]),
    ("unknown key", "compose/unknown-key", """\
services:
  web:
    image: nginx
    enviroment: { A: b }
    ^^^^^^^^^^
""", ["enviroment", "environment"]),
    ("wrong type", "compose/wrong-type", """\
services:
  web:
    image: nginx
    ports: 80
           ^^
""", ["ports"]),
    ("undefined volume", "compose/undefined-reference", """\
services:
  web:
    image: nginx
    volumes:
      - data:/data
        ^
""", ["data", "web"]),
    ("undefined network", "compose/undefined-reference", """\
services:
  web:
    image: nginx
    networks: [backstage]
               ^
""", ["backstage"]),
    ("undefined service", "compose/undefined-reference", """\
services:
  web:
    image: nginx
    depends_on: [databse]
                 ^
  database:
    image: mysql
""", ["databse", "database"]),
    ("dependency cycle", "compose/dependency-cycle", """\
services:
  a:
    image: x
    depends_on: [b]
                 ^
  b:
    image: x
    depends_on: [a]
""", ["a", "b"]),
    ("no image", "compose/no-image", """\
services:
  web:
  ^^^
    command: [x]
""", ["web"]),
    ("required variable", "interpolation/required", """\
services:
  web:
    image: nginx:${TAG:?set it to the version to run}
                 ^^^^^^
""", ["TAG", "set it to the version to run"]),
    ("bad port", "compose/bad-port", """\
services:
  web:
    image: nginx
    ports:
      - "80:http"
        ^
""", ["http"]),
    ("missing env_file", "env-file/missing", """\
services:
  web:
    image: nginx
    env_file: nowhere.env
              ^
""", ["nowhere.env"]),
    ("missing include", "file/not-read", """\
include:
  - elsewhere/compose.yaml
    ^
services:
  web:
    image: nginx
""", ["elsewhere/compose.yaml"]),
    ("extends of nothing", "extends/unknown-service", """\
services:
  web:
    extends: { service: base }
                        ^
""", ["base"]),
    ("unknown key of the extension", "tranship/", """\
x-tranship:
  enviroments: {}
  ^
services:
  web:
    image: nginx
""", ["enviroments", "environments"]),
    ("unknown target", "tranship/", """\
x-tranship:
  environments:
    prod: { target: fargat }
                    ^
services:
  web:
    image: nginx
""", ["fargat", "fargate"]),
    ("illegal Fargate size", "fargate/", """\
x-tranship:
  environments:
    prod: { target: fargate }
services:
  web:
    image: nginx
    deploy:
      resources:
        limits: { cpus: "64", memory: 4G }
                        ^
""", ["64"]),
    ("privileged on Fargate", "target/rejected-key", """\
x-tranship:
  environments:
    prod: { target: fargate }
services:
  web:
    image: nginx
    privileged: true
                ^^^^
""", ["privileged"]),
]


def manifest_and_place(text):
    """The manifest without its mark, and the 1-based line and column of the mark."""
    lines = text.splitlines()
    at = next(number for number, line in enumerate(lines) if re.fullmatch(r" *\^+", line))
    column = lines[at].index("^") + 1
    return "\n".join(lines[:at] + lines[at + 1:]) + "\n", at, column


def chosen(manifest):
    """What to compile it for."""
    return ["prod"] if "    prod:" in manifest else ["--target", "fargate"]


def errors(done):
    return [found for found in json.loads(done.stdout)["diagnostics"] if found["severity"] == "error"]


class Table(unittest.TestCase):
    def test_each_is_refused_where_it_is_wrong(self):
        for name, rule, text, words in TABLE:
            with self.subTest(name):
                manifest, line, column = manifest_and_place(text)
                place = written({"compose.yaml": manifest})
                before = sorted(place.rglob("*"))
                done = tranship("build", *chosen(manifest), cwd=place)
                self.assertEqual(2, done.returncode, done.stdout + done.stderr)
                self.assertEqual(before, sorted(place.rglob("*")), "nothing is written")
                self.assertIn(f"error[{rule}", done.stderr)
                self.assertIn(f"compose.yaml:{line}:{column}", done.stderr)
                self.assertIn(manifest.splitlines()[line - 1].strip(), done.stderr, "the snippet")
                self.assertRegex(done.stderr, r"(?m)^ *= help: |^help: |: help: ")
                for word in words:
                    self.assertIn(word, done.stderr)
                self.assertEqual("", done.stdout, "talk is for standard error")

    def test_the_json_says_the_same(self):
        for name, rule, text, _ in TABLE:
            with self.subTest(name):
                manifest, line, column = manifest_and_place(text)
                place = written({"compose.yaml": manifest})
                done = tranship("check", *chosen(manifest), "--format", "json", cwd=place)
                self.assertEqual(2, done.returncode, done.stdout + done.stderr)
                found = errors(done)
                self.assertTrue(found)
                first = found[0]
                self.assertTrue(first["code"].startswith(rule), first["code"])
                primary = [span for span in first["spans"] if span["primary"]]
                self.assertEqual([("compose.yaml", line, column)], [(span["file"], span["line"], span["column"]) for span in primary])
                self.assertTrue(first["help"], "what to do")
                self.assertEqual(first["message"][0], first["message"][0].lower())


SEVERAL = """\
services:
  web:
    image: nginx
    colour: blue
    volumes: [nowhere:/data]
    depends_on: [nobody]
  api:
    imagine: nginx
    ports: ["80:http"]
"""


class Together(unittest.TestCase):
    def test_all_errors_of_a_run(self):
        done = tranship("check", "--target", "fargate", "--format", "json", cwd=written({"compose.yaml": SEVERAL}))
        self.assertEqual(2, done.returncode)
        lines = {span["line"] for found in errors(done) for span in found["spans"] if span["primary"]}
        self.assertLessEqual({4, 5, 6, 8, 9}, lines, done.stdout)

    def test_the_places_of_a_value_that_came_from_elsewhere(self):
        place = written({"compose.yaml": "services:\n  web:\n    image: nginx\n    ports: [\"${PORT}:80\"]\n", ".env": "A=1\nPORT=eighty\n"})
        done = tranship("check", "--target", "fargate", cwd=place)
        self.assertEqual(2, done.returncode)
        self.assertRegex(done.stderr, r"compose\.yaml:4:\d+")
        self.assertRegex(done.stderr, r"\.env:2:\d+")


class Files(unittest.TestCase):
    def test_no_manifest_at_all(self):
        done = tranship("build", "--target", "fargate", cwd=scratch())
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertIn("compose.yaml", done.stderr)

    def test_a_file_that_is_not_there(self):
        done = tranship("build", "--target", "fargate", "-f", "other.yaml", cwd=scratch())
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertIn("other.yaml", done.stderr)

    def test_an_environment_that_is_not_there(self):
        done = tranship("build", "production", "--out", scratch() / "out")
        self.assertEqual(2, done.returncode)
        self.assertIn("tranship/unknown-environment", done.stderr)
        self.assertRegex(done.stderr, "prod")

    def test_a_late_bound_value_that_a_dockerrun_cannot_wait_for(self):
        place = scratch() / "p"
        shutil.copytree(FIXTURE, place)
        (place / ".env").unlink()
        done = tranship("build", "dev", cwd=place)
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertRegex(done.stderr, r"error\[beanstalk/late-bound-value\]")
        self.assertIn("APP_VERSION", done.stderr)
        self.assertFalse((place / "dist").exists())

    def test_what_was_there_stays_when_a_build_fails(self):
        place = scratch() / "p"
        shutil.copytree(FIXTURE, place)
        self.assertEqual(0, tranship("build", "prod", cwd=place).returncode)
        before = (place / "dist/prod/template.yaml").read_bytes()
        manifest = place / "compose.yaml"
        manifest.write_text(manifest.read_text().replace("services:", "servces:", 1))
        self.assertEqual(2, tranship("build", "prod", cwd=place).returncode)
        self.assertEqual(before, (place / "dist/prod/template.yaml").read_bytes())

    def test_garbage_never_crashes(self):
        for content in (b"", b"\xff\xfe\x00", b"\x00", b"- 1\n", b"services: &a [*a]\n", b"{" * 100_000, b"a: " * 5_000, b"%YAML 9.9\n---\n",
                        b"services:\n  a: {image: x, <<: [1]}\n", b"---\n---\n", b"services: !!binary x\n", "services:\n  \u2028: {}\n".encode()):
            with self.subTest(content[:20]):
                done = tranship("build", "--target", "fargate", cwd=written({"compose.yaml": content}))
                self.assertEqual(2, done.returncode, done.stderr[-400:])
                self.assertNotIn("panicked", done.stderr)

    def test_an_alias_bomb_is_refused(self):
        bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 20))
        done = tranship("build", "--target", "fargate", cwd=written({"compose.yaml": f"x-bomb:\n" + "".join(f"  {line}\n" for line in bomb.splitlines())
                                                                     + "services: { a: { image: x } }\n"}), timeout=10)
        self.assertEqual(2, done.returncode)
        self.assertIn("yaml/alias-expansion", done.stderr)
