import os
import socket

host, _, port = os.environ["SINK"].partition(":")
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(2)
    client.sendto(b"ahoy", (host, int(port)))
    print(client.recv(100).decode())
