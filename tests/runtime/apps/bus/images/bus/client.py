import socket


def ask(place, words):
    host, _, port = place.partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as broker:
        broker.sendall(f"{words}\n".encode())
        return broker.makefile().readline().strip()
