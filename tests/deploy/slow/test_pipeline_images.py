"""The build of a pipeline with a real registry: what it pushes, under which version, and what the stages after it are given.

`docker` is a stand-in that hands each command on to buildah and the real Docker Compose, and Amazon ECR one that names
repositories of a registry on this machine. It needs docker-registry, skopeo, buildah and busybox-static of Debian.
"""

import http.server
import json
import os
import pathlib
import sys
import threading
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parents[1] / "judges"))

import test_images  # noqa: E402
from build_sandbox import CODEBUILD, Sandbox  # noqa: E402
from support import read_template, tranship  # noqa: E402

COMMIT = CODEBUILD["CODEBUILD_RESOLVED_SOURCE_VERSION"]
COMPOSE = pathlib.Path(os.environ["JUDGES_VENV"]) / "bin" / "docker-compose"
DOCKER = f'''#!{sys.executable}
"""docker, by other programs."""
import json, os, subprocess, sys

def run(*words, **more):
    return subprocess.run([str(word) for word in words], **more)

words = sys.argv[1:]
with open(os.environ["CALLS"], "a") as calls:
    calls.write("docker " + " ".join(words) + "\\n")
match words:
    case ["version", *_]:
        sys.exit(0)
    case ["buildx", *_]:
        sys.exit("no buildx here")
    case ["login", *_]:
        sys.exit(0 if sys.stdin.read().strip() == "secret-token" else "wrong password")
    case ["build", *rest]:
        sys.exit(run("buildah", "build", "--format", "docker", *rest).returncode)
    case ["save", "--output", file, tag]:
        sys.exit(run("buildah", "push", tag, f"docker-archive:{{file}}:{{tag}}").returncode)
    case ["compose", *rest]:
        named = rest[:next(at for at, word in enumerate(rest) if word in ("run", "build", "push", "down"))]
        command, *more = rest[len(named):]
        if command == "down":
            sys.exit(0)
        profiles = ["--profile", "*"]
        found = json.loads(run("{COMPOSE}", *named, *profiles, "config", "--format", "json", capture_output=True, check=True).stdout)
        name = more[-1]
        service = found["services"][name]
        image = service.get("image", found["name"] + "-" + name)
        if command in ("run", "build"):
            if run("buildah", "build", "--format", "docker", "--tag", image, service["build"]["context"]).returncode:
                sys.exit(1)
        if command == "push":
            sys.exit(run("buildah", "push", image, "docker://" + image).returncode)
        if command == "run":
            container = run("buildah", "from", image, capture_output=True, text=True, check=True).stdout.strip()
            sys.exit(run("buildah", "run", container, "--", *service["command"]).returncode)
    case _:
        sys.exit("a command that nobody stands in for")
'''
MANIFEST = """
name: shop
services:
  web: { build: web, ports: ["80:80"] }
  api: { build: api, image: "HOST/team/api:${VERSION_OF_API}", expose: ["8000"] }
  unit: { build: web, command: [sh, -c, "test -e /checked"], profiles: [test], x-tranship: { test: true } }
x-tranship:
  skip: [unit]
  late_bound: [VERSION_OF_API]
  region: us-east-1
  pipeline: { account: "123456789012" }
  environments:
    dev: { target: fargate, network: new, account: "123456789012" }
    # Its images are in the account of the pipeline, which the build has credentials of.
    prod: { target: fargate, network: new, posture: prod, account: "222222222222" }
"""


class Ecr(http.server.BaseHTTPRequestHandler):
    """Amazon ECR and STS, as far as the publication of images asks."""

    host = ""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers.get("X-Amz-Target", "")
        if target.endswith("DescribeRepositories"):
            found = [{"repositoryName": name, "repositoryUri": f"{self.host}/{name}"} for name in json.loads(body)["repositoryNames"]]
            answer, kind = json.dumps({"repositories": found}), "application/x-amz-json-1.1"
        elif b"GetCallerIdentity" in body:
            answer, kind = ("<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account><Arn>arn:aws:iam::123456789012:role/b</Arn>"
                            "<UserId>b</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>"), "text/xml"
        else:
            self.send_error(400, f"{target} {body[:200]}")
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):
        pass


