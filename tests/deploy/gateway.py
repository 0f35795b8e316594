"""One endpoint for every service: those that the tests play are answered here, the rest is passed on to an engine.

Every request is recorded, and a test can have a call throttled, failed, delayed, or use it as the
moment at which the program under test is killed.
"""

import collections
import http.client
import http.server
import json
import pathlib
import re
import sys
import threading
import time
import urllib.parse

import botocore.session

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "judges"))

import api_model  # noqa: E402

# `form` are the members of a query, `body` the bytes of any other request.
Call = collections.namedtuple("Call", "service action status form body")

THROTTLED = {
    "query": ('<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message>'
              "</Error><RequestId>0</RequestId></ErrorResponse>", "text/xml"),
    "s3": ("<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>", "text/xml"),
    "json": ('{"__type": "ThrottlingException", "message": "Rate exceeded"}', "application/x-amz-json-1.1"),
}
ERROR = "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>0</RequestId></ErrorResponse>"


class Gateway:
    """The endpoint. Use `url`; end with `close`."""

    def __init__(self, upstream_port, **services):
        self.upstream_port, self.services = upstream_port, services
        self.calls, self.rules, self.lock = [], [], threading.Lock()
        self.count, self.victim, self.made = 0, None, set()
        self.underway, self.arrived = 0, 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    # -- what a test can ask for -----------------------------------------------------------------------

    def throttle(self, action, times):
        """The next calls of this action are throttled."""
        self.rules.append({"action": action, "times": times, "do": "throttle"})

    def unavailable(self, action, times):
        """The next calls of this action are answered with 503."""
        self.rules.append({"action": action, "times": times, "do": "unavailable"})

    def refuse(self, action, code, message, status=403, times=1000):
        """Calls of this action are answered with an error."""
        self.rules.append({"action": action, "times": times, "do": "refuse", "code": code, "message": message,
                           "status": status})

    def amend(self, action, change, times=1000):
        """Answers of this action, of a service that speaks JSON, are passed through `change(answer)` first, errors not."""
        self.rules.append({"action": action, "times": times, "do": "amend", "hook": change})

    def at(self, action, when, do, skip=0, **form):
        """Calls `do()` when the action arrives: `before` it is carried out, which it then is not, or `after`,
        when it was carried out and its answer is lost. `skip` lets that many calls pass first. `form` holds members that
        the call has."""
        self.rules.append({"action": action, "times": 1, "do": when, "hook": do, "skip": skip, "form": form})

    def at_call(self, index, do, times=1):
        """Does something to the call of this number, counted from the last `reset`, and to those after it where it is done
        several times. A call that is made again counts again."""
        self.rules.append({"index": index, "times": times, "do": do})

    def reset(self):
        """Forgets the record and the rules."""
        self.calls, self.rules, self.count = [], [], 0

    def settle(self, quiet=0.5):
        """Waits for what a killed program had sent: until nothing was underway, and nothing came, for so many seconds."""
        since, seen = time.monotonic(), None
        while time.monotonic() - since < quiet:
            with self.lock:
                state = (self.underway, self.arrived)
            if self.underway or state != seen:
                since, seen = time.monotonic(), state
            time.sleep(0.02)

    def actions(self, *names):
        """The recorded calls of these actions, by name."""
        return [call.action for call in self.calls if call.action in names]

    # -- the wire --------------------------------------------------------------------------------------

    def _rule(self, action, form):
        with self.lock:
            index, self.count = self.count, self.count + 1
            for rule in self.rules:
                if rule.get("index", index + 1) <= index and rule["times"] > 0:
                    rule["times"] -= 1
                    return rule
                if rule.get("action") == action and rule["times"] > 0 and rule.get("form", {}).items() <= form.items():
                    if rule.get("skip", 0) > 0:
                        rule["skip"] -= 1
                        continue
                    rule["times"] -= 1
                    return rule
        return {"do": "pass"}

    def _handler(gateway):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                with gateway.lock:
                    gateway.underway, gateway.arrived = gateway.underway + 1, gateway.arrived + 1
                try:
                    self.handle_one()
                finally:
                    with gateway.lock:
                        gateway.underway -= 1

            def handle_one(self):
                body = self._body()
                service, action, form = identify(self.command, self.path, self.headers, body)
                rule = gateway._rule(action, form)
                if "aws-sdk-rust" in self.headers.get("User-Agent", ""):
                    gateway.made.add((service, action))
                status = gateway._answer(self, rule, service, form, body)
                with gateway.lock:
                    gateway.calls.append(Call(service, action, status, form, b"" if form else body))

            def _body(self):
                if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = handle_any

        return Handler

    def _answer(self, request, rule, service, form, body):
        if rule["do"] == "throttle":
            text, kind = THROTTLED["s3" if service == "s3" else "query" if form else "json"]
            return reply(request, 503 if service == "s3" else 400, text.encode(), {"Content-Type": kind})
        if rule["do"] == "unavailable":
            return reply(request, 503, b"service unavailable", {"Content-Type": "text/plain"})
        if rule["do"] == "expire":
            rule = {"do": "refuse", "code": "ExpiredToken", "message": "The security token included in the request is expired", "status": 403}
        if rule["do"] in ("reset", "kill"):
            return self._cut(request, rule)
        if rule["do"] == "refuse" and request.headers.get("X-Amz-Target"):
            text = json.dumps({"__type": rule["code"], "message": rule["message"]})
            return reply(request, 400, text.encode(), {"Content-Type": "application/x-amz-json-1.1"})
        if rule["do"] == "refuse":
            text = (ERROR if service != "s3" else "<Error><Code>{}</Code><Message>{}</Message></Error>").format(rule["code"], rule["message"])
            return reply(request, rule["status"], text.encode(), {"Content-Type": "text/xml"})
        if rule["do"] == "before":
            rule["hook"]()
            return self._hang_up(request)
        status, data, headers = self._carry_out(request, service, form, body)
        if rule["do"] in ("lost", "hang", "kill_after"):
            return self._cut(request, rule)
        if rule["do"] == "truncate" and data:
            request.close_connection = True
            return reply(request, status, data[:len(data) // 2], headers, len(data))
        if rule["do"] == "after":
            rule["hook"]()
            return self._hang_up(request)
        if rule["do"] == "amend" and status == 200:
            data = amended(service, request.headers["X-Amz-Target"], data, rule["hook"])
        return reply(request, status, data, headers)

    def _cut(self, request, rule):
        """Ends the connection, or the program, or holds the line until the program hangs up."""
        if rule["do"] in ("kill", "kill_after") and self.victim:
            self.victim.kill()
            self.victim.wait()
        if rule["do"] == "hang":
            request.connection.settimeout(120)
            try:
                request.connection.recv(1)
            except OSError:
                pass
        return self._hang_up(request)

    @staticmethod
    def _hang_up(request):
        request.close_connection = True
        return 0

    def _carry_out(self, request, service, form, body):
        if service in self.services:
            status, text, request_id = self.services[service].handle(form)
            return status, text.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=120)
        headers = {name: value for name, value in request.headers.items()
                   if name.lower() not in ("transfer-encoding", "content-length", "connection", "expect")}
        upstream.request(request.command, request.path, body=body, headers=headers)
        response = upstream.getresponse()
        data = response.read()
        upstream.close()
        kept = {name: value for name, value in response.getheaders()
                if name.lower() not in ("transfer-encoding", "connection", "date", "server")}
        return response.status, data, kept


def amended(service, target, data, change):
    """An answer as a test wants it, if it is one that the service could give."""
    operation = botocore.session.Session().get_service_model(service).operation_model(target.split(".")[-1])
    answer = change(json.loads(data))
    faults = api_model.faults(answer, operation.output_shape)
    if faults:
        raise AssertionError(f"{operation.name} cannot answer that: {faults}")
    return json.dumps(answer).encode()


def reply(request, status, data, headers, promised=None):
    """Sends an answer, if there is still someone to read it; `promised` is a length that it does not keep."""
    try:
        request.send_response(status)
        for name, value in headers.items():
            if name.lower() != "content-length":
                request.send_header(name, value)
        length = headers.get("Content-Length", len(data)) if request.command == "HEAD" else promised or len(data)
        request.send_header("Content-Length", str(length))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data)
    except (BrokenPipeError, ConnectionResetError):
        request.close_connection = True
    return status


