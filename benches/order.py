"""Which functions a compile runs, and which constants it reads: benches/function_order.txt, by which build.rs has the program
linked.

Linux maps sixteen pages around each one that is used, and a compile runs a quarter of the functions. Next to each other, they
are a third of the pages that they are where the compiler leaves them. `benches/run order` builds releases, which keep their
symbols, runs them under Valgrind and writes the list anew. Nothing depends on it but memory and the time of a start: after a
change of code it fits a little less, and it is written again before a release.
"""

import os
import re
import shutil
import subprocess
import tempfile
from bisect import bisect_right
from pathlib import Path

import manifests

ROOT = Path(__file__).resolve().parent.parent
ORDER = ROOT / "benches" / "function_order.txt"
ROOM = ROOT / "target" / "order"
# The groups, each with what it runs. A function is in the first group that runs it.
APPLICATION, MANIFEST, EXAMPLE = "application", "manifest", "example"
GROUPS = {
    "reading a manifest": [(manifest, "config --quiet") for manifest in (MANIFEST, APPLICATION, EXAMPLE)],
    "compiling an application": [(APPLICATION, f"{word} --target {target}") for target in ("fargate", "ecs-ec2", "beanstalk") for word in ("check", "build")],
    "compiling what uses more of Compose": [(EXAMPLE, f"check --target {target}") for target in ("fargate", "ecs-ec2", "beanstalk")],
}
# How constants are called that have no name.
NAMELESS = ".Lanon."
HEAD = """\
# The functions that a compile runs and constants that it reads, by the symbols of Rust's second mangling scheme, and some of C. `*`
# is what differs between compilers and versions. Constants without a name have a hash of their crate, and a number.
# `benches/run order` writes this file; build.rs has the program linked by it.
"""


def releases():
    """The programs with and without the AWS SDK, as a release builds them. The second one is built from a copy of the sources: what
    has another name there belongs to this workspace, and is never called the same elsewhere."""
    copy = ROOM / "sources"
    shutil.rmtree(copy, ignore_errors=True)
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for path in filter(None, tracked.split("\0")):
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, copy / path)
    for name, sources, features in [("default", ROOT, []), ("compiler", copy, ["--no-default-features"])]:
        environment = {**os.environ, "TRANSHIP_LINK_MAP": str(ROOM / f"{name}.map")}
        command = ["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", ROOM, *features]
        subprocess.run(command, cwd=sources, check=True, env=environment)
        shutil.copy2(ROOM / "release" / "tranship", ROOM / name)
        yield ROOM / name


def pattern(symbol):
    """The symbol of a function, with `*` for what another compiler makes different: hashes of crates, and the places in the
    symbol that it refers to, which move with them; in C, numbers, since libraries put their versions there. What the
    compiler puts behind a dot, where several functions have a name, is left out: the linker's script has all of them. A constant
    without a name only has what the compiler makes of its crate."""
    if symbol.startswith(NAMELESS):
        return symbol
    symbol = symbol.partition(".")[0]
    if not symbol.startswith("_R"):
        return re.sub(r"\d+", "*", symbol)
    parts, at = [], 0
    while at < len(symbol):
        name = re.compile(r"(\d+)_?").match(symbol, at)
        varies = re.compile(r"Cs[0-9A-Za-z]*_|B[0-9A-Za-z]*_").match(symbol, at)
        constant = re.compile(r"K[a-z]n?[0-9a-f]*_").match(symbol, at)
        if name and name[1] != "0":
            length = int(name[1])
            end = name.end(1) + length + (symbol[name.end(1):name.end(1) + 1] == "_")
            parts.append(symbol[at:end])
            at = end
        elif varies:
            parts.append(("Cs" if varies[0].startswith("Cs") else "B") + "*_")
            at = varies.end()
        elif constant:
            parts.append(constant[0])
            at = constant.end()
        else:
            parts.append(symbol[at])
            at += 1
    return "".join(parts)


