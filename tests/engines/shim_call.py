# SPDX-License-Identifier: Apache-2.0
"""Calls a shim of containerd's as no client of it would: shim_call.py ADDRESS ID SCENE."""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

SHIM = "/usr/local/bin/containerd-shim-nacre-oci-v2"
TASKS = pathlib.Path("/run/containerd/io.containerd.runtime.v2.task/default")


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return bytes([field << 3]) + varint(value)


def text(field, value):
    value = value.encode() if isinstance(value, str) else value
    return bytes([field << 3 | 2]) + varint(len(value)) + value


class Shim:
    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(address.removeprefix("unix://"))
        self.file = self.socket.makefile("rb")
        self.stream = 1

    def frame(self, method, message, milliseconds=0):
        """The stream of the call, and its bytes."""
        request = text(1, "containerd.task.v2.Task") + text(2, method) + text(3, message)
        if milliseconds:
            request += number(4, milliseconds * 1000000)
        self.stream += 2
        return self.stream - 2, struct.pack(">IIBB", len(request), self.stream - 2, 1, 0) + request

    def send(self, method, message, milliseconds=0):
        """The stream of the call."""
        stream, frame = self.frame(method, message, milliseconds)
        self.socket.sendall(frame)
        return stream

    def receive(self):
        """The stream and the code of the next answer, 0 for none."""
        length, stream, _, _ = struct.unpack(">IIBB", self.file.read(10))
        body = self.file.read(length)
        return stream, body[3] if body[:1] == b"\n" and body[2:3] == b"\x08" else 0

    def call(self, method, message):
        self.send(method, message)
        return self.receive()[1]

    def close(self):
        self.file.close()
        self.socket.close()


def process(*args, terminal=False):
    return text(7, text(1, "type") + text(2, json.dumps({
        "args": args, "cwd": "/", "env": ["PATH=/bin"], "terminal": terminal})))


def wait_until(condition):
    by = time.monotonic() + 20
    while not condition():
        if time.monotonic() > by:
            sys.exit("waited in vain")
        time.sleep(0.05)


def limit(shim, container):
    begin = time.monotonic()
    shim.send("Wait", container, 300)
    print("code", shim.receive()[1], "in time" if 0.2 < time.monotonic() - begin < 10 else "late")


def update(shim, container):
    for resources in ("{}", "{}\0", '{"pids": {"limit": "many"}}'):
        print("code", shim.call("Update", container + text(2, text(1, "type") + text(2, resources))))


def failure(shim, container):
    second = container + text(2, "second")
    print("exec", shim.call("Exec", second + text(7, text(1, "type") + text(2, "{}"))))
    wait = shim.send("Wait", second)
    shim.send("Start", second)  # nacre refuses it: there is no program in {}
    answers = dict(shim.receive() for _ in range(2))
    print("wait", answers.pop(wait), "start", *answers.values())
    print("kill", shim.call("Kill", second + number(3, 15) + number(4, 1)))  # all


def created(shim, container):
    """An exec that is deleted before its start; then one whose terminal only the request has; then one
    whose terminal only its process has, as the container's own may, so that it gets none."""
    second = container + text(2, "second")
    print("exec", shim.call("Exec", second + process("true")))
    print("delete", shim.call("Delete", second))
    print("exec", shim.call("Exec", second + number(3, 1) + process("test", "-t", "0")))
    print("start", shim.call("Start", second))
    third = container + text(2, "third")
    print("exec", shim.call("Exec", third + process("true", terminal=True)))
    print("start", shim.call("Start", third))


def delete(shim, container):
    second = container + text(2, "second")
    print("exec", shim.call("Exec", second + process("true")))
    shim.call("Kill", container + number(3, 9))
    shim.call("Wait", container)
    # At once: the second call comes while nacre deletes the container.
    deletion, again = (shim.send("Delete", container) for _ in range(2))
    shim.send("Start", second)
    answers = dict(shim.receive() for _ in range(3))
    print("delete", answers.pop(deletion), "again", answers.pop(again), "start", *answers.values())
    print("wait", shim.call("Wait", container))
    shim.send("Shutdown", container)  # containerd then forgets it


def kilobytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0])


