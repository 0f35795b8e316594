"""Images under the names that applications use, made of Debian packages: none comes from a registry.

Each stand-in behaves like the official image where an application relies on it: entry point, user, folders and their owners,
ports, volumes, configuration paths. Its own files are in standins/NAME.
"""

import functools
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

import packages
import podman
from sandbox import ROOM

HERE = Path(__file__).parent
POSTGRES = "usr/lib/postgresql/15"


@dataclass
class StandIn:
    names: list
    files: list = field(default_factory=list)  # paths of the package tree, with wildcards
    folders: dict = field(default_factory=dict)  # path: (uid, gid, mode)
    config: dict = field(default_factory=dict)  # as in a Dockerfile


STAND_INS = {
    "busybox": StandIn(
        # The last two are those that templates and derived images name by themselves.
        ["busybox:1.36", "alpine:3.20", "public.ecr.aws/amazonlinux/amazonlinux:2023-minimal",
         "public.ecr.aws/docker/library/busybox:1.37.0-musl"],
        config={"CMD": ["sh"]}),
    "nginx": StandIn(
        ["nginx:1.27", "nginx:1.27-alpine"],
        ["usr/sbin/nginx", "etc/nginx/mime.types", "etc/nginx/*_params", "etc/nginx/fastcgi.conf"],
        {"var/cache/nginx": (101, 101, 0o755), "var/lib/nginx": (0, 0, 0o755), "var/log/nginx": (0, 0, 0o755)},
        {"ENTRYPOINT": ["/docker-entrypoint.sh"], "CMD": ["nginx", "-g", "daemon off;"], "EXPOSE": "80", "STOPSIGNAL": "SIGQUIT"}),
    "redis": StandIn(
        ["redis:7", "redis:7-alpine"],
        ["usr/bin/redis-server", "usr/bin/redis-cli", "usr/bin/setpriv"],
        {"data": (999, 999, 0o755)},
        {"ENTRYPOINT": ["docker-entrypoint.sh"], "CMD": ["redis-server"], "EXPOSE": "6379", "WORKDIR": "/data", "VOLUME": "/data"}),
    "postgres": StandIn(
        ["postgres:16", "postgres:16-alpine", "postgres:16.4", "postgres:16.9"],
        [*(f"{POSTGRES}/bin/{name}" for name in ("postgres", "initdb", "pg_ctl", "psql", "pg_isready")),
         f"{POSTGRES}/lib/dict_snowball.so", f"{POSTGRES}/lib/plpgsql.so", "usr/share/postgresql/15", "usr/share/zoneinfo/Etc", "usr/bin/setpriv"],
        {"var/lib/postgresql": (999, 999, 0o755), "var/lib/postgresql/data": (999, 999, 0o1777), "var/run/postgresql": (999, 999, 0o1777),
         "docker-entrypoint-initdb.d": (0, 0, 0o755)},
        {"ENTRYPOINT": ["docker-entrypoint.sh"], "CMD": ["postgres"], "EXPOSE": "5432", "STOPSIGNAL": "SIGINT",
         "VOLUME": "/var/lib/postgresql/data",
         "ENV": {"PATH": f"/usr/local/bin:/usr/bin:/bin:/{POSTGRES}/bin", "PGDATA": "/var/lib/postgresql/data"}}),
    "python": StandIn(
        ["python:3.12-slim"],
        ["usr/bin/python3.11", "usr/lib/python3.11", "usr/lib/python3/dist-packages"],
        config={"CMD": ["python3"]}),
}


def build():
    """Every stand-in, under each of its names."""
    tree = packages.tree()
    for name, image in STAND_INS.items():
        archive = _archive(name, image, tree)
        changes = [flag for change in _changes(image.config) for flag in ("--change", change)]
        first, *others = map(full_name, image.names)
        podman.run("import", "--quiet", *changes, archive, first)
        for other in others:
            podman.run("tag", first, other)


