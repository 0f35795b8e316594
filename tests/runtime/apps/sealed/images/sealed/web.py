"""Answers by HTTPS alone, and nothing at `/`."""

import http.server
import ssl

PAGES = {"/up": b"up", "/greeting": b"sealed and well met"}


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = PAGES.get(self.path)
        self.send_response(200 if page else 503)
        self.end_headers()
        self.wfile.write(page or b"nothing here")

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("", 8443), Page)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/srv/certificate.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