def waits(shim, container):
    """Of clients that are gone none are left; of one there are not more than fit."""
    second = container + text(2, "second")
    # the first: the other is its child, which writes the log
    pid = subprocess.run(["pgrep", "-o", "containerd-shim"], stdout=subprocess.PIPE, check=True).stdout
    pid = int(pid)
    shim.call("Exec", second + process("sleep", "1000"))
    print("start", shim.call("Start", second))
    for turn in range(40):
        other = Shim(ADDRESS)
        for _ in range(1000):
            other.send("Wait", second)
        other.call("Connect", container)
        other.close()
        if turn == 5:
            before = kilobytes(pid)
    print("grows" if kilobytes(pid) > before + 512 else "is flat")
    for _ in range(4100):
        shim.send("Wait", second)
    print("refused", *(shim.receive()[1] for _ in range(4)))
    kill = Shim(ADDRESS)
    print("kill", kill.call("Kill", second + number(3, 9)))
    answers = [shim.receive()[1] for _ in range(4096)]
    print("answered", len(answers), set(answers))


def slow_reader(shim, container):
    """What a terminal's program has written before its end arrives whole, though nobody has read it
    when it is deleted."""
    second = container + text(2, "second")
    path = "/run/slow.fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.write(writer, b"-" * 65536)  # it is full: the rest is with the shim and the terminal
    os.close(writer)
    shim.call("Exec", second + number(3, 1) + text(5, path) + process(
        "sh", "-c", "head -c 8000 /dev/zero | tr '\\0' x", terminal=True))
    print("start", shim.call("Start", second), "wait", shim.call("Wait", second))
    deletions = [shim.send("Delete", second) for _ in range(2)]
    time.sleep(0.3)
    os.set_blocking(reader, True)
    n = 0
    while part := os.read(reader, 65536):
        n += part.count(b"x")
    answers = dict(shim.receive() for _ in deletions)
    print("read", n, "delete", *(answers[stream] for stream in deletions))
    os.unlink(path)


def large_output(shim, container):
    """What programs write to a terminal, far more than it holds, arrives whole, and in order."""
    second, path = container + text(2, "second"), "/run/large.fifo"
    whole = " ".join(map(str, range(1, 1000001))).encode()
    os.mkfifo(path)
    for _ in range(5):
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        shim.call("Exec", second + number(3, 1) + text(5, path) + process("seq", "-s", " ", "1000000", terminal=True))
        print("start", shim.call("Start", second))
        os.set_blocking(reader, True)
        with open(reader, "rb") as file:
            read = file.read()
        print("wait", shim.call("Wait", second), "delete", shim.call("Delete", second),
              "whole" if read.rstrip() == whole else f"{len(read)} bytes, not {len(whole)}")
    os.unlink(path)


def unread_exec(shim, container, name):
    """An exec that has ended, whose terminal's output nobody reads: its deletion waits. The second value
    must stay open until then."""
    second, path = container + text(2, name), f"/run/{name}.fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.write(writer, b"-" * 65536)
    os.close(writer)
    shim.call("Exec", second + number(3, 1) + text(5, path) + process(
        "sh", "-c", "head -c 8000 /dev/zero | tr '\\0' x", terminal=True))
    print("start", shim.call("Start", second), "wait", shim.call("Wait", second))
    os.unlink(path)
    return second, reader


def deletions(shim, container):
    """An exec is deleted while its container is."""
    second, _ = unread_exec(shim, container, "second")
    print("kill", shim.call("Kill", container + number(3, 9)), "wait", shim.call("Wait", container))
    calls, frames = zip(shim.frame("Delete", container), shim.frame("Delete", second))
    shim.socket.sendall(b"".join(frames))
    answers = dict(shim.receive() for _ in calls)
    print("delete", *(answers[stream] for stream in calls))
    time.sleep(0.1)
    print("shutdown", shim.call("Shutdown", container))


def end_meanwhile(shim, container):
    """The container ends while the deletion of an exec waits for a reader."""
    second, _ = unread_exec(shim, container, "second")
    calls = [shim.send("Delete", second), shim.send("Wait", container)]
    print("kill", Shim(ADDRESS).call("Kill", container + number(3, 9)))
    answers = dict(shim.receive() for _ in calls)
    print("delete", answers[calls[0]], "wait", answers[calls[1]], "again", shim.call("Delete", container))
    shim.call("Shutdown", container)


def end_before_start(shim, container):
    """The container ends while an exec waits for a reader, which then cannot be started."""
    second = container + text(2, "second")
    path = "/run/nobody.fifo"
    os.mkfifo(path)
    pid = subprocess.run(["pgrep", "-o", "containerd-shim"], stdout=subprocess.PIPE, check=True).stdout
    soft, hard = resource.prlimit(int(pid), resource.RLIMIT_NOFILE)
    shim.call("Exec", second + text(5, path) + process("true"))
    calls = [shim.send("Start", second), shim.send("Wait", container)]
    time.sleep(0.1)
    resource.prlimit(int(pid), resource.RLIMIT_NOFILE, (0, hard))
    os.kill(int((TASKS / sys.argv[2] / "init.pid").read_text()), signal.SIGKILL)
    answers = dict(shim.receive() for _ in calls)
    resource.prlimit(int(pid), resource.RLIMIT_NOFILE, (soft, hard))
    print("start", answers[calls[0]], "wait", answers[calls[1]], "delete", shim.call("Delete", container))
    os.unlink(path)
    shim.call("Shutdown", container)


