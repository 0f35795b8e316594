#!/usr/bin/env python3
"""What an instance does before its containers start.

    instance.py run JOB    runs the container of a job, and ends as it ends
    instance.py fill       fills empty directories with what the images have there, as Docker fills a new volume
    instance.py init       writes the variables that entry points read
    instance.py clear-commands, write-commands
                           removes, writes the commands that entry points run first

instance.json beside this file says how. A job is given text as it is, the value of an environment property, which may
be percent-encoded for a URL, or a secret. A value keeps every character: it never passes through a shell.
"""
import json
import os
import shlex
import subprocess
import sys
import tarfile
from urllib.parse import quote

GET_CONFIG = "/opt/elasticbeanstalk/bin/get-config"
HERE = os.path.dirname(os.path.abspath(__file__))


def properties():
    """The environment's properties: what the platform lists, and what it hands to commands, secrets among them."""
    listed = subprocess.run([GET_CONFIG, "environment"], check=True, stdout=subprocess.PIPE)
    return {**json.loads(listed.stdout), **os.environ}


def read(arguments, region):
    """What a command of the AWS CLI says."""
    asked = ["aws"] + arguments + ["--output", "json"] + (["--region", region] if region else [])
    return json.loads(subprocess.run(asked, check=True, stdout=subprocess.PIPE).stdout)


def secret(part, region):
    """The value of a secret in Secrets Manager, or of a parameter in Parameter Store."""
    if part.get("parameter"):
        return read(["ssm", "get-parameter", "--with-decryption", "--name", part["secret"]], region)["Parameter"]["Value"]
    asked = ["secretsmanager", "get-secret-value", "--secret-id", part["secret"]]
    for flag, field in (("--version-stage", "stage"), ("--version-id", "version")):
        if field in part:
            asked += [flag, part[field]]
    found = read(asked, region)["SecretString"]
    if "key" not in part:
        return found
    held = json.loads(found)[part["key"]]
    return held if isinstance(held, str) else json.dumps(held)


def value(parts, known, region):
    """The parts of a value, put together. What is known already is text."""
    if isinstance(parts, str):
        return parts
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
        elif "secret" in part:
            text += secret(part, region)
        elif part["property"] not in known:
            sys.exit("the environment has no property %s" % part["property"])
        else:
            found = str(known[part["property"]])
            text += quote(found, safe="") if part.get("encoded") else found
    return text


def log_in(image):
    """Logs Docker in to the image's registry, where that is Amazon ECR."""
    registry = image.split("/")[0].split(".")
    if registry[1:3] != ["dkr", "ecr"] or len(registry) < 5:
        return
    asked = ["aws", "ecr", "get-login-password", "--region", registry[3]]
    password = subprocess.run(asked, check=True, stdout=subprocess.PIPE).stdout
    login = ["docker", "login", "--username", "AWS", "--password-stdin", ".".join(registry)]
    subprocess.run(login, check=True, input=password, stdout=subprocess.DEVNULL)


def run(settings, name):
    """Runs a job's container. Its values go by way of the process environment, not the command line."""
    job = settings["jobs"][name]
    known, region = properties(), settings.get("region")
    environment = {variable: value(parts, known, region) for variable, parts in job["environment"].items()}
    log_in(job["image"])
    options = [value(word, known, region) for word in job["options"]]
    command = ["docker", "run", "--rm", "--pull", "always"] + options
    for variable in environment:
        command += ["--env", variable]
    command += [job["image"]] + [value(word, known, region) for word in job["command"]]
    return subprocess.run(command, env={**os.environ, **environment}).returncode


def fill(volume):
    """Fills the directory of a volume from an image, if it is empty. Without an owner of its own it gets the image's."""
    directory, path = volume["directory"], volume["path"]
    os.makedirs(directory, exist_ok=True)
    if os.listdir(directory):
        return
    log_in(volume["image"])
    subprocess.run(["docker", "pull", "--quiet", volume["image"]], check=True, stdout=subprocess.DEVNULL)
    # A container that never runs: its command stands for one that the image may lack.
    made = subprocess.run(["docker", "create", volume["image"], "none"], check=True, stdout=subprocess.PIPE)
    container = made.stdout.decode().strip()
    try:
        copying = subprocess.Popen(["docker", "cp", container + ":" + path, "-"], stdout=subprocess.PIPE)
        unpack(copying.stdout, directory, volume.get("owner"))
        if copying.wait() != 0:
            print("%s has no %s: the volume starts empty" % (volume["image"], path))
    finally:
        subprocess.run(["docker", "rm", container], check=True, stdout=subprocess.DEVNULL)


def unpack(stream, directory, owner):
    """Unpacks what `docker cp` writes: the directory itself comes first, and what is in it below its name."""
    try:
        archive = tarfile.open(fileobj=stream, mode="r|")
    except tarfile.ReadError:
        return
    for number, member in enumerate(archive):
        if number == 0 and not member.isdir():
            return
        member.name = member.name.partition("/")[2]
        if member.islnk():
            member.linkname = member.linkname.partition("/")[2]
        if number == 0 or not member.name:
            os.chmod(directory, member.mode)
            if not owner:
                os.chown(directory, member.uid, member.gid)
        else:
            archive.extract(member, directory, numeric_owner=True)


def write(directory, name, lines):
    """A file that a container reads, whatever its user: the folder around all of them keeps others of the instance out."""
    os.makedirs(os.path.dirname(directory), mode=0o700, exist_ok=True)
    os.makedirs(directory, mode=0o755, exist_ok=True)
    path = os.path.join(directory, name)
    with open(path + ".new", "w", encoding="utf-8") as file:
        os.chmod(path + ".new", 0o444)
        file.write("".join(line + "\n" for line in lines))
    os.replace(path + ".new", path)


def assigned(environment, known, region):
    """Variables as a shell assigns them."""
    return ["%s=%s" % (name, shlex.quote(value(parts, known, region))) for name, parts in environment.items()]


def init(settings):
    """Writes what each entry point reads. Commands that the version has no more go."""
    known, region = properties(), settings.get("region")
    for folder in settings["init"]:
        lines = ["export " + line for line in assigned(folder["environment"], known, region)]
        write(folder["directory"], "environment", lines)
        if not folder["commands"]:
            clear_commands(folder)


def clear_commands(folder):
    path = os.path.join(folder["directory"], "commands")
    if os.path.exists(path):
        os.remove(path)


def write_commands(settings):
    """Writes what each entry point runs first, once. A command that fails ends the container."""
    known, region = properties(), settings.get("region")
    for folder in settings["init"]:
        lines = []
        for command in folder["commands"]:
            words = [shlex.quote(value(word, known, region)) for word in command["words"]]
            given = assigned(command["environment"], known, region)
            lines.append(" ".join((["env"] + given if given else []) + words) + " || exit $?")
        if lines:
            write(folder["directory"], "commands", lines)


def main(arguments):
    with open(os.path.join(HERE, "instance.json"), encoding="utf-8") as file:
        settings = json.load(file)
    if len(arguments) == 2 and arguments[0] == "run":
        return run(settings, arguments[1])
    if arguments == ["fill"]:
        for volume in settings["volumes"]:
            fill(volume)
        return 0
    if arguments == ["init"]:
        init(settings)
        return 0
    if arguments == ["clear-commands"]:
        for folder in settings["init"]:
            clear_commands(folder)
        return 0
    if arguments == ["write-commands"]:
        write_commands(settings)
        return 0
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
