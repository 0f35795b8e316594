"""Images, published to a real registry on this machine: what is appended, and what a builder makes of the same files.

It needs docker-registry, skopeo, buildah and busybox-static of Debian. All traffic stays on 127.0.0.1.
"""

import base64
import crypt
import gzip
import hashlib
import io
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from stacks import StackCase  # noqa: E402
from world import ROOT, client  # noqa: E402

TRANSHIP = os.environ.get("TRANSHIP", str(ROOT / "target" / "debug" / "tranship"))
TOOLS = {"docker-registry": "docker-registry", "skopeo": "skopeo", "buildah": "buildah", "busybox": "busybox-static"}
MANIFESTS = ", ".join(["application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
                       "application/vnd.docker.distribution.manifest.v2+json",
                       "application/vnd.docker.distribution.manifest.list.v2+json"])

NUMBERS = itertools.count(1)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Registry:
    """A registry with its storage in a directory; with a password where one is given."""

    def __init__(self, place, password=None):
        self.host = f"127.0.0.1:{free_port()}"
        self.log = place / "registry.log"
        self.headers = {"Accept": MANIFESTS}
        settings = {
            "version": 0.1,
            "storage": {"filesystem": {"rootdirectory": str(place / "registry")}},
            "http": {"addr": self.host},
            "log": {"level": "info"},
        }
        if password:
            users = place / "users"
            users.write_text(f"me:{crypt.crypt(password, '$2b$05$' + 'a' * 22)}\n")
            settings["auth"] = {"htpasswd": {"realm": "test", "path": str(users)}}
            self.headers["Authorization"] = "Basic " + base64.b64encode(f"me:{password}".encode()).decode()
        file = place / "registry.yml"
        file.write_text(json.dumps(settings))
        self.process = subprocess.Popen(["docker-registry", "serve", str(file)], stdout=self.log.open("wb"),
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        for _ in range(100):
            try:
                self.get("")
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def request(self, path, method="GET", data=None, **headers):
        request = urllib.request.Request(f"http://{self.host}/v2/{path}", data, self.headers | headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def get(self, path):
        return self.request(path)

    def manifest(self, repository, reference):
        return json.loads(self.get(f"{repository}/manifests/{reference}"))

    def config(self, repository, reference):
        return json.loads(self.get(f"{repository}/blobs/{self.manifest(repository, reference)['config']['digest']}"))

    def tags(self, repository):
        try:
            return sorted(json.loads(self.get(f"{repository}/tags/list"))["tags"] or [])
        except urllib.error.HTTPError:
            return []

    def writes(self):
        """How many requests so far would change something."""
        text = self.log.read_text(errors="replace")
        return sum(text.count(f'"{method} /v2/') for method in ("POST", "PUT", "PATCH"))

    def files(self, repository, reference):
        """The file system of an image: {path: (type, mode, user, group, link, content)}."""
        tree = {}
        for layer in self.manifest(repository, reference)["layers"]:
            blob = self.get(f"{repository}/blobs/{layer['digest']}")
            assert "sha256:" + hashlib.sha256(blob).hexdigest() == layer["digest"] and len(blob) == layer["size"]
            blob = gzip.decompress(blob) if blob[:2] == b"\x1f\x8b" else blob
            apply(tree, tarfile.open(fileobj=io.BytesIO(blob)))
        return tree


def apply(tree, archive):
    """One layer on top, as the OCI image specification says."""
    members = [(member, member.name.removeprefix("./").strip("/")) for member in archive]
    for _, name in members:
        folder, _, last = name.rpartition("/")
        below = f"{folder}/" if folder else ""
        if last == ".wh..wh..opq":
            gone = [path for path in tree if path.startswith(below)]
        elif last.startswith(".wh."):
            removed = below + last[4:]
            gone = [path for path in tree if path == removed or path.startswith(f"{removed}/")]
        else:
            continue
        for path in gone:
            del tree[path]
    for member, name in members:
        if name in ("", ".") or name.rpartition("/")[2].startswith(".wh."):
            continue
        if not member.isdir():
            for path in [path for path in tree if path.startswith(f"{name}/")]:
                del tree[path]
        content = archive.extractfile(member).read() if member.isreg() else None
        tree[name] = (member.type, member.mode & 0o7777, member.uid, member.gid, member.linkname, content)


def root_file_system(place):
    """A base image's files: a shell, links in parent paths, folders with owners of their own."""
    for folder in ("bin", "etc/nginx/conf.d", "run", "usr/lib", "usr/share/nginx/html", "var/lib/app", "srv/www", "tmp"):
        (place / folder).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), place / "bin" / "busybox")
    for path, target in [("bin/sh", "busybox"), ("var/run", "/run"), ("lib", "usr/lib"), ("etc/localtime", "/usr/lib/zone"),
                         ("etc/alias", "nginx"), ("bin/rm", "busybox")]:
        (place / path).symlink_to(target)
    for path, text in [("etc/nginx/nginx.conf", "old"), ("etc/nginx/conf.d/default.conf", "old"), ("usr/lib/zone", "UTC"),
                       ("usr/share/nginx/html/index.html", "old"), ("srv/www/old", "old"), ("etc/passwd", "root:x:0:0::/:/bin/sh\n")]:
        (place / path).write_text(text)
    os.chown(place / "srv/www", 7, 8)
    (place / "srv/www").chmod(0o2750)
    os.chown(place / "etc/nginx/conf.d", 101, 101)
    (place / "tmp").chmod(0o1777)


