"""As much of the protocol of Redis as two programs need."""

import socket


class Redis:
    def __init__(self, host, port):
        self.connection = socket.create_connection((host, port), timeout=5)
        self.connection.settimeout(None)
        self.answers = self.connection.makefile("rb")

    def ask(self, *words):
        encoded = [word.encode() for word in words]
        self.connection.sendall(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
        return self._answer()

    def _answer(self):
        kind, rest = (line := self.answers.readline().rstrip())[:1], line[1:]
        if kind == b"$":
            return None if rest == b"-1" else self.answers.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return [self._answer() for _ in range(int(rest))]
        return rest.decode()
