import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from resp import Redis

place = urlsplit(os.environ["QUEUE"])
Redis(place.hostname, place.port)  # no queue, no service


class Words(BaseHTTPRequestHandler):
    def do_POST(self):
        word = self.rfile.read(int(self.headers["Content-Length"])).decode()
        Redis(place.hostname, place.port).ask("LPUSH", "words", word)
        self.say(202, "queued")

    def do_GET(self):
        found = Redis(place.hostname, place.port).ask("GET", self.path.rpartition("/")[2]) if self.path != "/" else "up"
        self.say(200 if found else 404, found or "not yet")

    def say(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())


ThreadingHTTPServer(("", 8000), Words).serve_forever()
