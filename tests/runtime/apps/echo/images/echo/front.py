import os
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

host, _, port = os.environ["UPSTREAM"].partition(":")


class Front(BaseHTTPRequestHandler):
    def do_GET(self):
        self.say("ready")

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"]))
        with socket.create_connection((host, int(port)), timeout=5) as upstream:
            upstream.sendall(len(text).to_bytes(4, "big") + text)
            self.say(upstream.recv(4 + len(text), 0x100)[4:].decode())

    def say(self, text):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())


ThreadingHTTPServer(("", 8000), Front).serve_forever()
