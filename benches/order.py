"""Which functions a compile runs: benches/function_order.txt, by which build.rs has the program linked.

Linux maps sixteen pages around each one that is run, and a compile runs a quarter of the functions. Next to each other, they
are a third of the pages that they are where the compiler leaves them. `benches/run order` builds releases, which keep their
symbols, runs them under Valgrind and writes the list anew. Nothing depends on it but memory and the time of a start: after a
change of code it fits a little less, and it is written again before a release.
"""

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
APPLICATION, EXAMPLE = "application", "example"
GROUPS = {
    "reading a manifest": [(APPLICATION, "config --quiet")],
    "compiling an application": [(APPLICATION, f"{word} --target {target}") for target in ("fargate", "ecs-ec2", "beanstalk") for word in ("check", "build")],
    "compiling what uses more of Compose": [(EXAMPLE, f"check --target {target}") for target in ("fargate", "ecs-ec2", "beanstalk")],
}
HEAD = """\
# The functions that a compile runs, by the symbols of Rust's second mangling scheme, and some of C. `*` is what differs between
# compilers and versions.
# `benches/run order` writes this file; build.rs has the program linked by it.
"""


def releases():
    """The programs with and without the AWS SDK, as a release builds them."""
    for name, features in {"default": [], "compiler": ["--no-default-features"]}.items():
        subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", ROOM, *features], cwd=ROOT, check=True)
        shutil.copy2(ROOM / "release" / "tranship", ROOM / name)
        yield ROOM / name


def pattern(symbol):
    """The symbol of a function, with `*` for what another compiler makes different: hashes of crates, and the places in the
    symbol that it refers to, which move with them; in C, numbers, since libraries put their versions there. What the
    compiler puts behind a dot, where several functions have a name, is left out: the linker's script has all of them."""
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


def run(programs):
    """Writes the list; the exit code."""
    groups = {name: set() for name in GROUPS}
    for program in programs:
        functions = Functions(Path(program).resolve())
        for name, commands in GROUPS.items():
            for manifest, words in commands:
                with tempfile.TemporaryDirectory() as folder:
                    if manifest == APPLICATION:
                        Path(folder, "compose.yaml").write_text(manifests.application(10))
                    else:
                        shutil.copytree(ROOT / "fixtures" / "todobackend", folder, dirs_exist_ok=True)
                    groups[name] |= {pattern(symbol) for symbol in functions.run_by(words.split(), folder)}
    text, known = HEAD, set()
    for name, found in groups.items():
        text += f"\n# {name}\n" + "".join(f"{one}\n" for one in sorted(found - known))
        known |= found
    ORDER.write_text(text)
    print(f"{ORDER.relative_to(ROOT)}: {len(known)} functions")
    return 0