def late_reader(shim, container):
    """A client opens the FIFO beside its call, and on a busy machine after that. What ends at once waits
    for it."""
    second = container + text(2, "second")
    path = "/run/late.fifo"
    os.mkfifo(path)
    shim.call("Exec", second + text(5, path) + process("echo", "through"))
    start = shim.send("Start", second)
    time.sleep(0.3)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    print("start", shim.receive() == (start, 0), "wait", shim.call("Wait", second), os.read(reader, 100),
          "delete", shim.call("Delete", second))
    os.unlink(path)


def terminal_logger(shim, container):
    """The logger ends after a part of what the program writes, and stops it by that no more than a file."""
    second = container + text(2, "second")
    shim.call("Exec", second + number(3, 1) + text(5, "binary:///run/logger/program") + process(
        "sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x", terminal=True))
    shim.call("Start", second)
    print("wait", shim.call("Wait", second), "delete", shim.call("Delete", second))


def hostile_fifos(shim, container):
    """Nothing that is in a FIFO's place, and nobody at its other end, stops the shim or what it runs."""
    path = "/run/hostile"

    def run(number_, *args, terminal=False, reader=None):
        name = container + text(2, f"fifo{number_}")
        io = number(3, 1) * terminal + text(5, path)
        shim.call("Exec", name + io + process(*args, terminal=terminal))
        codes = [shim.call("Start", name)]
        if reader:
            os.close(reader)
        if codes == [0]:
            codes.append(shim.call("Kill", name + number(3, 9)))
        shim.call("Wait", name)
        return *codes, shim.call("Delete", name)

    os.mkfifo(path)
    print("nobody", run(0, "sleep", "1000"))
    # nobody reads, and what is written is more than fits
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    print("full", run(1, "yes"), run(2, "yes", terminal=True))
    print("gone", run(3, "sh", "-c", "while echo x; do :; done", reader=reader))
    # replaced while it is open
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    name = container + text(2, "replaced")
    shim.call("Exec", name + number(3, 1) + text(5, path) + process(
        "sh", "-c", "echo through; exec sleep 1000", terminal=True))
    shim.call("Start", name)
    os.unlink(path)
    os.symlink("/etc/passwd", path)
    os.set_blocking(reader, True)
    print("replaced", os.read(reader, 7), shim.call("Kill", name + number(3, 9)), shim.call("Wait", name),
          shim.call("Delete", name))
    # and before that
    before = os.stat("/etc/passwd")
    print("symlink", run(5, "echo", "x"))
    os.unlink(path)
    print("nothing", run(6, "echo", "x"))
    os.mkdir(path)
    print("directory", run(7, "echo", "x"))
    os.rmdir(path)
    os.mknod(path, 0o20666, os.makedev(1, 3))
    print("device", run(8, "echo", "x"))
    os.unlink(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    print("socket", run(9, "echo", "x"))
    os.unlink(path)
    after = os.stat("/etc/passwd")
    print("untouched", (before.st_size, before.st_mtime) == (after.st_size, after.st_mtime),
          "state", shim.call("State", container))


def execs(shim, container):
    """COUNT of them, one after the other: what the shim has does not grow."""
    count = int(os.environ.get("COUNT") or 300)
    pid = subprocess.run(["pgrep", "-o", "containerd-shim"], stdout=subprocess.PIPE, check=True).stdout
    pid = int(pid)
    codes = set()
    for turn in range(100 + count):
        if turn == 100:
            before, fds = kilobytes(pid), len(os.listdir(f"/proc/{pid}/fd"))
        name = container + text(2, f"exec{turn}")
        codes.update((shim.call("Exec", name + process("true")), shim.call("Start", name),
                      shim.call("Wait", name), shim.call("Delete", name)))
    after = kilobytes(pid)
    print("codes", codes, "fds", len(os.listdir(f"/proc/{pid}/fd")) - fds,
          f"grows from {before} KiB to {after}" if after > before + 64 else "is flat")


def make_bundle(hook):
    """For a container "two" like the first; the folder goes with what runs all this."""
    bundle = pathlib.Path("/run/two")
    config = json.loads((TASKS / sys.argv[2] / "config.json").read_text())
    config["root"]["path"] = str(TASKS / sys.argv[2] / "rootfs")
    config["linux"]["cgroupsPath"] = "/default/two"
    config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", hook]}]}
    bundle.mkdir(exist_ok=True)
    (bundle / "config.json").write_text(json.dumps(config))
    return bundle


def start_shim(bundle):
    """Its address, as it tells containerd."""
    started = subprocess.run([SHIM, "-namespace", "default", "-id", "two", "-address", "/none", "start"],
                             cwd=bundle, stdout=subprocess.PIPE, check=True)
    return started.stdout.decode().strip()


def early_close(shim, container):
    """A client has nothing for the input, and says so before it starts the process."""
    second = container + text(2, "second")
    path = "/run/input.fifo"
    os.mkfifo(path)
    shim.call("Exec", second + text(4, path) + process("head", "-c", "1"))
    print("close", shim.call("CloseIO", second + number(3, 1)), "start", shim.call("Start", second))
    shim.send("Wait", second, 10000)
    print("wait", shim.receive()[1])
    os.unlink(path)


def field(message, wanted):
    """The last field of this number, whose type is a number or bytes."""
    def take():
        nonlocal at
        value = shift = 0
        while True:
            value |= (message[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if message[at - 1] < 128:
                return value

    at, found = 0, None
    while at < len(message):
        key, value = take(), take()
        if key & 7 == 2:
            at, value = at + value, message[at:at + value]
        found = value if key >> 3 == wanted else found
    return found


def usage(shim, container):
    """Of processor time, in microseconds."""
    shim.send("Stats", container)
    answer = shim.file.read(struct.unpack(">IIBB", shim.file.read(10))[0])
    for part in (2, 1, 2, 2, 1):  # payload, stats, value, cpu, usage_usec
        answer = field(answer, part)
    return answer or 0


def own_cgroup(shim, container):
    """The first process moves into a cgroup below its own, as systemd does. All of the container still counts."""
    second = container + text(2, "second")
    pid = (TASKS / sys.argv[2] / "init.pid").read_text()
    shim.call("Exec", second + process("sh", "-c", "i=0; while test $i -lt 200000; do i=$((i + 1)); done"))
    print("start", shim.call("Start", second), "wait", shim.call("Wait", second))
    before = usage(shim, container)
    path = re.search("^0::(.*)", pathlib.Path(f"/proc/{pid}/cgroup").read_text(), re.M)[1]
    trees = [pathlib.Path(tree + path) for tree in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")]
    below = next(tree for tree in trees if tree.is_dir()) / "init.scope"
    below.mkdir()
    (below / "cgroup.procs").write_text(pid)
    print("used", before > 50000, "still", usage(shim, container) >= before)


def large_config(*_):
    """One that is refused: the shim says so and does not crash."""
    bundle = make_bundle("true")
    (bundle / "config.json").write_text(" " * 2**24)
    started = subprocess.run([SHIM, "-namespace", "default", "-id", "two", "-address", "/none", "start"],
                             cwd=bundle, capture_output=True, check=False)
    print("exit", started.returncode, started.stderr.decode().strip())
    shutil.rmtree(bundle)


def checkpoint(shim, container):
    """Of what is said before criu is asked: nothing is made before the start, and what cannot be restored
    can be deleted."""
    print("relative", shim.call("Checkpoint", container + text(2, "images")),
          "options", shim.call("Checkpoint", container + text(2, "/run/images") + text(3, text(2, b"\xff"))))
    bundle, second = make_bundle("true"), text(1, "two")
    other = Shim(start_shim(bundle))
    print("create", other.call("Create", second + text(2, str(bundle)) + text(8, "/run/no-images")),
          "made", pathlib.Path("/run/containerd/nacre/default/two").exists(),
          "start", other.call("Start", second), "delete", other.call("Delete", second),
          "shutdown", other.call("Shutdown", second))


def orphan(_, container):
    """The client that makes a container is killed meanwhile, as containerd may be."""
    bundle = make_bundle("echo >/run/two/hook; sleep 1")
    container = text(1, "two")
    for ends in ("later", "meanwhile"):
        address = start_shim(bundle)
        client = Shim(address)
        client.send("Create", container + text(2, str(bundle)))
        wait_until((bundle / "hook").exists)
        client.close()
        client = Shim(address)
        print(ends, "pids", client.call("Pids", container))
        if ends == "meanwhile":
            print("shutdown", client.call("Shutdown", container))
        wait_until(lambda: not pathlib.Path("/run/containerd/nacre/default/two").exists())
        if ends == "later":
            print("pids", client.call("Pids", container), "shutdown", client.call("Shutdown", container))
        wait_until(lambda: not pathlib.Path(address.removeprefix("unix://")).exists())
        (bundle / "hook").unlink()
    print("cgroup", pathlib.Path("/sys/fs/cgroup/default/two").exists(),
          "files", *sorted(path.name for path in bundle.iterdir()))


def run_mapped(kind, source, options):
    """The container "two", whose root is this mount with mapped ids: its codes and what it printed."""
    ids = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    bundle, second, log = make_bundle("true"), text(1, "two"), pathlib.Path("/run/two/log")
    config = json.loads((bundle / "config.json").read_text())
    config["root"] = {"path": "rootfs"}
    config["linux"] |= {"uidMappings": ids, "gidMappings": ids}
    config["linux"]["namespaces"].append({"type": "user"})
    config["process"]["args"] = ["stat", "-c", "%u:%g", "/bin/busybox", "/tmp/file"]
    (bundle / "config.json").write_text(json.dumps(config))
    mount = text(1, kind) + text(2, source) + b"".join(
        text(4, option) for option in (*options, "uidmap=0:100000:65536", "gidmap=0:100000:65536"))
    shim = Shim(start_shim(bundle))
    codes = [shim.call("Create", second + text(2, str(bundle)) + text(3, mount) + text(6, f"file://{log}"))]
    if codes == [0]:
        codes += [shim.call(name, second) for name in ("Start", "Wait", "Delete")]
    shim.call("Shutdown", second)
    mounted = str(bundle) in pathlib.Path("/proc/mounts").read_text()
    result = *codes, log.read_text().split(), (bundle / "layers").exists(), mounted
    if not mounted:
        shutil.rmtree(bundle)
    return result


def mapped_root(*_):
    """A snapshotter wants the ids of the layers of an overlay mapped, or those of a directory. Of what
    cannot be mounted nothing stays."""
    subprocess.run("mkdir -p /run/mapped/work /run/mapped/layer/tmp && cp -a /run/image /run/mapped && "
                   "touch /run/mapped/layer/tmp/file && install -d -o 100000 -g 100000 /run/mapped/upper && "
                   "install -o 5 -g 6 /dev/null /run/mapped/image/tmp/file", shell=True, check=True)
    own = ("upperdir=/run/mapped/upper", "workdir=/run/mapped/work", "index=off")
    print("overlay", run_mapped("overlay", "overlay", (*own, "lowerdir=/run/mapped/image")))
    print("layers", run_mapped("overlay", "overlay", (*own, "lowerdir=/run/mapped/layer:/run/mapped/image")))
    print("directory", run_mapped("bind", "/run/mapped/image", ("rbind",)))
    print("missing", run_mapped("overlay", "overlay", (*own, "lowerdir=/run/mapped/none:/run/mapped/image")))
    print("apart", run_mapped("overlay", "overlay", (*own, "lowerdir=/run/mapped/image:/tmp")))
    shutil.rmtree("/run/mapped")


def shim_cgroup(*_):
    """Where the options want the shim to be; a cgroup that is missing is an error."""
    tree = next(pathlib.Path(tree) for tree in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
                if pathlib.Path(tree, "cgroup.procs").exists())
    place, bundle, second = tree / "shims", make_bundle("true"), text(1, "two")
    place.mkdir()
    for path in ("/shims/none", "shims", "/shims"):
        options = text(1, "containerd.runc.v1.Options") + text(2, text(3, path))
        shim = Shim(start_shim(bundle))
        code = shim.call("Create", second + text(2, str(bundle)) + text(10, options))
        inside = [pathlib.Path(f"/proc/{pid}/comm").read_text()[:15].strip()
                  for pid in (place / "cgroup.procs").read_text().split()]
        print(path, "create", code, "inside", *inside,
              "delete", shim.call("Delete", second), "shutdown", shim.call("Shutdown", second))
        wait_until(lambda: not (place / "cgroup.procs").read_text())
    place.rmdir()
    shutil.rmtree(bundle)


ADDRESS = sys.argv[1]
{"limit": limit, "failure": failure, "created": created, "delete": delete, "waits": waits,
 "slow_reader": slow_reader, "large_output": large_output, "deletions": deletions, "end_meanwhile": end_meanwhile,
 "end_before_start": end_before_start, "large_config": large_config,
 "early_close": early_close, "own_cgroup": own_cgroup,
 "late_reader": late_reader, "orphan": orphan, "terminal_logger": terminal_logger, "hostile_fifos": hostile_fifos,
 "execs": execs, "update": update, "mapped_root": mapped_root,
 "shim_cgroup": shim_cgroup, "checkpoint": checkpoint}[sys.argv[3]](Shim(ADDRESS), text(1, sys.argv[2]))
