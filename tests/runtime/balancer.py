"""Load balancers as the template describes them: listeners, rules, target groups and their health checks."""

import fnmatch
import http.client
import http.server
import re
import socket
import socketserver
import ssl
import threading
import time

import connect
import network
from names import A
from template import host_name

HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}


class Balancers:
    """All load balancers of a stack."""

    def __init__(self, world):
        self.world, self.ending = world, False
        self.targets = {key: TargetGroup(self, key, made)
                        for key, made in world.stack.of_type("AWS::ElasticLoadBalancingV2::TargetGroup").items()}
        self.endpoints, self.servers = {}, []
        for key, made in world.stack.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer").items():
            self.endpoints[key] = world.network.attach(key.lower(), made.get("SecurityGroups", []))
            world.resolver.add(host_name(key), A, key, self.endpoints[key].address)
        self.rules = world.stack.of_type("AWS::ElasticLoadBalancingV2::ListenerRule")
        for key, made in world.stack.of_type("AWS::ElasticLoadBalancingV2::Listener").items():
            self._listen(key, made)
        for group in self.targets.values():
            threading.Thread(target=group.check, args=(self._checker(group.key),), daemon=True).start()

    def address(self, port):
        """Where the load balancer that listens on a port is reached."""
        (key,) = {made["LoadBalancerArn"] for made in self.world.stack.of_type("AWS::ElasticLoadBalancingV2::Listener").values()
                  if int(made["Port"]) == port}
        return self.endpoints[key].address

    def register(self, task, target):
        self.targets[target["TargetGroupArn"]].health[_place(task, target)] = False

    def deregister(self, task, target):
        self.targets[target["TargetGroupArn"]].health.pop(_place(task, target), None)

    def healthy(self, task, target):
        return self.targets[target["TargetGroupArn"]].health.get(_place(task, target), False)

    def close(self):
        self.ending = True
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def _checker(self, group):
        """The namespace of the load balancer whose listeners lead to a target group."""
        for key, made in self.world.stack.of_type("AWS::ElasticLoadBalancingV2::Listener").items():
            rules = [rule["Actions"] for rule in self.rules.values() if rule["ListenerArn"] == key]
            if any(action.get("TargetGroupArn") == group for actions in [made["DefaultActions"], *rules] for action in actions):
                return self.endpoints[made["LoadBalancerArn"]].namespace
        raise KeyError(f"no listener leads to {group}")

    def _listen(self, key, properties):
        rules = sorted((rule for rule in self.rules.values() if rule["ListenerArn"] == key), key=lambda rule: int(rule["Priority"]))
        endpoint = self.endpoints[properties["LoadBalancerArn"]]
        kinds = {"HTTP": (Server, Forwarding), "TCP": (Server, Passing), "UDP": (DatagramServer, Relaying)}
        if properties["Protocol"] not in kinds:
            raise NotImplementedError(f"the runner has no {properties['Protocol']} listener")
        kind, act = kinds[properties["Protocol"]]
        handler = type("Handler", (act,), {
            "balancers": self, "namespace": endpoint.namespace, "default": properties["DefaultActions"][-1], "rules": rules})
        with network.inside(endpoint.namespace):
            server = kind((endpoint.address, int(properties["Port"])), handler)
        self.servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()


def _place(task, target):
    """Where a task is asked for a port of its container."""
    return task.endpoint.address, task.port(int(target["ContainerPort"]))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        pass  # a client that goes away


class DatagramServer(socketserver.ThreadingUDPServer):
    daemon_threads = True
    block_on_close = False


# A load balancer does not verify the certificate of a container.
UNVERIFIED = ssl._create_unverified_context()


def ask(address, port, tls, timeout):
    """A connection by HTTP or HTTPS."""
    if tls:
        return http.client.HTTPSConnection(address, port, timeout=timeout, context=UNVERIFIED)
    return http.client.HTTPConnection(address, port, timeout=timeout)


