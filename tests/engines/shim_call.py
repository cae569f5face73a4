# SPDX-License-Identifier: Apache-2.0
"""Calls a shim of containerd's as no client of it would: shim_call.py ADDRESS ID SCENE."""

import socket
import struct
import sys
import time


def number(field, value):
    out = bytes([field << 3])
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def text(field, value):
    return bytes([field << 3 | 2, len(value)]) + value


class Shim:
    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(address.removeprefix("unix://"))
        self.file = self.socket.makefile("rb")
        self.stream = 1

    def send(self, method, message, milliseconds=0):
        request = text(1, b"containerd.task.v2.Task") + text(2, method) + text(3, message)
        if milliseconds:
            request += number(4, milliseconds * 1000000)
        head = struct.pack(">IIBB", len(request), self.stream, 1, 0)
        self.stream += 2
        self.socket.sendall(head + request)

    def receive(self):
        """The stream and the code of the next answer, 0 for none."""
        length, stream, _, _ = struct.unpack(">IIBB", self.file.read(10))
        body = self.file.read(length)
        return stream, body[3] if body[:1] == b"\n" and body[2:3] == b"\x08" else 0


shim, container = Shim(sys.argv[1]), text(1, sys.argv[2].encode())
second = container + text(2, b"second")
if sys.argv[3] == "limit":
    begin = time.monotonic()
    shim.send(b"Wait", container, 300)
    print("code", shim.receive()[1], "in time" if 0.2 < time.monotonic() - begin < 10 else "late")
    sys.exit()

shim.send(b"Exec", second + text(7, text(1, b"type") + text(2, b"{}")))
print("exec", shim.receive()[1])
if sys.argv[3] == "failure":
    shim.send(b"Wait", second)
    wait = shim.stream - 2
    shim.send(b"Start", second)  # nacre refuses it: there is no program in {}
    answers = dict(shim.receive() for _ in range(2))
    print("wait", answers.pop(wait), "start", *answers.values())
    shim.send(b"Kill", second + number(3, 15) + number(4, 1))  # all
    print("kill", shim.receive()[1])
elif sys.argv[3] == "delete":
    shim.send(b"Kill", container + number(3, 9))
    shim.receive()
    shim.send(b"Wait", container)
    shim.receive()
    # At once: the second call comes while nacre deletes the container.
    shim.send(b"Delete", container)
    deletion = shim.stream - 2
    shim.send(b"Start", second)
    answers = dict(shim.receive() for _ in range(2))
    shim.send(b"Shutdown", container)  # containerd then forgets it
    print("delete", answers.pop(deletion), "start", *answers.values())