class Functions:
    """The functions of a program, by their addresses."""

    def __init__(self, program):
        lines = subprocess.run(["nm", "-S", "--defined-only", program], capture_output=True, text=True, check=True).stdout.splitlines()
        rows = [line.split() for line in lines]
        self.program, self.ends, self.symbols = program, {}, {}
        for start, size, _, symbol in (row for row in rows if len(row) == 4 and row[2] in "tTwW"):
            self.ends[int(start, 16)] = int(start, 16) + int(size, 16)
            self.symbols.setdefault(int(start, 16), set()).add(symbol)
        self.starts = sorted(self.ends)

    def run_by(self, words, folder):
        """The symbols of the functions that a command runs."""
        with tempfile.NamedTemporaryFile() as profile:
            command = ["valgrind", "--tool=callgrind", "--dump-instr=yes", f"--callgrind-out-file={profile.name}", self.program, *words]
            found = subprocess.run(command, cwd=folder, capture_output=True)
            if found.returncode not in (0, 2):
                raise SystemExit(f"{' '.join(words)} exits with {found.returncode}: {found.stderr.decode()[-500:]}")
            starts = {self.start_of(address) for address in self.addresses(Path(profile.name))} - {None}
        return {symbol for start in starts for symbol in self.symbols[start]}

    def start_of(self, address):
        """Where the function of an instruction starts. Functions that do the same are one: it has several symbols, and which
        of them its section is named by is not known."""
        place = bisect_right(self.starts, address) - 1
        return self.starts[place] if place >= 0 and address < self.ends[self.starts[place]] else None

    def addresses(self, profile):
        """The instructions in a profile of Callgrind: each address is absolute, or relative to the last one. Those of libraries
        are below the program's."""
        last = 0
        for line in profile.read_text().splitlines():
            cost = re.match(r"(0x[0-9a-f]+|[+-]\d+|\*) ", line)
            if cost:
                last = int(cost[1], 16) if cost[1].startswith("0x") else last + (0 if cost[1] == "*" else int(cost[1]))
                yield last


class Constants:
    """The constants of a program, by what the linker has put where: the file beside the program."""

    def __init__(self, program):
        row = re.compile(r"\s*([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+)\s+\d+ +\S.*:\(\.rodata\.(?:unlikely\.)?([^()]+)\)$")
        found = filter(None, map(row.match, Path(f"{program}.map").read_text().splitlines()))
        rows = sorted((int(one[1], 16), int(one[2], 16), one[3]) for one in found if int(one[2], 16))
        self.program, self.rows, self.starts = program, rows, [row[0] for row in rows]

    def read_by(self, words, folder):
        """The names of the constants that a command reads. Those that many files have, such as texts of C, are merged, and have none."""
        with tempfile.NamedTemporaryFile() as trace:
            command = ["valgrind", "--tool=lackey", "--trace-mem=yes", f"--log-file={trace.name}", self.program, *words]
            subprocess.run(command, cwd=folder, capture_output=True, check=True)
            with open(trace.name) as lines:
                addresses = {int(line[3:].partition(",")[0], 16) for line in lines if line.startswith(" L ")}
        return {name for name in map(self.at, addresses) if name and not re.match(r"cst\d|str\d|.*\.str\d", name)}

    def at(self, address):
        place = bisect_right(self.starts, address) - 1
        start, size, name = self.rows[place] if place >= 0 else (0, 0, None)
        return name if start <= address < start + size else None


def constants(programs):
    """The patterns of the constants that reading a manifest takes. One without a name counts where all programs have it."""
    found = []
    for program in map(Constants, programs):
        found.append(set())
        for manifest, words in next(iter(GROUPS.values())):
            with tempfile.TemporaryDirectory() as folder:
                place(manifest, folder)
                found[-1] |= program.read_by(words.split(), folder)
    everywhere = set.intersection(*found)
    return {pattern(name) for name in set.union(*found) if name in everywhere or not name.startswith(NAMELESS)}


def place(manifest, folder):
    """Puts what a command reads into a folder."""
    if manifest == EXAMPLE:
        shutil.copytree(ROOT / "fixtures" / "todobackend", folder, dirs_exist_ok=True)
    else:
        made = manifests.application if manifest == APPLICATION else manifests.manifest
        Path(folder, "compose.yaml").write_text(made(10))


def run(programs):
    """Writes the list; the exit code."""
    programs = [Path(program).resolve() for program in programs]
    groups = {name: set() for name in GROUPS}
    groups[next(iter(GROUPS))] |= constants(programs)
    for program in programs:
        functions = Functions(program)
        for name, commands in GROUPS.items():
            for manifest, words in commands:
                with tempfile.TemporaryDirectory() as folder:
                    place(manifest, folder)
                    groups[name] |= {pattern(symbol) for symbol in functions.run_by(words.split(), folder)}
    text, known = HEAD, set()
    for name, found in groups.items():
        text += f"\n# {name}\n" + "".join(f"{one}\n" for one in sorted(found - known))
        known |= found
    ORDER.write_text(text)
    print(f"{ORDER.relative_to(ROOT)}: {len(known)} functions and constants")
    return 0