def _changes(config):
    for key, value in config.items():
        if isinstance(value, dict):
            yield from (f"{key} {name}={text}" for name, text in value.items())
        else:
            yield f"{key} {json.dumps(value) if isinstance(value, list) else value}"


def build_from(folder, name):
    """An image from a folder with a Dockerfile."""
    podman.run("build", "--quiet", "--network", "none", "--tag", full_name(name), folder, timeout=120)


def full_name(name):
    """The name with its registry, as Docker completes it."""
    first, _, rest = name.partition("/")
    if rest and ("." in first or ":" in first):
        return name
    return f"docker.io/{name}" if rest else f"docker.io/library/{name}"


def _archive(name, image, tree):
    """The root file system, as a tar file. It is kept from run to run, as the packages are."""
    archive = packages.ROOM / f"images-{_key()}" / f"{name}.tar"
    if not archive.exists():
        place = ROOM / "roots" / name
        _root(name, image, tree, place)
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive.with_suffix(".new"), "w") as packed:
            packed.add(place, arcname=".")
        archive.with_suffix(".new").rename(archive)
        shutil.rmtree(place)
    return archive


@functools.cache
def _key():
    """What the root file systems are made from, as a short hash."""
    sources = [HERE / "images.py", HERE / "packages.py", *sorted(path for path in (HERE / "standins").rglob("*") if path.is_file())]
    return hashlib.sha256(b"".join(str(path).encode() + path.read_bytes() for path in sources)).hexdigest()[:12]


def _root(name, image, tree, place):
    for folder in ("etc", "proc", "root", "run", "sys", "tmp", "usr/bin", "usr/lib", "usr/lib64", "usr/local/bin", "usr/sbin", "var"):
        (place / folder).mkdir(parents=True)
    for folder in ("bin", "sbin", "lib", "lib64"):
        # Debian's folders lead to /usr, those of busybox do not.
        (place / folder).symlink_to(f"usr/{folder}") if image.files else (place / folder).mkdir()
    (place / "var" / "run").symlink_to("/run")
    (place / "tmp").chmod(0o1777)
    programs = [path for pattern in ["bin/busybox", *image.files] for path in tree.glob(pattern)]
    for path in programs:
        _copy(path, tree, place)
    loaded = [program.relative_to(tree) for path in programs for program in _dynamic(path)]
    for library in packages.libraries(tree, loaded) if loaded else []:
        _copy(tree / library, tree, place)
    applets = subprocess.run([tree / "bin" / "busybox", "--list"], check=True, capture_output=True, text=True).stdout.split()
    for applet in {*applets} - {"busybox"}:
        if not (place / "bin" / applet).exists():
            (place / "bin" / applet).symlink_to("busybox")
    shutil.copytree(HERE / "standins" / "busybox", place, dirs_exist_ok=True)
    shutil.copytree(HERE / "standins" / name, place, dirs_exist_ok=True, symlinks=True)
    for path, (user, group, mode) in image.folders.items():
        real = place / path.replace("var/run", "run")
        real.mkdir(parents=True, exist_ok=True)
        os.chown(real, user, group)
        real.chmod(mode)


def _copy(path, tree, place):
    """Copy a file, a folder or a link of the tree with what it points to, at the same path."""
    wanted = place / path.relative_to(tree)
    if path.is_dir():
        shutil.copytree(path, wanted, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("test", "*.pyc"))
        return
    wanted.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, wanted, follow_symlinks=False) if not wanted.is_symlink() else None
    if path.is_symlink():
        target = path.readlink()
        _copy(tree / target.relative_to("/") if target.is_absolute() else path.parent / target, tree, place)


def _dynamic(path):
    """The programs and libraries at or below a path that a loader loads."""
    found = [path] if path.is_file() else path.rglob("*.so")
    return [one for one in found if not one.is_symlink() and one.open("rb").read(4) == b"\x7fELF" and one.name != "busybox"
            ] if not path.is_symlink() else _dynamic(path.resolve())
