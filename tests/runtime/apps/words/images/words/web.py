import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

from resp import ask

queue = sys.argv[sys.argv.index("--redis") + 1]
audit = json.loads(os.environ["LIMITS"])["audit"]["place"]


class Web(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            return self.say("up")
        host = audit if self.path == "/audit" else os.environ["BACKEND"]
        self.say(urlopen(f"http://{host}:8000/", timeout=5).read().decode())

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.say(ask(queue, "LPUSH", "words", text))

    def say(self, text):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())


ThreadingHTTPServer(("", 8000), Web).serve_forever()