class Published(test_images.ImageCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Ecr,), {"host": cls.registry.host}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.shutdown)
        cls.endpoint = f"http://127.0.0.1:{server.server_address[1]}"

    def checkout(self, name, web):
        """A repository of sources whose image has a file."""
        place = self.place / name
        for folder in ("web", "api"):
            (place / folder).mkdir(parents=True)
            (place / folder / "Dockerfile").write_text(f"FROM localhost/base\nCOPY {web} /{web}\nCMD [\"sh\"]\n")
            (place / folder / web).write_text(folder)
        (place / "compose.yaml").write_text(MANIFEST.replace("HOST", self.registry.host))
        return place

    def built(self, place, build):
        """Runs the build; the sandbox after it, its exit code, and the version."""
        written = tranship("pipeline", "--out", "../pipeline", cwd=place)
        self.assertEqual(0, written.returncode, written.stderr)
        aws = {"AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        storage = {name: text for name, text in self.variables.items() if name not in ("PATH", "HOME")}
        # podman and buildah look for their policy below the home of who runs them.
        box = Sandbox(place, DOCKER, CODEBUILD_BUILD_ID=f"project:{build}-0000-1111-2222-333344445555", **aws, **storage, HOME=str(self.home))
        return box, box.run((place.parent / "pipeline" / "buildspec.yml").read_text()), f"{COMMIT[:12]}.{build}"

    def digest(self, repository, tag):
        request = urllib.request.Request(f"http://{self.registry.host}/v2/{repository}/manifests/{tag}", headers=self.registry.headers, method="HEAD")
        with urllib.request.urlopen(request) as answer:
            return answer.headers["Docker-Content-Digest"]

    def test_images_have_the_version_as_tag_and_later_stages_their_digests(self):
        place = self.checkout("first", "checked")
        box, code, version = self.built(place, "9c1f2a3b")
        self.assertEqual(0, code, box.said)
        # The other tag names what it was built from, so that no later build makes it again.
        found, content = self.registry.tags("shop/web")
        self.assertEqual((version, "build-"), (found, content[:6]))
        self.assertEqual(self.digest("shop/web", content), self.digest("shop/web", version))
        self.assertEqual([version], self.registry.tags("team/api"))
        self.assertEqual([], self.registry.tags("shop/api"), "an image with a name of its own is pushed under it alone")
        self.assertEqual(b"web", self.registry.files("shop/web", version)["checked"][5])
        web = f"{self.registry.host}/shop/web@{self.digest('shop/web', version)}"
        recorded = json.loads((box.place / "dist" / "version.json").read_text())
        self.assertEqual((version, COMMIT), (recorded["Version"], recorded["Commit"]))
        for environment in ("dev", "prod"):
            self.assertEqual(web, recorded[f"{environment}.WebImage"])
            given = json.loads((box.place / "dist" / "pipeline" / f"{environment}.json").read_text())["Parameters"]
            self.assertEqual((web, version), (given["WebImage"], given["VersionOfApi"]))
            template = read_template((box.place / "dist" / environment / "template.yaml").read_text())
            self.assertLessEqual(set(given), set(template["Parameters"]))
        # The first environment built it, the second took what is there.
        calls = [line for line in box.called() if line.startswith(("docker build ", "docker save"))]
        self.assertEqual(2, len(calls), calls)

        again, code, second = self.built(place, "00000002")
        self.assertEqual(0, code, again.said)
        self.assertEqual(sorted([version, second, content]), self.registry.tags("shop/web"), "a build has a tag of its own")
        self.assertEqual(1, len({self.digest("shop/web", tag) for tag in (version, second, content)}), "the sources are the same")
        self.assertFalse([line for line in again.called() if line.startswith("docker build ")], "and nothing is built again")
        self.assertEqual(web, json.loads((again.place / "dist" / "version.json").read_text())["prod.WebImage"])

    def test_a_test_that_fails_pushes_nothing(self):
        writes = self.registry.writes()
        box, code, _ = self.built(self.checkout("second", "unchecked"), "00000003")
        self.assertEqual(1, code, box.said)
        self.assertEqual(writes, self.registry.writes())
        self.assertTrue([line for line in box.called() if "compose run" in line])


if __name__ == "__main__":
    unittest.main()
