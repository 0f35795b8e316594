"""Four bytes of length, then the text; the answer has it backwards."""

import socketserver


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while head := self.request.recv(4, 0x100):
            text = self.request.recv(int.from_bytes(head, "big"), 0x100)
            self.request.sendall(head + text[::-1])


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


Server(("", 7007), Echo).serve_forever()
