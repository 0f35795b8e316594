"""Service Connect: names of other services in a task's own hosts file, each answered by a proxy inside the task.

A task knows the endpoints that existed when its service's deployment began; TCP only; a proxy reaches the servers from the
task's own address, so security groups apply.
"""

import random
import socket
import threading
from dataclasses import dataclass

import network


@dataclass
class Alias:
    """One name and port, and the service behind it."""

    name: str
    port: int
    service: object
    target: int


def offered(world, key, configuration):
    """The aliases that a service's configuration offers to others in its namespace."""
    for service in configuration.get("Services", []):
        ports = {port.get("Name"): port["ContainerPort"] for made in world.services[key].task_definition["ContainerDefinitions"]
                 for port in made.get("PortMappings", [])}
        target = int(ports[service["PortName"]])
        discovery = service.get("DiscoveryName", service["PortName"])
        for alias in service.get("ClientAliases", []):
            name = alias.get("DnsName", f"{discovery}.{configuration['Namespace']}")
            yield Alias(name, int(alias["Port"]), world.services[key], target)


def join(task, aliases):
    """Start the task's proxies; returns the lines of its hosts file.

    A name has an address of its own. What goes there is redirected, so that the task's containers may listen on any port.
    """
    names = sorted({alias.name for alias in aliases})
    addresses = {name: f"127.255.0.{number}" for number, name in enumerate(names, 1)}
    rules = []
    for alias in aliases:
        with network.inside(task.endpoint.namespace):
            listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=_accept, args=(task, listener, alias), daemon=True).start()
        rules.append(f"ip daddr {addresses[alias.name]} tcp dport {alias.port} redirect to :{listener.getsockname()[1]}")
    if rules:
        lines = ["table ip connect {", "chain output {", "type nat hook output priority -100;", *rules, "}", "}"]
        network.in_namespace(task.endpoint.namespace, "nft", "-f", "-", text="\n".join(lines))
    return "".join(f"{address} {name}\n" for name, address in addresses.items())


def _accept(task, listener, alias):
    network.enter(task.endpoint.namespace)
    listener.settimeout(1)
    while not task.ended.is_set():
        try:
            client, _ = listener.accept()
        except TimeoutError:
            continue
        servers = [other for other in alias.service.tasks if other.running]
        try:
            server = socket.create_connection((random.choice(servers).endpoint.address, alias.target), timeout=5)
        except (IndexError, OSError):
            client.close()
            continue
        pipe(client, server)
    listener.close()


def pipe(left, right):
    """Carry bytes both ways until both ends are done; returns the threads that do."""
    threads = [threading.Thread(target=_carry, args=ends, daemon=True) for ends in ((left, right), (right, left))]
    for thread in threads:
        thread.start()
    return threads


def _carry(source, sink):
    source.settimeout(None)
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        sink.close()
