"""Debian packages as the material of images: fetched once, unpacked into one tree, installed nowhere."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from support import ROOT

ROOM = ROOT / "target" / "judges" / "runtime"
SEEDS = ["busybox-static", "libpython3.11-stdlib", "netbase", "nginx-light", "postgresql-15", "postgresql-client-15", "python3-psycopg2",
         "python3.11-minimal", "redis-server", "redis-tools", "util-linux"]
# What no program of an image loads: the compiler of PostgreSQL's queries, Perl.
LEFT_OUT = re.compile(r"lib(llvm|z3|perl|json-perl|file-find|number|text|debian-installer|newt|slang|semanage|elogind)")
ALSO = re.compile(r"nginx|nginx-common|media-types|tzdata|gcc-12-base|zlib1g")


def tree():
    """The directory with the unpacked packages."""
    key = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    place = ROOM / f"packages-{key}"
    if not place.exists():
        fresh = place.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        _unpack(_downloaded(fresh), fresh / "root")
        fresh.rename(place)
    return place / "root"


def _downloaded(place):
    place.mkdir(parents=True)
    if subprocess.run(["apt-cache", "show", SEEDS[0]], capture_output=True).returncode != 0:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
    subprocess.run(["apt-get", "download", "-qq", *_closure()], cwd=place, check=True, stderr=subprocess.DEVNULL)
    return sorted(place.glob("*.deb"))


def _closure():
    flags = [f"--no-{kind}" for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")]
    said = subprocess.run(["apt-cache", "depends", "--recurse", *flags, *SEEDS], check=True, capture_output=True, text=True).stdout
    names = set(re.findall(r"^(\w\S*)$", said, re.M))
    libraries = {name for name in names if name.startswith("lib") and not LEFT_OUT.match(name)}
    return sorted({*SEEDS} | libraries | {name for name in names if ALSO.fullmatch(name)})


def _unpack(archives, root):
    for folder in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / folder).mkdir(parents=True)
        (root / folder).symlink_to(f"usr/{folder}")
    for archive in archives:
        files = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", str(root)], stdin=files.stdout, check=True)
        if files.wait() != 0:
            raise RuntimeError(f"{archive.name} cannot be unpacked")
        archive.unlink()


def libraries(root, programs):
    """The shared libraries that these programs of the tree load, as paths of the tree."""
    loader = next(root.glob("usr/lib*/ld-linux*"))
    found = set()
    for program in programs:
        said = subprocess.run(["chroot", str(root), f"/{loader.relative_to(root)}", "--list", f"/{program}"], capture_output=True, text=True)
        if said.returncode != 0:
            raise RuntimeError(f"{program}: {said.stderr.strip()}")
        found.update(line.strip("/") for line in re.findall(r"(/\S+) \(0x", said.stdout))
    return sorted(found)
