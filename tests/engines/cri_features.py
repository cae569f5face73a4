#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cri_features.py [NAME HANDLER]: what the kubelet does, with this runtime handler; without, the names."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

import grpc

import cri_stream
from cri_client import NODE, POD, STREAM, TARGET, Pod, cri, refused, wait_until

FOREVER = ("sleep", "10000")
TRAP = 'trap "echo asked; exit 9" TERM; echo ready; while :; do sleep 0.1; done'

POLICY = pathlib.Path("/etc/nacre/policy.json")
SERVER = "echo hello >/tmp/index.html; httpd -f -p 8080 -h /tmp"


# --- the life of pods and containers ---

def feature_pod(handler):
    pod = Pod(handler, labels={"app": "a"}, annotations={"note": "b"})
    status = pod.status()
    print("ready" if status.get("state", 0) == 0 else "not ready", status["network"]["ip"][:6],
          status["labels"], status["annotations"], status["runtime_handler"] == handler)
    cri.StopPodSandbox(pod_sandbox_id=pod.id)
    print("ready" if pod.status().get("state", 0) == 0 else "not ready")
    cri.StopPodSandbox(pod_sandbox_id=pod.id)  # the kubelet asks more than once
    cri.RemovePodSandbox(pod_sandbox_id=pod.id)
    cri.RemovePodSandbox(pod_sandbox_id=pod.id)
    print(pod.id in [item["id"] for item in cri.ListPodSandbox().get("items", [])])


def feature_container(handler):
    with Pod(handler) as pod:
        container = pod.container("sh", "-c", "echo out; echo err >&2; exit 3")
        print(container.state())
        container.start()
        print(container.wait(), container.state(), container.status().get("reason"))
        print(sorted(container.log()))
        container.remove()
        container.remove()
        refused(lambda: print(container.state()))


def feature_exit_codes(handler):
    with Pod(handler) as pod:
        for status in (0, 1, 126, 127, 137, 143):
            pod.run("sh", "-c", f"exit {status}")


def feature_missing_program(handler):
    with Pod(handler) as pod:
        for program in ("/missing", "missing", "/etc/passwd"):
            container = pod.container(program)
            try:
                container.start()
            except grpc.RpcError as error:
                print(error.details().split(": ")[-2])
            status = container.status()
            print(status["exit_code"], status["reason"])
            container.remove()


def feature_stop(handler):
    with Pod(handler) as pod:
        container = pod.container("sh", "-c", TRAP).start()
        container.wait_for("ready")
        container.stop(20)
        print(container.wait(), container.log())
        container = pod.container("sh", "-c", 'trap "" TERM; echo ready; while :; do sleep 0.1; done')
        container.start()
        container.wait_for("ready")
        container.stop(1)
        print(container.wait())


def feature_pod_stopped_with_containers(handler):
    with Pod(handler) as pod:
        container = pod.container(*FOREVER).start()
        cri.StopPodSandbox(pod_sandbox_id=pod.id)
        print(container.state(), container.status().get("exit_code"))


def feature_container_removed_while_it_runs(handler):
    with Pod(handler) as pod:
        pod.container(*FOREVER).start().remove()
        print(len(cri.ListContainers().get("containers", [])))


def feature_started_again(handler):
    with Pod(handler) as pod:
        for attempt in range(2):
            config = {"metadata": {"name": "main", "attempt": attempt}}
            pod.run("sh", "-c", "echo ran", **config)


