# SPDX-License-Identifier: Apache-2.0
"""What an agent's program tries, and what came of it."""
import os
import sys


def attempt(what, action):
    try:
        print(what, action() or "works")
    except OSError as error:
        print(what, error.strerror)


def write(path):
    with open(path, "w", encoding="ascii") as file:
        file.write("x")


def fill():
    """Writes until there is no room: MiB"""
    with open("/tmp/large", "wb", buffering=0) as file:
        for number in range(600):
            try:
                file.write(bytes(1 << 20))
            except OSError:
                return f"{number} MiB"
    return "too much"


def program():
    with open("/bin/busybox", "rb") as source, open("/tmp/true", "wb") as copy:
        copy.write(source.read())
    os.chmod("/tmp/true", 0o755)
    pid = os.fork()
    if pid == 0:
        try:
            os.execv("/tmp/true", ["true"])
        except OSError as error:
            print("program in /tmp", error.strerror, flush=True)
            os._exit(1)
    os.waitpid(pid, 0)


def status(name):
    with open("/proc/self/status", encoding="ascii") as file:
        return next(line.split()[1] for line in file if line.startswith(name))


attempt("work directory", os.getcwd)
attempt("terminal", lambda: str([os.isatty(fd) for fd in range(3)]))
attempt("root", lambda: write("/root/file"))
attempt("/usr", lambda: write("/usr/file"))
attempt("/tmp", lambda: write("/tmp/file"))
program()
attempt("/tmp holds", fill)
attempt("setuid in /tmp", lambda: "works" if not os.statvfs("/tmp").f_flag & os.ST_NOSUID else "is nothing")
attempt("NoNewPrivs", lambda: status("NoNewPrivs"))
sys.exit(3)
