"""Processor time, wall time, peak memory and instructions of a command."""

import math
import os
import re
import statistics
import subprocess
import time
from typing import NamedTuple


class Unmeasured(Exception):
    """The command failed; `last` is the last line that it said."""

    def __init__(self, command, said):
        # GNU time has two lines of its own.
        own = ("measured ", "Command exited ")
        lines = [line for line in said.splitlines() if line.strip() and not line.startswith(own)]
        self.last = lines[-1] if lines else "nothing"
        super().__init__(f"{' '.join(map(str, command))} failed: {self.last}")


def environment(directory, more):
    return {"PATH": os.environ["PATH"], "HOME": str(directory)} | (more or {})


class Measure(NamedTuple):
    """What a command took: processor time and wall time in seconds, and its peak memory in bytes."""

    cpu: float
    wall: float
    peak: int


def measure(command, directory, runs, fine=frozenset({0}), more=None):
    """The medians of so many runs. What is too short for the clock of GNU time runs several times in a row. `fine` are the exit
    codes of a success."""
    command = [str(word) for word in command]
    found = []
    for _ in range(runs):
        one = once(command, directory, fine, more)
        if one.wall < 0.1:
            times = 20
            all_of_them = several(command, directory, times, more)
            one = Measure(all_of_them.cpu / times, all_of_them.wall / times, one.peak)
        found.append(one)
    return Measure(*(max(statistics.median(values), 1e-4) for values in zip(*found)))


def once(command, directory, fine, more):
    timed = ["/usr/bin/time", "-f", "measured %U %S %M", *command]
    begun = time.monotonic()
    done = subprocess.run(timed, cwd=directory, env=environment(directory, more), capture_output=True, text=True)
    wall = time.monotonic() - begun
    found = re.search(r"^measured (\S+) (\S+) (\d+)$", done.stderr, re.M)
    if done.returncode not in fine or not found:
        raise Unmeasured(command, done.stderr)
    return Measure(float(found[1]) + float(found[2]), wall, int(found[3]) * 1024)


def several(command, directory, times, more):
    script = ["sh", "-c", f'i=0; while [ $i -lt {times} ]; do "$@" >/dev/null 2>&1; i=$((i+1)); done', "sh", *command]
    return once(script, directory, {0}, more)


def exponent(times):
    """How time grows from about 100 services to the largest number: 1 is linear. `None` where there is no such range."""
    small = min((size for size in times if size >= 100), default=None)
    large = max(times)
    if small is None or large < 4 * small:
        return None
    return math.log(times[large] / times[small]) / math.log(large / small)


def instructions(command, directory, fine=frozenset({0})):
    """How many instructions the command runs, by Valgrind. Raises `FileNotFoundError` where that is not installed."""
    counted = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *map(str, command)]
    done = subprocess.run(counted, cwd=directory, env=environment(directory, None), capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode not in fine or not found:
        raise Unmeasured(command, done.stderr)
    return int(found[1])
