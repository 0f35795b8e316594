#!/usr/bin/env python3
"""Completes .env, from which Docker Compose takes the values of ${NAME} in docker-compose.yml.

A hook of Elastic Beanstalk: runs in the directory of the application's new version. environment.json in .platform
names the variables: the property of the environment that each takes, and whether it is percent-encoded for a URL.
Elastic Beanstalk writes properties into .env without quotes; here every value is quoted, so that it keeps every
character. Lines of other variables stay.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from urllib.parse import quote

GET_CONFIG = "/opt/elasticbeanstalk/bin/get-config"
WANTED = ".platform/environment.json"
ENV = ".env"
ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=")


def properties():
    """The environment's properties: what the platform lists, and what it hands to hooks, secrets among them."""
    listed = subprocess.run([GET_CONFIG, "environment"], check=True, stdout=subprocess.PIPE)
    return {**{name: str(value) for name, value in json.loads(listed.stdout).items()}, **os.environ}


def quoted(value):
    """A value as Docker Compose reads it back, whatever it holds."""
    if "'" not in value and "\\" not in value:
        return "'" + value + "'"
    for plain, safe in (("\\", "\\\\"), ('"', '\\"'), ("$", "$$")):
        value = value.replace(plain, safe)
    return '"' + value + '"'


def completed(lines, wanted, known):
    """The lines of .env: those of other variables, then the wanted ones."""
    kept = []
    for line in lines:
        assigned = ASSIGNMENT.match(line)
        if assigned and assigned.group(1) not in wanted:
            kept.append(line)
    for name, asked in sorted(wanted.items()):
        if asked["property"] not in known:
            sys.exit("the environment has no property %s" % asked["property"])
        value = known[asked["property"]]
        kept.append("%s=%s" % (name, quoted(quote(value, safe="") if asked.get("encoded") else value)))
    return kept


def replace(path, text):
    """Writes a file whole or not at all, readable by its owner alone: it holds passwords."""
    descriptor, name = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)))
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(name, path)


def main():
    with open(WANTED, encoding="utf-8") as file:
        wanted = json.load(file)
    lines = []
    if os.path.exists(ENV):
        with open(ENV, encoding="utf-8") as file:
            lines = file.read().splitlines()
    replace(ENV, "\n".join(completed(lines, wanted, properties())) + "\n")


if __name__ == "__main__":
    main()
