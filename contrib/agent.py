#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What untrusted code might do in a container: its work, and then what it should not.

Run by contrib/quickstart. Prints one JSON object per line for everything that was tried:

    {"try": "rootfs", "what": "write to /", "result": "stopped", "detail": "EROFS"}

Each thing is tried in a process of its own, so that none changes the next. Nothing here does harm
where it succeeds: what is made is removed again, and the fork bomb has a limit.
"""
import ctypes
import errno
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys

WORKSPACE = "/workspace"
SETUID_PROGRAM = "/opt/setuid-python"
USER = 1000
FORKS = 1000

CLONE_NEWUSER = 0x10000000
CAP_SYS_ADMIN = 21
CAPABILITY_VERSION_3 = 0x20080522

libc = ctypes.CDLL(None, use_errno=True)


class Stopped(Exception):
    """Stopped without an errno."""


def check(returned):
    if returned < 0:
        raise OSError(ctypes.get_errno(), "")


def workspace():
    """write a file in its workspace"""
    path = WORKSPACE + "/result.txt"
    with open(path, "w", encoding="ascii") as file:
        file.write("done\n")
    return "result.txt"


def program():
    """run a program"""
    done = subprocess.run(["/bin/sh", "-c", "echo $((6 * 7))"], check=True, capture_output=True)
    return "sh printed " + done.stdout.decode().strip()


def rootfs():
    """write to /"""
    path = "/usr/bin/planted"
    with open(path, "w", encoding="ascii"):
        pass
    os.unlink(path)
    return path


def secret():
    """read a secret of the host"""
    tried = []
    for path in (os.environ["HOST_SECRET"], "/proc/1/root" + os.environ["HOST_SECRET"]):
        try:
            with open(path, encoding="ascii") as file:
                return file.read().strip()
        except OSError as error:
            tried.append(error)
    raise tried[0]


def mount():
    """mount a filesystem"""
    check(libc.mount(b"none", b"/mnt", b"tmpfs", 0, None))
    check(libc.umount2(b"/mnt", 0))
    return "tmpfs on /mnt"


def userns():
    """unshare a user namespace"""
    check(libc.unshare(CLONE_NEWUSER))
    return "in a new one"


def setuid():
    """become root by a setuid program"""
    shutil.copyfile(sys.executable, SETUID_PROGRAM)
    os.chmod(SETUID_PROGRAM, 0o4755)
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)
    done = subprocess.run([SETUID_PROGRAM, "-c", "import os; print(os.geteuid())"],
                          check=True, capture_output=True)
    uid = int(done.stdout)
    if uid != 0:
        raise Stopped(f"uid={uid}")
    return "uid 0"


def capset():
    """give itself CAP_SYS_ADMIN"""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()
    check(libc.capget(header, sets))
    sets[0] |= 1 << CAP_SYS_ADMIN
    sets[1] |= 1 << CAP_SYS_ADMIN
    check(libc.capset(header, sets))
    return "has it"


def rawsocket():
    """forge packets on a raw socket"""
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
    return "has a raw socket"


def device():
    """make a device node of a disk"""
    path = "/dev/planted"
    os.mknod(path, 0o600 | stat.S_IFBLK, os.makedev(8, 0))
    try:
        os.close(os.open(path, os.O_RDONLY))
        return "made and opened"
    except OSError as error:
        return "made; open: " + errno.errorcode[error.errno]
    finally:
        os.unlink(path)


def connect(address):
    host, port = address.rsplit(":", 1)
    socket.create_connection((host, int(port)), timeout=3).close()
    return "connected"


def loopback():
    """reach the host's loopback"""
    return connect(os.environ["HOST_LOOPBACK"])


def network():
    """reach the host's address"""
    return connect(os.environ["HOST_NETWORK"])


def forkbomb():
    """start a fork bomb"""
    children = []
    try:
        for _ in range(FORKS):
            pid = os.fork()
            if pid == 0:
                signal.pause()
                os._exit(0)
            children.append(pid)
        return f"{FORKS} forks"
    except OSError as error:
        raise Stopped(f"{errno.errorcode[error.errno]} after {len(children)}") from error
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)


TRIES = (workspace, program, rootfs, secret, mount, userns, setuid, capset, rawsocket, device,
         loopback, network, forkbomb)


def outcome(action):
    try:
        return "allowed", action()
    except Stopped as stopped:
        return "stopped", str(stopped)
    except TimeoutError:
        return "stopped", "ETIMEDOUT"
    except OSError as error:
        return "stopped", errno.errorcode.get(error.errno, str(error))


def attempt(action):
    pid = os.fork()
    if pid == 0:
        try:
            result, detail = outcome(action)
            print(json.dumps({"try": action.__name__, "what": action.__doc__, "result": result,
                              "detail": detail}), flush=True)
            os._exit(0)
        except BaseException as error:  # the parent must not go on as two
            print(f"{action.__name__}: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def is_there(action):
    """Whether the host has what ACTION tries to reach: HOST_LOOPBACK and HOST_NETWORK may be empty."""
    return os.environ.get("HOST_" + action.__name__.upper()) != ""


def main():
    wanted = sys.argv[1:] or [action.__name__ for action in TRIES if is_there(action)]
    done = [attempt(action) for action in TRIES if action.__name__ in wanted]
    return 0 if all(done) else 1


sys.exit(main())
