"""Instructions of four cases at two sizes, held against a committed baseline.

A count does not depend on how busy the machine is, so it shows what seconds hide: a rise of 5 % fails, and so does growth
that is worse than linear. After a change that is meant, `benches/run instructions --bless` writes the new counts.
"""

import json
import math
import os
import subprocess
import tempfile
from pathlib import Path

import manifests
from measure import instructions

ROOT = Path(__file__).resolve().parent.parent
BASELINE = ROOT / "benches" / "instructions.json"
RISE = 1.05
EXPONENT = 1.1
SIZES = (100, 400)
CASES = {
    "config": (manifests.application, ["config", "--quiet"]),
    "check for ecs-ec2": (manifests.application, ["check", "--target", "ecs-ec2"]),
    "check for fargate, ten errors in each service": (manifests.faulty, ["check", "--target", "fargate"]),
    "build for beanstalk, ten losses in each service": (manifests.lossy, ["build", "--target", "beanstalk"]),
}


def build():
    """The compiler without the AWS SDK, by the profile that is counted."""
    subprocess.run(["cargo", "build", "--profile", "counted", "--no-default-features", "--locked", "--quiet"], cwd=ROOT, check=True)
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "counted" / "tranship"


def compiler():
    """The version of Rust: another one makes other instructions."""
    return subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()


def count(tranship, say=print):
    """The counts of every case."""
    counts = {}
    for name, (make, words) in CASES.items():
        counts[name] = {}
        for size in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, "compose.yaml").write_text(make(size))
                counts[name][str(size)] = instructions([tranship, *words], folder, {0, 2})
        say(f"{name}: " + ", ".join(f"{size} services {counts[name][str(size)]:,}" for size in SIZES))
    return counts


def faults(counts, baseline):
    """What is wrong with the counts, in words."""
    found = []
    for name, sizes in counts.items():
        small, large = (sizes[str(size)] for size in SIZES)
        grows = math.log(large / small) / math.log(SIZES[1] / SIZES[0])
        if grows > EXPONENT:
            found.append(f"{name}: growth exponent {grows:.2f}, at most {EXPONENT} is allowed")
        for size, value in sizes.items():
            known = baseline.get(name, {}).get(size)
            if known is None:
                found.append(f"{name}: no baseline for {size} services")
            elif value > known * RISE:
                found.append(f"{name}: {value:,} instructions for {size} services, {value / known - 1:.1%} more than {known:,}")
    return found


def run(tranship, bless):
    """Counts and compares; the exit code."""
    counts = count(tranship)
    if bless:
        BASELINE.write_text(json.dumps({"compiler": compiler(), "counts": counts}, indent=2) + "\n")
        baseline = counts
    else:
        known = json.loads(BASELINE.read_text())
        baseline = known["counts"]
        if known["compiler"] != compiler():
            print(f"the baseline is of {known['compiler']}, this is {compiler()}: counts may differ for it alone")
    found = faults(counts, baseline)
    for fault in found:
        print(f"failed: {fault}")
    return 1 if found else 0
