import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Say(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(sys.argv[1].encode())


ThreadingHTTPServer(("", 8000), Say).serve_forever()