def identify(method, path, headers, body):
    """(service, action, form) of a request, from its signature's scope and its protocol."""
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request", headers.get("Authorization", ""))
    service = scope.group(1) if scope else "unsigned"
    if headers.get("X-Amz-Target"):
        return service, headers["X-Amz-Target"].split(".")[-1], {}
    if headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        return service, form.get("Action", ""), form
    return service, s3_action(method, path), {}


def s3_action(method, path):
    """The name of an S3 call, as far as the tests tell them apart."""
    parts = urllib.parse.urlsplit(path)
    query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
    part = {("POST", "uploads"): "CreateMultipartUpload", ("PUT", "partNumber"): "UploadPart", ("GET", "uploads"): "ListMultipartUploads",
            ("POST", "uploadId"): "CompleteMultipartUpload", ("GET", "uploadId"): "ListParts", ("DELETE", "uploadId"): "AbortMultipartUpload"}
    for (verb, name), action in part.items():
        if method == verb and name in query:
            return action
    level = "Object" if parts.path.strip("/").count("/") else "Bucket"
    for name in ("policy", "encryption", "publicAccessBlock", "versioning", "lifecycle", "tagging"):
        if name in query:
            return f"{method.title()}Bucket{name[0].upper()}{name[1:]}"
    return f"{method.title()}{level}"


def wait_until(condition, seconds=10, message="the condition"):
    """Polls until a condition holds; fails the test if it never does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"{message} did not come true within {seconds} s")
