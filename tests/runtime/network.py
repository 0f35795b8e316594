"""A network as a VPC is one: an address for each task, security groups between them, a resolver, the internet outside.

Each endpoint is a network namespace with one cable to a router. The router forwards what the security groups of both ends
allow, and drops the rest without a word, as AWS does.
"""

import contextlib
import ctypes
import ipaddress
import itertools
import os
import subprocess
import threading
from dataclasses import dataclass, field

ROUTER = "vpc"
NETWORK = "10.20.0.0/16"
RESOLVER = "10.20.0.2"
# The next hop of every endpoint.
GATEWAY = "169.254.1.1"
PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "-1": "all"}
LIBC = ctypes.CDLL(None, use_errno=True)
NEW_NETWORK = 0x40000000


@dataclass(frozen=True)
class Rule:
    """One permission of a security group: the other end is a group or a range of addresses."""

    protocol: str
    first: int
    last: int
    group: str = None
    addresses: str = None

    @classmethod
    def read(cls, properties, other):
        """From a rule of a template; `other` names the property with the group at the other end."""
        protocol = str(properties["IpProtocol"]).lower()
        first, last = int(properties.get("FromPort", 0)), int(properties.get("ToPort", 65535))
        addresses = properties.get("CidrIp") or properties.get("CidrIpv6")
        return cls(PROTOCOLS.get(protocol, protocol), first, last, properties.get(other), addresses)

    def nft(self, direction):
        end = f"@{self.group}" if self.group else self.addresses
        ports = "" if self.protocol in ("all", "icmp") else f" {self.protocol} dport {self.first}-{self.last}"
        kind = " ip protocol icmp" if self.protocol == "icmp" else ""
        family = "ip6" if ":" in end else "ip"
        return f"{family} {direction} {end}{kind}{ports} return"


@dataclass
class Group:
    """A security group."""

    inbound: list = field(default_factory=list)
    outbound: list = field(default_factory=list)


@dataclass
class Endpoint:
    """What has an address: a task, a load balancer, a client outside."""

    namespace: str
    address: str
    groups: tuple = ()
    inside: bool = True


