# SPDX-License-Identifier: Apache-2.0
"""What sandbox_escapes.t tries, and the other side of it.

escape.py serve PLACE...   listens: a path, @NAME, or ADDRESS:PORT; says "ready", and PROOF to who connects
escape.py hold NAME KEY    a key of the user's keyring and shared memory with PROOF in it; says "ready"
escape.py HOW ARGUMENT...  tries it, and prints PROOF if that led somewhere
"""
import ctypes
import fcntl
import os
import select
import socket
import sys
import termios

PROOF = b"ESCAPED"
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
USER_KEYRING = -4
SYS_ADD_KEY, SYS_KEYCTL, SYS_OPEN_BY_HANDLE_AT = (
    (248, 250, 304) if os.uname().machine == "x86_64" else (217, 219, 265))


def must(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def address(place):
    if place.startswith("@"):
        return socket.AF_UNIX, "\0" + place[1:]
    if place.startswith("/"):
        return socket.AF_UNIX, place
    host, port = place.rsplit(":", 1)
    return (socket.AF_INET6 if ":" in host else socket.AF_INET), (host.strip("[]"), int(port))


def serve(*places):
    listeners = []
    for place in places:
        family, name = address(place)
        listeners.append(socket.socket(family, socket.SOCK_STREAM))
        listeners[-1].bind(name)
        listeners[-1].listen()
        if place.startswith("/"):
            os.chmod(place, 0o666)
    print("ready", flush=True)
    while True:
        for listener in select.select(listeners, [], [])[0]:
            connection, _ = listener.accept()
            connection.sendall(PROOF)
            connection.close()


def hold(name, key):
    must(libc.syscall(SYS_ADD_KEY, b"user", name.encode(), PROOF, len(PROOF), USER_KEYRING))
    segment = must(libc.shmget(int(key), 4096, 0o1600))
    ctypes.memmove(libc.shmat(segment, None, 0), PROOF, len(PROOF))
    print("ready", flush=True)
    sys.stdin.read()
    libc.shmctl(segment, 0, None)
    found = libc.syscall(SYS_KEYCTL, 10, USER_KEYRING, b"user", name.encode(), 0)
    libc.syscall(SYS_KEYCTL, 9, found, USER_KEYRING)


def connect(place):
    family, name = address(place)
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(2)
        s.connect(name)
        return s.recv(100)


def key(name):
    found = must(libc.syscall(SYS_KEYCTL, 10, USER_KEYRING, b"user", name.encode(), 0))
    text = ctypes.create_string_buffer(100)
    must(libc.syscall(SYS_KEYCTL, 11, found, text, 100))
    return text.value


def memory(number):
    segment = must(libc.shmget(int(number), 0, 0))
    return ctypes.string_at(libc.shmat(segment, None, 0x1000))


def trace(pid):
    must(libc.ptrace(0x4206, int(pid), 0, 0))
    return PROOF


def type_into(fd):
    fcntl.ioctl(int(fd), termios.TIOCSTI, b"x")
    return PROOF


def write_to(path):
    os.close(os.open(path, os.O_WRONLY))
    return PROOF


def handle_of(path):
    """Prints the handle of PATH, which must be on the file system of the working directory."""
    handle = ctypes.create_string_buffer(136)
    handle[0:4] = (128).to_bytes(4, "little")
    mount = ctypes.c_int()
    must(libc.name_to_handle_at(-100, path.encode(), handle, ctypes.byref(mount), 0))
    return handle.raw.hex().encode()


def handle(text):
    here = os.open(".", os.O_RDONLY)
    fd = must(libc.syscall(SYS_OPEN_BY_HANDLE_AT, here, bytes.fromhex(text), os.O_RDONLY))
    return os.read(fd, 100)


HOWS = {function.__name__: function for function in (
    serve, hold, connect, key, memory, trace, type_into, write_to, handle_of, handle)}

try:
    print(HOWS[sys.argv[1]](*sys.argv[2:]).decode(errors="replace"))
except OSError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
