from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DEPOT = Path("/depot")


class Intake(BaseHTTPRequestHandler):
    def do_PUT(self):
        letter = DEPOT / self.path.strip("/")
        part = letter.with_suffix(".part")
        part.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        part.rename(letter)
        self.say(201, b"")

    def do_GET(self):
        wanted = DEPOT / self.path.strip("/")
        self.say(200, wanted.read_bytes() if wanted.is_file() else b"") if wanted.exists() else self.say(404, b"not here")

    def say(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", 8000), Intake).serve_forever()
