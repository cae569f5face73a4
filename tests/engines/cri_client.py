# SPDX-License-Identifier: Apache-2.0
"""Pods and containers as the kubelet makes them."""
import itertools
import pathlib
import time

import grpc

import cri_stream
from cri_api import SLOWNESS, Runtime

SOCKET = "/run/containerd/containerd.sock"
IMAGE = "localhost/busybox:1"
LOGS = pathlib.Path("/var/log/pods")
POD, CONTAINER, NODE, TARGET = range(4)  # NamespaceMode
STATES = ("CREATED", "RUNNING", "EXITED", "UNKNOWN")
STREAM = "v4.channel.k8s.io"

cri = Runtime(SOCKET)
numbers = itertools.count()


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds * SLOWNESS
    while not condition():
        if time.monotonic() > end:
            print("waited in vain")
            return
        time.sleep(0.05)


def refused(call):
    """Prints what the call's error says of its reason, or that there was none."""
    try:
        call()
    except grpc.RpcError as error:
        print(error.details().split(": exec: ")[-1])
    else:
        print("not refused")


class Container:
    def __init__(self, pod, command, linux=None, **config):
        self.pod = pod
        self.name = f"c{next(numbers)}"
        self.log_path = pod.logs / f"{self.name}.log"
        config = {
            "metadata": {"name": self.name}, "image": {"image": IMAGE}, "command": command,
            "log_path": self.log_path.name, "linux": linux or {}, **config}
        self.id = cri.CreateContainer(
            pod_sandbox_id=pod.id, config=config, sandbox_config=pod.config)["container_id"]

    def start(self):
        cri.StartContainer(container_id=self.id)
        return self

    def status(self):
        return cri.ContainerStatus(container_id=self.id)["status"]

    def state(self):
        return STATES[self.status().get("state", 0)]

    def wait(self):
        wait_until(lambda: self.state() == "EXITED")
        return self.status().get("exit_code", 0)

    def log(self):
        """The lines: in the file there is the time and the stream before each."""
        lines = self.log_path.read_text().splitlines()
        return [line.split(" ", 3)[3] for line in lines]

    def wait_for(self, line):
        wait_until(lambda: line in self.log())

    def exec(self, *command, timeout=10):
        """(status, output, errors)"""
        answer = cri.ExecSync(container_id=self.id, cmd=list(command), timeout=timeout * SLOWNESS)
        return (answer.get("exit_code", 0), answer.get("stdout", b"").decode(),
                answer.get("stderr", b"").decode())

    def stream(self, *command, **what):
        url = cri.Exec(container_id=self.id, cmd=list(command), **what)["url"]
        return cri_stream.Stream(url, STREAM)

    def stop(self, grace):
        cri.StopContainer(container_id=self.id, timeout=grace)

    def remove(self):
        cri.RemoveContainer(container_id=self.id)


class Pod:
    """A sandbox of a runtime's; at the end of a with it is stopped and removed with all that is in it."""

    def __init__(self, handler, namespaces=None, security=None, sysctls=None, parent="", **config):
        name = f"pod-{time.time_ns()}"
        self.logs = LOGS / name
        self.namespaces = {"pid": CONTAINER, **(namespaces or {})}
        self.config = {
            "metadata": {"name": name, "uid": name, "namespace": "default"}, "hostname": "pod",
            "log_directory": str(self.logs), "linux": {
                "cgroup_parent": parent,
                "security_context": {"namespace_options": self.namespaces, **(security or {})},
                "sysctls": sysctls or {}}, **config}
        self.id = cri.RunPodSandbox(config=self.config, runtime_handler=handler)["pod_sandbox_id"]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        cri.StopPodSandbox(pod_sandbox_id=self.id)
        cri.RemovePodSandbox(pod_sandbox_id=self.id)

    def status(self):
        return cri.PodSandboxStatus(pod_sandbox_id=self.id)["status"]

    def container(self, *command, security=None, resources=None, **config):
        """Made, and not yet started"""
        linux = {"security_context": {"namespace_options": self.namespaces, **(security or {})}}
        if resources:
            linux["resources"] = resources
        return Container(self, list(command), linux, **config)

    def run(self, *command, **config):
        """To its end; prints what it printed, and a status other than 0."""
        try:
            container = self.container(*command, **config)
            container.start()
        except grpc.RpcError as error:
            print(error.details())
            return
        status = container.wait()
        print(*container.log(), sep="\n")
        if status:
            print("status", status)
        container.remove()
