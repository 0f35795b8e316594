"""The resolver of the network: what Cloud Map's records say, and the names of load balancers. Nothing else has an address."""

import socket
import struct
import threading

import network

A, SRV, AAAA = 1, 33, 28
NO_SUCH_NAME = 3


class Resolver:
    """A DNS server at the address where a VPC has its own."""

    def __init__(self, router):
        self.records = {}  # (name, type): {owner: value}
        self.lock = threading.Lock()
        with network.inside(router):
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.bind((network.RESOLVER, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def add(self, name, kind, owner, value):
        with self.lock:
            self.records.setdefault((name.lower(), kind), {})[owner] = value

    def remove(self, owner):
        """Everything that was registered for an owner."""
        with self.lock:
            for values in self.records.values():
                values.pop(owner, None)

    def close(self):
        self.socket.close()

    def _serve(self):
        while True:
            try:
                question, client = self.socket.recvfrom(1500)
                self.socket.sendto(self._answer(question), client)
            except OSError:
                return

    def _answer(self, question):
        identity, flags = struct.unpack(">HH", question[:4])
        labels, position = [], 12
        while question[position]:
            labels.append(question[position + 1:position + 1 + question[position]].decode("latin-1"))
            position += question[position] + 1
        kind, = struct.unpack(">H", question[position + 1:position + 3])
        name = ".".join(labels).lower()
        with self.lock:
            known = any(values for (other, _), values in self.records.items() if other == name)
            values = list(self.records.get((name, kind), {}).values())
        header = struct.pack(">HHHHHH", identity, 0x8480 | flags & 0x100 | (0 if known else NO_SUCH_NAME), 1, len(values), 0, 0)
        return header + question[12:position + 5] + b"".join(_record(kind, value) for value in values)


def _record(kind, value):
    if kind == SRV:
        port, target = value
        data = struct.pack(">HHH", 1, 1, port) + b"".join(bytes([len(part)]) + part.encode() for part in target.split(".")) + b"\0"
    else:
        data = socket.inet_aton(value)
    return b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 1, len(data)) + data
