import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEEPERS = {"/store": "store", "/archive": "archive"}


class Web(BaseHTTPRequestHandler):
    def do_GET(self):
        keeper = KEEPERS.get(self.path)
        self.say(socket.create_connection((keeper, 7000), timeout=5).makefile().readline() if keeper else "up")

    def say(self, text):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())


ThreadingHTTPServer(("", 8000), Web).serve_forever()
