"""What a client does and must see, from an application's `expect.yaml`.

    http: GET /path           a request to what the application publishes; `host`, `port`, `headers`, `send` for more; `tls` where the
                              container ends TLS itself, as Docker Compose shows it and the load balancer does not
    tcp: ping\\n               bytes to a published port, and what comes back
    udp: ping                 a datagram to a published port, and the one that comes back
    run: [web, sh, -c, ...]   a command in a container of a service
    apart: [web, db, 5432]    the first may not reach that port of the second, by its name or by its address

    on: fargate            the step is for this target alone; Docker Compose takes it too

Each step is tried again until it gives what is expected, or its time is over: applications take a moment to come up.
"""

import http.client
import socket
import ssl
import subprocess
import time

import network

PATIENCE = 25
# Who may not connect finds out by waiting.
SILENCE = 2


class Difference(AssertionError):
    """A client sees something else than it must."""


def run(world, steps, patience=PATIENCE):
    """Take every step in a world; returns what was seen."""
    return [_until_expected(world, number, step, patience) for number, step in enumerate(steps, 1)]


def _until_expected(world, number, step, patience):
    kind = next(kind for kind in KINDS if kind in step)
    wanted = {key: step[key] for key in ("status", "body", "code", "output", "location") if key in step}
    until = time.monotonic() + patience
    while True:
        seen = _safely(KINDS[kind], world, step)
        if {key: seen.get(key) for key in wanted} == wanted:
            return {key: seen.get(key) for key in wanted}
        if time.monotonic() > until:
            raise Difference(f"step {number}, {kind} {step[kind]}:\n  expected {wanted}\n  seen     {seen}")
        time.sleep(0.3)


def _safely(act, world, step):
    try:
        return act(world, step)
    except (OSError, LookupError, http.client.HTTPException, subprocess.TimeoutExpired) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _http(world, step):
    method, _, path = step["http"].partition(" ")
    namespace, address, port = world.entrance(step.get("port"))
    if step.get("tls") and not hasattr(world, "balancers"):
        connection = http.client.HTTPSConnection(address, port, timeout=10, context=ssl._create_unverified_context())
    else:
        connection = http.client.HTTPConnection(address, port, timeout=10)
    with network.inside(namespace):
        connection.connect()
    host = {"Host": step["host"]} if "host" in step else {}
    connection.request(method, path, step.get("send"), host | step.get("headers", {}))
    answer = connection.getresponse()
    body = answer.read().decode(errors="replace")
    connection.close()
    return {"status": answer.status, "body": body.strip(), "location": answer.getheader("Location")}


def _tcp(world, step):
    namespace, address, port = world.entrance(step.get("port"))
    with network.inside(namespace):
        connection = socket.create_connection((address, port), timeout=10)
    with connection:
        connection.sendall(step["tcp"].encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while data := connection.recv(65536):
            answer += data
    return {"output": answer.decode(errors="replace").strip()}


def _udp(world, step):
    namespace, address, port = world.entrance(step.get("port"))
    with network.inside(namespace):
        connection = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with connection:
        connection.settimeout(3)
        connection.sendto(step["udp"].encode(), (address, port))
        return {"output": connection.recv(65536).decode(errors="replace").strip()}


def _run(world, step):
    container, *command = step["run"]
    done = world.execute(container, command)
    return {"code": done.returncode, "output": done.stdout.strip(), "errors": done.stderr.strip()}


def _apart(world, step):
    client, server, port = step["apart"]
    ends = [server, *(world.addresses(server) if hasattr(world, "addresses") else [])]
    for end in ends:
        done = world.execute(client, ["nc", "-w", str(SILENCE), "-e", "true", end, str(port)])
        if done.returncode == 0:
            return {"code": 0, "reached": end}
    return {"code": 1}


KINDS = {"http": _http, "tcp": _tcp, "udp": _udp, "run": _run, "apart": _apart}