def feature_twenty_at_once(handler):
    with Pod(handler) as pod:
        containers = [pod.container("sh", "-c", "echo ran; exit 2") for _ in range(20)]
        threads = [threading.Thread(target=c.start) for c in containers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print({(c.wait(), *c.log()) for c in containers})


# --- exec and streams ---

def feature_exec_sync(handler):
    with Pod(handler) as pod:
        container = pod.container(*FOREVER, envs=[{"key": "A", "value": "1"}]).start()
        print(container.exec("sh", "-c", "echo out $A; echo err >&2; exit 5"))
        print(len(container.exec("sh", "-c", "yes line | head -n 100000")[1]))
        refused(lambda: container.exec("/missing"))
        refused(lambda: container.exec("sleep", "100", timeout=1))
        print(container.exec("sh", "-c", "ps | grep -c '[s]leep 100$'"))


def feature_exec(handler):
    with Pod(handler) as pod:
        container = pod.container(*FOREVER).start()
        stream = container.stream("sh", "-c", "read x; echo got $x; echo err >&2; exit 6",
                                  stdin=True, stdout=True, stderr=True)
        stream.send(cri_stream.STDIN, b"word\n")
        received = stream.rest()
        print(received.get(cri_stream.STDOUT), received.get(cri_stream.STDERR),
              cri_stream.exit_code(received))


def feature_exec_on_a_terminal(handler):
    with Pod(handler) as pod:
        container = pod.container(*FOREVER).start()
        stream = container.stream("sh", "-c", "tty; exit 7", tty=True, stdin=True, stdout=True)
        received = stream.rest()
        print(received.get(cri_stream.STDOUT), cri_stream.exit_code(received))


def feature_attach(handler):
    with Pod(handler) as pod:
        container = pod.container("sh", "-c", "read x; echo got $x", stdin=True).start()
        url = cri.Attach(container_id=container.id, stdin=True, stdout=True, stderr=True)["url"]
        stream = cri_stream.Stream(url, STREAM)
        stream.send(cri_stream.STDIN, b"word\n")
        print(stream.rest().get(cri_stream.STDOUT), container.wait(), container.log())


def feature_terminal(handler):
    with Pod(handler) as pod:
        pod.run("sh", "-c", "tty; exit 4", tty=True)


def listens(server):
    """Or has ended."""
    found = []

    def seen():
        if server.state() == "EXITED":
            return True
        try:
            found.append(":1F90 " in server.exec("cat", "/proc/net/tcp", "/proc/net/tcp6")[1])
        except grpc.RpcError:  # it ends just now
            return False
        return found[-1]

    wait_until(seen)
    return found and found[-1]


def feature_port_forward(handler):
    with Pod(handler) as pod:
        server = pod.container("sh", "-c", SERVER).start()
        if not listens(server):
            print(*server.log(), sep="\n")
            return
        url = cri.PortForward(pod_sandbox_id=pod.id, port=[8080])["url"]
        stream = cri_stream.Stream(url, STREAM)
        stream.send(0, b"GET / HTTP/1.0\r\n\r\n")
        print(stream.rest().get(0, b"").split(b"\n")[-2:])


def feature_log_reopened(handler):
    with Pod(handler) as pod:
        container = pod.container("sh", "-c", "echo first; read x; echo second", stdin=True).start()
        container.wait_for("first")
        container.log_path.rename(container.log_path.with_suffix(".1"))
        cri.ReopenContainerLog(container_id=container.id)
        url = cri.Attach(container_id=container.id, stdin=True, stdout=True, stderr=True)["url"]
        stream = cri_stream.Stream(url, STREAM)  # one that closes takes back what it has not sent on
        stream.send(cri_stream.STDIN, b"\n")
        container.wait()
        print(container.log())


def feature_stats(handler):
    with Pod(handler) as pod:
        container = pod.container(*FOREVER).start()
        stats = cri.ContainerStats(container_id=container.id)["stats"]
        print(stats["attributes"]["id"] == container.id, sorted(stats))


# --- namespaces ---

def feature_namespaces_of_the_pod(handler):
    with Pod(handler) as pod:
        first, second = pod.container(*FOREVER).start(), pod.container(*FOREVER).start()
        for name in ("net", "ipc", "uts", "pid", "mnt"):
            links = {c.exec("readlink", f"/proc/self/ns/{name}")[1] for c in (first, second)}
            print(name, "shared" if len(links) == 1 else "own")
        print(first.exec("hostname")[1])


def feature_pid_namespace_of_the_pod(handler):
    with Pod(handler, namespaces={"pid": POD}) as pod:
        pod.container("sleep", "12345").start()
        pod.run("sh", "-c", "ps | grep -c '[1]2345'")


def feature_pid_namespace_of_a_container(handler):
    with Pod(handler) as pod:
        target = pod.container("sleep", "12345").start()
        pod.run("sh", "-c", "ps | grep -c '[1]2345'", security={
            "namespace_options": {"pid": TARGET, "target_id": target.id}})


def feature_two_containers_talk(handler):
    with Pod(handler) as pod:
        server = pod.container("sh", "-c", SERVER).start()
        if not listens(server):
            print(*server.log(), sep="\n")
        pod.run("wget", "-qO-", "http://127.0.0.1:8080/")


def feature_host_network(handler):
    with Pod(handler, namespaces={"network": NODE}, hostname="") as pod:
        pod.run("hostname")


def feature_host_pid(handler):
    with Pod(handler, namespaces={"pid": NODE}) as pod:
        pod.run("sh", "-c", "ps | grep -c '[c]ontainerd$'")


def feature_host_ipc(handler):
    with Pod(handler, namespaces={"ipc": NODE}) as pod:
        container = pod.container(*FOREVER).start()
        print(container.exec("readlink", "/proc/self/ns/ipc")[1] == os.readlink("/proc/self/ns/ipc") + "\n")


def feature_sysctls(handler):
    with Pod(handler, sysctls={"net.ipv4.ip_forward": "1", "kernel.msgmax": "9000"}) as pod:
        pod.run("cat", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/msgmax")


# --- files and devices ---

def feature_environment(handler):
    with Pod(handler) as pod:
        pod.run("sh", "-c", "pwd; env | grep -v HOSTNAME | sort", working_dir="/etc",
                envs=[{"key": "A", "value": "1"}])


def volume(**mount):
    os.makedirs("/run/volume", exist_ok=True)
    with open("/run/volume/file", "w", encoding="ascii") as file:
        file.write("data\n")
    return [{"container_path": "/v", "host_path": "/run/volume", **mount}]


def feature_volume_read_only(handler):
    with Pod(handler) as pod:
        pod.run("sh", "-c", "cat /v/file; touch /v/new 2>&1", mounts=volume(readonly=True))


def feature_volume(handler):
    with Pod(handler) as pod:
        for propagation in (0, 1):
            pod.run("sh", "-c", "touch /v/new 2>&1 && ls /v", mounts=volume(propagation=propagation))


def feature_mounts_of_both_sides(handler):
    """What is mounted on one side of a volume later, and whether the other side sees it."""
    for name, propagation in (("private", 0), ("host to container", 1), ("bidirectional", 2)):
        mounts = volume(propagation=propagation)
        subprocess.run("cd /run && mkdir -p volume/here volume/there && mount --bind volume volume && "
                       "mount --make-private volume && mount --make-shared volume", shell=True, check=True)
        with Pod(handler) as pod:
            container = pod.container(*FOREVER, mounts=mounts, security={
                "capabilities": {"add_capabilities": ["SYS_ADMIN"]}}).start()
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run/volume/here"], check=True)
            seen = container.exec("grep", "-c", " /v/here ", "/proc/self/mounts")[1]
            print(name, seen.strip(), container.exec("mount", "-t", "tmpfs", "tmpfs", "/v/there")[2].strip(),
                  pathlib.Path("/proc/self/mounts").read_text().count(" /run/volume/there "))
        subprocess.run(["umount", "--recursive", "/run/volume"], check=True)


def review():
    """What a person sees and does of what the container changed."""
    workspace = ["/usr/local/bin/nacre", "workspace"]
    listed = subprocess.run([*workspace, "list"], stdout=subprocess.PIPE, check=True).stdout
    name = listed.split()[0].decode()
    print(pathlib.Path("/run/volume/file").read_text(), sorted(os.listdir("/run/volume")))
    for verb in ("diff", "apply", "discard"):
        result = subprocess.run([*workspace, verb, name], stdout=subprocess.PIPE, check=False)
        lines = result.stdout.decode().splitlines()
        print(verb, result.returncode, *[line for line in lines if line[:1] not in "#d"], sep="\n")
    print(pathlib.Path("/run/volume/file").read_text(), sorted(os.listdir("/run/volume")))


def feature_volume_by_an_annotation(handler):
    shutil.rmtree("/run/volume", ignore_errors=True)
    with Pod(handler) as pod:
        pod.run("sh", "-c", "echo more >>/v/file; echo new >/v/new", mounts=volume(),
                annotations={"run.nacre.workspace": "/v"})
    review()


def feature_engine_socket(handler):
    with Pod(handler) as pod:
        pod.run("ls", "/s", mounts=[{
            "container_path": "/s", "host_path": "/run/containerd/containerd.sock"}])


def feature_device(handler):
    with Pod(handler) as pod:
        pod.run("sh", "-c", "[ -c /dev/tun ] && : <>/dev/tun && echo opened", devices=[{
            "container_path": "/dev/tun", "host_path": "/dev/net/tun", "permissions": "rw"}])


def feature_root_is_writable(handler):
    with Pod(handler) as pod:
        pod.run("sh", "-c", "touch /root/file 2>&1 && echo written")


# --- the security context ---

def feature_read_only_root(handler):
    with Pod(handler) as pod:
        pod.run("sh", "-c", "touch /root/file 2>&1", security={"readonly_rootfs": True})


def feature_user(handler):
    with Pod(handler) as pod:
        pod.run("id", security={
            "run_as_user": {"value": 1000}, "run_as_group": {"value": 2000},
            "supplemental_groups": [5, 6]})
        pod.run("id", security={"run_as_username": "user"})


def feature_no_capabilities(handler):
    with Pod(handler) as pod:
        pod.run("grep", "Cap[PE]", "/proc/self/status", security={
            "capabilities": {"drop_capabilities": ["ALL"]}})


def feature_capabilities(handler):
    with Pod(handler) as pod:
        pod.run("grep", "CapEff", "/proc/self/status")


def feature_added_capability(handler):
    with Pod(handler) as pod:
        pod.run("grep", "CapEff", "/proc/self/status", security={"capabilities": {
            "drop_capabilities": ["ALL"], "add_capabilities": ["NET_ADMIN"]}})


def feature_no_new_privileges(handler):
    with Pod(handler) as pod:
        pod.run("grep", "NoNewPrivs", "/proc/self/status", security={"no_new_privs": True})


def feature_new_privileges(handler):
    with Pod(handler) as pod:
        pod.run("grep", "NoNewPrivs", "/proc/self/status")


def feature_seccomp_default(handler):
    with Pod(handler) as pod:
        pod.run("sh", "-c", "grep Seccomp: /proc/self/status; unshare -U true 2>&1", security={
            "seccomp": {"profile_type": 0}})


def feature_seccomp_unconfined(handler):
    with Pod(handler) as pod:
        pod.run("grep", "Seccomp:", "/proc/self/status", security={"seccomp": {"profile_type": 1}})


def feature_seccomp_profile(handler):
    with open("/run/seccomp.json", "w", encoding="ascii") as file:
        json.dump({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{
            "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}, file)
    with Pod(handler) as pod:
        pod.run("sh", "-c", "mkdir /tmp/x 2>&1", security={"seccomp": {
            "profile_type": 2, "localhost_ref": "/run/seccomp.json"}})


def feature_masked_paths(handler):
    with Pod(handler) as pod:
        pod.run("sh", "-c", "cat /etc/passwd | wc -c; echo x 2>&1 >/etc/group", security={
            "masked_paths": ["/etc/passwd"], "readonly_paths": ["/etc/group"]})


def feature_oom_score(handler):
    with Pod(handler) as pod:
        pod.run("cat", "/proc/self/oom_score_adj", resources={"oom_score_adj": 500})


def feature_privileged(handler):
    """Where root itself lacks a capability, runc refuses and nacre leaves it out."""
    try:
        with Pod(handler, security={"privileged": True}) as pod:
            container = pod.container("sh", "-c", "mount -t tmpfs tmpfs /tmp 2>&1",
                                      security={"privileged": True}).start()
            container.wait()
            print(*container.log(), sep="\n", end="")
    except grpc.RpcError as error:
        if "unable to apply caps" not in error.details():
            print(error.details())


# --- what a tenant can say of nacre, and what an administrator configures ---

def feature_annotations(handler):
    with Pod(handler, annotations={"run.nacre.profile": "strict"}) as pod:
        pod.run("grep", "CapEff", "/proc/self/status")
    with Pod(handler) as pod:
        pod.run("sh", "-c", "touch /root/file 2>&1 && echo written",
                annotations={"run.nacre.allow": "rootfs-write"})
        pod.run("true", annotations={"run.nacre.allow": "host-pid"})
        pod.run("true", annotations={"run.nacre.what": "x"})


def feature_runtime_classes(_):
    for handler in ("nacre", "nacre-strict", "nacre-nested", "nacre-oci"):
        with Pod(handler) as pod:
            pod.run("grep", "CapEff", "/proc/self/status")


# --- rules of egress, in the world of egress.sh ---

RULES = os.environ["ways_rules"].split()
# Under oci rules are refused beside this capability, which is among the defaults.
WITHOUT_RAW = {"capabilities": {"drop_capabilities": ["NET_RAW"]}}


@contextlib.contextmanager
def policy_of_egress(agent=RULES, strict=RULES):
    """The node's, by the profile of the handler; of oci, where the pod's own container has the capability, none."""
    before = POLICY.read_text(encoding="ascii")
    rules = {"default": {"agent": agent, "strict": strict}}
    POLICY.write_text(json.dumps({**json.loads(before), "egress": rules}), encoding="ascii")
    try:
        yield
    finally:
        POLICY.write_text(before, encoding="ascii")


def run_ways(pod, mode, rules=None):
    annotations = {"run.nacre.egress": " ".join(rules)} if rules else {}
    pod.run("sh", "-c", f"/ways {mode} 2>&1 | sed -E 's/^[4-9][0-9] reached/many reached/'",
            security=WITHOUT_RAW, annotations=annotations)


def feature_ways_without_rules(handler):
    with Pod(handler) as pod:
        run_ways(pod, "metadata" if handler == "nacre" else "open")


def feature_ways_by_an_annotation(handler):
    with Pod(handler) as pod:
        run_ways(pod, "rules" if handler == "nacre-oci" else "whole", RULES)


def feature_ways_by_the_runtime_class(handler):
    with policy_of_egress(), Pod(handler) as pod:
        run_ways(pod, "whole")


def feature_pod_of_different_rules(handler):
    with policy_of_egress(), Pod(handler) as pod:
        first, second = [pod.container(*FOREVER, security=WITHOUT_RAW, annotations={
            "run.nacre.egress": rule}).start() for rule in ("10.1.2.3:443", "10.1.2.0/24:8000")]
        for container in (first, second):
            print(container.exec("/ways", "tcp", "10.1.2.3", "443", "8000")[1], end="")


NAMES = ("/names", "api.default.svc.cluster.test", "other.default.svc.cluster.test")
NAME_RULES = [NAMES[1] + ":80,443", "private"]


def run_names(pod, rules, *short):
    pod.run(*NAMES, *short, security=WITHOUT_RAW, annotations={"run.nacre.egress": " ".join(rules)})


def feature_names_of_cluster_dns(handler):
    """As the kubelet has it with dnsPolicy ClusterFirst."""
    searches = ["default.svc.cluster.test", "svc.cluster.test", "cluster.test"]
    dns = {"servers": ["10.96.0.10"], "searches": searches, "options": ["ndots:5"]}
    with policy_of_egress(NAME_RULES, NAME_RULES), Pod(handler, dns_config=dns) as pod:
        run_names(pod, NAME_RULES, "api", "api.default")


def feature_names_of_the_node(handler):
    """With dnsPolicy Default: containerd copies the node's resolv.conf."""
    with policy_of_egress(NAME_RULES, NAME_RULES), Pod(handler) as pod:
        run_names(pod, NAME_RULES)


def feature_pod_of_different_names(handler):
    """Each container has its own resolver and relay in the one network, and both names the same address there."""
    names = NAMES[1:]
    given = [[name + ":80", "private"] for name in names]
    dns = {"servers": ["10.96.0.10"]}
    with policy_of_egress(sum(given, []), sum(given, [])), Pod(handler, dns_config=dns) as pod:
        containers = [pod.container(*FOREVER, security=WITHOUT_RAW, annotations={
            "run.nacre.egress": " ".join(rules)}).start() for rules in given]
        for container in containers:
            for name in names:
                print("".join(container.exec("wget", "-qO-", f"http://{name}/")[1:]), end="")


def feature_rules_of_the_runtime_class(handler):
    """Each handler has its own, of the same pod."""
    agent, strict = (["10.1.2.3:443", NAMES[1] + ":80", "private"], ["10.1.2.3:8000", NAMES[2] + ":80", "private"])
    with policy_of_egress(agent, strict), Pod(handler) as pod:
        pod.run("/ways", "tcp", "10.1.2.3", "443", "8000")
        for name in NAMES[1:]:
            pod.run("wget", "-qO-", f"http://{name}/")


# --- the engine itself ---

def restart_engine():
    with open("/run/containerd.pid", encoding="ascii") as file:
        pid = int(file.read())
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}/exe"))
    with open("/run/containerd.log", "a", encoding="ascii") as log:
        engine = subprocess.Popen(["containerd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    with open("/run/containerd.pid", "w", encoding="ascii") as file:
        file.write(str(engine.pid))
    wait_until(lambda: subprocess.run(["ctr", "version"], capture_output=True).returncode == 0)
    end = time.monotonic() + 20
    while True:
        try:
            return cri.Version()
        except grpc.RpcError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def feature_engine_killed(handler):
    with Pod(handler) as pod:
        container = pod.container("sh", "-c", TRAP).start()
        container.wait_for("ready")
        restart_engine()
        print(container.state(), container.exec("echo", "lives"))
        container.stop(20)
        print(container.wait(), container.log())


FEATURES = {name[8:]: value for name, value in globals().items() if name.startswith("feature_")}
if len(sys.argv) < 3:
    print(*FEATURES, sep="\n")
    sys.exit()
try:
    FEATURES[sys.argv[1]](sys.argv[2])
except grpc.RpcError as failure:
    print("Error:", failure.details())  # under runc: the feature cannot be tried