class ImageCase(unittest.TestCase):
    """A registry, a builder with a storage of its own, and a base image."""

    @classmethod
    def setUpClass(cls):
        if missing := [package for tool, package in TOOLS.items() if not shutil.which(tool)]:
            raise AssertionError(f"missing tools: apt-get install -y --no-install-recommends {' '.join(missing)}")
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="tranship-images-"))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.registry = Registry(cls.place)
        cls.addClassCleanup(cls.registry.stop)
        cls.home = cls.place / "home"
        policy = cls.home / ".config" / "containers" / "policy.json"
        policy.parent.mkdir(parents=True)
        policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        storage, registries = cls.place / "storage.conf", cls.place / "registries.conf"
        storage.write_text(f'[storage]\ndriver = "vfs"\nrunroot = "{cls.place}/run"\ngraphroot = "{cls.place}/graph"\n')
        registries.write_text(f'[[registry]]\nlocation = "{cls.registry.host}"\ninsecure = true\n')
        cls.variables = {
            "PATH": os.environ["PATH"], "HOME": str(cls.home), "CONTAINERS_STORAGE_CONF": str(storage),
            "CONTAINERS_REGISTRIES_CONF": str(registries), "BUILDAH_ISOLATION": "chroot",
        }
        root = cls.place / "root"
        root_file_system(root)
        context = cls.place / "base"
        context.mkdir()
        with tarfile.open(context / "root.tar", "w") as archive:
            archive.add(root, arcname=".")
        (context / "Dockerfile").write_text("FROM scratch\nADD root.tar /\nENV PATH=/bin\nEXPOSE 80\nCMD [\"sh\"]\n")
        cls.run_tool("buildah", "build", "--format", "oci", "--tag", "localhost/base", context)
        # What the derived images' Dockerfiles remove files with.
        cls.run_tool("buildah", "tag", "localhost/base", "public.ecr.aws/docker/library/busybox:1.37.0-musl")
        cls.run_tool("buildah", "push", "localhost/base", f"docker://{cls.registry.host}/base:oci")
        cls.run_tool("skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", "--format", "v2s2", f"docker://{cls.registry.host}/base:oci",
                     f"docker://{cls.registry.host}/other/base:docker")

    @classmethod
    def run_tool(cls, *words):
        done = subprocess.run([*map(str, words)], env=cls.variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise AssertionError(f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def project(self, manifest, **files):
        """A project directory; a file's name has `__` for `/`."""
        place = self.place / f"project-{next(NUMBERS)}"
        place.mkdir()
        text = manifest.replace("HOST", self.registry.host)
        (place / "compose.yaml").write_text(f"name: {place.name}\n{text}")
        for name, content in files.items():
            path = place / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return place

    def tranship(self, place, *words, expect=0, **variables):
        command = [TRANSHIP, *map(str, words)]
        done = subprocess.run(command, cwd=place, env=self.variables | variables, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=300)
        self.assertEqual(done.returncode, expect, f"{command}\n{done.stdout}{done.stderr}")
        return done

    def publish(self, place, *words, **more):
        return self.tranship(place, "publish", "--target", "fargate", "--builder", "buildah", *words, **more)

    def images(self, place):
        return json.loads((place / "dist" / "fargate" / "images.json").read_text())["Images"]

    def located(self, reference):
        """Repository and digest of a reference of this registry."""
        host, _, rest = reference.partition("/")
        self.assertEqual(host, self.registry.host)
        return rest.split("@")


DERIVED = """
x-tranship: { registry: HOST/apps }
services:
  web:
    image: HOST/%s
    ports: ["80:80"]
    volumes:
      - ./nginx.conf:/etc/nginx/nginx.conf:ro
      - ./conf.d:/etc/nginx/conf.d:ro
      - ./html:/usr/share/nginx/html:ro
      - ./zone:/etc/localtime:ro
      - ./run.conf:/var/run/app/run.conf:ro
      - ./lib.conf:/lib/app/lib.conf:ro
"""
FILES = {
    "nginx_DOT_conf": "worker_processes 1;", "conf_DOT_d__site_DOT_conf": "server {}", "html__index_DOT_html": "<h1>new</h1>",
    "html__css__a_DOT_css": "a {}", "zone": "CET", "run_DOT_conf": "run", "lib_DOT_conf": "lib",
}


class Derived(ImageCase):
    def check_as_built(self, base):
        place = self.project(DERIVED % base, **FILES)
        (place / "html" / "css" / "a.css").chmod(0o755)
        (place / "html" / "css" / "b.css").symlink_to("a.css")
        (place / "html" / "home.html").symlink_to("index.html")
        (place / "html" / "zone").symlink_to("../zone")
        self.publish(place)
        image = self.images(place)["web"]
        repository, digest = self.located(image["image"])
        self.assertEqual(repository, f"apps/{place.name}/web")
        found = self.registry.files(repository, digest)
        self.assertEqual(found["etc/nginx/nginx.conf"][5], b"worker_processes 1;")
        self.assertNotIn("etc/nginx/conf.d/default.conf", found)
        self.assertEqual(found["run/app/run.conf"][5], b"run")
        self.assertEqual(found["usr/lib/app/lib.conf"][5], b"lib")
        self.assertEqual(found["var/run"][4], "/run")
        for path, target in [("css/b.css", "a.css"), ("home.html", "index.html")]:
            self.assertEqual(found[f"usr/share/nginx/html/{path}"][:5], (tarfile.SYMTYPE, 0o777, 0, 0, target))
        self.assertEqual(found["usr/share/nginx/html/zone"][5], b"CET")
        name = f"{self.registry.host}/built/{place.name}:1"
        self.run_tool("buildah", "build", "--format", "oci", "--tag", name, place / "dist" / "fargate" / "images" / "web")
        self.run_tool("buildah", "push", name, f"docker://{name}")
        built = self.registry.files(f"built/{place.name}", "1")
        # Where a builder mounts things of its own while it runs a command, it leaves empty files and folders.
        for path in {"dev", "proc", "sys", "etc/hostname", "etc/hosts", "etc/resolv.conf"} - {*found}:
            built.pop(path, None)
        self.assertEqual(sorted(found), sorted(built))
        for path, entry in built.items():
            self.assertEqual(found[path], entry, path)
        config, base_config = self.registry.config(repository, digest), self.registry.config(*base.split(":"))
        self.assertEqual(config["config"], base_config["config"])
        layers = self.registry.manifest(repository, digest)["layers"]
        self.assertEqual(len(layers), len(config["rootfs"]["diff_ids"]))
        return self.registry.manifest(repository, digest)

    def test_an_oci_image_with_files_is_as_a_builder_makes_it(self):
        manifest = self.check_as_built("base:oci")
        self.assertEqual({layer["mediaType"] for layer in manifest["layers"]}, {"application/vnd.oci.image.layer.v1.tar+gzip"})

    def test_a_docker_image_with_files_is_as_a_builder_makes_it(self):
        manifest = self.check_as_built("other/base:docker")
        self.assertEqual(manifest["mediaType"], "application/vnd.docker.distribution.manifest.v2+json")
        self.assertEqual({layer["mediaType"] for layer in manifest["layers"]},
                         {"application/vnd.docker.image.rootfs.diff.tar.gzip"})

    def test_what_is_unchanged_is_not_pushed_again(self):
        place = self.project(DERIVED % "base:oci", **FILES)
        first = self.publish(place)
        self.assertRegex(first.stdout, rf"^web={self.registry.host}/apps/\S+@sha256:[0-9a-f]{{64}}\n$")
        writes, tags = self.registry.writes(), self.registry.tags(f"apps/{place.name}/web")
        again = self.publish(place)
        self.assertEqual((again.stdout, self.registry.writes()), (first.stdout, writes))
        self.assertIn("web is unchanged", again.stderr)
        (place / "zone").write_text("EST")
        self.assertNotEqual(self.publish(place).stdout, first.stdout)
        self.assertEqual(len(self.registry.tags(f"apps/{place.name}/web")), len(tags) + 1)

    def test_a_killed_run_leaves_a_repository_that_the_next_one_completes(self):
        for after in (1, 2, 4):
            place = self.project(DERIVED % "other/base:docker", **FILES | {"zone": f"zone {after}"})
            repository = f"apps/{place.name}/web"
            before = self.registry.writes()
            process = subprocess.Popen([TRANSHIP, "publish", "--target", "fargate"], cwd=place, env=self.variables,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while process.poll() is None and self.registry.writes() < before + after:
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
            process.wait()
            for tag in self.registry.tags(repository):
                self.registry.files(repository, tag)
            self.publish(place)
            repository, digest = self.located(self.images(place)["web"]["image"])
            self.assertEqual(self.registry.files(repository, digest)["etc/localtime"][5], f"zone {after}".encode())

    def test_an_index_gives_the_image_of_the_platform(self):
        manifests = []
        for architecture in ("arm64", "amd64"):
            config = self.registry.config("base", "oci") | {"architecture": architecture}
            manifest = self.registry.manifest("base", "oci")
            manifest["config"] |= self.blob("base", json.dumps(config).encode())
            manifests.append(self.put("base", manifest) | {"platform": {"os": "linux", "architecture": architecture}})
        attestation = manifests[0] | {"platform": {"os": "unknown", "architecture": "unknown"}}
        index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [attestation, *manifests]}
        self.put("base", index, "many")
        place = self.project(DERIVED % "base:many", **FILES)
        self.publish(place)
        repository, digest = self.located(self.images(place)["web"]["image"])
        self.assertEqual(self.registry.config(repository, digest)["architecture"], "amd64")
        self.publish(place, "--all-platforms")
        repository, digest = self.located(self.images(place)["web"]["image"])
        entries = self.registry.manifest(repository, digest)["manifests"]
        self.assertEqual([entry["platform"]["architecture"] for entry in entries], ["arm64", "amd64"])
        for entry in entries:
            self.assertEqual(self.registry.files(repository, entry["digest"])["etc/localtime"][5], b"CET")

    def blob(self, repository, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        request = urllib.request.Request(f"http://{self.registry.host}/v2/{repository}/blobs/uploads/", b"", method="POST")
        with urllib.request.urlopen(request) as answer:
            location = answer.headers["Location"]
        request = urllib.request.Request(f"{location}&digest={digest}", data, {"Content-Type": "application/octet-stream"}, method="PUT")
        urllib.request.urlopen(request).close()
        return {"digest": digest, "size": len(data)}

    def put(self, repository, manifest, tag=None):
        data = json.dumps(manifest).encode()
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.registry.request(f"{repository}/manifests/{tag or digest}", "PUT", data, **{"Content-Type": manifest["mediaType"]})
        return {"mediaType": manifest["mediaType"], "digest": digest, "size": len(data)}

    def test_what_cannot_be_is_said(self):
        place = self.project(DERIVED % "base:none", **FILES)
        self.assertIn("there is no image", self.publish(place, expect=1).stderr)
        place = self.project((DERIVED % "base:oci").replace("ports:", "platform: linux/arm64\n    ports:"), **FILES)
        self.assertIn("not available for linux/arm64, only for linux/amd64", self.publish(place, expect=1).stderr)


BUILT = """
x-tranship: { registry: HOST/apps }
services:
  app:
    build: { context: app, args: { GREETING: "hello %s" } }
    ports: ["80:80"]
  worker:
    build: { context: app, args: { GREETING: "hello %s" } }
    image: shop/worker
    command: [sh]
"""


class Built(ImageCase):
    def files(self):
        dockerfile = f"FROM {self.registry.host}/base:oci\nARG GREETING\nRUN echo \"$GREETING\" > /greeting\nCOPY . /app\n"
        return {"app__Dockerfile": dockerfile, "app__main_DOT_txt": "main", "app___DOT_dockerignore": "*.log\n"}

    def test_what_is_built_is_pushed_once(self):
        place = self.project(BUILT % ("you", "you"), **self.files())
        first = self.publish(place)
        repository, digest = self.located(self.images(place)["app"]["image"])
        files = self.registry.files(repository, digest)
        self.assertEqual((files["greeting"][5], files["app/main.txt"][5]), (b"hello you\n", b"main"))
        parameters = json.loads((place / "dist" / "fargate" / "parameters.json").read_text())["Parameters"]
        self.assertIn(self.images(place)["app"]["image"], parameters.values())
        writes = self.registry.writes()
        (place / "app" / "noise.log").write_text("noise")
        again = self.publish(place)
        self.assertEqual((again.stdout, self.registry.writes()), (first.stdout, writes))
        self.assertNotIn("building", again.stderr)
        (place / "app" / "main.txt").write_text("changed")
        self.assertNotEqual(self.publish(place).stdout, first.stdout)

    def test_a_dry_run_prints_commands_and_changes_nothing(self):
        place = self.project(BUILT % ("you", "you"), **self.files())
        writes = self.registry.writes()
        done = self.publish(place, "--dry-run")
        self.assertIn("buildah build --platform linux/amd64 --tag ", done.stdout)
        self.assertIn(f"buildah push {self.registry.host}/apps/{place.name}/app:build-", done.stdout)
        self.assertNotIn("hello", done.stdout)
        self.assertEqual(self.registry.writes(), writes)
        self.assertFalse((place / "dist").exists())

    def test_a_build_that_fails_is_a_failure(self):
        place = self.project(BUILT % ("you", "you"), app__Dockerfile=f"FROM {self.registry.host}/base:oci\nRUN false\n")
        self.assertIn("the build of `app` failed", self.publish(place, expect=1).stderr)


LOCKED = """
services:
  app: { image: "HOST/known:latest", volumes: ["data:/data"] }
  gateway: { image: "HOST/base:oci", depends_on: [app], ports: ["80:80"] }
volumes: { data: {} }
"""


class Locked(ImageCase):
    """What only the image knows."""

    def test_the_lock_file_holds_what_the_image_says(self):
        context = self.place / "known"
        (context / "data").mkdir(parents=True)
        (context / "passwd").write_text("app:x:10001:10002::/:/bin/sh\n")
        (context / "Dockerfile").write_text(
            f"FROM {self.registry.host}/base:oci\nCOPY passwd /etc/passwd\nCOPY --chown=10001:10002 --chmod=750 data /data\nVOLUME /data\n"
            'USER app\nEXPOSE 8000 8125/udp\nENTRYPOINT ["/start"]\nCMD ["serve"]\n'
            "HEALTHCHECK --interval=7s CMD true\n")
        self.run_tool("buildah", "build", "--format", "docker", "--tag", "localhost/known", context)
        self.run_tool("buildah", "push", "localhost/known", f"docker://{self.registry.host}/known:latest")
        place = self.project(LOCKED)
        floats = self.tranship(place, "check", "--target", "fargate", "--verbose")
        self.assertIn("app/floating-image", floats.stderr)
        self.assertIn("cannot tell which port `app` listens on", floats.stderr)
        writes = self.registry.writes()
        self.tranship(place, "lock", "--target", "fargate")
        self.assertEqual(self.registry.writes(), writes)
        text = (place / "tranship.lock").read_text()
        locked = yaml.safe_load(text)["images"][f"{self.registry.host}/known:latest"]
        data = self.registry.get("known/manifests/latest")
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.assertEqual(locked, {
            "digest": digest, "platforms": ["linux/amd64"], "user": {"name": "app", "uid": 10001, "gid": 10002},
            "entrypoint": ["/start"], "command": ["serve"], "ports": ["80/tcp", "8000/tcp", "8125/udp"],
            "volumes": {"/data": {"uid": 10001, "gid": 10002, "mode": "0755"}},
            "healthcheck": {"test": ["CMD-SHELL", "true"], "interval": "7s"}, "shell": True,
        })
        self.tranship(place, "lock", "--target", "fargate")
        self.assertEqual((place / "tranship.lock").read_text(), text, "the same facts give the same bytes")
        (place / "tranship.lock").write_text(text.replace("uid: 10001", "uid: 7"))
        self.publish(place, "--renew-lock")
        self.assertEqual((place / "tranship.lock").read_text(), text, "publish renews what it is asked to")
        settled = self.tranship(place, "build", "--target", "fargate")
        self.assertIn("reading compose.yaml, tranship.lock", settled.stderr)
        self.assertNotIn("cannot tell which port", settled.stderr)
        template = (place / "dist" / "fargate" / "template.yaml").read_text()
        self.assertIn(f"{self.registry.host}/known@{digest}", template)
        self.assertRegex(template, r"FromPort: 8000")
        self.assertIn('OwnerUid: "10001"', template)


class Private(ImageCase):
    """A registry that wants a login."""

    def test_a_login_is_used_and_never_shown(self):
        password = "canary-9f2c"
        place = self.place / "private"
        place.mkdir()
        private = Registry(place, password)
        self.addCleanup(private.stop)
        project = self.project(DERIVED % "base:oci", **FILES)
        refused = self.publish(project, "--registry", f"{private.host}/apps", expect=4)
        self.assertIn(f"`docker login {private.host}`", refused.stderr)
        config = self.home / ".docker" / "config.json"
        config.parent.mkdir(exist_ok=True)
        self.addCleanup(shutil.rmtree, config.parent)
        login = lambda text: config.write_text(json.dumps({"auths": {private.host: {
            "auth": base64.b64encode(f"me:{text}".encode()).decode()}}}))
        login("wrong-canary-77")
        refused = self.publish(project, "--registry", f"{private.host}/apps", expect=4)
        self.assertNotIn("canary", refused.stderr)
        login(password)
        done = self.publish(project, "--registry", f"{private.host}/apps", "--verbose")
        self.assertNotIn(password, done.stdout + done.stderr)
        repository = f"apps/{project.name}/web"
        [tag] = private.tags(repository)
        self.assertEqual(private.files(repository, tag)["etc/localtime"][5], b"CET")
        # A credential helper does the same.
        helper = self.place / "bin" / "docker-credential-test"
        helper.parent.mkdir()
        helper.write_text(f"#!/bin/sh\nread host\necho '{{\"Username\": \"me\", \"Secret\": \"{password}\"}}'\n")
        helper.chmod(0o755)
        config.write_text(json.dumps({"credHelpers": {private.host: "test"}}))
        path = f"{helper.parent}:{self.variables['PATH']}"
        done = self.publish(project, "--registry", f"{private.host}/apps", "--tag", "v1", PATH=path)
        self.assertEqual(private.tags(repository), sorted([tag, "v1"]))


DEPLOYED = """
x-tranship:
  environments: { prod: { target: fargate } }
  registry: HOST/apps
services:
  web:
    image: HOST/base:oci
    ports: ["80:80"]
    volumes: ["./site.conf:/etc/nginx/site.conf:ro"]
  worker: { image: "HOST/floating:latest" }
"""


class Deployed(StackCase, ImageCase):
    """What floats, is built or is derived is deployed by digest."""

    with_images = True

    def push_floating(self, text):
        context = self.place / "floating"
        context.mkdir(exist_ok=True)
        (context / "Dockerfile").write_text(f"FROM {self.registry.host}/base:oci\nRUN echo {text} > /said\n")
        self.run_tool("buildah", "build", "--format", "oci", "--tag", "localhost/floating", context)
        self.run_tool("buildah", "push", "localhost/floating", f"docker://{self.registry.host}/floating:latest")
        return "sha256:" + hashlib.sha256(self.registry.get("floating/manifests/latest")).hexdigest()

    def images_of_services(self):
        """The image of each service's first container, in its newest task definition."""
        ecs = client("ecs", self.upstream)
        found = {}
        for cluster in ecs.list_clusters()["clusterArns"]:
            for arn in ecs.list_services(cluster=cluster)["serviceArns"]:
                (service,) = ecs.describe_services(cluster=cluster, services=[arn])["services"]
                definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
                (container,) = definition["containerDefinitions"]
                found[container["name"]] = container["image"]
        return found

    def test_a_tag_with_new_content_is_a_change_that_is_deployed(self):
        self.write("compose.yaml", "name: shop\n" + DEPLOYED.replace("HOST", self.registry.host))
        self.write("site.conf", "one")
        first = self.push_floating("one")
        self.deploy()
        images = self.images_of_services()
        self.assertEqual(images["worker"], f"{self.registry.host}/floating@{first}")
        web, digest = self.located(images["web"])
        self.assertEqual((web, self.registry.files(web, digest)["etc/nginx/site.conf"][5]), ("apps/shop/web", b"one"))
        writes = self.registry.writes()
        self.assertIn("no changes", self.again().err)
        self.assertEqual(self.registry.writes(), writes)

        second = self.push_floating("two")
        self.assertNotEqual(first, second)
        run = self.again()
        self.assertEqual({*self.changed(run)}, {"WorkerTaskDefinition", "WorkerService"}, run)
        self.assertEqual(self.images_of_services(), images | {"worker": f"{self.registry.host}/floating@{second}"})

        self.write("site.conf", "two")
        run = self.again()
        self.assertEqual({*self.changed(run)}, {"WebTaskDefinition", "WebService"}, run)
        web, digest = self.located(self.images_of_services()["web"])
        self.assertEqual(self.registry.files(web, digest)["etc/nginx/site.conf"][5], b"two")

    def test_repositories_of_amazon_ecr_are_created_where_that_is_asked(self):
        host = self.registry.host

        def here(answer):
            """The registry of an account is at an address that nobody has here."""
            for one in [answer.get("repository"), *answer.get("repositories", [])]:
                if one:
                    one["repositoryUri"] = f"{host}/ecr/{one['repositoryName']}"
            return answer

        for action in ("CreateRepository", "DescribeRepositories"):
            self.gateway.amend(action, here)
        text = DEPLOYED.replace("  registry: HOST/apps\n", "").replace("HOST", host)
        self.write("compose.yaml", "name: shelf\n" + text)
        self.write("site.conf", "one")
        self.push_floating("one")
        self.stack = "shelf-prod"
        run = self.tranship("publish", "prod", expect=2)
        self.assertIn("the repository", run.err)
        self.assertIn("--create-repositories", run.err)
        ecr = client("ecr", self.upstream)
        self.assertEqual(ecr.describe_repositories()["repositories"], [])

        self.tranship("publish", "prod", "--create-repositories")
        (repository,) = ecr.describe_repositories()["repositories"]
        self.assertEqual((repository["repositoryName"], repository["imageTagMutability"]), ("shelf/web", "IMMUTABLE"))
        self.assertTrue(repository["imageScanningConfiguration"]["scanOnPush"])
        policy = json.loads(ecr.get_lifecycle_policy(repositoryName="shelf/web")["lifecyclePolicyText"])
        self.assertEqual([rule["selection"]["tagStatus"] for rule in policy["rules"]], ["untagged"])
        tags = ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
        self.assertEqual([(tag["Key"], tag["Value"]) for tag in tags], [("tranship:project", "shelf")])
        (tag,) = self.registry.tags("ecr/shelf/web")
        self.assertEqual(self.registry.files("ecr/shelf/web", tag)["etc/nginx/site.conf"][5], b"one")
        self.deploy()
        self.assertTrue(self.images_of_services()["web"].startswith(f"{host}/ecr/shelf/web@sha256:"))


if __name__ == "__main__":
    unittest.main()
