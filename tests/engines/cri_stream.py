# SPDX-License-Identifier: Apache-2.0
"""What exec, attach and port-forward stream: a WebSocket (RFC 6455), each message of which begins with the
number of its channel: 0 standard input, 1 output, 2 errors, 3 the status at the end, as JSON. With a port
the first message of a channel is the port, and 0 is the data.
"""
import base64
import json
import os
import socket
import struct
import urllib.parse

STDIN, STDOUT, STDERR, STATUS = range(4)
TEXT, BINARY, CLOSE = 1, 2, 8


class Stream:
    def __init__(self, url, protocol):
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=20)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n".encode())
        self.input = self.socket.makefile("rb")
        status = self.input.readline().decode().strip()
        if " 101 " not in status:
            raise OSError(f"no stream: {status}")
        while self.input.readline().strip():
            pass

    def send(self, channel, data):
        payload = bytes([channel]) + data
        mask = os.urandom(4)
        self.socket.sendall(
            struct.pack("!BBH", 0x80 | BINARY, 0x80 | 126, len(payload)) + mask
            + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))

    def message(self):
        """(channel, data), or None at the end"""
        head = self.input.read(2)
        if len(head) < 2 or head[0] & 0xF == CLOSE:
            return None
        size = head[1] & 0x7F
        if size == 126:
            size = struct.unpack("!H", self.input.read(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self.input.read(8))[0]
        data = self.input.read(size)
        if head[0] & 0xF not in (TEXT, BINARY) or not data:
            return self.message()
        return data[0], data[1:]

    def rest(self):
        """What comes until the end: {channel: data}"""
        received = {}
        while message := self.message():
            channel, data = message
            received[channel] = received.get(channel, b"") + data
        return received


def exit_code(received):
    status = json.loads(received.get(STATUS, b"{}"))
    if status.get("status") == "Success":
        return 0
    causes = status.get("details", {}).get("causes", [])
    return next((int(c["message"]) for c in causes if c.get("reason") == "ExitCode"), status)
