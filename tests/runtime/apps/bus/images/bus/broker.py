"""`where` gives the advertised place; `put TEXT` keeps a text and gives its number."""

import os
import socketserver

kept = []
place = os.environ["ADVERTISED_LISTENERS"].partition("://")[2]


class Broker(socketserver.StreamRequestHandler):
    def handle(self):
        word, _, text = self.rfile.readline().decode().strip().partition(" ")
        if word == "put":
            kept.append(text)
        self.wfile.write(f"{place if word == 'where' else len(kept)}\n".encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


Server(("", 9092), Broker).serve_forever()