class Network:
    """The router with its endpoints. Groups are read from the template."""

    def __init__(self, stack):
        self.groups = read_groups(stack)
        self.endpoints = []
        self.lock = threading.Lock()
        self.hosts = ipaddress.ip_network(NETWORK).hosts()
        self.numbers = itertools.count(1)
        for _ in range(9):  # a VPC keeps its first addresses
            next(self.hosts)
        self.router = f"{ROUTER}-{stack.name}"
        add_namespace(self.router)
        batch(self.router, f"addr add {RESOLVER}/32 dev lo")
        in_namespace(self.router, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self._filter()

    def attach(self, name, groups):
        """A new endpoint inside, in these groups."""
        with self.lock:
            unknown = set(groups) - self.groups.keys()
            if unknown:
                raise KeyError(f"{name} is in the security groups {unknown}, which the template does not have")
            return self._attach(name, str(next(self.hosts)), tuple(groups), True)

    def attach_outside(self, name, address):
        """A machine on the internet: no group applies to it."""
        with self.lock:
            return self._attach(name, address, (), False)

    def _attach(self, name, address, groups, inside):
        namespace, cable = f"{self.router}-{name}", f"c{next(self.numbers)}"
        add_namespace(namespace)
        subprocess.run(["ip", "link", "add", cable, "netns", self.router, "type", "veth", "peer", "name", "eth0", "netns", namespace], check=True)
        batch(self.router, f"link set {cable} up", f"addr add {GATEWAY}/32 dev {cable}", f"route add {address}/32 dev {cable}")
        batch(namespace, f"addr add {address}/32 dev eth0", "link set eth0 up", f"route add {GATEWAY}/32 dev eth0",
              f"route add default via {GATEWAY} dev eth0")
        endpoint = Endpoint(namespace, address, groups, inside)
        self.endpoints.append(endpoint)
        self._filter()
        return endpoint

    def detach(self, endpoint):
        with self.lock:
            self.endpoints.remove(endpoint)
            subprocess.run(["ip", "netns", "delete", endpoint.namespace], check=True)
            self._filter()

    def close(self):
        for endpoint in self.endpoints:
            subprocess.run(["ip", "netns", "delete", endpoint.namespace], check=True)
        subprocess.run(["ip", "netns", "delete", self.router], check=True)

    def allows(self, groups, other, protocol, port):
        """Whether members of `groups` may open a connection to members of `other`."""
        def passes(rules, ends):
            return any(rule.protocol in (protocol, "all") and rule.first <= port <= rule.last
                       and (rule.group in ends if rule.group else rule.addresses in (NETWORK, "0.0.0.0/0")) for rule in rules)

        outbound = [rule for group in groups for rule in self.groups[group].outbound]
        inbound = [rule for group in other for rule in self.groups[group].inbound]
        return passes(outbound, other) and passes(inbound, groups)

    def _filter(self):
        """Write the router's rules: both ends must allow a new connection."""
        members = {group: [end.address for end in self.endpoints if group in end.groups] for group in self.groups}
        lines = ["flush ruleset", "table inet vpc {"]
        for group, addresses in members.items():
            elements = f" elements = {{ {', '.join(addresses)} }};" if addresses else ""
            lines.append(f"set {group} {{ type ipv4_addr;{elements} }}")
        inside = [end for end in self.endpoints if end.inside]
        for end in inside:
            number = end.address.replace(".", "_")
            out = [rule.nft("daddr") for group in end.groups for rule in self.groups[group].outbound]
            into = [rule.nft("saddr") for group in end.groups for rule in self.groups[group].inbound]
            lines += [f"chain out_{number} {{", *out, "drop", "}", f"chain in_{number} {{", *into, "drop", "}"]
        lines += ["chain forward { type filter hook forward priority 0; policy accept;", "ct state established,related accept"]
        for end in inside:
            lines.append(f"ip saddr {end.address} jump out_{end.address.replace('.', '_')}")
        for end in inside:
            lines.append(f"ip daddr {end.address} jump in_{end.address.replace('.', '_')}")
        lines += ["}", "}"]
        in_namespace(self.router, "nft", "-f", "-", text="\n".join(lines))


def read_groups(stack):
    """{logical id: Group}, from the groups and from the rules that stand by themselves."""
    found = {}
    for key, properties in stack.of_type("AWS::EC2::SecurityGroup").items():
        inbound = [Rule.read(rule, "SourceSecurityGroupId") for rule in properties.get("SecurityGroupIngress", [])]
        # A group without a word about it lets everything out.
        outbound = properties.get("SecurityGroupEgress", [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}])
        found[key] = Group(inbound, [Rule.read(rule, "DestinationSecurityGroupId") for rule in outbound])
    for rule in stack.of_type("AWS::EC2::SecurityGroupIngress").values():
        found[rule["GroupId"]].inbound.append(Rule.read(rule, "SourceSecurityGroupId"))
    for rule in stack.of_type("AWS::EC2::SecurityGroupEgress").values():
        found[rule["GroupId"]].outbound.append(Rule.read(rule, "DestinationSecurityGroupId"))
    return found


# ---- namespaces


def add_namespace(name):
    subprocess.run(["ip", "netns", "add", name], check=True)
    batch(name, "link set lo up")


def batch(namespace, *commands):
    subprocess.run(["ip", "-n", namespace, "-batch", "-"], input="\n".join(commands), text=True, check=True)


def in_namespace(namespace, *command, text=None):
    done = subprocess.run(["nsenter", f"--net=/run/netns/{namespace}", *command], input=text, text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} in {namespace}: {done.stderr}\n{text or ''}")


def enter(namespace):
    """The sockets that this thread makes from now on are those of a namespace."""
    handle = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    _set(handle)
    os.close(handle)


@contextlib.contextmanager
def inside(namespace):
    """The sockets that this thread makes meanwhile are those of a namespace."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        enter(namespace)
        yield
    finally:
        _set(before)
        os.close(before)


def _set(handle):
    if LIBC.setns(handle, NEW_NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "cannot enter the network namespace")
