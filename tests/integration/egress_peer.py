#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Both ends of egress rules, for tests of the relay and of containers.

egress_peer.py world CERT ADDRESS NAME=ADDRESS...
    a name server on ADDRESS:53, and on each address TLS (443, 8443), HTTP (80) and an echo (5432):
    each answers with the name that it was asked for. A name may begin with "*.".
egress_peer.py names ADDRESS NAME=ADDRESS...
    the name server alone
egress_peer.py relay PROGRAM PID DENIALS RESOLVER RULE...
    makes listeners in the network namespace of PID, at the true ports, and becomes PROGRAM
egress_peer.py ask NAME TYPE [tcp]      asks the stub: an address, "none", or the number of the error
egress_peer.py many NAME COUNT          asks for 1.NAME to COUNT.NAME twice: how many different addresses
egress_peer.py tls ADDRESS PORT SNI [PIECE [PAUSE]]   what the server says, or the error; sent by pieces
egress_peer.py http ADDRESS PORT TEXT... sends each text (\\r\\n as written), prints the answers
egress_peer.py forge PORT COUNT         sends as many answers of "by an interface" to that port of rtnetlink
egress_peer.py silent ADDRESS           a name server that answers nothing
egress_peer.py leave ADDRESS PORT COUNT makes as many connections and gives each up at once
egress_peer.py crowd ADDRESS PORT COUNT makes as many connections at once and holds them: how many are answered
egress_peer.py echo ADDRESS PORT SIZE   sends as much, ends its side, and wants all of it back
"""
import contextlib
import ctypes
import os
import socket
import ssl
import struct
import sys
import threading
import time

RESOLVER = "198.18.0.1"


def ready():
    print("ready", flush=True)
    threading.Event().wait()


def receive(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            break
        data += more
    return data


# --- the world ---


def find(zone, name):
    if name in zone:
        return zone[name]
    while "." in name:
        name = name.split(".", 1)[1]
        if "*." + name in zone:
            return zone["*." + name]
    return None


def answer(zone, query):
    end = 12
    labels = []
    while query[end]:
        labels.append(query[end + 1:end + 1 + query[end]].decode())
        end += 1 + query[end]
    kind = struct.unpack(">H", query[end + 1:end + 3])[0]
    addresses = (find(zone, ".".join(labels).lower()) or "").split("+")
    family, wanted = (socket.AF_INET6, ":") if kind == 28 else (socket.AF_INET, ".")
    rows = [socket.inet_pton(family, a) for a in addresses if a and wanted in a] if kind in (1, 28) else []
    head = query[:2] + struct.pack(">HHHHH", 0x8180 if addresses != [""] else 0x8183, 1, len(rows), 0, 0)
    return head + query[12:end + 5] + b"".join(
        b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 1, len(row)) + row for row in rows)


def serve_names(zone, sock):
    while True:
        query, peer = sock.recvfrom(512)
        sock.sendto(answer(zone, query), peer)


def name_server(resolver, *pairs):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((resolver, 53))
    zone = dict(pair.split("=") for pair in pairs)
    threading.Thread(target=serve_names, args=(zone, sock), daemon=True).start()


def serve_tls(context, sock):
    try:
        tls = context.wrap_socket(sock, server_side=True)
        tls.sendall(b"tls %s\n" % (tls.asked or "-").encode())
        tls.unwrap()
    except OSError:
        pass
    sock.close()


def serve_http(sock):
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            more = sock.recv(65536)
            if not more:
                sock.close()
                return
            data += more
        head, data = data.split(b"\r\n\r\n", 1)
        fields = {k.strip().lower(): v.strip() for k, v in
                  (line.split(b":", 1) for line in head.split(b"\r\n")[1:])}
        left = int(fields.get(b"content-length", b"0")) - len(data)
        data = data[int(fields.get(b"content-length", b"0")):] if left <= 0 else b""
        while left > 0:
            left -= len(sock.recv(min(left, 65536)))
        body = b"http %s\n" % fields.get(b"host", b"-")
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def serve_echo(sock):
    while True:
        data = sock.recv(65536)
        if not data:
            break
        sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)
    sock.close()


def accept(listener, serve):
    while True:
        sock = listener.accept()[0]
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(sock,), daemon=True).start()


def world(cert, resolver, *pairs):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert)

    def asked(sock, name, _):
        sock.asked = name
    context.sni_callback = asked
    ssl.SSLSocket.asked = None
    name_server(resolver, *pairs)
    for port, serve in ((443, lambda s: serve_tls(context, s)), (8443, lambda s: serve_tls(context, s)),
                        (80, serve_http), (5432, serve_echo)):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", port))
        listener.listen(1024)
        threading.Thread(target=accept, args=(listener, serve), daemon=True).start()
    ready()


def names(resolver, *pairs):
    name_server(resolver, *pairs)
    ready()


# --- the relay without nacre ---


def listen(port, kind=socket.SOCK_STREAM):
    sock = socket.socket(socket.AF_INET, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
    sock.bind(("", port))
    if kind == socket.SOCK_STREAM:
        sock.listen(1024)
    else:
        sock.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
    sock.setblocking(False)
    os.set_inheritable(sock.fileno(), True)
    return sock.detach()


def relay(program, pid, denials, resolver, *rules):
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    assert libc.setns(there, 0) == 0, ctypes.get_errno()
    ports = sorted({int(p) for rule in rules for p in (rule.split(":")[-1] if rule[-1].isdigit() else "443").split(",")})
    lines = ["nacre-egress 2"] + [f"rule {rule}" for rule in rules] + [f"resolver {resolver}"]
    lines += [f"listener {port} {listen(port)}" for port in ports]
    lines += [f"udp {listen(53, socket.SOCK_DGRAM)}", f"tcp {listen(53)}"]
    assert libc.setns(own, 0) == 0
    end = os.pidfd_open(int(pid))
    record = os.open(denials, os.O_RDWR | os.O_CREAT, 0o600)
    for fd in end, record:
        os.set_inheritable(fd, True)
    lines += [f"end {end}", f"denials {record}"]
    read, write = os.pipe()
    os.write(write, ("\n".join(lines) + "\n").encode())
    os.close(write)
    os.dup2(read, 0)
    os.execv(program, ["nacre-egress"])


# --- the program's side ---


def question(name, kind):
    return struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"".join(
        bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0" + struct.pack(
            ">HH", {"A": 1, "AAAA": 28, "TXT": 16}[kind], 1)


def connected():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(5)
    sock.connect((RESOLVER, 53))
    return sock


def ask(name, kind, how="udp"):
    query = question(name, kind)
    if how == "tcp":
        sock = socket.create_connection((RESOLVER, 53), 5)
        sock.sendall(struct.pack(">H", len(query)) + query)
        data = receive(sock, struct.unpack(">H", receive(sock, 2))[0])
    else:
        sock = connected()
        sock.send(query)
        data = sock.recv(512)
    code, count = data[3] & 15, struct.unpack(">H", data[6:8])[0]
    print(socket.inet_ntoa(data[-4:]) if count else "none" if code == 0 else code)


def many(name, count):
    sock = connected()
    rounds = []
    for _ in range(2):
        found = []
        for i in range(1, int(count) + 1):
            sock.send(question(f"{i}.{name}", "A"))
            found.append(sock.recv(512)[-4:])
        rounds.append(found)
    print(len(set(rounds[0])) if rounds[0] == rounds[1] else "an address changed")


def hello(sni):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    return context.wrap_bio(came, goes, server_hostname=sni or None), came, goes


def tls(address, port, sni, piece="1000000", pause="0"):
    session, came, goes = hello(sni)
    sock = socket.create_connection((address, int(port)), 20)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        try:
            print(session.read(1000).decode().strip())
            return
        except ssl.SSLWantReadError:
            pass
        data = goes.read()
        for at in range(0, len(data), int(piece)):
            sock.sendall(data[at:at + int(piece)])
            time.sleep(float(pause))
        more = sock.recv(65536)
        if not more:
            raise EOFError("closed")
        came.write(more)


def http(address, port, *texts):
    sock = socket.create_connection((address, int(port)), 20)
    for text in texts:
        sock.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
        if text.endswith("\\"):
            continue
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            more = sock.recv(1)
            if not more:
                raise EOFError("closed")
            head += more
        print(receive(sock, int(head.lower().split(b"content-length:")[1].split()[0])).decode().strip())


def echo(address, port, size):
    sock = socket.create_connection((address, int(port)), 60)
    data = os.urandom(65536) * (int(size) // 65536 + 1)
    data = data[:int(size)]
    sender = threading.Thread(target=lambda: (sock.sendall(data), sock.shutdown(socket.SHUT_WR)))
    sender.start()
    back = receive(sock, int(size) + 1)
    sender.join()
    print("same" if back == data else f"{len(back)} bytes")


def reach(*hosts):
    for host in hosts:
        try:
            with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet):
                if host[0].isdigit():
                    http(host, 80, "GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
                else:
                    tls(host, 443, host)
            print(host)
        except (OSError, EOFError):
            pass


def hold(address, port, go):
    sock = socket.create_connection((address, int(port)), 60)
    sock.sendall(b"a")
    receive(sock, 1)
    print("open", flush=True)
    while not os.path.exists(go):
        time.sleep(0.05)
    sock.sendall(b"b")
    print("same" if receive(sock, 1) == b"b" else "closed", sock.getpeername()[1], flush=True)


def silent(address):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, 53))
    ready()


def forge(port, count):
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    route = struct.pack("=BBBBBBBBI", socket.AF_INET, 32, 0, 0, 254, 2, 0, 1, 0)  # RTN_UNICAST
    for i in range(int(count)):
        # RTM_NEWROUTE, without a number or with one that may come
        sock.sendto(struct.pack("=IHHII", 16 + len(route), 24, 0, i // 2, int(port)) + route, (int(port), 0))
    print(count, flush=True)


def leave(address, port, count):
    for _ in range(int(count)):
        # On a busy machine the relay has reset one before connect(2) returns.
        with contextlib.suppress(ConnectionResetError), socket.create_connection((address, int(port))) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    print(count, flush=True)
    threading.Event().wait()


def crowd(address, port, count):
    socks = []
    for _ in range(int(count)):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex((address, int(port)))
        socks.append(sock)
    time.sleep(1)
    for sock in socks:
        with contextlib.suppress(OSError):
            sock.send(b"a")
    time.sleep(1)
    answered = 0
    for sock in socks:
        with contextlib.suppress(OSError):
            answered += sock.recv(1) == b"a"
    print(answered, flush=True)
    threading.Event().wait()


def main():
    command = {"world": world, "names": names, "relay": relay, "ask": ask, "many": many, "tls": tls, "http": http,
               "echo": echo, "silent": silent, "forge": forge, "leave": leave, "crowd": crowd,
               "hold": hold, "reach": reach}[sys.argv[1]]
    if sys.argv[1] in ("world", "names", "relay"):
        command(*sys.argv[2:])
        return
    try:
        command(*sys.argv[2:])
    except (OSError, EOFError) as error:
        print(type(error).__name__)


main()
