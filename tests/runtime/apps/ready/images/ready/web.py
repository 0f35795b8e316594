"""Answers after a while, and at `/` says that nothing is there yet."""

import http.server
import os
import time

PAGES = {"/up": b"up", "/greeting": b"well met"}


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = PAGES.get(self.path)
        self.send_response(200 if page else 503)
        self.end_headers()
        self.wfile.write(page or b"nothing here")

    def log_message(self, *arguments):
        pass


time.sleep(3)
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Page).serve_forever()
