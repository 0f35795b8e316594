import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen


class Who(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        other = os.environ.get("ASK")
        self.wfile.write(urlopen(other, timeout=5).read() if other else os.environ["NAME"].encode())


ThreadingHTTPServer(("", 8000), Who).serve_forever()
