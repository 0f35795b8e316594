"""CPU time, peak memory and instructions of a command."""

import math
import os
import re
import statistics
import subprocess


class Unmeasured(Exception):
    """The command failed; `last` is the last line that it said."""

    def __init__(self, command, said):
        lines = [line for line in said.splitlines() if line.strip()]
        self.last = lines[-1] if lines else "nothing"
        super().__init__(f"{' '.join(map(str, command))} failed: {self.last}")


def environment(directory, more):
    return {"PATH": os.environ["PATH"], "HOME": str(directory)} | (more or {})


def measure(command, directory, runs, fine=frozenset({0}), more=None):
    """The median CPU time in seconds and the median peak in bytes. What is too short for the clock of GNU time runs several
    times in a row. `fine` are the exit codes of a success."""
    command = [str(word) for word in command]
    spent, peaks = [], []
    for _ in range(runs):
        one, peak = once(command, directory, fine, more)
        if one < 0.1:
            times = 10
            one = several(command, directory, times, more) / times
        spent.append(one)
        peaks.append(peak)
    return max(statistics.median(spent), 1e-4), statistics.median(peaks)


def once(command, directory, fine, more):
    timed = ["/usr/bin/time", "-f", "measured %U %S %M", *command]
    done = subprocess.run(timed, cwd=directory, env=environment(directory, more), capture_output=True, text=True)
    found = re.search(r"^measured (\S+) (\S+) (\d+)$", done.stderr, re.M)
    if done.returncode not in fine or not found:
        raise Unmeasured(command, done.stderr)
    return float(found[1]) + float(found[2]), int(found[3]) * 1024


def several(command, directory, times, more):
    script = ["sh", "-c", f'i=0; while [ $i -lt {times} ]; do "$@" >/dev/null 2>&1; i=$((i+1)); done', "sh", *command]
    return once(script, directory, {0}, more)[0]


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
