import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Backend(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{os.environ['NAME']} {self.path}".encode())


ThreadingHTTPServer(("", 8000), Backend).serve_forever()
