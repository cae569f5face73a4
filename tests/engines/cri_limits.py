#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cri_limits.py NAME HANDLER: what the kubelet does with limits, with this runtime handler."""
import pathlib
import sys
import time

import grpc

from cri_client import Pod, cri, wait_until

PODS = pathlib.Path("/sys/fs/cgroup/kubepods")
CONTROLLERS = ("cpu", "memory", "pids")
MIB = 1024 * 1024
SLEEPING = ("sh", "-c", "while :; do sleep 1; done")
EAT = "tail /dev/zero"  # past the limit of memory, whatever it is
VALUES = "cd /sys/fs/cgroup && grep . cpu.max cpu.weight memory.max memory.oom.group pids.max"
# Four seconds of work, in which it is to have less than three of a CPU
SPIN = """value() { sed -n "s/^$1 //p" /sys/fs/cgroup/cpu.stat; }
used=$(value usage_usec)
timeout 4 sh -c 'while :; do :; done' 2>/dev/null
[ $(($(value usage_usec) - used)) -lt 3000000 ] && echo below the limit
[ $(value nr_throttled) -gt 0 ] && echo throttled"""
BOMB = """(while :; do sleep 1000 >/dev/null 2>&1 & done) 2>&1
read n </sys/fs/cgroup/pids.current
[ $n -gt 50 ] && [ $n -le 64 ] && echo as many as the pod may have"""


class LimitedPod(Pod):
    """Below a cgroup that has the pod's own limits, as the kubelet makes it."""

    def __init__(self, handler):
        self.cgroup = PODS / f"pod{time.time_ns()}"
        self.cgroup.mkdir(parents=True)
        for cgroup in (PODS.parent, PODS, self.cgroup):
            for controller in CONTROLLERS:
                (cgroup / "cgroup.subtree_control").write_text(f"+{controller}")
        (self.cgroup / "pids.max").write_text("64")
        super().__init__(handler, parent=f"/kubepods/{self.cgroup.name}")

    def __exit__(self, *error):
        super().__exit__(*error)
        wait_until(lambda: not any(path.is_dir() for path in self.cgroup.iterdir()))
        self.cgroup.rmdir()


def limits(cpus, mebibytes, together=True):
    """As the kubelet says them: all processes of a container die of one's OOM."""
    return {"cpu_period": 100000, "cpu_quota": int(cpus * 100000), "cpu_shares": int(cpus * 1024),
            "memory_limit_in_bytes": mebibytes * MIB,
            "unified": {"memory.oom.group": "1"} if together else {}}


def values(container):
    print(container.exec("sh", "-c", VALUES)[1], end="")


def end_of(container):
    container.wait()
    status = container.status()
    print(status.get("exit_code", 0), status.get("reason"), *container.log())
    container.remove()


def feature_limits(handler):
    with LimitedPod(handler) as pod:
        container = pod.container(*SLEEPING, resources=limits(0.5, 64)).start()
        values(container)
        print(container.exec("sh", "-c", SPIN, timeout=30)[1])
        print(container.exec("sh", "-c", BOMB, timeout=30)[1])


def feature_no_limits(handler):
    with LimitedPod(handler) as pod:
        values(pod.container(*SLEEPING).start())


def feature_out_of_memory(handler):
    with LimitedPod(handler) as pod:
        end_of(pod.container("sh", "-c", f"exec {EAT}", resources=limits(0.9, 32)).start())
        end_of(pod.container("sh", "-c", f"{EAT}; echo survived; exit 3",
                             resources=limits(0.9, 32)).start())
        killed = pod.container(*SLEEPING, resources=limits(0.9, 32)).start()
        killed.stop(0)
        end_of(killed)


def feature_out_of_memory_alone(handler):
    with LimitedPod(handler) as pod:
        # One stream: the lines of two come in any order.
        end_of(pod.container("sh", "-c", f"exec 2>&1; {EAT}; echo survived $?; exit 3",
                             resources=limits(0.9, 32, together=False)).start())


def feature_out_of_memory_by_exec(handler):
    with LimitedPod(handler) as pod:
        container = pod.container(*SLEEPING, resources=limits(0.9, 32)).start()
        print(container.exec("sh", "-c", f"{EAT}; exit 3")[0])
        end_of(container)


def feature_updates(handler):
    """What a resize of the pod in place comes to"""
    with LimitedPod(handler) as pod:
        container = pod.container(*SLEEPING, resources=limits(0.5, 64)).start()
        for resources in (limits(0.7, 96), limits(0.3, 48), {"memory_limit_in_bytes": 80 * MIB}):
            cri.UpdateContainerResources(container_id=container.id, linux=resources)
            values(container)
        print(container.state())
        cri.UpdateContainerResources(container_id=container.id, linux=limits(0.9, 16))
        print(container.exec("sh", "-c", f"{EAT}; exit 3")[0])
        end_of(container)


try:
    globals()[f"feature_{sys.argv[1]}"](sys.argv[2])
except grpc.RpcError as failure:
    print(failure.details())
