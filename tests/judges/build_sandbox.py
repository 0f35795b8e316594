"""A build as CodeBuild runs it: a checkout, the phases of a specification, and stand-ins for the programs that leave the machine."""

import functools
import shutil
import subprocess
from pathlib import Path

import yaml

from support import TRANSHIP, scratch

STAND_IN = """#!/bin/sh
# Says what it was asked, and answers as the test wants.
echo "$(basename "$0") $*$([ "$(basename "$0")" = aws ] && [ -n "${STACK+x}" ] && echo " as:$AWS_ACCESS_KEY_ID")" >> "$CALLS"
case "$*" in
  *get-login-password*) echo secret-token ;;
  *assume-role*) printf 'key-of-the-role\\tsecret\\ttoken\\n' ;;
  "compose run"*) exit "${TEST_EXIT:-0}" ;;
  *StackId*) printf 'arn:stack\\tarn:change-set\\n' ;;
  *ResourceChange*) printf 'Add\\tNone\\tQueue\\tAWS::SQS::Queue\\nModify\\tTrue\\tDb\\tAWS::RDS::DBInstance\\nModify\\tFalse\\tApp\\tAWS::ECS::Service\\nRemove\\tNone\\tOld\\tAWS::Logs::LogGroup\\n' ;;
esac
case "$0 $*" in *"docker login"*) cat > /dev/null ;; esac
"""
CODEBUILD = {"CODEBUILD_RESOLVED_SOURCE_VERSION": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", "CODEBUILD_BUILD_ID": "project:9c1f2a3b-0000-1111-2222-333344445555",
             "CODEBUILD_BUILD_ARN": "arn:aws:codebuild:us-east-1:123456789012:build/project:9c1f2a3b", "AWS_REGION": "us-east-1",
             "REGISTRY": "123456789012.dkr.ecr.us-east-1.amazonaws.com"}


@functools.cache
def released():
    """The archive of a release beside its checksum, made once: packing the program takes seconds."""
    archive = scratch() / "tranship.tar.gz"
    subprocess.run(["tar", "--use-compress-program", "gzip -1", "-cf", archive, "-C", Path(TRANSHIP).parent, "tranship"], check=True)
    sums = subprocess.run(["sha256sum", archive], capture_output=True, text=True, check=True).stdout
    archive.with_name("tranship.tar.gz.sha256").write_text(sums)
    return archive


class Sandbox:
    """A checkout, stand-ins for docker, aws and curl, and the phases of a specification as CodeBuild runs them."""

    def __init__(self, project, docker=STAND_IN, **environment):
        self.place = scratch() / "checkout"
        shutil.copytree(project, self.place, ignore=shutil.ignore_patterns("dist"))
        programs = scratch()
        for name, text in (("docker", docker), ("aws", STAND_IN)):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        (programs / "curl").write_text('#!/bin/sh\nfor last; do :; done\ncase "$*" in *--output*) cp "$ARCHIVE" "$last" ;; *) cat "$ARCHIVE.sha256" ;; esac\n')
        (programs / "curl").chmod(0o755)
        archive = programs / "tranship.tar.gz"
        archive.symlink_to(released())
        shutil.copy(released().with_name("tranship.tar.gz.sha256"), programs)
        self.calls = programs / "calls"
        self.calls.touch()
        self.archive = archive
        self.environment = {"PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin", "HOME": str(scratch()), "CALLS": str(self.calls), "ARCHIVE": str(archive),
                            "TRANSHIP_ARCHIVE": "https://example.org/tranship.tar.gz"} | CODEBUILD | environment

    def run(self, text):
        """The phases in one shell, each command's failure ends its phase; `finally` runs all the same. The exit code."""
        spec = yaml.safe_load(text)
        script = []
        for phase in spec["phases"].values():
            assert phase["on-failure"] == "ABORT"
            script.append("failed=0")
            script += [f"if [ $failed = 0 ]; then\n{command}\n[ $? = 0 ] || failed=1\nfi" for command in phase["commands"]]
            script += phase.get("finally", [])
            script.append("[ $failed = 0 ] || exit 1")
        script += [f'echo "{name}=${name}" >> exported.txt' for name in spec["env"].get("exported-variables", [])]
        done = subprocess.run(["bash", "-c", "\n".join(script)], cwd=self.place, env=self.environment, capture_output=True, text=True, timeout=300)
        self.said = done.stdout + done.stderr
        return done.returncode

    def called(self):
        return self.calls.read_text().splitlines()