class TargetGroup:
    """The addresses behind a listener, and which of them pass the health check."""

    def __init__(self, balancers, key, properties):
        self.balancers, self.key, self.properties = balancers, key, properties
        self.health, self.turn = {}, 0

    def next(self):
        healthy = sorted(target for target, good in self.health.items() if good)
        self.turn += 1
        return healthy[self.turn % len(healthy)] if healthy else None

    def check(self, namespace):
        """Ask each target again and again. Healthy at its first good answer; unhealthy after as many bad ones as AWS takes."""
        network.enter(namespace)
        bad = {}
        while not self.balancers.ending:
            for target in list(self.health):
                good = self._asked(target)
                bad[target] = 0 if good else bad.get(target, 0) + 1
                if target in self.health and (good or bad[target] >= int(self.properties.get("UnhealthyThresholdCount", 2))):
                    self.health[target] = good
            time.sleep(0.3)

    def _asked(self, target):
        address, port = target
        wanted = self.properties.get("HealthCheckPort", "traffic-port")
        port = port if wanted == "traffic-port" else int(wanted)
        try:
            if self.properties.get("HealthCheckProtocol", self.properties["Protocol"]) == "TCP":
                socket.create_connection((address, port), timeout=3).close()
                return True
            asked = self.properties.get("HealthCheckProtocol", self.properties["Protocol"])
            connection = ask(address, port, asked == "HTTPS", int(self.properties.get("HealthCheckTimeoutSeconds", 5)))
            connection.request("GET", self.properties.get("HealthCheckPath", "/"), headers={"User-Agent": "ELB-HealthChecker/2.0"})
            status = connection.getresponse().status
            connection.close()
        except (OSError, http.client.HTTPException):
            return False
        return any(low <= status <= high for low, high in _codes(self.properties.get("Matcher", {}).get("HttpCode", "200")))


def _codes(text):
    for part in text.split(","):
        low, _, high = part.partition("-")
        yield int(low), int(high or low)


class Forwarding(http.server.BaseHTTPRequestHandler):
    """One connection of a client to an HTTP listener."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def setup(self):
        network.enter(self.namespace)
        super().setup()

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        action = next((rule["Actions"][-1] for rule in self.rules if all(map(self._holds, rule["Conditions"]))), self.default)
        {"forward": self._forward, "redirect": self._redirect, "fixed-response": self._fixed}[action["Type"]](action, body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def _holds(self, condition):
        field = condition["Field"]
        if field == "host-header":
            host = self.headers.get("Host", "").partition(":")[0].lower()
            return any(fnmatch.fnmatchcase(host, pattern.lower()) for pattern in condition.get("HostHeaderConfig", condition)["Values"])
        if field == "path-pattern":
            path = self.path.partition("?")[0]
            return any(fnmatch.fnmatchcase(path, pattern) for pattern in condition.get("PathPatternConfig", condition)["Values"])
        raise NotImplementedError(f"the runner does not know the condition {field}")

    def _forward(self, action, body):
        group = self.balancers.targets[action["TargetGroupArn"]]
        if group.properties.get("ProtocolVersion", "HTTP1") != "HTTP1":
            raise NotImplementedError(f"the runner does not speak {group.properties['ProtocolVersion']}")
        target = group.next()
        if target is None:
            return self._say(503, b"503 Service Temporarily Unavailable")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        client = self.client_address[0]
        before = f"{headers['X-Forwarded-For']}, " if "X-Forwarded-For" in headers else ""
        headers |= {"X-Forwarded-For": before + client, "X-Forwarded-Proto": "http", "X-Forwarded-Port": str(self.server.server_port)}
        connection = ask(*target, group.properties["Protocol"] == "HTTPS", 30)
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            self._say(answer.status, answer.read(), answer.getheaders())
        except (OSError, http.client.HTTPException):
            self._say(502, b"502 Bad Gateway")
        finally:
            connection.close()

    def _redirect(self, action, body):
        wanted = action["RedirectConfig"]
        host, _, port = self.headers.get("Host", "").partition(":")
        known = {"protocol": "http", "host": host, "port": port or str(self.server.server_port), "path": self.path.partition("?")[0].lstrip("/"),
                 "query": self.path.partition("?")[2]}
        fill = lambda text: re.sub(r"#\{(\w+)\}", lambda found: known[found[1]], text)
        location = "{}://{}:{}{}?{}".format(*(fill(wanted.get(key, default)) for key, default in (
            ("Protocol", "#{protocol}"), ("Host", "#{host}"), ("Port", "#{port}"), ("Path", "/#{path}"), ("Query", "#{query}")))).rstrip("?")
        self._say(int(wanted["StatusCode"].removeprefix("HTTP_")), b"", [("Location", location)])

    def _fixed(self, action, body):
        wanted = action["FixedResponseConfig"]
        self._say(int(wanted["StatusCode"]), wanted.get("MessageBody", "").encode(), [("Content-Type", wanted.get("ContentType", "text/plain"))])

    def _say(self, status, body, headers=()):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Passing:
    """One connection of a client to a TCP listener."""

    def __init__(self, client, client_address, server):
        network.enter(self.namespace)
        target = self.balancers.targets[self.default["TargetGroupArn"]].next()
        if target is None:
            return
        for thread in connect.pipe(client, socket.create_connection(target, timeout=5)):
            thread.join()


class Relaying:
    """One datagram of a client, and the one that answers it."""

    def __init__(self, request, client_address, server):
        data, listener = request
        network.enter(self.namespace)
        target = self.balancers.targets[self.default["TargetGroupArn"]].next()
        if target is None:
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
            relay.settimeout(5)
            relay.sendto(data, target)
            listener.sendto(relay.recv(65536), client_address)
