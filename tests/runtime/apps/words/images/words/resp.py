"""One command of the protocol of Redis."""

import socket


def ask(host, *words, port=6379):
    with socket.create_connection((host, port), timeout=2) as queue:
        encoded = [word.encode() for word in words]
        queue.sendall(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
        return queue.makefile().readline().strip()[1:]
