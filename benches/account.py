"""An account that ECS Compose-X asks while it writes templates: it answers the three calls that `render` makes, on this machine.

Compose-X has no way to render without an account. What its calls take here is as little as it can be.
"""

import contextlib
import http.server
import threading
import urllib.parse

ZONES = "".join(f"<item><zoneName>eu-west-1{name}</zoneName><zoneState>available</zoneState></item>" for name in "abc")
REQUEST = "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
ANSWERS = {
    "DescribeAvailabilityZones": f'<DescribeAvailabilityZonesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><availabilityZoneInfo>{ZONES}</availabilityZoneInfo></DescribeAvailabilityZonesResponse>',
    "GetCallerIdentity": f'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:user/bench</Arn><UserId>bench</UserId><Account>000000000000</Account></GetCallerIdentityResult>{REQUEST}</GetCallerIdentityResponse>',
    "ValidateTemplate": f'<ValidateTemplateResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ValidateTemplateResult><Parameters/></ValidateTemplateResult>{REQUEST}</ValidateTemplateResponse>',
}


class Answers(http.server.BaseHTTPRequestHandler):
    """One answer for each call by its name; anything else is refused, so that what it asks cannot change unseen."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        answer = ANSWERS.get(dict(urllib.parse.parse_qsl(body)).get("Action"), "").encode()
        self.send_response(200 if answer else 400)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def account():
    """Serves on a free port; gives the variables of the environment that lead to it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "AWS_DEFAULT_REGION": "eu-west-1",
               "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    finally:
        server.shutdown()
        server.server_close()
