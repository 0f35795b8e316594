"""Says what it keeps to whoever connects."""

import socketserver
import sys


class Keep(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(f"kept in {sys.argv[1]}\n".encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


Server(("", 7000), Keep).serve_forever()
