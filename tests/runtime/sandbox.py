"""Namespaces of the run's own: whatever it starts, mounts or opens ends with it, and no packet leaves.

Mounts, networks, processes and IPC are private. The first process in there reaps what is left behind; when it ends, the
kernel ends everything else. Containers, images and logs live on a file system in memory.
"""

import os
import subprocess
import sys
from pathlib import Path

INSIDE = "TRANSHIP_RUNTIME_SANDBOX"
# In memory, and on no other process's disk.
ROOM = Path("/run/tranship")
FUSE = ("c", "10", "229")


def enter():
    """Start this program again inside, once; in there, prepare what containers need."""
    if os.environ.get(INSIDE) != "new":
        if INSIDE not in os.environ:
            namespaces = ["--mount", "--net", "--pid", "--ipc", "--uts"]
            os.environ[INSIDE] = "new"
            os.execvp("unshare", ["unshare", *namespaces, "--fork", "--kill-child", "--mount-proc", sys.executable, *sys.argv])
        return
    os.environ[INSIDE] = "ready"
    _first_process()
    _mounts()
    for command in (["ip", "link", "set", "lo", "up"], ["sysctl", "-qw", "net.ipv4.ip_forward=1"]):
        subprocess.run(command, check=True)


def _first_process():
    """Go on in a child; this process only waits, for it and for orphans."""
    child = os.fork()
    if not child:
        return
    while True:
        ended, status = os.wait()
        if ended == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _mounts():
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    for place in ("/run", "/dev/shm"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", place], check=True)
    ROOM.mkdir()
    # Access points are file systems in user space that run as their user.
    device, options = ROOM / "fuse", ROOM / "fuse.conf"
    subprocess.run(["mknod", "-m", "666", str(device), *FUSE], check=True)
    options.write_text("user_allow_other\n")
    for own, place in ((device, "/dev/fuse"), (options, "/etc/fuse.conf")):
        subprocess.run(["mount", "--bind", str(own), place], check=True)
