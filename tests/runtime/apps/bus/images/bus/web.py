import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from client import ask

host, _, _ = os.environ["MESSAGING"].partition(",")


class Topics(BaseHTTPRequestHandler):
    def do_GET(self):
        self.say("ready")

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.say(ask(ask(f"{host}:9092", "where"), f"put {text}"))

    def say(self, text):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())


ThreadingHTTPServer(("", 8000), Topics).serve_forever()
