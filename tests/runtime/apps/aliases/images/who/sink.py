import socket

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("", 5140))
    while True:
        said, client = server.recvfrom(100)
        server.sendto(said.upper(), client)
