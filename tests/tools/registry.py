#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""registry.py CERT DIR: serves the files of DIR by HTTPS on every address, whatever name it is asked for.

Where a file has "registry.invalid" stands the host that the client asks. Each request is a line: the name
that TLS asked for, or "-", and the path.
"""
import http.server
import mimetypes
import pathlib
import ssl
import sys
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = pathlib.Path(sys.argv[2], urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).lstrip("/"))
        if path.is_dir():
            path /= "index.html"
        found = path.is_file()
        body = path.read_bytes().replace(b"registry.invalid", self.headers["Host"].encode()) if found else b""
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", mimetypes.guess_type(path.name)[0] or "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        # In one piece, whatever the other threads print.
        print(f"{self.connection.asked or '-'} {self.path}\n", end="", flush=True)


class Server(http.server.ThreadingHTTPServer):
    def get_request(self):
        sock, address = self.socket.accept()
        return context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, *_):
        """A client that gave up has nothing to say here."""


def asked(sock, name, _):
    sock.asked = name


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
context.set_ciphers("DEFAULT:@SECLEVEL=0")  # busybox names no algorithm of signatures
context.sni_callback = asked
ssl.SSLSocket.asked = None
server = Server(("", 443), Handler)
print("ready", flush=True)
server.serve_forever()
