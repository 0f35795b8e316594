"""Sends each datagram back, reversed. Its health is asked by HTTP on another port."""

import http.server
import socketserver
import threading


class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        data, connection = self.request
        connection.sendto(data[::-1], self.client_address)


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/up" else 500)
        self.end_headers()

    def log_message(self, *arguments):
        pass


threading.Thread(target=http.server.ThreadingHTTPServer(("", 7002), Health).serve_forever, daemon=True).start()
socketserver.ThreadingUDPServer(("", 7001), Datagram).serve_forever()
