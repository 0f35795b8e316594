import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{os.environ['SITE']} at {self.headers['Host']}".encode())


ThreadingHTTPServer(("", 8000), Site).serve_forever()
